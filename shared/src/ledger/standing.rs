//! How a property stands to a call that set it: as it was written, as it was before, or as somebody else made it since.

use super::entry::EntryStep;
use crate::documents::policy::same;
use crate::model::Property;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How a property stands to a call that set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is what the call wrote.
    Written,
    /// It is what it was before the call.
    Back,
    /// It is neither: somebody changed it since.
    Changed,
}

/// One part of a property, in the three states that matter. `None` where the part is not there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Where the part is: names of members, joined by dots; empty for the property as a whole.
    pub path: String,
    /// Value before the call.
    pub before: Option<Value>,
    /// Value that the call wrote.
    pub written: Option<Value>,
    /// Present value.
    pub now: Option<Value>,
}

/// What of a property is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// A policy, by its meaning: AWS spells some of it anew.
    Document,
    /// All of it.
    Whole,
    /// Those members that the call names, or that say what it made.
    Named,
}

impl EntryStep {
    /// Returns how the property stands to the call. `now` is its present value in the form of `before` and `after`;
    /// `None` if it has none.
    #[must_use]
    pub fn standing(&self, now: Option<&Value>) -> Standing {
        let extent = extent(&self.property);
        let (before, after) = (self.before.as_ref(), self.written());
        if agrees(extent, before, now) {
            Standing::Back
        } else if agrees(extent, Some(&after).filter(|after| !after.is_null()), now) {
            Standing::Written
        } else {
            Standing::Changed
        }
    }

    /// Returns whether the present value proves that the call is taken back. S3 encrypts by default whether a bucket says
    /// so or not ([default encryption]).
    ///
    /// [default encryption]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
    #[must_use]
    pub fn is_proven(&self, now: Option<&Value>) -> bool {
        let always = matches!(self.property, Property::BucketEncryption { .. }) && self.before.is_none();
        match self.standing(now) {
            Standing::Back => true,
            Standing::Written => always,
            Standing::Changed => false,
        }
    }

    /// Returns the parts that are not what the call wrote, in all three states.
    #[must_use]
    pub fn differences(&self, now: Option<&Value>) -> Vec<Difference> {
        let after = self.written();
        let named = |value: &Value| value.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>());
        let only = (extent(&self.property) == Extent::Named).then(|| {
            [self.before.as_ref(), Some(&after)].into_iter().flatten().filter_map(named).flatten().collect::<Vec<_>>()
        });
        let parts = |value: Option<&Value>| {
            let mut found = BTreeMap::new();
            if let Some(value) = value {
                flatten("", &plain(value), &mut found);
            }
            found.retain(|path, _| {
                let first = path.split('.').next().unwrap_or_default();
                only.as_ref().is_none_or(|only| only.is_empty() || only.iter().any(|name| name == first))
            });
            found
        };
        let (before, written, now) = (parts(self.before.as_ref()), parts(Some(&after)), parts(now));
        let mut paths: Vec<&String> = before.keys().chain(written.keys()).chain(now.keys()).collect();
        paths.sort_unstable();
        paths.dedup();
        let one = |path: &String| {
            let of = |parts: &BTreeMap<String, Value>| parts.get(path).cloned();
            let (before, written, now) = (of(&before), of(&written), of(&now));
            let equal = |one: &Option<Value>, other: &Option<Value>| match (one, other) {
                (Some(one), Some(other)) => equal(one, other),
                (one, other) => one.is_none() && other.is_none(),
            };
            (!equal(&written, &now)).then(|| Difference { path: path.clone(), before, written, now })
        };
        paths.into_iter().filter_map(one).collect()
    }

    /// Returns what the call wrote in the form in which the property is read. A new trail is written down with its
    /// settings in a member of their own.
    fn written(&self) -> Value {
        let mut after = self.after.clone();
        if let (Property::Trail { .. }, Some(map)) = (&self.property, after.as_object_mut())
            && let Some(Value::Object(settings)) = map.remove("Settings")
        {
            map.extend(settings);
        }
        after
    }
}

/// Returns what of a property is compared.
fn extent(property: &Property) -> Extent {
    match property {
        Property::BucketPolicy { .. }
        | Property::KeyPolicy { .. }
        | Property::QueuePolicy { .. }
        | Property::RolePolicy { .. }
        | Property::RoleTrust { .. }
        | Property::TopicPolicy { .. } => Extent::Document,
        Property::Alarm { .. }
        | Property::BucketLifecycle { .. }
        | Property::BucketLogging { .. }
        | Property::BucketNotifications { .. }
        | Property::BucketPublicAccessBlock { .. }
        | Property::ConfigChannel { .. }
        | Property::MetricFilter { .. }
        | Property::RoleBoundary { .. }
        | Property::TrailSelectors { .. } => Extent::Whole,
        Property::AlarmActions { .. }
        | Property::Bucket { .. }
        | Property::BucketEncryption { .. }
        | Property::ConfigRecorder { .. }
        | Property::ConfigRecording { .. }
        | Property::FlowLog { .. }
        | Property::Key { .. }
        | Property::KeyAlias { .. }
        | Property::KeyRotation { .. }
        | Property::LogGroup { .. }
        | Property::LogGroupRetention { .. }
        | Property::Queue { .. }
        | Property::Role { .. }
        | Property::ServerLoggingRole { .. }
        | Property::ServiceLinkedRole { .. }
        | Property::Subscription { .. }
        | Property::Topic { .. }
        | Property::TopicKey { .. }
        | Property::Trail { .. }
        | Property::TrailLogging { .. }
        | Property::TrailSettings { .. } => Extent::Named,
    }
}

