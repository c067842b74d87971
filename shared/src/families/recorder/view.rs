//! What is read of AWS Config in one region, and of what its channel leans on.

use super::bucket::BucketAccess;
use super::managed::CHANNEL;
use super::scope::Scope;
use crate::model::{Region, Seen};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// AWS Config in one region.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The customer's recorder. Those that other services keep for themselves do not count.
    pub recorder: Seen<RecorderView>,
    /// The delivery channel.
    pub channel: Seen<Channel>,
    /// The service-linked role; not asked while no recorder was to be made.
    pub role: Seen<()>,
    /// Where the channels of other regions deliver, home's first; `None` where they were not asked, since no bucket was
    /// to be chosen. A region that may not be asked offers none: it is a choice, not a fact about this region.
    pub elsewhere: Option<Vec<ChannelDestination>>,
    /// The buckets that were looked at, by name.
    pub buckets: BTreeMap<String, BucketAccess>,
}

/// A configuration recorder of the customer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecorderView {
    /// Its name.
    pub name: String,
    /// Its ARN, which ends in what only AWS knows; `None` where it was not told.
    pub arn: Option<String>,
    /// The ARN of its role.
    pub role: String,
    /// What it records.
    pub scope: Scope,
    /// How it is doing.
    pub status: RecorderStatus,
}

/// How a recorder is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecorderStatus {
    /// Whether it is switched on.
    pub recording: bool,
    /// AWS's code and message, where its last status is `Failure`.
    pub failure: Option<String>,
}

/// A delivery channel, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// `s3BucketName`
    pub bucket: String,
    /// `s3KeyPrefix`
    pub prefix: Option<String>,
    /// `s3KmsKeyArn`
    pub key: Option<String>,
    /// `snsTopicARN`
    pub topic: Option<String>,
    /// `deliveryFrequency` of its snapshots.
    pub frequency: Option<String>,
}

/// Where the channel of another region delivers, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelDestination {
    /// That region.
    pub region: Region,
    /// The bucket.
    pub bucket: String,
    /// What the keys begin with, before `AWSLogs/`.
    pub prefix: Option<String>,
    /// The KMS key that is encrypted with.
    pub key: Option<String>,
}

impl Channel {
    /// A channel of ours that delivers there as the channel of another region does. Topics are not shared: AWS Config
    /// tells of each region in its own.
    pub(super) fn like(there: &ChannelDestination) -> Self {
        let ChannelDestination { region: _, bucket, prefix, key } = there.clone();
        Self { name: CHANNEL.to_owned(), bucket, prefix, key, topic: None, frequency: None }
    }

    /// In the form of the API.
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
