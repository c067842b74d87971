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
