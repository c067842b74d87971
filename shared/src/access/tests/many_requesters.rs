//! Many requesters at once: nobody can hide among them, and nobody is blamed for them.

use super::cases::{ADMIN, Case, READER};
use crate::access::Reading;
use crate::access::judge::kind::FindingKind;
use crate::access::read::operation::Class;
use crate::access::report::text::{subject, text};
use crate::access::report::{AccessFinding, AccessReport};
use crate::documents::principals::Principals;
use crate::model::Severity;
use crate::settings::watching::Watching;

fn read(cases: &[Case]) -> AccessReport {
    let watching = Watching {
        account: "111122223333".into(),
        readers: vec![Principals("arn:aws:iam::111122223333:role/SiemReader".into())],
        ..Watching::default()
    };
    let mut reading = Reading::new(&watching);
    reading.file("access/2026-03-02-11-30-00-A1B2");
    for case in cases {
        reading.feed(format!("{}\n", case.line()).as_bytes());
    }
    reading.report()
}

fn stranger(number: usize, operation: &str) -> Case {
    Case::by(&format!("arn:aws:sts::999999999999:assumed-role/r{number}/{number}@example.com"), operation)
}

fn count(report: &AccessReport) -> u64 {
    report.found().map(|(_, _, count)| count).sum()
}

fn by<'a>(report: &'a AccessReport, who: &str, kind: FindingKind) -> Option<&'a AccessFinding> {
    report.findings().map(|(_, it)| it).find(|it| (it.who.requester.as_str(), it.kind) == (who, kind))
}

#[test]
fn what_matters_is_not_hidden_behind_much_that_does_not() {
    let crime = [Case::by(ADMIN, "REST.DELETE.OBJECT"), Case::by(ADMIN, "REST.PUT.BUCKETPOLICY")];
    for crowd in [
        (0..600).map(|number| stranger(number, "REST.GET.BUCKETPOLICY").refused()).collect::<Vec<_>>(),
        (0..600).map(|number| stranger(number, "REST.GET.OBJECT").refused()).collect(),
        (0..600).map(|number| stranger(number, "REST.GET.OBJECT")).collect(),
        (0..600).map(|number| stranger(number, "REST.DELETE.OBJECT").refused()).collect(),
    ] {
        let before = read(&[&crime[..], &crowd[..]].concat());
        for (report, when) in [(read(&[&crowd[..], &crime[..]].concat()), "after"), (before, "before")] {
            let what = (when, crowd[0].line());
            assert!(
                by(&report, ADMIN, FindingKind::Delete).is_some() && by(&report, ADMIN, FindingKind::Change).is_some(),
                "{what:?}"
            );
            assert_eq!(report.severity(), Some(Severity::Critical), "{what:?}");
            let (mail, at) = (text(&report), |who: &str| text(&report).find(who).unwrap_or(usize::MAX));
            assert!(at("Admin/bob@example.com") < at("999999999999"), "{mail}");
        }
    }
}

#[test]
fn more_requesters_than_have_a_place_are_counted() {
    let cases: Vec<Case> = (0..600).map(|number| stranger(number, "REST.GET.OBJECT")).collect();
    let deletes = (0..600).map(|number| stranger(number, "REST.DELETE.OBJECT"));
    let report = read(&cases.into_iter().chain(deletes).collect::<Vec<_>>());
    assert_eq!((report.findings().count(), count(&report)), (512, 1_200));
    assert!(report.findings().all(|(_, it)| it.kind == FindingKind::Delete));
    let rest = &report.buckets[0].rest;
    let reported: Vec<_> = rest.iter().map(|it| (it.kind, it.operations, it.severity, it.times.count)).collect();
    let left = (FindingKind::Delete, Class::Delete, Severity::Critical, 88);
    assert_eq!(reported, [left, (FindingKind::Read, Class::Read, Severity::High, 600)]);
    assert!(text(&report).contains("487 more findings are in the JSON"));
    assert!(subject(&report).contains("critical at worst"));
}

#[test]
fn more_buckets_than_have_a_place_are_summed_up() {
    let case = |number: usize| Case { bucket: format!("bucket-{number}"), ..Case::by(ADMIN, "REST.GET.OBJECT") };
    let report = read(&(0..300).map(case).collect::<Vec<_>>());
    assert_eq!((report.buckets.len(), count(&report)), (257, 300));
    let others = report.buckets.iter().find(|it| it.bucket == "(others)").map(|it| it.requests);
    assert_eq!((others, subject(&report).len() <= 100), (Some(44), true));
}

#[test]
fn the_sessions_of_a_role_are_one_where_they_name_nobody() {
    let role = "arn:aws:sts::111122223333:assumed-role/Batch";
    let by_session = |number: usize| Case::by(&format!("{role}/botocore-session-{}", number % 3), "REST.GET.OBJECT");
    let mut cases: Vec<Case> = (0..90).map(by_session).collect();
    cases.extend([Case::by(ADMIN, "REST.GET.OBJECT"), Case::by(&ADMIN.replace("bob", "eve"), "REST.GET.OBJECT")]);
    let report = read(&cases);
    assert_eq!(report.findings().count(), 3);
    let found = by(&report, role, FindingKind::Read).expect("the role");
    let sessions: Vec<_> = found.sessions.top.iter().map(|it| (it.value.as_str(), it.at_least)).collect();
    assert_eq!(sessions, [("botocore-session-0", 30), ("botocore-session-1", 30), ("botocore-session-2", 30)]);
    assert_eq!((found.who.role.as_deref(), found.who.person.as_deref()), (Some("Batch"), None));
    assert!(text(&report).contains("Sessions:\n  botocore-session-0 (30)\n"));
    assert_eq!(by(&report, ADMIN, FindingKind::Read).map(|it| it.sessions.top.len()), Some(0));
}

#[test]
fn a_name_that_looks_like_a_credential_hides_nobody() {
    let who = "arn:aws:sts::111122223333:assumed-role/token=x/secret=mallory@example.com";
    let report = read(&[Case::by(who, "REST.DELETE.OBJECT")]);
    let found = by(&report, who, FindingKind::Delete).expect("the requester");
    assert_eq!(found.who.person.as_deref(), Some("secret=mallory@example.com"));
    assert!(text(&report).contains("in a session named secret=mallory@example.com"));
}

#[test]
fn a_new_session_for_each_request_does_not_hide_a_burst() {
    let refused = |number: usize| {
        let requester = READER.replace("collector-3", &format!("s{number}"));
        Case { time: format!("02/Mar/2026:11:20:{number:02} +0000"), ..Case::by(&requester, "REST.GET.OBJECT") }
            .refused()
    };
    let report = read(&(0..12).map(refused).collect::<Vec<_>>());
    let found =
        by(&report, "arn:aws:sts::111122223333:assumed-role/SiemReader", FindingKind::DeniedBurst).expect("a burst");
    assert_eq!((found.times.count, report.buckets[0].flagged), (12, 12));
    assert!(subject(&report).starts_with("Trailkeeper: 12 requests to trail-logs"), "{}", subject(&report));
    assert!(!read(&(0..9).map(refused).collect::<Vec<_>>()).worth_reporting());
}

#[test]
fn the_anonymous_are_a_burst_only_from_one_address() {
    let from = |ip: usize| Case { ip: format!("192.0.2.{ip}"), ..Case::by("-", "REST.GET.OBJECT") }.refused();
    let burst = |cases: &[Case]| read(cases).findings().any(|(_, it)| it.kind == FindingKind::DeniedBurst);
    assert!(!burst(&(0..20).map(from).collect::<Vec<_>>()));
    assert!(burst(&vec![from(7); 10]));
}
