//! Walks over resources, a few at once: those to which groups of events lead, or those of all regions of an account.

use super::groups::{CauseGroups, Leads};
use super::looks::{Held, Look, Looks};
use super::result_buffer::ResultBuffer;
use super::{unended, untold};
use crate::event::{Dependency, Sweep};
use crate::family::Family;
use crate::ledger::LedgerEntry;
use crate::model::{CallError, ErrorKind, Place, Region, Subject};
use crate::reconcile::history::{closed, everywhere, unreadable};
use crate::reconcile::pen::Pen;
use crate::reconcile::ports::{Home, Ledger, Page, REGIONS_AT_ONCE, Read, Sink, Write};
use crate::reconcile::{Checked, reconcile};
use crate::report::{ControlResult, Status};
use crate::settings::Settings;
use chrono::{DateTime, Utc};
use futures_util::stream;
use futures_util::stream::StreamExt;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use tokio::time::{Instant, timeout_at};

/// Maximum number of groups of a batch whose resources are listed, or of their resources in a region that are looked at,
/// concurrently.
pub(crate) const OF_A_BATCH: usize = 8;

/// A walk over resources, with everything needed to check each.
pub(crate) struct Walk<'a, F, R, W, L, T, H> {
    pub(crate) reader: &'a R,
    /// Writer, and the ledger of what it writes; `None` if nothing may be written.
    pub(crate) writer: Option<&'a W>,
    pub(crate) ledger: Option<&'a L>,
    pub(crate) groups: &'a CauseGroups<'a>,
    pub(crate) results: &'a ResultBuffer<'a, T>,
    pub(crate) settings: &'a Settings,
    pub(crate) times: TimeLimits,
    /// Port for delegating the rest of a sweep, if that is possible.
    pub(crate) elsewhere: Option<&'a H>,
    pub(crate) _family: PhantomData<F>,
}

/// The times of an invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeLimits {
    /// When everything has to end.
    pub(crate) until: Instant,
    /// When to stop listing what events lead to.
    pub(crate) listed: Instant,
    /// When to stop beginning what a batch tries again by itself; `None` if nothing does.
    pub(crate) begun: Option<Instant>,
    /// When to stop starting new work that can be delegated: after half of the time, which leaves the rest to finish.
    late: Instant,
    /// Time before which every look began: what began later was seen by none.
    began: DateTime<Utc>,
}

impl TimeLimits {
    /// Divides the time that is left. What a batch does not begin by `begun` it tries again; listing what its events lead to
    /// takes half of that at most, so that a list that is slow keeps nothing else from being looked at.
    pub(crate) fn of(until: Instant, begun: Option<Instant>) -> Self {
        let now = Instant::now();
        let half = |end: Instant| now + end.saturating_duration_since(now) / 2;
        Self { until, listed: begun.map_or(until, half), begun, late: half(until), began: Utc::now() }
    }
}

/// Resources to which one target leads, as far as they are known before any is looked at.
#[derive(Debug, Default)]
pub(crate) struct Led {
    subjects: Vec<Subject>,
    /// Regions that could not be listed; without an error, time ran out.
    unlisted: Vec<(Place, Option<CallError>)>,
    /// Regions whose resources are checked page by page.
    pages: Vec<Pages>,
}

impl From<Vec<Subject>> for Led {
    fn from(subjects: Vec<Subject>) -> Self {
        Self { subjects, ..Self::default() }
    }
}

/// Resources of a region that are checked page by page.
#[derive(Debug)]
struct Pages {
    place: Place,
    /// Token at which to begin.
    after: Option<String>,
    part: u32,
}

/// Resource to look at, with its place among all, and the groups that lead to it.
type DueLook<'l> = (usize, &'l Subject, &'l Leads);

/// What became of a look: its place, what is yet to be told of it, and the resources that its results lead to.
type Looked = (usize, Option<Held>, Vec<Subject>);

