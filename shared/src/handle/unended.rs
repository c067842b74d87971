//! Changes whose function ended before it could say how they ended, or before it could tell people.

use super::in_time;
use crate::event::{Body, Event};
use crate::family::Family;
use crate::ledger::{ChangeId, LedgerEntry, Outcome};
use crate::model::{Place, Region, Subject};
use crate::reconcile::history::GONE;
use crate::reconcile::pen::is_right;
use crate::reconcile::ports::Ledger;
use crate::report::{ControlResult, Status};
use chrono::{DateTime, TimeDelta, Utc};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;
use tracing::warn;

/// Longest that a function may take, after which a change that has not ended never will ([quotas]).
///
/// [quotas]: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const LONGEST: TimeDelta = TimeDelta::minutes(15);

/// Maximum number of resources that a sweep looks at for the sake of changes that have not ended.
const LOOKED_AT: usize = 100;

/// What this invocation found of each resource.
#[derive(Debug, Default)]
pub(crate) struct Found {
    resources: RefCell<BTreeMap<String, FoundAs>>,
    /// Changes that results are about: those are told with them.
    changes: RefCell<BTreeSet<ChangeId>>,
}

/// What was found of a resource.
#[derive(Debug)]
enum FoundAs {
    /// It does not exist any more.
    Gone,
    /// It is being repaired by a change of its own, or was: what each control says of it, and the calls of that change.
    Changed(Vec<(String, Status)>, BTreeSet<String>),
    /// What each control says of it.
    Judged(Vec<(String, Status)>),
}

impl FoundAs {
    /// Returns how a change of the resource has ended; `None` if that is not known. `retried` says that the event which led to
    /// it is being handled again, so that whoever was working on it no longer is.
    fn ended(&self, entry: &LedgerEntry, retried: bool, now: DateTime<Utc>) -> Option<Outcome> {
        let statuses = match self {
            Self::Gone => return Some(Outcome::FoundGone),
            Self::Changed(..) => return Some(Outcome::Superseded),
            Self::Judged(statuses) => statuses,
        };
        // What another control says is nothing to this change.
        let is_its_own = |control: &str| entry.findings.iter().any(|finding| finding.control == control);
        let any = statuses.iter().any(|(control, _)| is_its_own(control));
        let own = statuses.iter().filter(|(control, _)| !any || is_its_own(control)).map(|(_, status)| *status);
        let (mut right, mut told) = (true, true);
        for status in own {
            right &= is_right(status);
            told &= status != Status::Unknown;
        }
        // Who still works on it says how it ends, and tells people.
        if right {
            (retried || is_over(entry, now)).then_some(Outcome::FoundRight)
        } else {
            (told && is_over(entry, now)).then_some(Outcome::Failed)
        }
    }
}

/// Returns whether no function can still be working on a change.
fn is_over(entry: &LedgerEntry, now: DateTime<Utc>) -> bool {
    now - entry.id.time() > LONGEST
}

impl Found {
    /// Records the results of one resource.
    pub(crate) fn record(&self, results: &[ControlResult]) {
        let Some(resource) = results.first().map(|result| result.resource.to_string()) else { return };
        let is_gone = |it: &ControlResult| it.status == Status::NotApplicable && &*it.because == GONE;
        let statuses = results.iter().map(|it| (it.control.clone(), it.status)).collect();
        let state = if results.iter().any(|result| result.change.is_some()) {
            let steps = results.iter().flat_map(|it| &it.steps);
            FoundAs::Changed(statuses, steps.map(|step| step.summary.to_string()).collect())
        } else if results.iter().any(is_gone) {
            FoundAs::Gone
        } else {
            FoundAs::Judged(statuses)
        };
        self.resources.borrow_mut().insert(resource, state);
        self.changes.borrow_mut().extend(results.iter().filter_map(|result| result.change));
    }

    /// Returns the changes that results are about.
    pub(crate) fn changes(&self) -> BTreeSet<ChangeId> {
        self.changes.borrow().clone()
    }

