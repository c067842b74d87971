//! Calls that repair a trail, or create the account's first.

use super::change::Change;
use super::closed::deliver_to;
use super::notices::step::NoticeStep;
use super::view::View;
use crate::documents::selectors::Selectors;
use crate::managed::bucket::step::BucketStep;
use crate::managed::key::step::KeyStep;
use crate::managed::log_group::step::GroupStep;
use crate::managed::role::step::RoleStep;
use crate::model::{self, Call, CallError, Place, Property, Seen};
use crate::settings::flow_logs::BucketName;
use serde_json::{Value, json};
use std::fmt;

/// Call with all its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Call that creates or completes the bucket of our own trail.
    Bucket(BucketStep),
    /// Call that creates or repairs our key.
    Key(KeyStep),
    /// Call that creates or repairs the key of the topic and queue that announce deliveries.
    NoticesKey(KeyStep),
    /// Call that creates or repairs the topic or queue that announce deliveries.
    Notice(NoticeStep),
    /// Call that creates or completes our log group.
    Group(GroupStep),
    /// Call that creates or repairs our role.
    Role(RoleStep),
    /// Call that creates or changes the trail.
    Trail(TrailStep),
}

/// Call that creates or changes a trail.
#[derive(Debug, Clone, PartialEq)]
pub enum TrailStep {
    /// `cloudtrail:CreateTrail`.
    Create {
        /// ARN that the trail will have.
        trail: String,
        /// Name of the bucket.
        bucket: String,
        /// Settings of the new trail.
        change: Change,
    },
    /// `cloudtrail:UpdateTrail` with only the settings that change.
    Update {
        /// ARN of the trail.
        trail: String,
        /// Settings to change.
        change: Change,
        /// Current values of the same settings.
        replaces: Change,
    },
    /// `cloudtrail:PutEventSelectors` of the kind that the trail has, complete.
    PutSelectors {
        /// ARN of the trail.
        trail: String,
        /// Complete selectors to put.
        selectors: Selectors,
        /// Current selectors.
        replaces: Selectors,
    },
    /// `cloudtrail:StartLogging`.
    StartLogging {
        /// ARN of the trail.
        trail: String,
        /// Whether the same plan creates the trail.
        new: bool,
    },
}

impl fmt::Display for TrailStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { trail, bucket, change } => {
                write!(f, "create trail {trail} into bucket {bucket} with {change}")
            }
            Self::Update { trail, change, replaces: _ } => write!(f, "set trail {trail} to {change}"),
            Self::PutSelectors { trail, selectors: _, replaces: _ } => {
                write!(f, "add all management events to the selectors of trail {trail}")
            }
            Self::StartLogging { trail, new: _ } => write!(f, "start logging on trail {trail}"),
        }
    }
}

impl Call for TrailStep {
    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::Create { .. } => &["cloudtrail:CreateTrail", "cloudtrail:AddTags", "iam:PassRole"],
            // AWS asks for the last one where the trail is an organization's.
            Self::Update { .. } => {
                &["cloudtrail:UpdateTrail", "iam:PassRole", "organizations:ListAWSServiceAccessForOrganization"]
            }
            Self::PutSelectors { .. } => &["cloudtrail:PutEventSelectors"],
            Self::StartLogging { .. } => &["cloudtrail:StartLogging"],
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::StartLogging { new: false, .. } => 0,
            Self::PutSelectors { .. } => 1,
            Self::Create { .. } | Self::Update { .. } => 50,
            Self::StartLogging { new: true, .. } => 60,
        }
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::Update { replaces, .. } => Some(replaces.members()),
            Self::PutSelectors { replaces, .. } => Some(replaces.members()),
            Self::StartLogging { .. } => Some(json!({ "IsLogging": false })),
            Self::Create { .. } => None,
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::Create { trail: _, bucket, change } => {
                json!({ "S3BucketName": bucket, "Settings": change.members() })
            }
            Self::Update { change, .. } => change.members(),
            Self::PutSelectors { selectors, .. } => selectors.members(),
            Self::StartLogging { .. } => json!({ "IsLogging": true }),
        }
    }

    fn property(&self, _: &Place) -> Property {
        match self {
            Self::Create { trail, .. } => Property::Trail { arn: trail.clone() },
            Self::Update { trail, .. } => Property::TrailSettings { arn: trail.clone() },
            Self::PutSelectors { trail, .. } => Property::TrailSelectors { arn: trail.clone() },
            Self::StartLogging { trail, .. } => Property::TrailLogging { arn: trail.clone() },
        }
    }

    /// Returns whether the failure may be due to propagation. Newly created roles and policies are not visible
    /// everywhere yet: CloudTrail reports that with these two codes and messages. The same response for an old role is
    /// meant literally, and becomes final after a minute.
    fn retries_on(&self, error: &CallError) -> bool {
        let writes_trail = matches!(self, Self::Create { .. } | Self::Update { .. });
        let spreading = ["InvalidCloudWatchLogsRoleArnException", "InvalidCloudWatchLogsLogGroupArnException"];
        writes_trail && spreading.contains(&error.code.as_str()) && error.message.contains("Access denied")
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        model::Step::call(self).fmt(f)
    }
}

