//! Changes made by one `UpdateTrail`. Changes of one trail by several controls become one call.

use super::view::TrailState;
use crate::settings::flow_logs::BucketName;
use serde_json::{Map, Value, json};
use std::fmt;

/// KMS key of a trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyChoice {
    /// ARN of the key, or of its alias if the key does not exist yet; empty to remove the key.
    pub id: String,
    /// Name of the key for people: the same before it is created and after.
    pub name: String,
}

impl KeyChoice {
    /// Creates a choice of a key from its id alone.
    #[must_use]
    pub fn of(id: &str) -> Self {
        Self { id: id.to_owned(), name: id.to_owned() }
    }
}

/// Settings in one `UpdateTrail` or `CreateTrail`. CloudTrail keeps all settings that are not named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Bucket and key prefix, from `S3BucketName` and `S3KeyPrefix`, which are set together.
    pub bucket: Option<BucketName>,
    /// Whether the trail covers all regions, from `IsMultiRegionTrail`.
    pub multi_region: Option<bool>,
    /// Whether digest files are written, from `EnableLogFileValidation`.
    pub validation: Option<bool>,
    /// KMS key, from `KmsKeyId`.
    pub key: Option<KeyChoice>,
    /// Log group and role, from `CloudWatchLogsLogGroupArn` and `CloudWatchLogsRoleArn`, which must be set together.
    pub logs: Option<(String, String)>,
    /// SNS topic, from `SnsTopicName`.
    pub topic: Option<String>,
}

impl Change {
    /// Merges another change of the same trail, unless the two contradict each other.
    pub fn absorb(&mut self, other: &Self) -> bool {
        let Self { bucket, multi_region, validation, key, logs, topic } = other;
        let fits = fits(self.bucket.as_ref(), bucket.as_ref())
            && fits(self.multi_region.as_ref(), multi_region.as_ref())
            && fits(self.validation.as_ref(), validation.as_ref())
            && fits(self.key.as_ref(), key.as_ref())
            && fits(self.logs.as_ref(), logs.as_ref())
            && fits(self.topic.as_ref(), topic.as_ref());
        if fits {
            take(&mut self.bucket, bucket.as_ref());
            self.multi_region = self.multi_region.or(*multi_region);
            self.validation = self.validation.or(*validation);
            take(&mut self.key, key.as_ref());
            take(&mut self.logs, logs.as_ref());
            take(&mut self.topic, topic.as_ref());
        }
        fits
    }

    /// Returns the current values of the same settings of a trail.
    #[must_use]
    pub fn of(&self, trail: &TrailState) -> Self {
        let current_logs = || (text(trail.logs.group_arn.as_ref()), text(trail.logs.role_arn.as_ref()));
        let files = &trail.facts.files;
        let prefix = || if files.prefix.is_empty() { String::new() } else { format!("{}/", files.prefix) };
        let current_bucket = || BucketName { name: files.bucket.clone(), prefix: prefix() };
        Self {
            bucket: self.bucket.as_ref().map(|_| current_bucket()),
            multi_region: self.multi_region.map(|_| trail.facts.multi_region),
            validation: self.validation.map(|_| trail.validation),
            key: self.key.as_ref().map(|_| KeyChoice::of(files.key_id.as_deref().unwrap_or_default())),
            logs: self.logs.as_ref().map(|_| current_logs()),
            topic: self.topic.as_ref().map(|_| text(trail.topic.as_ref())),
        }
    }

    /// Returns the members of the request.
    #[must_use]
    pub fn members(&self) -> Value {
        let Self { bucket, multi_region, validation, key, logs, topic } = self;
        let mut members = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                members.insert(name.to_owned(), value);
            }
        };
        put("S3BucketName", bucket.as_ref().map(|it| json!(it.name)));
        put("S3KeyPrefix", bucket.as_ref().map(|it| json!(it.prefix.trim_end_matches('/'))));
        put("IsMultiRegionTrail", multi_region.map(|it| json!(it)));
        put("EnableLogFileValidation", validation.map(|it| json!(it)));
        put("KmsKeyId", key.as_ref().map(|it| json!(it.id)));
        put("CloudWatchLogsLogGroupArn", logs.as_ref().map(|(group, _)| json!(group)));
        put("CloudWatchLogsRoleArn", logs.as_ref().map(|(_, role)| json!(role)));
        put("SnsTopicName", topic.as_ref().map(|it| json!(it)));
        Value::Object(members)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, multi_region, validation, key, logs, topic } = self;
        let mut parts = Vec::new();
        parts.extend(bucket.as_ref().map(|it| format!("bucket {it}")));
        parts.extend(multi_region.map(|on| if on { "every region" } else { "one region" }.to_owned()));
        parts.extend(validation.map(|on| format!("log file validation {}", if on { "on" } else { "off" })));
        parts.extend(key.as_ref().map(|key| match key.name.as_str() {
            "" => "no KMS key".to_owned(),
            name => format!("KMS key {name}"),
        }));
        parts.extend(logs.as_ref().map(|(group, _)| format!("CloudWatch Logs {group}")));
        parts.extend(topic.as_ref().map(|topic| format!("SNS topic {topic}")));
        f.write_str(&parts.join(", "))
    }
}

fn text(value: Option<&String>) -> String {
    value.cloned().unwrap_or_default()
}

fn fits<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

fn take<T: Clone>(one: &mut Option<T>, other: Option<&T>) {
    if one.is_none() {
        *one = other.cloned();
    }
}
