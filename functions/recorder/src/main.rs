//! The function that keeps AWS Config recording in every region.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailkeeper::lambda::run::<trailkeeper::families::recorder::Recorder>()
}
