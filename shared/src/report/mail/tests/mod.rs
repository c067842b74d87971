//! Mails as people read them: one of each kind is kept, and proofread.

use super::exempt::tag;
use super::*;
use crate::event::Origin;
use crate::families::known;
use crate::ledger::{ChangeId, Fight, Tool};
use crate::model::{Property, Region, Severity, Undo};
use crate::report::{Hints, StepReport, StepStatus};
use crate::settings::Mode;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

mod digests;
mod known;

const ACCOUNT: &str = "123456789012";
const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:123456789012:trail/main";
fn denied(action: &str) -> String {
    format!(
        "{action} was denied (AccessDeniedException: User: \
         arn:aws:sts::{ACCOUNT}:assumed-role/trailkeeper/trailkeeper is not authorized to perform: {action} with an \
         explicit deny in a service control policy)"
    )
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_443_971, 0).expect("a time") + TimeDelta::seconds(seconds)
}

fn context() -> MailContext<'static> {
    let (log_group, request_id) = (Some("/aws/lambda/trailkeeper-trail"), Some("c82b60cc-4cf6-41e7-aa3d-553ec0a14fa9"));
    MailContext { control: known, log_group, request_id }
}

fn by_alice(call: &str, named: &str) -> Report {
    let event = Origin {
        id: Some("11111111-2222-4333-8444-555555555555".into()),
        name: call.into(),
        time: Some("2026-03-02T09:32:51Z".into()),
        actor: Some(format!("arn:aws:iam::{ACCOUNT}:user/alice")),
        source_ip: Some("203.0.113.25".into()),
        user_agent: Some(
            "aws-cli/2.31.9 md/awscrt#0.27.6 ua/2.1 os/linux#6.8.0 md/arch#x86_64 lang/python#3.13".into(),
        ),
    };
    Report { mode: Mode::Enforce, event, named: Some(named.into()), ..a_sweep("trailkeeper-trail") }
}

fn by_terraform(call: &str, named: &str) -> Report {
    let mut report = Report { role: Some("trailkeeper-bucket".into()), ..by_alice(call, named) };
    report.event.actor = Some(format!("arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/ci-7"));
    report.event.user_agent = Some("APN/1.0 HashiCorp/1.0 Terraform/1.9.5 (+https://www.terraform.io)".into());
    report
}

fn a_sweep(role: &str) -> Report {
    let event = Origin {
        id: Some("33333333-2222-4333-8444-555555555555".into()),
        name: "Scheduled Event".into(),
        time: Some("2026-03-02T03:00:00Z".into()),
        ..Origin::default()
    };
    Report { event, account: Some(ACCOUNT.into()), role: Some(role.into()), ..Report::default() }
}

fn result(control: &str, resource: &str, status: Status, because: &str) -> ControlResult {
    ControlResult {
        right_at: (status == Status::Fixed).then(|| at(3)),
        ..ControlResult::new(
            (control, known(control).map_or(Severity::Critical, |known| known.about.severity)),
            resource,
            &Region::of_arn(resource).map_or("us-east-1".into(), |region| region.to_string()),
            status,
            because,
        )
    }
}

fn step(
    action: &str,
    summary: &str,
    property: &Property,
    values: (Option<Value>, Value),
    made: StepStatus,
) -> StepReport {
    let (before, after) = values;
    let undo: Undo = property.restore(before.as_ref());
    StepReport {
        action: action.into(),
        summary: summary.into(),
        status: made,
        error: (made == StepStatus::Failed).then(|| denied(action).into()),
        undo: undo.to_string().into(),
        undo_once: undo.condition().map(Into::into),
        by_hand: property.by_hand(&after).map(Into::into),
        before,
        after,
    }
}

fn start(made: StepStatus) -> StepReport {
    let values = (Some(json!({ "IsLogging": false })), json!({ "IsLogging": true }));
    let property = Property::TrailLogging { arn: TRAIL.into() };
    step("cloudtrail:StartLogging", "start logging on trail main", &property, values, made)
}

