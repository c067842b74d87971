//! Configurations of a bucket, converted to the SDK's types without loss.

use super::parse::{any_text, flag, items, number, text, texts};
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLoggingStatus, Event, EventBridgeConfiguration,
    ExpirationStatus, FilterRule, FilterRuleName, LambdaFunctionConfiguration, LifecycleExpiration, LifecycleRule,
    LifecycleRuleAndOperator, LifecycleRuleFilter, LoggingEnabled, NoncurrentVersionExpiration,
    NoncurrentVersionTransition, NotificationConfiguration, NotificationConfigurationFilter, PartitionDateSource,
    PartitionedPrefix, QueueConfiguration, S3KeyFilter, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, TargetObjectKeyFormat, TopicConfiguration,
    Transition, TransitionStorageClass,
};
use serde_json::Value;

/// Converts the lifecycle of a bucket; `None` if it has not the form of the API.
pub(super) fn lifecycle(value: &Value) -> Option<BucketLifecycleConfiguration> {
    let rules: Option<Vec<LifecycleRule>> = items(value, "Rules").map(rule).collect();
    BucketLifecycleConfiguration::builder().set_rules(Some(rules?)).build().ok()
}

fn rule(value: &Value) -> Option<LifecycleRule> {
    let transition = |it: &Value| {
        Transition::builder()
            .set_date(date(it, "Date"))
            .set_days(number(it, "Days"))
            .set_storage_class(class(it))
            .build()
    };
    let later = |it: &Value| {
        NoncurrentVersionTransition::builder()
            .set_noncurrent_days(number(it, "NoncurrentDays"))
            .set_newer_noncurrent_versions(number(it, "NewerNoncurrentVersions"))
            .set_storage_class(class(it))
            .build()
    };
    let expiration = value.get("Expiration").map(|it| {
        LifecycleExpiration::builder()
            .set_date(date(it, "Date"))
            .set_days(number(it, "Days"))
            .set_expired_object_delete_marker(flag(it, "ExpiredObjectDeleteMarker"))
            .build()
    });
    let end = value.get("NoncurrentVersionExpiration").map(|it| {
        NoncurrentVersionExpiration::builder()
            .set_noncurrent_days(number(it, "NoncurrentDays"))
            .set_newer_noncurrent_versions(number(it, "NewerNoncurrentVersions"))
            .build()
    });
    let uploads = value.get("AbortIncompleteMultipartUpload").map(|it| {
        AbortIncompleteMultipartUpload::builder().set_days_after_initiation(number(it, "DaysAfterInitiation")).build()
    });
    let some = |name: &str| value.get(name).is_some();
    let rule = LifecycleRule::builder()
        .set_id(any_text(value, "ID"))
        .set_filter(value.get("Filter").map(filter))
        .status(ExpirationStatus::from(text(value, "Status")?.as_str()))
        .set_transitions(some("Transitions").then(|| items(value, "Transitions").map(transition).collect()))
        .set_noncurrent_version_transitions(
            some("NoncurrentVersionTransitions")
                .then(|| items(value, "NoncurrentVersionTransitions").map(later).collect()),
        )
        .set_expiration(expiration)
        .set_noncurrent_version_expiration(end)
        .set_abort_incomplete_multipart_upload(uploads);
    #[allow(deprecated, reason = "rules of the old style have it, and go back as they were")]
    rule.set_prefix(any_text(value, "Prefix")).build().ok()
}

