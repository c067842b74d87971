//! The first lines of a mail: what happened, what was done, who did it, and when.

use super::names::{ActorName, ResourceWord};
use super::subject::found;
use super::verbs::{ends, harms, verb};
use super::{MailContext, counts, is_unchecked, only_resource, order, rank, severities};
use crate::event::Origin;
use crate::ledger::Tool;
use crate::model::{Arn, OneLine, Severity, sanitized};
use crate::report::{ControlResult, Report, Status};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Maximum number of characters of a user agent.
const AGENT: usize = 60;

/// Returns what happened and what was done, in sentences.
pub(super) fn sentences(report: &Report, results: &[ControlResult], context: &MailContext<'_>) -> String {
    let Some(worst) = results.iter().min_by_key(|it| order(it.status, it.severity)) else {
        return String::new();
    };
    if only_resource(results).is_none() {
        return OneLine::from(of_many(report, results, context)).to_string();
    }
    let is_known = (context.control)(&worst.control).is_some();
    let first = what_happened(report, worst, context);
    let others: Vec<ControlResult> = results.iter().filter(|it| it.status != worst.status).cloned().collect();
    let besides = if others.is_empty() { String::new() } else { format!(" Besides: {}.", counts(&others)) };
    let is_mended = worst.status == Status::Changed && others.iter().any(|it| it.status == Status::Fixed);
    let done = if is_mended {
        "Trailkeeper put right what was wrong with it.".to_owned()
    } else {
        what_was_done(report, worst, is_known)
    };
    let mut text = OneLine::from(format!("{first} {done}{besides}")).to_string();
    if let Some(thief) = thief(report, results, worst) {
        text.push(' ');
        text.push_str(&OneLine::from(thief));
    }
    text
}

fn what_happened(report: &Report, worst: &ControlResult, context: &MailContext<'_>) -> String {
    let (named, event) = (ResourceWord::of(&worst.resource), &report.event);
    let whole = named.whole();
    let start: String = whole.chars().take(1).flat_map(char::to_uppercase).chain(whole.chars().skip(1)).collect();
    let about = (context.control)(&worst.control).map(|known| known.about);
    let wrong = about.filter(|_| !is_unchecked(worst) && worst.status != Status::Changed).map(|about| about.wrong);
    let tense = if worst.status == Status::Fixed { "was" } else { "is" };
    let its = report.named.as_deref() == Some(&*worst.resource);
    let Some(actor) = event.actor.as_deref() else {
        return match wrong {
            Some(wrong) if named.name.is_some() => format!("{start} {tense} {wrong}."),
            Some(_) | None => format!("A sweep looked at {whole}."),
        };
    };
    let (who, call) = (ActorName(actor).whole(), sanitized(&event.name));
    match (verb(named.service, &event.name).filter(|_| its), wrong) {
        // Whether that call made it wrong is not known.
        (Some(verb), Some(wrong)) if !ends(&event.name) => {
            format!("{start} was {verb} by {who}, and {tense} {wrong}.")
        }
        (Some(verb), _) => format!("{start} was {verb} by {who}."),
        (None, Some(wrong)) if named.name.is_some() => format!("{start} {tense} {wrong} after {call} by {who}."),
        (None, _) if about.is_none() => format!("{call} was called by {who} on Trailkeeper's {whole}."),
        (None, _) => format!("{call} was called by {who}, which may concern {whole}."),
    }
}

