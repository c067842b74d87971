//! The function that keeps the logging of AWS Transfer Family servers on.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailkeeper::lambda::run::<trailkeeper::families::transfer::Transfer>()
}
