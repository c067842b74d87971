//! Conversion of notification configurations between the SDK's types and those of views and reports.

use crate::families::bucket::view::Notifications;
use aws_sdk_s3::operation::get_bucket_notification_configuration::GetBucketNotificationConfigurationOutput;
use aws_sdk_s3::types::{Event, EventBridgeConfiguration, NotificationConfiguration, NotificationConfigurationFilter};
use serde_json::{Map, Value, json};

/// Returns the notification configuration of a bucket in the form of the API.
pub(crate) fn seen(read: &GetBucketNotificationConfigurationOutput) -> Notifications {
    let one =
        |id: Option<&str>, arn: (&str, &str), events: &[Event], filter: Option<&NotificationConfigurationFilter>| {
            let mut all = Map::new();
            all.extend(id.map(|id| ("Id".to_owned(), json!(id))));
            all.insert(arn.0.to_owned(), json!(arn.1));
            all.insert("Events".to_owned(), events.iter().map(Event::as_str).collect());
            all.extend(filter.map(|filter| ("Filter".to_owned(), rules(filter))));
            Value::Object(all)
        };
    let topics = read.topic_configurations().iter();
    let topics = topics.map(|it| one(it.id(), ("TopicArn", it.topic_arn()), it.events(), it.filter()));
    let queues = read.queue_configurations().iter();
    let queues = queues.map(|it| one(it.id(), ("QueueArn", it.queue_arn()), it.events(), it.filter()));
    let functions = read.lambda_function_configurations().iter();
    let functions =
        functions.map(|it| one(it.id(), ("LambdaFunctionArn", it.lambda_function_arn()), it.events(), it.filter()));
    let lists: [(&str, Vec<Value>); 3] = [
        ("TopicConfigurations", topics.collect()),
        ("QueueConfigurations", queues.collect()),
        ("LambdaFunctionConfigurations", functions.collect()),
    ];
    let there = lists.into_iter().filter(|(_, all)| !all.is_empty());
    let others = there.map(|(name, all)| (name.to_owned(), Value::Array(all))).collect();
    Notifications { others: Value::Object(others), event_bridge: read.event_bridge_configuration().is_some() }
}

fn rules(filter: &NotificationConfigurationFilter) -> Value {
    let rules = filter.key().map(aws_sdk_s3::types::S3KeyFilter::filter_rules).unwrap_or_default().iter();
    let added_rule = |name: Option<&str>, value| json!({ "Name": name, "Value": value });
    let rules: Vec<Value> =
        rules.map(|it| added_rule(it.name().map(aws_sdk_s3::types::FilterRuleName::as_str), it.value())).collect();
    json!({ "Key": { "FilterRules": rules } })
}

/// Adds EventBridge to a notification configuration, in the SDK's own types, so that nothing is lost by conversion.
pub(super) fn with_event_bridge(read: GetBucketNotificationConfigurationOutput) -> NotificationConfiguration {
    NotificationConfiguration::builder()
        .set_topic_configurations(read.topic_configurations)
        .set_queue_configurations(read.queue_configurations)
        .set_lambda_function_configurations(read.lambda_function_configurations)
        .event_bridge_configuration(EventBridgeConfiguration::builder().build())
        .build()
}
