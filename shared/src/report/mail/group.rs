//! Groups: results with equal causes and statuses, which are told once.

use super::names::ResourceWord;
use super::order;
use crate::model::{OneLine, Severity};
use crate::report::{ControlResult, Status, StepReport, StepStatus};
use crate::settings::table::by_parameter;
use std::cmp::Reverse;

/// What stands for the resource where several are told of at once.
const EACH: &str = "each";

/// Results of one resource that have the same status.
#[derive(Debug, Clone)]
pub(super) struct Case<'a> {
    pub(super) status: Status,
    pub(super) resource: &'a str,
    pub(super) region: &'a str,
    pub(super) results: Vec<&'a ControlResult>,
}

/// Cases that are told at once, since their causes are equal.
#[derive(Debug, Clone)]
pub(super) struct Group<'a> {
    pub(super) cases: Vec<Case<'a>>,
    key: GroupKey,
}

/// What a group has in common.
#[derive(Debug, Clone, PartialEq, Eq)]
struct GroupKey {
    status: Status,
    capped: bool,
    said: Vec<Said>,
    errors: Vec<String>,
}

/// What a result says, without what is only so of its resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) control: String,
    pub(super) severity: Severity,
    pub(super) because: OneLine,
    pub(super) advice: Option<OneLine>,
}

/// Call, and how often it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StepCalls {
    pub(super) status: StepStatus,
    pub(super) line: OneLine,
    pub(super) error: Option<OneLine>,
    pub(super) count: usize,
}

/// Returns the groups of results, the worst first.
pub(super) fn groups(results: &[ControlResult]) -> Vec<Group<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for result in results {
        let same = |it: &&mut Case<'_>| {
            (it.status, it.resource, it.region) == (result.status, &*result.resource, &result.region)
        };
        match cases.iter_mut().find(same) {
            Some(case) => case.results.push(result),
            None => cases.push(Case {
                status: result.status,
                resource: &result.resource,
                region: &result.region,
                results: vec![result],
            }),
        }
    }
    let mut groups: Vec<Group<'_>> = Vec::new();
    for case in cases {
        let key = case.key();
        match groups.iter_mut().find(|group| group.key == key) {
            Some(group) => group.cases.push(case),
            None => groups.push(Group { cases: vec![case], key }),
        }
    }
    groups.sort_by_key(|group| (order(group.key.status, group.severity()), Reverse(group.cases.len())));
    groups
}

impl<'a> Case<'a> {
    /// Returns the text with `each` in place of the resource.
    fn without_names(&self, text: &str) -> String {
        let word = ResourceWord::of(self.resource);
        let noun = word.noun.rsplit(' ').next().unwrap_or_default();
        let without = |text: &str, name: &str| {
            text.replace(&format!("{noun} {name}"), &format!("{EACH} {noun}")).replace(name, EACH)
        };
        let text = without(text, self.resource);
        // A short name is part of other words.
        word.name.filter(|name| name.len() > 3).map_or(text.clone(), |name| without(&text, name))
    }

    fn key(&self) -> GroupKey {
        let errors = self.steps().filter_map(|step| Some(self.without_names(step.error.as_ref()?)));
        GroupKey {
            status: self.status,
            capped: self.results.iter().any(|it| it.hints.capped),
            said: self.said(|text| self.without_names(text)),
            errors: errors.collect(),
        }
    }

    /// Returns what the results say, the most severe first. What a call says by its error is left out.
    fn said(&self, of: impl Fn(&str) -> String) -> Vec<Said> {
        let mut said: Vec<Said> = self
            .results
            .iter()
            .map(|result| {
                let failed = self.steps().filter_map(|step| step.error.as_ref());
                let endings = failed.map(|error| format!("; the fix failed: {error}"));
                let because =
                    endings.fold(&*result.because, |text, ending| text.strip_suffix(&*ending).unwrap_or(text));
                let fight = result.hints.fight.as_ref().map(|fight| format!("; {fight}"));
                let because = fight.and_then(|fight| because.strip_suffix(&*fight)).unwrap_or(because);
                Said {
                    control: result.control.clone(),
                    severity: result.severity,
                    because: by_parameter(&of(because)).into(),
                    advice: result.advice.as_ref().map(|advice| by_parameter(&of(advice)).into()),
                }
            })
            .collect();
        said.sort_by_key(|it| Reverse(it.severity));
        said
    }

    /// Returns the calls, each once, however many controls asked for it.
    pub(super) fn steps(&self) -> impl Iterator<Item = &'a StepReport> {
        let mut steps: Vec<&StepReport> = Vec::new();
        for step in self.results.iter().flat_map(|result| &result.steps) {
            let same = |it: &&StepReport| {
                (it.status, &it.summary, &it.action, &it.undo) == (step.status, &step.summary, &step.action, &step.undo)
            };
            if !steps.iter().any(same) {
                steps.push(step);
            }
        }
        steps.into_iter()
    }
}

impl<'a> Group<'a> {
    pub(super) fn status(&self) -> Status {
        self.key.status
    }

    pub(super) fn is_capped(&self) -> bool {
        self.key.capped
    }

    pub(super) fn severity(&self) -> Severity {
        self.key.said.iter().map(|it| it.severity).max().unwrap_or(Severity::Low)
    }

    /// Returns what the results say: of a single resource with its name, of several with `each`.
    pub(super) fn said(&self) -> Vec<Said> {
        match self.cases.as_slice() {
            [one] => one.said(str::to_owned),
            _ => self.key.said.clone(),
        }
    }

    /// Returns the calls, those that were alike for each resource once, with their number.
    pub(super) fn calls(&self) -> Vec<StepCalls> {
        let mut calls: Vec<StepCalls> = Vec::new();
        for (case, step) in self.cases.iter().flat_map(|case| case.steps().map(move |step| (case, step))) {
            let text = |text: &str| {
                OneLine::from(if self.cases.len() == 1 { text.to_owned() } else { case.without_names(text) })
            };
            let line = text(&format!("{} ({})", step.summary, step.action));
            let error = step.error.as_ref().map(|error| text(error));
            match calls.iter_mut().find(|it| (it.status, &it.line, &it.error) == (step.status, &line, &error)) {
                Some(call) => call.count += 1,
                None => calls.push(StepCalls { status: step.status, line, error, count: 1 }),
            }
        }
        calls
    }

    /// Returns all results.
    pub(super) fn results(&self) -> impl Iterator<Item = &'a ControlResult> {
        self.cases.iter().flat_map(|case| case.results.iter().copied())
    }
}
