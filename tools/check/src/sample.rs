//! Sample for tests: an account with something of everything, and names that somebody chose to do harm.

use crate::finding::{Finding, LastChange, Standing};
use crate::report::{AccountChecked, CheckReport};
use serde_json::json;
use trailkeeper::families::known;
use trailkeeper::model::{OneLine, Severity};
use trailkeeper::report::{ControlResult, Status, StepReport, StepStatus};

/// Names that somebody chose to do harm in any of the formats.
pub(crate) const HOSTILE: [&str; 9] = [
    "<script>window.hacked=1</script>",
    "\"><img src=x onerror=\"window.hacked=1\">",
    "]]><evil/>&lt;&amp;",
    "=HYPERLINK(\"http://192.0.2.1\")",
    "a\"b,c\r\nd;e",
    "[x](javascript:alert(1)) | `c` @everyone http://192.0.2.1 **b** # h",
    "\u{202e}gnp.exe\u{2066}\u{1b}[31m\0",
    "\u{fffe}\u{ffff}{{7*7}}{%raw%}",
    "</details></article></main><style>*{display:none}</style>",
];

pub(crate) fn result(control: &str, resource: &str, status: Status) -> ControlResult {
    let severity = known(control).map_or(Severity::Low, |it| it.about.severity);
    let mut result = ControlResult::new((control, severity), resource, "us-east-1", status, "the trail is not logging");
    if status == Status::Planned {
        result.steps.push(step(resource));
    }
    result
}

fn step(resource: &str) -> StepReport {
    StepReport {
        action: "s3:PutBucketPolicy".to_owned(),
        summary: format!("put the policy of {resource}").into(),
        status: StepStatus::Planned,
        error: None,
        before: Some(json!({ "Statement": [{ "Sid": resource, "Effect": "Allow" }] })),
        after: json!({ "Statement": [{ "Sid": resource, "Effect": "Allow" }, { "Sid": "DenyHttp", "Effect": "Deny" }] }),
        undo: "aws s3api put-bucket-policy --bucket logs".into(),
        by_hand: None,
        undo_once: None,
    }
}

/// An account with something of everything.
pub(crate) fn sample() -> CheckReport {
    let account = "111122223333";
    let trail = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main";
    let mut results = [
        result("cloudtrail-logging", trail, Status::Planned),
        result("cloudtrail-log-validation", trail, Status::Compliant),
        result("cloudtrail-kms", trail, Status::Unknown),
        result("log-bucket-https-only", "arn:aws:s3:::main-logs", Status::Planned),
        result("log-bucket-mfa-delete", "arn:aws:s3:::main-logs", Status::Advised),
        result("vpc-flow-logs", "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0abc", Status::Exempt),
        result("kms-key-rotation", "arn:aws:kms:us-east-1:111122223333:key/1", Status::NotApplicable),
    ];
    results[2].because = "kms:GetKeyPolicy was denied".into();
    results[4].advice = Some("Turn it on with the root user".into());
    (results[5].region, results[5].exempted) = ("eu-west-1".to_owned(), true);
    let mut report = report(results.iter().filter_map(|it| Finding::of(it, account)).collect());
    let (time, call) = ("2026-11-29T14:54:15Z".into(), "StopLogging".into());
    report.findings[0].last_change = Some(LastChange { time, call, actor: "alice".into() });
    report
}

/// The same with a hostile name in every field.
pub(crate) fn hostile() -> CheckReport {
    let mut findings = Vec::new();
    for (place, name) in HOSTILE.iter().enumerate() {
        for status in [Status::Planned, Status::Advised, Status::Unknown, Status::Exempt, Status::Compliant] {
            let mut result =
                result("log-bucket-https-only", &format!("arn:aws:s3:::{name}{place}{}", status.as_str()), status);
            (result.because, result.advice) = ((*name).into(), Some((*name).into()));
            (result.region, result.exempted) = (name.to_string(), true);
            for step in &mut result.steps {
                (step.undo, step.error) = ((*name).into(), Some((*name).into()));
            }
            let mut finding = Finding::of(&result, name).expect("a finding");
            let word = || OneLine::from(*name);
            finding.last_change = Some(LastChange { time: word(), call: word(), actor: word() });
            findings.push(finding);
        }
    }
    let mut report = report(findings);
    report.by = HOSTILE.concat().into();
    report.notes = HOSTILE.map(OneLine::from).to_vec();
    report.accounts =
        HOSTILE.iter().map(|it| AccountChecked { id: (*it).into(), regions: vec![(*it).into()] }).collect();
    report
}

fn report(findings: Vec<Finding>) -> CheckReport {
    let regions = ["us-east-1", "eu-west-1"].map(OneLine::from).to_vec();
    assert!(findings.iter().any(|it| it.standing == Standing::Wrong));
    CheckReport {
        given: String::new(),
        made: "2026-11-29T15:00:00Z".parse().expect("a time"),
        by: "arn:aws:iam::111122223333:user/ann".into(),
        accounts: vec![AccountChecked { id: "111122223333".into(), regions }],
        unopened: Vec::new(),
        is_complete: true,
        notes: Vec::new(),
        left_out: None,
        framework: None,
        comparison: None,
        controls: trailkeeper::families::families().into_iter().flat_map(|it| it.controls).map(|it| it.id).collect(),
        findings,
    }
    .in_order()
}
