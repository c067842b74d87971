//! Tests that each step sends the call that it names, with exactly its arguments.

use crate::aws::Connected;
use crate::aws::wire::{Sent, Wire};
use crate::families::vpc::managed::managed_role;
use crate::families::vpc::step::FlowLogStep;
use crate::families::vpc::{MANAGED_GROUP, New, Old, Step, To, Vpc};
use crate::managed::bucket::step::{Act, BucketStep};
use crate::managed::log_group::step::GroupStep;
use crate::managed::role::step::RoleStep;
use crate::model::{CallError, ErrorKind, Step as _};
use crate::reconcile::ports::{Read, Write};
use crate::settings::flow_logs::Traffic;
use crate::testing::laws::{settings, subject};
use serde_json::json;

const ARN: &str = "arn:aws:s3:::logs/vpc";

fn new(to: To, in_place_of: Option<&str>) -> Step {
    let (vpc, in_place_of) = (subject::<Vpc>().id, in_place_of.map(str::to_owned));
    Step::FlowLog(FlowLogStep::Create(New { vpc, traffic: Traffic::Reject, interval: 60, to, in_place_of }))
}

fn to_group() -> To {
    To::ManagedGroup { role: subject::<Vpc>().place.role_arn("r") }
}

fn delete() -> Step {
    let (id, vpc, destination) = ("fl-1".to_owned(), subject::<Vpc>().id, MANAGED_GROUP.to_owned());
    let flow_log = Old { id, traffic: Traffic::All, destination, vpc, again: json!({}) };
    Step::FlowLog(FlowLogStep::Delete { flow_log, first: false })
}

/// Returns the steps that make one call.
fn steps() -> Vec<Step> {
    let role = managed_role(&subject::<Vpc>().place);
    let all = vec![
        Step::Group(GroupStep::Create { name: MANAGED_GROUP }),
        Step::Group(GroupStep::Keep { name: MANAGED_GROUP, days: 90, replaces: None }),
        Step::Role(RoleStep::RepairTrust { name: role.name, trust: role.trust, replaces: role.policy }),
        new(to_group(), None),
        delete(),
    ];
    // Adding a new kind of step breaks compilation until it is listed here.
    for step in &all {
        match step {
            // Completing the policy of a bucket takes two calls, which the tests of the bucket family cover.
            Step::Group(GroupStep::Create { .. } | GroupStep::Keep { .. })
            | Step::Role(_)
            | Step::Bucket(BucketStep {
                act: Act::Create | Act::Encrypt | Act::PutPolicy { .. } | Act::Block { .. },
                ..
            })
            | Step::FlowLog(FlowLogStep::Create(_) | FlowLogStep::Delete { .. }) => {}
        }
    }
    all
}

async fn send(step: &Step, event: &str, answer: &str) -> (Sent, Result<(), CallError>) {
    let wire = Wire::answering(answer);
    let vpcs = Vpc::connect(&wire.account(), &settings());
    vpcs.begin(event);
    let outcome = Box::pin(vpcs.apply(&subject::<Vpc>(), step)).await;
    let [sent] = wire.sent().try_into().unwrap_or_else(|sent| panic!("one call for {step}: {sent:?}"));
    (sent, outcome)
}

#[tokio::test]
async fn each_step_sends_the_call_that_it_names() {
    for step in steps() {
        let action = step.actions().first().expect("an action").split(':').next_back().expect("a name");
        assert_eq!(send(&step, "e", "{}").await.0.operation, action, "{step}");
    }
}

#[tokio::test]
async fn a_flow_log_is_asked_for_with_all_that_was_decided_and_born_with_its_tag() {
    let subject = subject::<Vpc>();
    let (sent, _) = send(&new(to_group(), Some("fl-9")), "e", "<a/>").await;
    assert_eq!(sent.host, "ec2.eu-west-1.amazonaws.com");
    for (name, value) in [
        ("ResourceId.1", subject.id.as_str()),
        ("ResourceType", "VPC"),
        ("TrafficType", "REJECT"),
        ("MaxAggregationInterval", "60"),
        ("LogDestinationType", "cloud-watch-logs"),
        ("LogGroupName", MANAGED_GROUP),
        ("DeliverLogsPermissionArn", "arn:aws:iam::111122223333:role/r"),
        ("TagSpecification.1.ResourceType", "vpc-flow-log"),
        ("TagSpecification.1.Tag.1.Key", "managed-by"),
        ("TagSpecification.1.Tag.1.Value", "trailkeeper"),
        ("TagSpecification.1.Tag.2.Value", "fl-9"),
    ] {
        assert_eq!(sent.field(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!((sent.field("ResourceId.2"), sent.field("LogDestination")), (None, None));
    let (sent, _) = send(&new(To::Bucket { arn: ARN.to_owned() }, None), "e", "<a/>").await;
    assert_eq!(sent.field("LogDestination").as_deref(), Some(ARN));
    assert_eq!((sent.field("LogGroupName"), sent.field("DeliverLogsPermissionArn")), (None, None));
}

/// Checks that tokens are equal only for the same event and call: EC2 answers a known token with the original flow log.
#[tokio::test]
async fn a_call_is_made_once_for_each_event() {
    let mut tokens = Vec::new();
    for (step, event) in
        [(new(to_group(), None), "one"), (new(to_group(), None), "two"), (new(to_group(), Some("fl-1")), "one")]
    {
        let (sent, _) = send(&step, event, "<a/>").await;
        assert_eq!(sent.field("ClientToken"), send(&step, event, "<a/>").await.0.field("ClientToken"));
        tokens.extend(sent.field("ClientToken"));
    }
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 3);
    assert!(tokens.iter().all(|token| token.len() <= 64 && token.is_ascii()));
}

#[tokio::test]
async fn what_is_unsuccessful_within_a_200_is_a_failure() {
    let answer = |step: &Step, code: &str| {
        let call =
            if matches!(step, Step::FlowLog(FlowLogStep::Create(_))) { "CreateFlowLogs" } else { "DeleteFlowLogs" };
        format!(
            "<{call}Response><unsuccessful><item><error><code>{code}</code><message>no</message></error>\
             <resourceId>vpc-1</resourceId></item></unsuccessful></{call}Response>"
        )
    };
    for (step, code, kind) in [
        (new(to_group(), None), "FlowLogAlreadyExists", ErrorKind::Exists),
        (new(to_group(), None), "InvalidVpcId.NotFound", ErrorKind::Gone),
        (new(to_group(), None), "FlowLogsLimitExceeded", ErrorKind::Rejected),
        (delete(), "InvalidFlowLogId.NotFound", ErrorKind::Gone),
    ] {
        let (_, outcome) = send(&step, "e", &answer(&step, code)).await;
        assert_eq!(outcome.expect_err(code).kind, kind, "{step}");
    }
}
