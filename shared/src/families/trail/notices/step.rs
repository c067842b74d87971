//! Calls that create or repair the topic and queue that announce delivered log files.

use super::{MANAGED_TOPIC, Notices, Queue};
use crate::managed::key::behind;
use crate::managed::topic::step::TopicStep;
use crate::model::{Call, Place, Property, Seen};
use serde_json::{Value, json};
use std::fmt;

/// Call that creates or repairs our topic or queue.
#[derive(Debug, Clone, PartialEq)]
pub enum NoticeStep {
    /// Call that creates or completes the topic.
    Topic(TopicStep),
    /// `sqs:CreateQueue`, tagged, encrypted and with its policy.
    CreateQueue {
        /// Policy of the queue.
        policy: Value,
        /// Key that encrypts the queue.
        key: String,
    },
    /// `sqs:SetQueueAttributes` for the policy of our queue.
    PutQueuePolicy {
        /// Complete policy document.
        document: Value,
        /// Current policy.
        replaces: Option<Value>,
    },
}

impl Call for NoticeStep {
    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::Topic(step) => step.actions(),
            Self::CreateQueue { .. } => &["sqs:CreateQueue", "sqs:TagQueue"],
            Self::PutQueuePolicy { .. } => &["sqs:SetQueueAttributes"],
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Topic(step) => step.rank(),
            Self::CreateQueue { .. } => 2,
            Self::PutQueuePolicy { .. } => 3,
        }
    }

    fn makes(&self) -> Option<String> {
        if let Self::Topic(step) = self { step.makes() } else { None }
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::Topic(step) => step.before(),
            Self::PutQueuePolicy { replaces, .. } => replaces.clone(),
            Self::CreateQueue { .. } => None,
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::Topic(step) => step.after(),
            Self::CreateQueue { policy, key } => {
                json!({ "QueueName": MANAGED_TOPIC, "Policy": policy, "KmsMasterKeyId": key })
            }
            Self::PutQueuePolicy { document, .. } => document.clone(),
        }
    }

    fn property(&self, place: &Place) -> Property {
        let (url, region) = (Property::queue_url(place, MANAGED_TOPIC), place.region.clone());
        match self {
            Self::Topic(step) => step.property(place),
            Self::CreateQueue { .. } => Property::Queue { url, region },
            Self::PutQueuePolicy { .. } => Property::QueuePolicy { url, region },
        }
    }
}

impl NoticeStep {
    /// Applies the effect of the call.
    pub fn effect(&self, notices: &mut Notices) {
        match self {
            Self::Topic(step) => {
                let used = match step {
                    TopicStep::Create { key, .. } | TopicStep::SetKey { key, .. } => key.as_str(),
                    TopicStep::PutPolicy { .. } | TopicStep::Subscribe { .. } => "",
                };
                step.effect(&mut notices.topic, &behind(&notices.key, used));
            }
            Self::CreateQueue { policy, key: _ } => {
                notices.queue = Seen::Present(Queue { policy: Some(policy.clone()), encrypted: true });
            }
            Self::PutQueuePolicy { document, replaces: _ } => {
                if let Seen::Present(queue) = &mut notices.queue {
                    queue.policy = Some(document.clone());
                }
            }
        }
    }
}

impl fmt::Display for NoticeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Topic(step) => step.fmt(f),
            Self::CreateQueue { .. } => write!(f, "create SQS queue {MANAGED_TOPIC}"),
            Self::PutQueuePolicy { .. } => write!(f, "let topic {MANAGED_TOPIC} send to SQS queue {MANAGED_TOPIC}"),
        }
    }
}
