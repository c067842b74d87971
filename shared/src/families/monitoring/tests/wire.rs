//! Tests that each step sends the call that it names, with all its arguments.

use crate::aws::Connected;
use crate::aws::wire::{Sent, Wire};
use crate::event::Dependency;
use crate::families::monitoring::alarm::Alarm;
use crate::families::monitoring::filter::Filter;
use crate::families::monitoring::step::AlarmStep;
use crate::families::monitoring::table::RULES;
use crate::families::monitoring::{Monitoring, Step, managed};
use crate::managed::key::step::KeyStep;
use crate::managed::topic::step::TopicStep;
use crate::model::{Place, Region, Step as _};
use crate::reconcile::ports::{Read, Write};
use crate::testing::laws::{settings, subject};
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:ap-southeast-2:111122223333:alarms";

fn south() -> Region {
    Region::parse("ap-southeast-2").expect("a region")
}

fn filter() -> Filter {
    managed::filter(&RULES[0])
}

fn alarm() -> Alarm {
    Alarm { alarm_actions: vec![TOPIC.to_owned()], ..managed::alarm(&RULES[0], &filter()) }
}

fn steps() -> Vec<Step> {
    let (region, key) = (south(), "arn:aws:kms:ap-southeast-2:111122223333:key/1".to_owned());
    let topic = |step| Step::Topic(step);
    let all = vec![
        Step::Key(KeyStep::PutPolicy { key: key.clone(), document: json!({}), replaces: json!({}) }),
        topic(TopicStep::Create { arn: TOPIC.to_owned(), policy: json!({"Id": "x"}), key: key.clone() }),
        topic(TopicStep::PutPolicy {
            arn: TOPIC.to_owned(),
            service: "CloudWatch",
            document: json!({}),
            replaces: json!({}),
        }),
        topic(TopicStep::SetKey { arn: TOPIC.to_owned(), key, replaces: "alias/aws/sns".to_owned() }),
        topic(TopicStep::Subscribe {
            topic: TOPIC.to_owned(),
            protocol: "sqs",
            endpoint: "arn:aws:sqs:ap-southeast-2:111122223333:soc".to_owned(),
        }),
        Step::Alarm(AlarmStep::PutFilter {
            region: region.clone(),
            group: "trail".to_owned(),
            filter: Box::new(filter()),
            replaces: None,
        }),
        Step::Alarm(AlarmStep::PutAlarm { region: region.clone(), alarm: Box::new(alarm()), replaces: None }),
        Step::Alarm(AlarmStep::Enable { region, alarm: "theirs".to_owned() }),
    ];
    // Adding a new kind of step breaks compilation until it is listed here.
    for step in &all {
        match step {
            Step::Key(_)
            | Step::Topic(
                TopicStep::Create { .. }
                | TopicStep::PutPolicy { .. }
                | TopicStep::SetKey { .. }
                | TopicStep::Subscribe { .. },
            )
            | Step::Alarm(AlarmStep::PutFilter { .. } | AlarmStep::PutAlarm { .. } | AlarmStep::Enable { .. }) => {}
        }
    }
    all
}

async fn send(step: &Step) -> Sent {
    let wire = Wire::answering("{}");
    let alarms = Monitoring::connect(&wire.account(), &settings());
    // Parsing the response is not tested here.
    let _ = Box::pin(alarms.apply(&subject::<Monitoring>(), step)).await;
    let [sent] = wire.sent().try_into().unwrap_or_else(|sent| panic!("one call for {step}: {sent:?}"));
    sent
}