/// Results of a stopped trail that two controls found.
fn stopped(status: Status, made: StepStatus) -> Vec<ControlResult> {
    let because = ["the trail is not logging", "no multi-region trail of the account is logging"];
    let of = |control, because| ControlResult { steps: vec![start(made)], ..result(control, TRAIL, status, because) };
    let mut both = vec![of("cloudtrail-multi-region", because[1]), of("cloudtrail-logging", because[0])];
    for it in &mut both {
        it.hints.vital = true;
    }
    both
}

fn vpc(number: u64) -> String {
    format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:vpc/vpc-{:017x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4)
}

fn flow_log(number: u64, made: StepStatus) -> StepReport {
    let arn = vpc(number);
    let id = arn.rsplit('/').next().unwrap_or_default();
    let flow_log = (made == StepStatus::Applied).then(|| format!("fl-{number:017x}"));
    let region = Region::parse("eu-west-1").expect("a region");
    let property = Property::FlowLog { region, vpc: id.into(), id: flow_log };
    let after = json!({
        "ResourceId": id, "TrafficType": "ALL", "MaxAggregationInterval": 600,
        "LogGroupName": "/trailkeeper/vpc-flow-logs",
        "DeliverLogsPermissionArn": format!("arn:aws:iam::{ACCOUNT}:role/trailkeeper-vpc-flow-logs"),
    });
    let summary = format!("create a flow log of ALL traffic in {id}, delivering to /trailkeeper/vpc-flow-logs");
    step("ec2:CreateFlowLogs", &summary, &property, (None, after), made)
}

/// A sweep of fifty VPCs, one of which is refused.
fn fifty() -> Vec<ControlResult> {
    let region = Region::parse("eu-west-1").expect("a region");
    let group = Property::LogGroup { region, name: "/trailkeeper/vpc-flow-logs".into() };
    let role = Property::Role { role: "trailkeeper-vpc-flow-logs".into() };
    let shared = |action: &str, summary: &str, property: &Property, after: Value| {
        step(action, summary, property, (None, after), StepStatus::Applied)
    };
    let first = [
        shared(
            "iam:CreateRole",
            "create role trailkeeper-vpc-flow-logs",
            &role,
            json!({"AssumeRolePolicyDocument": {}}),
        ),
        shared(
            "logs:CreateLogGroup",
            "create log group /trailkeeper/vpc-flow-logs",
            &group,
            json!({"logGroupName": "/trailkeeper/vpc-flow-logs"}),
        ),
    ];
    let wrong = "no active flow log records ALL traffic";
    let mut all: Vec<ControlResult> = (0..49)
        .map(|number| {
            let own = [flow_log(number, StepStatus::Applied)];
            let steps = if number == 20 { first.iter().cloned().chain(own).collect() } else { own.to_vec() };
            let change = Some(ChangeId::new(at(i64::try_from(number).expect("small")), 7));
            ControlResult { steps, change, ..result("vpc-flow-logs", &vpc(number), Status::Fixed, wrong) }
        })
        .collect();
    let refused = format!("{wrong}; the fix failed: {}", denied("ec2:CreateFlowLogs"));
    let steps = vec![flow_log(49, StepStatus::Failed)];
    all.push(ControlResult { steps, ..result("vpc-flow-logs", &vpc(49), Status::Failed, &refused) });
    all
}

fn fought() -> ControlResult {
    let fight = Fight {
        fixes: 3,
        since: at(-7_200),
        until: at(79_200),
        against: vec![(format!("arn:aws:sts::{ACCOUNT}:assumed-role/Deploy/ci-7").into(), 3)],
        tool: Tool::Terraform,
    };
    let because = format!("default encryption is off; {fight}");
    let property = Property::BucketEncryption { bucket: "trail-logs".into() };
    let values = (None, json!({"SSEAlgorithm": "AES256"}));
    let summary = "set SSE-S3 as the default encryption of bucket trail-logs";
    ControlResult {
        steps: vec![step("s3:PutEncryptionConfiguration", summary, &property, values, StepStatus::Planned)],
        hints: Hints { fight: Some(fight), ..Hints::default() },
        ..result("log-bucket-encryption", "arn:aws:s3:::trail-logs", Status::Fought, &because)
    }
}

