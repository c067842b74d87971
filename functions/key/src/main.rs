//! The function that keeps the rotation of KMS keys on.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailkeeper::lambda::run::<trailkeeper::families::key::Key>()
}
