//! Tests that each step sends the call that it names, with exactly its arguments, and that what is read is what was
//! sent.

use crate::aws::Connected;
use crate::aws::wire::{Sent, Wire};
use crate::families::recorder::managed::{LINKED_ROLE, managed_bucket};
use crate::families::recorder::step::RecorderStep;
use crate::families::recorder::view::Channel;
use crate::families::recorder::{Recorder, Step};
use crate::managed::bucket::Blocks;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::model::{CallError, ErrorKind, Step as _};
use crate::reconcile::ports::{Read, Write};
use crate::testing::laws::{settings, subject};
use serde_json::{Value, json};

fn channel() -> Channel {
    Channel {
        name: "mine".to_owned(),
        bucket: "logs".to_owned(),
        prefix: Some("p".to_owned()),
        key: Some("arn:aws:kms:eu-west-1:111122223333:key/k".to_owned()),
        topic: Some("arn:aws:sns:eu-west-1:111122223333:t".to_owned()),
        frequency: Some("Three_Hours".to_owned()),
    }
}

fn steps() -> Vec<Step> {
    let place = subject::<Recorder>().place;
    let region = place.region.clone();
    let on = |act| Step::Bucket(BucketStep::new(&managed_bucket(&place), &region, act));
    let all = vec![
        Step::Recorder(RecorderStep::CreateLinkedRole),
        on(Act::Create),
        on(Act::Encrypt),
        on(Act::put_policy(None, vec![])),
        on(Act::Block { blocks: Blocks::ALL, replaces: None }),
        Step::Recorder(RecorderStep::PutRecorder {
            region: region.clone(),
            name: "default".into(),
            role: place.role_arn(LINKED_ROLE),
            iam: true,
        }),
        Step::Recorder(RecorderStep::PutChannel {
            region: region.clone(),
            channel: channel(),
            replaces: None,
            own: true,
        }),
        Step::Recorder(RecorderStep::Start { region, name: "mine".into() }),
    ];
    // Adding a new kind of step breaks compilation until it is listed here.
    for step in &all {
        match step {
            Step::Bucket(BucketStep {
                act: Act::Create | Act::Encrypt | Act::PutPolicy { .. } | Act::Block { .. },
                ..
            })
            | Step::Recorder(
                RecorderStep::CreateLinkedRole
                | RecorderStep::PutRecorder { .. }
                | RecorderStep::PutChannel { .. }
                | RecorderStep::Start { .. },
            ) => {}
        }
    }
    all
}

async fn send(step: &Step, answer: &str) -> (Vec<Sent>, Result<(), CallError>) {
    let wire = Wire::answering(answer);
    let recorders = Recorder::connect(&wire.account(), &settings());
    let outcome = Box::pin(recorders.apply(&subject::<Recorder>(), step)).await;
    (wire.sent(), outcome)
}

fn answer_to(step: &Step) -> &'static str {
    match step {
        Step::Recorder(RecorderStep::CreateLinkedRole) => "<a/>",
        Step::Bucket(_) => "",
        Step::Recorder(
            RecorderStep::PutRecorder { .. } | RecorderStep::PutChannel { .. } | RecorderStep::Start { .. },
        ) => "{}",
    }
}

#[tokio::test]
async fn each_step_sends_the_call_that_it_names() {
    let rest = ["PUT", "PUT encryption", "PUT policy", "PUT publicAccessBlock"];
    let mut rest = rest.into_iter();
    for step in steps() {
        let (sent, _) = send(&step, answer_to(&step)).await;
        let last = sent.last().expect("a call");
        let (host, operation) = match &step {
            Step::Bucket(_) => {
                (format!("{}.s3.eu-west-1.amazonaws.com", managed_bucket(&subject::<Recorder>().place)), rest.next())
            }
            Step::Recorder(RecorderStep::CreateLinkedRole) => {
                ("iam.amazonaws.com".to_owned(), step.actions()[0].split(':').next_back())
            }
            Step::Recorder(_) => {
                ("config.eu-west-1.amazonaws.com".to_owned(), step.actions()[0].split(':').next_back())
            }
        };
        assert_eq!((last.host.as_str(), Some(last.operation.as_str())), (host.as_str(), operation), "{step}");
    }
}

