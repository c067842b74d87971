//! Commands of the AWS CLI that people paste into a shell.

mod quoted;

use quoted::{json, quoted};
use serde_json::{Map, Value};
use std::fmt;

/// One command of the AWS CLI. `Display` is one line that a shell reads as exactly this command with exactly these
/// arguments, whoever chose the values: nothing in them is expanded, run, or read as another option, and nothing
/// invisible is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    service: &'static str,
    operation: &'static str,
    region: Option<String>,
    members: Vec<(String, Value)>,
}

/// Returns whether a text is a command of AWS, or several, and not words for a person.
#[must_use]
pub fn is_command(text: &str) -> bool {
    ["aws ", "KEY=$(aws "].iter().any(|begin| text.starts_with(begin))
}

impl Command {
    /// Creates a command without arguments: a service and an operation as the AWS CLI spells them.
    #[must_use]
    pub fn aws(service: &'static str, operation: &'static str) -> Self {
        Self { service, operation, region: None, members: Vec::new() }
    }

    /// Sets the region. An empty one is left out.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        self.region = Some(region.to_owned()).filter(|region| !region.is_empty());
        self
    }

    /// Adds a member of the request, named as in the API: a text, a number, a switch, a list or a structure. `null` is left
    /// out, as it is at any depth of the value.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        if let Some(value) = without_null(value.into()) {
            self.members.push((member.to_owned(), value));
        }
        self
    }

    /// Adds a member that is a text containing a JSON document, such as a policy.
    #[must_use]
    pub fn document(self, member: &str, document: &Value) -> Self {
        self.with(member, json(document))
    }

    /// Adds all members of a request.
    #[must_use]
    pub fn members(self, members: Value) -> Self {
        let members = if let Value::Object(members) = members { members } else { Map::new() };
        members.into_iter().fold(self, |command, (member, value)| command.with(&member, value))
    }

    /// Returns the IAM action that the command needs, which is named as its operation for all but a few ([Actions]).
    ///
    /// [Actions]: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
    #[must_use]
    pub fn action(&self) -> String {
        let service = match self.service {
            "s3api" => "s3",
            "configservice" => "config",
            service => service,
        };
        let operation = match (service, self.operation) {
            ("s3", "put-bucket-encryption" | "delete-bucket-encryption") => "PutEncryptionConfiguration".to_owned(),
            ("s3", "put-bucket-lifecycle-configuration" | "delete-bucket-lifecycle") => {
                "PutLifecycleConfiguration".to_owned()
            }
            ("s3", "put-bucket-notification-configuration") => "PutBucketNotification".to_owned(),
            ("s3", "put-public-access-block" | "delete-public-access-block") => "PutBucketPublicAccessBlock".to_owned(),
            (_, operation) => operation.split('-').map(capitalized).collect(),
        };
        format!("{service}:{operation}")
    }

    /// Returns the words of the command: the program, and its arguments.
    ///
    /// Some values cannot be arguments of their own, because the AWS CLI [reads a file][file] or another kind of value
    /// instead: then all members are one argument.
    ///
    /// [file]: https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters-file.html
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = vec!["aws".to_owned(), self.service.to_owned(), self.operation.to_owned()];
        if let Some(region) = &self.region {
            option(&mut words, "region", region);
        }
        let arguments: Option<Vec<Argument>> = self.members.iter().map(|(_, value)| Argument::of(value)).collect();
        match arguments {
            Some(arguments) => {
                for ((member, _), argument) in self.members.iter().zip(arguments) {
                    argument.push(&mut words, &kebab(member));
                }
            }
            None => option(&mut words, "cli-input-json", &json(&self.members.iter().cloned().collect())),
        }
        words
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.words().iter().map(|word| quoted(word)).collect();
        f.write_str(&words.join(" "))
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// Value in the form that an option of the AWS CLI takes.
enum Argument {
    Switch(bool),
    Text(String),
}