fn what_was_done(report: &Report, worst: &ControlResult, is_known: bool) -> String {
    match worst.status {
        Status::Fixed => {
            let after = seconds(report, worst).map(|seconds| format!(" {}", later(seconds))).unwrap_or_default();
            format!("Trailkeeper put it right{after} and read that back.")
        }
        Status::Failed if is_unchecked(worst) => "Trailkeeper could not check it.".to_owned(),
        Status::Failed => "Trailkeeper could not put it right: it is STILL WRONG.".to_owned(),
        Status::Unknown => "Trailkeeper could not check it, so nobody knows whether it is right.".to_owned(),
        Status::Planned if worst.hints.capped => {
            let others = if worst.hints.follows { "" } else { "; if there are more, they come in one message" };
            format!(
                "Trailkeeper left it for later, as it has made too many such changes within this hour{others}. The first \
                 sweep or event after the hour fixes it."
            )
        }
        Status::Planned => "This was a dry run: Trailkeeper changed nothing, and it is still wrong.".to_owned(),
        Status::Advised => "Trailkeeper never fixes this by itself: a person must.".to_owned(),
        Status::Fought => fought(worst),
        Status::Changed if worst.exempted => {
            "What is wrong with it is exempt, so Trailkeeper left it as it is.".to_owned()
        }
        Status::Changed if !is_known => "Trailkeeper watches this and never takes it back.".to_owned(),
        Status::Changed | Status::Compliant | Status::Exempt | Status::NotApplicable => {
            "Trailkeeper found nothing that it has to put right.".to_owned()
        }
    }
}

/// Returns who keeps undoing the fix.
fn fought(worst: &ControlResult) -> String {
    let Some(fight) = &worst.hints.fight else { return "Trailkeeper fixes it no longer.".to_owned() };
    let by = fight.against.first().map(|(by, _)| format!(", mostly after calls of {}", ActorName(by).whole()));
    let by = by.unwrap_or_default();
    let tool = match fight.tool {
        Tool::Terraform => " (which looks like Terraform, by the user agent)",
        Tool::CloudFormation => " (which looks like CloudFormation, by the user agent)",
        Tool::Console => " (which looks like a person at the console, by the user agent)",
        Tool::Cli => " (which looks like the AWS CLI, by the user agent)",
        Tool::Other => "",
    };
    let until = fight.until.format("%Y-%m-%d %H:%M UTC");
    format!(
        "Trailkeeper fixed it {} times, and each time it was wrong again{by}{tool}. It is left as it is until {until}; the \
         first event or sweep after that fixes it, or after `trailkeeper resume {}`.",
        fight.fixes, worst.resource
    )
}

fn of_many(report: &Report, results: &[ControlResult], context: &MailContext<'_>) -> String {
    let (event, found) = (&report.event, found(results, context));
    let first = match event.actor.as_deref() {
        Some(actor) => {
            format!(
                "{} was called by {}, and Trailkeeper found {found}",
                sanitized(&event.name),
                ActorName(actor).whole()
            )
        }
        None => format!("The regular sweep found {found}"),
    };
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let mut sorted: Vec<&ControlResult> = results.iter().collect();
    sorted.sort_by_key(|it| rank(it.status));
    for result in sorted {
        let outcome = outcome(result);
        match counts.iter_mut().find(|(known, _)| *known == outcome) {
            Some((_, count)) => *count += 1,
            None => counts.push((outcome, 1)),
        }
    }
    let counts: Vec<String> = counts.into_iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    let severities = severities(results.iter());
    let severities = if severities.len() > 1 { format!(": {}", severities.join(", ")) } else { String::new() };
    format!("{first}{severities}. {}.", counts.join(", "))
}

/// Returns how a result ended, to follow a number.
fn outcome(result: &ControlResult) -> &'static str {
    match result.status {
        Status::Failed if !is_unchecked(result) => "STILL WRONG",
        Status::Failed | Status::Unknown => "not checked",
        Status::Fought => "still wrong and no longer fixed",
        Status::Advised => "for you to fix",
        Status::Planned if result.hints.capped => "left for later",
        Status::Planned => "still wrong, as this was a dry run",
        Status::Fixed => "put right and read back",
        Status::Changed => "changed",
        Status::Compliant | Status::Exempt | Status::NotApplicable => "right",
    }
}

/// Returns what to think of the caller, if the call harmed the resource.
fn thief(report: &Report, results: &[ControlResult], worst: &ControlResult) -> Option<String> {
    let actor = ActorName(report.event.actor.as_deref()?);
    let known = actor.user_name()?;
    let its = report.named.as_deref() == Some(&*worst.resource);
    let grave = results.iter().any(|it| it.severity >= Severity::High);
    (its && grave && harms(&report.event.name)).then(|| {
        let who = if known == "root" { actor.whole() } else { actor.name().to_owned() };
        format!("If {who} was not meant to do this, treat the credentials as stolen.")
    })
}

