//! Handles events, from their JSON to reports: decodes and routes them, and checks every resource that they lead to.

mod batch;
mod deadlines;
mod echo;
mod groups;
mod lead;
mod looks;
mod news;
mod once;
mod result_buffer;
mod unended;
mod unknown_controls;
mod untold;
mod walk;

use crate::event::{ApiCall, Body, Event, EventError, Identity, Origin, Sweep, Target};
use crate::family::{Family, Identities, RecordChange, Route, When, route};
use crate::model::{CallError, ErrorKind, Place, Region, Subject};
use crate::reconcile::history::{everywhere, unreadable};
use crate::reconcile::ports::{Account, Home, Ledger, Read, Sink, Write};
use crate::report::{ControlResult, Report, Status};
use crate::settings::Mode;
use crate::settings::Settings;
use crate::settings::exempt::ExemptionRule;
pub use batch::Alike;
use chrono::Utc;
pub use deadlines::Deadlines;
pub use echo::Echoes;
use futures_util::stream;
use futures_util::stream::StreamExt;
use groups::{Cause, CauseGroup, CauseGroups, Leads};
use lead::{Guide, Way};
use news::{News, Set, ToldChange};
use result_buffer::{Draft, ResultBuffer};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::marker::PhantomData;
use tokio::time::{Instant, timeout_at};
use unknown_controls::unknown_controls;
use walk::{OF_A_BATCH, TimeLimits, Walk};

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
    let sinks = std::slice::from_ref(sink);
    let checked = check::<F, _, _, _, _, _, _>(home, ports, sinks, settings, (us, vec![alike]), (until, None)).await;
    checked.into_iter().next().map_or_else(|| Ok(Report::default()), |checked| checked.report)
}

/// What was found for a group of events.
#[derive(Debug)]
pub struct GroupReport {
    /// Its report, with what no event of another group weighs more for; or why there is none.
    pub report: Result<Report, HandleError>,
    /// Groups whose reports tell of something to which this one led, with itself.
    pub told_in: BTreeSet<usize>,
}

/// Handles groups of events, each with one target: looks once at each resource to which any of them leads, for all that lead
/// there. A sink for each group receives the results of its report. What has not begun when the second time has come, if there
/// is one, is for a later attempt. Whoever calls it has had the reader begin.
///
/// Returns what was found for each group, in their order.
pub async fn check<F, H, A, R, W, L, T>(
    home: &H,
    ports: Ports<'_, A, R, W, L>,
    sinks: &[T],
    settings: &Settings,
    (us, alike): (&Identity, Vec<Alike<'_>>),
    (until, begun): (Instant, Option<Instant>),
) -> Vec<GroupReport>
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
    let place = |region: &Region| us.place(region);
    let here = |call: &ApiCall| place(call.region.as_ref().unwrap_or(&settings.home));
    // Our role may have been stolen: only what a step of ours made, or could have made, is no news.
    let step_of_ours = |call: &ApiCall| {
        call.request_id.as_deref().is_some_and(|id| account.made(id))
            || F::sets_what_we_set(call, &here(call), settings)
    };
    let grouped = alike.iter().map(|Alike { events, own, target }| {
        let causes =
            events.iter().map(|(_, event)| cause::<F>(event, (&here, settings), |call| *own && step_of_ours(call)));
        let answers = !own || echoes.may_answer(&aim(target));
        CauseGroup::new(causes.collect(), *own, answers)
    });
    let groups = CauseGroups::new(grouped.collect());
    let mut news = News::none(&groups, echoes);
    let enforced = F::CONTROLS.iter().map(|control| &control.about).filter(|it| settings.modes.of(it) == Mode::Enforce);
    news.enforced = enforced.filter(|_| writer.is_some()).map(|about| about.id).collect();
    let mut reports = Vec::new();
    for (at, Alike { target, .. }) in alike.iter().enumerate() {
        let whole = |change: &RecordChange| {
            let Target::All { within, using: None } = target else { return None };
            let region = within.as_ref().unwrap_or(&settings.home);
            of_all::<F>(change, &F::subject(place(region), "*"), settings)
        };
        tell_of::<F>(&mut news, at, (&here, settings), whole);
        let report =
            |event: &Event| Report { named: named::<F>(target, &place, settings), ..of_account(us, event, settings) };
        reports.push(groups.events(at).next().map_or_else(Report::default, report));
    }
    let results = ResultBuffer::new(sinks, reports, news);
    let walk = Walk::<F, _, _, _, _, _> {
        reader,
        writer,
        ledger,
        groups: &groups,
        results: &results,
        settings,
        times: TimeLimits::of(until, begun),
        elsewhere: settings.bus.as_ref().map(|_| home),
        _family: PhantomData,
    };
    let guide = Guide { home, account, us };
    let (walk_, guide_) = (&walk, &guide);
    let ways = alike.iter().enumerate().map(|(at, Alike { target, .. })| async move {
        if begun.is_some() && Instant::now() >= walk_.times.listed {
            return (at, None);
        }
        (at, Some(guide_.way(walk_, target).await))
    });
    let mut ways: Vec<_> = stream::iter(ways).buffer_unordered(OF_A_BATCH).collect().await;
    ways.sort_by_key(|(at, _)| *at);
    let (mut led, mut silent) = (Vec::new(), BTreeMap::new());
    for (at, way) in ways {
        match way {
            Some(Ok(Way::To(found))) => led.push((at, found)),
            Some(Ok(Way::Elsewhere(sweeps))) => results.delegate(at, sweeps),
            Some(Ok(Way::Nowhere(because))) => drop(silent.insert(at, Some(Ok(because)))),
            Some(Err(error)) => drop(silent.insert(at, Some(Err(error)))),
            None => {
                results.late(&Leads::from([at]));
                silent.insert(at, None);
            }
        }
        if groups.events(at).next().is_some_and(|event| matches!(event.body, Body::Schedule)) {
            results.push(None::<(&L, Instant)>, unknown_controls::<F>(us, settings), &Leads::from([at])).await;
        }
    }
    if silent.len() < alike.len() {
        walk.look(led).await;
        let all = groups.all();
        if let Some(ledger) = ledger.filter(|_| writer.is_some() && groups.answers(&all)) {
            let heard = all.into_iter().filter(|at| !silent.contains_key(at)).collect();
            walk.close(ledger, &us.account, &heard, &place).await;
        }
    }
    let finished = results.finish(&silent.keys().copied().collect()).await;
    let mut checked = Vec::new();
    for (at, (Draft { report, told_in, wrote, .. }, Alike { target, .. })) in
        finished.into_iter().zip(&alike).enumerate()
    {
        if wrote {
            echoes.answered(aim(target));
        }
        let report = match silent.remove(&at).flatten() {
            Some(Err(error)) => Err(error.into()),
            Some(Ok(because)) => Ok(Report { ignored: Some(because.into()), ..report }),
            None => Ok(report),
        };
        checked.push(GroupReport { report, told_in });
    }
    checked
}

