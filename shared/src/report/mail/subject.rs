//! Subject of a mail: status and severity, what happened, to what, by whom, where.

use super::exempt::is_there;
use super::names::{ActorName, ResourceWord, shortened};
use super::verbs::{undone, verb};
use super::{MailContext, counts, is_unchecked, order, severities, upper};
use crate::model::{Severity, sanitized};
use crate::report::{ControlResult, Report, Status};
use std::collections::BTreeSet;

/// Maximum length of an Amazon SNS subject, in ASCII characters ([Publish], Subject).
///
/// [Publish]: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
pub(crate) const SUBJECT: usize = 100;

/// Returns the subject of a mail about these results: at most 100 ASCII characters.
#[must_use]
pub fn subject(report: &Report, results: &[ControlResult], context: &MailContext<'_>) -> String {
    let resources: BTreeSet<_> = results.iter().map(|it| (&it.region, &it.resource)).collect();
    let line = match results.iter().min_by_key(|it| order(it.status, it.severity)) {
        None => "Trailkeeper".to_owned(),
        Some(worst) if resources.len() == 1 => of_one(report, results, worst, context),
        Some(_) => of_many(report, results, context),
    };
    shortened(&line, SUBJECT)
}

/// Returns where it is: account and region, and whether a sweep found it.
fn place(report: &Report, results: &[ControlResult]) -> String {
    let regions: BTreeSet<&str> = results.iter().map(|it| it.region.as_str()).collect();
    let many = format!("{} regions", regions.len());
    let region = if regions.len() > 1 { many } else { regions.into_iter().next().unwrap_or_default().to_owned() };
    let account = report.account.as_ref().map(|account| format!("{account} ")).unwrap_or_default();
    let sweep = if report.event.actor.is_none() { ", sweep" } else { "" };
    format!(" ({account}{region}{sweep})")
}

/// Minimum number of characters of a name, if it is longer, and of the caller's.
const LEAST: (usize, usize) = (16, 10);

fn of_one(report: &Report, results: &[ControlResult], worst: &ControlResult, context: &MailContext<'_>) -> String {
    let (named, event) = (ResourceWord::of(&worst.resource), &report.event);
    let severity = results.iter().filter(|it| it.status == worst.status).map(|it| it.severity).max();
    let head = format!("{} {}: ", upper(worst.status), severity.unwrap_or(Severity::Low).as_str());
    let about = (context.control)(&worst.control).map(|known| known.about);
    // Of all resources it is not known which are wrong.
    let is_wrong = !is_unchecked(worst) && worst.status != Status::Changed && named.name.is_some();
    let wrong = about.filter(|_| is_wrong).map(|about| format!(" {}", about.wrong)).unwrap_or_default();
    let its = report.named.as_deref() == Some(&*worst.resource);
    let call = sanitized(&event.name);
    let by_call = format!(": {call} by ");
    let middle = match (event.actor.is_some(), verb(named.service, &event.name).filter(|_| its)) {
        (true, Some(verb)) => format!(" {verb} by "),
        (true, None) if wrong.is_empty() => by_call.clone(),
        (true, None) => format!("{wrong} after {call} by "),
        (false, _) => wrong,
    };
    let short = if event.actor.is_some() { by_call } else { middle.clone() };
    let ending = match worst.status {
        Status::Fixed => format!(", {}", undone(&event.name)),
        Status::Failed if is_wrong => ", STILL WRONG".to_owned(),
        Status::Failed | Status::Unknown => ", not checked".to_owned(),
        Status::Planned if worst.hints.capped => ", left for later".to_owned(),
        Status::Planned => ", dry run".to_owned(),
        Status::Fought => ", given up".to_owned(),
        Status::Advised => ", needs you".to_owned(),
        Status::Changed | Status::Compliant | Status::Exempt | Status::NotApplicable => String::new(),
    };
    let who = event.actor.as_deref().map(|actor| ActorName(actor).name()).unwrap_or_default();
    let owner = if about.is_none() && worst.status != Status::Unknown { "Trailkeeper's " } else { "" };
    let noun = |noun: &str| if named.name.is_some() { format!("{owner}{noun} ") } else { named.whole() };
    let brief = named.noun.rsplit(' ').next().unwrap_or_default();
    let (name, place) = (named.name.unwrap_or_default(), place(report, results));
    // What is said less and less of, until the names can be read.
    let ways = [
        (noun(named.noun), &middle, ending.as_str()),
        (noun(brief), &middle, &ending),
        (noun(named.noun), &short, &ending),
        (noun(brief), &short, &ending),
        (noun(brief), &short, ""),
    ];
    let room = |(noun, middle, ending): &(String, &String, &str)| {
        let fixed: usize = [&head, noun, *middle, *ending, &place].iter().map(|it| it.chars().count()).sum();
        SUBJECT.saturating_sub(fixed)
    };
    let least = LEAST.0.min(name.chars().count()) + LEAST.1.min(who.chars().count());
    let way = ways.iter().find(|way| room(way) >= least).or(ways.last());
    let Some(way @ (noun, middle, ending)) = way else { return head };
    let (name, who) = fitting(name, who, room(way));
    format!("{head}{noun}{name}{middle}{who}{ending}{place}")
}

