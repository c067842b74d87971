//! Pen: what changes a resource and keeps a ledger of it.

use super::history::History;
use super::plan::{Finding, Judgement, Plan, Withheld};
use super::ports::{Ledger, Write};
use crate::event::Origin;
use crate::family::Family;
use crate::ledger::{CallState, EntryFinding, EntryStep, FindingId, LedgerEntry, Outcome, ResourceHistory};
use crate::model::{CallError, ErrorKind, Step, Subject};
use crate::report::{ControlResult, Status};
use crate::settings::{Limits, Mode, Settings};
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use std::collections::BTreeSet;

/// Code of the error that another function is making the same thing.
pub(crate) const TAKEN: &str = "BeingMade";

/// What changes resources: a writer, and the ledger that every change is kept in before it is made.
#[derive(Debug)]
pub struct Pen<'a, W, L> {
    /// Writer that makes the calls.
    pub writer: &'a W,
    /// Ledger of changes; `None` if none is set up.
    pub ledger: Option<&'a L>,
    /// Event that leads to the changes.
    pub cause: &'a Origin,
    /// Events of the same batch that led to the same look.
    pub others: &'a [&'a Origin],
    /// Whether people are told of what is put right by a message, and nobody is there to see it.
    pub tells: bool,
}

impl<W, L> Clone for Pen<'_, W, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W, L> Copy for Pen<'_, W, L> {}

/// Entry of one resource while it is being repaired.
#[derive(Debug, Default)]
pub(crate) struct OpenEntry {
    entry: Option<LedgerEntry>,
    /// What the ledger knows of the resource, or why that is not known; `None` if it was not asked.
    known: Option<Result<ResourceHistory, CallError>>,
    /// Controls of which it is known whether their fixes are withheld.
    asked: BTreeSet<&'static str>,
}

