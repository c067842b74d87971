//! Plans, from a view to violations and their remedies. Pure: no AWS, no clock, no environment.

use crate::exemption::{Exemptions, Ruling};
use crate::family::{Control, Family};
use crate::ledger::{Fight, FindingId};
use crate::model::{About, CallError, Region, Remedy, Severity, Step, Subject, Verdict};
use crate::settings::{Mode, Settings};
use chrono::{DateTime, Utc};

/// Violations of one resource, and the calls that fix them.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<F: Family> {
    /// Findings, one per control of the family, in the registry's order.
    pub findings: Vec<Finding>,
    /// Calls without duplicates, in the order in which they must be made.
    pub steps: Vec<Planned<F::Step>>,
}

impl<F: Family> Plan<F> {
    /// Returns whether any control finds a violation.
    #[must_use]
    pub fn finds_wrong(&self) -> bool {
        self.findings.iter().any(|it| matches!(it.outcome, Judgement::Advised { .. } | Judgement::Fixable { .. }))
    }
}

/// Finding of one control.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Description of the control.
    pub about: &'static About,
    /// Mode of the control in this installation.
    pub mode: Mode,
    /// Severity of a violation, in this view.
    pub severity: Severity,
    /// Whether nothing exempts from the control in this view, where it is violated.
    pub vital: bool,
    /// Judgement of the control.
    pub outcome: Judgement,
    /// Why the fix is not made although the mode allows it.
    pub withheld: Option<Withheld>,
}

/// Why a fix is not made although the mode allows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withheld {
    /// Somebody keeps undoing it.
    Fought {
        /// What the ledger knows of it.
        fight: Fight,
        /// What people are to be told of it now; `None` if they were told.
        telling: Option<FindingId>,
    },
    /// The control has made as many changes in this hour as it may.
    TooMany {
        /// How many these are.
        limit: u64,
        /// Whether this is the first change that is one too many.
        first: bool,
        /// End of the hour.
        until: DateTime<Utc>,
    },
    /// The ledger does not say whether it may be made, for this reason.
    Unasked(CallError),
}

/// Verdict whose steps have been placed in the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// The resource meets the requirement.
    Compliant,
    /// The control does not apply to this resource, with the reason.
    NotApplicable(String),
    /// Another resource is responsible, with the reason.
    Elsewhere {
        /// Region of that resource.
        region: Region,
        /// Id of that resource.
        id: String,
        /// Reason why that resource is responsible.
        because: String,
    },
    /// The control is switched off, with the reason.
    Off(String),
    /// The resource violates the requirement and is exempt from it, with the reason.
    Exempt(String),
    /// Cannot be determined, with what is missing.
    Unknown(String),
    /// The resource violates the requirement, and Trailkeeper never fixes this.
    Advised {
        /// Description of the violation.
        because: String,
        /// Advice on what a person should do.
        advice: String,
    },
    /// The resource violates the requirement, and steps of the plan fix this.
    Fixable {
        /// Description of the violation.
        because: String,
        /// Indices into [`Plan::steps`].
        steps: Vec<usize>,
    },
}

/// Step of a plan, and whether it may be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned<S> {
    /// Step to make.
    pub step: S,
    /// Whether a control in enforce mode requests the step. Otherwise it is only reported.
    pub enforce: bool,
    /// Whether the step replaces several calls.
    pub merged: bool,
}

/// Judges a view with every control of the family and merges the steps that they request.
///
/// Where one call can serve several controls, only one is made. The calls are ordered by rank and then by content, so
/// that the order does not depend on that of the controls.
#[must_use]
pub fn plan<F: Family>(view: &F::View, subject: &Subject, settings: &Settings, past: &Past) -> Plan<F> {
    plan_by(F::CONTROLS.iter(), view, subject, settings, past)
}

