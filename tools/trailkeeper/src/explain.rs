//! `trailkeeper explain`: what a control wants and why, and what it says of one resource.

use crate::arguments::LedgerPlace;
use crate::check::progress::Progress;
use crate::check::walk::with_family;
use crate::check::{Scope, look, open, scope_arguments, settings_in_force};
use crate::control_ids::ControlIds;
use crate::problem::Problem;
use crate::resource::{Scene, judged};
use crate::terminal::print;
use clap::{Arg, ArgMatches, Command};
use futures_util::FutureExt;
use std::process::ExitCode;
use std::rc::Rc;
use trailkeeper::aws::{Aws, Remembering};
use trailkeeper::model::{OneLine, Region};
use trailkeeper::settings::Mode;
use trailkeeper::settings::table::by_parameter;
use trailkeeper_check::explain::{Judged, control, mode, of_control, of_resource};
use trailkeeper_check::finding::{Finding, Standing};

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    control: String,
    resource: Option<String>,
    scope: Scope,
}

/// Returns the command.
pub(crate) fn command() -> Command {
    Command::new("explain")
        .about(
            "Explains a control, and with a resource what was read of it and why it is right or wrong. Changes nothing",
        )
        .args([
            named_control(),
            Arg::new("resource").value_name("RESOURCE").help("The ARN, the id or the name of a resource"),
        ])
        .args(scope_arguments())
}

/// Returns the argument that names a control.
pub(crate) fn named_control() -> Arg {
    let named = Arg::new("named").value_name("CONTROL").value_parser(ControlIds).hide_possible_values(true);
    named.help("The id of the control, such as cloudtrail-logging").required(true)
}

/// Parses the argument that names a control.
pub(crate) fn control_of(given: &mut ArgMatches) -> Result<String, String> {
    let id: String = given.remove_one("named").unwrap_or_default();
    match control(&id) {
        Some(_) => Ok(id),
        None => Err(format!("there is no control {}: see docs/controls.md", OneLine::from(id))),
    }
}

impl Asked {
    pub(crate) fn of(given: &mut ArgMatches) -> Result<Self, String> {
        Ok(Self { control: control_of(given)?, resource: given.remove_one("resource"), scope: Scope::of(given)? })
    }
}

/// Runs the command.
pub(crate) async fn run(place: &LedgerPlace, asked: &Asked) -> Result<ExitCode, Problem> {
    let Some((family, about)) = control(&asked.control) else {
        return Err(Problem::unusable(format!("there is no control {}", asked.control)));
    };
    let mut aws = Aws::load_as(place.profile.as_deref(), place.region.as_ref()).await;
    if asked.resource.is_none() && place.stack.is_none() && aws.config().region().is_none() {
        // Nothing is asked there.
        aws = Aws::load_as(place.profile.as_deref(), Some(&Region::first())).await;
    }
    let aws = Rc::new(aws);
    let mut settings = settings_in_force(&aws, place, &[family.name]).await?;
    // Who asks about a stack knows its parameters, and not the variables that they set.
    let worded = |text: &str| if place.stack.is_some() { by_parameter(text) } else { text.to_owned() };
    let told = of_control(&family, about, &settings);
    let Some(name) = &asked.resource else {
        print(&worded(&told))?;
        return Ok(ExitCode::SUCCESS);
    };
    let mode = mode(about, &settings);
    settings.modes.overrides.insert(asked.control.clone(), Mode::DryRun);
    let mut accounts = Box::pin(open(&aws, &asked.scope, &settings)).await?;
    if let Some(problem) = accounts.none_entered() {
        return Err(problem);
    }
    let progress = Progress::start();
    // Another account may have it.
    let mut unread = None;
    for account in &accounts.opened {
        let settings = account.settings(&settings);
        let _asked_once = Remembering::begin(&account.aws);
        let scene = Scene { account, partition: &accounts.us.partition, settings: &settings, progress: &progress };
        let seen = match with_family!(family.name, judged(scene, name, None)) {
            Some(Ok(Some(seen))) => seen,
            Some(Ok(None)) | None => continue,
            Some(Err(problem)) => {
                unread.get_or_insert(problem);
                continue;
            }
        };
        progress.end();
        let result = seen.outcomes.iter().find(|it| it.control == asked.control);
        let finding = result.and_then(|result| Finding::of(result, &account.id));
        // A resource that is still to be made is found only where its making is told.
        if !seen.is_there || finding.as_ref().is_some_and(is_nothing) {
            break;
        }
        let judged = Judged { arn: &seen.subject.arn, finding: finding.as_ref(), mode, view: seen.view };
        print(&worded(&format!("{}\nThe control\n\n{told}", of_resource(&asked.control, &judged, look()))))?;
        return Ok(ExitCode::SUCCESS);
    }
    progress.end();
    if let Some(problem) = unread {
        return Err(problem);
    }
    Err(Problem::unusable(format!(
        "family {} finds no {} in the accounts and regions that were asked for",
        family.name,
        OneLine::from(name.as_str())
    )))
}

/// Returns whether a control says of a resource that there is none.
fn is_nothing(finding: &Finding) -> bool {
    finding.standing == Standing::NotApplicable && finding.because.starts_with("there is no such ")
}
