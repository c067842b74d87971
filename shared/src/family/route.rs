//! Routes an event: decides which resources to check, or why none. Pure.

use super::Family;
use crate::event::{ApiCall, Body, Event, Identity, Target};
use crate::model::{Arn, sanitized};

/// Identities of the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identities<'a> {
    /// Identity in the account that the event is about.
    pub us: &'a Identity,
    /// Identity in the function's own account. Differs from `us` only for another account of the organization.
    pub home: &'a Identity,
}

impl<'a> Identities<'a> {
    /// Creates the identities for the function's own account.
    #[must_use]
    pub fn at_home(us: &'a Identity) -> Self {
        Self { us, home: us }
    }
}

/// Decision about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route<'a> {
    /// Check these resources, under this identity.
    Check(&'a Identity, Target),
    /// Do nothing, for this reason.
    Ignore(String),
}

/// Decides what an event means to family `F`. `who` may be `None` only for an event that Trailkeeper does not handle.
#[must_use]
pub fn route<'a, F: Family>(event: &Event, who: Option<Identities<'a>>) -> Route<'a> {
    let (us, home) = match (&event.body, who) {
        (Body::Other(what), _) => return Route::Ignore(format!("not an event that Trailkeeper handles: {what}")),
        (_, None) => return Route::Ignore("the function's own account is not known".to_owned()),
        (_, Some(Identities { us, .. })) if event.account() != us.account => {
            return Route::Ignore(format!("an event from account {}, not from this one", shown(event.account())));
        }
        (_, Some(Identities { us, home })) => (us, home),
    };
    let target = match &event.body {
        Body::ApiCall(call) => target::<F>(call, us),
        Body::Sweep(sweep) if event.sender != home.account => {
            Err(format!("a sweep of account {}, requested by account {}", sweep.account, shown(&event.sender)))
        }
        Body::Sweep(sweep) if sweep.family != F::NAME => {
            Err(format!("a sweep of the {} family, not of {}", shown(&sweep.family), F::NAME))
        }
        Body::Sweep(sweep) => Ok(Target::Sweep(sweep.clone())),
        Body::Schedule | Body::Other(_) => Ok(Target::Schedule),
    };
    target.map_or_else(Route::Ignore, |target| Route::Check(us, target))
}

/// Returns whether a call is one that our own steps make, made by our role.
///
/// Such a call is looked into like anybody's, since our role may have been stolen.
#[must_use]
pub fn is_own<F: Family>(call: &ApiCall, us: &Identity) -> bool {
    us.made(&call.actor) && F::OWN_CALLS.contains(&call.name.as_str())
}

fn target<F: Family>(call: &ApiCall, us: &Identity) -> Result<Target, String> {
    if call.event_type != "AwsApiCall" {
        return Err(format!("a record of type {}, not of an API call", shown(&call.event_type)));
    }
    if let Some(other) = call.recipient.as_ref().filter(|account| **account != us.account) {
        return Err(format!("a call in account {}, not in this one", shown(other)));
    }
    if let Some(failure) = &call.failure {
        return Err(format!("the call failed ({failure}), so it changed nothing"));
    }
    if call.read_only {
        return Err("the call was read-only".to_owned());
    }
    if let Some(region) = call.region.as_ref().filter(|region| region.partition() != us.partition) {
        return Err(format!("a call in {region}, which is not in this partition, {}", us.partition));
    }
    let mut of_service = F::WATCHES.iter().filter(|watch| watch.service == call.service).peekable();
    if of_service.peek().is_none() {
        return Err(format!("a call to {}, which the {} family does not watch", shown(&call.service), F::NAME));
    }
    let watch = of_service
        .find(|watch| watch.calls.contains(&call.name.as_str()))
        .ok_or_else(|| format!("{} is not a call that the {} family watches", shown(&call.name), F::NAME))?;
    let target = (watch.target)(call)?;
    if let Target::One(_, id) = &target
        && let Some(arn) = Arn::parse(id).filter(|arn| arn.account != us.account || arn.partition != us.partition)
    {
        return Err(format!(
            "the resource belongs to account {} in partition {}, not to this account",
            shown(arn.account),
            shown(arn.partition)
        ));
    }
    Ok(target)
}

