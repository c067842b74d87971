//! API calls that can expose a log bucket or block its logs, and how each identifies the bucket.

use crate::event::dependency::key_of;
use crate::event::{ApiCall, Dependency, Elements, Target, Watch};
use crate::family::{Tell, When};
use crate::managed::bucket::name::{is_bucket_name, is_managed_target};

pub(super) const WATCHES: &[Watch] = &[
    Watch {
        rule: "BucketCalls",
        service: "s3.amazonaws.com",
        // The documentation of CloudTrail's records spells the call on Object Lock in two ways.
        calls: &[
            "DeleteBucket",
            "DeleteBucketEncryption",
            "DeleteBucketLifecycle",
            "DeleteBucketPolicy",
            "DeleteBucketPublicAccessBlock",
            "DeleteBucketReplication",
            "PutBucketAcl",
            "PutBucketEncryption",
            "PutBucketLifecycle",
            "PutBucketLogging",
            "PutBucketNotification",
            "PutBucketObjectLockConfiguration",
            "PutBucketOwnershipControls",
            "PutBucketPolicy",
            "PutBucketPublicAccessBlock",
            "PutBucketReplication",
            "PutBucketRequestPayment",
            "PutBucketTagging",
            "PutBucketVersioning",
            "PutObjectLockConfiguration",
        ],
        target: changed,
    },
    Watch {
        rule: "TrailCalls",
        service: "cloudtrail.amazonaws.com",
        calls: &["CreateTrail", "UpdateTrail"],
        target: of_trail,
    },
    Watch {
        rule: "KeyCalls",
        service: "kms.amazonaws.com",
        calls: &["DeleteImportedKeyMaterial", "DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion"],
        target: using_key,
    },
    Watch { rule: "ChannelCalls", service: "config.amazonaws.com", calls: &["PutDeliveryChannel"], target: of_channel },
];

pub(super) const TELLS: &[Tell] = &[
    Tell {
        service: "s3.amazonaws.com",
        calls: &["DeleteBucket"],
        when: When::Applicable(RECORD),
        effect: |_| Some("deletes a log bucket"),
    },
    Tell {
        service: "s3.amazonaws.com",
        calls: &["DeleteBucketPolicy"],
        when: When::Applicable(RECORD),
        effect: |_| Some("deletes the policy of a log bucket"),
    },
    Tell {
        service: "s3.amazonaws.com",
        calls: &["PutBucketLifecycle"],
        when: When::Applicable(RECORD),
        effect: |_| Some("sets when the files of a log bucket are deleted"),
    },
    Tell {
        service: "s3.amazonaws.com",
        calls: &["DeleteBucketReplication"],
        when: When::Applicable(RECORD),
        effect: |_| Some("ends the replication of a log bucket, so its new files are in no other bucket"),
    },
    Tell {
        service: "s3.amazonaws.com",
        calls: &["PutBucketReplication"],
        when: When::Applicable(RECORD),
        effect: |_| Some("sets where the files of a log bucket are replicated to"),
    },
    Tell {
        service: "s3.amazonaws.com",
        calls: &["PutBucketLogging"],
        when: When::Applicable("log-bucket-access-logging"),
        effect: |call| {
            let path = ["BucketLoggingStatus", "LoggingEnabled", "TargetBucket"];
            let target = call.request.inside(&path).and_then(serde_json::Value::as_str);
            let ours = target.is_some_and(is_managed_target);
            (!ours).then_some("sets where access to a log bucket is logged")
        },
    },
    Tell {
        service: "s3.amazonaws.com",
        calls: &["PutBucketVersioning"],
        when: When::Applicable(RECORD),
        effect: |call| {
            let suspended = call.request.text_in("VersioningConfiguration", "Status") == Some("Suspended");
            suspended.then_some("suspends versioning, so files of a log bucket can be overwritten and deleted for good")
        },
    },
    Tell {
        service: "s3.amazonaws.com",
        calls: &[
            "DeleteBucketPublicAccessBlock",
            "PutBucketAcl",
            "PutBucketOwnershipControls",
            "PutBucketPolicy",
            "PutBucketPublicAccessBlock",
            "PutBucketTagging",
        ],
        when: When::Exempted,
        effect: |_| Some("changes a log bucket that is exempt"),
    },
];

