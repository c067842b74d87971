//! The function that reads access logs: one file for each event.

use super::answer::AccessAnswer;
use super::aws::{Files, Notes, Turn};
use super::messages::messages;
use super::notice::{File, Notice};
use super::reading::Reading;
use super::told::AccessReport;
use crate::aws::Aws;
use crate::desk::{Desk, Desks};
use crate::error::CallError;
use crate::handle::{Account, HandleError};
use crate::place::Place;
use crate::publish::publish;
use crate::runtime::{Failure, Invocation, Serve, start};
use crate::settings::Settings;
use futures_util::FutureExt;
use metrics_cloudwatch_embedded::{Builder, Collector};
use std::process::ExitCode;
use std::rc::Rc;
use tokio::time::timeout_at;
use tracing::info;

/// Runs the function until Lambda ends it.
#[must_use]
pub fn run() -> ExitCode {
    start(async |settings: Rc<Settings>| {
        let desks = Desks::new(Reader::NAME, |aws, _| Files::new(aws), Aws::load().await, Rc::clone(&settings));
        let notes = settings.access.state.as_ref().map(|it| Notes::new(&desks.home.aws, &settings.home, it));
        let builder = Builder::new().cloudwatch_namespace("Trailkeeper").with_dimension("Family", Reader::NAME);
        Reader { desks, notes, settings, numbers: builder.init().ok() }
    })
}

struct Reader {
    desks: Desks<Files>,
    notes: Option<Notes>,
    settings: Rc<Settings>,
    numbers: Option<&'static Collector>,
}

impl Serve for Reader {
    const NAME: &'static str = "access";
    type Answer = AccessAnswer;

    /// Who we are is asked.
    async fn prepare(&self) {
        let _ = self.desks.home.aws.identity().await;
    }

    async fn work(&self, invocation: &Invocation) -> Result<AccessAnswer, Failure> {
        let Notice { account, origin, file } = Notice::decode(&invocation.payload).map_err(HandleError::Event)?;
        let mut answer =
            AccessAnswer { event: origin, account: None, ignored: None, file: None, report: AccessReport::default() };
        answer.ignored = match file {
            Err(other) => Some(format!("not an event that Trailkeeper knows: {other}")),
            Ok(file) => {
                let all = self.file(invocation, &account, file, &mut answer);
                match timeout_at(invocation.until, all.boxed_local()).await {
                    Ok(ignored) => ignored?,
                    Err(_) => return Err(Failure::again(CallError::OUT_OF_TIME.to_owned())),
                }
            }
        };
        self.tell_log(invocation, &answer);
        Ok(answer)
    }
}

impl Reader {
    /// Reads a file and tells of it, or says why not.
    async fn file(
        &self,
        invocation: &Invocation,
        account: &str,
        file: File,
        answer: &mut AccessAnswer,
    ) -> Result<Option<String>, Failure> {
        let desk = self.desks.of(account, account).await?;
        let us = desk.aws.identity().await?;
        if us.account != account {
            return Ok(Some(format!("an event of account {}, not of ours", crate::event::legible(account))));
        }
        answer.account = Some(account.to_owned());
        let place = Place { partition: us.partition, account: us.account, region: file.region.clone() };
        if !self.settings.access.reads(&file.bucket, &place) {
            return Ok(Some(format!("{} is no bucket whose access logs are read", file.bucket)));
        }
        let mut seen = None;
        if let Some(notes) = &self.notes {
            match notes.turn(&file).await? {
                Turn::Ours(etag) => seen = etag,
                Turn::Told => return Ok(Some(told(&file))),
                Turn::Theirs => return Err(busy(&file)),
            }
        }
        if !self.read(&desk, account, &file, answer).await? {
            return Ok(Some(format!("s3://{}/{} is gone", file.bucket, file.key)));
        }
        answer.file = Some(file.clone());
        let messages = messages(answer);
        if let Some(notes) = self.notes.as_ref().filter(|_| !messages.is_empty()) {
            match notes.take(&file, seen).await? {
                Turn::Ours(_) => {}
                Turn::Told => return Ok(Some(told(&file))),
                Turn::Theirs => return Err(busy(&file)),
            }
        }
        let tells = !messages.is_empty();
        let topic = self.settings.topic.as_deref();
        publish(Self::NAME, &self.desks.home.aws, topic, messages, invocation.by).await?;
        if let Some(notes) = self.notes.as_ref().filter(|_| tells) {
            notes.told(&file, answer).await?;
        }
        Ok(None)
    }

    async fn read(
        &self,
        desk: &Desk<Files>,
        account: &str,
        file: &File,
        answer: &mut AccessAnswer,
    ) -> Result<bool, CallError> {
        let watching = self.settings.access.watching(account);
        let mut reading = Reading::new(&watching);
        reading.file(&file.key);
        let there = desk.io.read(file, account, |chunk| reading.feed(chunk)).await?;
        answer.report = reading.report();
        Ok(there)
    }

    /// One line for the file, and the numbers.
    fn tell_log(&self, invocation: &Invocation, answer: &AccessAnswer) {
        let took = invocation.start.elapsed();
        let AccessAnswer { event, account, ignored, file, report } = answer;
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let findings = report.findings().count() as u64;
        info!(
            family = Self::NAME,
            request_id = invocation.request_id,
            event_id = event.id,
            account,
            bucket = file.as_ref().map(|it| it.bucket.as_str()),
            key = file.as_ref().map(|it| crate::event::legible(&it.key)),
            ignored,
            lines = report.lines,
            malformed = report.malformed,
            findings,
            duration_ms,
            "{} {}",
            event.name,
            ignored.as_ref().map_or_else(|| "handled".to_owned(), |why| format!("ignored: {why}"))
        );
        let Some(numbers) = self.numbers else { return };
        metrics::counter!("Lines").increment(report.lines);
        metrics::counter!("Malformed").increment(report.malformed);
        for (_, finding) in report.findings() {
            metrics::counter!(finding.kind.metric()).increment(finding.times.count);
        }
        metrics::histogram!("Duration").record(took.as_secs_f64() * 1000.0);
        if let Err(error) = numbers.flush(std::io::stdout()) {
            tracing::error!(%error, "the metrics could not be written");
        }
    }
}

fn told(file: &File) -> String {
    format!("s3://{}/{} was told of already", file.bucket, file.key)
}

fn busy(file: &File) -> Failure {
    Failure::again(format!("another invocation is telling of s3://{}/{}", file.bucket, file.key))
}
