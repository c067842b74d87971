//! The policy documents of ours that are compiled in, filled in for one account.

use crate::place::Place;
use serde_json::Value;

/// A document that is compiled in, filled in. It parses: a test of its module says so.
#[must_use]
pub fn compiled(text: &str, place: &Place) -> Value {
    fill(&serde_json::from_str(text).unwrap_or_default(), place)
}

/// Fills a document of `policies/` in. The placeholders are those of `CloudFormation`, so that the same files serve the
/// template: `${AWS::Partition}`, `${AWS::AccountId}`, `${AWS::Region}`.
#[must_use]
pub fn fill(document: &Value, place: &Place) -> Value {
    match document {
        Value::String(text) => Value::String(
            text.replace("${AWS::Partition}", &place.partition)
                .replace("${AWS::AccountId}", &place.account)
                .replace("${AWS::Region}", place.region.as_str()),
        ),
        Value::Array(items) => items.iter().map(|item| fill(item, place)).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), fill(value, place))).collect(),
        other => other.clone(),
    }
}
