//! API calls that can stop or blind AWS Config, all of which lead to the region in which they were made.

use super::managed::{RECORDER, managed_buckets};
use crate::event::{ApiCall, Elements, Target, Watch};
use crate::exemption::TAG;
use crate::family::{Tell, When};
use crate::model::{Arn, Place};

pub(super) const WATCHES: &[Watch] = &[
    Watch {
        rule: "RecorderCalls",
        service: "config.amazonaws.com",
        calls: &[
            "DeleteConfigurationRecorder",
            "DeleteDeliveryChannel",
            "DisassociateResourceTypes",
            "PutConfigurationRecorder",
            "PutDeliveryChannel",
            "StopConfigurationRecorder",
        ],
        target: region,
    },
    Watch { rule: "RecorderTags", service: "config.amazonaws.com", calls: &["TagResource"], target: tagged },
];

pub(super) const TELLS: &[Tell] = &[
    Tell {
        service: "config.amazonaws.com",
        calls: &["DeleteConfigurationRecorder", "DeleteDeliveryChannel", "StopConfigurationRecorder"],
        when: When::Always(RECORD),
        effect: |_| Some("ends what AWS Config records"),
    },
    Tell {
        service: "config.amazonaws.com",
        calls: &["PutDeliveryChannel"],
        when: When::Always(RECORD),
        effect: |_| Some("sets where AWS Config delivers"),
    },
    Tell {
        service: "config.amazonaws.com",
        calls: &["TagResource"],
        when: When::Exempted,
        effect: |call| call.request.may_hold(TAG).then_some("exempts the recorder"),
    },
];

/// The family's control.
const RECORD: &str = "config-recorder";

/// Returns the region of a call. Names in the record do not matter: a region has one recorder and one channel.
fn region(call: &ApiCall) -> Result<Target, String> {
    Ok(Target::One(call.region()?.clone(), RECORDER.to_owned()))
}

/// Returns the region of a call that tags its recorder. Rules, aggregators and others have tags, too.
fn tagged(call: &ApiCall) -> Result<Target, String> {
    let of_recorder = |arn: Arn<'_>| arn.service == "config" && arn.resource.starts_with("configuration-recorder/");
    match (call.request.text("resourceArn").and_then(Arn::parse), &call.request) {
        (Some(arn), _) if of_recorder(arn) => region(call),
        (None, Elements::Omitted) => region(call),
        _ => Err("the tags are not those of a recorder".to_owned()),
    }
}

/// Returns whether a call has the channel deliver to a bucket of ours, with nothing else that could be wrong.
pub(super) fn sets_our_bucket(call: &ApiCall, place: &Place) -> bool {
    let bucket = call.request.text_in("deliveryChannel", "s3BucketName");
    let key = call.request.inside(&["deliveryChannel", "s3KmsKeyArn"]);
    call.name == "PutDeliveryChannel"
        && key.is_none()
        && bucket.is_some_and(|bucket| managed_buckets(place).iter().any(|ours| ours == bucket))
}

#[cfg(test)]
mod tests {
    use super::super::Recorder;
    use crate::event::{Record, Target};
    use crate::model::{Place, Region};
    use crate::testing::routed::routed;
    use serde_json::{Value, json};

    fn at(name: &str, region: &Value) -> Result<Target, String> {
        requested(name, region, &json!({"configurationRecorderName": "../x"}))
    }

    fn requested(name: &str, region: &Value, request: &Value) -> Result<Target, String> {
        routed::<Recorder>("config", name, &json!({"awsRegion": region, "requestParameters": request}))
    }

    #[test]
    fn a_call_leads_to_its_region_whatever_it_names() {
        let west = Region::parse("eu-west-1").expect("a region");
        let there = Ok(Target::One(west, "default".to_owned()));
        for name in ["StopConfigurationRecorder", "DeleteDeliveryChannel", "PutConfigurationRecorder"] {
            assert_eq!(at(name, &json!("eu-west-1")), there);
        }
        let tagged = |what: &str| {
            let arn = format!("arn:aws:config:eu-west-1:111122223333:{what}");
            requested("TagResource", &json!("eu-west-1"), &json!({"resourceArn": arn}))
        };
        assert_eq!(tagged("configuration-recorder/default/abc"), there);
        assert!(tagged("config-rule/config-rule-abc").expect_err("a rule").contains("not those of a recorder"));
        assert_eq!(requested("TagResource", &json!("eu-west-1"), &Value::Null), there);
        assert!(at("StartConfigurationRecorder", &json!("eu-west-1")).is_err());
        assert!(at("StopConfigurationRecorder", &Value::Null).is_err());
    }

    #[test]
    fn our_role_is_believed_only_our_bucket() {
        let region = Region::parse("eu-west-1").expect("a region");
        let place = Place { partition: "aws".into(), account: "111122223333".into(), region };
        let believed = |channel: Value| {
            let call = json!({"eventSource": "config.amazonaws.com", "eventName": "PutDeliveryChannel",
                "requestParameters": {"deliveryChannel": channel}});
            super::sets_our_bucket(&Record(&call).api_call().expect("a record"), &place)
        };
        let ours = "trailkeeper-config-111122223333-eu-west-1";
        assert!(believed(json!({"name": "default", "s3BucketName": ours})));
        assert!(!believed(json!({"name": "default", "s3BucketName": "scratch"})));
        assert!(!believed(json!({"name": "default", "s3BucketName": ours, "s3KmsKeyArn": "arn:aws:kms:::key/1"})));
    }
}
