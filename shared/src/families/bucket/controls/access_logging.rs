//! `log-bucket-access-logging`: every read or deletion of logs is recorded.

use crate::families::bucket::Bucket;
use crate::families::bucket::chosen::left_as_it_is;
use crate::families::bucket::document::add;
use crate::families::bucket::parts::Part;
use crate::families::bucket::step::ConfigStep;
use crate::families::bucket::step::Step;
use crate::families::bucket::target::{Receives, into_managed, ready, receives};
use crate::families::bucket::uses::Uses;
use crate::families::bucket::view::{Logging, Missing, Ownership, View, remedied};
use crate::family::Control;
use crate::managed::bucket::ENFORCED;
use crate::managed::bucket::name::is_target_of;
use crate::model::{About, Remedy, Severity, Subject, Verdict, permanent};
use crate::settings::{Mode, Settings};

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "log-bucket-access-logging",
        wrong: "without access logs",
        title: "A log bucket logs its access to a bucket that can receive the logs",
        why: "A trail does not record who reads or deletes its own files unless you pay for data events. Server access \
              logs do. S3 accepts almost any target and then may deliver nothing, so an enabled setting alone proves \
              nothing.",
        compliant: "Server access logging is on, and its target is another bucket of this account and region without \
                    SSE-KMS, Object Lock, Requester Pays or access logging of its own, whose policy (or ACL, if ACLs \
                    are on) allows S3's log writer and denies it nowhere. A bucket that receives access logs does not \
                    need access logging itself. Where access logs are read (`access-log-events` is on, or \
                    TRAILKEEPER_ACCESS_TARGETS is set), the target is Trailkeeper's own or one of \
                    TRAILKEEPER_ACCESS_TARGETS.",
        fix: "If the target lacks only the grant, that one statement is added. Otherwise the bucket \
              `trailkeeper-access-logs-<account>-<region>` (another one if that name is taken, or the bucket lets others in \
              or loses its files) is set up (no ACLs, no public access, SSE-S3, HTTPS only, a \
              grant for this account's buckets, files expire after TRAILKEEPER_ACCESS_LOG_DAYS days), and \
              PutBucketLogging points to it with the prefix `<bucket>/`. The key format is kept.",
        risk: "Storage for the logs, which are delivered within hours on a best-effort basis. If a broken target is \
               replaced, whoever reads the old one must switch to the new one.",
        guard: "The policy is written before PutBucketLogging. With TRAILKEEPER_ACCESS_TARGETS set, a target whose logs \
                are not read is only reported, since it is not known which of them was meant. The target is never the source, never a bucket that \
                logs access itself, and never one that would silently lose logs (SSE-KMS, Object Lock, Requester Pays, \
                another region or account). A target that logs access into a third bucket is only reported, since the \
                logs arrive. If there are target grants that cannot be carried over, the finding is \
                reported instead. Files in Trailkeeper's target expire.",
        permanent: permanent!("bucket", "log-bucket-access-logging"),
        severity: Severity::Medium,
        opt_in: false,
        references: &["Amazon S3 user guide, server access logging: \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html"],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(uses: &Uses, name: &str, _: &Settings) -> Vec<Part> {
    match (uses.receives_access_logs(name), uses.receives_trail() && uses.trails.is_empty()) {
        (true, _) => vec![],
        (false, true) => vec![Part::Logging, Part::Policy, Part::Keys],
        (false, false) => vec![Part::Logging],
    }
}

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    if let (Some(Ownership::Gone), Some(source)) = (view.buckets.get(&subject.id), view.uses.sources.first()) {
        let because = format!("there is no such bucket, and {} logs into it", source.bucket);
        return Verdict::Elsewhere { region: subject.place.region.clone(), id: source.bucket.clone(), because };
    }
    view.as_log_bucket(subject, |_| course(view, subject, settings))
}

/// Returns the bucket that must be read before there can be a verdict.
#[cfg(any(test, feature = "bucket"))]
pub(in crate::families::bucket) fn looks_for(view: &View, subject: &Subject, settings: &Settings) -> Option<String> {
    match view.try_log_bucket(subject, |_| course(view, subject, settings)) {
        Err(Missing::Look(name)) => Some(name),
        _ => None,
    }
}

