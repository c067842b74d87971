//! SNS topics, as read, and whether a service may publish to them. Pure.

pub mod step;

use super::key::KeyView;
use crate::documents::policy::{Decision, Excess, Request, decide};
use crate::model::Seen;
use serde_json::Value;

/// SNS topic, as read.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Topic {
    /// ARN of the topic.
    pub arn: String,
    /// Topic policy.
    pub policy: Value,
    /// KMS key of the topic, as the topic names it.
    pub key_id: Option<String>,
    /// Key that encrypts the topic; absent if the topic has none or the key is gone.
    pub key: Seen<KeyView>,
    /// Subscriptions of the topic.
    pub subscriptions: Seen<Vec<Subscription>>,
}

/// Subscription of a topic.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Subscription {
    /// ARN of the subscription, or what is listed in its place while there is none.
    pub arn: String,
    /// Protocol, such as `email`.
    pub protocol: String,
    /// Endpoint, such as a mail address.
    pub endpoint: String,
    /// State of the subscription.
    pub state: SubscriptionState,
}

/// State of a subscription. `ListSubscriptionsByTopic` returns it in place of the ARN ([Subscribe]).
///
/// [Subscribe]: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubscriptionState {
    /// The subscriber receives what is published.
    Confirmed,
    /// The subscriber has been asked to confirm but has not answered yet, and receives nothing.
    Pending,
    /// The subscription was deleted and remains listed for a while.
    Deleted,
}

impl SubscriptionState {
    /// Determines the state from what is listed in place of the ARN.
    #[must_use]
    pub fn of(arn: &str) -> Self {
        match arn {
            arn if arn.starts_with("arn:") => Self::Confirmed,
            "Deleted" => Self::Deleted,
            _ => Self::Pending,
        }
    }
}

/// Actions that listen to a topic or read a queue: somebody may depend on them.
const READS: [&str; 8] = [
    "sns:Get*",
    "sns:List*",
    "sns:Receive",
    "sns:Subscribe",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:Get*",
    "sqs:ReceiveMessage",
];

/// Returns what the policy of a topic or queue of ours has come to allow beyond our document.
#[must_use]
pub fn excess(policy: &Value, ours: &Value, account: &str) -> Excess {
    Excess::of(policy, ours, account, &READS)
}

/// Returns whether a policy lets a service publish to a topic.
#[must_use]
pub fn publishes(policy: &Value, topic: &str, service: &str, known: &[(&str, &str)]) -> Decision {
    let resources = [topic.into()];
    decide([policy], Request { service: Some(service), action: "sns:Publish", resources: &resources, known })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_arn_means_confirmed() {
        for (word, state) in [
            ("arn:aws:sns:us-east-1:111122223333:t:6b0e71bd-7e97-4d97-80ce-4a0994e55286", SubscriptionState::Confirmed),
            ("PendingConfirmation", SubscriptionState::Pending),
            ("Deleted", SubscriptionState::Deleted),
            ("", SubscriptionState::Pending),
        ] {
            assert_eq!(SubscriptionState::of(word), state, "{word}");
        }
    }
}
