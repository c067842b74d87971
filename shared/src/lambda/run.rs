//! Function of a family: settings, clients and logs once, then one event after another.

use super::accounts::Accounts;
use super::batch::{BatchAnswer, QueueMessage};
use super::log;
use super::metrics::Numbers;
use super::publish::{Outbox, in_time};
use super::runtime::{Failure, Invocation, Serve, log_group, start};
use crate::aws::ledger::{Batch, TableLedger};
use crate::aws::{AtHome, Aws, Connected, Once};
use crate::event::{Body, Event};
use crate::families::known;
use crate::handle;
use crate::handle::{Echoes, HandleError, handle};
use crate::ledger::ChangeId;
use crate::model::{CallError, Region, Severity};
use crate::reconcile::ports::{Account, Ledger as _, Sink};
use crate::report::mail::MailContext;
use crate::report::message::messages;
use crate::report::{ControlResult, FoundBySweep, Report, Status};
use crate::settings::{Mode, Settings};
use futures_util::stream::StreamExt as _;
use futures_util::{FutureExt, stream};
use serde::Serialize;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::process::ExitCode;
use std::rc::Rc;
use tokio::time::timeout_at;
use tracing::warn;

/// Number of changes of which it is written at the same time that people were told.
const WRITES_AT_ONCE: usize = 8;

/// Runs the function of family `F` until Lambda ends it.
#[must_use]
pub fn run<F: Connected>() -> ExitCode {
    start(async |settings: Rc<Settings>| {
        let aws = Aws::load(settings.share).await;
        let ledger = settings.ledger.as_deref().map(|table| TableLedger::new(&aws, table));
        let accounts = Accounts::new(F::NAME, F::connect, aws, Rc::clone(&settings));
        Function::<F> { accounts, settings, ledger, numbers: Numbers::start(F::NAME), echoes: Echoes::default() }
    })
}

/// Function of a family.
pub(super) struct Function<F: Connected> {
    pub(super) accounts: Accounts<F::Io>,
    pub(super) settings: Rc<Settings>,
    pub(super) ledger: Option<TableLedger>,
    pub(super) numbers: Option<Numbers>,
    pub(super) echoes: Echoes,
}

/// Response to an event, or to a batch of them.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Answer {
    One(Box<Report>),
    Batch(BatchAnswer),
}

impl<F: Connected> Serve for Function<F> {
    const NAME: &'static str = F::NAME;
    type Answer = Answer;

    /// Requests our identity.
    async fn prepare(&self) {
        let _ = self.accounts.home.aws.identity().await;
    }

    async fn work(&self, invocation: &Invocation) -> Result<Answer, Failure> {
        match QueueMessage::all_of(&invocation.payload) {
            Some(messages) => {
                let messages = messages.map_err(HandleError::Event)?;
                Ok(Answer::Batch(self.batch(&messages, invocation).boxed_local().await))
            }
            None => self.one(invocation).boxed_local().await.map(|report| Answer::One(Box::new(report))),
        }
    }
}

