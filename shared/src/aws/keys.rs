//! KMS keys: reading any with their details, and creating each of ours once.

use super::texts::Texts;
use super::{ATTEMPTS, Aws, PerRegion, call, write_call};
use crate::documents::policy::same;
use crate::managed::key::grant::KeyGrant;
use crate::managed::key::step::KeyStep;
use crate::managed::key::wanted::ManagedKey;
use crate::managed::key::{KeyNeed, KeyView};
use crate::model::{CallError, ErrorKind, Property, Region, Seen};
use aws_config::retry::RetryConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::types::{GrantListEntry, KeyManagerType, KeyMetadata, KeySpec, KeyUsageType, OriginType};
use futures_util::future::{try_join, try_join3};
use futures_util::stream;
use futures_util::stream::StreamExt;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::sleep;

/// Maximum number of keys that are read concurrently in search of one without an alias, which a run left that ended
/// between the two calls. KMS allows far more.
const KEYS_AT_ONCE: usize = 8;

/// Maximum number of grants that `ListGrants` returns at once ([ListGrants], Limit).
///
/// [ListGrants]: https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html
const GRANTS: i32 = 100;

/// Keys of the account.
#[derive(Debug)]
pub struct Keys {
    clients: PerRegion<Client>,
    texts: Texts,
    /// Whether grants of keys are read, too.
    grants: bool,
    /// Key created for each alias during this event, by region. The lock must be held to create one.
    made: Mutex<BTreeMap<(Region, String), String>>,
}

impl Keys {
    /// Creates access to the keys of the account.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        let clients = PerRegion::new(aws.config(), Client::new);
        Self { clients, texts: aws.texts.clone(), grants: false, made: Mutex::default() }
    }

    /// Has grants of keys read, too: one call more for each key.
    #[must_use]
    pub fn with_grants(self) -> Self {
        Self { grants: true, ..self }
    }

    /// Forgets the keys of an earlier event.
    pub fn begin(&self) {
        // Nobody holds the lock between two events.
        if let Ok(mut made) = self.made.try_lock() {
            made.clear();
        }
    }

    /// Reads a key that something uses, in the region of its ARN or else in this one. Whether it has our alias is read only
    /// if its policy does not settle everything.
    ///
    /// # Errors
    /// Returns an error if the call fails for any reason other than "denied" or "gone".
    pub async fn used(
        &self,
        region: &Region,
        id: &str,
        wanted: &ManagedKey,
        need: &KeyNeed<'_>,
    ) -> Result<Seen<KeyView>, CallError> {
        let client = self.clients.of(&Region::of_arn(id).unwrap_or_else(|| region.clone()));
        let (mut key, policy) = if id.starts_with("alias/") || id.contains(":alias/") {
            // `GetKeyPolicy` does not accept an alias.
            let key = match self.describe(&client, id, wanted).await?.into_present() {
                Ok(key) => key,
                Err(none) => return Ok(none),
            };
            let policy = self.policy_text(&client, &key.arn).await?;
            (key, policy)
        } else {
            match try_join(self.describe(&client, id, wanted), self.policy_text(&client, id)).await? {
                (Seen::Present(key), policy) => (key, policy),
                (none, _) => return Ok(none),
            }
        };
        let policy = policy.map(|text| self.parsed(&key.arn, &text));
        key.grants = self.granted(&client, &key).await?;
        let settled = policy.present().is_none_or(|policy| wanted.is_settled(&key.arn, policy, need));
        key.policy = policy;
        key.managed = if settled { Seen::NotAsked } else { self.is_known(&client, &key, wanted).await? };
        Ok(Seen::Present(key))
    }

    /// Reads the key behind our alias, with everything needed to repair it; if it is not ours, also the key behind the
    /// next alias.
    ///
    /// # Errors
    /// Returns the same errors as [`Self::used`].
    pub async fn managed(&self, region: &Region, wanted: &ManagedKey) -> Result<Seen<KeyView>, CallError> {
        let client = self.clients.of(region);
        let mut passed = Vec::new();
        let mut last = Seen::NotAsked;
        for alias in wanted.aliases() {
            match self.behind(&client, &alias, wanted).await? {
                Seen::Present(key) if wanted.stranger(&key).is_some() => passed.push(key),
                other => {
                    last = other;
                    break;
                }
            }
        }
        Ok(passed.into_iter().rev().fold(last, |next, key| Seen::Present(KeyView { next: Box::new(next), ..key })))
    }

    async fn behind(&self, client: &Client, alias: &str, wanted: &ManagedKey) -> Result<Seen<KeyView>, CallError> {
        let mut key = match self.describe(client, alias, wanted).await? {
            Seen::Present(key) => key,
            none => return Ok(none),
        };
        let arn = key.arn.clone();
        let (policy, rotates, grants) =
            try_join3(self.policy(client, &arn), self.rotates(client, &arn), self.granted(client, &key)).await?;
        (key.policy, key.rotates, key.grants) = (policy, rotates, grants);
        Ok(Seen::Present(key))
    }

    /// Reads what a key is, and whether it has our description.
    async fn describe(&self, client: &Client, id: &str, wanted: &ManagedKey) -> Result<Seen<KeyView>, CallError> {
        let answer = Box::pin(call("kms:DescribeKey", client.describe_key().key_id(id).send())).await;
        Ok(Seen::from_call(answer)?.and_then(|it| it.key_metadata.map(|key| view(key, wanted.purpose))))
    }

    async fn policy(&self, client: &Client, arn: &str) -> Result<Seen<Value>, CallError> {
        Ok(self.policy_text(client, arn).await?.map(|text| self.parsed(arn, &text)))
    }

    async fn policy_text(&self, client: &Client, id: &str) -> Result<Seen<String>, CallError> {
        let answer = Box::pin(call("kms:GetKeyPolicy", client.get_key_policy().key_id(id).send())).await;
        Seen::from_call(answer.map(|it| it.policy.unwrap_or_default()))
    }

    fn parsed(&self, arn: &str, policy: &str) -> Value {
        self.texts.parsed(Property::KeyPolicy { key: arn.to_owned() }, policy)
    }

    /// Reads the grants of a key of a customer, if they are to be read.
    async fn granted(&self, client: &Client, key: &KeyView) -> Result<Seen<Vec<KeyGrant>>, CallError> {
        if !self.grants || !key.customers {
            return Ok(Seen::NotAsked);
        }
        let mut found = Vec::new();
        let mut marker = None;
        loop {
            let list = client.list_grants().key_id(&key.arn).limit(GRANTS).set_marker(marker.take());
            let page = match Seen::from_call(Box::pin(call("kms:ListGrants", list.send())).await)?.into_present() {
                Ok(page) => page,
                Err(none) => return Ok(none),
            };
            found.extend(page.grants.unwrap_or_default().into_iter().map(grant));
            match page.next_marker.filter(|_| page.truncated) {
                Some(next) => marker = Some(next),
                None => return Ok(Seen::Present(found)),
            }
        }
    }

    async fn rotates(&self, client: &Client, id: &str) -> Result<Seen<bool>, CallError> {
        let sent = client.get_key_rotation_status().key_id(id).send();
        Seen::from_call(Box::pin(call("kms:GetKeyRotationStatus", sent)).await.map(|it| it.key_rotation_enabled))
    }

    /// Returns whether a key has an alias of ours as well as our description.
    async fn is_known(&self, client: &Client, key: &KeyView, wanted: &ManagedKey) -> Result<Seen<bool>, CallError> {
        if key.managed != Seen::Present(true) {
            return Ok(Seen::Present(false));
        }
        for alias in wanted.aliases() {
            match self.describe(client, &alias, wanted).await? {
                Seen::Present(named) if named.arn == key.arn => return Ok(Seen::Present(true)),
                Seen::Present(_) | Seen::Absent => {}
                Seen::Unreadable(action) => return Ok(Seen::Unreadable(action)),
                Seen::NotAsked => return Ok(Seen::NotAsked),
            }
        }
        Ok(Seen::Present(false))
    }
}

