//! The ledger in a DynamoDB table of the function's own account.
//!
//! | `pk` | `sk` | what |
//! | --- | --- | --- |
//! | `change#<id>` | `0`, `1`, ... | an entry as compressed JSON, in parts; the first has what is looked for, too |
//! | `resource#<arn>` | `0` | what is known of a resource, as JSON, with a version |
//! | `count#<account>#<control>` | `<hour>` | the number of changes in that hour |
//! | `making#<account>#<name>` | `0` | who makes what AWS would make twice, and until when nobody else may |
//! | `sweep#<account>` | `<family>#<region>#<part>#<chunk>` | what the last sweep found worth telling, compressed |
//! | `sweep#<account>` | `<family>#<region>#<part>#end` | how many chunks the part has, and whether it is the last |
//! | `sweep#<account>` | `fixed#<change>#<control>` | a result that tells of a change, compressed |
//! | `sweeps` | `<account>` | the time of the last result |
//! | `told#<account>` | `0`, `1`, ... | what people were told in digests, compressed, in parts |
//!
//! Index `open` has the first part of each entry that has not ended, index `account` that of each entry, by time.

mod list;
mod parts;
mod standing;

pub use list::ListedChange;

use super::{Aws, call};
use crate::ledger::{ChangeId, Fight, FindingId, LedgerEntry, ResourceHistory};
use crate::model::{CallError, ErrorKind};
use crate::reconcile::ports::Ledger;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, TransactWriteItem};
use chrono::{DateTime, TimeDelta, Utc};
use parts::{packed, unpacked};
pub(crate) use standing::Batch;
use std::collections::HashMap;

/// Maximum number of attempts to write what others write at the same time.
const ATTEMPTS: usize = 8;

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
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk").expression_attribute_values(":pk", change_key(id));
        let answer = call("dynamodb:Query", Box::pin(query.send())).await?;
        unpacked(answer.items.as_deref().unwrap_or_default())
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

    /// Changes what is known of a resource, together with these items, and returns what the change says. Others may do
    /// the same at the same time.
    async fn change<T>(
        &self,
        arn: &str,
        items: &[Item],
        change: impl Fn(&mut ResourceHistory) -> T,
    ) -> Result<T, CallError> {
        let mut attempt = 0;
        loop {
            let (mut history, version) = self.known(arn).await?;
            let said = change(&mut history);
            let json = serde_json::to_string(&history).map_err(|error| unreadable(TRANSACTION, &error.to_string()))?;
            let item = Item::from([
                ("pk".to_owned(), resource_key(arn)),
                ("sk".to_owned(), text("0")),
                ("history".to_owned(), text(&json)),
                ("version".to_owned(), AttributeValue::N((version + 1).to_string())),
            ]);
            let put = Put::builder().table_name(&self.table).set_item(Some(item));
            let put = if version == 0 {
                put.condition_expression("attribute_not_exists(pk)")
            } else {
                let was = AttributeValue::N(version.to_string());
                put.condition_expression("version = :was").expression_attribute_values(":was", was)
            };
            let others = items.iter().map(|item| Put::builder().table_name(&self.table).set_item(Some(item.clone())));
            let mut writes = self.client.transact_write_items();
            for put in std::iter::once(put).chain(others) {
                let put = put.build().map_err(|error| unreadable(TRANSACTION, &error.to_string()))?;
                writes = writes.transact_items(TransactWriteItem::builder().put(put).build());
            }
            match call("dynamodb:PutItem", Box::pin(writes.send())).await {
                Ok(_) => return Ok(said),
                Err(error) if error.code == "TransactionCanceledException" && attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }
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

    async fn keep(&self, entry: &LedgerEntry) -> Result<(), CallError> {
        let items = items(entry)?;
        let known = |history: &mut ResourceHistory| {
            if entry.is_over() { history.ended(entry) } else { history.meant(entry) }
        };
        self.change(&entry.resource, &items, known).await
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

    async fn tell_fight(&self, arn: &str, finding: &FindingId, fight: &Fight) -> Result<bool, CallError> {
        self.change(arn, &[], |history| history.tell(finding, fight)).await
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

    async fn open(&self, family: &str, account: &str) -> Result<Vec<LedgerEntry>, CallError> {
        let query = self.client.query().table_name(&self.table).index_name("open");
        let query = query.key_condition_expression("#open = :open").expression_attribute_names("#open", "open");
        let query = query.expression_attribute_values(":open", text(&open_key(family, account)));
        let answer = call("dynamodb:Query", Box::pin(query.send())).await?;
        let mut open = Vec::new();
        for item in answer.items.unwrap_or_default() {
            let id = item.get("id").and_then(|it| it.as_s().ok()).and_then(|it| it.parse().ok());
            let Some(id) = id else { continue };
            open.extend(self.entry(id).await?.filter(|entry| !entry.is_over()));
        }
        Ok(open)
    }
}

/// Returns random bits; zeros if there are none.
fn random() -> u128 {
    let mut random = [0; 16];
    let _ = getrandom::fill(&mut random);
    u128::from_le_bytes(random)
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
        ]);
        first.extend(entry.cause.actor.as_deref().map(|actor| ("actor".to_owned(), text(actor))));
        first.extend(entry.ended.map(|at| ("ended".to_owned(), text(&at.to_rfc3339()))));
        first.extend(entry.undone.as_ref().map(|undone| ("undone".to_owned(), text(&undone.change.to_string()))));
        if !entry.is_over() {
            first.insert("open".to_owned(), text(&open_key(&entry.family, &entry.account)));
        }
    }
    Ok(parts)
}
