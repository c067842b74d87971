//! Function of the digest: tells people, for each account, what the sweeps of all families found.

use super::log;
use super::publish::Outbox;
use super::runtime::{Failure, Invocation, Serve, log_group, start};
use crate::aws::Aws;
use crate::aws::ledger::TableLedger;
use crate::event::{Event, Origin};
use crate::families::known;
use crate::handle::HandleError;
use crate::model::CallError;
use crate::report::Report;
use crate::report::digest::{digest, is_due};
use crate::report::mail::MailContext;
use crate::report::message::messages;
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
        let aws = Aws::load().await;
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
        for (account, last_result) in ledger.swept().await.map_err(HandleError::Call)? {
            if Instant::now() >= invocation.until {
                problem.get_or_insert_with(|| CallError::OUT_OF_TIME.to_owned());
                break;
            }
            // What fails for one account holds no other back.
            match self.account(ledger, &outbox, &event.origin, (&account, last_result), invocation).boxed_local().await
            {
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
        (account, last_result): (&str, chrono::DateTime<Utc>),
        invocation: &Invocation,
    ) -> Result<Report, String> {
        let now = Utc::now();
        let told = ledger.told(account).await.map_err(|error| error.to_string())?;
        let mut report = Report {
            mode: self.settings.modes.default,
            event: origin.clone(),
            account: Some(account.to_owned()),
            ..Report::default()
        };
        if !is_due(last_result, told.as_ref(), now) {
            return Ok(report);
        }
        let standing = ledger.standing(account).await.map_err(|error| error.to_string())?;
        let digest = digest(account, standing, told.as_ref(), now);
        report.results = digest.results;
        log::results(Self::NAME, &report, &invocation.request_id);
        let (log_group, request_id) = (log_group(), Some(&*invocation.request_id));
        let context = MailContext { control: known, log_group: log_group.as_deref(), request_id };
        outbox.publish(messages(&report, &context), invocation.by).await.map_err(|failure| failure.to_string())?;
        // Whoever is told twice is told; whoever is not, because this failed first, is not.
        ledger.tell(account, &digest.told).await.map_err(|error| error.to_string())?;
        Ok(report)
    }
}
