//! Buffers the results of an invocation: publishes them in parts during the walk, and keeps what fits for the response.
//!
//! The function's memory therefore does not depend on the size of an account.

use super::echo::wrote;
use super::groups::Leads;
use super::news::News;
use super::once::told_once;
use super::unended::Found;
use crate::model::CallError;
use crate::reconcile::ports::{Ledger, Sink};
use crate::report::{ControlResult, Report};
use futures_util::stream;
use futures_util::stream::StreamExt;
use serde::Serialize;
use std::cell::RefCell;
use std::io;
use tokio::time::Instant;

/// Maximum number of reports published concurrently.
const REPORTS_AT_ONCE: usize = 8;

/// Number of results published at once. Most events have fewer, so that people get a single message.
const PART: usize = 500;

/// Maximum size of the results in a response, in bytes of JSON. Lambda allows 6 MB ([Lambda quotas], payload).
///
/// [Lambda quotas]: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const ROOM: usize = 2 * 1024 * 1024;

/// Results so far: a report for each group of events. What several led to is in the report of the one that weighs most, which
/// names the others beside it.
pub(crate) struct ResultBuffer<'a, T> {
    sinks: &'a [T],
    news: News<'a>,
    drafts: RefCell<Vec<Draft>>,
    /// What was found of each resource.
    pub(crate) found: Found,
}

/// Report of a group so far.
pub(crate) struct Draft {
    pub(crate) report: Report,
    room: usize,
    pending: Vec<ControlResult>,
    /// Groups that led to what it is about.
    leads: Leads,
    /// Groups whose reports tell of that to which this one led.
    pub(crate) told_in: Leads,
    /// Whether calls of ours were made where only calls of our own role led, that of this group among them.
    pub(crate) wrote: bool,
}

impl<'a, T: Sink> ResultBuffer<'a, T> {
    /// Creates a buffer for the results of these reports, one for each group, which have none yet. Each group has a sink.
    pub(crate) fn new(sinks: &'a [T], reports: Vec<Report>, news: News<'a>) -> Self {
        let draft = |(group, report)| {
            let only = || Leads::from([group]);
            Draft { report, room: ROOM, pending: Vec::new(), leads: only(), told_in: only(), wrote: false }
        };
        let drafts = RefCell::new(reports.into_iter().enumerate().map(draft).collect());
        Self { sinks, news, drafts, found: Found::default() }
    }

    /// Adds results of one resource, to which these groups led, and publishes a part once there are enough. Asks the ledger what
    /// of it is no news, until a time.
    pub(crate) async fn push<L: Ledger>(
        &self,
        ledger: Option<(&L, Instant)>,
        mut outcomes: Vec<ControlResult>,
        leads: &Leads,
    ) {
        if let Some((ledger, until)) = ledger {
            self.news.ask(ledger, &outcomes, until).await;
        }
        self.found.record(&outcomes);
        for outcome in &mut outcomes {
            self.news.mark(outcome, leads);
        }
        told_once(&mut outcomes);
        if let Some(again) = outcomes.iter().find(|outcome| outcome.retry) {
            self.again(leads, &format!("{}: {}", again.resource, again.because));
        }
        let Some(first) = self.news.groups.first(leads) else { return };
        let wrote_for_own = self.news.groups.own(leads) && outcomes.iter().any(wrote);
        let is_full = {
            let mut drafts = self.drafts.borrow_mut();
            for group in leads {
                if let Some(draft) = drafts.get_mut(*group) {
                    draft.told_in.insert(first);
                    draft.wrote |= wrote_for_own;
                }
            }
            let Some(draft) = drafts.get_mut(first) else { return };
            draft.leads.extend(leads);
            draft.pending.extend(outcomes);
            draft.pending.len() >= PART
        };
        if is_full {
            self.publish(first).await;
        }
    }

    /// Records that time was too short to look at what these groups led to: that is tried again, and people are told of nothing.
    pub(crate) fn late(&self, leads: &Leads) {
        self.again(leads, CallError::OUT_OF_TIME);
    }

