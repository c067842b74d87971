//! Digests as the functions really find them: of an account with many faults, and of an empty one.

use super::*;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Regions of an account as AWS gives it.
const REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// What a program that answered wrote. The values of the calls are left out.
fn found(json: &str) -> Vec<ControlResult> {
    let mut found: Vec<ControlResult> = serde_json::from_str(json).expect("results");
    for it in &mut found {
        it.hints.vital = ["cloudtrail-logging", "cloudtrail-multi-region"].contains(&it.control.as_str());
    }
    found
}

/// What a dry run plans where only one alarm is missing.
pub(super) fn alarm() -> Vec<ControlResult> {
    found(include_str!("account.json"))
}

/// What the sweeps of all families find in an account with trails, buckets and keys in three regions.
pub(super) fn mixed() -> Vec<ControlResult> {
    found(include_str!("mixed.json"))
}

/// What the sweeps of all families find in an account as AWS gives it.
pub(super) fn empty() -> Vec<ControlResult> {
    let (own, far): (Vec<_>, Vec<_>) =
        found(include_str!("empty.json")).into_iter().partition(|it| it.region == "us-east-1");
    let far = serde_json::to_string(&far).expect("JSON");
    let others = REGIONS.iter().enumerate().filter(|(_, region)| **region != "us-east-1");
    let others = others.flat_map(|(number, region)| {
        let id = format!("vpc-{:017x}", 0x51_2e_07 * (number + 1));
        found(&far.replace("us-west-2", region).replace("vpc-00000000000000002", &id))
    });
    own.into_iter().chain(others).collect()
}

fn mail(results: &[ControlResult]) -> String {
    text(&Report { role: None, ..a_sweep("") }, results, &context())
}

#[test]
fn a_digest_is_a_list_and_loses_nothing() {
    for (results, lines, characters) in [(empty(), 120, 10_000), (mixed(), 250, 15_000)] {
        let mail = mail(&results);
        assert!(mail.lines().count() < lines && mail.chars().count() < characters, "{}: {mail}", mail.len());
        for result in &results {
            let (control, name) = (&result.control, names::ResourceWord::of(&result.resource).name);
            assert!(mail.contains(&format!("{control} (")) && mail.contains(name.unwrap_or_default()), "{control}");
            assert!(mail.contains(&result.region), "{}", result.region);
        }
        for status in Status::ALL.map(upper) {
            let headings = mail.lines().filter(|line| line.starts_with(&format!("{status} ("))).count();
            assert!(headings < 2, "{status} {headings} times: {mail}");
        }
        let by_hand = mail.split("    By hand:\n").nth(1).unwrap_or_default();
        assert!(by_hand.lines().take(4).any(|line| line.starts_with("      aws ")), "{mail}");
    }
}

#[test]
fn what_is_alike_but_for_the_region_is_told_once() {
    let mail = mail(&empty());
    let once = |part: &str| assert_eq!(mail.matches(part).count(), 1, "{part}: {mail}");
    once(&format!("Config recorder default in 17 regions: {}", REGIONS.join(", ")));
    once("create bucket trailkeeper-config-123456789012-<region> in each region\n");
    once("set SSE-S3 as the default encryption of bucket trailkeeper-config-123456789012-<region>");
    once("create recorder default in each region for all resource types except IAM");
    once("create role trailkeeper-vpc-flow-logs\n");
    once("create log group /trailkeeper/vpc-flow-logs, in 17 regions");
}

#[test]
fn the_subject_of_a_digest_says_the_worst() {
    let of = |results: &[ControlResult]| subject(&a_sweep(""), results, &context());
    assert_eq!(
        of(&empty()),
        "PLANNED critical: the account has no CloudTrail trail; 39 more: 19 high (123456789012, sweep)"
    );
    assert_eq!(
        of(&mixed()),
        "ADVISED critical: trail narrow not recording; 49 more: 10 critical, 12 high (123456789012, sweep)"
    );
    let mut two = stopped(Status::Failed, StepStatus::Failed);
    two.truncate(1);
    for it in &mut two {
        it.hints.vital = false;
    }
    two.push(result("log-bucket-mfa-delete", "arn:aws:s3:::trail-logs", Status::Advised, "MFA delete is off"));
    assert_eq!(
        of(&two),
        "FAILED high: CloudTrail trail main not covering every region; 1 more (123456789012 us-east-1, sweep)"
    );
}

#[test]
fn what_to_do_names_its_control_the_worst_first() {
    let mail = mail(&mixed());
    let place = |part: &str| mail.find(part).unwrap_or_else(|| panic!("no {part}: {mail}"));
    assert!(place("What to do (log-bucket-public-access)") < place("What to do (log-bucket-mfa-delete"), "{mail}");
    assert_eq!(mail.matches("As the root user").count(), 1, "{mail}");
    assert!(mail.contains("put-bucket-versioning --bucket data-logs"), "{mail}");
}

#[test]
fn commands_stand_in_an_order_in_which_they_work() {
    let mail = mail(&empty());
    let place = |part: &str| mail.find(part).unwrap_or_else(|| panic!("no {part}: {mail}"));
    let trail = place("      aws cloudtrail create-trail");
    for before in
        ["put-bucket-policy", "KEY=$(aws kms create-key", "aws kms create-alias", "create-log-group", "put-role-policy"]
    {
        assert!(place(before) < trail, "{before}: {mail}");
    }
    assert!(trail < place("start-logging"), "{mail}");
}

#[test]
fn every_command_of_a_digest_is_one_that_bash_parses() {
    for results in [empty(), mixed(), alarm()] {
        let mail = mail(&results);
        let begins = |line: &&str| ["aws ", "KEY=$(aws ", "# "].iter().any(|it| line.trim_start().starts_with(it));
        let script = mail.lines().filter(begins).fold(String::new(), |all, line| all + line.trim() + "\n");
        assert!(script.lines().any(|line| line.starts_with("aws ")), "{mail}");
        let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().expect("bash");
        bash.stdin.take().expect("an input").write_all(script.as_bytes()).expect("bash reads");
        assert!(bash.wait().expect("bash").success(), "{script}");
    }
}
