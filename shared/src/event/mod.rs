//! What woke us: an EventBridge event, decoded as far as we trust it.
//!
//! An event only *names* a resource. What it claims about that resource is never used; what it says of the caller is
//! only told to people. So a forged or damaged event can at most cause a check.

mod actor;
pub mod dependency;
mod record;
mod sweep;
mod target;

pub use actor::{Actor, Identity};
pub use record::{ApiCall, Elements};
pub use sweep::Sweep;
pub use target::{Dependency, Target, Watch};

use crate::model::sanitized;
use aws_lambda_events::eventbridge::EventBridgeEvent;
pub(crate) use record::Record;
use serde_json::Value;

/// An event, decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The envelope's account: twelve digits, or whatever it says. It is where the event came about.
    pub sender: String,
    /// What people read about the event.
    pub origin: Origin,
    /// What it is.
    pub body: Body,
}

/// What people read about an event in the report.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Origin {
    /// CloudTrail's event id (to look the call up), or EventBridge's where there is none.
    pub id: Option<String>,
    /// The API call, or `Scheduled Event`.
    pub name: String,
    /// When it happened, RFC 3339.
    pub time: Option<String>,
    /// Who called: an ARN, or a service's name.
    pub actor: Option<String>,
    /// The caller's address, or a service's name.
    pub source_ip: Option<String>,
    /// What the caller said it is.
    pub user_agent: Option<String>,
}

/// The kinds of event that we know.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// `AWS API Call via CloudTrail`.
    ApiCall(Box<ApiCall>),
    /// The schedule: look at everything.
    Schedule,
    /// A sweep that another invocation handed on.
    Sweep(Sweep),
    /// Anything else, by its detail type and source.
    Other(String),
}

/// An event that is not of a shape we can read. It goes back as an error, so that nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not even JSON.
    #[error("not JSON: {0}")]
    Json(String),
    /// Not an EventBridge event at all.
    #[error("not an EventBridge event: {0}")]
    Envelope(String),
    /// An API call whose record lacks what every record has.
    #[error("not a CloudTrail record: detail.{field} {problem}")]
    Record {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An event of S3's that names no file.
    #[error("not an event about a file: {0}")]
    File(String),
    /// A sweep that was handed on, and does not say where to look.
    #[error("not a sweep of Trailkeeper: {0}")]
    Sweep(String),
}

/// The sources of scheduled events: EventBridge rules and EventBridge Scheduler.
const SCHEDULERS: [&str; 2] = ["aws.events", "aws.scheduler"];

impl Event {
    /// Decodes the JSON that Lambda hands us.
    ///
    /// # Errors
    /// Where it is no EventBridge event, or an API call without the fields that every CloudTrail record has.
    pub fn decode(payload: &Value) -> Result<Self, EventError> {
        let envelope: EventBridgeEvent =
            serde::Deserialize::deserialize(payload).map_err(|e| EventError::Envelope(e.to_string()))?;
        // The library has checked that the time is one; people get it as it was written.
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
            Sweep::DETAIL_TYPE if envelope.source == Sweep::SOURCE => Body::Sweep(Sweep::of(&envelope.detail)?),
            "Scheduled Event" if SCHEDULERS.contains(&envelope.source.as_str()) => Body::Schedule,
            other => Body::Other(sanitized(&format!("{other} from {}", envelope.source))),
        };
        if origin.name.is_empty() {
            origin.name = sanitized(&envelope.detail_type);
        }
        Ok(Self { sender: envelope.account.unwrap_or_default(), origin, body })
    }

    /// The account that it is about. Only our own function may send another one's way.
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