impl model::Step for Step {
    type View = View;

    fn call(&self) -> &dyn Call {
        match self {
            Self::Bucket(step) => step,
            Self::Key(step) | Self::NoticesKey(step) => step,
            Self::Notice(step) => step,
            Self::Group(step) => step,
            Self::Role(step) => step,
            Self::Trail(step) => step,
        }
    }

    /// Returns the rank. Logging comes first of all, except for a trail that is still to be created; and dependencies
    /// of a trail come before it. Log group and role are created before the key: if two runs start at the same moment,
    /// only one can create the log group, and the other reads again before it would create a second key, which is named
    /// only afterwards.
    fn rank(&self) -> u8 {
        match self {
            Self::Bucket(step) => 10 + step.rank(),
            Self::Group(step) => 20 + step.rank(),
            Self::Role(step) => 22 + step.rank(),
            Self::Key(step) => 30 + step.rank(),
            Self::NoticesKey(step) => 34 + step.rank(),
            Self::Notice(step) => 40 + step.rank(),
            Self::Trail(step) => step.rank(),
        }
    }

    fn absorb(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Trail(step), Self::Trail(other)) => step.absorb(other),
            _ => false,
        }
    }

    fn effect(&self, view: &mut View) {
        match self {
            Self::Bucket(step) => view.change_managed_bucket(step),
            Self::Key(step) => view.change_managed_key(step),
            Self::NoticesKey(step) => view.change_notices_key(step),
            Self::Notice(step) => view.change_notices(step),
            Self::Group(step) => view.change_managed_group(*step),
            Self::Role(step) => view.change_managed_role(step),
            Self::Trail(step) => view.change_by(step),
        }
    }

    /// Returns whether the failure may be due to propagation, which affects only calls on the trail itself.
    fn retries_on(&self, error: &CallError) -> bool {
        matches!(self, Self::Trail(step) if step.retries_on(error))
    }
}

impl TrailStep {
    fn absorb(&mut self, other: &Self) -> bool {
        match (&mut *self, other) {
            (Self::Update { trail, change, replaces }, Self::Update { trail: same, change: more, replaces: had })
                if trail == same =>
            {
                change.absorb(more) && replaces.absorb(had)
            }
            (
                Self::Create { trail, change, .. },
                Self::Create { trail: same, change: more, .. } | Self::Update { trail: same, change: more, .. },
            ) if trail == same => change.absorb(more),
            (Self::Update { trail, change, .. }, Self::Create { trail: same, bucket, change: more })
                if trail == same =>
            {
                let mut whole = change.clone();
                let fits = whole.absorb(more);
                if fits {
                    *self = Self::Create { trail: same.clone(), bucket: bucket.clone(), change: whole };
                }
                fits
            }
            _ => false,
        }
    }
}

impl View {
    fn change_by(&mut self, step: &TrailStep) {
        match step {
            TrailStep::Create { trail: _, bucket, change } => {
                self.trail.exists = true;
                let ours = BucketName { name: bucket.clone(), prefix: String::new() };
                deliver_to(&mut self.trail.facts, &ours);
                self.change_trail(change);
            }
            TrailStep::Update { change, .. } => self.change_trail(change),
            TrailStep::PutSelectors { selectors, .. } => {
                self.trail.facts.selectors = Seen::Present(selectors.clone());
            }
            TrailStep::StartLogging { .. } => self.trail.facts.logging = Seen::Present(true),
        }
    }
}
