//! Buffers the results of one event: publishes them in parts during the walk, and keeps what fits for the response.
//!
//! The function's memory therefore does not depend on the size of an account.

use super::news::News;
use super::once::told_once;
use super::unended::Found;
use crate::reconcile::ports::{Ledger, Sink};
use crate::report::{ControlResult, Report};
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::io;

/// Number of results published at once. Most events have fewer, so that people get a single message.
const PART: usize = 500;

/// Maximum size of the results in a response, in bytes of JSON. Lambda allows 6 MB ([Lambda quotas], payload).
///
/// [Lambda quotas]: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const ROOM: usize = 2 * 1024 * 1024;

/// Results of one event so far.
pub(crate) struct ResultBuffer<'a, T> {
    sink: &'a T,
    news: News<'a>,
    report: RefCell<Report>,
    room: Cell<usize>,
    pending: RefCell<Vec<ControlResult>>,
    /// What was found of each resource.
    pub(crate) found: Found,
}

impl<'a, T: Sink> ResultBuffer<'a, T> {
    /// Creates a buffer for the results of this report, which has none yet.
    pub(crate) fn new(sink: &'a T, report: Report, news: News<'a>) -> Self {
        Self {
            sink,
            news,
            report: RefCell::new(report),
            room: Cell::new(ROOM),
            pending: RefCell::default(),
            found: Found::default(),
        }
    }

    /// Asks the ledger what of these results is no news.
    pub(crate) async fn ask<L: Ledger>(&self, ledger: &L, outcomes: &[ControlResult]) {
        self.news.ask(ledger, outcomes).await;
    }

    /// Adds results of one resource, and publishes a part once there are enough.
    pub(crate) async fn push(&self, mut outcomes: Vec<ControlResult>) {
        self.found.record(&outcomes);
        for outcome in &mut outcomes {
            self.news.mark(outcome);
        }
        told_once(&mut outcomes);
        self.pending.borrow_mut().extend(outcomes);
        if self.pending.borrow().len() >= PART {
            self.publish().await;
        }
    }

    /// Counts sweeps that were delegated to other invocations.
    pub(crate) fn delegate(&self, sweeps: u64) {
        self.report.borrow_mut().handed_on += sweeps;
    }

    /// Publishes the remaining results and returns the report.
    pub(crate) async fn finish(self) -> Report {
        let rest = {
            let (report, pending) = (self.report.borrow(), self.pending.borrow());
            self.news.rest(&report.results.iter().chain(pending.iter()))
        };
        self.pending.borrow_mut().extend(rest);
        self.publish().await;
        let mut report = self.report.into_inner();
        in_order(&mut report.results);
        report
    }

    /// Returns a report of these results only.
    fn part(&self, results: Vec<ControlResult>) -> Report {
        let report = self.report.borrow();
        Report {
            mode: report.mode,
            event: report.event.clone(),
            beside: report.beside.clone(),
            account: report.account.clone(),
            role: report.role.clone(),
            named: report.named.clone(),
            results,
            ..Report::default()
        }
    }

    async fn publish(&self) {
        let mut results = std::mem::take(&mut *self.pending.borrow_mut());
        in_order(&mut results);
        let part = self.part(results);
        self.sink.publish(&part).await;
        let mut report = self.report.borrow_mut();
        for outcome in part.results {
            if outcome.retry && report.again.is_none() {
                report.again = Some(format!("{}: {}", outcome.resource, outcome.because));
            }
            match self.room.get().checked_sub(size(&outcome)) {
                Some(room) => {
                    self.room.set(room);
                    report.results.push(outcome);
                }
                None => report.omitted += 1,
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
    use super::*;
    use crate::model::Severity;
    use crate::report::Status;

    /// Records how many results each part had.
    #[derive(Default)]
    struct Parts(RefCell<Vec<usize>>);

    impl Sink for Parts {
        async fn publish(&self, part: &Report) {
            self.0.borrow_mut().push(part.results.len());
        }
    }

    fn outcome(region: &str, because: &str, retry: bool) -> ControlResult {
        ControlResult {
            retry,
            ..ControlResult::new(("c", Severity::Low), &format!("arn:{region}"), region, Status::Failed, because)
        }
    }

    #[tokio::test]
    async fn a_small_event_is_told_once_and_answered_whole() {
        let parts = Parts::default();
        let echoes = Echoes::default();
        let results = ResultBuffer::new(&parts, Report::default(), News::none(&echoes));
        results.push(vec![outcome("b", "late", true), outcome("a", "", false)]).await;
        results.push(vec![outcome("b", "later", true)]).await;
        let report = results.finish().await;
        assert_eq!(*parts.0.borrow(), [3]);
        assert_eq!(report.results.iter().map(|it| it.region.as_str()).collect::<Vec<_>>(), ["a", "b", "b"]);
        assert_eq!((report.again.as_deref(), report.omitted), (Some("arn:b: late"), 0));
    }

    #[tokio::test]
    async fn a_large_one_is_told_in_parts_and_answered_as_far_as_there_is_room() {
        let parts = Parts::default();
        let echoes = Echoes::default();
        let results = ResultBuffer::new(&parts, Report::default(), News::none(&echoes));
        for _ in 0..1_200 {
            results.push(vec![outcome("a", &"x".repeat(3_000), false)]).await;
        }
        let report = results.finish().await;
        assert_eq!(*parts.0.borrow(), [500, 500, 200]);
        assert_eq!(report.results.len() as u64 + report.omitted, 1_200);
        assert!(serde_json::to_string(&report.results).expect("JSON").len() < ROOM + 2_000, "it stays in its room");
        assert!(report.omitted > 500);
    }
}
