//! What Trailkeeper's reads return of things that several families depend on.

use super::{ACCOUNT, AwsAccount};
use crate::managed::key::wanted::ManagedKey;
use crate::managed::key::{KeyNeed, KeyView};
use crate::managed::log_group::LogGroup;
use crate::managed::role::Role;
use crate::managed::role::wanted::ManagedRole;
use crate::managed::topic::Topic;
use crate::model::{Arn, Place, Region, Seen};
use serde_json::Value;

/// Tag that says which alias one of our keys is for.
pub(super) const PURPOSE: &str = "trailkeeper-alias";

/// Owner of a bucket, as it can be found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Owned {
    Here(Region),
    Elsewhere,
    Gone,
}

impl AwsAccount {
    pub(crate) fn locate(&self, bucket: &str) -> Owned {
        match self.buckets.get(bucket) {
            None => Owned::Gone,
            Some(it) if it.owner == ACCOUNT => Owned::Here(it.config.region.clone()),
            Some(_) => Owned::Elsewhere,
        }
    }

    pub(crate) fn bucket_policy(&self, bucket: &str) -> Seen<Value> {
        self.buckets.get(bucket).map_or(Seen::Absent, |it| it.config.policy.clone())
    }

    /// Returns whether a lifecycle rule deletes files of a bucket.
    pub(crate) fn expires(&self, bucket: &str) -> Seen<bool> {
        let rules = self.buckets.get(bucket).and_then(|it| it.config.rules.present());
        Seen::Present(rules.is_some_and(|rules| super::expiry(&rules.rules).is_some()))
    }

    pub(crate) fn group(&self, region: &Region, name: &str) -> Seen<LogGroup> {
        let found = self.groups.get(&(region.clone(), name.to_owned()));
        found.map_or(Seen::Absent, |it| {
            Seen::Present(LogGroup {
                name: name.to_owned(),
                retention: it.retention,
                key: None,
                filters: Seen::Present(it.subscriptions.clone()),
                policies: Seen::Present(self.group_policies.clone()),
            })
        })
    }

    pub(crate) fn role(&self, arn: &str) -> Seen<Role> {
        self.roles.get(arn).map_or(Seen::Absent, |role| Seen::Present(role.clone()))
    }

    /// Returns our role as a reader finds it for something that has this role, and whether its first name is taken.
    pub(crate) fn our_role(
        &self,
        place: &Place,
        wanted: &ManagedRole,
        used: (&str, &Seen<Role>),
    ) -> (Seen<Role>, bool) {
        let [first, second] = wanted.names.map(|name| self.role(&place.role_arn(name)));
        crate::testing::roles::ours(place, wanted, used, [&first, &second])
    }

    /// Returns the ARN of the key that this id means.
    pub(crate) fn resolve(&self, id: &str) -> String {
        self.aliases.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    fn described(&self, id: &str, wanted: &ManagedKey) -> Seen<KeyView> {
        let arn = self.resolve(id);
        let Some(key) = self.keys.get(&arn) else { return Seen::Absent };
        Seen::Present(KeyView {
            arn,
            managed: Seen::Present(key.description == wanted.purpose),
            customers: true,
            native: true,
            state: key.state.to_owned(),
            policy: Seen::Present(key.policy.clone()),
            grants: Seen::Present(key.grants.clone()),
            rotates: Seen::Present(key.rotates),
            next: Box::default(),
        })
    }

    /// Returns a key that something uses.
    pub(crate) fn used_key(&self, id: &str, wanted: &ManagedKey, need: &KeyNeed<'_>) -> Seen<KeyView> {
        self.described(id, wanted).map(|mut key| {
            let settled = key.policy.present().is_none_or(|policy| wanted.is_settled(&key.arn, policy, need));
            let region = Arn::region_of(&key.arn);
            let alias = |alias: &String| self.aliases.get(&format!("arn:aws:kms:{region}:{ACCOUNT}:{alias}"));
            let named = wanted.aliases().iter().any(|it| alias(it) == Some(&key.arn));
            let known = key.managed == Seen::Present(true) && named;
            key.managed = if settled { Seen::NotAsked } else { Seen::Present(known) };
            key
        })
    }

    /// Returns our key, behind those whose aliases strangers took.
    pub(crate) fn managed_key(&self, region: &Region, wanted: &ManagedKey) -> Seen<KeyView> {
        let (mut passed, mut last) = (Vec::new(), Seen::NotAsked);
        for alias in wanted.aliases() {
            match self.described(&format!("arn:aws:kms:{region}:{ACCOUNT}:{alias}"), wanted) {
                Seen::Present(key) if wanted.stranger(&key).is_some() => passed.push(key),
                other => {
                    last = other;
                    break;
                }
            }
        }
        passed.into_iter().rev().fold(last, |next, key| Seen::Present(KeyView { next: Box::new(next), ..key }))
    }

    pub(crate) fn topic(&self, arn: &str, wanted: &ManagedKey, need: &KeyNeed<'_>) -> Seen<Topic> {
        let Some(it) = self.topics.get(arn) else { return Seen::Absent };
        let key = it.key.as_ref().map_or(Seen::Absent, |id| self.used_key(id, wanted, need));
        let subscriptions = Seen::Present(it.subscriptions.clone());
        Seen::Present(Topic {
            arn: arn.to_owned(),
            policy: it.policy.clone(),
            key_id: it.key.clone(),
            key,
            subscriptions,
        })
    }
}