fn cases() -> Vec<(&'static str, Report, Vec<ControlResult>)> {
    let stop = || by_alice("StopLogging", TRAIL);
    let change = Some(ChangeId::new(at(1), 7));
    let fixed: Vec<_> =
        stopped(Status::Fixed, StepStatus::Applied).into_iter().map(|it| ControlResult { change, ..it }).collect();
    let denied = "cloudtrail:GetTrailStatus was denied (AccessDeniedException: User: \
                  arn:aws:sts::123456789012:assumed-role/trailkeeper-trail/trailkeeper is not authorized to perform: \
                  cloudtrail:GetTrailStatus); the same is true of cloudtrail-multi-region";
    let server = format!("arn:aws:transfer:us-east-1:{ACCOUNT}:server/s-0123456789abcdef0");
    let advised = ControlResult {
        advice: Some("Give role logger back what it lacks: iam:PutRolePolicy with logs:PutLogEvents.".into()),
        ..result("transfer-server-logging", &server, Status::Advised, "its role logger may not write log events")
    };
    let bucket = "arn:aws:s3:::trail-logs";
    let hidden = ControlResult {
        exempted: true,
        ..result(
            "log-bucket-public-access",
            bucket,
            Status::Changed,
            "PutBucketPolicy was called; RestrictPublicBuckets is off; exempt by rule `control=all name=trail-logs` of \
             TRAILKEEPER_EXEMPT",
        )
    };
    let guard = ControlResult {
        advice: Some(crate::guard::IF_UNKNOWN.into()),
        ..result(
            "trailkeeper-intact",
            &format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/trailkeeper-TrailCalls-9F2K"),
            Status::Changed,
            "DisableRule: it changes, stops or deletes a part of Trailkeeper",
        )
    };
    vec![
        ("fixed", stop(), fixed),
        ("planned", stop(), stopped(Status::Planned, StepStatus::Planned)),
        ("failed", stop(), stopped(Status::Failed, StepStatus::Failed)),
        ("unknown", stop(), vec![result("cloudtrail-logging", TRAIL, Status::Unknown, denied)]),
        ("advised", by_alice("DeleteRolePolicy", ""), vec![advised]),
        (
            "changed",
            by_alice("DeleteTrail", TRAIL),
            vec![result(
                "cloudtrail-multi-region",
                TRAIL,
                Status::Changed,
                "DeleteTrail deletes a trail; another trail of the account covers every region",
            )],
        ),
        ("exempt", by_alice("PutBucketPolicy", bucket), vec![hidden]),
        ("fought", by_terraform("DeleteBucketEncryption", bucket), vec![fought()]),
        ("sweep", a_sweep("trailkeeper-vpc"), fifty()),
        ("mixed", Report { role: None, ..a_sweep("") }, digests::mixed()),
        ("empty", Report { role: None, ..a_sweep("") }, digests::empty()),
        ("account", a_sweep("trailkeeper-monitoring"), digests::alarm()),
        ("guard", by_alice("DisableRule", ""), vec![guard]),
    ]
}

