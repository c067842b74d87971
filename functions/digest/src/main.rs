//! The function that tells people what the sweeps of all families found.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailkeeper::run_digest()
}
