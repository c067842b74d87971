//! `access-log-lifecycle`: access logs move to cheap storage, and expire.

use super::lifecycle::{MANAGED_RULE, hindrance};
use crate::families::bucket::Bucket;
use crate::families::bucket::added_rule::{Action, AddedRule, EXPIRE};
use crate::families::bucket::log_names::{is_access_log, is_named_after};
use crate::families::bucket::parts::Part;
use crate::families::bucket::step::ConfigStep;
use crate::families::bucket::step::Step;
use crate::families::bucket::uses::{LoggingSource, Uses};
use crate::families::bucket::view::{BucketConfig, Missing, Rules, View};
use crate::family::Control;
use crate::managed::bucket::name::is_managed_target;
use crate::model::{About, Remedy, Severity, Subject, Unread, Verdict, permanent};
use crate::settings::Settings;

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "access-log-lifecycle",
        wrong: "keeping access logs for ever",
        title: "Access logs move to Glacier, and expire",
        why: "Access logs are many small files that grow with every request, and they contain people's names and \
              addresses, which should not be kept longer than needed.",
        compliant: "Enabled lifecycle rules move all access logs to GLACIER, GLACIER_IR or DEEP_ARCHIVE and expire \
                    them, whatever the number of days. If files expire before they would move \
                    (TRAILKEEPER_ACCESS_LOG_DAYS, or the number of days of such a rule, is not above \
                    TRAILKEEPER_GLACIER_DAYS), expiration is enough.",
        fix: "Adds whichever of two rules is missing: `trailkeeper-glacier` after TRAILKEEPER_GLACIER_DAYS days and \
              `trailkeeper-expire` after TRAILKEEPER_ACCESS_LOG_DAYS. In Trailkeeper's own bucket they apply to the \
              whole bucket, where `log-bucket-access-logging` creates the second rule. In a bucket named in the \
              settings they apply to the prefix of each log bucket that logs into it, and their ids end with that \
              bucket's name. All other rules stay as they are.",
        risk: "Expired files are gone for good. S3 does not move files under 128 KB unless the bucket says otherwise, \
               and many access logs are smaller. Each transition costs a fee, files deleted within 90 days of it are \
               billed for the full 90, and files in Glacier must be restored before they can be read.",
        guard: "Off until you turn it on. In a bucket named in the settings only files under a prefix that begins with \
                the log bucket's name and `/` expire, and only if the first thousand keys under it have the names that \
                S3 gives access logs. Otherwise, or if trails or Config deliver under it, the fix is only advised. A rule that someone changed is not recreated. Nothing is done while MFA delete is on or \
                the bucket has 1,000 rules.",
        permanent: permanent!("bucket", "access-log-lifecycle"),
        severity: Severity::Low,
        opt_in: true,
        references: &["Amazon S3 user guide, deleting log files: \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/deleting-log-files-lifecycle.html"],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(uses: &Uses, name: &str, _: &Settings) -> Vec<Part> {
    match (uses.is_kept(name), is_managed_target(name)) {
        (true, true) => vec![Part::Rules, Part::Versioning],
        (true, false) => vec![Part::Rules, Part::Versioning, Part::Keys],
        (false, _) => vec![],
    }
}

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    view.as_kept_target(subject, |bucket| {
        let read = bucket.rules.known()?;
        let moves = settings.glacier_days < settings.access_log_days;
        let due = |folder: &Folder| {
            let does = |what: fn(&Rules, &str) -> bool| read.is_some_and(|rules| what(rules, &folder.prefix));
            let sooner = read.is_some_and(|rules| rules.expire_within(&folder.prefix, settings.glacier_days.into()));
            let glacier =
                (moves && !sooner && !does(Rules::move_to_glacier)).then_some(Action::Glacier(settings.glacier_days));
            let expiry = (!does(Rules::expire)).then_some(Action::Expire(settings.access_log_days));
            let old_style = read.is_some_and(Rules::are_old);
            let added_rule =
                |action| AddedRule { id: folder.added_rule(action), prefix: folder.prefix.clone(), old_style, action };
            glacier.into_iter().chain(expiry).map(added_rule).collect::<Vec<_>>()
        };
        let whole = Folder { source: None, prefix: String::new() };
        if due(&whole).is_empty() {
            return Ok(Verdict::Compliant);
        }
        let folders = if is_managed_target(&subject.id) { Ok(vec![whole]) } else { folders(view, bucket)? };
        let folders = match folders {
            Ok(folders) => folders,
            Err(why) => {
                let because = "not everything in it moves to Glacier and expires".to_owned();
                let advice = format!("{why} Add rules for the access logs by hand.");
                return Ok(Verdict::Violation { because, remedy: Remedy::Advise(advice) });
            }
        };
        let added: Vec<AddedRule> = folders.iter().flat_map(due).collect();
        if added.is_empty() {
            return Ok(Verdict::Compliant);
        }
        let mfa_delete = bucket.mfa_delete.known()?.is_some_and(|on| *on);
        let missing: Vec<String> = added.iter().map(lacking).collect();
        let because = missing.join(", ");
        let remedy = if let Some(advice) = hindrance(read, &added, mfa_delete) {
            Remedy::Advise(advice)
        } else {
            Remedy::Fix(vec![Step::Config(ConfigStep::AddRule {
                bucket: subject.id.clone(),
                read: read.cloned(),
                added,
            })])
        };
        Ok(Verdict::Violation { because, remedy })
    })
}

