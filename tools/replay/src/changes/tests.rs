//! What calls of the past have set, by the records of them.

use super::*;
use serde_json::json;
use trailkeeper::event::{Body, Event};

/// Returns what a call has set: control, part, and what it leaves.
fn set(service: &str, name: &str, request: &Value, response: &Value) -> Vec<(&'static str, &'static str, Leaves)> {
    let event = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.x", "account": "111122223333", "detail": {
        "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "awsRegion": "eu-west-1",
        "requestParameters": request, "responseElements": response,
        "resources": [{"ARN": "arn:aws:kms:eu-west-1:111122223333:key/1"}]}});
    let Body::ApiCall(call) = Event::decode(&event).expect("an event").body else { panic!("a call") };
    let made = Made { call: &call, account: "111122223333", region: "eu-west-1" };
    changes(&made).into_iter().map(|it| (it.control, it.part, it.leaves)).collect()
}

/// Returns what a call leaves of one part; `None` if it says nothing of it.
fn leaves(service: &str, name: &str, part: &str, request: &Value) -> Option<Leaves> {
    set(service, name, request, &Value::Null).into_iter().find(|it| it.1 == part).map(|it| it.2)
}

fn is_less(leaves: Option<Leaves>) -> bool {
    matches!(leaves, Some(Leaves::Less(_)))
}

#[test]
fn trails_are_stopped_narrowed_and_started() {
    let of = |name: &str, part: &str, more: Value| {
        let mut request = json!({"name": "main", "trailName": "main"});
        for (key, value) in more.as_object().cloned().unwrap_or_default() {
            request[key] = value;
        }
        leaves("cloudtrail", name, part, &request)
    };
    assert!(is_less(of("StopLogging", "logging", json!({}))) && is_less(of("DeleteTrail", "trail", json!({}))));
    assert_eq!(of("StartLogging", "logging", json!({})), Some(Leaves::Right));
    let selectors = |kind: &str| json!({"eventSelectors": [{"readWriteType": kind, "includeManagementEvents": true}]});
    assert!(is_less(of("PutEventSelectors", "selectors", selectors("ReadOnly"))));
    assert_eq!(of("PutEventSelectors", "selectors", selectors("All")), Some(Leaves::Right));
    for name in ["isMultiRegionTrail", "enableLogFileValidation", "includeGlobalServiceEvents"] {
        assert!(is_less(of("UpdateTrail", name, json!({name: false}))), "{name}");
        assert_eq!(of("UpdateTrail", name, json!({name: true})), Some(Leaves::Right));
        assert_eq!(of("UpdateTrail", name, json!({})), None);
    }
    assert_eq!(of("UpdateTrail", "kmsKeyId", json!({"kmsKeyId": ""})), Some(Leaves::Wrong));
    assert_eq!(of("UpdateTrail", "kmsKeyId", json!({"kmsKeyId": "alias/a"})), Some(Leaves::Right));
}

