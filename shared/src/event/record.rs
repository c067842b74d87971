//! Parses the CloudTrail record of an API call: what it names, who called, and whether it changed anything.

use super::{Actor, EventError};
use crate::model::{Region, sanitized};
use serde_json::{Map, Value};

/// CloudTrail record of one API call.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiCall {
    /// Service, from `eventSource`, such as `transfer.amazonaws.com`.
    pub service: String,
    /// Name of the call, from `eventName`, such as `CreateServer`.
    pub name: String,
    /// Type of the record, from `eventType`; only `AwsApiCall` is an API call.
    pub event_type: String,
    /// Region of the call, which need not be the function's own; `None` if the record names no valid region.
    pub region: Option<Region>,
    /// Caller, as far as the record identifies one.
    pub actor: Actor,
    /// AWS service that made the call on the caller's behalf, such as `cloudformation.amazonaws.com`, from
    /// `userIdentity.invokedBy` and `sourceIPAddress`, which must agree. AWS writes both; a caller can set neither
    /// ([record contents], [userIdentity]).
    ///
    /// [record contents]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    /// [userIdentity]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    pub via: Option<String>,
    /// Account id from `recipientAccountId`.
    pub recipient: Option<String>,
    /// Whether the call only read.
    pub read_only: bool,
    /// Error of the call, if it failed.
    pub failure: Option<String>,
    /// Parameters of the request, from `requestParameters`.
    pub request: Elements,
    /// Elements of the response, from `responseElements`.
    pub response: Elements,
    /// ARNs from `resources`: KMS puts the key there, however the caller named it.
    pub resources: Vec<String>,
    /// Id that AWS gave the request, for whoever made it.
    pub request_id: Option<String>,
}

impl ApiCall {
    /// Returns the region of the call, for a target in that region.
    ///
    /// # Errors
    /// Returns an error if the record names no valid region.
    pub fn region(&self) -> Result<&Region, String> {
        self.region.as_ref().ok_or_else(|| "the record names no valid region".to_owned())
    }

    /// Returns the number of resources that the call changed: several for a batch call of EC2, one for any other.
    #[must_use]
    pub fn changed(&self) -> usize {
        let Elements::Present(request) = &self.request else { return 1 };
        let Elements::Present(response) = &self.response else { return batch(request).max(1) };
        let nested = response.values().find_map(|inner| inner.get("unsuccessful"));
        let unsuccessful = nested.or_else(|| response.get("unsuccessful")).filter(|it| !is_empty(it));
        batch(request).saturating_sub(unsuccessful.map_or(0, failed)).max(1)
    }
}

/// Request parameters or response elements.
#[derive(Debug, Clone, PartialEq)]
pub enum Elements {
    /// The elements as recorded.
    Present(Map<String, Value>),
    /// No elements. CloudTrail omits them if they exceed 100 KB, and many calls return nothing.
    Omitted,
}

impl Elements {
    /// Returns an element that is a string, or `None`.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match self {
            Self::Present(map) => map.get(key)?.as_str().filter(|text| !text.is_empty()),
            Self::Omitted => None,
        }
    }

    /// Returns a string element inside another element.
    #[must_use]
    pub fn text_in(&self, outer: &str, key: &str) -> Option<&str> {
        self.inside(&[outer, key])?.as_str().filter(|text| !text.is_empty())
    }

    /// Returns the element at the end of a path.
    #[must_use]
    pub fn inside(&self, path: &[&str]) -> Option<&Value> {
        let Self::Present(map) = self else { return None };
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(map.get(*first)?, |value, key| value.get(*key))
    }

    /// Returns whether the elements hold this text anywhere, or are not recorded and may hold it.
    #[must_use]
    pub fn may_hold(&self, text: &str) -> bool {
        match self {
            Self::Present(map) => map.values().any(|value| value.to_string().contains(text)),
            Self::Omitted => true,
        }
    }

    fn of(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Object(map)) if map.get("omitted") != Some(&Value::Bool(true)) => Self::Present(map.clone()),
            _ => Self::Omitted,
        }
    }
}

/// Raw CloudTrail record, parsed leniently: fields vary between versions of the format.
pub(crate) struct Record<'a>(pub(crate) &'a Value);

impl Record<'_> {
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.as_str().filter(|text| !text.is_empty())
    }

    fn required(&self, field: &'static str) -> Result<&str, EventError> {
        match self.0.get(field) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            Some(_) => Err(EventError::Record { field, problem: "is not a string" }),
            None => Err(EventError::Record { field, problem: "is missing" }),
        }
    }

    pub(crate) fn api_call(&self) -> Result<ApiCall, EventError> {
        Ok(ApiCall {
            service: self.required("eventSource")?.to_owned(),
            name: self.required("eventName")?.to_owned(),
            // The oldest records do not have it.
            event_type: self.text("eventType").unwrap_or_default().to_owned(),
            region: self.text("awsRegion").and_then(Region::parse),
            actor: Actor::of(self.0.get("userIdentity").unwrap_or(&Value::Null)),
            via: self.via(),
            recipient: self.text("recipientAccountId").map(str::to_owned),
            read_only: self.0.get("readOnly").is_some_and(|it| it == &Value::Bool(true) || it == "true"),
            failure: self.failure(),
            request: Elements::of(self.0.get("requestParameters")),
            response: Elements::of(self.0.get("responseElements")),
            resources: self.resources(),
            request_id: self.text("requestID").map(str::to_owned),
        })
    }

    fn via(&self) -> Option<String> {
        let invoked_by = self.0.get("userIdentity")?.get("invokedBy")?.as_str()?;
        (self.text("sourceIPAddress") == Some(invoked_by)).then(|| invoked_by.to_owned())
    }

    fn resources(&self) -> Vec<String> {
        let listed = self.0.get("resources").and_then(Value::as_array).into_iter().flatten();
        listed.filter_map(|it| it.get("ARN")?.as_str().map(str::to_owned)).collect()
    }

    /// Returns the error of a call that failed.
    ///
    /// Most services report it at the top level, some inside the response elements ([CloudTrail user guide, record
    /// contents]). EC2's batch calls list the unsuccessful items there, and an empty string is success. Such a call
    /// counts as failed only if none of its items succeeded.
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

    /// Returns whether a batch call of EC2 had more items than were unsuccessful.
    fn succeeded_in_part(&self, unsuccessful: &Value) -> bool {
        let request = self.0.get("requestParameters").and_then(Value::as_object);
        request.map_or(0, batch) > failed(unsuccessful)
    }
}

/// Returns the number of resources that the parameters of a batch call of EC2 name.
fn batch(request: &Map<String, Value>) -> usize {
    let ids = request.values().filter_map(|inner| inner.get("ResourceId").or_else(|| inner.get("FlowLogId")));
    ids.map(items).sum()
}

/// Returns the number of resources that EC2 lists as unsuccessful.
fn failed(unsuccessful: &Value) -> usize {
    unsuccessful.get("item").map_or(1, items)
}

/// Returns the number of items in a list of EC2: a single item stands without brackets.
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