    /// Returns the resources that a sweep has to look at beyond those that it found, for the sake of these changes: a resource
    /// that is gone is in no list.
    pub(crate) fn unseen<F: Family>(
        &self,
        open: &[LedgerEntry],
        event: &Event,
        place: &impl Fn(&Region) -> Place,
    ) -> Vec<Subject> {
        let region: Option<&Region> = match &event.body {
            Body::Schedule => None,
            Body::Sweep(sweep) => sweep.region.as_ref(),
            Body::ApiCall(_) | Body::Other(_) => return Vec::new(),
        };
        let now = Utc::now();
        let is_due = |entry: &&LedgerEntry| {
            let here = region.is_none_or(|region| *region == entry.region);
            here && !entry.is_over() && is_over(entry, now) && !self.resources.borrow().contains_key(&entry.resource)
        };
        let of = |entry: &LedgerEntry| F::subject(place(&entry.region), &entry.subject);
        open.iter().filter(is_due).take(LOOKED_AT).map(of).collect()
    }

    /// Returns what of a change is to be told: the findings of controls that are right now because they were fixed, not for
    /// another reason such as an exemption, and the calls that no later change has made, which tells of them itself.
    fn untold(&self, mut entry: LedgerEntry) -> LedgerEntry {
        let found = self.resources.borrow();
        let status = |statuses: &[(String, Status)], of: &str| {
            statuses.iter().find(|(control, _)| control == of).map(|(_, status)| *status)
        };
        match found.get(&entry.resource) {
            Some(FoundAs::Judged(all)) => {
                let right = entry.outcome == Outcome::FoundRight;
                entry.findings.retain(|it| status(all, &it.control).map_or(right, |now| now == Status::Compliant));
            }
            Some(FoundAs::Changed(all, made)) => {
                entry.findings.retain(|it| status(all, &it.control) == Some(Status::Compliant));
                entry.steps.retain(|step| !made.contains(&step.summary));
            }
            Some(FoundAs::Gone) | None => entry.findings.clear(),
        }
        entry
    }

    /// Closes those of these changes whose resource was looked at, as far as there is time, and takes it on to tell of those that
    /// have ended and were told by nobody. What somebody has written since it was read is left alone. Returns what of them was put
    /// right and is to be told. `retried` says of a change whether the event that led to it is being handled again.
    pub(crate) async fn close<L: Ledger>(
        &self,
        ledger: &L,
        open: Vec<LedgerEntry>,
        retried: impl Fn(&LedgerEntry) -> bool,
        until: Instant,
    ) -> Vec<LedgerEntry> {
        let mut untold = Vec::new();
        for entry in open {
            let (now, retried) = (Utc::now(), retried(&entry));
            let Some((mut entry, tells)) = self.due(entry, retried, now) else { continue };
            entry.telling = tells.as_ref().map(|_| now);
            match in_time("dynamodb:PutItem", ledger.replace(&entry), until).await {
                Ok(true) => {}
                // Whoever has written it since knows better, and tells people.
                Ok(false) => continue,
                Err(error) => {
                    warn!(change = %entry.id, "the change could not be closed in the ledger: {error}");
                    // A later run closes it and tells people, and may be the second to do so: better than never.
                    if !retried {
                        continue;
                    }
                }
            }
            untold.extend(tells);
        }
        untold
    }

    /// Returns a change as it is to be written, and what of it is to be told, if anything; `None` if it is left to others.
    fn due(&self, entry: LedgerEntry, retried: bool, now: DateTime<Utc>) -> Option<(LedgerEntry, Option<LedgerEntry>)> {
        if entry.is_untold() {
            // Whoever is about to tell it is given the time that a function can take.
            let is_left = retried || entry.telling.is_some_and(|since| now - since > LONGEST);
            let mut tells = entry.clone();
            tells.findings.retain(|it| it.fixed == Some(true));
            return is_left.then_some((entry, Some(tells).filter(|it| !it.findings.is_empty())));
        }
        let outcome = self.resources.borrow().get(&entry.resource)?.ended(&entry, retried, now)?;
        let (told, entry) = (entry.told.is_some(), entry.closed(outcome, now));
        // Whoever is still at it tells people.
        let tells = (retried || is_over(&entry, now)) && !told;
        let tells = tells.then(|| self.untold(entry.clone())).filter(|it| !it.findings.is_empty());
        Some((entry, tells))
    }
}

