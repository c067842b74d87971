//! What is read of one trail, of what it leans on, and of the account's other trails.

use super::change::Change;
use super::managed::{MANAGED_GROUP, MANAGED_ROLE};
use super::notices::Notices;
use super::notices::step::NoticeStep;
use crate::documents::selectors::Selectors;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::managed::key::KeyView;
use crate::managed::key::step::KeyStep;
use crate::managed::log_group::LogGroup;
use crate::managed::role::Role;
use crate::managed::role::step::RoleStep;
use crate::model::{Arn, Call, Place, Region, Seen};
use serde_json::Value;

/// One trail, with what its controls need to know.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The trail. Where it does not exist, [`TrailState::exists`] is false and the rest is what it would begin with.
    pub trail: TrailState,
    /// The account's other trails, as far as they had to be looked at to say whether one of them covers the account.
    pub others: Seen<Vec<Facts>>,
    /// What a fix would build on.
    pub managed: TrailResources,
}

/// What every trail is judged by when one is sought that covers the account.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Its ARN, which names its home region and its account.
    pub arn: String,
    /// Whether it records every region.
    pub multi_region: bool,
    /// Whether it is an organization's.
    pub organization: bool,
    /// Whether it is logging.
    pub logging: Seen<bool>,
    /// What it records.
    pub selectors: Seen<Selectors>,
    /// Where its bucket is.
    pub bucket: TrailBucket,
    /// What S3 last said when a log file could not be delivered.
    pub delivery_error: Option<String>,
}

/// Where a trail's bucket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrailBucket {
    /// In this account, in this region.
    TrailResources(Region),
    /// In another account, or we may neither look at it nor list the account's own.
    Closed,
    /// Nowhere.
    Gone,
    /// It was not asked for.
    NotAsked,
}

/// One trail in full.
#[derive(Debug, Clone, PartialEq)]
pub struct TrailState {
    /// Whether there is one.
    pub exists: bool,
    /// What it shares with all others.
    pub facts: Facts,
    /// The name of its bucket.
    pub bucket: String,
    /// Whether digest files prove that its log files were not changed.
    pub validation: bool,
    /// Its KMS key, as `CloudTrail` names it.
    pub key_id: Option<String>,
    /// That key; absent where none is set or it is gone.
    pub key: Seen<KeyView>,
    /// The log group and the role that it writes there with.
    pub logs: Logs,
    /// Its SNS topic.
    pub topic: Option<String>,
}

/// The way from a trail to `CloudWatch` Logs. `CloudTrail` takes group and role only together.
#[derive(Debug, Clone, PartialEq)]
pub struct Logs {
    /// The ARN of the log group, with `:*` at its end.
    pub group_arn: Option<String>,
    /// That group; absent where none is set or it is gone.
    pub group: Seen<LogGroup>,
    /// The ARN of the role.
    pub role_arn: Option<String>,
    /// That role; absent where none is set or it is gone.
    pub role: Seen<Role>,
}

/// What we make for trails, as it is now. What no fix would build on was not looked at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrailResources {
    /// The key behind [`MANAGED_KEY`] in the bucket's region.
    pub key: Seen<KeyView>,
    /// The policy of the trail's bucket: who reads there must be able to decrypt.
    pub bucket_policy: Seen<Value>,
    /// [`MANAGED_GROUP`] in the trail's home region.
    pub group: Seen<LogGroup>,
    /// [`MANAGED_ROLE`].
    pub role: Seen<Role>,
    /// The bucket of the trail that we would make, with its policy.
    pub bucket: Seen<Seen<Value>>,
    /// What tells of delivered files; `None` where it was not looked at.
    pub notices: Option<Notices>,
}

impl Facts {
    /// The name of the trail.
    #[must_use]
    pub fn name(&self) -> &str {
        Arn::parse(&self.arn).map_or(self.arn.as_str(), |arn| arn.name())
    }

    /// The region in which alone it can be changed.
    #[must_use]
    pub fn home(&self) -> Option<Region> {
        Region::of_arn(&self.arn)
    }

