//! View of AWS Config in one region, and of what its channel depends on.

use super::bucket::BucketAccess;
use super::managed::CHANNEL;
use super::scope::Scope;
use crate::model::{Region, Seen};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// AWS Config in one region.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct View {
    /// Recorder of the customer. Recorders reserved for other services do not count.
    pub recorder: Seen<RecorderView>,
    /// Delivery channel.
    pub channel: Seen<Channel>,
    /// Service-linked role; not asked unless a recorder is to be created.
    pub role: Seen<()>,
    /// Destinations of other regions' channels, that of the home region first; `None` if they were not read, since no
    /// bucket was to be chosen. A region that denies reading offers none: it is an option, not a fact about this
    /// region.
    pub elsewhere: Option<Vec<ChannelDestination>>,
    /// Buckets that were read, by name.
    pub buckets: BTreeMap<String, BucketAccess>,
}

/// Configuration recorder of a customer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RecorderView {
    /// Name of the recorder.
    pub name: String,
    /// ARN of the recorder, which ends in a suffix that only AWS knows; `None` if AWS did not return it.
    pub arn: Option<String>,
    /// ARN of the role.
    pub role: String,
    /// Scope of the recorder.
    pub scope: Scope,
    /// Status of the recorder.
    pub status: RecorderStatus,
}

/// Status of a recorder.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RecorderStatus {
    /// Whether the recorder is switched on.
    pub recording: bool,
    /// Error code and message of AWS, if the last status is `Failure`.
    pub failure: Option<String>,
}

/// Complete delivery channel.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Channel {
    /// Name of the channel.
    pub name: String,
    /// Name of the bucket, from `s3BucketName`.
    pub bucket: String,
    /// Key prefix, from `s3KeyPrefix`.
    pub prefix: Option<String>,
    /// ARN of the KMS key, from `s3KmsKeyArn`.
    pub key: Option<String>,
    /// ARN of the topic, from `snsTopicARN`.
    pub topic: Option<String>,
    /// Frequency of snapshots, from `deliveryFrequency`.
    pub frequency: Option<String>,
}

/// Destination of another region's channel.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ChannelDestination {
    /// Region of that channel.
    pub region: Region,
    /// Name of the bucket.
    pub bucket: String,
    /// Key prefix, before `AWSLogs/`.
    pub prefix: Option<String>,
    /// KMS key used for encryption.
    pub key: Option<String>,
}

impl Channel {
    /// Returns a channel of ours with the destination of another region's channel. Topics are not shared: AWS Config
    /// notifies for each region separately.
    pub(super) fn like(there: &ChannelDestination) -> Self {
        let ChannelDestination { region: _, bucket, prefix, key } = there.clone();
        Self { name: CHANNEL.to_owned(), bucket, prefix, key, topic: None, frequency: None }
    }

    /// Returns the channel in the form of the API.
    #[must_use]
    pub fn json(&self) -> Value {
        let Self { name, bucket, prefix, key, topic, frequency } = self;
        let mut all = Map::from_iter([
            ("name".to_owned(), Value::from(name.as_str())),
            ("s3BucketName".to_owned(), Value::from(bucket.as_str())),
        ]);
        for (member, value) in [("s3KeyPrefix", prefix), ("s3KmsKeyArn", key), ("snsTopicARN", topic)] {
            all.extend(value.as_deref().map(|value| (member.to_owned(), Value::from(value))));
        }
        let properties = frequency.as_ref().map(|it| json!({ "deliveryFrequency": it }));
        all.extend(properties.map(|it| ("configSnapshotDeliveryProperties".to_owned(), it)));
        Value::Object(all)
    }
}
