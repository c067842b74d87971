//! Makes the report of what was taken.

use crate::assumptions::Assumptions;
use crate::caller::CallerKind;
use crate::calls::GUARD;
use crate::chain::Validation;
use crate::cost::Cost;
use crate::intake::{Counts, Intake};
use crate::proposal::Proposal;
use crate::report::{CallWakes, CallerWakes, DayWakes, FunctionWakes, LIMITS, ReadRecords, ReplayReport, Unread};
use crate::sequence::{find, time};
use std::collections::BTreeMap;

/// Number of callers of a kind that are named.
const NAMED: usize = 5;

/// What is known of the files and calls that were read, beside their records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sources {
    /// Where from, as it was given.
    pub given: Vec<String>,
    /// Number of files that were read.
    pub files: u64,
    /// Number of records that are no records.
    pub malformed: u64,
    /// Files that hold no records of calls, by what they are.
    pub passed_over: BTreeMap<String, u64>,
    /// Of what something is missing, and why.
    pub unread: Vec<Unread>,
    /// What was left out on purpose.
    pub left_out: Vec<String>,
    /// How far the files were validated.
    pub validation: Option<Validation>,
}

impl Intake {
    /// Makes the report.
    #[must_use]
    pub fn finish(self, sources: Sources) -> ReplayReport {
        let found = find(&self);
        let days = days(&self.assumptions, &self.counts);
        #[allow(clippy::cast_precision_loss, reason = "an average of at most some billions")]
        let a_day = |count: u64| count as f64 / days;
        let proposal = Proposal::of(&found.fights, &found.losses);
        let counts = &self.counts;
        ReplayReport {
            version: env!("CARGO_PKG_VERSION"),
            limits: LIMITS,
            wakes: self.functions(a_day),
            days: self.days(),
            callers: self.callers(),
            calls: self.called(),
            fights: found.fights,
            losses: found.losses,
            tried: found.tried,
            cost: Cost::of(a_day(counts.waking)),
            proposal,
            validation: sources.validation,
            read: ReadRecords {
                sources: sources.given,
                records: counts.records,
                outside: counts.outside,
                copies: counts.copies,
                unusable: counts.unusable + sources.malformed,
                first: counts.first.map(|at| time(at.timestamp())),
                last: counts.last.map(|at| time(at.timestamp())),
                days,
                accounts: counts.accounts.iter().cloned().collect(),
                regions: counts.regions.iter().cloned().collect(),
                files: sources.files,
                passed_over: sources.passed_over,
                unread: sources.unread,
                log_buckets: found.log_buckets,
                left_out: sources.left_out,
            },
        }
    }

    fn functions(&self, a_day: impl Fn(u64) -> f64) -> Vec<FunctionWakes> {
        let mut functions: BTreeMap<_, FunctionWakes> = BTreeMap::new();
        for ((day, function), wakes) in &self.counts.wakes {
            let name = self.calls.name(*function);
            let empty = FunctionWakes { function: name, woken: 0, looks: 0, a_day: 0.0, busiest: None };
            let of = functions.entry(*function).or_insert(empty);
            of.woken += wakes.woken;
            of.looks += if name == GUARD { wakes.woken } else { wakes.looks };
            if of.busiest.as_ref().is_none_or(|(_, most)| wakes.woken > *most) {
                of.busiest = Some((day.to_string(), wakes.woken));
            }
        }
        functions.into_values().map(|of| FunctionWakes { a_day: a_day(of.woken), ..of }).collect()
    }

    fn days(&self) -> Vec<DayWakes> {
        let mut days: BTreeMap<String, BTreeMap<&'static str, u64>> = BTreeMap::new();
        for ((day, function), wakes) in &self.counts.wakes {
            days.entry(day.to_string()).or_default().insert(self.calls.name(*function), wakes.woken);
        }
        days.into_iter().map(|(day, woken)| DayWakes { day, woken }).collect()
    }

    fn callers(&self) -> Vec<CallerWakes> {
        let of_kind = |kind: CallerKind| {
            let of = self.counts.callers.iter().filter(|((of, _), _)| *of == kind);
            let mut most: Vec<(String, u64)> =
                of.map(|((_, who), calls)| (self.names.text(*who).to_owned(), *calls)).collect();
            most.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            let (calls, others) = (most.iter().map(|(_, calls)| calls).sum(), most.len().saturating_sub(NAMED));
            most.truncate(NAMED);
            CallerWakes { kind, calls, most, others }
        };
        CallerKind::ALL.into_iter().map(of_kind).filter(|it| it.calls > 0).collect()
    }

    fn called(&self) -> Vec<CallWakes> {
        let counts = self.counts.called.iter();
        let mut calls: Vec<CallWakes> = counts
            .map(|((service, call), calls)| CallWakes { service: service.clone(), call: call.clone(), calls: *calls })
            .collect();
        calls.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.call.cmp(&b.call)));
        calls
    }
}

/// Returns the number of days that were looked at, at least one.
fn days(assumptions: &Assumptions, counts: &Counts) -> f64 {
    let between = || Some((counts.last? - counts.first?).as_seconds_f64() / 86_400.0);
    let given = assumptions.days.map(f64::from);
    given.or_else(between).unwrap_or_default().max(1.0)
}
