//! Property of an AWS resource: what a call sets, and how it is set back.

use super::place::{Arn, Place, Region};
use super::shell::Command;
use super::undo::Undo;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One property of one AWS resource, or a resource as a whole: something that is read, set and taken away by one call
/// each. Its value is JSON in the form of the API; a property without a value is not there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "property", rename_all = "kebab-case")]
pub enum Property {
    /// Alarm; its value is the request of `cloudwatch:PutMetricAlarm`.
    Alarm {
        /// Region of the alarm.
        region: Region,
        /// Name of the alarm.
        name: String,
    },
    /// Whether an alarm tells anybody: `ActionsEnabled`.
    AlarmActions {
        /// Region of the alarm.
        region: Region,
        /// Name of the alarm.
        name: String,
    },
    /// Bucket.
    Bucket {
        /// Name of the bucket.
        bucket: String,
    },
    /// Default encryption of a bucket.
    BucketEncryption {
        /// Name of the bucket.
        bucket: String,
    },
    /// Lifecycle rules of a bucket: `Rules` and `TransitionDefaultMinimumObjectSize`.
    BucketLifecycle {
        /// Name of the bucket.
        bucket: String,
    },
    /// Server access logging of a bucket: `BucketLoggingStatus`.
    BucketLogging {
        /// Name of the bucket.
        bucket: String,
    },
    /// Event notifications of a bucket: `NotificationConfiguration`.
    BucketNotifications {
        /// Name of the bucket.
        bucket: String,
    },
    /// Policy of a bucket.
    BucketPolicy {
        /// Name of the bucket.
        bucket: String,
    },
    /// Block public access settings of a bucket: `PublicAccessBlockConfiguration`.
    BucketPublicAccessBlock {
        /// Name of the bucket.
        bucket: String,
    },
    /// Delivery channel of AWS Config; its value is `DeliveryChannel`.
    ConfigChannel {
        /// Region of the channel.
        region: Region,
        /// Name of the channel.
        name: String,
    },
    /// Configuration recorder of AWS Config; its value is `ConfigurationRecorder`.
    ConfigRecorder {
        /// Region of the recorder.
        region: Region,
        /// Name of the recorder.
        name: String,
    },
    /// Whether a configuration recorder records: `recording`.
    ConfigRecording {
        /// Region of the recorder.
        region: Region,
        /// Name of the recorder.
        name: String,
    },
    /// Flow log of a VPC; its value is the request of `ec2:CreateFlowLogs`.
    FlowLog {
        /// Region of the VPC.
        region: Region,
        /// Id of the VPC.
        vpc: String,
        /// Id of the flow log, if it exists.
        id: Option<String>,
    },
    /// KMS key.
    Key {
        /// Region of the key.
        region: Region,
        /// Alias that the key is made for.
        alias: String,
    },
    /// Alias of a KMS key.
    KeyAlias {
        /// Region of the key.
        region: Region,
        /// Name of the alias.
        alias: String,
    },
    /// Policy of a KMS key.
    KeyPolicy {
        /// ARN of the key.
        key: String,
    },
    /// Rotation of a KMS key: `KeyRotationEnabled` and `RotationPeriodInDays`.
    KeyRotation {
        /// Region of the key.
        region: Region,
        /// Id or ARN of the key.
        key: String,
    },
    /// Log group.
    LogGroup {
        /// Region of the log group.
        region: Region,
        /// Name of the log group.
        name: String,
    },
    /// Retention of a log group: `retentionInDays`.
    LogGroupRetention {
        /// Region of the log group.
        region: Region,
        /// Name of the log group.
        name: String,
    },
    /// Metric filter of a log group; its value is the request of `logs:PutMetricFilter`.
    MetricFilter {
        /// Region of the log group.
        region: Region,
        /// Name of the log group.
        group: String,
        /// Name of the filter.
        name: String,
    },
    /// SQS queue.
    Queue {
        /// URL of the queue.
        url: String,
        /// Region of the queue.
        region: Region,
    },
    /// Policy of an SQS queue.
    QueuePolicy {
        /// URL of the queue.
        url: String,
        /// Region of the queue.
        region: Region,
    },
    /// IAM role.
    Role {
        /// Name of the role.
        role: String,
    },
    /// Permissions boundary of an IAM role: `PermissionsBoundary`, the ARN of a policy.
    RoleBoundary {
        /// Name of the role.
        role: String,
    },
    /// Inline policy of an IAM role.
    RolePolicy {
        /// Name of the role.
        role: String,
        /// Name of the policy.
        policy: String,
    },
    /// Trust policy of an IAM role.
    RoleTrust {
        /// Name of the role.
        role: String,
    },
    /// Logging role of a Transfer Family server: `LoggingRole`.
    ServerLoggingRole {
        /// Region of the server.
        region: Region,
        /// Id of the server.
        server: String,
    },
    /// Service-linked role.
    ServiceLinkedRole {
        /// Name of the role.
        role: String,
    },
    /// Subscription to an SNS topic.
    Subscription {
        /// ARN of the topic.
        topic: String,
        /// Protocol of the subscription.
        protocol: String,
        /// Endpoint of the subscription.
        endpoint: String,
        /// ARN of the subscription, if it exists.
        arn: Option<String>,
    },
    /// SNS topic.
    Topic {
        /// ARN of the topic.
        arn: String,
    },
    /// Encryption key of an SNS topic: `KmsMasterKeyId`.
    TopicKey {
        /// ARN of the topic.
        arn: String,
    },
    /// Policy of an SNS topic.
    TopicPolicy {
        /// ARN of the topic.
        arn: String,
    },
    /// Trail.
    Trail {
        /// ARN of the trail.
        arn: String,
    },
    /// Whether a trail logs: `IsLogging`.
    TrailLogging {
        /// ARN of the trail.
        arn: String,
    },
    /// Event selectors of a trail, basic or advanced.
    TrailSelectors {
        /// ARN of the trail.
        arn: String,
    },
    /// Settings of a trail: those members of `cloudtrail:UpdateTrail` that the value has.
    TrailSettings {
        /// ARN of the trail.
        arn: String,
    },
}

