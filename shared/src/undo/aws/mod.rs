//! Properties of AWS resources: read in the form in which the ledger keeps them, and set.

mod cloudtrail;
mod cloudwatch;
mod config;
mod ec2;
mod iam;
mod in_use;
mod kms;
mod logs;
mod parse;
mod references;
mod s3;
mod s3_documents;
mod sns;
mod sqs;
mod stack;
mod tags;
mod transfer;

pub use stack::{environment_of, table_of};
pub use tags::Pair;

use crate::aws::texts::Texts;
use crate::aws::{Aws, Buckets, CloudTrail, PerRegion};
use crate::ledger::{EntryStep, PropertyReading};
use crate::model::{CallError, ErrorKind, Place, Property, Region, Seen, Undo};
use serde_json::Value;

/// Properties of the resources of one account.
#[derive(Debug)]
pub struct Properties {
    place: Place,
    buckets: Buckets,
    texts: Texts,
    cloudtrail: CloudTrail,
    alarms: PerRegion<aws_sdk_cloudwatch::Client>,
    logs: PerRegion<aws_sdk_cloudwatchlogs::Client>,
    config: PerRegion<aws_sdk_config::Client>,
    ec2: PerRegion<aws_sdk_ec2::Client>,
    iam: aws_sdk_iam::Client,
    kms: PerRegion<aws_sdk_kms::Client>,
    topics: PerRegion<aws_sdk_sns::Client>,
    queues: PerRegion<aws_sdk_sqs::Client>,
    servers: PerRegion<aws_sdk_transfer::Client>,
}

impl Properties {
    /// Creates access to the account and region of a change, with the credentials of the person who takes it back.
    #[must_use]
    pub fn new(aws: &Aws, place: Place) -> Self {
        let config = aws.config();
        Self {
            place,
            buckets: Buckets::new(aws),
            texts: aws.texts.clone(),
            cloudtrail: CloudTrail::new(aws),
            alarms: PerRegion::new(config, aws_sdk_cloudwatch::Client::new),
            logs: PerRegion::new(config, aws_sdk_cloudwatchlogs::Client::new),
            config: PerRegion::new(config, aws_sdk_config::Client::new),
            ec2: PerRegion::new(config, aws_sdk_ec2::Client::new),
            iam: aws_sdk_iam::Client::new(config),
            kms: PerRegion::new(config, aws_sdk_kms::Client::new),
            topics: PerRegion::new(config, aws_sdk_sns::Client::new),
            queues: PerRegion::new(config, aws_sdk_sqs::Client::new),
            servers: PerRegion::new(config, aws_sdk_transfer::Client::new),
        }
    }

    /// Returns a call as it was made: where it names a KMS key by an alias that it was planned with, with the key itself.
    ///
    /// # Errors
    /// Returns an error if a call fails for any reason other than "denied" or "gone".
    pub async fn settled(&self, step: &EntryStep) -> Result<EntryStep, CallError> {
        let mut step = step.clone();
        if let Some(members) = step.after.as_object_mut() {
            for holder in ["KmsKeyId", "KmsMasterKeyId"] {
                if let Some(value) = members.get_mut(holder) {
                    self.resolve(value).await?;
                }
            }
            if let Some(Value::Object(settings)) = members.get_mut("Settings")
                && let Some(value) = settings.get_mut("KmsKeyId")
            {
                self.resolve(value).await?;
            }
        }
        Ok(step)
    }

