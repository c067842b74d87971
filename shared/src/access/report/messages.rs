//! Turns the report on a log file into at most three Amazon SNS messages, one for each of the worst buckets.

use super::answer::AccessAnswer;
use super::text::{subject, text};
use super::{AccessReport, BucketReport};
use crate::model::{Severity, sanitized};
use crate::report::message::{LARGEST, Message};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Maximum number of messages about one file. S3 puts the requests to one bucket into a file, so more buckets than this
/// are more than S3 would write; and nobody reads hundreds of messages.
const MESSAGES: usize = 3;

/// Returns one message for each bucket with something worth reporting, the worst first, and at most three. The last of
/// them says how many buckets are left out.
#[must_use]
pub(in crate::access) fn messages(answer: &AccessAnswer) -> Vec<Message> {
    if !answer.report.worth_reporting() {
        return Vec::new();
    }
    let mut buckets: Vec<BucketReport> =
        answer.report.buckets.iter().filter(|bucket| bucket.has_findings()).cloned().collect();
    buckets.sort_by_key(|bucket| std::cmp::Reverse(rank(bucket)));
    let omitted = buckets.split_off(buckets.len().min(MESSAGES));
    // What concerns the whole file is reported once, with the first bucket.
    let first = buckets.drain(..buckets.len().min(1)).collect();
    let mut parts = vec![AccessReport { buckets: first, ..answer.report.clone() }];
    let AccessReport { lines, blank, elsewhere, .. } = answer.report;
    parts.extend(buckets.into_iter().map(|bucket| AccessReport {
        lines,
        blank,
        elsewhere,
        buckets: vec![bucket],
        ..AccessReport::default()
    }));
    if let Some(last) = parts.last_mut() {
        last.omitted = omitted.len() as u64;
    }
    let count = parts.len();
    let left_out = |number| if number + 1 == count { omitted.as_slice() } else { &[] };
    parts.into_iter().enumerate().map(|(number, part)| fitting(answer, part, left_out(number))).collect()
}

/// Returns the sort key of a bucket among others: severity first, then number of requests with a finding.
fn rank(bucket: &BucketReport) -> (Option<Severity>, u64) {
    let findings = bucket.findings.iter().map(|it| it.severity);
    (findings.chain(bucket.rest.iter().map(|it| it.severity)).max(), bucket.flagged)
}

/// Returns the message about a part of the report, with as many findings as fit. The response and the note have all.
fn fitting(answer: &AccessAnswer, mut part: AccessReport, omitted: &[BucketReport]) -> Message {
    loop {
        let message = message(answer, &part, omitted);
        let findings = part.findings().count();
        if message.body.len() <= LARGEST || findings == 0 {
            return message;
        }
        part = part.with_at_most(findings * 3 / 4);
    }
}

