//! History of repairing one resource, and what it means for each control. Pure.

use super::plan;
use super::plan::{Finding, Past, Plan, Withheld};
use crate::exemption::Exemptions;
use crate::family::{Control, Family, Harm};
use crate::ledger::CallState;
use crate::model::{About, CallError, ErrorKind, Place, Severity, Step, Subject};
use crate::report::{ControlResult, Hints, Status, StepReport, StepStatus};
use crate::settings::{Mode, Settings};

/// What is said of a resource that was not found.
pub(crate) const GONE: &str = "it no longer exists";

/// Calls made so far, and the violations that they address.
#[derive(Debug, Default)]
pub(crate) struct History {
    made: Vec<Made>,
    wrong: Vec<Wrong>,
    held: Vec<(&'static str, Interruption)>,
    past: Past,
}

/// A call that was made.
#[derive(Debug)]
struct Made {
    /// The step as it describes itself, which the report shows as a line for people.
    step: String,
    /// Id that AWS gave to what was made.
    id: Option<String>,
    report: StepReport,
}

/// Original violation of one control, and all the calls that the control has requested since.
#[derive(Debug)]
struct Wrong {
    control: &'static str,
    because: String,
    asked: Vec<String>,
    vital: bool,
}

/// Reason why a fix ended early.
#[derive(Debug, Clone)]
pub(crate) enum Interruption {
    /// A call failed.
    Call { step: String, error: CallError },
    /// The change could not be written to the ledger, so no further call was made.
    Unkept(CallError),
    /// All calls were accepted, but the resource still reads as wrong.
    StillWrong,
    /// The fix did harm and was reverted, unless reverting failed.
    TakenBack { because: String, failed: Option<CallError> },
}

impl History {
    pub(crate) fn is_empty(&self) -> bool {
        self.made.is_empty()
    }

    /// Records an accepted call, with the id that AWS gave to what it made.
    pub(crate) fn push<S: Step>(&mut self, step: &S, place: &Place, id: Option<String>) {
        let mut report = step_report(step, place, StepStatus::Applied, None);
        if id.is_some() {
            let undo = step.property(place).identified(id.clone()).restore(report.before.as_ref());
            (report.undo, report.undo_once) = (undo.to_string().into(), undo.condition().map(Into::into));
        }
        self.made.push(Made { step: step.to_string(), id, report });
    }

    /// Returns the id that AWS gave to what the call made that describes itself like this.
    pub(crate) fn id_of(&self, summary: &str) -> Option<String> {
        self.made.iter().find(|made| made.step == summary)?.id.clone()
    }

    /// Returns whether the same call was accepted before.
    pub(crate) fn has<S: Step>(&self, step: &S) -> bool {
        let summary = step.to_string();
        self.made.iter().any(|made| made.step == summary)
    }

    /// Records the original violations, since later reads see a partly repaired resource, and the requested calls.
    pub(crate) fn remember<F: Family>(&mut self, plan: &Plan<F>) {
        for finding in &plan.findings {
            let (because, steps) = match &finding.outcome {
                plan::Judgement::Fixable { because, steps } => (because, steps.as_slice()),
                plan::Judgement::Advised { because, .. } => (because, [].as_slice()),
                _ => continue,
            };
            let asked = steps.iter().filter_map(|at| Some(plan.steps.get(*at)?.step.to_string()));
            let control = finding.about.id;
            if let Some(wrong) = self.wrong.iter_mut().find(|wrong| wrong.control == control) {
                wrong.asked.extend(asked);
            } else {
                let (because, asked, vital) = (because.clone(), asked.collect(), finding.vital);
                self.wrong.push(Wrong { control, because, asked, vital });
            }
        }
    }

    /// Returns what the next plan needs to know about the past.
    pub(crate) fn past(&self) -> &Past {
        &self.past
    }

