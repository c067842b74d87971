//! AWS Config: recorders and delivery channels.

use super::{Properties, parse, unclear};
use crate::aws::{call, write_call};
use crate::families::recorder::Channel;
use crate::families::recorder::aws::read::seen_channel;
use crate::families::recorder::aws::write::described;
use crate::model::{CallError, Region, Seen};
use serde_json::{Value, json};

impl Properties {
    pub(super) async fn read_channel(&self, region: &Region, name: &str) -> Result<Seen<Value>, CallError> {
        let sent = self.config.of(region).describe_delivery_channels().send();
        let answer = Seen::from_call(call("config:DescribeDeliveryChannels", Box::pin(sent)).await)?;
        let channel = answer.and_then(|it| it.delivery_channels?.into_iter().find(|it| it.name() == Some(name)));
        Ok(channel.map(|it| seen_channel(it).json()))
    }

    pub(super) async fn set_channel(
        &self,
        region: &Region,
        name: &str,
        value: Option<&Value>,
    ) -> Result<(), CallError> {
        let client = self.config.of(region);
        if let Some(value) = value {
            let old = channel_of(value).ok_or_else(|| unclear("config:PutDeliveryChannel"))?;
            let put = client.put_delivery_channel().delivery_channel(described(&old));
            write_call("config:PutDeliveryChannel", put.send()).await.map(|_| ())
        } else {
            let sent = client.delete_delivery_channel().delivery_channel_name(name).send();
            write_call("config:DeleteDeliveryChannel", sent).await.map(|_| ())
        }
    }

    pub(super) async fn read_recorder(&self, region: &Region, name: &str) -> Result<Seen<Value>, CallError> {
        let sent = self.config.of(region).describe_configuration_recorders().send();
        let answer = Seen::from_call(call("config:DescribeConfigurationRecorders", Box::pin(sent)).await)?;
        let found = answer.and_then(|it| it.configuration_recorders?.into_iter().find(|it| it.name() == Some(name)));
        Ok(found.map(|it| {
            let group = it.recording_group().map(|group| {
                json!({
                    "allSupported": group.all_supported(),
                    "includeGlobalResourceTypes": group.include_global_resource_types(),
                })
            });
            json!({ "name": it.name(), "roleARN": it.role_arn(), "recordingGroup": group })
        }))
    }

    pub(super) async fn delete_recorder(&self, region: &Region, name: &str) -> Result<(), CallError> {
        let sent = self.config.of(region).delete_configuration_recorder().configuration_recorder_name(name).send();
        write_call("config:DeleteConfigurationRecorder", sent).await.map(|_| ())
    }

    pub(super) async fn read_recording(&self, region: &Region, name: &str) -> Result<Seen<Value>, CallError> {
        let sent = self.config.of(region).describe_configuration_recorder_status().send();
        let answer = Seen::from_call(call("config:DescribeConfigurationRecorderStatus", Box::pin(sent)).await)?;
        let find = |it: aws_sdk_config::operation::describe_configuration_recorder_status::DescribeConfigurationRecorderStatusOutput| {
            it.configuration_recorders_status?.into_iter().find(|it| it.name() == Some(name))
        };
        Ok(answer.and_then(find).map(|it| json!({ "recording": it.recording })))
    }

    pub(super) async fn set_recording(
        &self,
        region: &Region,
        name: &str,
        value: Option<&Value>,
    ) -> Result<(), CallError> {
        let client = self.config.of(region);
        if value.and_then(|it| parse::flag(it, "recording")) == Some(true) {
            let sent = client.start_configuration_recorder().configuration_recorder_name(name).send();
            write_call("config:StartConfigurationRecorder", sent).await.map(|_| ())
        } else {
            let sent = client.stop_configuration_recorder().configuration_recorder_name(name).send();
            write_call("config:StopConfigurationRecorder", sent).await.map(|_| ())
        }
    }
}

/// Returns the channel with these members of the request.
fn channel_of(value: &Value) -> Option<Channel> {
    let properties = value.get("configSnapshotDeliveryProperties");
    Some(Channel {
        name: parse::text(value, "name")?,
        bucket: parse::text(value, "s3BucketName")?,
        prefix: parse::text(value, "s3KeyPrefix"),
        key: parse::text(value, "s3KmsKeyArn"),
        topic: parse::text(value, "snsTopicARN"),
        frequency: properties.and_then(|it| parse::text(it, "deliveryFrequency")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_of_a_channel_loses_nothing() {
        let all = json!({"name": "default", "s3BucketName": "b", "s3KeyPrefix": "p", "s3KmsKeyArn": "k",
            "snsTopicARN": "t", "configSnapshotDeliveryProperties": {"deliveryFrequency": "Six_Hours"}});
        let channel = channel_of(&all).expect("a channel");
        assert_eq!((channel.json(), seen_channel(described(&channel)).json()), (all.clone(), all));
    }
}
