//! Lossless conversion of event selectors to the SDK's types.

use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, DataResource, EventSelector};
use serde_json::Value;

pub(crate) fn to_basic(value: &Value) -> EventSelector {
    let data = items(value, "DataResources").map(|data| {
        DataResource::builder().set_type(text(data, "Type")).set_values(Some(texts(data, "Values"))).build()
    });
    EventSelector::builder()
        .set_read_write_type(text(value, "ReadWriteType").map(|it| it.as_str().into()))
        .set_include_management_events(value.get("IncludeManagementEvents").and_then(Value::as_bool))
        .set_data_resources(Some(data.collect()))
        .set_exclude_management_event_sources(Some(texts(value, "ExcludeManagementEventSources")))
        .build()
}

/// Converts an advanced selector; `None` for a field selector without a field, which AWS does not return.
pub(crate) fn to_advanced(value: &Value) -> Option<AdvancedEventSelector> {
    let some = |field: &Value, name: &str| Some(texts(field, name)).filter(|values| !values.is_empty());
    let fields: Option<Vec<_>> = items(value, "FieldSelectors")
        .map(|field| {
            AdvancedFieldSelector::builder()
                .set_field(text(field, "Field"))
                .set_equals(some(field, "Equals"))
                .set_starts_with(some(field, "StartsWith"))
                .set_ends_with(some(field, "EndsWith"))
                .set_not_equals(some(field, "NotEquals"))
                .set_not_starts_with(some(field, "NotStartsWith"))
                .set_not_ends_with(some(field, "NotEndsWith"))
                .build()
                .ok()
        })
        .collect();
    AdvancedEventSelector::builder().set_name(text(value, "Name")).set_field_selectors(fields).build().ok()
}

fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

fn texts(value: &Value, name: &str) -> Vec<String> {
    items(value, name).filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::selectors::{advanced, basic};
    use serde_json::json;

    #[test]
    fn a_round_trip_loses_nothing() {
        let one = json!({"ReadWriteType": "WriteOnly", "IncludeManagementEvents": false,
            "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::a/", "arn:aws:s3:::b/"]}],
            "ExcludeManagementEventSources": ["kms.amazonaws.com"]});
        assert_eq!(basic(&to_basic(&one)), one);
        let two = json!({"Name": "n", "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.ARN", "StartsWith": ["a"], "EndsWith": ["b"], "NotEquals": ["c"], "NotStartsWith": ["d"], "NotEndsWith": ["e"]}]});
        assert_eq!(advanced(&to_advanced(&two).expect("fields")), two);
    }
}
