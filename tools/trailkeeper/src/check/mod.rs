//! `trailkeeper check`: what is wrong in an account, and the calls that would put it right. It only reads.

mod accounts;
mod asked;
mod last_change;
pub(crate) mod progress;
pub(crate) mod walk;

use crate::arguments::LedgerPlace;
use crate::problem::{Problem, Whose};
use crate::terminal::print;
pub(crate) use accounts::{Opened, open};
pub(crate) use asked::{Asked, Scope, command, scope_arguments};
use chrono::{SubsecRound, Utc};
use progress::Progress;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use trailkeeper::aws::Aws;
use trailkeeper::families::{control_ids, families};
use trailkeeper::model::{OneLine, Region};
use trailkeeper::settings::{PREFIX, Settings};
use trailkeeper::undo::aws::environment_of;
use trailkeeper_check::baseline::Baseline;
use trailkeeper_check::finding::{Finding, Standing};
use trailkeeper_check::formats::{Format, Output};
use trailkeeper_check::report::{AccountChecked, CheckReport, LeftOut};
use trailkeeper_check::selection::Selection;
use trailkeeper_check::terminal::{Look, render};

/// Returns the settings, which are those of the functions, from the same variables.
pub(crate) fn settings(aws: &Aws) -> Result<Settings, Problem> {
    parsed(aws, std::env::vars())
}

/// Returns the settings that are in force for these families: those of the stack if one is named, else the environment's.
pub(crate) async fn settings_in_force(aws: &Aws, place: &LedgerPlace, families: &[&str]) -> Result<Settings, Problem> {
    match &place.stack {
        Some(stack) => Box::pin(settings_of(aws, stack, families)).await,
        None => settings(aws),
    }
}

/// Returns the settings of a stack as it is deployed: those of its functions for these families.
async fn settings_of(aws: &Aws, stack: &str, families: &[&str]) -> Result<Settings, Problem> {
    let mut variables = Vec::new();
    for family in families {
        match environment_of(aws, stack, family).await {
            Ok(Some(found)) => variables.extend(found),
            Ok(None) => {
                let region = aws.config().region().map(ToString::to_string).unwrap_or_default();
                return Err(Problem::unusable(format!(
                    "there is no function {stack}-{family} in region {region}: name the stack with --stack and its region with \
                     --region"
                )));
            }
            Err(error) => {
                let region = aws.config().region().map(ToString::to_string);
                return Err(Problem::call(&error, &Whose { region, ..Whose::default() }).of_check());
            }
        }
    }
    variables.retain(|(name, _)| name.starts_with(PREFIX));
    parsed(aws, variables.into_iter())
}

/// Nothing is delegated, and nothing is published.
fn parsed(aws: &Aws, variables: impl Iterator<Item = (String, String)>) -> Result<Settings, Problem> {
    let mut settings =
        Settings::parse(variables, &control_ids()).map_err(|error| Problem::unusable(error.to_string()))?;
    (settings.bus, settings.topic, settings.unsent) = (None, None, None);
    let Some(region) = aws.config().region().and_then(|it| Region::parse(it.as_ref())) else {
        return Err(Problem::unusable("no region is set: give one with --region, such as us-east-1"));
    };
    settings.home = region;
    for name in settings.unknown.iter().map(|it| OneLine::from(it.as_str())) {
        eprintln!("trailkeeper: {name} is no setting");
    }
    for told in settings.unknown_controls.iter().map(|it| OneLine::from(it.to_string())) {
        eprintln!("trailkeeper: {told}");
    }
    Ok(settings)
}

/// Returns what the terminal can show.
pub(crate) fn look() -> Look {
    Look { colour: console::colors_enabled(), width: console::Term::stdout().size_checked().map(|(_, width)| width) }
}