/// Returns the message about a part of the report. Its attributes are also those of the buckets that are left out.
fn message(answer: &AccessAnswer, part: &AccessReport, omitted: &[BucketReport]) -> Message {
    let whole = AccessAnswer { report: part.clone(), ..answer.clone() };
    // Strings, numbers and lists only: nothing that JSON cannot represent.
    let report = serde_json::to_string(&whole).unwrap_or_default();
    let file = answer.file.as_ref();
    let source = file.map(|it| format!("File: s3://{}/{}\n", it.bucket, sanitized(&it.key))).unwrap_or_default();
    let account = answer.account.as_ref().map(|it| format!("Account: {it}\n")).unwrap_or_default();
    let omitted = AccessReport { buckets: omitted.to_vec(), ..AccessReport::default() };
    let found = part.found().chain(omitted.found()).map(|(kind, severity, _)| (kind.as_str(), severity));
    let lines = [(part.malformed > 0, "malformed"), (part.is_foreign_only(), "other-accounts")];
    let lines = lines.into_iter().filter_map(|(holds, what)| holds.then_some((what, Severity::Medium)));
    let unread = part.unread().map(|what| (what, Severity::High));
    let all: BTreeSet<(&str, Severity)> = found.chain(lines).chain(unread).collect();
    let controls: BTreeSet<String> = all.iter().map(|(what, _)| format!("access-{what}")).collect();
    let severities = all.iter().map(|(_, severity)| severity.as_str().to_owned()).collect();
    Message {
        subject: subject(part),
        body: json!({ "default": report, "email": format!("{}{source}{account}", text(part)) }).to_string(),
        report,
        attributes: BTreeMap::from([
            ("control", controls),
            ("status", BTreeSet::from(["found".to_owned()])),
            ("severity", severities),
            ("account", answer.account.iter().cloned().collect()),
            ("region", file.iter().map(|it| it.region.to_string()).collect()),
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Reading;
    use crate::access::notice::Put;
    use crate::access::tests::cases::{ADMIN, Case};
    use crate::event::Origin;
    use crate::settings::watching::Watching;
    use serde_json::Value;

    fn answer(cases: &[Case]) -> AccessAnswer {
        let watching = Watching::default();
        let mut reading = Reading::new(&watching);
        reading.file("f");
        for case in cases {
            reading.feed(format!("{}\n", case.line()).as_bytes());
        }
        reading.feed(b"nonsense\n");
        let account = Some("111122223333".to_owned());
        AccessAnswer { event: Origin::default(), account, ignored: None, file: None, report: reading.report() }
    }

    fn by(number: usize, bucket: &str) -> Case {
        let requester = format!("arn:aws:sts::111122223333:assumed-role/Admin/{number}@example.com");
        let key = format!("AWSLogs/{}", "k".repeat(250));
        Case { requester, bucket: bucket.into(), key, ..Case::default() }
    }

    #[test]
    fn each_bucket_has_its_message() {
        let told = messages(&answer(&[Case::by(ADMIN, "REST.GET.OBJECT"), by(1, "config-logs")]));
        assert_eq!(told.len(), 2);
        let reports: Vec<Value> = told.iter().map(|it| serde_json::from_str(&it.report).expect("JSON")).collect();
        assert_eq!(reports.iter().map(|it| it["malformed"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(0)]);
        assert!(told.iter().all(|it| it.attributes["control"].contains("access-read")));
    }

    #[test]
    fn of_more_findings_than_fit_the_worst_are_told_and_all_are_counted() {
        let deletes = |number: usize| Case { operation: "REST.DELETE.OBJECT".into(), ..by(number, "trail-logs") };
        let mut cases: Vec<Case> = (0..400).map(|number| by(number, "trail-logs")).collect();
        cases.extend((900..905).map(deletes));
        let told = messages(&answer(&cases));
        let [message] = told.as_slice() else { panic!("{}", told.len()) };
        assert!((LARGEST / 2..=LARGEST).contains(&message.body.len()), "{}", message.body.len());
        let report: Value = serde_json::from_str(&message.report).expect("JSON");
        let [findings, rest] = ["findings", "rest"].map(|list| report["buckets"][0][list].as_array().expect("a list"));
        assert_eq!(findings.iter().filter(|it| it["kind"] == "delete").count(), 5);
        let count = |list: &[Value]| list.iter().map(|it| it["count"].as_u64().expect("a count")).sum::<u64>();
        assert_eq!((count(findings) + count(rest), rest.len()), (405, 1));
    }

    #[test]
    fn at_most_three_messages_tell_of_a_file_and_the_last_counts_the_rest() {
        let named = |number: usize| by(1, &format!("logs-{number:03}"));
        let delete = Case { operation: "REST.DELETE.OBJECT".into(), ..by(1, "zzz") };
        for (buckets, left_out) in [(2, 0), (3, 0), (4, 1), (300, 254)] {
            let mut cases: Vec<Case> = (1..buckets).map(named).collect();
            cases.push(delete.clone());
            // Of more buckets than are kept, the last ones are one in the report.
            cases.rotate_right(1);
            let told = messages(&answer(&cases));
            let reports: Vec<Value> = told.iter().map(|it| serde_json::from_str(&it.report).expect("JSON")).collect();
            let omitted: Vec<_> = reports.iter().map(|it| it["omitted"].as_u64().unwrap_or_default()).collect();
            assert_eq!((told.len(), omitted.iter().sum::<u64>()), (buckets.min(3), left_out), "{buckets}");
            assert_eq!((omitted.last(), reports[0]["buckets"][0]["bucket"].as_str()), (Some(&left_out), Some("zzz")));
            let mail = serde_json::from_str::<Value>(&told[told.len() - 1].body).expect("JSON")["email"].to_string();
            assert_eq!(mail.contains(&format!("{left_out} more bucket")), left_out > 0, "{mail}");
        }
    }

    fn unread(report: AccessReport) -> (String, String, Vec<String>) {
        let answer = AccessAnswer { report, ..answer(&[]) };
        let answer =
            AccessAnswer { report: AccessReport { malformed: 0, faults: Vec::new(), ..answer.report }, ..answer };
        let told = messages(&answer);
        let [Message { subject, body, attributes, .. }] = told.as_slice() else { panic!("{told:?}") };
        let mail = serde_json::from_str::<Value>(body).expect("JSON")["email"].as_str().expect("a text").to_owned();
        let words = ["control", "severity"].map(|it| attributes[it].iter().cloned().collect::<Vec<_>>().join(","));
        (subject.clone(), mail, words.into())
    }

    #[test]
    fn a_file_that_was_not_read_is_one_message_that_says_why() {
        let put = Put {
            size: Some(731),
            etag: Some("d41d".into()),
            requester: Some("999999999999".into()),
            reason: Some("CopyObject".into()),
        };
        let none = AccessReport::default;
        let (subject, mail, words) = unread(AccessReport { other_writer: Some(put.clone()), ..none() });
        assert_eq!(subject, "Trailkeeper: an access log was not written by S3's log service, but by 999999999999");
        assert!(mail.contains("Who: 999999999999\nWhat: CopyObject, 731 bytes, ETag d41d\n"), "{mail}");
        assert_eq!(words, ["access-other-writer", "high"]);
        let (subject, mail, words) = unread(AccessReport { overwritten: Some(put), ..none() });
        assert_eq!(subject, "Trailkeeper: an access log was written over before it was read");
        assert!(mail.contains("Delivered: by 999999999999, CopyObject, 731 bytes, ETag d41d\n"), "{mail}");
        assert_eq!(words, ["access-overwritten", "high"]);
        let reason = Some("s3:GetObject was denied".to_owned());
        let (subject, mail, words) = unread(AccessReport { unreadable: reason, ..none() });
        assert_eq!(subject, "Trailkeeper: an access log could not be read");
        assert!(mail.contains("could not be read: s3:GetObject was denied\n"), "{mail}");
        assert_eq!(words, ["access-unreadable", "high"]);
        let (_, _, words) = unread(AccessReport { foreign: 2, lines: 3, blank: 1, ..none() });
        assert_eq!(words, ["access-other-accounts", "medium"]);
    }

    #[test]
    fn what_is_normal_is_not_sent() {
        let watching = Watching::default();
        let report = Reading::new(&watching).report();
        let quiet = AccessAnswer { event: Origin::default(), account: None, ignored: None, file: None, report };
        assert_eq!(messages(&quiet), []);
    }
}
