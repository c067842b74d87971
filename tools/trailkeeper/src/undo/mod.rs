//! `trailkeeper undo`: takes one change back, with the credentials of who runs it.
//!
//! Everything is read and planned before anything is written: if somebody changed one of the properties since, nothing is
//! taken back at all.

mod apply;
mod exempt;
mod say;
mod survey;

use crate::arguments::{change, change_of, json};
use crate::changes::{Changes, person};
use crate::problem::{Problem, Whose};
use crate::terminal::{asks, is_somebody_there, print, print_json};
use crate::when;
use chrono::{NaiveDate, TimeDelta, Utc};
use clap::{Arg, ArgAction, ArgMatches, Command};
use exempt::Exempting;
use std::process::ExitCode;
use survey::Survey;
use trailkeeper::aws::Aws;
use trailkeeper::event::Identity;
use trailkeeper::ledger::{ChangeId, LedgerEntry, Reversal};
use trailkeeper::model::{CallError, OneLine, Place};
use trailkeeper::undo::aws::Properties;

/// Longest that a function may take, after which a change that has not ended never will ([quotas]).
///
/// [quotas]: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const LONGEST: TimeDelta = TimeDelta::minutes(15);

/// Cause of a change by which a person took another one back; its id is that of the other one.
pub(crate) const CAUSE: &str = "trailkeeper undo";

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    id: ChangeId,
    yes: bool,
    until: Option<NaiveDate>,
    json: bool,
    role: Option<String>,
    external_id: Option<String>,
}

/// Returns the command.
pub(crate) fn command() -> Command {
    Command::new("undo")
        .about("Takes one change back: shows the calls, asks, makes them, and reads the old state back")
        .args([
            change(),
            Arg::new("yes").long("yes").action(ArgAction::SetTrue).help("Does not ask; needed without a terminal"),
            Arg::new("exempt-until")
                .long("exempt-until")
                .value_name("DAY")
                .help("Exempts the resource by its tags until that day, before anything is taken back"),
            Arg::new("role")
                .long("role")
                .value_name("NAME")
                .help("The role by which the account of the change is entered, if it is not that of the credentials"),
            Arg::new("external-id")
                .long("external-id")
                .value_name("ID")
                .requires("role")
                .help("The external id that the role asks for"),
            json().help("Prints the plan as JSON, and takes it back with --yes alone"),
        ])
}

impl Asked {
    pub(crate) fn of(given: &mut ArgMatches) -> Result<Self, String> {
        let until: Option<String> = given.remove_one("exempt-until");
        let until =
            until.as_deref().map(when::day).transpose().map_err(|problem| format!("--exempt-until: {problem}"))?;
        if until.is_some_and(|until| until < Utc::now().date_naive()) {
            return Err("--exempt-until: that day is over".to_owned());
        }
        Ok(Self {
            id: change_of(given)?,
            yes: given.get_flag("yes"),
            until,
            json: given.get_flag("json"),
            role: given.remove_one("role"),
            external_id: given.remove_one("external-id"),
        })
    }
}

/// Change that is being taken back.
struct Job<'a> {
    changes: &'a Changes,
    /// Credentials of the account of the change.
    aws: &'a Aws,
    entry: &'a LedgerEntry,
    person: &'a Identity,
    properties: Properties,
}

impl Job<'_> {
    /// Returns the problem of a call on the resource.
    fn problem(&self, error: &CallError) -> Problem {
        let LedgerEntry { account, region, .. } = self.entry;
        let (account, region) = (Some(account.clone()), Some(region.to_string()));
        Problem::call(error, &Whose { account, region, arn: Some(self.person.arn.clone()) })
    }
}

