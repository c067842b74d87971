//! The calls that put AWS Config right in one region.

use super::bucket::{BucketAccess, OwnBucket};
use super::managed::{LINKED_ROLE, SERVICE, is_managed_name};
use super::scope::Scope;
use super::view::{Channel, RecorderStatus, RecorderView, View};
use crate::managed::bucket::{Act, BucketStep};
use crate::model::{self, CallError, Region, Seen};
use serde_json::{Value, json};
use std::fmt;

/// One call, with all its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `iam:CreateServiceLinkedRole` for AWS Config.
    CreateLinkedRole,
    /// A call that makes or completes the bucket of the channel.
    Bucket(BucketStep),
    /// `config:PutConfigurationRecorder`, where there is none: it records all types.
    PutRecorder {
        /// The region.
        region: Region,
        /// Its name.
        name: String,
        /// The ARN of its role.
        role: String,
        /// `includeGlobalResourceTypes`: whether it records IAM, too.
        iam: bool,
    },
    /// `config:PutDeliveryChannel` with all that the channel is to be.
    PutChannel {
        /// The region.
        region: Region,
        /// The whole channel.
        channel: Channel,
        /// The whole one that there is.
        replaces: Option<Channel>,
        /// Whether its bucket is this account's, so that what was written to it may be on its way.
        own: bool,
    },
    /// `config:StartConfigurationRecorder`.
    Start {
        /// The region.
        region: Region,
        /// The recorder's name.
        name: String,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateLinkedRole => write!(f, "create the service-linked role of {SERVICE}"),
            Self::Bucket(step) => step.fmt(f),
            Self::PutRecorder { region, name, role: _, iam } => {
                let what = if *iam { "all resource types, IAM's too" } else { "all resource types but IAM's" };
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

impl model::Step for Step {
    type View = View;

    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::CreateLinkedRole => &["iam:CreateServiceLinkedRole"],
            Self::Bucket(step) => step.actions(),
            Self::PutRecorder { .. } => &["config:PutConfigurationRecorder", "iam:PassRole"],
            Self::PutChannel { .. } => &["config:PutDeliveryChannel"],
            Self::Start { .. } => &["config:StartConfigurationRecorder"],
        }
    }

    /// AWS Config wants its role before the recorder, a recorder before the channel, and a channel before the start.
    fn rank(&self) -> u8 {
        match self {
            Self::CreateLinkedRole => 0,
            Self::Bucket(step) => 10 + step.rank(),
            Self::PutRecorder { .. } => 20,
            Self::PutChannel { .. } => 30,
            Self::Start { .. } => 40,
        }
    }

    fn effect(&self, view: &mut View) {
        match self {
            Self::CreateLinkedRole => view.role = Seen::Present(()),
            Self::Bucket(step) => view.change_bucket(step),
            Self::PutRecorder { region: _, name, role, iam: _ } => {
                let status = RecorderStatus { recording: false, failure: None };
                let status = view.recorder.present().map_or(status, |recorder| recorder.status.clone());
                let (name, role) = (name.clone(), role.clone());
                view.recorder = Seen::Present(RecorderView { name, arn: None, role, scope: Scope::All, status });
            }
            Self::PutChannel { region: _, channel, replaces: _, own: _ } => {
                view.channel = Seen::Present(channel.clone());
            }
            Self::Start { .. } => {
                if let Seen::Present(recorder) = &mut view.recorder {
                    recorder.status = RecorderStatus { recording: true, failure: None };
                }
            }
        }
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::Bucket(step) => step.before(),
            Self::PutChannel { replaces, .. } => replaces.as_ref().map(Channel::json),
            Self::Start { .. } => Some(json!({ "recording": false })),
            Self::CreateLinkedRole | Self::PutRecorder { .. } => None,
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::CreateLinkedRole => json!({ "AWSServiceName": SERVICE, "Role": LINKED_ROLE }),
            Self::Bucket(step) => step.after(),
            Self::PutRecorder { region: _, name, role, iam } => {
                let group = json!({ "allSupported": true, "includeGlobalResourceTypes": iam });
                json!({ "name": name, "roleARN": role, "recordingGroup": group })
            }
            Self::PutChannel { channel, .. } => channel.json(),
            Self::Start { .. } => json!({ "recording": true }),
        }
    }

    fn undo(&self) -> String {
        match self {
            Self::CreateLinkedRole => {
                "aws iam delete-service-linked-role --role-name AWSServiceRoleForConfig (once no recorder uses it)"
                    .to_owned()
            }
            Self::Bucket(step) => step.undo(),
            Self::PutRecorder { region, name, .. } => format!(
                "aws configservice delete-configuration-recorder --configuration-recorder-name {name} --region {region}"
            ),
            Self::PutChannel { region, replaces: Some(old), .. } => {
                format!("aws configservice put-delivery-channel --delivery-channel '{}' --region {region}", old.json())
            }
            Self::PutChannel { region, channel, replaces: None, .. } => format!(
                "aws configservice delete-delivery-channel --delivery-channel-name {} --region {region} (once the \
                 recorder is stopped)",
                channel.name
            ),
            Self::Start { region, name } => format!(
                "aws configservice stop-configuration-recorder --configuration-recorder-name {name} --region {region}"
            ),
        }
    }

    /// What was made a moment ago is not known everywhere yet: a role to AWS Config, a bucket and its policy to whoever
    /// asks, a recorder or channel to the call after it. The same answers for old things mean what they say, and come
    /// through after a minute. The policy of another account's bucket is not on its way: what it says is final.
    fn retries_on(&self, error: &CallError) -> bool {
        let code = error.code.as_str();
        match self {
            Self::CreateLinkedRole => false,
            Self::Bucket(BucketStep { act: Act::Create, .. }) => BucketStep::retries_on(error),
            Self::Bucket(_) => BucketStep::retries_on(error) || code == "NoSuchBucket",
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

impl View {
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
