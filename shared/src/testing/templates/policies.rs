//! The policies of `policies/` as the templates hold them: their placeholders as functions of `CloudFormation`.

use super::fill::indent;
use super::yaml::{Yaml, entries};
use serde_json::Value;
use std::path::Path;

/// The topic of the reports: the stack's own or the one that is set.
pub(super) const TOPIC: &str = "!If [OwnTopic, !Ref ReportTopic, !Ref ReportTopicArn]";

/// The placeholders that stand for an attribute of a resource.
const ATTRIBUTES: [(&str, &str); 4] = [
    ("BusArn", "Bus.Arn"),
    ("LedgerArn", "Ledger.Arn"),
    ("NotesArn", "Notes.Arn"),
    ("UnsentReportsArn", "UnsentReports.Arn"),
];

/// The placeholders that stand for several texts, with commas between them.
const LISTS: [&str; 1] = ["AccessTargets"];

/// The sessions of a family in another account carry its name in this tag.
const TAG: &str = "aws:PrincipalTag/trailkeeper-family";

/// Reads the text of a policy.
fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies").join(format!("{name}.json"));
    std::fs::read_to_string(path).expect(name)
}

/// Reads the statements of a policy, for one family.
pub(super) fn statements(name: &str, family: &str) -> Vec<Value> {
    let document: Value = serde_json::from_str(&text(name).replace("${Family}", family)).expect(name);
    document["Statement"].as_array().expect("a list").clone()
}

/// Reads the statements of a policy that hold in other accounts, too: not that on reports, which go out with the
/// function's own role, from home.
pub(super) fn statements_elsewhere(name: &str, family: &str) -> Vec<Value> {
    statements(name, family).into_iter().filter(|it| it["Action"] != "sns:Publish").collect()
}

/// Reads all actions of a policy.
pub(super) fn actions(name: &str) -> Vec<String> {
    let texts = |value: &Value| match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        other => other.as_str().map(str::to_owned).into_iter().collect::<Vec<_>>(),
    };
    statements(name, "").iter().flat_map(|it| texts(&it["Action"])).collect()
}

/// Restricts a statement to sessions of one family.
pub(super) fn of_sessions(family: &str, mut statement: Value) -> Value {
    let asked = statement["Condition"]["StringEquals"].as_object().cloned().unwrap_or_default();
    let mut equal = serde_json::json!({ TAG: family });
    asked.into_iter().for_each(|(key, value)| equal[key] = value);
    statement["Condition"]["StringEquals"] = equal;
    statement
}

/// Renders statements as the items of a list, for a place `deep` columns in.
pub(super) fn write(statements: &[Value], deep: usize) -> String {
    statements.iter().map(|it| item(&indent(&statement(it, deep + 2), 2))).collect()
}

/// Renders statements that hold only where a condition of the template does.
pub(super) fn write_if(condition: &str, statements: &[Value], deep: usize) -> String {
    let write = |it: &Value| {
        let yes = item(&indent(&statement(it, deep + 4), 2));
        format!("- !If\n{}", indent(&format!("- {condition}\n{yes}- !Ref AWS::NoValue\n"), 2))
    };
    statements.iter().map(write).collect()
}

/// Turns lines that stand two columns in into the item of a list.
fn item(lines: &str) -> String {
    format!("- {}", lines.trim_start())
}

fn statement(statement: &Value, deep: usize) -> String {
    let map = statement.as_object().expect("a statement");
    let map: Vec<(String, Yaml)> = map.iter().map(|(key, value)| (key.clone(), yaml(value))).collect();
    entries(&map, deep)
}

fn yaml(value: &Value) -> Yaml {
    match value {
        Value::String(text) => function(text),
        Value::Array(items) => match items.as_slice() {
            [Value::String(text)] if list_in(text).is_some() => split(text),
            _ => Yaml::List(items.iter().map(yaml).collect()),
        },
        Value::Object(map) => Yaml::Map(map.iter().map(|(key, value)| (key.clone(), yaml(value))).collect()),
        other => Yaml::Text(other.to_string()),
    }
}

/// Turns a text with placeholders into the function of `CloudFormation` that fills them in.
fn function(text: &str) -> Yaml {
    let attribute = |text: String, (name, attribute): &(&str, &str)| {
        text.replace(&format!("${{{name}}}"), &format!("${{{attribute}}}"))
    };
    let text = ATTRIBUTES.iter().fold(text.to_owned(), attribute);
    let whole = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).filter(|name| !name.contains('$'));
    match whole {
        Some("GuardTopicArn") => Yaml::Short("!Ref GuardTopic".to_owned()),
        Some("ReportTopicArn") => Yaml::Short(TOPIC.to_owned()),
        Some(name) if name.contains("::") => Yaml::Short(format!("!Ref \"{name}\"")),
        Some(name) if name.contains('.') => Yaml::Short(format!("!GetAtt {name}")),
        Some(name) => Yaml::Short(format!("!Ref {name}")),
        None if text.contains("${") => Yaml::Long(format!("!Sub {text}")),
        None => Yaml::Text(text),
    }
}

/// Returns the name of the list that a text has a placeholder of.
fn list_in(text: &str) -> Option<&'static str> {
    LISTS.into_iter().find(|name| text.contains(&format!("${{{name}}}")))
}

/// Renders a text with a placeholder of a list, once for each item of it.
fn split(text: &str) -> Yaml {
    let name = list_in(text).expect("a list");
    let (before, after) = text.split_once(&format!("${{{name}}}")).expect("the placeholder");
    let lines = [
        "!Split".to_owned(),
        "  # No function is allowed in the separator of a list, so the partition is left open.".to_owned(),
        "  - \",\"".to_owned(),
        "  - !Sub".to_owned(),
        format!("    - {before}${{Names}}{after}"),
        format!("    - Names: !Join [\"{after},{before}\", !Split [\",\", !Ref {name}]]"),
    ];
    Yaml::Long(lines.join("\n"))
}
