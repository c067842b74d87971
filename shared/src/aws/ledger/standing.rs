//! What the sweeps found worth telling, until a digest tells it, and what the digests told.

use super::parts::{PART, packed, unpacked, unzipped};
use super::{Item, TableLedger, call, text, unreadable};
use crate::ledger::ChangeId;
use crate::model::CallError;
use crate::report::digest::Told;
use crate::report::{ControlResult, Hints, Status};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use std::collections::BTreeMap;

/// How long the results of a sweep are kept if no other follows.
const KEPT: TimeDelta = TimeDelta::days(10);

/// Beginning of the keys of results that tell of changes.
const FIXED: &str = "fixed#";

/// Part of a sweep that one invocation answers.
#[derive(Debug, Clone)]
pub(crate) struct Batch<'a> {
    /// Account id.
    pub(crate) account: &'a str,
    /// Name of the family.
    pub(crate) family: &'static str,
    /// Name of the region, or `all`.
    pub(crate) region: &'a str,
    /// Number of the part.
    pub(crate) part: u32,
}

impl Batch<'_> {
    fn item(&self, key: &str, now: DateTime<Utc>) -> Item {
        let Self { account, family, region, part } = self;
        Item::from([
            ("pk".to_owned(), text(&sweep_key(account))),
            ("sk".to_owned(), text(&format!("{family}#{region}#{part:04}#{key}"))),
            ("at".to_owned(), text(&time(now))),
            ("expires".to_owned(), AttributeValue::N((now + KEPT).timestamp().to_string())),
        ])
    }
}

impl TableLedger {
    /// Keeps results of a sweep for the digest, from this chunk on, and returns the number of the next chunk.
    pub(crate) async fn stand(
        &self,
        batch: &Batch<'_>,
        chunk: u32,
        results: &[ControlResult],
    ) -> Result<u32, CallError> {
        let is_fix = |result: &&ControlResult| result.change.is_some() && result.status == Status::Fixed;
        for result in results.iter().filter(is_fix) {
            if let Some(change) = result.change {
                self.fixed(batch, result, change).await?;
            }
        }
        let results: Vec<ControlResult> = results.iter().filter(|result| !is_fix(result)).cloned().collect();
        if results.is_empty() {
            return Ok(chunk);
        }
        let with_hints: Vec<_> = results.iter().map(|result| (result, &result.hints)).collect();
        let body = packed(&with_hints)?;
        let (Some(body), true) = (body.first(), body.len() == 1) else {
            if results.len() < 2 {
                return Err(unreadable("dynamodb:PutItem", "one result alone is too large for the ledger"));
            }
            let (first, rest) = results.split_at(results.len() / 2);
            let chunk = Box::pin(self.stand(batch, chunk, first)).await?;
            return Box::pin(self.stand(batch, chunk, rest)).await;
        };
        debug_assert!(body.len() <= PART, "a part is no larger");
        let now = Utc::now();
        let mut item = batch.item(&format!("{chunk:04}"), now);
        item.insert("body".to_owned(), AttributeValue::B(Blob::new(body.clone())));
        self.put(item).await?;
        self.came_in(batch, now).await?;
        Ok(chunk + 1)
    }

    /// Keeps a result that tells of a change, until the digest has told it: another sweep does not find it again.
    async fn fixed(&self, batch: &Batch<'_>, result: &ControlResult, change: ChangeId) -> Result<(), CallError> {
        let now = Utc::now();
        let mut item = batch.item("", now);
        item.insert("sk".to_owned(), text(&format!("{FIXED}{change}#{}", result.control)));
        let body = packed(&[(result, &result.hints)])?;
        let body = body.into_iter().next().unwrap_or_default();
        item.insert("body".to_owned(), AttributeValue::B(Blob::new(body)));
        self.put(item).await?;
        self.came_in(batch, now).await
    }

    /// Records when the last result of an account came in.
    async fn came_in(&self, batch: &Batch<'_>, now: DateTime<Utc>) -> Result<(), CallError> {
        self.put(Item::from([
            ("pk".to_owned(), text("sweeps")),
            ("sk".to_owned(), text(batch.account)),
            ("at".to_owned(), text(&time(now))),
        ]))
        .await
    }

    /// Records how many chunks a part of a sweep has, and whether it is the last one.
    pub(crate) async fn stood(&self, batch: &Batch<'_>, chunks: u32, is_last: bool) -> Result<(), CallError> {
        let now = Utc::now();
        let mut item = batch.item("end", now);
        item.insert("chunks".to_owned(), AttributeValue::N(chunks.to_string()));
        item.insert("last".to_owned(), AttributeValue::Bool(is_last));
        self.put(item).await?;
        // What is right again is no longer known to be told, so a digest is due although nothing was found.
        self.came_in(batch, now).await
    }

