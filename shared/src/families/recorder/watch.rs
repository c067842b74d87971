//! API calls that can stop or blind AWS Config, all of which lead to the region in which they were made.

use super::managed::RECORDER;
use crate::event::{ApiCall, Target, Watch};
use crate::family::{Tell, When};

pub(super) const WATCHES: &[Watch] = &[Watch {
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
}];

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
];

/// The family's control.
const RECORD: &str = "config-recorder";

/// Returns the region of a call. Names in the record do not matter: a region has one recorder and one channel.
fn region(call: &ApiCall) -> Result<Target, String> {
    Ok(Target::One(call.region()?.clone(), RECORDER.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::Recorder;
    use crate::event::{Event, Identity, Target};
    use crate::family::{Identities, Route, route};
    use crate::model::Region;
    use serde_json::{Value, json};

    fn routed(name: &str, region: &Value) -> Result<Target, String> {
        let event = json!({
            "detail-type": "AWS API Call via CloudTrail", "source": "aws.config", "account": "111122223333",
            "detail": {"eventSource": "config.amazonaws.com", "eventName": name, "eventType": "AwsApiCall",
                "awsRegion": region, "requestParameters": {"configurationRecorderName": "../x"},
                "responseElements": null},
        });
        let us = Identity::of("arn:aws:sts::111122223333:assumed-role/Keeper/x", "AROAKEEPER:x").expect("an identity");
        match route::<Recorder>(&Event::decode(&event).expect("an event"), Some(Identities::at_home(&us))) {
            Route::Check(_, target) => Ok(target),
            Route::Ignore(because) => Err(because),
        }
    }

    #[test]
    fn a_call_leads_to_its_region_whatever_it_names() {
        let west = Region::parse("eu-west-1").expect("a region");
        let there = Ok(Target::One(west, "default".to_owned()));
        for name in ["StopConfigurationRecorder", "DeleteDeliveryChannel", "PutConfigurationRecorder"] {
            assert_eq!(routed(name, &json!("eu-west-1")), there);
        }
        assert!(routed("StartConfigurationRecorder", &json!("eu-west-1")).is_err());
        assert!(routed("StopConfigurationRecorder", &Value::Null).is_err());
    }
}