/// Compares the mails with files, and the page that shows them. Proofread them when they change.
#[test]
fn what_was_critical_leads_before_standing_advice_and_what_failed_before_all() {
    let bucket = "arn:aws:s3:::trail-logs";
    let advice = result("log-bucket-mfa-delete", bucket, Status::Advised, "MFA delete is off");
    let fixed = ControlResult {
        severity: Severity::Critical,
        ..result("log-bucket-delivery", bucket, Status::Fixed, "CloudTrail may not deliver")
    };
    let report = by_alice("DeleteBucketPolicy", bucket);
    let subject = |results: &[ControlResult]| subject::subject(&report, results, &MailContext::NONE);
    assert!(subject(&[advice.clone(), fixed.clone()]).starts_with("FIXED critical"));
    let failed = result("log-bucket-https-only", bucket, Status::Failed, "plain HTTP");
    assert!(subject(&[advice, fixed, failed]).starts_with("FAILED medium"));
}

#[test]
fn a_retry_that_tells_an_earlier_fix_does_not_say_that_nothing_was_wrong() {
    let changed = result("cloudtrail-logging", TRAIL, Status::Changed, "StopLogging stops the record");
    let fixed = result("cloudtrail-logging", TRAIL, Status::Fixed, "the trail is stopped");
    let said = |results: &[ControlResult]| {
        lead::sentences(&by_alice("StopLogging", TRAIL), results, &context()).contains("found nothing")
    };
    assert!(said(std::slice::from_ref(&changed)));
    assert!(!said(&[changed, fixed]));
}

#[test]
fn the_mails_are_the_ones_that_were_proofread() {
    let mut page = "# Mails\n\nWhat subscribers with a mail address get, one mail of each kind. Programs get JSON: \
                    [report.schema.json](report.schema.json).\n"
        .to_owned();
    for (name, report, results) in cases() {
        let mail =
            format!("Subject: {}\n\n{}", subject(&report, &results, &context()), text(&report, &results, &context()));
        crate::testing::golden::check(&format!("tests/golden/mails/{name}.txt"), &mail);
        write!(page, "\n## {}\n\n```text\n{mail}```\n", heading(name)).expect("text");
    }
    crate::testing::golden::check("docs/mails.md", &page);
}

fn heading(name: &str) -> &'static str {
    match name {
        "fixed" => "`fixed`: a trail was stopped",
        "planned" => "`planned`: the same in a dry run",
        "failed" => "`failed`: the fix was denied",
        "unknown" => "`unknown`: a read was denied",
        "advised" => "`advised`: what Trailkeeper never fixes",
        "changed" => "`changed`: a trail was deleted beside another one",
        "exempt" => "`changed`: what an exemption hides",
        "fought" => "`fought`: Terraform takes each fix back",
        "sweep" => "A sweep of fifty VPCs",
        "mixed" => "The digest of an account with many faults",
        "empty" => "The first digest of an empty account",
        "account" => "A control of the account",
        _ => "A change of Trailkeeper itself",
    }
}

#[test]
fn fifty_results_are_a_short_list_with_the_failed_one_first() {
    let (report, results) = (a_sweep("trailkeeper-vpc"), fifty());
    let text = text(&report, &results, &context());
    assert!(text.len() < 4_096, "{}", text.len());
    assert_eq!(
        subject(&report, &results, &context()),
        "50 VPCs without flow logs: 1 FAILED, 49 fixed (123456789012 eu-west-1, sweep)"
    );
    let place = |part: &str| text.find(part).unwrap_or_else(|| panic!("no {part}: {text}"));
    assert!(place("FAILED (1)") < place("FIXED (49)"));
    assert_eq!(text.matches("was denied").count(), 1, "{text}");
    assert!(place("delete-flow-logs") < place("delete-role"), "what all use goes last: {text}");
}

#[test]
fn a_denial_is_told_once_with_what_to_do() {
    let mail = text(&by_alice("StopLogging", TRAIL), &stopped(Status::Failed, StepStatus::Failed), &context());
    for part in
        ["STILL WRONG", "role trailkeeper-trail", "policies/trail.remediate.json", "allow cloudtrail:StartLogging"]
    {
        assert!(mail.contains(part), "{part}: {mail}");
    }
    assert_eq!(mail.matches("was denied").count(), 1, "{mail}");
}

