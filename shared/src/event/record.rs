//! A CloudTrail record of an API call: what it names, who called, and whether it changed anything.

use super::{Actor, EventError};
use crate::model::{Region, sanitized};
use serde_json::{Map, Value};

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
    /// The ARNs in `resources`: KMS names the key there, whatever the caller wrote.
    pub resources: Vec<String>,
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

    /// The text of an element inside another.
    #[must_use]
    pub fn text_in(&self, outer: &str, key: &str) -> Option<&str> {
        self.inside(&[outer, key])?.as_str().filter(|text| !text.is_empty())
    }

    /// The element at the end of this path.
    #[must_use]
    pub fn inside(&self, path: &[&str]) -> Option<&Value> {
        let Self::Present(map) = self else { return None };
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(map.get(*first)?, |value, key| value.get(*key))
    }

    fn of(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Object(map)) if map.get("omitted") != Some(&Value::Bool(true)) => Self::Present(map.clone()),
            _ => Self::Omitted,
        }
    }
}

/// A CloudTrail record, read with tolerance: fields come and go between versions of its format.
pub(crate) struct Record<'a>(pub(crate) &'a Value);

impl Record<'_> {
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.as_str().filter(|text| !text.is_empty())
    }

    fn required(&self, field: &'static str) -> Result<&str, EventError> {
        match self.0.get(field) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            Some(_) => Err(EventError::Record { field, problem: "is not a text" }),
            None => Err(EventError::Record { field, problem: "is missing" }),
        }
    }

    pub(crate) fn api_call(&self) -> Result<ApiCall, EventError> {
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
            resources: self.resources(),
        })
    }

    fn resources(&self) -> Vec<String> {
        let listed = self.0.get("resources").and_then(Value::as_array).into_iter().flatten();
        listed.filter_map(|it| it.get("ARN")?.as_str().map(str::to_owned)).collect()
    }

    /// Most services say at the top level that a call failed, some inside the response elements ([CloudTrail user
    /// guide, record contents]); EC2's batch calls list there what was unsuccessful, and an empty text is success. Such a
    /// call may have succeeded in part, and then it has not failed.
    ///
    /// [CloudTrail user guide, record contents]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    fn failure(&self) -> Option<String> {
        let top = self.0.get("errorCode").into_iter();
        let response = self.0.get("responseElements").and_then(Value::as_object);
        let nested = response.into_iter().flat_map(|elements| {
            let inner =
                elements.values().filter_map(Value::as_object).flatten().filter(|(key, _)| *key == "unsuccessful");
            let outer = elements.iter().filter(|(key, _)| ["errorCode", "unsuccessful"].contains(&key.as_str()));
            let part = |(key, value): &(&String, &Value)| *key == "unsuccessful" && self.succeeded_in_part(value);
            outer.chain(inner).filter(move |it| !part(it)).map(|(_, value)| value)
        });
        top.chain(nested).find(|value| !is_empty(value)).map(|value| match value.as_str() {
            Some(code) => sanitized(code),
            None => sanitized(&value.to_string()),
        })
    }

    /// Whether a batch call of EC2 was about more than what was unsuccessful.
    fn succeeded_in_part(&self, unsuccessful: &Value) -> bool {
        let request = self.0.get("requestParameters").and_then(Value::as_object).into_iter().flatten();
        let ids = request.filter_map(|(_, inner)| inner.get("ResourceId").or_else(|| inner.get("FlowLogId")));
        let asked: usize = ids.map(items).sum();
        asked > unsuccessful.get("item").map_or(1, items)
    }
}

/// How many a list of EC2 has: one stands without brackets.
fn items(list: &Value) -> usize {
    list.as_array().map_or(1, Vec::len)
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
