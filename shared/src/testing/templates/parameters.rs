//! The parameters that set settings, how the console groups them, and those of `members.yaml` that rights depend on.

use super::fill::{indent, lines};
use super::functions::{ACCESS, FUNCTIONS};
use super::policies::text;
use super::yaml::{Yaml, entries};
use crate::settings::table::{ALL, Group, Kind, Parameter, Text};

/// The groups of the console with their parameters: `*` stands for those of the settings, the others are of the stack.
const GROUPS: [(Group, &str, &[&str]); 7] = [
    (Group::Scope, "What it may do", &["*", "Schedule"]),
    (Group::Accounts, "In which accounts", &["*"]),
    (Group::Reports, "Whom it tells", &["*", "ReportEmail"]),
    (Group::Runs, "How it runs", &["Architecture", "Concurrency", "Tracing", "PermissionsBoundary", "*"]),
    (Group::FlowLogs, "What VPC flow logs take in and where they go", &["*", "FlowLogPrefix"]),
    (Group::Alarms, "What alarms listen to and whom they tell", &["*"]),
    (Group::Access, "Who may touch the logs", &["*"]),
];

fn all() -> impl Iterator<Item = &'static Parameter> {
    ALL.iter().filter_map(|setting| setting.parameter())
}

/// The groups, in the order of the console.
pub(super) fn groups() -> String {
    let group = |(group, label, names): &(Group, &str, &[&str])| {
        let of_settings = || all().filter(|it| it.group == *group).map(|it| it.name);
        let names = names.iter().flat_map(|name| if *name == "*" { of_settings().collect() } else { vec![*name] });
        let names: Vec<&str> = names.collect();
        format!("      - Label: {{ default: {label} }}\n        Parameters: [{}]\n", names.join(", "))
    };
    GROUPS.iter().map(group).collect()
}

/// What the console calls the parameters of the settings.
pub(super) fn labels() -> String {
    lines(all().map(|it| format!("      {}: {{ default: {} }}", it.name, it.label)))
}

/// The parameters of the settings.
pub(super) fn parameters() -> String {
    all().map(|it| written(it.name, &taken(it), it.description)).collect()
}

/// The parameters of `members.yaml` that stand for those of the home stack, as rights depend on them.
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

/// The same parameters with their defaults, as `tools/members.py` hands them on.
pub(super) fn handed_on() -> String {
    lines(rights().map(|it| format!("    \"{}\": \"{}\",", it.name, it.default)))
}

/// The parameters that stand in a policy that `members.yaml` has, too.
fn rights() -> impl Iterator<Item = &'static Parameter> {
    all().filter(|it| it.name != "ReportTopicArn" && policies().contains(&format!("${{{}}}", it.name)))
}

fn is_part_of_an_arn(parameter: &Parameter) -> bool {
    let placeholder = format!("${{{}}}", parameter.name);
    policies().lines().any(|line| line.contains("\"Resource\"") && line.contains(&placeholder))
}

/// All that functions may read and write, one after the other.
fn policies() -> String {
    let files = FUNCTIONS.iter().flat_map(|it| {
        let fixing = (it.name != ACCESS).then(|| format!("{}.remediate", it.name));
        std::iter::once(format!("{}.observe", it.name)).chain(fixing)
    });
    files.map(|file| text(&file)).collect()
}

fn written(name: &str, taken: &[(&str, Yaml)], description: &str) -> String {
    let description = [("Description", Yaml::Text(description.to_owned()))];
    let keys: Vec<(String, Yaml)> =
        taken.iter().chain(&description).map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    format!("  {name}:\n{}", indent(&entries(&keys, 4), 4))
}

/// What a parameter takes, as `CloudFormation` asks.
fn taken(parameter: &Parameter) -> Vec<(&'static str, Yaml)> {
    let word = |text: &str| Yaml::Text(text.to_owned());
    let number = |number: String| Yaml::Short(number);
    let default = parameter.default;
    let of_text = |rest| [vec![("Type", word("String")), ("Default", word(default))], rest].concat();
    let of_number = |rest| [vec![("Type", word("Number")), ("Default", number(default.to_owned()))], rest].concat();
    match parameter.kind {
        Kind::OneOf(words) => of_text(vec![("AllowedValues", Yaml::Short(format!("[{}]", words.join(", "))))]),
        Kind::OneOfNumbers(numbers) => {
            let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
            of_number(vec![("AllowedValues", Yaml::Short(format!("[{}]", numbers.join(", "))))])
        }
        Kind::Between(least, most) => {
            of_number(vec![("MinValue", number(least.to_string())), ("MaxValue", number(most.to_string()))])
        }
        Kind::Text(Text { longest, pattern, hint }) => {
            let asked = [("AllowedPattern", pattern), ("ConstraintDescription", hint)];
            let asked = asked.into_iter().filter(|(_, text)| !text.is_empty()).map(|(key, text)| (key, word(text)));
            of_text(std::iter::once(("MaxLength", number(longest.to_string()))).chain(asked).collect())
        }
    }
}
