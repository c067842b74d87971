//! Members of a JSON value, as the builders of requests take them.

use serde_json::Value;

/// Returns a member that is a text. An empty one counts as missing.
pub(super) fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Returns a member that is a text, empty or not.
pub(super) fn any_text(value: &Value, name: &str) -> Option<String> {
    value.get(name)?.as_str().map(str::to_owned)
}

/// Returns a member that is a whole number.
pub(super) fn number<N: TryFrom<i64>>(value: &Value, name: &str) -> Option<N> {
    value.get(name)?.as_i64()?.try_into().ok()
}

/// Returns a member that is a switch.
pub(super) fn flag(value: &Value, name: &str) -> Option<bool> {
    value.get(name)?.as_bool()
}

/// Returns the items of a member that is a list.
pub(super) fn items<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Returns the items of a member that is a list of texts.
pub(super) fn texts(value: &Value, name: &str) -> Vec<String> {
    items(value, name).filter_map(Value::as_str).map(str::to_owned).collect()
}
