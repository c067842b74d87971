//! Reconciles one resource, from the first read to proof: the only place where the order of operations matters.

pub(crate) mod history;
pub mod pen;
pub mod plan;
pub mod ports;

use crate::exemption::Exemptions;
use crate::family::Family;
use crate::model::{CallError, ErrorKind, Place, Step, Subject};
use crate::report::{ControlResult, Status};
use crate::settings::{Mode, Settings};
use chrono::{SubsecRound, Utc};
use history::{GONE, History, Interruption, everywhere, unreadable};
use pen::{OpenEntry, Pen, TAKEN};
use plan::{Plan, plan};
use ports::{Ledger, Read, Write};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::warn;

/// Maximum number of plans, made again if somebody else changed the resource in the meantime.
const PLANS: usize = 4;

/// Delay after a conflict with somebody else, who is probably creating everything that this plan would create.
const YIELD: Duration = Duration::from_secs(1);

/// Maximum time to wait for an error that resolves itself: IAM changes propagate within seconds, rarely a minute;
/// longer waits are left to Lambda, which retries after one and after two minutes.
const PATIENCE: Duration = Duration::from_mins(1);

/// Time to write the end of a change to the ledger where no other is left: a part of that which is kept to tell people, whom a
/// slow ledger must not keep waiting.
const ENDING: Duration = Duration::from_secs(1);

/// Delays between reads after a change, since AWS's responses may lag behind.
const SETTLE: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_millis(750), Duration::from_secs(2), Duration::from_secs(5)];

/// Result of checking one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// Outcomes, one per control.
    pub outcomes: Vec<ControlResult>,
    /// Resources that are responsible for this one with regard to some control.
    pub next: Vec<Subject>,
}

impl From<Vec<ControlResult>> for Checked {
    fn from(outcomes: Vec<ControlResult>) -> Self {
        Self { outcomes, next: Vec::new() }
    }
}

/// Reads one resource, repairs it as far as the modes allow, and reads it again.
///
/// Without a writer nothing can be written, which makes a dry run.
///
/// # Guarantees
/// `fixed` is reported only for what was read back. A failed call ends the fix of the controls that requested it, and
/// of no other. A concurrent change by somebody else leads to a new read and a new plan, not to a failure. Harmful
/// changes are reverted.
pub async fn reconcile<F, R, W, L>(
    reader: &R,
    pen: Option<Pen<'_, W, L>>,
    subject: &Subject,
    settings: &Settings,
    until: Instant,
) -> Checked
where
    F: Family,
    R: Read<F>,
    W: Write<F>,
    L: Ledger,
{
    if F::CONTROLS.iter().all(|control| settings.modes.of(&control.about) == Mode::Off) {
        return everywhere::<F>((subject, settings), Status::Exempt, "", false).into();
    }
    let (mut history, mut page) = (History::default(), OpenEntry::default());
    let walk = walk::<F, R, W, L>(reader, pen, subject, settings, until, (&mut history, &mut page));
    let mut checked = match timeout_at(until, walk).await {
        Ok(checked) => checked,
        Err(_) => history.end::<F>((subject, settings), Status::Failed, CallError::OUT_OF_TIME, true).into(),
    };
    let now = Utc::now().trunc_subsecs(0);
    for outcome in checked.outcomes.iter_mut().filter(|it| it.status == Status::Fixed) {
        outcome.right_at = Some(now);
    }
    if let Some(pen) = pen {
        let end = pen.end(&mut page, &history, &mut checked.outcomes);
        let ended = timeout_at(until.max(Instant::now() + ENDING), end).await;
        let problem =
            ended.map_or_else(|_| Some(CallError::OUT_OF_TIME.to_owned()), |it| it.err().map(|it| it.to_string()));
        if let Some(problem) = problem {
            // What was meant is kept, and a later run finds that it has not ended.
            warn!(resource = subject.arn, "the end of the change could not be written to the ledger: {problem}");
        }
    }
    checked
}

