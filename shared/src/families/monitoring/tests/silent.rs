//! Chains that look complete and tell nobody: subscriptions that receive nothing, and muted alarms.

use super::chains::{chain, person};
use crate::families::monitoring::{FilterPolicy, Listener, MuteRule};
use crate::managed::topic::{Subscription, SubscriptionState};
use crate::model::Seen;
use crate::settings::Settings;
use serde_json::json;

const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:oncall";

fn filtered(of_body: bool) -> Listener {
    let filter = FilterPolicy { of_body, document: json!({"severity": ["critical"]}) };
    Listener { filter: Seen::Present(filter), endpoint: Seen::NotAsked }
}

#[test]
fn a_subscription_whose_filter_lets_nothing_through_is_told_and_left() {
    for named in [true, false] {
        let mut deaf = chain();
        deaf.listener = filtered(false);
        if !named {
            deaf.settings = Settings { alarm_address: None, ..deaf.settings };
        }
        let (because, steps) = deaf.outcome();
        assert!(because.contains("reaches nobody it should") && because.contains("wants attributes"), "{because}");
        assert!(because.contains("-> Remove the filter policy of the subscription of soc@example.com"), "{because}");
        assert_eq!(steps, [""; 0]);
    }
    let mut unclear = chain();
    unclear.listener = filtered(true);
    let (because, steps) = unclear.outcome();
    assert!(because.starts_with("unknown: ") && because.contains("the body of messages"), "{because}");
    assert_eq!(steps, [""; 0]);
}

#[test]
fn one_that_hears_is_enough_where_no_address_is_set() {
    let queue = Subscription { endpoint: QUEUE.to_owned(), ..person(SubscriptionState::Confirmed) };
    let gone = || {
        let mut gone = chain();
        gone.settings = Settings { alarm_address: None, ..gone.settings };
        gone.listener = Listener { filter: Seen::Absent, endpoint: Seen::Absent };
        gone
    };
    let mut alone = gone();
    alone.topic.subscriptions = Seen::Present(vec![queue.clone()]);
    let (because, steps) = alone.outcome();
    assert!(because.contains(&format!("queue {QUEUE} is subscribed and does not exist")), "{because}");
    assert_eq!(steps, [""; 0]);
    let mut both = gone();
    both.topic.subscriptions = Seen::Present(vec![queue, person(SubscriptionState::Confirmed)]);
    assert_eq!(both.outcome().0, "compliant");
}

#[test]
fn a_finding_describes_only_a_few_of_those_who_hear_nothing() {
    let mut many = chain();
    many.settings = Settings { alarm_address: None, ..many.settings };
    many.listener = filtered(false);
    many.topic.subscriptions = Seen::Present(vec![person(SubscriptionState::Confirmed); 9]);
    let (because, _) = many.outcome();
    assert!(because.contains("; and 6 more"), "{because}");
}

#[test]
fn a_muted_alarm_is_told_and_left() {
    let rule = |active, endless| MuteRule { name: "quiet".to_owned(), active, endless, until: None };
    for (active, endless, silences) in
        [(true, false, true), (false, true, true), (true, true, true), (false, false, false)]
    {
        let mut muted = chain();
        muted.mute_rules = vec![rule(active, endless)];
        let (because, steps) = muted.outcome();
        assert_eq!(
            because.contains("the actions of alarm bell are muted by alarm mute rule quiet"),
            silences,
            "{because}"
        );
        assert_eq!((because == "compliant", steps.is_empty()), (!silences, true), "{because}");
    }
}

#[test]
fn a_broken_alarm_is_mended_before_anybody_looks_what_mutes_it() {
    let mut broken = chain();
    broken.alarm.actions_enabled = false;
    broken.mute_rules = vec![MuteRule { name: "quiet".to_owned(), active: true, endless: false, until: None }];
    assert_eq!(broken.outcome().1, ["cloudwatch:EnableAlarmActions"]);
}
