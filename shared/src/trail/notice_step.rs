//! The calls that make or repair what tells of delivered log files.

use super::notices::{Notices, OUR_TOPIC, Queue, Topic};
use crate::model::Seen;
use serde_json::{Value, json};
use std::fmt;

/// One call that makes or repairs them.
#[derive(Debug, Clone, PartialEq)]
pub enum NoticeStep {
    /// `sns:CreateTopic`, tagged, encrypted and with its policy.
    CreateTopic {
        /// Its ARN.
        arn: String,
        /// Its policy.
        policy: Value,
        /// The key that encrypts it: its ARN, or its alias's where it is yet to be made.
        key: String,
    },
    /// `sns:SetTopicAttributes` of the policy of our topic.
    PutTopicPolicy {
        /// The topic.
        arn: String,
        /// The whole document.
        document: Value,
        /// The one that it has.
        replaces: Value,
    },
    /// `sqs:CreateQueue`, tagged, encrypted and with its policy.
    CreateQueue {
        /// Its policy.
        policy: Value,
        /// The key that encrypts it.
        key: String,
    },
    /// `sqs:SetQueueAttributes` of the policy of our queue.
    PutQueuePolicy {
        /// The whole document.
        document: Value,
        /// The one that it has.
        replaces: Option<Value>,
    },
    /// `sns:Subscribe` of the queue to the topic.
    Subscribe {
        /// The topic.
        topic: String,
        /// The queue's ARN.
        queue: String,
    },
}

impl NoticeStep {
    /// The IAM actions of the call; the first is the call itself.
    #[must_use]
    pub fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::CreateTopic { .. } => &["sns:CreateTopic", "sns:TagResource"],
            Self::PutTopicPolicy { .. } => &["sns:SetTopicAttributes"],
            Self::CreateQueue { .. } => &["sqs:CreateQueue", "sqs:TagQueue"],
            Self::PutQueuePolicy { .. } => &["sqs:SetQueueAttributes"],
            Self::Subscribe { .. } => &["sns:Subscribe"],
        }
    }

    /// Its place among these calls.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self {
            Self::CreateTopic { .. } => 0,
            Self::PutTopicPolicy { .. } => 1,
            Self::CreateQueue { .. } => 2,
            Self::PutQueuePolicy { .. } => 3,
            Self::Subscribe { .. } => 4,
        }
    }

    /// What the call does.
    pub fn effect(&self, notices: &mut Notices) {
        match self {
            Self::CreateTopic { arn, policy, key } => {
                let ours = notices.key.clone().unwrap_or(Seen::Absent);
                notices.topic = Seen::Present(Topic {
                    arn: arn.clone(),
                    policy: policy.clone(),
                    key_id: Some(key.clone()),
                    key: ours,
                    feeds_queue: Some(Seen::Present(false)),
                });
            }
            Self::PutTopicPolicy { arn: _, document, replaces: _ } => {
                if let Seen::Present(topic) = &mut notices.topic {
                    topic.policy = document.clone();
                }
            }
            Self::CreateQueue { policy, key: _ } => {
                notices.queue = Some(Seen::Present(Queue { policy: Some(policy.clone()), encrypted: true }));
            }
            Self::PutQueuePolicy { document, replaces: _ } => {
                if let Some(Seen::Present(queue)) = &mut notices.queue {
                    queue.policy = Some(document.clone());
                }
            }
            Self::Subscribe { .. } => {
                if let Seen::Present(topic) = &mut notices.topic {
                    topic.feeds_queue = Some(Seen::Present(true));
                }
            }
        }
    }

    /// What the call replaces.
    #[must_use]
    pub fn before(&self) -> Option<Value> {
        match self {
            Self::PutTopicPolicy { replaces, .. } => Some(replaces.clone()),
            Self::PutQueuePolicy { replaces, .. } => replaces.clone(),
            Self::CreateTopic { .. } | Self::CreateQueue { .. } | Self::Subscribe { .. } => None,
        }
    }

    /// What the call puts there.
    #[must_use]
    pub fn after(&self) -> Value {
        match self {
            Self::CreateTopic { arn, policy, key } => {
                json!({ "TopicArn": arn, "Policy": policy, "KmsMasterKeyId": key })
            }
            Self::CreateQueue { policy, key } => {
                json!({ "QueueName": OUR_TOPIC, "Policy": policy, "KmsMasterKeyId": key })
            }
            Self::PutTopicPolicy { document, .. } | Self::PutQueuePolicy { document, .. } => document.clone(),
            Self::Subscribe { topic, queue } => json!({ "TopicArn": topic, "Protocol": "sqs", "Endpoint": queue }),
        }
    }

    /// How a person takes it back.
    #[must_use]
    pub fn undo(&self) -> String {
        match self {
            Self::CreateTopic { arn, .. } => {
                format!("aws sns delete-topic --topic-arn {arn} (once no trail notifies it)")
            }
            Self::PutTopicPolicy { arn, .. } => format!(
                "aws sns set-topic-attributes --topic-arn {arn} --attribute-name Policy --attribute-value (the document before, in this report)"
            ),
            Self::CreateQueue { .. } => format!("aws sqs delete-queue --queue-url (the URL of {OUR_TOPIC})"),
            Self::PutQueuePolicy { .. } => format!(
                "aws sqs set-queue-attributes --queue-url (the URL of {OUR_TOPIC}) --attributes (the policy before, in this report)"
            ),
            Self::Subscribe { topic, .. } => {
                format!("aws sns unsubscribe --subscription-arn (that of queue {OUR_TOPIC} in topic {topic})")
            }
        }
    }
}

impl fmt::Display for NoticeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateTopic { .. } => write!(f, "create SNS topic {OUR_TOPIC}"),
            Self::PutTopicPolicy { .. } => write!(f, "let CloudTrail publish to SNS topic {OUR_TOPIC}"),
            Self::CreateQueue { .. } => write!(f, "create SQS queue {OUR_TOPIC}"),
            Self::PutQueuePolicy { .. } => write!(f, "let topic {OUR_TOPIC} fill SQS queue {OUR_TOPIC}"),
            Self::Subscribe { .. } => write!(f, "subscribe queue {OUR_TOPIC} to topic {OUR_TOPIC}"),
        }
    }
}
