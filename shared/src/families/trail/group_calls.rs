//! API calls on the log group of a trail that take its events away, hide them, or hand them to others.

use crate::event::dependency::is_group_name;
use crate::event::{ApiCall, Dependency, Elements, Target, Watch};
use crate::family::{Tell, When};
use crate::model::Arn;

const SERVICE: &str = "logs.amazonaws.com";

/// Calls beside those on any log group.
pub(super) const WATCH: Watch = Watch {
    rule: "TrailGroupCalls",
    service: SERVICE,
    calls: &[
        "AssociateKmsKey",
        "DeleteLogStream",
        "DisassociateKmsKey",
        "PutDataProtectionPolicy",
        "PutSubscriptionFilter",
        "PutTransformer",
    ],
    target: users_of_group,
};

/// Calls that change every log group of a region at once.
pub(super) const ACCOUNT_WATCH: Watch =
    Watch { rule: "AccountGroupCalls", service: SERVICE, calls: &["PutAccountPolicy"], target: every_group };

pub(super) const ACCOUNT_WIDE: Tell = tell(&["PutAccountPolicy"], |call| match call.request.text("policyType") {
    Some("DATA_PROTECTION_POLICY") => Some("may mask parts of the events in every log group, a trail's among them"),
    Some("SUBSCRIPTION_FILTER_POLICY") => Some("hands on the events in every log group, a trail's among them"),
    Some("TRANSFORMER_POLICY") => Some("rewrites the events in every log group, a trail's among them"),
    Some("FIELD_INDEX_POLICY" | "METRIC_EXTRACTION_POLICY") => None,
    Some(_) | None => Some("sets a policy for every log group, a trail's among them"),
});

pub(super) const DELETED: Tell = tell(&["DeleteLogGroup", "DeleteLogStream"], |call| {
    Some(if call.name == "DeleteLogGroup" {
        "deletes the log group of a trail"
    } else {
        "deletes a trail's events from its log group"
    })
});

pub(super) const SHORTENED: Tell = tell(&["PutRetentionPolicy"], |call| {
    let days = call.request.inside(&["retentionInDays"]).and_then(serde_json::Value::as_u64);
    days.is_none_or(|days| days < ENOUGH).then_some("has the log group of a trail lose its events within a year")
});

pub(super) const HANDED_ON: Tell = tell(&["PutSubscriptionFilter"], |call| {
    let destination = call.request.text("destinationArn").and_then(Arn::parse);
    let own = destination.zip(call.recipient.as_deref()).is_some_and(|(arn, account)| arn.account == account);
    (!own).then_some("hands the events in a trail's log group to another account")
});

pub(super) const HIDDEN: Tell =
    tell(&["AssociateKmsKey", "DisassociateKmsKey", "PutDataProtectionPolicy", "PutTransformer"], |call| {
        Some(match call.name.as_str() {
            "AssociateKmsKey" => "has the events in a trail's log group encrypted with another key",
            "DisassociateKmsKey" => "takes the key from the log group of a trail",
            "PutDataProtectionPolicy" => "masks parts of the events in a trail's log group",
            _ => "rewrites the events in a trail's log group",
        })
    });

/// Days that a log group should keep a trail's events ([Security Hub CloudWatch.16]).
///
/// [Security Hub CloudWatch.16]: https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html#cloudwatch-16
const ENOUGH: u64 = 365;

const fn tell(calls: &'static [&'static str], effect: fn(&ApiCall) -> Option<&'static str>) -> Tell {
    Tell { service: SERVICE, calls, when: When::Always("cloudtrail-cloudwatch-logs"), effect }
}

/// Returns the trails of the region, whose log groups are there.
fn every_group(call: &ApiCall) -> Result<Target, String> {
    Ok(Target::region(call.region()?.clone()))
}

