//! What woke us: an EventBridge event, decoded as far as we trust it.
//!
//! An event only *names* a resource. What it claims about that resource is never used; what it says of the caller is
//! only told to people. So a forged or damaged event can at most cause a check.

use crate::actor::Actor;
use crate::place::Region;
use aws_lambda_events::eventbridge::EventBridgeEvent;
use serde_json::{Map, Value};

/// An event, decoded.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The envelope's account: twelve digits, or whatever it says.
    pub account: String,
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
    /// Anything else, by its detail type and source.
    Other(String),
}

/// One CloudTrail record of an API call.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiCall {
    /// `eventSource`, such as `transfer.amazonaws.com`.
    pub service: String,
    /// `eventName`, such as `CreateServer`.
    pub name: String,
    /// `eventType`; only `AwsApiCall` is one.
    pub event_type: String,
    /// The region of the call, which need not be the function's own; `None` where what is named is no region.
    pub region: Option<Region>,
    /// Who called.
    pub actor: Actor,
    /// `recipientAccountId`.
    pub recipient: Option<String>,
    /// Whether the call only read.
    pub read_only: bool,
    /// Why the call failed, when it did.
    pub failure: Option<String>,
    /// `requestParameters`.
    pub request: Elements,
    /// `responseElements`.
    pub response: Elements,
}

impl ApiCall {
    /// The region of the call, for a target that lies there.
    ///
    /// # Errors
    /// Says that what the record names is no region.
    pub fn region(&self) -> Result<&Region, String> {
        self.region.as_ref().ok_or_else(|| "the record names no region that there could be".to_owned())
    }
}

/// Request parameters or response elements.
#[derive(Debug, Clone, PartialEq)]
pub enum Elements {
    /// As recorded.
    Present(Map<String, Value>),
    /// Not there. CloudTrail leaves them out when they exceed 100 KB, and many calls answer nothing.
    Omitted,
}

impl Elements {
    /// The text of one element; `None` where there is none, or where it is no text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match self {
            Self::Present(map) => map.get(key)?.as_str().filter(|text| !text.is_empty()),
            Self::Omitted => None,
        }
    }

    fn of(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Object(map)) if map.get("omitted") != Some(&Value::Bool(true)) => Self::Present(map.clone()),
            _ => Self::Omitted,
        }
    }
}

/// Which resources of a family to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The one with this id.
    One(Region, String),
    /// All of this region: the record does not say which.
    Region(Region),
    /// All that use something which changed, in every configured region.
    Using(Dependency),
    /// All of every configured region.
    Everything,
}

/// Something that resources of several families lean on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dependency {
    /// A role, by name: IAM's records carry neither path nor ARN.
    Role(String),
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
        let time = payload.get("time").and_then(Value::as_str).map(legible);
        let mut origin = Origin { id: envelope.id.as_deref().map(legible), time, ..Origin::default() };
        let body = match envelope.detail_type.as_str() {
            "AWS API Call via CloudTrail" => {
                let record = Record(&envelope.detail);
                let call = record.api_call()?;
                origin = Origin {
                    id: record.text("eventID").map(legible).or(origin.id),
                    name: legible(&call.name),
                    time: record.text("eventTime").map(legible).or(origin.time),
                    actor: call.actor.shown.clone(),
                    source_ip: record.text("sourceIPAddress").map(legible),
                    user_agent: record.text("userAgent").map(legible),
                };
                Body::ApiCall(Box::new(call))
            }
            "Scheduled Event" if SCHEDULERS.contains(&envelope.source.as_str()) => Body::Schedule,
            other => Body::Other(legible(&format!("{other} from {}", envelope.source))),
        };
        if origin.name.is_empty() {
            origin.name = legible(&envelope.detail_type);
        }
        Ok(Self { account: envelope.account.unwrap_or_default(), origin, body })
    }
}

/// A CloudTrail record, read with tolerance: fields come and go between versions of its format.
struct Record<'a>(&'a Value);

impl Record<'_> {
    fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.as_str().filter(|text| !text.is_empty())
    }

    fn required(&self, field: &'static str) -> Result<&str, EventError> {
        match self.0.get(field) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            Some(_) => Err(EventError::Record { field, problem: "is not a text" }),
            None => Err(EventError::Record { field, problem: "is missing" }),
        }
    }

    fn api_call(&self) -> Result<ApiCall, EventError> {
        Ok(ApiCall {
            service: self.required("eventSource")?.to_owned(),
            name: self.required("eventName")?.to_owned(),
            // Absent from the oldest records.
            event_type: self.text("eventType").unwrap_or_default().to_owned(),
            region: self.text("awsRegion").and_then(Region::parse),
            actor: Actor::of(self.0.get("userIdentity").unwrap_or(&Value::Null)),
            recipient: self.text("recipientAccountId").map(str::to_owned),
            read_only: self.0.get("readOnly").is_some_and(|it| it == &Value::Bool(true) || it == "true"),
            failure: self.failure(),
            request: Elements::of(self.0.get("requestParameters")),
            response: Elements::of(self.0.get("responseElements")),
        })
    }

    /// Most services say at the top level that a call failed, some inside the response elements ([CloudTrail user
    /// guide, record contents]); EC2's batch calls list there what was unsuccessful, and an empty text is success.
    ///
    /// [CloudTrail user guide, record contents]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    fn failure(&self) -> Option<String> {
        let top = self.0.get("errorCode").into_iter();
        let response = self.0.get("responseElements").and_then(Value::as_object);
        let nested = response.into_iter().flat_map(|elements| {
            let inner =
                elements.values().filter_map(Value::as_object).flatten().filter(|(key, _)| *key == "unsuccessful");
            let outer = elements.iter().filter(|(key, _)| ["errorCode", "unsuccessful"].contains(&key.as_str()));
            outer.chain(inner).map(|(_, value)| value)
        });
        top.chain(nested).find(|value| !is_empty(value)).map(|value| match value.as_str() {
            Some(code) => legible(code),
            None => legible(&value.to_string()),
        })
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// How much of a text from an event is told. Longer than any ARN; a user agent may hold a kilobyte.
const LEGIBLE: usize = 256;

/// Makes a text that a caller chose fit for a log line and a mail: no control characters, no endless length.
#[must_use]
pub fn legible(text: &str) -> String {
    let hides =
        |c: char| c.is_control() || ('\u{200b}'..='\u{200f}').contains(&c) || ('\u{202a}'..='\u{2069}').contains(&c);
    let clean = |c| if hides(c) { ' ' } else { c };
    let mut shown: String = text.chars().take(LEGIBLE).map(clean).collect();
    if text.chars().nth(LEGIBLE).is_some() {
        shown.push_str("...");
    }
    shown
}