/// Returns both names, shortened to this many characters together, the longer one first.
fn fitting(name: &str, who: &str, room: usize) -> (String, String) {
    let (first, second) = (name.chars().count(), who.chars().count());
    let half = room / 2;
    let (first, second) = match (first <= half, second <= half) {
        (true, _) => (first, room - first),
        (false, true) => (room - second, second),
        (false, false) => (room - half, half),
    };
    (shortened(name, first), shortened(who, second))
}

fn of_many(report: &Report, results: &[ControlResult], context: &MailContext<'_>) -> String {
    let after = |room| {
        let actor = report.event.actor.as_deref().map(|actor| shortened(ActorName(actor).name(), room));
        actor.map(|actor| format!(" after {} by {actor}", sanitized(&report.event.name))).unwrap_or_default()
    };
    let place = place(report, results);
    if wrong(results, context).is_none()
        && let Some(worst) = results.iter().min_by_key(|it| order(it.status, it.severity))
    {
        return of_worst((report, results), worst, context, (&after(10), &place));
    }
    let (what, counts) = (found(results, context), counts(results));
    let whole = format!("{what}{}: {counts}{place}", after(20));
    if whole.chars().count() <= SUBJECT { whole } else { format!("{what}: {counts}{place}") }
}

/// Returns what is worst, and how many findings there are beside.
fn of_worst(
    (report, results): (&Report, &[ControlResult]),
    worst: &ControlResult,
    context: &MailContext<'_>,
    (after, place): (&str, &str),
) -> String {
    let head = format!("{} {}: ", upper(worst.status), worst.severity.as_str());
    let named = ResourceWord::of(&worst.resource);
    let about = (context.control)(&worst.control).map(|known| known.about);
    let is_wrong = worst.status != Status::Changed && named.name.is_some();
    let wrong = match about.filter(|_| is_wrong) {
        _ if is_unchecked(worst) => " not checked".to_owned(),
        Some(about) => format!(" {}", about.wrong),
        None => String::new(),
    };
    let others = || results.iter().filter(|it| !std::ptr::eq(*it, worst));
    let grave: Vec<String> = severities(others().filter(|it| it.severity >= Severity::High));
    let more = |shown: usize| {
        let grave = grave.iter().take(shown).cloned().collect::<Vec<_>>().join(", ");
        let grave = if grave.is_empty() { grave } else { format!(": {grave}") };
        format!("; {} more{grave}", others().count())
    };
    let brief = named.noun.rsplit(' ').next().unwrap_or_default();
    let noun = |noun: &str| if named.name.is_some() { format!("{noun} ") } else { named.whole() };
    let account = report.account.as_deref().unwrap_or_default();
    let bare = format!(" ({account})");
    let short = if report.event.actor.is_none() { format!(" ({account}, sweep)") } else { bare.clone() };
    if is_wrong && about.is_some() && !is_unchecked(worst) && !is_there(&worst.resource, results) {
        // Its name would be that of what is to be made.
        return format!("{head}the account has no {}{}{after}{short}", named.noun, more(2));
    }
    let name = named.name.unwrap_or_default();
    // What is said less and less of, until the name can be read.
    let ways = [
        (noun(named.noun), more(2), after, place),
        (noun(named.noun), more(2), after, &short),
        (noun(brief), more(2), after, &short),
        (noun(brief), more(2), "", &short),
        (noun(brief), more(2), "", &bare),
        (noun(brief), more(1), "", &short),
        (noun(brief), more(1), "", &bare),
        (noun(brief), more(0), "", &bare),
    ];
    let room = |(noun, more, after, place): &(String, String, &str, &str)| {
        let parts = [&head, noun.as_str(), &wrong, more, after, place];
        SUBJECT.saturating_sub(parts.iter().map(|it| it.chars().count()).sum())
    };
    let least = LEAST.0.min(name.chars().count());
    let Some(way) = ways.iter().find(|way| room(way) >= least).or(ways.last()) else { return head };
    let (noun, more, after, place) = way;
    format!("{head}{noun}{}{wrong}{after}{more}{place}", shortened(name, room(way)))
}

/// Returns what is wrong with all of several results, if one control found all of them, each of one kind.
fn wrong(results: &[ControlResult], context: &MailContext<'_>) -> Option<&'static str> {
    let nouns: BTreeSet<&str> = results.iter().map(|it| ResourceWord::of(&it.resource).noun).collect();
    let controls: BTreeSet<&str> = results.iter().map(|it| it.control.as_str()).collect();
    let control = controls.iter().next().filter(|_| controls.len() == 1 && nouns.len() == 1)?;
    let wrong = (context.control)(control)?.about.wrong;
    (!results.iter().all(is_unchecked)).then_some(wrong)
}

/// Returns what several results are about: `50 VPCs without flow logs`, or the number of findings.
pub(super) fn found(results: &[ControlResult], context: &MailContext<'_>) -> String {
    let resources: BTreeSet<_> = results.iter().map(|it| (&it.region, &it.resource)).collect();
    let nouns: BTreeSet<String> = results.iter().map(|it| ResourceWord::of(&it.resource).plural()).collect();
    match (nouns.iter().next().filter(|_| nouns.len() == 1), wrong(results, context)) {
        (Some(nouns), Some(wrong)) => format!("{} {nouns} {wrong}", resources.len()),
        (Some(nouns), None) => format!("{} findings on {} {nouns}", results.len(), resources.len()),
        (None, _) => format!("{} findings", results.len()),
    }
}
