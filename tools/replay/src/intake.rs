//! Takes records, in any order, and keeps of them what the report needs: counts of all, and the changes of a few.

use crate::assumptions::Assumptions;
use crate::caller::{CallerKind, principal};
use crate::calls::{Calls, Function};
use crate::changes::{Fact, Leaves, Made, Matters, changes, facts};
use crate::looks::looks;
use crate::names::{Name, Names};
use crate::read::Head;
use chrono::{DateTime, NaiveDate, Utc};
use memchr::memmem;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use trailkeeper::event::{Body, Event, Origin};
use trailkeeper::model::is_account;

/// Services that ask about a bucket that they deliver logs to.
const DELIVERING: [&[u8]; 2] = [b"\"cloudtrail.amazonaws.com\"", b"\"config.amazonaws.com\""];

/// Takes records.
#[derive(Debug)]
pub struct Intake {
    pub(crate) assumptions: Assumptions,
    pub(crate) calls: Calls,
    pub(crate) names: Names,
    pub(crate) counts: Counts,
    pub(crate) kept: Vec<Kept>,
    pub(crate) facts: Facts,
    /// First and last time that is looked at.
    limits: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    /// Ids of the records that were counted, as hashes: a copy of one is not counted again.
    seen: HashSet<u64>,
}

/// Numbers of records.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Records in the time that is looked at.
    pub(crate) records: u64,
    /// Records outside of that time.
    pub(crate) outside: u64,
    /// Records of watched calls that were there before, in another file.
    pub(crate) copies: u64,
    /// Records without a time, and of watched calls that cannot be judged.
    pub(crate) unusable: u64,
    /// First and last time.
    pub(crate) first: Option<DateTime<Utc>>,
    pub(crate) last: Option<DateTime<Utc>>,
    /// Accounts and regions of the records.
    pub(crate) accounts: BTreeSet<String>,
    pub(crate) regions: BTreeSet<String>,
    /// Wakes by day and function.
    pub(crate) wakes: BTreeMap<(NaiveDate, Function), Wakes>,
    /// Calls that wake a function, by who made them.
    pub(crate) callers: BTreeMap<(CallerKind, Name), u64>,
    /// Calls that wake a function, by name.
    pub(crate) called: BTreeMap<(String, String), u64>,
    /// Calls that wake a function.
    pub(crate) waking: u64,
}

/// Number of times that a function is woken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Wakes {
    /// How often it is woken.
    pub(crate) woken: u64,
    /// How often it then looks at a resource.
    pub(crate) looks: u64,
}

/// Change of the past.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) at: i64,
    pub(crate) id: u64,
    pub(crate) account: Name,
    pub(crate) region: Name,
    pub(crate) call: Name,
    /// Who made it, without the session.
    pub(crate) principal: Name,
    pub(crate) kind: CallerKind,
    /// Who made it, with the session, from where and with what.
    pub(crate) who: Name,
    pub(crate) source_ip: Option<Name>,
    pub(crate) agent: Option<Name>,
    pub(crate) event: Option<Name>,
    pub(crate) control: &'static str,
    pub(crate) part: &'static str,
    pub(crate) resource: Name,
    pub(crate) leaves: Leaves,
    pub(crate) matters: Matters,
    /// Error of a call that failed and changed nothing.
    pub(crate) failed: Option<Name>,
}

/// Which resources hold the record, as far as the records say.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) buckets: BTreeSet<String>,
    pub(crate) access_logs: BTreeSet<(String, String)>,
    pub(crate) keys: BTreeSet<String>,
    pub(crate) flow_logs: BTreeMap<String, String>,
}

impl Intake {
    /// Begins with nothing.
    #[must_use]
    pub fn new(assumptions: Assumptions) -> Self {
        let mut facts = Facts::default();
        facts.buckets.extend(assumptions.log_buckets.iter().cloned());
        facts.keys.extend(assumptions.trail_keys.iter().cloned());
        let limit = |text: &Option<String>| text.as_deref().and_then(time);
        let limits = (limit(&assumptions.from), limit(&assumptions.to));
        Self {
            assumptions,
            calls: Calls::watched(),
            names: Names::default(),
            counts: Counts::default(),
            kept: Vec::new(),
            facts,
            limits,
            seen: HashSet::new(),
        }
    }

    /// Takes a bucket that holds logs, and a key that encrypts a trail, as they are today.
    pub fn holds(&mut self, bucket: Option<&str>, key: Option<&str>) {
        self.facts.buckets.extend(bucket.map(str::to_owned));
        self.facts.keys.extend(key.map(str::to_owned));
    }

    /// Takes one record: its fields that all records have, and its JSON.
    pub fn take(&mut self, head: &Head<'_>, json: &[u8]) {
        // Whatever has no time would decide of how many days the report is.
        let Some(at) = time(&head.time) else { return self.counts.unusable += 1 };
        let (from, to) = self.limits;
        if from.is_some_and(|from| at < from) || to.is_some_and(|to| at > to) {
            self.counts.outside += 1;
            return;
        }
        self.counts.take(head, at);
        let home = self.assumptions.home.as_deref();
        let woken = self.calls.woken(&head.service, &head.name, &head.region, home);
        if woken.known {
            self.known(head, json, at, &woken.functions);
        } else if &*head.name == "GetBucketAcl"
            && &*head.service == "s3.amazonaws.com"
            && DELIVERING.iter().any(|service| memmem::find(json, service).is_some())
        {
            self.asked_of_bucket(json);
        }
    }

