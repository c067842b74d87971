//! View of one trail, of its dependencies, and of the account's other trails.

use super::change::Change;
use super::closed::deliver_to;
use super::encryptable::ReplicationRule;
use super::managed::{MANAGED_GROUP, managed_bucket};
use super::notices::Notices;
use super::notices::step::NoticeStep;
use crate::documents::selectors::Selectors;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::managed::key::step::KeyStep;
use crate::managed::key::{KeyView, behind};
use crate::managed::log_group::LogGroup;
use crate::managed::log_group::step::GroupStep;
use crate::managed::role::Role;
use crate::managed::role::step::RoleStep;
use crate::model::{Call, Place, Seen, Subject};
use crate::record::{DeliveryErrors, Facts, TrailBucket, TrailFiles};
use serde_json::Value;

/// Trail, with everything that its controls need to know.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct View {
    /// Trail to judge. If it does not exist, `exists` is false and the rest is its initial state.
    pub trail: TrailState,
    /// Other trails of the account, as far as needed to determine whether one of them covers the account.
    pub others: Seen<Vec<Facts>>,
    /// What the organization trails deliver to that are visible in the region.
    pub organization: Vec<TrailFiles>,
    /// Our resources for trails, which a fix would use.
    pub managed: TrailResources,
}

/// Complete state of one trail.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct TrailState {
    /// Whether the trail exists.
    pub exists: bool,
    /// Facts that are known of every trail.
    pub facts: Facts,
    /// Whether digest files prove that the log files were not changed.
    pub validation: bool,
    /// KMS key, as read; absent if none is set or it is gone.
    pub key: Seen<KeyView>,
    /// Delivery to CloudWatch Logs.
    pub logs: Logs,
    /// SNS topic.
    pub topic: Option<String>,
}

impl TrailState {
    /// Returns the initial state of a trail that does not exist.
    #[must_use]
    pub fn missing(subject: &Subject) -> Self {
        Self {
            exists: false,
            facts: Facts {
                arn: subject.arn.clone(),
                multi_region: false,
                organization: false,
                logging: Seen::Present(false),
                selectors: Seen::Present(Selectors::default()),
                bucket: TrailBucket::ThisAccount(subject.place.region.clone()),
                errors: Some(DeliveryErrors::default()),
                files: TrailFiles { bucket: managed_bucket(&subject.place), ..TrailFiles::default() },
            },
            validation: false,
            key: Seen::Absent,
            logs: Logs {
                group_arn: None,
                group: Seen::Absent,
                role_arn: None,
                role: Seen::Absent,
                organization: Seen::NotAsked,
            },
            topic: None,
        }
    }
}

/// Delivery from a trail to CloudWatch Logs. CloudTrail accepts log group and role only together.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Logs {
    /// ARN of the log group, ending in `:*`.
    pub group_arn: Option<String>,
    /// Log group, as read; absent if none is set or it is gone.
    pub group: Seen<LogGroup>,
    /// ARN of the role.
    pub role_arn: Option<String>,
    /// Role, as read; absent if none is set or it is gone.
    pub role: Seen<Role>,
    /// Id of the organization whose events an organization trail of this account delivers; not asked for any other.
    pub organization: Seen<String>,
}

/// Our resources for trails, as read. Those that no fix would use were not read.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct TrailResources {
    /// Key behind [`MANAGED_KEY`] in the bucket's region.
    pub key: Seen<KeyView>,
    /// Policy of the trail's bucket: its readers must be able to decrypt.
    pub bucket_policy: Seen<Value>,
    /// Enabled replication rules of the trail's bucket: a key may end the copies.
    pub replication: Seen<Vec<ReplicationRule>>,
    /// Log group [`MANAGED_GROUP`] in the trail's home region.
    pub group: Seen<LogGroup>,
    /// Role with one of the names in [`MANAGED_ROLES`](super::managed::MANAGED_ROLES).
    pub role: Seen<Role>,
    /// Whether the first of these names is somebody else's, so that our role has the second.
    pub role_taken: bool,
    /// Name of the bucket of the trail that Trailkeeper would create; empty if none was chosen.
    pub name: String,
    /// That bucket, with its policy.
    pub bucket: Seen<Seen<Value>>,
    /// Why buckets with an earlier name of ours are not used.
    pub passed: Vec<String>,
    /// Announcements of delivered files; `None` if they were not read.
    pub notices: Option<Notices>,
}

impl View {
    /// Returns the name of the bucket of our own trail.
    pub(super) fn managed_bucket(&self, place: &Place) -> String {
        Some(&self.managed.name).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| managed_bucket(place))
    }
}

/// Effects of the calls of [`Step`](super::Step).
impl View {
    pub(super) fn change_trail(&mut self, change: &Change) {
        let Change { bucket, multi_region, validation, key, logs, topic } = change;
        let trail = &mut self.trail;
        if let Some(to) = bucket {
            deliver_to(&mut trail.facts, to);
        }
        trail.facts.multi_region = multi_region.unwrap_or(trail.facts.multi_region);
        trail.validation = validation.unwrap_or(trail.validation);
        if let Some(key) = key {
            trail.facts.files.key_id = Some(key.id.clone()).filter(|id| !id.is_empty());
            trail.key = behind(&self.managed.key, &key.id);
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
        // The trail's own key has an ARN of its own: only steps on that ARN affect it.
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

    pub(super) fn change_managed_group(&mut self, step: GroupStep) {
        if self.trail.logs.group_arn.as_deref().is_some_and(|arn| arn.ends_with(&format!(":{MANAGED_GROUP}:*"))) {
            step.effect(&mut self.trail.logs.group);
        }
        step.effect(&mut self.managed.group);
    }

    pub(super) fn change_managed_role(&mut self, step: &RoleStep) {
        if let RoleStep::Create { arn, .. } = step {
            if self.trail.logs.role_arn.as_ref() == Some(arn) {
                step.effect(&mut self.trail.logs.role);
            }
            return step.effect(&mut self.managed.role);
        }
        for seen in [&mut self.managed.role, &mut self.trail.logs.role] {
            if seen.present().is_some_and(|role| step.is_on(&role.arn)) {
                step.effect(seen);
            }
        }
    }
}
