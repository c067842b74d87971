//! How a person exempts a resource, where that holds, and switches a control off.

use super::names::ResourceWord;
use super::{MailContext, ids};
use crate::exemption::{TAG, UNTIL};
use crate::model::{Arn, Command, Region};
use crate::report::{ControlResult, Report, Status, StepReport, StepStatus};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Number of controls up to which each is named where all are switched off by one command.
const FEW: usize = 6;

/// Returns how to exempt the resources of these results, or nothing if there is nothing to exempt.
pub(super) fn exempt(report: &Report, results: &[ControlResult], context: &MailContext<'_>) -> String {
    let is_due = |it: &&ControlResult| {
        let matters = !matches!(it.status, Status::Unknown | Status::Changed);
        matters && !super::is_unchecked(it) && (context.control)(&it.control).is_some()
    };
    let due: Vec<&ControlResult> = results.iter().filter(is_due).collect();
    let mut text = String::new();
    if let Some(first) = due.iter().find(|it| !it.hints.vital) {
        let of_first = due.iter().filter(|it| it.resource == first.resource && !it.hints.vital);
        let controls: Vec<&str> = of_first.map(|it| it.control.as_str()).collect();
        let several = due.iter().any(|it| it.resource != first.resource);
        let which = if several { "one of them, here the first" } else { "it" };
        // Writing to a String cannot fail.
        let existing = first.hints.exempt_tag.as_deref().unwrap_or_default();
        let value = with_words(existing, &controls);
        let has_tags = is_there(&first.resource, results) && tag(&first.resource, &first.region, "").is_some();
        let _ = if has_tags && value.is_none() {
            let controls = controls.join(" ");
            writeln!(text, "To exempt {which}, whose tag {TAG} stays as it is, add to that tag's value: {controls}")
        } else if let Some(command) =
            value.filter(|_| has_tags).and_then(|value| tag(&first.resource, &first.region, &value))
        {
            writeln!(text, "To exempt {which} (until a day: tag it {UNTIL}=YYYY-MM-DD as well):\n  {command}")
        } else {
            let rules = controls.iter().map(|control| rule(control, report, first)).collect::<Vec<_>>().join("; ");
            let how = "add to the parameter Exempt, after a semicolon (until a day: until=YYYY-MM-DD)";
            writeln!(text, "To exempt {which}, {how}:\n  {rules}")
        };
    }
    let vital: Vec<ControlResult> = due.iter().filter(|it| it.hints.vital).map(|it| (*it).clone()).collect();
    if !vital.is_empty() && !super::undo::says_vital(results) {
        let (controls, more) = (ids(&vital), ids(&vital).len().saturating_sub(FEW / 2));
        let _ = if controls.len() > FEW {
            let first = controls.get(..FEW / 2).unwrap_or_default().join(", ");
            writeln!(text, "Nothing exempts from {first} and {more} more: the account cannot do without them.")
        } else {
            writeln!(text, "Nothing exempts from {}: the account cannot do without it.", controls.join(", "))
        };
    }
    let due: Vec<ControlResult> = due.into_iter().filter(|it| !it.hints.vital).cloned().collect();
    if !due.is_empty() {
        let ids = ids(&due);
        let _ = if ids.len() > FEW {
            writeln!(text, "To switch a control off for every resource: make controls OFF=CONTROL")
        } else {
            writeln!(text, "To switch it off for every resource: make controls OFF={}", ids.join(","))
        };
    }
    text
}

/// Returns whether the resource exists: a trail that the account lacks is named by what its making would call it.
pub(super) fn is_there(resource: &str, results: &[ControlResult]) -> bool {
    let makes_it = |step: &StepReport| step.action == "cloudtrail:CreateTrail" && step.status != StepStatus::Applied;
    !results.iter().any(|it| &*it.resource == resource && it.steps.iter().any(makes_it))
}

/// Returns the rule of the parameter that exempts a resource which has no tags of its own.
fn rule(control: &str, report: &Report, result: &ControlResult) -> String {
    let account = report.account.as_deref().or_else(|| Some(Arn::parse(&result.resource)?.account));
    let account = account.map(|account| format!(" account={account}")).unwrap_or_default();
    let is_account = Arn::parse(&result.resource).is_some_and(|arn| arn.service == "iam");
    let region = Region::parse(&result.region).filter(|_| !is_account).map(|region| format!(" region={region}"));
    format!("control={control}{account}{}", region.unwrap_or_default())
}

/// Maximum length of a tag's value ([tagging]).
///
/// [tagging]: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
const LONGEST: usize = 256;

/// Returns the value of a tag that keeps what the tag says and names these controls too; `None` if it cannot.
fn with_words(existing: &str, controls: &[&str]) -> Option<String> {
    let mut words: Vec<&str> = existing.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let is_plain = |word: &&str| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !words.iter().all(is_plain) {
        return None;
    }
    words.extend(controls);
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(*word));
    Some(words.join(" ")).filter(|value| value.len() <= LONGEST)
}

/// Returns the command that sets the tag of a resource and leaves its other tags alone; `None` for a resource that has
/// no tags, or whose ARN for tags is not known.
///
/// `s3api put-bucket-tagging` would replace all tags of a bucket; the [tagging API] adds one ([TagResources]).
///
/// [tagging API]: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/overview.html
/// [TagResources]: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html
pub(super) fn tag(resource: &str, region: &str, value: &str) -> Option<Command> {
    let arn = Arn::parse(resource).filter(|_| ResourceWord::of(resource).name.is_some())?;
    let pairs = json!([{ "Key": TAG, "Value": value }]);
    let command = |service, operation, member: &str, id: Value, tags: &str, pairs: Value| {
        // The region of the resource, which is not always the one in which it was looked at.
        let region = if arn.region.is_empty() { region } else { arn.region };
        Command::aws(service, operation).region(region).with(member, id).with(tags, pairs)
    };
    let id = Value::from(resource);
    Some(match arn.service {
        "cloudtrail" => command("cloudtrail", "add-tags", "ResourceId", id, "TagsList", pairs),
        "ec2" => command("ec2", "create-tags", "Resources", json!([arn.name()]), "Tags", pairs),
        "kms" => command("kms", "tag-resource", "KeyId", id, "Tags", json!([{ "TagKey": TAG, "TagValue": value }])),
        "s3" => {
            let list = json!([resource]);
            command("resourcegroupstaggingapi", "tag-resources", "ResourceARNList", list, "Tags", json!({ TAG: value }))
        }
        "transfer" => command("transfer", "tag-resource", "Arn", id, "Tags", pairs),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tag_says_already_stays() {
        for (existing, controls, value) in [
            ("", &["a", "b"] as &[&str], Some("a b")),
            ("c,a", &["a", "b"], Some("c a b")),
            ("all", &["a"], Some("all a")),
            ("c; rm", &["a"], None),
            ("c\nd", &["a"], None),
            (&"x".repeat(255), &["a"], None),
        ] {
            assert_eq!(with_words(existing, controls).as_deref(), value, "{existing}");
        }
    }
}
