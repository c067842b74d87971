//! `trailkeeper access` by its earlier name.

use std::process::ExitCode;

fn main() -> ExitCode {
    access_report::run(&mut access_report::command().get_matches())
}