/// Returns who did what, when and where, a line each.
pub(super) fn facts(report: &Report, results: &[ControlResult]) -> String {
    let event = &report.event;
    let mut lines: Vec<(&str, String)> = Vec::new();
    if let Some(actor) = &event.actor {
        let from = event.source_ip.as_ref().map(|ip| format!(" from {ip}")).unwrap_or_default();
        let agent = event.user_agent.as_ref().map(|agent| {
            let start: String = agent.chars().take(AGENT).collect();
            format!(" ({start}{})", if agent.chars().nth(AGENT).is_some() { "..." } else { "" })
        });
        lines.push(("Who", format!("{actor}{from}{}", agent.unwrap_or_default())));
    }
    let name = if event.actor.is_some() { event.name.as_str() } else { "sweep" };
    let swept: BTreeSet<&str> = results.iter().filter_map(|it| it.hints.sweep.as_ref()?.time.as_deref()).collect();
    let at = match (swept.first(), swept.last()) {
        (Some(first), Some(last)) if first != last => format!("s from {first} to {last}"),
        (Some(at), _) => format!(" at {at}"),
        (None, _) => event.time.as_ref().map(|time| format!(" at {time}")).unwrap_or_default(),
    };
    let right = results.iter().filter_map(|it| it.right_at).max().map(|right| {
        let took = results.iter().find_map(|it| seconds(report, it)).map(|it| format!(", {}", later(it)));
        format!("; right again at {}{}", right.format("%Y-%m-%dT%H:%M:%SZ"), took.unwrap_or_default())
    });
    if !name.is_empty() {
        lines.push(("When", format!("{name}{at}{}", right.unwrap_or_default())));
    }
    if let Some(also) = also(report) {
        lines.push(("Also", also));
    }
    let regions: BTreeSet<&str> = results.iter().map(|it| it.region.as_str()).collect();
    let regions = regions.into_iter().collect::<Vec<_>>().join(", ");
    let account = report.account.as_deref().map(|account| format!("account {account}, ")).unwrap_or_default();
    let place = format!("{account}{regions}");
    lines.push(match only_resource(results).map(|it| &*it.resource) {
        Some(resource) if is_whole(resource, report.account.as_deref(), &regions) => ("Where", resource.to_owned()),
        Some(resource) => ("Where", format!("{resource}, {place}")),
        None => ("Where", place),
    });
    let mut text = String::new();
    for (label, line) in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{label:<6} {}", OneLine::from(line));
    }
    text
}

/// Returns whether an ARN says which account and region a resource is in.
fn is_whole(resource: &str, account: Option<&str>, region: &str) -> bool {
    Arn::parse(resource).is_some_and(|arn| (Some(arn.account), arn.region) == (account, region))
}

/// Maximum number of other calls that a mail lists; the report for machines has all of them.
const ALSO: usize = 10;

/// Returns which other calls may have made the resource what it is.
fn also(report: &Report) -> Option<String> {
    let call = |event: &Origin| {
        let by = event.actor.as_ref().map(|actor| format!(" by {actor}")).unwrap_or_default();
        format!("{}{by}", event.name)
    };
    let calls: Vec<String> = report.beside.iter().take(ALSO).map(call).collect();
    let more = report.beside.len().saturating_sub(ALSO);
    let more = if more > 0 { format!("; and {more} more, which the report for machines names") } else { String::new() };
    (!calls.is_empty()).then(|| format!("{}{more}", calls.join("; ")))
}

/// Returns how long the resource was wrong, if a call made it so.
fn seconds(report: &Report, result: &ControlResult) -> Option<i64> {
    report.event.actor.as_ref()?;
    let since: DateTime<Utc> = report.event.time.as_deref()?.parse().ok()?;
    let seconds = (result.right_at? - since).num_seconds();
    // Lambda keeps an event for six hours; what is older was replayed.
    (0..6 * 3_600).contains(&seconds).then_some(seconds)
}

fn later(seconds: i64) -> String {
    match seconds {
        0 => "within a second".to_owned(),
        1 => "1 second later".to_owned(),
        2..120 => format!("{seconds} seconds later"),
        _ => format!("{} minutes later", seconds / 60),
    }
}
