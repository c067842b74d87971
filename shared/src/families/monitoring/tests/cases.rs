//! Tests of the chain, link by link: the message for each broken link, and the minimal calls that repair it.

use super::chains::{Chain, DEAD, chain, person};
use crate::families::monitoring::alarm::Alarm;
use crate::families::monitoring::managed;
use crate::families::monitoring::table::RULES;
use crate::managed::topic::SubscriptionState;
use crate::model::Seen;
use crate::settings::alarms::Patterns;
use serde_json::json;

#[test]
fn a_whole_chain_is_left_alone() {
    assert_eq!(chain().outcome(), ("compliant".to_owned(), vec![]));
}

/// Broken link, the message about it, and the calls that repair it.
type Link = (fn(&mut Chain), &'static str, &'static [&'static str]);

const PUT_ALARM: &[&str] = &["cloudwatch:PutMetricAlarm"];
const MANAGED_TOPIC: &[&str] = &[
    "cloudwatch:PutMetricAlarm",
    "kms:CreateKey",
    "kms:CreateAlias",
    "kms:EnableKeyRotation",
    "sns:CreateTopic",
    "sns:Subscribe",
];

const LINKS: &[Link] = &[
    (|it| it.feed.logging = Seen::Present(false), "trail/t is not logging -> The control cloudtrail-logging", &[]),
    (|it| it.feed.selectors = Seen::Absent, "The control cloudtrail-management-events", &[]),
    (|it| it.feed.group_arn = None, "feeds no log group -> The control cloudtrail-cloudwatch-logs", &[]),
    (|it| it.feed.group = Seen::Absent, "does not exist -> The control cloudtrail-cloudwatch-logs", &[]),
    (|it| it.feed.refused = Some("AccessDenied".to_owned()), "log group: AccessDenied -> Let CloudTrail write", &[]),
    (|it| it.feed.trail = it.feed.trail.replace("1111", "9999"), "NotApplicable", &[]),
    (|it| it.feed.group = Seen::Unreadable("logs:DescribeLogGroups"), "unknown: logs:DescribeLogGroups", &[]),
    (|it| it.alarm.actions_enabled = false, "actions of alarm bell are disabled", &["cloudwatch:EnableAlarmActions"]),
    (|it| it.alarm.evaluation_periods = 240, "alarm bell cannot go off: it takes 240 of 240 periods", PUT_ALARM),
    (|it| it.alarm.threshold = 5.0, "a single match does not set it off", PUT_ALARM),
    (|it| it.alarm.period = 10, "too short", PUT_ALARM),
    (|it| it.alarm.unit = Some("Bytes".into()), "it watches the unit Bytes", PUT_ALARM),
    (|it| it.alarm.dimensions = vec![("a".into(), "b".into())], "dimensions", PUT_ALARM),
    (|it| it.alarm.treat_missing_data = Some("breaching".into()), "missing data as breaching", PUT_ALARM),
    (|it| it.alarm.treat_missing_data = Some("ignore".into()), "missing data as ignore", PUT_ALARM),
    (|it| it.alarm.alarm_actions.clear(), "alarm bell notifies no SNS topic", MANAGED_TOPIC),
    (|it| it.alarm.alarm_actions = vec![DEAD.into()], "security:dead does not exist", MANAGED_TOPIC),
    (|it| it.topic.policy = json!({"Statement": []}), "its policy does not allow it", &["sns:SetTopicAttributes"]),
    (|it| it.topic.policy = json!(null), "its policy does not allow it", &[]),
    (|it| it.topic.subscriptions = Seen::Present(vec![]), "nobody is subscribed", MANAGED_TOPIC),
    (
        |it| it.topic.subscriptions = Seen::Present(vec![person(SubscriptionState::Deleted)]),
        "nobody is subscribed",
        MANAGED_TOPIC,
    ),
    (
        |it| it.topic.subscriptions = Seen::Present(vec![person(SubscriptionState::Pending)]),
        "Confirm the subscription",
        &[],
    ),
];

#[test]
fn the_first_broken_link_is_named_and_mended_by_the_narrowest_calls() {
    for (breaks, words, calls) in LINKS {
        let mut broken = chain();
        breaks(&mut broken);
        let (because, steps) = broken.outcome();
        let words = words.replace("security:dead", "111122223333:dead");
        assert!(because.contains(&words), "{because} should say {words}");
        assert_eq!(steps, *calls, "{because}");
    }
}

#[test]
fn a_filter_that_lacks_something_is_completed_and_any_other_gets_one_beside_it() {
    let whole = RULES[0].pattern;
    for (pattern, completed) in [
        (whole.replace(" || ($.eventName=DeleteBucketPolicy)", ""), true),
        (whole.replace("||", "&&"), true),
        ("{ $.eventName = PutBucketPolicy }".to_owned(), false),
        ("{ $.eventName = * }".to_owned(), false),
        ("ERROR".to_owned(), false),
    ] {
        let mut broken = chain();
        broken.filter.pattern = pattern.clone().into();
        let own = broken.filter.transformation.metric.clone();
        broken.filter.transformation.metric.name = "theirs".to_owned();
        broken.alarm.metric = if completed { broken.filter.transformation.metric.clone() } else { own };
        broken.alarm.name = if completed { "bell".to_owned() } else { RULES[0].name.to_owned() };
        let (because, steps) = broken.outcome();
        assert_eq!(steps, ["logs:PutMetricFilter"], "{pattern}: {because}");
        assert_eq!(because.contains("filter theirs"), completed, "{pattern}: {because}");
    }
}

#[test]
fn what_means_the_same_or_more_is_as_good_unless_the_letter_counts() {
    let whole = RULES[0].pattern;
    let without_source = whole.replace("($.eventSource=s3.amazonaws.com) && ", "");
    for pattern in [
        whole.replace("($.eventName", "( $.eventName ").replace('=', " = "),
        whole.replace("=PutBucketAcl", "=\"PutBucketAcl\""),
        without_source,
        whole.replace("=PutBucketAcl)", "=PutBucketAcl) || ($.eventName=CreateBucket)"),
    ] {
        let mut same = chain();
        same.filter.pattern = pattern.clone().into();
        assert_eq!(same.outcome().0, "compliant", "{pattern}");
        let mut strict = chain();
        strict.settings.filter_patterns = Patterns::Strict;
        strict.filter.pattern = pattern.clone().into();
        let (because, steps) = strict.outcome();
        assert!(because.contains("has no metric filter") && steps[0] == "logs:PutMetricFilter", "{because}");
    }
}

#[test]
fn a_ringing_alarm_differs_in_nothing_but_what_was_broken() {
    let filter = chain().filter;
    let theirs = Alarm {
        description: Some("ours to keep".to_owned()),
        ok_actions: vec![DEAD.to_owned()],
        extended_statistic: Some("p90".to_owned()),
        statistic: None,
        low_samples: Some("ignore".to_owned()),
        datapoints_to_alarm: Some(3),
        evaluation_periods: 5,
        ..chain().alarm
    };
    let expected = Alarm { datapoints_to_alarm: Some(1), evaluation_periods: 1, ..theirs.clone() };
    assert_eq!(theirs.ringing(&filter), expected);
    assert!(expected.faults(&filter).is_empty());
    let mut drowned = filter;
    drowned.transformation.default = Some(0.0);
    let ringing = theirs.ringing(&drowned);
    assert_eq!((ringing.statistic.as_deref(), &ringing.extended_statistic), (Some("Sum"), &None));
    assert!(ringing.faults(&drowned).is_empty());
}

#[test]
fn every_rule_is_served_by_its_own_text_and_by_no_other() {
    for rule in &RULES {
        let own = managed::filter(rule);
        assert!(!rule.texts().is_empty() && own.serves(rule, Patterns::Covering), "{}", rule.name);
        assert!(own.serves(rule, Patterns::Strict) && own.pattern.text.len() <= 1_024);
        assert_eq!(rule.texts().len(), 1 + rule.also.len(), "{}: every text can be read", rule.name);
        for other in RULES.iter().filter(|other| other.name != rule.name) {
            assert!(!own.serves(other, Patterns::Covering), "{} for {}", rule.name, other.name);
            assert!(own.completed(other).is_none(), "{} for {}", rule.name, other.name);
        }
        assert_eq!(rule.name, format!("trailkeeper-{}", rule.about.id));
    }
}