    /// Records the controls whose fixes are withheld.
    pub(crate) fn withhold(&mut self, withheld: Vec<(&'static str, Withheld)>) {
        self.past.withheld.extend(withheld);
    }

    /// Returns what is known of the call that describes itself like this.
    pub(crate) fn state_of(&self, summary: &str) -> CallState {
        let refused = |(_, stop): &(&str, Interruption)| match stop {
            Interruption::Call { step, error } if step == summary => Some(CallState::Failed(error.to_string())),
            _ => None,
        };
        match self.made.iter().find(|made| made.step == summary) {
            Some(_) => CallState::Applied,
            None => self.held.iter().find_map(refused).unwrap_or(CallState::Skipped),
        }
    }

    /// Returns whether calls did harm and were taken back.
    pub(crate) fn took_back(&self) -> bool {
        self.held.iter().any(|(_, stop)| matches!(stop, Interruption::TakenBack { failed: None, .. }))
    }

    /// Records the exemptions of the resource.
    pub(crate) fn weigh(&mut self, exemptions: Exemptions) {
        self.past.exemptions = Some(exemptions);
    }

    /// Splits merged calls from now on, if this step is a merged one and they are not split already; returns whether it
    /// did.
    pub(crate) fn take_apart<F: Family>(&mut self, plan: &Plan<F>, at: usize) -> bool {
        let news = !self.past.apart && plan.steps.get(at).is_some_and(|planned| planned.merged);
        self.past.apart |= news;
        news
    }

    fn end_of(&mut self, control: &'static str, stop: Interruption) {
        self.past.held.push(control);
        self.held.push((control, stop));
    }

    pub(crate) fn holds(&self, control: &str) -> bool {
        self.held.iter().any(|(held, _)| *held == control)
    }

    /// Ends the fix of every control that requested this step.
    pub(crate) fn hold<F: Family>(&mut self, plan: &Plan<F>, at: usize, error: &CallError) {
        let step = plan.steps.get(at).map(|planned| planned.step.to_string()).unwrap_or_default();
        for control in askers(plan, at) {
            if !self.holds(control) {
                self.end_of(control, Interruption::Call { step: step.clone(), error: error.clone() });
            }
        }
    }

    /// Returns whether the fix of any control has not ended yet.
    pub(crate) fn can_go_on<F: Family>(&self, plan: &Plan<F>) -> bool {
        plan.findings.iter().any(|finding| {
            let fixable = matches!(&finding.outcome, plan::Judgement::Fixable { steps, .. } if !steps.is_empty());
            fixable && finding.mode == Mode::Enforce && !self.holds(finding.about.id)
        })
    }

    /// Ends the fix of a control that did harm, with the call that reverted it.
    pub(crate) fn take_back<S: Step>(&mut self, harm: &Harm<S>, undone: Result<(), CallError>, place: &Place) {
        let summary = harm.undo.to_string();
        if let Some(wrong) = self.wrong.iter_mut().find(|wrong| wrong.control == harm.control) {
            wrong.asked.push(summary.clone());
        }
        let failed = undone.err();
        let status = if failed.is_none() { StepStatus::Applied } else { StepStatus::Failed };
        let report = step_report(&harm.undo, place, status, failed.as_ref());
        self.made.push(Made { step: summary, id: None, report });
        self.end_of(harm.control, Interruption::TakenBack { because: harm.because.clone(), failed });
    }

    /// Returns the result of each control, from the last plan and the calls made so far.
    pub(crate) fn conclude<F: Family>(
        &self,
        subject: &Subject,
        plan: &Plan<F>,
        stop: Option<&Interruption>,
    ) -> Vec<ControlResult> {
        plan.findings.iter().map(|finding| self.settle(subject, plan, finding, stop)).collect()
    }

    /// Returns the same result for every active control, with the calls that were made before.
    pub(crate) fn end<F: Family>(
        &self,
        checked: (&Subject, &Settings),
        status: Status,
        because: &str,
        retry: bool,
    ) -> Vec<ControlResult> {
        let mut outcomes = everywhere::<F>(checked, status, because, retry);
        for outcome in &mut outcomes {
            outcome.steps = self.made_for(&outcome.control);
        }
        outcomes
    }

    fn made_for(&self, control: &str) -> Vec<StepReport> {
        let asked = self.wrong.iter().filter(|wrong| wrong.control == control).flat_map(|wrong| &wrong.asked);
        let asked: Vec<&String> = asked.collect();
        self.made.iter().filter(|made| asked.contains(&&made.step)).map(|made| made.report.clone()).collect()
    }

    fn settle<F: Family>(
        &self,
        subject: &Subject,
        plan: &Plan<F>,
        finding: &Finding,
        stop: Option<&Interruption>,
    ) -> ControlResult {
        let control = finding.about.id;
        let made = self.made_for(control);
        let wrong = self.wrong.iter().find(|wrong| wrong.control == control);
        let vital = finding.vital || wrong.is_some_and(|wrong| wrong.vital);
        let hints = match &finding.withheld {
            Some(Withheld::Fought { fight, telling }) => {
                Hints { fight: Some(fight.clone()), telling: telling.clone(), ..Hints::default() }
            }
            Some(Withheld::TooMany { first, .. }) => Hints { capped: true, follows: !first, ..Hints::default() },
            Some(Withheld::Unasked(_)) | None => Hints::default(),
        };
        let exempt_tag = self.past.exemptions.as_ref().and_then(Exemptions::tag).map(str::to_owned);
        let hints = Hints { vital, exempt_tag, ..hints };
        // What no account can do without is put right each time, so it has to be heard each time.
        let severity = if vital { finding.severity.max(Severity::High) } else { finding.severity };
        let wrong = wrong.map(|wrong| wrong.because.as_str());
        let held = self.held.iter().find(|(held, _)| *held == control).map(|(_, stop)| stop);
        let said = |status, because: &str, steps| ControlResult {
            steps,
            severity,
            hints: hints.clone(),
            ..outcome(finding.about, subject, status, because, false)
        };
        if let Some(stop @ Interruption::TakenBack { .. }) = held {
            let because = stop.because(wrong.unwrap_or_default());
            return ControlResult { retry: stop.retryable(), ..said(Status::Failed, &because, made) };
        }
        match &finding.outcome {
            plan::Judgement::Compliant => match wrong {
                Some(because) if !made.is_empty() => said(Status::Fixed, because, made),
                _ => said(Status::Compliant, "nothing is wrong", made),
            },
            plan::Judgement::NotApplicable(because) | plan::Judgement::Elsewhere { because, .. } => {
                said(Status::NotApplicable, because, made)
            }
            plan::Judgement::Off(because) => said(Status::Exempt, because, made),
            plan::Judgement::Exempt(because) => ControlResult { exempted: true, ..said(Status::Exempt, because, made) },
            plan::Judgement::Unknown(because) => said(Status::Unknown, because, made),
            plan::Judgement::Advised { because, advice } => {
                ControlResult { advice: Some(advice.as_str().into()), ..said(Status::Advised, because, made) }
            }
            plan::Judgement::Fixable { because, steps } if finding.withheld.is_some() => {
                let due = steps.iter().filter_map(|at| Some(&plan.steps.get(*at)?.step));
                let skipped = matches!(finding.withheld, Some(Withheld::Unasked(_)));
                let status = if skipped { StepStatus::Skipped } else { StepStatus::Planned };
                let steps = due.map(|step| step_report(step, &subject.place, status, None)).collect();
                withheld(finding.withheld.as_ref(), because, |status, because| said(status, because, steps))
            }
            plan::Judgement::Fixable { because, steps } => {
                let due = steps.iter().filter_map(|at| Some(&plan.steps.get(*at)?.step));
                let Some(stop) = held.or(stop).filter(|_| finding.mode == Mode::Enforce) else {
                    let steps = due.map(|step| step_report(step, &subject.place, StepStatus::Planned, None)).collect();
                    return said(Status::Planned, because, steps);
                };
                let rest = due.filter(|step| !self.has(*step)).map(|step| stop.planned_report(step, &subject.place));
                let steps = made.into_iter().chain(rest).collect();
                let because = stop.because(wrong.unwrap_or(because));
                ControlResult { retry: stop.retryable(), ..said(Status::Failed, &because, steps) }
            }
        }
    }
}

impl Interruption {
    fn retryable(&self) -> bool {
        match self {
            Self::Call { error, .. } | Self::TakenBack { failed: Some(error), .. } | Self::Unkept(error) => {
                error.retryable()
            }
            Self::StillWrong | Self::TakenBack { failed: None, .. } => false,
        }
    }

