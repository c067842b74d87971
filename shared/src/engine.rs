//! One resource, from looking at it to proof: the only place where the order of things matters.

use crate::error::{CallError, Kind};
use crate::event::Dependency;
use crate::model::{Family, Step, Subject};
use crate::place::Region;
use crate::plan::{self, Finding, Plan, plan};
use crate::report::{Outcome, Status, StepReport, StepStatus};
use crate::settings::{Mode, Modes};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

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
const ROUNDS: usize = 4;

/// How long an error that passes by itself is waited out: IAM changes are known everywhere after seconds, "a minute
/// (rare)"; longer waits are Lambda's, which tries again after one and after two minutes.
const PATIENCE: Duration = Duration::from_secs(60);

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
    let mut run = Run { reader, subject, modes, until, history: Vec::new(), wrong: Vec::new() };
    match timeout_at(until, run.walk::<F, W>(writer)).await {
        Ok(outcomes) => outcomes,
        Err(_) => run.with_history(everywhere::<F>(subject, Status::Failed, "the function ran out of time", true)),
    }
}

/// The same outcome for every control of the family: for a resource that could not be judged by them one by one.
pub fn everywhere<F: Family>(subject: &Subject, status: Status, because: &str, retry: bool) -> Vec<Outcome> {
    let outcome =
        |control: &crate::model::Control<F>| outcome(&control.about, subject, status, because.to_owned(), retry);
    F::CONTROLS.iter().map(outcome).collect()
}

/// What a failed read means for the resource: "may not" is unknown, all else failed.
pub fn unreadable<F: Family>(subject: &Subject, error: &CallError) -> Vec<Outcome> {
    let status = if error.kind == Kind::Denied { Status::Unknown } else { Status::Failed };
    everywhere::<F>(subject, status, &error.to_string(), error.retryable())
}

fn outcome(about: &crate::model::About, subject: &Subject, status: Status, because: String, retry: bool) -> Outcome {
    Outcome {
        control: about.id.to_owned(),
        resource: subject.arn.clone(),
        region: subject.place.region.to_string(),
        status,
        severity: about.severity,
        because,
        advice: None,
        steps: Vec::new(),
        retry,
    }
}

/// One walk over one resource.
struct Run<'a, R> {
    reader: &'a R,
    subject: &'a Subject,
    modes: &'a Modes,
    until: Instant,
    /// The calls made so far.
    history: Vec<StepReport>,
    /// What each control found wrong before anything was changed.
    wrong: Vec<Wrong>,
}

/// What one control found wrong, and all the calls that it has asked for since, by what they do.
struct Wrong {
    control: &'static str,
    because: String,
    asked: Vec<String>,
}

