//! Calls that repair a log bucket, or create the bucket that its access logs go to.

use super::added_rule::AddedRule;
use super::public::is_everybody;
use super::view::{BucketConfig, Encryption, Logging, Notifications, Ownership, Rules, View};
use crate::managed::bucket::name::is_managed_target;
use crate::managed::bucket::step::{ABORTED, Act, BucketStep};
use crate::model::{self, Call, CallError, Place, Property, Seen};
use serde_json::Value;
use std::fmt;

/// Call with all its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Call that creates our target, or repairs what a log bucket shares with other buckets.
    Bucket(BucketStep),
    /// Call that changes the configuration of a log bucket.
    Config(ConfigStep),
}

/// Call that changes the configuration of a log bucket, apart from what it shares with other buckets.
#[derive(Debug, Clone, PartialEq)]
pub enum ConfigStep {
    /// `s3:PutBucketLifecycleConfiguration` of the rules that were read, with rules of ours added.
    AddRule {
        /// Name of the bucket.
        bucket: String,
        /// Current rules.
        read: Option<Rules>,
        /// Rules to add, in a fixed order.
        added: Vec<AddedRule>,
    },
    /// `s3:PutBucketNotificationConfiguration` of the configuration that was read, with `EventBridge` added.
    Announce {
        /// Name of the bucket.
        bucket: String,
        /// Current notification configuration.
        read: Notifications,
    },
    /// `s3:PutBucketLogging`.
    Log {
        /// Name of the bucket whose logging is configured.
        bucket: String,
        /// Logging configuration to set.
        logging: Logging,
        /// Current logging configuration.
        replaces: Option<Logging>,
    },
}

impl Step {
    /// Returns the name of the bucket that the call changes.
    #[must_use]
    pub fn bucket(&self) -> &str {
        match self {
            Self::Bucket(step) => &step.bucket,
            Self::Config(
                ConfigStep::AddRule { bucket, .. }
                | ConfigStep::Announce { bucket, .. }
                | ConfigStep::Log { bucket, .. },
            ) => bucket,
        }
    }

    /// Returns whether the call changes the policy of this bucket.
    pub(super) fn changes_policy_of(&self, name: &str) -> bool {
        let is_policy = |step: &BucketStep| step.bucket == name && matches!(step.act, Act::PutPolicy { .. });
        matches!(self, Self::Bucket(step) if is_policy(step))
    }
}

impl fmt::Display for ConfigStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: Vec<&str>| names.join(", ");
        match self {
            Self::AddRule { bucket, read: _, added } => {
                let ids = added.iter().map(|added_rule| added_rule.id.as_str()).collect();
                write!(f, "add to the lifecycle of bucket {bucket}: {}", list(ids))
            }
            Self::Announce { bucket, read: _ } => write!(f, "have bucket {bucket} notify EventBridge of new files"),
            Self::Log { bucket, logging, replaces: None } => {
                write!(f, "log access to bucket {bucket} into {}/{}", logging.target, logging.prefix)
            }
            Self::Log { bucket, logging, replaces: Some(old) } => {
                write!(f, "log access to bucket {bucket} into {}/{} ", logging.target, logging.prefix)?;
                write!(f, "in place of {}/{}", old.target, old.prefix)
            }
        }
    }
}

