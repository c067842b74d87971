//! Generators of an account's alarms, for the laws.

use crate::documents::selectors::Selectors;
use crate::families::monitoring::alarm::Alarm;
use crate::families::monitoring::filter::Filter;
use crate::families::monitoring::step::AlarmStep;
use crate::families::monitoring::table::RULES;
use crate::families::monitoring::view::{Feed, LogGroupView, Metric, View, Want};
use crate::families::monitoring::watch::ACCOUNT;
use crate::families::monitoring::{FilterPolicy, Listener, Monitoring, MuteRule, Step, managed};
use crate::managed::key::KeyView;
use crate::managed::key::step::KeyStep;
use crate::managed::topic::step::TopicStep;
use crate::managed::topic::{Subscription, SubscriptionState, Topic};
use crate::model::{Place, Property, Region, Seen, Subject};
use crate::settings::alarms::Address;
use crate::settings::{Mode, Modes, Settings};
use crate::testing::laws::{Lawful, unread};
use crate::testing::read::Shown;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Two rules that can share a filter, and one of another shape.
const ON: [&str; 3] = ["monitor-s3-policy-changes", "monitor-cloudtrail-changes", "monitor-root-usage"];

const ADDRESS: &str = "soc@example.com";

/// Beginning of the ARNs of subscriptions.
const LISTENER: &str = "arn:aws:sns:eu-west-1:111122223333:any:";

impl Lawful for Monitoring {
    const ID: &'static str = ACCOUNT;

    fn read(view: &View, property: &Property) -> Shown {
        super::read::read(view, property)
    }

    fn hostile(text: &str) -> Vec<Step> {
        super::hostile::steps(text)
    }

    fn named(view: View, text: &str) -> View {
        super::hostile::named(view, text)
    }

    fn settings() -> Settings {
        let overrides = ON.iter().map(|id| ((*id).to_owned(), Mode::Enforce)).collect();
        let rest =
            RULES.iter().filter(|rule| !ON.contains(&rule.about.id)).map(|rule| (rule.about.id.to_owned(), Mode::Off));
        let overrides = rest.chain::<std::collections::BTreeMap<String, Mode>>(overrides).collect();
        Settings { alarm_address: Address::parse(ADDRESS), ..Settings::of(Modes { default: Mode::Enforce, overrides }) }
    }

    fn views(subject: Subject) -> BoxedStrategy<View> {
        let place = subject.place;
        let topics = ["arn:aws:sns:eu-west-1:111122223333:theirs", "arn:aws:sns:eu-west-1:111122223333:gone"];
        let managed = ON.map(|id| format!("arn:aws:sns:eu-west-1:111122223333:trailkeeper-{id}"));
        let actions = topics.map(str::to_owned).into_iter().chain([managed[0].clone()]).collect::<Vec<_>>();
        let alarms = vec((select(names()), metric(), alarm(actions)), 0..5);
        let seen = vec(topic(&place), 1 + managed.len());
        (feeds(), alarms, seen, key(&place), any::<u8>())
            .prop_map(move |(feeds, alarms, seen, key, dice)| {
                let mut view = View::of(feeds);
                for metric in metrics() {
                    let on_it = alarms.iter().filter(|(_, it, _)| *it == metric);
                    let mut on_it: Vec<Alarm> = on_it
                        .map(|(name, metric, alarm)| Alarm {
                            name: name.clone(),
                            metric: metric.clone(),
                            ..alarm.clone()
                        })
                        .collect();
                    on_it.sort_by(|a, b| a.name.cmp(&b.name));
                    on_it.dedup_by(|a, b| a.name == b.name);
                    let denied = Seen::Unreadable("cloudwatch:DescribeAlarmsForMetric");
                    let all = if dice % 16 == 0 { denied } else { Seen::Present(on_it) };
                    view.alarms.insert((place.region.clone(), metric), all);
                }
                one_of_each_name(&mut view);
                for rule in &RULES {
                    let named = view.alarms.values().filter_map(Seen::present).flatten();
                    let named = named.clone().find(|it| it.name == rule.name).cloned();
                    let named = named.map_or(Seen::Absent, Seen::Present);
                    view.named.insert((place.region.clone(), rule.name.to_owned()), named);
                }
                view.topics.insert(topics[1].to_owned(), Seen::Absent);
                for (number, arn) in managed.iter().enumerate() {
                    for name in [2, 3] {
                        view.topics.insert(format!("{arn}-{name}"), Seen::Absent);
                    }
                    let second = ours(&place, &format!("{arn}-2"), &key);
                    view.topics.extend(second.filter(|_| number == 0 && dice % 4 == 3));
                }
                for (arn, seen) in std::iter::once(topics[0].to_owned()).chain(managed.clone()).zip(&seen) {
                    let seen = seen.clone().map(|topic| Topic { arn: arn.clone(), ..topic });
                    view.topics.insert(arn, seen);
                }
                let first = ours(&place, &managed[0], &key);
                view.topics.extend(first.filter(|_| dice % 3 == 0).map(|(arn, seen)| {
                    let widened = seen.map(|mut topic| {
                        if dice % 2 == 0 {
                            widen(&mut topic.policy);
                        }
                        topic
                    });
                    (arn, widened)
                }));
                view.keys.insert(place.region.clone(), key.clone());
                view.listen(dice);
                view.mute(&place.region, dice);
                let transformers =
                    [Seen::Absent, Seen::Absent, Seen::Present(()), Seen::Unreadable("logs:GetTransformer")];
                let seen = transformers[usize::from(dice / 16 % 4)].clone();
                view.transformers.insert((place.region.clone(), "trail".to_owned()), seen);
                view
            })
            .boxed()
    }

