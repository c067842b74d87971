//! Tests that each step sends the call that it names, with exactly its arguments.

use crate::aws::Connected;
use crate::aws::wire::{Sent, Wire};
use crate::documents::selectors::Selectors;
use crate::families::trail::managed::{MANAGED_GROUP, MANAGED_KEY, managed_bucket, managed_role};
use crate::families::trail::step::TrailStep;
use crate::families::trail::{Change, KeyChoice, NoticeStep, Step, Trail, key, notices};
use crate::managed::bucket::step::{Act, BucketStep};
use crate::managed::key::step::KeyStep;
use crate::managed::log_group::step::GroupStep;
use crate::managed::role::step::RoleStep;
use crate::managed::topic::step::TopicStep;
use crate::model::{Region, Step as _};
use crate::reconcile::ports::Write;
use crate::testing::laws::{settings, subject};
use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:ap-southeast-2:111122223333:key/1";

fn change() -> Change {
    Change { validation: Some(true), key: Some(KeyChoice::of(KEY)), ..Change::default() }
}

/// Returns the steps that make one call, with the region of the call and, for a REST call, its operation.
fn steps() -> Vec<(Step, &'static str)> {
    let subject = subject::<Trail>();
    let (place, trail) = (&subject.place, subject.arn.clone());
    let south = Region::parse("ap-southeast-2").expect("a region");
    let (bucket, region) = (managed_bucket(place), south.clone());
    let role = managed_role(place, MANAGED_GROUP, None);
    let (name, arn, trust) = (role.name, place.role_arn(role.name), role.trust);
    let (policy_name, policy) = (role.policy_name, role.policy);
    let (topic, queue) = (notices::topic_arn(place), notices::queue_arn(place));
    let document = key::managed_key(place).policy;
    let all = vec![
        (Step::Bucket(BucketStep::new(&bucket, &region, Act::Create)), "PUT"),
        (Step::Key(KeyStep::Rotate { region: south, alias: MANAGED_KEY.to_owned(), key: KEY.to_owned() }), ""),
        (Step::Key(KeyStep::PutPolicy { key: KEY.to_owned(), document: document.clone(), replaces: json!({}) }), ""),
        (Step::Group(GroupStep::Create { name: MANAGED_GROUP }), ""),
        (Step::Group(GroupStep::Keep { name: MANAGED_GROUP, days: 90, replaces: None }), ""),
        (Step::Role(RoleStep::Create { name, arn, purpose: role.purpose, trust: trust.clone(), instead_of: None }), ""),
        (Step::Role(RoleStep::RepairTrust { name, trust, replaces: json!({}) }), ""),
        (Step::Role(RoleStep::PutPolicy { name, policy_name, policy, replaces: None }), ""),
        (
            Step::Notice(NoticeStep::Topic(TopicStep::Create {
                arn: topic.clone(),
                policy: document.clone(),
                key: KEY.to_owned(),
            })),
            "",
        ),
        (
            Step::Notice(NoticeStep::Topic(TopicStep::PutPolicy {
                arn: topic.clone(),
                service: "CloudTrail",
                document: document.clone(),
                replaces: json!({}),
            })),
            "",
        ),
        (Step::Notice(NoticeStep::CreateQueue { policy: document, key: KEY.to_owned() }), ""),
        (Step::Notice(NoticeStep::Topic(TopicStep::Subscribe { topic, protocol: "sqs", endpoint: queue })), ""),
        (Step::Trail(TrailStep::Create { trail: trail.clone(), bucket: "b".to_owned(), change: change() }), ""),
        (Step::Trail(TrailStep::Update { trail: trail.clone(), change: change(), replaces: Change::default() }), ""),
        (
            Step::Trail(TrailStep::PutSelectors {
                trail: trail.clone(),
                selectors: selectors(),
                replaces: Selectors::default(),
            }),
            "",
        ),
        (Step::Trail(TrailStep::StartLogging { trail, new: false }), ""),
    ];
    // Adding a new kind of step breaks compilation until it is listed here.
    for (step, _) in &all {
        match step {
            // Completing the policy of a bucket takes two calls as well.
            Step::Bucket(_)
            // Creating and naming a key takes several calls, and putting a queue's policy two: tests on the local AWS
            // cover them.
            | Step::Key(
                KeyStep::Create { .. } | KeyStep::Name { .. } | KeyStep::Rotate { .. } | KeyStep::PutPolicy { .. },
            )
            | Step::NoticesKey(_)
            | Step::Group(GroupStep::Create { .. } | GroupStep::Keep { .. })
            | Step::Role(_)
            | Step::Notice(
                NoticeStep::Topic(
                    TopicStep::Create { .. }
                    | TopicStep::PutPolicy { .. }
                    | TopicStep::SetKey { .. }
                    | TopicStep::Subscribe { .. },
                )
                | NoticeStep::CreateQueue { .. }
                | NoticeStep::PutQueuePolicy { .. },
            )
            | Step::Trail(TrailStep::Create { .. } | TrailStep::Update { .. } | TrailStep::PutSelectors { .. } | TrailStep::StartLogging { .. }) => {}
        }
    }
    all
}