impl Property {
    /// Returns the SQS queue with this name in a place.
    #[must_use]
    pub fn queue_url(place: &Place, name: &str) -> String {
        let Place { partition, account, region } = place;
        let suffix = if partition == "aws-cn" { ".cn" } else { "" };
        format!("https://sqs.{region}.amazonaws.com{suffix}/{account}/{name}")
    }

    /// Returns the property with the id that AWS gave to it.
    #[must_use]
    pub fn identified(self, made: Option<String>) -> Self {
        match self {
            Self::FlowLog { region, vpc, id } => Self::FlowLog { region, vpc, id: made.or(id) },
            other => other,
        }
    }

    /// Returns the bucket of whose configuration it is a part, or that it is.
    #[must_use]
    pub fn bucket(&self) -> Option<&str> {
        match self {
            Self::Bucket { bucket }
            | Self::BucketEncryption { bucket }
            | Self::BucketLifecycle { bucket }
            | Self::BucketLogging { bucket }
            | Self::BucketNotifications { bucket }
            | Self::BucketPolicy { bucket }
            | Self::BucketPublicAccessBlock { bucket } => Some(bucket),
            _ => None,
        }
    }

    /// Returns the command that gives the property an earlier value, or takes it away if it had none; or instructions in
    /// words where no command with known arguments does it.
    #[must_use]
    #[allow(clippy::too_many_lines, reason = "a few lines for each property")]
    pub fn restore(&self, before: Option<&Value>) -> Undo {
        let member = |name: &str| before.and_then(|it| it.get(name)).cloned().unwrap_or_default();
        let text = |name: &str| member(name).as_str().unwrap_or_default().to_owned();
        match self {
            Self::Alarm { region, name } => match before {
                Some(old) => regional("cloudwatch", "put-metric-alarm", region).members(old.clone()).into(),
                None => regional("cloudwatch", "delete-alarms", region).with("AlarmNames", vec![name.as_str()]).into(),
            },
            Self::AlarmActions { region, name } => {
                let on = member("ActionsEnabled") == true;
                let operation = if on { "enable-alarm-actions" } else { "disable-alarm-actions" };
                regional("cloudwatch", operation, region).with("AlarmNames", vec![name.as_str()]).into()
            }
            Self::Bucket { bucket } => {
                Undo::once("nothing delivers there, and it is empty", of_bucket("delete-bucket", bucket))
            }
            Self::BucketEncryption { bucket } => match before {
                Some(old) => {
                    let rules = json!({ "Rules": [{ "ApplyServerSideEncryptionByDefault": old }] });
                    of_bucket("put-bucket-encryption", bucket).with("ServerSideEncryptionConfiguration", rules).into()
                }
                None => of_bucket("delete-bucket-encryption", bucket).into(),
            },
            Self::BucketLifecycle { bucket } if before.is_none() => of_bucket("delete-bucket-lifecycle", bucket).into(),
            Self::BucketLifecycle { bucket } => {
                let command = of_bucket("put-bucket-lifecycle-configuration", bucket);
                let command = command.with("LifecycleConfiguration", json!({ "Rules": member("Rules") }));
                let size = "TransitionDefaultMinimumObjectSize";
                command.with(size, member(size)).into()
            }
            Self::BucketLogging { bucket } => {
                let old = before.cloned().unwrap_or_else(|| json!({}));
                of_bucket("put-bucket-logging", bucket).with("BucketLoggingStatus", old).into()
            }
            Self::BucketNotifications { bucket } => {
                let old = before.cloned().unwrap_or_else(|| json!({}));
                let command = of_bucket("put-bucket-notification-configuration", bucket);
                command.with("NotificationConfiguration", old).into()
            }
            Self::BucketPolicy { bucket } => match before {
                Some(old) => of_bucket("put-bucket-policy", bucket).document("Policy", old).into(),
                None => of_bucket("delete-bucket-policy", bucket).into(),
            },
            Self::BucketPublicAccessBlock { bucket } => match before {
                Some(old) => {
                    let command = of_bucket("put-public-access-block", bucket);
                    command.with("PublicAccessBlockConfiguration", old.clone()).into()
                }
                None => of_bucket("delete-public-access-block", bucket).into(),
            },
            Self::ConfigChannel { region, name } => {
                if let Some(old) = before {
                    let command = regional("configservice", "put-delivery-channel", region);
                    return command.with("DeliveryChannel", old.clone()).into();
                }
                let command = regional("configservice", "delete-delivery-channel", region);
                Undo::once("the recorder is stopped", command.with("DeliveryChannelName", name.as_str()))
            }
            Self::ConfigRecorder { region, name } => {
                let command = regional("configservice", "delete-configuration-recorder", region);
                command.with("ConfigurationRecorderName", name.as_str()).into()
            }
            Self::ConfigRecording { region, name } => {
                let on = member("recording") == true;
                let operation = if on { "start-configuration-recorder" } else { "stop-configuration-recorder" };
                regional("configservice", operation, region).with("ConfigurationRecorderName", name.as_str()).into()
            }
            Self::FlowLog { region, vpc, id } => match (before, id) {
                (Some(old), _) => {
                    let command = regional("ec2", "create-flow-logs", region).with("ResourceType", "VPC");
                    command.with("ResourceIds", vec![vpc.as_str()]).members(old.clone()).into()
                }
                (None, Some(id)) => {
                    regional("ec2", "delete-flow-logs", region).with("FlowLogIds", vec![id.as_str()]).into()
                }
                (None, None) => Undo::Words(format!(
                    "delete the flow log of {vpc} in {region} that is tagged managed-by=trailkeeper (ec2:DeleteFlowLogs)"
                )),
            },
            Self::Key { region, alias } => Undo::Words(format!(
                "disable the KMS key of {alias} in {region} once nothing uses it; everything it encrypted needs it forever"
            )),
            Self::KeyAlias { region, alias } => {
                let command = regional("kms", "delete-alias", region).with("AliasName", alias.as_str());
                Undo::once("nothing uses the key", command)
            }
            Self::KeyPolicy { key } => {
                let command = by_arn("kms", "put-key-policy", key).with("KeyId", key.as_str());
                command.with("PolicyName", "default").document("Policy", before.unwrap_or(&Value::Null)).into()
            }
            Self::KeyRotation { region, key } if member("KeyRotationEnabled") == true => {
                let command = regional("kms", "enable-key-rotation", region).with("KeyId", key.as_str());
                command.with("RotationPeriodInDays", member("RotationPeriodInDays")).into()
            }
            Self::KeyRotation { region, key } => {
                regional("kms", "disable-key-rotation", region).with("KeyId", key.as_str()).into()
            }
            Self::LogGroup { region, name } => {
                let command = regional("logs", "delete-log-group", region).with("logGroupName", name.as_str());
                Undo::once("nothing writes to it", command)
            }
            Self::LogGroupRetention { region, name } => match before {
                Some(_) => {
                    let command = regional("logs", "put-retention-policy", region).with("logGroupName", name.as_str());
                    command.with("retentionInDays", member("retentionInDays")).into()
                }
                None => regional("logs", "delete-retention-policy", region).with("logGroupName", name.as_str()).into(),
            },
            Self::MetricFilter { region, group, name } => {
                let command = |operation| regional("logs", operation, region).with("logGroupName", group.as_str());
                match before {
                    Some(old) => command("put-metric-filter").members(old.clone()).into(),
                    None => command("delete-metric-filter").with("filterName", name.as_str()).into(),
                }
            }
            Self::Queue { url, region } => Undo::once(
                "nothing reads from it",
                regional("sqs", "delete-queue", region).with("QueueUrl", url.as_str()),
            ),
            Self::QueuePolicy { url, region } => {
                let old = before.map(Value::to_string).unwrap_or_default();
                let command = regional("sqs", "set-queue-attributes", region).with("QueueUrl", url.as_str());
                command.with("Attributes", json!({ "Policy": old })).into()
            }
            Self::Role { role } => Undo::once("nothing uses it", of_role("delete-role", role)),
            Self::RoleBoundary { role } => match before {
                Some(_) => {
                    let command = of_role("put-role-permissions-boundary", role);
                    command.with("PermissionsBoundary", text("PermissionsBoundary")).into()
                }
                None => of_role("delete-role-permissions-boundary", role).into(),
            },
            Self::RolePolicy { role, policy } => {
                let command = |operation| of_role(operation, role).with("PolicyName", policy.as_str());
                match before {
                    Some(old) => command("put-role-policy").document("PolicyDocument", old).into(),
                    None => Undo::once("nothing uses it", command("delete-role-policy")),
                }
            }
            Self::RoleTrust { role } => {
                let old = before.unwrap_or(&Value::Null);
                of_role("update-assume-role-policy", role).document("PolicyDocument", old).into()
            }
            Self::ServerLoggingRole { region, server } => {
                let command = regional("transfer", "update-server", region).with("ServerId", server.as_str());
                command.with("LoggingRole", text("LoggingRole")).into()
            }
            Self::ServiceLinkedRole { role } => {
                // The call takes the name alone, without the path.
                let name = role.rsplit('/').next().unwrap_or_default();
                let command = Command::aws("iam", "delete-service-linked-role").with("RoleName", name);
                Undo::once("nothing uses it", command)
            }
            Self::Subscription { topic, endpoint, arn, .. } => match arn {
                Some(arn) => by_arn("sns", "unsubscribe", topic).with("SubscriptionArn", arn.as_str()).into(),
                None => Undo::Words(format!("unsubscribe {endpoint} from SNS topic {topic}")),
            },
            Self::Topic { arn } => {
                let command = by_arn("sns", "delete-topic", arn).with("TopicArn", arn.as_str());
                Undo::once("nothing publishes to it", command)
            }
            Self::TopicKey { arn } => {
                topic_attribute(arn, "KmsMasterKeyId").with("AttributeValue", text("KmsMasterKeyId")).into()
            }
            Self::TopicPolicy { arn } => {
                topic_attribute(arn, "Policy").document("AttributeValue", before.unwrap_or(&Value::Null)).into()
            }
            Self::Trail { arn } => by_arn("cloudtrail", "delete-trail", arn).with("Name", arn.as_str()).into(),
            Self::TrailLogging { arn } => {
                let operation = if member("IsLogging") == true { "start-logging" } else { "stop-logging" };
                by_arn("cloudtrail", operation, arn).with("Name", arn.as_str()).into()
            }
            Self::TrailSelectors { arn } => {
                let command = by_arn("cloudtrail", "put-event-selectors", arn).with("TrailName", arn.as_str());
                command.members(before.cloned().unwrap_or_default()).into()
            }
            Self::TrailSettings { arn } => {
                let command = by_arn("cloudtrail", "update-trail", arn).with("Name", arn.as_str());
                command.members(before.cloned().unwrap_or_default()).into()
            }
        }
    }
}

fn regional(service: &'static str, operation: &'static str, region: &Region) -> Command {
    Command::aws(service, operation).region(region.as_str())
}

fn by_arn(service: &'static str, operation: &'static str, arn: &str) -> Command {
    Command::aws(service, operation).region(Arn::region_of(arn))
}

fn of_bucket(operation: &'static str, bucket: &str) -> Command {
    Command::aws("s3api", operation).with("Bucket", bucket)
}

fn of_role(operation: &'static str, role: &str) -> Command {
    Command::aws("iam", operation).with("RoleName", role)
}

fn topic_attribute(arn: &str, name: &'static str) -> Command {
    by_arn("sns", "set-topic-attributes", arn).with("TopicArn", arn).with("AttributeName", name)
}