fn lacking(added_rule: &AddedRule) -> String {
    let what = if added_rule.prefix.is_empty() { "its access logs" } else { &added_rule.prefix };
    match added_rule.action {
        Action::Glacier(_) => format!("no lifecycle rule moves {what} to Glacier"),
        Action::Expire(_) => format!("no lifecycle rule expires {what}"),
    }
}

/// Folder of a bucket that receives only access logs.
struct Folder {
    source: Option<String>,
    prefix: String,
}

impl Folder {
    fn added_rule(&self, action: Action) -> String {
        let name = match action {
            Action::Glacier(_) => MANAGED_RULE,
            Action::Expire(_) => EXPIRE,
        };
        self.source.as_ref().map_or_else(|| name.to_owned(), |source| format!("{name}-{source}"))
    }
}

/// Returns the folders with access logs in a customer's bucket, without duplicates, or why they are unknown. Whoever may
/// configure a log bucket chooses the prefix of its access logs, so the prefix alone proves nothing.
///
/// # Errors
/// Returns an error if the keys were not read.
fn folders(view: &View, bucket: &BucketConfig) -> Result<Result<Vec<Folder>, String>, Missing> {
    if view.uses.sources.is_empty() {
        return Ok(Err("No log bucket logs into it, so it is not known where its access logs are.".to_owned()));
    }
    let mut folders: Vec<Folder> = Vec::new();
    for LoggingSource { bucket: source, logging } in &view.uses.sources {
        let prefix = logging.prefix.as_str();
        if prefix.is_empty() {
            return Ok(Err(format!(
                "The access logs of {source} have no prefix, so they cannot be told apart from other files."
            )));
        }
        let overlaps = |files: &String| files.starts_with(prefix) || prefix.starts_with(files);
        if view.uses.prefixes().iter().any(overlaps) {
            return Ok(Err(format!("Files of a trail or of Config are under {prefix}, too.")));
        }
        if !is_named_after(prefix, source) {
            return Ok(Err(format!(
                "The access logs of {source} go to {prefix}, which does not begin with {source}/, so other files may be \
                 there."
            )));
        }
        let keys = bucket.keys.known()?.and_then(|keys| keys.get(prefix)).ok_or(Unread::NotAsked)?;
        if let Some(key) = keys.iter().find(|key| !is_access_log(key, prefix, source)) {
            return Ok(Err(format!("{key} is under {prefix} and has not the name of an access log.")));
        }
        if folders.iter().all(|folder| folder.prefix != prefix) {
            folders.push(Folder { source: Some(source.clone()), prefix: prefix.to_owned() });
        }
    }
    Ok(Ok(folders))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::bucket::{BucketConfig, Logging, LoggingSource, Ownership, TrailDelivery, Uses};
    use crate::family::Family as _;
    use crate::managed::bucket::name::managed_target;
    use crate::model::Seen;
    use crate::testing::laws::{settings, subject};
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn judged(name: &str, uses: Uses, rules: Vec<Value>, days: (u32, u32)) -> Verdict<Step> {
        let logs = |prefix: &str| vec![format!("{prefix}2026-01-31-23-59-59-0123456789ABCDEF")];
        let keys = uses.listed_prefixes().into_iter().map(|prefix| (prefix.to_owned(), logs(prefix))).collect();
        judged_with(name, uses, rules, days, Seen::Present(keys))
    }

    /// Returns the verdict on a bucket with these keys under the prefixes of access logs.
    fn judged_with(
        name: &str,
        uses: Uses,
        rules: Vec<Value>,
        days: (u32, u32),
        keys: Seen<BTreeMap<String, Vec<String>>>,
    ) -> Verdict<Step> {
        let place = subject::<Bucket>().place;
        let rules = Seen::Present(Rules { rules, minimum_size: None });
        let config = BucketConfig { rules, keys, ..BucketConfig::new(place.region.clone()) };
        let subject = Bucket::subject(place, name);
        let buckets = [(subject.id.clone(), Ownership::ThisAccount(Box::new(config)))].into();
        let settings = Settings { glacier_days: days.0, access_log_days: days.1, ..settings() };
        judge(&View { uses, buckets }, &subject, &settings)
    }

    fn ids(verdict: Verdict<Step>) -> Vec<(String, String)> {
        let Verdict::Violation { remedy: Remedy::Fix(steps), .. } = verdict else { panic!("{verdict:?}") };
        let [Step::Config(ConfigStep::AddRule { added, .. })] = steps.as_slice() else { panic!("{steps:?}") };
        added.iter().map(|added_rule| (added_rule.id.clone(), added_rule.prefix.clone())).collect()
    }

    fn advised(verdict: &Verdict<Step>) -> bool {
        matches!(verdict, Verdict::Violation { remedy: Remedy::Advise(_), .. })
    }

    fn named(prefixes: &[&str]) -> Uses {
        let source = |(no, prefix): (usize, &&str)| {
            let logging =
                Logging { target: "t".into(), prefix: (*prefix).to_owned(), partitioned: None, grants: false };
            LoggingSource { bucket: format!("source{no}"), logging }
        };
        Uses { named: true, sources: prefixes.iter().enumerate().map(source).collect(), ..Uses::default() }
    }

    fn expire(id: &str, prefix: &str) -> Value {
        json!({"ID": id, "Status": "Enabled", "Filter": {"Prefix": prefix}, "Expiration": {"Days": 9}})
    }

    #[test]
    fn our_target_gets_what_it_lacks() {
        let managed = managed_target(&subject::<Bucket>().place);
        let with = |rules, days| judged(&managed, Uses::default(), rules, days);
        let pair = |id: &str| (id.to_owned(), String::new());
        assert_eq!(ids(with(vec![], (90, 365))), [pair("trailkeeper-glacier"), pair("trailkeeper-expire")]);
        let made = || expire("trailkeeper-expire", "");
        assert_eq!(ids(with(vec![made()], (8, 365))), [pair("trailkeeper-glacier")]);
        assert_eq!(with(vec![made()], (90, 90)), Verdict::Compliant, "it expires first");
        assert_eq!(with(vec![made()], (9, 365)), Verdict::Compliant, "so it does by a rule of nine days");
        let mut off = made();
        off["Status"] = json!("Disabled");
        assert!(advised(&with(vec![off], (90, 90))), "somebody has switched it off");
        assert_eq!(ids(with(vec![expire("x", "tmp/")], (90, 90))), [pair("trailkeeper-expire")]);
    }

    #[test]
    fn of_a_bucket_of_theirs_only_the_known_prefixes_end() {
        let with = |uses| judged("logs", uses, vec![], (90, 90));
        let added_rule = |no: usize, prefix: &str| (format!("trailkeeper-expire-source{no}"), prefix.to_owned());
        let both = named(&["source0/", "source1/x/"]);
        assert_eq!(ids(with(both)), [added_rule(0, "source0/"), added_rule(1, "source1/x/")]);
        for unclear in [named(&[]), named(&[""]), named(&["source0/", ""]), named(&["waf/"]), named(&["source0"])] {
            assert!(advised(&with(unclear.clone())), "{unclear:?}");
        }
        let trail =
            |prefix: &str| TrailDelivery { arn: "x".into(), prefix: Some(prefix.to_owned()), organization: false };
        for (trail, prefix) in [(trail("source0"), "source0/"), (trail("source0"), "source0/AWSLogs/x/")] {
            assert!(advised(&with(Uses { trails: vec![trail], ..named(&[prefix]) })), "{prefix}");
        }
        let beside = Uses { trails: vec![trail("b")], ..named(&["source0/"]) };
        assert_eq!(ids(with(beside)), [added_rule(0, "source0/")]);
        assert_eq!(judged("logs", named(&[]), vec![expire("x", "")], (90, 90)), Verdict::Compliant);
    }

    #[test]
    fn what_has_not_the_name_of_an_access_log_never_ends() {
        let with = |keys: &[&str]| {
            let keys = keys.iter().map(|key| format!("source0/{key}")).collect();
            let keys = Seen::Present([("source0/".to_owned(), keys)].into());
            judged_with("logs", named(&["source0/"]), vec![], (90, 90), keys)
        };
        let log = "2026-01-31-23-59-59-0123456789ABCDEF";
        assert!(!advised(&with(&[])) && !advised(&with(&[log])));
        let told = with(&[log, "contracts/2026.pdf"]);
        let Verdict::Violation { remedy: Remedy::Advise(advice), .. } = told else { panic!("{told:?}") };
        assert!(advice.contains("source0/contracts/2026.pdf"), "{advice}");
        for unread in [Seen::Unreadable("s3:ListBucket"), Seen::NotAsked, Seen::Present(BTreeMap::new())] {
            let verdict = judged_with("logs", named(&["source0/"]), vec![], (90, 90), unread);
            assert!(matches!(verdict, Verdict::Unknown { .. }), "{verdict:?}");
        }
    }
}
