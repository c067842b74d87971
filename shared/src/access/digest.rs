//! What is kept of many requests: counts that are exact, and of everything else the most frequent, in constant memory.

use super::burst::Bursts;
use super::foreign::{Foreign, shown};
use super::judge::Verdict;
use super::kind::Kind;
use super::line::Line;
use super::operation::Class;
use super::shorter::rank;
use super::time::Time;
use super::timeline::Timeline;
use super::told::{BucketReport, Example, Finding, Rest, Times, WhoReport};
use super::top::Top;
use super::watching::Watching;
use super::who::Somebody;
use crate::model::Severity;
use std::collections::{BTreeMap, HashMap};

/// How many buckets, and how many findings in all, have their own place. What is beyond that is summed up with others: of
/// findings the mildest, so that nobody hides what matters behind much that does not.
const BUCKETS: usize = 256;
const FINDINGS: usize = 512;

/// Under what name the requests of further buckets are summed up. No bucket can have it.
const OTHER_BUCKETS: &[u8] = b"(others)";

/// What findings are of: what is wrong, and what was done.
type Key = (Kind, Class);

/// How much a finding matters. Refused requests that are no burst yet matter less than any.
type Weight = Option<Severity>;

/// The digest of the requests that were judged.
#[derive(Debug)]
pub struct Digest<'w> {
    watching: &'w Watching,
    bursts: Bursts,
    buckets: HashMap<Box<[u8]>, Bucket>,
    findings: usize,
    /// No finding that has a place matters less.
    floor: Weight,
    timeline: Timeline,
}

#[derive(Debug, Default)]
struct Bucket {
    requests: u64,
    flagged: u64,
    whos: HashMap<Box<[u8]>, Requester>,
    /// The sums of what has no place of its own.
    rest: BTreeMap<Key, Sum>,
}

#[derive(Debug)]
struct Requester {
    who: WhoReport,
    has_burst: bool,
    /// How many requests were refused, and not flagged, before there was a burst.
    refused: u64,
    groups: Vec<(Key, Group)>,
}

/// How many there were, and when.
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    count: u64,
    refused: u64,
    bytes: u64,
    times: Option<(Time, Time)>,
}

#[derive(Debug, Default)]
struct Group {
    sum: Sum,
    sessions: Top,
    addresses: Top,
    objects: Top,
    agents: Top,
    example: Option<Sample>,
}

/// One request of a group: the first, or the first that S3 did not refuse.
#[derive(Debug)]
struct Sample {
    refused: bool,
    time: Time,
    request_id: String,
    request: String,
}

impl<'w> Digest<'w> {
    /// An empty one.
    #[must_use]
    pub fn new(watching: &'w Watching) -> Self {
        let bursts = Bursts::new(watching.burst, watching.burst_seconds);
        Self { watching, bursts, buckets: HashMap::new(), findings: 0, floor: None, timeline: Timeline::default() }
    }

    /// Takes in one request that was judged.
    pub fn add(&mut self, line: &Line<'_>, verdict: Verdict) {
        let mut name = line.bucket.unwrap_or_default();
        if !self.buckets.contains_key(name) {
            name = if self.buckets.len() < BUCKETS { name } else { OTHER_BUCKETS };
            self.buckets.entry(name.into()).or_default();
        }
        let Verdict { class, kinds, refused } = verdict;
        let somebody = Somebody::of(line);
        let is_burst = kinds.has(Kind::DeniedBurst) && self.bursts.add(somebody.bursting(line), line.time);
        let weight = |kind: Kind| (kind != Kind::DeniedBurst || is_burst).then(|| kind.severity(class, !refused));
        self.timeline.add(line.time, kinds.each().filter_map(weight).max());
        let Some(bucket) = self.buckets.get_mut(name) else { return };
        bucket.requests += 1;
        bucket.flagged += u64::from(kinds.is_flagged() || is_burst);
        for kind in kinds.each() {
            let key = (kind, class);
            if !self.has_place(name, somebody.id, key) && !self.gives_place(weight(kind)) {
                if let (Some(_), Some(bucket)) = (weight(kind), self.buckets.get_mut(name)) {
                    bucket.rest.entry(key).or_default().add(line, refused);
                }
                continue;
            }
            let Some(bucket) = self.buckets.get_mut(name) else { continue };
            let requester = bucket.whos.entry(somebody.id.into()).or_insert_with(|| Requester {
                who: WhoReport::of(line, &somebody, &self.watching.account),
                has_burst: false,
                refused: 0,
                groups: Vec::new(),
            });
            requester.has_burst |= is_burst;
            requester.refused += u64::from(kind == Kind::DeniedBurst && !kinds.is_flagged() && !is_burst);
            self.findings += requester.add(key, line, somebody.session, refused);
        }
    }

    fn has_place(&self, bucket: &[u8], requester: &[u8], key: Key) -> bool {
        let requester = self.buckets.get(bucket).and_then(|bucket| bucket.whos.get(requester));
        requester.is_some_and(|it| it.groups.iter().any(|(other, _)| *other == key))
    }

    /// Whether there is a place for one more finding that matters so much. Perhaps the mildest gives way to it.
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

