//! The function that keeps alarms ringing, from the trail's log group to a confirmed subscriber.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailkeeper::lambda::run::<trailkeeper::families::monitoring::Monitoring>()
}
