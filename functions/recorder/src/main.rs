//! The function that keeps AWS Config recording in every region.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailkeeper::run::<trailkeeper::recorder::Config>()
}