#[test]
fn exempting_is_offered_only_where_it_holds() {
    let of = |result: ControlResult| text(&by_alice("StopLogging", TRAIL), &[result], &context());
    let plain = || result("cloudtrail-logging", TRAIL, Status::Fixed, "the trail is not logging");
    let command = "aws cloudtrail add-tags --region us-east-1 --resource-id \
                   arn:aws:cloudtrail:us-east-1:123456789012:trail/main --tags-list \
                   '[{\"Key\":\"trailkeeper:exempt\",\"Value\":\"cloudtrail-logging\"}]'";
    assert!(of(plain()).contains(command), "{}", of(plain()));
    let vital = ControlResult { hints: Hints { vital: true, ..Hints::default() }, ..plain() };
    assert!(!of(vital.clone()).contains("To exempt") && of(vital).contains("Nothing exempts from cloudtrail-logging"));
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    let account = of(result("monitor-root-usage", &root, Status::Fixed, "no alarm"));
    assert!(!account.contains("--tags"), "{account}");
    assert!(
        account.contains("parameter Exempt") && account.contains("control=monitor-root-usage account=123456789012")
    );
    assert!(!of(result("cloudtrail-logging", TRAIL, Status::Unknown, "denied")).contains("To exempt"));
    let mut missing = result("cloudtrail-kms", TRAIL, Status::Planned, "there is no trail");
    let made =
        |status| StepReport { action: "cloudtrail:CreateTrail".to_owned(), status, ..start(StepStatus::Planned) };
    missing.steps = vec![made(StepStatus::Planned)];
    let mail = of(missing.clone());
    assert!(!mail.contains("add-tags") && mail.contains("control=cloudtrail-kms account=123456789012"), "{mail}");
    missing.steps = vec![made(StepStatus::Applied)];
    assert!(of(missing).contains("add-tags"));
}

#[test]
fn each_service_has_its_own_call_for_tags() {
    for (arn, call) in [
        (
            "arn:aws:s3:::logs",
            "aws resourcegroupstaggingapi tag-resources --region eu-west-1 --resource-arn-list arn:aws:s3:::logs --tags '{\"trailkeeper:exempt\":\"a b\"}'",
        ),
        (
            "arn:aws:ec2:eu-west-1:1:vpc/vpc-1",
            "aws ec2 create-tags --region eu-west-1 --resources vpc-1 --tags '[{\"Key\":\"trailkeeper:exempt\",\"Value\":\"a b\"}]'",
        ),
        (
            "arn:aws:kms:eu-west-1:1:key/k",
            "aws kms tag-resource --region eu-west-1 --key-id arn:aws:kms:eu-west-1:1:key/k --tags '[{\"TagKey\":\"trailkeeper:exempt\",\"TagValue\":\"a b\"}]'",
        ),
        (
            "arn:aws:transfer:eu-west-1:1:server/s-1",
            "aws transfer tag-resource --region eu-west-1 --arn arn:aws:transfer:eu-west-1:1:server/s-1 --tags '[{\"Key\":\"trailkeeper:exempt\",\"Value\":\"a b\"}]'",
        ),
    ] {
        assert_eq!(tag(arn, "eu-west-1", "a b").map(|it| it.to_string()).as_deref(), Some(call));
    }
    for none in [
        "arn:aws:ec2:eu-west-1:1:vpc/*",
        "arn:aws:iam::1:root",
        "arn:aws:config:eu-west-1:1:configuration-recorder/default",
        "x",
    ] {
        assert_eq!(tag(none, "eu-west-1", "a"), None, "{none}");
    }
}

