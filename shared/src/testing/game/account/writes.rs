//! What Trailkeeper's calls do to things that several families depend on.

use super::reads::PURPOSE;
use super::{ACCOUNT, AwsAccount, BucketHere, GroupHere, KeyHere, TopicHere};
use crate::exemption::{Tags, tags};
use crate::families::bucket::{BucketConfig, Encryption};
use crate::managed::bucket::step::{Act, BucketStep};
use crate::managed::key::step::KeyStep;
use crate::managed::log_group::step::GroupStep;
use crate::managed::role::step::RoleStep;
use crate::managed::role::{Bounds, Role};
use crate::managed::topic::step::TopicStep;
use crate::managed::topic::{Subscription, SubscriptionState};
use crate::model::{Call, CallError, ErrorKind, Region, Seen};
use std::collections::BTreeMap;

/// Makes the error of a call.
pub(crate) fn refused(action: &'static str, code: &str) -> CallError {
    CallError { action, kind: ErrorKind::of(Some(code), None), code: code.to_owned(), message: code.to_owned() }
}

impl AwsAccount {
    /// Returns a number that no other thing has.
    pub(crate) fn number(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    pub(crate) fn put_bucket(&mut self, step: &BucketStep) -> Result<(), CallError> {
        let action = step.actions().first().copied().unwrap_or_default();
        if step.act == Act::Create {
            if self.buckets.contains_key(&step.bucket) {
                return Err(refused(action, "BucketAlreadyOwnedByYou"));
            }
            let config = BucketConfig::new(step.region.clone());
            let new = BucketHere { owner: ACCOUNT, config, versioned: false, tags: Tags::new() };
            self.buckets.insert(step.bucket.clone(), new);
            return Ok(());
        }
        let bucket = self.buckets.get_mut(&step.bucket).filter(|it| it.owner == ACCOUNT);
        let config = &mut bucket.ok_or_else(|| refused(action, "NoSuchBucket"))?.config;
        match &step.act {
            Act::Create => {}
            Act::Encrypt => config.encryption = Seen::Present(Encryption::S3),
            Act::PutPolicy { read, .. } if config.policy.present() != read.as_ref() => {
                return Err(refused(action, "AlreadyExistsException"));
            }
            Act::PutPolicy { .. } => config.policy = Seen::Present(step.after()),
            Act::Block { blocks, .. } => config.blocks = Seen::Present(*blocks),
        }
        Ok(())
    }

    pub(crate) fn put_key(&mut self, step: &KeyStep) -> Result<(), CallError> {
        match step {
            KeyStep::Create { region, alias, policy, purpose, .. } => {
                let arn = format!("arn:aws:kms:{region}:{ACCOUNT}:key/ours-{}", self.number());
                let (policy, tags) = (policy.clone(), tags([(PURPOSE, alias.as_str())]));
                self.keys.insert(
                    arn,
                    KeyHere { state: "Enabled", policy, grants: vec![], rotates: false, description: purpose, tags },
                );
            }
            KeyStep::Name { region, alias, alias_arn, .. } => {
                let start = format!("arn:aws:kms:{region}:");
                let unnamed = self.keys.iter().find(|(arn, key)| {
                    let purpose = key.tags.get(PURPOSE) == Some(alias);
                    arn.starts_with(&start) && purpose && !self.aliases.values().any(|named| named == *arn)
                });
                let arn = unnamed.map(|(arn, _)| arn.clone());
                let arn = arn.ok_or_else(|| refused("kms:CreateAlias", "NotFoundException"))?;
                self.aliases.insert(alias_arn.clone(), arn);
            }
            KeyStep::Rotate { key, .. } => self.with_key(key, "kms:EnableKeyRotation", |it| it.rotates = true)?,
            KeyStep::PutPolicy { key, document, .. } => {
                self.with_key(key, "kms:PutKeyPolicy", |it| it.policy = document.clone())?;
            }
        }
        Ok(())
    }

    fn with_key(&mut self, id: &str, action: &'static str, change: impl FnOnce(&mut KeyHere)) -> Result<(), CallError> {
        let arn = self.resolve(id);
        self.keys.get_mut(&arn).map(change).ok_or_else(|| refused(action, "NotFoundException"))
    }

    pub(crate) fn put_group(&mut self, region: &Region, step: GroupStep) -> Result<(), CallError> {
        match step {
            GroupStep::Create { name } => {
                self.groups.entry((region.clone(), name.to_owned())).or_default();
            }
            GroupStep::Keep { name, days, .. } => {
                let group: Option<&mut GroupHere> = self.groups.get_mut(&(region.clone(), name.to_owned()));
                let group = group.ok_or_else(|| refused("logs:PutRetentionPolicy", "ResourceNotFoundException"))?;
                group.retention = Some(days);
            }
        }
        Ok(())
    }

    pub(crate) fn put_role(&mut self, step: &RoleStep) -> Result<(), CallError> {
        let role_arn = |name: &str| format!("arn:aws:iam::{ACCOUNT}:role/{name}");
        match step {
            RoleStep::Create { arn, trust, .. } => {
                let role = Role {
                    arn: arn.clone(),
                    managed: true,
                    trust: trust.clone(),
                    inline: Seen::Present(BTreeMap::new()),
                    attached: Seen::Present(Vec::new()),
                    boundary: Seen::Absent,
                    bounds: Bounds::default(),
                };
                self.roles.insert(arn.clone(), role);
            }
            RoleStep::Bound { name, .. } => {
                let role = self.roles.get_mut(&role_arn(name)).map(|role| Seen::Present(role.clone()));
                let mut seen = role.ok_or_else(|| refused("iam:PutRolePermissionsBoundary", "NoSuchEntity"))?;
                step.effect(&mut seen);
                self.roles.extend(seen.into_present::<()>().ok().map(|role| (role_arn(name), role)));
            }
            RoleStep::RepairTrust { name, trust, .. } => {
                let role = self.roles.get_mut(&role_arn(name));
                role.ok_or_else(|| refused("iam:UpdateAssumeRolePolicy", "NoSuchEntity"))?.trust = trust.clone();
            }
            RoleStep::PutPolicy { name, policy_name, policy, .. } => {
                let role = self.roles.get_mut(&role_arn(name));
                role.ok_or_else(|| refused("iam:PutRolePolicy", "NoSuchEntity"))?.put_inline(policy_name, policy);
            }
        }
        Ok(())
    }

    pub(crate) fn put_topic(&mut self, step: &TopicStep) -> Result<(), CallError> {
        if let TopicStep::Create { arn, policy, key } = step {
            let key = Some(self.resolve(key));
            self.topics.insert(arn.clone(), TopicHere { policy: policy.clone(), key, subscriptions: vec![] });
            return Ok(());
        }
        let key = if let TopicStep::SetKey { key, .. } = step { self.resolve(key) } else { String::new() };
        let topic = self.topics.get_mut(step.topic()).ok_or_else(|| refused("sns:SetTopicAttributes", "NotFound"))?;
        match step {
            TopicStep::Create { .. } => {}
            TopicStep::PutPolicy { document, .. } => topic.policy = document.clone(),
            TopicStep::SetKey { .. } => topic.key = Some(key),
            TopicStep::Subscribe { protocol, endpoint, .. } => {
                let state = if *protocol == "sqs" { SubscriptionState::Confirmed } else { SubscriptionState::Pending };
                topic.subscriptions.retain(|it| it.endpoint != *endpoint);
                let protocol = (*protocol).to_owned();
                let arn = format!("{}:{endpoint}", step.topic());
                topic.subscriptions.push(Subscription { arn, protocol, endpoint: endpoint.clone(), state });
            }
        }
        Ok(())
    }
}
