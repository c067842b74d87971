//! What is read of an account's alarms: the trails that feed log groups, their metric filters, the alarms on the
//! filters' metrics, and the topics that the alarms tell.

use super::alarm::Alarm;
use super::filter::Filter;
use crate::documents::selectors::Selectors;
use crate::managed::key::KeyView;
use crate::managed::topic::Topic;
use crate::model::{Arn, Region, Seen};
use std::collections::BTreeMap;

/// As much of an account as was asked for. What is in none of the maps was not read.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The multi-region trails.
    pub feeds: Seen<Vec<Feed>>,
    /// The alarms on a metric, metric maths aside.
    pub alarms: BTreeMap<(Region, Metric), Seen<Vec<Alarm>>>,
    /// The alarms with names of ours.
    pub named: BTreeMap<(Region, String), Seen<Alarm>>,
    /// Topics, by ARN.
    pub topics: BTreeMap<String, Seen<Topic>>,
    /// Our key of a region.
    pub keys: BTreeMap<Region, Seen<KeyView>>,
}

/// A multi-region trail and where it leads.
#[derive(Debug, Clone, PartialEq)]
pub struct Feed {
    /// Its ARN, which names its account and its home region.
    pub trail: String,
    /// Whether it is logging.
    pub logging: Seen<bool>,
    /// What it records.
    pub selectors: Seen<Selectors>,
    /// The ARN of its log group, with `:*` at its end.
    pub group_arn: Option<String>,
    /// That group; absent where none is set or it is gone.
    pub group: Seen<LogGroupView>,
}

/// A log group that a trail feeds.
#[derive(Debug, Clone, PartialEq)]
pub struct LogGroupView {
    /// Its name.
    pub name: String,
    /// `logGroupClass`, such as `STANDARD`.
    pub class: String,
    /// Its metric filters, by name.
    pub filters: Seen<Vec<Filter>>,
}

/// What a filter counts and an alarm watches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What has to be read before more can be said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// The alarms on this metric.
    Alarms(Region, Metric),
    /// The alarms with names of ours.
    Named(Region),
    /// This topic.
    Topic(String),
    /// Our key of this region.
    Key(Region),
}

impl View {
    /// A view of these trails and nothing else so far.
    #[must_use]
    pub fn of(feeds: Seen<Vec<Feed>>) -> Self {
        let (alarms, named) = (BTreeMap::new(), BTreeMap::new());
        Self { feeds, alarms, named, topics: BTreeMap::new(), keys: BTreeMap::new() }
    }
}

impl Feed {
    /// The account that the trail belongs to.
    #[must_use]
    pub fn account(&self) -> &str {
        Arn::parse(&self.trail).map_or("", |arn| arn.account)
    }

    /// The trail's home region, where its log group is.
    #[must_use]
    pub fn home(&self) -> Option<Region> {
        Region::of_arn(&self.trail)
    }
}
