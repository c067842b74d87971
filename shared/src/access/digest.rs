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
use std::collections::{BTreeMap, HashMap};

/// How many buckets, and how many findings in all, have their own place. What is beyond that is summed up with others.
const BUCKETS: usize = 256;
const FINDINGS: usize = 512;

/// Under what name the requests of further buckets are summed up. No bucket can have it.
const OTHER_BUCKETS: &[u8] = b"(others)";

/// The longest requester: an ARN's name and session have 64 characters each.
const REQUESTER: usize = 512;

/// The digest of the requests that were judged.
#[derive(Debug)]
pub struct Digest<'w> {
    watching: &'w Watching,
    bursts: Bursts,
    buckets: HashMap<Box<[u8]>, Bucket>,
    findings: usize,
    timeline: Timeline,
}

#[derive(Debug, Default)]
struct Bucket {
    requests: u64,
    flagged: u64,
    whos: HashMap<Box<[u8]>, Requester>,
    /// The sums of what found no place of its own.
    rest: BTreeMap<(Kind, Class), Sum>,
}

#[derive(Debug)]
struct Requester {
    who: WhoReport,
    has_burst: bool,
    groups: Vec<((Kind, Class), Group)>,
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
        Self { watching, bursts, buckets: HashMap::new(), findings: 0, timeline: Timeline::default() }
    }

    /// Takes in one request that was judged.
    pub fn add(&mut self, line: &Line<'_>, verdict: Verdict) {
        let name = line.bucket.unwrap_or_default();
        if !self.buckets.contains_key(name) {
            let name = if self.buckets.len() < BUCKETS { name } else { OTHER_BUCKETS };
            self.buckets.entry(name.into()).or_default();
        }
        let known = self.buckets.contains_key(name);
        let Some(bucket) = self.buckets.get_mut(if known { name } else { OTHER_BUCKETS }) else { return };
        bucket.requests += 1;
        if verdict.kinds.is_empty() {
            return self.timeline.add(line.time, None);
        }
        bucket.flagged += u64::from(verdict.kinds.is_flagged());
        let is_burst = verdict.kinds.has(Kind::DeniedBurst) && in_burst(&mut self.bursts, line);
        let found = verdict.kinds.each().filter(|kind| *kind != Kind::DeniedBurst || is_burst);
        self.timeline.add(line.time, found.map(|kind| kind.severity(verdict.class, !verdict.refused)).max());
        let requester = line.requester.unwrap_or_default();
        let requester = requester.get(..REQUESTER).unwrap_or(requester);
        if !bucket.whos.contains_key(requester) && self.findings < FINDINGS {
            let who = WhoReport::of(line, &self.watching.account);
            bucket.whos.insert(requester.into(), Requester { who, has_burst: false, groups: Vec::new() });
        }
        let mut place = bucket.whos.get_mut(requester);
        if let Some(place) = &mut place {
            place.has_burst |= is_burst;
        }
        for kind in verdict.kinds.each() {
            let key = (kind, verdict.class);
            let group = place.as_mut().and_then(|place| place.group(key, &mut self.findings));
            match group {
                Some(group) => group.add(line, verdict.refused),
                None if kind != Kind::DeniedBurst || is_burst => {
                    bucket.rest.entry(key).or_default().add(line, verdict.refused);
                }
                None => (),
            }
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

/// Of the anonymous, each address is somebody else.
fn in_burst(bursts: &mut Bursts, line: &Line<'_>) -> bool {
    let somebody = line.requester.or(line.remote_ip).unwrap_or_default();
    bursts.add(somebody.get(..REQUESTER).unwrap_or(somebody), line.time)
}

impl Requester {
    fn group(&mut self, key: (Kind, Class), findings: &mut usize) -> Option<&mut Group> {
        let place = match self.groups.iter().position(|(other, _)| *other == key) {
            Some(place) => place,
            None if *findings < FINDINGS => {
                *findings += 1;
                self.groups.push((key, Group::default()));
                self.groups.len() - 1
            }
            None => return None,
        };
        self.groups.get_mut(place).map(|(_, group)| group)
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

    fn told(self) -> Times {
        let Self { count, refused, bytes, times } = self;
        let (first, last) = times.unzip();
        Times { count, refused, bytes, first, last }
    }
}

impl Group {
    fn add(&mut self, line: &Line<'_>, refused: bool) {
        self.sum.add(line, refused);
        let value = |foreign: Option<Foreign<'_>>, top: &mut Top| {
            if let Some(Foreign(value)) = foreign {
                top.add(value);
            }
        };
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

    fn told(&self, kind: Kind, operations: Class, who: &WhoReport) -> Finding {
        let example = self.example.as_ref().map(|Sample { time, request_id, request, .. }| Example {
            time: *time,
            request_id: request_id.clone(),
            request: request.clone(),
        });
        let times = self.sum.told();
        Finding {
            kind,
            severity: kind.severity(operations, times.count > times.refused),
            operations,
            who: who.clone(),
            times,
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
        let rest = |(&(kind, operations), sum): (&(Kind, Class), &Sum)| Rest { kind, operations, times: sum.told() };
        BucketReport {
            bucket: shown(name),
            requests: self.requests,
            flagged: self.flagged,
            findings,
            rest: self.rest.iter().map(rest).collect(),
        }
    }
}

impl Requester {
    fn told(&self) -> impl Iterator<Item = Finding> {
        let is_told = |kind: Kind| kind != Kind::DeniedBurst || self.has_burst;
        let groups = self.groups.iter().filter(move |((kind, _), _)| is_told(*kind));
        groups.map(|((kind, class), group)| group.told(*kind, *class, &self.who))
    }
}
