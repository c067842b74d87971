//! Calls on the log group, its filters, the alarms and their topics.

use super::{Move, statement};
use crate::documents::policy::with_statements;
use crate::families::monitoring::MuteRule;
use crate::managed::log_group::LogSubscription;
use crate::managed::log_group::account_policy::{AccountPolicy, AccountPolicyEffect};
use crate::model::{Arn, Region};
use crate::testing::game::account::{AwsAccount, GroupHere, OTHER, TopicHere};
use crate::testing::game::called::Called;
use crate::testing::game::record::Facet;
use serde_json::json;

const LOGS: &[Facet] = &[Facet::Logs, Facet::Alarms];
const ALARMS: &[Facet] = &[Facet::Alarms];
const GROUP: &[Facet] = &[Facet::Hearers];
/// An alarm that the intruder takes out, and its topic and filter.
const ONE: &str = "trailkeeper-monitor-cloudtrail-changes";

pub(super) fn moves() -> Vec<Move> {
    vec![
        Move::new("group_deleted", LOGS, |account| {
            let (key, _) = group(account)?;
            account.groups.remove(&key);
            Some(of_group("DeleteLogGroup", &key.1))
        }),
        Move::new("retention_of_a_day", LOGS, |account| {
            let (key, it) = group(account)?;
            it.retention = Some(1);
            Some(of_group("PutRetentionPolicy", &key.1))
        }),
        Move::new("group_overheard", GROUP, |account| {
            let (key, it) = group(account)?;
            let destination = format!("arn:aws:logs:{}:{OTHER}:destination:ears", key.0);
            it.subscriptions.push(LogSubscription { name: "ears".to_owned(), destination: destination.clone() });
            let request = json!({"logGroupName": key.1, "filterName": "ears", "destinationArn": destination});
            let called = Called::new("logs", "PutSubscriptionFilter", request).about(key.1.as_str());
            Some(called.about("trail/main").about("trail/trailkeeper-trail"))
        }),
        account_wide("account_policy_overhears", GROUP, "SUBSCRIPTION_FILTER_POLICY", || {
            AccountPolicyEffect::HandsOn(format!("arn:aws:logs:us-east-1:{OTHER}:destination:ears"))
        }),
        account_wide("account_policy_masks", LOGS, "DATA_PROTECTION_POLICY", || AccountPolicyEffect::Masks),
        muted("alarm_muted", true),
        muted("alarm_muted_at_night", false),
        Move::new("filter_deleted", ALARMS, |account| {
            let (key, it) = group(account)?;
            it.filters.retain(|it| it.name != ONE);
            Some(of_group("DeleteMetricFilter", &key.1).about(ONE))
        }),
        Move::new("filter_blinded", ALARMS, |account| {
            let (key, it) = group(account)?;
            let filter = it.filters.iter_mut().find(|it| it.name == ONE)?;
            filter.pattern = "{ $.eventName = Nothing }".to_owned().into();
            Some(of_group("PutMetricFilter", &key.1).about(ONE))
        }),
        alarm("alarm_deleted", "DeleteAlarms", |account| {
            let key = account.alarms.keys().find(|(_, name)| name == ONE)?.clone();
            account.alarms.remove(&key).map(|_| ())
        }),
        alarm("alarm_silenced", "DisableAlarmActions", |account| {
            account.alarms.values_mut().find(|it| it.name == ONE)?.actions_enabled = false;
            Some(())
        }),
        alarm("alarm_deafened", "PutMetricAlarm", |account| {
            account.alarms.values_mut().find(|it| it.name == ONE)?.threshold = 1_000_000.0;
            Some(())
        }),
        alarm("alarm_tells_nobody", "PutMetricAlarm", |account| {
            account.alarms.values_mut().find(|it| it.name == ONE)?.alarm_actions.clear();
            Some(())
        }),
        Move::new("topic_deleted", ALARMS, |account| {
            let arn = account.topics.keys().find(|arn| arn.ends_with(ONE))?.clone();
            account.topics.remove(&arn);
            Some(Called::new("sns", "DeleteTopic", json!({"topicArn": arn})).about(ONE))
        }),
        Move::new("topic_planted", &[], |account| {
            let arn = account.alarms.values().flat_map(|alarm| &alarm.alarm_actions).find(|arn| arn.ends_with(ONE))?;
            let arn = arn.clone();
            if account.topics.contains_key(&arn) {
                return None;
            }
            let policy = statement("Allow", &json!("*"), &json!("sns:*"), Some(&arn));
            let planted = TopicHere { policy, key: None, subscriptions: vec![] };
            account.topics.insert(arn.clone(), planted);
            Some(Called::new("sns", "CreateTopic", json!({"name": ONE})).about(ONE))
        }),
        topic_to("topic_widened", GROUP, "SetTopicAttributes", |arn, it| {
            let who = json!({"AWS": format!("arn:aws:iam::{OTHER}:root")});
            let all = statement("Allow", &who, &json!("sns:*"), Some(arn));
            it.policy = with_statements(Some(&it.policy), &[all["Statement"][0].clone()]);
        }),
        topic("topic_denied", "SetTopicAttributes", |arn, it| {
            it.policy = statement("Deny", &json!("*"), &json!("sns:Publish"), Some(arn));
        }),
        topic("topic_key_gone", "SetTopicAttributes", |arn, it| {
            let region = Region::of_arn(arn).unwrap_or_else(Region::first);
            it.key = Some(format!("arn:aws:kms:{region}:{}:key/none", Arn::parse(arn).map_or("", |arn| arn.account)));
        }),
        topic("unsubscribed", "Unsubscribe", |_, it| it.subscriptions.clear()),
    ]
}

