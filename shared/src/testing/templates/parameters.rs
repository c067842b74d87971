//! The parameters that set settings, how the console groups them, and those of `members.yaml` that rights depend on.

use super::fill::{indent, lines};
use super::functions::{FUNCTIONS, is_family};
use super::policies::statements_elsewhere;
use super::yaml::{Yaml, entries};
use crate::settings::table::{ALL, Parameter, ParameterGroup, ParameterKind, TextParameter};
use serde_json::Value;

/// The groups of the console with their parameters: `*` stands for those of the settings, the others are of the stack.
const GROUPS: [(ParameterGroup, &str, &[&str]); 7] = [
    (ParameterGroup::Scope, "What it does", &["*", "Schedule", "SilentDays", "Stopped"]),
    (ParameterGroup::Accounts, "Which accounts it covers", &["*"]),
    (ParameterGroup::Reports, "Whom it notifies", &["*", "ReportTopicKeyArn", "ReportEmail", "GuardEmail"]),
    (
        ParameterGroup::Runs,
        "How it runs",
        &["Architecture", "Concurrency", "LogBuckets", "Tracing", "PermissionsBoundary", "*"],
    ),
    (ParameterGroup::FlowLogs, "What VPC flow logs record and where they go", &["*", "FlowLogPrefix"]),
    (ParameterGroup::Alarms, "Alarms", &["*"]),
    (ParameterGroup::Access, "Who may access the logs", &["*", "AuditedBuckets", "AuditNetworks", "CollectedBuckets"]),
];

fn all() -> impl Iterator<Item = &'static Parameter> {
    ALL.iter().filter_map(|setting| setting.parameter())
}

/// Renders the groups, in the order of the console.
pub(super) fn groups() -> String {
    let group = |(group, label, names): &(ParameterGroup, &str, &[&str])| {
        let of_settings = || all().filter(|it| it.group == *group).map(|it| it.name);
        let names = names.iter().flat_map(|name| if *name == "*" { of_settings().collect() } else { vec![*name] });
        let names: Vec<&str> = names.collect();
        format!("      - Label: {{ default: {label} }}\n        Parameters: [{}]\n", names.join(", "))
    };
    GROUPS.iter().map(group).collect()
}

/// Renders what the console calls the parameters of the settings.
pub(super) fn labels() -> String {
    lines(all().map(|it| format!("      {}: {{ default: {} }}", it.name, it.label)))
}

/// Renders the parameters of the settings.
pub(super) fn parameters() -> String {
    all().map(|it| written(it.name, &taken(it), it.description)).collect()
}

/// Renders the parameters of `members.yaml` that are those of the home stack, as rights depend on them.
pub(super) fn of_rights() -> String {
    let parameter = |it: &Parameter| {
        let kept = ["Type", "Default", "AllowedPattern", "ConstraintDescription"];
        // A pattern only where the value becomes a part of an ARN, which it could widen.
        let kept = if is_part_of_an_arn(it) { &kept[..] } else { &kept[..2] };
        let taken = taken(it).into_iter().filter(|(key, _)| kept.contains(key));
        written(it.name, &taken.collect::<Vec<_>>(), &format!("That stack's {}.", it.name))
    };
    rights().map(parameter).collect()
}

/// Renders the parameters that rights depend on, with their defaults, for `tools/members.py`.
pub(super) fn handed_on() -> String {
    lines(rights().map(|it| format!("    \"{}\": \"{}\",", it.name, it.default)))
}

/// Returns the parameters that stand in a policy of `members.yaml`.
fn rights() -> impl Iterator<Item = &'static Parameter> {
    let statements = statements_of_all();
    all().filter(move |it| statements.iter().any(|statement| names(statement, it)))
}

fn is_part_of_an_arn(parameter: &Parameter) -> bool {
    statements_of_all().iter().any(|statement| names(&statement["Resource"], parameter))
}

/// Tells whether a part of a policy has the placeholder of a parameter.
fn names(value: &Value, parameter: &Parameter) -> bool {
    value.to_string().contains(&format!("${{{}}}", parameter.name))
}

/// Reads the statements of all functions that hold in other accounts, too.
fn statements_of_all() -> Vec<Value> {
    let files = FUNCTIONS.iter().flat_map(|it| {
        let fixing = is_family(it.name).then(|| format!("{}.remediate", it.name));
        std::iter::once(format!("{}.observe", it.name)).chain(fixing)
    });
    files.flat_map(|file| statements_elsewhere(&file, "")).collect()
}

fn written(name: &str, taken: &[(&str, Yaml)], description: &str) -> String {
    let description = [("Description", Yaml::Text(description.to_owned()))];
    let keys: Vec<(String, Yaml)> =
        taken.iter().chain(&description).map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    format!("  {name}:\n{}", indent(&entries(&keys, 4), 4))
}

/// Returns the type, default and bounds of a parameter.
fn taken(parameter: &Parameter) -> Vec<(&'static str, Yaml)> {
    let word = |text: &str| Yaml::Text(text.to_owned());
    let number = |number: String| Yaml::Short(number);
    let default = parameter.default;
    let of_text = |rest| [vec![("Type", word("String")), ("Default", word(default))], rest].concat();
    let of_number = |rest| [vec![("Type", word("Number")), ("Default", number(default.to_owned()))], rest].concat();
    match parameter.kind {
        ParameterKind::OneOf(words) => of_text(vec![("AllowedValues", Yaml::Short(format!("[{}]", words.join(", "))))]),
        ParameterKind::OneOfNumbers(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
            of_number(vec![("AllowedValues", Yaml::Short(format!("[{}]", numbers.join(", "))))])
        }
        ParameterKind::Between(least, most) => {
            of_number(vec![("MinValue", number(least.to_string())), ("MaxValue", number(most.to_string()))])
        }
        ParameterKind::Text(TextParameter { longest, pattern, hint }) => {
            let asked = [("AllowedPattern", pattern), ("ConstraintDescription", hint)];
            let asked = asked.into_iter().filter(|(_, text)| !text.is_empty()).map(|(key, text)| (key, word(text)));
            of_text(std::iter::once(("MaxLength", number(longest.to_string()))).chain(asked).collect())
        }
    }
}
