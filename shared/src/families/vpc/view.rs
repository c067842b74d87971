//! View of one VPC: its owner, its own flow logs, and what those depend on.

use super::managed::MANAGED_GROUP;
use crate::exemption::Tags;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::managed::log_group::LogGroup;
use crate::managed::log_group::step::GroupStep;
use crate::managed::role::Role;
use crate::managed::role::step::RoleStep;
use crate::model::{Call, Region, Seen};
use crate::settings::flow_logs::Traffic;
use serde_json::Value;
use std::collections::BTreeSet;

/// VPC with its flow logs.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct View {
    /// Account that owns the VPC. A shared VPC is also visible to accounts that do not own it.
    pub owner: String,
    /// Tags of the VPC.
    pub tags: Tags,
    /// Flow logs of the VPC itself; those of its subnets and interfaces do not count.
    pub flow_logs: Vec<FlowLog>,
    /// Our resources for flow logs, which a fix would use.
    pub managed: FlowLogResources,
    /// Names of those buckets of flow logs that belong to other accounts.
    pub foreign_buckets: BTreeSet<String>,
}

/// Flow log, as read.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct FlowLog {
    /// Id of the flow log.
    pub id: String,
    /// Whether the flow log carries our tag.
    pub managed: bool,
    /// Whether Trailkeeper created the flow log to replace a failed one.
    pub in_place: bool,
    /// Whether the status is `ACTIVE`.
    pub active: bool,
    /// Traffic that the flow log records.
    pub traffic: Traffic,
    /// Destination of the flow log.
    pub destination: FlowLogDestination,
    /// Delivery status reported by AWS.
    pub delivery: FlowLogDelivery,
    /// Aggregation interval in seconds.
    pub interval: Option<i32>,
    /// Format of the records.
    pub format: Option<String>,
}

/// Destination of a flow log.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowLogDestination {
    /// CloudWatch log group.
    Group {
        /// Name of the log group.
        name: String,
        /// Log group of that name. One in another region or account is not read.
        group: Seen<LogGroup>,
        /// ARN of the role that the flow log writes with.
        role_arn: String,
        /// Role that the flow log writes with.
        role: Box<Seen<Role>>,
    },
    /// S3 bucket or Firehose stream, by ARN. It needs no role, and AWS reports whether it delivers.
    Elsewhere(String),
}

/// Delivery status, from `DeliverLogsStatus`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowLogDelivery {
    /// Nothing is reported yet, which lasts ten minutes or more.
    Untold,
    /// The delivery succeeded.
    Success,
    /// The delivery failed, with the message of AWS.
    Failed(String),
}

/// Our resources for flow logs, as read; not asked unless something is to be fixed.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct FlowLogResources {
    /// Log group [`MANAGED_GROUP`] in the VPC's region.
    pub group: Seen<LogGroup>,
    /// Role with one of the names in [`MANAGED_ROLES`](super::managed::MANAGED_ROLES).
    pub role: Seen<Role>,
    /// Whether the first of these names is somebody else's, so that our role has the second.
    pub role_taken: bool,
    /// Bucket that the settings name; `None` if it was not read.
    pub bucket: Option<FlowLogBucket>,
}

/// Bucket for flow logs.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlowLogBucket {
    /// The bucket belongs to this account: name, region and policy.
    FlowLogResources(String, Region, Seen<Value>),
    /// The bucket belongs to another account, or we may not access it.
    Closed,
    /// There is no bucket with this name.
    Gone,
}

impl FlowLog {
    /// Returns whether the flow log writes to this bucket.
    #[must_use]
    pub fn goes_to(&self, bucket: &str) -> bool {
        self.shares(&FlowLogDestination::Elsewhere(bucket.to_owned()))
    }

    /// Returns whether the flow log has this destination: AWS allows no second one with the same destination.
    #[must_use]
    pub fn shares(&self, destination: &FlowLogDestination) -> bool {
        match (&self.destination, destination) {
            (FlowLogDestination::Group { name, .. }, FlowLogDestination::Group { name: other, .. }) => name == other,
            (FlowLogDestination::Elsewhere(arn), FlowLogDestination::Elsewhere(other)) => {
                arn.trim_end_matches('/') == other.trim_end_matches('/')
            }
            _ => false,
        }
    }
}

/// Effects of the calls of [`Step`](super::Step).
impl View {
    pub(super) fn change_managed_group(&mut self, step: GroupStep) {
        step.effect(&mut self.managed.group);
        for flow_log in &mut self.flow_logs {
            if let FlowLogDestination::Group { name, group, .. } = &mut flow_log.destination
                && name == MANAGED_GROUP
            {
                step.effect(group);
            }
        }
    }

    pub(super) fn change_managed_role(&mut self, step: &RoleStep) {
        let used = self.flow_logs.iter_mut().filter_map(|flow_log| match &mut flow_log.destination {
            FlowLogDestination::Group { role_arn, role, .. } if step.is_on(role_arn) => Some(role.as_mut()),
            _ => None,
        });
        let made = matches!(step, RoleStep::Create { .. });
        for seen in used.chain([&mut self.managed.role]) {
            if made || seen.present().is_some_and(|role| role.managed) {
                step.effect(seen);
            }
        }
    }

    pub(super) fn change_bucket(&mut self, step: &BucketStep) {
        if let (Act::PutPolicy { .. }, Some(FlowLogBucket::FlowLogResources(_, _, policy))) =
            (&step.act, &mut self.managed.bucket)
        {
            *policy = Seen::Present(step.after());
        }
    }
}