/// Returns a call that mutes an alarm, now or again and again.
fn muted(name: &str, active: bool) -> Move {
    Move::new(name, ALARMS, move |account| {
        let rule = MuteRule { name: "quiet".to_owned(), active, endless: true, until: None };
        account.alarms.keys().find(|(_, name)| name == ONE)?;
        account.mute_rules.entry(ONE.to_owned()).or_default().push(rule);
        Some(Called::new("monitoring", "PutAlarmMuteRule", json!({"name": "quiet"})).about(ONE))
    })
}

fn group(account: &mut AwsAccount) -> Option<((Region, String), &mut GroupHere)> {
    let trail = super::trail::target(account)?;
    let arn = account.trails.get(&trail)?.logs.as_ref()?.0.clone();
    let name = Arn::parse(&arn)?.resource.strip_prefix("log-group:")?.trim_end_matches(":*").to_owned();
    let key = (Region::of_arn(&arn)?, name);
    let found = account.groups.get_mut(&key)?;
    Some((key, found))
}

fn of_group(event: &'static str, name: &str) -> Called {
    let called = Called::new("logs", event, json!({"logGroupName": name})).about(name);
    called.about("trail/main").about("trail/trailkeeper-trail")
}

fn alarm(name: &str, event: &'static str, change: fn(&mut AwsAccount) -> Option<()>) -> Move {
    Move::new(name, ALARMS, move |account| {
        change(account)?;
        Some(Called::new("monitoring", event, json!({"alarmName": ONE, "alarmNames": [ONE]})).about(ONE))
    })
}

/// Returns a call that puts a policy for every log group of the region.
fn account_wide(name: &str, facets: &'static [Facet], kind: &'static str, effect: fn() -> AccountPolicyEffect) -> Move {
    Move::new(name, facets, move |account| {
        let policy = AccountPolicy { name: kind.to_owned(), effect: effect() };
        account.group_policies.retain(|it| it.name != kind);
        account.group_policies.push(policy);
        Some(Called::new("logs", "PutAccountPolicy", json!({"policyName": kind, "policyType": kind})).about("trail/"))
    })
}

fn topic(name: &str, event: &'static str, change: fn(&str, &mut TopicHere)) -> Move {
    topic_to(name, ALARMS, event, change)
}

fn topic_to(name: &str, facets: &'static [Facet], event: &'static str, change: fn(&str, &mut TopicHere)) -> Move {
    Move::new(name, facets, move |account| {
        let (arn, it) = account.topics.iter_mut().find(|(arn, _)| arn.ends_with(ONE))?;
        change(arn, it);
        let request = json!({"topicArn": arn, "subscriptionArn": format!("{arn}:1")});
        Some(Called::new("sns", event, request).about(ONE))
    })
}