/// Calls that create and repair our keys.
impl Keys {
    /// Makes one call.
    ///
    /// # Errors
    /// Returns an error if the call fails; [`ErrorKind::Exists`] if another run was faster.
    pub async fn apply(&self, step: &KeyStep) -> Result<(), CallError> {
        match step {
            KeyStep::Create { region, alias, purpose, policy, passed: _ } => {
                self.create(region, alias, purpose, policy).await
            }
            KeyStep::Name { region, alias, .. } => self.name(region, alias).await,
            // The call does not accept an alias.
            KeyStep::Rotate { region, alias: _, key } => {
                let id = self.resolve(key).await?;
                let sent = self.clients.of(region).enable_key_rotation().key_id(id).send();
                write_call("kms:EnableKeyRotation", sent).await.map(|_| ())
            }
            KeyStep::PutPolicy { key, document, replaces: _ } => {
                let region = Region::of_arn(key).unwrap_or_else(Region::first);
                let put = self.clients.of(&region).put_key_policy().key_id(key);
                write_call("kms:PutKeyPolicy", put.policy(document.to_string()).send()).await.map(|_| ())
            }
        }
    }

    /// Creates the key, unless one of ours exists that only lacks its alias.
    async fn create(&self, region: &Region, alias: &str, purpose: &str, policy: &Value) -> Result<(), CallError> {
        let mut made = self.made.lock().await;
        // Another resource of the same sweep has just created it.
        if made.contains_key(&(region.clone(), alias.to_owned())) {
            return Err(nameless(alias));
        }
        let client = self.clients.of(region);
        let mut wait = Duration::from_millis(500);
        let mut attempt = 1;
        let arn = loop {
            if let Some(arn) = Box::pin(self.left_behind(&client, purpose, policy)).await? {
                break arn;
            }
            match create_once(&client, purpose, policy).await {
                Ok(arn) => break arn,
                Err(error) if error.retryable() && attempt < ATTEMPTS => sleep(wait).await,
                Err(error) => return Err(error),
            }
            attempt += 1;
            wait *= 2;
        };
        made.insert((region.clone(), alias.to_owned()), arn);
        Ok(())
    }

