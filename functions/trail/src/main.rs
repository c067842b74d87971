//! The function that keeps `CloudTrail` trails logging, complete, validated, encrypted and watched.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailkeeper::lambda::run::<trailkeeper::families::trail::Trail>()
}