    /// Returns a view without irrelevant differences: the order of terms in a pattern and of actions of an alarm; which
    /// of several alarms on one metric notifies whom; which of two chains was repaired, where the repair for one rule
    /// completes another rule's chain.
    fn lasting(mut view: View) -> View {
        let many = view.alarms.values_mut().filter_map(|seen| match seen {
            Seen::Present(all) if all.len() > 1 => Some(all),
            _ => None,
        });
        let usual = || managed::alarm(&RULES[0], &managed::filter(&RULES[0]));
        let mut among_many = BTreeSet::new();
        for all in many {
            among_many.extend(all.iter().map(|alarm| alarm.name.clone()));
            let actions: BTreeSet<String> = all.drain(..).flat_map(|alarm| alarm.alarm_actions).collect();
            all.push(Alarm { alarm_actions: actions.into_iter().collect(), ..usual() });
        }
        // An alarm that was requested by name is one of those listed by its metric.
        for ((_, name), seen) in &mut view.named {
            if among_many.contains(name) {
                *seen = Seen::Present(usual());
            }
        }
        let listed =
            view.alarms.values_mut().filter_map(|seen| if let Seen::Present(all) = seen { Some(all) } else { None });
        let named =
            view.named.values_mut().filter_map(|seen| if let Seen::Present(it) = seen { Some(it) } else { None });
        listed.flatten().chain(named).for_each(|alarm| alarm.alarm_actions.sort_unstable());
        (view.topics, view.keys, view.listeners) = ([].into(), [].into(), [].into());
        if let Seen::Present(feeds) = &mut view.feeds {
            let groups = feeds
                .iter_mut()
                .filter_map(|feed| if let Seen::Present(it) = &mut feed.group { Some(it) } else { None });
            let filters =
                groups.filter_map(|it| if let Seen::Present(all) = &mut it.filters { Some(all) } else { None });
            filters.flatten().for_each(|filter| filter.pattern.text.clear());
        }
        view
    }

    fn is_blind(step: &Step, view: &View) -> bool {
        let blind = |what: String| unread(&what);
        match step {
            Step::Alarm(AlarmStep::PutFilter { .. }) => {
                let feeds = view.feeds.present().into_iter().flatten();
                feeds.into_iter().any(|feed| feed.account() == "111122223333" && blind(format!("{feed:?}")))
            }
            Step::Alarm(AlarmStep::PutAlarm { .. } | AlarmStep::Enable { .. }) => {
                blind(format!("{:?}{:?}", view.alarms, view.named))
            }
            Step::Topic(TopicStep::Subscribe { topic, .. }) => view
                .topics
                .get(topic)
                .and_then(Seen::present)
                .is_some_and(|it| blind(format!("{:?}", it.subscriptions))),
            Step::Topic(
                TopicStep::SetKey { arn, .. } | TopicStep::PutPolicy { arn, .. } | TopicStep::Create { arn, .. },
            ) => {
                matches!(view.topics.get(arn), Some(Seen::Unreadable(_)))
            }
            Step::Key(KeyStep::Create { .. } | KeyStep::Name { .. }) => {
                view.keys.values().any(|key| format!("{key:?}").contains("Unreadable"))
            }
            Step::Key(_) => false,
        }
    }

