//! Reports who touched the log files: turns S3 server access logs into a table, a web page or JSON.
//!
//! It changes nothing. Exit codes: 0 for success; 1 if `--fail-on` applies; 2 if an argument or input is unusable, or
//! if there was no request to judge.

mod arguments;
mod axis;
mod bucket;
mod chart;
mod conclusion;
mod disk;
mod headline;
mod intake;
mod output;
mod page;
mod requester;
mod summary;
mod table;
mod unpack;

use arguments::Arguments;
use conclusion::Conclusion;
use intake::Intake;
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use summary::{Summary, now};

/// Exit code if something requested could not be read or written.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::take();
    if let Some(problem) = arguments.html.as_deref().and_then(|file| output::check(file).err()) {
        return unusable(&problem);
    }
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run(&arguments)),
        Err(error) => unusable(&error.to_string()),
    }
}

fn unusable(problem: &str) -> ExitCode {
    eprintln!("access-report: {problem}");
    ExitCode::from(UNUSABLE)
}

async fn run(arguments: &Arguments) -> ExitCode {
    let start = Instant::now();
    let inputs = distinct(&arguments.inputs);
    let mut intake = Intake::new(&arguments.watching, inputs.iter().all(|input| bucket::url(input).is_none()));
    let mut before = HashSet::new();
    for input in inputs {
        match bucket::url(input) {
            Some((bucket, prefix)) => bucket::read(bucket, prefix, &mut intake).await,
            None => disk::read(Path::new(input), &mut before, &mut intake),
        }
    }
    let report = intake.report();
    let took = start.elapsed();
    let summary = Summary { report: &report, watching: &arguments.watching, intake: &intake, made: now() };
    // Decided before anything is written: a reader that stops early must not turn a failure into a success.
    let conclusion = Conclusion::of(&summary);
    let fails = arguments.fail_on.is_some_and(|from| report.severity().is_some_and(|worst| worst >= from));
    let code = if intake.unreadable > 0 || conclusion.is_void() { UNUSABLE } else { u8::from(fails) };

    let written = arguments.html.as_deref().map_or(Ok(()), |file| output::write(file, &summary));
    let printed = output::print(&summary, arguments.json).map_err(|error| error.to_string());
    if conclusion.is_void() && arguments.json {
        eprintln!("access-report: {}", conclusion.words(&summary));
    }
    if !intake.passed_over().is_empty() {
        eprintln!("Skipped: {}", intake.passed_over());
    }
    eprintln!("{}", intake.speed(took));
    match written.and(printed) {
        Ok(()) => ExitCode::from(code),
        Err(problem) => unusable(&problem),
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