/// Returns a word of the event for use in a reason: never empty, never too long.
fn shown(word: &str) -> String {
    if word.is_empty() { "(none)".to_owned() } else { sanitized(word) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Dependency;
    use crate::families::transfer::Transfer;
    use crate::model::Region;
    use serde_json::{Value, json};

    fn us() -> Identity {
        Identity::of("arn:aws:sts::111122223333:assumed-role/Keeper/x", "AROAKEEPER:x").expect("an identity")
    }

    /// Routes a record with these fields, replacing the usual ones.
    fn routed(fields: &Value) -> Route<'static> {
        let mut detail = json!({
            "eventSource": "transfer.amazonaws.com", "eventName": "UpdateServer", "eventType": "AwsApiCall",
            "awsRegion": "eu-west-1", "requestParameters": {"serverId": "s-1"}, "responseElements": {"serverId": "s-1"},
        });
        for (key, value) in fields.as_object().cloned().unwrap_or_default() {
            detail[key] = value;
        }
        let event = json!({
            "detail-type": "AWS API Call via CloudTrail", "source": "aws.transfer", "account": "111122223333",
            "detail": detail,
        });
        at_home(&event)
    }

    /// Routes an event about the function's own account.
    fn at_home(event: &Value) -> Route<'static> {
        let us = Box::leak(Box::new(us()));
        route::<Transfer>(&Event::decode(event).expect("an event"), Some(Identities::at_home(us)))
    }

    fn target(fields: &Value) -> Target {
        match routed(fields) {
            Route::Check(_, target) => target,
            Route::Ignore(why) => panic!("{why}"),
        }
    }

    fn ours() -> Value {
        json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": {
            "type": "Role", "principalId": "AROAKEEPER", "arn": "arn:aws:iam::111122223333:role/Keeper"}}})
    }

    #[test]
    fn a_record_leads_to_the_resource_that_it_names() {
        let west = || Region::parse("eu-west-1").expect("a region");
        assert_eq!(target(&json!({})), Target::One(west(), "s-1".to_owned()));
        let left_out = json!({"requestParameters": null, "responseElements": {"omitted": true}});
        assert_eq!(target(&left_out), Target::region(west()));
        let role = json!({"eventSource": "iam.amazonaws.com", "eventName": "DeleteRole", "requestParameters": {"roleName": "r"}});
        assert_eq!(target(&role), Target::using(Dependency::Role("r".to_owned())));
        let policy = json!({"eventSource": "iam.amazonaws.com", "eventName": "PutRolePolicy", "requestParameters": {"roleName": "r"}});
        assert_eq!(target(&policy), Target::using(Dependency::RolePolicies("r".to_owned())));
    }

    #[test]
    fn what_changed_nothing_or_is_not_ours_is_ignored() {
        let failed = json!({"responseElements": {"DeleteResponse": {"unsuccessful": {"item": {"code": "Bad"}}}}});
        for (fields, why) in [
            (json!({"readOnly": true}), "read-only"),
            (json!({"errorCode": "AccessDenied"}), "(AccessDenied)"),
            (failed, "Bad"),
            (json!({"recipientAccountId": "999999999999"}), "999999999999"),
            (json!({"eventType": "AwsServiceEvent"}), "AwsServiceEvent"),
            (json!({"eventSource": "s3.amazonaws.com"}), "s3.amazonaws.com"),
            (json!({"eventName": "DeleteServer"}), "DeleteServer"),
            (json!({"awsRegion": "cn-north-1"}), "partition"),
        ] {
            let Route::Ignore(because) = routed(&fields) else { panic!("{why}") };
            assert!(because.contains(why), "{because}");
        }
        let elsewhere =
            json!({"detail-type": "Scheduled Event", "source": "aws.events", "account": "999999999999", "detail": {}});
        assert!(matches!(at_home(&elsewhere), Route::Ignore(_)));
    }

    #[test]
    fn a_sweep_is_handed_on_by_ourselves_alone() {
        let sent = |sender: &str, family: &str, account: &str| {
            json!({"detail-type": "Trailkeeper Sweep", "source": "trailkeeper", "account": sender,
                "detail": {"family": family, "account": account}})
        };
        let (ours, other) = ("111122223333", "999999999999");
        assert!(matches!(at_home(&sent(ours, "transfer", ours)), Route::Check(_, Target::Sweep(_))));
        for (sender, family, account, why) in [
            (other, "transfer", ours, "requested by account 999999999999"),
            (ours, "key", ours, "a sweep of the key family"),
            (ours, "transfer", other, "not from this one"),
        ] {
            let Route::Ignore(because) = at_home(&sent(sender, family, account)) else { panic!("{why}") };
            assert!(because.contains(why), "{because}");
        }
    }

    #[test]
    fn in_another_account_of_the_organization_we_are_who_we_are_there() {
        let (home, arn) = (us(), "arn:aws:sts::999999999999:assumed-role/TrailkeeperRole/trailkeeper-transfer");
        let there = Identity::of(arn, "AROATHERE:trailkeeper-transfer").expect("an identity");
        let who = Some(Identities { us: &there, home: &home });
        let sweep = json!({"detail-type": "Trailkeeper Sweep", "source": "trailkeeper", "account": "111122223333",
            "detail": {"family": "transfer", "account": "999999999999"}});
        let sweep = Event::decode(&sweep).expect("an event");
        assert!(matches!(route::<Transfer>(&sweep, who), Route::Check(_, Target::Sweep(_))));
        let called = |role: &str| {
            let event = json!({"detail-type": "AWS API Call via CloudTrail", "source": "aws.transfer", "account": "999999999999",
                "detail": {
                "eventSource": "transfer.amazonaws.com", "eventName": "UpdateServer", "eventType": "AwsApiCall",
                "awsRegion": "eu-west-1", "requestParameters": {"serverId": "s-1"},
                "userIdentity": {"type": "AssumedRole", "sessionContext": {"sessionIssuer": {
                    "type": "Role", "principalId": "x", "arn": format!("arn:aws:iam::999999999999:role/{role}")}}}}});
            Event::decode(&event).expect("an event")
        };
        for (role, ours) in [("TrailkeeperRole", true), ("Keeper", false)] {
            let event = called(role);
            assert!(matches!(route::<Transfer>(&event, who), Route::Check(..)));
            let Body::ApiCall(call) = &event.body else { panic!("a call") };
            assert_eq!(is_own::<Transfer>(call, &there), ours);
        }
    }

    #[test]
    fn success_in_any_spelling_is_no_failure() {
        for fields in [
            json!({"errorCode": ""}),
            json!({"errorCode": null}),
            json!({"responseElements": {"serverId": "s-1", "unsuccessful": ""}}),
            json!({"responseElements": {"serverId": "s-1", "CreateServerResponse": {"unsuccessful": {}}}}),
        ] {
            assert!(matches!(routed(&fields), Route::Check(..)), "{fields}");
        }
    }

    #[test]
    fn a_batch_that_succeeded_in_part_has_not_failed() {
        let batch = |ids: Value, unsuccessful: Value| {
            let call = json!({"eventSource": "ec2.amazonaws.com", "eventName": "DeleteFlowLogs",
                "eventType": "AwsApiCall", "awsRegion": "eu-west-1",
                "requestParameters": {"DeleteFlowLogsRequest": {"FlowLogId": ids}},
                "responseElements": {"DeleteFlowLogsResponse": {"unsuccessful": unsuccessful}}});
            crate::event::Record(&call).api_call().expect("a record").failure
        };
        let id = |id: &str| json!({"tag": 1, "content": id});
        let bad = json!({"error": {"code": "InvalidFlowLogId.NotFound"}, "resourceId": "fl-2"});
        let two = json!([id("fl-1"), id("fl-2")]);
        assert_eq!(batch(two.clone(), json!({"item": bad.clone()})), None);
        assert!(batch(id("fl-2"), json!({"item": bad.clone()})).is_some());
        assert!(batch(two, json!({"item": [bad.clone(), bad]})).is_some());
        assert_eq!(batch(id("fl-1"), json!("")), None);
    }

    #[test]
    fn our_own_calls_are_looked_into_and_known() {
        let called = |name: &str, who: &Value| {
            let fields = json!({"eventName": name, "userIdentity": who});
            assert!(matches!(routed(&fields), Route::Check(..)));
            let call = json!({"eventSource": "transfer.amazonaws.com", "eventName": name, "userIdentity": who});
            is_own::<Transfer>(&crate::event::Record(&call).api_call().expect("a record"), &us())
        };
        assert!(called("UpdateServer", &ours()));
        assert!(!called("StartServer", &ours()), "we never call it");
        assert!(!called("UpdateServer", &json!({})));
    }
}