    fn again(&self, leads: &Leads, because: &str) {
        let mut drafts = self.drafts.borrow_mut();
        for group in leads {
            if let Some(draft) = drafts.get_mut(*group) {
                draft.report.again.get_or_insert_with(|| because.to_owned());
            }
        }
    }

    /// Counts sweeps that were delegated to other invocations, on behalf of a group.
    pub(crate) fn delegate(&self, group: usize, sweeps: u64) {
        if let Some(draft) = self.drafts.borrow_mut().get_mut(group) {
            draft.report.handed_on += sweeps;
        }
    }

    /// Publishes the remaining results and returns what there is of each group. Of those that are silent nothing is published.
    pub(crate) async fn finish(self, silent: &Leads) -> Vec<Draft> {
        let buffer = &self;
        let groups = (0..self.drafts.borrow().len()).filter(|group| !silent.contains(group));
        let published = groups.map(|group| async move {
            let rest = buffer.news.rest(group);
            if let Some(draft) = buffer.drafts.borrow_mut().get_mut(group) {
                draft.pending.extend(rest);
            }
            buffer.publish(group).await;
        });
        stream::iter(published).buffered(REPORTS_AT_ONCE).collect::<()>().await;
        let mut drafts = self.drafts.into_inner();
        for draft in &mut drafts {
            draft.report.beside = self.news.groups.beside(&draft.leads);
            in_order(&mut draft.report.results);
        }
        drafts
    }

    /// Returns what is pending of a report.
    fn part(&self, group: usize) -> Option<Report> {
        let mut drafts = self.drafts.borrow_mut();
        let draft = drafts.get_mut(group)?;
        let mut results = std::mem::take(&mut draft.pending);
        in_order(&mut results);
        let report = &draft.report;
        Some(Report {
            mode: report.mode,
            event: report.event.clone(),
            beside: self.news.groups.beside(&draft.leads),
            account: report.account.clone(),
            role: report.role.clone(),
            named: report.named.clone(),
            results,
            ..Report::default()
        })
    }

    async fn publish(&self, group: usize) {
        let (Some(part), Some(sink)) = (self.part(group), self.sinks.get(group)) else { return };
        sink.publish(&part).await;
        let mut drafts = self.drafts.borrow_mut();
        let Some(draft) = drafts.get_mut(group) else { return };
        for outcome in part.results {
            let fits = size(&outcome) <= draft.room;
            let outcome = if fits { outcome } else { outcome.without_commands() };
            match draft.room.checked_sub(size(&outcome)) {
                Some(room) => {
                    draft.room = room;
                    draft.report.results.push(outcome);
                }
                None => draft.report.omitted += 1,
            }
        }
    }
}

/// Sorts results by region: regions are checked concurrently, but people read one after another.
fn in_order(results: &mut [ControlResult]) {
    results.sort_by(|one, other| one.region.cmp(&other.region));
}

/// Returns the size of a value as JSON, in bytes.
fn size(value: &impl Serialize) -> usize {
    struct Counter(usize);
    impl io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // A value that cannot be serialized cannot be sent either.
    serde_json::to_writer(&mut counter, value).map_or(usize::MAX, |()| counter.0)
}

#[cfg(test)]
mod tests {
    use super::super::echo::Echoes;
    use super::super::groups::{Cause, CauseGroup, CauseGroups};
    use super::*;
    use crate::event::{Body, Event, Origin};
    use crate::model::Severity;
    use crate::report::Status;
    use crate::testing::ledger::MemoryLedger;

    /// Records how many results each part had.
    #[derive(Default)]
    struct Parts(RefCell<Vec<usize>>);

    impl Sink for Parts {
        async fn publish(&self, part: &Report) {
            self.0.borrow_mut().push(part.results.len());
        }
    }

    fn event(name: &str, time: &str) -> Event {
        let origin = Origin { name: name.to_owned(), time: Some(time.to_owned()), ..Origin::default() };
        Event { sender: String::new(), by_aws: true, origin, body: Body::Schedule }
    }

