//! The policies of `members.yaml`: what each function may do in another account, for sessions of its own family alone.

use super::fill::{fill, indent, lines, title};
use super::functions::{ACCESS, DIGEST, FUNCTIONS, GUARD};
use super::policies::{of_sessions, statements_elsewhere, write, write_if};
use super::roles;
use serde_json::Value;

/// The function whose rights are too long for one policy (6,144 characters, IAM quotas). A role has ten policies at most, so
/// the others have one each.
const IN_TWO: &str = "trail";

const FIXES: &str = r#"

# policies/<name>.remediate.json
<Name>Fixes:
  Type: AWS::IAM::ManagedPolicy
  Condition: MayFix
  Properties:
    Description: What the <name> function of Trailkeeper may change in this account
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        <writes>
"#;

const POLICY: &str = r#"
# policies/<name>.observe.json, but for the reports<files>
<Name>:
  Type: AWS::IAM::ManagedPolicy
  Properties:
    Description: What the <name> function of Trailkeeper may do in this account
    PolicyDocument:
      Version: "2012-10-17"
      Statement:
        <reads>
        <writes>
"#;

/// Renders the Deny, and a policy for each function.
pub(super) fn policies() -> String {
    let policies = elsewhere().map(|name| indent(&policy(name), 2));
    std::iter::once(roles::never()).chain(policies).collect::<Vec<_>>().join("\n")
}

fn policy(name: &str) -> String {
    let of = |policy: &str| -> Vec<Value> {
        let all = statements_elsewhere(&format!("{name}.{policy}"), name);
        all.into_iter().map(|it| of_sessions(name, it)).collect()
    };
    let reads = write(&of("observe"), 10);
    if name == IN_TWO {
        let gaps = [("files", ""), ("name", name), ("Name", &title(name)), ("reads", &reads), ("writes", "")];
        let fixes = [("name", name), ("Name", &title(name)), ("writes", &write(&of("remediate"), 10))];
        return fill(POLICY.trim_start(), &gaps) + &fill(FIXES.strip_prefix('\n').expect("a line"), &fixes);
    }
    let (files, writes) = if name == ACCESS {
        (String::new(), String::new())
    } else {
        (format!(", and policies/{name}.remediate.json"), write_if("MayFix", &of("remediate"), 10))
    };
    let gaps = [("files", &*files), ("name", name), ("Name", &title(name)), ("reads", &reads), ("writes", &writes)];
    fill(POLICY.trim_start(), &gaps)
}

/// Returns the functions that act in other accounts.
fn elsewhere() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|it| it.name).filter(|name| ![DIGEST, GUARD].contains(name))
}

/// Renders the list of the policies, as the role has it.
pub(super) fn names() -> String {
    let names = std::iter::once("Never".to_owned()).chain(elsewhere().map(title)).map(|name| format!("!Ref {name}"));
    let fixes = format!("!If [MayFix, !Ref {}Fixes, !Ref \"AWS::NoValue\"]", title(IN_TWO));
    lines(names.chain([fixes]).map(|name| format!("        - {name}")))
}

/// Renders the list of the families, as the role's trust has it.
pub(super) fn families() -> String {
    lines(elsewhere().map(|name| format!("                  - {name}")))
}