    fn foreign(view: &View) -> String {
        let View { feeds, alarms, named: _, topics, listeners: _, mute_rules, transformers, keys } = view;
        let feeds = feeds.present().into_iter().flatten().map(|feed| {
            let Feed { trail, logging, selectors, refused, group_arn, group } = feed;
            let filters = group.present().and_then(|group| group.filters.present()).into_iter().flatten();
            let theirs = filters.filter(|it| !it.name.starts_with("trailkeeper-"));
            let theirs: Vec<String> = theirs.map(|it| format!("{} {:?}", it.name, it.transformation)).collect();
            format!("{trail}{logging:?}{selectors:?}{refused:?}{group_arn:?}{theirs:?}")
        });
        let alarms = alarms.values().filter_map(Seen::present).flatten();
        let theirs = alarms.filter(|it| !it.name.starts_with("trailkeeper-")).map(|it| {
            let Alarm { name, description, metric, ok_actions, insufficient_data_actions, .. } = it;
            format!("{name}{description:?}{metric:?}{ok_actions:?}{insufficient_data_actions:?}")
        });
        let mut theirs: Vec<String> = theirs.collect();
        theirs.sort_unstable();
        let topics = topics.iter().filter_map(|(arn, seen)| {
            let topic = seen.present().filter(|_| !arn.contains(":trailkeeper-"))?;
            let first = topic.policy.pointer("/Statement/0").cloned();
            Some(format!("{arn}{first:?}"))
        });
        let keys = keys.values().filter_map(Seen::present).filter(|key| key.managed != Seen::Present(true));
        let keys: Vec<String> = keys.map(|key| format!("{key:?}")).collect();
        let (feeds, topics): (Vec<_>, Vec<_>) = (feeds.collect(), topics.collect());
        format!("{feeds:?}{theirs:?}{topics:?}{keys:?}{mute_rules:?}{transformers:?}")
    }
}

/// What confirmed subscriptions hear, and what mutes alarms: mostly, that somebody does and that nothing does.
impl View {
    fn listen(&mut self, dice: u8) {
        let filter = match dice % 8 {
            0 => Seen::Present(FilterPolicy { of_body: false, document: json!({"severity": ["high"]}) }),
            1 => Seen::Present(FilterPolicy { of_body: true, document: json!({"AlarmName": ["a"]}) }),
            2 => Seen::Unreadable("sns:GetSubscriptionAttributes"),
            _ => Seen::Absent,
        };
        for endpoint in ["a@example.com", ADDRESS] {
            let listener = Listener { filter: filter.clone(), endpoint: Seen::NotAsked };
            self.listeners.insert(format!("{LISTENER}{endpoint}"), listener);
        }
    }

    fn mute(&mut self, region: &Region, dice: u8) {
        let rule = |active| MuteRule { name: "quiet".to_owned(), active, endless: false, until: None };
        let seen = match dice % 5 {
            0 => Seen::Present(vec![rule(true)]),
            1 => Seen::Present(vec![rule(false)]),
            2 if dice.is_multiple_of(3) => Seen::Unreadable("cloudwatch:ListAlarmMuteRules"),
            _ => Seen::Present(vec![]),
        };
        for name in names() {
            self.mute_rules.insert((region.clone(), name), seen.clone());
        }
    }
}

/// Removes duplicates, since AWS allows only one alarm with a name.
fn one_of_each_name(view: &mut View) {
    let mut seen = std::collections::BTreeSet::new();
    for all in view.alarms.values_mut() {
        if let Seen::Present(all) = all {
            all.retain(|alarm| seen.insert(alarm.name.clone()));
        }
    }
}

fn names() -> Vec<String> {
    ["theirs", "another"].map(str::to_owned).into_iter().chain(ON.map(|id| format!("trailkeeper-{id}"))).collect()
}

