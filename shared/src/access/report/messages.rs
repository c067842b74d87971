//! Turns the report on a log file into Amazon SNS messages, one for each bucket.

use super::answer::AccessAnswer;
use super::text::{subject, text};
use super::{AccessReport, BucketReport};
use crate::model::{Severity, sanitized};
use crate::report::message::{LARGEST, Message};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::iter;

/// Returns one message for each bucket with something worth reporting.
#[must_use]
pub(in crate::access) fn messages(answer: &AccessAnswer) -> Vec<Message> {
    if !answer.report.worth_reporting() {
        return Vec::new();
    }
    let found = |bucket: &&BucketReport| !(bucket.findings.is_empty() && bucket.rest.is_empty());
    let mut buckets: Vec<BucketReport> = answer.report.buckets.iter().filter(found).cloned().collect();
    // Unreadable lines are reported once, with the first bucket.
    let first = buckets.drain(..buckets.len().min(1)).collect();
    let first = AccessReport { buckets: first, ..answer.report.clone() };
    let of = |bucket| {
        let (buckets, faults) = (vec![bucket], Vec::new());
        AccessReport { buckets, faults, malformed: 0, gone: false, ..answer.report.clone() }
    };
    iter::once(first).chain(buckets.into_iter().map(of)).map(|part| fitting(answer, part)).collect()
}

/// Returns the message about a part of the report, with as many findings as fit. The response and the note have all.
fn fitting(answer: &AccessAnswer, mut part: AccessReport) -> Message {
    loop {
        let message = message(answer, &part);
        let findings = part.findings().count();
        if message.body.len() <= LARGEST || findings == 0 {
            return message;
        }
        part = part.with_at_most(findings * 3 / 4);
    }
}

fn message(answer: &AccessAnswer, part: &AccessReport) -> Message {
    let whole = AccessAnswer { report: part.clone(), ..answer.clone() };
    // Strings, numbers and lists only: nothing that JSON cannot represent.
    let report = serde_json::to_string(&whole).unwrap_or_default();
    let file = answer.file.as_ref();
    let source = file.map(|it| format!("File: s3://{}/{}\n", it.bucket, sanitized(&it.key))).unwrap_or_default();
    let account = answer.account.as_ref().map(|it| format!("Account: {it}\n")).unwrap_or_default();
    let found = part.found().map(|(kind, severity, _)| (kind.as_str(), severity));
    let unread = [(part.malformed > 0, "malformed", Severity::Medium), (part.gone, "gone", Severity::High)];
    let unread = unread.into_iter().filter_map(|(holds, what, severity)| holds.then_some((what, severity)));
    let all: BTreeSet<(&str, Severity)> = found.chain(unread).collect();
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
    fn what_is_normal_is_not_sent() {
        let watching = Watching::default();
        let report = Reading::new(&watching).report();
        let quiet = AccessAnswer { event: Origin::default(), account: None, ignored: None, file: None, report };
        assert_eq!(messages(&quiet), []);
    }
}
