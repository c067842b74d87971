//! All that there is to tell.

use crate::intake::Intake;
use std::time::{SystemTime, UNIX_EPOCH};
use trailkeeper::access::Watching;
use trailkeeper::access::time::Time;
use trailkeeper::access::told::{AccessReport, BucketReport, Finding, Rest};
use trailkeeper::model::Severity;

/// All that there is to tell.
pub(crate) struct Standing<'a> {
    /// What was found.
    pub(crate) report: &'a AccessReport,
    /// By what it was judged.
    pub(crate) watching: &'a Watching,
    /// What was read.
    pub(crate) intake: &'a Intake<'a>,
    /// When.
    pub(crate) made: Time,
}

/// How bad it is, from the worst.
pub(crate) const SEVERITIES: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

impl<'a> Standing<'a> {
    /// The findings with their buckets, the worst first.
    pub(crate) fn findings(&self) -> Vec<(&'a BucketReport, &'a Finding)> {
        let mut findings: Vec<_> = self.report.findings().collect();
        findings.sort_by_key(|(_, finding)| std::cmp::Reverse((finding.severity, finding.times.count)));
        findings
    }

    /// What there was no place for among them, with its bucket.
    pub(crate) fn rests(&self) -> impl Iterator<Item = (&'a BucketReport, &'a Rest, Severity)> {
        let severity = |rest: &Rest| rest.kind.severity(rest.operations, rest.times.count > rest.times.refused);
        let of = move |bucket: &'a BucketReport| bucket.rest.iter().map(move |rest| (bucket, rest, severity(rest)));
        self.report.buckets.iter().flat_map(of)
    }

    /// The worst of all.
    pub(crate) fn worst(&self) -> Option<Severity> {
        self.rests().map(|(_, _, severity)| severity).chain(self.report.severity()).max()
    }

    /// When the first request was, and the last: to the minute at best.
    pub(crate) fn period(&self) -> Option<(Time, Time)> {
        let timeline = self.intake.timeline();
        let mut begins = timeline.spans().map(|(begin, _)| begin);
        let first = begins.next()?;
        let last = begins.next_back().unwrap_or(first);
        Some((first, Time(last.0 + timeline.length())))
    }
}

/// What the clock says.
pub(crate) fn now() -> Time {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Time(i64::try_from(seconds).unwrap_or_default())
}

/// A time without the letters that programs want. All times are in UTC.
pub(crate) fn clock(time: Time) -> String {
    time.to_string().replace('T', " ").replace('Z', "")
}
