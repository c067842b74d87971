//! Tests that each step sends the call that it names, with exactly its arguments.

use crate::aws::Connected;
use crate::aws::wire::{Sent, Wire};
use crate::families::bucket::added_rule::{Action, AddedRule};
use crate::families::bucket::step::ConfigStep;
use crate::families::bucket::view::{Logging, Notifications, Rules};
use crate::families::bucket::{Bucket, Step};
use crate::managed::bucket::Blocks;
use crate::managed::bucket::name::managed_target;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::model::{CallError, ErrorKind};
use crate::reconcile::ports::Write;
use crate::testing::laws::{settings, subject};
use serde_json::{Value, json};

fn policy() -> Value {
    json!({"Id": "theirs", "Version": "2008-10-17", "Statement": {"Sid": "A", "Effect": "Allow"}})
}

const LIFECYCLE: &str = "<LifecycleConfiguration><Rule><ID>theirs</ID><Status>Enabled</Status><Filter><And>\
    <Prefix>a/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>\
    <NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays></NoncurrentVersionExpiration></Rule>\
    </LifecycleConfiguration>";

fn rules() -> Rules {
    let filter = json!({ "And": { "Prefix": "a/", "Tags": [{ "Key": "k", "Value": "v" }] } });
    let end = json!({ "NoncurrentDays": 7 });
    let added_rule =
        json!({ "ID": "theirs", "Filter": filter, "Status": "Enabled", "NoncurrentVersionExpiration": end });
    Rules { rules: vec![added_rule], minimum_size: None }
}

const NOTIFICATIONS: &str = "<NotificationConfiguration>\
    <QueueConfiguration><Id>theirs</Id><Queue>arn:aws:sqs:eu-west-1:111122223333:q</Queue>\
    <Event>s3:ObjectCreated:*</Event><Filter><S3Key><FilterRule><Name>suffix</Name><Value>.gz</Value></FilterRule></S3Key>\
    </Filter></QueueConfiguration>\
    <TopicConfiguration><Topic>arn:aws:sns:eu-west-1:111122223333:t</Topic><Event>s3:ObjectRemoved:*</Event>\
    </TopicConfiguration>\
    <CloudFunctionConfiguration><Id>f</Id><CloudFunction>arn:aws:lambda:eu-west-1:111122223333:function:f</CloudFunction>\
    <Event>s3:ObjectCreated:Put</Event><Event>s3:ObjectCreated:Copy</Event></CloudFunctionConfiguration>\
    </NotificationConfiguration>";

fn notifications() -> Notifications {
    let filter = json!({ "Key": { "FilterRules": [{ "Name": "suffix", "Value": ".gz" }] } });
    let others = json!({
        "TopicConfigurations": [{ "TopicArn": "arn:aws:sns:eu-west-1:111122223333:t", "Events": ["s3:ObjectRemoved:*"] }],
        "QueueConfigurations": [{ "Id": "theirs", "QueueArn": "arn:aws:sqs:eu-west-1:111122223333:q",
            "Events": ["s3:ObjectCreated:*"], "Filter": filter }],
        "LambdaFunctionConfigurations": [{ "Id": "f",
            "LambdaFunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:f",
            "Events": ["s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"] }],
    });
    Notifications { others, event_bridge: false }
}

/// Returns steps, each with S3's response to preceding reads and the expected call.
fn steps() -> Vec<(Step, String, &'static str)> {
    let subject = subject::<Bucket>();
    let (bucket, target) = (subject.id.clone(), managed_target(&subject.place));
    let partitioned = Some("EventTime".to_owned());
    let logging = Logging { target: target.clone(), prefix: "logs/".to_owned(), partitioned, grants: false };
    let added_rule =
        AddedRule { id: "x".to_owned(), prefix: String::new(), old_style: false, action: Action::Glacier(9) };
    let statement = json!({"Sid": "B", "Effect": "Deny"});
    let three = Blocks { restrict: false, ..Blocks::ALL };
    let on = |name: &str, act| Step::Bucket(BucketStep::new(name, &subject.place.region, act));
    let all = vec![
        (on(&target, Act::Create), String::new(), "PUT"),
        (on(&bucket, Act::Encrypt), String::new(), "PUT encryption"),
        (on(&bucket, Act::put_policy(Some(policy()), vec![statement])), policy().to_string(), "PUT policy"),
        (on(&bucket, Act::Block { blocks: three, replaces: None }), String::new(), "PUT publicAccessBlock"),
        (
            Step::Config(ConfigStep::AddRule { bucket: bucket.clone(), read: Some(rules()), added: vec![added_rule] }),
            LIFECYCLE.to_owned(),
            "PUT lifecycle",
        ),
        (
            Step::Config(ConfigStep::Log { bucket: bucket.clone(), logging, replaces: None }),
            String::new(),
            "PUT logging",
        ),
        (
            Step::Config(ConfigStep::Announce { bucket, read: notifications() }),
            NOTIFICATIONS.to_owned(),
            "PUT notification",
        ),
    ];
    // Adding a new kind of step breaks compilation until it is listed here.
    for (step, ..) in &all {
        match step {
            Step::Bucket(BucketStep {
                act: Act::Create | Act::Encrypt | Act::PutPolicy { .. } | Act::Block { .. },
                ..
            })
            | Step::Config(ConfigStep::AddRule { .. } | ConfigStep::Announce { .. } | ConfigStep::Log { .. }) => {}
        }
    }
    all
}

