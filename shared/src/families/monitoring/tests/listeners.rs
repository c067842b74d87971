//! Who hears an alarm: the address that the setting names, whoever else is subscribed.

use crate::documents::policy::with_statements;
use crate::families::monitoring::chain::Assessment;
use crate::families::monitoring::managed;
use crate::families::monitoring::table::RULES;
use crate::families::monitoring::{Alarm, Feed, Listener, LogGroupView, Monitoring, View, Want};
use crate::managed::key::KeyView;
use crate::managed::key::grant::KeyGrant;
use crate::managed::topic::{Subscription, SubscriptionState, Topic};
use crate::model::{Place, Remedy, Seen, Step as _, Subject, Verdict};
use crate::settings::alarms::Address;
use crate::settings::destinations::RecordDestinations;
use crate::settings::{Mode, Modes, Settings};
use crate::testing::laws::subject;
use SubscriptionState::{Confirmed, Pending};
use serde_json::json;

const NAMED: &str = "soc@example.com";
const THEIRS: &str = "arn:aws:sns:eu-west-1:111122223333:theirs";
const QUEUE: &str = "arn:aws:sqs:eu-west-1:999999999999:ears";

fn by_mail(endpoint: &str, state: SubscriptionState) -> Subscription {
    let arn = format!("arn:aws:sns:eu-west-1:111122223333:any:{endpoint}");
    Subscription { arn, protocol: "email".to_owned(), endpoint: endpoint.to_owned(), state }
}

/// Calls that make our topic and subscribe the address to it.
const NEW_TOPIC: &[&str] =
    &["kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation", "sns:CreateTopic", "sns:Subscribe"];

fn topic(arn: &str, subscriptions: &[Subscription]) -> Topic {
    let place = subject::<Monitoring>().place;
    let policy = if managed::is_topic(&place, arn) {
        managed::topic_policy(&place, arn)
    } else {
        json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "SNS:Publish",
            "Resource": arn, "Condition": {"StringEquals": {"AWS:SourceOwner": "111122223333"}}}]})
    };
    let subscriptions = Seen::Present(subscriptions.to_vec());
    Topic { arn: arn.to_owned(), policy, key_id: None, key: Seen::Absent, subscriptions }
}

fn settings() -> Settings {
    Settings { alarm_address: Address::parse(NAMED), ..Settings::of(Modes::all(Mode::Enforce)) }
}

fn feed() -> Feed {
    let filters = Seen::Present(vec![managed::filter(&RULES[0])]);
    Feed {
        trail: "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t".to_owned(),
        logging: Seen::Present(true),
        selectors: Seen::Present(crate::documents::selectors::Selectors::default()),
        refused: None,
        group_arn: Some("arn:aws:logs:eu-west-1:111122223333:log-group:trail:*".to_owned()),
        group: Seen::Present(LogGroupView { name: "trail".to_owned(), class: "STANDARD".to_owned(), filters }),
    }
}

/// Returns the message and the calls for a chain that is complete up to these topics, the first of which the alarm
/// notifies.
fn outcome(topics: &[Topic], settings: &Settings) -> (String, Vec<String>) {
    heard_by(&topics[..1], topics, settings)
}

