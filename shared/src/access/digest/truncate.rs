//! Shortens a report to a number of findings: keeps the worst ones and only the totals of the rest.

use crate::access::judge::kind::FindingKind;
use crate::access::read::operation::Class;
use crate::access::report::{AccessFinding, AccessReport, BucketReport, OmittedFindings, Times};
use crate::model::Severity;

impl AccessReport {
    /// Returns the report with at most this many findings. Of the mildest ones beyond that, only the totals remain.
    #[must_use]
    pub fn with_at_most(mut self, findings: usize) -> Self {
        let mut ranked: Vec<((Severity, u64), String)> =
            self.findings().map(|(bucket, finding)| (rank(finding), bucket.bucket.clone())).collect();
        ranked.sort_by(|(a, _), (b, _)| b.cmp(a));
        ranked.truncate(findings);
        for bucket in &mut self.buckets {
            // The worst come first in a bucket, so the ones to keep are at its beginning.
            let kept = ranked.iter().filter(|(_, name)| *name == bucket.bucket).count();
            for finding in bucket.findings.split_off(kept) {
                bucket.sum_up(finding.kind, finding.operations, finding.times);
            }
            bucket.rest.sort_by_key(|rest| std::cmp::Reverse(rest.severity));
        }
        self
    }
}

/// Returns the sort key of a finding: severity first, then number of requests.
pub(in crate::access) fn rank(finding: &AccessFinding) -> (Severity, u64) {
    (finding.severity, finding.times.count)
}

impl BucketReport {
    fn sum_up(&mut self, kind: FindingKind, operations: Class, times: Times) {
        let key = (kind, operations);
        match self.rest.iter_mut().find(|rest| (rest.kind, rest.operations) == key) {
            Some(rest) => {
                let mut all = rest.times;
                all.add(&times);
                *rest = OmittedFindings::of(key, all);
            }
            None => self.rest.push(OmittedFindings::of(key, times)),
        }
    }
}
