//! Lifecycle rules that delete log files, and when ([lifecycle configuration elements]).
//!
//! [lifecycle configuration elements]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html

use super::added_rule::is_enabled;
use super::log_names::{may_begin_access_log, may_begin_delivered};
use super::uses::Uses;
use super::view::Rules;
use serde_json::Value;
use std::fmt;

/// Log files of one kind in a bucket, by their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LogKeys {
    /// What all their keys begin with.
    prefix: String,
    /// What they are.
    kind: LogKind,
}

/// Kind of log files.
#[derive(Debug, Clone, PartialEq, Eq)]
enum LogKind {
    /// Files that a trail or a Config channel delivers.
    Delivered,
    /// Access logs of this bucket.
    AccessLogsOf(String),
    /// Whatever is in a bucket that serves nothing but access logs.
    Everything,
}

/// Lifecycle rule that can delete log files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expiry {
    /// Id of the rule, or its number.
    rule: String,
    /// Prefix of the files that it deletes.
    prefix: String,
    /// When it deletes them.
    pub(super) when: ExpiryTime,
    /// Condition of the rule that may not hold for any log file; `None` if it deletes log files for sure.
    pub(super) only: Option<String>,
}

/// When a lifecycle rule deletes files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ExpiryTime {
    /// This number of days after they were created.
    Age(u64),
    /// From this date on, whatever their age.
    Date(String),
    /// This number of days after somebody deleted them or wrote over them, in a bucket that keeps such versions.
    Noncurrent(u64),
}

impl LogKeys {
    /// Returns the log files that trails and Config channels deliver.
    pub(super) fn delivered(uses: &Uses) -> Vec<Self> {
        uses.prefixes().into_iter().map(|prefix| Self { prefix, kind: LogKind::Delivered }).collect()
    }

    /// Returns the access logs of the buckets that log into this one.
    pub(super) fn access_logs(uses: &Uses) -> Vec<Self> {
        let one = |prefix: &str, source: &str| Self {
            prefix: prefix.to_owned(),
            kind: LogKind::AccessLogsOf(source.to_owned()),
        };
        uses.sources.iter().map(|it| one(&it.logging.prefix, &it.bucket)).collect()
    }

    /// Returns the access logs of a bucket that serves nothing else.
    pub(super) fn nothing_but_access_logs() -> Self {
        Self { prefix: String::new(), kind: LogKind::Everything }
    }

    /// Returns the part of these files that a rule with this prefix can be about, as a prefix.
    fn reached<'a>(&'a self, prefix: &'a str) -> Option<&'a str> {
        if self.prefix.starts_with(prefix) {
            return Some(&self.prefix);
        }
        let rest = prefix.strip_prefix(self.prefix.as_str())?;
        let may = match &self.kind {
            LogKind::Delivered => may_begin_delivered(rest),
            LogKind::AccessLogsOf(source) => may_begin_access_log(rest, source),
            LogKind::Everything => true,
        };
        may.then_some(prefix)
    }
}

impl Rules {
    /// Returns the rules that can delete any of these files.
    pub(super) fn expiries(&self, files: &[LogKeys]) -> Vec<Expiry> {
        let enabled = self.rules.iter().enumerate().filter(|(_, rule)| is_enabled(rule));
        let each = enabled.flat_map(|(number, rule)| {
            let filter = RuleFilter::of(rule);
            let reached = files.iter().find_map(|files| files.reached(filter.prefix)).map(str::to_owned);
            let prefix = reached.filter(|_| !filter.is_empty_files_only);
            let id =
                rule.get("ID").and_then(Value::as_str).map_or_else(|| format!("number {}", number + 1), str::to_owned);
            let only = filter.only;
            let deletes =
                prefix.into_iter().flat_map(|prefix| times(rule).into_iter().map(move |when| (prefix.clone(), when)));
            deletes.map(move |(prefix, when)| Expiry { rule: id.clone(), prefix, when, only: only.clone() })
        });
        each.collect()
    }
}

