//! Which controls one call of the past has left wrong.

use crate::changes::{Made, changes};
use serde_json::{Value, json};
use trailkeeper::event::{Body, Event};

/// Returns the ids of the controls that a call has left wrong, by its parameters alone. Nothing for a call that failed, that
/// says nothing of that kind, or whose record cannot be read.
///
/// `record` is the record of CloudTrail, in JSON.
#[must_use]
pub fn wronged(record: &str) -> Vec<&'static str> {
    let Ok(record) = serde_json::from_str::<Value>(record) else { return Vec::new() };
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (account, region) = (text("recipientAccountId"), text("awsRegion"));
    let event = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.cloudtrail", "account": account,
        "detail": record});
    let Ok(Event { body: Body::ApiCall(call), .. }) = Event::decode(&event) else { return Vec::new() };
    if call.failure.is_some() {
        return Vec::new();
    }
    let made = Made { call: &call, account: &account, region: &region };
    changes(&made).into_iter().filter(|it| !it.leaves.is_right()).map(|it| it.control).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, more: Value) -> Vec<&'static str> {
        let mut record = json!({"eventVersion": "1.11", "eventID": "c4a1d1d2-9d55-4a3c-a1b7-2b8f3b7e5a2c",
            "eventTime": "2027-01-31T12:00:00Z", "eventType": "AwsApiCall", "eventSource": "cloudtrail.amazonaws.com",
            "eventName": name, "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "accountId": "111122223333"},
            "requestParameters": {"name": "main"}, "responseElements": null});
        if let (Some(record), Value::Object(more)) = (record.as_object_mut(), more) {
            record.extend(more);
        }
        wronged(&record.to_string())
    }

    #[test]
    fn a_call_that_ends_the_record_is_known_by_what_it_sets() {
        assert_eq!(of("StopLogging", json!({})), ["cloudtrail-logging"]);
        assert!(of("StartLogging", json!({})).is_empty() && of("GetTrailStatus", json!({})).is_empty());
        assert!(of("StopLogging", json!({"errorCode": "AccessDenied"})).is_empty());
        let narrowed = json!({"requestParameters": {"name": "main", "enableLogFileValidation": false}});
        assert_eq!(of("UpdateTrail", narrowed), ["cloudtrail-log-validation"]);
        assert!(wronged("{").is_empty());
    }
}
