//! Summarizes many requests in constant memory: exact counts, and the most frequent values of everything else.

mod burst;
pub(crate) mod group;
pub mod timeline;
pub mod top;
mod truncate;

use super::judge::RequestVerdict;
use super::judge::kind::FindingKind;
use super::read::foreign::shown;
use super::read::line::Line;
use super::read::who::Somebody;
use super::report::{AccessFinding, BucketReport, OmittedFindings, Times, WhoReport};
use crate::settings::watching::Watching;
use burst::Bursts;
use group::{GroupKey, RequesterKey, Weight};
use std::collections::{BTreeMap, HashMap};
use timeline::Timeline;
use truncate::rank;

/// Maximum number of buckets, and of findings overall, that are kept individually. Anything beyond is only counted; the
/// mildest findings give way first, so that noise cannot hide what matters.
const BUCKETS: usize = 256;
const FINDINGS: usize = 512;

/// Name under which the requests to further buckets are counted. No bucket can have it.
pub const OTHER_BUCKETS: &str = "(others)";

/// Summary of the requests judged so far.
#[derive(Debug)]
pub struct Digest<'w> {
    watching: &'w Watching,
    bursts: Bursts,
    buckets: HashMap<Box<[u8]>, BucketDigest>,
    findings: usize,
    /// Lower bound on the severity of the findings that are kept.
    floor: Weight,
    timeline: Timeline,
}

#[derive(Debug, Default)]
struct BucketDigest {
    requests: u64,
    flagged: u64,
    whos: HashMap<Box<[u8]>, RequesterKey>,
    /// Totals of the findings that are not kept individually.
    rest: BTreeMap<GroupKey, Times>,
}

impl<'w> Digest<'w> {
    /// Creates an empty digest.
    #[must_use]
    pub fn new(watching: &'w Watching) -> Self {
        let bursts = Bursts::new(watching.burst, watching.burst_seconds);
        Self { watching, bursts, buckets: HashMap::new(), findings: 0, floor: None, timeline: Timeline::default() }
    }

    /// Adds one judged request.
    pub fn add(&mut self, line: &Line<'_>, verdict: RequestVerdict) {
        let mut name = line.bucket.unwrap_or_default();
        if !self.buckets.contains_key(name) {
            name = if self.buckets.len() < BUCKETS { name } else { OTHER_BUCKETS.as_bytes() };
            self.buckets.entry(name.into()).or_default();
        }
        let RequestVerdict { class, kinds, refused } = verdict;
        let Some(bucket) = self.buckets.get_mut(name) else { return };
        bucket.requests += 1;
        if kinds.is_empty() {
            return self.timeline.add(line.time, None);
        }
        let somebody = Somebody::of(line);
        let is_burst = kinds.has(FindingKind::DeniedBurst) && self.bursts.add(somebody.bursting(line), line.time);
        let weight =
            |kind: FindingKind| (kind != FindingKind::DeniedBurst || is_burst).then(|| kind.severity(class, !refused));
        self.timeline.add(line.time, kinds.each().filter_map(weight).max());
        bucket.flagged += u64::from(kinds.is_flagged() || is_burst);
        for kind in kinds.each() {
            let key = (kind, class);
            if !self.has_place(name, somebody.id, key) && !self.gives_place(weight(kind)) {
                if let (Some(_), Some(bucket)) = (weight(kind), self.buckets.get_mut(name)) {
                    bucket.rest.entry(key).or_default().count(line, refused);
                }
                continue;
            }
            let Some(bucket) = self.buckets.get_mut(name) else { continue };
            let who = || RequesterKey::new(WhoReport::of(line, &somebody, &self.watching.account));
            let requester = bucket.whos.entry(somebody.id.into()).or_insert_with(who);
            requester.has_burst |= is_burst;
            requester.refused += u64::from(kind == FindingKind::DeniedBurst && !kinds.is_flagged() && !is_burst);
            self.findings += requester.add(key, line, somebody.session, refused);
        }
    }

    fn has_place(&self, bucket: &[u8], requester: &[u8], key: GroupKey) -> bool {
        let requester = self.buckets.get(bucket).and_then(|bucket| bucket.whos.get(requester));
        requester.is_some_and(|it| it.has(key))
    }

    /// Returns whether a finding of this severity can be kept, dropping the mildest one if necessary.
    fn gives_place(&mut self, weight: Weight) -> bool {
        if self.findings < FINDINGS {
            return true;
        }
        if weight <= self.floor {
            return false;
        }
        let all = self.buckets.iter().flat_map(|(bucket, it)| it.whos.iter().map(move |(who, it)| (bucket, who, it)));
        let groups = all.flat_map(|(bucket, who, it)| it.weighed().map(move |(key, rank)| (rank, bucket, who, key)));
        let Some(((mildest, _), bucket, who, key)) = groups.min() else { return false };
        self.floor = mildest;
        if mildest >= weight {
            return false;
        }
        let (bucket, who) = (bucket.clone(), who.clone());
        self.sum_up(&bucket, &who, key);
        true
    }

    /// Drops a finding and keeps its totals.
    fn sum_up(&mut self, bucket: &[u8], who: &[u8], key: GroupKey) {
        let Some(bucket) = self.buckets.get_mut(bucket) else { return };
        let Some(requester) = bucket.whos.get_mut(who) else { return };
        let Some(times) = requester.take(key) else { return };
        self.findings -= 1;
        if requester.is_reported(key) {
            bucket.rest.entry(key).or_default().add(&times);
        }
        if requester.is_empty() {
            bucket.whos.remove(who);
        }
    }

    /// Returns the timeline of the requests.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Returns the reportable findings by bucket, in the order of the buckets' names, the worst first within each.
    #[must_use]
    pub fn reported(&self) -> Vec<BucketReport> {
        let mut reported: Vec<BucketReport> = self.buckets.iter().map(|(name, bucket)| bucket.reported(name)).collect();
        reported.sort_by(|a, b| a.bucket.cmp(&b.bucket));
        reported
    }
}

impl BucketDigest {
    fn reported(&self, name: &[u8]) -> BucketReport {
        let mut findings: Vec<AccessFinding> = self.whos.values().flat_map(RequesterKey::reported).collect();
        findings.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| a.key().cmp(&b.key())));
        let mut rest: Vec<OmittedFindings> =
            self.rest.iter().map(|(key, times)| OmittedFindings::of(*key, *times)).collect();
        rest.sort_by_key(|it| std::cmp::Reverse(it.severity));
        let bursts = self.whos.values().filter(|it| it.has_burst).map(|it| it.refused).sum::<u64>();
        BucketReport { bucket: shown(name), requests: self.requests, flagged: self.flagged + bursts, findings, rest }
    }
}
