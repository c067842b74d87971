//! `trailkeeper fix`: puts right what a control finds wrong, with the credentials of who runs it.

mod told;

use crate::arguments::LedgerPlace;
use crate::changes::Changes;
use crate::check::progress::Progress;
use crate::check::walk::{origin, with_family};
use crate::check::{Checked, Scope, checked, is_fixable, look, scope_arguments, settings_in_force};
use crate::explain::{control_of, named_control};
use crate::problem::Problem;
use crate::resource::{Scene, judged, mended};
use crate::terminal::{asks, is_somebody_there, print};
use clap::{Arg, ArgAction, ArgMatches, Command};
use futures_util::FutureExt;
use std::process::ExitCode;
use std::rc::Rc;
use told::{Difference, Undoing, ended, plan};
use trailkeeper::aws::Aws;
use trailkeeper::aws::ledger::TableLedger;
use trailkeeper::event::Origin;
use trailkeeper::model::{Arn, Region};
use trailkeeper::report::{ControlResult, Status};
use trailkeeper::settings::{Mode, Settings};
use trailkeeper_check::explain::control;
use trailkeeper_check::finding::{Finding, Standing};
use trailkeeper_check::report::CheckReport;
use trailkeeper_check::selection::Selection;
use trailkeeper_check::terminal::render;

/// Control by which an account without a trail gets one, and the call that makes it.
const MAKES_A_TRAIL: (&str, &str) = ("cloudtrail-multi-region", "cloudtrail:CreateTrail");

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    control: String,
    resource: Option<String>,
    all: bool,
    yes: bool,
    ledgerless: bool,
    scope: Scope,
}

/// Returns the command.
pub(crate) fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    Command::new("fix")
        .about("Puts right what a control finds wrong: shows the calls, asks, makes them, and reads it back")
        .args([
            named_control(),
            Arg::new("resource")
                .value_name("RESOURCE")
                .help("The ARN, the id or the name of the resource")
                .required_unless_present("all"),
            flag("all", "Every resource that the control finds wrong").conflicts_with("resource"),
            flag("yes", "Does not ask; needed without a terminal"),
            flag("no-ledger", "Keeps the change in no ledger, even if there is one"),
        ])
        .args(scope_arguments())
}

impl Asked {
    pub(crate) fn of(given: &mut ArgMatches) -> Result<Self, String> {
        Ok(Self {
            control: control_of(given)?,
            resource: given.remove_one("resource"),
            all: given.get_flag("all"),
            yes: given.get_flag("yes"),
            ledgerless: given.get_flag("no-ledger"),
            scope: Scope::of(given)?,
        })
    }

    fn takes(&self, finding: &Finding) -> bool {
        self.all
            || self.resource.as_deref().is_some_and(|name| {
                let arn = &*finding.resource;
                arn == name || arn.strip_suffix(name).is_some_and(|before| before.ends_with(['/', ':']))
            })
    }
}

/// Runs the command.
pub(crate) async fn run(place: &LedgerPlace, asked: &Asked) -> Result<ExitCode, Problem> {
    let aws = Rc::new(Aws::load_as(place.profile.as_deref(), place.region.as_ref()).await);
    let selection = Selection { controls: vec![asked.control.clone()], ..Selection::default() };
    let progress = Progress::start();
    let family = control(&asked.control).map(|(family, _)| family.name);
    let mut settings = Box::pin(settings_in_force(&aws, place, family.as_slice())).await?;
    let given = (place.settings(), &progress);
    let found = Box::pin(checked(&aws, settings.clone(), (&asked.scope, &selection), given)).await?;
    if let Some(problem) = found.none_entered {
        return Err(problem);
    }
    for note in found.report.notes.iter().filter(|_| asked.all) {
        print(&format!("Not looked at: {note}\n"))?;
    }
    if progress.was_stopped() {
        return Err(Problem::interrupted("interrupted: nothing was changed"));
    }
    let taken = || found.report.findings.iter().filter(|it| asked.takes(it));
    let due: Vec<&Finding> = taken().filter(|it| is_fixable(it)).collect();
    if due.is_empty() {
        return nothing_due(asked, &found.report);
    }
    print(&plan(&due).unwrap_or_default())?;
    let ledger = if asked.ledgerless { None } else { ledger(place).await? };
    agreed(asked, &due, &found.report.by)?;
    selection.switch(&mut settings);
    let cause = origin("trailkeeper fix", Some(found.report.by.to_string()));
    let fixing = Fixing { asked, place, found: &found, settings, ledger, cause, progress: &progress };
    // What no call puts right is told, and keeps the command from succeeding.
    let mut wrong = 0;
    for finding in taken().filter(|it| it.standing <= Standing::Unknown && !is_fixable(it)) {
        wrong += 1;
        let Finding { resource, because, advice, .. } = finding;
        let advice = advice.as_deref().map(|it| format!("\n  What to do: {it}")).unwrap_or_default();
        print(&format!("Left, no call puts it right: {resource}: {because}{advice}\n"))?;
    }
    for (done, finding) in due.iter().enumerate() {
        if progress.was_stopped() {
            let rest = due.len() - done;
            return Err(Problem::interrupted(format!("interrupted: {rest} of {} were not touched", due.len())));
        }
        wrong += usize::from(!Box::pin(fixing.one(finding)).await?);
    }
    progress.end();
    // What was not looked at may be wrong, too.
    let untold = asked.all && found.report.is_unsure();
    Ok(ExitCode::from(if wrong > 0 { 1 } else { u8::from(untold) * 2 }))
}

