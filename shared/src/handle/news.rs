//! News: what people are told of events beyond what is wrong.

use super::echo::Echoes;
use super::groups::{CauseGroups, Leads};
use super::in_time;
use crate::event::Origin;
use crate::family::{RecordChange, StandingChange, When};
use crate::ledger::SetCall;
use crate::model::Severity;
use crate::reconcile::ports::Ledger;
use crate::report::{ControlResult, Status};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;
use tracing::warn;

/// What people are told of some events beyond what is wrong, and what they are not told again.
pub(crate) struct News<'a> {
    /// Groups of the events.
    pub(crate) groups: &'a CauseGroups<'a>,
    /// Changes that the events are about; none for a schedule, and for a call that a step of ours made.
    pub(crate) told: Vec<ToldChange>,
    /// Controls that are enforced, unless calls of our own role have led to so many fixes of a target that it is given up.
    pub(crate) enforced: Vec<&'static str>,
    /// What this process did and told before.
    pub(crate) echoes: &'a Echoes,
    /// What the calls set that is told once for each caller, in the order of the calls.
    pub(crate) sets: Vec<Set>,
    /// Changes that are no news, by their places in `told`.
    pub(crate) old: RefCell<BTreeSet<usize>>,
    /// Number of results, by control, that tell of a change where a group led.
    pub(crate) telling: RefCell<BTreeMap<(usize, String), usize>>,
}

/// What one call sets that is told once for each caller.
pub(crate) struct Set {
    /// What it sets.
    pub(crate) standing: StandingChange,
    /// Call that sets it.
    pub(crate) event: Origin,
    /// Place of its change in [`News::told`]; `None` if it is told of nothing.
    pub(crate) told: Option<usize>,
}

/// Change that people are told of.
pub(crate) struct ToldChange {
    /// Group of its event.
    pub(crate) group: usize,
    /// The change.
    pub(crate) change: RecordChange,
    /// Who made it.
    pub(crate) actor: Option<String>,
    /// Result for the whole target of a change that names no single resource.
    pub(crate) whole: Option<ControlResult>,
}

impl<'a> News<'a> {
    /// Creates news of which people are told nothing.
    pub(crate) fn none(groups: &'a CauseGroups<'a>, echoes: &'a Echoes) -> Self {
        let (old, telling) = (RefCell::default(), RefCell::default());
        Self { groups, told: vec![], enforced: vec![], echoes, sets: vec![], old, telling }
    }

    /// Asks the ledger what of that which the calls set on a resource is no news. What it cannot say in time is told.
    pub(crate) async fn ask<L: Ledger>(&self, ledger: &L, results: &[ControlResult], until: Instant) {
        for result in results.iter().filter(|it| it.status != Status::NotApplicable) {
            let about = |it: &&Set| it.standing.control == result.control && *it.standing.resource == *result.resource;
            let sets: Vec<&Set> = self.sets.iter().filter(about).collect();
            if sets.is_empty() {
                continue;
            }
            // With any other result the change is not told.
            let tells = |it: &Set| matches!(result.status, Status::Compliant | Status::Exempt) && it.told.is_some();
            let calls = sets.iter().map(|it| SetCall {
                what: it.standing.what.as_deref().filter(|_| tells(it)),
                actor: it.event.actor.as_deref(),
                event: it.event.id.as_deref(),
            });
            let calls: Vec<_> = calls.collect();
            let set = ledger.set(&result.resource, &result.control, &calls);
            match in_time("dynamodb:PutItem", set, until).await {
                Ok(news) => {
                    let old = sets.iter().zip(news).filter(|(_, news)| !news).filter_map(|(set, _)| set.told);
                    self.old.borrow_mut().extend(old);
                }
                Err(error) => {
                    warn!(%error, resource = %result.resource, "it is not known whether people were told before");
                }
            }
        }
    }

