//! Where the record of one call leads.

use crate::event::{Event, Identity, Target};
use crate::family::{Family, Identities, Route, route};
use serde_json::{Value, json};

/// Region of the call, unless the record says another.
const REGION: &str = "eu-west-1";

/// Returns the target of a call of a service, such as `s3`, by CloudTrail's record of it, or why there is none. The members
/// of `record` are those of the record that matter, such as `requestParameters`.
///
/// # Errors
/// Returns why the event is ignored.
pub(crate) fn routed<F: Family>(service: &str, name: &str, record: &Value) -> Result<Target, String> {
    let mut detail = json!({"eventSource": format!("{service}.amazonaws.com"), "eventName": name,
        "eventType": "AwsApiCall", "awsRegion": REGION});
    for (key, value) in record.as_object().cloned().unwrap_or_default() {
        detail[key] = value;
    }
    let event = json!({"detail-type": "AWS API Call via CloudTrail", "source": format!("aws.{service}"),
        "account": "111122223333", "detail": detail});
    let us = Identity::of("arn:aws:sts::111122223333:assumed-role/Keeper/x", "AROAKEEPER:x").expect("an identity");
    match route::<F>(&Event::decode(&event).expect("an event"), Some(Identities::at_home(&us))) {
        Route::Check(_, target) => Ok(target),
        Route::Ignore(because) => Err(because),
    }
}