/// Returns what an event weighs among those that lead to the same resource.
fn cause<'a, F: Family>(
    event: &'a Event,
    (place, settings): (&impl Fn(&ApiCall) -> Place, &Settings),
    is_ours: impl Fn(&ApiCall) -> bool,
) -> Cause<'a> {
    let Body::ApiCall(call) = &event.body else { return Cause { event, ours: false, weighs: false } };
    let weighs = change::<F>(call, &place(call), settings).when != When::Exempted;
    Cause { event, ours: is_ours(call), weighs }
}

/// Returns the name of a target, by which it is remembered what calls of our own role led to.
fn aim(target: &Target) -> String {
    format!("{target:?}")
}

/// Adds to the news what people are told of the events of a group whatever is found, and what they set that is told once, in
/// the order of the calls. Calls that a step of ours made are told of nothing.
fn tell_of<F: Family>(
    news: &mut News<'_>,
    group: usize,
    (place, settings): (&impl Fn(&ApiCall) -> Place, &Settings),
    whole: impl Fn(&RecordChange) -> Option<ControlResult>,
) {
    let News { groups, told, sets, .. } = news;
    for Cause { event, ours, .. } in groups.causes_of(group).iter().filter(|cause| cause.event.by_aws) {
        let Body::ApiCall(call) = &event.body else { continue };
        let at = (!ours).then_some(told.len());
        let standing = F::stands(call, &place(call), settings).filter(|it| at.is_some() || it.what.is_none());
        sets.extend(standing.map(|standing| Set { standing, event: event.origin.clone(), told: at }));
        if at.is_some() {
            let change = change::<F>(call, &place(call), settings);
            told.push(ToldChange { group, whole: whole(&change), change, actor: event.origin.actor.clone() });
        }
    }
    sets.sort_by(|one, other| one.event.time.cmp(&other.event.time));
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
    let cause = |event| Cause { event, ours: false, weighs: false };
    let groups = CauseGroups::new(vec![CauseGroup::new(events.iter().copied().map(cause).collect(), false, true)]);
    let event = groups.events(0).next().unwrap_or(event);
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
    let report = Report { account: Some(account), ..Report::of(event, settings) };
    let results = ResultBuffer::new(std::slice::from_ref(sink), vec![report], News::none(&groups, &echoes));
    let (whole, left_out) = (F::subject(place, "*"), leaves_out(settings, event.account()));
    let told = if left_out { exempt::<F>(&whole, settings) } else { unreadable::<F>((&whole, settings), error) };
    results.push(None::<(&Infallible, Instant)>, told, &groups.all()).await;
    results.finish(&Leads::new()).await.into_iter().next().map(|draft| draft.report).unwrap_or_default()
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

#[cfg(test)]
mod tests;
