//! The function that reads S3 server access logs: who touched the logs.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailkeeper::access::run()
}
