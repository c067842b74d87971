//! Summary of everything to report.

use crate::intake::Intake;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};
use trailkeeper::access::digest::OTHER_BUCKETS;
use trailkeeper::access::judge::kind::FindingKind;
use trailkeeper::access::read::time::Time;
use trailkeeper::access::report::{AccessFinding, AccessReport, BucketReport, OmittedFindings, WhoKind, WhoReport};
use trailkeeper::model::Severity;
use trailkeeper::settings::watching::Watching;

/// Everything to report.
pub(crate) struct Summary<'a> {
    /// Report with the findings.
    pub(crate) report: &'a AccessReport,
    /// Settings that the requests were judged by.
    pub(crate) watching: &'a Watching,
    /// Inputs that were read.
    pub(crate) intake: &'a Intake<'a>,
    /// Time at which the report was made.
    pub(crate) made: Time,
}

/// Maximum number of readers that are offered.
const READERS: usize = 5;

/// Severities, from the worst.
pub(crate) const SEVERITIES: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

impl<'a> Summary<'a> {
    /// Returns the findings with their buckets, the worst first.
    pub(crate) fn findings(&self) -> Vec<(&'a BucketReport, &'a AccessFinding)> {
        let mut findings: Vec<_> = self.report.findings().collect();
        findings.sort_by_key(|(_, finding)| std::cmp::Reverse((finding.severity, finding.times.count)));
        findings
    }

    /// Returns what was not kept individually, with its bucket, the worst first.
    pub(crate) fn rests(&self) -> Vec<(&'a BucketReport, &'a OmittedFindings)> {
        let of = |bucket: &'a BucketReport| bucket.rest.iter().map(move |rest| (bucket, rest));
        let mut rests: Vec<_> = self.report.buckets.iter().flat_map(of).collect();
        rests.sort_by_key(|(_, rest)| std::cmp::Reverse((rest.severity, rest.times.count)));
        rests
    }

    /// Returns the times of the first and the last request.
    pub(crate) fn period(&self) -> Option<(Time, Time)> {
        self.intake.timeline().ends()
    }

    /// Returns the number of requests that were judged.
    pub(crate) fn requests(&self) -> u64 {
        self.report.buckets.iter().map(|bucket| bucket.requests).sum()
    }

    /// Returns whom to name as readers if they are: the machines of the account that read or listed logs, the most
    /// frequent first. Empty if readers are named already.
    pub(crate) fn readers_seen(&self) -> Vec<String> {
        if !self.watching.readers.is_empty() {
            return Vec::new();
        }
        let is_reader = |finding: &&AccessFinding| {
            let machine = matches!(finding.who.kind, WhoKind::Role | WhoKind::User) && finding.who.person.is_none();
            finding.kind == FindingKind::Read && machine && finding.who.foreign != Some(true)
        };
        let mut seen: BTreeMap<String, u64> = BTreeMap::new();
        for finding in self.report.findings().map(|(_, finding)| finding).filter(is_reader) {
            if let Some(name) = principal(&finding.who) {
                *seen.entry(name).or_default() += finding.times.count - finding.times.refused;
            }
        }
        let mut seen: Vec<(String, u64)> = seen.into_iter().filter(|(_, count)| *count > 0).collect();
        seen.sort_by_key(|(_, count)| Reverse(*count));
        seen.into_iter().map(|(name, _)| name).take(READERS).collect()
    }

    /// Returns the specified buckets without any request.
    pub(crate) fn silent(&self) -> Vec<&'a str> {
        let told: BTreeSet<&str> = self.report.buckets.iter().map(|bucket| bucket.bucket.as_str()).collect();
        // Excess buckets are counted under one name, which no bucket can have.
        if told.contains(OTHER_BUCKETS) {
            return Vec::new();
        }
        self.watching.buckets.iter().map(String::as_str).filter(|bucket| !told.contains(bucket)).collect()
    }
}

/// Returns a requester as the settings name it: a role rather than its sessions.
fn principal(who: &WhoReport) -> Option<String> {
    match (&who.role, &who.account) {
        (Some(role), Some(account)) => {
            let partition = who.requester.split(':').nth(1)?;
            Some(format!("arn:{partition}:iam::{account}:role/{role}"))
        }
        _ => Some(who.requester.clone()),
    }
}

/// Returns the current time.
pub(crate) fn now() -> Time {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Time(i64::try_from(seconds).unwrap_or_default())
}

/// Formats a time in UTC for people.
pub(crate) fn clock(time: Time) -> String {
    time.to_string().replace('T', " ").replace('Z', "")
}