/// Runs the command.
pub(crate) async fn run(changes: &Changes, asked: &Asked) -> Result<ExitCode, Problem> {
    let Asked { id, yes, until, json, .. } = asked;
    let tell = |text: &str| if *json { Ok(()) } else { print(text) };
    let entry = changes.entry(*id).await?;
    let running = Utc::now() - id.time() < LONGEST;
    let steps = entry.to_take_back(running).map_err(|reason| Problem::refused(reason.to_string()))?;
    let mut us = person(&changes.aws).await?;
    let mut entered = None;
    if us.account != entry.account {
        let aws = Box::pin(enter(changes, asked, &entry, &us)).await?;
        (us, entered) = (person(&aws).await?, Some(aws));
    }
    let aws = entered.as_ref().unwrap_or(&changes.aws);
    let (partition, account, region) = (us.partition.clone(), entry.account.clone(), entry.region.clone());
    let properties = Properties::new(aws, Place { partition, account, region });
    let job = Job { changes, aws, entry: &entry, person: &us, properties };
    let survey = Survey::of(&job, &steps).await?;
    let planned = survey.plan();
    tell(&say::plan(&entry, &planned))?;
    // Without --yes nobody is asked in the middle of JSON: it is the plan alone.
    let is_over = |by: Option<ChangeId>| if *json { print_json(&say::json(&entry, &planned, by)) } else { Ok(()) };
    if planned.iter().any(|it| matches!(it.reversal, Reversal::Refused(_))) {
        is_over(None)?;
        return Err(Problem::refused(format!(
            "nothing was taken back: somebody changed it since change {id}. Set by hand what you want of it"
        )));
    }
    let due = planned.iter().filter(|it| matches!(it.reversal, Reversal::Restore { .. })).count();
    let waits = planned.iter().any(|it| matches!(it.reversal, Reversal::Waits(_)));
    if due == 0 {
        is_over(None)?;
        if until.is_some() {
            tell("Nothing is exempted, since nothing is taken back.\n")?;
        }
        if waits {
            return Err(Problem::refused(format!(
                "nothing of change {id} was taken back: see above what is in the way"
            )));
        }
        tell("There is nothing to take back.\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let exempting = Exempting::of(&job, &planned, *until).await?;
    if let Some(said) = exempting.before() {
        tell(&said)?;
    }
    if !yes {
        if *json || !is_somebody_there() {
            is_over(None)?;
            return Err(Problem::refused("nothing was taken back: there is no terminal to ask at. Add --yes"));
        }
        let calls = if due == 1 { "this call".to_owned() } else { format!("these {due} calls") };
        let place = format!("account {}, region {}", entry.account, entry.region);
        if !asks(&format!("Make {calls} in {place} as {}?", OneLine::from(us.arn.as_str())), "nothing was taken back") {
            return Err(Problem::refused("nothing was taken back"));
        }
    }
    // First, since the calls themselves are events that Trailkeeper looks into.
    exempting.set(&job).await?;
    let by = match apply::run(&job, &survey, &planned, &tell).await {
        Ok(by) => by,
        Err(problem) => {
            is_over(None)?;
            if let Some(until) = until {
                tell(&format!("It is exempt until {until} all the same, by its tags.\n"))?;
            }
            return Err(problem);
        }
    };
    is_over(Some(by))?;
    tell(&exempting.after())?;
    Ok(ExitCode::from(u8::from(waits)))
}

/// Enters the account of a change by the role that was named.
async fn enter(changes: &Changes, asked: &Asked, entry: &LedgerEntry, person: &Identity) -> Result<Aws, Problem> {
    let Some(role) = &asked.role else { return Err(elsewhere(entry, person)) };
    let entered = changes.aws.enter_as(&person.partition, &entry.account, role, asked.external_id.as_deref()).await;
    entered.map_err(|error| {
        let (account, arn) = (Some(entry.account.clone()), Some(person.arn.clone()));
        Problem::call(&error, &Whose { account, region: None, arn })
    })
}

fn elsewhere(entry: &LedgerEntry, person: &Identity) -> Problem {
    let (needed, id) = (OneLine::from(entry.account.as_str()), entry.id);
    let (has, arn) = (&person.account, OneLine::from(person.arn.as_str()));
    Problem::refused(format!(
        "nothing was taken back: change {id} is in account {needed}, and these credentials are of account {has} ({arn}). \
         Name a role of account {needed} with --role, or a profile with --profile and one that can read the ledger with \
         --ledger-profile"
    ))
}
