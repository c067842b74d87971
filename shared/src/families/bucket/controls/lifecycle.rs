//! `log-bucket-lifecycle`: old logs move to cheap storage.

use crate::families::bucket::Bucket;
use crate::families::bucket::added_rule::{Action, AddedRule, MOST, is_enabled};
use crate::families::bucket::expiry::{Expiry, LogKeys};
use crate::families::bucket::parts::Part;
use crate::families::bucket::step::ConfigStep;
use crate::families::bucket::step::Step;
use crate::families::bucket::uses::Uses;
use crate::families::bucket::view::{Rules, View};
use crate::family::Control;
use crate::model::{About, Remedy, Severity, Subject, Verdict, permanent};
use crate::settings::Settings;

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "log-bucket-lifecycle",
        wrong: "without lifecycle rules",
        title: "Old log files move to cheap storage in Glacier",
        why: "Logs are kept for years and rarely read after the first months. In Glacier they cost a fraction.",
        compliant: "For each prefix that files are delivered to, an enabled lifecycle rule moves everything under it \
                    to GLACIER, GLACIER_IR or DEEP_ARCHIVE.",
        fix: "Adds a rule `trailkeeper-glacier` for each such prefix, after TRAILKEEPER_GLACIER_DAYS days. Existing \
              rules stay as they are, in their order and style; nothing is ever set to expire.",
        risk: "Objects in Glacier must be restored before they can be read, which takes minutes to hours: queries over \
               old logs stop working until then. Each transition costs a fee, and objects deleted within 90 days are \
               billed for the full 90. Off until you turn it on.",
        guard: "Off until you turn it on. One rule is appended, only for the delivered files; every other rule and the \
                minimum object size stay. It never expires anything. Nothing is done beside a rule that expires files \
                before they would move, while MFA delete is on, or if the \
                bucket has 1,000 rules.",
        permanent: permanent!("bucket", "log-bucket-lifecycle"),
        severity: Severity::Low,
        opt_in: true,
        references: &["Amazon S3 user guide, transitions: \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html"],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(uses: &Uses, _: &str, _: &Settings) -> Vec<Part> {
    if uses.receives_trail() { vec![Part::Rules, Part::Versioning] } else { vec![] }
}

/// Prefix of the ids of rules that move files to Glacier.
pub(in crate::families::bucket) const MANAGED_RULE: &str = "trailkeeper-glacier";

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    view.as_log_bucket(subject, |bucket| {
        if !view.uses.receives_trail() {
            return Ok(Verdict::NotApplicable {
                because: "it only receives server access logs, which `access-log-lifecycle` covers".to_owned(),
            });
        }
        let read = bucket.rules.known()?;
        let moved = |prefix: &str| read.is_some_and(|rules| rules.move_to_glacier(prefix));
        let due: Vec<String> = view.uses.prefixes().into_iter().filter(|prefix| !moved(prefix)).collect();
        if due.is_empty() {
            return Ok(Verdict::Compliant);
        }
        let mfa_delete = bucket.mfa_delete.known()?.is_some_and(|on| *on);
        let because = format!("no lifecycle rule moves {} to Glacier", due.join(", "));
        let old_style = read.is_some_and(Rules::are_old);
        let added_rule = |prefix: String| AddedRule {
            id: managed_rule(&prefix),
            prefix,
            old_style,
            action: Action::Glacier(settings.glacier_days),
        };
        let added: Vec<AddedRule> = due.into_iter().map(added_rule).collect();
        let expiries = read.map(|rules| rules.expiries(&LogKeys::delivered(&view.uses))).unwrap_or_default();
        let is_first = |it: &&Expiry| it.only.is_none() && it.is_before(settings.glacier_days.saturating_add(1), false);
        let remedy = if let Some(expiry) = expiries.iter().find(is_first) {
            Remedy::Advise(format!(
                "Remove or lengthen the rule that comes first: {expiry}, so files would never move. Trailkeeper adds no rule \
                 beside it. See log-bucket-retention."
            ))
        } else if let Some(advice) = hindrance(read, &added, mfa_delete) {
            Remedy::Advise(advice)
        } else {
            let (bucket, read) = (subject.id.clone(), read.cloned());
            Remedy::Fix(vec![Step::Config(ConfigStep::AddRule { bucket, read, added })])
        };
        Ok(Verdict::Violation { because, remedy })
    })
}

/// Returns the id of the rule for a prefix: S3 allows 255 characters, and a trail's prefix has 200 at most.
fn managed_rule(prefix: &str) -> String {
    match prefix.strip_suffix("/AWSLogs/") {
        Some(folder) => format!("{MANAGED_RULE}-{folder}"),
        None => MANAGED_RULE.to_owned(),
    }
}

