//! Function of a family: settings, clients and logs once, then one event after another.

use super::accounts::Accounts;
use super::log;
use super::metrics::Numbers;
use super::publish::Outbox;
use super::runtime::{Failure, Invocation, Serve, log_group, start};
use crate::aws::ledger::TableLedger;
use crate::aws::{AtHome, Aws, Connected};
use crate::event::{Body, Event};
use crate::families::known;
use crate::handle;
use crate::handle::{Echoes, HandleError, handle};
use crate::model::CallError;
use crate::reconcile::ports::{Account, Sink};
use crate::report::Report;
use crate::report::mail::MailContext;
use crate::report::message::messages;
use crate::settings::{Mode, Settings};
use futures_util::FutureExt;
use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use tokio::time::timeout_at;

/// Runs the function of family `F` until Lambda ends it.
#[must_use]
pub fn run<F: Connected>() -> ExitCode {
    start(async |settings: Rc<Settings>| {
        let aws = Aws::load().await;
        let ledger = settings.ledger.as_deref().map(|table| TableLedger::new(&aws, table));
        let accounts = Accounts::new(F::NAME, F::connect, aws, Rc::clone(&settings));
        Function::<F> { accounts, settings, ledger, numbers: Numbers::start(F::NAME), echoes: Echoes::default() }
    })
}

struct Function<F: Connected> {
    accounts: Accounts<F::Io>,
    settings: Rc<Settings>,
    ledger: Option<TableLedger>,
    numbers: Option<Numbers>,
    echoes: Echoes,
}

impl<F: Connected> Serve for Function<F> {
    const NAME: &'static str = F::NAME;
    type Answer = Report;

    /// Requests our identity.
    async fn prepare(&self) {
        let _ = self.accounts.home.aws.identity().await;
    }

    async fn work(&self, invocation: &Invocation) -> Result<Report, Failure> {
        let Invocation { payload, request_id, start, until, by: _ } = invocation;
        let settings = &*self.settings;
        // Without a control that may write there is no writer at all.
        let may_write = F::CONTROLS.iter().any(|control| settings.modes.of(&control.about) == Mode::Enforce);
        let event = Event::decode(payload).map_err(HandleError::Event)?;
        let outbox = Outbox::new(F::NAME, &self.accounts.home.aws, settings);
        let sink = ReportSink { function: self, invocation, outbox: &outbox, failure: RefCell::default() };
        let report = match timeout_at(*until, self.accounts.of(event.account(), &event.sender).boxed_local()).await {
            Ok(Ok(clients)) => {
                let writer = may_write.then_some(&clients.io);
                let ledger = self.ledger.as_ref();
                let ports =
                    handle::Ports { account: &clients.aws, reader: &clients.io, writer, ledger, echoes: &self.echoes };
                let home = AtHome { aws: &self.accounts.home.aws, bus: settings.bus.as_ref() };
                // Boxed, as the future is large and deep.
                handle::<F, _, _, _, _, _, _>(&home, ports, &sink, settings, &event, *until).boxed_local().await?
            }
            Ok(Err(error)) => {
                let us = self.accounts.home.aws.identity().await?;
                handle::report_inaccessible::<F, _>(&us, &error, &sink, settings, &event).await
            }
            Err(_) => return Err(Failure::again(CallError::OUT_OF_TIME.to_owned())),
        };
        log::ending(F::NAME, &report, request_id, start.elapsed());
        if let Some(numbers) = &self.numbers {
            numbers.write(start.elapsed());
        }
        if report.ignored.is_none() {
            outbox.send_late(!matches!(event.body, Body::ApiCall(_)), invocation.by).boxed_local().await;
        }
        match (sink.failure.take(), &report.again) {
            (Some(failure), _) => {
                self.echoes.forget();
                Err(failure)
            }
            (None, Some(again)) => Err(Failure::again(again.clone())),
            (None, None) => Ok(report),
        }
    }
}

/// Publishes the results of one event as they come.
struct ReportSink<'a, F: Connected> {
    function: &'a Function<F>,
    invocation: &'a Invocation,
    outbox: &'a Outbox<'a>,
    failure: RefCell<Option<Failure>>,
}

impl<F: Connected> Sink for ReportSink<'_, F> {
    async fn publish(&self, part: &Report) {
        let Function { numbers, .. } = self.function;
        log::results(F::NAME, part, &self.invocation.request_id);
        if let Some(numbers) = numbers {
            numbers.count(part);
        }
        let (log_group, request_id) = (log_group(), Some(&*self.invocation.request_id));
        let context = MailContext { control: known, log_group: log_group.as_deref(), request_id };
        if let Err(failure) = self.outbox.publish(messages(part, &context), self.invocation.by).boxed_local().await {
            self.failure.replace(Some(failure));
        }
    }
}
