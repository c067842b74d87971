//! The variables of the functions, from the table of the settings.

use super::fill::{indent, lines, title};
use super::functions::{ACCESS, FUNCTIONS, is_family};
use super::lanes;
use super::policies::actions;
use crate::settings::table::{ALL, ReadBy, SetBy, Setting};

/// The settings that mean nothing to a function without controls.
const OF_CONTROLS: [&str; 2] = ["TRAILKEEPER_CONTROLS", "TRAILKEEPER_EXEMPT"];

/// Renders the variables that all functions have.
pub(super) fn of_all() -> String {
    let shared = ALL.iter().filter(|setting| setting.read_by == ReadBy::All);
    indent(&lines(shared.map(|setting| variable(setting, "", ""))), 8)
}

/// Renders the environment of a function, of one of its lanes: the variables that not all have. Empty where it has none.
pub(super) fn of(function: &str, lane: &str) -> String {
    let without = lines(OF_CONTROLS.iter().map(|name| format!("{name}: \"\"")));
    let without = if is_family(function) { String::new() } else { format!("# It has no controls.\n{without}") };
    let own = ALL.iter().filter(|it| it.read_by != ReadBy::All && it.is_read_by(function));
    let variables = without + &lines(own.map(|setting| variable(setting, function, lane)));
    let head = if variables.is_empty() { "" } else { "Environment:\n  Variables:\n" };
    format!("{head}{}", indent(&variables, 4))
}

/// Renders a variable with its value.
fn variable(setting: &Setting, function: &str, lane: &str) -> String {
    let value = match &setting.set_by {
        SetBy::Parameter(it) => it.value.map_or_else(|| format!("!Ref {}", it.name), str::to_owned),
        SetBy::Stack(value) => (*value).to_owned(),
        SetBy::Roles => roles(function),
        SetBy::Lane => format!("\"{}\"", lanes::share(lane).percent()),
    };
    format!("{}: {value}", setting.name)
}

/// Renders the list of Trailkeeper's own roles that a function has to know. The one that reads access logs knows all that
/// change buckets or read files in them; the one that denies the reading of access logs lets in the reader and itself.
fn roles(function: &str) -> String {
    let mut known: Vec<&str> = if function == ACCESS {
        FUNCTIONS.iter().map(|it| it.name).filter(|it| touches(it)).collect()
    } else {
        vec![ACCESS, function]
    };
    known.sort_unstable();
    let arns = known.iter().map(|name| format!("!GetAtt {}Role.Arn", title(name)));
    if known.len() < 3 {
        return format!("!Join [\",\", [{}]]", arns.collect::<Vec<_>>().join(", "));
    }
    // A list in a list: the dash of the outer one stands before the first.
    let items = lines(arns.map(|arn| format!("    - {arn}"))).replacen("    -", "  - -", 1);
    format!("!Join\n  - \",\"\n{}", items.trim_end())
}

/// Tells whether a function changes buckets, or reads files in them.
fn touches(function: &str) -> bool {
    let policies: &[&str] = match function {
        ACCESS => &["observe", "notes"],
        _ if is_family(function) => &["observe", "remediate"],
        _ => &["observe"],
    };
    let actions = policies.iter().flat_map(|policy| actions(&format!("{function}.{policy}")));
    let touching = ["s3:Create", "s3:GetObject", "s3:Put"];
    actions.into_iter().any(|action| touching.iter().any(|start| action.starts_with(start)))
}

#[test]
fn settings_are_read_by_functions_that_are_there() {
    for setting in ALL {
        if let ReadBy::Some(functions) = setting.read_by {
            let known = |name: &&str| FUNCTIONS.iter().any(|it| it.name == *name);
            assert!(!functions.is_empty() && functions.iter().all(known), "{}", setting.name);
        }
    }
}
