//! Difference between what a call replaces and what it sets, line by line.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};
use trailkeeper::model::OneLine;

/// Number of equal lines that are shown around a change.
const AROUND: usize = 2;

/// Line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What becomes of the line.
    pub sign: Sign,
    /// Text, indented.
    pub text: String,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It goes.
    Goes,
    /// It comes.
    Comes,
    /// It stays.
    Stays,
    /// Lines that stay are left out here.
    Cut,
}

impl Sign {
    /// Returns the character before the line.
    #[must_use]
    pub fn mark(self) -> char {
        match self {
            Self::Goes => '-',
            Self::Comes => '+',
            Self::Stays => ' ',
            Self::Cut => '@',
        }
    }

    /// Returns the name of the sign in style sheets.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Goes => "goes",
            Self::Comes => "comes",
            Self::Stays => "stays",
            Self::Cut => "cut",
        }
    }
}

/// Returns the difference between the value that a call replaces and the one that it sets.
#[must_use]
pub fn difference(before: Option<&Value>, after: &Value) -> Vec<Line> {
    let (old, new) = (before.map(text).unwrap_or_default(), text(after));
    let diff = TextDiff::from_lines(&old, &new);
    let mut lines = Vec::new();
    for (place, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if place > 0 {
            lines.push(Line { sign: Sign::Cut, text: "..".to_owned() });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => Sign::Goes,
                ChangeTag::Insert => Sign::Comes,
                ChangeTag::Equal => Sign::Stays,
            };
            lines.push(Line { sign, text: shown(change.value()) });
        }
    }
    lines
}

/// Returns a line whose indentation is kept and whose text is one line.
fn shown(line: &str) -> String {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    format!("{}{}", " ".repeat(indent), OneLine::from(text.trim_end()))
}

/// Returns a value as indented JSON; nothing for null. Documents that are passed as text are shown as documents.
fn text(value: &Value) -> String {
    if value.is_null() {
        return String::new();
    }
    serde_json::to_string_pretty(&unfolded(value)).map(|text| text + "\n").unwrap_or_default()
}

fn unfolded(value: &Value) -> Value {
    match value {
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        Value::Array(items) => items.iter().map(unfolded).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), unfolded(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(before: Option<&Value>, after: &Value) -> String {
        let lines = difference(before, after);
        lines
            .iter()
            .flat_map(|line| {
                [
                    line.sign.mark().to_string(),
                    line.text.clone(),
                    "
"
                    .to_owned(),
                ]
            })
            .collect()
    }

    #[test]
    fn only_what_changes_is_shown_with_a_little_around_it() {
        let before = json!({ "a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7 });
        let after = json!({ "a": 0, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 8 });
        let expected = " {\n-  \"a\": 1,\n+  \"a\": 0,\n   \"b\": 2,\n   \"c\": 3,\n@..\n   \"e\": 5,\n   \"f\": 6,\n-  \"g\": 7\n+  \"g\": 8\n }\n";
        assert_eq!(told(Some(&before), &after), expected);
    }

    #[test]
    fn documents_in_text_are_compared_as_documents_and_additions_stand_alone() {
        let policy = |action: &str| json!({ "Policy": json!({ "Action": [action] }).to_string() });
        let changed = told(Some(&policy("s3:Get")), &policy("s3:Put"));
        assert!(changed.contains("-      \"s3:Get\"\n+      \"s3:Put\"\n"), "{changed}");
        assert_eq!(told(None, &json!("on")), "+\"on\"\n");
        assert_eq!(told(Some(&json!("on")), &Value::Null), "-\"on\"\n");
        assert_eq!(told(None, &Value::Null), "");
    }

    #[test]
    fn no_name_begins_a_line_of_its_own_or_hides_one() {
        let name = "x\n+ \"Effect\": \"Allow\"\u{1b}[2K\u{202e}";
        let told = told(Some(&json!({ name: 1 })), &json!({ name: 2 }));
        assert_eq!(told.lines().count(), 4, "{told}");
        assert!(!told.contains(['\u{1b}', '\u{202e}']));
    }
}