    /// Takes a record of a call that is watched, or that changes something back.
    fn known(&mut self, head: &Head<'_>, json: &[u8], at: DateTime<Utc>, functions: &[Function]) {
        let id = hash(if head.id.is_empty() { json } else { head.id.as_bytes() });
        let Ok(record) = serde_json::from_slice::<Value>(json) else { return self.counts.unusable += 1 };
        let Some(account) = account(head, &record) else { return self.counts.unusable += 1 };
        let event = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.cloudtrail", "account": account,
            "detail": record});
        let Ok(event) = Event::decode(&event) else { return self.counts.unusable += 1 };
        let Body::ApiCall(call) = &event.body else { return self.counts.unusable += 1 };
        if !self.seen.insert(id) {
            self.counts.copies += 1;
            return;
        }
        let principal = principal(&record, event.origin.actor.as_deref());
        let kind = CallerKind::of(&record, call.via.as_deref());
        let principal = self.names.keep(&principal);
        // The rules take calls alone, and none that failed.
        if &*head.kind == "AwsApiCall" && record.get("errorCode").is_none() && !functions.is_empty() {
            self.counts.waking += 1;
            *self.counts.callers.entry((kind, principal)).or_default() += 1;
            let called = (head.service.to_string(), head.name.to_string());
            *self.counts.called.entry(called).or_default() += 1;
            for function in functions {
                let wakes = self.counts.wakes.entry((at.date_naive(), *function)).or_default();
                wakes.woken += 1;
                wakes.looks += u64::from(looks(self.calls.name(*function), &event, &account));
            }
        }
        let made = Made { call, account: &account, region: &head.region };
        self.keep(&made, &event.origin, at, id, (principal, kind));
    }

    fn keep(&mut self, made: &Made<'_>, origin: &Origin, at: DateTime<Utc>, id: u64, by: (Name, CallerKind)) {
        let failed = made.call.failure.as_deref();
        if failed.is_none() {
            for fact in facts(made) {
                self.facts.keep(fact);
            }
        }
        let names = &mut self.names;
        for change in changes(made) {
            // A call that failed is told if it would have taken something away.
            if failed.is_some() && !matches!(change.leaves, Leaves::Less(_)) {
                continue;
            }
            self.kept.push(Kept {
                at: at.timestamp(),
                id,
                account: names.keep(made.account),
                region: names.keep(made.region),
                call: names.keep(&made.call.name),
                principal: by.0,
                kind: by.1,
                who: names.keep(origin.actor.as_deref().unwrap_or("(unknown)")),
                source_ip: origin.source_ip.as_deref().map(|ip| names.keep(ip)),
                agent: origin.user_agent.as_deref().map(|agent| names.keep(agent)),
                event: origin.id.as_deref().map(|id| names.keep(id)),
                control: change.control,
                part: change.part,
                resource: names.keep(&change.resource),
                leaves: change.leaves,
                matters: change.matters,
                failed: failed.map(|code| names.keep(code)),
            });
        }
    }

    /// Takes the record of a service that asks who may write into a bucket, as it does before it delivers there.
    fn asked_of_bucket(&mut self, json: &[u8]) {
        let Ok(record) = serde_json::from_slice::<Value>(json) else { return };
        let by = record.pointer("/userIdentity/invokedBy").and_then(Value::as_str).unwrap_or_default();
        let name = record.pointer("/requestParameters/bucketName").and_then(Value::as_str);
        if let (true, Some(name)) = (["cloudtrail.amazonaws.com", "config.amazonaws.com"].contains(&by), name) {
            self.facts.keep(Fact::LogBucket(name.to_owned()));
        }
    }
}

impl Counts {
    fn take(&mut self, head: &Head<'_>, at: DateTime<Utc>) {
        self.records += 1;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        if is_account(&head.account) && !self.accounts.contains(&*head.account) {
            self.accounts.insert(head.account.to_string());
        }
        if !head.region.is_empty() && head.region.len() <= 32 && !self.regions.contains(&*head.region) {
            self.regions.insert(head.region.to_string());
        }
    }
}

impl Facts {
    fn keep(&mut self, fact: Fact) {
        match fact {
            Fact::LogBucket(name) => {
                self.buckets.insert(name);
            }
            Fact::AccessLogs(of, target) => {
                self.access_logs.insert((of, target));
            }
            Fact::TrailKey(key) => {
                self.keys.insert(key);
            }
            Fact::FlowLog(log, vpc) => {
                self.flow_logs.insert(log, vpc);
            }
        }
    }
}

/// Returns the account in which a call was recorded: the record's own field, or the caller's account in the oldest ones.
fn account(head: &Head<'_>, record: &Value) -> Option<String> {
    let caller = || record.pointer("/userIdentity/accountId").and_then(Value::as_str);
    let named = Some(&*head.account).filter(|account| !account.is_empty()).or_else(caller)?;
    is_account(named).then(|| named.to_owned())
}

/// Returns the time of a record.
fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
