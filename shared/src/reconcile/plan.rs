//! From a view to what is wrong and what to do about it. Pure: no AWS, no clock, no environment.

use crate::exemption::{Exemptions, Ruling};
use crate::family::{Control, Family};
use crate::model::{About, Region, Remedy, Step, Subject, Verdict};
use crate::settings::{Mode, Settings};

/// What is wrong with one resource, and the calls that put it right.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<F: Family> {
    /// One finding for each control of the family, in the registry's order.
    pub findings: Vec<Finding>,
    /// The calls, each once, in the order in which they must be made.
    pub steps: Vec<Planned<F::Step>>,
}

impl<F: Family> Plan<F> {
    /// Whether any control finds something wrong.
    #[must_use]
    pub fn finds_wrong(&self) -> bool {
        self.findings.iter().any(|it| matches!(it.outcome, Judgement::Advised { .. } | Judgement::Fixable { .. }))
    }
}

/// What one control says.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The control.
    pub about: &'static About,
    /// What this installation lets the control do.
    pub mode: Mode,
    /// What it says.
    pub outcome: Judgement,
}

/// A verdict whose steps have found their place in the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// As it must be.
    Compliant,
    /// Does not concern this resource, because.
    NotApplicable(String),
    /// Another resource answers for it, because.
    Elsewhere {
        /// Where that one is.
        region: Region,
        /// Its id.
        id: String,
        /// Why it is that one.
        because: String,
    },
    /// Switched off or exempted, because.
    Exempt(String),
    /// Cannot be told; what is missing.
    Unknown(String),
    /// Wrong, and never fixed by us.
    Advised {
        /// What is wrong.
        because: String,
        /// What a person should do.
        advice: String,
    },
    /// Wrong, and put right by these of the plan's steps.
    Fixable {
        /// What is wrong.
        because: String,
        /// Indices into [`Plan::steps`].
        steps: Vec<usize>,
    },
}

/// A step with the leave to make it.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned<S> {
    /// The call.
    pub step: S,
    /// Whether a control in enforce mode asks for it. Otherwise it is only told.
    pub enforce: bool,
    /// Whether it does what would else be several calls.
    pub merged: bool,
}

/// Judges a view by every control of the family and merges what they ask for.
///
/// What one call can do for several controls is done by one. The order of the calls is by rank and then by what they
/// do, so that it does not depend on the order of the controls.
#[must_use]
pub fn plan<F: Family>(view: &F::View, subject: &Subject, settings: &Settings, past: &Past) -> Plan<F> {
    plan_by(F::CONTROLS.iter(), view, subject, settings, past)
}

/// What the run has taught so far, as far as it matters to a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// The controls that have had a call fail: what they ask for is told, and made no more.
    pub held: Vec<&'static str>,
    /// Whether a call was refused that did the work of several: then each control's own is made by itself, so that one
    /// that is refused does not keep back the others.
    pub apart: bool,
    /// What exempts the resource; `None` where it was not looked at, since nothing was wrong.
    pub exemptions: Option<Exemptions>,
}

/// The same by these controls alone, in this order.
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
        let enforce = mode == Mode::Enforce && !past.held.contains(&about.id);
        let outcome = match verdict.map(|verdict| weighed::<F>(about.id, view, verdict, past)) {
            None => Judgement::off(about),
            Some(Err(because)) => Judgement::Exempt(because),
            Some(Ok(verdict)) => Judgement::of(verdict, |step| merge(&mut merged, step, enforce, past.apart)),
        };
        findings.push(Finding { about, mode, outcome });
    }
    // Sorting moves the steps; the findings follow them.
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

/// A verdict with what does not exempt the resource from it; or why it is exempt.
fn weighed<F: Family>(
    control: &str,
    view: &F::View,
    verdict: Verdict<F::Step>,
    past: &Past,
) -> Result<Verdict<F::Step>, String> {
    let (Verdict::Violation { because, remedy }, Some(exemptions)) = (&verdict, &past.exemptions) else {
        return Ok(verdict);
    };
    match exemptions.ruling(control, || F::vital(control, view)) {
        Ruling::Exempt(by) => Err(format!("{because}; exempt by {by}")),
        Ruling::Due(notes) => {
            let because = std::iter::once(because).chain(&notes).cloned().collect::<Vec<_>>().join("; ");
            Ok(Verdict::Violation { because, remedy: remedy.clone() })
        }
    }
}

/// Finds a step its place among those of other controls: an equal one, one that can take it in, or one of its own.
/// A call that is to be made never takes in what is only told.
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

impl Judgement {
    fn off(about: &About) -> Self {
        let why = if about.opt_in {
            "off unless TRAILKEEPER_CONTROLS turns it on"
        } else {
            "turned off by TRAILKEEPER_CONTROLS"
        };
        Self::Exempt(why.to_owned())
    }

    /// Gives the verdict's steps their place among the merged ones.
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

    /// Two controls that ask for the same steps.
    static TWINS: [Control<Transfer>; 2] = [twin("first"), twin("second")];

    const fn twin(id: &'static str) -> Control<Transfer> {
        let [one] = Transfer::CONTROLS else { panic!("another control has come") };
        Control { about: About { id, ..one.about }, judge: one.judge }
    }

    fn dry_run() -> Settings {
        Settings::of(Modes::all(Mode::DryRun))
    }

    /// A server that needs the whole fix.
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
        assert!(matches!(plan.findings[0].outcome, Judgement::Exempt(_)));
    }
}