impl<W, L: Ledger> Pen<'_, W, L> {
    /// Returns the controls whose fixes are withheld: because others keep undoing them, because there were too many, or because
    /// the ledger does not say whether that is so. Asks the ledger once for each resource and control that a plan is about to fix.
    pub(crate) async fn withheld<F: Family>(
        &self,
        page: &mut OpenEntry,
        plan: &Plan<F>,
        view: &F::View,
        subject: &Subject,
        settings: &Settings,
    ) -> Vec<(&'static str, Withheld)> {
        let Some(ledger) = self.ledger else { return Vec::new() };
        let mut withheld = Vec::new();
        for finding in plan.findings.iter().filter(|finding| is_due(finding)) {
            let (control, Judgement::Fixable { because, .. }) = (finding.about.id, &finding.outcome) else { continue };
            let each_time = F::ALWAYS.contains(&control) || F::vital(control, view, subject, settings).is_some();
            if each_time || !page.asked.insert(control) {
                continue;
            }
            let known = match &page.known {
                Some(known) => known,
                None => page.known.insert(ledger.history(&subject.arn).await),
            };
            let why = match known {
                Ok(known) => self.why_withheld(ledger, known, (control, because), subject, settings.limits).await,
                Err(error) => Err(error.clone()),
            };
            withheld.extend(why.unwrap_or_else(|error| Some(Withheld::Unasked(error))).map(|why| (control, why)));
        }
        withheld
    }

    /// Returns why the fix of one control is withheld, if so. If not, it is counted.
    async fn why_withheld(
        &self,
        ledger: &L,
        known: &ResourceHistory,
        (control, because): (&str, &str),
        subject: &Subject,
        Limits { fights, changes }: Limits,
    ) -> Result<Option<Withheld>, CallError> {
        let (id, now) = (finding_id(control, subject), Utc::now());
        if let Some(fight) = known.fight(&id, fights, now) {
            // Nobody uses the pause behind the back of another caller, and whoever tries an event of theirs again tells it.
            let all = || std::iter::once(self.cause).chain(self.others.iter().copied());
            let callers: BTreeSet<&str> = all().filter_map(|event| event.actor.as_deref()).collect();
            let callers = callers.into_iter().collect::<Vec<_>>().join("\n");
            let telling = ResourceHistory::telling(&id, Some(&callers), because);
            let events: Vec<&str> = all().filter_map(|event| event.id.as_deref()).collect();
            let new = ledger.claim_fight(&subject.arn, &telling, &fight, &events).await?;
            return Ok(Some(Withheld::Fought { fight, telling: new.then_some(telling) }));
        }
        let number = ledger.count(&subject.place.account, control).await?;
        let until = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now) + TimeDelta::hours(1);
        let first = number == changes + 1;
        Ok((number > changes).then_some(Withheld::TooMany { limit: changes, first, until }))
    }

    /// Keeps what the plan is about to do. Nothing may be done before.
    pub(crate) async fn mean<F: Family>(
        &self,
        page: &mut OpenEntry,
        plan: &Plan<F>,
        subject: &Subject,
    ) -> Result<(), CallError>
    where
        W: Write<F>,
    {
        let Some(ledger) = self.ledger else { return Ok(()) };
        let entry = page.entry.get_or_insert_with(|| entry::<F>(ledger.id(), self.cause, subject));
        let before = entry.clone();
        let is_meant = |finding: &&Finding| {
            let made = |at: &usize| plan.steps.get(*at).is_some_and(|planned| planned.enforce);
            is_due(finding) && matches!(&finding.outcome, Judgement::Fixable { steps, .. } if steps.iter().any(made))
        };
        for finding in plan.findings.iter().filter(is_meant) {
            let Judgement::Fixable { because, .. } = &finding.outcome else { continue };
            let control = finding.about.id;
            if entry.findings.iter().all(|known| known.control != control) {
                let id = finding_id(control, subject);
                entry.findings.push(EntryFinding {
                    finding: id,
                    control: control.into(),
                    because: because.clone(),
                    fixed: None,
                });
            }
        }
        for planned in plan.steps.iter().filter(|planned| planned.enforce) {
            let summary = planned.step.to_string();
            if entry.steps.iter().all(|known| known.summary != summary) {
                let mut step = entry_step(&planned.step, subject);
                step.text = step.before.as_ref().and_then(|value| self.writer.text(&step.property, value));
                entry.steps.push(step);
            }
        }
        if *entry == before { Ok(()) } else { ledger.keep(entry).await }
    }

    /// Claims what the step makes, if AWS would make it twice. Without a ledger nobody is asked: two that make a key at the
    /// same moment then make two, of which one gets the name and is the one that is used.
    ///
    /// # Errors
    /// Returns an error with the code [`TAKEN`] if another function is making it: it will be there when one looks again.
    pub(crate) async fn claim<F: Family>(&self, step: &F::Step, subject: &Subject) -> Result<(), CallError> {
        let (Some(ledger), Some(name)) = (self.ledger, step.makes()) else { return Ok(()) };
        if ledger.claim(&subject.place.account, &name).await? {
            return Ok(());
        }
        let action = step.actions().first().copied().unwrap_or_default();
        let message = "another function of Trailkeeper is making it".to_owned();
        Err(CallError { action, kind: ErrorKind::Transient, code: TAKEN.to_owned(), message })
    }

    /// Keeps how the change ended, and names it in the results that it is about.
    pub(crate) async fn end(
        &self,
        page: &mut OpenEntry,
        history: &History,
        results: &mut [ControlResult],
    ) -> Result<(), CallError> {
        let (Some(ledger), Some(mut entry)) = (self.ledger, page.entry.take()) else { return Ok(()) };
        for step in &mut entry.steps {
            step.state = history.state_of(&step.summary);
            step.property = step.property.clone().identified(history.id_of(&step.summary));
        }
        let concerned = |result: &ControlResult| entry.findings.iter().any(|known| known.control == result.control);
        entry.outcome = if history.took_back() {
            Outcome::TakenBack
        } else if results.iter().filter(|it| concerned(it)).all(|it| it.status == Status::Fixed || is_right(it.status))
        {
            Outcome::Fixed
        } else {
            Outcome::Failed
        };
        entry.ended = Some(Utc::now());
        // What somebody else has put right is no fix of ours that a fight could be about.
        let made = entry.steps.iter().any(|step| step.state == CallState::Applied);
        for known in &mut entry.findings {
            if let Some(result) = results.iter_mut().find(|result| result.control == known.control) {
                result.change = Some(entry.id);
                // What was changed and leaves a rest to a person counts, too: it is changed back all the same.
                known.fixed = Some(made && result.status != Status::Failed && entry.outcome != Outcome::TakenBack);
            }
        }
        if self.tells && entry.findings.iter().any(|it| it.fixed == Some(true)) {
            entry.telling = entry.ended;
        }
        ledger.keep(&mut entry).await
    }
}

