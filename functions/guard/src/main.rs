//! The function that reports changes of Trailkeeper itself.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailkeeper::guard::run()
}
