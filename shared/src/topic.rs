//! SNS topics, as read, and who may publish there. Pure.

use crate::model::Seen;
use crate::our_key::Key;
use crate::policy::{Decision, Request, decide};
use serde_json::Value;

/// An SNS topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// Its ARN.
    pub arn: String,
    /// Its policy.
    pub policy: Value,
    /// Its KMS key, as it names it.
    pub key_id: Option<String>,
    /// That key; absent where it has none or it is gone.
    pub key: Seen<Key>,
    /// Who is told; `None` where that was not asked.
    pub subscriptions: Option<Seen<Vec<Subscription>>>,
}

/// One subscription of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// `Protocol`, such as `email`.
    pub protocol: String,
    /// `Endpoint`, such as an address.
    pub endpoint: String,
    /// Whether it has an ARN. One that is pending or deleted has none, and receives nothing ([Subscribe]).
    ///
    /// [Subscribe]: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
    pub confirmed: bool,
}

/// Whether a policy lets a service publish to a topic.
#[must_use]
pub fn publishes(policy: &Value, topic: &str, service: &str, known: &[(&str, &str)]) -> Decision {
    let resources = [topic.to_owned()];
    decide([policy], Request { service: Some(service), action: "sns:Publish", resources: &resources, known })
}
