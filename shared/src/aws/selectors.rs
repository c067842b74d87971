//! Lossless conversion of event selectors from the SDK's types.

use crate::documents::selectors::Selectors;
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, EventSelector};
use serde_json::{Map, Value, json};

pub(crate) fn read(answer: &GetEventSelectorsOutput) -> Selectors {
    Selectors {
        basic: answer.event_selectors().iter().map(basic).collect(),
        advanced: answer.advanced_event_selectors().iter().map(advanced).collect(),
    }
}

pub(crate) fn basic(it: &EventSelector) -> Value {
    let data = it.data_resources().iter().map(|data| json!({ "Type": data.r#type(), "Values": data.values() }));
    json!({
        "ReadWriteType": it.read_write_type().map(aws_sdk_cloudtrail::types::ReadWriteType::as_str),
        "IncludeManagementEvents": it.include_management_events(),
        "DataResources": data.collect::<Vec<_>>(),
        "ExcludeManagementEventSources": it.exclude_management_event_sources(),
    })
}

pub(crate) fn advanced(it: &AdvancedEventSelector) -> Value {
    let fields = it.field_selectors().iter().map(|field| {
        let mut map = Map::from_iter([("Field".to_owned(), json!(field.field()))]);
        for (name, values) in [
            ("Equals", field.equals()),
            ("StartsWith", field.starts_with()),
            ("EndsWith", field.ends_with()),
            ("NotEquals", field.not_equals()),
            ("NotStartsWith", field.not_starts_with()),
            ("NotEndsWith", field.not_ends_with()),
        ] {
            if !values.is_empty() {
                map.insert(name.to_owned(), json!(values));
            }
        }
        Value::Object(map)
    });
    let mut map = Map::new();
    map.extend(it.name().map(|name| ("Name".to_owned(), json!(name))));
    map.insert("FieldSelectors".to_owned(), fields.collect());
    Value::Object(map)
}