fn metrics() -> Vec<Metric> {
    let of = |namespace: &str, name: &str| Metric { namespace: namespace.to_owned(), name: name.to_owned() };
    let managed = ON.map(|id| of("CISBenchmark", &format!("trailkeeper-{id}")));
    [of("LogMetrics", "changes"), of("LogMetrics", "shared")].into_iter().chain(managed).collect()
}

fn metric() -> impl Strategy<Value = Metric> {
    select(metrics())
}

fn rule(id: &str) -> &'static crate::families::monitoring::AlarmRule {
    RULES.iter().find(|rule| rule.about.id == id).expect("a rule")
}

/// Generates patterns that match a rule, lack one of its names, can never match, or are about something else.
fn pattern() -> impl Strategy<Value = String> {
    let whole = ON.map(|id| rule(id).pattern.to_owned());
    let inner = |text: &str| text.trim_start_matches('{').trim_end_matches('}').to_owned();
    let both = format!("{{ ({}) || ({}) }}", inner(&whole[0]), inner(&whole[1]));
    let lacking = whole[0].replace(" || ($.eventName=DeleteBucketPolicy)", "");
    let lacking_both =
        both.replace(" || ($.eventName=DeleteBucketPolicy)", "").replace(" || ($.eventName=DeleteTrail)", "");
    let never = whole[0].replace("||", "&&");
    let others = ["{ $.eventName = PutBucketPolicy }", "ERROR", "", "{ ($.eventName = x }"].map(str::to_owned);
    select(whole.into_iter().chain([both, lacking, lacking_both, never]).chain(others).collect::<Vec<_>>())
}

/// Generates filters. Two filters for the same metric count alike, except those that no alarm can rely on.
fn filter() -> impl Strategy<Value = Filter> {
    let useless = select(vec![None, None, None, Some("0"), Some("$.size")]);
    let transformed = select(vec![false, false, false, false, true]);
    (select(names()), pattern(), metric(), useless, transformed).prop_map(
        |(name, pattern, metric, useless, transformed)| {
            let mut filter = Filter { name, pattern: pattern.into(), ..managed::filter(&RULES[0]) };
            let (value, default) = match metric.name.as_str() {
                "changes" => ("1", Some(0.0)),
                "shared" => ("2.5", None),
                _ => ("1", None),
            };
            filter.transformation.metric = metric;
            filter.transformation.value = useless.unwrap_or(value).to_owned();
            filter.transformation.default = default;
            filter.transformed = transformed;
            filter
        },
    )
}

fn feeds() -> impl Strategy<Value = Seen<Vec<Feed>>> {
    let trail = |home: &str, account: &str| format!("arn:aws:cloudtrail:{home}:{account}:trail/t");
    let trails = vec![trail("eu-west-1", "111122223333"), trail("eu-west-1", "999999999999")];
    let some = subsequence(trails, 0..=2).prop_flat_map(|trails| {
        let feeds: Vec<_> = trails.into_iter().map(feed).collect();
        feeds
    });
    prop_oneof![12 => some.prop_map(Seen::Present), 1 => Just(Seen::Unreadable("cloudtrail:DescribeTrails")), 1 => Just(Seen::NotAsked)]
}

fn feed(trail: String) -> impl Strategy<Value = Feed> {
    let yes = Seen::Present(true);
    let logging = select(vec![
        yes.clone(),
        yes.clone(),
        yes,
        Seen::Present(false),
        Seen::Unreadable("cloudtrail:GetTrailStatus"),
        Seen::NotAsked,
    ]);
    let filters = vec(filter(), 0..4).prop_map(|mut filters| {
        filters.sort_by(|a, b| a.name.cmp(&b.name));
        filters.dedup_by(|a, b| a.name == b.name);
        Seen::Present(filters)
    });
    let filters = prop_oneof![12 => filters, 1 => Just(Seen::Unreadable("logs:DescribeMetricFilters")), 1 => Just(Seen::NotAsked)];
    let class = select(vec!["STANDARD", "STANDARD", "STANDARD", "STANDARD", "INFREQUENT_ACCESS"]);
    let group = (filters, class).prop_map(|(filters, class)| {
        Seen::Present(LogGroupView { name: "trail".to_owned(), class: class.to_owned(), filters })
    });
    let group = prop_oneof![12 => group, 1 => Just(Seen::Absent), 1 => Just(Seen::Unreadable("logs:DescribeLogGroups")), 1 => Just(Seen::NotAsked)];
    let refused = select(vec![None, None, None, Some("AccessDenied".to_owned())]);
    (logging, group, refused, select(vec![true, true, true, false])).prop_map(move |(logging, group, refused, fed)| {
        Feed {
            trail: trail.clone(),
            logging,
            selectors: Seen::Present(Selectors::default()),
            refused,
            group_arn: fed.then(|| "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*".to_owned()),
            // Another account's log group is not ours to read.
            group: if fed && trail.contains(":111122223333:") { group } else { Seen::Absent },
        }
    })
}

