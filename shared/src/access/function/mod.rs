//! Lambda function that reads S3 server access logs, one log file per event.

mod files;
mod notes;

use files::Ending;
pub use files::{Files, Opened};

use super::judge::kind::FindingKind;
use super::notice::{Announced, File, Notice};
use super::reading::Reading;
use super::report::AccessReport;
use super::report::answer::AccessAnswer;
use super::report::messages::messages;
use crate::aws::Aws;
use crate::handle::HandleError;
use crate::lambda::accounts::Accounts;
use crate::lambda::publish::Outbox;
use crate::lambda::runtime::{Failure, Invocation, Serve, start};
use crate::model::{CallError, Place, sanitized};
use crate::reconcile::ports::Account;
use crate::settings::Settings;
use crate::settings::watching::Watching;
use futures_util::FutureExt;
use metrics::Unit;
use metrics_cloudwatch_embedded::{Builder, Collector};
use notes::{LEASE_HELD, Notes, Turn, today};
use std::process::ExitCode;
use std::rc::Rc;
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

/// Runs the function until Lambda shuts it down.
#[must_use]
pub fn run() -> ExitCode {
    start(async |settings: Rc<Settings>| {
        let accounts = Accounts::new(
            AccessFunction::NAME,
            |aws, _| Files::new(aws),
            Aws::load(settings.share).await,
            Rc::clone(&settings),
        );
        let notes = settings.access.state.as_ref().map(|it| Notes::new(&accounts.home.aws, &settings.home, it));
        AccessFunction { accounts, notes, settings, numbers: count() }
    })
}

struct AccessFunction {
    accounts: Accounts<Files>,
    notes: Option<Notes>,
    settings: Rc<Settings>,
    numbers: Option<&'static Collector>,
}

impl Serve for AccessFunction {
    const NAME: &'static str = "access";
    type Answer = AccessAnswer;

    /// Looks up the function's own identity ahead of the first event.
    async fn prepare(&self) {
        let _ = self.accounts.home.aws.identity().await;
    }

    async fn work(&self, invocation: &Invocation) -> Result<AccessAnswer, Failure> {
        let Notice { account, origin, announced } = Notice::decode(&invocation.payload).map_err(HandleError::Event)?;
        let mut answer =
            AccessAnswer { event: origin, account: None, ignored: None, file: None, report: AccessReport::default() };
        answer.ignored = match announced {
            Err(other) => Some(format!("not an event that Trailkeeper handles: {other}").into()),
            Ok(announced) => self.file(invocation, &account, &announced, &mut answer).await?.map(Into::into),
        };
        self.write_log(invocation, &answer);
        Ok(answer)
    }
}

/// Outcome of reading a file.
enum FileOutcome {
    /// The file was read. The value is the `ETag` of the existing note about it, which is to be replaced.
    Read(Option<String>),
    /// The file was not read, for this reason.
    Ignored(String),
}

impl AccessFunction {
    /// Reads a file and reports it. Returns the reason if there is nothing to report.
    async fn file(
        &self,
        invocation: &Invocation,
        account: &str,
        announced: &Announced,
        answer: &mut AccessAnswer,
    ) -> Result<Option<String>, Failure> {
        let (day, log) = (today(), announced.noted());
        // Boxed because the futures of the calls are large and deeply nested.
        match timeout_at(invocation.until, self.read(account, announced, day, answer).boxed_local()).await {
            Ok(outcome) => match outcome? {
                FileOutcome::Read(seen) => {
                    let by_writer = || announced.noted_by_writer(day);
                    let noted = answer.report.other_writer.as_ref().map_or(log, |_| by_writer());
                    let ignored = self.report(invocation, &noted, seen, answer).boxed_local().await?;
                    if ignored.is_some() {
                        (answer.file, answer.report) = (None, AccessReport::default());
                    }
                    Ok(ignored)
                }
                FileOutcome::Ignored(why) => Ok(Some(why)),
            },
            Err(_) => Err(Failure::again(CallError::OUT_OF_TIME.to_owned())),
        }
    }

    async fn read(
        &self,
        account: &str,
        announced: &Announced,
        day: u64,
        answer: &mut AccessAnswer,
    ) -> Result<FileOutcome, Failure> {
        let Announced { file, put } = announced;
        let clients = self.accounts.of(account, account).await?;
        let us = clients.aws.identity().await?;
        if us.account != account {
            return Ok(FileOutcome::Ignored(format!(
                "an event from account {}, not from this one",
                sanitized(account)
            )));
        }
        answer.account = Some(account.to_owned());
        let place = Place { partition: us.partition, account: us.account, region: file.region.clone() };
        if !self.settings.access.reads(&file.bucket, &place) {
            return Ok(FileOutcome::Ignored(format!("{} is not a bucket whose access logs are read", file.bucket)));
        }
        if !file.is_access_log() {
            return Ok(FileOutcome::Ignored(format!("{} is not named like an S3 access log", name(file))));
        }
        let by_other = !put.is_by_log_service() && !self.settings.access.may_write(put.writer());
        let claim = if by_other { announced.noted_by_writer(day) } else { announced.noted() };
        let seen = match &self.notes {
            Some(notes) => match notes.turn(&claim).await? {
                Turn::Mine(seen) => seen,
                Turn::Reported => return Ok(FileOutcome::Ignored(already_reported(&claim))),
                Turn::Taken => return Err(busy(&claim)),
            },
            None => None,
        };
        answer.file = Some(file.clone());
        if by_other {
            answer.report = AccessReport { other_writer: Some(put.clone()), ..AccessReport::default() };
            return Ok(FileOutcome::Read(seen));
        }
        let watching =
            Watching { owner: self.owner(&clients.io, file).await?, ..self.settings.access.watching(account) };
        let mut reading = Reading::new(&watching);
        reading.file(&file.key);
        let ending = clients.io.read(announced, account, |chunk| reading.feed(chunk)).await?;
        answer.report = reading.report();
        match ending {
            Ending::Whole => {}
            Ending::Gone => answer.report.gone = true,
            Ending::Overwritten => answer.report.overwritten = Some(put.clone()),
            Ending::Unreadable(why) => answer.report.unreadable = Some(why),
        }
        Ok(FileOutcome::Read(seen))
    }

