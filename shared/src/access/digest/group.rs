//! Groups similar requests: exact counts, plus the most frequent addresses, objects and user agents.

use super::top::Top;
use crate::access::judge::kind::FindingKind;
use crate::access::read::foreign::{Foreign, shown};
use crate::access::read::line::Line;
use crate::access::read::operation::Class;
use crate::access::read::time::Time;
use crate::access::report::{AccessFinding, Example, Times, WhoReport};
use crate::model::Severity;

/// Identifies a group of findings by what is wrong and what was done.
pub(in crate::access) type GroupKey = (FindingKind, Class);

/// Severity of a finding. Refused requests that are not a burst yet have none and rank last.
pub(in crate::access) type Weight = Option<Severity>;

/// Collects what one requester did to one bucket.
#[derive(Debug)]
pub(in crate::access) struct RequesterKey {
    who: WhoReport,
    pub(in crate::access) has_burst: bool,
    /// Number of requests that were refused before there was a burst and are not flagged otherwise.
    pub(in crate::access) refused: u64,
    groups: Vec<(GroupKey, RequestGroup)>,
}

/// Similar requests of one requester.
#[derive(Debug, Default)]
struct RequestGroup {
    times: Times,
    sessions: Top,
    addresses: Top,
    objects: Top,
    agents: Top,
    example: Option<Sample>,
}

/// Example request of a group: the first, or the first that S3 did not refuse.
#[derive(Debug)]
struct Sample {
    refused: bool,
    time: Time,
    request_id: String,
    request: String,
}

impl RequesterKey {
    pub(in crate::access) fn new(who: WhoReport) -> Self {
        Self { who, has_burst: false, refused: 0, groups: Vec::new() }
    }

    pub(in crate::access) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    pub(in crate::access) fn has(&self, key: GroupKey) -> bool {
        self.groups.iter().any(|(other, _)| *other == key)
    }

    /// Removes a group and returns its totals.
    pub(in crate::access) fn take(&mut self, key: GroupKey) -> Option<Times> {
        let at = self.groups.iter().position(|(other, _)| *other == key)?;
        let (_, group) = self.groups.swap_remove(at);
        Some(group.times)
    }

    /// Counts a request and returns the number of groups added, 0 or 1.
    pub(in crate::access) fn add(
        &mut self,
        key: GroupKey,
        line: &Line<'_>,
        session: Option<&[u8]>,
        refused: bool,
    ) -> usize {
        let place = self.groups.iter_mut().find(|(other, _)| *other == key);
        if let Some((_, group)) = place {
            group.add(line, session, refused);
            return 0;
        }
        let mut group = RequestGroup::default();
        group.add(line, session, refused);
        self.groups.push((key, group));
        1
    }

    /// Returns whether a group is reported: refused requests are only once they make a burst.
    pub(in crate::access) fn is_reported(&self, (kind, _): GroupKey) -> bool {
        kind != FindingKind::DeniedBurst || self.has_burst
    }

    /// Returns each group with its severity and number of requests.
    pub(in crate::access) fn weighed(&self) -> impl Iterator<Item = (GroupKey, (Weight, u64))> {
        self.groups.iter().map(|(key, RequestGroup { times, .. })| {
            let weight = self.is_reported(*key).then(|| times.severity(*key));
            (*key, (weight, times.count))
        })
    }

    pub(in crate::access) fn reported(&self) -> impl Iterator<Item = AccessFinding> {
        let groups = self.groups.iter().filter(|(key, _)| self.is_reported(*key));
        groups.map(|(key, group)| group.reported(*key, &self.who))
    }
}

impl RequestGroup {
    fn add(&mut self, line: &Line<'_>, session: Option<&[u8]>, refused: bool) {
        self.times.count(line, refused);
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

    fn reported(&self, (kind, operations): GroupKey, who: &WhoReport) -> AccessFinding {
        let example = self.example.as_ref().map(|Sample { time, request_id, request, .. }| Example {
            time: *time,
            request_id: request_id.clone(),
            request: request.clone(),
        });
        AccessFinding {
            kind,
            severity: self.times.severity((kind, operations)),
            operations,
            who: who.clone(),
            times: self.times,
            sessions: self.sessions.reported(),
            addresses: self.addresses.reported(),
            objects: self.objects.reported(),
            agents: self.agents.reported(),
            example,
        }
    }
}

impl Times {
    /// Counts one request.
    pub(in crate::access) fn count(&mut self, line: &Line<'_>, refused: bool) {
        let (refused, bytes) = (u64::from(refused), line.reply.sent.unwrap_or_default());
        self.add(&Self { count: 1, refused, bytes, first: Some(line.time), last: Some(line.time) });
    }

    /// Adds the totals of other requests.
    pub(in crate::access) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.refused += other.refused;
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.first = self.first.into_iter().chain(other.first).min();
        self.last = self.last.max(other.last);
    }

    /// Returns the severity of all these requests together.
    pub(in crate::access) fn severity(&self, (kind, class): GroupKey) -> Severity {
        kind.severity(class, self.count > self.refused)
    }
}
