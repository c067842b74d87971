//! What Trailkeeper's reads return of things that several families depend on.

use super::{ACCOUNT, AwsAccount, KeyHere};
use crate::managed::key::wanted::ManagedKey;
use crate::managed::key::{KeyNeed, KeyView};
use crate::managed::log_group::LogGroup;
use crate::managed::role::Role;
use crate::managed::tag::MANAGED_TAG;
use crate::managed::topic::Topic;
use crate::model::{Arn, Region, Seen};
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
        found.map_or(Seen::Absent, |it| Seen::Present(LogGroup { name: name.to_owned(), retention: it.retention }))
    }

    pub(crate) fn role(&self, arn: &str) -> Seen<Role> {
        self.roles.get(arn).map_or(Seen::Absent, |role| Seen::Present(role.clone()))
    }

    /// Returns the ARN of the key that this id means.
    pub(crate) fn resolve(&self, id: &str) -> String {
        self.aliases.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    fn described(&self, id: &str) -> Seen<(KeyView, &KeyHere)> {
        let arn = self.resolve(id);
        let Some(key) = self.keys.get(&arn) else { return Seen::Absent };
        let view = KeyView {
            arn,
            managed: Seen::NotAsked,
            customers: true,
            native: true,
            state: key.state.to_owned(),
            policy: Seen::Present(key.policy.clone()),
            rotates: Seen::NotAsked,
            next: Box::default(),
        };
        Seen::Present((view, key))
    }

    /// Returns a key that something uses.
    pub(crate) fn used_key(&self, id: &str, wanted: &ManagedKey, need: &KeyNeed<'_>) -> Seen<KeyView> {
        let (mut view, key) = match self.described(id).into_present() {
            Ok(found) => found,
            Err(none) => return none,
        };
        let account = Arn::parse(&view.arn).map_or("", |arn| arn.account).to_owned();
        if !wanted.is_settled(&key.policy, need, &account) {
            let region = Arn::region_of(&view.arn);
            let alias = key.tags.get(PURPOSE).filter(|alias| wanted.aliases().contains(*alias));
            let alias = alias.map_or(wanted.alias, String::as_str);
            let named = self.aliases.get(&format!("arn:aws:kms:{region}:{ACCOUNT}:{alias}"));
            view.managed = Seen::Present(is_tagged(key) && named == Some(&view.arn));
        }
        Seen::Present(view)
    }

    /// Returns our key, behind those whose aliases strangers took.
    pub(crate) fn managed_key(&self, region: &Region, wanted: &ManagedKey) -> Seen<KeyView> {
        let (mut passed, mut last) = (Vec::new(), Seen::NotAsked);
        for alias in wanted.aliases() {
            let found = self.described(&format!("arn:aws:kms:{region}:{ACCOUNT}:{alias}")).map(|(view, key)| KeyView {
                managed: Seen::Present(is_tagged(key)),
                rotates: Seen::Present(key.rotates),
                ..view
            });
            match found {
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

fn is_tagged(key: &KeyHere) -> bool {
    key.tags.get(MANAGED_TAG.0).map(String::as_str) == Some(MANAGED_TAG.1)
}
