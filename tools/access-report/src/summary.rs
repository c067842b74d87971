//! All that there is to tell.

use crate::intake::Intake;
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};
use trailkeeper::access::digest::OTHER_BUCKETS;
use trailkeeper::access::read::time::Time;
use trailkeeper::access::report::{AccessFinding, AccessReport, BucketReport, OmittedFindings};
use trailkeeper::model::Severity;
use trailkeeper::settings::watching::Watching;

/// All that there is to tell.
pub(crate) struct Summary<'a> {
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

impl<'a> Summary<'a> {
    /// The findings with their buckets, the worst first.
    pub(crate) fn findings(&self) -> Vec<(&'a BucketReport, &'a AccessFinding)> {
        let mut findings: Vec<_> = self.report.findings().collect();
        findings.sort_by_key(|(_, finding)| std::cmp::Reverse((finding.severity, finding.times.count)));
        findings
    }

    /// What there was no place for among them, with its bucket, the worst first.
    pub(crate) fn rests(&self) -> Vec<(&'a BucketReport, &'a OmittedFindings)> {
        let of = |bucket: &'a BucketReport| bucket.rest.iter().map(move |rest| (bucket, rest));
        let mut rests: Vec<_> = self.report.buckets.iter().flat_map(of).collect();
        rests.sort_by_key(|(_, rest)| std::cmp::Reverse((rest.severity, rest.times.count)));
        rests
    }

    /// When the first request was, and the last.
    pub(crate) fn period(&self) -> Option<(Time, Time)> {
        self.intake.timeline().ends()
    }

    /// How many requests were judged.
    pub(crate) fn requests(&self) -> u64 {
        self.report.buckets.iter().map(|bucket| bucket.requests).sum()
    }

    /// The buckets that were asked for, and that no request was to.
    pub(crate) fn silent(&self) -> Vec<&'a str> {
        let told: BTreeSet<&str> = self.report.buckets.iter().map(|bucket| bucket.bucket.as_str()).collect();
        // Names that were too many are summed up under one that no bucket can have.
        if told.contains(OTHER_BUCKETS) {
            return Vec::new();
        }
        self.watching.buckets.iter().map(String::as_str).filter(|bucket| !told.contains(bucket)).collect()
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