impl<F, R, W, L, T, H> Walk<'_, F, R, W, L, T, H>
where
    F: Family,
    R: Read<F>,
    W: Write<F>,
    L: Ledger,
    T: Sink,
    H: Home,
{
    /// Finds the resources of these regions; with `using`, those that depend on it. Those of an independent family are found page
    /// by page as they are checked; dependents of one resource are few enough to be found before.
    pub(crate) async fn lead(&self, places: Vec<Place>, using: Option<&Dependency>) -> Led {
        if F::INDEPENDENT && using.is_none() {
            let pages = places.into_iter().map(|place| Pages { place, after: None, part: 0 });
            return Led { pages: pages.collect(), ..Led::default() };
        }
        let lists = places.iter().map(|place| async move { (place, self.listed(place, using).await) });
        let mut lists = stream::iter(lists).buffered(REGIONS_AT_ONCE);
        let mut led = Led::default();
        while let Some((place, (subjects, problem))) = lists.next().await {
            led.subjects.extend(subjects);
            led.unlisted.extend(problem.map(|problem| (place.clone(), problem)));
        }
        led
    }

    /// Finds the resources of a region whose sweep another invocation stopped.
    pub(crate) async fn lead_on(&self, place: Place, after: Option<String>, part: u32) -> Led {
        if F::INDEPENDENT {
            return Led { pages: vec![Pages { place, after, part }], ..Led::default() };
        }
        self.lead(vec![place], None).await
    }

    /// Checks what groups lead to, each resource once. A region that cannot be listed becomes a result and stops no other.
    pub(crate) async fn look(&self, led: Vec<(usize, Led)>) {
        let mut looks = Looks::default();
        let mut due = Vec::new();
        let mut unlisted: BTreeMap<(Region, String), (Vec<ControlResult>, Leads)> = BTreeMap::new();
        let mut pages: BTreeMap<Region, (Pages, Leads)> = BTreeMap::new();
        for (group, led) in led {
            let only = Leads::from([group]);
            due.extend(led.subjects.into_iter().filter_map(|subject| looks.add(subject, &only)));
            for (place, problem) in led.unlisted {
                let told = problem.as_ref().map(ToString::to_string).unwrap_or_default();
                let results = || (self.unlisted(&place, problem.as_ref()), Leads::new());
                unlisted.entry((place.region.clone(), told)).or_insert_with(results).1.insert(group);
            }
            for it in led.pages {
                pages.entry(it.place.region.clone()).or_insert_with(|| (it, Leads::new())).1.insert(group);
            }
        }
        for look in looks.iter_mut() {
            look.leads.extend(pages.get(&look.subject.place.region).into_iter().flat_map(|(_, leads)| leads));
        }
        for (results, leads) in unlisted.into_values() {
            self.tell(results, &leads).await;
        }
        self.all(&mut looks, due).await;
        let pages = pages.into_values().map(|(pages, leads)| self.page_by_page(pages, leads, &looks));
        stream::iter(pages).buffer_unordered(REGIONS_AT_ONCE).collect::<()>().await;
    }

    /// Checks these resources, then those that their results lead to, each once; and once more what nothing was written for, if
    /// it turns out that a call leads there which is answered.
    async fn all(&self, looks: &mut Looks, mut due: Vec<usize>) {
        let answers = |leads: &Leads| self.writer.is_none() || self.groups.answers(leads);
        while !due.is_empty() {
            looks.begin(&due, answers);
            let now = due.iter().filter_map(|at| looks.get(*at).map(|it| (*at, &it.subject, &it.leads))).collect();
            let looked = self.each(now, self.times.begun).await;
            due = looked.into_iter().flat_map(|(at, held, next)| looks.record(at, held, next)).collect();
            due.extend(looks.to_repeat(answers));
        }
        for look in looks.iter_mut() {
            match look.held.take() {
                Some(Held::Results(results)) => self.tell(results, &look.leads).await,
                Some(Held::Late) => self.results.late(&look.leads),
                None => {}
            }
        }
    }

    /// Closes the changes that earlier invocations left open, of the resources that were checked, as far as there is time, and
    /// tells of those that were found right, or that have ended and were told by nobody. A sweep also checks those that no list has any more. `heard` are the groups whose
    /// reports are published; never none.
    pub(crate) async fn close(&self, ledger: &L, account: &str, heard: &Leads, place: &impl Fn(&Region) -> Place) {
        let (found, until) = (&self.results.found, self.times.until);
        let led_by = |entry: &LedgerEntry| -> Leads {
            let led = |at: &usize| self.groups.events(*at).any(|event| event.origin.id == entry.cause.id);
            self.groups.all().into_iter().filter(|at| entry.cause.id.is_some() && led(at)).collect()
        };
        let is_before = |entry: &LedgerEntry| entry.id.time() < self.times.began;
        let mut open = unended::open(ledger, (F::NAME, account), &found.changes(), until).await;
        open.retain(|entry| is_before(entry) || !led_by(entry).is_empty());
        let all = self.groups.all();
        let event = all.iter().find_map(|at| self.groups.events(*at).next());
        let unseen: Vec<Subject> = event.map(|event| found.unseen::<F>(&open, event, place)).unwrap_or_default();
        let mut looks = Looks::default();
        let due = unseen.into_iter().filter_map(|subject| looks.add(subject, &all)).collect();
        self.all(&mut looks, due).await;
        // What the same event has begun since is the work of another invocation that runs now.
        let retried = |entry: &LedgerEntry| is_before(entry) && !led_by(entry).is_empty();
        for entry in found.close(ledger, open, retried, until).await {
            let led: Leads = led_by(&entry).intersection(heard).copied().collect();
            let fixes = untold::fixes::<F>(&entry, !led.is_empty(), Utc::now());
            self.results.push(None::<(&L, Instant)>, fixes, if led.is_empty() { heard } else { &led }).await;
        }
    }

    /// Checks the resources of a region page by page, but those that were looked at before, and delegates the rest when time is
    /// short. If AWS does not take the token at which to begin, because it has expired or was never given, it begins anew.
    async fn page_by_page(&self, Pages { place, mut after, part }: Pages, leads: Leads, before: &Looks) {
        let mut resumed = after.is_some();
        loop {
            if let Some(home) = self.elsewhere.filter(|_| Instant::now() >= self.times.late) {
                return self.delegate_rest(home, &place, &leads, after, part).await;
            }
            let page = match self.page(&place, None, after.as_deref(), self.times.until).await {
                Ok(page) => page,
                Err(Some(error)) if resumed && error.kind == ErrorKind::Rejected => {
                    (after, resumed) = (None, false);
                    continue;
                }
                Err(error) => return self.tell(self.unlisted(&place, error.as_ref()), &leads).await,
            };
            resumed = false;
            let is_new = |it: &&Subject| !before.of(&it.arn).any(|look: &Look| look.subject.place == it.place);
            let due = page.subjects.iter().filter(is_new).map(|subject| (0, subject, &leads)).collect();
            self.each(due, None).await;
            after = page.next;
            if after.is_none() {
                return;
            }
        }
    }

    /// Delegates the rest of a region to another invocation.
    async fn delegate_rest(&self, home: &H, place: &Place, leads: &Leads, after: Option<String>, part: u32) {
        let whole = || F::subject(place.clone(), "*");
        if part >= Sweep::LAST_PART {
            let because = format!("listing the resources is not finished after {part} invocations");
            return self.tell(everywhere::<F>((&whole(), self.settings), Status::Failed, &because, false), leads).await;
        }
        let region = Sweep { part, ..Sweep::of_account(F::NAME, &place.account) }.in_region(&place.region);
        let outcomes = match timeout_at(self.times.until, home.delegate(&[region.rest(after)])).await {
            Ok(Ok(())) => return self.results.delegate(leads.first().copied().unwrap_or_default(), 1),
            Ok(Err(error)) => unreadable::<F>((&whole(), self.settings), &error),
            Err(_) => everywhere::<F>((&whole(), self.settings), Status::Failed, CallError::OUT_OF_TIME, true),
        };
        self.tell(outcomes, leads).await;
    }

    /// Lists all resources of a region, and says why some may be missing; without an error, time ran out.
    async fn listed(&self, place: &Place, using: Option<&Dependency>) -> (Vec<Subject>, Option<Option<CallError>>) {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            match self.page(place, using, after.as_deref(), self.times.listed).await {
                Ok(page) => {
                    listed.extend(page.subjects);
                    after = page.next;
                }
                Err(error) => return (listed, Some(error)),
            }
            if after.is_none() {
                return (listed, None);
            }
        }
    }

    /// Lists one page of a region's resources. Fails with the error, or with `None` if time ran out.
    async fn page(
        &self,
        place: &Place,
        using: Option<&Dependency>,
        after: Option<&str>,
        until: Instant,
    ) -> Result<Page, Option<CallError>> {
        match timeout_at(until, self.reader.list(place, using, after)).await {
            Ok(page) => page.map_err(Some),
            Err(_) => Err(None),
        }
    }

    /// Returns the results for a region whose resources could not be listed; without an error, time ran out.
    fn unlisted(&self, place: &Place, error: Option<&CallError>) -> Vec<ControlResult> {
        let whole = F::subject(place.clone(), "*");
        match error {
            Some(error) if error.by_organization() => closed::<F>((&whole, self.settings), error),
            Some(error) => unreadable::<F>((&whole, self.settings), error),
            None => everywhere::<F>((&whole, self.settings), Status::Failed, CallError::OUT_OF_TIME, true),
        }
    }

    /// Checks these resources, a few at once in each region. Results of those to which every group has led, or to which no
    /// result leads, are told at once; the others once it is known who else led there.
    async fn each<'l>(&self, due: Vec<DueLook<'l>>, begun: Option<Instant>) -> Vec<Looked> {
        let mut regions: BTreeMap<&Region, Vec<DueLook<'l>>> = BTreeMap::new();
        for it in due {
            regions.entry(&it.1.place.region).or_default().push(it);
        }
        let all = self.groups.all();
        let regions = regions.into_values().map(|due| async {
            let looks = stream::iter(due).map(|(at, subject, leads)| async move {
                let is_late = begun.is_some_and(|begun| Instant::now() >= begun);
                (at, leads, if is_late { None } else { Some(self.one(subject, leads).await) })
            });
            // What is slow in a batch keeps nothing else from being begun.
            let mut looks = match begun {
                None => looks.buffered(F::AT_ONCE).left_stream(),
                Some(_) => looks.buffer_unordered(F::AT_ONCE.max(OF_A_BATCH)).right_stream(),
            };
            let mut looked = Vec::new();
            while let Some((at, leads, checked)) = looks.next().await {
                looked.push(match checked {
                    None => (at, Some(Held::Late), Vec::new()),
                    Some(Checked { outcomes, next }) if F::INDEPENDENT || *leads == all => {
                        self.tell(outcomes, leads).await;
                        (at, None, next)
                    }
                    Some(Checked { outcomes, next }) => (at, Some(Held::Results(outcomes)), next),
                });
            }
            looked
        });
        stream::iter(regions).buffer_unordered(REGIONS_AT_ONCE).concat().await
    }

    async fn one(&self, subject: &Subject, leads: &Leads) -> Checked {
        let origins = self.groups.origins(leads);
        let writer = self.writer.filter(|_| self.groups.answers(leads));
        let pen = writer.zip(origins.split_first()).map(|(writer, (cause, others))| Pen {
            writer,
            ledger: self.ledger,
            cause,
            others,
            tells: true,
        });
        Box::pin(reconcile::<F, R, W, L>(self.reader, pen, subject, self.settings, self.times.until)).await
    }

    async fn tell(&self, results: Vec<ControlResult>, leads: &Leads) {
        let ledger = self.ledger.filter(|_| self.writer.is_some() && self.groups.answers(leads));
        self.results.push(ledger.map(|ledger| (ledger, self.times.until)), results, leads).await;
    }
}
