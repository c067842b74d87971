//! What was read of a resource, as lines for people.

use serde_json::{Map, Value};
use trailkeeper::model::OneLine;

/// Returns what was read as lines `name: value`, indented by what they are part of. What is empty or was not read is left out.
#[must_use]
pub fn facts(read: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    match read {
        Value::Object(members) => add_members(&mut lines, members, 0),
        other => add(&mut lines, "read", other, 0),
    }
    lines
}

fn add_members(lines: &mut Vec<String>, members: &Map<String, Value>, depth: usize) {
    members.iter().for_each(|(name, value)| add(lines, name, value, depth));
}

/// Adds a value under its name.
fn add(lines: &mut Vec<String>, name: &str, value: &Value, depth: usize) {
    let name = words(name);
    let indent = "  ".repeat(depth);
    if let Some(short) = short(value) {
        if !short.is_empty() {
            lines.push(format!("{indent}{name}: {}", OneLine::from(short)));
        }
        return;
    }
    let mut inner = Vec::new();
    match seen(value) {
        Value::Object(members) => add_members(&mut inner, members, depth + 1),
        Value::Array(items) => items.iter().for_each(|item| add_item(&mut inner, item, depth + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    if !inner.is_empty() {
        lines.push(format!("{indent}{name}:"));
        lines.append(&mut inner);
    }
}

/// Adds an item of a list: its first line has a dash.
fn add_item(lines: &mut Vec<String>, item: &Value, depth: usize) {
    let mut inner = Vec::new();
    match (short(item), seen(item)) {
        (Some(short), _) if short.is_empty() => {}
        (Some(short), _) => inner.push(format!("{}{}", "  ".repeat(depth + 1), OneLine::from(short))),
        (None, Value::Object(members)) => add_members(&mut inner, members, depth + 1),
        (None, Value::Array(items)) => items.iter().for_each(|item| add_item(&mut inner, item, depth + 1)),
        (None, Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {}
    }
    let dash = format!("{}- ", "  ".repeat(depth));
    for (place, line) in inner.into_iter().enumerate() {
        let rest = line.get(dash.len()..).filter(|_| place == 0).map(|rest| format!("{dash}{rest}"));
        lines.push(rest.unwrap_or(line));
    }
}

/// Returns what fits in one line: a single value, or a list of single ones; an empty text for what was not read. `None` for the
/// rest.
fn short(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(yes) => Some(if *yes { "yes" } else { "no" }.to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if text == "not-asked" => Some(String::new()),
        Value::String(text) if text == "absent" => Some("there is none".to_owned()),
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let single = |item: &Value| if item.is_object() || item.is_array() { None } else { short(item) };
            let items: Option<Vec<String>> = items.iter().map(single).collect();
            items.map(|items| items.join(", "))
        }
        Value::Object(members) => match only(members) {
            Some(("present", Value::Null)) => Some("there is one".to_owned()),
            Some(("present", inner)) => short(inner),
            Some(("unreadable", action)) => {
                Some(format!("could not be read: {} was denied", action.as_str().unwrap_or_default()))
            }
            _ if members.is_empty() => Some(String::new()),
            _ => None,
        },
    }
}

/// Returns what is there of a value that may be there.
fn seen(value: &Value) -> &Value {
    match value.as_object().and_then(only) {
        Some(("present", inner)) => inner,
        _ => value,
    }
}

fn only(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut all = members.iter();
    match (all.next(), all.next()) {
        (Some((name, value)), None) => Some((name, value)),
        _ => None,
    }
}

/// Returns one of our own names as words. AWS's names stay as they are.
fn words(name: &str) -> OneLine {
    let own = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if own { name.replace('_', " ").into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::HOSTILE;
    use serde_json::json;

    #[test]
    fn facts_are_words_and_what_was_not_read_is_no_fact() {
        let read = json!({
            "exists": true,
            "log_group": { "present": { "name": "g", "retention_days": 30, "tags": [] } },
            "key": "absent",
            "policy": { "unreadable": "s3:GetBucketPolicy" },
            "role": "not-asked",
            "transformer": { "present": null },
            "uses": ["a", "b"],
            "topics": { "arn:aws:sns:x": { "present": { "policy": { "Statement": [{ "Sid": "A", "Effect": "Allow" }] } } } },
            "grants": [{ "who": "x", "right": "read" }, {}],
        });
        let expected = "exists: yes\nlog group:\n  name: g\n  retention days: 30\nkey: there is none\n\
                        policy: could not be read: s3:GetBucketPolicy was denied\ntransformer: there is one\nuses: a, b\n\
                        topics:\n  arn:aws:sns:x:\n    policy:\n      Statement:\n        - Sid: A\n          Effect: Allow\n\
                        grants:\n  - who: x\n    right: read";
        assert_eq!(facts(&read).join("\n"), expected);
    }

    #[test]
    fn no_name_makes_a_line_of_its_own() {
        let name = HOSTILE.concat();
        let told = facts(&json!({ "name": name, &name: { "inner": name } }));
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told.iter().all(|line| !line.contains(['\n', '\u{1b}', '\u{202e}'])));
    }
}
