//! Pen: what changes a resource and keeps a ledger of it.

use super::history::History;
use super::plan::{Finding, Judgement, Plan, Withheld};
use super::ports::Ledger;
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
    asked: bool,
}

impl<W, L: Ledger> Pen<'_, W, L> {
    /// Returns the controls whose fixes are withheld: because others keep undoing them, or because there were too many.
    /// Asks the ledger once for each resource.
    pub(crate) async fn withheld<F: Family>(
        &self,
        page: &mut OpenEntry,
        plan: &Plan<F>,
        view: &F::View,
        subject: &Subject,
        settings: &Settings,
    ) -> Result<Vec<(&'static str, Withheld)>, CallError> {
        let Some(ledger) = self.ledger.filter(|_| !page.asked) else { return Ok(Vec::new()) };
        let mut withheld = Vec::new();
        let mut known = None;
        for finding in plan.findings.iter().filter(|finding| is_due(finding)) {
            let control = finding.about.id;
            if F::ALWAYS.contains(&control) || F::vital(control, view, subject, settings).is_some() {
                continue;
            }
            let history = match &known {
                Some(history) => history,
                None => known.insert(ledger.history(&subject.arn).await?),
            };
            let Limits { fights, changes } = settings.limits;
            let (id, now) = (finding_id(control, subject), Utc::now());
            if let Some(fight) = history.fight(&id, fights, now) {
                let Judgement::Fixable { because, .. } = &finding.outcome else { continue };
                // Nobody uses the pause behind the back of another caller, and whoever tries an event of theirs again tells it.
                let all = || std::iter::once(self.cause).chain(self.others.iter().copied());
                let callers: BTreeSet<&str> = all().filter_map(|event| event.actor.as_deref()).collect();
                let callers = callers.into_iter().collect::<Vec<_>>().join("\n");
                let telling = ResourceHistory::telling(&id, Some(&callers), because);
                let events: Vec<&str> = all().filter_map(|event| event.id.as_deref()).collect();
                let new = ledger.claim_fight(&subject.arn, &telling, &fight, &events).await?;
                withheld.push((control, Withheld::Fought { fight, telling: new.then_some(telling) }));
                continue;
            }
            let number = ledger.count(&subject.place.account, control).await?;
            if number > changes {
                let until = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now) + TimeDelta::hours(1);
                let first = number == changes + 1;
                withheld.push((control, Withheld::TooMany { limit: changes, first, until }));
            }
        }
        page.asked = true;
        Ok(withheld)
    }

    /// Keeps what the plan is about to do. Nothing may be done before.
    pub(crate) async fn mean<F: Family>(
        &self,
        page: &mut OpenEntry,
        plan: &Plan<F>,
        subject: &Subject,
    ) -> Result<(), CallError> {
        let Some(ledger) = self.ledger else { return Ok(()) };
        let entry = page.entry.get_or_insert_with(|| entry::<F>(ledger.id(), self.cause, subject));
        let before = entry.clone();
        for finding in plan.findings.iter().filter(|finding| is_due(finding)) {
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
                entry.steps.push(entry_step(&planned.step, subject));
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
                known.fixed = Some(made && result.status != Status::Failed && entry.outcome != Outcome::TakenBack);
            }
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
        after: step.after(),
        state: CallState::Meant,
    }
}
