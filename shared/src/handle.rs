//! One event, from its JSON to a report: decode, route, look at every resource it leads to.

use crate::actor::Identity;
use crate::engine::{Read, Write};
use crate::error::{CallError, Kind};
use crate::event::{Body, Event, EventError};
use crate::ledger::{Ledger, Tell};
use crate::model::{Family, Subject};
use crate::place::{Place, Region};
use crate::report::Report;
use crate::route::{Route, Target, route};
use crate::settings::Settings;
use crate::walk::Walk;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

/// The AWS account, as a family's function needs it.
#[allow(async_fn_in_trait, reason = "one thread runs everything, so no future has to be Send")]
pub trait Account {
    /// Who we are there.
    ///
    /// # Errors
    /// The call that failed.
    async fn identity(&self) -> Result<Identity, CallError>;

    /// The regions that the account has enabled.
    ///
    /// # Errors
    /// The call that failed.
    async fn regions(&self) -> Result<Vec<Region>, CallError>;
}

/// Why no report could be made. The invocation fails, so that Lambda tries again and then dead-letters the event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// The event cannot be read.
    #[error(transparent)]
    Event(#[from] EventError),
    /// What has to be known beforehand cannot be read.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Handles one event. `writer` is what fixes are made with, if any are to be made; `teller` hears of every result.
///
/// # Errors
/// See [`HandleError`]. Failures of single resources are in the report instead.
pub async fn handle<F, A, R, W, T>(
    account: &A,
    reader: &R,
    writer: Option<&W>,
    teller: &T,
    settings: &Settings,
    payload: &Value,
    until: Instant,
) -> Result<Report, HandleError>
where
    T: Tell,
    F: Family,
    A: Account,
    R: Read<F>,
    W: Write<F>,
{
    let event = Event::decode(payload)?;
    let mode = settings.modes.default;
    // What is no event of ours needs no call to say so.
    let us = match &event.body {
        Body::Other(_) => None,
        Body::ApiCall(_) | Body::Schedule => Some(in_time("sts:GetCallerIdentity", account.identity(), until).await?),
    };
    let route = match (route::<F>(&event, us.as_ref()), &event.body) {
        (Route::Check(us, target), Body::ApiCall(call)) => {
            reader.spares(&call.name).map_or(Route::Check(us, target), Route::Ignore)
        }
        (route, _) => route,
    };
    let (us, target) = match route {
        Route::Ignore(because) => {
            return Ok(Report { mode, event: event.origin, ignored: Some(because), ..Report::default() });
        }
        Route::Check(us, target) => (us, target),
    };
    let place = |region: &Region| Place {
        partition: us.partition.clone(),
        account: us.account.clone(),
        region: region.clone(),
    };
    reader.begin(event.origin.id.as_deref().unwrap_or_default());
    let ledger = Ledger::new(teller, mode, event.origin);
    let walk = Walk::<F, _, _, _>::new(reader, writer, &ledger, settings, until);
    match target {
        Target::One(region, id) => walk.all(vec![Subject::of::<F>(place(&region), &id)]).await,
        Target::Named(id) => {
            let home = place(&settings.home);
            let found = in_time("finding the resource's region", reader.locate(&home, &id), until).await?;
            walk.all(vec![Subject::of::<F>(found.as_ref().map_or(home, place), &id)]).await;
        }
        Target::All { within, using } => {
            let regions = match (within, &settings.regions) {
                (Some(region), _) => vec![region],
                (None, Some(regions)) => regions.clone(),
                (None, None) => in_time("account:ListRegions", account.regions(), until).await?,
            };
            walk.sweep(regions.iter().map(place).collect(), using.as_ref()).await;
        }
    }
    Ok(ledger.close().await)
}

/// The answer of a call that must come before the function's time is up.
async fn in_time<T>(
    action: &'static str,
    answer: impl Future<Output = Result<T, CallError>>,
    until: Instant,
) -> Result<T, CallError> {
    let late = || CallError {
        action,
        kind: Kind::Transient,
        code: "Timeout".to_owned(),
        message: CallError::OUT_OF_TIME.to_owned(),
    };
    timeout_at(until, answer).await.unwrap_or_else(|_| Err(late()))
}