fn course(view: &View, subject: &Subject, settings: &Settings) -> Result<Verdict<Step>, Missing> {
    if view.uses.receives_access_logs(&subject.id) {
        let because = "it receives access logs, so it does not need access logging itself".to_owned();
        return Ok(Verdict::NotApplicable { because });
    }
    let Some(bucket) = view.bucket(&subject.id) else { return Err(Missing::Look(subject.id.clone())) };
    let Some(logging) = bucket.logging.known()? else {
        // Access logs of a trail's bucket harm nobody.
        let left = || left_as_it_is(view, subject, bucket, settings);
        if let Some(advice) = if view.uses.trails.is_empty() { left()? } else { None } {
            let because = "server access logging is off".to_owned();
            return Ok(Verdict::Violation { because, remedy: Remedy::Advise(advice) });
        }
        return set_ours(view, subject, settings, None, "server access logging is off".to_owned());
    };
    if logging.target == subject.id {
        let because = "it logs into itself, so each log produces another".to_owned();
        return set_ours(view, subject, settings, Some(logging), because);
    }
    if is_target_of(&subject.place, &logging.target) {
        return keep_managed(view, subject, settings, logging);
    }
    let target = match view.buckets.get(&logging.target) {
        None => return Err(Missing::Look(logging.target.clone())),
        Some(Ownership::ThisAccount(target)) => target,
        Some(Ownership::Gone) => {
            let because = format!("its target {} does not exist", logging.target);
            return set_ours(view, subject, settings, Some(logging), because);
        }
        Some(Ownership::OtherAccount) => {
            let because =
                format!("its target {} belongs to another account, where S3 does not deliver", logging.target);
            return set_ours(view, subject, settings, Some(logging), because);
        }
        Some(Ownership::Closed) => {
            let target = &logging.target;
            return Err(Missing::other(format!(
                "its target {target} belongs to another account, or s3:ListBucket was denied"
            )));
        }
    };
    if is_unread(settings, &logging.target) {
        let because = format!("its target {} is none of the buckets whose access logs are read", logging.target);
        if settings.access.targets.is_empty() {
            return set_ours(view, subject, settings, Some(logging), because);
        }
        let advice = "Log access to a bucket in TRAILKEEPER_ACCESS_TARGETS again, or add this one to it. Trailkeeper does \
                      not choose among them.";
        return Ok(Verdict::Violation { because, remedy: Remedy::Advise(advice.to_owned()) });
    }
    match receives(target, subject, logging)? {
        Receives::Yes => Ok(Verdict::Compliant),
        Receives::LacksGrant(statements) => {
            let because = format!("its target {} does not allow S3's log writer", logging.target);
            let its = format!("bucket {}", logging.target);
            if target.ownership.known_of(its)?.is_some_and(|ownership| ownership == ENFORCED) {
                remedied(because, add(&logging.target, target, statements).map(|step| vec![step]))
            } else {
                set_ours(view, subject, settings, Some(logging), because)
            }
        }
        Receives::LogsThemAgain(because) => {
            let advice = format!(
                "Turn off access logging of {}. Trailkeeper leaves both as they are: the logs arrive, and others may read \
                 either.",
                logging.target
            );
            Ok(Verdict::Violation { because, remedy: Remedy::Advise(advice) })
        }
        Receives::No(because) => set_ours(view, subject, settings, Some(logging), because),
    }
}

/// Returns whether access logs are read, but not those in this bucket, which is not one that Trailkeeper creates.
fn is_unread(settings: &Settings, target: &str) -> bool {
    let targets = &settings.access.targets;
    let reads = settings.modes.of(&super::access_events::CONTROL.about) != Mode::Off || !targets.is_empty();
    reads && !targets.contains(target)
}

/// Returns a violation that is fixed by preparing our target and setting it.
fn set_ours(
    view: &View,
    subject: &Subject,
    settings: &Settings,
    replaces: Option<&Logging>,
    because: String,
) -> Result<Verdict<Step>, Missing> {
    if replaces.is_some_and(|logging| logging.grants) {
        let advice = "Set another target by hand. Trailkeeper does not, because the setting grants others access to \
                      the log files (TargetGrants), and S3 accepts no such grants for a target without ACLs, the only \
                      kind that Trailkeeper creates.";
        return Ok(Verdict::Violation { because, remedy: Remedy::Advise(advice.to_owned()) });
    }
    let partitioned = replaces.and_then(|logging| logging.partitioned.clone());
    let (logging, passed) = match into_managed(view, subject, partitioned) {
        Ok(chosen) => chosen,
        Err(missing) => return remedied(because, Err(missing)),
    };
    let because = std::iter::once(because).chain(passed).collect::<Vec<_>>().join("; ");
    let steps = ready(view, subject, settings, &logging).map(|mut steps| {
        steps.push(Step::Config(ConfigStep::Log { bucket: subject.id.clone(), logging, replaces: replaces.cloned() }));
        steps
    });
    remedied(because, steps)
}

/// Judges a bucket that already logs into our target.
fn keep_managed(
    view: &View,
    subject: &Subject,
    settings: &Settings,
    logging: &Logging,
) -> Result<Verdict<Step>, Missing> {
    let because = |what: &str| format!("its target {} {what}", logging.target);
    match ready(view, subject, settings, logging) {
        Ok(steps) if steps.is_empty() => Ok(Verdict::Compliant),
        steps => remedied(because(if steps.is_ok() { "is not ready" } else { "cannot receive" }), steps),
    }
}
