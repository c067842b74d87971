//! `trailkeeper resume`: ends the fights over a resource, so that it is fixed again.

use crate::changes::Changes;
use crate::control_ids::ControlIds;
use crate::history::known;
use crate::problem::Problem;
use crate::terminal::print;
use chrono::Utc;
use clap::{Arg, ArgMatches, Command};
use std::collections::BTreeMap;
use std::process::ExitCode;
use trailkeeper::ledger::FindingId;
use trailkeeper::model::{Arn, OneLine};
use trailkeeper::reconcile::ports::Ledger;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    resource: String,
    control: Option<String>,
}

/// Returns the command.
pub(crate) fn command() -> Command {
    Command::new("resume").about("Ends a fight: what was fixed too often is fixed again").args([
        Arg::new("resource").value_name("RESOURCE-ARN").help("The ARN of the resource").required(true),
        Arg::new("control")
            .value_name("CONTROL")
            .value_parser(ControlIds)
            .hide_possible_values(true)
            .help("Of this control alone; of all if not given"),
    ])
}

impl Asked {
    pub(crate) fn of(given: &mut ArgMatches) -> Result<Self, String> {
        let resource: String = given.remove_one("resource").unwrap_or_default();
        if Arn::parse(&resource).is_none() {
            return Err(format!("`{resource}` is not the ARN of a resource"));
        }
        let control: Option<String> = given.remove_one("control");
        if let Some(control) = &control {
            known(control)?;
        }
        Ok(Self { resource, control })
    }
}

/// Runs the command.
pub(crate) async fn run(changes: &Changes, asked: &Asked) -> Result<ExitCode, Problem> {
    let Asked { resource, control } = asked;
    let names = controls(changes, resource).await?;
    let takes = |name: &String| control.as_ref().is_none_or(|control| name == control);
    let chosen: Vec<FindingId> = names.iter().filter(|(_, name)| takes(name)).map(|(id, _)| id.clone()).collect();
    let ended = if chosen.is_empty() {
        Vec::new()
    } else {
        let these = control.as_ref().map(|_| chosen.as_slice());
        match changes.ledger.resume(resource, these, Utc::now()).await {
            Ok(ended) => ended,
            Err(error) => return Err(changes.unreadable(&error).await),
        }
    };
    if ended.is_empty() {
        print(&format!(
            "There is no fight over {}: nothing was fixed there lately.\n",
            OneLine::from(resource.as_str())
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    for finding in &ended {
        let name =
            names.get(finding).map_or_else(|| finding.to_string(), |name| OneLine::from(name.as_str()).to_string());
        let resource = OneLine::from(resource.as_str());
        print(&format!("{name} of {resource} is fixed again from now on, with the next event or sweep.\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the controls of the findings that were fixed lately, as the changes that fixed them name them.
async fn controls(changes: &Changes, resource: &str) -> Result<BTreeMap<FindingId, String>, Problem> {
    let history = match changes.ledger.history(resource).await {
        Ok(history) => history,
        Err(error) => return Err(changes.unreadable(&error).await),
    };
    let mut names = BTreeMap::new();
    for fix in history.fixes.values().filter_map(|fixes| fixes.last()) {
        let entry = changes.entry(fix.change).await?;
        names.extend(entry.findings.into_iter().map(|it| (it.finding, it.control)));
    }
    Ok(names)
}
