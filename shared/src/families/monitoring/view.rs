//! View of an account's alarms: the trails that feed log groups, their metric filters, the alarms on the filters'
//! metrics, what mutes them, the topics that they notify, and who hears these.

use super::alarm::Alarm;
use super::filter::Filter;
use super::listener::Listener;
use super::mute_rule::MuteRule;
use crate::documents::selectors::Selectors;
use crate::managed::key::KeyView;
use crate::managed::topic::Topic;
use crate::model::{Arn, Region, Seen};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// View of an account, as far as requested. Anything missing from the maps was not read.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct View {
    /// Multi-region trails.
    pub feeds: Seen<Vec<Feed>>,
    /// Alarms by metric, except metric math.
    #[serde(serialize_with = "keyed")]
    pub alarms: BTreeMap<(Region, Metric), Seen<Vec<Alarm>>>,
    /// Alarms with our names.
    #[serde(serialize_with = "keyed")]
    pub named: BTreeMap<(Region, String), Seen<Alarm>>,
    /// Topics by ARN.
    pub topics: BTreeMap<String, Seen<Topic>>,
    /// Confirmed subscriptions by ARN, as far as they decide who receives an alarm.
    pub listeners: BTreeMap<String, Listener>,
    /// Mute rules of alarms by region and alarm.
    #[serde(serialize_with = "keyed")]
    pub mute_rules: BTreeMap<(Region, String), Seen<Vec<MuteRule>>>,
    /// Transformers of log groups by region and log group; absent if metric filters see events as they were written.
    #[serde(serialize_with = "keyed")]
    pub transformers: BTreeMap<(Region, String), Seen<()>>,
    /// Our key in each region.
    pub keys: BTreeMap<Region, Seen<KeyView>>,
}

/// Serializes a map whose keys are several names: each key as these names in one text, since formats know no other keys.
fn keyed<K: Serialize, V: Serialize, S: Serializer>(map: &BTreeMap<K, V>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut keyed = Vec::with_capacity(map.len());
    for (key, value) in map {
        keyed.push((words(&serde_json::to_value(key).map_err(S::Error::custom)?), value));
    }
    serializer.collect_map(keyed)
}

fn words(key: &Value) -> String {
    match key {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().map(words).collect::<Vec<_>>().join(" "),
        Value::Object(names) => names.values().map(words).collect::<Vec<_>>().join(" "),
        Value::Null | Value::Bool(_) | Value::Number(_) => key.to_string(),
    }
}

/// Multi-region trail and its log group.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Feed {
    /// ARN of the trail, which contains its account and home region.
    pub trail: String,
    /// Whether the trail is logging.
    pub logging: Seen<bool>,
    /// Event selectors of the trail.
    pub selectors: Seen<Selectors>,
    /// Error of the last delivery to the log group, in CloudTrail's words; `None` if it succeeded or there was none.
    pub refused: Option<String>,
    /// ARN of the log group, ending in `:*`.
    pub group_arn: Option<String>,
    /// Log group of the trail; absent if none is set or it is gone.
    pub group: Seen<LogGroupView>,
}

/// Log group that a trail feeds.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct LogGroupView {
    /// Name of the log group.
    pub name: String,
    /// Class of the log group, from `logGroupClass`, such as `STANDARD`.
    pub class: String,
    /// Metric filters of the log group.
    pub filters: Seen<Vec<Filter>>,
}

/// Metric that a filter publishes and an alarm watches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Metric {
    /// Namespace of the metric.
    pub namespace: String,
    /// Name of the metric.
    pub name: String,
}

/// Next thing to read before there can be a verdict.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// Alarms on a metric.
    Alarms(Region, Metric),
    /// Alarms with our names.
    Named(Region),
    /// Topic with this ARN.
    Topic(String),
    /// Confirmed subscription of a topic.
    Listener {
        /// ARN of the topic.
        topic: String,
        /// ARN of the subscription.
        arn: String,
        /// Endpoint of the subscription.
        endpoint: String,
    },
    /// Mute rules of the alarm with this name.
    MuteRules(Region, String),
    /// Whether the log group with this name transforms its events.
    Transformer(Region, String),
    /// Our key in a region.
    Key(Region),
}

impl View {
    /// Creates a view of these trails with nothing else read yet.
    #[must_use]
    pub fn of(feeds: Seen<Vec<Feed>>) -> Self {
        let (alarms, named, topics) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (listeners, mute_rules, transformers) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { feeds, alarms, named, topics, listeners, mute_rules, transformers, keys: BTreeMap::new() }
    }
}

impl Feed {
    /// Returns the account that owns the trail.
    #[must_use]
    pub fn account(&self) -> &str {
        Arn::parse(&self.trail).map_or("", |arn| arn.account)
    }

    /// Returns the trail's home region, where its log group is.
    #[must_use]
    pub fn home(&self) -> Option<Region> {
        Region::of_arn(&self.trail)
    }
}
