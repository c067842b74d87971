//! Walks over resources, a few at once: a single one, or those of all regions of an account.

use super::result_buffer::ResultBuffer;
use super::unended;
use crate::event::{Dependency, Event, Sweep};
use crate::family::Family;
use crate::ledger::LedgerEntry;
use crate::model::{CallError, ErrorKind, Place, Region, Subject};
use crate::reconcile::history::{closed, everywhere, unreadable};
use crate::reconcile::pen::Pen;
use crate::reconcile::ports::{Home, Ledger, Page, REGIONS_AT_ONCE, Read, Sink, Write};
use crate::reconcile::{Checked, reconcile};
use crate::report::Status;
use crate::settings::Settings;
use chrono::{DateTime, Utc};
use futures_util::stream;
use futures_util::stream::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use tokio::time::{Instant, timeout_at};

/// A walk over resources, with everything needed to check each.
pub(crate) struct Walk<'a, F, R, W, L, T, H> {
    reader: &'a R,
    pen: Option<Pen<'a, W, L>>,
    results: &'a ResultBuffer<'a, T>,
    settings: &'a Settings,
    until: Instant,
    /// Time before which every look began: what began later was seen by none.
    began: DateTime<Utc>,
    /// When to stop starting new work that can be delegated: after half of the time, which leaves the rest to finish.
    late: Instant,
    /// Port for delegating the rest of a sweep, if that is possible.
    elsewhere: Option<&'a H>,
    _family: PhantomData<F>,
}

