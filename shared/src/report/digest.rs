//! Digest of the sweeps of an account: what people are told of all families at once. Pure.
//!
//! A sweep finds the same things each day. People are told what is new or has changed since the last digest, and once a
//! week what still stands.

use super::{ControlResult, Status};
use crate::ledger::FindingId;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How long an account must have been quiet before its digest is made, once each family's sweep has ended: a family that
/// sweeps each region by itself ends once for each.
const QUIET: TimeDelta = TimeDelta::minutes(10);

/// How long an account must have been quiet before its digest is made although a family's sweep has not ended. The
/// schedules start all families within 60 minutes of each other, and none takes more than 15 to its first result.
const SILENT: TimeDelta = TimeDelta::minutes(80);

/// How long a digest waits at most for results that still come in.
const LATEST: TimeDelta = TimeDelta::hours(6);

/// How long nobody tries again to tell people what they may have been told. Each pause is twice as long as the one before.
const PAUSE: TimeDelta = TimeDelta::minutes(15);

/// Longest such pause.
const LONGEST_PAUSE: TimeDelta = TimeDelta::days(1);

/// How often people are told what still stands.
const REMINDER: TimeDelta = TimeDelta::days(7);

/// What people were told of the sweeps of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Time of the last digest, sent or not.
    pub at: DateTime<Utc>,
    /// Time at which people were last told everything that stands.
    pub everything: DateTime<Utc>,
    /// Fingerprint of what was told of each finding that stood at the last digest.
    pub known: BTreeMap<String, String>,
}

/// When the sweeps of an account brought something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// Time of the last result.
    pub last_result: DateTime<Utc>,
    /// Time of the end of each family's last sweep.
    pub ended: BTreeMap<String, DateTime<Utc>>,
}

/// What was tried since people were last told of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attempts {
    /// How often it was begun to tell people.
    pub begun: u32,
    /// Time before which it is not begun again.
    pub not_before: Option<DateTime<Utc>>,
    /// Time since which a digest has waited for further results.
    pub waiting: Option<DateTime<Utc>>,
    /// How often this was written: whoever writes it says which writing was read.
    pub version: u64,
}

impl Attempts {
    /// Returns these attempts with one more, which begins now. Whoever begins it may end before that is recorded, so the
    /// next one waits.
    #[must_use]
    pub fn begin(&self, now: DateTime<Utc>) -> Self {
        let pause = PAUSE.checked_mul(2_i32.saturating_pow(self.begun)).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE);
        Self { begun: self.begun.saturating_add(1), not_before: Some(now + pause), ..self.clone() }
    }
}

/// What to do about the digest of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing: nothing came in.
    No,
    /// Further results are waited for.
    Waiting,
    /// People are told now.
    Now,
}

/// Digest of the sweeps of an account.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepDigest {
    /// What people are to be told; nothing is sent if this is empty.
    pub results: Vec<ControlResult>,
    /// Whether these are all findings that stand, and not only the new ones.
    pub is_reminder: bool,
    /// What they will have been told then.
    pub told: Told,
}

/// Returns whether a digest is due: something came in since the last one, the sweeps of these families have ended, and
/// nothing has come in for some time. A family that fails holds it back no longer than another one could still begin.
#[must_use]
pub fn due(swept: &Swept, families: &[&str], (told, attempts): (Option<&Told>, &Attempts), now: DateTime<Utc>) -> Due {
    let since = told.map(|told| told.at);
    if since.is_some_and(|since| swept.last_result < since) {
        return Due::No;
    }
    if attempts.not_before.is_some_and(|begin| now < begin) {
        return Due::Waiting;
    }
    let has_ended = |family: &&str| swept.ended.get(*family).is_some_and(|at| since.is_none_or(|since| *at >= since));
    let quiet = now - swept.last_result;
    let complete = quiet >= QUIET && families.iter().all(has_ended);
    let too_late = attempts.waiting.is_some_and(|begin| now - begin >= LATEST);
    if complete || quiet >= SILENT || too_late { Due::Now } else { Due::Waiting }
}

/// Returns the digest of everything that the last sweeps of an account found worth telling.
#[must_use]
pub fn digest(account: &str, standing: Vec<ControlResult>, told: Option<&Told>, now: DateTime<Utc>) -> SweepDigest {
    let everything_since = told.map_or(now, |told| told.everything);
    let is_reminder = now - everything_since >= REMINDER;
    let mut known = BTreeMap::new();
    let mut results = Vec::new();
    for result in standing {
        let (finding, fingerprint) = (finding(account, &result), fingerprint(&result));
        let is_new = told.is_none_or(|told| told.known.get(&finding) != Some(&fingerprint));
        if known.insert(finding, fingerprint).is_none() && (is_new || is_reminder && still_stands(&result)) {
            results.push(result);
        }
    }
    let everything = if is_reminder { now } else { everything_since };
    SweepDigest { results, is_reminder, told: Told { at: now, everything, known } }
}

/// What was put right does not stand any more, and what was left for an hour is long fixed or found anew.
fn still_stands(result: &ControlResult) -> bool {
    !matches!(result.status, Status::Fixed | Status::Changed) && !result.hints.follows
}

/// Returns the key of a finding; of one that was fixed, together with the change. What a call left for later is another
/// matter than what a sweep finds of it.
fn finding(account: &str, result: &ControlResult) -> String {
    let id = FindingId::of(&result.control, account, &result.region, &result.resource);
    if result.hints.follows && result.hints.sweep.is_none() {
        return format!("{id} later");
    }
    result.change.map_or_else(|| id.to_string(), |change| format!("{id} {change}"))
}

