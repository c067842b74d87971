//! Calls that create or complete an SNS topic.

use super::{Subscription, SubscriptionState, Topic};
use crate::documents::policy::{Excess, Statement, beyond};
use crate::managed::key::KeyView;
use crate::model::{Arn, Call, Place, Property, Seen};
use serde_json::{Value, json};
use std::fmt;

/// Call that creates or completes a topic, in the region of its ARN.
#[derive(Debug, Clone, PartialEq)]
pub enum TopicStep {
    /// `sns:CreateTopic`, tagged, encrypted and with its policy.
    Create {
        /// ARN of the topic.
        arn: String,
        /// Topic policy.
        policy: Value,
        /// Key that encrypts the topic: its ARN, or that of its alias if the key does not exist yet.
        key: String,
    },
    /// `sns:SetTopicAttributes` for the policy.
    PutPolicy {
        /// ARN of the topic.
        arn: String,
        /// Service that gains access, such as `CloudTrail`.
        service: &'static str,
        /// Complete policy document.
        document: Value,
        /// Current policy.
        replaces: Value,
    },
    /// `sns:SetTopicAttributes` for the key.
    SetKey {
        /// ARN of the topic.
        arn: String,
        /// Key to use: its ARN, or that of its alias if the key does not exist yet.
        key: String,
        /// Current key.
        replaces: String,
    },
    /// `sns:Subscribe`.
    Subscribe {
        /// ARN of the topic.
        topic: String,
        /// Protocol: `email`, `https` or `sqs`.
        protocol: &'static str,
        /// Address, or ARN of the queue.
        endpoint: String,
    },
}

impl Call for TopicStep {
    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::Create { .. } => &["sns:CreateTopic", "sns:TagResource"],
            Self::PutPolicy { .. } | Self::SetKey { .. } => &["sns:SetTopicAttributes"],
            Self::Subscribe { .. } => &["sns:Subscribe"],
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Create { .. } => 0,
            Self::PutPolicy { .. } | Self::SetKey { .. } => 1,
            Self::Subscribe { .. } => 4,
        }
    }

    fn makes(&self) -> Option<String> {
        // An address that has not confirmed gets AWS's mail once for each call.
        let Self::Subscribe { topic, protocol, endpoint } = self else { return None };
        Some(format!("{topic}#{protocol}#{endpoint}"))
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::PutPolicy { replaces, .. } => Some(replaces.clone()),
            Self::SetKey { replaces, .. } => Some(json!({ "KmsMasterKeyId": replaces })),
            Self::Create { .. } | Self::Subscribe { .. } => None,
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::Create { arn, policy, key } => {
                json!({ "TopicArn": arn, "Policy": policy, "KmsMasterKeyId": key })
            }
            Self::PutPolicy { document, .. } => document.clone(),
            Self::SetKey { key, .. } => json!({ "KmsMasterKeyId": key }),
            Self::Subscribe { topic, protocol, endpoint } => {
                json!({ "TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint })
            }
        }
    }

    fn property(&self, _: &Place) -> Property {
        match self {
            Self::Create { arn, .. } => Property::Topic { arn: arn.clone() },
            Self::PutPolicy { arn, .. } => Property::TopicPolicy { arn: arn.clone() },
            Self::SetKey { arn, .. } => Property::TopicKey { arn: arn.clone() },
            Self::Subscribe { topic, protocol, endpoint } => Property::Subscription {
                topic: topic.clone(),
                protocol: (*protocol).to_owned(),
                endpoint: endpoint.clone(),
                arn: None,
            },
        }
    }
}

impl TopicStep {
    /// Returns the ARN of the topic.
    #[must_use]
    pub fn topic(&self) -> &str {
        match self {
            Self::Create { arn, .. } | Self::PutPolicy { arn, .. } | Self::SetKey { arn, .. } => arn,
            Self::Subscribe { topic, .. } => topic,
        }
    }

    /// Returns what stands for the ARN of a new subscription, which only SNS knows.
    #[must_use]
    pub fn subscription(&self) -> String {
        format!("{}:new", self.topic())
    }

    /// Applies the effect of the call to a topic that was read; `set` is the key after the call.
    pub fn effect(&self, seen: &mut Seen<Topic>, set: &Seen<KeyView>) {
        match (self, seen) {
            (Self::Create { arn, policy, key }, seen) => {
                *seen = Seen::Present(Topic {
                    arn: arn.clone(),
                    policy: policy.clone(),
                    key_id: Some(key.clone()),
                    key: set.clone(),
                    subscriptions: Seen::Present(vec![]),
                });
            }
            (Self::PutPolicy { document, .. }, Seen::Present(topic)) => topic.policy = document.clone(),
            (Self::SetKey { key, .. }, Seen::Present(topic)) => {
                (topic.key_id, topic.key) = (Some(key.clone()), set.clone());
            }
            (Self::Subscribe { protocol, endpoint, .. }, Seen::Present(topic)) => {
                // A queue of the account needs no confirmation by a person.
                let state = if *protocol == "sqs" { SubscriptionState::Confirmed } else { SubscriptionState::Pending };
                let (arn, protocol) = (self.subscription(), (*protocol).to_owned());
                let new = Subscription { arn, protocol, endpoint: endpoint.clone(), state };
                if let Seen::Present(all) = &mut topic.subscriptions {
                    all.retain(|it| it.endpoint != new.endpoint);
                    all.push(new);
                }
            }
            (_, Seen::Absent | Seen::Unreadable(_) | Seen::NotAsked) => {}
        }
    }
}

impl fmt::Display for TopicStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Arn::parse(self.topic()).map_or(self.topic(), |arn| arn.resource);
        match self {
            Self::Create { .. } => write!(f, "create SNS topic {name}"),
            Self::PutPolicy { service, document, replaces, .. } => {
                let harmful: Vec<Value> = beyond(replaces, document).into_iter().map(Statement::to_value).collect();
                if harmful.is_empty() {
                    return write!(f, "let {service} publish to SNS topic {name}");
                }
                let gone = Excess { harmful, doubtful: vec![] };
                write!(f, "put back the policy of SNS topic {name}, which said that {gone}")
            }
            Self::SetKey { key, .. } => write!(f, "encrypt SNS topic {name} with {key}"),
            Self::Subscribe { protocol, endpoint, .. } => {
                let endpoint = endpoint.rsplit(':').next().filter(|_| *protocol == "sqs").unwrap_or(endpoint);
                let kind = if *protocol == "sqs" { "queue " } else { "" };
                write!(f, "subscribe {kind}{endpoint} to SNS topic {name}")
            }
        }
    }
}