/// Lessons of the run so far that matter to a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// Controls that had a failed call: their steps are reported but no longer made.
    pub held: Vec<&'static str>,
    /// Whether a merged call was refused: then each control's call is made separately, so that a refused one does not
    /// block the others.
    pub apart: bool,
    /// Exemptions of the resource; `None` if they were not read, since nothing was wrong.
    pub exemptions: Option<Exemptions>,
    /// Controls whose fixes are withheld, and why.
    pub withheld: Vec<(&'static str, Withheld)>,
}

/// Judges a view with only these controls, in this order, and merges their steps.
pub(crate) fn plan_by<F: Family>(
    controls: impl Iterator<Item = &'static Control<F>>,
    view: &F::View,
    subject: &Subject,
    settings: &Settings,
    past: &Past,
) -> Plan<F> {
    let mut merged = Vec::new();
    let mut findings = Vec::new();
    for control in controls {
        let about = &control.about;
        let mode = settings.modes.of(about);
        let verdict = (mode != Mode::Off).then(|| (control.judge)(view, subject, settings));
        let withheld = past.withheld.iter().find(|(control, _)| *control == about.id).map(|(_, why)| why.clone());
        let enforce = mode == Mode::Enforce && !past.held.contains(&about.id) && withheld.is_none();
        let outcome = match verdict.map(|verdict| weighed::<F>(about.id, (view, subject, settings), verdict, past)) {
            None => Judgement::Off(off(about).to_owned()),
            Some(Err(because)) => Judgement::Exempt(because),
            Some(Ok(verdict)) => Judgement::of(verdict, |step| merge(&mut merged, step, enforce, past.apart)),
        };
        let severity = F::severity(about, view, subject, settings);
        let wrong = matches!(outcome, Judgement::Advised { .. } | Judgement::Fixable { .. });
        let vital = wrong && F::vital(about.id, view, subject, settings).is_some();
        findings.push(Finding { about, mode, severity, vital, outcome, withheld });
    }
    // Sorting moves the steps; the indices in the findings are adjusted.
    let mut order: Vec<usize> = (0..merged.len()).collect();
    order.sort_by_cached_key(|at| merged.get(*at).map(|it: &Planned<F::Step>| (it.step.rank(), it.step.to_string())));
    for finding in &mut findings {
        if let Judgement::Fixable { steps, .. } = &mut finding.outcome {
            let mut places: Vec<usize> = steps.iter().filter_map(|it| order.iter().position(|at| at == it)).collect();
            places.sort_unstable();
            places.dedup();
            *steps = places;
        }
    }
    Plan { findings, steps: order.into_iter().filter_map(|at| merged.get(at).cloned()).collect() }
}

/// Returns a verdict with notes on exemptions that do not apply, or the reason why the resource is exempt.
fn weighed<F: Family>(
    control: &str,
    (view, subject, settings): (&F::View, &Subject, &Settings),
    verdict: Verdict<F::Step>,
    past: &Past,
) -> Result<Verdict<F::Step>, String> {
    let (Verdict::Violation { because, remedy }, Some(exemptions)) = (&verdict, &past.exemptions) else {
        return Ok(verdict);
    };
    match exemptions.ruling(control, || F::vital(control, view, subject, settings)) {
        Ruling::Exempt(by) => Err(format!("{because}; exempt by {by}")),
        Ruling::Due(notes) => {
            let because = std::iter::once(because).chain(&notes).cloned().collect::<Vec<_>>().join("; ");
            Ok(Verdict::Violation { because, remedy: remedy.clone() })
        }
    }
}

/// Returns the index of a step among those of other controls: an equal one, one that can absorb it, or a new one. A
/// step to be made never absorbs one that is only reported.
fn merge<S: Step>(merged: &mut Vec<Planned<S>>, step: S, enforce: bool, apart: bool) -> usize {
    if let Some(at) = merged.iter().position(|planned| planned.step == step) {
        if let Some(planned) = merged.get_mut(at) {
            planned.enforce |= enforce;
        }
        return at;
    }
    let takes = |planned: &mut Planned<S>| {
        let takes = !apart && planned.enforce == enforce && planned.step.absorb(&step);
        planned.merged |= takes;
        takes
    };
    if let Some(at) = merged.iter_mut().position(takes) {
        return at;
    }
    merged.push(Planned { step, enforce, merged: false });
    merged.len() - 1
}

