//! Batches of events from the queue of a family: each resource is looked at once for all, and only what failed is tried again.

use super::log;
use super::publish::Outbox;
use super::run::{Function, ReportSink};
use super::runtime::{Failure, Invocation};
use crate::aws::{AtHome, Connected, Once};
use crate::event::{Body, Event, EventError, Lane, Origin};
use crate::family::Identities;
use crate::handle::{Alike, GroupReport, HandleError, Ports, check, report_inaccessible};
use crate::model::{CallError, sanitized};
use crate::reconcile::ports::{Account, Read};
use crate::report::Report;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio::time::timeout_at;
use tracing::{error, warn};

/// Message of a queue, as Lambda hands it over ([SQS event]).
///
/// [SQS event]: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct QueueMessage {
    #[serde(rename = "messageId")]
    id: String,
    body: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

impl QueueMessage {
    /// Returns the messages of a batch; `None` if the payload is none.
    pub(super) fn all_of(payload: &Value) -> Option<Result<Vec<Self>, EventError>> {
        let records = payload.get("Records").filter(|records| records.is_array())?;
        Some(Vec::deserialize(records).map_err(|problem| EventError::Envelope(problem.to_string())))
    }

    fn event(&self) -> Result<Event, EventError> {
        let body: Value = serde_json::from_str(&self.body).map_err(|problem| EventError::Json(problem.to_string()))?;
        Event::decode(&body)
    }

    /// Returns whether SQS makes it a dead letter if it fails once more.
    fn is_last_attempt(&self) -> bool {
        let received = self.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse::<u32>().ok());
        received.is_some_and(|count| count >= Lane::ATTEMPTS)
    }
}

/// Response to a batch: the messages to try again ([partial batch responses]).
///
/// [partial batch responses]: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct BatchAnswer {
    #[serde(rename = "batchItemFailures")]
    failures: Vec<FailedItem>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct FailedItem {
    #[serde(rename = "itemIdentifier")]
    id: String,
}

/// Account and sender of events, and the events with their places in the batch.
type OfAccount = ((String, String), Vec<(usize, Event)>);

/// Messages that failed, by their places in the batch, with the reasons.
type Failed = BTreeMap<usize, Failure>;

impl<F: Connected> Function<F> {
    /// Handles the events of a batch.
    pub(super) async fn batch(&self, messages: &[QueueMessage], invocation: &Invocation) -> BatchAnswer {
        let outbox = Outbox::new(F::NAME, &self.accounts.home.aws, &self.settings);
        let (mut failed, mut accounts) = (Failed::new(), Vec::<OfAccount>::new());
        for (place, message) in messages.iter().enumerate() {
            let event = match message.event() {
                // Rules put calls in here and nothing else: a sweep or schedule in a queue is nobody's but a forger's.
                Ok(event) if matches!(event.body, Body::ApiCall(_)) => event,
                Ok(event) => {
                    let report = Report {
                        ignored: Some("a queue holds API calls only".into()),
                        ..Report::of(&event, &self.settings)
                    };
                    log::ending(F::NAME, &report, &invocation.request_id, invocation.start.elapsed());
                    continue;
                }
                Err(problem) => {
                    failed.insert(place, HandleError::Event(problem).into());
                    continue;
                }
            };
            let account = (event.account().to_owned(), event.sender.clone());
            match accounts.iter_mut().find(|(known, _)| *known == account) {
                Some((_, events)) => events.push((place, event)),
                None => accounts.push((account, vec![(place, event)])),
            }
        }
        for ((account, sender), events) in &accounts {
            let handled = self.of_account((account, sender), events, invocation, &outbox);
            failed.append(&mut handled.boxed_local().await);
        }
        if let Some(numbers) = &self.numbers {
            numbers.write(invocation.start.elapsed());
        }
        outbox.send_late(false, invocation.by).boxed_local().await;
        for (place, problem) in &failed {
            let Some(message) = messages.get(*place) else { continue };
            tell_failure::<F>(message, problem, &invocation.request_id);
        }
        let failed = failed.into_keys().filter_map(|place| messages.get(place));
        BatchAnswer { failures: failed.map(|message| FailedItem { id: message.id.clone() }).collect() }
    }

