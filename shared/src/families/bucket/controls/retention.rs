//! `log-bucket-retention`: no lifecycle rule deletes log files early.

use crate::families::bucket::Bucket;
use crate::families::bucket::expiry::{Expiry, LogKeys};
use crate::families::bucket::parts::Part;
use crate::families::bucket::step::Step;
use crate::families::bucket::uses::Uses;
use crate::families::bucket::view::{BucketConfig, Missing, View};
use crate::family::Control;
use crate::managed::bucket::name::is_managed_target;
use crate::model::{About, Remedy, Severity, Subject, Verdict};
use crate::settings::Settings;

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "log-bucket-retention",
        wrong: "without retention",
        title: "No lifecycle rule deletes log files early",
        why: "A lifecycle rule that expires everything after a day deletes the audit trail, without any call on a file: one \
              of the quietest ways to cover tracks. Rules that were meant for other files do it by mistake.",
        compliant: "No enabled lifecycle rule can delete log files that are younger than TRAILKEEPER_LOG_FILE_DAYS days; \
                    access logs in Trailkeeper's own target and in those of TRAILKEEPER_ACCESS_TARGETS, younger than \
                    TRAILKEEPER_ACCESS_LOG_DAYS. Of several rules, the shortest counts. An expiration date deletes files \
                    of any age. A rule for noncurrent versions counts where the bucket has versioning, since it deletes for \
                    good what somebody deleted or wrote over; not if it keeps newer versions. A rule that removes only \
                    delete markers deletes no file, nor does one for other prefixes or for files of other services.",
        fix: "None: it is advised. Whether files must be kept, or must be deleted, is for people to decide.",
        risk: "Nothing is written, so nothing can break.",
        guard: "Lifecycle rules of others are never edited or deleted. Whether a rule for tagged files can delete log files \
                is not known, and reported as such.",
        permanent: None,
        severity: Severity::High,
        opt_in: false,
        references: &[
            "Amazon S3 user guide, expiring objects: \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html",
            "MITRE ATT&CK T1485.001, lifecycle-triggered deletion: https://attack.mitre.org/techniques/T1485/001/",
        ],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(_: &Uses, _: &str, _: &Settings) -> Vec<Part> {
    vec![Part::Rules, Part::Versioning]
}

/// Maximum number of rules that a report names: a bucket may have a thousand.
const MOST_SHOWN: usize = 5;

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    view.as_log_bucket(subject, |bucket| {
        let Some(rules) = bucket.rules.known()? else { return Ok(Verdict::Compliant) };
        let kept = kept(&view.uses, &subject.id, settings);
        let early = |(files, days): &(Vec<LogKeys>, u32)| -> Result<Vec<(Expiry, u32)>, Missing> {
            let mut early = Vec::new();
            for expiry in rules.expiries(files) {
                if is_early(&expiry, *days, bucket)? {
                    early.push((expiry, *days));
                }
            }
            Ok(early)
        };
        let mut found: Vec<(Expiry, u32)> = Vec::new();
        for files in &kept {
            found.extend(early(files)?);
        }
        let (sure, unclear): (Vec<_>, Vec<_>) = found.into_iter().partition(|(expiry, _)| expiry.only.is_none());
        let list = |found: &[(Expiry, u32)]| {
            let shown: Vec<String> = found.iter().take(MOST_SHOWN).map(|(expiry, _)| expiry.to_string()).collect();
            let rest = found.len().saturating_sub(MOST_SHOWN);
            let more = if rest == 0 { String::new() } else { format!("; and {rest} more") };
            format!("{}{more}", shown.join("; "))
        };
        let Some((_, days)) = sure.first() else {
            return if unclear.is_empty() {
                Ok(Verdict::Compliant)
            } else {
                Err(Missing::other(format!("whether log files are among those that end early: {}", list(&unclear))))
            };
        };
        Ok(Verdict::Violation {
            because: format!("log files are not kept for {days} days: {}", list(&sure)),
            remedy: Remedy::Advise(
                "Find out who added the rule, and lengthen it, narrow it to other files, or remove it. Trailkeeper edits no \
                 rule that others made. If files may expire sooner, set TRAILKEEPER_LOG_FILE_DAYS, or \
                 TRAILKEEPER_ACCESS_LOG_DAYS for access logs."
                    .to_owned(),
            ),
        })
    })
}

/// Returns the log files of a bucket, each kind with the number of days that it must be kept.
fn kept(uses: &Uses, name: &str, settings: &Settings) -> Vec<(Vec<LogKeys>, u32)> {
    if is_managed_target(name) && !uses.receives_trail() {
        return vec![(vec![LogKeys::nothing_but_access_logs()], settings.access_log_days)];
    }
    let of_access_logs = if uses.is_kept(name) { settings.access_log_days } else { settings.log_file_days };
    vec![(LogKeys::delivered(uses), settings.log_file_days), (LogKeys::access_logs(uses), of_access_logs)]
}

