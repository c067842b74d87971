//! Tests that the step sends the call that it names, and that only the needed reads are made.

use crate::aws::Connected;
use crate::aws::wire::{Sent, Wire};
use crate::families::key::view::View;
use crate::families::key::{AccountKeys, Key, Step};
use crate::family::Family as _;
use crate::model::Step as _;
use crate::reconcile::ports::{Read, Write};
use crate::testing::laws::{settings, subject};
use serde_json::{Value, json};

fn keys(answer: &Value) -> (Wire, AccountKeys) {
    let wire = Wire::answering(&answer.to_string());
    let keys = Key::connect(&wire.account(), &settings());
    (wire, keys)
}

fn body(sent: &Sent) -> Value {
    serde_json::from_str(&sent.body).expect("JSON")
}

#[tokio::test]
async fn the_step_sends_its_period_to_the_keys_region() {
    let subject = subject::<Key>();
    let step = Step::EnableRotation { key: subject.arn.clone(), days: 180 };
    let (wire, keys) = keys(&json!({}));
    keys.apply(&subject, &step).await.expect("an answer");
    let [sent] = wire.sent().try_into().expect("one call for one step");
    let action = step.actions().first().expect("an action").split(':').next_back().expect("a name");
    assert_eq!(sent.operation, action, "{step}");
    assert_eq!(body(&sent), json!({"KeyId": subject.arn, "RotationPeriodInDays": 180}));
    assert_eq!(sent.host, "kms.eu-west-1.amazonaws.com");
    assert_eq!(
        step.undo(&subject.place).to_string(),
        format!("aws kms disable-key-rotation --region eu-west-1 --key-id {}", subject.arn)
    );
}

/// Returns KMS's response for a key that can rotate, and for its rotation status.
fn answer() -> Value {
    json!({
        "KeyRotationEnabled": false,
        "KeyMetadata": {
            "KeyId": "1", "KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT",
            "Origin": "AWS_KMS", "KeyState": "Enabled", "MultiRegion": true,
            "MultiRegionConfiguration": {
                "MultiRegionKeyType": "PRIMARY", "PrimaryKey": {"Arn": "arn:aws:kms:eu-west-1:1:key/mrk-1", "Region": "eu-west-1"}},
        },
    })
}

async fn observed(field: &str, value: Value) -> (Vec<String>, View) {
    let mut answer = answer();
    if !field.is_empty() {
        answer["KeyMetadata"][field] = value;
    }
    let (wire, keys) = keys(&answer);
    let view = keys.observe(&subject::<Key>()).await.expect("an answer").expect("a key");
    let sent = wire.sent();
    assert!(sent.iter().all(|call| body(call) == json!({"KeyId": subject::<Key>().arn})));
    (sent.into_iter().map(|call| call.operation).collect(), view)
}

#[tokio::test]
async fn rotation_is_asked_only_of_a_key_that_can_rotate() {
    let (calls, view) = observed("", Value::Null).await;
    assert_eq!(calls, ["DescribeKey", "GetKeyRotationStatus"]);
    assert_eq!(view.rotates, Some(false));
    assert_eq!(view.multi_region.expect("it is").primary, "arn:aws:kms:eu-west-1:1:key/mrk-1");
    for (field, value) in [
        ("KeyManager", json!("AWS")),
        ("KeySpec", json!("RSA_2048")),
        ("KeyUsage", json!("GENERATE_VERIFY_MAC")),
        ("Origin", json!("EXTERNAL")),
        ("CustomKeyStoreId", json!("cks-1")),
        ("KeyState", json!("Disabled")),
        ("MultiRegionConfiguration", json!({"MultiRegionKeyType": "REPLICA"})),
    ] {
        let (calls, view) = observed(field, value).await;
        assert_eq!((calls, view.rotates), (vec!["DescribeKey".to_owned()], None), "{field}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_in_the_making_is_waited_for_a_while() {
    let (calls, view) = observed("KeyState", json!("Creating")).await;
    assert_eq!(calls.len(), 4);
    assert_eq!(view.state, "Creating");
}

#[tokio::test]
async fn a_list_is_read_by_the_page() {
    let place = subject::<Key>().place;
    let page = json!({"Keys": [{"KeyId": "a"}, {"KeyId": "b"}], "Truncated": true, "NextMarker": "m"});
    let (wire, keys) = keys(&page);
    let found = keys.list(&place, None, None).await.expect("a page");
    assert_eq!(found.subjects, ["a", "b"].map(|id| Key::subject(place.clone(), id)));
    assert_eq!(found.next.as_deref(), Some("m"));
    keys.list(&place, None, Some("m")).await.expect("a page");
    let asked: Vec<Value> = wire.sent().iter().map(body).collect();
    assert_eq!(asked, [json!({"Limit": 1_000}), json!({"Limit": 1_000, "Marker": "m"})]);
}
