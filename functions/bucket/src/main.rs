//! The function that keeps the buckets of the audit trail closed, whole and delivered to.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailkeeper::lambda::run::<trailkeeper::families::bucket::Bucket>()
}
