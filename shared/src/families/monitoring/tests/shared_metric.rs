//! Two controls whose filters count into one metric: each repairs its own alarm, in whatever order and however often.

use crate::documents::selectors::Selectors;
use crate::families::monitoring::alarm::Alarm;
use crate::families::monitoring::filter::Filter;
use crate::families::monitoring::table::RULES;
use crate::families::monitoring::view::{Feed, LogGroupView, Metric, View};
use crate::families::monitoring::{AlarmRule, Monitoring, managed};
use crate::managed::topic::{Subscription, SubscriptionState, Topic};
use crate::model::{Region, Seen};
use crate::testing::laws::{recovery, subject};
use serde_json::json;

const THEIRS: &str = "arn:aws:sns:eu-west-1:111122223333:theirs";

fn rule(id: &str) -> &'static AlarmRule {
    RULES.iter().find(|rule| rule.about.id == id).expect("a rule")
}

fn region() -> Region {
    Region::parse("eu-west-1").expect("a region")
}

/// A topic that somebody hears, but not who should.
fn topic(arn: &str) -> Seen<Topic> {
    let policy = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "SNS:Publish",
        "Resource": "*", "Condition": {"StringEquals": {"AWS:SourceOwner": "111122223333"}}}]});
    let (protocol, endpoint) = ("email".to_owned(), "a@example.com".to_owned());
    let subscribed = format!("{arn}:1");
    let subscriptions =
        Seen::Present(vec![Subscription { arn: subscribed, protocol, endpoint, state: SubscriptionState::Confirmed }]);
    Seen::Present(Topic { arn: arn.to_owned(), policy, key_id: None, key: Seen::Absent, subscriptions })
}

/// A customer's filter for the root user counts into the metric of the control for trails, where a customer's alarm is
/// turned off, and the control's own tells nobody.
fn view() -> View {
    let trail = rule("monitor-cloudtrail-changes");
    let own = managed::filter(trail);
    let theirs = Filter {
        name: "theirs".to_owned(),
        pattern: rule("monitor-root-usage").pattern.to_owned().into(),
        ..own.clone()
    };
    let group =
        LogGroupView { name: "trail".to_owned(), class: "STANDARD".to_owned(), filters: Seen::Present(vec![theirs]) };
    let mut view = View::of(Seen::Present(vec![Feed {
        trail: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t".to_owned(),
        logging: Seen::Present(true),
        selectors: Seen::Present(Selectors::default()),
        refused: None,
        group_arn: Some("arn:aws:logs:eu-west-1:111122223333:log-group:trail:*".to_owned()),
        group: Seen::Present(group),
    }]));
    let named = managed::alarm(trail, &own);
    let off = Alarm {
        name: "theirs".to_owned(),
        actions_enabled: false,
        alarm_actions: vec![THEIRS.to_owned()],
        ..named.clone()
    };
    let metrics = RULES.iter().map(|rule| managed::filter(rule).transformation.metric);
    let empty = metrics.map(|metric: Metric| ((region(), metric), Seen::Present(vec![])));
    view.alarms.extend(empty);
    view.alarms.insert((region(), own.transformation.metric), Seen::Present(vec![off, named.clone()]));
    for rule in &RULES {
        let seen = if rule.name == named.name { Seen::Present(named.clone()) } else { Seen::Absent };
        view.named.insert((region(), rule.name.to_owned()), seen);
        let arn = managed::topic_arn(&subject::<Monitoring>().place, rule);
        view.topics.insert(arn.clone(), topic(&arn));
    }
    view.topics.insert(THEIRS.to_owned(), topic(THEIRS));
    view.keys.insert(region(), Seen::Absent);
    view
}

#[test]
fn a_repair_that_was_cut_short_ends_where_a_whole_one_does() {
    recovery::<Monitoring>(&view(), &subject::<Monitoring>());
}
