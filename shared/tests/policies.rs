//! The functions' own policies hold exactly the actions that their code calls.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "this is a test from top to bottom")]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use trailkeeper::model::Family;
use trailkeeper::transfer::Transfer;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The actions that a source file calls: the first argument of each `call("...")`.
fn called(file: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("shared/src").join(file)).expect(file);
    text.split("call(")
        .skip(1)
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next().map(str::to_owned))
        .collect()
}

/// The actions that a family's steps say they need.
fn needed(file: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("shared/src").join(file)).expect(file);
    let body = text.split("fn actions(&self)").nth(1).and_then(|rest| rest.split("fn ").next()).expect("fn actions");
    body.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

fn statements(policy: &str) -> Vec<Value> {
    let text = fs::read_to_string(repository().join("policies").join(policy)).expect(policy);
    let document: Value = serde_json::from_str(&text).expect("JSON");
    document["Statement"].as_array().expect("a list").clone()
}

fn texts(value: &Value) -> Vec<String> {
    let texts = |items: &[Value]| items.iter().map(|it| it.as_str().expect("a text").to_owned()).collect();
    value.as_array().map_or_else(|| texts(std::slice::from_ref(value)), |items| texts(items))
}

fn allowed(policy: &str) -> BTreeSet<String> {
    statements(policy).iter().flat_map(|statement| texts(&statement["Action"])).collect()
}

#[test]
fn transfer_may_do_what_it_does_and_nothing_else() {
    let files = ["transfer/aws.rs", "aws/roles.rs", "aws/account.rs", "aws/notify.rs"];
    let mut all: BTreeSet<String> = files.iter().flat_map(|file| called(file)).collect();
    // Needs no permission, and cannot be denied (STS API reference, GetCallerIdentity).
    assert!(all.remove("sts:GetCallerIdentity"));
    let writes: BTreeSet<String> = &needed("transfer/step.rs") | &needed("our_role.rs");
    let reads: BTreeSet<String> = all.difference(&writes).cloned().collect();
    assert_eq!(allowed("transfer.observe.json"), reads);
    assert_eq!(allowed("transfer.remediate.json"), writes);
    // Of what a step needs, all is called but what AWS checks along with a call.
    let along: BTreeSet<String> = writes.difference(&all).cloned().collect();
    assert_eq!(along, BTreeSet::from(["iam:PassRole".to_owned(), "iam:TagRole".to_owned()]));
    // What is called is what is no news when it comes back as an event.
    let names: BTreeSet<&str> = writes.intersection(&all).filter_map(|action| action.split(':').nth(1)).collect();
    assert_eq!(names, Transfer::OWN_CALLS.iter().copied().collect());
}

/// `ListServers` has no resource (Service Authorization Reference). For `ListRegions` AWS checks another ARN inside an
/// organization than outside, and the names of regions are no secret.
const WITHOUT_RESOURCE: [&str; 2] = ["transfer:ListServers", "account:ListRegions"];

#[test]
fn only_what_has_no_resource_is_allowed_on_all_of_them() {
    for policy in ["transfer.observe.json", "transfer.remediate.json"] {
        for statement in statements(policy) {
            assert_eq!(statement["Effect"], "Allow");
            let everywhere = texts(&statement["Resource"]).contains(&"*".to_owned());
            for action in texts(&statement["Action"]) {
                assert!(!action.contains('*'), "{policy}: {action}");
                assert_eq!(everywhere, WITHOUT_RESOURCE.contains(&action.as_str()), "{policy}: {action}");
            }
        }
    }
}

/// No emulator checks this one, so it is held here: our role is passed, to Transfer, and no other role to anyone.
#[test]
fn only_our_own_role_is_passed_and_only_to_its_service() {
    let passes: Vec<Value> = statements("transfer.remediate.json")
        .into_iter()
        .filter(|statement| texts(&statement["Action"]).contains(&"iam:PassRole".to_owned()))
        .collect();
    let [pass] = passes.as_slice() else { panic!("{passes:?}") };
    assert_eq!(texts(&pass["Action"]), ["iam:PassRole"]);
    let ours = format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{}", trailkeeper::transfer::OUR_ROLE);
    assert_eq!(texts(&pass["Resource"]).join(" "), ours);
    assert_eq!(pass["Condition"]["StringEquals"]["iam:PassedToService"], "transfer.amazonaws.com");
    for statement in statements("transfer.remediate.json") {
        if texts(&statement["Action"]).iter().any(|action| action.starts_with("iam:")) {
            assert_eq!(texts(&statement["Resource"]).join(" "), ours, "{statement}");
        }
    }
}