/// Returns whether a status says that nothing is wrong with the resource.
pub(crate) fn is_right(status: Status) -> bool {
    matches!(status, Status::Compliant | Status::NotApplicable | Status::Exempt)
}

fn is_due(finding: &Finding) -> bool {
    matches!(&finding.outcome, Judgement::Fixable { steps, .. } if !steps.is_empty()) && finding.mode == Mode::Enforce
}

fn finding_id(control: &str, subject: &Subject) -> FindingId {
    FindingId::of(control, &subject.place.account, subject.place.region.as_str(), &subject.arn)
}

fn entry<F: Family>(id: crate::ledger::ChangeId, cause: &Origin, subject: &Subject) -> LedgerEntry {
    // A sweep finds what has been wrong for a time that nobody knows.
    let since = cause.time.as_deref().filter(|_| cause.actor.is_some());
    LedgerEntry {
        id,
        family: F::NAME.to_owned(),
        account: subject.place.account.clone(),
        region: subject.place.region.clone(),
        subject: subject.id.clone(),
        resource: subject.arn.clone(),
        cause: cause.clone(),
        findings: Vec::new(),
        steps: Vec::new(),
        outcome: Outcome::Meant,
        wrong_since: since.and_then(|time| time.parse::<DateTime<Utc>>().ok()),
        ended: None,
        undone: None,
        undone_in_part: Vec::new(),
        telling: None,
        told: None,
        version: 0,
    }
}

