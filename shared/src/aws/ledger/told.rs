//! What a digest reads of the sweeps, and what it keeps of what people were told.

use super::parts::{packed, unpacked, unzipped};
use super::sweep::{ENDED, ONCE, sweep_key};
use super::{Item, TableLedger, call, number, text, unreadable};
use crate::model::CallError;
use crate::report::digest::{Attempts, Swept, Told};
use crate::report::{ControlResult, Hints};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use chrono::DateTime;
use std::collections::BTreeMap;
use tracing::warn;

/// Key of the item that says how often it was tried to tell people.
const ATTEMPTS: &str = "attempts";

/// What the last sweeps of an account found worth telling.
#[derive(Debug, Default)]
pub(crate) struct StandingResults {
    /// Results that could be read.
    pub(crate) results: Vec<ControlResult>,
    /// Number of parts that could not, and why the first could not.
    pub(crate) unreadable: Option<(usize, CallError)>,
}

impl TableLedger {
    /// Returns the accounts that sweeps found anything in.
    pub(crate) async fn swept(&self) -> Result<Vec<(String, Swept)>, CallError> {
        let time = |value: &AttributeValue| Some(DateTime::parse_from_rfc3339(value.as_s().ok()?).ok()?.to_utc());
        let of = |item: &Item| {
            let ended =
                item.iter().filter_map(|(name, value)| Some((name.strip_prefix(ENDED)?.to_owned(), time(value)?)));
            let swept = Swept { last_result: time(item.get("at")?)?, ended: ended.collect() };
            Some((item.get("sk")?.as_s().ok()?.clone(), swept))
        };
        Ok(self.query(text("sweeps")).await?.iter().filter_map(of).collect())
    }

    /// Returns what the last sweeps of an account found worth telling. What cannot be read holds back nothing else.
    pub(crate) async fn standing(&self, account: &str) -> Result<StandingResults, CallError> {
        let items = self.query(text(&sweep_key(account))).await?;
        let mut found = StandingResults::default();
        for item in in_force(&items) {
            let Some(body) = item.get("body").and_then(|it| it.as_b().ok()) else { continue };
            match unzipped::<Vec<(ControlResult, Hints)>>(body.as_ref()) {
                Ok(results) => {
                    found.results.extend(results.into_iter().map(|(it, hints)| ControlResult { hints, ..it }));
                }
                Err(error) => {
                    let count = found.unreadable.as_ref().map_or(0, |(count, _)| *count);
                    let first = found.unreadable.map_or(error, |(_, first)| first);
                    found.unreadable = Some((count + 1, first));
                }
            }
        }
        Ok(found)
    }

    /// Returns what people were told of an account, and what was tried since.
    pub(crate) async fn told(&self, account: &str) -> Result<(Option<Told>, Attempts), CallError> {
        let items = self.query(text(&told_key(account))).await?;
        let is_attempts = |item: &&Item| item.get("sk").and_then(|it| it.as_s().ok()).is_some_and(|it| it == ATTEMPTS);
        let item = items.iter().find(is_attempts);
        let json = item.and_then(|item| item.get("json")?.as_s().ok());
        let version = item.and_then(|item| item.get("version")?.as_n().ok()?.parse().ok()).unwrap_or_default();
        let attempts: Attempts = json.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        let told = unpacked(&items).unwrap_or_else(|error| {
            warn!(account, "what people were told cannot be read, so they are told everything again: {error}");
            None
        });
        Ok((told, Attempts { version, ..attempts }))
    }

    /// Records what people were told of an account, after these attempts.
    pub(crate) async fn tell(&self, account: &str, told: &Told, after: &Attempts) -> Result<(), CallError> {
        let key = |item: &str| [("pk", text(&told_key(account))), ("sk", text(item))];
        let parts = packed(told)?.into_iter().zip(0..).map(|(part, number)| {
            let body = [("body", AttributeValue::B(Blob::new(part)))];
            owned(key(&number.to_string()).into_iter().chain(body))
        });
        let none = Attempts { version: after.version + 1, ..Attempts::default() };
        let mut writes = self.client.transact_write_items();
        for item in parts.chain([owned(key(ATTEMPTS).into_iter().chain(tried(&none)?))]) {
            let put = Put::builder().table_name(&self.table).set_item(Some(item)).build();
            let put = put.map_err(|error| unreadable("dynamodb:PutItem", &error.to_string()))?;
            writes = writes.transact_items(TransactWriteItem::builder().put(put).build());
        }
        call("dynamodb:PutItem", Box::pin(writes.send())).await.map(|_| ())
    }

    /// Records what is being tried, in place of what was read, and returns it as it was written; `None` if somebody else has
    /// tried something since.
    pub(crate) async fn attempt(
        &self,
        account: &str,
        was: &Attempts,
        now: Attempts,
    ) -> Result<Option<Attempts>, CallError> {
        let now = Attempts { version: was.version + 1, ..now };
        let key = [("pk", text(&told_key(account))), ("sk", text(ATTEMPTS))];
        let item = owned(key.into_iter().chain(tried(&now)?));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(version) OR version = :was");
        let put = put.expression_attribute_values(":was", number(was.version));
        match call("dynamodb:PutItem", Box::pin(put.send())).await {
            Ok(_) => Ok(Some(now)),
            Err(error) if error.code == "ConditionalCheckFailedException" => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Returns the attributes of the item that says what was tried.
fn tried(attempts: &Attempts) -> Result<[(&'static str, AttributeValue); 2], CallError> {
    let json = serde_json::to_string(attempts).map_err(|error| unreadable("dynamodb:PutItem", &error.to_string()))?;
    Ok([("json", text(&json)), ("version", number(attempts.version))])
}

fn owned(item: impl Iterator<Item = (&'static str, AttributeValue)>) -> Item {
    item.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Returns the chunks that belong to the last sweep: not those that an earlier, longer one has left behind.
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
        if item.get("sk").and_then(|it| it.as_s().ok()).is_some_and(|it| it.starts_with(ONCE)) {
            return true;
        }
        let Some((place, part, chunk)) = keys(item) else { return false };
        let Ok(chunk) = chunk.parse::<u32>() else { return false };
        let of_part = chunks.get(&(place.clone(), part)).copied().unwrap_or(u32::MAX);
        last.get(&place).is_none_or(|last| part <= *last) && chunk < of_part
    };
    items.iter().filter(counts).collect()
}

fn told_key(account: &str) -> String {
    format!("told#{account}")
}
