//! Replays records of calls and looks at the report: what fights and what was taken away is found, what is harmless is not.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "this is a test from top to bottom")]

mod records;

use proptest::prelude::*;
use records::{ACCOUNT, Story, TERRAFORM, policy, replayed, report};
use serde_json::json;
use trailkeeper_replay::chain::Validation;
use trailkeeper_replay::read::read;
use trailkeeper_replay::{Assumptions, Intake, Sources, Unread};
use trailkeeper_replay::{CallerKind, Page, text::text};

#[test]
fn a_fight_is_found_with_both_sides_and_its_number() {
    let mut story = Story::default().log_bucket("my-logs");
    for day in 1..=31 {
        story = story
            .role("security", "Boto3/1.40", day, 1)
            .call("s3", "PutBucketPolicy", &policy("my-logs", true))
            .role("terraform-ci", TERRAFORM, day, 3)
            .call("s3", "PutBucketPolicy", &policy("my-logs", false));
    }
    let report = report(&story);
    let [fight] = report.fights.as_slice() else { panic!("{:?}", report.fights) };
    assert_eq!((fight.control, fight.times, fight.most_in_a_day), ("log-bucket-https-only", 31, 1));
    assert_eq!((fight.resource.as_str(), fight.account.as_str()), ("arn:aws:s3:::my-logs", ACCOUNT));
    assert_eq!(
        (fight.by[0].who.as_str(), fight.by[0].kind),
        ("arn:aws:iam::111122223333:role/terraform-ci", CallerKind::Terraform)
    );
    assert!(fight.against[0].who.ends_with("role/security") && fight.against[0].times == 30, "{:?}", fight.against);
    assert_eq!(report.losses.len(), 31, "each takes the denial away");
    assert_eq!(report.losses[0].ended.as_ref().map(|ended| ended.seconds), Some(22 * 3600));
    assert!(report.losses[30].ended.is_none());
    let text = text(&report);
    assert!(text.contains("would fight log-bucket-https-only on bucket my-logs: 31 times"), "{text}");
    assert!(text.contains("role terraform-ci (Terraform, 31 times)"), "{text}");
    let rule = "control=log-bucket-https-only account=111122223333 name=arn:aws:s3:::my-logs";
    assert_eq!(report.proposal.exempt[0].what, rule);
    assert!(text.contains(&format!("$ make deploy PARAMETERS='Exempt={rule}'")), "{text}");
}

#[test]
fn what_a_person_fights_is_left_in_dry_run() {
    let mut story = Story::default();
    for day in 1..=4 {
        story = story.user("ann", "console.amazonaws.com", day, 1).call("kms", "DisableKeyRotation", &json!({}));
    }
    let report = report(&story);
    assert_eq!((report.fights[0].control, report.fights[0].times), ("kms-key-rotation", 4));
    assert_eq!(report.proposal.commands, ["make controls DRY=kms-key-rotation"]);
}

