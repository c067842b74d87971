//! Properties as they read in a view, for the laws.

use crate::families::recorder::bucket::BucketAccess;
use crate::families::recorder::managed::SERVICE;
use crate::families::recorder::view::{Channel, View};
use crate::model::Property;
use crate::testing::read::Shown;
use serde_json::json;

pub(super) fn read(view: &View, property: &Property) -> Shown {
    let bucket = |name: &String| match view.buckets.get(name) {
        Some(BucketAccess::ThisAccount(bucket)) => Some(bucket),
        _ => None,
    };
    let recorder = view.recorder.present();
    Some(match property {
        Property::ServiceLinkedRole { .. } => view.role.present().map(|()| json!({ "AWSServiceName": SERVICE })),
        Property::ConfigRecorder { .. } => recorder.map(|it| json!({ "name": it.name, "roleARN": it.role })),
        Property::ConfigRecording { .. } => recorder.map(|it| json!({ "recording": it.status.recording })),
        Property::ConfigChannel { .. } => view.channel.present().map(Channel::json),
        Property::Bucket { bucket: name } => bucket(name).map(|_| json!({ "Bucket": name })),
        Property::BucketPolicy { bucket: name } => bucket(name).and_then(|it| it.policy.present().cloned()),
        Property::BucketEncryption { bucket: name } => {
            bucket(name).and_then(|it| it.encryption.present()).map(|()| json!({ "SSEAlgorithm": "AES256" }))
        }
        Property::BucketPublicAccessBlock { bucket: name } => {
            bucket(name).and_then(|it| it.blocks.present()).map(|it| it.json())
        }
        _ => return None,
    })
}