    fn groups(events: &[Event]) -> CauseGroups<'_> {
        let group = |event| CauseGroup::new(vec![Cause { event, ours: false, weighs: false }], false, true);
        CauseGroups::new(events.iter().map(group).collect())
    }

    fn buffer<'a>(parts: &'a [Parts], groups: &'a CauseGroups<'a>, echoes: &'a Echoes) -> ResultBuffer<'a, Parts> {
        ResultBuffer::new(parts, parts.iter().map(|_| Report::default()).collect(), News::none(groups, echoes))
    }

    async fn push(results: &ResultBuffer<'_, Parts>, outcomes: Vec<ControlResult>, leads: &[usize]) {
        results.push(None::<(&MemoryLedger, Instant)>, outcomes, &leads.iter().copied().collect()).await;
    }

    async fn finish(results: ResultBuffer<'_, Parts>) -> Vec<Draft> {
        results.finish(&Leads::new()).await
    }

    fn outcome(region: &str, because: &str, retry: bool) -> ControlResult {
        ControlResult {
            retry,
            ..ControlResult::new(("c", Severity::Low), &format!("arn:{region}"), region, Status::Failed, because)
        }
    }

    #[tokio::test]
    async fn a_small_event_is_told_once_and_answered_whole() {
        let (parts, echoes, events) = ([Parts::default()], Echoes::default(), [event("Put", "1")]);
        let groups = groups(&events);
        let results = buffer(&parts, &groups, &echoes);
        push(&results, vec![outcome("b", "late", true), outcome("a", "", false)], &[0]).await;
        push(&results, vec![outcome("b", "later", true)], &[0]).await;
        let Draft { report, .. } = finish(results).await.remove(0);
        assert_eq!(*parts[0].0.borrow(), [3]);
        assert_eq!(report.results.iter().map(|it| it.region.as_str()).collect::<Vec<_>>(), ["a", "b", "b"]);
        assert_eq!((report.again.as_deref(), report.omitted), (Some("arn:b: late"), 0));
    }

    #[tokio::test]
    async fn a_large_one_is_told_in_parts_and_answered_as_far_as_there_is_room() {
        let (parts, echoes, events) = ([Parts::default()], Echoes::default(), [event("Put", "1")]);
        let groups = groups(&events);
        let results = buffer(&parts, &groups, &echoes);
        for _ in 0..1_200 {
            push(&results, vec![outcome("a", &"x".repeat(3_000), false)], &[0]).await;
        }
        let Draft { report, .. } = finish(results).await.remove(0);
        assert_eq!(*parts[0].0.borrow(), [500, 500, 200]);
        assert_eq!(report.results.len() as u64 + report.omitted, 1_200);
        assert!(serde_json::to_string(&report.results).expect("JSON").len() < ROOM + 2_000, "it stays in its room");
        assert!(report.omitted > 500);
    }

    #[tokio::test]
    async fn what_several_led_to_is_told_once_with_the_one_that_weighs_most() {
        let (parts, echoes) = ([(); 3].map(|()| Parts::default()), Echoes::default());
        let events = [event("Early", "1"), event("Late", "2"), event("Other", "3")];
        let groups = groups(&events);
        let results = buffer(&parts, &groups, &echoes);
        push(&results, vec![outcome("a", "slow", true)], &[0, 1]).await;
        push(&results, vec![outcome("b", "", false)], &[2]).await;
        push(&results, vec![outcome("c", "", false)], &[0]).await;
        let drafts = finish(results).await;
        assert_eq!(parts.map(|it| it.0.take()), [[1], [1], [1]]);
        let told = |draft: &Draft| draft.report.results.iter().map(|it| it.region.clone()).collect::<String>();
        assert_eq!(drafts.iter().map(told).collect::<Vec<_>>(), ["c", "a", "b"]);
        let beside = |draft: &Draft| draft.report.beside.iter().map(|it| it.name.clone()).collect::<String>();
        assert_eq!(drafts.iter().map(beside).collect::<Vec<_>>(), ["", "Early", ""]);
        let again = drafts.iter().map(|draft| draft.report.again.is_some());
        assert_eq!(again.collect::<Vec<_>>(), [true, true, false], "both failed");
        let told_in = drafts.iter().map(|draft| draft.told_in.iter().copied().collect());
        assert_eq!(told_in.collect::<Vec<Vec<usize>>>(), [vec![0, 1], vec![1], vec![2]]);
    }
}
