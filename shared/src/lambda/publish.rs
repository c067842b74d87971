//! Publishes messages to people, keeps those that cannot be published, and publishes these later.

use super::runtime::Failure;
use crate::aws::Aws;
use crate::aws::unsent::{Taken, UnsentQueue};
use crate::model::{CallError, ErrorKind, sanitized};
use crate::report::late::{kept, late};
use crate::report::message::Message;
use crate::settings::Settings;
use chrono::{SecondsFormat, Utc};
use std::cell::Cell;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tracing::{error, info, warn};

/// Time reserved to keep what cannot be published: this, or a quarter of the time that is left if that is less.
const KEEPING: Duration = Duration::from_secs(3);

/// Time limit for publishing what was kept, less than it stays invisible to other invocations.
const SENDING: Duration = Duration::from_mins(1);

/// The way to people, for one invocation.
pub(crate) struct Outbox<'a> {
    family: &'static str,
    aws: &'a Aws,
    topic: Option<&'a str>,
    queue: Option<UnsentQueue<'a>>,
    /// Whether something could not be published.
    is_shut: Cell<bool>,
}

impl<'a> Outbox<'a> {
    pub(crate) fn new(family: &'static str, aws: &'a Aws, settings: &'a Settings) -> Self {
        let queue = settings.unsent.as_deref().map(|url| UnsentQueue { aws, region: &settings.home, url });
        Self { queue, ..Self::that_keeps_nothing(family, aws, settings.topic.as_deref()) }
    }

    pub(crate) fn that_keeps_nothing(family: &'static str, aws: &'a Aws, topic: Option<&'a str>) -> Self {
        Self { family, aws, topic, queue: None, is_shut: Cell::new(false) }
    }

    /// Publishes these messages. If there is no topic, or it cannot be reached, the complete report is logged. What
    /// cannot be published is kept until it can be; if it cannot be kept either, the invocation fails.
    pub(crate) async fn publish(&self, messages: Vec<Message>, by: Instant) -> Result<(), Failure> {
        let mut outcome = Ok(());
        for message in messages {
            let (family, whole) = (self.family, message.report.clone());
            if let Some(topic) = self.topic {
                let until = if self.queue.is_some() { by - reserved(by) } else { by };
                let problem = match in_time(until, self.aws.publish(topic, message.clone())).await {
                    Ok(()) => continue,
                    Err(problem) => problem,
                };
                self.is_shut.set(true);
                info!(family, report = whole, "{}", message.subject);
                let Err(lost) = self.keep(&message, &problem, by).await else { continue };
                outcome = Err(Failure::again(format!("the report could not be published: {problem}{lost}")));
            } else {
                info!(family, report = whole, "{}", message.subject);
            }
        }
        outcome
    }

    /// Keeps a message that could not be published. Returns why that failed, to follow the reason for the former.
    async fn keep(&self, message: &Message, problem: &str, by: Instant) -> Result<(), String> {
        let Some(queue) = &self.queue else { return Err(String::new()) };
        let at = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
        match in_time(by, queue.keep(kept(message, &at))).await {
            Ok(()) => {
                warn!(family = self.family, "a report could not be published and is kept to be sent later: {problem}");
                Ok(())
            }
            Err(problem) => Err(format!("; nor could it be kept: {problem}")),
        }
    }

    /// Publishes what was kept, up to ten messages. What cannot be published stays where it is, so this is never a
    /// failure. A thorough look takes a second longer, which a sweep has and an event has not.
    pub(crate) async fn send_late(&self, thorough: bool, by: Instant) {
        let (Some(queue), Some(topic), false) = (&self.queue, self.topic, self.is_shut.get()) else { return };
        let by = by.min(Instant::now() + SENDING);
        if let Err(problem) = in_time(by, self.each_late(queue, topic, i32::from(thorough))).await {
            warn!(family = self.family, "reports that were kept could not be sent: {problem}");
        }
    }

    async fn each_late(&self, queue: &UnsentQueue<'_>, topic: &str, wait_seconds: i32) -> Result<(), CallError> {
        for Taken { text, receipt } in queue.take(wait_seconds).await? {
            let Some(message) = late(&text) else {
                // Only the stack's own functions send to this queue.
                error!(family = self.family, text = sanitized(&text), "what was kept is no report of Trailkeeper's");
                queue.delete(receipt).await?;
                continue;
            };
            let subject = message.subject.clone();
            match self.aws.publish(topic, message).await {
                Ok(()) => info!(family = self.family, "sent a report that was kept: {subject}"),
                // What SNS refuses for what it is, it would refuse for ever, and it would hold back all that follow.
                Err(problem) if problem.kind == ErrorKind::Rejected => {
                    error!(family = self.family, text = sanitized(&text), "SNS refuses what was kept: {problem}");
                }
                Err(problem) => return Err(problem),
            }
            queue.delete(receipt).await?;
        }
        Ok(())
    }
}

/// Returns the time to reserve for keeping a message.
fn reserved(by: Instant) -> Duration {
    KEEPING.min(by.saturating_duration_since(Instant::now()) / 4)
}

/// Awaits a call, or fails when time is up.
pub(crate) async fn in_time<T>(by: Instant, call: impl Future<Output = Result<T, CallError>>) -> Result<T, String> {
    match timeout_at(by, call).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(CallError::OUT_OF_TIME.to_owned()),
    }
}