#[test]
fn attacks_are_found_with_who_and_for_how_long() {
    let trail = json!({"name": "main", "trailName": "main"});
    let blind = json!({"trailName": "main", "eventSelectors": [{"readWriteType": "ReadOnly", "includeManagementEvents": false}]});
    let story = Story::default()
        .log_bucket("my-logs")
        .user("mallory", "aws-cli/2.31.9", 5, 1)
        .call("cloudtrail", "StopLogging", &trail)
        .user("ann", "console.amazonaws.com", 5, 4)
        .call("cloudtrail", "StartLogging", &trail)
        .user("mallory", "aws-cli/2.31.9", 6, 1)
        .call("cloudtrail", "PutEventSelectors", &blind)
        .call("s3", "DeleteBucketPolicy", &json!({"bucketName": "my-logs"}))
        .call(
            "s3",
            "PutBucketLifecycle",
            &json!({"bucketName": "my-logs", "LifecycleConfiguration": {"Rule": {
            "Status": "Enabled", "Expiration": {"Days": 1}}}}),
        )
        .call("s3", "DeleteBucketPublicAccessBlock", &json!({"bucketName": "holiday"}))
        .call("cloudtrail", "DeleteTrail", &trail)
        .failing("cloudtrail", "DeleteTrail", &trail, "AccessDenied");
    let report = report(&story);
    let found: Vec<(&str, &str)> = report.losses.iter().map(|loss| (loss.call.as_str(), loss.control)).collect();
    assert_eq!(
        found,
        [
            ("StopLogging", "cloudtrail-logging"),
            ("PutEventSelectors", "cloudtrail-management-events"),
            ("DeleteBucketPolicy", "log-bucket-delivery"),
            ("PutBucketLifecycle", "log-bucket-retention"),
            ("DeleteTrail", "cloudtrail-logging"),
        ]
    );
    let stopped = &report.losses[0];
    assert!(stopped.who.ends_with("user/mallory") && stopped.source_ip.as_deref() == Some("192.0.2.10"));
    let ended = stopped.ended.as_ref().expect("an end");
    assert_eq!((ended.seconds, ended.call.as_str()), (3 * 3600, "StartLogging"));
    assert!(ended.who.ends_with("user/ann") && report.losses[4].ended.is_none());
    assert_eq!(report.tried.len(), 1);
    assert_eq!(report.tried[0].failed.as_deref(), Some("AccessDenied"));
    let text = text(&report);
    assert!(
        text.contains("StopLogging on trail main: stops a trail") && text.contains("for 3 h 0 min, until StartLogging"),
        "{text}"
    );
    assert!(text.contains("Tried, and failed") && text.contains("it failed: AccessDenied"), "{text}");
    assert!(report.proposal.commands[0].starts_with("make controls ON=cloudtrail-logging,"), "{:?}", report.proposal);
}