fn filter(value: &Value) -> LifecycleRuleFilter {
    let tag = |it: &Value| Tag::builder().set_key(any_text(it, "Key")).set_value(any_text(it, "Value")).build().ok();
    let and = value.get("And").map(|it| {
        let tags: Vec<Tag> = items(it, "Tags").filter_map(tag).collect();
        LifecycleRuleAndOperator::builder()
            .set_prefix(any_text(it, "Prefix"))
            .set_tags((!tags.is_empty()).then_some(tags))
            .set_object_size_greater_than(number(it, "ObjectSizeGreaterThan"))
            .set_object_size_less_than(number(it, "ObjectSizeLessThan"))
            .build()
    });
    LifecycleRuleFilter::builder()
        .set_prefix(any_text(value, "Prefix"))
        .set_tag(value.get("Tag").and_then(tag))
        .set_object_size_greater_than(number(value, "ObjectSizeGreaterThan"))
        .set_object_size_less_than(number(value, "ObjectSizeLessThan"))
        .set_and(and)
        .build()
}

fn class(value: &Value) -> Option<TransitionStorageClass> {
    text(value, "StorageClass").map(|class| TransitionStorageClass::from(class.as_str()))
}

fn date(value: &Value, name: &str) -> Option<DateTime> {
    DateTime::from_str(&text(value, name)?, DateTimeFormat::DateTime).ok()
}

/// Converts the default encryption of a bucket; `None` if it has not the form of the API.
pub(super) fn encryption(value: &Value) -> Option<ServerSideEncryptionConfiguration> {
    let by_default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::from(text(value, "SSEAlgorithm")?.as_str()))
        .set_kms_master_key_id(text(value, "KMSMasterKeyID"))
        .build()
        .ok()?;
    let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default).build();
    ServerSideEncryptionConfiguration::builder().rules(rule).build().ok()
}

/// Converts the server access logging of a bucket; `None` if it has not the form of the API.
pub(super) fn logging(value: &Value) -> Option<BucketLoggingStatus> {
    let Some(enabled) = value.get("LoggingEnabled") else { return Some(BucketLoggingStatus::builder().build()) };
    let format = enabled.get("TargetObjectKeyFormat").map(|format| {
        let source = format.get("PartitionedPrefix").and_then(|it| text(it, "PartitionDateSource"));
        let source = source.map(|source| PartitionDateSource::from(source.as_str()));
        let date = PartitionedPrefix::builder().set_partition_date_source(source).build();
        TargetObjectKeyFormat::builder().partitioned_prefix(date).build()
    });
    let enabled = LoggingEnabled::builder()
        .set_target_bucket(text(enabled, "TargetBucket"))
        .target_prefix(any_text(enabled, "TargetPrefix").unwrap_or_default())
        .set_target_object_key_format(format)
        .build()
        .ok()?;
    Some(BucketLoggingStatus::builder().logging_enabled(enabled).build())
}

/// Converts the notification configuration of a bucket; `None` if it has not the form of the API.
pub(super) fn notifications(value: &Value) -> Option<NotificationConfiguration> {
    let topic = |it: &Value| {
        TopicConfiguration::builder()
            .set_id(any_text(it, "Id"))
            .set_topic_arn(text(it, "TopicArn"))
            .set_events(Some(events(it)))
            .set_filter(it.get("Filter").map(keys))
            .build()
            .ok()
    };
    let queue = |it: &Value| {
        QueueConfiguration::builder()
            .set_id(any_text(it, "Id"))
            .set_queue_arn(text(it, "QueueArn"))
            .set_events(Some(events(it)))
            .set_filter(it.get("Filter").map(keys))
            .build()
            .ok()
    };
    let function = |it: &Value| {
        LambdaFunctionConfiguration::builder()
            .set_id(any_text(it, "Id"))
            .set_lambda_function_arn(text(it, "LambdaFunctionArn"))
            .set_events(Some(events(it)))
            .set_filter(it.get("Filter").map(keys))
            .build()
            .ok()
    };
    let topics: Vec<TopicConfiguration> = items(value, "TopicConfigurations").map(topic).collect::<Option<_>>()?;
    let queues: Vec<QueueConfiguration> = items(value, "QueueConfigurations").map(queue).collect::<Option<_>>()?;
    let functions = items(value, "LambdaFunctionConfigurations").map(function).collect::<Option<Vec<_>>>()?;
    let bridge = value.get("EventBridgeConfiguration").map(|_| EventBridgeConfiguration::builder().build());
    Some(
        NotificationConfiguration::builder()
            .set_topic_configurations((!topics.is_empty()).then_some(topics))
            .set_queue_configurations((!queues.is_empty()).then_some(queues))
            .set_lambda_function_configurations((!functions.is_empty()).then_some(functions))
            .set_event_bridge_configuration(bridge)
            .build(),
    )
}

