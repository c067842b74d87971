//! A ledger that exists in memory only, for the laws.

use crate::event::Origin;
use crate::ledger::{
    CallState, ChangeId, EntryFinding, Fight, FindingId, LedgerEntry, Outcome, ResourceHistory, SetCall,
};
use crate::model::{CallError, ErrorKind, Region};
use crate::reconcile::ports::Ledger;
use chrono::Utc;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::sleep;

/// Returns a change of a resource that was meant now, for the controls with these reasons, and has made no call yet.
pub(crate) fn meant(family: &str, resource: &str, findings: &[(&str, &str)]) -> LedgerEntry {
    let finding = |(control, because): &(&str, &str)| EntryFinding {
        finding: FindingId::of(control, "", "", resource),
        control: (*control).to_owned(),
        because: (*because).to_owned(),
        fixed: None,
    };
    LedgerEntry {
        id: ChangeId::new(Utc::now(), resource.len() as u128),
        family: family.to_owned(),
        account: "111122223333".to_owned(),
        region: Region::first(),
        subject: resource.to_owned(),
        resource: resource.to_owned(),
        cause: Origin::default(),
        findings: findings.iter().map(finding).collect(),
        steps: vec![],
        outcome: Outcome::Meant,
        wrong_since: None,
        ended: None,
        undone: None,
        undone_in_part: Vec::new(),
        telling: None,
        told: None,
        version: 0,
    }
}

/// A ledger in memory.
#[derive(Debug, Default)]
pub(crate) struct MemoryLedger {
    pub(crate) entries: RefCell<BTreeMap<ChangeId, LedgerEntry>>,
    pub(crate) histories: RefCell<BTreeMap<String, ResourceHistory>>,
    counts: RefCell<BTreeMap<(String, String), u64>>,
    ids: Cell<u128>,
    /// Names of what others are making, with how often this process still asks in vain.
    pub(crate) claimed: RefCell<BTreeMap<String, usize>>,
    /// Whether every call fails.
    pub(crate) broken: Cell<bool>,
    /// How long each call takes.
    pub(crate) delay: Cell<Duration>,
}

impl MemoryLedger {
    /// Returns whether a call stands in an entry that has not ended.
    pub(crate) fn means(&self, summary: &str) -> bool {
        let entries = self.entries.borrow();
        let mut open = entries.values().filter(|entry| !entry.is_over()).flat_map(|entry| &entry.steps);
        open.any(|step| step.summary == summary && step.state == CallState::Meant)
    }

    async fn answer(&self) -> Result<(), CallError> {
        if !self.delay.get().is_zero() {
            sleep(self.delay.get()).await;
        }
        let denied = || CallError {
            action: "dynamodb:PutItem",
            kind: ErrorKind::Denied,
            code: "AccessDeniedException".into(),
            message: "no".into(),
        };
        if self.broken.get() { Err(denied()) } else { Ok(()) }
    }
}

impl Ledger for MemoryLedger {
    fn id(&self) -> ChangeId {
        self.ids.set(self.ids.get() + 1);
        ChangeId::new(Utc::now(), self.ids.get())
    }

    async fn history(&self, arn: &str) -> Result<ResourceHistory, CallError> {
        self.answer().await?;
        Ok(self.histories.borrow().get(arn).cloned().unwrap_or_default())
    }

    async fn keep(&self, entry: &mut LedgerEntry) -> Result<(), CallError> {
        let stored = self.entries.borrow().get(&entry.id).cloned();
        entry.version = stored.map_or(0, |stored| stored.version);
        self.replace(entry).await?;
        entry.version += 1;
        Ok(())
    }

    async fn replace(&self, entry: &LedgerEntry) -> Result<bool, CallError> {
        self.answer().await?;
        let stored = self.entries.borrow().get(&entry.id).map_or(0, |stored| stored.version);
        if stored != entry.version {
            return Ok(false);
        }
        let mut histories = self.histories.borrow_mut();
        let history = histories.entry(entry.resource.clone()).or_default();
        if entry.is_over() {
            history.ended(entry);
        } else {
            history.meant(entry);
        }
        let written = LedgerEntry { version: entry.version + 1, ..entry.clone() };
        self.entries.borrow_mut().insert(entry.id, written);
        Ok(true)
    }

    async fn count(&self, account: &str, control: &str) -> Result<u64, CallError> {
        self.answer().await?;
        let mut counts = self.counts.borrow_mut();
        let count = counts.entry((account.to_owned(), control.to_owned())).or_default();
        *count += 1;
        Ok(*count)
    }

    async fn claim_fight(
        &self,
        arn: &str,
        telling: &FindingId,
        fight: &Fight,
        events: &[&str],
    ) -> Result<bool, CallError> {
        self.answer().await?;
        let mut histories = self.histories.borrow_mut();
        Ok(histories.entry(arn.to_owned()).or_default().claim(telling, fight, events, Utc::now()))
    }

    async fn told_fight(&self, arn: &str, telling: &FindingId, fight: &Fight) -> Result<(), CallError> {
        self.answer().await?;
        self.histories.borrow_mut().entry(arn.to_owned()).or_default().told(telling, fight.until);
        Ok(())
    }

    async fn set(&self, arn: &str, control: &str, calls: &[SetCall<'_>]) -> Result<Vec<bool>, CallError> {
        self.answer().await?;
        Ok(self.histories.borrow_mut().entry(arn.to_owned()).or_default().set(control, calls))
    }

    async fn claim(&self, account: &str, name: &str) -> Result<bool, CallError> {
        self.answer().await?;
        let mut claimed = self.claimed.borrow_mut();
        let left = claimed.entry(format!("{account}#{name}")).or_default();
        let free = *left == 0;
        *left = left.saturating_sub(1);
        Ok(free)
    }

    async fn open(
        &self,
        family: &str,
        account: &str,
        without: &BTreeSet<ChangeId>,
    ) -> Result<Vec<LedgerEntry>, CallError> {
        self.answer().await?;
        let entries = self.entries.borrow();
        let of = |entry: &&LedgerEntry| entry.family == family && entry.account == account;
        let open = entries.values().filter(of).filter(|entry| entry.is_open() && !without.contains(&entry.id));
        Ok(open.cloned().collect())
    }

    async fn told_change(&self, change: ChangeId) -> Result<(), CallError> {
        self.answer().await?;
        if let Some(entry) = self.entries.borrow_mut().get_mut(&change) {
            (entry.told, entry.version) = (Some(Utc::now()), entry.version + 1);
        }
        Ok(())
    }
}
