//! Handles one event, from its JSON to a report: decodes and routes it, and checks every resource it leads to.

mod batch;
mod echo;
mod news;
mod once;
mod result_buffer;
mod unended;
mod unknown_controls;
mod walk;

use crate::event::{ApiCall, Body, Event, EventError, Identity, Origin, Sweep, Target};
use crate::family::{Family, Identities, RecordChange, Route, When, is_own, route};
use crate::model::{CallError, ErrorKind, Place, Region, Subject};
use crate::reconcile::history::{everywhere, unreadable};
use crate::reconcile::pen::Pen;
use crate::reconcile::ports::{Account, Home, Ledger, Read, Sink, Write};
use crate::report::{ControlResult, Report, Status};
use crate::settings::Mode;
use crate::settings::Settings;
use crate::settings::exempt::ExemptionRule;
pub use batch::Alike;
use chrono::Utc;
pub use echo::Echoes;
use echo::wrote;
use news::{News, Set, ToldChange};
use result_buffer::ResultBuffer;
use std::collections::BTreeSet;
use tokio::time::{Instant, timeout_at};
use unknown_controls::unknown_controls;
use walk::Walk;

/// Access to one account: our own, or another of the organization.
#[derive(Debug)]
pub struct Ports<'a, A, R, W, L> {
    /// Identity and regions of the account.
    pub account: &'a A,
    /// Reader for the account's resources.
    pub reader: &'a R,
    /// Writer for repairs; `None` if none are to be made.
    pub writer: Option<&'a W>,
    /// Ledger of changes; `None` if none is set up.
    pub ledger: Option<&'a L>,
    /// Memory of the process, for the events of its own calls.
    pub echoes: &'a Echoes,
}

/// Why no report could be made. The invocation fails, so that Lambda retries it and then dead-letters the event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// The event cannot be decoded.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Something that must be known first cannot be read.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Handles one event. `sink` receives every result.
///
/// # Errors
/// Returns a [`HandleError`] if no report can be made. Failures of single resources are in the report instead.
pub async fn handle<F, H, A, R, W, L, T>(
    home: &H,
    ports: Ports<'_, A, R, W, L>,
    sink: &T,
    settings: &Settings,
    event: &Event,
    until: Instant,
) -> Result<Report, HandleError>
where
    F: Family,
    H: Home,
    A: Account,
    R: Read<F>,
    W: Write<F>,
    L: Ledger,
    T: Sink,
{
    let Ports { account, reader, .. } = ports;
    // An event that we do not handle is ignored without any call.
    let known = match &event.body {
        Body::Other(_) => None,
        Body::ApiCall(_) | Body::Schedule | Body::Sweep(_) => {
            let who = async { Ok((account.identity().await?, home.identity().await?)) };
            Some(in_time("sts:GetCallerIdentity", who, until).await?)
        }
    };
    let who = known.as_ref().map(|(us, home)| Identities { us, home });
    let (us, target) = match route::<F>(event, who) {
        Route::Ignore(because) => return Ok(Report { ignored: Some(because.into()), ..Report::of(event, settings) }),
        Route::Check(us, target) => (us, target),
    };
    reader.begin(event.origin.id.as_deref().unwrap_or_default());
    if matches!(event.body, Body::ApiCall(_))
        && let Some(time) = Origin::latest(std::iter::once(&event.origin))
    {
        reader.calls_were_made_by(time);
    }
    let alike = Alike::one::<F>(event, target, who.unwrap_or(Identities::at_home(us)));
    check::<F, _, _, _, _, _, _>(home, ports, sink, settings, (us, alike), until).await
}

