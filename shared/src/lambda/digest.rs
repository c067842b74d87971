//! Function of the digest: tells people, for each account, what the sweeps of all families found.

use super::log;
use super::publish::Outbox;
use super::runtime::{Failure, Invocation, Serve, log_group, start};
use crate::aws::Aws;
use crate::aws::ledger::{StandingResults, TableLedger};
use crate::event::{Event, Origin};
use crate::families::{families, known as known_control};
use crate::handle::HandleError;
use crate::model::{CallError, Severity};
use crate::report::digest::{Attempts, Due, Swept, digest, due};
use crate::report::mail::MailContext;
use crate::report::message::messages;
use crate::report::{ControlResult, Report, Status};
use crate::settings::Settings;
use chrono::Utc;
use futures_util::FutureExt;
use std::process::ExitCode;
use std::rc::Rc;
use tokio::time::Instant;

/// Runs the function until Lambda shuts it down.
#[must_use]
pub fn run_digest() -> ExitCode {
    start(async |settings: Rc<Settings>| {
        let aws = Aws::load(settings.share).await;
        let ledger = settings.ledger.as_deref().map(|table| TableLedger::new(&aws, table));
        DigestFunction { aws, ledger, settings }
    })
}

struct DigestFunction {
    aws: Aws,
    ledger: Option<TableLedger>,
    settings: Rc<Settings>,
}

impl Serve for DigestFunction {
    const NAME: &'static str = "digest";
    type Answer = Report;

    /// Has nothing to prepare.
    async fn prepare(&self) {}

    async fn work(&self, invocation: &Invocation) -> Result<Report, Failure> {
        let Some(ledger) = &self.ledger else {
            return Err(Failure::again("TRAILKEEPER_LEDGER is not set, so nothing is kept".to_owned()));
        };
        let event = Event::decode(&invocation.payload).map_err(HandleError::Event)?;
        let outbox = Outbox::new(Self::NAME, &self.aws, &self.settings);
        let mut all = Report::of(&event, &self.settings);
        let mut problem = None;
        for (account, swept) in ledger.swept().await.map_err(HandleError::Call)? {
            if Instant::now() >= invocation.until {
                problem.get_or_insert_with(|| CallError::OUT_OF_TIME.to_owned());
                break;
            }
            // What fails for one account holds no other back.
            match self.account(ledger, &outbox, &event.origin, (&account, &swept), invocation).boxed_local().await {
                Ok(report) => all.results.extend(report.results),
                Err(why) => {
                    problem.get_or_insert(format!("account {account}: {why}"));
                }
            }
        }
        log::ending(Self::NAME, &all, &invocation.request_id, invocation.start.elapsed());
        outbox.send_late(true, invocation.by).boxed_local().await;
        problem.map_or(Ok(all), |why| Err(Failure::again(why)))
    }
}

impl DigestFunction {
    /// Tells people of one account, if it is time, and records that.
    async fn account(
        &self,
        ledger: &TableLedger,
        outbox: &Outbox<'_>,
        origin: &Origin,
        (account, swept): (&str, &Swept),
        invocation: &Invocation,
    ) -> Result<Report, String> {
        let now = Utc::now();
        let told = |error: CallError| error.to_string();
        let (known, attempts) = ledger.told(account).await.map_err(told)?;
        let mut report = Report {
            mode: self.settings.modes.default,
            event: origin.clone(),
            account: Some(account.to_owned()),
            ..Report::default()
        };
        let families: Vec<&str> = families().iter().map(|family| family.name).collect();
        match due(swept, &families, (known.as_ref(), &attempts), now) {
            Due::No => return Ok(report),
            Due::Waiting => {
                let waiting = Attempts { waiting: Some(now), ..attempts.clone() };
                if attempts.waiting.is_none() {
                    ledger.attempt(account, &attempts, waiting).await.map_err(told)?;
                }
                return Ok(report);
            }
            Due::Now => {}
        }
        let StandingResults { results, unreadable } = ledger.standing(account).await.map_err(told)?;
        let unreadable = unreadable.map(|(count, error)| self.unreadable(account, count, &error));
        let digest = digest(account, results.into_iter().chain(unreadable).collect(), known.as_ref(), now);
        report.results = digest.results;
        // Whoever is told twice is told; but not every 15 minutes, if that cannot be recorded.
        let Some(begun) = ledger.attempt(account, &attempts, attempts.begin(now)).await.map_err(told)? else {
            return Ok(Report { results: Vec::new(), ..report });
        };
        log::results(Self::NAME, &report, &invocation.request_id);
        let (log_group, request_id) = (log_group(), Some(&*invocation.request_id));
        let context = MailContext { control: known_control, log_group: log_group.as_deref(), request_id };
        if let Err(failure) = outbox.publish(messages(&report, &context), invocation.by).await {
            // Nobody was told, so nothing is to be waited for.
            let again = ledger.attempt(account, &begun, attempts).await.err().map(|error| format!("; {error}"));
            return Err(format!("{failure}{}", again.unwrap_or_default()));
        }
        ledger.tell(account, &digest.told, &begun).await.map_err(told)?;
        Ok(report)
    }

    /// Returns what people are told of parts of the ledger that cannot be read.
    fn unreadable(&self, account: &str, count: usize, error: &CallError) -> ControlResult {
        let table = self.settings.ledger.as_deref().unwrap_or_default();
        let region = self.settings.home.as_str();
        let arn = format!("arn:aws:dynamodb:{region}:{account}:table/{table}");
        let because = format!(
            "{count} parts of what the sweeps of account {account} found cannot be read in the ledger, and are missing here \
             until the next sweep: {error}"
        );
        ControlResult::new((Self::NAME, Severity::Medium), &arn, region, Status::Unknown, &because)
    }
}
