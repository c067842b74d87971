//! Tests that each step sends the call that it names, with exactly its arguments.

use crate::aws::Connected;
use crate::aws::wire::{Sent, Wire};
use crate::families::transfer::step::ServerStep;
use crate::families::transfer::view::managed_role;
use crate::families::transfer::{MANAGED_ROLE, Step, Transfer};
use crate::managed::role::step::RoleStep;
use crate::model::{Step as _, Subject};
use crate::reconcile::ports::Write;
use crate::testing::laws::{settings, subject};
use serde_json::{Value, json};

const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/boundary";

fn steps(subject: &Subject) -> Vec<Step> {
    let managed = managed_role(&subject.place);
    let (name, policy_name) = (managed.name, managed.policy_name);
    let (trust, policy) = (managed.trust, managed.policy);
    let arn = subject.place.role_arn(MANAGED_ROLE);
    let all = vec![
        Step::Role(RoleStep::Create { name, arn, purpose: managed.purpose, trust: trust.clone(), instead_of: None }),
        Step::Role(RoleStep::RepairTrust { name, trust, replaces: json!({}) }),
        Step::Role(RoleStep::Bound { name, boundary: BOUNDARY.into(), document: json!({}), replaces: None }),
        Step::Role(RoleStep::PutPolicy { name, policy_name, policy, replaces: None }),
        Step::Server(ServerStep::SetLoggingRole {
            server: subject.id.clone(),
            role: subject.place.role_arn(MANAGED_ROLE),
            replaces: None,
        }),
    ];
    // Adding a new kind of step breaks compilation until it is listed here.
    for step in &all {
        match step {
            Step::Role(
                RoleStep::Create { .. }
                | RoleStep::Bound { .. }
                | RoleStep::RepairTrust { .. }
                | RoleStep::PutPolicy { .. },
            )
            | Step::Server(ServerStep::SetLoggingRole { .. }) => {}
        }
    }
    all
}

async fn send(step: &Step) -> Sent {
    let subject = subject::<Transfer>();
    let answer =
        if matches!(step, Step::Server(ServerStep::SetLoggingRole { .. })) { r#"{"ServerId": "s-1"}"# } else { "<a/>" };
    let wire = Wire::answering(answer);
    let servers = Transfer::connect(&wire.account(), &settings());
    // Parsing the response is not tested here.
    let _ = Box::pin(servers.apply(&subject, step)).await;
    let [sent] = wire.sent().try_into().expect("one call for one step");
    sent
}

#[tokio::test]
async fn each_step_sends_the_call_that_it_names() {
    for step in steps(&subject::<Transfer>()) {
        let action = step.actions().first().expect("an action").split(':').next_back().expect("a name");
        assert_eq!(send(&step).await.operation, action, "{step}");
    }
}

#[tokio::test]
async fn update_server_names_the_role_and_nothing_else_in_the_servers_region() {
    let subject = subject::<Transfer>();
    let sent = send(steps(&subject).last().expect("a step")).await;
    let body: Value = serde_json::from_str(&sent.body).expect("JSON");
    assert_eq!(body, json!({"ServerId": subject.id, "LoggingRole": subject.place.role_arn(MANAGED_ROLE)}));
    assert_eq!(sent.host, "transfer.eu-west-1.amazonaws.com");
}

#[tokio::test]
async fn a_role_is_born_with_its_tag_and_its_documents_are_sent_as_decided() {
    let subject = subject::<Transfer>();
    let [create, trust, bound, permissions, _] = steps(&subject).try_into().expect("five steps");
    let sent = send(&bound).await;
    assert_eq!(sent.field("PermissionsBoundary").as_deref(), Some(BOUNDARY));
    let sent = send(&create).await;
    assert_eq!(sent.field("Tags.member.1.Key").as_deref(), Some("managed-by"));
    assert_eq!(sent.field("Tags.member.1.Value").as_deref(), Some("trailkeeper"));
    for (step, name, expected) in [
        (create, "AssumeRolePolicyDocument", managed_role(&subject.place).trust),
        (trust, "PolicyDocument", managed_role(&subject.place).trust),
        (permissions, "PolicyDocument", managed_role(&subject.place).policy),
    ] {
        let sent = send(&step).await;
        assert_eq!(sent.field("RoleName").as_deref(), Some(MANAGED_ROLE));
        let document = sent.field(name).expect("a document");
        assert_eq!(serde_json::from_str::<Value>(&document).expect("JSON"), expected);
    }
}