/// Returns why the rules cannot be added, if so.
pub(in crate::families::bucket) fn hindrance(
    read: Option<&Rules>,
    added: &[AddedRule],
    mfa_delete: bool,
) -> Option<String> {
    if mfa_delete {
        return Some("MFA delete is on, and S3 accepts no lifecycle rules for such a bucket.".to_owned());
    }
    let read = read?;
    if read.rules.len() + added.len() > MOST {
        return Some("It has as many rules as S3 allows (1,000). Remove one to make room.".to_owned());
    }
    let (added_rule, there) = added.iter().find_map(|added_rule| Some((added_rule, read.named(&added_rule.id)?)))?;
    let state = if is_enabled(there) { "changed" } else { "disabled" };
    Some(format!(
        "Someone {state} the rule {}, which Trailkeeper created. Restore it, delete it, or turn this control off.",
        added_rule.id
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::bucket::{BucketConfig, Ownership, TrailDelivery, Uses};
    use crate::model::Seen;
    use crate::testing::laws::{settings, subject};
    use serde_json::{Value, json};

    fn judged(rules: Seen<Rules>, mfa_delete: bool, prefixes: &[Option<&str>]) -> Verdict<Step> {
        let subject = subject::<Bucket>();
        let trail = |prefix: Option<&str>| TrailDelivery {
            arn: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t".to_owned(),
            prefix: prefix.map(str::to_owned),
            organization: false,
        };
        let uses = Uses { trails: prefixes.iter().copied().map(trail).collect(), ..Uses::default() };
        let config = BucketConfig {
            rules,
            mfa_delete: Seen::Present(mfa_delete),
            ..BucketConfig::new(subject.place.region.clone())
        };
        let ownership = Ownership::ThisAccount(Box::new(config));
        judge(&View { uses, buckets: [(subject.id.clone(), ownership)].into() }, &subject, &settings())
    }

    fn rules(rules: Vec<Value>) -> Seen<Rules> {
        Seen::Present(Rules { rules, minimum_size: Some("varies_by_storage_class".to_owned()) })
    }

    #[test]
    fn rules_of_others_stay_and_their_style_is_followed() {
        let old = json!({"ID": "x", "Prefix": "tmp/", "Status": "Enabled", "Expiration": {"Days": 1}});
        let verdict = judged(rules(vec![old.clone()]), false, &[None, Some("a")]);
        let Verdict::Violation { remedy: Remedy::Fix(steps), .. } = verdict else { panic!("{verdict:?}") };
        let [Step::Config(ConfigStep::AddRule { read: Some(read), added, .. })] = steps.as_slice() else {
            panic!("{steps:?}")
        };
        assert_eq!((&read.rules, read.minimum_size.as_deref()), (&vec![old], Some("varies_by_storage_class")));
        let made: Vec<_> = added
            .iter()
            .map(|added_rule| (added_rule.id.as_str(), added_rule.prefix.as_str(), added_rule.old_style))
            .collect();
        assert_eq!(made, [("trailkeeper-glacier", "AWSLogs/", true), ("trailkeeper-glacier-a", "a/AWSLogs/", true)]);
    }

    #[test]
    fn no_rule_is_added_beside_an_expiry_that_comes_first() {
        let with = |prefix: &str, expiration: Value| {
            let rule = json!({"ID": "x", "Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": expiration});
            judged(rules(vec![rule]), false, &[None])
        };
        let part = "AWSLogs/111122223333/CloudTrail/eu-west-1/";
        for first in [
            with("", json!({"Days": 1})),
            with(part, json!({"Days": 90})),
            with("", json!({"Date": "2036-01-01T00:00:00Z"})),
        ] {
            let Verdict::Violation { remedy: Remedy::Advise(advice), .. } = first else { panic!("{first:?}") };
            assert!(advice.contains("rule x expires"), "{advice}");
        }
        for later in [with("", json!({"Days": 91})), with("tmp/", json!({"Days": 1}))] {
            assert!(matches!(later, Verdict::Violation { remedy: Remedy::Fix(_), .. }), "{later:?}");
        }
    }

    #[test]
    fn what_s3_refuses_or_someone_decided_is_advised() {
        let advised = |verdict| matches!(verdict, Verdict::Violation { remedy: Remedy::Advise(_), .. });
        assert!(advised(judged(Seen::Absent, true, &[None])));
        assert!(advised(judged(rules(vec![json!({"ID": "y"}); MOST]), false, &[None])));
        let off = json!({"ID": "trailkeeper-glacier", "Status": "Disabled", "Filter": {}});
        assert!(advised(judged(rules(vec![off]), false, &[None])));
    }
}