    /// Handles the events of one account.
    async fn of_account(
        &self,
        (account, sender): (&str, &str),
        events: &[(usize, Event)],
        invocation: &Invocation,
        outbox: &Outbox<'_>,
    ) -> Failed {
        let Invocation { until, start, .. } = invocation;
        let (settings, echoes) = (&*self.settings, &self.echoes);
        let all = |problem: &dyn Fn() -> Failure| events.iter().map(|(place, _)| (*place, problem())).collect();
        let clients = match timeout_at(*until, self.accounts.of(account, sender).boxed_local()).await {
            Ok(Ok(clients)) => clients,
            Ok(Err(error)) => {
                // One report says it for all.
                let (Some((_, event)), Ok(us)) = (events.first(), self.accounts.home.aws.identity().await) else {
                    return all(&|| Failure::from(error.clone()));
                };
                let sink = ReportSink::new(self, invocation, outbox, None);
                let all_of_them: Vec<&Event> = events.iter().map(|(_, event)| event).collect();
                let report = report_inaccessible::<F, _>(&us, &error, &sink, settings, (event, &all_of_them)).await;
                let told = self.told(sink.failure(), &report, all_of_them.iter().map(|it| &it.origin), invocation);
                return match told {
                    Ok(()) => Failed::new(),
                    Err(failure) => all(&|| failure.clone()),
                };
            }
            Err(_) => return all(&|| Failure::again(CallError::OUT_OF_TIME.to_owned())),
        };
        let who =
            async { Ok::<_, CallError>((clients.aws.identity().await?, self.accounts.home.aws.identity().await?)) };
        let (us, home) = match timeout_at(*until, who).await {
            Ok(Ok(who)) => who,
            Ok(Err(error)) => return all(&|| Failure::from(error.clone())),
            Err(_) => return all(&|| Failure::again(CallError::OUT_OF_TIME.to_owned())),
        };
        let (groups, ignored) = Alike::sorted::<F>(events, Identities { us: &us, home: &home });
        for (place, because) in ignored {
            let Some((_, event)) = events.iter().find(|(known, _)| *known == place) else { continue };
            let report = Report { ignored: Some(because.into()), ..Report::of(event, settings) };
            log::ending(F::NAME, &report, &invocation.request_id, start.elapsed());
        }
        let once = Once::new(&clients.io, &clients.aws);
        Read::<F>::begin(&once, &invocation.request_id);
        if let Some(time) = Origin::latest(events.iter().map(|(_, event)| &event.origin)) {
            Read::<F>::calls_were_made_by(&once, time);
        }
        // What is begun late would end as a failure that people are told of; it is tried again by itself.
        let late = *start + until.saturating_duration_since(*start) / 2;
        let of = |group: &Alike<'_>| -> (Vec<usize>, Vec<Origin>) {
            group.events.iter().map(|(place, event)| (*place, event.origin.clone())).unzip()
        };
        let of_groups: Vec<_> = groups.iter().map(of).collect();
        let sinks: Vec<_> = groups.iter().map(|_| ReportSink::new(self, invocation, outbox, None)).collect();
        let (writer, ledger) = (self.may_write().then_some(&once), self.ledger.as_ref());
        let ports = Ports { account: &clients.aws, reader: &once, writer, ledger, echoes };
        let at_home = AtHome { aws: &self.accounts.home.aws, bus: settings.bus.as_ref() };
        let times = (*until, Some(late));
        let checked = check::<F, _, _, _, _, _, _>(&at_home, ports, &sinks, settings, (&us, groups), times);
        let checked = checked.boxed_local().await;
        let unpublished: Vec<Option<Failure>> = sinks.iter().map(ReportSink::failure).collect();
        let mut failed = Failed::new();
        for (GroupReport { report, told_in }, (places, events)) in checked.into_iter().zip(of_groups) {
            let unpublished = told_in.iter().find_map(|group| unpublished.get(*group)?.clone());
            let outcome = match report {
                Ok(report) => self.told(unpublished, &report, events.iter(), invocation),
                Err(error) => Err(error.into()),
            };
            if let Err(problem) = outcome {
                failed.extend(places.into_iter().map(|place| (place, problem.clone())));
            }
        }
        failed
    }

    /// Logs that events were handled, each by itself so that whoever looks one up by its id finds it, and returns why they have
    /// to be handled again, if so.
    fn told<'a>(
        &self,
        unpublished: Option<Failure>,
        report: &Report,
        events: impl Iterator<Item = &'a Origin>,
        invocation: &Invocation,
    ) -> Result<(), Failure> {
        let others = events.filter(|event| **event != report.event).cloned();
        let others: Vec<Report> =
            others.map(|event| Report { event, account: report.account.clone(), ..Report::default() }).collect();
        for handled in others.iter().chain([report]) {
            log::ending(F::NAME, handled, &invocation.request_id, invocation.start.elapsed());
        }
        self.outcome(unpublished, report)
    }
}

/// Logs why a message failed. The last line of a dead letter is counted, and rings.
fn tell_failure<F: Connected>(message: &QueueMessage, problem: &Failure, request_id: &str) {
    let (message_id, problem) = (sanitized(&message.id), sanitized(&problem.to_string()));
    if message.is_last_attempt() {
        error!(family = F::NAME, request_id, message_id, problem, "an event is a dead letter");
    } else {
        warn!(family = F::NAME, request_id, message_id, problem, "an event failed and is tried again");
    }
}
