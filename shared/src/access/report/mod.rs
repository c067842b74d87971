//! Machine-readable report on access logs.
//!
//! `docs/access.schema.json` is generated from these types.

pub mod answer;
#[cfg(any(test, feature = "access"))]
pub(crate) mod messages;
pub mod text;

use super::digest::group::GroupKey;
use super::digest::top::Tops;
use super::judge::kind::FindingKind;
use super::notice::Put;
use super::read::foreign::shown;
use super::read::line::Line;
use super::read::operation::Class;
use super::read::time::Time;
use super::read::who::{DIRECTORY, Requester, Somebody};
use crate::model::{Severity, sanitized};
use serde::Serialize;

/// Outcome of reading log files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AccessReport {
    /// Number of lines: blank and malformed ones, requests to other buckets, to buckets of other accounts, and to each
    /// of the buckets.
    pub lines: u64,
    /// Number of blank lines.
    pub blank: u64,
    /// Number of lines that could not be read.
    pub malformed: u64,
    /// Number of requests to buckets that are not watched.
    pub elsewhere: u64,
    /// Number of requests to buckets of other accounts, which are only counted.
    pub foreign: u64,
    /// Whether the file was deleted before all of it was read.
    pub gone: bool,
    /// What S3 had announced, if something else was there before all of it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overwritten: Option<Put>,
    /// What S3 had announced, if its log service did not write it. Nothing of such a file is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_writer: Option<Put>,
    /// Reason that the file could not be read to its end, if it will not be tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// The first lines that could not be read.
    pub faults: Vec<FaultReport>,
    /// Findings by bucket.
    pub buckets: Vec<BucketReport>,
    /// Number of buckets with findings that a message leaves out. The response and the function's note have all.
    pub omitted: u64,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FaultReport {
    /// Name of the log file.
    pub file: String,
    /// Line number, from 1.
    pub line: u64,
    /// Offset in the file, in bytes from 0.
    pub offset: u64,
    /// Field and problem: what is wrong with the line.
    pub problem: String,
}

/// Findings about one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BucketReport {
    /// Name of the bucket, or `(others)` for those beyond the number that is kept.
    pub bucket: String,
    /// Number of requests.
    pub requests: u64,
    /// Number of requests with a finding. A refused request that is otherwise normal counts only as part of a burst.
    pub flagged: u64,
    /// Findings, the worst first. A request can be part of several findings.
    pub findings: Vec<AccessFinding>,
    /// Totals of the findings that were not kept individually, the worst first. Their requesters are unknown.
    pub rest: Vec<OmittedFindings>,
}

/// Similar requests of one requester.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AccessFinding {
    /// Kind of finding: what is unusual about the requests.
    pub kind: FindingKind,
    /// Severity of the finding.
    pub severity: Severity,
    /// Class of the requests: what they did.
    pub operations: Class,
    /// Requester who made the requests.
    pub who: WhoReport,
    /// Number of requests, and when they were made.
    #[serde(flatten)]
    pub times: Times,
    /// Most frequent session names of the role, unless they identify a person.
    pub sessions: Tops,
    /// Most frequent addresses that the requests came from.
    pub addresses: Tops,
    /// Most frequent object keys, URL-encoded as S3 logs them.
    pub objects: Tops,
    /// Most frequent user agents, as the callers gave them.
    pub agents: Tops,
    /// Example request, to look up in the log.
    pub example: Option<Example>,
}

/// Number of requests, and when they were made. All values are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Times {
    /// Number of requests.
    pub count: u64,
    /// Number of requests that S3 refused or failed to carry out.
    pub refused: u64,
    /// Number of bytes that S3 sent.
    pub bytes: u64,
    /// Time of the first request.
    pub first: Option<Time>,
    /// Time of the last request.
    pub last: Option<Time>,
}

/// Totals of findings beyond the number that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OmittedFindings {
    /// Kind of finding: what is unusual about the requests.
    pub kind: FindingKind,
    /// Severity of the findings.
    pub severity: Severity,
    /// Class of the requests: what they did.
    pub operations: Class,
    /// Number of requests, and when they were made.
    #[serde(flatten)]
    pub times: Times,
}

/// One request, as an example.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Example {
    /// Time of the request.
    pub time: Time,
    /// Request id assigned by S3.
    pub request_id: String,
    /// Request line with credentials masked, or the operation if there is none.
    pub request: String,
}

/// Requester, as people and programs identify it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WhoReport {
    /// Requester as S3 writes it, without the session of a role unless that identifies a person; `anonymous` for an
    /// unsigned request.
    pub requester: String,
    /// Kind of requester.
    pub kind: WhoKind,
    /// Account id, if the requester contains one.
    pub account: Option<String>,
    /// Name of the role.
    pub role: Option<String>,
    /// Person that a session is named after. For `AWSReservedSSO_` roles, IAM Identity Center chose the name; for
    /// others, the caller or a directory did when the session started.
    pub person: Option<String>,
    /// Whether the requester is of another account than the bucket, where that is known.
    pub foreign: Option<bool>,
}