    /// Reads the property that a call set.
    ///
    /// # Errors
    /// Returns an error if a call fails for any reason other than "denied" or "gone".
    pub async fn read(&self, step: &EntryStep) -> Result<PropertyReading, CallError> {
        let mut found = None;
        let property = &step.property;
        let now = match property {
            Property::Alarm { .. } | Property::AlarmActions { .. } => Box::pin(self.read_alarm(property)).await?,
            Property::Bucket { bucket }
            | Property::BucketEncryption { bucket }
            | Property::BucketLifecycle { bucket }
            | Property::BucketLogging { bucket }
            | Property::BucketNotifications { bucket }
            | Property::BucketPolicy { bucket }
            | Property::BucketPublicAccessBlock { bucket } => Box::pin(self.read_bucket(bucket, property)).await?,
            Property::ConfigChannel { region, name } => Box::pin(self.read_channel(region, name)).await?,
            Property::ConfigRecorder { region, name } => Box::pin(self.read_recorder(region, name)).await?,
            Property::ConfigRecording { region, name } => Box::pin(self.read_recording(region, name)).await?,
            Property::FlowLog { region, vpc, id } => {
                let seen = Box::pin(self.read_flow_log(region, vpc, id.as_deref(), step)).await?;
                let id = seen.present().and_then(|it| it.get("FlowLogId")?.as_str()).map(str::to_owned);
                found = id.map(|id| Property::FlowLog { region: region.clone(), vpc: vpc.clone(), id: Some(id) });
                seen
            }
            Property::Key { region, alias } | Property::KeyAlias { region, alias } => {
                Box::pin(self.read_alias(region, alias)).await?
            }
            Property::KeyPolicy { key } => Box::pin(self.read_key_policy(key, property)).await?,
            Property::KeyRotation { region, key } => Box::pin(self.read_rotation(region, key)).await?,
            Property::LogGroup { region, name } | Property::LogGroupRetention { region, name } => {
                Box::pin(self.read_group(region, name, property)).await?
            }
            Property::MetricFilter { region, group, name } => Box::pin(self.read_filter(region, group, name)).await?,
            Property::Queue { url, region } | Property::QueuePolicy { url, region } => {
                Box::pin(self.read_queue(region, url, property)).await?
            }
            Property::Role { role } | Property::RoleBoundary { role } | Property::RoleTrust { role } => {
                Box::pin(self.read_role(role, property)).await?
            }
            Property::RolePolicy { role, policy } => Box::pin(self.read_role_policy(role, policy, property)).await?,
            Property::ServerLoggingRole { region, server } => Box::pin(self.read_server(region, server)).await?,
            Property::ServiceLinkedRole { role } => Box::pin(self.read_linked_role(role)).await?,
            Property::Subscription { topic, protocol, endpoint, arn: _ } => {
                let seen = Box::pin(self.read_subscription(topic, protocol, endpoint)).await?;
                let arn = seen.present().and_then(|it| it.get("SubscriptionArn")?.as_str()).map(str::to_owned);
                let (topic, protocol, endpoint) = (topic.clone(), protocol.clone(), endpoint.clone());
                found = arn.map(|arn| Property::Subscription { topic, protocol, endpoint, arn: Some(arn) });
                seen
            }
            Property::Topic { arn } | Property::TopicKey { arn } | Property::TopicPolicy { arn } => {
                Box::pin(self.read_topic(arn, property)).await?
            }
            Property::Trail { arn }
            | Property::TrailLogging { arn }
            | Property::TrailSelectors { arn }
            | Property::TrailSettings { arn } => Box::pin(self.read_trail(arn, property)).await?,
        };
        Ok(PropertyReading { now, found, hindrance: None })
    }

    /// Returns the text of the document that was read of this property, if that is more than its value without blanks.
    #[must_use]
    pub fn text(&self, property: &Property, value: &Value) -> Option<String> {
        self.texts.of(property, value)
    }