impl Argument {
    /// Returns the form of a value, or `None` if the AWS CLI would read it as something else.
    fn of(value: &Value) -> Option<Self> {
        let text = match value {
            Value::Bool(on) => return Some(Self::Switch(*on)),
            Value::String(text) => text.clone(),
            // The AWS CLI reads JSON where a list is expected.
            Value::Array(items) => match items.as_slice() {
                [Value::String(one)] if !one.trim_start().starts_with(['[', '{']) => one.clone(),
                _ => json(value),
            },
            other => json(other),
        };
        let reads = ["file://", "fileb://", "http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
        (!reads && !text.contains('\0')).then_some(Self::Text(text))
    }

    fn push(self, words: &mut Vec<String>, name: &str) {
        match self {
            Self::Switch(true) => words.push(format!("--{name}")),
            Self::Switch(false) => words.push(format!("--no-{name}")),
            Self::Text(text) => option(words, name, &text),
        }
    }
}

/// Adds an option with its value: as one word if the value alone would be taken for an option.
fn option(words: &mut Vec<String>, name: &str, value: &str) {
    if value.starts_with('-') {
        words.push(format!("--{name}={value}"));
    } else {
        words.extend([format!("--{name}"), value.to_owned()]);
    }
}

/// Returns the option of a member: `--sns-topic-name` of `SnsTopicName`.
fn kebab(member: &str) -> String {
    let chars: Vec<char> = member.chars().collect();
    let mut name = String::new();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        let begins = before.is_some_and(|it| !it.is_ascii_uppercase())
            || (before.is_some() && after.is_some_and(char::is_ascii_lowercase));
        if c.is_ascii_uppercase() && begins {
            name.push('-');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

fn without_null(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(members) => {
            let kept = members.into_iter().filter_map(|(name, value)| Some((name, without_null(value)?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Array(items) => Some(Value::Array(items.into_iter().filter_map(without_null).collect())),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shell::words;
    use serde_json::json;

    fn command() -> Command {
        Command::aws("cloudwatch", "put-metric-alarm").region("eu-west-1")
    }

    #[test]
    fn members_of_a_request_are_options() {
        let members = json!({
            "AlarmName": "a;b", "ActionsEnabled": false, "Threshold": 1.5, "Unit": null, "OKActions": [],
            "AlarmActions": ["arn:a"], "SnsTopicName": "", "Dimensions": [{ "Name": "a'b", "Value": null }],
        });
        let line = command().members(members).to_string();
        let text = "aws cloudwatch put-metric-alarm --region eu-west-1 --alarm-name 'a;b' --no-actions-enabled --threshold \
                    1.5 --ok-actions '[]' --alarm-actions arn:a --sns-topic-name '' --dimensions '[{\"Name\":\"a'\\''b\"}]'";
        assert_eq!(line, text);
    }

    #[test]
    fn a_value_is_never_taken_for_an_option_or_a_file() {
        let dash = command().with("AlarmName", "--debug");
        assert_eq!(dash.words().last().map(String::as_str), Some("--alarm-name=--debug"));
        for (member, value) in [
            ("AlarmName", json!("file:///etc/passwd")),
            ("AlarmName", json!("a\0b")),
            ("AlarmNames", json!(["fileb://a"])),
        ] {
            let wild = command().with("Unit", "None").with(member, value.clone());
            let words = words(&wild.to_string()).expect("words");
            let [start @ .., option, input] = words.as_slice() else { panic!("{words:?}") };
            assert_eq!((start.len(), option.as_str()), (5, "--cli-input-json"));
            let input: Value = serde_json::from_str(input).expect("JSON");
            assert_eq!(input, json!({ "Unit": "None", member: value }));
        }
        let list = command().with("AlarmNames", vec![" [\"another\"]"]);
        assert_eq!(list.words().last().map(String::as_str), Some(r#"[" [\"another\"]"]"#));
    }
}
