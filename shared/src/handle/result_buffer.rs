//! The results of one event: told in parts while the walk goes on, and kept for the answer as far as there is room.
//!
//! So an account's size does not show in the function's memory.

use crate::reconcile::ports::Sink;
use crate::report::{ControlResult, Report};
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::io;

/// How many results are told at once. Most events have fewer, so that people get one message.
const PART: usize = 500;

/// How much the results of an answer may take, in bytes of JSON. Lambda carries 6 MB ([Lambda quotas], payload).
///
/// [Lambda quotas]: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const ROOM: usize = 2 * 1024 * 1024;

/// What came of one event so far.
pub(crate) struct ResultBuffer<'a, T> {
    sink: &'a T,
    report: RefCell<Report>,
    room: Cell<usize>,
    pending: RefCell<Vec<ControlResult>>,
}

impl<'a, T: Sink> ResultBuffer<'a, T> {
    /// Results that are to come into this report, which has none yet.
    pub(crate) fn new(sink: &'a T, report: Report) -> Self {
        Self { sink, report: RefCell::new(report), room: Cell::new(ROOM), pending: RefCell::default() }
    }

    /// Takes results in.
    pub(crate) async fn push(&self, outcomes: Vec<ControlResult>) {
        self.pending.borrow_mut().extend(outcomes);
        if self.pending.borrow().len() >= PART {
            self.publish().await;
        }
    }

    /// So many sweeps were left to other invocations.
    pub(crate) fn delegate(&self, sweeps: u64) {
        self.report.borrow_mut().handed_on += sweeps;
    }

    /// Tells what is untold, and gives the report.
    pub(crate) async fn finish(self) -> Report {
        self.publish().await;
        let mut report = self.report.into_inner();
        in_order(&mut report.results);
        report
    }

    /// A report of these results alone.
    fn part(&self, results: Vec<ControlResult>) -> Report {
        let report = self.report.borrow();
        let (mode, event, account) = (report.mode, report.event.clone(), report.account.clone());
        Report { mode, event, account, results, ..Report::default() }
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

/// Regions are walked side by side; people read of one after the other.
fn in_order(results: &mut [ControlResult]) {
    results.sort_by(|one, other| one.region.cmp(&other.region));
}

/// The bytes of something as JSON.
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
    // What cannot be written is not carried either.
    serde_json::to_writer(&mut counter, value).map_or(usize::MAX, |()| counter.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Severity;
    use crate::report::Status;

    /// How many results each part had.
    #[derive(Default)]
    struct Parts(RefCell<Vec<usize>>);

    impl Sink for Parts {
        async fn publish(&self, part: &Report) {
            self.0.borrow_mut().push(part.results.len());
        }
    }

    fn outcome(region: &str, because: &str, retry: bool) -> ControlResult {
        ControlResult {
            control: "c".into(),
            resource: format!("arn:{region}"),
            region: region.into(),
            status: Status::Failed,
            severity: Severity::Low,
            because: because.into(),
            advice: None,
            steps: vec![],
            retry,
        }
    }

    #[tokio::test]
    async fn a_small_event_is_told_once_and_answered_whole() {
        let parts = Parts::default();
        let results = ResultBuffer::new(&parts, Report::default());
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
        let results = ResultBuffer::new(&parts, Report::default());
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
