//! Conversion of lifecycle rules between the SDK's types and those of views and reports.

use crate::families::bucket::added_rule::{Action, AddedRule, UPLOAD_DAYS};
use crate::families::bucket::view::Rules;
use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, Tag,
    Transition, TransitionDefaultMinimumObjectSize, TransitionStorageClass,
};
use serde_json::{Map, Value, json};

/// Returns the rules in the form of the API, without empty values.
pub(crate) fn seen(rules: &[LifecycleRule], size: Option<&TransitionDefaultMinimumObjectSize>) -> Rules {
    Rules { rules: rules.iter().map(rule).collect(), minimum_size: size.map(|size| size.as_str().to_owned()) }
}

fn rule(rule: &LifecycleRule) -> Value {
    #[allow(deprecated, reason = "rules of the old style have it, and are kept as they are")]
    let prefix = rule.prefix();
    let transition = |it: &Transition| {
        object([
            ("Date", date(it.date())),
            ("Days", it.days().map(Value::from)),
            ("StorageClass", it.storage_class().map(|class| json!(class.as_str()))),
        ])
    };
    let expiration = rule.expiration().map(|it| {
        object([
            ("Date", date(it.date())),
            ("Days", it.days().map(Value::from)),
            ("ExpiredObjectDeleteMarker", it.expired_object_delete_marker().map(Value::from)),
        ])
    });
    let later = rule.noncurrent_version_transitions().iter().map(|it| {
        object([
            ("NoncurrentDays", it.noncurrent_days().map(Value::from)),
            ("NewerNoncurrentVersions", it.newer_noncurrent_versions().map(Value::from)),
            ("StorageClass", it.storage_class().map(|class| json!(class.as_str()))),
        ])
    });
    let end = rule.noncurrent_version_expiration().map(|it| {
        object([
            ("NoncurrentDays", it.noncurrent_days().map(Value::from)),
            ("NewerNoncurrentVersions", it.newer_noncurrent_versions().map(Value::from)),
        ])
    });
    let uploads = rule.abort_incomplete_multipart_upload();
    object([
        ("ID", rule.id().map(Value::from)),
        ("Prefix", prefix.map(Value::from)),
        ("Filter", rule.filter().map(filter)),
        ("Status", Some(json!(rule.status().as_str()))),
        ("Transitions", list(rule.transitions().iter().map(transition))),
        ("NoncurrentVersionTransitions", list(later)),
        ("Expiration", expiration),
        ("NoncurrentVersionExpiration", end),
        (
            "AbortIncompleteMultipartUpload",
            uploads.map(|it| object([("DaysAfterInitiation", it.days_after_initiation().map(Value::from))])),
        ),
    ])
}

fn filter(filter: &LifecycleRuleFilter) -> Value {
    let tag = |tag: &Tag| json!({ "Key": tag.key(), "Value": tag.value() });
    let and = filter.and().map(|it| {
        object([
            ("Prefix", it.prefix().map(Value::from)),
            ("Tags", list(it.tags().iter().map(tag))),
            ("ObjectSizeGreaterThan", it.object_size_greater_than().map(Value::from)),
            ("ObjectSizeLessThan", it.object_size_less_than().map(Value::from)),
        ])
    });
    object([
        ("Prefix", filter.prefix().map(Value::from)),
        ("Tag", filter.tag().map(tag)),
        ("ObjectSizeGreaterThan", filter.object_size_greater_than().map(Value::from)),
        ("ObjectSizeLessThan", filter.object_size_less_than().map(Value::from)),
        ("And", and),
    ])
}

fn object<const N: usize>(entries: [(&str, Option<Value>); N]) -> Value {
    let there = entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(there.collect::<Map<_, _>>())
}

fn list(items: impl Iterator<Item = Value>) -> Option<Value> {
    let items: Vec<Value> = items.collect();
    (!items.is_empty()).then_some(Value::Array(items))
}

fn date(date: Option<&DateTime>) -> Option<Value> {
    date?.fmt(DateTimeFormat::DateTime).ok().map(Value::String)
}

/// Converts one of our rules to the SDK's type.
pub(super) fn managed(rule: &AddedRule) -> Result<LifecycleRule, BuildError> {
    let AddedRule { id, prefix, old_style, action } = rule;
    let new = LifecycleRule::builder().id(id).status(ExpirationStatus::Enabled);
    #[allow(deprecated, reason = "S3 takes no mixture of styles, so that of the rules that are there is followed")]
    let new =
        if *old_style { new.prefix(prefix) } else { new.filter(LifecycleRuleFilter::builder().prefix(prefix).build()) };
    match action {
        Action::Glacier(days) => {
            let to = Transition::builder().days(day(*days)).storage_class(TransitionStorageClass::Glacier);
            new.transitions(to.build()).build()
        }
        Action::Expire(days) => new
            .expiration(LifecycleExpiration::builder().days(day(*days)).build())
            .abort_incomplete_multipart_upload(
                AbortIncompleteMultipartUpload::builder().days_after_initiation(UPLOAD_DAYS).build(),
            )
            .build(),
    }
}

/// Converts days. The settings limit them to far less than the maximum of this type.
fn day(days: u32) -> i32 {
    i32::try_from(days).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that the rules sent are the ones announced, by reading them back.
    #[test]
    fn ours_is_read_back_as_it_was_planned() {
        for action in [Action::Glacier(90), Action::Expire(365)] {
            for old_style in [false, true] {
                let planned = AddedRule { id: "x".to_owned(), prefix: "a/".to_owned(), old_style, action };
                let mut read = rule(&managed(&planned).expect("a rule"));
                let mut said = planned.json();
                for value in [&mut read, &mut said] {
                    value.sort_all_objects();
                }
                assert_eq!(read, said);
            }
        }
    }
}
