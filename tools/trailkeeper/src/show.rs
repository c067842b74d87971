//! `trailkeeper show`: shows one change.

use crate::arguments::{change, change_of, json};
use crate::changes::{Changes, person};
use crate::problem::Problem;
use crate::terminal::{print, print_json};
use crate::undo::CAUSE;
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
        let undoing = Undoing::of(&entry, changes).await;
        print(&text(&entry, &undoing).unwrap_or_default())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What has to be given to take a change back.
#[derive(Debug, Default)]
struct Undoing {
    /// Options, each after a blank.
    options: String,
    /// What to put into them, after a comma.
    remark: String,
}

impl Undoing {
    /// Returns what these credentials need to take a change back.
    async fn of(entry: &LedgerEntry, changes: &Changes) -> Self {
        let options = changes.given.clone();
        if !is_undoable(entry) {
            return Self::default();
        }
        match person(&changes.aws).await {
            Ok(us) if us.account != entry.account => Self {
                options: format!("{options} --role ROLE"),
                remark: format!(
                    ", where ROLE is a role of account {} that you may enter",
                    OneLine::from(entry.account.as_str())
                ),
            },
            _ => Self { options, remark: String::new() },
        }
    }
}

/// Returns whether anything of a change may be left to take back.
fn is_undoable(entry: &LedgerEntry) -> bool {
    entry.undone.is_none() && entry.steps.iter().any(|it| matches!(it.state, CallState::Applied | CallState::Meant))
}

fn text(entry: &LedgerEntry, undoing: &Undoing) -> Result<String, std::fmt::Error> {
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
    match entry.told {
        Some(at) => writeln!(text, "  told      {}", when::second(at))?,
        None if entry.is_untold() => writeln!(text, "  told      not yet")?,
        None => {}
    }
    if let Some(undone) = &entry.undone {
        let (by, at) = (line(&undone.by), when::second(undone.at));
        writeln!(text, "  undone    {at} by {by}, with change {}", undone.change)?;
    }
    for part in &entry.undone_in_part {
        writeln!(text, "  in part   {} by {}, with change {}", when::second(part.at), part.by, part.change)?;
    }
    if cause.name == CAUSE {
        cause.id.iter().try_for_each(|of| writeln!(text, "  undoes    change {}", line(of)))?;
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
    if let Some(part) = entry.undone_so_far() {
        writeln!(text, "\nWhat still stands")?;
        part.left.iter().try_for_each(|it| writeln!(text, "  {}: {}", it.summary, it.because))?;
    }
    if is_undoable(entry) {
        let which = if entry.undone_so_far().is_some() { "the rest back, the same again" } else { "it back" };
        writeln!(text, "\nTo take {which}{}: trailkeeper undo {id}{}", undoing.remark, undoing.options)?;
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
