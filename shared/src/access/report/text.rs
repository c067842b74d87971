//! Human-readable report on access logs: subject and body of a mail.

use super::{AccessFinding, AccessReport, BucketReport, OmittedFindings, WhoReport};
use crate::access::digest::top::{Share, Tops};
use crate::access::judge::kind::FindingKind;
use crate::access::notice::Put;
use crate::model::Severity;
use crate::report::mail::SUBJECT;
use std::fmt::Write as _;

/// Maximum number of findings in a mail; the JSON has all of them.
const REPORTED: usize = 25;

/// Returns a one-line summary of what was found where.
#[must_use]
pub fn subject(report: &AccessReport) -> String {
    let worst = report.severity().map_or_else(String::new, |severity| format!(", {} at worst,", severity.as_str()));
    let mut buckets = report.buckets.iter().filter(|bucket| bucket.has_findings());
    let line = match (buckets.next(), buckets.count()) {
        (None, _) if report.unread().next().is_some() => unread(report),
        (None, _) if report.is_foreign_only() => {
            "Trailkeeper: an access log is about buckets of other accounts only".to_owned()
        }
        (None, _) => format!("Trailkeeper could not parse {} lines of access logs", report.malformed),
        (Some(bucket), 0) => {
            format!("Trailkeeper: {} to {}{worst} need review", requests(bucket.flagged), bucket.bucket)
        }
        (Some(bucket), more) => {
            let flagged = report.buckets.iter().map(|bucket| bucket.flagged).sum();
            let (requests, buckets) = (requests(flagged), more + 1);
            format!("Trailkeeper: {requests} to {} and others ({buckets} buckets){worst} need review", bucket.bucket)
        }
    };
    let ascii = line.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' });
    ascii.take(SUBJECT).collect()
}

/// Returns what kept a file from being read, the worst if it is several things.
fn unread(report: &AccessReport) -> String {
    match report {
        AccessReport { other_writer: Some(put), .. } => {
            format!("Trailkeeper: an access log was not written by S3's log service, but by {}", put.writer())
        }
        AccessReport { overwritten: Some(_), .. } => {
            "Trailkeeper: an access log was written over before it was read".to_owned()
        }
        AccessReport { unreadable: Some(_), .. } => "Trailkeeper: an access log could not be read".to_owned(),
        _ => "Trailkeeper: an access log was deleted before it was fully read".to_owned(),
    }
}

fn requests(count: u64) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}

/// Returns a description of who did what to which bucket, when, from where and with what.
#[must_use]
pub fn text(report: &AccessReport) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = all(&mut text, report);
    text
}

fn all(text: &mut String, report: &AccessReport) -> std::fmt::Result {
    let mut findings: Vec<_> = report.findings().collect();
    findings.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
    for (bucket, finding) in findings.iter().take(REPORTED) {
        one(text, bucket, finding)?;
    }
    if findings.len() > REPORTED {
        writeln!(text, "{} more findings are in the JSON of this message.\n", findings.len() - REPORTED)?;
    }
    for bucket in &report.buckets {
        for rest in &bucket.rest {
            let OmittedFindings { kind, severity, operations, times } = rest;
            let (severity, heading) = (severity.as_str().to_uppercase(), heading(*kind, times.refused == times.count));
            let (operations, count) = (operations.as_str(), requests(times.count));
            writeln!(text, "{severity}: {heading}, by requesters not listed here")?;
            writeln!(text, "Bucket: {}\nWhat: {operations}, {count}\n", bucket.bucket)?;
        }
    }
    for bucket in &report.buckets {
        writeln!(text, "{}: {}, {} with findings", bucket.bucket, requests(bucket.requests), bucket.flagged)?;
    }
    if let Some(put) = &report.other_writer {
        writeln!(text, "HIGH: this file was written by somebody other than S3's log service")?;
        writeln!(text, "Who: {}\nWhat: {}", put.writer(), announced(put))?;
        writeln!(
            text,
            "Nothing of it was read, as it may say anything. If access logs are copied here on purpose, add"
        )?;
        writeln!(text, "that writer to TRAILKEEPER_ACCESS_WRITERS, spelled the same way. Otherwise find out who may")?;
        writeln!(
            text,
            "write into this bucket, and leave that to logging.s3.amazonaws.com alone. Where it is noted what was"
        )?;
        writeln!(text, "told (TRAILKEEPER_ACCESS_STATE), that writer's other files here are not told of today.")?;
    }
    if let Some(put) = &report.overwritten {
        writeln!(text, "HIGH: this file was written over before it was read: what S3 delivered is lost")?;
        writeln!(text, "Delivered: by {}, {}", put.writer(), announced(put))?;
        writeln!(
            text,
            "If the bucket keeps versions, that version can still be read. CloudTrail shows who wrote over it"
        )?;
        writeln!(text, "only where it records data events of this bucket.")?;
    }
    if let Some(reason) = &report.unreadable {
        writeln!(text, "HIGH: this file could not be read: {reason}")?;
        writeln!(text, "It is not tried again. Once it can be read, access-report reads it.")?;
    }
    if report.gone {
        writeln!(text, "The file was deleted before it was fully read: the rest of it is lost")?;
    }
    writeln!(text, "Lines read: {}, of which {} could not be parsed", report.lines, report.malformed)?;
    if report.foreign > 0 {
        let verb = if report.foreign == 1 { "is" } else { "are" };
        writeln!(text, "{} to buckets of other accounts {verb} counted and not told", requests(report.foreign))?;
    }
    if report.omitted > 0 {
        let buckets = if report.omitted == 1 { "bucket has" } else { "buckets have" };
        writeln!(text, "{} more {buckets} findings. Nothing more is sent about this file:", report.omitted)?;
        writeln!(text, "access-report shows all of it, as do the function's response and its note about the file.")?;
    }
    for fault in &report.faults {
        writeln!(text, "  {} line {} (byte {}): {}", fault.file, fault.line, fault.offset, fault.problem)?;
    }
    Ok(())
}

