//! The function that keeps VPC flow logs on and delivering.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailkeeper::lambda::run::<trailkeeper::families::vpc::Vpc>()
}