fn selectors() -> Selectors {
    let data = json!([{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::a/"]}]);
    let basic = json!({"ReadWriteType": "WriteOnly", "IncludeManagementEvents": false, "DataResources": data,
        "ExcludeManagementEventSources": []});
    Selectors { basic: vec![basic], advanced: vec![] }
}

async fn send(step: &Step) -> Sent {
    let wire = Wire::answering("{}");
    let trails = Trail::connect(&wire.account(), &settings());
    // Parsing the response is not tested here.
    let _ = Box::pin(trails.apply(&subject::<Trail>(), step)).await;
    let [sent] = wire.sent().try_into().unwrap_or_else(|sent| panic!("one call for {step}: {sent:?}"));
    sent
}

fn body(sent: &Sent) -> Value {
    serde_json::from_str(&sent.body).expect("JSON")
}

#[tokio::test(start_paused = true)]
async fn each_step_sends_the_call_that_it_names() {
    for (step, rest) in steps() {
        let action = step.actions().first().expect("an action").split(':').next_back().expect("a name");
        let operation = if rest.is_empty() { action } else { rest };
        assert_eq!(send(&step).await.operation, operation, "{step}");
    }
}

#[tokio::test(start_paused = true)]
async fn update_trail_names_what_changes_and_nothing_else_in_the_home_region() {
    for (step, _) in steps() {
        let Step::Trail(TrailStep::Update { trail, .. }) = &step else { continue };
        let sent = send(&step).await;
        assert_eq!(body(&sent), json!({"Name": trail, "EnableLogFileValidation": true, "KmsKeyId": KEY}));
        assert_eq!(sent.host, "cloudtrail.eu-west-1.amazonaws.com");
        let logs = ("group".to_owned(), "role".to_owned());
        let change = Change { logs: Some(logs), key: Some(KeyChoice::of("")), ..Change::default() };
        let replaces = Change::default();
        let sent = send(&Step::Trail(TrailStep::Update { trail: trail.clone(), change, replaces })).await;
        let expected = json!({"Name": trail, "KmsKeyId": "", "CloudWatchLogsLogGroupArn": "group",
            "CloudWatchLogsRoleArn": "role"});
        assert_eq!(body(&sent), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn selectors_are_sent_as_decided_and_of_one_kind() {
    let subject = subject::<Trail>();
    let put = |selectors| {
        Step::Trail(TrailStep::PutSelectors { trail: subject.arn.clone(), selectors, replaces: Selectors::default() })
    };
    let sent = send(&put(selectors())).await;
    assert_eq!(body(&sent), json!({"TrailName": subject.arn, "EventSelectors": selectors().basic}));
    let fields =
        json!([{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.ARN", "StartsWith": ["a"]}]);
    let advanced = vec![json!({"Name": "n", "FieldSelectors": fields})];
    let sent = send(&put(Selectors { basic: vec![], advanced: advanced.clone() })).await;
    assert_eq!(body(&sent), json!({"TrailName": subject.arn, "AdvancedEventSelectors": advanced}));
}

#[tokio::test(start_paused = true)]
async fn keys_and_buckets_are_reached_in_their_own_region_and_owned_by_us() {
    for (step, _) in steps() {
        let sent = send(&step).await;
        match &step {
            Step::Key(_) => assert_eq!(sent.host, "kms.ap-southeast-2.amazonaws.com", "{step}"),
            Step::Bucket(_) => {
                assert!(sent.body.contains("<LocationConstraint>ap-southeast-2</LocationConstraint>"), "{}", sent.body);
                assert_eq!(sent.headers["x-amz-object-ownership"], "BucketOwnerEnforced");
            }
            Step::Group(GroupStep::Create { .. }) => assert_eq!(body(&sent)["tags"]["managed-by"], "trailkeeper"),
            Step::Trail(TrailStep::Create { .. }) => {
                assert_eq!(body(&sent)["TagsList"], json!([{"Key": "managed-by", "Value": "trailkeeper"}]));
            }
            _ => {}
        }
    }
}