/// Member of a bucket's lifecycle that S3 answers with whether it was set or not ([PutBucketLifecycleConfiguration]).
///
/// [PutBucketLifecycleConfiguration]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
const DEFAULTED: &str = "TransitionDefaultMinimumObjectSize";

fn agrees(extent: Extent, expected: Option<&Value>, now: Option<&Value>) -> bool {
    let (Some(expected), Some(now)) = (expected, now) else { return expected.is_none() && now.is_none() };
    match extent {
        Extent::Document => expected == now || same(expected, now),
        Extent::Whole => {
            let mut now = now.clone();
            if let Some(members) = now.as_object_mut() {
                members.retain(|name, _| name != DEFAULTED || expected.get(name).is_some_and(|it| !it.is_null()));
            }
            equal(expected, &now)
        }
        Extent::Named => match expected.as_object() {
            Some(expected) => expected.iter().all(|(name, value)| {
                let now = now.get(name).unwrap_or(&Value::Null);
                let is_document = name.ends_with("Policy") || name.ends_with("Document");
                equal(value, now) || (is_document && same(value, now))
            }),
            None => equal(expected, now),
        },
    }
}

/// Returns whether two values are the same: empty members mean as little as missing ones, and lists have no order.
fn equal(one: &Value, other: &Value) -> bool {
    match (plain(one), plain(other)) {
        (Value::Array(ones), Value::Array(mut others)) => {
            ones.len() == others.len()
                && ones.iter().all(|one| {
                    let place = others.iter().position(|other| equal(one, other));
                    place.map(|place| others.swap_remove(place)).is_some()
                })
        }
        (Value::Object(ones), Value::Object(others)) => {
            ones.len() == others.len()
                && ones.iter().all(|(name, one)| others.get(name).is_some_and(|other| equal(one, other)))
        }
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (one, other) => one == other,
    }
}

/// Returns a value without members that are empty: AWS answers with some of them, and not with others.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let full = map.iter().map(|(name, value)| (name.clone(), plain(value)));
            let full = full.filter(|(_, value)| !value.is_null());
            // An empty structure says something: that it is there.
            Value::Object(full.collect::<Map<_, _>>())
        }
        Value::Array(items) if items.is_empty() => Value::Null,
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Value::String(text) if text.is_empty() => Value::Null,
        other => other.clone(),
    }
}

