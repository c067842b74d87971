//! Resources that Trailkeeper creates where something is missing: fixed names, and documents. Pure.

use super::alarm::Alarm;
use super::filter::{Filter, Transformation};
use super::rules::AlarmRule;
use super::table::RULES;
use super::view::Metric;
use crate::documents::policy::{compiled, document, fill_in};
use crate::managed::key::KeyNeed;
use crate::managed::key::keeper::Keeper;
use crate::managed::key::wanted::ManagedKey;
use crate::model::{Place, Region};
use serde_json::Value;

/// Alias of the key that encrypts topics of alarms.
pub const MANAGED_ALARMS_KEY: &str = "alias/trailkeeper-alarms";

/// Namespace that CIS uses for its metrics.
const NAMESPACE: &str = "CISBenchmark";

pub(super) fn filter(rule: &AlarmRule) -> Filter {
    let metric = Metric { namespace: NAMESPACE.to_owned(), name: rule.name.to_owned() };
    Filter {
        name: rule.name.to_owned(),
        pattern: rule.pattern.to_owned().into(),
        // Without a default value only matches produce data, and cost anything.
        transformation: Transformation { metric, value: "1".to_owned(), default: None, dimensions: vec![], unit: None },
        transformed: false,
        criteria: None,
        system_dimensions: vec![],
    }
}

/// Returns an alarm as CIS prescribes it, silent while nothing happens.
pub(super) fn alarm(rule: &AlarmRule, filter: &Filter) -> Alarm {
    Alarm {
        name: rule.name.to_owned(),
        description: Some(format!("{}. Made by Trailkeeper.", rule.about.title)),
        metric: filter.transformation.metric.clone(),
        dimensions: vec![],
        statistic: Some("Sum".to_owned()),
        extended_statistic: None,
        period: 300,
        unit: None,
        evaluation_periods: 1,
        datapoints_to_alarm: None,
        threshold: filter.counts().unwrap_or(1.0),
        comparison: "GreaterThanOrEqualToThreshold".to_owned(),
        treat_missing_data: Some("notBreaching".to_owned()),
        low_samples: None,
        actions_enabled: true,
        alarm_actions: vec![],
        ok_actions: vec![],
        insufficient_data_actions: vec![],
    }
}

/// Number of names that are tried for one topic.
const NAMES: usize = 3;

/// Returns the ARNs that our topic of a rule may have, in the order in which they are tried.
pub(super) fn topic_arns(place: &Place, rule: &AlarmRule) -> Vec<String> {
    let first = topic_arn(place, rule);
    let more = (2..=NAMES).map(|number| format!("{first}-{number}"));
    std::iter::once(first.clone()).chain(more.collect::<Vec<_>>()).collect()
}

/// Returns the first ARN that our topic of a rule may have.
pub(super) fn topic_arn(place: &Place, rule: &AlarmRule) -> String {
    format!("arn:{}:sns:{}:{}:{}", place.partition, place.region, place.account, rule.name)
}

/// Returns whether a topic has the name of one that Trailkeeper makes for alarms.
pub(super) fn is_topic(place: &Place, arn: &str) -> bool {
    RULES.iter().any(|rule| topic_arns(place, rule).iter().any(|it| it == arn))
}

pub(super) fn alarm_arn(place: &Place, name: &str) -> String {
    format!("arn:{}:cloudwatch:{}:{}:alarm:{name}", place.partition, place.region, place.account)
}

pub(super) fn topic_policy(place: &Place, topic: &str) -> Value {
    let document = compiled(document!("alarms-topic.json"), place);
    fill_in(&document, &[("TopicArn", topic)])
}

pub(super) fn managed_key(place: &Place) -> ManagedKey {
    ManagedKey {
        alias: MANAGED_ALARMS_KEY,
        purpose: "Encrypts the SNS topics of alarms. Made by Trailkeeper.",
        policy: compiled(document!("alarms-key.json"), place),
        keeper: Keeper::of(place, "monitoring"),
    }
}

/// Returns what CloudWatch requires of the key of an encrypted topic ([SNS developer guide, key management]).
///
/// [SNS developer guide, key management]: https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
pub(super) fn alarm_needs<'a>(place: &'a Place, alarm_arn: &'a str) -> KeyNeed<'a> {
    KeyNeed {
        service: "cloudwatch.amazonaws.com",
        known: vec![
            ("aws:SourceArn", alarm_arn),
            ("aws:SourceAccount", &place.account),
            ("aws:SecureTransport", "true"),
        ],
        actions: &[("kms:GenerateDataKey", "AllowCloudWatchAlarms"), ("kms:Decrypt", "AllowCloudWatchAlarms")],
    }
}

/// Returns the place in the same account but another region.
pub(super) fn at(place: &Place, region: &Region) -> Place {
    Place { region: region.clone(), ..place.clone() }
}