impl Expiry {
    /// Returns whether the rule deletes files that are younger than this number of days, where noncurrent versions are kept
    /// or not.
    pub(super) fn is_before(&self, days: u32, keeps_versions: bool) -> bool {
        match self.when {
            ExpiryTime::Age(age) => age < u64::from(days),
            // Files that were written the day before are deleted, too.
            ExpiryTime::Date(_) => true,
            ExpiryTime::Noncurrent(later) => keeps_versions && later < u64::from(days),
        }
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, prefix, when, only } = self;
        let what = if prefix.is_empty() { "all its files" } else { prefix };
        let days = |days: &u64| if *days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        match when {
            ExpiryTime::Age(age) => write!(f, "rule {rule} expires {what} after {}", days(age))?,
            ExpiryTime::Date(date) => write!(f, "rule {rule} expires {what} from {date} on, whatever the age")?,
            ExpiryTime::Noncurrent(later) => {
                let later = days(later);
                write!(f, "rule {rule} expires what is deleted or written over in {what} for good after {later}")?;
            }
        }
        only.as_ref().map_or(Ok(()), |only| write!(f, ", but only {only}"))
    }
}

/// Filter of a rule.
struct RuleFilter<'a> {
    prefix: &'a str,
    /// Condition of which it is not known whether it holds for log files, for people.
    only: Option<String>,
    is_empty_files_only: bool,
}

impl<'a> RuleFilter<'a> {
    fn of(rule: &'a Value) -> Self {
        let mut filter = Self { prefix: "", only: None, is_empty_files_only: false };
        if let Some(old) = rule.get("Prefix").and_then(Value::as_str) {
            filter.prefix = old;
        }
        filter.narrow(rule.get("Filter"));
        filter
    }

    fn narrow(&mut self, conditions: Option<&'a Value>) {
        for (key, value) in conditions.and_then(Value::as_object).into_iter().flatten() {
            match key.as_str() {
                "Prefix" => self.prefix = value.as_str().unwrap_or_default(),
                "And" => self.narrow(Some(value)),
                "Tag" => self.only = Some(tagged(value)),
                "Tags" => {
                    let tags: Vec<String> = value.as_array().into_iter().flatten().map(tagged).collect();
                    self.only = (!tags.is_empty()).then(|| tags.join(" and ")).or(self.only.take());
                }
                // Log files have any size but none.
                "ObjectSizeGreaterThan" => {}
                "ObjectSizeLessThan" => self.is_empty_files_only = value.as_u64().is_some_and(|size| size <= 1),
                other => self.only = Some(format!("under the condition {other}")),
            }
        }
    }
}

fn tagged(tag: &Value) -> String {
    let text = |key: &str| tag.get(key).and_then(Value::as_str).unwrap_or_default();
    format!("what is tagged {}={}", text("Key"), text("Value"))
}