async fn walk<F, R, W, L>(
    reader: &R,
    pen: Option<Pen<'_, W, L>>,
    subject: &Subject,
    settings: &Settings,
    until: Instant,
    (history, page): (&mut History, &mut OpenEntry),
) -> Checked
where
    F: Family,
    R: Read<F>,
    W: Write<F>,
    L: Ledger,
{
    let writer = pen.map(|pen| pen.writer);
    let mut plans = 1;
    let mut waits = SETTLE.iter();
    let mut untouched: Option<F::View> = None;
    // What was read before a call of ours is forgotten with it. Nothing of the kind says when somebody else has written.
    let mut anew = false;
    loop {
        let seen = if anew { reader.observe_anew(subject).await } else { reader.observe(subject).await };
        anew = true;
        let view = match seen {
            Ok(Some(view)) => view,
            Ok(None) => {
                return history.end::<F>((subject, settings), Status::NotApplicable, GONE, false).into();
            }
            Err(error) if history.is_empty() => return unreadable::<F>((subject, settings), &error).into(),
            Err(error) => {
                let because = format!("it was changed, but could not be read back: {error}");
                return history.end::<F>((subject, settings), Status::Failed, &because, error.retryable()).into();
            }
        };
        let harm = untouched.as_ref().and_then(|before| F::harm(before, &view));
        if let (Some(harm), Some(writer)) = (harm.filter(|harm| !history.holds(harm.control)), writer) {
            let undone = patiently(writer, subject, &harm.undo, until).await;
            history.take_back(&harm, undone, &subject.place);
            continue;
        }
        let mut plan: Plan<F> = plan(&view, subject, settings, history.past());
        if plan.finds_wrong() && history.past().exemptions.is_none() {
            match exemptions::<F, R>(reader, subject, &view, settings).await {
                Ok(exemptions) => history.weigh(exemptions),
                // Nothing was written yet; the next attempt will show whether the resource is writable.
                Err(error) => return unreadable::<F>((subject, settings), &error).into(),
            }
            plan = plan::plan(&view, subject, settings, history.past());
        }
        history.remember(&plan);
        let is_due = |plan: &Plan<F>| plan.steps.iter().any(|planned| planned.enforce);
        let Some(pen) = pen.filter(|_| is_due(&plan)) else { return conclude(history, subject, &plan, None) };
        history.withhold(pen.withheld(page, &plan, &view, subject, settings).await);
        plan = plan::plan(&view, subject, settings, history.past());
        history.remember(&plan);
        if !is_due(&plan) {
            return conclude(history, subject, &plan, None);
        }
        let mut due = plan.steps.iter().filter(|planned| planned.enforce);
        // Steps that were accepted but are still due are not visible yet: read again before writing again.
        if due.all(|planned| history.has(&planned.step)) {
            match waits.next() {
                Some(wait) => sleep(*wait).await,
                None => return conclude(history, subject, &plan, Some(&Interruption::StillWrong)),
            }
            continue;
        }
        if let Err(error) = pen.mean(page, &plan, subject).await {
            return conclude(history, subject, &plan, Some(&Interruption::Unkept(error)));
        }
        untouched.get_or_insert(view);
        match apply(pen, subject, &plan, until, history).await {
            Ok(()) => anew = false,
            Err((step, error)) if (error.is_stale() || error.code == TAKEN) && plans < PLANS => {
                plans += 1;
                let planned = plan.steps.get(step);
                anew = !planned.is_some_and(|planned| reader.is_own_conflict(subject, &planned.step));
                sleep(YIELD).await;
            }
            Err((step, error)) if error.kind == ErrorKind::Rejected && history.take_apart(&plan, step) => {}
            Err((step, error)) => {
                history.hold(&plan, step, &error);
                if !history.can_go_on(&plan) {
                    return conclude(history, subject, &plan, None);
                }
            }
        }
    }
}

/// Reads the exemptions of a resource that has violations. Tags that may not be read, now or ever, exempt nothing.
async fn exemptions<F, R>(
    reader: &R,
    subject: &Subject,
    view: &F::View,
    settings: &Settings,
) -> Result<Exemptions, CallError>
where
    F: Family,
    R: Read<F>,
{
    let tags = match reader.tags(subject, view).await {
        Ok(seen) => seen.known().map(|tags| tags.cloned().unwrap_or_default()).map_err(|unread| unread.to_string()),
        Err(error) if error.retryable() => return Err(error),
        Err(error) => Err(error.to_string()),
    };
    Ok(Exemptions::of(subject, settings, &tags, Utc::now().date_naive()))
}

fn conclude<F: Family>(history: &History, subject: &Subject, plan: &Plan<F>, stop: Option<&Interruption>) -> Checked {
    let next = plan.findings.iter().filter_map(|finding| match &finding.outcome {
        plan::Judgement::Elsewhere { region, id, .. } => {
            Some(F::subject(Place { region: region.clone(), ..subject.place.clone() }, id))
        }
        _ => None,
    });
    Checked { outcomes: history.conclude(subject, plan, stop), next: next.collect() }
}

/// Makes the plan's enforced calls in order, up to the first failure.
async fn apply<F, W, L>(
    pen: Pen<'_, W, L>,
    subject: &Subject,
    plan: &Plan<F>,
    until: Instant,
    history: &mut History,
) -> Result<(), (usize, CallError)>
where
    F: Family,
    W: Write<F>,
    L: Ledger,
{
    for (at, planned) in plan.steps.iter().enumerate().filter(|(_, planned)| planned.enforce) {
        pen.claim::<F>(&planned.step, subject).await.map_err(|error| (at, error))?;
        match patiently(pen.writer, subject, &planned.step, until).await {
            Ok(()) => history.push(&planned.step, &subject.place, pen.writer.made(&planned.step)),
            Err(error) => return Err((at, error)),
        }
    }
    Ok(())
}

/// Makes one call, and retries it while it fails with an error that resolves itself.
async fn patiently<F, W>(writer: &W, subject: &Subject, step: &F::Step, until: Instant) -> Result<(), CallError>
where
    F: Family,
    W: Write<F>,
{
    let patience = Instant::now() + PATIENCE;
    let end = until.min(patience);
    let mut wait = Duration::from_millis(500);
    loop {
        match writer.apply(subject, step).await {
            Err(error) if step.retries_on(&error) && Instant::now() + wait < end => {
                sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(10));
            }
            // The function's time ends here, not our patience: the next attempt may succeed.
            Err(error) if step.retries_on(&error) && end < patience => {
                return Err(CallError { kind: ErrorKind::Transient, ..error });
            }
            answer => return answer,
        }
    }
}