/// Returns the same for an alarm that notifies the first of these topics.
fn heard_by(notified: &[Topic], topics: &[Topic], settings: &Settings) -> (String, Vec<String>) {
    let subject: Subject = subject::<Monitoring>();
    let filter = managed::filter(&RULES[0]);
    let alarm_actions = notified.iter().map(|it| it.arn.clone()).collect();
    let alarm = Alarm { alarm_actions, ..managed::alarm(&RULES[0], &filter) };
    let mut view = View::of(Seen::Present(vec![feed()]));
    loop {
        let wants = match (Assessment { rule: &RULES[0], view: &view, subject: &subject, settings }).assess() {
            Ok(verdict) => return said(verdict),
            Err(wants) => wants,
        };
        for want in wants {
            match want {
                Want::Alarms(region, metric) => {
                    view.alarms.insert((region, metric), Seen::Present(vec![alarm.clone()]));
                }
                Want::Named(region) => {
                    view.named.insert((region, RULES[0].name.to_owned()), Seen::Present(alarm.clone()));
                }
                Want::Topic(arn) => {
                    let seen = topics.iter().find(|topic| topic.arn == arn).cloned();
                    view.topics.insert(arn, seen.map_or(Seen::Absent, Seen::Present));
                }
                Want::Listener { arn, .. } => {
                    view.listeners.insert(arn, Listener { filter: Seen::Absent, endpoint: Seen::NotAsked });
                }
                Want::MuteRules(region, alarm) => {
                    view.mute_rules.insert((region, alarm), Seen::Absent);
                }
                Want::Transformer(region, group) => {
                    view.transformers.insert((region, group), Seen::Absent);
                }
                Want::Key(region) => {
                    view.keys.insert(region, Seen::Absent);
                }
            }
        }
    }
}

fn said(verdict: Verdict<crate::families::monitoring::Step>) -> (String, Vec<String>) {
    match verdict {
        Verdict::Compliant => ("compliant".to_owned(), vec![]),
        Verdict::Violation { because, remedy: Remedy::Fix(steps) } => {
            (because, steps.iter().map(|step| step.actions()[0].to_owned()).collect())
        }
        Verdict::Violation { because, remedy: Remedy::Advise(advice) } => (format!("{because} -> {advice}"), vec![]),
        other => (format!("{other:?}"), vec![]),
    }
}

#[test]
fn another_listener_does_not_stand_in_for_the_one_that_the_setting_names() {
    let swapped = [topic(THEIRS, &[by_mail("intruder@example.org", Confirmed)])];
    let (because, calls) = outcome(&swapped, &settings());
    assert!(because.contains("only others (1)") && because.contains(NAMED), "{because}");
    assert_eq!(calls, [&["cloudwatch:PutMetricAlarm"], NEW_TOPIC].concat(), "a topic of ours beside it");
    let unnamed = Settings { alarm_address: None, ..settings() };
    assert_eq!(outcome(&swapped, &unnamed).0, "compliant");
    let both = [by_mail("intruder@example.org", Confirmed), by_mail("SOC@example.com", Confirmed)];
    assert_eq!(outcome(&[topic(THEIRS, &both)], &settings()).0, "compliant");
    let by_other_protocol = Subscription { protocol: "email-json".to_owned(), ..by_mail(NAMED, Confirmed) };
    let ours = managed::topic_arn(&subject::<Monitoring>().place, &RULES[0]);
    assert_eq!(outcome(&[topic(&ours, &[by_other_protocol])], &settings()).1, ["sns:Subscribe"]);
}

#[test]
fn people_are_asked_to_confirm_the_named_address_alone() {
    let both = [by_mail("intruder@example.org", Pending), by_mail(NAMED, Pending)];
    let (told, calls) = outcome(&[topic(THEIRS, &both)], &settings());
    assert!(told.contains("Confirm the subscription of soc@example.com") && !told.contains("intruder"), "{told}");
    assert!(told.contains("confirm none that you do not know"), "{told}");
    assert_eq!(calls, [""; 0]);
    let (told, _) = outcome(&[topic(THEIRS, &both[1..])], &settings());
    assert!(told.contains("Confirm the subscription of soc@example.com") && !told.contains("confirm none"), "{told}");
    let (told, _) = outcome(&[topic(THEIRS, &both)], &Settings { alarm_address: None, ..settings() });
    assert!(told.contains("Confirm only an address that you know"), "{told}");
}

