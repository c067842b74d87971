//! Chain of a customer for the first rule, for the tests: complete, unless a test breaks it.

use crate::documents::selectors::Selectors;
use crate::families::monitoring::alarm::Alarm;
use crate::families::monitoring::chain::Assessment;
use crate::families::monitoring::filter::Filter;
use crate::families::monitoring::table::RULES;
use crate::families::monitoring::view::{Feed, LogGroupView, View, Want};
use crate::families::monitoring::{Listener, Monitoring, MuteRule, Step, managed};
use crate::managed::topic::{Subscription, SubscriptionState, Topic};
use crate::model::{Remedy, Seen, Verdict};
use crate::settings::alarms::Address;
use crate::settings::{Mode, Modes, Settings};
use crate::testing::laws::subject;
use serde_json::json;

pub(super) const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:security";
pub(super) const DEAD: &str = "arn:aws:sns:eu-west-1:111122223333:dead";

pub(super) fn person(state: SubscriptionState) -> Subscription {
    let arn = format!("{TOPIC}:1");
    Subscription { arn, protocol: "email".to_owned(), endpoint: "soc@example.com".to_owned(), state }
}

fn topic(subscriptions: Vec<Subscription>) -> Topic {
    let policy = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "SNS:Publish",
        "Resource": TOPIC, "Condition": {"StringEquals": {"AWS:SourceOwner": "111122223333"}}}]});
    let subscriptions = Seen::Present(subscriptions);
    Topic { arn: TOPIC.to_owned(), policy, key_id: None, key: Seen::Absent, subscriptions }
}

/// Chain of a customer for the first rule, as it may be complete.
pub(super) struct Chain {
    pub(super) feed: Feed,
    pub(super) filter: Filter,
    /// Further filters of the log group.
    pub(super) more: Vec<Filter>,
    pub(super) alarm: Alarm,
    pub(super) topic: Topic,
    pub(super) listener: Listener,
    pub(super) mute_rules: Vec<MuteRule>,
    pub(super) transformer: Seen<()>,
    pub(super) settings: Settings,
}

pub(super) fn chain() -> Chain {
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
        more: Vec::new(),
        topic: topic(vec![person(SubscriptionState::Confirmed)]),
        listener: Listener { filter: Seen::Absent, endpoint: Seen::NotAsked },
        mute_rules: Vec::new(),
        transformer: Seen::Absent,
        settings: Settings {
            alarm_address: Address::parse("soc@example.com"),
            ..Settings::of(Modes::all(Mode::Enforce))
        },
    }
}

impl Chain {
    /// Returns the message and the calls after everything requested was read; anything that this chain lacks reads as
    /// absent.
    pub(super) fn outcome(self) -> (String, Vec<String>) {
        let Self { mut feed, filter, more, alarm, topic, listener, mute_rules, transformer, settings } = self;
        if let Seen::Present(group) = &mut feed.group {
            group.filters = Seen::Present(std::iter::once(filter).chain(more).collect());
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
                    Want::Listener { arn, .. } => {
                        view.listeners.insert(arn, listener.clone());
                    }
                    Want::MuteRules(region, alarm) => {
                        view.mute_rules.insert((region, alarm), Seen::Present(mute_rules.clone()));
                    }
                    Want::Transformer(region, group) => {
                        view.transformers.insert((region, group), transformer.clone());
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
