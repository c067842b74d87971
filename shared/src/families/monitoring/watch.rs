//! The API calls that can break the chain, or that it is there for. All of them lead to the account: it has one chain
//! for each control.

use crate::event::{ApiCall, Target, Watch};

/// What stands for the account among the resources of the family.
pub(super) const ACCOUNT: &str = "account";

/// The calls that CIS 4.8 is about. They change buckets, and nothing of the chain.
pub(super) const BUCKET_CALLS: &[&str] = &[
    "DeleteBucketCors",
    "DeleteBucketLifecycle",
    "DeleteBucketPolicy",
    "DeleteBucketReplication",
    "PutBucketAcl",
    "PutBucketCors",
    "PutBucketLifecycle",
    "PutBucketPolicy",
    "PutBucketReplication",
];

const fn of(rule: &'static str, service: &'static str, calls: &'static [&'static str]) -> Watch {
    Watch { rule, service, calls, target: account }
}

pub(super) const WATCHES: &[Watch] = &[
    of("S3Calls", "s3.amazonaws.com", BUCKET_CALLS),
    of("TrailCalls", "cloudtrail.amazonaws.com", &["CreateTrail", "UpdateTrail"]),
    of("LogsCalls", "logs.amazonaws.com", &["DeleteLogGroup", "DeleteMetricFilter", "PutMetricFilter"]),
    of("AlarmCalls", "monitoring.amazonaws.com", &["DeleteAlarms", "DisableAlarmActions", "PutMetricAlarm"]),
    of("TopicCalls", "sns.amazonaws.com", &["DeleteTopic", "SetTopicAttributes", "Unsubscribe"]),
];

/// What our own steps call.
pub(super) const OWN_CALLS: &[&str] = &[
    "CreateAlias",
    "CreateKey",
    "CreateTopic",
    "EnableAlarmActions",
    "EnableKeyRotation",
    "PutKeyPolicy",
    "PutMetricAlarm",
    "PutMetricFilter",
    "SetTopicAttributes",
    "Subscribe",
];

/// Which trail, filter, alarm or topic a record names is not needed: every link is read.
#[allow(clippy::unnecessary_wraps, reason = "this is what a watch has")]
fn account(_: &ApiCall) -> Result<Target, String> {
    Ok(Target::Named(ACCOUNT.to_owned()))
}
