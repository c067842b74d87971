//! Groups: results with equal causes and statuses, which are told once.

use super::order;
use super::pattern::{Names, TextPattern, rendered};
use crate::model::{OneLine, Severity};
use crate::report::{ControlResult, Status, StepReport, StepStatus};
use crate::settings::table::by_parameter;
use std::cmp::Reverse;
use std::collections::BTreeSet;

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
    /// What each case says, in their order.
    keys: Vec<GroupKey>,
}

/// What a group has in common.
#[derive(Debug, Clone, PartialEq)]
struct GroupKey {
    status: Status,
    capped: bool,
    said: Vec<SaidPattern>,
    errors: Vec<TextPattern>,
}

/// What a result says, without what is only so of its resource.
#[derive(Debug, Clone, PartialEq)]
struct SaidPattern {
    control: String,
    severity: Severity,
    because: TextPattern,
    advice: Option<TextPattern>,
}

/// What the results of a group say of one control.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) control: String,
    pub(super) severity: Severity,
    pub(super) because: OneLine,
    pub(super) advice: Option<Advice>,
}

/// What a person is advised to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Advice {
    pub(super) text: OneLine,
    /// The same, whatever the resource is called.
    pub(super) kind: String,
    /// Whether the text is only that of the first resource.
    pub(super) of_first: bool,
}

/// Call, and how often it was made.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StepCalls<'a> {
    pub(super) status: StepStatus,
    pub(super) action: &'a str,
    pub(super) line: OneLine,
    /// The same, whatever the resource and its region are called.
    pub(super) kind: String,
    /// Whether it names the resource.
    pub(super) is_of_resource: bool,
    pub(super) error: Option<OneLine>,
    /// How often it was made, or where it would be: empty if once, or for each resource.
    pub(super) times: String,
    /// Regions of the call, which is another call elsewhere; empty for one that is the same everywhere.
    pub(super) regions: BTreeSet<&'a str>,
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
        match groups.iter_mut().find(|group| group.keys.first() == Some(&key)) {
            Some(group) => {
                group.cases.push(case);
                group.keys.push(key);
            }
            None => groups.push(Group { cases: vec![case], keys: vec![key] }),
        }
    }
    let own = |group: &Group<'_>| (order(group.status(), group.severity()), Reverse(group.cases.len()));
    let section = |group: &Group<'_>| (group.status(), group.is_capped());
    groups.sort_by_key(own);
    // What has one status stands together, in the place of its worst.
    let mut sections: Vec<(Status, bool)> = Vec::new();
    for section in groups.iter().map(section) {
        if !sections.contains(&section) {
            sections.push(section);
        }
    }
    groups.sort_by_key(|group| sections.iter().position(|it| *it == section(group)));
    groups
}

impl<'a> Case<'a> {
    fn names(&self) -> Names<'a> {
        Names::of(self.resource, self.region)
    }

    fn key(&self) -> GroupKey {
        let names = self.names();
        let errors = self.steps().filter_map(|step| Some(names.pattern(step.error.as_ref()?)));
        GroupKey {
            status: self.status,
            capped: self.results.iter().any(|it| it.hints.capped),
            said: self.said(&names),
            errors: errors.collect(),
        }
    }

    /// Returns what the results say, the most severe first. What a call says by its error is left out.
    fn said(&self, names: &Names<'_>) -> Vec<SaidPattern> {
        let mut said: Vec<SaidPattern> = self
            .results
            .iter()
            .map(|result| {
                let failed = self.steps().filter_map(|step| step.error.as_ref());
                let endings = failed.map(|error| format!("; the fix failed: {error}"));
                let because =
                    endings.fold(&*result.because, |text, ending| text.strip_suffix(&*ending).unwrap_or(text));
                let fight = result.hints.fight.as_ref().map(|fight| format!("; {fight}"));
                let because = fight.and_then(|fight| because.strip_suffix(&*fight)).unwrap_or(because);
                SaidPattern {
                    control: result.control.clone(),
                    severity: result.severity,
                    because: names.pattern(&by_parameter(because)),
                    advice: result.advice.as_ref().map(|advice| names.pattern(&by_parameter(advice))),
                }
            })
            .collect();
        said.sort_by_key(|it| Reverse(it.severity));
        said
    }

    /// Returns the calls, each once, however many controls asked for it. What a control needs before a call stands before
    /// it.
    pub(super) fn steps(&self) -> impl Iterator<Item = &'a StepReport> {
        let mut steps: Vec<&StepReport> = Vec::new();
        for result in &self.results {
            let (mut new, mut end) = (Vec::new(), 0);
            for step in &result.steps {
                let same = |it: &&StepReport| {
                    (it.status, &it.summary, &it.action, &it.undo)
                        == (step.status, &step.summary, &step.action, &step.undo)
                };
                match steps.iter().position(same) {
                    Some(known) => {
                        let at = known.max(end);
                        end = at + new.len() + usize::from(known == at);
                        steps.splice(at..at, new.drain(..));
                    }
                    None if new.iter().any(same) => {}
                    None => new.push(step),
                }
            }
            steps.splice(end..end, new);
        }
        steps.into_iter()
    }
}

