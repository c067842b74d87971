//! Fills in our own compiled-in policy documents for one account.

use crate::model::Place;
use serde_json::Value;

/// Includes the source of a document in `policies/`.
macro_rules! document {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../policies/", $file))
    };
}
pub(crate) use document;

/// Parses and fills in a compiled-in document. A test of each module ensures that its documents parse.
#[must_use]
pub fn compiled(text: &str, place: &Place) -> Value {
    fill(&serde_json::from_str(text).unwrap_or_default(), place)
}

/// Fills in a document of `policies/`. The placeholders are those of CloudFormation, so that the template uses the same
/// files: `${AWS::Partition}`, `${AWS::AccountId}`, `${AWS::Region}`.
#[must_use]
pub fn fill(document: &Value, place: &Place) -> Value {
    let Place { partition, account, region } = place;
    let values =
        [("AWS::Partition", partition.as_str()), ("AWS::AccountId", account), ("AWS::Region", region.as_str())];
    fill_in(document, &values)
}

/// Fills in placeholders that are specific to one document, such as `${Bucket}`.
#[must_use]
pub fn fill_in(document: &Value, values: &[(&str, &str)]) -> Value {
    match document {
        Value::String(text) => Value::String(
            values.iter().fold(text.clone(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value)),
        ),
        Value::Array(items) => items.iter().map(|item| fill_in(item, values)).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), fill_in(value, values))).collect(),
        other => other.clone(),
    }
}

/// Fills in placeholders that stand for several strings, such as `"${Readers}"`. Within a list, the strings replace the
/// placeholder; elsewhere it becomes a list.
#[must_use]
pub fn fill_lists(document: &Value, lists: &[(&str, &[String])]) -> Value {
    let list = |value: &Value| {
        let name = value.as_str()?.strip_prefix("${")?.strip_suffix('}')?;
        lists.iter().find(|(listed, _)| *listed == name).map(|(_, texts)| texts.iter().cloned().map(Value::String))
    };
    match document {
        Value::Array(items) => items
            .iter()
            .flat_map(|item| list(item).map_or_else(|| vec![fill_lists(item, lists)], Iterator::collect))
            .collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), fill_lists(value, lists))).collect(),
        single => list(single).map_or_else(|| single.clone(), Iterator::collect),
    }
}