#[test]
fn an_event_about_something_else_does_not_claim_that_it_harmed_the_resource() {
    let (report, results) =
        (by_alice("DisableKey", ""), vec![result("cloudtrail-logging", TRAIL, Status::Advised, "x")]);
    let line = subject(&report, &results, &context());
    assert_eq!(
        line,
        "ADVISED critical: CloudTrail trail main: DisableKey by alice, needs you (123456789012 us-east-1)"
    );
    let mail = text(&report, &results, &context());
    assert!(mail.starts_with("CloudTrail trail main is not recording after DisableKey by user alice."), "{mail}");
    assert!(!mail.contains("treat the credentials"), "{mail}");
}

#[test]
fn of_all_resources_none_is_called_wrong() {
    let all = format!("arn:aws:ec2:eu-west-1:{ACCOUNT}:vpc/*");
    let closed = [result("vpc-flow-logs", &all, Status::Advised, "the organization closes eu-west-1")];
    let report = a_sweep("trailkeeper-vpc");
    assert_eq!(
        subject(&report, &closed, &context()),
        "ADVISED medium: all VPCs, needs you (123456789012 eu-west-1, sweep)"
    );
    let mail = text(&report, &closed, &context());
    assert!(mail.starts_with("A sweep looked at all VPCs.") && !mail.contains("without flow logs"), "{mail}");
}

#[test]
fn settings_are_named_as_the_deployment_names_them() {
    for (name, report, results) in cases() {
        assert!(!super::text(&report, &results, &context()).contains("TRAILKEEPER_"), "{name}");
    }
}

#[test]
fn the_list_tells_what_is_new_over_families_and_regions() {
    let far = format!("arn:aws:kms:ap-south-1:{ACCOUNT}:key/k-2");
    let near = format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/k-1");
    let of = |arn: &str| result("kms-key-rotation", arn, Status::Planned, "rotation is off");
    let results = [of(&near), of(&far), stopped(Status::Failed, StepStatus::Failed).remove(0)];
    let text = list(&results, &|it| *it.resource == *far, None, &context());
    assert!(text.starts_with("FAILED (1), still wrong:\n"), "{text}");
    assert!(text.contains("PLANNED (2, 1 new), still wrong"), "{text}");
    assert!(text.contains("  ap-south-1: k-2\n  us-east-1: k-1\n"), "{text}");
}

#[test]
fn a_subject_is_short_and_ascii_whatever_the_names_are() {
    for long in ["ü\n".repeat(200), "x".repeat(300), String::new()] {
        let mut report = by_alice("StopLogging", TRAIL);
        report.event.actor = Some(format!("arn:aws:iam::{ACCOUNT}:user/{long}"));
        let odd = result("cloudtrail-logging", &format!("{TRAIL}{long}"), Status::Fixed, "x");
        let other = ControlResult { region: long.clone(), ..odd.clone() };
        for results in [vec![odd.clone()], vec![odd, other], vec![]] {
            let subject = subject(&report, &results, &context());
            assert!(subject.len() <= SUBJECT && subject.bytes().all(|b| (32..127).contains(&b)), "{subject}");
        }
    }
}

#[test]
fn the_other_callers_of_a_batch_are_listed_each_on_one_line() {
    let caller = |number: usize| Origin {
        name: "PutBucketAcl".into(),
        actor: Some(format!("arn:aws:iam::{ACCOUNT}:user/x{number}\nWho    nobody")),
        ..Origin::default()
    };
    let results = stopped(Status::Fixed, StepStatus::Applied);
    let report = |others: usize| Report {
        beside: (0..others).map(caller).collect(),
        results: results.clone(),
        ..by_alice("StopLogging", TRAIL)
    };
    let facts = |others: usize| super::lead::facts(&report(others), &results);
    assert!(!facts(0).contains("Also"));
    let two = facts(2);
    let line = two.lines().find(|line| line.starts_with("Also")).expect("a line");
    assert!(line.contains("PutBucketAcl by") && line.contains("user/x0") && line.contains("user/x1"), "{line}");
    assert_eq!(two.lines().count(), facts(0).lines().count() + 1, "a name begins no line");
    assert!(facts(12).contains("and 2 more, which the report for machines names"));
}
