//! Calls of the steps.

use super::Recorders;
use crate::aws::write_call;
use crate::families::recorder::managed::SERVICE;
use crate::families::recorder::step::RecorderStep;
use crate::families::recorder::view::Channel;
use crate::families::recorder::{Recorder, Step};
use crate::model::{CallError, ErrorKind, Region, Subject};
use crate::reconcile::ports::Write;
use aws_sdk_config::types::{
    ConfigSnapshotDeliveryProperties, ConfigurationRecorder, DeliveryChannel, MaximumExecutionFrequency, RecordingGroup,
};

impl Write<Recorder> for Recorders {
    async fn apply(&self, subject: &Subject, step: &Step) -> Result<(), CallError> {
        match step {
            Step::Recorder(RecorderStep::CreateLinkedRole) => self.create_linked_role().await,
            Step::Bucket(step) => Box::pin(self.buckets.apply(&subject.place.account, step)).await,
            Step::Recorder(RecorderStep::PutRecorder { region, name, role, iam }) => {
                self.put_recorder(region, name, role, *iam).await
            }
            Step::Recorder(RecorderStep::PutChannel { region, channel, replaces: _, own: _ }) => {
                self.put_channel(region, channel).await
            }
            Step::Recorder(RecorderStep::Start { region, name }) => {
                let start = self.config.of(region).start_configuration_recorder().configuration_recorder_name(name);
                write_call("config:StartConfigurationRecorder", start.send()).await.map(|_| ())
            }
        }
    }
}

impl Recorders {
    /// Creates the service-linked role. IAM has no separate code for an existing role, only `InvalidInput` with
    /// "Service role name `AWSServiceRoleForConfig` has been taken in this account".
    async fn create_linked_role(&self) -> Result<(), CallError> {
        let create = self.iam.create_service_linked_role().aws_service_name(SERVICE);
        let answer = write_call("iam:CreateServiceLinkedRole", create.send()).await;
        answer.map(|_| ()).map_err(|error| {
            let taken = error.code.starts_with("InvalidInput") && error.message.contains("has been taken");
            if taken { CallError { kind: ErrorKind::Exists, ..error } } else { error }
        })
    }

    async fn put_recorder(&self, region: &Region, name: &str, role: &str, iam: bool) -> Result<(), CallError> {
        let group = RecordingGroup::builder().all_supported(true).include_global_resource_types(iam).build();
        let recorder = ConfigurationRecorder::builder().name(name).role_arn(role).recording_group(group).build();
        let put = self.config.of(region).put_configuration_recorder().configuration_recorder(recorder);
        write_call("config:PutConfigurationRecorder", put.send()).await.map(|_| ())
    }

    async fn put_channel(&self, region: &Region, channel: &Channel) -> Result<(), CallError> {
        let put = self.config.of(region).put_delivery_channel().delivery_channel(described(channel));
        write_call("config:PutDeliveryChannel", put.send()).await.map(|_| ())
    }
}

/// Converts a channel to the SDK's type.
pub(crate) fn described(channel: &Channel) -> DeliveryChannel {
    let Channel { name, bucket, prefix, key, topic, frequency } = channel;
    let properties = frequency.as_deref().map(|frequency| {
        let frequency = MaximumExecutionFrequency::from(frequency);
        ConfigSnapshotDeliveryProperties::builder().delivery_frequency(frequency).build()
    });
    DeliveryChannel::builder()
        .name(name)
        .s3_bucket_name(bucket)
        .set_s3_key_prefix(prefix.clone())
        .set_s3_kms_key_arn(key.clone())
        .set_sns_topic_arn(topic.clone())
        .set_config_snapshot_delivery_properties(properties)
        .build()
}