/// Kind of requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WhoKind {
    /// Nobody: the request was not signed.
    Anonymous,
    /// The root user of an account, or a whole account.
    Account,
    /// An IAM user.
    User,
    /// A session of a role.
    Role,
    /// A federated user.
    Federated,
    /// An AWS service.
    Service,
    /// A requester in a form that is not known.
    Other,
}

impl WhoReport {
    /// Describes who made this request, seen from the account `home`, which owns the buckets.
    pub(super) fn of(line: &Line<'_>, somebody: &Somebody<'_>, home: &str) -> Self {
        let text = line.requester.map(String::from_utf8_lossy);
        let who = Requester::of(text.as_deref());
        // S3 verified it, so it contains no credential; and nobody may choose a name that masks who they are.
        let told = sanitized;
        let (kind, role) = match who {
            Requester::Anonymous => (WhoKind::Anonymous, None),
            Requester::Canonical(_) | Requester::Root { .. } => (WhoKind::Account, None),
            Requester::User { .. } => (WhoKind::User, None),
            Requester::Role { role, .. } => (WhoKind::Role, Some(told(role))),
            Requester::Federated { .. } => (WhoKind::Federated, None),
            Requester::Service(_) | Requester::S3 => (WhoKind::Service, None),
            Requester::Other(_) => (WhoKind::Other, None),
        };
        let foreign = match (who, who.account()) {
            // A canonical user id is another form of an account id.
            (Requester::Canonical(id), _) => line.owner.map(|owner| owner != id.as_bytes()),
            (_, Some(account)) if !home.is_empty() => Some(account != home),
            _ => None,
        };
        let requester = match who {
            Requester::Anonymous => "anonymous".to_owned(),
            Requester::Other(text) => shown(text.as_bytes()),
            _ => told(&String::from_utf8_lossy(somebody.id)),
        };
        let (account, person) = (who.account().map(told), who.person().map(told));
        Self { requester, kind, account, role, person, foreign }
    }
}

impl WhoReport {
    /// Returns whether the person comes from a directory, rather than from a freely chosen session name.
    #[must_use]
    pub fn is_vouched_for(&self) -> bool {
        self.role.as_ref().is_some_and(|role| role.starts_with(DIRECTORY))
    }
}

impl AccessFinding {
    /// Returns the sort key among findings of equal severity and count.
    pub(super) fn key(&self) -> (FindingKind, &str, Class) {
        (self.kind, &self.who.requester, self.operations)
    }
}

impl BucketReport {
    /// Returns whether something was found.
    #[must_use]
    pub fn has_findings(&self) -> bool {
        !(self.findings.is_empty() && self.rest.is_empty())
    }
}

impl OmittedFindings {
    pub(super) fn of((kind, operations): GroupKey, times: Times) -> Self {
        Self { kind, severity: times.severity((kind, operations)), operations, times }
    }
}

impl AccessReport {
    /// Returns the findings of all buckets.
    pub fn findings(&self) -> impl Iterator<Item = (&BucketReport, &AccessFinding)> {
        self.buckets.iter().flat_map(|bucket| bucket.findings.iter().map(move |finding| (bucket, finding)))
    }

    /// Returns kind, severity and number of requests of everything that was found, including what was only counted.
    pub fn found(&self) -> impl Iterator<Item = (FindingKind, Severity, u64)> {
        let findings = self.findings().map(|(_, it)| (it.kind, it.severity, it.times.count));
        let rest = self.buckets.iter().flat_map(|bucket| &bucket.rest);
        findings.chain(rest.map(|it| (it.kind, it.severity, it.times.count)))
    }

    /// Returns whether the report is worth publishing.
    #[must_use]
    pub fn worth_reporting(&self) -> bool {
        self.malformed > 0
            || self.is_foreign_only()
            || self.unread().next().is_some()
            || self.buckets.iter().any(BucketReport::has_findings)
    }

    /// Returns whether all requests were made to buckets of other accounts.
    #[must_use]
    pub fn is_foreign_only(&self) -> bool {
        self.foreign > 0 && self.foreign + self.blank == self.lines
    }

    /// Returns what kept the file from being read to its end, by the word that subscriptions filter by.
    pub fn unread(&self) -> impl Iterator<Item = &'static str> {
        let Self { gone, overwritten, other_writer, unreadable, .. } = self;
        let unread = [
            (other_writer.is_some(), "other-writer"),
            (overwritten.is_some(), "overwritten"),
            (unreadable.is_some(), "unreadable"),
            (*gone, "gone"),
        ];
        unread.into_iter().filter_map(|(holds, what)| holds.then_some(what))
    }

    /// Returns the highest severity of everything that was found.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.found().map(|(_, severity, _)| severity).max()
    }
}
