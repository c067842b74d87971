//! Handing sweeps on, over EventBridge.

use super::{Aws, call};
use crate::error::{CallError, Kind};
use crate::sweep::{Bus, Sweep};
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use futures_util::stream::{self, StreamExt, TryStreamExt};

/// How many events one call takes ([PutEvents], Entries).
///
/// [PutEvents]: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
const ENTRIES: usize = 10;

/// How many such calls are made at once. The account's own rate of events is some hundreds a second, or more, by region.
const AT_ONCE: usize = 4;

impl Aws {
    /// Puts an event for each of these on the bus.
    pub(super) async fn put_sweeps(&self, bus: &Bus, sweeps: &[Sweep]) -> Result<(), CallError> {
        let client = self.buses.of(&bus.region);
        let calls = sweeps.chunks(ENTRIES).map(|some| put(&client, bus, some));
        stream::iter(calls).buffer_unordered(AT_ONCE).try_collect().await
    }
}

async fn put(client: &Client, bus: &Bus, sweeps: &[Sweep]) -> Result<(), CallError> {
    let entry = |sweep: &Sweep| {
        // Texts and numbers: there is nothing in it that JSON cannot hold.
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
    // An answer of 200 may hold failures.
    match answer.entries().iter().find(|entry| entry.error_code().is_some()) {
        None => Ok(()),
        Some(failed) => Err(CallError {
            action: "events:PutEvents",
            kind: Kind::of(failed.error_code(), None),
            code: failed.error_code().unwrap_or_default().to_owned(),
            message: crate::event::legible(failed.error_message().unwrap_or_default()),
        }),
    }
}
