//! What tells of delivered log files: a topic, a queue behind it for a SIEM, and the key of both. Pure.

use crate::model::Seen;
use crate::our_key::{Key, KeyNeed, OurKey};
use crate::place::Place;
use crate::policy::{compiled, fill_in};
use serde_json::{Value, json};
use std::fmt;

/// The topic and the queue that we make for trails without, in the trail's home region.
pub const OUR_TOPIC: &str = "trailkeeper-cloudtrail-delivery";
/// The key that encrypts both.
pub const OUR_NOTICES_KEY: &str = "alias/trailkeeper-notifications";

/// What there is to tell of a trail's deliveries.
#[derive(Debug, Clone, PartialEq)]
pub struct Notices {
    /// The trail's topic; ours, where it has none or one that is gone.
    pub topic: Seen<Topic>,
    /// Our queue; `None` where the topic is not ours.
    pub queue: Option<Seen<Queue>>,
    /// Our key; `None` where the topic is not ours.
    pub key: Option<Seen<Key>>,
}

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
    /// Whether our queue is subscribed; not asked where the topic is not ours.
    pub feeds_queue: Option<Seen<bool>>,
}

/// An SQS queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// Its policy; absent where it has none.
    pub policy: Option<Value>,
    /// Whether it is encrypted, with whatever key.
    pub encrypted: bool,
}

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

pub(super) fn topic_arn(place: &Place) -> String {
    format!("arn:{}:sns:{}:{}:{OUR_TOPIC}", place.partition, place.region, place.account)
}

pub(super) fn queue_arn(place: &Place) -> String {
    format!("arn:{}:sqs:{}:{}:{OUR_TOPIC}", place.partition, place.region, place.account)
}

pub(super) fn topic_policy(place: &Place) -> Value {
    let document = compiled(include_str!("../../../policies/notices-topic.json"), place);
    fill_in(&document, &[("TopicArn", &topic_arn(place))])
}

pub(super) fn queue_policy(place: &Place) -> Value {
    let document = compiled(include_str!("../../../policies/notices-queue.json"), place);
    fill_in(&document, &[("TopicArn", &topic_arn(place)), ("QueueArn", &queue_arn(place))])
}

pub(super) fn our_key(place: &Place) -> OurKey {
    OurKey {
        alias: OUR_NOTICES_KEY,
        purpose: "Encrypts notices of delivered CloudTrail log files. Made by Trailkeeper.",
        policy: compiled(include_str!("../../../policies/notices-key.json"), place),
    }
}

/// What `CloudTrail` needs of the key of an encrypted topic ([CloudTrail user guide, SNS]).
///
/// [CloudTrail user guide, SNS]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-permissions-for-sns-notifications.html
pub(super) fn trail_needs<'a>(place: &'a Place, trail_arn: &'a str) -> KeyNeed<'a> {
    KeyNeed {
        service: "cloudtrail.amazonaws.com",
        known: vec![
            ("aws:SourceArn", trail_arn),
            ("aws:SourceAccount", &place.account),
            ("aws:SecureTransport", "true"),
        ],
        actions: &[("kms:GenerateDataKey", "AllowCloudTrailToNotify"), ("kms:Decrypt", "AllowCloudTrailToNotify")],
    }
}

/// What SNS needs of the key of an encrypted queue.
pub(super) fn topic_needs<'a>(place: &'a Place, topic_arn: &'a str) -> KeyNeed<'a> {
    KeyNeed {
        service: "sns.amazonaws.com",
        known: vec![
            ("aws:SourceArn", topic_arn),
            ("aws:SourceAccount", &place.account),
            ("aws:SecureTransport", "true"),
        ],
        actions: &[("kms:GenerateDataKey", "AllowTopicToFillQueue"), ("kms:Decrypt", "AllowTopicToFillQueue")],
    }
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