impl<'a, F, R, W, L, T, H> Walk<'a, F, R, W, L, T, H>
where
    F: Family,
    R: Read<F>,
    W: Write<F>,
    L: Ledger,
    T: Sink,
    H: Home,
{
    pub(crate) fn new(
        reader: &'a R,
        pen: Option<Pen<'a, W, L>>,
        results: &'a ResultBuffer<'a, T>,
        settings: &'a Settings,
        until: Instant,
        elsewhere: Option<&'a H>,
    ) -> Self {
        let now = Instant::now();
        let late = now + until.saturating_duration_since(now) / 2;
        Self { reader, pen, results, settings, until, began: Utc::now(), late, elsewhere, _family: PhantomData }
    }

    /// Checks these resources, then those that their results lead to, each once.
    pub(crate) async fn all(&self, mut due: Vec<Subject>) {
        let mut seen = BTreeSet::new();
        loop {
            due.retain(|subject| seen.insert(subject.arn.clone()));
            if due.is_empty() {
                return;
            }
            due = self.each(due).await;
        }
    }

    /// Closes the changes that earlier invocations left open, of the resources that were checked. A sweep also checks those that
    /// no list has any more.
    pub(crate) async fn close(&self, ledger: &L, account: &str, event: &Event, place: &impl Fn(&Region) -> Place) {
        let found = &self.results.found;
        let mut open = unended::open(ledger, F::NAME, account).await;
        let own = |entry: &LedgerEntry| event.origin.id.is_some() && entry.cause.id == event.origin.id;
        open.retain(|entry| entry.id.time() < self.began || own(entry));
        self.all(found.unseen::<F>(&open, event, place)).await;
        found.close(ledger, open).await;
    }

    /// Checks every resource of these regions. A region that cannot be listed becomes a result and stops no other.
    pub(crate) async fn sweep(&self, places: &[Place], using: Option<&Dependency>) {
        if F::INDEPENDENT {
            let regions = places.iter().map(|place| self.page_by_page(place, using, None, 0));
            stream::iter(regions).buffer_unordered(REGIONS_AT_ONCE).collect::<()>().await;
            return;
        }
        let lists = places.iter().map(|place| self.listed(place, using));
        let lists = stream::iter(lists).buffered(REGIONS_AT_ONCE).collect::<Vec<_>>().await;
        self.all(lists.into_iter().flatten().collect()).await;
    }

    /// Resumes the sweep of a region where another invocation stopped. If AWS does not take the token, because it has
    /// expired or was never given, the sweep of the region begins again.
    pub(crate) async fn resume(&self, place: &Place, after: Option<String>, part: u32) {
        if F::INDEPENDENT {
            self.page_by_page(place, None, after, part).await;
        } else {
            self.sweep(std::slice::from_ref(place), None).await;
        }
    }

    /// Checks the resources of a region page by page, and delegates the rest when time is short. Dependents of one
    /// resource are few enough to be checked without delegation.
    async fn page_by_page(&self, place: &Place, using: Option<&Dependency>, mut after: Option<String>, part: u32) {
        let mut resumed = after.is_some();
        loop {
            if let Some(home) = self.elsewhere.filter(|_| using.is_none() && Instant::now() >= self.late) {
                return self.delegate_rest(home, place, after, part).await;
            }
            let page = match self.page(place, using, after.as_deref()).await {
                Ok(page) => page,
                Err(Some(error)) if resumed && error.kind == ErrorKind::Rejected => {
                    (after, resumed) = (None, false);
                    continue;
                }
                Err(error) => return self.unlisted(place, error).await,
            };
            resumed = false;
            self.each(page.subjects).await;
            after = page.next;
            if after.is_none() {
                return;
            }
        }
    }

    /// Delegates the rest of a region to another invocation.
    async fn delegate_rest(&self, home: &H, place: &Place, after: Option<String>, part: u32) {
        let whole = || F::subject(place.clone(), "*");
        if part >= Sweep::LAST_PART {
            let because = format!("listing the resources is not finished after {part} invocations");
            return self
                .results
                .push(everywhere::<F>((&whole(), self.settings), Status::Failed, &because, false))
                .await;
        }
        let region = Sweep { part, ..Sweep::of_account(F::NAME, &place.account) }.in_region(&place.region);
        let outcomes = match timeout_at(self.until, home.delegate(&[region.rest(after)])).await {
            Ok(Ok(())) => return self.results.delegate(1),
            Ok(Err(error)) => unreadable::<F>((&whole(), self.settings), &error),
            Err(_) => everywhere::<F>((&whole(), self.settings), Status::Failed, CallError::OUT_OF_TIME, true),
        };
        self.results.push(outcomes).await;
    }

    /// Lists all resources of a region.
    async fn listed(&self, place: &Place, using: Option<&Dependency>) -> Vec<Subject> {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            match self.page(place, using, after.as_deref()).await {
                Ok(page) => {
                    listed.extend(page.subjects);
                    after = page.next;
                }
                Err(error) => {
                    self.unlisted(place, error).await;
                    return listed;
                }
            }
            if after.is_none() {
                return listed;
            }
        }
    }

    /// Lists one page of a region's resources. Fails with the error, or with `None` if time ran out.
    async fn page(
        &self,
        place: &Place,
        using: Option<&Dependency>,
        after: Option<&str>,
    ) -> Result<Page, Option<CallError>> {
        match timeout_at(self.until, self.reader.list(place, using, after)).await {
            Ok(page) => page.map_err(Some),
            Err(_) => Err(None),
        }
    }

    /// Reports that the resources of a region could not be listed; without an error, time ran out.
    async fn unlisted(&self, place: &Place, error: Option<CallError>) {
        let whole = F::subject(place.clone(), "*");
        let outcomes = match error {
            Some(error) if error.by_organization() => closed::<F>((&whole, self.settings), &error),
            Some(error) => unreadable::<F>((&whole, self.settings), &error),
            None => everywhere::<F>((&whole, self.settings), Status::Failed, CallError::OUT_OF_TIME, true),
        };
        self.results.push(outcomes).await;
    }

    /// Checks these resources, a few at once in each region, and returns those that their results lead to.
    async fn each(&self, subjects: Vec<Subject>) -> Vec<Subject> {
        let mut regions: BTreeMap<Region, Vec<Subject>> = BTreeMap::new();
        for subject in subjects {
            regions.entry(subject.place.region.clone()).or_default().push(subject);
        }
        let regions = regions.values().map(|subjects| async {
            let mut checks = stream::iter(subjects.iter().map(|subject| self.one(subject))).buffered(F::AT_ONCE);
            let mut answering = Vec::new();
            while let Some(Checked { outcomes, next }) = checks.next().await {
                if let Some(ledger) = self.pen.and_then(|pen| pen.ledger) {
                    self.results.ask(ledger, &outcomes).await;
                }
                self.results.push(outcomes).await;
                answering.extend(next);
            }
            answering
        });
        stream::iter(regions).buffered(REGIONS_AT_ONCE).concat().await
    }

    async fn one(&self, subject: &Subject) -> Checked {
        Box::pin(reconcile::<F, R, W, L>(self.reader, self.pen, subject, self.settings, self.until)).await
    }
}
