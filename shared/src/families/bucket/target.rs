//! The bucket that access logs go to: whether one can receive them, and what it takes to have one of ours.
//!
//! S3 takes almost any target and then delivers nothing: its API checks existence, owner and region only ([troubleshoot
//! server access logging]). So all else is checked here.
//!
//! [troubleshoot server access logging]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshooting-server-access-logging.html

use super::added_rule::{Action, AddedRule, EXPIRE};
use super::controls::https_only;
use super::document::{Addition, add};
use super::need::{acl_lets_logs_in, of_source};
use super::public::public_statements;
use super::step::Step;
use super::view::{BucketConfig, Encryption, Logging, Missing, Ownership, View, known};
use crate::documents::policy::{Decision, with_statements};
use crate::managed::bucket::{Act, Blocks, BucketStep};
use crate::managed::bucket_name::managed_target;
use crate::model::Subject;
use crate::settings::Settings;
use serde_json::Value;

/// Whether a bucket can receive the access logs of another.
#[derive(Debug, PartialEq)]
pub(super) enum Receives {
    /// It can.
    Yes,
    /// It could, if its policy had these statements.
    LacksGrant(Vec<Value>),
    /// It cannot, because.
    No(String),
}

/// Whether the target of these access logs can receive them.
pub(super) fn receives(config: &BucketConfig, subject: &Subject, logging: &Logging) -> Result<Receives, Missing> {
    let Logging { target, .. } = logging;
    let no = |why: &str| Ok(Receives::No(format!("its target {target} {why}")));
    let here = |missing: Missing| missing.of(target);
    if config.region != subject.place.region {
        return no("is in another region");
    }
    if known(&config.object_lock).map_err(here)?.is_some() {
        return no("has Object Lock, under which no access logs arrive");
    }
    if known(&config.encryption).map_err(here)? == Some(&Encryption::Kms) {
        return no("is encrypted with SSE-KMS, under which no access logs arrive");
    }
    if known(&config.requester_pays).map_err(here)? == Some(&true) {
        return no("is Requester Pays, under which no access logs arrive");
    }
    if known(&config.logging).map_err(here)?.is_some() {
        return no("logs access itself, and each log would make another");
    }
    let policy = known(&config.policy).map_err(here)?;
    let managed = *target == managed_target(&subject.place);
    let mut missing = Vec::new();
    let unclear = || {
        let what = format!("the policy of its target {target} has conditions that cannot be judged from here");
        Err(Missing::Other(what))
    };
    for need in of_source(&subject.place, target, managed, &subject.id, logging) {
        let granted = || with_statements(policy, std::slice::from_ref(&need.statement));
        match need.decide(policy) {
            Decision::Allowed => {}
            Decision::Denied => return no("has a policy that denies S3's log writer"),
            Decision::Unclear => return unclear(),
            Decision::NotAllowed if need.by_acl && acl_lets_logs_in(config).map_err(here)? => {}
            // What may be denied is not mended by a grant.
            Decision::NotAllowed if need.decide(Some(&granted())) != Decision::Allowed => return unclear(),
            Decision::NotAllowed => missing.push(need.statement),
        }
    }
    Ok(if missing.is_empty() { Receives::Yes } else { Receives::LacksGrant(missing) })
}

/// What it takes to have our target in working order.
#[derive(Debug)]
pub(super) enum Ready {
    /// These steps, perhaps none.
    By(Vec<Step>),
    /// We must not; what a person should do.
    Never(String),
}

/// How our target is used by a source.
pub(super) fn into_ours(subject: &Subject, partitioned: Option<String>) -> Logging {
    let (target, prefix) = (managed_target(&subject.place), format!("{}/", subject.id));
    Logging { target, prefix, partitioned, grants: false }
}

/// Makes our target ready for the logs of this source.
pub(super) fn ready(view: &View, subject: &Subject, settings: &Settings, logging: &Logging) -> Result<Ready, Missing> {
    let name = logging.target.as_str();
    let on_it = |act| Step::Bucket(BucketStep::new(name, &subject.place.region, act));
    let new;
    let (mut steps, config) = match view.buckets.get(name) {
        None => return Err(Missing::Look(name.to_owned())),
        Some(Ownership::OtherAccount | Ownership::Closed) => {
            return Ok(Ready::Never(format!(
                "A bucket named {name} exists that belongs to another account, or that Trailkeeper may not look at. \
                 Let it log into a bucket of yours in this region."
            )));
        }
        Some(Ownership::Gone) => {
            new = BucketConfig::new(subject.place.region.clone());
            (vec![on_it(Act::Create)], &new)
        }
        Some(Ownership::ThisAccount(config)) => (Vec::new(), config.as_ref()),
    };
    let here = |missing: Missing| missing.of(name);
    let mut added = match receives(config, subject, logging)? {
        Receives::Yes => Vec::new(),
        Receives::LacksGrant(statements) => statements,
        Receives::No(why) => {
            return Ok(Ready::Never(format!(
                "Trailkeeper's own bucket for access logs cannot be used: {why}. Put that right, or let it log into \
                 another bucket in this region."
            )));
        }
    };
    if known(&config.encryption).map_err(here)?.is_none() {
        steps.push(on_it(Act::Encrypt));
    }
    let policy = known(&config.policy).map_err(here)?;
    let arn = format!("arn:{}:s3:::{name}", subject.place.partition);
    if !policy.is_some_and(|policy| https_only::denies_http(policy, &arn)) {
        added.extend(https_only::statement(&subject.place, name));
    }
    if !added.is_empty() {
        match add(name, config, added).map_err(here)? {
            Addition::By(step) => steps.push(step),
            Addition::Never(advice) => return Ok(Ready::Never(format!("{name}: {advice}"))),
        }
    }
    let blocks = known(&config.blocks).map_err(here)?.copied();
    // A public policy is a matter of its own, which is judged when that bucket is looked at.
    if blocks != Some(Blocks::ALL) && policy.is_none_or(|policy| public_statements(policy).is_empty()) {
        steps.push(on_it(Act::Block { blocks: Blocks::ALL, replaces: blocks }));
    }
    let read = known(&config.rules).map_err(here)?;
    if read.is_none_or(|rules| rules.named(EXPIRE).is_none()) {
        let added = vec![AddedRule {
            id: EXPIRE.to_owned(),
            prefix: String::new(),
            old_style: read.is_some_and(super::view::Rules::are_old),
            action: Action::Expire(settings.access_log_days),
        }];
        steps.push(Step::AddRule { bucket: name.to_owned(), read: read.cloned(), added });
    }
    Ok(Ready::By(steps))
}