async fn send(step: &Step, answer: &str) -> (Vec<Sent>, Result<(), CallError>) {
    let wire = Wire::answering(answer);
    let buckets = Bucket::connect(&wire.account(), &settings());
    let outcome = Box::pin(buckets.apply(&subject::<Bucket>(), step)).await;
    (wire.sent(), outcome)
}

#[tokio::test]
async fn each_step_sends_the_call_that_it_names_to_its_bucket_in_its_region() {
    for (step, answer, operation) in steps() {
        let (sent, outcome) = send(&step, &answer).await;
        assert_eq!(outcome, Ok(()), "{step}");
        let (last, reads) = sent.split_last().expect("a call");
        assert_eq!(last.operation, operation, "{step}");
        assert_eq!(last.host, format!("{}.s3.eu-west-1.amazonaws.com", step.bucket()), "{step}");
        assert!(reads.iter().all(|read| read.operation == operation.replace("PUT", "GET")), "{reads:?}");
        for call in &sent {
            let owner = call.headers.get("x-amz-expected-bucket-owner").map(String::as_str);
            assert_eq!(owner, (operation != "PUT").then_some("111122223333"), "{step}");
        }
    }
}

#[tokio::test]
async fn what_is_sent_is_what_was_said() {
    let expected = [
        "<LocationConstraint>eu-west-1</LocationConstraint>",
        "<ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>",
        r#"{"Id":"theirs","Version":"2008-10-17","Statement":[{"Sid":"A","Effect":"Allow"},{"Sid":"B","Effect":"Deny"}]}"#,
        "<BlockPublicAcls>true</BlockPublicAcls><IgnorePublicAcls>true</IgnorePublicAcls>\
         <BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>false</RestrictPublicBuckets>",
        "<Transition><Days>9</Days><StorageClass>GLACIER</StorageClass></Transition>",
        "<TargetPrefix>logs/</TargetPrefix><TargetObjectKeyFormat><PartitionedPrefix><PartitionDateSource>EventTime",
        "<EventBridgeConfiguration",
    ];
    for ((step, answer, _), part) in steps().into_iter().zip(expected) {
        let (sent, _) = send(&step, &answer).await;
        let last = sent.last().expect("a call");
        assert!(last.body.contains(part), "{}", last.body);
        if let Step::Bucket(BucketStep { act: Act::Create, .. }) = step {
            assert_eq!(last.headers.get("x-amz-object-ownership").map(String::as_str), Some("BucketOwnerEnforced"));
        }
    }
}

#[tokio::test]
async fn rules_of_others_are_sent_back_whole() {
    let (step, answer, _) = steps().swap_remove(4);
    let (sent, _) = send(&step, &answer).await;
    let body = &sent.last().expect("a call").body;
    let theirs = LIFECYCLE.split_once("<Rule>").and_then(|(_, rest)| rest.split_once("</Rule>")).expect("a rule").0;
    for part in ["<ID>theirs</ID>", "<Tag><Key>k</Key><Value>v</Value></Tag>", "<NoncurrentDays>7</NoncurrentDays>"] {
        assert!(theirs.contains(part) && body.contains(part), "{body}");
    }
}

/// Checks that existing notifications are kept in S3's own words, and that no destination gets a test message.
#[tokio::test]
async fn notifications_of_others_are_sent_back_whole() {
    let (step, answer, _) = steps().swap_remove(6);
    let (sent, _) = send(&step, &answer).await;
    let last = sent.last().expect("a call");
    let parts = ["TopicConfiguration", "QueueConfiguration", "CloudFunctionConfiguration"].map(|name| {
        let (_, rest) = NOTIFICATIONS.split_once(&format!("<{name}>")).expect(name);
        rest.split_once(&format!("</{name}>")).expect(name).0
    });
    for part in parts {
        assert!(last.body.contains(part), "{part} in {}", last.body);
    }
    assert_eq!(last.headers.get("x-amz-skip-destination-validation").map(String::as_str), Some("true"));
}

/// Checks that our statements are replaced, and nothing else.
#[tokio::test]
async fn a_statement_of_ours_is_sent_in_place_of_the_old_one() {
    let place = subject::<Bucket>().place;
    let old = json!({"Sid": "Ours", "Effect": "Deny", "Action": "s3:GetObject"});
    let new = json!({"Sid": "Ours", "Effect": "Deny", "Action": "s3:Get*"});
    let theirs = json!({"Sid": "A", "Effect": "Allow"});
    let read = json!({"Id": "theirs", "Statement": [old, theirs]});
    let act = Act::amend_policy(Some(read.clone()), vec![old], vec![new.clone()]);
    let step = Step::Bucket(BucketStep::new("logs", &place.region, act));
    let (sent, outcome) = send(&step, &read.to_string()).await;
    assert_eq!(outcome, Ok(()));
    let body: Value = serde_json::from_str(&sent.last().expect("a call").body).expect("a policy");
    assert_eq!(body, json!({"Id": "theirs", "Statement": [theirs, new]}));
}

/// Checks that somebody else's change between plan and write is not overwritten.
#[tokio::test]
async fn a_document_that_has_changed_meanwhile_is_left_alone() {
    for (step, answer, _) in steps().into_iter().filter(|(_, answer, _)| !answer.is_empty()) {
        let changed = answer.replace("theirs", "changed");
        let (sent, outcome) = send(&step, &changed).await;
        assert_eq!(outcome.expect_err("a conflict").kind, ErrorKind::Exists, "{step}");
        assert_eq!(sent.len(), 1, "{step}");
    }
}