/// Returns a call as the ledger has it before it is made.
pub(crate) fn entry_step<S: Step>(step: &S, subject: &Subject) -> EntryStep {
    EntryStep {
        action: step.actions().first().copied().unwrap_or_default().to_owned(),
        summary: step.to_string(),
        property: step.property(&subject.place),
        before: step.before(),
        text: None,
        after: step.after(),
        state: CallState::Meant,
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Past, plan};
    use super::*;
    use crate::families::bucket::Bucket;
    use crate::testing::laws::{Lawful, settings, subject};
    use crate::testing::ledger::MemoryLedger;
    use proptest::strategy::{Strategy as _, ValueTree as _};
    use proptest::test_runner::TestRunner;

    type View = <Bucket as Family>::View;

    /// Writer that has nothing to do.
    impl Write<Bucket> for () {
        async fn apply(&self, _: &Subject, _: &<Bucket as Family>::Step) -> Result<(), CallError> {
            Ok(())
        }
    }

    fn planned(view: &View, withheld: &[(&'static str, Withheld)]) -> Plan<Bucket> {
        plan(view, &subject::<Bucket>(), &settings(), &Past { withheld: withheld.to_vec(), ..Past::default() })
    }

    /// Returns the controls that are about to be fixed and are not fixed each time.
    fn due(view: &View, plan: &Plan<Bucket>) -> Vec<&'static str> {
        let (subject, settings) = (subject::<Bucket>(), settings());
        let each_time =
            |id: &str| Bucket::ALWAYS.contains(&id) || Bucket::vital(id, view, &subject, &settings).is_some();
        let due = plan.findings.iter().filter(|finding| is_due(finding)).map(|finding| finding.about.id);
        due.filter(|id| !each_time(id)).collect()
    }

    /// Returns a bucket with several violations, of which one is put right each time.
    fn broken() -> View {
        let views = Bucket::views(subject::<Bucket>());
        let mut runner = TestRunner::deterministic();
        let mut fresh = std::iter::from_fn(|| views.new_tree(&mut runner).ok().map(|tree| tree.current()));
        let is_broken = |view: &View| {
            let plan = planned(view, &[]);
            let always = |finding: &Finding| Bucket::ALWAYS.contains(&finding.about.id) && is_due(finding);
            due(view, &plan).len() > 1 && plan.findings.iter().any(always)
        };
        fresh.find(is_broken).expect("a broken bucket")
    }

    /// Asks about the plans of one look, one after the other.
    async fn asked(ledger: &MemoryLedger, view: &View, plans: &[Plan<Bucket>]) -> Vec<Vec<(&'static str, Withheld)>> {
        let settings = Settings { limits: Limits { changes: 0, ..settings().limits }, ..settings() };
        let pen = Pen { writer: &(), ledger: Some(ledger), cause: &Origin::default(), others: &[], tells: true };
        let (mut page, mut withheld) = (OpenEntry::default(), Vec::new());
        for plan in plans {
            withheld.push(pen.withheld(&mut page, plan, view, &subject::<Bucket>(), &settings).await);
        }
        withheld
    }

    #[tokio::test]
    async fn what_only_a_second_plan_is_about_to_fix_is_asked_about_and_nothing_twice() {
        let view = broken();
        let (mut first, second) = (planned(&view, &[]), planned(&view, &[]));
        let all = due(&view, &second);
        first.findings.retain(|finding| finding.about.id == all[0]);
        let asked = asked(&MemoryLedger::default(), &view, &[first, second.clone(), second]).await;
        let controls = asked.iter().map(|of_plan| of_plan.iter().map(|(control, _)| *control).collect());
        assert_eq!(controls.collect::<Vec<Vec<_>>>(), [all[..1].to_vec(), all[1..].to_vec(), vec![]]);
    }

    #[tokio::test]
    async fn a_question_that_fails_holds_back_nothing_that_is_fixed_each_time() {
        let (view, ledger) = (broken(), MemoryLedger::default());
        ledger.broken.set(true);
        let withheld = asked(&ledger, &view, &[planned(&view, &[])]).await.concat();
        assert!(withheld.iter().all(|(_, why)| matches!(why, Withheld::Unasked(_))), "{withheld:?}");
        let plan = planned(&view, &withheld);
        assert_eq!(withheld.iter().map(|(control, _)| *control).collect::<Vec<_>>(), due(&view, &plan));
        assert!(plan.steps.iter().any(|planned| planned.enforce));
        let mut history = History::default();
        history.withhold(withheld.clone());
        for result in history.conclude(&subject::<Bucket>(), &plan, None) {
            let is_unasked = withheld.iter().any(|(control, _)| *control == result.control);
            assert_eq!(result.status == Status::Failed, is_unasked, "{result:?}");
            assert!(!is_unasked || result.because.contains("the ledger does not say"), "{result:?}");
        }
        ledger.broken.set(false);
        let (mut page, cause) = (OpenEntry::default(), Origin::default());
        let pen = Pen { writer: &(), ledger: Some(&ledger), cause: &cause, others: &[], tells: true };
        pen.mean(&mut page, &plan, &subject::<Bucket>()).await.expect("kept");
        let meant: Vec<_> = page.entry.iter().flat_map(|entry| &entry.findings).map(|it| it.control.as_str()).collect();
        assert!(meant.contains(&Bucket::ALWAYS[0]), "{meant:?}");
        assert!(!withheld.iter().any(|(control, _)| meant.contains(control)), "nothing is done about them: {meant:?}");
    }
}
