//! Reports who touched the log files: turns S3 server access logs into a table, a web page or JSON.
//!
//! It changes nothing. Exit codes: 0 for success; 1 if `--fail-on` applies; 2 if an argument or input is unusable, or
//! if there was no request to judge.

mod arguments;
mod axis;
mod bucket;
mod chart;
mod conclusion;
mod csv;
mod disk;
mod headline;
mod intake;
mod list;
mod other_log;
mod output;
mod page;
mod requester;
mod summary;
mod table;
mod unpack;

use arguments::Arguments;
use clap::{ArgMatches, Command};
use conclusion::Conclusion;
use intake::{Intake, plural};
use list::{Asked, Lister};
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use summary::{Summary, now};
use trailkeeper::access::AccessReport;
use trailkeeper::model::Region;

/// Exit code if something requested could not be read or written.
const UNUSABLE: u8 = 2;

/// Who calls, and with which credentials S3 is read.
#[derive(Debug)]
pub struct Caller {
    /// Name of the command, which begins what it says of errors.
    pub name: &'static str,
    /// Profile with the credentials; those of the environment if not given.
    pub profile: Option<String>,
    /// Region; that of the environment or the profile if not given.
    pub region: Option<Region>,
}

/// Returns the command line, by the name under which it is called.
#[must_use]
pub fn command(name: &str) -> Command {
    arguments::command(name)
}

/// Runs the command with the arguments that were given.
///
/// # Errors
/// Returns which argument is invalid.
pub fn run(given: &mut ArgMatches, caller: Caller) -> Result<ExitCode, String> {
    let arguments = Arguments::of(given, caller)?;
    if let Some(problem) = arguments.files().find_map(|(kind, file)| output::check(kind, file).err()) {
        return Ok(unusable(&arguments, &problem));
    }
    Ok(match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => match arguments.list {
            Some(asked) => runtime.block_on(list(&arguments, asked)),
            None => runtime.block_on(report(&arguments)),
        },
        Err(error) => unusable(&arguments, &error.to_string()),
    })
}

fn unusable(arguments: &Arguments, problem: &str) -> ExitCode {
    eprintln!("{}: {problem}", arguments.caller.name);
    ExitCode::from(UNUSABLE)
}

async fn report(arguments: &Arguments) -> ExitCode {
    let start = Instant::now();
    let mut intake = intake(arguments);
    read(arguments, &mut intake).await;
    let report = intake.report();
    let took = start.elapsed();
    let summary = Summary { report: &report, watching: &arguments.watching, intake: &intake, made: now() };
    // Decided before anything is written: a reader that stops early must not turn a failure into a success.
    let conclusion = Conclusion::of(&summary);
    let fails = arguments.fail_on.is_some_and(|from| report.severity().is_some_and(|worst| worst >= from));
    let code = if intake.unreadable > 0 || conclusion.is_void() { UNUSABLE } else { u8::from(fails) };

    let written = arguments.files().try_for_each(|(kind, file)| output::write(kind, file, &summary));
    // Where no input could be opened, that has been said, and there is nothing to add.
    if intake.files == 0 && intake.unreadable == arguments.inputs.len() as u64 && !arguments.json {
        return written.map_or_else(|problem| unusable(arguments, &problem), |()| ExitCode::from(code));
    }
    let printed = output::print(&summary, arguments.json).map_err(|error| error.to_string());
    if conclusion.is_void() && arguments.json {
        eprintln!("{}: {}", arguments.caller.name, conclusion.words(&summary));
    }
    if !intake.passed_over().is_empty() {
        eprintln!("Skipped: {}", intake.passed_over());
    }
    eprintln!("{}", intake.speed(took));
    match written.and(printed) {
        Ok(()) => ExitCode::from(code),
        Err(problem) => unusable(arguments, &problem),
    }
}

/// Lists the requests of findings. Some are known only once everything was read: then it is read twice.
async fn list(arguments: &Arguments, asked: Asked) -> ExitCode {
    let mut first = intake(arguments);
    let report = if asked.needs_findings() {
        read(arguments, &mut first).await;
        first.report()
    } else {
        AccessReport::default()
    };
    let summary = Summary { report: &report, watching: &arguments.watching, intake: &first, made: now() };
    let listed = match asked.listed(&summary.findings()) {
        Ok(listed) => listed,
        Err(problem) => return unusable(arguments, &format!("--list: {problem}")),
    };
    let mut second = intake(arguments).listing(Lister::new(&arguments.watching, listed), asked.needs_findings());
    read(arguments, &mut second).await;
    match second.listed() {
        Ok(count) => {
            eprintln!("Listed {}", plural(count, "request"));
            ExitCode::from(if second.unreadable > 0 { UNUSABLE } else { 0 })
        }
        Err(error) => unusable(arguments, &error.to_string()),
    }
}

fn intake(arguments: &Arguments) -> Intake<'_> {
    Intake::new(
        arguments.caller.name,
        &arguments.watching,
        arguments.inputs.iter().all(|input| bucket::url(input).is_none()),
    )
}

async fn read(arguments: &Arguments, intake: &mut Intake<'_>) {
    let mut before = HashSet::new();
    for input in distinct(&arguments.inputs) {
        match bucket::url(input) {
            Some((bucket, prefix)) => bucket::read(&arguments.caller, bucket, prefix, intake).await,
            None => disk::read(Path::new(input), &mut before, intake),
        }
    }
}

/// Returns the inputs without those on S3 that another one includes, by a shorter prefix or the same one.
fn distinct(inputs: &[OsString]) -> Vec<&OsString> {
    let holds = |one: &OsString, other: &OsString| match (bucket::url(one), bucket::url(other)) {
        (Some((bucket, prefix)), Some((same, longer))) => bucket == same && longer.starts_with(prefix),
        _ => false,
    };
    let numbered: Vec<(usize, &OsString)> = inputs.iter().enumerate().collect();
    let is_held = |(place, input): &(usize, &OsString)| {
        numbered.iter().any(|(at, it)| holds(it, input) && (at < place || !holds(input, it)))
    };
    numbered.iter().filter(|it| !is_held(it)).map(|(_, input)| *input).collect()
}