impl<F: Connected> Function<F> {
    /// Handles one event.
    async fn one(&self, invocation: &Invocation) -> Result<Report, Failure> {
        let Invocation { payload, request_id, start, until, by: _ } = invocation;
        let settings = &*self.settings;
        let event = Event::decode(payload).map_err(HandleError::Event)?;
        let outbox = Outbox::new(F::NAME, &self.accounts.home.aws, settings);
        let batch = self.ledger.as_ref().and_then(|_| batch::<F>(&event));
        let sink = ReportSink::new(self, invocation, &outbox, batch);
        let report = match timeout_at(*until, self.accounts.of(event.account(), &event.sender).boxed_local()).await {
            Ok(Ok(clients)) => {
                let once = Once::new(&clients.io, &clients.aws);
                let writer = self.may_write().then_some(&once);
                let ledger = self.ledger.as_ref();
                let ports =
                    handle::Ports { account: &clients.aws, reader: &once, writer, ledger, echoes: &self.echoes };
                let home = AtHome { aws: &self.accounts.home.aws, bus: settings.bus.as_ref() };
                // Boxed, as the future is large and deep.
                handle::<F, _, _, _, _, _, _>(&home, ports, &sink, settings, &event, *until).boxed_local().await?
            }
            Ok(Err(error)) => {
                let us = self.accounts.home.aws.identity().await?;
                handle::report_inaccessible::<F, _>(&us, &error, &sink, settings, (&event, &[&event])).await
            }
            Err(_) => return Err(Failure::again(CallError::OUT_OF_TIME.to_owned())),
        };
        sink.end(&report).await;
        log::ending(F::NAME, &report, request_id, start.elapsed());
        if let Some(numbers) = &self.numbers {
            numbers.write(start.elapsed());
        }
        if report.ignored.is_none() {
            outbox.send_late(!matches!(event.body, Body::ApiCall(_)), invocation.by).boxed_local().await;
        }
        self.outcome(sink.failure(), &report).map(|()| report)
    }

    /// Returns whether any control may write. Otherwise there is no writer at all.
    pub(super) fn may_write(&self) -> bool {
        F::CONTROLS.iter().any(|control| self.settings.modes.of(&control.about) == Mode::Enforce)
    }

    /// Returns why what a report is about has to be handled again, if so.
    pub(super) fn outcome(&self, unpublished: Option<Failure>, report: &Report) -> Result<(), Failure> {
        match (unpublished, &report.again) {
            (Some(failure), _) => {
                self.echoes.forget();
                Err(failure)
            }
            (None, Some(again)) => Err(Failure::again(again.clone())),
            (None, None) => Ok(()),
        }
    }
}

/// Returns the part of a sweep that an event asks for, of which people are told by the digest.
fn batch<F: Connected>(event: &Event) -> Option<Batch<'_>> {
    let (region, part) = match &event.body {
        Body::ApiCall(_) | Body::Other(_) => return None,
        Body::Schedule => ("all", 0),
        Body::Sweep(sweep) => (sweep.region.as_ref().map_or("all", Region::as_str), sweep.part),
    };
    Some(Batch { account: event.account(), family: F::NAME, region, part })
}

/// Publishes the results of one event as they come: those of a call at once, those of a sweep by way of the digest.
pub(super) struct ReportSink<'a, F: Connected> {
    function: &'a Function<F>,
    invocation: &'a Invocation,
    outbox: &'a Outbox<'a>,
    /// Part of a sweep that is kept for the digest.
    batch: Option<Batch<'a>>,
    /// Number of chunks of it that were kept.
    chunks: Cell<u32>,
    failure: RefCell<Option<Failure>>,
}

impl<'a, F: Connected> ReportSink<'a, F> {
    pub(super) fn new(
        function: &'a Function<F>,
        invocation: &'a Invocation,
        outbox: &'a Outbox<'a>,
        batch: Option<Batch<'a>>,
    ) -> Self {
        Self { function, invocation, outbox, batch, chunks: Cell::new(0), failure: RefCell::default() }
    }