/// Returns what S3 announced about a file.
fn announced(put: &Put) -> String {
    let reason = put.reason.as_deref().unwrap_or("an unknown operation");
    let unit = if put.size == Some(1) { "byte" } else { "bytes" };
    let size = put.size.map(|size| format!(", {size} {unit}")).unwrap_or_default();
    let etag = put.etag.as_ref().map(|etag| format!(", ETag {etag}")).unwrap_or_default();
    format!("{reason}{size}{etag}")
}

fn one(text: &mut String, bucket: &BucketReport, finding: &AccessFinding) -> std::fmt::Result {
    let AccessFinding { kind, severity, operations, who, times, sessions, addresses, objects, agents, example } =
        finding;
    writeln!(text, "{}: {}", Severity::as_str(*severity).to_uppercase(), heading(*kind, times.refused == times.count))?;
    writeln!(text, "Bucket: {}", bucket.bucket)?;
    writeln!(text, "Who: {}", person(who))?;
    let refused = match times.refused {
        0 => String::new(),
        all if all == times.count => ", all refused".to_owned(),
        some => format!(", {some} refused"),
    };
    let sent = if times.bytes > 0 { format!(", {} bytes sent", times.bytes) } else { String::new() };
    writeln!(text, "What: {}, {}{refused}{sent}", operations.as_str(), requests(times.count))?;
    if let (Some(first), Some(last)) = (times.first, times.last) {
        if first == last { writeln!(text, "When: {first}")? } else { writeln!(text, "When: {first} to {last}")? }
    }
    for (label, tops) in [("Sessions", sessions), ("From", addresses), ("Objects", objects), ("With", agents)] {
        list(text, label, tops)?;
    }
    if let Some(example) = example {
        writeln!(text, "For example: {} at {} (request {})", example.request, example.time, example.request_id)?;
    }
    writeln!(text)
}

/// Returns the heading for a kind of finding.
#[must_use]
pub fn heading(kind: FindingKind, refused: bool) -> &'static str {
    match (kind, refused) {
        (FindingKind::Read, false) => "logs were read by someone who is not a configured reader",
        (FindingKind::Read, true) => "someone who is not a configured reader tried to read logs",
        (FindingKind::Write, false) => "something was written by someone other than a log service",
        (FindingKind::Write, true) => "someone other than a log service tried to write",
        (FindingKind::Delete, false) => "something was deleted",
        (FindingKind::Delete, true) => "someone tried to delete something",
        (FindingKind::Change, false) => "the configuration of the bucket or an object was changed",
        (FindingKind::Change, true) => "someone tried to change the configuration of the bucket or an object",
        (FindingKind::Unknown, _) => "unknown operations",
        (FindingKind::Anonymous, _) => "unsigned requests",
        (FindingKind::PlainHttp, _) => "requests over plain HTTP",
        (FindingKind::OldTls, _) => "requests over an old version of TLS",
        (FindingKind::OutsideNetworks, _) => "requests from outside the configured networks",
        (FindingKind::DeniedBurst, _) => "many refused requests in a short time",
    }
}

fn person(who: &WhoReport) -> String {
    let WhoReport { requester, person, foreign, .. } = who;
    let person = match person {
        Some(person) if who.is_vouched_for() => format!(", that is {person}"),
        Some(person) => format!(", in a session named {person}"),
        None => String::new(),
    };
    let foreign = if *foreign == Some(true) { ", from another account" } else { "" };
    format!("{requester}{person}{foreign}")
}

fn list(text: &mut String, label: &str, tops: &Tops) -> std::fmt::Result {
    let share = |share: &Share| match share {
        Share { value, at_least, at_most } if at_least == at_most => format!("{value} ({at_least})"),
        Share { value, at_least, at_most } => format!("{value} ({at_least} to {at_most})"),
    };
    match tops.top.as_slice() {
        [] => Ok(()),
        [only] if tops.others == 0 => writeln!(text, "{label}: {}", only.value),
        [first, ..] if first.at_least == 1 && tops.others > 0 => {
            writeln!(text, "{label}: many, rarely the same one twice, such as {}", first.value)
        }
        top => {
            writeln!(text, "{label}:")?;
            top.iter().try_for_each(|it| writeln!(text, "  {}", share(it)))?;
            if tops.others > 0 { writeln!(text, "  others ({})", tops.others) } else { Ok(()) }
        }
    }
}