    /// Returns the canonical user id of the account. If it may not be read, no request is taken for another account's.
    async fn owner(&self, files: &Files, file: &File) -> Result<Option<String>, Failure> {
        match files.owner(&file.region).await {
            Err(error) if error.retryable() => Err(error.into()),
            Err(error) => {
                warn!(family = Self::NAME, "requests to buckets of other accounts cannot be told apart: {error}");
                Ok(None)
            }
            Ok(owner) => Ok(owner),
        }
    }

    /// Reports a file once. Returns the reason if another invocation has reported it already.
    async fn report(
        &self,
        invocation: &Invocation,
        file: &File,
        seen: Option<String>,
        answer: &AccessAnswer,
    ) -> Result<Option<String>, Failure> {
        let messages = messages(answer);
        let (outbox, by) = (Outbox::new(Self::NAME, &self.accounts.home.aws, &self.settings), &invocation.request_id);
        let Some(notes) = self.notes.as_ref().filter(|_| !messages.is_empty()) else {
            outbox.publish(messages, invocation.by).await?;
            outbox.send_late(false, invocation.by).await;
            return Ok(None);
        };
        // We must be done before another invocation may take over.
        let until = invocation.by.min(Instant::now() + LEASE_HELD);
        match notes.take(file, by, seen).await? {
            Turn::Mine(_) => {}
            Turn::Reported => return Ok(Some(already_reported(file))),
            Turn::Taken => return Err(busy(file)),
        }
        outbox.publish(messages, until).await?;
        // A retry would report the file twice, so this is not a failure.
        let kept = timeout_at(invocation.by, notes.mark_reported(file, by, answer)).await;
        if let Some(problem) = kept.map_or(Some(CallError::OUT_OF_TIME.to_owned()), |it| Some(it.err()?.to_string())) {
            warn!(family = Self::NAME, "could not record that {} was reported: {problem}", name(file));
        }
        outbox.send_late(false, invocation.by).await;
        Ok(None)
    }

    /// Logs one line about the file and emits its metrics.
    fn write_log(&self, invocation: &Invocation, answer: &AccessAnswer) {
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
            key = file.as_ref().map(|it| sanitized(&it.key)),
            ignored = ignored.as_deref(),
            lines = report.lines,
            malformed = report.malformed,
            foreign = report.foreign,
            unread = report.unread().next(),
            findings,
            duration_ms,
            "{} {}",
            event.name,
            ignored.as_ref().map_or_else(|| "handled".to_owned(), |why| format!("ignored: {why}"))
        );
        let Some(numbers) = self.numbers else { return };
        metrics::counter!("Lines").increment(report.lines);
        metrics::counter!("Malformed").increment(report.malformed);
        metrics::counter!("Gone").increment(u64::from(report.gone));
        metrics::counter!("Overwritten").increment(u64::from(report.overwritten.is_some()));
        metrics::counter!("OtherWriters").increment(u64::from(report.other_writer.is_some()));
        metrics::counter!("Unreadable").increment(u64::from(report.unreadable.is_some()));
        metrics::counter!("OtherAccounts").increment(report.foreign);
        for (kind, _, count) in report.found() {
            metrics::counter!(kind.metric()).increment(count);
        }
        metrics::histogram!("Duration").record(took.as_secs_f64() * 1000.0);
        if let Err(error) = numbers.flush(std::io::stdout()) {
            tracing::error!(%error, "the metrics could not be written");
        }
    }
}

/// Starts collecting metrics under the namespace `Trailkeeper`.
fn count() -> Option<&'static Collector> {
    let builder = Builder::new().cloudwatch_namespace("Trailkeeper").with_dimension("Family", AccessFunction::NAME);
    let collector = builder.init().ok()?;
    metrics::describe_counter!("Lines", Unit::Count, "lines read");
    metrics::describe_counter!("Malformed", Unit::Count, "lines that could not be parsed");
    metrics::describe_counter!("Gone", Unit::Count, "files deleted before they were fully read");
    metrics::describe_counter!("Overwritten", Unit::Count, "files written over before they were read");
    metrics::describe_counter!("OtherWriters", Unit::Count, "files that S3's log service did not write");
    metrics::describe_counter!("Unreadable", Unit::Count, "files that could not be read");
    metrics::describe_counter!("OtherAccounts", Unit::Count, "requests to buckets of other accounts");
    for kind in FindingKind::ALL {
        metrics::describe_counter!(kind.metric(), Unit::Count, "unusual requests");
    }
    metrics::describe_histogram!("Duration", Unit::Milliseconds, "how long the invocation took");
    Some(collector)
}

fn name(file: &File) -> String {
    sanitized(&format!("s3://{}/{}", file.bucket, file.key))
}

fn already_reported(file: &File) -> String {
    format!("{} was already reported", name(file))
}

fn busy(file: &File) -> Failure {
    Failure::again(format!("another invocation is already reporting {}", name(file)))
}
