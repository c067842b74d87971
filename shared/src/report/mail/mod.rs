//! Mails: the report for people. The first sentences say what happened and what was done; the worst comes first.

mod exempt;
mod group;
mod lead;
mod list;
mod look_up;
mod names;
mod pattern;
mod subject;
#[cfg(test)]
mod tests;
mod undo;
mod verbs;

use super::{ControlResult, Report, Status};
use crate::model::{About, OneLine, Severity};
use list::list;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
pub(crate) use subject::SUBJECT;
pub use subject::subject;

/// What a mail says beyond its results.
#[derive(Debug, Clone, Copy)]
pub struct MailContext<'a> {
    /// Looks a control up by its id.
    pub control: fn(&str) -> Option<KnownControl>,
    /// Log group of the function.
    pub log_group: Option<&'a str>,
    /// Request id of the invocation.
    pub request_id: Option<&'a str>,
}

impl MailContext<'static> {
    /// A context in which nothing is known.
    pub const NONE: Self = Self { control: |_| None, log_group: None, request_id: None };
}

/// Control as mails need it.
#[derive(Debug, Clone, Copy)]
pub struct KnownControl {
    /// Name of the family that the control belongs to.
    pub family: &'static str,
    /// Description of the control.
    pub about: &'static About,
}

/// Returns the text of a mail about these results.
#[must_use]
pub fn text(report: &Report, results: &[ControlResult], context: &MailContext<'_>) -> String {
    let role = report.role.as_deref();
    // What a person can do, each with a head of its own.
    let actions = [
        undo::undo(results),
        exempt::exempt(report, results, context),
        look_up::calls(report, results),
        ending(report, results, context),
    ];
    let parts = [
        lead::sentences(report, results, context),
        lead::facts(report, results),
        list(results, &|_| false, role, context),
        actions.concat(),
    ];
    let parts: Vec<&str> = parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect();
    parts.join("\n\n") + "\n"
}

/// Returns a result of the resource that all results are of, if it is one.
fn only_resource(results: &[ControlResult]) -> Option<&ControlResult> {
    let first = results.first()?;
    results.iter().all(|it| (&it.region, &it.resource) == (&first.region, &first.resource)).then_some(first)
}

/// Maximum number of logs that a mail names.
const LOGS: usize = 5;

/// Returns where to read on: why the worst matters, and the log.
fn ending(report: &Report, results: &[ControlResult], context: &MailContext<'_>) -> String {
    let mut text = String::new();
    let known = results.iter().filter(|it| (context.control)(&it.control).is_some());
    if let Some(worst) = known.min_by_key(|it| order(it.status, it.severity)) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "Why: trailkeeper explain {} (docs/controls.md has every control)", worst.control);
    }
    let line = |group: Option<&str>, request: Option<&str>, event: Option<&str>| {
        // The log of a request names its event.
        let event = event.filter(|_| request.is_none()).map(|id| format!("event {id}"));
        let request = request.map(|id| format!("request {id}"));
        [group.map(str::to_owned), request, event].into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    // What a digest tells is in the logs of the functions that found it.
    let found = results.iter().filter_map(|it| it.hints.sweep.as_ref());
    let found: BTreeSet<String> = found.map(|it| line(it.log_group.as_deref(), Some(&it.request_id), None)).collect();
    let own = line(context.log_group, context.request_id, report.event.id.as_deref());
    let logs = if found.is_empty() { BTreeSet::from([own]) } else { found };
    for (at, log) in logs.iter().filter(|log| !log.is_empty()).take(LOGS).enumerate() {
        let _ = writeln!(text, "{} {}", if at == 0 { "Log:" } else { "    " }, OneLine::from(log.as_str()));
    }
    if let Some(more) = logs.len().checked_sub(LOGS).filter(|more| *more > 0) {
        let _ = writeln!(text, "     and those of {more} more requests");
    }
    text
}

/// Returns the distinct controls of results, in their order.
fn ids(results: &[ControlResult]) -> Vec<&str> {
    let mut ids: Vec<&str> = Vec::new();
    for result in results {
        if !ids.contains(&result.control.as_str()) {
            ids.push(&result.control);
        }
    }
    ids
}

/// Statuses, the worst first.
const WORST_FIRST: [Status; 10] = [
    Status::Failed,
    Status::Fought,
    Status::Changed,
    Status::Advised,
    Status::Planned,
    Status::Unknown,
    Status::Fixed,
    Status::Exempt,
    Status::NotApplicable,
    Status::Compliant,
];

/// Returns the place of a status among all, the worst first.
fn rank(status: Status) -> usize {
    WORST_FIRST.iter().position(|it| *it == status).unwrap_or(WORST_FIRST.len())
}

/// Returns the place of a result among all: what failed first, then by severity, then by status.
fn order(status: Status, severity: Severity) -> (bool, Reverse<Severity>, usize) {
    (status != Status::Failed, Reverse(severity), rank(status))
}

/// Returns the word of a status, in capitals.
fn upper(status: Status) -> String {
    status.as_str().to_uppercase()
}

/// Returns the number of results of each status: `1 FAILED, 49 fixed`, the worst first.
fn counts(results: &[ControlResult]) -> String {
    let count = |status: Status| {
        let count = results.iter().filter(|it| it.status == status).count();
        let word = if status == Status::Failed { upper(status) } else { status.as_str().to_owned() };
        (count > 0).then(|| format!("{count} {word}"))
    };
    WORST_FIRST.into_iter().filter_map(count).collect::<Vec<_>>().join(", ")
}

/// Returns the number of results of each severity, the highest first: `8 critical, 12 high`.
fn severities<'a>(results: impl Iterator<Item = &'a ControlResult>) -> Vec<String> {
    let mut counts = BTreeMap::new();
    for result in results {
        *counts.entry(Reverse(result.severity)).or_insert(0_usize) += 1;
    }
    counts.into_iter().map(|(Reverse(severity), count)| format!("{count} {}", severity.as_str())).collect()
}

/// Returns whether a result says that the resource could not be checked, rather than what is wrong with it.
fn is_unchecked(result: &ControlResult) -> bool {
    result.status == Status::Unknown || result.status == Status::Failed && result.steps.is_empty()
}