    /// Finds one of our keys that may have no alias yet: the first by name, so that all runs choose the same one. Anybody
    /// may have described it so, so its policy must be exactly ours.
    async fn left_behind(&self, client: &Client, purpose: &str, policy: &Value) -> Result<Option<String>, CallError> {
        let mut pages = client.list_keys().into_paginator().items().send();
        let mut ids = Vec::new();
        while let Some(key) = call("kms:ListKeys", async { pages.next().await.transpose() }).await? {
            ids.extend(key.key_id);
        }
        ids.sort_unstable();
        let described = ids.into_iter().map(|id| async move {
            match Box::pin(call("kms:DescribeKey", client.describe_key().key_id(&id).send())).await {
                Ok(answer) => Ok(answer.key_metadata.map(|key| view(key, purpose))),
                // The key is somebody else's: not ours in any case.
                Err(error) if error.kind != ErrorKind::Transient => Ok(None),
                Err(error) => Err(error),
            }
        });
        let found: Vec<Result<Option<KeyView>, CallError>> =
            stream::iter(described).buffered(KEYS_AT_ONCE).collect().await;
        for key in found {
            let Some(key) = key? else { continue };
            let fits = key.managed == Seen::Present(true) && key.state == "Enabled" && key.customers && key.native;
            if fits && self.policy(client, &key.arn).await?.present().is_some_and(|its| same(its, policy)) {
                return Ok(Some(key.arn));
            }
        }
        Ok(None)
    }

    /// Gives the new key its alias. If another key has it by now, that one is the account's key.
    async fn name(&self, region: &Region, alias: &str) -> Result<(), CallError> {
        let made = self.made.lock().await.get(&(region.clone(), alias.to_owned())).cloned();
        let id = made.ok_or_else(|| nameless(alias))?;
        let sent = self.clients.of(region).create_alias().alias_name(alias).target_key_id(id).send();
        write_call("kms:CreateAlias", sent).await.map(|_| ())
    }

    /// Returns the ARN of a key. If a key was planned by its alias, it has been created since.
    ///
    /// # Errors
    /// Returns an error if no key was created for the alias because somebody else's key has it.
    pub async fn resolve(&self, key: &str) -> Result<String, CallError> {
        let Some((_, name)) = key.split_once(":alias/") else { return Ok(key.to_owned()) };
        let made = self.made.lock().await;
        let is_it = |(region, alias): &(Region, String)| {
            alias.strip_prefix("alias/") == Some(name) && Region::of_arn(key).as_ref() == Some(region)
        };
        let found = made.iter().find(|(place, _)| is_it(place)).map(|(_, arn)| arn.clone());
        found.ok_or_else(|| nameless(name))
    }
}

fn grant(it: GrantListEntry) -> KeyGrant {
    KeyGrant {
        id: it.grant_id.unwrap_or_default(),
        grantee: it.grantee_principal.unwrap_or_default(),
        issuer: it.issuing_account,
        operations: it.operations.unwrap_or_default().iter().map(|operation| operation.as_str().to_owned()).collect(),
    }
}

/// Turns an answer into the view of a key, without what other calls read. It counts as ours if it is described so, as far
/// as that can be told from this answer.
fn view(key: KeyMetadata, purpose: &str) -> KeyView {
    KeyView {
        managed: Seen::Present(key.description() == Some(purpose)),
        customers: key.key_manager() == Some(&KeyManagerType::Customer),
        native: key.origin() == Some(&OriginType::AwsKms)
            && key.key_usage() == Some(&KeyUsageType::EncryptDecrypt)
            && key.key_spec().is_none_or(|spec| *spec == KeySpec::SymmetricDefault),
        state: key.key_state().map_or("unknown", |state| state.as_str()).to_owned(),
        arn: key.arn.unwrap_or(key.key_id),
        policy: Seen::NotAsked,
        grants: Seen::NotAsked,
        rotates: Seen::NotAsked,
        next: Box::default(),
    }
}

/// Creates a key in a single attempt. A lost response leaves a key behind, which must be found before another is
/// created, so the SDK must not retry by itself. The key gets no tags: the right to set them on a new key is the right to
/// set them on every key.
async fn create_once(client: &Client, purpose: &str, policy: &Value) -> Result<String, CallError> {
    let create = client.create_key().policy(policy.to_string()).description(purpose);
    let once = aws_sdk_kms::config::Config::builder().retry_config(RetryConfig::disabled());
    let sent = create.customize().config_override(once).send();
    let key = write_call("kms:CreateKey", Box::pin(sent)).await?.key_metadata;
    Ok(key.and_then(|key| key.arn).unwrap_or_default())
}

fn nameless(alias: &str) -> CallError {
    let message = format!("someone else created the key of {alias} in the meantime");
    CallError { action: "kms:CreateAlias", kind: ErrorKind::Exists, code: "AlreadyExistsException".to_owned(), message }
}
