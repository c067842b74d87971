//! `trailkeeper access` by its earlier name.

use access_report::{Caller, command, run};
use clap::error::ErrorKind;
use std::process::ExitCode;

const NAME: &str = "access-report";

fn main() -> ExitCode {
    let mut command = command(NAME);
    let mut given = command.get_matches_mut();
    run(&mut given, Caller { name: NAME, profile: None, region: None })
        .unwrap_or_else(|problem| command.error(ErrorKind::ValueValidation, problem).exit())
}
