//! What mails say is known, and no more: whose call came before, what a tag says already, whose log has what.

use super::*;
use crate::report::FoundBySweep;

const KEYS: [&str; 2] = ["1111aaaa-0000-4000-8000-000000000001", "1111aaaa-0000-4000-8000-000000000002"];

fn key(id: &str) -> String {
    format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{id}")
}

fn rotation(id: &str) -> ControlResult {
    let (region, arn) = (Region::first(), key(id));
    let property = Property::KeyRotation { region, key: arn.clone() };
    let values = (Some(json!({ "KeyRotationEnabled": false })), json!({ "KeyRotationEnabled": true }));
    let summary = format!("turn on rotation of key {arn} every 365 days");
    let step = step("kms:EnableKeyRotation", &summary, &property, values, StepStatus::Planned);
    ControlResult { steps: vec![step], ..result("kms-key-rotation", &arn, Status::Planned, "it does not rotate") }
}

#[test]
fn what_is_alike_for_several_is_said_of_each_of_them() {
    let text = text(&a_sweep("trailkeeper-key"), &KEYS.map(rotation), &context());
    assert!(text.contains("turn on rotation of each key every 365 days"), "{text}");
}

#[test]
fn whether_a_call_made_it_wrong_is_not_claimed() {
    let bucket = "arn:aws:s3:::trail-logs";
    let found = |status| [result("log-bucket-encryption", bucket, status, "it has no default encryption")];
    let first = |call: &str, status| {
        let text = text(&by_alice(call, bucket), &found(status), &context());
        text.lines().next().unwrap_or_default().to_owned()
    };
    let policy = first("PutBucketPolicy", Status::Fixed);
    assert!(policy.starts_with("S3 bucket trail-logs was given another policy by user alice, and was "), "{policy}");
    let policy = first("PutBucketPolicy", Status::Planned);
    assert!(policy.starts_with("S3 bucket trail-logs was given another policy by user alice, and is "), "{policy}");
    let ended = first("DeleteBucketEncryption", Status::Fixed);
    assert!(
        ended.starts_with("S3 bucket trail-logs was stripped of its default encryption by user alice. "),
        "{ended}"
    );
}

#[test]
fn a_digest_names_the_logs_and_times_of_what_found_it() {
    let found = |id: &str, minute: u32, function: &str| {
        let time = Some(format!("2026-03-02T03:{minute:02}:00Z"));
        let log_group = Some(format!("/aws/lambda/trailkeeper-{function}"));
        let sweep = Some(FoundBySweep { time, log_group, request_id: format!("request-of-{function}") });
        ControlResult { hints: Hints { sweep, ..Hints::default() }, ..rotation(id) }
    };
    let [one, other] = KEYS;
    let results = [found(one, 5, "key"), found(other, 55, "vpc"), found(other, 5, "key")];
    let text = text(&a_sweep("trailkeeper-digest"), &results, &context());
    assert!(text.contains("When   sweeps from 2026-03-02T03:05:00Z to 2026-03-02T03:55:00Z"), "{text}");
    let logs = "Log: /aws/lambda/trailkeeper-key, request request-of-key\n     /aws/lambda/trailkeeper-vpc, request \
                request-of-vpc\n";
    assert!(text.ends_with(logs), "{text}");
}

#[test]
fn a_tag_that_exempts_already_is_completed_and_never_replaced() {
    let tagged = |value: &str| {
        let hints = Hints { exempt_tag: Some(value.into()), ..Hints::default() };
        let found = ControlResult { hints, ..rotation(KEYS[0]) };
        text(&a_sweep("trailkeeper-key"), &[found], &context())
    };
    let completed = tagged("vpc-flow-logs");
    assert!(completed.contains(r#"[{"TagKey":"trailkeeper:exempt","TagValue":"vpc-flow-logs kms-key-rotation"}]"#));
    let left = tagged("$(id); kms");
    assert!(left.contains("add to that tag's value: kms-key-rotation") && !left.contains("tag-resource"), "{left}");
}
