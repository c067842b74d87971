//! Properties as they read in a view, for the laws.

use crate::documents::selectors::Selectors;
use crate::families::trail::change::{Change, KeyChoice};
use crate::families::trail::view::View;
use crate::model::Property;
use crate::settings::flow_logs::BucketName;
use crate::testing::read::{self, Shown};
use serde_json::{Value, json};

pub(super) fn read(view: &View, property: &Property) -> Shown {
    let (trail, managed) = (&view.trail, &view.managed);
    let notices = managed.notices.as_ref();
    let exists = |value: Option<Value>| Some(value.filter(|_| trail.exists));
    match property {
        Property::Trail { .. } | Property::TrailSettings { .. } => exists(Some(all().of(trail).members())),
        Property::TrailLogging { .. } => {
            exists(trail.facts.logging.present().map(|logging| json!({ "IsLogging": logging })))
        }
        Property::TrailSelectors { .. } => exists(trail.facts.selectors.present().map(Selectors::members)),
        Property::LogGroup { .. } | Property::LogGroupRetention { .. } => read::group(&managed.group, property),
        Property::Bucket { bucket } => Some(managed.bucket.present().map(|_| json!({ "Bucket": bucket }))),
        // Encryption and public access block of the bucket are in no view of a trail.
        Property::BucketPolicy { .. } => managed.bucket.present().map(|policy| policy.present().cloned()),
        Property::Topic { .. }
        | Property::TopicKey { .. }
        | Property::TopicPolicy { .. }
        | Property::Subscription { .. } => read::topic(&notices?.topic, property),
        Property::Queue { .. } => Some(notices?.queue.present().map(|it| json!({ "Policy": it.policy }))),
        Property::QueuePolicy { .. } => Some(notices?.queue.present().and_then(|it| it.policy.clone())),
        Property::Key { .. }
        | Property::KeyAlias { .. }
        | Property::KeyPolicy { .. }
        | Property::KeyRotation { .. } => {
            let mut keys = vec![&managed.key, &trail.key];
            if let Some(notices) = notices {
                keys.push(&notices.key);
                keys.extend(notices.topic.present().map(|topic| &topic.key));
            }
            read::key(&keys, property)
        }
        _ => read::role(&managed.role, property),
    }
}

/// Every setting of a trail.
fn all() -> Change {
    Change {
        bucket: Some(BucketName { name: String::new(), prefix: String::new() }),
        multi_region: Some(true),
        validation: Some(true),
        key: Some(KeyChoice::of("")),
        logs: Some((String::new(), String::new())),
        topic: Some(String::new()),
    }
}
