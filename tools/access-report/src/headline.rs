//! Describes in words what a requester did to a bucket.

use crate::intake::plural;
use crate::requester;
use crate::summary::{Summary, clock};
use indicatif::HumanCount;
use std::cmp::Reverse;
use trailkeeper::access::judge::kind::FindingKind;
use trailkeeper::access::read::operation::Class;
use trailkeeper::access::report::{AccessFinding, BucketReport, Times, WhoReport};
use trailkeeper::model::Severity;

/// Maximum number of headlines.
const NAMED: usize = 3;

/// One of the worst findings.
pub(crate) struct Headline<'a> {
    /// Who made the requests; `None` if that is not known any more.
    pub(crate) who: Option<&'a WhoReport>,
    /// Name of the bucket.
    pub(crate) bucket: &'a str,
    kind: FindingKind,
    class: Class,
    times: &'a Times,
    severity: Severity,
}

/// Returns what the page and the table show at the top: a few of the worst findings, one for each requester, bucket and
/// class of request.
pub(crate) fn worst<'a>(summary: &Summary<'a>) -> Vec<Headline<'a>> {
    let of_finding = |(bucket, finding): (&'a BucketReport, &'a AccessFinding)| Headline {
        who: Some(&finding.who),
        bucket: &bucket.bucket,
        kind: finding.kind,
        class: finding.operations,
        times: &finding.times,
        severity: finding.severity,
    };
    let mut deeds: Vec<Headline<'_>> = summary.findings().into_iter().map(of_finding).collect();
    deeds.extend(summary.rests().into_iter().map(|(bucket, rest)| {
        let (kind, severity, class, times) = (rest.kind, rest.severity, rest.operations, &rest.times);
        Headline { who: None, bucket: &bucket.bucket, kind, class, times, severity }
    }));
    let worst = summary.report.severity();
    deeds.retain(|headline| Some(headline.severity) == worst);
    deeds.sort_by_key(|headline| (rank(headline.kind), Reverse(headline.times.count)));
    let mut named: Vec<Headline<'_>> = Vec::new();
    for headline in deeds {
        let is_named = |before: &Headline<'_>| {
            (before.who.map(|who| &who.requester), before.bucket, before.class)
                == (headline.who.map(|who| &who.requester), headline.bucket, headline.class)
        };
        if named.len() < NAMED && !named.iter().any(is_named) {
            named.push(headline);
        }
    }
    named
}

/// Returns the rank of a kind. What cannot be undone comes first.
fn rank(kind: FindingKind) -> u8 {
    match kind {
        FindingKind::Delete => 0,
        FindingKind::Change => 1,
        FindingKind::Write => 2,
        _ => 3,
    }
}

impl Headline<'_> {
    /// Returns the name of the requester.
    pub(crate) fn name(&self) -> String {
        self.who.map_or_else(|| "Others, not listed one by one,".to_owned(), |who| requester::name(who).into_owned())
    }

    /// Describes what the requests did, how many there were, and when.
    pub(crate) fn words(&self) -> String {
        let Self { kind, class, times, bucket, .. } = self;
        let refused = times.count == times.refused;
        let did = match (kind, class) {
            (FindingKind::DeniedBurst, _) => format!("was repeatedly refused by {bucket}"),
            (_, Class::List) => tried(refused, "listed", "list", bucket),
            (_, Class::Read) => tried(refused, "read from", "read from", bucket),
            (_, Class::Inspect) => tried(refused, "read the settings of", "read the settings of", bucket),
            (_, Class::Write) => tried(refused, "wrote to", "write to", bucket),
            (_, Class::Delete) => tried(refused, "deleted from", "delete from", bucket),
            (_, Class::Change) => tried(refused, "changed the settings of", "change the settings of", bucket),
            (_, Class::Lifecycle | Class::Unknown) => format!("did something unknown to {bucket}"),
        };
        let how = match kind {
            FindingKind::PlainHttp => " over plain HTTP",
            FindingKind::OldTls => " over an old version of TLS",
            FindingKind::OutsideNetworks => " from outside the networks",
            _ => "",
        };
        let some = if times.refused > 0 && !refused {
            format!(" ({} of them refused)", HumanCount(times.refused))
        } else {
            String::new()
        };
        format!("{did}{how}: {}{some}, {} UTC", plural(times.count, "request"), when(times))
    }
}

fn tried(refused: bool, did: &str, to: &str, bucket: &str) -> String {
    if refused { format!("tried to {to} {bucket}") } else { format!("{did} {bucket}") }
}

/// Describes the period of the requests. The second time has no date if it is the same day.
fn when(times: &Times) -> String {
    let (Some(first), Some(last)) = (times.first.map(clock), times.last.map(clock)) else { return "-".to_owned() };
    match (first.split_once(' '), last.split_once(' ')) {
        _ if first == last => first,
        (Some((day, _)), Some((same, time))) if day == same => format!("{first} to {time}"),
        _ => format!("{first} to {last}"),
    }
}
