//! Exemptions of a resource: the tags, and the command that sets them. Pure.

use crate::exemption::{TAG, UNTIL};
use crate::ledger::LedgerEntry;
use crate::model::Command;
use chrono::NaiveDate;
use serde_json::{Value, json};

/// Maximum length of a tag's value ([tagging]).
///
/// [tagging]: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
const LONGEST: usize = 256;

/// Returns the value of the tag that exempts the resource of a change from the controls that the change was about;
/// `None` if there is no such control, or too many for a tag.
#[must_use]
pub fn tag_value(entry: &LedgerEntry) -> Option<String> {
    let mut controls: Vec<&str> = entry.findings.iter().map(|it| it.control.as_str()).collect();
    controls.sort_unstable();
    controls.dedup();
    let value = controls.join(" ");
    (!value.is_empty() && value.len() <= LONGEST).then_some(value)
}

/// Returns the tags that exempt the resource of a change, until the end of a day if one is given.
#[must_use]
pub fn exempting(entry: &LedgerEntry, until: Option<NaiveDate>) -> Option<Vec<(String, String)>> {
    let mut tags = vec![(TAG.to_owned(), tag_value(entry)?)];
    tags.extend(until.map(|until| (UNTIL.to_owned(), until.to_string())));
    Some(tags)
}

/// Returns the command that tags the resource of a change; `None` for a resource without tags. `others` are the tags
/// that the call would replace.
#[must_use]
pub fn command(entry: &LedgerEntry, tags: &[(String, String)], others: &[(String, String)]) -> Option<Command> {
    let new = |key: &String| tags.iter().all(|(it, _)| it != key);
    let all: Vec<&(String, String)> = others.iter().filter(|(key, _)| new(key)).chain(tags).collect();
    let list = |key: &str, value: &str| -> Value {
        all.iter().map(|(name, text)| json!({ key: name, value: text })).collect()
    };
    let of = |service, operation| Command::aws(service, operation).region(entry.region.as_str());
    Some(match entry.family.as_str() {
        "bucket" => {
            let tagging = json!({ "TagSet": list("Key", "Value") });
            Command::aws("s3api", "put-bucket-tagging").with("Bucket", entry.subject.as_str()).with("Tagging", tagging)
        }
        "key" => {
            of("kms", "tag-resource").with("KeyId", entry.subject.as_str()).with("Tags", list("TagKey", "TagValue"))
        }
        "trail" => of("cloudtrail", "add-tags")
            .with("ResourceId", entry.resource.as_str())
            .with("TagsList", list("Key", "Value")),
        "transfer" => {
            of("transfer", "tag-resource").with("Arn", entry.resource.as_str()).with("Tags", list("Key", "Value"))
        }
        "vpc" => of("ec2", "create-tags").with("Resources", json!([entry.subject])).with("Tags", list("Key", "Value")),
        _ => return None,
    })
}

/// Returns whether a resource of a family has tags that exempt it. AWS tags no account, and a recorder's ARN is one that
/// only AWS knows.
#[must_use]
pub fn has_tags(family: &str) -> bool {
    ["bucket", "key", "recorder", "trail", "transfer", "vpc"].contains(&family)
}

/// Returns the rules of the setting that exempt the resource of a change.
#[must_use]
pub fn rule(entry: &LedgerEntry, until: Option<NaiveDate>) -> String {
    let mut controls: Vec<&str> = entry.findings.iter().map(|it| it.control.as_str()).collect();
    controls.sort_unstable();
    controls.dedup();
    let until = until.map(|until| format!(" until={until}")).unwrap_or_default();
    let one = |control: &&str| format!("control={control} account={} region={}{until}", entry.account, entry.region);
    controls.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Origin;
    use crate::ledger::{ChangeId, EntryFinding, FindingId, Outcome};
    use crate::model::Region;
    use crate::settings::exempt::ExemptionRule;

    fn entry(family: &str, controls: &[&str]) -> LedgerEntry {
        let finding = |control: &&str| EntryFinding {
            finding: FindingId::of(control, "111122223333", "eu-west-1", "arn"),
            control: (*control).to_owned(),
            because: String::new(),
            fixed: Some(true),
        };
        LedgerEntry {
            id: ChangeId::new(chrono::DateTime::UNIX_EPOCH, 0),
            family: family.to_owned(),
            account: "111122223333".to_owned(),
            region: Region::parse("eu-west-1").expect("a region"),
            subject: "logs".to_owned(),
            resource: "arn:aws:s3:::logs".to_owned(),
            cause: Origin::default(),
            findings: controls.iter().map(finding).collect(),
            steps: Vec::new(),
            outcome: Outcome::Fixed,
            wrong_since: None,
            ended: None,
            undone: None,
            undone_in_part: Vec::new(),
            telling: None,
            told: None,
            version: 0,
        }
    }

    #[test]
    fn a_tag_names_each_control_once_and_the_last_day() {
        let entry = entry("vpc", &["b", "a", "b"]);
        let tags = exempting(&entry, NaiveDate::from_ymd_opt(2027, 1, 31)).expect("tags");
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(tags, [pair(TAG, "a b"), pair(UNTIL, "2027-01-31")]);
    }

    #[test]
    fn what_is_about_no_control_is_not_exempted() {
        assert_eq!(exempting(&entry("vpc", &[]), None), None);
    }

    #[test]
    fn the_other_tags_of_a_bucket_stay() {
        let entry = entry("bucket", &["log-bucket-https-only"]);
        let tags = exempting(&entry, None).expect("tags");
        let others = [("team".to_owned(), "a b".to_owned()), (TAG.to_owned(), "old".to_owned())];
        let command = command(&entry, &tags, &others).expect("a command").words().join(" ");
        assert!(
            command.contains("team") && command.contains("log-bucket-https-only") && !command.contains("old"),
            "{command}"
        );
    }

    #[test]
    fn what_has_no_tags_has_no_command() {
        let entry = entry("monitoring", &["monitor-root-usage"]);
        assert!(command(&entry, &exempting(&entry, None).expect("tags"), &[]).is_none());
        let until = NaiveDate::from_ymd_opt(2027, 1, 31);
        let written = "control=monitor-root-usage account=111122223333 region=eu-west-1 until=2027-01-31";
        assert_eq!(rule(&entry, until), written);
        let known = ExemptionRule::setting(Some(rule(&entry, until))).expect("a setting");
        assert_eq!(known.len(), 1);
    }
}
