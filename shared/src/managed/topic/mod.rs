//! SNS topics, as read, and who may publish there. Pure.

pub mod step;

use super::key::KeyView;
use crate::documents::policy::{Decision, Request, decide};
use crate::model::Seen;
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
    pub key: Seen<KeyView>,
    /// Who is told.
    pub subscriptions: Seen<Vec<Subscription>>,
}

/// One subscription of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// `Protocol`, such as `email`.
    pub protocol: String,
    /// `Endpoint`, such as an address.
    pub endpoint: String,
    /// How it stands.
    pub state: SubscriptionState,
}

/// How a subscription stands. `ListSubscriptionsByTopic` says so in place of its ARN ([Subscribe]).
///
/// [Subscribe]: https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionState {
    /// It receives what is published.
    Confirmed,
    /// Its owner has been asked, and has not answered yet: it receives nothing.
    Pending,
    /// It was ended, and is listed for a while.
    Deleted,
}

impl SubscriptionState {
    /// By what stands for its ARN.
    #[must_use]
    pub fn of(arn: &str) -> Self {
        match arn {
            arn if arn.starts_with("arn:") => Self::Confirmed,
            "Deleted" => Self::Deleted,
            _ => Self::Pending,
        }
    }
}

/// Whether a policy lets a service publish to a topic.
#[must_use]
pub fn publishes(policy: &Value, topic: &str, service: &str, known: &[(&str, &str)]) -> Decision {
    let resources = [topic.to_owned()];
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