impl Call for ConfigStep {
    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::AddRule { .. } => &["s3:PutLifecycleConfiguration"],
            Self::Announce { .. } => &["s3:PutBucketNotification"],
            Self::Log { .. } => &["s3:PutBucketLogging"],
        }
    }

    /// Returns the rank, behind those of the bucket's own calls: S3 may refuse a policy once the block is on, and the target
    /// is ready before logs are sent to it.
    fn rank(&self) -> u8 {
        match self {
            Self::AddRule { .. } => 4,
            Self::Announce { .. } => 5,
            Self::Log { .. } => 6,
        }
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::AddRule { read, .. } => read.as_ref().map(Rules::json),
            Self::Announce { read, .. } => Some(read.json()),
            Self::Log { replaces, .. } => replaces.as_ref().map(Logging::json),
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::AddRule { read, added, .. } => with_added(read.as_ref(), added).json(),
            Self::Announce { read, .. } => Notifications { event_bridge: true, ..read.clone() }.json(),
            Self::Log { logging, .. } => logging.json(),
        }
    }

    fn property(&self, _: &Place) -> Property {
        match self {
            Self::AddRule { bucket, .. } => Property::BucketLifecycle { bucket: bucket.clone() },
            Self::Announce { bucket, .. } => Property::BucketNotifications { bucket: bucket.clone() },
            Self::Log { bucket, .. } => Property::BucketLogging { bucket: bucket.clone() },
        }
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
            Self::Config(step) => step,
        }
    }

    fn effect(&self, view: &mut View) {
        match self {
            Self::Bucket(step) => view.change_bucket(step),
            Self::Config(step) => view.change_config(step),
        }
    }

    fn absorb(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bucket(step), Self::Bucket(other)) => step.absorb(other),
            (Self::Config(step), Self::Config(other)) => step.absorb(other),
            _ => false,
        }
    }

    fn retries_on(&self, error: &CallError) -> bool {
        // A newly created bucket is not visible everywhere yet; only ours can be new.
        let unknown = error.code == "NoSuchBucket" && (is_managed_target(self.bucket()) || self.logs_into_ours());
        unknown || error.code == ABORTED
    }
}

impl Step {
    fn logs_into_ours(&self) -> bool {
        matches!(self, Self::Config(ConfigStep::Log { logging, .. }) if is_managed_target(&logging.target))
    }
}

impl ConfigStep {
    fn absorb(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::AddRule { bucket, read, added }, Self::AddRule { bucket: same, read: equal, added: more })
                if bucket == same && read == equal =>
            {
                added.extend(more.iter().cloned());
                added.sort_by(|one, other| one.id.cmp(&other.id));
                added.dedup();
                true
            }
            _ => false,
        }
    }
}

/// Returns the lifecycle rules of a bucket with these added.
fn with_added(read: Option<&Rules>, added: &[AddedRule]) -> Rules {
    let mut rules = read.cloned().unwrap_or(Rules { rules: Vec::new(), minimum_size: None });
    rules.rules.extend(added.iter().map(AddedRule::json));
    rules
}

impl View {
    fn change_config(&mut self, step: &ConfigStep) {
        match step {
            ConfigStep::AddRule { bucket, read, added } => self.change(bucket, |it| {
                it.rules = Seen::Present(with_added(read.as_ref(), added));
            }),
            ConfigStep::Announce { bucket, read } => {
                let told = Notifications { event_bridge: true, ..read.clone() };
                self.change(bucket, |it| it.notifications = Seen::Present(told));
            }
            ConfigStep::Log { bucket, logging, replaces: _ } => {
                self.change(bucket, |it| it.logging = Seen::Present(logging.clone()));
            }
        }
    }

    fn change_bucket(&mut self, step: &BucketStep) {
        let BucketStep { bucket, region, act } = step;
        match act {
            Act::Create => {
                if !matches!(self.buckets.get(bucket), Some(Ownership::ThisAccount(_))) {
                    let new = Ownership::ThisAccount(Box::new(BucketConfig::new(region.clone())));
                    self.buckets.insert(bucket.clone(), new);
                }
            }
            Act::Encrypt => self.change(bucket, |it| it.encryption = Seen::Present(Encryption::S3)),
            Act::PutPolicy { .. } => self.change(bucket, |it| it.policy = Seen::Present(step.after())),
            Act::Block { blocks, replaces: _ } => self.change(bucket, |it| {
                it.blocks = Seen::Present(*blocks);
                // `GetBucketAcl` returns only grants that S3 honours, not all that are stored.
                if let (true, Seen::Present(grants)) = (blocks.ignore_acls, &mut it.grants) {
                    grants.retain(|grant| !is_everybody(&grant.grantee));
                }
            }),
        }
    }

    fn change(&mut self, bucket: &str, change: impl FnOnce(&mut BucketConfig)) {
        if let Some(Ownership::ThisAccount(config)) = self.buckets.get_mut(bucket) {
            change(config);
        }
    }
}
