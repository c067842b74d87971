//! What is read of one VPC: whose it is, its own flow logs, and what those lean on.

use super::managed::{MANAGED_GROUP, MANAGED_ROLE};
use crate::exemption::Tags;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::managed::log_group::LogGroup;
use crate::managed::role::Role;
use crate::managed::role::step::RoleStep;
use crate::model::{Call, Region, Seen};
use crate::settings::flow_logs::Traffic;
use serde_json::Value;

/// One VPC.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The account that owns it. A shared VPC is seen by accounts that do not.
    pub owner: String,
    /// Its tags.
    pub tags: Tags,
    /// The flow logs of the VPC itself; those of its subnets and interfaces are no matter.
    pub flow_logs: Vec<FlowLog>,
    /// What a fix would build on.
    pub managed: FlowLogResources,
}

/// One flow log.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowLog {
    /// Its id.
    pub id: String,
    /// Whether it carries our tag.
    pub managed: bool,
    /// Whether we made it in place of one that failed.
    pub in_place: bool,
    /// Whether its status is `ACTIVE`.
    pub active: bool,
    /// What it takes in.
    pub traffic: Traffic,
    /// Where it writes.
    pub destination: FlowLogDestination,
    /// What AWS says of its deliveries.
    pub delivery: FlowLogDelivery,
}

/// Where a flow log writes.
#[derive(Debug, Clone, PartialEq)]
pub enum FlowLogDestination {
    /// A log group.
    Group {
        /// Its name.
        name: String,
        /// That group. What it is called in another region or account says nothing, and is not read.
        group: Seen<LogGroup>,
        /// The ARN of the role that it writes with.
        role_arn: String,
        /// That role.
        role: Box<Seen<Role>>,
    },
    /// An S3 bucket or a Firehose stream, by ARN. It needs no role, and AWS tells whether it delivers.
    Elsewhere(String),
}

/// `DeliverLogsStatus`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlowLogDelivery {
    /// Nothing is said yet: for ten minutes and more.
    Untold,
    /// It delivers.
    Success,
    /// It does not; AWS's words.
    Failed(String),
}

/// What we make for flow logs, as it is now; not asked while nothing was to be fixed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FlowLogResources {
    /// [`MANAGED_GROUP`] in the VPC's region.
    pub group: Seen<LogGroup>,
    /// [`MANAGED_ROLE`].
    pub role: Seen<Role>,
    /// The bucket that the settings name; `None` where it was not looked at.
    pub bucket: Option<FlowLogBucket>,
}

/// A bucket that flow logs are to go to.
#[derive(Debug, Clone, PartialEq)]
pub enum FlowLogBucket {
    /// It belongs to this account: its name, region and policy.
    FlowLogResources(String, Region, Seen<Value>),
    /// It belongs to another account, or we may not look at it.
    Closed,
    /// There is none of that name.
    Gone,
}

impl FlowLog {
    /// Whether it writes to this bucket.
    #[must_use]
    pub fn goes_to(&self, bucket: &str) -> bool {
        self.shares(&FlowLogDestination::Elsewhere(bucket.to_owned()))
    }

    /// Whether it writes to where this one would: AWS takes no second one of the same destination.
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

/// What the calls of [`Step`](super::Step) change.
impl View {
    pub(super) fn change_managed_group(&mut self, now: &LogGroup) {
        self.managed.group = Seen::Present(now.clone());
        for flow_log in &mut self.flow_logs {
            if let FlowLogDestination::Group { name, group, .. } = &mut flow_log.destination
                && name == MANAGED_GROUP
            {
                *group = Seen::Present(now.clone());
            }
        }
    }

    pub(super) fn change_managed_role(&mut self, step: &RoleStep) {
        let used = self.flow_logs.iter_mut().filter_map(|flow_log| match &mut flow_log.destination {
            FlowLogDestination::Group { role_arn, role, .. }
                if role_arn.ends_with(&format!(":role/{MANAGED_ROLE}")) =>
            {
                Some(role.as_mut())
            }

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
