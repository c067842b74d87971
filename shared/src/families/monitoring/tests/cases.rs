//! Tests of the chain, link by link: the message for each broken link, and the minimal calls that repair it.

use crate::documents::selectors::Selectors;
use crate::families::monitoring::alarm::Alarm;
use crate::families::monitoring::chain::Assessment;
use crate::families::monitoring::filter::Filter;
use crate::families::monitoring::table::RULES;
use crate::families::monitoring::view::{Feed, LogGroupView, View, Want};
use crate::families::monitoring::{Monitoring, Step, managed};
use crate::managed::topic::{Subscription, SubscriptionState, Topic};
use crate::model::{Remedy, Seen, Verdict};
use crate::settings::alarms::{Address, Patterns};
use crate::settings::{Mode, Modes, Settings};
use crate::testing::laws::subject;
use serde_json::json;

const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:security";
const DEAD: &str = "arn:aws:sns:eu-west-1:111122223333:dead";

fn person(state: SubscriptionState) -> Subscription {
    Subscription { protocol: "email".to_owned(), endpoint: "soc@example.com".to_owned(), state }
}

fn topic(subscriptions: Vec<Subscription>) -> Topic {
    let policy = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "SNS:Publish",
        "Resource": TOPIC, "Condition": {"StringEquals": {"AWS:SourceOwner": "111122223333"}}}]});
    let subscriptions = Seen::Present(subscriptions);
    Topic { arn: TOPIC.to_owned(), policy, key_id: None, key: Seen::Absent, subscriptions }
}

/// Chain of a customer for the first rule, as it may be complete.
struct Chain {
    feed: Feed,
    filter: Filter,
    alarm: Alarm,
    topic: Topic,
    settings: Settings,
}

fn chain() -> Chain {
    let group = LogGroupView { name: "trail".to_owned(), class: "STANDARD".to_owned(), filters: Seen::Present(vec![]) };
    let filter = Filter { name: "theirs".to_owned(), ..managed::filter(&RULES[0]) };
    Chain {
        feed: Feed {
            trail: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t".to_owned(),
            logging: Seen::Present(true),
            selectors: Seen::Present(Selectors::default()),
            refused: None,
            group_arn: Some("arn:aws:logs:eu-west-1:111122223333:log-group:trail:*".to_owned()),
            group: Seen::Present(group),
        },
        alarm: Alarm {
            name: "bell".to_owned(),
            alarm_actions: vec![TOPIC.to_owned()],
            ..managed::alarm(&RULES[0], &filter)
        },
        filter,
        topic: topic(vec![person(SubscriptionState::Confirmed)]),
        settings: Settings {
            alarm_address: Address::parse("soc@example.com"),
            ..Settings::of(Modes::all(Mode::Enforce))
        },
    }
}

impl Chain {
    /// Returns the message and the calls after everything requested was read; anything that this chain lacks reads as
    /// absent.
    fn outcome(self) -> (String, Vec<String>) {
        let Self { mut feed, filter, alarm, topic, settings } = self;
        if let Seen::Present(group) = &mut feed.group {
            group.filters = Seen::Present(vec![filter]);
        }
        let mut view = View::of(Seen::Present(vec![feed]));
        let subject = subject::<Monitoring>();
        loop {
            let case = Assessment { rule: &RULES[0], view: &view, subject: &subject, settings: &settings };
            let wants = match case.assess() {
                Err(wants) => wants,
                Ok(verdict) => return said(verdict),
            };
            for want in wants {
                match want {
                    Want::Alarms(region, metric) => {
                        let on_it = Some(&alarm).filter(|it| it.metric == metric).cloned();
                        view.alarms.insert((region, metric), Seen::Present(on_it.into_iter().collect()));
                    }
                    Want::Named(region) => {
                        view.named.insert((region, RULES[0].name.to_owned()), Seen::Absent);
                    }
                    Want::Topic(arn) => {
                        let seen = if arn == TOPIC { Seen::Present(topic.clone()) } else { Seen::Absent };
                        view.topics.insert(arn, seen);
                    }
                    Want::Key(region) => {
                        view.keys.insert(region, Seen::Absent);
                    }
                }
            }
        }
    }
}

fn said(verdict: Verdict<Step>) -> (String, Vec<String>) {
    use crate::model::Step as _;
    let name = |step: &Step| step.actions().first().expect("an action").to_string();
    match verdict {
        Verdict::Compliant => ("compliant".to_owned(), vec![]),
        Verdict::Violation { because, remedy: Remedy::Fix(steps) } => (because, steps.iter().map(name).collect()),
        Verdict::Violation { because, remedy: Remedy::Advise(advice) } => (format!("{because} -> {advice}"), vec![]),
        Verdict::Unknown { needs } => (format!("unknown: {needs}"), vec![]),
        other => (format!("{other:?}"), vec![]),
    }
}

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
    (|it| it.topic.subscriptions = Seen::Present(vec![]), "nobody is subscribed", &["sns:Subscribe"]),
    (
        |it| it.topic.subscriptions = Seen::Present(vec![person(SubscriptionState::Deleted)]),
        "nobody is subscribed",
        &["sns:Subscribe"],
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