/// Asks whether the calls that were shown are to be made.
fn agreed(asked: &Asked, due: &[&Finding], by: &str) -> Result<(), Problem> {
    if asked.yes {
        return Ok(());
    }
    if !is_somebody_there() {
        return Err(Problem::refused("nothing was changed: there is no terminal to ask at. Add --yes"));
    }
    let count = due.iter().map(|it| it.steps.len()).sum::<usize>();
    let things = match (count, due.len()) {
        (1, _) => "this call".to_owned(),
        (_, 1) => format!("these {count} calls"),
        (_, many) => format!("the calls for these {many}"),
    };
    if asks(&format!("Make {things} as {by}?"), "nothing was changed") {
        Ok(())
    } else {
        Err(Problem::refused("nothing was changed"))
    }
}

/// What was agreed to.
struct Fixing<'a> {
    asked: &'a Asked,
    place: &'a LedgerPlace,
    found: &'a Checked,
    settings: Settings,
    ledger: Option<TableLedger>,
    cause: Origin,
    progress: &'a Progress,
}

impl Fixing<'_> {
    /// Puts one finding right, and says what became of it. Returns `false` if it is still wrong.
    async fn one(&self, finding: &Finding) -> Result<bool, Problem> {
        let Self { asked, place, found, progress, .. } = self;
        let by = &found.report.by;
        let (partition, own) = Arn::parse(by).map_or(("aws", ""), |arn| (arn.partition, arn.account));
        let Some(account) = found.accounts.iter().find(|it| it.id == *finding.account) else { return Ok(true) };
        let settings = account.settings(&self.settings);
        let mut writing = settings.clone();
        writing.modes.overrides.insert(asked.control.clone(), Mode::Enforce);
        let makes_it = finding.steps.iter().any(|it| it.action == MAKES_A_TRAIL.1);
        if makes_it {
            // A trail that is still to be made is put right by the control that makes it, as was shown.
            writing.modes.overrides.insert(MAKES_A_TRAIL.0.to_owned(), Mode::Enforce);
        }
        let looking = Scene { account, partition, settings: &settings, progress };
        let scene = Scene { settings: &writing, ..looking };
        let name: &str = &finding.resource;
        let made_in = Region::parse(&finding.region).filter(|_| makes_it);
        let seen = match with_family!(finding.family, judged(looking, name, made_in)) {
            Some(Ok(Some(seen))) => seen,
            Some(Ok(None)) | None => {
                print(&format!("It is gone: {name}\n"))?;
                return Ok(true);
            }
            Some(Err(problem)) => {
                print(&format!("Not fixed, as it could not be read again: {name}: {problem}\n"))?;
                return Ok(false);
            }
        };
        let is_asked = |it: &ControlResult| it.control == asked.control;
        let now = seen.outcomes.iter().find(|it| is_asked(it)).map(|it| it.steps.as_slice());
        let differs = Difference::of(&finding.steps, now.unwrap_or_default());
        print(&differs.told(name).unwrap_or_default())?;
        if !asked.yes
            && differs.is_more(&finding.steps)
            && !asks("Make these instead?", "what is not told above was not changed")
        {
            print(&format!("Left as it is: {name}\n"))?;
            return Ok(false);
        }
        let outcomes = with_family!(finding.family, mended(scene, &seen.subject, self.ledger.as_ref(), &self.cause));
        let Some(outcome) = outcomes.unwrap_or_default().into_iter().find(is_asked) else { return Ok(true) };
        let undoing = Undoing {
            ledger: place.ledger() + &asked.scope.entering(own, &account.id),
            account: Some(&*account.id).filter(|it| *it != own),
            profile: place.profile.as_deref(),
        };
        print(&ended(&outcome, finding.family, by, &undoing).unwrap_or_default())?;
        Ok(matches!(outcome.status, Status::Fixed | Status::Compliant))
    }
}

/// Says why there is nothing to fix.
fn nothing_due(asked: &Asked, report: &CheckReport) -> Result<ExitCode, Problem> {
    let taken: Vec<&Finding> = report.findings.iter().filter(|it| asked.takes(it)).collect();
    if taken.is_empty() {
        let name = asked.resource.as_deref().unwrap_or("all resources");
        let unsure = report.is_unsure();
        if unsure || !asked.all {
            let but = if unsure { ", and not everything could be told" } else { "" };
            let told = format!("{} finds nothing of {name}{but}: see trailkeeper check", asked.control);
            return Err(Problem::unusable(told));
        }
    }
    if taken.iter().any(|it| it.standing <= Standing::Unknown) {
        print(&render(report, look()))?;
        return Err(Problem::refused("nothing was changed: no call of Trailkeeper's puts it right"));
    }
    if report.is_unsure() && asked.all {
        return Err(Problem::unusable(
            "nothing is seen to be wrong, and not everything could be told: see trailkeeper check",
        ));
    }
    print("Nothing is wrong.\n")?;
    Ok(ExitCode::SUCCESS)
}

/// Opens the ledger of the stack; without a stack there is none.
async fn ledger(place: &LedgerPlace) -> Result<Option<TableLedger>, Problem> {
    if let Ok(changes) = Box::pin(Changes::find(place)).await? {
        return Ok(Some(changes.ledger));
    }
    print("There is no stack with a ledger here: what takes the change back is printed, and kept nowhere.\n")?;
    Ok(None)
}
