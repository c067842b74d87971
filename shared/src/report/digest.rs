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

/// How long an account must have been quiet before its digest is made, so that one has the results of all families.
const QUIET: TimeDelta = TimeDelta::minutes(10);

/// After this time a digest is made although results still come in.
const LATEST: TimeDelta = TimeDelta::hours(26);

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

/// Returns whether a digest is due: something came in since the last one, and nothing has for some time.
#[must_use]
pub fn is_due(last_result: DateTime<Utc>, told: Option<&Told>, now: DateTime<Utc>) -> bool {
    let waiting = told.is_none_or(|told| last_result >= told.at);
    waiting && (now - last_result >= QUIET || told.is_some_and(|told| now - told.at >= LATEST))
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

/// What was put right does not stand any more.
fn still_stands(result: &ControlResult) -> bool {
    !matches!(result.status, Status::Fixed | Status::Changed)
}

/// Returns the key of a finding; of one that was fixed, together with the change.
fn finding(account: &str, result: &ControlResult) -> String {
    let id = FindingId::of(&result.control, account, &result.region, &result.resource);
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
    fn a_digest_waits_until_the_sweeps_are_quiet_but_not_for_ever() {
        let told = |at| Some(Told { at, everything: at, known: BTreeMap::new() });
        let minutes = |minutes| at(100) + TimeDelta::minutes(minutes);
        assert!(!is_due(at(100), None, minutes(9)));
        assert!(is_due(at(100), None, minutes(10)));
        assert!(!is_due(at(100), told(at(101)).as_ref(), at(200)), "nothing came in");
        assert!(is_due(at(100), told(at(76)).as_ref(), minutes(10)));
        assert!(!is_due(at(100), told(at(76)).as_ref(), minutes(5)));
        assert!(is_due(at(100), told(at(70)).as_ref(), minutes(5)), "a family that never ends holds nothing back");
    }
}