/// Runs the command.
pub(crate) async fn run(place: &LedgerPlace, asked: &Asked) -> Result<ExitCode, Problem> {
    let baselines = asked.baselines.iter().map(|file| read(file)).collect::<Result<Vec<_>, Problem>>()?;
    asked.outputs.iter().try_for_each(|output| can_write(&output.file))?;
    let aws = Rc::new(Aws::load_as(place.profile.as_deref(), place.region.as_ref()).await);
    let families: Vec<&str> = families().into_iter().map(|it| it.name).collect();
    let settings = settings_in_force(&aws, place, &families).await?;
    let progress = Progress::start();
    let given = (place.settings(), &progress);
    let checked = Box::pin(checked(&aws, settings, (&asked.scope, &asked.selection), given)).await?;
    if asked.outputs.is_empty()
        && let Some(problem) = checked.none_entered
    {
        return Err(problem);
    }
    let mut report = checked.report;
    if asked.history {
        // What was told by then is kept.
        let _ = Box::pin(progress.until_stopped(last_change::ask(&checked.accounts, &mut report.findings))).await;
    }
    let baselines = baselines.into_iter().map(|it| it.at_least(asked.selection.min_severity)).collect();
    report.comparison = Baseline::compare_all(baselines, &report);
    let code = report.exit_code(asked.fail_on);
    // First what needs no file: a full disk is no reason to lose the check.
    // Where nothing was entered there is nothing to show, and the error says why; but a file of yesterday must not stand for today.
    if checked.none_entered.is_none() {
        let shown =
            if asked.json { Format::Json.render(&report).map_err(Problem::unusable)? } else { render(&report, look()) };
        print(&shown)?;
    }
    let write = |Output { format, file }: &Output| {
        let made = format.render(&report).map_err(|problem| unwritten(file, &problem))?;
        std::fs::write(file, made).map_err(|error| unwritten(file, &error.to_string()))
    };
    let written: Vec<Result<(), Problem>> = asked.outputs.iter().map(write).collect();
    written.into_iter().collect::<Result<(), Problem>>()?;
    checked.none_entered.map_or_else(|| Ok(ExitCode::from(code)), Err)
}

/// Everything that was found, and the accounts as they were opened.
pub(crate) struct Checked {
    pub(crate) report: CheckReport,
    pub(crate) accounts: Vec<Opened>,
    /// Why no account was entered, if so.
    pub(crate) none_entered: Option<Problem>,
}

/// Checks what is asked for. `given` are the options that name the credentials.
pub(crate) async fn checked(
    aws: &Rc<Aws>,
    mut settings: Settings,
    (scope, selection): (&Scope, &Selection),
    (given, progress): (String, &Progress),
) -> Result<Checked, Problem> {
    let controls = selection.switch(&mut settings);
    if controls.is_empty() {
        return Err(Problem::unusable(
            "no control is left to be checked: none is asked for by everything that was given, and switched on",
        ));
    }
    let mut accounts = Box::pin(progress.until_stopped(open(aws, scope, &settings)))
        .await
        .unwrap_or_else(|| Err(Problem::interrupted("the check was interrupted before anything was read")))?;
    let none_entered = accounts.none_entered();
    let accounts::Accounts { us, opened, unopened, mut notes, .. } = accounts;
    let (mut findings, mut left_out): (Vec<Finding>, Vec<Finding>) = (Vec::new(), Vec::new());
    for account in &opened {
        let settings = account.settings(&settings);
        progress.account(&account.id, &account.regions);
        let walked = Box::pin(walk::account(aws, account, &settings, &controls, progress)).await;
        let asked = walked.findings.into_iter().filter(|it| controls.contains(&it.control));
        let (taken, less): (Vec<Finding>, Vec<Finding>) = asked.partition(|it| selection.takes(it));
        findings.extend(taken);
        left_out.extend(less);
        notes.extend(walked.notes);
    }
    if progress.was_stopped() {
        notes.push("the check was interrupted: what was not read by then is unknown".into());
    }
    progress.end();
    let name = |account: &Opened| AccountChecked {
        id: account.id.as_str().into(),
        regions: account.regions.iter().map(|it| it.as_str().into()).collect(),
    };
    let report = CheckReport {
        made: Utc::now().trunc_subsecs(0),
        by: us.arn.as_str().into(),
        accounts: opened.iter().map(name).collect(),
        unopened: unopened.iter().map(|id| id.as_str().into()).collect(),
        is_complete: notes.is_empty(),
        notes,
        left_out: selection.min_severity.map(|below| LeftOut::of(below, &left_out)),
        framework: selection.framework,
        comparison: None,
        given: given + &scope.again(&us.account),
        controls,
        findings,
    };
    Ok(Checked { report: report.in_order(), accounts: opened, none_entered })
}

fn read(file: &Path) -> Result<Baseline, Problem> {
    let problem = |problem: &str| Problem::unusable(format!("--baseline: {}: {problem}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| problem(&error.to_string()))?;
    Baseline::parse(&text).map_err(|error| problem(&error))
}

/// Finds out before the check whether a file can be written after it.
fn can_write(file: &Path) -> Result<(), Problem> {
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if file.is_dir() {
        return Err(unwritten(file, "it is a folder"));
    }
    if !folder.is_dir() {
        return Err(unwritten(file, "there is no such folder"));
    }
    Ok(())
}

fn unwritten(file: &Path, problem: &str) -> Problem {
    Problem::unusable(format!("--output: {}: {problem}", file.display()))
}

/// Returns whether a finding is wrong and has calls that put it right.
pub(crate) fn is_fixable(finding: &Finding) -> bool {
    finding.standing == Standing::Wrong && !finding.steps.is_empty()
}
