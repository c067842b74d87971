//! `trailkeeper history`: lists changes.

use crate::arguments::json;
use crate::changes::Changes;
use crate::control_ids::ControlIds;
use crate::problem::Problem;
use crate::terminal::{print, print_json};
use crate::when;
use crate::who::by;
use chrono::{DateTime, Utc};
use clap::{Arg, ArgMatches, Command};
use std::fmt::Write as _;
use std::process::ExitCode;
use trailkeeper::aws::ledger::ListedChange;
use trailkeeper::families::control_ids;
use trailkeeper::ledger::UndoneInPart;
use trailkeeper::model::is_account;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    since: DateTime<Utc>,
    account: Option<String>,
    control: Option<String>,
    json: bool,
}

/// Returns the command.
pub(crate) fn command() -> Command {
    let since = Arg::new("since").long("since").value_name("TIME").default_value("7d");
    Command::new("history").about("Lists changes, the latest last").args([
        since.help("How far to look back: 30m, 24h, 7d, 2w, or a day such as 2027-01-31"),
        Arg::new("account").long("account").value_name("ID").help(
            "Changes in this account alone. Without it, those in every account: that reads the table's whole index of \
             changes",
        ),
        Arg::new("control")
            .long("control")
            .value_name("ID")
            .value_parser(ControlIds)
            .hide_possible_values(true)
            .help("Changes for this control alone"),
        json(),
    ])
}

impl Asked {
    pub(crate) fn of(given: &mut ArgMatches) -> Result<Self, String> {
        let since: String = given.remove_one("since").unwrap_or_default();
        let account: Option<String> = given.remove_one("account");
        if let Some(account) = account.as_ref().filter(|account| !is_account(account)) {
            return Err(format!("--account: `{account}` is not an account id of twelve digits"));
        }
        let control: Option<String> = given.remove_one("control");
        if let Some(control) = &control {
            known(control)?;
        }
        let since = when::since(&since, Utc::now()).map_err(|problem| format!("--since: {problem}"))?;
        Ok(Self { since, account, control, json: given.get_flag("json") })
    }
}

/// Returns an error if there is no control with this id.
pub(crate) fn known(control: &str) -> Result<(), String> {
    let all = control_ids();
    if all.contains(&control) {
        Ok(())
    } else {
        Err(format!("there is no control `{control}`; the controls are: {}", all.join(", ")))
    }
}

/// Runs the command.
pub(crate) async fn run(changes: &Changes, asked: &Asked) -> Result<ExitCode, Problem> {
    let Asked { since, account, control, json } = asked;
    let mut found = match Box::pin(changes.ledger.list(account.as_deref(), *since)).await {
        Ok(found) => found,
        Err(error) => return Err(changes.unreadable(&error).await),
    };
    found.retain(|change| control.as_ref().is_none_or(|id| change.controls.iter().any(|it| *it == **id)));
    if *json {
        print_json(&found)?;
    } else {
        print(&text(&found, *since))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(found: &[ListedChange], since: DateTime<Utc>) -> String {
    if found.is_empty() {
        return format!("No changes since {}.\n", when::second(since));
    }
    let outcome = |change: &ListedChange| match &*change.outcome {
        _ if change.undone.is_some() => "undone".into(),
        _ if change.undone_in_part.is_some() => "undone in part".into(),
        // What a person takes back puts nothing right.
        "fixed" if change.controls.is_empty() => "done".into(),
        _ => change.outcome.clone(),
    };
    let width = found.iter().map(|change| outcome(change).chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for change in found {
        let ListedChange { id, time, account, region, family, resource, controls, cause, actor, .. } = change;
        let controls: Vec<&str> = controls.iter().map(|it| &**it).collect();
        // What a person takes back is of no control.
        let controls = if controls.is_empty() { "undo".to_owned() } else { controls.join(", ") };
        let time = time.format("%Y-%m-%d %H:%M");
        // Writing to a String cannot fail.
        let _ = write!(text, "{id}  {time}  {:width$}  {account} {region}  {resource}  {controls}", &*outcome(change));
        let _ = writeln!(text, "  by {}", by(family, cause, actor.as_deref()));
        if let Some(part) = &change.undone_in_part {
            let _ = write_part(&mut text, part);
            let _ = writeln!(text, "    run again, the same undo takes the rest back, once nothing is in its way");
        }
    }
    text
}

/// Writes who took a part of a change back, and what of it still stands.
fn write_part(text: &mut String, part: &UndoneInPart) -> std::fmt::Result {
    let UndoneInPart { by, at, change, left } = part;
    writeln!(text, "    a part was taken back {} by {by}, with change {change}", when::second(*at))?;
    left.iter().try_for_each(|call| writeln!(text, "    still stands: {}", call.summary))
}
