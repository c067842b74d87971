//! What the functions of the families keep for a digest: what sweeps found worth telling, and what is told with others.

use super::parts::{PART, packed};
use super::{Item, TableLedger, call, text, unreadable};
use crate::ledger::FindingId;
use crate::model::CallError;
use crate::report::{ControlResult, Status};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// How long the results of a sweep are kept if no other follows.
const KEPT: TimeDelta = TimeDelta::days(10);

/// Beginning of the keys of results that no other sweep finds again.
pub(super) const ONCE: &str = "once#";

/// Beginning of the names of attributes that say when a family's sweep ended.
pub(super) const ENDED: &str = "ended_";

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
    /// Returns the key of one item of the part.
    fn key(&self, item: &str) -> String {
        let Self { account: _, family, region, part } = self;
        format!("{family}#{region}#{part:04}#{item}")
    }
}

/// Returns an item of an account's sweeps.
fn item(account: &str, key: &str, now: DateTime<Utc>) -> Item {
    Item::from([
        ("pk".to_owned(), text(&sweep_key(account))),
        ("sk".to_owned(), text(key)),
        ("at".to_owned(), text(&time(now))),
        ("expires".to_owned(), AttributeValue::N((now + KEPT).timestamp().to_string())),
    ])
}

impl TableLedger {
    /// Keeps results of a sweep for the digest, from this chunk on, and returns the number of the next chunk.
    pub(crate) async fn stand(
        &self,
        batch: &Batch<'_>,
        chunk: u32,
        results: &[ControlResult],
    ) -> Result<u32, CallError> {
        let (fixes, results): (Vec<_>, Vec<_>) =
            results.iter().cloned().partition(|it| it.change.is_some() && it.status == Status::Fixed);
        self.stand_once(batch.account, &fixes).await?;
        if results.is_empty() {
            return Ok(chunk);
        }
        let with_hints: Vec<_> = results.iter().map(|result| (result, &result.hints)).collect();
        let body = packed(&with_hints)?;
        let (Some(body), true) = (body.first(), body.len() == 1) else {
            let has_commands = |it: &ControlResult| it.steps.iter().any(|step| step.by_hand.is_some());
            if results.len() < 2 && results.iter().any(has_commands) {
                let fewer: Vec<_> = results.iter().cloned().map(ControlResult::without_commands).collect();
                return Box::pin(self.stand(batch, chunk, &fewer)).await;
            }
            if results.len() < 2 {
                return Err(unreadable("dynamodb:PutItem", "one result alone is too large for the ledger"));
            }
            let (first, rest) = results.split_at(results.len() / 2);
            let chunk = Box::pin(self.stand(batch, chunk, first)).await?;
            return Box::pin(self.stand(batch, chunk, rest)).await;
        };
        debug_assert!(body.len() <= PART, "a part is no larger");
        let now = Utc::now();
        let mut item = item(batch.account, &batch.key(&format!("{chunk:04}")), now);
        item.insert("body".to_owned(), AttributeValue::B(Blob::new(body.clone())));
        self.put(item).await?;
        self.came_in(batch.account, None, now).await?;
        Ok(chunk + 1)
    }

    /// Keeps results that no later sweep finds again until a digest has told them: fixes, each by its change, and what is
    /// told with others, each by its finding.
    pub(crate) async fn stand_once(&self, account: &str, results: &[ControlResult]) -> Result<(), CallError> {
        for result in results {
            let now = Utc::now();
            let own = match result.change {
                Some(change) => format!("{change}#{}", result.control),
                None => FindingId::of(&result.control, account, &result.region, &result.resource).to_string(),
            };
            let mut item = item(account, &format!("{ONCE}{own}"), now);
            let mut body = packed(&[(result, &result.hints)])?;
            if body.len() > 1 {
                body = packed(&[(result.clone().without_commands(), &result.hints)])?;
            }
            let body = body.into_iter().next().unwrap_or_default();
            item.insert("body".to_owned(), AttributeValue::B(Blob::new(body)));
            self.put(item).await?;
            self.came_in(account, None, now).await?;
        }
        Ok(())
    }

    /// Records how many chunks a part of a sweep has, and whether it is the last one.
    pub(crate) async fn stood(&self, batch: &Batch<'_>, chunks: u32, is_last: bool) -> Result<(), CallError> {
        let now = Utc::now();
        let mut item = item(batch.account, &batch.key("end"), now);
        item.insert("chunks".to_owned(), AttributeValue::N(chunks.to_string()));
        item.insert("last".to_owned(), AttributeValue::Bool(is_last));
        self.put(item).await?;
        // What is right again is no longer known to be told, so a digest is due although nothing was found.
        self.came_in(batch.account, is_last.then_some(batch.family), now).await
    }

    /// Records when the last result of an account came in, and the end of a family's sweep.
    async fn came_in(&self, account: &str, ended: Option<&str>, now: DateTime<Utc>) -> Result<(), CallError> {
        let update = self.client.update_item().table_name(&self.table).key("pk", text("sweeps"));
        let update = update.key("sk", text(account)).expression_attribute_names("#at", "at");
        let update = update.expression_attribute_values(":now", text(&time(now)));
        let update = match ended {
            Some(family) => update
                .update_expression("SET #at = :now, #ended = :now")
                .expression_attribute_names("#ended", format!("{ENDED}{family}")),
            None => update.update_expression("SET #at = :now"),
        };
        call("dynamodb:UpdateItem", Box::pin(update.send())).await.map(|_| ())
    }

    async fn put(&self, item: Item) -> Result<(), CallError> {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        call("dynamodb:PutItem", Box::pin(put.send())).await.map(|_| ())
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

pub(super) fn sweep_key(account: &str) -> String {
    format!("sweep#{account}")
}