/// Returns when a rule deletes what its filter selects. A rule that removes only delete markers deletes no file, and one
/// that keeps newer noncurrent versions keeps a file that was deleted.
fn times(rule: &Value) -> Vec<ExpiryTime> {
    let expiration = rule.get("Expiration");
    let of = |key: &str| expiration.and_then(|it| it.get(key));
    let later = rule.get("NoncurrentVersionExpiration");
    let keeps_some = later.and_then(|it| it.get("NewerNoncurrentVersions")).is_some();
    let noncurrent =
        later.filter(|_| !keeps_some).map(|it| it.get("NoncurrentDays").and_then(Value::as_u64).unwrap_or(0));
    let all = [
        of("Days").map(|days| ExpiryTime::Age(days.as_u64().unwrap_or(0))),
        of("Date").map(|date| ExpiryTime::Date(date.as_str().unwrap_or("a date").to_owned())),
        noncurrent.map(ExpiryTime::Noncurrent),
    ];
    all.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Logging, LoggingSource, TrailDelivery};
    use super::*;
    use serde_json::json;

    fn trail_files() -> Vec<LogKeys> {
        let trail = |prefix: Option<&str>| TrailDelivery {
            arn: "x".into(),
            prefix: prefix.map(str::to_owned),
            organization: false,
        };
        LogKeys::delivered(&Uses { trails: vec![trail(Some("a"))], ..Uses::default() })
    }

    fn expiries(rule: &Value, files: &[LogKeys]) -> Vec<Expiry> {
        let mut rule = rule.clone();
        rule["Status"] = json!("Enabled");
        Rules { rules: vec![rule], minimum_size: None }.expiries(files)
    }

    #[test]
    fn a_rule_reaches_log_files_by_its_prefix() {
        let reaches = |filter: Value, files: &[LogKeys]| {
            !expiries(&json!({"Filter": filter, "Expiration": {"Days": 1}}), files).is_empty()
        };
        for prefix in [
            "",
            "a",
            "a/AWSLogs/",
            "a/AWSLogs/1111",
            "a/AWSLogs/111122223333/CloudTrail/eu-west-1/",
            "a/AWSLogs/o-",
            "a/AWSLogs/o-a1b2c3d4e5/111122223333/CloudTrail-Digest/",
            "a/AWSLogs/111122223333/Config/",
            "a/AWSLogs/111122223333/C",
        ] {
            assert!(reaches(json!({ "Prefix": prefix }), &trail_files()), "{prefix}");
            assert!(reaches(json!({"And": {"Prefix": prefix, "ObjectSizeGreaterThan": 1024}}), &trail_files()));
        }
        for other in ["b/", "a/tmp/", "AWSLogs/", "a/AWSLogs/111122223333/elasticloadbalancing/", "a/AWSLogs/tmp/"] {
            assert!(!reaches(json!({ "Prefix": other }), &trail_files()), "{other}");
        }
        let logging = Logging { target: "t".into(), prefix: "logs/".into(), partitioned: None, grants: false };
        let source = LoggingSource { bucket: "source".to_owned(), logging };
        let access = LogKeys::access_logs(&Uses { sources: vec![source], ..Uses::default() });
        for prefix in ["", "logs/", "logs/2026-03", "logs/111122223333/eu-west-1/source/2026/"] {
            assert!(reaches(json!({ "Prefix": prefix }), &access), "{prefix}");
        }
        for other in ["other/", "logs/reports/", "logs/111122223333/eu-west-1/other/"] {
            assert!(!reaches(json!({ "Prefix": other }), &access), "{other}");
        }
        assert!(reaches(json!({ "Prefix": "any" }), &[LogKeys::nothing_but_access_logs()]));
    }

    #[test]
    fn other_conditions_are_weighed() {
        let only = |filter: Value| {
            let found = expiries(&json!({"Filter": filter, "Expiration": {"Days": 1}}), &trail_files());
            found.into_iter().map(|it| it.only).next()
        };
        let tag = json!({"Key": "class", "Value": "temporary"});
        let tagged = Some(Some("what is tagged class=temporary".to_owned()));
        assert_eq!(only(json!({ "Tag": tag })), tagged);
        assert_eq!(only(json!({ "And": {"Prefix": "a/", "Tags": [tag]} })), tagged);
        assert_eq!(only(json!({ "And": {"Prefix": "b/", "Tags": [tag]} })), None, "another prefix");
        assert_eq!(only(json!({ "ObjectSizeLessThan": 1_000_000 })), Some(None));
        assert_eq!(only(json!({ "ObjectSizeLessThan": 1 })), None, "empty files");
        assert_eq!(only(json!({ "Unheard": "of" })), Some(Some("under the condition Unheard".to_owned())));
        assert_eq!(only(json!({})), Some(None));
    }

    #[test]
    fn only_what_deletes_files_early_counts() {
        let early = |rule: Value, keeps_versions: bool| {
            expiries(&rule, &trail_files()).iter().any(|it| it.is_before(365, keeps_versions))
        };
        for (rule, unversioned, versioned) in [
            (json!({"Prefix": "", "Expiration": {"Days": 364}}), true, true),
            (json!({"Prefix": "", "Expiration": {"Days": 365}}), false, false),
            (json!({"Prefix": "", "Expiration": {"Date": "2036-01-01T00:00:00Z"}}), true, true),
            (json!({"Prefix": "", "Expiration": {"ExpiredObjectDeleteMarker": true}}), false, false),
            (json!({"Prefix": "", "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}), false, true),
            (json!({"Prefix": "", "NoncurrentVersionExpiration": {"NoncurrentDays": 365}}), false, false),
            (
                json!({"Prefix": "", "NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 2}}),
                false,
                false,
            ),
            (json!({"Prefix": "", "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]}), false, false),
            (json!({"Prefix": "", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}), false, false),
        ] {
            assert_eq!((early(rule.clone(), false), early(rule.clone(), true)), (unversioned, versioned), "{rule}");
        }
        let off = json!({"Status": "Disabled", "Prefix": "", "Expiration": {"Days": 1}});
        assert_eq!(Rules { rules: vec![off], minimum_size: None }.expiries(&trail_files()), []);
    }
}
