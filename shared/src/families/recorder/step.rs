//! Calls that fix AWS Config in one region.

use super::bucket::{BucketAccess, OwnBucket};
use super::managed::{LINKED_ROLE, SERVICE, is_managed_name};
use super::scope::Scope;
use super::view::{Channel, RecorderStatus, RecorderView, View};
use crate::managed::bucket::step::{Act, BucketStep};
use crate::model::{self, Call, CallError, Place, Property, Region, Seen};
use serde_json::{Value, json};
use std::fmt;

/// Call with all its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Call that creates or completes the bucket of the channel.
    Bucket(BucketStep),
    /// Call that creates, repairs or starts the recorder, its channel or its role.
    Recorder(RecorderStep),
}

/// Call that creates, repairs or starts a recorder, its channel or its role.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "a plan has one of each at most")]
pub enum RecorderStep {
    /// `iam:CreateServiceLinkedRole` for AWS Config.
    CreateLinkedRole,
    /// `config:PutConfigurationRecorder` if there is no recorder yet: the new one records all types.
    PutRecorder {
        /// Region of the recorder.
        region: Region,
        /// Name of the recorder.
        name: String,
        /// ARN of the role.
        role: String,
        /// Whether the recorder includes IAM, from `includeGlobalResourceTypes`.
        iam: bool,
    },
    /// `config:PutDeliveryChannel` with the complete channel.
    PutChannel {
        /// Region of the channel.
        region: Region,
        /// Complete channel to put.
        channel: Channel,
        /// Complete current channel.
        replaces: Option<Channel>,
        /// Whether the bucket belongs to this account, so that changes to it may still be propagating.
        own: bool,
    },
    /// `config:StartConfigurationRecorder`.
    Start {
        /// Region of the recorder.
        region: Region,
        /// Name of the recorder.
        name: String,
    },
}

impl fmt::Display for RecorderStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateLinkedRole => write!(f, "create the service-linked role of {SERVICE}"),
            Self::PutRecorder { region, name, role: _, iam } => {
                let what = if *iam { "all resource types, including IAM" } else { "all resource types except IAM" };
                write!(f, "create recorder {name} in {region} for {what}")
            }
            Self::PutChannel { region, channel, replaces: None, own: _ } => {
                write!(f, "create delivery channel {} in {region} to bucket {}", channel.name, channel.bucket)
            }
            Self::PutChannel { region, channel, replaces: Some(old), own: _ } => {
                let Channel { name, bucket, .. } = channel;
                write!(f, "set delivery channel {name} in {region} to bucket {bucket} in place of {}", old.bucket)
            }
            Self::Start { region, name } => write!(f, "start recorder {name} in {region}"),
        }
    }
}