fn alarm(actions: Vec<String>) -> impl Strategy<Value = Alarm> {
    let statistic = select(vec!["Sum", "Sum", "Sum", "Average", "Minimum"]);
    let numbers = (select(vec![1_u32, 1, 1, 5]), select(vec![1.0, 1.0, 1.0, 10.0]), select(vec![300_u32, 300, 10]));
    let missing = select(vec![None, Some("notBreaching"), Some("breaching"), Some("ignore")]);
    let actions = subsequence(actions, 0..=3);
    (statistic, numbers, missing, actions, any::<bool>()).prop_map(
        |(statistic, (periods, threshold, period), missing, alarm_actions, actions_enabled)| Alarm {
            statistic: Some(statistic.to_owned()),
            evaluation_periods: periods,
            threshold,
            period,
            treat_missing_data: missing.map(str::to_owned),
            alarm_actions,
            actions_enabled,
            ok_actions: vec!["arn:aws:sns:eu-west-1:111122223333:ok".to_owned()],
            ..managed::alarm(&RULES[0], &managed::filter(&RULES[0]))
        },
    )
}

/// Returns a topic as we make it, with our key as it is.
fn ours(place: &Place, arn: &str, key: &Seen<KeyView>) -> Option<(String, Seen<Topic>)> {
    let Seen::Present(ours) = key else { return None };
    let (policy, key_id) = (managed::topic_policy(place, arn), Some(ours.arn.clone()));
    let subscriptions = Seen::Present(vec![]);
    Some((
        arn.to_owned(),
        Seen::Present(Topic { arn: arn.to_owned(), policy, key_id, key: key.clone(), subscriptions }),
    ))
}

/// Lets another account do anything with a topic.
fn widen(policy: &mut Value) {
    let all = json!({"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "sns:*", "Resource": "*"});
    if let Some(statements) = policy.pointer_mut("/Statement").and_then(Value::as_array_mut) {
        statements.push(all);
    }
}

fn topic(place: &Place) -> impl Strategy<Value = Seen<Topic>> + use<> {
    let arn = "arn:aws:sns:eu-west-1:111122223333:theirs".to_owned();
    let usual = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "SNS:Publish", "Resource": "*",
        "Condition": {"StringEquals": {"AWS:SourceOwner": "111122223333"}}}]});
    let nothing = json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": "1"}, "Action": "SNS:Publish", "Resource": "*"}]});
    let denied = json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "SNS:Publish", "Resource": "*"}]});
    let policy = select(vec![usual.clone(), usual, nothing, denied]);
    let of = |endpoint: &str, state| {
        let (arn, protocol) = (format!("{LISTENER}{endpoint}"), "email".to_owned());
        Subscription { arn, protocol, endpoint: endpoint.to_owned(), state }
    };
    let subscriptions = select(vec![
        Seen::Present(vec![of("a@example.com", SubscriptionState::Confirmed)]),
        Seen::Present(vec![of("a@example.com", SubscriptionState::Confirmed)]),
        Seen::Present(vec![of("a@example.com", SubscriptionState::Pending)]),
        Seen::Present(vec![of(ADDRESS, SubscriptionState::Pending)]),
        Seen::Present(vec![of(ADDRESS, SubscriptionState::Deleted)]),
        Seen::Present(vec![]),
        Seen::Unreadable("sns:ListSubscriptionsByTopic"),
        Seen::NotAsked,
    ]);
    let key = prop_oneof![2 => Just(None), 1 => foreign_key(place).prop_map(Some)];
    let present = (policy, subscriptions, key).prop_map(move |(policy, subscriptions, key)| {
        let key_id = key.as_ref().map(|_| "alias/aws/sns".to_owned());
        let key = key.unwrap_or(Seen::Absent);
        Seen::Present(Topic { arn: arn.clone(), policy, key_id, key, subscriptions })
    });
    prop_oneof![8 => present, 2 => Just(Seen::Absent), 1 => Just(Seen::Unreadable("sns:GetTopicAttributes")), 1 => Just(Seen::NotAsked)]
}

