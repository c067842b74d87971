//! The ledger in a DynamoDB table of the function's own account.
//!
//! | `pk` | `sk` | what |
//! | --- | --- | --- |
//! | `change#<id>` | `0`, `1`, ... | an entry as compressed JSON, in parts; the first has its version and what is looked for |
//! | `resource#<arn>` | `0` | what is known of a resource, as JSON, with a version |
//! | `count#<account>#<control>` | `<hour>` | the number of changes in that hour |
//! | `making#<account>#<name>` | `0` | who makes what AWS would make twice, and until when nobody else may |
//! | `sweep#<account>` | `<family>#<region>#<part>#<chunk>` | what the last sweep found worth telling, compressed |
//! | `sweep#<account>` | `<family>#<region>#<part>#end` | how many chunks the part has, and whether it is the last |
//! | `sweep#<account>` | `once#<change>#<control>`, `once#<finding>` | a result that no later sweep finds again, compressed |
//! | `sweeps` | `<account>` | the time of the last result, and of the end of each family's last sweep |
//! | `told#<account>` | `0`, `1`, ... | what people were told in digests, compressed, in parts |
//! | `told#<account>` | `attempts` | how often it was tried to tell people since, as JSON |
//!
//! An item that somebody else may write at the same time is written on the condition that it is as it was read.
//!
//! Index `open` has the first part of each entry that has not ended or of which people are still to be told, index `account`
//! that of each entry, by time.

mod list;
mod parts;
mod pause;
mod sweep;
#[cfg(feature = "digest")]
mod told;

pub use list::ListedChange;

use super::{Aws, call};
use crate::ledger::{ChangeId, Fight, FindingId, LedgerEntry, ResourceHistory, SetCall};
use crate::model::{CallError, ErrorKind};
use crate::reconcile::ports::Ledger;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, TransactWriteItem};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use chrono::{DateTime, TimeDelta, Utc};
use parts::{packed, unpacked};
use pause::{ATTEMPTS, pause};
use std::collections::{BTreeSet, HashMap};
pub(crate) use sweep::Batch;
#[cfg(feature = "digest")]
pub(crate) use told::StandingResults;

/// How long nobody else makes what a process has claimed: longer than it takes to make it, from the search for it to its
/// name, and short enough that the retry of a process that was killed finds it free.
const CLAIM: TimeDelta = TimeDelta::minutes(1);

/// Item of the table.
type Item = HashMap<String, AttributeValue>;

/// The ledger in a DynamoDB table.
#[derive(Debug)]
pub struct TableLedger {
    client: Client,
    table: String,
    /// Name of this process among those that claim something.
    process: String,
}

impl TableLedger {
    /// Opens the table with this name, in the account and region of these clients. Nothing is called yet.
    #[must_use]
    pub fn new(aws: &Aws, table: &str) -> Self {
        Self { client: Client::new(aws.config()), table: table.to_owned(), process: format!("{:032x}", random()) }
    }

    /// Returns the entry of a change; `None` if there is none.
    ///
    /// # Errors
    /// Returns an error if the call fails or the entry cannot be read.
    pub async fn entry(&self, id: ChangeId) -> Result<Option<LedgerEntry>, CallError> {
        let items = self.query(change_key(id)).await?;
        Ok(unpacked(&items)?.map(|entry| as_stored(entry, &items)))
    }

