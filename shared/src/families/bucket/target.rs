//! Target of access logs: whether a bucket can receive them, and what it takes to prepare ours.
//!
//! S3 accepts almost any target and then delivers nothing: its API only checks existence, owner and region
//! ([troubleshoot server access logging]). So everything else is checked here.
//!
//! [troubleshoot server access logging]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshooting-server-access-logging.html

use super::added_rule::{Action, AddedRule, EXPIRE};
use super::controls::https_only;
use super::document::add;
use super::need::{acl_lets_logs_in, of_source};
#[cfg(any(test, feature = "bucket"))]
use super::parts::Part;
use super::public::public_statements;
use super::step::Step;
use super::view::{BucketConfig, Encryption, Logging, Missing, Ownership, View};
use crate::documents::policy::Decision;
use crate::families::bucket::step::ConfigStep;
use crate::managed::bucket::Blocks;
use crate::managed::bucket::name::{is_target_of, managed_targets};
use crate::managed::bucket::step::{Act, BucketStep};
use crate::managed::bucket::stranger;
#[cfg(any(test, feature = "bucket"))]
use crate::model::Place;
use crate::model::{Blocked, Seen, Subject};
use crate::settings::Settings;
use serde_json::Value;

/// Parts of a target to read: everything that can block access logs.
#[cfg(any(test, feature = "bucket"))]
const READS: &[Part] = &[
    Part::Policy,
    Part::Grants,
    Part::Ownership,
    Part::Blocks,
    Part::Encryption,
    Part::Logging,
    Part::ObjectLock,
    Part::RequestPayment,
];

/// Parts of one of our targets to read, including what Trailkeeper configures. It has no ACLs that could matter.
#[cfg(any(test, feature = "bucket"))]
const MANAGED_READS: &[Part] =
    &[Part::Policy, Part::Blocks, Part::Encryption, Part::Logging, Part::Rules, Part::ObjectLock, Part::RequestPayment];

/// Returns the parts to read of the bucket that access logs go to.
#[cfg(any(test, feature = "bucket"))]
pub(super) fn reads(place: &Place, target: &str) -> &'static [Part] {
    if is_target_of(place, target) { MANAGED_READS } else { READS }
}

/// Whether a bucket can receive the access logs of another.
#[derive(Debug, PartialEq)]
pub(super) enum Receives {
    /// The bucket can receive them.
    Yes,
    /// The bucket could receive them if its policy had these statements.
    LacksGrant(Vec<Value>),
    /// The bucket receives them, but logs access itself into a third bucket, with the reason why that is not right.
    LogsThemAgain(String),
    /// The bucket cannot receive them, with the reason.
    No(String),
}

/// Returns whether the target of these access logs can receive them.
pub(super) fn receives(config: &BucketConfig, subject: &Subject, logging: &Logging) -> Result<Receives, Missing> {
    let Logging { target, .. } = logging;
    let no = |why: &str| Ok(Receives::No(format!("its target {target} {why}")));
    let its = format!("bucket {target}");
    if config.region != subject.place.region {
        return no("is in another region");
    }
    if let Some(why) = loses_access_logs(config, &its)? {
        return no(why);
    }
    let onward = config.logging.known_of(&its)?.map(|it| it.target.as_str());
    if onward.is_some_and(|onward| onward == target || onward == subject.id) {
        return no("logs access into itself or back, so each log produces another");
    }
    let policy = config.policy.known_of(&its)?;
    let managed = is_target_of(&subject.place, target);
    let mut missing = Vec::new();
    let unclear = || {
        let what = format!("the policy of its target {target} has conditions that cannot be judged from here");
        Err(Missing::other(what))
    };
    for need in of_source(&subject.place, target, managed, &subject.id, logging) {
        match need.decide(policy) {
            Decision::Allowed => {}
            Decision::Denied => return no("has a policy that denies S3's log writer"),
            Decision::Unclear => return unclear(),
            Decision::NotAllowed if need.by_acl && acl_lets_logs_in(target, config)? => {}
            // An additional grant does not help against a possible denial.
            Decision::NotAllowed if !need.is_met_by_statement(policy) => return unclear(),
            Decision::NotAllowed => missing.push(need.statement),
        }
    }
    Ok(match onward {
        // A grant alone would not put our own target right.
        onward if !missing.is_empty() && (onward.is_none() || !managed) => Receives::LacksGrant(missing),
        None => Receives::Yes,
        Some(onward) => Receives::LogsThemAgain(format!(
            "its target {target} logs access into {onward}, so each log that arrives is logged once more"
        )),
    })
}