/// Generates a key of a topic: AWS's own, somebody's that is sufficient or not, or none that is readable.
fn foreign_key(place: &Place) -> impl Strategy<Value = Seen<KeyView>> + use<> {
    let serves = managed::managed_key(place).policy;
    let of = |customers, state: &str, policy: Value| {
        let arn = "arn:aws:kms:eu-west-1:111122223333:key/1".to_owned();
        let (state, policy) = (state.to_owned(), Seen::Present(policy));
        let (managed, rotates, next) = (Seen::Present(false), Seen::NotAsked, Box::default());
        Seen::Present(KeyView {
            arn,
            managed,
            customers,
            native: true,
            state,
            policy,
            grants: Seen::NotAsked,
            rotates,
            next,
        })
    };
    select(vec![
        of(false, "Enabled", json!({})),
        of(false, "Enabled", json!({})),
        of(true, "Enabled", serves.clone()),
        of(true, "Disabled", serves),
        of(true, "Enabled", json!({"Statement": []})),
        Seen::Absent,
        Seen::Unreadable("kms:DescribeKey"),
        Seen::NotAsked,
    ])
}

/// Generates the states of our key.
fn key(place: &Place) -> impl Strategy<Value = Seen<KeyView>> + use<> {
    let managed = managed::managed_key(place).policy;
    let of = |state: &str, policy: Value, rotates| {
        let arn = "arn:aws:kms:eu-west-1:111122223333:key/ours".to_owned();
        let (state, policy, rotates) = (state.to_owned(), Seen::Present(policy), Seen::Present(rotates));
        let (managed, next) = (Seen::Present(true), Box::default());
        Seen::Present(KeyView {
            arn,
            managed,
            customers: true,
            native: true,
            state,
            policy,
            grants: Seen::NotAsked,
            rotates,
            next,
        })
    };
    let stranger = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "kms:*", "Resource": "*"}});
    let beside = |next: Seen<KeyView>| {
        let Seen::Present(key) = of("Enabled", stranger.clone(), true) else { return next };
        let arn = "arn:aws:kms:eu-west-1:111122223333:key/theirs".to_owned();
        Seen::Present(KeyView { arn, next: Box::new(next), ..key })
    };
    select(vec![
        Seen::Absent,
        Seen::Absent,
        beside(Seen::Absent),
        beside(of("Enabled", managed.clone(), true)),
        beside(Seen::Unreadable("kms:DescribeKey")),
        of("Enabled", managed.clone(), true),
        of("Enabled", managed.clone(), false),
        of("Enabled", json!({"Version": "2012-10-17", "Statement": []}), true),
        of("Disabled", managed, true),
        Seen::Unreadable("kms:DescribeKey"),
        Seen::NotAsked,
    ])
}

/// Checks that judging a generated view requests no more reads, since the laws have no reader.
#[test]
fn a_view_of_the_laws_is_whole() {
    use proptest::strategy::ValueTree;
    let (subject, settings) = (crate::testing::laws::subject::<Monitoring>(), Monitoring::settings());
    let (views, mut runner) = (Monitoring::views(subject.clone()), proptest::test_runner::TestRunner::deterministic());
    for _ in 0..256 {
        let view = views.new_tree(&mut runner).expect("a view").current();
        for rule in RULES.iter().filter(|rule| ON.contains(&rule.about.id)) {
            let case = crate::families::monitoring::chain::Assessment {
                rule,
                view: &view,
                subject: &subject,
                settings: &settings,
            };
            assert_eq!(case.assess().err(), None::<Vec<Want>>, "{}", rule.about.id);
        }
    }
}