    /// Returns what is known of a resource, and the version of it.
    async fn known(&self, arn: &str) -> Result<(ResourceHistory, u64), CallError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", resource_key(arn)).key("sk", text("0"));
        let Some(item) = call("dynamodb:GetItem", Box::pin(get.send())).await?.item else {
            return Ok(Default::default());
        };
        let json = item.get("history").and_then(|it| it.as_s().ok()).map_or("", String::as_str);
        let history = serde_json::from_str(json).map_err(|error| unreadable("dynamodb:GetItem", &error.to_string()))?;
        let version = item.get("version").and_then(|it| it.as_n().ok()).and_then(|it| it.parse().ok());
        Ok((history, version.unwrap_or_default()))
    }

    /// Changes what is known of a resource, and returns what the change says. Others may do the same at the same time.
    async fn change<T>(&self, arn: &str, change: impl Fn(&mut ResourceHistory) -> T) -> Result<T, CallError> {
        let changed = self.change_with(arn, None, change).await?;
        changed.ok_or_else(|| unreadable(TRANSACTION, "there is no entry that could have been written since"))
    }

    /// Changes what is known of a resource, together with an entry of this version if one is given, and returns what the
    /// change says; `None`, and nothing is changed, if that entry has another version.
    async fn change_with<T>(
        &self,
        arn: &str,
        entry: Option<(Vec<Item>, u64)>,
        change: impl Fn(&mut ResourceHistory) -> T,
    ) -> Result<Option<T>, CallError> {
        let (items, entry_version) = entry.unwrap_or_default();
        let put = |item: Item| Put::builder().table_name(&self.table).set_item(Some(item));
        let mut attempt = 0;
        loop {
            let (mut history, version) = self.known(arn).await?;
            let said = change(&mut history);
            let json = serde_json::to_string(&history).map_err(|error| unreadable(TRANSACTION, &error.to_string()))?;
            let item = Item::from([
                ("pk".to_owned(), resource_key(arn)),
                ("sk".to_owned(), text("0")),
                ("history".to_owned(), text(&json)),
                ("version".to_owned(), number(version + 1)),
            ]);
            // The first part of the entry has its version.
            let first = items.first().map(|item| if_version(put(item.clone()), entry_version));
            let others = items.iter().skip(1).map(|item| put(item.clone()));
            let mut writes = self.client.transact_write_items();
            for put in std::iter::once(if_version(put(item), version)).chain(first).chain(others) {
                let put = put.build().map_err(|error| unreadable(TRANSACTION, &error.to_string()))?;
                writes = writes.transact_items(TransactWriteItem::builder().put(put).build());
            }
            let sent = Box::pin(writes.send()).await;
            if sent.as_ref().is_err_and(is_written_since) {
                return Ok(None);
            }
            match call("dynamodb:PutItem", std::future::ready(sent)).await {
                Ok(_) => return Ok(Some(said)),
                Err(error) if error.code == "TransactionCanceledException" && attempt < ATTEMPTS => {
                    pause(attempt).await;
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Makes a put of an item conditional on the version that was read; 0 if there was none.
fn if_version(put: PutBuilder, version: u64) -> PutBuilder {
    if version == 0 {
        return put.condition_expression("attribute_not_exists(version)");
    }
    put.condition_expression("version = :was").expression_attribute_values(":was", number(version))
}

/// Returns whether a transaction was cancelled since its second item, the first part of an entry, has another version than
/// was read ([TransactWriteItems], `CancellationReasons`, in the order of the items).
///
/// [TransactWriteItems]: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
fn is_written_since(error: &SdkError<TransactWriteItemsError, HttpResponse>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return false;
    };
    let reason = cancelled.cancellation_reasons().get(1).and_then(|it| it.code());
    reason == Some("ConditionalCheckFailed")
}

/// Action that a transaction of puts needs.
const TRANSACTION: &str = "dynamodb:PutItem";

impl Ledger for TableLedger {
    fn id(&self) -> ChangeId {
        // Without randomness the time alone tells two changes apart: to the millisecond, and a change takes longer.
        ChangeId::new(Utc::now(), random())
    }

    async fn history(&self, arn: &str) -> Result<ResourceHistory, CallError> {
        Ok(self.known(arn).await?.0)
    }

    async fn keep(&self, entry: &mut LedgerEntry) -> Result<(), CallError> {
        for attempt in 0..ATTEMPTS {
            if self.replace(entry).await? {
                entry.version += 1;
                return Ok(());
            }
            if let Some(stored) = self.entry(entry.id).await? {
                (entry.version, entry.undone, entry.undone_in_part) =
                    (stored.version, stored.undone, stored.undone_in_part);
            }
            pause(attempt).await;
        }
        Err(unreadable(TRANSACTION, "others write the same entry again and again"))
    }

    async fn replace(&self, entry: &LedgerEntry) -> Result<bool, CallError> {
        let items = items(&LedgerEntry { version: entry.version + 1, ..entry.clone() })?;
        let known = |history: &mut ResourceHistory| {
            if entry.is_over() { history.ended(entry) } else { history.meant(entry) }
        };
        let written = self.change_with(&entry.resource, Some((items, entry.version)), known).await?;
        Ok(written.is_some())
    }

    async fn count(&self, account: &str, control: &str) -> Result<u64, CallError> {
        let now = Utc::now();
        let expires = (now + TimeDelta::days(2)).timestamp().to_string();
        let update = self.client.update_item().table_name(&self.table).return_values(ReturnValue::UpdatedNew);
        let update = update.key("pk", text(&format!("count#{account}#{control}")));
        let update = update.key("sk", text(&now.format("%Y-%m-%dT%H").to_string()));
        let update = update.update_expression("ADD changes :one SET expires = :expires");
        let update = update.expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        let update = update.expression_attribute_values(":expires", AttributeValue::N(expires));
        let answer = call("dynamodb:UpdateItem", Box::pin(update.send())).await?;
        let number = answer.attributes.as_ref().and_then(|it| it.get("changes")).and_then(|it| it.as_n().ok());
        number
            .and_then(|it| it.parse().ok())
            .ok_or_else(|| unreadable("dynamodb:UpdateItem", "the answer has no number of changes"))
    }

    async fn claim_fight(
        &self,
        arn: &str,
        telling: &FindingId,
        fight: &Fight,
        events: &[&str],
    ) -> Result<bool, CallError> {
        let now = Utc::now();
        self.change(arn, |history| history.claim(telling, fight, events, now)).await
    }

    async fn told_fight(&self, arn: &str, telling: &FindingId, fight: &Fight) -> Result<(), CallError> {
        self.change(arn, |history| history.told(telling, fight.until)).await
    }

    async fn set(&self, arn: &str, control: &str, calls: &[SetCall<'_>]) -> Result<Vec<bool>, CallError> {
        let mut history = self.known(arn).await?.0;
        let before = history.clone();
        let news = history.set(control, calls);
        if history == before { Ok(news) } else { self.change(arn, |history| history.set(control, calls)).await }
    }

    async fn claim(&self, account: &str, name: &str) -> Result<bool, CallError> {
        let now = Utc::now();
        let number = |at: DateTime<Utc>| AttributeValue::N(at.timestamp().to_string());
        let put = self.client.put_item().table_name(&self.table);
        let put = put.item("pk", text(&format!("making#{account}#{name}"))).item("sk", text("0"));
        let put = put.item("process", text(&self.process)).item("expires", number(now + CLAIM));
        // DynamoDB deletes what has expired within days, so the time is compared, too.
        let put = put.condition_expression("attribute_not_exists(pk) OR process = :process OR expires < :now");
        let put = put.expression_attribute_values(":process", text(&self.process));
        let put = put.expression_attribute_values(":now", number(now));
        match call("dynamodb:PutItem", Box::pin(put.send())).await {
            Ok(_) => Ok(true),
            Err(error) if error.code == "ConditionalCheckFailedException" => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn open(
        &self,
        family: &str,
        account: &str,
        without: &BTreeSet<ChangeId>,
    ) -> Result<Vec<LedgerEntry>, CallError> {
        let query = self.client.query().table_name(&self.table).index_name("open");
        let query = query.key_condition_expression("#open = :open").expression_attribute_names("#open", "open");
        let query = query.expression_attribute_values(":open", text(&open_key(family, account)));
        let mut pages = query.into_paginator().items().send();
        let mut open = Vec::new();
        while let Some(item) = call("dynamodb:Query", async { pages.next().await.transpose() }).await? {
            let id = item.get("id").and_then(|it| it.as_s().ok()).and_then(|it| it.parse().ok());
            let Some(id) = id.filter(|id| !without.contains(id)) else { continue };
            open.extend(self.entry(id).await?.filter(LedgerEntry::is_open));
        }
        Ok(open)
    }

    async fn told_change(&self, change: ChangeId) -> Result<(), CallError> {
        let told = "SET told = :now, version = version + :one";
        let update = || {
            let update = self.client.update_item().table_name(&self.table).key("pk", change_key(change));
            let update = update.key("sk", text("0")).expression_attribute_values(":one", number(1));
            update.expression_attribute_values(":now", text(&Utc::now().to_rfc3339()))
        };
        let over =
            update().update_expression(format!("{told} REMOVE #open")).expression_attribute_names("#open", "open");
        let over = over.condition_expression("attribute_exists(ended)");
        match call("dynamodb:UpdateItem", Box::pin(over.send())).await {
            Err(error) if error.code == "ConditionalCheckFailedException" => {
                // Whoever made it could not say that it has ended: a later run closes it, and tells nobody again.
                let open = update().update_expression(told).condition_expression("attribute_exists(version)");
                call("dynamodb:UpdateItem", Box::pin(open.send())).await.map(|_| ())
            }
            answer => answer.map(|_| ()),
        }
    }
}

/// Returns random bits; zeros if there are none.
fn random() -> u128 {
    let mut random = [0; 16];
    let _ = getrandom::fill(&mut random);
    u128::from_le_bytes(random)
}

fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn change_key(id: ChangeId) -> AttributeValue {
    text(&format!("change#{id}"))
}

fn resource_key(arn: &str) -> AttributeValue {
    text(&format!("resource#{arn}"))
}

fn open_key(family: &str, account: &str) -> String {
    format!("{family}#{account}")
}

fn unreadable(action: &'static str, message: &str) -> CallError {
    CallError { action, kind: ErrorKind::Rejected, code: "Unreadable".to_owned(), message: message.to_owned() }
}

/// Returns what the list of changes says of taking a change back: the id of the change that did it, or the last attempt that
/// left something, as JSON.
fn undone(entry: &LedgerEntry) -> Option<String> {
    match &entry.undone {
        Some(undone) => Some(undone.change.to_string()),
        None => serde_json::to_string(entry.undone_so_far()?).ok(),
    }
}

/// Returns an entry with what was written of it without its body: that people were told, and the version since.
fn as_stored(entry: LedgerEntry, items: &[Item]) -> LedgerEntry {
    let Some(first) = items.iter().find(|item| item.contains_key("version")) else { return entry };
    let told = first.get("told").and_then(|it| it.as_s().ok()).and_then(|it| it.parse().ok());
    let version = first.get("version").and_then(|it| it.as_n().ok()).and_then(|it| it.parse().ok());
    LedgerEntry { told: told.or(entry.told), version: version.unwrap_or(entry.version), ..entry }
}

/// Returns the items of an entry.
fn items(entry: &LedgerEntry) -> Result<Vec<Item>, CallError> {
    let parts = packed(entry)?.into_iter().enumerate().map(|(number, part)| {
        Item::from([
            ("pk".to_owned(), change_key(entry.id)),
            ("sk".to_owned(), text(&number.to_string())),
            ("body".to_owned(), AttributeValue::B(Blob::new(part))),
        ])
    });
    let mut parts: Vec<Item> = parts.collect();
    if let Some(first) = parts.first_mut() {
        let controls = entry.findings.iter().map(|finding| text(&finding.control)).collect();
        let outcome = serde_json::to_value(entry.outcome).ok();
        let outcome = outcome.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        first.extend([
            ("id".to_owned(), text(&entry.id.to_string())),
            ("account".to_owned(), text(&entry.account)),
            ("family".to_owned(), text(&entry.family)),
            ("region".to_owned(), text(entry.region.as_str())),
            ("resource".to_owned(), text(&entry.resource)),
            ("controls".to_owned(), AttributeValue::L(controls)),
            ("outcome".to_owned(), text(outcome)),
            ("cause".to_owned(), text(&entry.cause.name)),
            ("version".to_owned(), number(entry.version)),
        ]);
        first.extend(entry.cause.actor.as_deref().map(|actor| ("actor".to_owned(), text(actor))));
        first.extend(entry.ended.map(|at| ("ended".to_owned(), text(&at.to_rfc3339()))));
        first.extend(undone(entry).map(|undone| ("undone".to_owned(), text(&undone))));
        first.extend(entry.told.map(|at| ("told".to_owned(), text(&at.to_rfc3339()))));
        if entry.is_open() {
            first.insert("open".to_owned(), text(&open_key(&entry.family, &entry.account)));
        }
    }
    Ok(parts)
}