#[test]
fn buckets_are_opened_emptied_and_closed() {
    let of = |name: &str, part: &str, more: Value| {
        let mut request = json!({"bucketName": "logs"});
        for (key, value) in more.as_object().cloned().unwrap_or_default() {
            request[key] = value;
        }
        leaves("s3", name, part, &request)
    };
    let blocks = |on: Value| {
        json!({"PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "BlockPublicPolicy": "true",
            "IgnorePublicAcls": true, "RestrictPublicBuckets": on}})
    };
    assert_eq!(of("PutBucketPublicAccessBlock", "blocks", blocks(json!(true))), Some(Leaves::Right));
    assert!(is_less(of("PutBucketPublicAccessBlock", "blocks", blocks(json!(false)))));
    assert_eq!(of("PutBucketPublicAccessBlock", "blocks", json!({})), None, "the record does not say");
    let status = |status: &str| json!({"VersioningConfiguration": {"Status": status}});
    assert!(is_less(of("PutBucketVersioning", "versioning", status("Suspended"))));
    assert_eq!(of("PutBucketVersioning", "versioning", status("Enabled")), Some(Leaves::Right));
    let rule = |days: u32, status: &str| json!({"LifecycleConfiguration": {"Rule": {"Status": status, "Expiration": {"Days": days}}}});
    assert!(is_less(of("PutBucketLifecycle", "lifecycle", rule(1, "Enabled"))));
    assert_eq!(of("PutBucketLifecycle", "lifecycle", rule(1, "Disabled")), Some(Leaves::Right));
    assert_eq!(of("PutBucketLifecycle", "lifecycle", rule(400, "Enabled")), Some(Leaves::Right));
    assert!(is_less(of("PutBucketAcl", "ACL", json!({"x-amz-acl": ["public-read"]}))));
    assert_eq!(of("PutBucketAcl", "ACL", json!({"x-amz-acl": ["private"]})), Some(Leaves::Right));
    assert_eq!(of("PutBucketAcl", "ACL", json!({"acl": [""]})), None);
    let everybody = json!({"AccessControlPolicy": {"AccessControlList": {"Grant": {"Permission": "READ",
        "Grantee": {"URI": "http://acs.amazonaws.com/groups/global/AllUsers"}}}}});
    assert!(is_less(of("PutBucketAcl", "ACL", everybody)));
    assert!(is_less(of("PutBucketLogging", "logging", json!({"BucketLoggingStatus": {"xmlns": "x"}}))));
    for (name, part) in [
        ("DeleteBucket", "bucket"),
        ("DeleteBucketPolicy", "policy"),
        ("DeleteBucketPublicAccessBlock", "blocks"),
        ("DeleteBucketEncryption", "encryption"),
        ("DeleteBucketReplication", "replication"),
    ] {
        assert!(is_less(of(name, part, json!({}))), "{name}");
    }
    assert!(set("s3", "DeleteBucket", &json!({"bucketName": "../x"}), &Value::Null).is_empty());
}

#[test]
fn a_policy_is_right_open_or_without_the_denial_of_http() {
    let arns = json!(["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"]);
    let denial = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arns,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
    let open = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": arns});
    let of = |control: &str, statements: Value| {
        let request = json!({"bucketName": "logs", "bucketPolicy": {"Version": "2012-10-17", "Statement": statements}});
        let found = set("s3", "PutBucketPolicy", &request, &Value::Null);
        found.into_iter().find(|it| it.0 == control).map(|it| it.2).expect("a change")
    };
    assert_eq!(of("log-bucket-https-only", json!([denial])), Leaves::Right);
    assert_eq!(of("log-bucket-https-only", json!([])), Leaves::Wrong);
    assert_eq!(of("log-bucket-public-access", json!([denial])), Leaves::Right);
    assert!(is_less(Some(of("log-bucket-public-access", json!([open])))));
    assert!(set("s3", "PutBucketPolicy", &json!({"bucketName": "logs", "policy": ""}), &Value::Null).is_empty());
}

#[test]
fn the_other_families_have_theirs() {
    assert!(is_less(leaves("config", "StopConfigurationRecorder", "recorder", &json!({}))));
    assert_eq!(leaves("config", "StartConfigurationRecorder", "recorder", &json!({})), Some(Leaves::Right));
    let delete = json!({"DeleteFlowLogsRequest": {"FlowLogId": {"tag": 1, "content": "fl-1"}}});
    assert!(is_less(leaves("ec2", "DeleteFlowLogs", "flow logs", &delete)));
    assert_eq!(leaves("kms", "DisableKeyRotation", "rotation", &json!({})), Some(Leaves::Wrong));
    assert!(is_less(leaves("kms", "ScheduleKeyDeletion", "key", &json!({}))));
    let server = |role: &str| json!({"serverId": "s-1", "loggingRole": role});
    assert!(is_less(leaves("transfer", "UpdateServer", "logging", &server(""))));
    assert_eq!(leaves("transfer", "UpdateServer", "logging", &server("arn:aws:iam::1:role/r")), Some(Leaves::Right));
    assert_eq!(leaves("transfer", "UpdateServer", "logging", &json!({"serverId": "s-1"})), None);
    assert!(set("sns", "DeleteTopic", &json!({}), &Value::Null).is_empty());
}