impl<'a> Group<'a> {
    pub(super) fn status(&self) -> Status {
        self.keys.first().map_or(Status::Unknown, |key| key.status)
    }

    pub(super) fn is_capped(&self) -> bool {
        self.keys.first().is_some_and(|key| key.capped)
    }

    pub(super) fn severity(&self) -> Severity {
        self.results().map(|it| it.severity).max().unwrap_or(Severity::Low)
    }

    fn names(&self) -> Names<'a> {
        self.cases.first().map_or_else(|| Names::of("", ""), Case::names)
    }

    /// Returns what the results say: of a single resource with its name, of several with `each`.
    pub(super) fn said(&self) -> Vec<Said> {
        let names = self.names();
        let of_first = self.keys.first().into_iter().flat_map(|key| key.said.iter().enumerate());
        of_first
            .map(|(at, first)| {
                let all = || self.keys.iter().filter_map(move |key| key.said.get(at));
                let because: Vec<&TextPattern> = all().map(|said| &said.because).collect();
                let advice: Vec<&TextPattern> = all().filter_map(|said| said.advice.as_ref()).collect();
                Said {
                    control: first.control.clone(),
                    severity: first.severity,
                    because: rendered(&because, &names).into(),
                    advice: (!advice.is_empty()).then(|| advised(&advice, &names)),
                }
            })
            .collect()
    }

    /// Returns the calls, those that were alike for each resource once, with their number.
    pub(super) fn calls(&self) -> Vec<StepCalls<'a>> {
        struct AlikeCalls<'a> {
            step: &'a StepReport,
            lines: Vec<TextPattern>,
            errors: Vec<TextPattern>,
            regions: BTreeSet<&'a str>,
        }
        let mut calls: Vec<AlikeCalls<'a>> = Vec::new();
        for (case, step) in self.cases.iter().flat_map(|case| case.steps().map(move |step| (case, step))) {
            let names = case.names();
            let line = names.pattern(&step.summary).by_name(&names);
            let error = step.error.as_ref().map(|error| names.pattern(error));
            let same = |it: &&mut AlikeCalls<'_>| {
                (it.step.status, &it.step.action) == (step.status, &step.action)
                    && it.lines.first() == Some(&line)
                    && it.errors.first() == error.as_ref()
            };
            match calls.iter_mut().find(same) {
                Some(call) => {
                    call.lines.push(line);
                    call.errors.extend(error);
                    call.regions.insert(case.region);
                }
                None => calls.push(AlikeCalls {
                    step,
                    lines: vec![line],
                    errors: error.into_iter().collect(),
                    regions: BTreeSet::from([case.region]),
                }),
            }
        }
        let (names, all) = (self.names(), self.cases.len());
        let told = |AlikeCalls { step, lines, errors, regions }: AlikeCalls<'a>| {
            let line = rendered(&lines.iter().collect::<Vec<_>>(), &names);
            let is_one = lines.windows(2).all(|two| matches!(two, [one, other] if one.is_identical(other)));
            // IAM has no regions.
            let is_global = is_one && step.action.starts_with("iam:");
            let times = match (step.status, lines.len(), regions.len()) {
                (_, 1, _) => String::new(),
                // What several resources of a region share is made once.
                (StepStatus::Planned, _, 1) if is_one => String::new(),
                (StepStatus::Planned, ..) if is_global => String::new(),
                (StepStatus::Planned, many, _) if !is_one && many == all => String::new(),
                (StepStatus::Planned, _, many) if is_one => format!(", in {many} regions"),
                (_, many, _) => format!(", {many} times"),
            };
            StepCalls {
                status: step.status,
                action: &step.action,
                line: line.into(),
                kind: lines.first().map(TextPattern::kind).unwrap_or_default(),
                is_of_resource: lines.first().is_some_and(TextPattern::is_of_resource),
                error: (!errors.is_empty()).then(|| rendered(&errors.iter().collect::<Vec<_>>(), &names).into()),
                times,
                regions: if is_global { BTreeSet::new() } else { regions },
            }
        };
        calls.into_iter().map(told).collect()
    }

    /// Returns all results.
    pub(super) fn results(&self) -> impl Iterator<Item = &'a ControlResult> {
        self.cases.iter().flat_map(|case| case.results.iter().copied())
    }
}

/// Returns the advice of all resources of a group: a command is that of the first.
fn advised(patterns: &[&TextPattern], names: &Names<'_>) -> Advice {
    let all = rendered(patterns, names);
    let first = patterns.first().map(|first| rendered(&[first], names)).unwrap_or_default();
    let of_first = all != first && first.contains("aws ");
    let kind = patterns.first().map(|first| first.kind()).unwrap_or_default();
    Advice { text: if of_first { first } else { all }.into(), kind, of_first }
}
