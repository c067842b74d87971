//! A call of the intruder, and the record of it as CloudTrail makes it.

use super::account::{ACCOUNT, home};
use crate::event::Event;
use crate::model::Region;
use serde_json::{Value, json};

/// Who the intruder is.
pub(crate) const MALLORY: &str = "arn:aws:iam::111122223333:user/mallory";

/// Call that was made.
#[derive(Debug, Clone)]
pub(crate) struct Called {
    pub(crate) service: &'static str,
    /// Name of the event, as CloudTrail spells it.
    pub(crate) name: &'static str,
    region: Region,
    request: Value,
    response: Value,
    resources: Value,
    /// What a letter about it names: one of these is enough.
    pub(crate) names: Vec<String>,
}

impl Called {
    pub(crate) fn new(service: &'static str, name: &'static str, request: Value) -> Self {
        let (response, resources) = (Value::Null, Value::Null);
        Self { service, name, region: home(), request, response, resources, names: vec![] }
    }

    pub(crate) fn about(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    pub(crate) fn at(self, region: Region) -> Self {
        Self { region, ..self }
    }

    pub(crate) fn answered(self, response: Value) -> Self {
        Self { response, ..self }
    }

    pub(crate) fn on_key(self, arn: &str) -> Self {
        Self { resources: json!([{"ARN": arn, "type": "AWS::KMS::Key", "accountId": ACCOUNT}]), ..self }
    }

    /// Returns the event that EventBridge delivers; `number` tells one call from another.
    pub(crate) fn event(&self, number: usize) -> Event {
        let Self { service, name, region, request, response, resources, names: _ } = self;
        let event = json!({
            "version": "0", "id": format!("e-{number}"), "detail-type": "AWS API Call via CloudTrail",
            "source": format!("aws.{service}"), "account": ACCOUNT, "region": region.as_str(),
            "time": "2026-01-31T12:00:00Z",
            "detail": {
                "eventID": format!("c-{number}"), "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
                "eventType": "AwsApiCall", "awsRegion": region.as_str(), "recipientAccountId": ACCOUNT,
                "requestParameters": request, "responseElements": response, "resources": resources,
                "userIdentity": {"type": "IAMUser", "arn": MALLORY, "accountId": ACCOUNT, "userName": "mallory"},
            },
        });
        Event::decode(&event).expect("an event")
    }
}