/// Returns whether a rule deletes files that are younger than this.
///
/// # Errors
/// Returns an error if that depends on versioning, which is not known.
fn is_early(expiry: &Expiry, days: u32, bucket: &BucketConfig) -> Result<bool, Missing> {
    if expiry.is_before(days, false) || !expiry.is_before(days, true) {
        return Ok(expiry.is_before(days, false));
    }
    Ok(bucket.keeps_versions.known()?.is_some_and(|keeps| *keeps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::bucket::{Logging, LoggingSource, Ownership, Rules, TrailDelivery};
    use crate::family::Family as _;
    use crate::managed::bucket::name::managed_target;
    use crate::model::Seen;
    use crate::testing::laws::{settings, subject};
    use serde_json::{Value, json};

    fn judged(name: &str, uses: Uses, rules: Seen<Vec<Value>>, keeps_versions: Seen<bool>) -> Verdict<Step> {
        let place = subject::<Bucket>().place;
        let rules = rules.map(|rules| Rules { rules, minimum_size: None });
        let config = BucketConfig { rules, keeps_versions, ..BucketConfig::new(place.region.clone()) };
        let buckets = [(name.to_owned(), Ownership::ThisAccount(Box::new(config)))].into();
        let settings = Settings { log_file_days: 365, access_log_days: 30, ..settings() };
        judge(&View { uses, buckets }, &Bucket::subject(place, name), &settings)
    }

    fn trail() -> Uses {
        let trail = TrailDelivery { arn: "arn:x".to_owned(), prefix: None, organization: false };
        Uses { trails: vec![trail], ..Uses::default() }
    }

    fn target() -> Uses {
        let logging = Logging { target: "logs".into(), prefix: "a/".into(), partitioned: None, grants: false };
        Uses { sources: vec![LoggingSource { bucket: "source".to_owned(), logging }], ..Uses::default() }
    }

    fn expire(days: u32) -> Seen<Vec<Value>> {
        Seen::Present(vec![
            json!({"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": days}}),
        ])
    }

    fn is_advised(verdict: &Verdict<Step>) -> bool {
        matches!(verdict, Verdict::Violation { remedy: Remedy::Advise(_), .. })
    }

    #[test]
    fn an_early_expiry_is_advised() {
        let of = |rules| judged("logs", trail(), rules, Seen::Present(false));
        let Verdict::Violation { because, remedy: Remedy::Advise(_) } = of(expire(1)) else { panic!("advised") };
        assert_eq!(because, "log files are not kept for 365 days: rule tidy expires AWSLogs/ after 1 day");
        assert_eq!((of(expire(365)), of(Seen::Absent)), (Verdict::Compliant, Verdict::Compliant));
        assert!(matches!(of(Seen::Unreadable("s3:GetLifecycleConfiguration")), Verdict::Unknown { .. }));
    }

    #[test]
    fn of_many_rules_a_few_are_named() {
        let rule =
            |no: usize| json!({"ID": format!("r{no}"), "Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}});
        let told = judged("logs", trail(), Seen::Present((0..1_000).map(rule).collect()), Seen::Present(false));
        let Verdict::Violation { because, .. } = told else { panic!("{told:?}") };
        assert!(because.ends_with("after 1 day; and 995 more") && because.contains("rule r4"), "{because}");
    }

    #[test]
    fn access_logs_follow_their_own_setting_where_it_is_about_them() {
        let managed = managed_target(&subject::<Bucket>().place);
        let of = |name: &str, uses, days| is_advised(&judged(name, uses, expire(days), Seen::Present(false)));
        assert!(!of(&managed, Uses::default(), 30) && of(&managed, Uses::default(), 29));
        let named = || Uses { named: true, ..target() };
        assert!(!of("logs", named(), 30) && of("logs", named(), 29));
        assert!(!of("logs", target(), 365) && of("logs", target(), 364));
        let both = || Uses { trails: trail().trails, ..named() };
        assert!(!of("logs", both(), 365) && of("logs", both(), 364), "the trail's files are kept longer");
    }

    #[test]
    fn what_is_not_clear_is_not_told_as_certain() {
        let noncurrent = || {
            Seen::Present(vec![json!({"Status": "Enabled", "Filter": {},
                "NoncurrentVersionExpiration": {"NoncurrentDays": 1}})])
        };
        let of = |keeps_versions| judged("logs", trail(), noncurrent(), keeps_versions);
        assert_eq!(of(Seen::Present(false)), Verdict::Compliant);
        assert!(is_advised(&of(Seen::Present(true))));
        assert!(matches!(of(Seen::Unreadable("s3:GetBucketVersioning")), Verdict::Unknown { .. }));
        let tagged = json!({"ID": "tidy", "Status": "Enabled", "Expiration": {"Days": 1},
            "Filter": {"Tag": {"Key": "class", "Value": "temporary"}}});
        let told = judged("logs", trail(), Seen::Present(vec![tagged]), Seen::Present(false));
        let Verdict::Unknown { needs } = told else { panic!("{told:?}") };
        assert!(
            needs.contains("rule tidy expires AWSLogs/ after 1 day, but only what is tagged class=temporary"),
            "{needs}"
        );
    }
}
