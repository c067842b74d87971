//! What was found in access logs, for machines.
//!
//! `docs/access.schema.json` is made from these types.

pub mod answer;
#[cfg(any(test, feature = "access"))]
pub(crate) mod messages;
pub mod text;

use super::digest::group::GroupKey;
use super::digest::top::Tops;
use super::judge::kind::FindingKind;
use super::read::foreign::shown;
use super::read::line::Line;
use super::read::operation::Class;
use super::read::time::Time;
use super::read::who::{DIRECTORY, Requester, Somebody};
use crate::model::{Severity, sanitized};
use serde::Serialize;

/// What came of reading some log files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AccessReport {
    /// How many lines there were. The numbers of blank and malformed lines, of requests to other buckets and of those
    /// to each of the buckets add up to it.
    pub lines: u64,
    /// How many of them were blank.
    pub blank: u64,
    /// How many could not be read.
    pub malformed: u64,
    /// How many requests were to buckets that are not watched.
    pub elsewhere: u64,
    /// Whether the file was taken away before all of it was read.
    pub gone: bool,
    /// The first lines that could not be read.
    pub faults: Vec<FaultReport>,
    /// What was found, bucket by bucket.
    pub buckets: Vec<BucketReport>,
}

/// A line that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FaultReport {
    /// The log file.
    pub file: String,
    /// The line's number, from 1.
    pub line: u64,
    /// Where in the file, in bytes from 0.
    pub offset: u64,
    /// What is wrong with it.
    pub problem: String,
}

/// What was found about one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BucketReport {
    /// Its name. `(others)` where there were too many.
    pub bucket: String,
    /// How many requests there were.
    pub requests: u64,
    /// How many of them have a finding. A refused request that is normal otherwise only counts in a burst.
    pub flagged: u64,
    /// What was found, the worst first. A request can be in several findings.
    pub findings: Vec<AccessFinding>,
    /// What there was no place for among the findings, the worst first: who it was is not known any more.
    pub rest: Vec<OmittedFindings>,
}

/// Requests of one requester that are alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AccessFinding {
    /// What is not normal about them.
    pub kind: FindingKind,
    /// How much that matters.
    pub severity: Severity,
    /// What they did.
    pub operations: Class,
    /// Who made them.
    pub who: WhoReport,
    /// How many there were, and when.
    #[serde(flatten)]
    pub times: Times,
    /// The names of the role's sessions, where those name no person.
    pub sessions: Tops,
    /// Where they came from.
    pub addresses: Tops,
    /// The keys of the objects, as S3 logs them: URL-encoded.
    pub objects: Tops,
    /// What the callers said they are.
    pub agents: Tops,
    /// One of them, to look it up.
    pub example: Option<Example>,
}

/// How many requests there were, and when. These are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Times {
    /// How many.
    pub count: u64,
    /// How many of them S3 refused, or failed at.
    pub refused: u64,
    /// How many bytes S3 sent.
    pub bytes: u64,
    /// When the first of them was.
    pub first: Option<Time>,
    /// When the last was.
    pub last: Option<Time>,
}

/// Requests beyond the number of findings that are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OmittedFindings {
    /// What is not normal about them.
    pub kind: FindingKind,
    /// How much that matters.
    pub severity: Severity,
    /// What they did.
    pub operations: Class,
    /// How many there were, and when.
    #[serde(flatten)]
    pub times: Times,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Example {
    /// When it was.
    pub time: Time,
    /// S3's id of it.
    pub request_id: String,
    /// Its first line with credentials masked, or its operation.
    pub request: String,
}

/// Who made a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WhoReport {
    /// What S3 writes, without the session of a role where that names no person; `anonymous` where it was nobody.
    pub requester: String,
    /// What it is.
    pub kind: WhoKind,
    /// The account, where it is told.
    pub account: Option<String>,
    /// The role's name.
    pub role: Option<String>,
    /// The person that a session is named after. IAM Identity Center names those of `AWSReservedSSO_` roles; of others
    /// whoever began the session, or their directory, has chosen the name.
    pub person: Option<String>,
    /// Whether it is of another account than the bucket, where that can be told.
    pub foreign: Option<bool>,
}

/// What a requester is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum WhoKind {
    /// Nobody that S3 knows.
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
    /// Something new.
    Other,
}

impl WhoReport {
    /// Who made this request, seen from the account that the buckets belong to.
    pub(super) fn of(line: &Line<'_>, somebody: &Somebody<'_>, home: &str) -> Self {
        let text = line.requester.map(String::from_utf8_lossy);
        let who = Requester::of(text.as_deref());
        // S3 has checked it, so no credential is in it; and who it was must not be masked by what it is called.
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
            // An account's canonical id is another form of its number.
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
    /// Whether the person is one of a directory, and not just what the session is called.
    #[must_use]
    pub fn is_vouched_for(&self) -> bool {
        self.role.as_ref().is_some_and(|role| role.starts_with(DIRECTORY))
    }
}

impl AccessFinding {
    /// What sorts findings that matter alike.
    pub(super) fn key(&self) -> (FindingKind, &str, Class) {
        (self.kind, &self.who.requester, self.operations)
    }
}

impl OmittedFindings {
    pub(super) fn of((kind, operations): GroupKey, times: Times) -> Self {
        Self { kind, severity: times.severity((kind, operations)), operations, times }
    }
}

impl AccessReport {
    /// The findings, bucket by bucket.
    pub fn findings(&self) -> impl Iterator<Item = (&BucketReport, &AccessFinding)> {
        self.buckets.iter().flat_map(|bucket| bucket.findings.iter().map(move |finding| (bucket, finding)))
    }

    /// What was found of each kind, with its severity and number of requests: findings and the rest.
    pub fn found(&self) -> impl Iterator<Item = (FindingKind, Severity, u64)> {
        let findings = self.findings().map(|(_, it)| (it.kind, it.severity, it.times.count));
        let rest = self.buckets.iter().flat_map(|bucket| &bucket.rest);
        findings.chain(rest.map(|it| (it.kind, it.severity, it.times.count)))
    }

    /// Whether people want to hear of it.
    #[must_use]
    pub fn worth_telling(&self) -> bool {
        self.gone
            || self.malformed > 0
            || self.buckets.iter().any(|bucket| !(bucket.findings.is_empty() && bucket.rest.is_empty()))
    }

    /// The worst of what was found.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        self.found().map(|(_, severity, _)| severity).max()
    }
}