    /// Returns the accounts that sweeps found anything in, with the time of the last result.
    #[cfg(feature = "digest")]
    pub(crate) async fn swept(&self) -> Result<Vec<(String, DateTime<Utc>)>, CallError> {
        let items = self.query("sweeps").await?;
        let of = |item: &Item| {
            let at = DateTime::parse_from_rfc3339(item.get("at")?.as_s().ok()?).ok()?;
            Some((item.get("sk")?.as_s().ok()?.clone(), at.to_utc()))
        };
        Ok(items.iter().filter_map(of).collect())
    }

    /// Returns what the last sweeps of an account found worth telling.
    #[cfg(feature = "digest")]
    pub(crate) async fn standing(&self, account: &str) -> Result<Vec<ControlResult>, CallError> {
        let items = self.query(&sweep_key(account)).await?;
        let mut standing = Vec::new();
        for item in in_force(&items) {
            if let Some(body) = item.get("body").and_then(|it| it.as_b().ok()) {
                let results = unzipped::<Vec<(ControlResult, Hints)>>(body.as_ref())?;
                standing.extend(results.into_iter().map(|(result, hints)| ControlResult { hints, ..result }));
            }
        }
        Ok(standing)
    }

    /// Returns what people were told of an account.
    #[cfg(feature = "digest")]
    pub(crate) async fn told(&self, account: &str) -> Result<Option<Told>, CallError> {
        unpacked(&self.query(&told_key(account)).await?)
    }

    /// Records what people were told of an account.
    #[cfg(feature = "digest")]
    pub(crate) async fn tell(&self, account: &str, told: &Told) -> Result<(), CallError> {
        let mut writes = self.client.transact_write_items();
        for (number, part) in packed(told)?.into_iter().enumerate() {
            let put = Put::builder().table_name(&self.table).item("pk", text(&told_key(account)));
            let put = put.item("sk", text(&number.to_string()));
            let put = put.item("body", AttributeValue::B(Blob::new(part))).build();
            let put = put.map_err(|error| unreadable("dynamodb:PutItem", &error.to_string()))?;
            writes = writes.transact_items(TransactWriteItem::builder().put(put).build());
        }
        call("dynamodb:PutItem", Box::pin(writes.send())).await.map(|_| ())
    }

    async fn put(&self, item: Item) -> Result<(), CallError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        call("dynamodb:PutItem", Box::pin(put.send())).await.map(|_| ())
    }

    /// Returns all items with this key.
    #[cfg(feature = "digest")]
    async fn query(&self, key: &str) -> Result<Vec<Item>, CallError> {
        let (mut items, mut after) = (Vec::new(), None);
        loop {
            let query = self.client.query().table_name(&self.table).consistent_read(true);
            let query = query.key_condition_expression("pk = :pk").expression_attribute_values(":pk", text(key));
            let answer = call("dynamodb:Query", Box::pin(query.set_exclusive_start_key(after).send())).await?;
            items.extend(answer.items.unwrap_or_default());
            after = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if after.is_none() {
                return Ok(items);
            }
        }
    }
}

/// Returns the chunks that belong to the last sweep: not those that an earlier, longer one has left behind.
#[cfg(feature = "digest")]
fn in_force(items: &[Item]) -> Vec<&Item> {
    let keys = |item: &Item| -> Option<(String, u32, String)> {
        let key = item.get("sk")?.as_s().ok()?;
        let (rest, chunk) = key.rsplit_once('#')?;
        let (place, part) = rest.rsplit_once('#')?;
        Some((place.to_owned(), part.parse().ok()?, chunk.to_owned()))
    };
    let number = |item: &Item, name: &str| item.get(name).and_then(|it| it.as_n().ok()).and_then(|it| it.parse().ok());
    // How many chunks each part has, and which part is the last.
    let (mut chunks, mut last) = (BTreeMap::<(String, u32), u32>::new(), BTreeMap::<String, u32>::new());
    for item in items {
        let Some((place, part, end)) = keys(item) else { continue };
        if end == "end" {
            chunks.insert((place.clone(), part), number(item, "chunks").unwrap_or(u32::MAX));
            if item.get("last").and_then(|it| it.as_bool().ok()) == Some(&true) {
                last.entry(place).and_modify(|known| *known = part.min(*known)).or_insert(part);
            }
        }
    }
    let counts = |item: &&Item| {
        if item.get("sk").and_then(|it| it.as_s().ok()).is_some_and(|it| it.starts_with(FIXED)) {
            return true;
        }
        let Some((place, part, chunk)) = keys(item) else { return false };
        let Ok(chunk) = chunk.parse::<u32>() else { return false };
        let of_part = chunks.get(&(place.clone(), part)).copied().unwrap_or(u32::MAX);
        last.get(&place).is_none_or(|last| part <= *last) && chunk < of_part
    };
    items.iter().filter(counts).collect()
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn sweep_key(account: &str) -> String {
    format!("sweep#{account}")
}

#[cfg(feature = "digest")]
fn told_key(account: &str) -> String {
    format!("told#{account}")
}