#[tokio::test(start_paused = true)]
async fn each_step_sends_the_call_that_it_names_to_the_region_of_the_log_group() {
    for step in steps() {
        let action = step.actions().first().expect("an action").split(':').next_back().expect("a name");
        let sent = send(&step).await;
        assert_eq!(sent.operation, action, "{step}");
        assert!(sent.host.contains("ap-southeast-2"), "{step}: {}", sent.host);
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_is_put_with_what_it_has_and_nothing_else() {
    let mut given = filter();
    let step = |filter: &Filter| {
        Step::Alarm(AlarmStep::PutFilter {
            region: south(),
            group: "trail".to_owned(),
            filter: Box::new(filter.clone()),
            replaces: None,
        })
    };
    let body = |sent: &Sent| serde_json::from_str::<Value>(&sent.body).expect("JSON");
    let sent = body(&send(&step(&given)).await);
    let expected = json!({
        "logGroupName": "trail", "filterName": given.name, "filterPattern": RULES[0].pattern,
        "metricTransformations": [{"metricName": given.name, "metricNamespace": "CISBenchmark", "metricValue": "1"}],
    });
    assert_eq!(sent, expected);
    given.transformation.default = Some(0.0);
    given.transformation.unit = Some("Count".to_owned());
    given.transformed = true;
    let sent = body(&send(&step(&given)).await);
    let transformation = &sent["metricTransformations"][0];
    assert_eq!((&transformation["defaultValue"], &transformation["unit"]), (&json!(0.0), &json!("Count")));
    assert_eq!(sent["applyOnTransformedLogs"], json!(true));
}

/// Checks a binary protocol, in which strings appear verbatim.
#[tokio::test(start_paused = true)]
async fn an_alarm_is_put_whole() {
    let given = Alarm {
        ok_actions: vec!["arn:aws:sns:ap-southeast-2:111122223333:ok".to_owned()],
        insufficient_data_actions: vec!["arn:aws:sns:ap-southeast-2:111122223333:silent".to_owned()],
        unit: Some("Count".to_owned()),
        low_samples: Some("ignore".to_owned()),
        ..alarm()
    };
    let texts = ["description", "ok", "silent", "Count", "ignore", "Sum", "notBreaching", "alarms", "managed-by"];
    let sent =
        send(&Step::Alarm(AlarmStep::PutAlarm { region: south(), alarm: Box::new(given), replaces: None })).await;
    for text in texts.iter().skip(1).chain(&["GreaterThanOrEqualToThreshold", "CISBenchmark", RULES[0].name]) {
        assert!(sent.body.contains(text), "{text}");
    }
}

/// Checks that a person is asked only once, even if another run has just asked.
#[tokio::test]
async fn who_is_subscribed_is_looked_at_before_a_person_is_asked() {
    let wire = Wire::answering(
        "<ListSubscriptionsByTopicResponse><ListSubscriptionsByTopicResult/></ListSubscriptionsByTopicResponse>",
    );
    let alarms = Monitoring::connect(&wire.account(), &settings());
    let (topic, endpoint) = (TOPIC.to_owned(), "soc@example.com".to_owned());
    let step = Step::Topic(TopicStep::Subscribe { topic, protocol: "email", endpoint });
    let _ = Box::pin(alarms.apply(&subject::<Monitoring>(), &step)).await;
    let sent: Vec<String> = wire.sent().into_iter().map(|sent| sent.operation).collect();
    assert_eq!(sent, ["ListSubscriptionsByTopic", "Subscribe"]);
}

#[tokio::test]
async fn an_alarm_that_was_not_read_is_not_replaced() {
    let wire = Wire::answering("{}");
    let alarms = Monitoring::connect(&wire.account(), &settings());
    let step = Step::Alarm(AlarmStep::PutAlarm {
        region: south(),
        alarm: Box::new(alarm()),
        replaces: Some(Box::new(alarm())),
    });
    let refused = Box::pin(alarms.apply(&subject::<Monitoring>(), &step)).await.expect_err("no call");
    assert_eq!((refused.code.as_str(), wire.sent().len()), ("NotSent", 0));
}

#[tokio::test]
async fn one_region_is_asked_for_the_trails_of_all() {
    let trails = json!({"trailList": [{
        "TrailARN": "arn:aws:cloudtrail:ap-southeast-2:111122223333:trail/t", "IsMultiRegionTrail": true,
        "CloudWatchLogsLogGroupArn": "arn:aws:logs:ap-southeast-2:111122223333:log-group:g:*"}]});
    let wire = Wire::answering(&trails.to_string());
    let alarms = Monitoring::connect(&wire.account(), &settings());
    let place = |region: &str| {
        let region = Region::parse(region).expect("a region");
        Place { region, ..subject::<Monitoring>().place }
    };
    let none: Option<&Dependency> = None;
    let elsewhere = alarms.list(&place("eu-west-1"), none, None).await.expect("an answer");
    assert!(elsewhere.subjects.is_empty() && wire.sent().is_empty());
    let home = alarms.list(&place("us-east-1"), none, None).await.expect("an answer");
    let [account] = home.subjects.as_slice() else { panic!("{home:?}") };
    assert_eq!(
        (account.place.region.as_str(), account.arn.as_str()),
        ("ap-southeast-2", "arn:aws:iam::111122223333:root")
    );
    alarms.list(&place("us-east-1"), none, None).await.expect("an answer");
    assert_eq!(wire.sent().len(), 1, "asked once for each event");
}
