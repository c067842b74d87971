//! Delegation of sweeps over EventBridge.

use super::{Aws, call};
use crate::event::Sweep;
use crate::model::{CallError, ErrorKind};
use crate::settings::Bus;
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use futures_util::stream;
use futures_util::stream::{StreamExt, TryStreamExt};

/// Maximum number of events per call ([PutEvents], Entries).
///
/// [PutEvents]: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
const ENTRIES: usize = 10;

/// Maximum number of concurrent calls. The account's own rate limit is some hundreds of events a second, or more, by
/// region.
const AT_ONCE: usize = 4;

impl Aws {
    /// Puts an event for each of these sweeps on the bus.
    pub(super) async fn put_sweeps(&self, bus: &Bus, sweeps: &[Sweep]) -> Result<(), CallError> {
        let client = self.buses.of(&bus.region);
        let calls = sweeps.chunks(ENTRIES).map(|some| put(&client, bus, some));
        stream::iter(calls).buffer_unordered(AT_ONCE).try_collect().await
    }
}

async fn put(client: &Client, bus: &Bus, sweeps: &[Sweep]) -> Result<(), CallError> {
    let entry = |sweep: &Sweep| {
        // A sweep consists of strings and numbers, which JSON can always represent.
        let detail = serde_json::to_string(sweep).unwrap_or_default();
        PutEventsRequestEntry::builder()
            .event_bus_name(&bus.arn)
            .source(Sweep::SOURCE)
            .detail_type(Sweep::DETAIL_TYPE)
            .detail(detail)
            .build()
    };
    let entries = sweeps.iter().map(entry).collect();
    let answer = call("events:PutEvents", client.put_events().set_entries(Some(entries)).send()).await?;
    // A response with status 200 may contain failures.
    match answer.entries().iter().find(|entry| entry.error_code().is_some()) {
        None => Ok(()),
        Some(failed) => Err(CallError {
            action: "events:PutEvents",
            kind: ErrorKind::of(failed.error_code(), None),
            code: failed.error_code().unwrap_or_default().to_owned(),
            message: crate::model::sanitized(failed.error_message().unwrap_or_default()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::Wire;
    use super::*;
    use serde_json::{Value, json};

    const BUS: &str = "arn:aws:events:eu-west-1:111122223333:event-bus/keeper";

    async fn put(answer: &Value, sweeps: usize) -> (Result<(), CallError>, Vec<Value>) {
        let wire = Wire::answering(&answer.to_string());
        let bus = Bus::setting(Some(BUS.to_owned())).expect("a setting").expect("a bus");
        let sweeps = vec![Sweep::of_account("key", "444455556666"); sweeps];
        let outcome = wire.account().put_sweeps(&bus, &sweeps).await;
        let sent = wire.sent();
        assert!(sent.iter().all(|it| it.operation == "PutEvents" && it.host == "events.eu-west-1.amazonaws.com"));
        let entries = sent.iter().flat_map(|it| {
            let body: Value = serde_json::from_str(&it.body).expect("JSON");
            let entries = body["Entries"].as_array().expect("entries").clone();
            assert!(entries.len() <= 10);
            entries
        });
        (outcome, entries.collect())
    }

    #[tokio::test]
    async fn each_sweep_is_an_event_on_our_bus() {
        let (outcome, entries) = put(&json!({"FailedEntryCount": 0, "Entries": [{"EventId": "e"}]}), 23).await;
        assert_eq!((outcome, entries.len()), (Ok(()), 23));
        for entry in entries {
            assert_eq!(entry["EventBusName"], BUS);
            assert_eq!(
                (entry["Source"].as_str(), entry["DetailType"].as_str()),
                (Some("trailkeeper"), Some("Trailkeeper Sweep"))
            );
            let detail: Value = serde_json::from_str(entry["Detail"].as_str().expect("a text")).expect("JSON");
            assert_eq!(detail, json!({"family": "key", "account": "444455556666", "part": 0}));
        }
    }

    #[tokio::test]
    async fn a_failure_inside_of_an_answer_is_one() {
        for (code, again) in [("ThrottlingException", true), ("NotAuthorizedForSourceException", false)] {
            let failed = json!({"EventId": null, "ErrorCode": code, "ErrorMessage": "no"});
            let (outcome, _) = put(&json!({"FailedEntryCount": 1, "Entries": [{"EventId": "e"}, failed]}), 2).await;
            assert_eq!(outcome.map_err(|error| (error.code.clone(), error.retryable())), Err((code.to_owned(), again)));
        }
    }
}
