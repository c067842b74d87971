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
const LISTS: [&str; 4] = ["AccessTargets", "AuditNetworks", "AuditedBuckets", "CollectedBuckets"];

/// The operator that is only there where networks are set, and the template's condition that they are.
const NETWORKS: (&str, &str) = ("IpAddress", "FromNetworks");

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
        Value::Array(items) => match items.iter().map(list_of).collect::<Option<Vec<_>>>() {
            Some(texts) => split(&texts),
            None => Yaml::List(items.iter().map(yaml).collect()),
        },
        Value::Object(map) => Yaml::Map(map.iter().map(entry).collect()),
        other => Yaml::Text(other.to_string()),
    }
}

/// Renders a key with its value, which is only there where a condition of the template holds, if it is about networks.
fn entry((key, value): (&String, &Value)) -> (String, Yaml) {
    let (operator, condition) = NETWORKS;
    let yaml = yaml(value);
    let yaml = match &yaml {
        Yaml::Map(keys) if key == operator => {
            let lines = format!("- {condition}\n- {}- !Ref AWS::NoValue\n", indent(&entries(keys, 0), 2).trim_start());
            Yaml::Long(format!("!If\n{}", indent(&lines, 2)).trim_end().to_owned())
        }
        _ => yaml,
    };
    (key.clone(), yaml)
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

/// Returns a text that has a placeholder of a list, with the list's name.
fn list_of(value: &Value) -> Option<(&str, &'static str)> {
    let text = value.as_str()?;
    let name = LISTS.into_iter().find(|name| text.contains(&format!("${{{name}}}")))?;
    Some((text, name))
}

/// Renders texts with a placeholder of a list, each once for each item of it.
fn split(texts: &[(&str, &str)]) -> Yaml {
    if let [(text, name)] = texts
        && *text == format!("${{{name}}}")
    {
        return Yaml::Short(format!("!Split [\",\", !Ref {name}]"));
    }
    let (mut parts, mut names) = (Vec::new(), Vec::new());
    for (number, (text, name)) in texts.iter().enumerate() {
        let (before, after) = text.split_once(&format!("${{{name}}}")).expect("the placeholder");
        let joined = if number == 0 { "Names".to_owned() } else { format!("Names{}", number + 1) };
        parts.push(format!("{before}${{{joined}}}{after}"));
        names.push(format!("{joined}: !Join [\"{after},{before}\", !Split [\",\", !Ref {name}]]"));
    }
    let lines = [
        "!Split".to_owned(),
        "  # No function is allowed in the separator of a list, so the partition is left open.".to_owned(),
        "  - \",\"".to_owned(),
        "  - !Sub".to_owned(),
        format!("    - {}", parts.join(",")),
        format!("    - {}", names.join("\n      ")),
    ];
    Yaml::Long(lines.join("\n"))
}
