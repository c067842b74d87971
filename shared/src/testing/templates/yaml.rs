//! Values as YAML, in the way in which the templates are written: short ones on one line, long ones below each other.

use std::fmt::Write as _;

/// The length of the longest line.
const WIDTH: usize = 120;

/// The number of items of the longest list on one line.
const ITEMS: usize = 3;

/// A value of a template.
#[derive(Debug, Clone)]
pub(super) enum Yaml {
    /// A text or number.
    Text(String),
    /// A function of `CloudFormation`'s that is written out already, such as `!Ref Bus`.
    Short(String),
    /// A function that needs the rest of its line, or further lines below, such as a `!Sub` without quotes.
    Long(String),
    /// A list.
    List(Vec<Yaml>),
    /// A mapping, in its order.
    Map(Vec<(String, Yaml)>),
}

/// Renders the lines of a mapping: each key with its value. `deep` is how far in they will stand.
pub(super) fn entries(map: &[(String, Yaml)], deep: usize) -> String {
    map.iter().map(|(name, value)| entry(&key(name), value, deep)).collect()
}

/// Renders a key with its value: on its line where that is short enough, else on lines of their own.
fn entry(key: &str, value: &Yaml, deep: usize) -> String {
    match value {
        Yaml::Long(text) => return format!("{key}: {text}\n"),
        Yaml::Text(text) => return format!("{key}: {}\n", line(text)),
        _ => {}
    }
    if let Some(line) = on_one_line(value).map(|text| format!("{key}: {text}\n"))
        && deep + line.len() <= WIDTH + 1
    {
        return line;
    }
    let below = match value {
        Yaml::List(items) => items.iter().fold(String::new(), |mut text, item| {
            let item = match item {
                Yaml::Long(text) => Some(text.clone()),
                // The dash stands before its first line.
                Yaml::Map(map) if on_one_line(item).is_none() => {
                    Some(entries(map, deep + 4).trim_end().replace('\n', "\n  "))
                }
                _ => on_one_line(item),
            };
            writeln!(text, "- {}", item.expect("an item of a list is short")).expect("text");
            text
        }),
        Yaml::Map(map) => entries(map, deep + 2),
        Yaml::Text(_) | Yaml::Short(_) | Yaml::Long(_) => {
            return format!("{key}: {}\n", on_one_line(value).expect("short"));
        }
    };
    format!("{key}:\n{}", super::fill::indent(&below, 2))
}

/// Renders a value within brackets and braces, where it fits there.
fn on_one_line(value: &Yaml) -> Option<String> {
    match value {
        Yaml::Text(text) => Some(word(text)),
        Yaml::Short(text) => Some(text.clone()),
        Yaml::Long(_) => None,
        Yaml::List(items) if items.len() > ITEMS => None,
        Yaml::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(on_one_line).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Yaml::Map(map) => {
            let both = |(name, value): &(String, Yaml)| Some(format!("{}: {}", key(name), on_one_line(value)?));
            let entries: Option<Vec<String>> = map.iter().map(both).collect();
            Some(format!("{{ {} }}", entries?.join(", ")))
        }
    }
}

/// Quotes a key where it has a colon.
fn key(name: &str) -> String {
    if name.contains(':') { format!("\"{name}\"") } else { name.to_owned() }
}

/// Quotes a text where YAML would take it for something else.
fn word(text: &str) -> String {
    in_quotes_unless(text, b" ./:*_-()")
}

/// Quotes a text that has the rest of its line to itself, which may hold more without quotes.
fn line(text: &str) -> String {
    in_quotes_unless(text, b" ./:*_-(),;'=%+@?[]{}")
}

fn in_quotes_unless(text: &str, plain: &[u8]) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || plain.contains(&b);
    let is_word = text.starts_with(|first: char| first.is_ascii_alphanumeric()) && text.bytes().all(is_plain);
    let is_taken = ["true", "false", "null", "yes", "no", "on", "off"].contains(&text);
    let is_number = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_word && !is_taken && !is_number && !text.contains(": ") && !text.ends_with(':') {
        return text.to_owned();
    }
    serde_json::to_string(text).expect("JSON is YAML")
}

#[test]
fn values_are_short_where_they_can_be() {
    let texts = |texts: &[&str]| Yaml::List(texts.iter().map(|it| Yaml::Text((*it).to_owned())).collect());
    let equal = |value| Yaml::Map(vec![("StringEquals".to_owned(), Yaml::Map(vec![("aws:x".to_owned(), value)]))]);
    let map = vec![
        ("Action".to_owned(), texts(&["s3:GetObject", "*"])),
        ("Many".to_owned(), texts(&["a", "b", "c", "d"])),
        ("Condition".to_owned(), equal(Yaml::Short("!Ref Organization".to_owned()))),
        ("Longer".to_owned(), equal(Yaml::Long("!Sub ${A}".to_owned()))),
    ];
    let written = "Action: [s3:GetObject, \"*\"]\nMany:\n  - a\n  - b\n  - c\n  - d\n\
        Condition: { StringEquals: { \"aws:x\": !Ref Organization } }\n\
        Longer:\n  StringEquals:\n    \"aws:x\": !Sub ${A}\n";
    assert_eq!(entries(&map, 0), written);
    assert_eq!(
        ["true", "12", "a, b", "Trailkeeper Sweep"].map(word),
        ["\"true\"", "\"12\"", "\"a, b\"", "Trailkeeper Sweep"]
    );
}