/// Checks that a chain that leads elsewhere gets the topic where the address is confirmed already: on a topic of
/// somebody else nobody may ever confirm it.
#[test]
fn the_topic_that_tells_the_named_address_is_used_again() {
    let ours = managed::topic_arn(&subject::<Monitoring>().place, &RULES[0]);
    let theirs = topic(THEIRS, &[by_mail("intruder@example.org", Confirmed)]);
    let told = topic(&ours, &[by_mail(NAMED, Confirmed)]);
    let (because, calls) = outcome(&[theirs.clone(), told.clone()], &settings());
    assert!(because.contains(THEIRS) && because.contains("only others"), "{because}");
    assert_eq!(calls, ["cloudwatch:PutMetricAlarm"]);
    let (told_of, calls) = outcome(&[theirs.clone(), topic(&ours, &[by_mail(NAMED, Pending)])], &settings());
    assert!(told_of.contains("Left for you to do: Confirm the subscription"), "{told_of}");
    assert_eq!(calls, ["cloudwatch:PutMetricAlarm"]);
    let untold = outcome(&[theirs.clone(), topic(&ours, &[])], &settings()).1;
    assert_eq!(untold, ["cloudwatch:PutMetricAlarm", "sns:Subscribe"]);
    assert_eq!(outcome(&[theirs, told], &Settings { alarm_address: None, ..settings() }).0, "compliant");
}

/// Returns our topic with our key, and with a statement that lets another account do anything.
fn widened(place: &Place, arn: &str) -> Topic {
    let more = json!({"Sid": "More", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
        "Action": "SNS:*", "Resource": arn});
    let policy = with_statements(Some(&managed::topic_policy(place, arn)), &[more]);
    let key = KeyView {
        arn: "arn:aws:kms:eu-west-1:111122223333:key/k".to_owned(),
        managed: Seen::NotAsked,
        customers: true,
        native: true,
        state: "Enabled".to_owned(),
        policy: Seen::Present(managed::managed_key(place).policy),
        grants: Seen::Present(vec![]),
        rotates: Seen::NotAsked,
        next: Box::default(),
    };
    Topic { policy, key_id: Some(key.arn.clone()), key: Seen::Present(key), ..topic(arn, &[by_mail(NAMED, Confirmed)]) }
}

/// Checks that a topic that was there before us, with our name and a wider policy, is told and not used, whatever else it
/// has of ours, and that the policy is put back where an alarm notifies the topic and it has our key.
#[test]
fn a_planted_topic_is_not_adopted_and_ours_is_put_back() {
    let place = subject::<Monitoring>().place;
    let arns = managed::topic_arns(&place, &RULES[0]);
    let theirs = topic(THEIRS, &[]);
    let planted = widened(&place, &arns[0]);
    let (told, calls) = outcome(&[theirs.clone(), planted.clone()], &settings());
    assert!(told.contains(&format!("topic {} has Trailkeeper's name but not its policy", arns[0])), "{told}");
    assert_eq!(calls, [&["cloudwatch:PutMetricAlarm"], NEW_TOPIC].concat());
    let second = topic(&arns[1], &[]);
    let (_, calls) = outcome(&[theirs.clone(), planted.clone(), second], &settings());
    assert_eq!(calls, ["cloudwatch:PutMetricAlarm", "sns:Subscribe"], "ours of the second name");
    let all: Vec<Topic> = arns.iter().map(|arn| widened(&place, arn)).collect();
    let (told, calls) = outcome(&[std::slice::from_ref(&theirs), &all[..]].concat(), &settings());
    assert!(told.contains("Trailkeeper subscribes nobody") && calls.is_empty(), "{told}");
    let (told, calls) = outcome(std::slice::from_ref(&planted), &settings());
    assert!(told.contains("999999999999:root may SNS:*"), "{told}");
    assert_eq!(calls, ["sns:SetTopicAttributes"], "it lies where we put it");
}

