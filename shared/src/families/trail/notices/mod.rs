//! Announcements of delivered log files: a topic, a queue behind it for a SIEM, and the key of both. Pure.

pub(super) mod step;
pub(super) mod wanted;

use crate::documents::policy::{compiled, document, fill_in};
use crate::managed::key::keeper::Keeper;
use crate::managed::key::wanted::ManagedKey;
use crate::managed::key::{KeyNeed, KeyView};
use crate::managed::topic::Topic;
use crate::model::{Place, Seen};
use serde_json::Value;

/// Name of the topic and the queue that Trailkeeper creates for trails without them, in the trail's home region.
pub const MANAGED_TOPIC: &str = "trailkeeper-cloudtrail-delivery";
/// Alias of the key that encrypts topic and queue.
pub const MANAGED_NOTICES_KEY: &str = "alias/trailkeeper-notifications";

/// Topic, queue and key that announce a trail's deliveries.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Notices {
    /// Topic of the trail; ours if there is none or it is gone.
    pub topic: Seen<Topic>,
    /// Our queue; not asked if the topic is not ours.
    pub queue: Seen<Queue>,
    /// Our key; not asked if the topic is not ours.
    pub key: Seen<KeyView>,
}

/// SQS queue.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Queue {
    /// Policy of the queue; absent if there is none.
    pub policy: Option<Value>,
    /// Whether the queue is encrypted, with whatever key.
    pub encrypted: bool,
}

pub(super) fn topic_arn(place: &Place) -> String {
    format!("arn:{}:sns:{}:{}:{MANAGED_TOPIC}", place.partition, place.region, place.account)
}

pub(super) fn queue_arn(place: &Place) -> String {
    format!("arn:{}:sqs:{}:{}:{MANAGED_TOPIC}", place.partition, place.region, place.account)
}

pub(super) fn topic_policy(place: &Place) -> Value {
    let document = compiled(document!("notices-topic.json"), place);
    fill_in(&document, &[("TopicArn", &topic_arn(place))])
}

pub(super) fn queue_policy(place: &Place) -> Value {
    let document = compiled(document!("notices-queue.json"), place);
    fill_in(&document, &[("TopicArn", &topic_arn(place)), ("QueueArn", &queue_arn(place))])
}

pub(super) fn managed_key(place: &Place) -> ManagedKey {
    ManagedKey {
        alias: MANAGED_NOTICES_KEY,
        purpose: "Encrypts notices of delivered CloudTrail log files. Made by Trailkeeper.",
        policy: compiled(document!("notices-key.json"), place),
        keeper: Keeper::of(place, "trail"),
    }
}

/// Returns what CloudTrail requires of the key of an encrypted topic ([CloudTrail user guide, SNS]).
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

/// Returns what SNS requires of the key of an encrypted queue.
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