    /// Takes why something could not be published, if so.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.failure.take()
    }

    /// Keeps results for the digest. Returns whether they are kept; else they have to be told now.
    async fn keep(&self, part: &Report) -> bool {
        let (Some(ledger), Some(batch)) = (&self.function.ledger, &self.batch) else { return false };
        let mut telling: Vec<ControlResult> = part.results.iter().filter(|it| it.worth_telling()).map(brief).collect();
        if telling.is_empty() {
            return true;
        }
        let (time, log_group) = (part.event.time.clone(), log_group());
        let sweep = FoundBySweep { time, log_group, request_id: self.invocation.request_id.clone() };
        for result in &mut telling {
            result.hints.sweep = Some(sweep.clone());
        }
        match in_time(self.invocation.until, ledger.stand(batch, self.chunks.get(), &telling)).await {
            Ok(next) => {
                self.chunks.set(next);
                true
            }
            Err(problem) => {
                warn!(family = F::NAME, "the results are told at once, as the ledger does not keep them: {problem}");
                false
            }
        }
    }

    /// Keeps for the digest what a call leaves for later, once people were told of the first such change of the hour. What is
    /// severe is told at once all the same, as is what cannot be kept. Returns what is told now.
    async fn with_others(&self, part: &Report) -> Report {
        let waits = |it: &ControlResult| it.hints.follows && it.worth_telling() && it.severity < Severity::High;
        let (later, now): (Vec<_>, Vec<_>) = part.results.iter().cloned().partition(waits);
        let (Some(ledger), Some(account), false) = (&self.function.ledger, &part.account, later.is_empty()) else {
            return part.clone();
        };
        let later: Vec<ControlResult> = later.iter().map(brief).collect();
        match in_time(self.invocation.until, ledger.stand_once(account, &later)).await {
            Ok(()) => Report { results: now, ..part.clone() },
            Err(problem) => {
                warn!(family = F::NAME, "the results are told at once, as the ledger does not keep them: {problem}");
                part.clone()
            }
        }
    }

    /// Records that people were told of fixes and fights, or that it is kept for them. What is not recorded is told once more.
    async fn told(&self, part: &Report) {
        let Some(ledger) = &self.function.ledger else { return };
        let fixes = part.results.iter().filter(|it| it.status != Status::Failed).filter_map(|it| it.change);
        let fixes: BTreeSet<ChangeId> = fixes.collect();
        let fixes = fixes.into_iter().map(|change| async move {
            if let Err(problem) = in_time(self.invocation.by, ledger.told_change(change)).await {
                warn!(family = F::NAME, %change, "that people were told of a fix is not in the ledger: {problem}");
            }
        });
        stream::iter(fixes).buffer_unordered(WRITES_AT_ONCE).collect::<()>().await;
        for result in &part.results {
            let (Some(telling), Some(fight)) = (&result.hints.telling, &result.hints.fight) else { continue };
            if let Err(problem) = in_time(self.invocation.by, ledger.told_fight(&result.resource, telling, fight)).await
            {
                warn!(family = F::NAME, "that people were told of a fight is not in the ledger: {problem}");
            }
        }
    }

    /// Records that this part of a sweep is complete.
    async fn end(&self, report: &Report) {
        let (Some(ledger), Some(batch)) = (&self.function.ledger, &self.batch) else { return };
        let stood = ledger.stood(batch, self.chunks.get(), report.handed_on == 0);
        if let Err(problem) = in_time(self.invocation.by, stood).await {
            warn!(family = F::NAME, "the end of the sweep is not in the ledger: {problem}");
        }
    }
}

/// Returns a result without the documents that calls replace and set, which the ledger has with the change.
fn brief(result: &ControlResult) -> ControlResult {
    let mut result = result.clone();
    for step in &mut result.steps {
        if result.change.is_some() {
            step.before = None;
            step.after = Value::Null;
        }
    }
    result
}

impl<F: Connected> Sink for ReportSink<'_, F> {
    async fn publish(&self, part: &Report) {
        let Function { numbers, .. } = self.function;
        log::results(F::NAME, part, &self.invocation.request_id);
        if let Some(numbers) = numbers {
            numbers.count(part);
        }
        if self.keep(part).boxed_local().await {
            return self.told(part).boxed_local().await;
        }
        let part = &self.with_others(part).boxed_local().await;
        let (log_group, request_id) = (log_group(), Some(&*self.invocation.request_id));
        let context = MailContext { control: known, log_group: log_group.as_deref(), request_id };
        if let Err(failure) = self.outbox.publish(messages(part, &context), self.invocation.by).boxed_local().await {
            self.failure.replace(Some(failure));
            return;
        }
        self.told(part).boxed_local().await;
    }
}