/// Control that stands for the record in a bucket.
const RECORD: &str = "log-bucket-delivery";

/// Returns whether a call sets lifecycle rules of which none deletes a file: whether rules that do were there before us,
/// only the process that added ours knows.
pub(super) fn deletes_nothing(call: &ApiCall) -> bool {
    let rules = call.request.inside(&["LifecycleConfiguration"]);
    call.name == "PutBucketLifecycle" && rules.is_some_and(|rules| !rules.to_string().contains("Expiration"))
}

/// Returns the bucket of a call, which S3 records in the region of the bucket.
fn changed(call: &ApiCall) -> Result<Target, String> {
    match (call.request.text("bucketName"), &call.request) {
        (Some(name), _) if is_bucket_name(name) => Ok(Target::One(call.region()?.clone(), name.to_owned())),
        (Some(_), _) => Err(no_name(call)),
        (None, Elements::Omitted) => Ok(Target::region(call.region()?.clone())),
        (None, Elements::Present(_)) => Err(format!("the record of {} names no bucket", call.name)),
    }
}

/// Returns the bucket of a trail. The response always names it, the request of an `UpdateTrail` only if it changes.
fn of_trail(call: &ApiCall) -> Result<Target, String> {
    match call.response.text("s3BucketName").or_else(|| call.request.text("s3BucketName")) {
        Some(name) => named(call, name),
        None if call.request == Elements::Omitted => Ok(Target::EVERYTHING),
        None if call.name == "UpdateTrail" => Err("the trail's bucket is not changed".to_owned()),
        None => Err(format!("the record of {} names no bucket", call.name)),
    }
}

/// Returns the buckets whose default encryption uses a changed key.
fn using_key(call: &ApiCall) -> Result<Target, String> {
    match key_of(call) {
        Some(arn) => Ok(Target::using(Dependency::Key(arn.to_owned()))),
        None if call.request == Elements::Omitted => Ok(Target::EVERYTHING),
        None => Err(format!("the record of {} names no key by its ARN", call.name)),
    }
}

fn of_channel(call: &ApiCall) -> Result<Target, String> {
    match (call.request.text_in("deliveryChannel", "s3BucketName"), &call.request) {
        (Some(name), _) => named(call, name),
        (None, Elements::Omitted) => Ok(Target::EVERYTHING),
        (None, Elements::Present(_)) => Err(format!("the record of {} names no bucket", call.name)),
    }
}

/// Returns a bucket that may be in any region.
fn named(call: &ApiCall, name: &str) -> Result<Target, String> {
    if is_bucket_name(name) { Ok(Target::Named(name.to_owned())) } else { Err(no_name(call)) }
}

fn no_name(call: &ApiCall) -> String {
    format!("{} does not name a valid bucket", call.name)
}

#[cfg(test)]
mod tests {
    use super::super::Bucket;
    use crate::event::{Identity, Record, Target};
    use crate::family::is_own;
    use crate::model::Region;
    use crate::testing::routed::routed;
    use serde_json::{Value, json};

    fn led(service: &str, name: &str, request: &Value, response: &Value) -> Result<Target, String> {
        routed::<Bucket>(service, name, &json!({"requestParameters": request, "responseElements": response}))
    }

    #[test]
    fn s3_names_the_bucket_in_its_own_region() {
        let west = Region::parse("eu-west-1").expect("a region");
        let put = |request: Value| led("s3", "PutBucketPolicy", &request, &Value::Null);
        assert_eq!(put(json!({"bucketName": "logs"})), Ok(Target::One(west.clone(), "logs".to_owned())));
        assert_eq!(put(json!({"omitted": true})), Ok(Target::region(west)));
        assert!(put(json!({"bucketName": "a/../b"})).expect_err("a path").contains("valid bucket"));
        assert!(put(json!({"host": ["x"]})).expect_err("nothing").contains("names no bucket"));
    }