/// Returns why no access logs arrive in a bucket whatever its policy says, if so ([troubleshoot server access logging]).
///
/// # Errors
/// Returns an error if that is not known.
///
/// [troubleshoot server access logging]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshooting-server-access-logging.html
pub(super) fn loses_access_logs(config: &BucketConfig, its: &str) -> Result<Option<&'static str>, Blocked> {
    Ok(if config.object_lock.known_of(its)?.is_some() {
        Some("has Object Lock, so no access logs arrive")
    } else if config.encryption.known_of(its)?.is_some_and(|it| matches!(it, Encryption::Kms { .. })) {
        Some("is encrypted with SSE-KMS, so no access logs arrive")
    } else if config.requester_pays.known_of(its)? == Some(&true) {
        Some("is Requester Pays, so no access logs arrive")
    } else {
        None
    })
}

/// Returns the logging configuration of a source that uses our target: the first of our names that is free or ours.
/// Also returns why earlier ones are not used.
///
/// # Errors
/// Returns an error if a bucket has to be read first, or none of the names can be used.
pub(super) fn into_managed(
    view: &View,
    subject: &Subject,
    partitioned: Option<String>,
) -> Result<(Logging, Vec<String>), Missing> {
    let prefix = format!("{}/", subject.id);
    let mut passed = Vec::new();
    for target in managed_targets(&subject.place) {
        let why = match view.buckets.get(&target) {
            None => return Err(Missing::Look(target)),
            Some(Ownership::OtherAccount) => Some(format!("bucket {target} belongs to another account")),
            Some(Ownership::ThisAccount(config)) => {
                let expires = match config.rules.clone() {
                    Seen::Absent => Seen::Present(false),
                    rules => rules.map(|rules| rules.delete_otherwise()),
                };
                stranger(&target, &subject.place.account, &config.policy, &expires)?
            }
            Some(Ownership::Closed | Ownership::Gone) => None,
        };
        match why {
            Some(why) => passed.push(why),
            None => return Ok((Logging { target, prefix, partitioned, grants: false }, passed)),
        }
    }
    let advice = format!("Log access to a bucket of your own in this region: {}.", passed.join("; "));
    Err(Blocked::Advise(advice).into())
}

/// Returns the calls that make our target ready for the logs of this source, possibly none.
///
/// # Errors
/// Returns an error if there are no such calls.
pub(super) fn ready(
    view: &View,
    subject: &Subject,
    settings: &Settings,
    logging: &Logging,
) -> Result<Vec<Step>, Missing> {
    let name = logging.target.as_str();
    let on_it = |act| Step::Bucket(BucketStep::new(name, &subject.place.region, act));
    let new;
    let (mut steps, config) = match view.buckets.get(name) {
        None => return Err(Missing::Look(name.to_owned())),
        Some(Ownership::OtherAccount | Ownership::Closed) => {
            let advice = format!(
                "A bucket named {name} exists that belongs to another account or that Trailkeeper is not allowed to \
                 read. Log access to a bucket of your own in this region."
            );
            return Err(Blocked::Advise(advice).into());
        }
        Some(Ownership::Gone) => {
            new = BucketConfig::new(subject.place.region.clone());
            (vec![on_it(Act::Create)], &new)
        }
        Some(Ownership::ThisAccount(config)) => (Vec::new(), config.as_ref()),
    };
    let its = format!("bucket {name}");
    let mut added = match receives(config, subject, logging)? {
        Receives::Yes => Vec::new(),
        Receives::LacksGrant(statements) => statements,
        Receives::No(why) | Receives::LogsThemAgain(why) => {
            let advice = format!(
                "Trailkeeper's own bucket for access logs cannot be used: {why}. Fix that, or log access to another \
                 bucket in this region."
            );
            return Err(Blocked::Advise(advice).into());
        }
    };
    if config.encryption.known_of(&its)?.is_none() {
        steps.push(on_it(Act::Encrypt));
    }
    let policy = config.policy.known_of(&its)?;
    let arn = format!("arn:{}:s3:::{name}", subject.place.partition);
    if !policy.is_some_and(|policy| https_only::denies_http(policy, &arn)) {
        added.extend(https_only::statement(&subject.place, name));
    }
    if !added.is_empty() {
        steps.push(add(name, config, added).map_err(|blocked| match blocked {
            Blocked::Advise(advice) => Blocked::Advise(format!("{name}: {advice}")),
            Blocked::Unknown(needs) => Blocked::Unknown(needs),
        })?);
    }
    let blocks = config.blocks.known_of(&its)?.copied();
    // A public policy is a separate violation, judged when that bucket is checked.
    if blocks != Some(Blocks::ALL) && policy.is_none_or(|policy| public_statements(policy).is_empty()) {
        steps.push(on_it(Act::Block { blocks: Blocks::ALL, replaces: blocks }));
    }
    let read = config.rules.known_of(&its)?;
    if read.is_none_or(|rules| rules.named(EXPIRE).is_none()) {
        let added = vec![AddedRule {
            id: EXPIRE.to_owned(),
            prefix: String::new(),
            old_style: read.is_some_and(super::view::Rules::are_old),
            action: Action::Expire(settings.access_log_days),
        }];
        steps.push(Step::Config(ConfigStep::AddRule { bucket: name.to_owned(), read: read.cloned(), added }));
    }
    Ok(steps)
}
