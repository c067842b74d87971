//! One event, from its JSON to a report: decode, route, look at every resource it leads to.

use crate::actor::Identity;
use crate::engine::{Checked, Read, Write, reconcile};
use crate::error::{CallError, Kind};
use crate::event::{Body, Event, EventError};
use crate::history::{everywhere, unreadable};
use crate::model::{Family, Subject};
use crate::place::{Place, Region};
use crate::report::{Outcome, Report, Status};
use crate::route::{Dependency, Route, Target, route};
use crate::settings::Settings;
use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
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

/// How many regions are swept at once. Each has rates of its own; what this bounds is our own memory and sockets.
const REGIONS_AT_ONCE: usize = 8;

/// How many resources of one region are looked at once. AWS names no rate for Transfer's reads; low enough for IAM's.
const RESOURCES_AT_ONCE: usize = 4;

/// Handles one event. `writer` is what fixes are made with, if any are to be made.
///
/// # Errors
/// See [`HandleError`]. Failures of single resources are in the report instead.
pub async fn handle<F, A, R, W>(
    account: &A,
    reader: &R,
    writer: Option<&W>,
    settings: &Settings,
    payload: &Value,
    until: Instant,
) -> Result<Report, HandleError>
where
    F: Family,
    A: Account,
    R: Read<F>,
    W: Write<F>,
{
    let event = Event::decode(payload)?;
    let report = |origin, ignored, results| Report { mode: settings.modes.default, event: origin, ignored, results };
    // What is no event of ours needs no call to say so.
    let us = match &event.body {
        Body::Other(_) => None,
        Body::ApiCall(_) | Body::Schedule => Some(in_time("sts:GetCallerIdentity", account.identity(), until).await?),
    };
    let (us, target) = match route::<F>(&event, us.as_ref()) {
        Route::Ignore(because) => return Ok(report(event.origin, Some(because), Vec::new())),
        Route::Check(us, target) => (us, target),
    };
    let place = |region: &Region| Place {
        partition: us.partition.clone(),
        account: us.account.clone(),
        region: region.clone(),
    };
    let walk = Walk { reader, writer, settings, until, _family: std::marker::PhantomData::<F> };
    reader.begin();
    let results = match target {
        Target::One(region, id) => walk.all(vec![Subject::of::<F>(place(&region), &id)]).await,
        Target::Named(id) => {
            let home = place(&settings.home);
            let found = in_time("finding the resource's region", reader.locate(&home, &id), until).await?;
            walk.all(vec![Subject::of::<F>(found.as_ref().map_or(home, place), &id)]).await
        }
        Target::All { within, using } => {
            let regions = match (within, &settings.regions) {
                (Some(region), _) => vec![region],
                (None, Some(regions)) => regions.clone(),
                (None, None) => in_time("account:ListRegions", account.regions(), until).await?,
            };
            walk.sweep(regions.iter().map(place).collect(), using.as_ref()).await
        }
    };
    Ok(report(event.origin, None, results))
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
        message: "the function ran out of time".to_owned(),
    };
    timeout_at(until, answer).await.unwrap_or_else(|_| Err(late()))
}

/// A walk over resources, with all that each needs.
struct Walk<'a, F, R, W> {
    reader: &'a R,
    writer: Option<&'a W>,
    settings: &'a Settings,
    until: Instant,
    _family: std::marker::PhantomData<F>,
}

impl<F, R, W> Walk<'_, F, R, W>
where
    F: Family,
    R: Read<F>,
    W: Write<F>,
{
    async fn one(&self, subject: &Subject) -> Checked {
        Box::pin(reconcile::<F, R, W>(self.reader, self.writer, subject, self.settings, self.until)).await
    }

    /// Looks at these resources, a few at once in each region, and then at those that answer for them: each once.
    async fn all(&self, mut due: Vec<Subject>) -> Vec<Outcome> {
        let mut seen = BTreeSet::new();
        let mut outcomes = Vec::new();
        loop {
            due.retain(|subject| seen.insert(subject.arn.clone()));
            if due.is_empty() {
                return outcomes;
            }
            let mut regions: BTreeMap<Region, Vec<Subject>> = BTreeMap::new();
            for subject in due {
                regions.entry(subject.place.region.clone()).or_default().push(subject);
            }
            let checks = regions.values().map(|subjects| async {
                let checks = subjects.iter().map(|subject| self.one(subject));
                stream::iter(checks).buffered(RESOURCES_AT_ONCE).collect::<Vec<_>>().await
            });
            let checked = stream::iter(checks).buffered(REGIONS_AT_ONCE).collect::<Vec<_>>().await;
            due = Vec::new();
            for Checked { outcomes: found, next } in checked.into_iter().flatten() {
                outcomes.extend(found);
                due.extend(next);
            }
        }
    }

    /// Looks at every resource of these regions. A region that cannot be listed is an outcome of its own and stops no
    /// other.
    async fn sweep(&self, places: Vec<Place>, using: Option<&Dependency>) -> Vec<Outcome> {
        let lists = places.iter().map(|place| timeout_at(self.until, self.reader.list(place, using)));
        let lists = stream::iter(lists).buffered(REGIONS_AT_ONCE).collect::<Vec<_>>().await;
        let (mut outcomes, mut due) = (Vec::new(), Vec::new());
        for (place, list) in places.iter().zip(lists) {
            let whole = || Subject::of::<F>(place.clone(), "*");
            match list {
                Ok(Ok(subjects)) => due.extend(subjects),
                Ok(Err(error)) => outcomes.extend(unreadable::<F>(&whole(), &error)),
                Err(_) => {
                    outcomes.extend(everywhere::<F>(&whole(), Status::Failed, "the function ran out of time", true));
                }
            }
        }
        outcomes.extend(self.all(due).await);
        outcomes
    }
}