/// Handles events that lead to the same resources: looks at these once, for all of them. `sink` receives every result.
/// Whoever calls it has had the reader begin.
///
/// # Errors
/// Returns the same errors as [`handle`].
pub async fn check<F, H, A, R, W, L, T>(
    home: &H,
    ports: Ports<'_, A, R, W, L>,
    sink: &T,
    settings: &Settings,
    (us, alike): (&Identity, Alike<'_>),
    until: Instant,
) -> Result<Report, HandleError>
where
    F: Family,
    H: Home,
    A: Account,
    R: Read<F>,
    W: Write<F>,
    L: Ledger,
    T: Sink,
{
    let Ports { account, reader, writer, ledger, echoes } = ports;
    let place = |region: &Region| Place {
        partition: us.partition.clone(),
        account: us.account.clone(),
        region: region.clone(),
    };
    let here = |call: &ApiCall| place(call.region.as_ref().unwrap_or(&settings.home));
    let events = alike.by_weight(|event| match &event.body {
        Body::ApiCall(call) => change::<F>(call, &here(call), settings).when != When::Exempted,
        Body::Schedule | Body::Sweep(_) | Body::Other(_) => false,
    });
    let Some(event) = events.first().copied() else { return Ok(Report::default()) };
    let target = alike.target;
    let call = if let Body::ApiCall(call) = &event.body { Some(&**call) } else { None };
    let own = call.is_some_and(|call| is_own::<F>(call, us));
    // Our role may have been stolen: only what a step of ours made, or could have made, is no news.
    let step_of_ours = |call: &ApiCall| {
        call.request_id.as_deref().is_some_and(|id| account.made(id))
            || F::sets_what_we_set(call, &here(call), settings)
    };
    let aim = format!("{target:?}");
    let answers = !own || echoes.may_answer(&aim);
    let enforced = F::CONTROLS.iter().map(|control| &control.about).filter(|it| settings.modes.of(it) == Mode::Enforce);
    let given_up = enforced.filter(|_| writer.is_some() && !answers).map(|about| about.id).collect();
    let writer = writer.filter(|_| answers);
    let whole = |change: &RecordChange| {
        let Target::All { within, using: None } = &target else { return None };
        let region = within.as_ref().unwrap_or(&settings.home);
        of_all::<F>(change, &F::subject(place(region), "*"), settings)
    };
    let is_ours = |call: &ApiCall| own && step_of_ours(call);
    let (told, sets) = told_of::<F>(&events, (&here, settings), is_ours, whole);
    let news = News { told, own, given_up, sets, ..News::none(echoes) };
    let named = named::<F>(&target, &place, settings);
    let report = Report { named, beside: beside(&events), ..of_account(us, event, settings) };
    let results = ResultBuffer::new(sink, report, news);
    let elsewhere = settings.bus.as_ref().map(|_| home);
    let others: Vec<&Origin> = events.iter().skip(1).map(|event| &event.origin).collect();
    let pen = writer.map(|writer| Pen { writer, ledger, cause: &event.origin, others: &others });
    let walk = Walk::<F, _, _, _, _, _>::new(reader, pen, &results, settings, until, elsewhere);
    let places = async {
        let regions = match &settings.regions {
            Some(regions) => regions.clone(),
            None => in_time("account:ListRegions", account.regions(), until).await?,
        };
        Ok::<_, CallError>(regions.iter().map(place).collect::<Vec<_>>())
    };
    if matches!(event.body, Body::Schedule) {
        results.push(unknown_controls::<F>(us, settings)).await;
    }
    match target {
        Target::One(region, id) => walk.all(vec![F::subject(place(&region), &id)]).await,
        Target::Named(id) => {
            let home = place(&settings.home);
            let found = in_time("finding the resource's region", reader.locate(&home, &id), until).await?;
            walk.all(vec![F::subject(found.as_ref().map_or(home, place), &id)]).await;
        }
        Target::All { within: Some(region), using } => walk.sweep(&[place(&region)], using.as_ref()).await,
        Target::All { within: None, using } => walk.sweep(&places.await?, using.as_ref()).await,
        Target::Schedule if settings.organization.is_some() => {
            let mut accounts = in_time("organizations:ListAccounts", home.accounts(), until).await?;
            accounts.retain(|account| F::VITAL || !leaves_out(settings, account));
            let sweeps: Vec<Sweep> = accounts.iter().map(|account| Sweep::of_account(F::NAME, account)).collect();
            results.delegate(in_time("events:PutEvents", send(home, &sweeps), until).await?);
        }
        // Resources are independent, so each region can have an invocation of its own.
        Target::Sweep(whole) if whole.region.is_none() && F::INDEPENDENT && elsewhere.is_some() => {
            let places = places.await?;
            let sweeps: Vec<Sweep> = places.iter().map(|place| whole.in_region(&place.region)).collect();
            results.delegate(in_time("events:PutEvents", send(home, &sweeps), until).await?);
        }
        Target::Sweep(Sweep { region: Some(region), after, part, .. }) => {
            // Whoever may put events can name any region; Trailkeeper names only those of the settings or of the account.
            let set = settings.regions.as_ref().is_some_and(|regions| regions.contains(&region));
            let foreign = |regions: Vec<Region>| !regions.contains(&region);
            if !set && in_time("account:ListRegions", account.regions(), until).await.is_ok_and(foreign) {
                let because = format!("a sweep of region {region}, which account {} has not enabled", us.account);
                return Ok(Report { ignored: Some(because.into()), ..Report::of(event, settings) });
            }
            walk.resume(&place(&region), after, part).await;
        }
        Target::Schedule | Target::Sweep(_) => walk.sweep(&places.await?, None).await,
    }
    if let Some(ledger) = ledger.filter(|_| pen.is_some()) {
        walk.close(ledger, &us.account, event, &place).await;
    }
    let report = results.finish().await;
    if own && report.results.iter().any(wrote) {
        echoes.answered(aim);
    }
    Ok(report)
}

/// Returns what people are told of these events whatever is found, and what they set that is told once, in the order of the
/// calls. Calls that a step of ours made are told of nothing.
fn told_of<F: Family>(
    events: &[&Event],
    (place, settings): (&impl Fn(&ApiCall) -> Place, &Settings),
    is_ours: impl Fn(&ApiCall) -> bool,
    whole: impl Fn(&RecordChange) -> Option<ControlResult>,
) -> (Vec<ToldChange>, Vec<Set>) {
    let (mut told, mut sets) = (Vec::new(), Vec::new());
    for event in events.iter().filter(|event| event.by_aws) {
        let Body::ApiCall(call) = &event.body else { continue };
        let news = (!is_ours(call)).then_some(told.len());
        let standing = F::stands(call, &place(call), settings).filter(|it| news.is_some() || it.what.is_none());
        sets.extend(standing.map(|standing| Set { standing, event: event.origin.clone(), told: news }));
        if news.is_some() {
            let change = change::<F>(call, &place(call), settings);
            told.push(ToldChange { whole: whole(&change), change, actor: event.origin.actor.clone() });
        }
    }
    sets.sort_by(|one, other| one.event.time.cmp(&other.event.time));
    (told, sets)
}

/// Returns the events besides the first, each caller and call once.
fn beside(events: &[&Event]) -> Vec<Origin> {
    let key = |event: &Event| (event.origin.name.clone(), event.origin.actor.clone());
    let mut seen: BTreeSet<_> = events.first().map(|first| key(first)).into_iter().collect();
    events.iter().filter(|event| seen.insert(key(event))).map(|event| event.origin.clone()).collect()
}

/// Returns the report of an event in this account, without results.
fn of_account(us: &Identity, event: &Event, settings: &Settings) -> Report {
    let (account, role) = (Some(us.account.clone()), us.role_name().map(str::to_owned));
    Report { account, role, ..Report::of(event, settings) }
}

/// Returns the ARN of the resource that an event names, if it names a single one.
fn named<F: Family>(target: &Target, place: &impl Fn(&Region) -> Place, settings: &Settings) -> Option<String> {
    match target {
        Target::One(region, id) => Some(F::subject(place(region), id).arn),
        Target::Named(id) => Some(F::subject(place(&settings.home), id).arn),
        Target::All { .. } | Target::Schedule | Target::Sweep(_) => None,
    }
}

/// Returns the change that a call is told as. If it is about a control that is off, nothing is told but what exemptions
/// from others hide.
fn change<F: Family>(call: &ApiCall, place: &Place, settings: &Settings) -> RecordChange {
    let by_what_it_sets = F::tells(call, place, settings);
    let Some(change) = by_what_it_sets.or_else(|| F::TELLS.iter().find_map(|tell| tell.change(call))) else {
        return RecordChange::of(call);
    };
    let off = |id: &str| {
        let about = F::CONTROLS.iter().map(|control| &control.about).find(|about| about.id == id);
        about.is_some_and(|about| settings.modes.of(about) == Mode::Off)
    };
    match change.when {
        When::Always(control) | When::Applicable(control) if off(control) => RecordChange::of(call),
        _ => change,
    }
}

/// Returns the result for a change that names no single resource.
fn of_all<F: Family>(change: &RecordChange, whole: &Subject, settings: &Settings) -> Option<ControlResult> {
    let (When::Always(id) | When::Applicable(id)) = change.when else { return None };
    everywhere::<F>((whole, settings), Status::Changed, &change.what, false)
        .into_iter()
        .find(|result| result.control == id)
}

/// Reports that the account of these events, never none, cannot be entered.
pub async fn report_inaccessible<F: Family, T: Sink>(
    home: &Identity,
    error: &CallError,
    sink: &T,
    settings: &Settings,
    (event, events): (&Event, &[&Event]),
) -> Report {
    let region = match &event.body {
        Body::ApiCall(call) => call.region.clone(),
        Body::Sweep(sweep) => sweep.region.clone(),
        Body::Schedule | Body::Other(_) => None,
    };
    let account = event.account().to_owned();
    let place = Place {
        partition: home.partition.clone(),
        account: account.clone(),
        region: region.unwrap_or_else(|| settings.home.clone()),
    };
    let echoes = Echoes::default();
    let news = News::none(&echoes);
    let report = Report { account: Some(account), beside: beside(events), ..Report::of(event, settings) };
    let results = ResultBuffer::new(sink, report, news);
    let (whole, left_out) = (F::subject(place, "*"), leaves_out(settings, event.account()));
    results
        .push(if left_out { exempt::<F>(&whole, settings) } else { unreadable::<F>((&whole, settings), error) })
        .await;
    results.finish().await
}

/// Returns whether the settings exempt a whole account.
fn leaves_out(settings: &Settings, account: &str) -> bool {
    let today = Utc::now().date_naive();
    settings.exempt.iter().any(|rule| rule.leaves_out(account, today))
}

fn exempt<F: Family>(whole: &Subject, settings: &Settings) -> Vec<ControlResult> {
    let because = format!("the account is excluded by {}", ExemptionRule::SETTING);
    everywhere::<F>((whole, settings), Status::Exempt, &because, false)
}

/// Delegates sweeps and returns their number.
async fn send<H: Home>(home: &H, sweeps: &[Sweep]) -> Result<u64, CallError> {
    home.delegate(sweeps).await?;
    Ok(sweeps.len() as u64)
}

/// Awaits the result of a call, or fails when the function's time is up.
async fn in_time<T>(
    action: &'static str,
    answer: impl Future<Output = Result<T, CallError>>,
    until: Instant,
) -> Result<T, CallError> {
    let late = || CallError {
        action,
        kind: ErrorKind::Transient,
        code: "Timeout".to_owned(),
        message: CallError::OUT_OF_TIME.to_owned(),
    };
    timeout_at(until, answer).await.unwrap_or_else(|_| Err(late()))
}
