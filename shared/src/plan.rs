//! From a view to what is wrong and what to do about it. Pure: no AWS, no clock, no environment.

use crate::model::{About, Control, Family, Remedy, Step, Subject, Verdict};
use crate::settings::{Mode, Modes};

/// What is wrong with one resource, and the calls that put it right.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<F: Family> {
    /// One finding for each control of the family, in the registry's order.
    pub findings: Vec<Finding>,
    /// The calls, each once, in the order in which they must be made.
    pub steps: Vec<Planned<F::Step>>,
}

/// What one control says.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The control.
    pub about: &'static About,
    /// What this installation lets the control do.
    pub mode: Mode,
    /// What it says.
    pub outcome: Outcome,
}

/// A verdict whose steps have found their place in the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// As it must be.
    Compliant,
    /// Does not concern this resource, because.
    NotApplicable(String),
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
}

/// Judges a view by every control of the family and merges what they ask for.
///
/// Steps that several controls ask for are made once. Their order is by rank and then by what they do, so that it
/// does not depend on the order of the controls.
#[must_use]
pub fn plan<F: Family>(view: &F::View, subject: &Subject, modes: &Modes) -> Plan<F> {
    plan_by(F::CONTROLS.iter(), view, subject, modes)
}

/// The same by these controls alone, in this order.
pub(crate) fn plan_by<F: Family>(
    controls: impl Iterator<Item = &'static Control<F>>,
    view: &F::View,
    subject: &Subject,
    modes: &Modes,
) -> Plan<F> {
    let judged: Vec<_> = controls
        .map(|control| {
            let mode = modes.of(control.about.id);
            let verdict = (mode != Mode::Off).then(|| (control.judge)(view, subject));
            (&control.about, mode, verdict)
        })
        .collect();

    let mut steps: Vec<Planned<F::Step>> = Vec::new();
    for (_, mode, verdict) in &judged {
        let Some(Verdict::Violation { remedy: Remedy::Fix(fix), .. }) = verdict else { continue };
        for step in fix {
            let enforce = *mode == Mode::Enforce;
            match steps.iter_mut().find(|planned| planned.step == *step) {
                Some(planned) => planned.enforce |= enforce,
                None => steps.push(Planned { step: step.clone(), enforce }),
            }
        }
    }
    steps.sort_by_cached_key(|planned| (planned.step.rank(), planned.step.to_string()));

    let findings = judged
        .into_iter()
        .map(|(about, mode, verdict)| Finding { about, mode, outcome: Outcome::of(verdict, &steps) })
        .collect();
    Plan { findings, steps }
}

impl Outcome {
    /// Gives the verdict's steps their place among the merged ones. No verdict: the control is off.
    fn of<S: Step>(verdict: Option<Verdict<S>>, merged: &[Planned<S>]) -> Self {
        match verdict {
            None => Self::Exempt("switched off by TRAILKEEPER_CONTROLS".to_owned()),
            Some(Verdict::Compliant) => Self::Compliant,
            Some(Verdict::NotApplicable { because }) => Self::NotApplicable(because),
            Some(Verdict::Unknown { needs }) => Self::Unknown(needs),
            Some(Verdict::Violation { because, remedy: Remedy::Advise(advice) }) => Self::Advised { because, advice },
            Some(Verdict::Violation { because, remedy: Remedy::Fix(fix) }) => {
                let place = |(at, planned): (usize, &Planned<S>)| fix.contains(&planned.step).then_some(at);
                Self::Fixable { because, steps: merged.iter().enumerate().filter_map(place).collect() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::laws::subject;
    use crate::model::Control;
    use crate::transfer::Transfer;
    use proptest::strategy::{Strategy, ValueTree};
    use proptest::test_runner::TestRunner;

    /// Two controls that ask for the same steps.
    static TWINS: [Control<Transfer>; 2] = [twin("first"), twin("second")];

    const fn twin(id: &'static str) -> Control<Transfer> {
        let [one] = Transfer::CONTROLS else { panic!("another control has come") };
        Control { about: About { id, ..one.about }, judge: one.judge }
    }

    /// A server that needs the whole fix.
    fn silent() -> <Transfer as Family>::View {
        let views = <Transfer as crate::laws::Lawful>::views(subject::<Transfer>());
        let mut runner = TestRunner::deterministic();
        let mut fresh = std::iter::from_fn(|| views.new_tree(&mut runner).ok().map(|tree| tree.current()));
        let whole =
            |view: &_| plan::<Transfer>(view, &subject::<Transfer>(), &Modes::all(Mode::DryRun)).steps.len() == 3;
        fresh.find(whole).expect("a server without logging")
    }

    #[test]
    fn a_step_that_two_controls_ask_for_is_planned_once_and_enforced_if_one_may() {
        for (first, second) in [(Mode::Enforce, Mode::DryRun), (Mode::DryRun, Mode::Enforce)] {
            let overrides = [("first".to_owned(), first), ("second".to_owned(), second)].into();
            let modes = Modes { default: Mode::DryRun, overrides };
            let plan = plan_by(TWINS.iter(), &silent(), &subject::<Transfer>(), &modes);
            assert_eq!(plan.steps.len(), 3);
            assert!(plan.steps.iter().all(|planned| planned.enforce));
            for finding in plan.findings {
                let Outcome::Fixable { steps, .. } = finding.outcome else { panic!("{finding:?}") };
                assert_eq!(steps, [0, 1, 2]);
            }
        }
    }

    #[test]
    fn a_control_that_is_off_is_not_judged() {
        let modes = Modes { default: Mode::Enforce, overrides: [("first".to_owned(), Mode::Off)].into() };
        let plan = plan_by(TWINS[..1].iter(), &silent(), &subject::<Transfer>(), &modes);
        assert!(plan.steps.is_empty());
        assert!(matches!(plan.findings[0].outcome, Outcome::Exempt(_)));
    }
}
