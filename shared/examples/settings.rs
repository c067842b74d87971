//! Reads the settings in its environment as the functions do, so that a bad value is refused before it is deployed.
//!
//! Ends with an error for the first value that a function would not start with. Prints what has no effect.
//!
//! usage: `TRAILKEEPER_MODE=enforce cargo run --package trailkeeper --example settings`

use std::io::Write;
use std::process::ExitCode;
use trailkeeper::families::control_ids;
use trailkeeper::settings::Settings;

fn main() -> ExitCode {
    let (mut out, mut problems) = (std::io::stdout().lock(), std::io::stderr().lock());
    match Settings::parse(std::env::vars(), &control_ids()) {
        Ok(settings) => {
            for unknown in &settings.unknown_controls {
                let _ = writeln!(out, "{unknown}");
            }
            ExitCode::SUCCESS
        }
        Err(problem) => {
            let _ = writeln!(problems, "{problem}");
            ExitCode::FAILURE
        }
    }
}
