//! One resource, from looking at it to proof: the only place where the order of things matters.

use crate::error::CallError;
use crate::history::{History, Stop, everywhere, unreadable};
use crate::model::{Family, Step, Subject};
use crate::place::Region;
use crate::plan::{Plan, plan};
use crate::report::{Outcome, Status};
use crate::route::Dependency;
use crate::settings::{Mode, Modes};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Reads resources of a family.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Read<F: Family> {
    /// The ids of all resources in a region; with `using`, at least those that lean on it.
    ///
    /// # Errors
    /// The call that failed.
    async fn list(&self, region: &Region, using: Option<&Dependency>) -> Result<Vec<String>, CallError>;

    /// Everything that the controls need to know of one resource; `None` when it is gone.
    ///
    /// # Errors
    /// The call that failed, other than by [`Seen::Unreadable`](crate::model::Seen).
    async fn observe(&self, subject: &Subject) -> Result<Option<F::View>, CallError>;
}

/// Makes the calls of a plan.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Write<F: Family> {
    /// Makes one call, exactly as the step says.
    ///
    /// # Errors
    /// The call failed; whether it had an effect all the same is for the next look to tell.
    async fn apply(&self, subject: &Subject, step: &F::Step) -> Result<(), CallError>;
}

/// How often a plan is made anew when somebody else changed the resource meanwhile.
const PLANS: usize = 4;

/// How long an error that passes by itself is waited out: IAM changes are known everywhere after seconds, rarely after
/// a minute; longer waits are Lambda's, which tries again after one and after two minutes.
const PATIENCE: Duration = Duration::from_mins(1);

/// The waits between looks after a change: AWS's own answers may lag behind it.
const SETTLE: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_millis(750), Duration::from_secs(2), Duration::from_secs(5)];

/// Looks at one resource, makes it right as far as the modes allow, and looks again.
///
/// Without a writer nothing can be written: that is the dry run.
///
/// # Guarantees
/// `fixed` is said only of what was read back. A failed call ends the plan: later steps may lean on it.
/// Somebody else's concurrent change makes for a new look and a new plan, not for a failure.
pub async fn reconcile<F, R, W>(
    reader: &R,
    writer: Option<&W>,
    subject: &Subject,
    modes: &Modes,
    until: Instant,
) -> Vec<Outcome>
where
    F: Family,
    R: Read<F>,
    W: Write<F>,
{
    if F::CONTROLS.iter().all(|control| modes.of(control.about.id) == Mode::Off) {
        return everywhere::<F>(subject, Status::Exempt, "switched off by TRAILKEEPER_CONTROLS", false);
    }
    let mut history = History::default();
    match timeout_at(until, walk::<F, R, W>(reader, writer, subject, modes, until, &mut history)).await {
        Ok(outcomes) => outcomes,
        Err(_) => history.end::<F>(subject, Status::Failed, "the function ran out of time", true),
    }
}

async fn walk<F, R, W>(
    reader: &R,
    writer: Option<&W>,
    subject: &Subject,
    modes: &Modes,
    until: Instant,
    history: &mut History,
) -> Vec<Outcome>
where
    F: Family,
    R: Read<F>,
    W: Write<F>,
{
    let mut plans = 1;
    let mut waits = SETTLE.iter();
    loop {
        let view = match reader.observe(subject).await {
            Ok(Some(view)) => view,
            Ok(None) => return history.end::<F>(subject, Status::NotApplicable, "it no longer exists", false),
            Err(error) if history.is_empty() => return unreadable::<F>(subject, &error),
            Err(error) => {
                let because = format!("changed, but it could not be read back: {error}");
                return history.end::<F>(subject, Status::Failed, &because, error.retryable());
            }
        };
        let plan: Plan<F> = plan(&view, subject, modes);
        history.remember(&plan);
        let mut due = plan.steps.iter().filter(|planned| planned.enforce).peekable();
        let Some(writer) = writer.filter(|_| due.peek().is_some()) else {
            return history.conclude(subject, &plan, None);
        };
        // What was accepted and is still due has not shown yet: look again before writing again.
        if due.all(|planned| history.has(&planned.step)) {
            match waits.next() {
                Some(wait) => sleep(*wait).await,
                None => return history.conclude(subject, &plan, Some(&Stop::StillWrong)),
            }
            continue;
        }
        match apply(writer, subject, &plan, until, history).await {
            Ok(()) => {}
            Err(stop) if stop.is_stale() && plans < PLANS => {
                plans += 1;
                sleep(SETTLE[0]).await;
            }
            Err(stop) => return history.conclude(subject, &plan, Some(&stop)),
        }
    }
}

/// Makes the plan's enforced calls in order, up to the first that fails.
async fn apply<F, W>(
    writer: &W,
    subject: &Subject,
    plan: &Plan<F>,
    until: Instant,
    history: &mut History,
) -> Result<(), Stop>
where
    F: Family,
    W: Write<F>,
{
    for (at, planned) in plan.steps.iter().enumerate().filter(|(_, planned)| planned.enforce) {
        match patiently(writer, subject, &planned.step, until).await {
            Ok(()) => history.push(&planned.step),
            Err(error) => return Err(Stop::Call { at, error }),
        }
    }
    Ok(())
}

/// Makes one call, and makes it again while it fails with an error that passes by itself.
async fn patiently<F, W>(writer: &W, subject: &Subject, step: &F::Step, until: Instant) -> Result<(), CallError>
where
    F: Family,
    W: Write<F>,
{
    let end = until.min(Instant::now() + PATIENCE);
    let mut wait = Duration::from_millis(500);
    loop {
        match writer.apply(subject, step).await {
            Err(error) if step.passes(&error) && Instant::now() + wait < end => {
                sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(10));
            }
            answer => return answer,
        }
    }
}