/// Collects the parts of a value by their paths. Items of a list are named as they name themselves, else by number.
fn flatten(path: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(map) if !map.is_empty() => {
            map.iter().for_each(|(name, value)| flatten(&below(name), value, found));
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (number, item) in items.iter().enumerate() {
                let own = ["Sid", "ID", "Id", "Name"].iter().find_map(|name| item.get(name)?.as_str());
                let name = own.map_or_else(|| (number + 1).to_string(), str::to_owned);
                flatten(&below(&name), item, found);
            }
        }
        Value::Null => {}
        other => {
            found.insert(path.to_owned(), other.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::CallState;
    use super::*;
    use crate::model::Region;
    use serde_json::json;

    fn step(property: Property, before: Option<Value>, after: Value) -> EntryStep {
        let (action, summary, state) = ("x:Y".into(), "do it".into(), CallState::Applied);
        EntryStep { action, summary, before, text: None, after, property, state }
    }

    fn settings(before: Value, after: Value) -> EntryStep {
        step(Property::TrailSettings { arn: "arn:aws:cloudtrail:us-east-1:1:trail/t".into() }, Some(before), after)
    }

    #[test]
    fn only_the_settings_that_the_call_names_are_compared() {
        let trail = settings(json!({"KmsKeyId": ""}), json!({"KmsKeyId": "arn:k"}));
        for (now, expected) in [
            (json!({"KmsKeyId": "arn:k", "IsMultiRegionTrail": true}), Standing::Written),
            (json!({"IsMultiRegionTrail": true}), Standing::Back),
            (json!({"KmsKeyId": "arn:other", "IsMultiRegionTrail": true}), Standing::Changed),
        ] {
            assert_eq!(trail.standing(Some(&now)), expected, "{now}");
        }
        assert_eq!(trail.standing(None), Standing::Changed, "the trail is gone");
    }

    #[test]
    fn all_of_a_configuration_is_compared_whatever_its_order() {
        let property = Property::BucketNotifications { bucket: "b".into() };
        let queue = json!({"QueueArn": "q", "Events": ["a", "b"]});
        let both = json!({"QueueConfigurations": [queue], "EventBridgeConfiguration": {}});
        let put = step(property, Some(json!({"QueueConfigurations": [queue]})), both);
        let turned = json!({"EventBridgeConfiguration": {},
            "QueueConfigurations": [{"Events": ["b", "a"], "QueueArn": "q", "Id": ""}]});
        assert_eq!(put.standing(Some(&turned)), Standing::Written);
        let more = json!({"EventBridgeConfiguration": {}, "TopicConfigurations": [{"TopicArn": "t"}],
            "QueueConfigurations": [queue]});
        assert_eq!(put.standing(Some(&more)), Standing::Changed);
        assert_eq!(
            put.differences(Some(&more)).iter().map(|it| it.path.as_str()).collect::<Vec<_>>(),
            ["TopicConfigurations.1.TopicArn"]
        );
    }

    #[test]
    fn a_setting_of_a_lifecycle_that_was_not_set_is_not_compared() {
        let rules = json!([{"ID": "a", "Filter": {}, "Status": "Enabled"}]);
        let property = || Property::BucketLifecycle { bucket: "b".into() };
        let size = |size: &str| json!({"Rules": rules, "TransitionDefaultMinimumObjectSize": size});
        let put = step(property(), None, json!({ "Rules": rules, "TransitionDefaultMinimumObjectSize": null }));
        assert_eq!(put.standing(Some(&size("all_storage_classes_128K"))), Standing::Written);
        let put = step(property(), None, size("varies_by_storage_class"));
        assert_eq!(put.standing(Some(&size("all_storage_classes_128K"))), Standing::Changed);
    }

    #[test]
    fn a_policy_is_compared_by_its_meaning() {
        let policy = |sid: &str, action: Value| {
            json!({"Version": "2012-10-17", "Statement": [
                {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": action, "Resource": "*"}]})
        };
        let put = step(Property::BucketPolicy { bucket: "b".into() }, None, policy("A", json!("s3:*")));
        assert_eq!(put.standing(Some(&policy("B", json!(["s3:*"])))), Standing::Written);
        assert_eq!(put.standing(Some(&policy("A", json!("s3:GetObject")))), Standing::Changed);
        assert_eq!(put.standing(None), Standing::Back);
        let differences = put.differences(Some(&policy("A", json!("s3:GetObject"))));
        let action = differences.iter().find(|it| it.path == "Statement.A.Action").expect("the action");
        assert_eq!(
            (&action.before, &action.written, &action.now),
            (&None, &Some(json!("s3:*")), &Some(json!("s3:GetObject")))
        );
    }

    #[test]
    fn what_was_made_is_compared_by_what_the_call_said_of_it() {
        let property = Property::Trail { arn: "arn:aws:cloudtrail:us-east-1:1:trail/t".into() };
        let made = step(property, None, json!({"S3BucketName": "b", "Settings": {"IsMultiRegionTrail": true}}));
        let now = json!({"S3BucketName": "b", "IsMultiRegionTrail": true, "KmsKeyId": ""});
        assert_eq!(made.standing(Some(&now)), Standing::Written);
        assert_eq!(made.standing(None), Standing::Back);
        assert_eq!(made.standing(Some(&json!({"S3BucketName": "c", "IsMultiRegionTrail": true}))), Standing::Changed);
    }

    #[test]
    fn a_bucket_whose_encryption_is_taken_away_is_encrypted_by_default() {
        let set = step(Property::BucketEncryption { bucket: "b".into() }, None, json!({"SSEAlgorithm": "AES256"}));
        let default = json!({"SSEAlgorithm": "AES256", "KMSMasterKeyID": null});
        assert!(set.is_proven(Some(&default)) && set.is_proven(None));
        assert!(!set.is_proven(Some(&json!({"SSEAlgorithm": "aws:kms"}))));
        let block =
            step(Property::BucketPublicAccessBlock { bucket: "b".into() }, None, json!({"BlockPublicAcls": true}));
        assert!(!block.is_proven(Some(&json!({"BlockPublicAcls": true}))));
    }

    #[test]
    fn what_was_deleted_is_written_as_long_as_it_is_not_there() {
        let property = Property::FlowLog { region: Region::first(), vpc: "vpc-1".into(), id: Some("fl-1".into()) };
        let again = json!({"TrafficType": "ALL", "LogDestination": null, "MaxAggregationInterval": 600});
        let deleted = step(property, Some(again), Value::Null);
        assert_eq!(deleted.standing(None), Standing::Written);
        assert_eq!(
            deleted
                .standing(Some(&json!({"TrafficType": "ALL", "MaxAggregationInterval": 600.0, "FlowLogId": "fl-2"}))),
            Standing::Back
        );
    }
}