/// Reads the changes of a family in an account that have not ended or were told by nobody, but these, if there is time.
pub(crate) async fn open<L: Ledger>(
    ledger: &L,
    (family, account): (&str, &str),
    without: &BTreeSet<ChangeId>,
    until: Instant,
) -> Vec<LedgerEntry> {
    in_time("dynamodb:Query", ledger.open(family, account, without), until).await.unwrap_or_else(|error| {
        warn!("open changes could not be read from the ledger: {error}");
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use super::super::untold;
    use super::*;
    use crate::event::{Origin, Sweep};
    use crate::families::key::Key;
    use crate::ledger::{CallState, EntryFinding, EntryStep};
    use crate::model::{Property, Severity};
    use crate::testing::ledger::{MemoryLedger, meant};
    use std::time::Duration;

    fn entry(age: TimeDelta, resource: &str) -> LedgerEntry {
        let id = ChangeId::new(Utc::now() - age, resource.len() as u128);
        LedgerEntry { id, ..meant("key", resource, &[("c", "")]) }
    }

    fn found(resource: &str, status: Status, because: &str) -> Found {
        let found = Found::default();
        found.record(&[ControlResult::new(("c", Severity::Low), resource, "us-east-1", status, because)]);
        found
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_mins(1)
    }

    async fn read(ledger: &MemoryLedger) -> Vec<LedgerEntry> {
        open(ledger, ("key", "111122223333"), &BTreeSet::new(), soon()).await
    }

    /// Returns how the change was closed, whether its finding was fixed, and how many findings are to be told.
    async fn closed(found: &Found, age: TimeDelta) -> (Outcome, Option<bool>, usize) {
        let ledger = MemoryLedger::default();
        ledger.keep(&mut entry(age, "a")).await.expect("kept");
        let told = found.close(&ledger, read(&ledger).await, |_| false, soon()).await;
        let entries = ledger.entries.borrow();
        let entry = entries.values().next().expect("an entry");
        let fixed = entry.findings.first().and_then(|it| it.fixed);
        (entry.outcome, fixed, told.iter().map(|it| it.findings.len()).sum())
    }

    #[tokio::test]
    async fn a_change_is_closed_with_what_is_known_of_its_resource() {
        for (status, because, outcome, fixed, told) in [
            (Status::Compliant, "nothing is wrong", Outcome::FoundRight, Some(true), 1),
            (Status::NotApplicable, "it is a copy", Outcome::FoundRight, Some(true), 0),
            (Status::Exempt, "it is wrong; exempt", Outcome::FoundRight, Some(true), 0),
            (Status::NotApplicable, GONE, Outcome::FoundGone, None, 0),
            (Status::Unknown, "denied", Outcome::Meant, None, 0),
            (Status::Planned, "it is wrong", Outcome::Failed, Some(false), 0),
        ] {
            let came = closed(&found("a", status, because), TimeDelta::hours(1)).await;
            assert_eq!(came, (outcome, fixed, told), "{because}");
        }
        for status in [Status::Planned, Status::Compliant] {
            let young = closed(&found("a", status, ""), TimeDelta::minutes(1)).await;
            assert_eq!(young, (Outcome::Meant, None, 0), "another run may be working on it");
        }
    }

    #[tokio::test]
    async fn a_change_whose_event_is_tried_again_is_closed_and_told_once() {
        let (ledger, found) = (MemoryLedger::default(), found("a", Status::Compliant, ""));
        ledger.keep(&mut entry(TimeDelta::minutes(1), "a")).await.expect("kept");
        let before = read(&ledger).await;
        let told = found.close(&ledger, before.clone(), |_| true, soon()).await;
        assert_eq!(told.iter().map(|it| it.outcome).collect::<Vec<_>>(), [Outcome::FoundRight]);
        assert_eq!(found.close(&ledger, before, |_| true, soon()).await, [], "it was closed since");
        ledger.told_change(told[0].id).await.expect("told");
        assert_eq!(read(&ledger).await, []);
    }

    #[tokio::test]
    async fn what_a_killed_function_has_put_right_is_told_though_a_later_change_does_the_rest() {
        let step = |summary: &str| EntryStep {
            action: "x:Y".into(),
            summary: summary.into(),
            before: None,
            text: None,
            after: serde_json::Value::Null,
            property: Property::Bucket { bucket: "b".into() },
            state: CallState::Meant,
        };
        let mut killed = entry(TimeDelta::minutes(1), "a");
        let other = EntryFinding { control: "d".into(), ..killed.findings.first().expect("one").clone() };
        killed.findings.push(other);
        killed.steps = vec![step("start"), step("encrypt")];
        let result = |control, status| ControlResult::new((control, Severity::Low), "a", "us-east-1", status, "");
        let fixed = ControlResult {
            change: Some(ChangeId::new(Utc::now(), 1)),
            steps: vec![untold::step_report(&killed.steps[1])],
            ..result("d", Status::Fixed)
        };
        let found = Found::default();
        found.record(&[result("c", Status::Compliant), fixed]);
        for (retried, expected) in [(true, vec!["c start"]), (false, vec![])] {
            let ledger = MemoryLedger::default();
            ledger.keep(&mut killed.clone()).await.expect("kept");
            let told = found.close(&ledger, read(&ledger).await, |_| retried, soon()).await;
            let of = |it: &LedgerEntry| format!("{} {}", it.findings[0].control, it.steps[0].summary);
            assert!(told.iter().all(|it| (it.findings.len(), it.steps.len()) == (1, 1)), "{told:?}");
            assert_eq!(told.iter().map(of).collect::<Vec<_>>(), expected);
            assert_eq!(ledger.entries.borrow().values().next().map(|it| it.outcome), Some(Outcome::Superseded));
        }
    }

    #[tokio::test]
    async fn what_was_fixed_and_told_by_nobody_is_told_by_the_retry_or_by_others_once_nobody_can_be_at_it() {
        for (retried, minutes, expected) in [(true, 0, 1), (false, 14, 0), (false, 16, 1)] {
            // However the resource is by now.
            for found in
                [Found::default(), found("a", Status::Planned, "it is wrong"), found("a", Status::Compliant, "")]
            {
                let since = Utc::now() - TimeDelta::minutes(minutes);
                let mut fixed = LedgerEntry {
                    outcome: Outcome::Fixed,
                    telling: Some(since),
                    ..entry(TimeDelta::hours(1), "a").closed(Outcome::FoundRight, since)
                };
                let ledger = MemoryLedger::default();
                ledger.keep(&mut fixed).await.expect("kept");
                let before = read(&ledger).await;
                let told = found.close(&ledger, before.clone(), |_| retried, soon()).await;
                assert_eq!(told.iter().map(|it| it.findings.len()).sum::<usize>(), expected, "{retried} {minutes}");
                let again = found.close(&ledger, before, |_| retried, soon()).await;
                assert_eq!(again, [], "one of two that read the same tells it");
                let again = found.close(&ledger, read(&ledger).await, |_| false, soon()).await;
                assert_eq!(again, [], "whoever tells it has time for that");
                ledger.told_change(fixed.id).await.expect("told");
                assert_eq!(read(&ledger).await, []);
            }
        }
    }

    #[tokio::test]
    async fn a_change_that_was_told_before_its_end_could_be_written_is_not_told_again() {
        let (ledger, found) = (MemoryLedger::default(), found("a", Status::Compliant, ""));
        let mut open = entry(TimeDelta::hours(1), "a");
        ledger.keep(&mut open).await.expect("kept");
        ledger.told_change(open.id).await.expect("told");
        assert_eq!(found.close(&ledger, read(&ledger).await, |_| true, soon()).await, []);
        assert_eq!(read(&ledger).await, [], "it is closed");
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_slow_ledger_does_not_close_in_time_is_told_all_the_same() {
        let (ledger, found) = (MemoryLedger::default(), found("a", Status::Compliant, ""));
        ledger.keep(&mut entry(TimeDelta::minutes(1), "a")).await.expect("kept");
        let before = read(&ledger).await;
        ledger.delay.set(Duration::from_hours(1));
        let until = soon();
        assert_eq!(found.close(&ledger, before, |_| true, until).await.len(), 1);
        assert_eq!(open(&ledger, ("key", "111122223333"), &BTreeSet::new(), until).await, []);
        assert_eq!(Instant::now(), until);
        ledger.delay.set(Duration::ZERO);
        assert_eq!(read(&ledger).await.len(), 1, "a later run closes it");
    }

    #[tokio::test]
    async fn what_is_wrong_with_other_controls_keeps_no_change_open() {
        let found = Found::default();
        let result = |control, status| ControlResult::new((control, Severity::Low), "a", "us-east-1", status, "");
        found.record(&[result("advised", Status::Advised), result("c", Status::Compliant)]);
        assert_eq!(closed(&found, TimeDelta::hours(1)).await, (Outcome::FoundRight, Some(true), 1));
    }

    #[tokio::test]
    async fn whoever_makes_a_change_knows_best_how_it_ended() {
        let (ledger, found) = (MemoryLedger::default(), found("a", Status::Compliant, ""));
        let mut own = entry(TimeDelta::zero(), "a");
        ledger.keep(&mut own).await.expect("kept");
        let before = read(&ledger).await;
        (own.outcome, own.ended) = (Outcome::Fixed, Some(Utc::now()));
        ledger.keep(&mut own).await.expect("kept");
        let told = found.close(&ledger, before.clone(), |_| true, soon()).await;
        assert_eq!(told, [], "whoever made it has told people");
        let outcome = || ledger.entries.borrow().values().next().map(|it| it.outcome);
        assert_eq!(outcome(), Some(Outcome::Fixed), "it was written since it was read");
        let now = ledger.entries.borrow().values().next().expect("an entry").version;
        let closed = LedgerEntry { version: now, ..before.into_iter().next().expect("an entry") };
        assert_eq!(ledger.replace(&closed.closed(Outcome::Superseded, Utc::now())).await, Ok(true));
        ledger.keep(&mut own).await.expect("kept");
        assert_eq!(outcome(), Some(Outcome::Fixed), "others have closed it");
    }

    #[test]
    fn a_sweep_looks_at_what_it_did_not_find() {
        let (old, young) = (entry(TimeDelta::hours(1), "a"), entry(TimeDelta::minutes(1), "bb"));
        let (seen, all) = (entry(TimeDelta::hours(1), "ccc"), Found::default());
        all.record(&[ControlResult::new(("c", Severity::Low), "ccc", "us-east-1", Status::Advised, "")]);
        let open = [old.clone(), young, seen];
        let event = |body| Event { sender: String::new(), by_aws: true, origin: Origin::default(), body };
        let place =
            |region: &Region| Place { partition: "aws".into(), account: "111122223333".into(), region: region.clone() };
        let unseen = |body| {
            let subjects = all.unseen::<Key>(&open, &event(body), &place);
            subjects.into_iter().map(|it| it.id).collect::<Vec<_>>()
        };
        assert_eq!(unseen(Body::Schedule), [old.subject]);
        let elsewhere = Sweep::of_account("key", "111122223333").in_region(&Region::parse("eu-west-1").expect("one"));
        assert!(unseen(Body::Sweep(elsewhere)).is_empty());
    }
}