    /// Gives a property a value, or takes it away. `property` is named as it was found.
    ///
    /// # Errors
    /// Returns an error if a call fails, or if AWS has no call for it.
    pub async fn set(&self, property: &Property, value: Option<&Value>) -> Result<(), CallError> {
        match property {
            Property::Alarm { .. } | Property::AlarmActions { .. } => Box::pin(self.set_alarm(property, value)).await,
            Property::Bucket { bucket }
            | Property::BucketEncryption { bucket }
            | Property::BucketLifecycle { bucket }
            | Property::BucketLogging { bucket }
            | Property::BucketNotifications { bucket }
            | Property::BucketPolicy { bucket }
            | Property::BucketPublicAccessBlock { bucket } => Box::pin(self.set_bucket(bucket, property, value)).await,
            Property::ConfigChannel { region, name } => Box::pin(self.set_channel(region, name, value)).await,
            Property::ConfigRecorder { region, name } => Box::pin(self.delete_recorder(region, name)).await,
            Property::ConfigRecording { region, name } => Box::pin(self.set_recording(region, name, value)).await,
            Property::FlowLog { region, vpc, id } => {
                Box::pin(self.set_flow_log(region, vpc, id.as_deref(), value)).await
            }
            Property::Key { .. } => Err(no_call("kms:DisableKey", "a KMS key is not taken away")),
            Property::KeyAlias { region, alias } => Box::pin(self.delete_alias(region, alias)).await,
            Property::KeyPolicy { key } => Box::pin(self.set_key_policy(key, value)).await,
            Property::KeyRotation { region, key } => Box::pin(self.set_rotation(region, key, value)).await,
            Property::LogGroup { region, name } => Box::pin(self.delete_group(region, name)).await,
            Property::LogGroupRetention { region, name } => Box::pin(self.set_retention(region, name, value)).await,
            Property::MetricFilter { region, group, name } => {
                Box::pin(self.set_filter(region, group, name, value)).await
            }
            Property::Queue { url, region } => Box::pin(self.delete_queue(region, url)).await,
            Property::QueuePolicy { url, region } => Box::pin(self.set_queue_policy(region, url, value)).await,
            Property::Role { role } => Box::pin(self.delete_role(role)).await,
            Property::RoleBoundary { role } => Box::pin(self.set_boundary(role, value)).await,
            Property::RoleTrust { role } => Box::pin(self.set_trust(role, value)).await,
            Property::RolePolicy { role, policy } => Box::pin(self.set_role_policy(role, policy, value)).await,
            Property::ServerLoggingRole { region, server } => Box::pin(self.set_server(region, server, value)).await,
            Property::ServiceLinkedRole { role } => Box::pin(self.delete_linked_role(role)).await,
            Property::Subscription { topic, arn, .. } => Box::pin(self.unsubscribe(topic, arn.as_deref())).await,
            Property::Topic { arn } | Property::TopicKey { arn } | Property::TopicPolicy { arn } => {
                Box::pin(self.set_topic(arn, property, value)).await
            }
            Property::Trail { arn }
            | Property::TrailLogging { arn }
            | Property::TrailSelectors { arn }
            | Property::TrailSettings { arn } => Box::pin(self.set_trail(arn, property, value)).await,
        }
    }
}

/// Returns the IAM action of the call that gives a property a value, or takes it away.
#[must_use]
pub fn action(property: &Property, value: Option<&Value>) -> String {
    match (property.restore(value), property) {
        (Undo::Command { command, .. }, _) => command.action(),
        // What AWS names only once it is there.
        (Undo::Words(_), Property::FlowLog { .. }) => "ec2:DeleteFlowLogs".to_owned(),
        (Undo::Words(_), Property::Subscription { .. }) => "sns:Unsubscribe".to_owned(),
        (Undo::Words(_), _) => "kms:DisableKey".to_owned(),
    }
}

/// Returns the region of an ARN.
fn region_of(arn: &str) -> Result<Region, CallError> {
    Region::of_arn(arn).ok_or_else(|| no_call("", &format!("`{}` names no region", crate::model::sanitized(arn))))
}

/// Returns the error of a call that is not made.
fn no_call(action: &'static str, why: &str) -> CallError {
    CallError { action, kind: ErrorKind::Rejected, code: "NotSent".to_owned(), message: why.to_owned() }
}

/// Returns the error for an earlier value that has not the form of the API.
fn unclear(action: &'static str) -> CallError {
    no_call(action, "the ledger has the earlier value in another form than AWS")
}

/// Reads a part of something that was described.
fn part<T>(seen: Seen<T>, part: impl FnOnce(T) -> Value) -> Seen<Value> {
    seen.map(part).and_then(|value| (!value.is_null()).then_some(value))
}
