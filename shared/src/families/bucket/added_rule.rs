//! Lifecycle rules: ours as data, those of others as the API writes them.

use super::view::Rules;
use serde_json::{Value, json};

/// Lifecycle rule that Trailkeeper adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedRule {
    /// Id of the rule, unique within the bucket.
    pub id: String,
    /// Prefix of the keys to which the rule applies.
    pub prefix: String,
    /// Whether the prefix is in the rule itself, as in old rules, or in its filter. S3 accepts no mixture.
    pub old_style: bool,
    /// Action of the rule.
    pub action: Action,
}

/// Action of one of our rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Moves objects to Glacier after this number of days.
    Glacier(u32),
    /// Deletes objects after this number of days, and unfinished uploads after a week.
    Expire(u32),
}

/// Prefix of the ids of rules that expire files.
pub(super) const EXPIRE: &str = "trailkeeper-expire";

/// Maximum duration of an upload in days.
pub(super) const UPLOAD_DAYS: i32 = 7;

/// Storage classes that count as Glacier.
const GLACIER: [&str; 3] = ["GLACIER", "GLACIER_IR", "DEEP_ARCHIVE"];

/// Maximum number of rules per bucket ([`PutBucketLifecycleConfiguration`]).
///
/// [`PutBucketLifecycleConfiguration`]: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
pub(super) const MOST: usize = 1_000;

impl AddedRule {
    /// Returns the rule in the form of the API.
    #[must_use]
    pub fn json(&self) -> Value {
        let Self { id, prefix, old_style, action } = self;
        let mut added_rule = json!({ "ID": id, "Status": "Enabled" });
        if let Some(map) = added_rule.as_object_mut() {
            if *old_style {
                map.insert("Prefix".to_owned(), json!(prefix));
            } else {
                map.insert("Filter".to_owned(), json!({ "Prefix": prefix }));
            }
            match action {
                Action::Glacier(days) => {
                    map.insert("Transitions".to_owned(), json!([{ "Days": days, "StorageClass": "GLACIER" }]));
                }
                Action::Expire(days) => {
                    map.insert("Expiration".to_owned(), json!({ "Days": days }));
                    let uploads = json!({ "DaysAfterInitiation": UPLOAD_DAYS });
                    map.insert("AbortIncompleteMultipartUpload".to_owned(), uploads);
                }
            }
        }
        added_rule
    }
}

impl Rules {
    /// Returns the rules in the form of the API.
    #[must_use]
    pub fn json(&self) -> Value {
        let Self { rules, minimum_size } = self;
        json!({ "Rules": rules, "TransitionDefaultMinimumObjectSize": minimum_size })
    }

    /// Returns whether some active rule moves everything with this prefix to Glacier.
    pub(super) fn move_to_glacier(&self, prefix: &str) -> bool {
        self.rules.iter().any(|added_rule| {
            let mut moves = added_rule.get("Transitions").and_then(Value::as_array).into_iter().flatten();
            let glacier = moves.any(|it| text(it, "StorageClass").is_some_and(|class| GLACIER.contains(&class)));
            glacier
                && is_enabled(added_rule)
                && prefix_of(added_rule).is_some_and(|covered| prefix.starts_with(covered))
        })
    }

    /// Returns whether some active rule deletes everything with this prefix, sooner or later.
    pub(super) fn expire(&self, prefix: &str) -> bool {
        self.expire_within(prefix, u64::MAX)
    }

    /// Returns whether some active rule deletes everything with this prefix after this number of days or fewer.
    pub(super) fn expire_within(&self, prefix: &str, most: u64) -> bool {
        self.rules.iter().any(|added_rule| {
            let days = added_rule.get("Expiration").and_then(|it| it.get("Days"));
            days.and_then(Value::as_u64).is_some_and(|days| days <= most)
                && is_enabled(added_rule)
                && prefix_of(added_rule).is_some_and(|covered| prefix.starts_with(covered))
        })
    }

    /// Returns the rule with this id.
    pub(super) fn named(&self, id: &str) -> Option<&Value> {
        self.rules.iter().find(|added_rule| text(added_rule, "ID") == Some(id))
    }

    /// Returns whether the rules are of the old style.
    pub(super) fn are_old(&self) -> bool {
        self.rules.iter().any(|added_rule| added_rule.get("Prefix").is_some())
    }

    /// Returns whether a rule other than ours deletes files.
    pub(super) fn delete_otherwise(&self) -> bool {
        let deletes =
            |it: &&Value| ["Expiration", "NoncurrentVersionExpiration"].iter().any(|key| it.get(key).is_some());
        let others = self.rules.iter().filter(|it| is_enabled(it) && text(it, "ID") != Some(EXPIRE));
        others.filter(deletes).count() > 0
    }
}

pub(super) fn is_enabled(added_rule: &Value) -> bool {
    text(added_rule, "Status") == Some("Enabled")
}

/// Returns the key prefix to which a rule applies; `None` if tags or sizes narrow it further.
fn prefix_of(added_rule: &Value) -> Option<&str> {
    if let Some(old) = added_rule.get("Prefix") {
        return old.as_str();
    }
    match added_rule.get("Filter").and_then(Value::as_object) {
        Some(filter) if filter.is_empty() => Some(""),
        Some(filter) if filter.len() == 1 => filter.get("Prefix")?.as_str(),
        Some(_) | None => None,
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moves(added_rule: Value) -> bool {
        Rules { rules: vec![added_rule], minimum_size: None }.move_to_glacier("a/AWSLogs/")
    }

    #[test]
    fn a_rule_counts_when_it_is_on_and_covers_all_logs() {
        let to = |class: &str| json!([{ "Days": 90, "StorageClass": class }]);
        let added_rule =
            |filter: Value| json!({ "Status": "Enabled", "Filter": filter, "Transitions": to("DEEP_ARCHIVE") });
        assert!(moves(added_rule(json!({}))));
        assert!(moves(added_rule(json!({ "Prefix": "a/" }))));
        assert!(moves(json!({ "Status": "Enabled", "Prefix": "", "Transitions": to("GLACIER_IR") })));
        assert!(!moves(added_rule(json!({ "Prefix": "a/AWSLogs/1/" }))), "a part only");
        assert!(!moves(added_rule(json!({ "And": { "Prefix": "a/", "Tags": [] } }))));
        assert!(!moves(json!({ "Status": "Disabled", "Filter": {}, "Transitions": to("GLACIER") })));
        assert!(!moves(json!({ "Status": "Enabled", "Filter": {}, "Transitions": to("STANDARD_IA") })));
        assert!(!moves(json!({ "Status": "Enabled", "Filter": {}, "Expiration": { "Days": 1 } })));
    }

    #[test]
    fn our_rule_counts_in_both_styles() {
        for old_style in [false, true] {
            let added_rule =
                AddedRule { id: "x".into(), prefix: "a/AWSLogs/".into(), old_style, action: Action::Glacier(9) };
            assert!(moves(added_rule.json()));
            assert_eq!(Rules { rules: vec![added_rule.json()], minimum_size: None }.are_old(), old_style);
        }
    }
}
