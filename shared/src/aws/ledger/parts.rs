//! Large values in the ledger: as compressed JSON, in parts that DynamoDB takes.

use super::{Item, TableLedger, call, unreadable};
use crate::model::CallError;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{Read as _, Write as _};

/// Maximum size of a part. DynamoDB accepts items of 400 KB, names of attributes included ([quotas]).
///
/// [quotas]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
pub(super) const PART: usize = 350_000;

/// Maximum number of parts: a transaction may have 4 MB ([quotas]).
///
/// [quotas]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
const PARTS: usize = 10;

/// Maximum size of a value in memory, which no real one reaches.
const LARGEST: u64 = 64 * 1024 * 1024;

impl TableLedger {
    /// Returns all items with this key.
    pub(super) async fn query(&self, key: AttributeValue) -> Result<Vec<Item>, CallError> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk").expression_attribute_values(":pk", key);
        let mut pages = query.into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = call("dynamodb:Query", async { pages.next().await.transpose() }).await? {
            items.push(item);
        }
        Ok(items)
    }
}

/// Returns a value as compressed JSON, in parts.
pub(super) fn packed(value: &impl Serialize) -> Result<Vec<Vec<u8>>, CallError> {
    let mut zipped = ZlibEncoder::new(Vec::new(), Compression::best());
    let json = serde_json::to_vec(value).map_err(|error| unreadable("dynamodb:PutItem", &error.to_string()))?;
    let zipped = zipped.write_all(&json).and_then(|()| zipped.finish());
    let zipped = zipped.map_err(|error| unreadable("dynamodb:PutItem", &error.to_string()))?;
    if zipped.len() > PART * PARTS {
        return Err(unreadable("dynamodb:PutItem", "it is too large for the ledger"));
    }
    Ok(zipped.chunks(PART).map(<[u8]>::to_vec).collect())
}

/// Returns the value in these parts; `None` if there are none.
pub(super) fn unpacked<T: DeserializeOwned>(items: &[Item]) -> Result<Option<T>, CallError> {
    let mut parts: Vec<(usize, &[u8])> = items
        .iter()
        .filter_map(|item| Some((item.get("sk")?.as_s().ok()?.parse().ok()?, item.get("body")?.as_b().ok()?.as_ref())))
        .collect();
    if parts.is_empty() {
        return Ok(None);
    }
    parts.sort_unstable_by_key(|(number, _)| *number);
    // What was larger once has parts behind the end, which the decoder leaves alone.
    let zipped: Vec<u8> = parts.into_iter().flat_map(|(_, part)| part.iter().copied()).collect();
    unzipped(&zipped).map(Some)
}

/// Returns the value of a single part.
pub(super) fn unzipped<T: DeserializeOwned>(zipped: &[u8]) -> Result<T, CallError> {
    let mut json = Vec::new();
    let read = ZlibDecoder::new(zipped).take(LARGEST).read_to_end(&mut json);
    read.map_err(|error| unreadable("dynamodb:Query", &error.to_string()))?;
    serde_json::from_slice(&json).map_err(|error| unreadable("dynamodb:Query", &error.to_string()))
}
