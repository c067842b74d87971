//! Who touched the logs: S3 server access logs from disk or from S3, as a table, a web page or JSON.
//!
//! It only reads. Exit codes: 0; 1 where `--fail-on` says so; 2 where an argument or an input is of no use.

mod arguments;
mod bucket;
mod chart;
mod disk;
mod intake;
mod page;
mod person;
mod standing;
mod table;

use arguments::Arguments;
use intake::Intake;
use standing::{Standing, now};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

/// Something asked for could not be read or written.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::take();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.and_then(|runtime| runtime.block_on(run(&arguments)));
    match done {
        Ok(code) => ExitCode::from(code),
        // Whoever reads our output has seen enough of it.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("access-report: {error}");
            ExitCode::from(UNUSABLE)
        }
    }
}

async fn run(arguments: &Arguments) -> io::Result<u8> {
    let start = Instant::now();
    let mut intake =
        Intake::new(&arguments.watching, arguments.inputs.iter().all(|input| bucket::url(input).is_none()));
    for input in &arguments.inputs {
        match bucket::url(input) {
            Some((bucket, prefix)) => bucket::read(bucket, prefix, &mut intake).await,
            None => disk::read(Path::new(input), &mut intake),
        }
    }
    let report = intake.report();
    let took = start.elapsed();
    let standing = Standing { report: &report, watching: &arguments.watching, intake: &intake, made: now() };
    if let Some(file) = &arguments.html {
        let told = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
        std::fs::write(file, page::page(&standing)?).map_err(told)?;
    }
    let mut out = io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &report)?;
        writeln!(out)?;
    } else {
        table::write(&mut out, &standing)?;
    }
    out.flush()?;
    eprintln!("{}", intake.speed(took));
    let fails = arguments.fail_on.is_some_and(|from| standing.worst().is_some_and(|worst| worst >= from));
    Ok(if intake.unreadable > 0 { UNUSABLE } else { u8::from(fails) })
}