    /// Why we never write to it, if so.
    #[must_use]
    pub fn closed(&self, place: &Place) -> Option<String> {
        let account = Arn::parse(&self.arn).map_or("", |arn| arn.account);
        if account != place.account {
            return Some(format!(
                "it is an organization trail of account {account}, and only that account can change \
                                 it"
            ));
        }
        match self.bucket {
            TrailBucket::TrailResources(_) | TrailBucket::NotAsked => None,
            TrailBucket::Closed => Some(
                "its bucket belongs to another account or cannot be read, so Trailkeeper leaves the trail alone".into(),
            ),
            TrailBucket::Gone => {
                Some("its bucket does not exist, so CloudTrail rejects every change to the trail".into())
            }
        }
    }
}

/// What the calls of [`Step`](super::Step) change.
impl View {
    pub(super) fn change_trail(&mut self, change: &Change) {
        let Change { multi_region, validation, key, logs, topic } = change;
        let trail = &mut self.trail;
        trail.facts.multi_region = multi_region.unwrap_or(trail.facts.multi_region);
        trail.validation = validation.unwrap_or(trail.validation);
        if let Some(key) = key {
            trail.key_id = Some(key.id.clone()).filter(|id| !id.is_empty());
            let managed = self.managed.key.present().filter(|managed| managed.arn == key.id);
            trail.key = managed.cloned().map_or(Seen::Absent, Seen::Present);
        }
        if let Some((group, role)) = logs {
            if trail.logs.group_arn.as_ref() != Some(group) {
                trail.logs.group_arn = Some(group.clone());
                trail.logs.group = self.managed.group.clone();
            }
            if trail.logs.role_arn.as_ref() != Some(role) {
                trail.logs.role_arn = Some(role.clone());
                trail.logs.role = self.managed.role.clone();
            }
        }
        if let Some(topic) = topic {
            trail.topic = Some(topic.clone()).filter(|topic| !topic.is_empty());
        }
    }

    pub(super) fn change_managed_bucket(&mut self, step: &BucketStep) {
        match (&step.act, &mut self.managed.bucket) {
            (Act::Create, bucket) => *bucket = Seen::Present(Seen::Absent),
            (Act::PutPolicy { .. }, Seen::Present(policy)) => *policy = Seen::Present(step.after()),
            (Act::PutPolicy { .. } | Act::Encrypt | Act::Block { .. }, _) => {}
        }
    }

    pub(super) fn change_managed_key(&mut self, step: &KeyStep) {
        step.effect(&mut self.managed.key);
        // The trail's own key has an ARN of its own: only what is about that one concerns it.
        if !matches!(step, KeyStep::Create { .. } | KeyStep::Name { .. }) {
            step.effect(&mut self.trail.key);
        }
    }

    pub(super) fn change_notices(&mut self, step: &NoticeStep) {
        if let Some(notices) = &mut self.managed.notices {
            step.effect(notices);
        }
    }

    pub(super) fn change_notices_key(&mut self, step: &KeyStep) {
        let Some(notices) = &mut self.managed.notices else { return };
        step.effect(&mut notices.key);
        if let (Seen::Present(topic), false) = (&mut notices.topic, matches!(step, KeyStep::Name { .. })) {
            step.effect(&mut topic.key);
        }
    }

    pub(super) fn change_managed_group(&mut self, group: &LogGroup) {
        if self.trail.logs.group_arn.as_deref().is_some_and(|arn| arn.ends_with(&format!(":{MANAGED_GROUP}:*"))) {
            self.trail.logs.group = Seen::Present(group.clone());
        }
        self.managed.group = Seen::Present(group.clone());
    }

    pub(super) fn change_managed_role(&mut self, step: &RoleStep) {
        if let RoleStep::Create { arn, .. } = step {
            if self.trail.logs.role_arn.as_ref() == Some(arn) {
                step.effect(&mut self.trail.logs.role);
            }
            return step.effect(&mut self.managed.role);
        }
        for seen in [&mut self.managed.role, &mut self.trail.logs.role] {
            if seen.present().is_some_and(|role| role.arn.ends_with(MANAGED_ROLE)) {
                step.effect(seen);
            }
        }
    }
}