    #[test]
    fn trails_and_channels_name_a_bucket_that_may_be_anywhere() {
        let logs = || Ok(Target::Named("logs".to_owned()));
        let answer = json!({"s3BucketName": "logs"});
        assert_eq!(led("cloudtrail", "CreateTrail", &json!({"name": "t"}), &answer), logs());
        assert_eq!(led("cloudtrail", "UpdateTrail", &answer, &Value::Null), logs());
        let same = led("cloudtrail", "UpdateTrail", &json!({"name": "t"}), &json!({"name": "t"}));
        assert!(same.expect_err("no bucket").contains("not changed"));
        assert_eq!(led("cloudtrail", "UpdateTrail", &Value::Null, &Value::Null), Ok(Target::EVERYTHING));
        let channel = json!({"deliveryChannel": {"name": "default", "s3BucketName": "logs"}});
        assert_eq!(led("config", "PutDeliveryChannel", &channel, &Value::Null), logs());
        assert_eq!(led("config", "PutDeliveryChannel", &Value::Null, &Value::Null), Ok(Target::EVERYTHING));
        let odd = json!({"deliveryChannel": {"s3BucketName": "Not A Bucket"}});
        assert!(led("config", "PutDeliveryChannel", &odd, &Value::Null).is_err());
    }

    #[test]
    fn our_role_is_believed_only_rules_that_delete_nothing() {
        let believed = |request: &Value| {
            let call = json!({"eventSource": "s3.amazonaws.com", "eventName": "PutBucketLifecycle",
                "requestParameters": request});
            super::deletes_nothing(&Record(&call).api_call().expect("a record"))
        };
        let rule = |more: &str| {
            json!({"bucketName": "logs", "LifecycleConfiguration": {"Rule": [
                {"ID": "trailkeeper-glacier", "Transition": {"Days": 30, "StorageClass": "GLACIER"}},
                {"ID": "trailkeeper-glacier", more: {"Days": 1}}]}})
        };
        assert!(believed(&rule("Transition")));
        assert!(!believed(&rule("Expiration")) && !believed(&rule("NoncurrentVersionExpiration")));
        assert!(!believed(&json!({"bucketName": "logs"})) && !believed(&Value::Null));
    }

    #[test]
    fn access_logs_that_are_led_to_a_bucket_of_somebodys_choice_are_told() {
        let told = |status: Value| {
            let call = json!({"eventSource": "s3.amazonaws.com", "eventName": "PutBucketLogging",
                "requestParameters": {"bucketName": "logs", "BucketLoggingStatus": status}});
            let call = Record(&call).api_call().expect("a record");
            super::TELLS.iter().any(|tell| tell.change(&call).is_some())
        };
        let to = |target: &str| json!({"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": "x/"}});
        assert!(told(to("dustbin")) && told(json!({})));
        assert!(!told(to("trailkeeper-access-logs-111122223333-eu-west-1")));
    }

    #[test]
    fn our_own_calls_are_known_by_the_names_that_s3_records() {
        let managed = json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": {
            "type": "Role", "principalId": "AROAKEEPER", "arn": "arn:aws:iam::111122223333:role/Keeper"}}});
        let us = Identity::of("arn:aws:sts::111122223333:assumed-role/Keeper/x", "AROAKEEPER:x").expect("an identity");
        let own = |name: &str| {
            let call = json!({"eventSource": "s3.amazonaws.com", "eventName": name, "userIdentity": managed});
            is_own::<Bucket>(&Record(&call).api_call().expect("a record"), &us)
        };
        for name in [
            "PutBucketPublicAccessBlock",
            "PutBucketLifecycle",
            "PutBucketEncryption",
            "PutBucketLogging",
            "PutBucketNotification",
        ] {
            assert!(own(name), "{name}");
        }
        assert!(!own("DeleteBucketPolicy"), "we never delete one");
    }
}
