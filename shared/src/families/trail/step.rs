//! The calls that repair a trail, or make the account's first.

use super::change::Change;
use super::notices::step::NoticeStep;
use super::view::View;
use crate::documents::selectors::Selectors;
use crate::managed::bucket::step::BucketStep;
use crate::managed::key::step::KeyStep;
use crate::managed::log_group::step::GroupStep;
use crate::managed::role::step::RoleStep;
use crate::model::{self, Call, CallError, Seen};
use serde_json::{Value, json};
use std::fmt;

/// One call, with all its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// A call that makes or completes the bucket of our own trail.
    Bucket(BucketStep),
    /// A call that makes or repairs our key.
    Key(KeyStep),
    /// A call that makes or repairs the key of what tells of deliveries.
    NoticesKey(KeyStep),
    /// A call that makes or repairs what tells of deliveries.
    Notice(NoticeStep),
    /// A call that makes or completes our log group.
    Group(GroupStep),
    /// A call that makes or repairs our role.
    Role(RoleStep),
    /// A call that makes the trail, or changes it.
    Trail(TrailStep),
}

/// One call that makes a trail, or changes it.
#[derive(Debug, Clone, PartialEq)]
pub enum TrailStep {
    /// `cloudtrail:CreateTrail`.
    Create {
        /// The ARN that it will have.
        trail: String,
        /// Its bucket.
        bucket: String,
        /// How it is set up.
        change: Change,
    },
    /// `cloudtrail:UpdateTrail` with what changes and nothing else.
    Update {
        /// The trail's ARN.
        trail: String,
        /// What changes.
        change: Change,
        /// The same settings as they are.
        replaces: Change,
    },
    /// `cloudtrail:PutEventSelectors` of the kind that the trail has, complete.
    PutSelectors {
        /// The trail's ARN.
        trail: String,
        /// All of them.
        selectors: Selectors,
        /// All that there are.
        replaces: Selectors,
    },
    /// `cloudtrail:StartLogging`.
    StartLogging {
        /// The trail's ARN.
        trail: String,
        /// Whether the trail is made in the same plan.
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
            Self::Update { .. } => &["cloudtrail:UpdateTrail", "iam:PassRole"],
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

    fn undo(&self) -> String {
        match self {
            Self::Create { trail, .. } => format!("aws cloudtrail delete-trail --name {trail}"),
            Self::Update { trail, replaces, .. } => {
                format!("aws cloudtrail update-trail --name {trail} {}", replaces.options())
            }
            Self::PutSelectors { trail, .. } => format!(
                "aws cloudtrail put-event-selectors --trail-name {trail} (with the previous selectors, from this \
                 report)"
            ),
            Self::StartLogging { trail, .. } => format!("aws cloudtrail stop-logging --name {trail}"),
        }
    }

    /// A role or its policy that was made a moment ago is not known everywhere yet: `CloudTrail` says so with these two
    /// codes and these words. The same answer for an old role means what it says, and comes through after a minute.
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

    /// To record comes first of all, but for a trail that is yet to be made; and what a trail leans on comes before it.
    /// Of what is made, group and role come before the key: of two runs at the same moment only one can make a group,
    /// and the other looks again before it would make a second key, whose name is only given afterwards.
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
            Self::Group(step) => view.change_managed_group(&step.group()),
            Self::Role(step) => view.change_managed_role(step),
            Self::Trail(step) => view.change_by(step),
        }
    }

    /// Only what is set on the trail itself waits for what has not spread yet.
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
                self.trail.bucket.clone_from(bucket);
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