    /// Takes the place of a finding, and keeps its sums.
    fn sum_up(&mut self, bucket: &[u8], who: &[u8], key: Key) {
        let Some(bucket) = self.buckets.get_mut(bucket) else { return };
        let Some(requester) = bucket.whos.get_mut(who) else { return };
        let is_told = requester.is_told(key);
        let Some(at) = requester.groups.iter().position(|(other, _)| *other == key) else { return };
        let (_, group) = requester.groups.swap_remove(at);
        self.findings -= 1;
        if is_told {
            bucket.rest.entry(key).or_default().join(group.sum);
        }
        if requester.groups.is_empty() {
            bucket.whos.remove(who);
        }
    }

    /// When the requests were.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// What people are told of it, bucket by bucket, the worst first.
    #[must_use]
    pub fn told(&self) -> Vec<BucketReport> {
        let mut told: Vec<BucketReport> = self.buckets.iter().map(|(name, bucket)| bucket.told(name)).collect();
        told.sort_by(|a, b| a.bucket.cmp(&b.bucket));
        told
    }
}

impl Requester {
    /// Counts a request. How many groups that made.
    fn add(&mut self, key: Key, line: &Line<'_>, session: Option<&[u8]>, refused: bool) -> usize {
        let place = self.groups.iter_mut().find(|(other, _)| *other == key);
        if let Some((_, group)) = place {
            group.add(line, session, refused);
            return 0;
        }
        let mut group = Group::default();
        group.add(line, session, refused);
        self.groups.push((key, group));
        1
    }

    /// Whether a group is told at all: refused requests are where they are a burst.
    fn is_told(&self, (kind, _): Key) -> bool {
        kind != Kind::DeniedBurst || self.has_burst
    }

    /// The groups by how much they matter, and by how many requests they are.
    fn weighed(&self) -> impl Iterator<Item = (Key, (Weight, u64))> {
        self.groups.iter().map(|(key, Group { sum, .. })| {
            let weight = self.is_told(*key).then(|| sum.severity(*key));
            (*key, (weight, sum.count))
        })
    }

    fn told(&self) -> impl Iterator<Item = Finding> {
        let groups = self.groups.iter().filter(|(key, _)| self.is_told(*key));
        groups.map(|(key, group)| group.told(*key, &self.who))
    }
}

impl Sum {
    fn add(&mut self, line: &Line<'_>, refused: bool) {
        let (first, last) = self.times.unwrap_or((line.time, line.time));
        *self = Self {
            count: self.count + 1,
            refused: self.refused + u64::from(refused),
            bytes: self.bytes.saturating_add(line.reply.sent.unwrap_or_default()),
            times: Some((first.min(line.time), last.max(line.time))),
        };
    }

    fn join(&mut self, other: Self) {
        let times = [self.times, other.times].into_iter().flatten();
        let times = times.reduce(|(first, last), (one, another)| (first.min(one), last.max(another)));
        *self = Self {
            count: self.count + other.count,
            refused: self.refused + other.refused,
            bytes: self.bytes.saturating_add(other.bytes),
            times,
        };
    }

    fn severity(self, (kind, class): Key) -> Severity {
        kind.severity(class, self.count > self.refused)
    }

    fn told(self) -> Times {
        let Self { count, refused, bytes, times } = self;
        let (first, last) = times.unzip();
        Times { count, refused, bytes, first, last }
    }
}

impl Group {
    fn add(&mut self, line: &Line<'_>, session: Option<&[u8]>, refused: bool) {
        self.sum.add(line, refused);
        let value = |foreign: Option<Foreign<'_>>, top: &mut Top| {
            if let Some(Foreign(value)) = foreign {
                top.add(value);
            }
        };
        value(session.map(Foreign), &mut self.sessions);
        value(line.remote_ip.map(Foreign), &mut self.addresses);
        value(line.key, &mut self.objects);
        value(line.agent, &mut self.agents);
        if self.example.as_ref().is_none_or(|example| example.refused && !refused) {
            let request = line.uri.map(|uri| uri.shown());
            let operation = || shown(line.operation.unwrap_or_default());
            self.example = Some(Sample {
                refused,
                time: line.time,
                request_id: shown(line.request_id.unwrap_or_default()),
                request: request.unwrap_or_else(operation),
            });
        }
    }

    fn told(&self, (kind, operations): Key, who: &WhoReport) -> Finding {
        let example = self.example.as_ref().map(|Sample { time, request_id, request, .. }| Example {
            time: *time,
            request_id: request_id.clone(),
            request: request.clone(),
        });
        Finding {
            kind,
            severity: self.sum.severity((kind, operations)),
            operations,
            who: who.clone(),
            times: self.sum.told(),
            sessions: self.sessions.told(),
            addresses: self.addresses.told(),
            objects: self.objects.told(),
            agents: self.agents.told(),
            example,
        }
    }
}

impl Bucket {
    fn told(&self, name: &[u8]) -> BucketReport {
        let mut findings: Vec<Finding> = self.whos.values().flat_map(Requester::told).collect();
        findings.sort_by(|a, b| rank(b).cmp(&rank(a)).then_with(|| a.key().cmp(&b.key())));
        let mut rest: Vec<Rest> = self.rest.iter().map(|(key, sum)| Rest::of(*key, sum.told())).collect();
        rest.sort_by_key(|it| std::cmp::Reverse(it.severity));
        let bursts = self.whos.values().filter(|it| it.has_burst).map(|it| it.refused).sum::<u64>();
        BucketReport { bucket: shown(name), requests: self.requests, flagged: self.flagged + bursts, findings, rest }
    }
}