impl<R> Run<'_, R> {
    async fn walk<F, W>(&mut self, writer: Option<&W>) -> Vec<Outcome>
    where
        F: Family,
        R: Read<F>,
        W: Write<F>,
    {
        let mut looks = SETTLE.iter();
        for round in 1.. {
            let view = match self.reader.observe(self.subject).await {
                Ok(Some(view)) => view,
                Ok(None) => {
                    return self.with_history(everywhere::<F>(
                        self.subject,
                        Status::NotApplicable,
                        "it no longer exists",
                        false,
                    ));
                }
                Err(error) if self.history.is_empty() => return unreadable::<F>(self.subject, &error),
                Err(error) => {
                    let because = format!("changed, but it could not be read back: {error}");
                    return self.with_history(everywhere::<F>(
                        self.subject,
                        Status::Failed,
                        &because,
                        error.retryable(),
                    ));
                }
            };
            let plan: Plan<F> = plan(&view, self.subject, self.modes);
            self.remember(&plan);
            let due = plan.steps.iter().any(|planned| planned.enforce);
            let Some(writer) = writer.filter(|_| due) else { return self.conclude(&plan, None) };
            // Steps that were accepted and are still due: AWS has not caught up with itself, so look again before
            // writing again.
            let lagging = plan.steps.iter().filter(|it| it.enforce).all(|it| self.has_applied(&it.step.to_string()));
            if lagging {
                match looks.next() {
                    Some(wait) => sleep(*wait).await,
                    None => return self.conclude(&plan, Some(Stop::StillWrong)),
                }
                continue;
            }
            match self.apply(writer, &plan).await {
                Ok(()) => {}
                Err(stop) if stop.stale() && round < ROUNDS => sleep(SETTLE[0]).await,
                Err(stop) => return self.conclude(&plan, Some(stop)),
            }
        }
        Vec::new()
    }

    /// Keeps what was wrong at first sight, since later rounds see a resource half mended; and what was asked for.
    fn remember<F: Family>(&mut self, plan: &Plan<F>) {
        for finding in &plan.findings {
            let (because, steps) = match &finding.outcome {
                plan::Outcome::Fixable { because, steps } => (because, steps.as_slice()),
                plan::Outcome::Advised { because, .. } => (because, [].as_slice()),
                _ => continue,
            };
            let asked = steps.iter().filter_map(|at| Some(plan.steps.get(*at)?.step.to_string()));
            match self.wrong.iter_mut().find(|wrong| wrong.control == finding.about.id) {
                Some(wrong) => wrong.asked.extend(asked),
                None => self.wrong.push(Wrong {
                    control: finding.about.id,
                    because: because.clone(),
                    asked: asked.collect(),
                }),
            }
        }
    }

    fn has_applied(&self, summary: &str) -> bool {
        self.history.iter().any(|step| step.status == StepStatus::Applied && step.summary == summary)
    }

    /// Makes the plan's enforced calls in order, up to the first that fails.
    async fn apply<F, W>(&mut self, writer: &W, plan: &Plan<F>) -> Result<(), Stop>
    where
        F: Family,
        W: Write<F>,
    {
        for (at, planned) in plan.steps.iter().enumerate().filter(|(_, planned)| planned.enforce) {
            match patiently(writer, self.subject, &planned.step, self.until).await {
                Ok(()) => self.history.push(told(&planned.step, StepStatus::Applied, None)),
                Err(error) => return Err(Stop::Call { at, error }),
            }
        }
        Ok(())
    }

    /// Says what came of each control, from the last plan and from what was done on the way.
    fn conclude<F: Family>(&self, plan: &Plan<F>, stop: Option<Stop>) -> Vec<Outcome> {
        plan.findings.iter().map(|finding| self.settle(plan, finding, stop.as_ref())).collect()
    }

    fn settle<F: Family>(&self, plan: &Plan<F>, finding: &Finding, stop: Option<&Stop>) -> Outcome {
        let made = self.made(finding.about.id);
        let wrong =
            self.wrong.iter().find(|wrong| wrong.control == finding.about.id).map(|wrong| wrong.because.as_str());
        let said = |status, because: &str, steps| Outcome {
            steps,
            ..outcome(finding.about, self.subject, status, because.to_owned(), false)
        };
        match &finding.outcome {
            plan::Outcome::Compliant => match wrong {
                Some(because) if !made.is_empty() => said(Status::Fixed, because, made),
                _ => said(Status::Compliant, "as it must be", made),
            },
            plan::Outcome::NotApplicable(because) => said(Status::NotApplicable, because, made),
            plan::Outcome::Exempt(because) => said(Status::Exempt, because, made),
            plan::Outcome::Unknown(because) => said(Status::Unknown, because, made),
            plan::Outcome::Advised { because, advice } => {
                Outcome { advice: Some(advice.clone()), ..said(Status::Advised, because, made) }
            }
            plan::Outcome::Fixable { because, steps } => {
                let due = steps.iter().filter_map(|at| Some((*at, &plan.steps.get(*at)?.step)));
                match stop.filter(|_| finding.mode == Mode::Enforce) {
                    Some(stop) => {
                        let rest = due.filter_map(|(at, step)| stop.tell(at, step));
                        let steps = made.into_iter().chain(rest).collect();
                        Outcome {
                            retry: stop.retryable(),
                            ..said(Status::Failed, &stop.because(wrong.unwrap_or(because)), steps)
                        }
                    }
                    None => {
                        let steps = due.map(|(_, step)| told(step, StepStatus::Planned, None)).collect();
                        said(Status::Planned, because, steps)
                    }
                }
            }
        }
    }

    /// The calls that were made for a control, or all of them where no control is meant.
    fn made(&self, control: &str) -> Vec<StepReport> {
        let asked = self.wrong.iter().filter(|wrong| wrong.control == control).flat_map(|wrong| &wrong.asked);
        let asked: Vec<&String> = asked.collect();
        self.history.iter().filter(|step| asked.contains(&&step.summary)).cloned().collect()
    }

    fn with_history(&self, mut outcomes: Vec<Outcome>) -> Vec<Outcome> {
        for outcome in &mut outcomes {
            outcome.steps = self.made(&outcome.control);
        }
        outcomes
    }
}

/// Why a plan ended before its end.
enum Stop {
    /// This step's call failed.
    Call { at: usize, error: CallError },
    /// All calls were accepted, and what is read back is wrong all the same.
    StillWrong,
}

impl Stop {
    /// Whether the plan was made from a view that is no longer true.
    fn stale(&self) -> bool {
        matches!(self, Self::Call { error, .. } if matches!(error.kind, Kind::Exists | Kind::Gone))
    }

    fn retryable(&self) -> bool {
        match self {
            Self::Call { error, .. } => error.retryable(),
            Self::StillWrong => false,
        }
    }

    fn because(&self, wrong: &str) -> String {
        match self {
            Self::Call { error, .. } => format!("{wrong}; putting it right failed: {error}"),
            Self::StillWrong => format!("{wrong}; every call was accepted, but reading it back still shows that"),
        }
    }

    /// The report of a step of the plan that was not applied.
    fn tell<S: Step>(&self, step_at: usize, step: &S) -> Option<StepReport> {
        let Self::Call { at, error } = self else { return None };
        match step_at.cmp(at) {
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Equal => Some(told(step, StepStatus::Failed, Some(error.to_string()))),
            std::cmp::Ordering::Greater => Some(told(step, StepStatus::Skipped, None)),
        }
    }
}

fn told<S: Step>(step: &S, status: StepStatus, error: Option<String>) -> StepReport {
    StepReport {
        action: step.actions().first().copied().unwrap_or_default().to_owned(),
        summary: step.to_string(),
        status,
        error,
        before: step.before(),
        after: step.after(),
        undo: step.undo(),
    }
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
                sleep_until(Instant::now() + wait).await;
                wait = (wait * 2).min(Duration::from_secs(10));
            }
            answer => return answer,
        }
    }
}
