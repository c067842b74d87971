//! Changes of one part of a resource in their order: who made it wrong and right, and what was lost in between.

use crate::caller::CallerKind;
use crate::changes::{Leaves, Matters};
use crate::intake::{Intake, Kept};
use crate::names::Name;
use crate::report::{Ended, Loss, ReplayedFight, Side};
use chrono::DateTime;
use std::collections::{BTreeMap, BTreeSet};
use trailkeeper::model::Arn;

/// Number of fixes from which on it is a fight: the first two may be how something is set up.
const FIGHT: u64 = 3;

/// Calls of one caller within this many seconds are one change: a fix would have come after the last of them.
const AT_ONCE: i64 = 60;

/// Number of seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// What is found in the changes.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) fights: Vec<ReplayedFight>,
    pub(crate) losses: Vec<Loss>,
    pub(crate) tried: Vec<Loss>,
    pub(crate) log_buckets: Vec<String>,
}

/// Finds fights and losses in what was kept.
pub(crate) fn find(intake: &Intake) -> Found {
    let mut buckets = intake.facts.buckets.clone();
    let targets = intake.facts.access_logs.iter().filter(|(of, _)| intake.facts.buckets.contains(of));
    buckets.extend(targets.map(|(_, target)| target.clone()));
    let parts = parts(intake, &buckets);
    let mut found = Found { log_buckets: buckets.into_iter().collect(), ..Found::default() };
    for (resource, changes) in &parts {
        let (done, failed): (Vec<&Kept>, Vec<&Kept>) = changes.iter().partition(|it| it.failed.is_none());
        found.losses.extend(losses(intake, resource, &done));
        found.tried.extend(failed.into_iter().filter_map(|it| loss(intake, resource, it)));
    }
    found.fights = fights(intake, &parts);
    for loss in &mut found.losses {
        let is_it = |fight: &ReplayedFight| fight.control == loss.control && fight.resource == loss.resource;
        loss.in_fight &= found.fights.iter().any(is_it);
    }
    let by_time = |loss: &Loss| (loss.at.clone(), loss.event.clone(), loss.resource.clone(), loss.control);
    found.losses.sort_by_cached_key(by_time);
    found.tried.sort_by_cached_key(by_time);
    found
}

/// Part of a resource: its ARN, and what the changes have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    resource: String,
    control: &'static str,
    of: &'static str,
    account: String,
}

type Parts<'k> = Vec<(Part, Vec<&'k Kept>)>;

/// Sorts what was kept by the parts that matter, and by time.
fn parts<'k>(intake: &'k Intake, buckets: &BTreeSet<String>) -> Parts<'k> {
    let mut parts: BTreeMap<Part, Vec<&Kept>> = BTreeMap::new();
    for kept in &intake.kept {
        let resource = intake.names.text(kept.resource);
        let matters = match kept.matters {
            Matters::Always => true,
            Matters::LogBucket => Arn::parse(resource).is_some_and(|arn| buckets.contains(arn.resource)),
            Matters::TrailKey => intake.facts.keys.contains(resource),
        };
        if matters {
            let resource = intake.facts.flow_logs.get(resource).map_or(resource, String::as_str).to_owned();
            let account = intake.names.text(kept.account).to_owned();
            let part = Part { resource, control: kept.control, of: kept.part, account };
            parts.entry(part).or_default().push(kept);
        }
    }
    for changes in parts.values_mut() {
        changes.sort_by_key(|it| (it.at, it.id));
    }
    parts.into_iter().collect()
}

fn losses(intake: &Intake, part: &Part, changes: &[&Kept]) -> Vec<Loss> {
    let (mut losses, mut open): (Vec<Loss>, Vec<(usize, i64)>) = (Vec::new(), Vec::new());
    let mut was_right = false;
    for kept in changes {
        let is_right = kept.leaves.is_right();
        if is_right {
            for (number, since) in open.drain(..) {
                if let Some(loss) = losses.get_mut(number) {
                    loss.ended = Some(Ended {
                        at: time(kept.at),
                        seconds: kept.at - since,
                        call: intake.names.text(kept.call).to_owned(),
                        who: intake.names.text(kept.who).to_owned(),
                    });
                }
            }
        } else if let Some(loss) = loss(intake, part, kept).or_else(|| undoes(intake, part, kept, was_right)) {
            open.push((losses.len(), kept.at));
            losses.push(loss);
        }
        was_right = is_right;
    }
    losses
}

/// Returns the loss of a call that says itself that it takes something away.
fn loss(intake: &Intake, part: &Part, kept: &Kept) -> Option<Loss> {
    let Leaves::Less(what) = kept.leaves else { return None };
    Some(told(intake, part, kept, what))
}

