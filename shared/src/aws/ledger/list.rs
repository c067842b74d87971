//! Lists of changes, for people.

use super::{Item, TableLedger, call, text, unreadable};
use crate::ledger::{ChangeId, FindingId, UndoneInPart};
use crate::model::{CallError, OneLine};
use chrono::{DateTime, Utc};
use serde::Serialize;

/// What the list of changes says of one. Whoever chose a name in it, each is one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedChange {
    /// Id of the change.
    pub id: ChangeId,
    /// Time at which the change was meant.
    pub time: DateTime<Utc>,
    /// Account id.
    pub account: String,
    /// Region of the resource.
    pub region: OneLine,
    /// Name of the family.
    pub family: OneLine,
    /// ARN of the resource.
    pub resource: OneLine,
    /// Ids of the controls that the change was about.
    pub controls: Vec<OneLine>,
    /// How the change ended, or `meant`.
    pub outcome: OneLine,
    /// Name of the event that led to the change.
    pub cause: OneLine,
    /// Caller of that event, if it was a call.
    pub actor: Option<OneLine>,
    /// Id of the change that took this one back.
    pub undone: Option<ChangeId>,
    /// The last attempt to take this one back that left something, as long as it is not taken back.
    pub undone_in_part: Option<UndoneInPart>,
}

impl TableLedger {
    /// Returns the changes since a time, the latest last: those of one account, or of all.
    ///
    /// Those of all accounts are found by reading the whole index: enough for a person's question, and nothing that a
    /// function may do.
    ///
    /// # Errors
    /// Returns an error if a call fails.
    pub async fn list(&self, account: Option<&str>, since: DateTime<Utc>) -> Result<Vec<ListedChange>, CallError> {
        let first = ChangeId::first_since(since).to_string();
        let mut found = match account {
            Some(account) => self.of_account(account, &first).await?,
            None => self.of_all(&first).await?,
        };
        found.sort_unstable_by_key(|change| change.id);
        Ok(found)
    }

    async fn of_account(&self, account: &str, first: &str) -> Result<Vec<ListedChange>, CallError> {
        let query = self.client.query().table_name(&self.table).index_name("account");
        let query = query.key_condition_expression("account = :account AND id >= :first");
        let query = query.expression_attribute_values(":account", text(account));
        let mut pages = query.expression_attribute_values(":first", text(first)).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = call("dynamodb:Query", async { pages.next().await.transpose() }).await? {
            found
                .push(listed(&item).ok_or_else(|| unreadable("dynamodb:Query", "an item of the index is incomplete"))?);
        }
        Ok(found)
    }

    async fn of_all(&self, first: &str) -> Result<Vec<ListedChange>, CallError> {
        let scan = self.client.scan().table_name(&self.table).index_name("account").filter_expression("id >= :first");
        let mut pages = scan.expression_attribute_values(":first", text(first)).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = call("dynamodb:Scan", async { pages.next().await.transpose() }).await? {
            found.push(listed(&item).ok_or_else(|| unreadable("dynamodb:Scan", "an item of the index is incomplete"))?);
        }
        Ok(found)
    }

    /// Ends the fights over a resource: over one control, or over all. Returns the findings that start to be fixed
    /// again.
    ///
    /// # Errors
    /// Returns an error if a call fails.
    pub async fn resume(
        &self,
        arn: &str,
        findings: Option<&[FindingId]>,
        now: DateTime<Utc>,
    ) -> Result<Vec<FindingId>, CallError> {
        self.change(arn, |history| history.resume(findings, now)).await
    }
}

/// Returns a change as the index has it.
fn listed(item: &Item) -> Option<ListedChange> {
    let word = |name: &str| item.get(name).and_then(|it| it.as_s().ok());
    let line = |name: &str| word(name).map(|it| OneLine::from(it.as_str())).unwrap_or_default();
    let id: ChangeId = word("id")?.parse().ok()?;
    let controls = item.get("controls").and_then(|it| it.as_l().ok()).into_iter().flatten();
    Some(ListedChange {
        id,
        time: id.time(),
        account: word("account")?.clone(),
        region: line("region"),
        family: line("family"),
        resource: line("resource"),
        controls: controls.filter_map(|it| it.as_s().ok()).map(|it| OneLine::from(it.as_str())).collect(),
        outcome: line("outcome"),
        cause: line("cause"),
        actor: word("actor").map(|it| OneLine::from(it.as_str())),
        undone: word("undone").and_then(|it| it.parse().ok()),
        undone_in_part: word("undone").and_then(|it| serde_json::from_str(it).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::types::AttributeValue;
    use std::collections::HashMap;

    #[test]
    fn a_hostile_name_in_the_index_is_one_line() {
        let id = ChangeId::new(DateTime::UNIX_EPOCH, 1).to_string();
        let item: HashMap<String, AttributeValue> =
            [("id", id.as_str()), ("account", "111122223333"), ("resource", "a\nb\u{202e}")]
                .into_iter()
                .map(|(name, value)| (name.to_owned(), text(value)))
                .collect();
        let found = listed(&item).expect("a change");
        assert_eq!((&*found.resource, found.undone, found.time), ("a b ", None, DateTime::UNIX_EPOCH));
        assert_eq!(listed(&HashMap::new()), None);
    }
}
