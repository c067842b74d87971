//! KMS keys: reading them with what hangs on them, and making ours once.

use crate::aws::{PerRegion, call};
use crate::error::{CallError, Kind};
use crate::model::Seen;
use crate::place::{Arn, Place, Region};
use crate::role::OUR_TAG;
use crate::trail::OUR_KEY;
use crate::trail::key::{Lets, lets};
use crate::trail::view::Key;
use aws_config::SdkConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::types::{KeyManagerType, Tag};
use futures_util::future::{try_join, try_join3};
use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::sync::Mutex;

/// What a key of ours is for: the name that it is to have. A key that carries this and has no alias was left by a run
/// that ended between the two calls.
const PURPOSE: &str = "trailkeeper-alias";

/// How many keys' tags are read at once in search of such a one. KMS allows far more.
const TAGS_AT_ONCE: usize = 8;

/// The keys of the account.
#[derive(Debug)]
pub(super) struct Keys {
    clients: PerRegion<Client>,
    /// The key that waits for its alias, for each region. Holding this is the leave to make one.
    fresh: Mutex<BTreeMap<Region, String>>,
}

impl Keys {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { clients: PerRegion::new(config, Client::new), fresh: Mutex::default() }
    }

    /// The key of a trail. Whose it is is asked only if it does not serve.
    pub(super) async fn of_trail(&self, place: &Place, id: &str, trail: &str) -> Result<Seen<Key>, CallError> {
        let region = Arn::parse(id).and_then(|arn| Region::parse(arn.region)).unwrap_or_else(|| place.region.clone());
        let client = self.clients.of(&region);
        let (key, policy) = try_join(self.describe(&client, id), self.policy(&client, id)).await?;
        let Seen::Present(mut key) = key else { return Ok(key) };
        let serves = policy.present().is_none_or(|policy| lets(policy, place, trail) == Lets::All);
        key.policy = policy;
        if !serves {
            key.ours = Some(self.is_ours(&client, &key.arn).await?);
        }
        Ok(Seen::Present(key))
    }

    /// The key behind our alias.
    pub(super) async fn ours(&self, region: &Region) -> Result<Seen<Key>, CallError> {
        let client = self.clients.of(region);
        let mut key = match self.describe(&client, OUR_KEY).await? {
            Seen::Present(key) => key,
            none => return Ok(none),
        };
        let arn = key.arn.clone();
        let (policy, ours, rotates) =
            try_join3(self.policy(&client, &arn), self.is_ours(&client, &arn), self.rotates(&client, &arn)).await?;
        (key.policy, key.ours, key.rotates) = (policy, Some(ours), Some(rotates));
        Ok(Seen::Present(key))
    }

    async fn describe(&self, client: &Client, id: &str) -> Result<Seen<Key>, CallError> {
        let answer = Box::pin(call("kms:DescribeKey", client.describe_key().key_id(id).send())).await;
        let key = answer.map(|it| {
            it.key_metadata.map(|key| Key {
                customers: key.key_manager() == Some(&KeyManagerType::Customer),
                state: key.key_state().map_or("unknown", |state| state.as_str()).to_owned(),
                arn: key.arn.unwrap_or(key.key_id),
                ours: None,
                policy: Seen::Absent,
                rotates: None,
            })
        });
        Ok(match Seen::from_call(key)? {
            Seen::Present(Some(key)) => Seen::Present(key),
            Seen::Present(None) | Seen::Absent => Seen::Absent,
            Seen::Unreadable(action) => Seen::Unreadable(action),
        })
    }

    async fn policy(&self, client: &Client, id: &str) -> Result<Seen<Value>, CallError> {
        let answer = Box::pin(call("kms:GetKeyPolicy", client.get_key_policy().key_id(id).send())).await;
        let text = answer.map(|it| it.policy.unwrap_or_default());
        Seen::from_call(text.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    async fn rotates(&self, client: &Client, id: &str) -> Result<Seen<bool>, CallError> {
        let sent = client.get_key_rotation_status().key_id(id).send();
        Seen::from_call(Box::pin(call("kms:GetKeyRotationStatus", sent)).await.map(|it| it.key_rotation_enabled))
    }

    async fn is_ours(&self, client: &Client, id: &str) -> Result<Seen<bool>, CallError> {
        let sent = client.list_resource_tags().key_id(id).send();
        let answer = Box::pin(call("kms:ListResourceTags", sent)).await;
        Seen::from_call(answer.map(|it| {
            let tags = it.tags.unwrap_or_default();
            tags.iter().any(|tag| (tag.tag_key(), tag.tag_value()) == OUR_TAG)
        }))
    }
}

/// The calls that make and mend our key.
impl Keys {
    /// Makes the key, unless one of ours is there that only lacks its alias.
    pub(super) async fn create(&self, region: &Region, policy: &Value) -> Result<(), CallError> {
        let mut fresh = self.fresh.lock().await;
        let client = self.clients.of(region);
        let id = if let Some(id) = Box::pin(self.left_behind(&client)).await? {
            id
        } else {
            let tags = [OUR_TAG, (PURPOSE, OUR_KEY)];
            let tags =
                tags.iter().filter_map(|(key, value)| Tag::builder().tag_key(*key).tag_value(*value).build().ok());
            let create = client.create_key().policy(policy.to_string()).set_tags(Some(tags.collect()));
            let create = create.description("Encrypts the log files of CloudTrail trails. Made by Trailkeeper.");
            let made = call("kms:CreateKey", create.send()).await?;
            made.key_metadata.map(|key| key.key_id).unwrap_or_default()
        };
        fresh.insert(region.clone(), id);
        Ok(())
    }

    /// A key of ours that may have no alias yet: the first of them by name, so that all take the same.
    async fn left_behind(&self, client: &Client) -> Result<Option<String>, CallError> {
        let mut pages = client.list_keys().into_paginator().items().send();
        let mut ids = Vec::new();
        while let Some(key) = call("kms:ListKeys", async { pages.next().await.transpose() }).await? {
            ids.extend(key.key_id);
        }
        ids.sort_unstable();
        let tagged = ids.into_iter().map(|id| async move {
            let sent = client.list_resource_tags().key_id(&id).send();
            let tags = match Box::pin(call("kms:ListResourceTags", sent)).await {
                Ok(answer) => answer.tags.unwrap_or_default(),
                // Somebody else's key, or AWS's own: not ours in any case.
                Err(error) if error.kind != Kind::Transient => return Ok(None),
                Err(error) => return Err(error),
            };
            let has = |pair: (&str, &str)| tags.iter().any(|tag| (tag.tag_key(), tag.tag_value()) == pair);
            Ok((has(OUR_TAG) && has((PURPOSE, OUR_KEY))).then_some(id))
        });
        let found: Vec<Result<Option<String>, CallError>> = stream::iter(tagged).buffered(TAGS_AT_ONCE).collect().await;
        for id in found {
            let Some(id) = id? else { continue };
            let enabled = |key: &Key| key.state == "Enabled";
            if self.describe(client, &id).await?.present().is_some_and(enabled) {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Gives the key just made its alias. If another has it by now, that one is the account's key.
    pub(super) async fn name(&self, region: &Region) -> Result<(), CallError> {
        let fresh = self.fresh.lock().await.remove(region);
        let Some(id) = fresh else {
            let message = format!("the key that {OUR_KEY} is to name is not known");
            return Err(CallError { action: "kms:CreateAlias", kind: Kind::Exists, code: "NoKey".into(), message });
        };
        let sent = self.clients.of(region).create_alias().alias_name(OUR_KEY).target_key_id(id).send();
        call("kms:CreateAlias", sent).await.map(|_| ())
    }

    /// The ARN of the key that this names: the ARN itself unless it is an alias's.
    pub(super) async fn resolve(&self, region: &Region, key: &str) -> Result<String, CallError> {
        if !key.contains(":alias/") {
            return Ok(key.to_owned());
        }
        let client = self
            .clients
            .of(&Arn::parse(key).and_then(|arn| Region::parse(arn.region)).unwrap_or_else(|| region.clone()));
        match self.describe(&client, OUR_KEY).await? {
            Seen::Present(key) => Ok(key.arn),
            Seen::Absent | Seen::Unreadable(_) => Err(CallError {
                action: "kms:DescribeKey",
                kind: Kind::Exists,
                code: "NoKey".into(),
                message: format!("there is no {OUR_KEY} that may be read"),
            }),
        }
    }

    /// Has a key rotate. It takes no alias.
    pub(super) async fn rotate(&self, region: &Region, key: &str) -> Result<(), CallError> {
        let id = self.resolve(region, key).await?;
        let sent = self.clients.of(region).enable_key_rotation().key_id(id).send();
        call("kms:EnableKeyRotation", sent).await.map(|_| ())
    }

    pub(super) async fn put_policy(&self, key: &str, document: &Value) -> Result<(), CallError> {
        let region = Arn::parse(key).and_then(|arn| Region::parse(arn.region)).unwrap_or_else(Region::first);
        let put = self.clients.of(&region).put_key_policy().key_id(key);
        call("kms:PutKeyPolicy", put.policy(document.to_string()).send()).await.map(|_| ())
    }
}