/// Returns the trails that feed a changed log group. Newer calls name it by `logGroupIdentifier`, which may be its ARN.
fn users_of_group(call: &ApiCall) -> Result<Target, String> {
    let within = Some(call.region()?.clone());
    let identifier = || {
        let named = call.request.text("logGroupIdentifier")?;
        let of_arn = Arn::parse(named).and_then(|arn| arn.resource.strip_prefix("log-group:"));
        Some(of_arn.map_or(named, |name| name.trim_end_matches(":*")))
    };
    match call.request.text("logGroupName").or_else(identifier) {
        Some(name) if is_group_name(name) => {
            Ok(Target::All { within, using: Some(Dependency::LogGroup(name.to_owned())) })
        }
        Some(_) => Err(format!("{} does not name a valid log group", call.name)),
        None if call.request == Elements::Omitted => Ok(Target::All { within, using: None }),
        None => Err(format!("the record of {} names no log group", call.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::watch::TELLS;
    use super::*;
    use crate::event::Record;
    use crate::model::Region;
    use serde_json::{Value, json};

    fn call(name: &str, request: &Value) -> ApiCall {
        let detail = json!({"eventSource": SERVICE, "eventName": name, "eventType": "AwsApiCall",
            "awsRegion": "eu-west-1", "recipientAccountId": "111122223333", "requestParameters": request});
        Record(&detail).api_call().expect("a record")
    }

    fn told(name: &str, request: &Value) -> Option<String> {
        let call = call(name, request);
        TELLS.iter().find_map(|tell| tell.change(&call)).map(|change| change.what)
    }

    #[test]
    fn what_takes_events_away_or_hands_them_on_is_told() {
        let group = json!({"logGroupName": "logs"});
        for name in
            ["DeleteLogGroup", "DeleteLogStream", "AssociateKmsKey", "PutDataProtectionPolicy", "PutTransformer"]
        {
            assert!(told(name, &group).is_some_and(|what| what.contains("log group")), "{name}");
        }
        let keeps = |days: u64| told("PutRetentionPolicy", &json!({"logGroupName": "logs", "retentionInDays": days}));
        assert!(keeps(1).is_some() && keeps(364).is_some() && keeps(365).is_none());
        let to = |account: &str| {
            let arn = format!("arn:aws:logs:eu-west-1:{account}:destination:x");
            told("PutSubscriptionFilter", &json!({"logGroupName": "logs", "destinationArn": arn}))
        };
        assert!(to("999999999999").is_some_and(|what| what.contains("another account")));
        assert_eq!(to("111122223333"), None);
    }

    #[test]
    fn a_policy_for_all_log_groups_is_told_for_the_region_by_what_it_does() {
        let put = |kind: &str| told("PutAccountPolicy", &json!({"policyName": "p", "policyType": kind}));
        for (kind, what) in [
            ("DATA_PROTECTION_POLICY", "mask"),
            ("SUBSCRIPTION_FILTER_POLICY", "hands on"),
            ("TRANSFORMER_POLICY", "rewrites"),
            ("A_NEW_ONE", "sets a policy"),
        ] {
            assert!(put(kind).is_some_and(|told| told.contains(what)), "{kind}");
        }
        assert_eq!((put("FIELD_INDEX_POLICY"), put("METRIC_EXTRACTION_POLICY")), (None, None));
        let target = (ACCOUNT_WATCH.target)(&call("PutAccountPolicy", &json!({})));
        assert_eq!(target, Ok(Target::region(Region::parse("eu-west-1").expect("a region"))));
    }

    #[test]
    fn a_group_is_named_in_three_ways() {
        let within = Region::parse("eu-west-1");
        let using = Some(Dependency::LogGroup("a/b".to_owned()));
        let arn = "arn:aws:logs:eu-west-1:111122223333:log-group:a/b:*";
        for request in
            [json!({"logGroupName": "a/b"}), json!({"logGroupIdentifier": "a/b"}), json!({"logGroupIdentifier": arn})]
        {
            let target = users_of_group(&call("PutTransformer", &request));
            assert_eq!(target, Ok(Target::All { within: within.clone(), using: using.clone() }), "{request}");
        }
        assert!(users_of_group(&call("PutTransformer", &json!({"x": "y"}))).is_err());
    }
}