/// Returns a short text that differs whenever people would be told something else.
fn fingerprint(result: &ControlResult) -> String {
    let mut hash = Sha256::new();
    for part in [result.status.as_str(), result.severity.as_str(), &result.because] {
        hash.update(part);
        hash.update("\n");
    }
    let mut short = String::new();
    for byte in hash.finalize().iter().take(6) {
        // Writing to a String cannot fail.
        let _ = write!(short, "{byte:02x}");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + hours * 3_600, 0).expect("a time")
    }

    fn found(resource: &str, status: Status, because: &str) -> ControlResult {
        ControlResult::new(("vpc-flow-logs", Severity::Medium), resource, "eu-west-1", status, because)
    }

    /// The resources that people are told of, day after day.
    fn days(days: Vec<Vec<ControlResult>>) -> Vec<Vec<String>> {
        let mut told = None;
        let days = days.into_iter().zip(0..).map(|(standing, day)| {
            let digest = digest("111122223333", standing, told.as_ref(), at(day * 24));
            told = Some(digest.told);
            digest.results.iter().map(|it| it.resource.to_string()).collect()
        });
        days.collect()
    }

    #[test]
    fn people_are_told_what_is_new_and_once_a_week_what_stands() {
        let stands = || vec![found("a", Status::Planned, "none"), found("b", Status::Planned, "none")];
        let told = days((0..15).map(|_| stands()).collect());
        let lengths: Vec<usize> = told.iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 2]);
    }

    #[test]
    fn what_changes_or_comes_back_is_new() {
        let planned = || found("a", Status::Planned, "none");
        let told = days(vec![
            vec![planned()],
            vec![found("a", Status::Planned, "REJECT only")],
            vec![found("a", Status::Failed, "REJECT only")],
            vec![],
            vec![planned(), found("b", Status::Unknown, "denied")],
        ]);
        assert_eq!(told, [vec!["a"], vec!["a"], vec!["a"], vec![], vec!["a", "b"]]);
    }

    #[test]
    fn each_fix_is_told_once() {
        let fixed = |n| {
            let change = crate::ledger::ChangeId::new(at(0), n);
            ControlResult { change: Some(change), ..found("a", Status::Fixed, "none") }
        };
        let mut all = vec![vec![fixed(1)], vec![fixed(1)], vec![fixed(2)]];
        all.extend((0..6).map(|_| vec![fixed(2)]));
        let lengths: Vec<usize> = days(all).iter().map(Vec::len).collect();
        assert_eq!(lengths, [1, 0, 1, 0, 0, 0, 0, 0, 0], "and not in the reminder of the eighth day");
    }

    #[test]
    fn a_digest_waits_for_each_family_and_for_none_too_long() {
        let minute = |minutes| at(100) + TimeDelta::minutes(minutes);
        let told = |at| Told { at, everything: at, known: BTreeMap::new() };
        let none = Attempts::default();
        let swept = |last, ended: &[(&str, i64)]| Swept {
            last_result: minute(last),
            ended: ended.iter().map(|(family, at)| ((*family).to_owned(), minute(*at))).collect(),
        };
        let due = |swept: &Swept, told: Option<&Told>, attempts: &Attempts, now| {
            super::due(swept, &["key", "vpc"], (told, attempts), now)
        };
        let both = swept(10, &[("key", 0), ("vpc", 10)]);
        assert_eq!(due(&both, None, &none, minute(19)), Due::Waiting);
        assert_eq!(due(&both, None, &none, minute(20)), Due::Now);
        assert_eq!(due(&both, Some(&told(minute(11))), &none, minute(500)), Due::No, "nothing came in");
        let one = swept(0, &[("key", 0)]);
        assert_eq!(due(&one, None, &none, minute(79)), Due::Waiting, "the other may begin an hour later");
        assert_eq!(due(&one, None, &none, minute(80)), Due::Now, "a family that fails holds nothing back");
        let today = swept(10, &[("key", 10), ("vpc", -1_400)]);
        assert_eq!(due(&today, Some(&told(minute(-1_300))), &none, minute(30)), Due::Waiting, "it ended yesterday");
        let waiting = |minutes| Attempts { waiting: Some(minute(minutes)), ..Attempts::default() };
        assert_eq!(due(&one, None, &waiting(-350), minute(9)), Due::Waiting);
        assert_eq!(due(&one, None, &waiting(-351), minute(9)), Due::Now, "results come in all the time");
    }

    #[test]
    fn who_may_have_been_told_is_told_again_ever_more_seldom() {
        let swept = Swept { last_result: at(0), ended: BTreeMap::new() };
        let mut attempts = Attempts::default();
        let mut begun = Vec::new();
        for quarter in 0..(7 * 24 * 4) {
            let now = at(2) + TimeDelta::minutes(15 * quarter);
            if due(&swept, &[], (None, &attempts), now) == Due::Now {
                begun.push(quarter);
                attempts = attempts.begin(now);
            }
        }
        assert_eq!(begun.get(..6), Some([0, 1, 3, 7, 15, 31].as_slice()));
        assert_eq!(begun.len(), 13, "then once a day: {begun:?}");
        assert!(Attempts { begun: u32::MAX, ..attempts }.begin(at(0)).not_before == Some(at(24)));
    }

    #[test]
    fn what_was_left_for_later_is_told_beside_what_a_sweep_finds_and_no_reminder() {
        let left = || {
            let mut left = found("a", Status::Planned, "none; left until 10:00");
            left.hints.follows = true;
            left
        };
        let mut all = vec![vec![left(), found("a", Status::Failed, "none")]];
        all.extend((0..6).map(|_| vec![left()]));
        all.push(vec![left()]);
        let lengths: Vec<usize> = days(all).iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 0, 0, 0, 0, 0, 0, 0]);
    }
}
