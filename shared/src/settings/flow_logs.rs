//! Settings for the flow log that a VPC without one gets. Pure.

use super::{SettingsError, table};
use crate::model::Arn;
use serde_json::{Value, json};
use std::fmt;

/// Traffic and destination of the flow logs that Trailkeeper creates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Traffic to log.
    pub traffic: Traffic,
    /// Aggregation interval in seconds.
    pub interval: u16,
    /// S3 bucket and key prefix of the destination; `None` means one of our log groups.
    pub bucket: Option<BucketName>,
}

/// Traffic to log, from `TrafficType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Traffic {
    /// All traffic.
    All,
    /// Traffic that security groups and network ACLs rejected.
    Reject,
    /// Traffic that security groups and network ACLs accepted.
    Accept,
}

/// Location in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketName {
    /// Name of the bucket.
    pub name: String,
    /// Key prefix, empty or ending in a slash.
    pub prefix: String,
}

const TRAFFIC: &str = table::FLOW_LOG_TRAFFIC.name;
const INTERVAL: &str = table::FLOW_LOG_INTERVAL.name;
const BUCKET: &str = table::FLOW_LOG_BUCKET.name;

impl Default for Wanted {
    fn default() -> Self {
        Self { traffic: Traffic::All, interval: 600, bucket: None }
    }
}

impl Wanted {
    /// Parses the settings, taking each out of the variables by its name.
    ///
    /// # Errors
    /// Returns an error for the first variable that is invalid.
    pub fn parse(mut take: impl FnMut(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let usual = Self::default();
        Ok(Self {
            traffic: match take(TRAFFIC) {
                None => usual.traffic,
                Some(word) => [Traffic::All, Traffic::Reject]
                    .into_iter()
                    .find(|traffic| traffic.as_str() == word)
                    .ok_or_else(|| wrong(TRAFFIC, "must be ALL or REJECT", &word))?,
            },
            interval: match take(INTERVAL) {
                None => usual.interval,
                Some(word) => [60, 600]
                    .into_iter()
                    .find(|seconds: &u16| seconds.to_string() == word)
                    .ok_or_else(|| wrong(INTERVAL, "must be 60 or 600 seconds", &word))?,
            },
            bucket: match take(BUCKET) {
                None => usual.bucket,
                Some(word) => Some(BucketName::parse(&word).ok_or_else(|| {
                    wrong(BUCKET, "must be `bucket` or `bucket/prefix`; a prefix must not contain AWSLogs", &word)
                })?),
            },
        })
    }
}

fn wrong(name: &'static str, problem: &str, value: &str) -> SettingsError {
    SettingsError { name, problem: problem.to_owned(), value: value.to_owned() }
}

impl Traffic {
    /// Returns the value as the API spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Reject => "REJECT",
            Self::Accept => "ACCEPT",
        }
    }
}

impl BucketName {
    /// Parses a bucket with a prefix. "You cannot use `AWSLogs` as a subfolder name" ([VPC user guide, publish flow
    /// logs to Amazon S3]).
    ///
    /// [VPC user guide, publish flow logs to Amazon S3]: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-s3-create-flow-log.html
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.strip_prefix("s3://").or_else(|| resource(word)).unwrap_or(word);
        let (name, prefix) = word.split_once('/').unwrap_or((word, ""));
        let prefix = prefix.trim_matches('/');
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
        let is_name = (3..=63).contains(&name.len()) && name.bytes().all(legal);
        let is_prefix = !prefix.split('/').any(|folder| folder == "AWSLogs") && !prefix.contains(['*', '?', '$']);
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        (is_name && is_prefix).then(|| Self { name: name.to_owned(), prefix })
    }

    /// Returns the ARN, as a destination of a flow log.
    #[must_use]
    pub fn arn(&self, partition: &str) -> String {
        format!("arn:{partition}:s3:::{}/{}", self.name, self.prefix).trim_end_matches('/').to_owned()
    }

    /// Returns the value in the form of a report.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({ "Bucket": self.name, "Prefix": self.prefix })
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, prefix } = self;
        f.write_str(format!("{name}/{prefix}").trim_end_matches('/'))
    }
}

fn resource(arn: &str) -> Option<&str> {
    Arn::parse(arn).filter(|arn| arn.service == "s3").map(|arn| arn.resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str, value: &str) -> Result<Wanted, SettingsError> {
        Wanted::parse(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn settings_are_read_and_slips_are_named() {
        assert_eq!(Wanted::parse(|_| None), Ok(Wanted::default()));
        assert_eq!(parse(TRAFFIC, "REJECT").expect("a setting").traffic, Traffic::Reject);
        assert_eq!(parse(INTERVAL, "60").expect("a setting").interval, 60);
        for (name, value) in [
            (TRAFFIC, "ACCEPT"),
            (TRAFFIC, "all"),
            (INTERVAL, "300"),
            (BUCKET, "Logs"),
            (BUCKET, "logs/AWSLogs/x"),
            (BUCKET, "logs/*"),
            (BUCKET, "arn:aws:logs:eu-west-1:111122223333:log-group:x"),
        ] {
            assert_eq!(parse(name, value).expect_err(value).name, name);
        }
    }

    #[test]
    fn a_place_in_s3_is_understood_in_every_spelling() {
        for word in ["logs/vpc", "logs/vpc/", "s3://logs/vpc", "arn:aws:s3:::logs/vpc/"] {
            let bucket = BucketName::parse(word).expect(word);
            assert_eq!((bucket.name.as_str(), bucket.prefix.as_str()), ("logs", "vpc/"));
            assert_eq!(bucket.arn("aws-cn"), "arn:aws-cn:s3:::logs/vpc");
        }
        assert_eq!(BucketName::parse("logs").expect("a bucket").arn("aws"), "arn:aws:s3:::logs");
    }
}