#[tokio::test]
async fn what_is_sent_to_config_is_what_was_said_and_nothing_else() {
    let all = steps();
    let role = subject::<Recorder>().place.role_arn(LINKED_ROLE);
    let group = json!({"allSupported": true, "includeGlobalResourceTypes": true});
    for (step, expected) in all[5..].iter().zip([
        json!({"ConfigurationRecorder": {"name": "default", "roleARN": role, "recordingGroup": group}}),
        json!({"DeliveryChannel": {"name": "mine", "s3BucketName": "logs", "s3KeyPrefix": "p",
            "s3KmsKeyArn": channel().key, "snsTopicARN": channel().topic,
            "configSnapshotDeliveryProperties": {"deliveryFrequency": "Three_Hours"}}}),
        json!({"ConfigurationRecorderName": "mine"}),
    ]) {
        let (sent, outcome) = send(step, "{}").await;
        let [sent] = sent.as_slice() else { panic!("{sent:?}") };
        assert_eq!(outcome, Ok(()));
        assert_eq!(serde_json::from_str::<Value>(&sent.body).expect("JSON"), expected);
        if let Step::Recorder(RecorderStep::PutChannel { channel, .. }) = step {
            assert_eq!(expected["DeliveryChannel"], channel.json(), "and what the report says");
        }
    }
}

#[tokio::test]
async fn the_role_is_config_s_own() {
    let (sent, _) = send(&Step::Recorder(RecorderStep::CreateLinkedRole), "<a/>").await;
    let [sent] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(sent.field("AWSServiceName").as_deref(), Some("config.amazonaws.com"));
}

/// Checks that somebody else's change to a policy between plan and write is not overwritten.
#[tokio::test]
async fn a_policy_that_has_changed_meanwhile_is_left_alone() {
    let (sent, outcome) = send(&steps()[3], r#"{"Statement": []}"#).await;
    assert_eq!(outcome.expect_err("a conflict").kind, ErrorKind::Exists);
    assert_eq!(sent.len(), 1);
}

/// Checks that a compliant region takes three calls, and one for its bucket.
#[tokio::test]
async fn a_region_is_read_with_three_calls_and_its_bucket_with_one() {
    let answer = json!({
        "ConfigurationRecorders": [
            {"name": "AWSConfigurationRecorderForX", "servicePrincipal": "x.amazonaws.com"},
            {"name": "mine", "roleARN": "r", "recordingGroup": {"allSupported": true}},
        ],
        "ConfigurationRecordersStatus": [
            {"name": "AWSConfigurationRecorderForX", "recording": true},
            {"name": "mine", "recording": false, "lastStatus": "FAILURE", "lastErrorCode": "E", "lastErrorMessage": "m"},
        ],
        "DeliveryChannels": [channel().json()],
    });
    let wire = Wire::answering(&answer.to_string());
    let recorders = Recorder::connect(&wire.account(), &settings());
    let view = recorders.observe(&subject::<Recorder>()).await.expect("a view").expect("a region");
    let recorder = view.recorder.present().expect("a recorder");
    assert_eq!((recorder.name.as_str(), recorder.status.recording), ("mine", false));
    assert_eq!(recorder.status.failure.as_deref(), Some("E: m"));
    assert_eq!(view.channel.present(), Some(&channel()));
    let mut sent: Vec<String> = wire.sent().into_iter().map(|sent| sent.operation).collect();
    sent.sort();
    let reads = ["DescribeConfigurationRecorderStatus", "DescribeConfigurationRecorders", "DescribeDeliveryChannels"];
    assert_eq!(sent, [reads.as_slice(), &["HEAD"]].concat());
}

/// Checks that an invalid bucket name, which AWS would not accept, cannot direct us to another URL.
#[tokio::test]
async fn what_is_no_name_of_a_bucket_becomes_no_part_of_a_url() {
    let odd = Channel { bucket: "../other".to_owned(), key: None, ..channel() };
    let wire = Wire::answering(&json!({ "DeliveryChannels": [odd.json()] }).to_string());
    let recorders = Recorder::connect(&wire.account(), &settings());
    let _ = recorders.observe(&subject::<Recorder>()).await;
    let sent = wire.sent();
    assert!(sent.len() > 3 && sent.iter().all(|sent| !sent.host.contains("other")), "{sent:?}");
}