    /// Prepares one result for being told, of a resource to which these groups led.
    pub(crate) fn mark(&self, result: &mut ControlResult, leads: &Leads) {
        let led = self.told.iter().enumerate().filter(|(_, told)| leads.contains(&told.group));
        // Each is asked, since each caller is remembered.
        let told = led.filter(|(at, told)| self.is_told(told, *at, result));
        let told: Vec<&str> = told.map(|(_, told)| &*told.change.what).collect();
        if !told.is_empty() {
            tell(&once(told), result);
        }
        let given_up = !self.groups.answers(leads) && self.enforced.contains(&&*result.control);
        if result.status == Status::Planned && given_up {
            result.status = Status::Failed;
            let why = "Trailkeeper's own role has made such calls, and they were put right, too often within an hour";
            result.because = format!("{}; left as it is until the next sweep: {why}", result.because).into();
        }
        self.echoes.heard(result, self.groups.own(leads));
        if matches!(result.status, Status::Fixed | Status::Planned | Status::Failed | Status::Changed) {
            let mut telling = self.telling.borrow_mut();
            for group in leads {
                *telling.entry((*group, result.control.clone())).or_default() += 1;
            }
        }
    }

    /// Returns whether a change is told with a result that would not be told otherwise.
    fn is_told(
        &self,
        ToldChange { change, actor, whole, group: _ }: &ToldChange,
        at: usize,
        result: &ControlResult,
    ) -> bool {
        if !matches!(result.status, Status::Compliant | Status::Exempt | Status::NotApplicable) {
            return false;
        }
        let about = !self.old.borrow().contains(&at)
            && match change.when {
                When::Always(control) => result.control == control,
                When::Applicable(control) => result.control == control && result.status != Status::NotApplicable,
                When::Exempted => false,
            };
        // Of many resources, it is not known which the change is about: those that an exemption covers may be.
        if about && whole.is_none() {
            return true;
        }
        result.exempted
            && (about || result.severity >= Severity::High)
            && self.echoes.hides_news(result, actor.as_deref())
    }

    /// Returns the results for the whole target of a group, one for each control, unless as many of the results tell of the
    /// changes as resources were changed.
    pub(crate) fn rest(&self, group: usize) -> Vec<ControlResult> {
        let told = || self.told.iter().filter(|told| told.group == group);
        let mut rest: Vec<ControlResult> = Vec::new();
        for whole in told().filter_map(|told| told.whole.as_ref()) {
            if rest.iter().any(|known| known.control == whole.control) {
                continue;
            }
            let same = || told().filter(|told| told.whole.as_ref().is_some_and(|it| it.control == whole.control));
            let changed: usize = same().map(|told| told.change.changed).sum();
            let because = once(same().filter_map(|told| told.whole.as_ref()).map(|it| &*it.because).collect());
            let tell = self.telling.borrow().get(&(group, whole.control.clone())).copied().unwrap_or_default();
            rest.push(ControlResult {
                severity: whole.severity.max(Severity::High),
                because: because.into(),
                quiet: tell >= changed,
                ..whole.clone()
            });
        }
        rest.retain(|whole| !whole.quiet);
        rest
    }
}

/// Joins texts, each said once.
fn once(texts: Vec<&str>) -> String {
    let mut said: Vec<&str> = Vec::new();
    for text in texts {
        if !said.contains(&text) {
            said.push(text);
        }
    }
    said.join("; ")
}

/// Turns a result that would not be told into one that is. Whatever the control is about, a change that ends, narrows,
/// moves or exempts the record is at least of high severity.
fn tell(what: &str, result: &mut ControlResult) {
    result.because = format!("{what}. Now it is {}: {}", result.status.as_str(), result.because).into();
    result.status = Status::Changed;
    result.severity = result.severity.max(Severity::High);
}

#[cfg(test)]
mod tests {
    use super::super::groups::CauseGroup;
    use super::*;
    use crate::testing::ledger::MemoryLedger;
    use std::time::Duration;

    fn result(control: &str, status: Status, severity: Severity) -> ControlResult {
        ControlResult {
            exempted: status == Status::Exempt,
            ..ControlResult::new(
                (control, severity),
                "arn:aws:cloudtrail:eu-west-1:111122223333:trail/main",
                "eu-west-1",
                status,
                "why",
            )
        }
    }

    fn told(when: When, changed: usize, whole: bool) -> ToldChange {
        ToldChange {
            group: 0,
            change: RecordChange { when, what: "StopLogging stops the record".to_owned(), changed },
            actor: Some("alice".to_owned()),
            whole: whole.then(|| result("a", Status::Changed, Severity::Medium)),
        }
    }