fn events(value: &Value) -> Vec<Event> {
    texts(value, "Events").iter().map(|event| Event::from(event.as_str())).collect()
}

fn keys(value: &Value) -> NotificationConfigurationFilter {
    let rule = |it: &Value| {
        let name = text(it, "Name").map(|name| FilterRuleName::from(name.as_str()));
        FilterRule::builder().set_name(name).set_value(any_text(it, "Value")).build()
    };
    let rules = value.get("Key").map(|key| items(key, "FilterRules").map(rule).collect());
    NotificationConfigurationFilter::builder().key(S3KeyFilter::builder().set_filter_rules(rules).build()).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::bucket::aws::{notifications as read_notifications, rules};
    use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
    use serde_json::json;

    #[test]
    fn a_round_trip_of_a_lifecycle_loses_nothing() {
        let all = json!([
            {"ID": "old", "Prefix": "", "Status": "Enabled", "Expiration": {"Date": "2030-01-01T00:00:00Z"}},
            {"ID": "new", "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": ""}],
                "ObjectSizeGreaterThan": 1, "ObjectSizeLessThan": 9}}, "Status": "Disabled",
             "Transitions": [{"Days": 0, "StorageClass": "GLACIER"}, {"Date": "2031-01-01T00:00:00Z", "StorageClass": "DEEP_ARCHIVE"}],
             "NoncurrentVersionTransitions": [{"NoncurrentDays": 3, "NewerNoncurrentVersions": 2, "StorageClass": "GLACIER_IR"}],
             "Expiration": {"ExpiredObjectDeleteMarker": true},
             "NoncurrentVersionExpiration": {"NoncurrentDays": 90, "NewerNoncurrentVersions": 5},
             "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
            {"ID": "tag", "Filter": {"Tag": {"Key": "k", "Value": "v"}}, "Status": "Enabled", "Expiration": {"Days": 5}},
            {"ID": "all", "Filter": {"Prefix": ""}, "Status": "Enabled", "Expiration": {"Days": 6}},
        ]);
        let made = lifecycle(&json!({ "Rules": all })).expect("rules");
        assert_eq!(json!(rules::seen(made.rules(), None).rules), all);
    }

    #[test]
    fn a_round_trip_of_notifications_loses_nothing() {
        let filter =
            json!({"Key": {"FilterRules": [{"Name": "prefix", "Value": "a/"}, {"Name": "suffix", "Value": ""}]}});
        let all = json!({
            "TopicConfigurations": [{"Id": "1", "TopicArn": "t", "Events": ["s3:ObjectCreated:*"], "Filter": filter}],
            "QueueConfigurations": [{"Id": "2", "QueueArn": "q", "Events": ["s3:ObjectRemoved:*", "s3:ObjectRestore:Post"]}],
            "LambdaFunctionConfigurations": [{"Id": "3", "LambdaFunctionArn": "f", "Events": ["s3:ObjectCreated:Put"]}],
            "EventBridgeConfiguration": {},
        });
        let made = notifications(&all).expect("a configuration");
        let read = GetBucketNotificationConfigurationOutput::builder()
            .set_topic_configurations(made.topic_configurations)
            .set_queue_configurations(made.queue_configurations)
            .set_lambda_function_configurations(made.lambda_function_configurations)
            .set_event_bridge_configuration(made.event_bridge_configuration)
            .build();
        assert_eq!(read_notifications::seen(&read).json(), all);
    }
}
