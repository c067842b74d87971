//! Properties as they read in a view, for the laws.

use crate::families::bucket::view::{BucketConfig, Encryption, Logging, Notifications, Rules, View};
use crate::model::Property;
use crate::testing::read::Shown;
use serde_json::{Value, json};

pub(super) fn read(view: &View, property: &Property) -> Shown {
    let of = |name: &str, read: fn(&BucketConfig) -> Option<Value>| Some(view.bucket(name).and_then(read));
    match property {
        Property::Bucket { bucket } => Some(view.bucket(bucket).map(|_| json!({ "Bucket": bucket }))),
        Property::BucketEncryption { bucket } => of(bucket, |it| {
            it.encryption.present().map(|it| match it {
                Encryption::S3 => json!({ "SSEAlgorithm": "AES256" }),
                Encryption::Kms { key } => json!({ "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key }),
            })
        }),
        Property::BucketLifecycle { bucket } => of(bucket, |it| it.rules.present().map(Rules::json)),
        Property::BucketLogging { bucket } => of(bucket, |it| it.logging.present().map(Logging::json)),
        Property::BucketNotifications { bucket } => {
            of(bucket, |it| it.notifications.present().map(Notifications::json))
        }
        Property::BucketPolicy { bucket } => of(bucket, |it| it.policy.present().cloned()),
        Property::BucketPublicAccessBlock { bucket } => of(bucket, |it| it.blocks.present().map(|it| it.json())),
        _ => None,
    }
}
