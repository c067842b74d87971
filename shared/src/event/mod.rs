//! Decodes the EventBridge event that triggered the function, as far as it is trusted.
//!
//! An event only *names* a resource. What it claims about that resource is never used, and what it says about the
//! caller is only shown to people. So the worst that a forged or damaged event can cause is a check.

mod actor;
pub mod dependency;
mod lane;
mod record;
mod sweep;
mod target;

pub use actor::{Actor, Identity};
pub use lane::Lane;
pub use record::{ApiCall, Elements};
pub use sweep::Sweep;
pub use target::{Dependency, Target, Watch};

use crate::model::sanitized;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use chrono::{DateTime, Utc};
pub(crate) use record::Record;
use serde_json::Value;

/// A decoded event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Account id from the envelope, not validated: the account in which the event occurred.
    pub sender: String,
    /// Whether the envelope says that an AWS service sent the event. `PutEvents` takes no source that begins so.
    pub by_aws: bool,
    /// Details of the event for the report.
    pub origin: Origin,
    /// Content of the event.
    pub body: Body,
}

/// Details of an event, as people read them in the report.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Origin {
    /// CloudTrail's event id (to look the call up), or EventBridge's if there is none.
    pub id: Option<String>,
    /// Name of the API call, or `Scheduled Event`.
    pub name: String,
    /// Time of the event, RFC 3339.
    pub time: Option<String>,
    /// Caller: an ARN, or the name of a service.
    pub actor: Option<String>,
    /// Address of the caller, or the name of a service.
    pub source_ip: Option<String>,
    /// User agent, as the caller gave it.
    pub user_agent: Option<String>,
}

/// Content of an event, by kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// An API call: `AWS API Call via CloudTrail`.
    ApiCall(Box<ApiCall>),
    /// The schedule: check everything.
    Schedule,
    /// A sweep that another invocation has delegated.
    Sweep(Sweep),
    /// Any other event, by its detail type and source; or a malformed sweep.
    Other(String),
}

/// Why an event cannot be decoded. It becomes an error of the invocation, so that nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The payload is not JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// The JSON is not an EventBridge event.
    #[error("not an EventBridge event: {0}")]
    Envelope(String),
    /// The event is an API call, but its record lacks a field that every record has.
    #[error("not a CloudTrail record: detail.{field} {problem}")]
    Record {
        /// Name of the field.
        field: &'static str,
        /// Description of the problem, to follow the name of the field.
        problem: &'static str,
    },
    /// The event is from S3, but names no file.
    #[error("not an event about a file: {0}")]
    File(String),
}

/// Sources of scheduled events: EventBridge rules and EventBridge Scheduler.
const SCHEDULERS: [&str; 2] = ["aws.events", "aws.scheduler"];

impl Origin {
    /// Returns the time of the latest of these; `None` if one of them has no time, or there is none.
    pub fn latest<'a>(origins: impl Iterator<Item = &'a Self>) -> Option<DateTime<Utc>> {
        let times = origins.map(|it| DateTime::parse_from_rfc3339(it.time.as_deref()?).ok().map(DateTime::into));
        times.collect::<Option<Vec<DateTime<Utc>>>>()?.into_iter().max()
    }
}

impl Event {
    /// Decodes the JSON that Lambda passes in.
    ///
    /// # Errors
    /// Returns an error if the JSON is not an EventBridge event, or is an API call without the fields that every
    /// CloudTrail record has.
    pub fn decode(payload: &Value) -> Result<Self, EventError> {
        let envelope: EventBridgeEvent =
            serde::Deserialize::deserialize(payload).map_err(|e| EventError::Envelope(e.to_string()))?;
        // The library has validated the time; people get it as it was written.
        let time = payload.get("time").and_then(Value::as_str).map(sanitized);
        let mut origin = Origin { id: envelope.id.as_deref().map(sanitized), time, ..Origin::default() };
        let body = match envelope.detail_type.as_str() {
            "AWS API Call via CloudTrail" => {
                let record = Record(&envelope.detail);
                let call = record.api_call()?;
                origin = Origin {
                    id: record.text("eventID").map(sanitized).or(origin.id),
                    name: sanitized(&call.name),
                    time: record.text("eventTime").map(sanitized).or(origin.time),
                    actor: call.actor.shown.clone(),
                    source_ip: record.text("sourceIPAddress").map(sanitized),
                    user_agent: record.text("userAgent").map(sanitized),
                };
                Body::ApiCall(Box::new(call))
            }
            Sweep::DETAIL_TYPE if envelope.source == Sweep::SOURCE => match Sweep::of(&envelope.detail) {
                Ok(sweep) => Body::Sweep(sweep),
                Err(problem) => Body::Other(format!("a malformed sweep: {problem}")),
            },
            "Scheduled Event" if SCHEDULERS.contains(&envelope.source.as_str()) => Body::Schedule,
            other => Body::Other(sanitized(&format!("{other} from {}", envelope.source))),
        };
        if origin.name.is_empty() {
            origin.name = sanitized(&envelope.detail_type);
        }
        let by_aws = envelope.source.starts_with("aws.");
        Ok(Self { sender: envelope.account.unwrap_or_default(), by_aws, origin, body })
    }

    /// Returns the account that the event is about. Only a sweep delegated by our own function may name another account
    /// than the sender's.
    #[must_use]
    pub fn account(&self) -> &str {
        match &self.body {
            Body::Sweep(sweep) => &sweep.account,
            Body::ApiCall(_) | Body::Schedule | Body::Other(_) => &self.sender,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_hide_something_are_not_told() {
        for c in "\0\n\u{1b}\u{9b}\u{ad}\u{61c}\u{115f}\u{180e}\u{200b}\u{202e}\u{2066}\u{206a}\u{206f}\u{3164}\u{feff}\u{fff9}\u{fffb}\u{e0001}\u{e007f}".chars() {
            assert_eq!(sanitized(&format!("a{c}b")), "a b", "{:x}", u32::from(c));
        }
        let plain = "a b é 日本語 אבג 👍 \u{301}";
        assert_eq!(sanitized(plain), plain);
    }
}