    /// Returns a single group.
    fn group(own: bool, answers: bool) -> CauseGroups<'static> {
        CauseGroups::new(vec![CauseGroup::new(vec![], own, answers)])
    }

    fn of<'a>(told: Vec<ToldChange>, groups: &'a CauseGroups<'a>, echoes: &'a Echoes) -> News<'a> {
        News { told, ..News::none(groups, echoes) }
    }

    fn news<'a>(when: When, changed: usize, whole: bool, groups: &'a CauseGroups<'a>, echoes: &'a Echoes) -> News<'a> {
        of(vec![told(when, changed, whole)], groups, echoes)
    }

    fn mark(news: &News<'_>, result: &mut ControlResult) {
        news.mark(result, &news.groups.all());
    }

    fn marked(when: When, control: &str, status: Status, severity: Severity) -> Status {
        let (mut result, groups, echoes) = (result(control, status, severity), group(false, true), Echoes::default());
        mark(&news(when, 1, false, &groups, &echoes), &mut result);
        let told = result.because == format!("StopLogging stops the record. Now it is {}: why", status.as_str());
        assert_eq!(told, result.status == Status::Changed);
        assert_eq!(result.severity, if told { severity.max(Severity::High) } else { severity });
        result.status
    }

    #[test]
    fn a_change_is_told_with_the_control_that_it_is_about() {
        for status in [Status::Compliant, Status::Exempt, Status::NotApplicable] {
            assert_eq!(marked(When::Always("a"), "a", status, Severity::Low), Status::Changed);
            assert_eq!(marked(When::Always("a"), "b", status, Severity::Medium), status);
        }
        for status in [Status::Fixed, Status::Planned, Status::Advised, Status::Unknown, Status::Failed] {
            assert_eq!(marked(When::Always("a"), "a", status, Severity::Low), status, "it is told already");
        }
    }

    #[test]
    fn a_change_of_a_resource_that_the_control_does_not_apply_to_is_not_told() {
        let when = When::Applicable("a");
        assert_eq!(marked(when, "a", Status::NotApplicable, Severity::Low), Status::NotApplicable);
        assert_eq!(marked(when, "a", Status::Compliant, Severity::Low), Status::Changed);
    }

    #[test]
    fn an_exemption_is_told_if_it_hides_something_high_whatever_was_called() {
        for when in [When::Exempted, When::Always("another"), When::Applicable("another")] {
            for severity in [Severity::High, Severity::Critical] {
                assert_eq!(marked(when, "a", Status::Exempt, severity), Status::Changed);
                assert_eq!(marked(when, "a", Status::Compliant, severity), Status::Compliant);
            }
            assert_eq!(marked(when, "a", Status::Exempt, Severity::Medium), Status::Exempt);
        }
    }

    #[test]
    fn what_an_exemption_hides_is_told_once() {
        let (groups, echoes) = (group(false, true), Echoes::default());
        for status in [Status::Changed, Status::Exempt] {
            let mut result = result("a", Status::Exempt, Severity::High);
            mark(&news(When::Exempted, 1, false, &groups, &echoes), &mut result);
            assert_eq!(result.status, status);
        }
        let mut stopped = result("a", Status::Exempt, Severity::High);
        mark(&news(When::Always("a"), 1, false, &groups, &echoes), &mut stopped);
        assert_eq!(stopped.status, Status::Changed, "a change is told each time");
    }

    #[test]
    fn what_is_given_up_is_a_failure_and_not_a_plan() {
        let (groups, echoes) = (group(true, false), Echoes::default());
        let news = News { enforced: vec!["a"], ..news(When::Exempted, 1, false, &groups, &echoes) };
        for (control, status, after) in [
            ("a", Status::Planned, Status::Failed),
            ("a", Status::Fixed, Status::Fixed),
            ("dry-run", Status::Planned, Status::Planned),
        ] {
            let mut result = result(control, status, Severity::High);
            mark(&news, &mut result);
            assert_eq!((result.status, result.because.contains("too often")), (after, after == Status::Failed));
            assert!(result.worth_telling());
        }
        let groups = CauseGroups::new(vec![CauseGroup::new(vec![], true, false), CauseGroup::new(vec![], false, true)]);
        let others_too = News { enforced: vec!["a"], ..News::none(&groups, &echoes) };
        let mut planned = result("a", Status::Planned, Severity::High);
        others_too.mark(&mut planned, &groups.all());
        assert_eq!(planned.status, Status::Planned, "a call of somebody else leads there, too");
    }

    #[test]
    fn a_change_is_told_where_its_event_led_and_nowhere_else() {
        let (groups, echoes) = (CauseGroups::new(vec![]), Echoes::default());
        let one = ToldChange { group: 1, ..told(When::Always("a"), 1, false) };
        let news = of(vec![one], &groups, &echoes);
        let told = |leads: &[usize]| {
            let mut result = result("a", Status::Compliant, Severity::Low);
            news.mark(&mut result, &leads.iter().copied().collect());
            result.status
        };
        assert_eq!((told(&[0]), told(&[0, 1])), (Status::Compliant, Status::Changed));
    }

    #[test]
    fn a_change_of_several_resources_is_told_of_each() {
        use Status::{Changed, Compliant, Exempt, Fixed};
        let told = |changed, statuses: &[Status]| {
            let (groups, echoes) = (group(false, true), Echoes::default());
            let news = news(When::Always("a"), changed, true, &groups, &echoes);
            let of = |(number, status): (usize, &Status)| {
                let mut result = result("a", *status, Severity::Medium);
                result.resource = format!("arn:{number}").into();
                mark(&news, &mut result);
                result
            };
            let results: Vec<_> = statuses.iter().enumerate().map(of).collect();
            let rest = news.rest(0);
            assert!(rest.iter().all(|it| it.severity == Severity::High && it.status == Status::Changed));
            assert!(rest.len() <= 1);
            (results.iter().map(|it| it.status).collect::<Vec<_>>(), !rest.is_empty())
        };
        assert_eq!(told(1, &[Compliant, Compliant]), (vec![Compliant, Compliant], true));
        assert_eq!(told(1, &[Fixed, Compliant]), (vec![Fixed, Compliant], false));
        assert_eq!(told(2, &[Fixed, Exempt]), (vec![Fixed, Changed], false), "each is told");
        assert_eq!(told(2, &[Fixed, Compliant]), (vec![Fixed, Compliant], true), "the other has changed, too");
        assert_eq!(told(1, &[Exempt]), (vec![Changed], false));
    }

    #[test]
    fn of_several_changes_each_is_told_once() {
        let (groups, echoes) = (group(false, true), Echoes::default());
        let change = |what: &str, when| {
            let one = told(when, 1, false);
            ToldChange { change: RecordChange { what: what.to_owned(), ..one.change }, ..one }
        };
        let (policy, other) = (When::Always("a"), When::Always("b"));
        let all = vec![
            change("DeleteBucketPolicy", policy),
            change("PutBucketReplication", policy),
            change("DeleteBucketPolicy", policy),
            change("another", other),
        ];
        let news = of(all, &groups, &echoes);
        let mut result = result("a", Status::Compliant, Severity::Low);
        mark(&news, &mut result);
        assert_eq!(&*result.because, "DeleteBucketPolicy; PutBucketReplication. Now it is compliant: why");
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_slow_ledger_does_not_say_in_time_is_told() {
        let (groups, echoes, ledger) = (group(false, true), Echoes::default(), MemoryLedger::default());
        let found = result("a", Status::Compliant, Severity::Low);
        let told = |hours| {
            let mut news = news(When::Always("a"), 1, false, &groups, &echoes);
            let what = Some("mallory reads".to_owned());
            let standing = StandingChange { control: "a", resource: found.resource.to_string(), what };
            news.sets = vec![Set { standing, event: Origin::default(), told: Some(0) }];
            ledger.delay.set(Duration::from_hours(hours));
            let (ledger, found) = (&ledger, &found);
            async move {
                let until = Instant::now() + Duration::from_mins(1);
                news.ask(ledger, std::slice::from_ref(found), until).await;
                assert!(Instant::now() <= until);
                news.old.borrow().is_empty()
            }
        };
        assert_eq!((told(0).await, told(0).await, told(1).await), (true, false, true));
    }

    #[test]
    fn changes_of_several_batches_of_resources_are_added_up() {
        let (groups, echoes) = (group(false, true), Echoes::default());
        let elsewhere = ToldChange { group: 1, ..told(When::Always("a"), 1, true) };
        let twice = vec![told(When::Always("a"), 1, true), elsewhere, told(When::Always("a"), 1, true)];
        let news = of(twice, &groups, &echoes);
        let rest = || {
            mark(&news, &mut result("a", Status::Fixed, Severity::Low));
            (news.rest(0).len(), news.rest(1).len())
        };
        assert_eq!((rest(), rest()), ((1, 1), (0, 1)));
    }
}
