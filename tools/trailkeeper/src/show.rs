//! `trailkeeper show`: shows one change.

use crate::arguments::{change, change_of, json};
use crate::changes::Changes;
use crate::problem::Problem;
use crate::terminal::{print, print_json};
use crate::when;
use crate::who::by;
use clap::{ArgMatches, Command};
use serde_json::Value;
use std::fmt::Write as _;
use std::process::ExitCode;
use trailkeeper::ledger::{CallState, ChangeId, EntryStep, LedgerEntry, Outcome};
use trailkeeper::model::{OneLine, Undo};

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    id: ChangeId,
    json: bool,
}

/// Returns the command.
pub(crate) fn command() -> Command {
    Command::new("show")
        .about("Shows one change: what was wrong, each call with what it replaced, and how it is taken back")
        .args([change(), json()])
}

impl Asked {
    pub(crate) fn of(given: &mut ArgMatches) -> Result<Self, String> {
        Ok(Self { id: change_of(given)?, json: given.get_flag("json") })
    }
}

/// Runs the command.
pub(crate) async fn run(changes: &Changes, asked: &Asked) -> Result<ExitCode, Problem> {
    let entry = changes.entry(asked.id).await?;
    if asked.json {
        print_json(&entry)?;
    } else {
        print(&text(&entry, &changes.given).unwrap_or_default())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(entry: &LedgerEntry, given: &str) -> Result<String, std::fmt::Error> {
    let line = |text: &str| OneLine::from(text);
    let mut text = String::new();
    let LedgerEntry { id, family, account, region, resource, cause, findings, steps, outcome, .. } = entry;
    writeln!(text, "Change {id}")?;
    writeln!(text, "  resource  {}", line(resource))?;
    writeln!(text, "  where     account {}, region {region}", line(account))?;
    write!(text, "  by        {}", by(family, &cause.name, cause.actor.as_deref()))?;
    cause.source_ip.iter().try_for_each(|from| write!(text, " from {}", line(from)))?;
    cause.user_agent.iter().try_for_each(|agent| write!(text, " ({})", line(agent)))?;
    writeln!(text, "\n  begun     {}", when::second(id.time()))?;
    match entry.ended {
        Some(at) => writeln!(text, "  ended     {}: {}", when::second(at), words(*outcome))?,
        None => writeln!(text, "  ended     no: {}", words(*outcome))?,
    }
    if let Some(time) = entry.wrong_for() {
        writeln!(text, "  right     {} after that call", when::lasting(time))?;
    }
    if let Some(undone) = &entry.undone {
        let (by, at) = (line(&undone.by), when::second(undone.at));
        writeln!(text, "  undone    {at} by {by}, with change {}", undone.change)?;
    }
    if !findings.is_empty() {
        writeln!(text, "\nWhat was wrong")?;
    }
    for it in findings {
        let fixed = match it.fixed {
            Some(true) => "right again",
            Some(false) => "still wrong",
            None => "not known whether it is right again",
        };
        writeln!(text, "  {}: {} ({fixed})", line(&it.control), line(&it.because))?;
    }
    writeln!(text, "\nCalls")?;
    for (number, step) in steps.iter().enumerate() {
        write_step(&mut text, number + 1, step)?;
    }
    if entry.undone.is_none() && steps.iter().any(|it| matches!(it.state, CallState::Applied | CallState::Meant)) {
        writeln!(text, "\nTo take it back: trailkeeper undo {id}{given}")?;
    }
    Ok(text)
}

fn write_step(text: &mut String, number: usize, step: &EntryStep) -> std::fmt::Result {
    let EntryStep { action, summary, before, text: _, after, property, state } = step;
    let state = match state {
        CallState::Meant => "meant; whether it was made is not known".to_owned(),
        CallState::Applied => "made".to_owned(),
        CallState::Skipped => "not made".to_owned(),
        CallState::Failed(error) => format!("failed: {error}"),
    };
    let line = |text: &str| OneLine::from(text);
    writeln!(text, "  {number}. {}: {} ({})", line(action), line(summary), line(&state))?;
    let none = || "nothing".to_owned();
    let json = |value: &Value| if value.is_null() { none() } else { OneLine::from(value.to_string()).to_string() };
    writeln!(text, "     before: {}", before.as_ref().map_or_else(none, json))?;
    writeln!(text, "     after:  {}", json(after))?;
    match property.restore(before.as_ref()) {
        Undo::Command { command, once: None } => writeln!(text, "     back:   {command}"),
        Undo::Command { command, once: Some(condition) } => {
            writeln!(text, "     back:   {command}  # once {condition}")
        }
        Undo::Words(words) => writeln!(text, "     back:   {}", line(&words)),
    }
}

fn words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Meant => "it is being made, or the function ended before it could say how",
        Outcome::Fixed => "everything was read back as right",
        Outcome::Failed => "something is still wrong",
        Outcome::TakenBack => "it did harm, and Trailkeeper took it back",
        Outcome::FoundRight => "the function ended before it could say so; a later run found everything right",
        Outcome::FoundGone => "the function ended before it could say so; a later run found the resource gone",
        Outcome::Superseded => "the function ended before it could say so; a later run began a change of its own",
    }
}