#[test]
fn whoever_has_a_grant_of_the_key_of_a_topic_is_told() {
    let place = subject::<Monitoring>().place;
    let told = |grants: Seen<Vec<KeyGrant>>| {
        let mut topic = widened(&place, THEIRS);
        topic.key = topic.key.map(|key| KeyView { grants, ..key });
        outcome(&[topic], &settings()).0
    };
    let grant = |grantee: &str| {
        let (grantee, operations) = (grantee.to_owned(), vec!["Decrypt".to_owned()]);
        KeyGrant { id: "g".to_owned(), grantee, issuer: None, operations }
    };
    assert_eq!(told(Seen::Present(vec![grant("arn:aws:iam::111122223333:role/reader")])), "compliant");
    let said = told(Seen::Present(vec![grant("arn:aws:iam::999999999999:user/mallory")]));
    assert!(said.contains("999999999999:user/mallory may Decrypt (grant g) -> Find out who let them in"), "{said}");
    assert!(told(Seen::Unreadable("kms:ListGrants")).contains("kms:ListGrants was denied"));
}

/// Checks that the address is subscribed to no topic that somebody made under a name of ours, or widened, and that an
/// alarm with no room for another topic is told.
#[test]
fn the_address_is_subscribed_to_no_topic_that_is_not_ours() {
    let place = subject::<Monitoring>().place;
    let ours = managed::topic_arn(&place, &RULES[0]);
    for who in ["arn:aws:iam::999999999999:root", "arn:aws:iam::111122223333:user/mallory"] {
        let mut planted = topic(&ours, &[]);
        let grant =
            json!({"Sid": "More", "Effect": "Allow", "Principal": {"AWS": who}, "Action": "SNS:*", "Resource": ours});
        planted.policy["Statement"][0] = grant;
        let (told, calls) = outcome(&[planted.clone()], &settings());
        assert!(told.contains("has Trailkeeper's name but not its policy, so it is not used"), "{told}");
        assert_eq!(calls, [&["cloudwatch:PutMetricAlarm"], NEW_TOPIC].concat(), "one of another name");
        // Whoever heard it before still does: then who else may end that is told.
        planted.subscriptions = Seen::Present(vec![by_mail(NAMED, Confirmed)]);
        let (told, calls) = outcome(&[planted], &settings());
        assert!(told.contains(&format!("{who} may SNS:*")) && calls.is_empty(), "{told}");
    }
    let other = |name: &str| topic(&format!("arn:aws:sns:eu-west-1:111122223333:{name}"), &[]);
    let full = ["a", "b", "c", "d", "e"].map(other);
    let (told, calls) = heard_by(&full, &full, &settings());
    assert!(told.contains("Subscribe soc@example.com to topic") && told.contains("did not make it"), "{told}");
    assert_eq!(calls, [""; 0]);
    let none = Settings { alarm_address: None, ..settings() };
    let (told, calls) = outcome(&[other("a")], &none);
    assert!(told.contains("nobody is subscribed") && calls.is_empty(), "{told}");
}

#[test]
fn other_accounts_that_hear_a_topic_of_ours_are_told() {
    let ours = managed::topic_arn(&subject::<Monitoring>().place, &RULES[0]);
    let queue = Subscription { protocol: "sqs".to_owned(), ..by_mail(QUEUE, Confirmed) };
    let all = [by_mail(NAMED, Confirmed), queue];
    let (told, calls) = outcome(&[topic(&ours, &all)], &settings());
    assert!(told.contains(QUEUE) && told.contains("TRAILKEEPER_RECORD_DESTINATIONS"), "{told}");
    assert_eq!(calls, [""; 0]);
    let record_destinations = RecordDestinations::setting(Some("999999999999".to_owned())).expect("destinations");
    assert_eq!(outcome(&[topic(&ours, &all)], &Settings { record_destinations, ..settings() }).0, "compliant");
    let named = Settings { alarm_address: Address::parse(QUEUE), ..settings() };
    assert_eq!(outcome(&[topic(&ours, &all)], &named).0, "compliant");
    assert_eq!(outcome(&[topic(THEIRS, &all)], &settings()).0, "compliant");
}