#[test]
fn harmless_sequences_are_silent() {
    let bucket = json!({"bucketName": "my-logs"});
    let blocks = json!({"bucketName": "my-logs", "PublicAccessBlockConfiguration": {"BlockPublicAcls": true,
        "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true}});
    // Terraform makes a log bucket and a trail once.
    let mut story = Story::default()
        .log_bucket("my-logs")
        .role("terraform-ci", TERRAFORM, 1, 1)
        .call("s3", "CreateBucket", &bucket)
        .call("s3", "PutBucketPolicy", &policy("my-logs", false))
        .call("s3", "PutBucketPublicAccessBlock", &blocks)
        .call(
            "cloudtrail",
            "CreateTrail",
            &json!({"name": "main", "s3BucketName": "my-logs", "isMultiRegionTrail": true}),
        )
        .call("cloudtrail", "StartLogging", &json!({"name": "main"}))
        .call("ec2", "CreateVpc", &json!({}));
    for day in 2..=28 {
        for hour in 0..24 {
            // An autoscaler makes and deletes the same alarm all day.
            story = story
                .role("autoscaler", "autoscaling.amazonaws.com", day, hour)
                .call("monitoring", "PutMetricAlarm", &json!({"alarmName": "scale-out"}))
                .call("monitoring", "DeleteAlarms", &json!({"alarmNames": ["scale-out"]}));
        }
        // Policies are put again each day as they are, keys are rotated, buckets that hold no logs change.
        story = story
            .role("rotation", "Boto3/1.40", day, 12)
            .call("s3", "PutBucketPolicy", &policy("my-logs", true))
            .call("kms", "EnableKeyRotation", &json!({}))
            .call("iam", "PutRolePolicy", &json!({"roleName": "app"}))
            .call("s3", "PutBucketPolicy", &policy("holiday", false))
            .call("s3", "DeleteBucketPolicy", &json!({"bucketName": "holiday"}));
    }
    let report = report(&story);
    assert!(report.fights.is_empty() && report.losses.is_empty() && report.tried.is_empty(), "{report:?}");
    assert!(report.proposal.commands.is_empty());
    let woken = |name: &str| report.wakes.iter().find(|of| of.function == name).map_or(0, |of| of.woken);
    assert_eq!(woken("monitoring"), 27 * 24 * 2 + 1 + 1 + 27 * 3, "they wake it all the same");
    let text = text(&report);
    assert!(text.contains("nothing: no control would be fixed three times"), "{text}");
}

#[test]
fn wakes_are_counted_by_function_day_and_caller() {
    let story = Story::default()
        .role("terraform-ci", TERRAFORM, 1, 1)
        .call("s3", "PutBucketPolicy", &policy("one", false))
        .call("s3", "PutBucketPolicy", &policy("two", false))
        .user("ann", "console.amazonaws.com", 2, 1)
        .call("cloudtrail", "StopLogging", &json!({"name": "main"}))
        .call("s3", "GetBucketPolicy", &json!({"bucketName": "one"}))
        .failing("s3", "DeleteBucketPolicy", &json!({"bucketName": "one"}), "NoSuchBucket")
        .call("transfer", "TagResource", &json!({"arn": "arn:aws:transfer:eu-west-1:111122223333:user/s-1/u"}));
    let report = report(&story);
    let wakes: Vec<(&str, u64, u64)> = report.wakes.iter().map(|of| (of.function, of.woken, of.looks)).collect();
    assert_eq!(
        wakes,
        [("transfer", 1, 0), ("trail", 1, 1), ("bucket", 2, 2), ("monitoring", 3, 3), ("guard", 2, 2)],
        "tags of a user lead to no server"
    );
    assert_eq!(report.days.len(), 2);
    assert_eq!((report.days[0].day.as_str(), report.days[0].woken["bucket"]), ("2027-01-01", 2));
    let callers: Vec<(CallerKind, u64)> = report.callers.iter().map(|of| (of.kind, of.calls)).collect();
    assert_eq!(callers, [(CallerKind::Console, 2), (CallerKind::Terraform, 2)]);
    assert_eq!((report.calls[0].call.as_str(), report.calls[0].calls), ("PutBucketPolicy", 2));
    assert!(report.cost.a_month > report.cost.without_calls && report.cost.without_calls > 5.0);
}

#[test]
fn copies_count_once_and_the_order_of_files_does_not_matter() {
    let mut story = Story::default().log_bucket("my-logs");
    for day in 1..=5 {
        story = story
            .role("terraform-ci", TERRAFORM, day, 3)
            .call("s3", "PutBucketPolicy", &policy("my-logs", false))
            .call("cloudtrail", "StopLogging", &json!({"name": "main"}))
            .call("cloudtrail", "StartLogging", &json!({"name": "main"}));
    }
    let once = report(&story);
    let mut backwards: Vec<_> = story.records.clone();
    backwards.reverse();
    assert_eq!(replayed(&[&backwards[..7], &backwards[7..]]), once);
    let twice = replayed(&[&story.records, &backwards]);
    assert_eq!((twice.read.copies, once.read.copies), (15, 0));
    assert_eq!((&twice.wakes, &twice.fights, &twice.losses), (&once.wakes, &once.fights, &once.losses));
}

#[test]
fn hostile_names_stay_on_their_line() {
    let evil = "x\n  would fight everything: 1 times\u{1b}[31m\u{202e}<script>";
    let mut story = Story::default().log_bucket("my-logs");
    for day in 1..=4 {
        story = story
            .user(evil, evil, day, 1)
            .call("cloudtrail", "StopLogging", &json!({"name": evil}))
            .call("s3", "DeleteBucketPolicy", &json!({"bucketName": "my-logs"}))
            .call("transfer", "UpdateServer", &json!({"serverId": evil, "loggingRole": ""}));
    }
    let report = report(&story);
    assert_eq!(report.losses.len(), 12);
    let text = text(&report);
    assert!(!text.lines().any(|line| line.starts_with("  would fight everything")), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    assert!(
        report.proposal.exempt.is_empty() && !report.proposal.commands.join(" ").contains("script"),
        "{:?}",
        report.proposal
    );
}

#[test]
fn what_is_not_a_record_is_counted_and_never_a_panic() {
    let mut story = Story::default().user("ann", "x", 1, 1).call("s3", "PutBucketPolicy", &policy("one", false));
    for (field, value) in [
        ("eventTime", json!("yesterday")),
        ("recipientAccountId", json!("root")),
        ("userIdentity", json!([1])),
        ("requestParameters", json!("text")),
        ("awsRegion", json!({"a": 1})),
        ("userAgent", json!(null)),
        ("resources", json!([null, {"ARN": 5}])),
    ] {
        let mut odd = story.records[0].clone();
        odd["eventID"] = json!(field);
        odd[field] = value;
        story.records.push(odd);
    }
    let report = report(&story);
    assert_eq!((report.read.records, report.read.unusable), (7, 2));
    assert!(text(&report).contains("2 records that cannot be judged"));
}

#[test]
fn a_time_that_is_none_neither_counts_nor_is_shown() {
    let mut story = Story::default();
    for day in 1..=31 {
        story = story.user("ann", "x", day, 1).call("s3", "PutBucketPolicy", &policy("one", false));
    }
    let usual = report(&story);
    for (name, time) in [("PutBucketPolicy", "0"), ("GetObject", "\u{1b}[2J\u{202e}0000"), ("GetObject", "zzzz-zz-zz")]
    {
        let mut odd = story.records[0].clone();
        (odd["eventID"], odd["eventName"], odd["eventTime"]) = (json!(time), json!(name), json!(time));
        story.records.insert(0, odd);
    }
    let found = report(&story);
    assert_eq!((found.read.records, found.read.unusable), (31, 3));
    assert_eq!((&found.read.first, &found.read.last), (&usual.read.first, &usual.read.last));
    assert!((found.cost.a_month - usual.cost.a_month).abs() < 0.001, "{} {}", found.cost.a_month, usual.cost.a_month);
    let text = text(&found);
    assert!(text.contains("2027-01-01 to 2027-01-31 (30 days)") && !text.contains(['\u{1b}', '\u{202e}']), "{text}");
}

#[test]
fn what_was_not_read_is_no_good_news() {
    let story = Story::default().user("ann", "x", 1, 1).call("s3", "PutBucketPolicy", &policy("one", false));
    let code = |story: &Story, sources: Sources| {
        let mut intake = Intake::new(Assumptions::default());
        read(json!({"Records": story.records}).to_string().as_bytes(), &mut |head, json| intake.take(head, json));
        intake.finish(sources).exit_code()
    };
    let forged = Some(Validation { forged: vec!["x".to_owned()], ..Validation::default() });
    let unread = vec![Unread { what: "x".to_owned(), because: "y".to_owned() }];
    assert_eq!(code(&story, Sources::default()), 0);
    assert_eq!(code(&story, Sources { validation: Some(Validation::default()), ..Sources::default() }), 0);
    assert_eq!(code(&story, Sources { validation: forged.clone(), ..Sources::default() }), 1);
    assert_eq!(code(&story, Sources { unread, validation: forged, ..Sources::default() }), 2);
    assert_eq!(code(&story, Sources { malformed: 1, ..Sources::default() }), 2);
    let mut odd = story;
    odd.records[0]["recipientAccountId"] = json!("root");
    assert_eq!(code(&odd, Sources::default()), 2);
}

#[test]
fn times_of_another_zone_are_compared_as_times() {
    let mut story = Story::default().user("ann", "x", 2, 1).call("s3", "PutBucketPolicy", &policy("one", false));
    let mut east = story.records[0].clone();
    (east["eventID"], east["eventTime"]) = (json!("east"), json!("2027-01-02T00:30:00+01:00"));
    story.records.push(east);
    assert_eq!(report(&story).read.first.as_deref(), Some("2027-01-01T23:30:00Z"));
    let from = Assumptions { from: Some("2027-01-02T00:00:00Z".to_owned()), ..Assumptions::default() };
    let mut intake = Intake::new(from);
    read(json!({"Records": story.records}).to_string().as_bytes(), &mut |head, json| intake.take(head, json));
    let found = intake.finish(Sources::default());
    assert_eq!((found.read.records, found.read.outside), (1, 1));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn damage_anywhere_is_never_a_panic(at in 0_usize..20_000, byte in any::<u8>(), cut in 0_usize..20_000) {
        let story = Story::default()
            .log_bucket("my-logs")
            .user("ann", "x", 1, 1)
            .call("s3", "PutBucketPolicy", &policy("my-logs", false))
            .call("cloudtrail", "StopLogging", &json!({"name": "main"}));
        let mut file = json!({"Records": story.records}).to_string().into_bytes();
        let (at, cut) = (at % file.len(), cut % file.len());
        file[at] = byte;
        for part in [&file[..], &file[..cut], &file[cut..]] {
            let mut intake = Intake::new(Assumptions::default());
            let outcome = read(part, &mut |head, json| intake.take(head, json));
            let report = intake.finish(Sources::default());
            prop_assert!(report.read.records <= 3 && outcome.records >= report.read.records);
            prop_assert!(!text(&report).is_empty() && Page::of(&report, "now").html().is_ok());
        }
    }
}
