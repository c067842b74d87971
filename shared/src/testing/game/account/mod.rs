//! One AWS account in memory, as AWS keeps it: all families look at it, and a change by one is seen by the others.

mod delivery;
mod permits;
mod reads;
mod start;
mod writes;

pub(crate) use delivery::expiry;
pub(crate) use permits::{Asked, permits};
pub(crate) use reads::Owned;
pub(crate) use start::{BUCKET, PLANTED, SERVER, THEIRS, VPC, settings};
pub(crate) use writes::refused;

use crate::documents::selectors::Selectors;
use crate::exemption::Tags;
use crate::families::bucket::BucketConfig;
use crate::families::monitoring::{Alarm, Filter, MuteRule};
use crate::families::recorder::{Channel, RecorderView};
use crate::families::vpc::Traffic;
use crate::managed::key::grant::KeyGrant;
use crate::managed::log_group::LogSubscription;
use crate::managed::log_group::account_policy::AccountPolicy;
use crate::managed::role::Role;
use crate::managed::topic::Subscription;
use crate::model::Region;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The account that is played for, and the one of the intruder.
pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const OTHER: &str = "999999999999";

/// Everything in the account that its record depends on. Buckets of others are in it, too: names are global.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AwsAccount {
    /// Trails by ARN.
    pub(crate) trails: BTreeMap<String, TrailHere>,
    pub(crate) buckets: BTreeMap<String, BucketHere>,
    /// Keys by ARN, and the ARN of the key behind the ARN of each alias.
    pub(crate) keys: BTreeMap<String, KeyHere>,
    pub(crate) aliases: BTreeMap<String, String>,
    /// Roles by ARN.
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) groups: BTreeMap<(Region, String), GroupHere>,
    /// Policies for every log group of the home region.
    pub(crate) group_policies: Vec<AccountPolicy>,
    pub(crate) alarms: BTreeMap<(Region, String), Alarm>,
    /// Mute rules of each alarm, in the home region.
    pub(crate) mute_rules: BTreeMap<String, Vec<MuteRule>>,
    /// Topics by ARN.
    pub(crate) topics: BTreeMap<String, TopicHere>,
    pub(crate) config: BTreeMap<Region, ConfigHere>,
    /// Tags of each VPC, in the home region.
    pub(crate) vpcs: BTreeMap<String, Tags>,
    pub(crate) flow_logs: Vec<FlowLogHere>,
    pub(crate) servers: BTreeMap<String, ServerHere>,
    /// Parts of Trailkeeper that an intruder has turned off.
    pub(crate) cut: BTreeSet<Cut>,
    /// Number of things made so far, for ids.
    pub(crate) made: usize,
}

#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "CloudTrail has these switches")]
pub(crate) struct TrailHere {
    pub(crate) multi_region: bool,
    pub(crate) global_events: bool,
    pub(crate) logging: bool,
    pub(crate) selectors: Selectors,
    pub(crate) bucket: String,
    pub(crate) prefix: String,
    pub(crate) key: Option<String>,
    pub(crate) validation: bool,
    pub(crate) logs: Option<(String, String)>,
    pub(crate) topic: Option<String>,
    pub(crate) tags: Tags,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BucketHere {
    pub(crate) owner: &'static str,
    pub(crate) config: BucketConfig,
    pub(crate) versioned: bool,
    pub(crate) tags: Tags,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeyHere {
    pub(crate) state: &'static str,
    pub(crate) policy: Value,
    pub(crate) grants: Vec<KeyGrant>,
    pub(crate) rotates: bool,
    pub(crate) description: &'static str,
    pub(crate) tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct GroupHere {
    pub(crate) retention: Option<u32>,
    pub(crate) filters: Vec<Filter>,
    pub(crate) subscriptions: Vec<LogSubscription>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TopicHere {
    pub(crate) policy: Value,
    pub(crate) key: Option<String>,
    pub(crate) subscriptions: Vec<Subscription>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ConfigHere {
    pub(crate) recorder: Option<RecorderView>,
    pub(crate) channel: Option<Channel>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FlowLogHere {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) managed: bool,
    pub(crate) in_place: bool,
    pub(crate) traffic: Traffic,
    pub(crate) to: FlowLogTo,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FlowLogTo {
    Group { name: String, role: String },
    Elsewhere(String),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ServerHere {
    pub(crate) role: Option<String>,
    pub(crate) tags: Tags,
}

/// Part of Trailkeeper that was turned off.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cut {
    /// Rule of the default bus that wakes a function.
    Rule(String),
    /// Schedule that wakes a function.
    Schedule(String),
    /// Function, by its code, settings, concurrency or rights.
    Function(String),
    /// Topic of the reports.
    Reports,
}

/// The region that Trailkeeper runs in, and another one.
pub(crate) fn home() -> Region {
    Region::first()
}

pub(crate) fn away() -> Region {
    Region::parse("eu-west-1").expect("a region")
}
