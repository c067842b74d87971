//! Changes whose function ended before it could say how they ended.

use crate::ledger::{LedgerEntry, Outcome};
use crate::reconcile::pen::is_right;
use crate::reconcile::ports::Ledger;
use crate::report::ControlResult;
use chrono::Utc;
use std::cell::RefCell;
use std::collections::BTreeMap;
use tracing::warn;

/// What this invocation found of each resource.
#[derive(Debug, Default)]
pub(crate) struct Found(RefCell<BTreeMap<String, FoundAs>>);

/// What was found of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FoundAs {
    /// Nothing is wrong with it.
    Right,
    /// It is being repaired by a change of its own, or was.
    Changed,
    /// Something is wrong with it, or nobody knows.
    Other,
}

impl Found {
    /// Records the results of one resource.
    pub(crate) fn record(&self, results: &[ControlResult]) {
        let Some(resource) = results.first().map(|result| result.resource.to_string()) else { return };
        let state = if results.iter().any(|result| result.change.is_some()) {
            FoundAs::Changed
        } else if results.iter().all(|result| is_right(result.status)) {
            FoundAs::Right
        } else {
            FoundAs::Other
        };
        self.0.borrow_mut().insert(resource, state);
    }

    /// Closes the changes of these resources that an earlier invocation left open.
    pub(crate) async fn close<L: Ledger>(&self, ledger: &L, family: &str, account: &str) {
        let open = match ledger.open(family, account).await {
            Ok(open) => open,
            Err(error) => return warn!("open changes could not be read from the ledger: {error}"),
        };
        for entry in open {
            let Some(state) = self.0.borrow().get(&entry.resource).copied() else { continue };
            let closed = match state {
                FoundAs::Right => ended(entry, Outcome::FoundRight),
                FoundAs::Changed => ended(entry, Outcome::Superseded),
                FoundAs::Other => continue,
            };
            if let Err(error) = ledger.keep(&closed).await {
                warn!(change = %closed.id, "the change could not be closed in the ledger: {error}");
            }
        }
    }
}

fn ended(mut entry: LedgerEntry, outcome: Outcome) -> LedgerEntry {
    for finding in &mut entry.findings {
        finding.fixed = Some(outcome == Outcome::FoundRight);
    }
    LedgerEntry { outcome, ended: Some(Utc::now()), ..entry }
}