impl Call for RecorderStep {
    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::CreateLinkedRole => &["iam:CreateServiceLinkedRole"],
            Self::PutRecorder { .. } => &["config:PutConfigurationRecorder", "iam:PassRole"],
            Self::PutChannel { .. } => &["config:PutDeliveryChannel"],
            Self::Start { .. } => &["config:StartConfigurationRecorder"],
        }
    }

    /// Returns the rank. AWS Config requires its role before the recorder, a recorder before the channel, and a channel
    /// before the start.
    fn rank(&self) -> u8 {
        match self {
            Self::CreateLinkedRole => 0,
            Self::PutRecorder { .. } => 20,
            Self::PutChannel { .. } => 30,
            Self::Start { .. } => 40,
        }
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::PutChannel { replaces, .. } => replaces.as_ref().map(Channel::json),
            Self::Start { .. } => Some(json!({ "recording": false })),
            Self::CreateLinkedRole | Self::PutRecorder { .. } => None,
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::CreateLinkedRole => json!({ "AWSServiceName": SERVICE, "Role": LINKED_ROLE }),
            Self::PutRecorder { region: _, name, role, iam } => {
                let group = json!({ "allSupported": true, "includeGlobalResourceTypes": iam });
                json!({ "name": name, "roleARN": role, "recordingGroup": group })
            }
            Self::PutChannel { channel, .. } => channel.json(),
            Self::Start { .. } => json!({ "recording": true }),
        }
    }

    fn property(&self, _: &Place) -> Property {
        match self {
            Self::CreateLinkedRole => Property::ServiceLinkedRole { role: LINKED_ROLE.to_owned() },
            Self::PutRecorder { region, name, .. } => {
                Property::ConfigRecorder { region: region.clone(), name: name.clone() }
            }
            Self::PutChannel { region, channel, .. } => {
                Property::ConfigChannel { region: region.clone(), name: channel.name.clone() }
            }
            Self::Start { region, name } => Property::ConfigRecording { region: region.clone(), name: name.clone() },
        }
    }

    /// Returns whether the failure may be due to propagation. Newly created resources are not visible everywhere yet: a
    /// role to AWS Config, a bucket and its policy to other services, a recorder or channel to the next call. The same
    /// responses for old resources are meant literally, and become final after a minute. The policy of another
    /// account's bucket is not ours to wait for: its denial is final.
    fn retries_on(&self, error: &CallError) -> bool {
        let code = error.code.as_str();
        match self {
            Self::CreateLinkedRole => false,
            Self::PutRecorder { .. } => code == "InvalidRoleException",
            Self::PutChannel { own, channel, .. } => match code {
                "InsufficientDeliveryPolicyException" => *own,
                "NoSuchBucketException" => *own && is_managed_name(&channel.bucket),
                code => code == "NoAvailableConfigurationRecorderException",
            },
            Self::Start { .. } => code == "NoAvailableDeliveryChannelException",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        model::Step::call(self).fmt(f)
    }
}

impl model::Step for Step {
    type View = View;

    fn call(&self) -> &dyn Call {
        match self {
            Self::Bucket(step) => step,
            Self::Recorder(step) => step,
        }
    }

    /// Returns the rank. The bucket comes before the channel that delivers to it.
    fn rank(&self) -> u8 {
        match self {
            Self::Bucket(step) => 10 + step.rank(),
            Self::Recorder(step) => step.rank(),
        }
    }

    fn effect(&self, view: &mut View) {
        match self {
            Self::Bucket(step) => view.change_bucket(step),
            Self::Recorder(step) => view.change_recorder(step),
        }
    }

    /// Returns whether the failure may be due to propagation: a newly created bucket is not visible everywhere yet.
    fn retries_on(&self, error: &CallError) -> bool {
        let young = matches!(self, Self::Bucket(BucketStep { act, .. }) if *act != Act::Create);
        self.call().retries_on(error) || (young && error.code == "NoSuchBucket")
    }
}

impl View {
    fn change_recorder(&mut self, step: &RecorderStep) {
        match step {
            RecorderStep::CreateLinkedRole => self.role = Seen::Present(()),
            RecorderStep::PutRecorder { region: _, name, role, iam: _ } => {
                let status = RecorderStatus { recording: false, failure: None };
                let status = self.recorder.present().map_or(status, |recorder| recorder.status.clone());
                let (name, role) = (name.clone(), role.clone());
                self.recorder = Seen::Present(RecorderView { name, arn: None, role, scope: Scope::All, status });
            }
            RecorderStep::PutChannel { region: _, channel, replaces: _, own: _ } => {
                self.channel = Seen::Present(channel.clone());
            }
            RecorderStep::Start { .. } => {
                if let Seen::Present(recorder) = &mut self.recorder {
                    recorder.status = RecorderStatus { recording: true, failure: None };
                }
            }
        }
    }

    fn change_bucket(&mut self, step: &BucketStep) {
        let bucket = self.buckets.entry(step.bucket.clone()).or_insert(BucketAccess::Gone);
        if let (Act::Create, BucketAccess::Gone) = (&step.act, &bucket) {
            *bucket = BucketAccess::ThisAccount(OwnBucket::new(step.region.clone()));
        }
        if let BucketAccess::ThisAccount(bucket) = bucket {
            bucket.change(step);
        }
    }
}