/// Returns why a control that is off is off.
pub(crate) fn off(about: &About) -> &'static str {
    if about.opt_in { "off unless TRAILKEEPER_CONTROLS turns it on" } else { "turned off by TRAILKEEPER_CONTROLS" }
}

impl Judgement {
    /// Places the verdict's steps among the merged ones.
    fn of<S>(verdict: Verdict<S>, place: impl FnMut(S) -> usize) -> Self {
        match verdict {
            Verdict::Compliant => Self::Compliant,
            Verdict::NotApplicable { because } => Self::NotApplicable(because),
            Verdict::Elsewhere { region, id, because } => Self::Elsewhere { region, id, because },
            Verdict::Unknown { needs } => Self::Unknown(needs),
            Verdict::Violation { because, remedy: Remedy::Advise(advice) } => Self::Advised { because, advice },
            Verdict::Violation { because, remedy: Remedy::Fix(fix) } => {
                Self::Fixable { because, steps: fix.into_iter().map(place).collect() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::transfer::Transfer;
    use crate::family::Control;
    use crate::settings::Modes;
    use crate::testing::laws::subject;
    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;

    /// Two controls that request the same steps.
    static TWINS: [Control<Transfer>; 2] = [twin("first"), twin("second")];

    const fn twin(id: &'static str) -> Control<Transfer> {
        let [one] = Transfer::CONTROLS else { panic!("another control has come") };
        Control { about: About { id, ..one.about }, judge: one.judge }
    }

    fn dry_run() -> Settings {
        Settings::of(Modes::all(Mode::DryRun))
    }

    /// Returns a server that needs the whole fix.
    fn silent() -> <Transfer as Family>::View {
        let views = <Transfer as crate::testing::laws::Lawful>::views(subject::<Transfer>());
        let mut runner = TestRunner::deterministic();
        let mut fresh = std::iter::from_fn(|| views.new_tree(&mut runner).ok().map(|tree| tree.current()));
        let whole =
            |view: &_| plan::<Transfer>(view, &subject::<Transfer>(), &dry_run(), &Past::default()).steps.len() == 3;
        fresh.find(whole).expect("a server without logging")
    }

    #[test]
    fn a_step_that_two_controls_ask_for_is_planned_once_and_enforced_if_one_may() {
        for (first, second) in [(Mode::Enforce, Mode::DryRun), (Mode::DryRun, Mode::Enforce)] {
            let overrides = [("first".to_owned(), first), ("second".to_owned(), second)].into();
            let settings = Settings::of(Modes { default: Mode::DryRun, overrides });
            let plan = plan_by(TWINS.iter(), &silent(), &subject::<Transfer>(), &settings, &Past::default());
            assert_eq!(plan.steps.len(), 3);
            assert!(plan.steps.iter().all(|planned| planned.enforce));
            for finding in plan.findings {
                let Judgement::Fixable { steps, .. } = finding.outcome else { panic!("{finding:?}") };
                assert_eq!(steps, [0, 1, 2]);
            }
        }
    }

    #[test]
    fn a_control_that_is_off_is_not_judged() {
        let modes = Modes { default: Mode::Enforce, overrides: [("first".to_owned(), Mode::Off)].into() };
        let plan =
            plan_by(TWINS[..1].iter(), &silent(), &subject::<Transfer>(), &Settings::of(modes), &Past::default());
        assert!(plan.steps.is_empty());
        assert!(matches!(plan.findings[0].outcome, Judgement::Off(_)));
    }
}
