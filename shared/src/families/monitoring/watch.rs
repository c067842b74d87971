//! API calls that can break the chain, or that its alarms are about. All of them lead to the account, which has one
//! chain for each control.

use crate::event::{ApiCall, Target, Watch};

/// Id that stands for the account among the resources of the family.
pub(super) const ACCOUNT: &str = "account";

/// Calls that CIS 4.8 is about. They change buckets, and nothing in the chain.
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

/// Calls that take away the key of a topic, on which CloudWatch can then not publish. What they name does not say which
/// topic uses it.
const KEY_CALLS: &[&str] = &[
    "DeleteImportedKeyMaterial",
    "DisableKey",
    "DisconnectCustomKeyStore",
    "PutKeyPolicy",
    "ScheduleKeyDeletion",
    "UpdateAlias",
];

pub(super) const WATCHES: &[Watch] = &[
    of("KeyCalls", "kms.amazonaws.com", KEY_CALLS),
    of("S3Calls", "s3.amazonaws.com", BUCKET_CALLS),
    of(
        "TrailCalls",
        "cloudtrail.amazonaws.com",
        &["CreateTrail", "DeleteTrail", "PutEventSelectors", "StopLogging", "UpdateTrail"],
    ),
    of(
        "LogsCalls",
        "logs.amazonaws.com",
        &["DeleteLogGroup", "DeleteMetricFilter", "PutAccountPolicy", "PutMetricFilter", "PutTransformer"],
    ),
    of(
        "AlarmCalls",
        "monitoring.amazonaws.com",
        &["DeleteAlarmMuteRule", "DeleteAlarms", "DisableAlarmActions", "PutAlarmMuteRule", "PutMetricAlarm"],
    ),
    of(
        "TopicCalls",
        "sns.amazonaws.com",
        &[
            "DeleteTopic",
            "RemovePermission",
            "SetSubscriptionAttributes",
            "SetTopicAttributes",
            "Subscribe",
            "Unsubscribe",
        ],
    ),
    of("QueueCalls", "sqs.amazonaws.com", &["DeleteQueue", "RemovePermission", "SetQueueAttributes"]),
    // CloudTrail names the version of the API, too (https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html).
    of(
        "FunctionCalls",
        "lambda.amazonaws.com",
        &["DeleteFunction20150331", "RemovePermission20150331", "RemovePermission20150331v2"],
    ),
    of("StreamCalls", "firehose.amazonaws.com", &["DeleteDeliveryStream"]),
];

/// Calls that our own steps make.
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

/// Returns the account as target. Which resource a record names does not matter, since every link is read.
#[allow(clippy::unnecessary_wraps, reason = "this is what a watch has")]
fn account(_: &ApiCall) -> Result<Target, String> {
    Ok(Target::Named(ACCOUNT.to_owned()))
}