/// Returns the loss of a call that takes away what another call had set in the time looked at.
fn undoes(intake: &Intake, part: &Part, kept: &Kept, was_right: bool) -> Option<Loss> {
    let what = match part.control {
        "log-bucket-https-only" => "takes the denial of plain HTTP from the policy of a log bucket",
        "cloudtrail-kms" => "ends the encryption with a key of the account",
        "cloudtrail-cloudwatch-logs" => "ends the delivery to CloudWatch Logs",
        _ => return None,
    };
    (was_right && kept.leaves == Leaves::Wrong).then(|| told(intake, part, kept, what))
}

fn told(intake: &Intake, part: &Part, kept: &Kept, what: &'static str) -> Loss {
    let text = |name: Name| intake.names.text(name).to_owned();
    Loss {
        at: time(kept.at),
        call: text(kept.call),
        what,
        control: part.control,
        resource: part.resource.clone(),
        account: part.account.clone(),
        region: text(kept.region),
        who: text(kept.who),
        principal: text(kept.principal),
        kind: kept.kind,
        source_ip: kept.source_ip.map(text),
        user_agent: kept.agent.map(text),
        event: kept.event.map(text),
        failed: kept.failed.map(text),
        in_fight: !matches!(kept.leaves, Leaves::Less(_)),
        ended: None,
    }
}

/// Finds resources of which a control would have been fixed several times.
fn fights(intake: &Intake, parts: &Parts<'_>) -> Vec<ReplayedFight> {
    let mut controls: BTreeMap<(&str, &'static str, &str), Vec<&Kept>> = BTreeMap::new();
    for (part, changes) in parts {
        let of = controls.entry((&part.resource, part.control, &part.account)).or_default();
        of.extend(changes.iter().copied().filter(|it| it.failed.is_none()));
    }
    let mut fights: Vec<ReplayedFight> = controls
        .into_iter()
        .filter_map(|((resource, control, account), mut changes)| {
            changes.sort_by_key(|it| (it.at, it.id));
            fight(intake, (resource, account), control, &changes)
        })
        .collect();
    fights.sort_by(|a, b| b.times.cmp(&a.times).then_with(|| a.resource.cmp(&b.resource)));
    fights
}

fn fight(
    intake: &Intake,
    (resource, account): (&str, &str),
    control: &'static str,
    changes: &[&Kept],
) -> Option<ReplayedFight> {
    // Each of these would have been fixed.
    let mut rounds: Vec<&Kept> = Vec::new();
    let mut last: Option<&Kept> = None;
    for kept in changes.iter().copied().filter(|it| !it.leaves.is_right()) {
        let same = last.is_some_and(|last| last.principal == kept.principal && kept.at - last.at < AT_ONCE);
        if !same {
            rounds.push(kept);
        }
        last = Some(kept);
    }
    let times = rounds.len() as u64;
    let (first, end) = (rounds.first()?, rounds.last()?);
    if times < FIGHT {
        return None;
    }
    Some(ReplayedFight {
        control,
        resource: resource.to_owned(),
        account: account.to_owned(),
        region: intake.names.text(first.region).to_owned(),
        times,
        most_in_a_day: most_in_a_day(&rounds),
        by: sides(intake, rounds.iter().copied()),
        against: sides(intake, mended(changes).into_iter()),
        first: time(first.at),
        last: time(end.at),
    })
}

/// Returns the changes that made right what was wrong before.
fn mended<'k>(changes: &[&'k Kept]) -> Vec<&'k Kept> {
    let mut wrong: BTreeSet<&str> = BTreeSet::new();
    let mut mends = |kept: &&'k Kept| {
        if kept.leaves.is_right() {
            return wrong.remove(kept.part);
        }
        wrong.insert(kept.part);
        false
    };
    changes.iter().copied().filter(|kept| mends(kept)).collect()
}

fn most_in_a_day(rounds: &[&Kept]) -> u64 {
    let mut most = 0;
    let mut begin = 0;
    for (end, kept) in rounds.iter().enumerate() {
        while rounds.get(begin).is_some_and(|first| kept.at - first.at >= DAY) {
            begin += 1;
        }
        most = most.max(end + 1 - begin);
    }
    most as u64
}

fn sides<'k>(intake: &Intake, changes: impl Iterator<Item = &'k Kept>) -> Vec<Side> {
    let mut counts: BTreeMap<(&str, CallerKind), u64> = BTreeMap::new();
    for kept in changes {
        *counts.entry((intake.names.text(kept.principal), kept.kind)).or_default() += 1;
    }
    let mut sides: Vec<Side> =
        counts.into_iter().map(|((who, kind), times)| Side { who: who.to_owned(), kind, times }).collect();
    sides.sort_by(|a, b| b.times.cmp(&a.times).then_with(|| a.who.cmp(&b.who)));
    sides
}

/// Returns a time as records have it.
pub(crate) fn time(at: i64) -> String {
    DateTime::from_timestamp(at, 0).map_or_else(String::new, |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}