    fn because(&self, wrong: &str) -> String {
        match self {
            Self::Call { step: _, error } => format!("{wrong}; the fix failed: {error}"),
            Self::Unkept(error) => {
                format!("{wrong}; it was not fixed, since the change could not be written to the ledger: {error}")
            }
            Self::StillWrong => format!("{wrong}; every call succeeded, but it is still wrong when read back"),
            Self::TakenBack { because, failed: None } => format!("{wrong}; the fix was undone: {because}"),
            Self::TakenBack { because, failed: Some(error) } => {
                format!("{wrong}; the fix did harm ({because}) and could not be undone: {error}")
            }
        }
    }

    /// Returns the report of a step that was not applied.
    fn planned_report<S: Step>(&self, due: &S, place: &Place) -> StepReport {
        match self {
            Self::Call { step, error } if *step == due.to_string() => {
                step_report(due, place, StepStatus::Failed, Some(error))
            }
            _ => step_report(due, place, StepStatus::Skipped, None),
        }
    }
}

/// Returns the result for a violation whose fix is withheld.
fn withheld(why: Option<&Withheld>, because: &str, said: impl FnOnce(Status, &str) -> ControlResult) -> ControlResult {
    match why {
        Some(Withheld::Fought { fight, telling }) => {
            ControlResult { quiet: telling.is_none(), ..said(Status::Fought, &format!("{because}; {fight}")) }
        }
        Some(Withheld::TooMany { limit, first: _, until }) => {
            let until = until.format("%Y-%m-%d %H:%M UTC");
            let because = format!(
                "{because}; it is left as it is, since this control has made {limit} changes in the account within this \
                 hour, as many as the setting ChangesAnHour allows: the first sweep or event after {until} fixes it"
            );
            said(Status::Planned, &because)
        }
        Some(Withheld::Unasked(error)) => {
            let because =
                format!("{because}; it was not fixed, since the ledger does not say how often it was before: {error}");
            ControlResult { retry: error.retryable(), ..said(Status::Failed, &because) }
        }
        None => said(Status::Planned, because),
    }
}

/// Returns the controls that requested this step.
fn askers<F: Family>(plan: &Plan<F>, at: usize) -> impl Iterator<Item = &'static str> {
    let asks = move |finding: &&Finding| matches!(&finding.outcome, plan::Judgement::Fixable { steps, .. } if steps.contains(&at));
    plan.findings.iter().filter(asks).map(|finding| finding.about.id)
}

/// Returns the same outcome for every active control of the family, for a resource that could not be judged
/// individually. A control that is off says only that.
pub(crate) fn everywhere<F: Family>(
    (subject, settings): (&Subject, &Settings),
    status: Status,
    because: &str,
    retry: bool,
) -> Vec<ControlResult> {
    let outcome = |Control { about, .. }: &Control<F>| match settings.modes.of(about) {
        Mode::Off => outcome(about, subject, Status::Exempt, plan::off(about), false),
        Mode::DryRun | Mode::Enforce => outcome(about, subject, status, because, retry),
    };
    F::CONTROLS.iter().map(outcome).collect()
}

/// Returns the only outcome for a region that the organization closes to the account: what is in it cannot be judged,
/// and that is nothing that any control found.
pub(crate) fn closed<F: Family>(checked: (&Subject, &Settings), error: &CallError) -> Vec<ControlResult> {
    let (subject, settings) = checked;
    let active = F::CONTROLS.iter().filter(|control| settings.modes.of(&control.about) != Mode::Off);
    let because = format!("the organization closes {} to Trailkeeper: {error}", subject.place.region);
    let advice = "Exempt Trailkeeper's roles from the service control policy, or leave the region out of \
                  TRAILKEEPER_REGIONS. Nothing was checked there.";
    let outcome = active.rev().max_by_key(|control| control.about.severity).map(|control| ControlResult {
        advice: Some(advice.into()),
        ..outcome(&control.about, subject, Status::Advised, &because, false)
    });
    outcome.into_iter().collect()
}

/// Converts a failed read into results for the resource: denied means unknown, everything else failed.
pub(crate) fn unreadable<F: Family>(checked: (&Subject, &Settings), error: &CallError) -> Vec<ControlResult> {
    let status = if error.kind == ErrorKind::Denied { Status::Unknown } else { Status::Failed };
    everywhere::<F>(checked, status, &error.to_string(), error.retryable())
}

fn outcome(about: &About, subject: &Subject, status: Status, because: &str, retry: bool) -> ControlResult {
    let region = subject.place.region.as_str();
    ControlResult { retry, ..ControlResult::new((about.id, about.severity), &subject.arn, region, status, because) }
}

/// Returns the report of one call.
pub(crate) fn step_report<S: Step>(
    step: &S,
    place: &Place,
    status: StepStatus,
    error: Option<&CallError>,
) -> StepReport {
    let undo = step.undo(place);
    let (property, before) = (step.property(place), step.before());
    StepReport {
        action: step.actions().first().copied().unwrap_or_default().to_owned(),
        summary: step.to_string().into(),
        status,
        error: error.map(|error| error.to_string().into()),
        undo: property.undone_by_hand(before.as_ref()).into(),
        by_hand: property.by_hand(&step.after()).map(Into::into),
        before,
        after: step.after(),
        undo_once: undo.condition().map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::monitoring::Monitoring;
    use crate::settings::Modes;
    use crate::testing::laws::subject;

    fn denied(message: &str) -> CallError {
        let (kind, code) = (ErrorKind::Denied, "AccessDeniedException".to_owned());
        CallError { action: "cloudtrail:DescribeTrails", kind, code, message: message.to_owned() }
    }

    fn settings(modes: &[(&str, Mode)]) -> Settings {
        let overrides = modes.iter().map(|(id, mode)| ((*id).to_owned(), *mode)).collect();
        Settings::of(Modes { default: Mode::Enforce, overrides })
    }

    #[test]
    fn a_control_that_is_off_says_only_that_whatever_fails() {
        let (subject, settings) = (subject::<Monitoring>(), settings(&[("monitor-root-usage", Mode::DryRun)]));
        let results = unreadable::<Monitoring>((&subject, &settings), &denied("no"));
        let of =
            |status| results.iter().filter(|it| it.status == status).map(|it| it.control.as_str()).collect::<Vec<_>>();
        assert_eq!(of(Status::Unknown), ["monitor-s3-policy-changes", "monitor-root-usage"]);
        assert_eq!(of(Status::Exempt).len(), 13);
        let off = results.iter().filter(|it| it.status == Status::Exempt);
        assert!(off.into_iter().all(|it| it.because.contains("off unless") && !it.worth_telling()));
    }

    #[test]
    fn a_region_that_the_organization_closes_is_told_once_with_what_to_do() {
        let subject = subject::<Monitoring>();
        let error = denied("not authorized to perform it with an explicit deny in a service control policy");
        let on = settings(&[("monitor-root-usage", Mode::DryRun)]);
        let results = closed::<Monitoring>((&subject, &on), &error);
        let [only] = results.as_slice() else { panic!("{results:?}") };
        assert_eq!((only.status, only.control.as_str()), (Status::Advised, "monitor-s3-policy-changes"));
        assert!(only.because.contains("service control policy") && only.because.contains("eu-west-1"), "{only:?}");
        let off = settings(&[("monitor-s3-policy-changes", Mode::Off)]);
        assert_eq!(closed::<Monitoring>((&subject, &off), &error), []);
    }
}
