//! Reads a file of S3 server access logs as the function does, and says how fast and in how much memory.
//!
//! usage: `cargo run --release --package trailkeeper --example access_bench -- FILE [--json]`

use std::error::Error;
use std::fs::{File, read_to_string};
use std::io::Read;
use std::process::ExitCode;
use std::time::Instant;
use trailkeeper::access::watching::deliverers;
use trailkeeper::access::{Principals, Reading, Watching};

/// As large as the parts of an object that come over the network, more or less.
const CHUNK: usize = 256 * 1024;

/// The settings that `tests/bench/access_lines.py` writes its lines for, and `access_python.py` judges by.
fn watching() -> Result<Watching, Box<dyn Error>> {
    let account = "111122223333";
    Ok(Watching {
        account: account.into(),
        buckets: ["trail-logs", "config-logs"].map(str::to_owned).into(),
        readers: vec![Principals(format!("arn:aws:iam::{account}:role/SiemReader"))],
        deliverers: deliverers(account),
        networks: vec!["192.0.2.0/24".parse()?, "2001:db8::/32".parse()?],
        ..Watching::default()
    })
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), format) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: access_bench FILE [--json]");
        return ExitCode::from(2);
    };
    match bench(&file, format.as_deref() == Some("--json")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(file: &str, json: bool) -> Result<(), Box<dyn Error>> {
    let watching = watching()?;
    let (mut source, mut chunk, mut bytes) = (File::open(file)?, vec![0; CHUNK], 0_u64);
    let began = Instant::now();
    let mut reading = Reading::new(&watching);
    reading.file(file);
    loop {
        let length = source.read(&mut chunk)?;
        if length == 0 {
            break;
        }
        bytes += length as u64;
        reading.feed(chunk.get(..length).unwrap_or_default());
    }
    let report = reading.report();
    let seconds = began.elapsed().as_secs_f64();
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{}", trailkeeper::access::text::text(&report));
    }
    #[allow(clippy::cast_precision_loss, reason = "a speed in megabytes need not be exact")]
    let (megabytes, lines) = (bytes as f64 / 1e6, report.lines as f64);
    eprintln!("{megabytes:.1} MB, {lines} lines in {seconds:.3} s: {:.0} MB/s", megabytes / seconds);
    if let Some(seconds) = on_cpu() {
        eprintln!("{seconds:.3} s of CPU: {:.0} MB/s, {:.0} lines/s", megabytes / seconds, lines / seconds);
    }
    eprintln!("peak memory: {}", peak().as_deref().unwrap_or("not known here"));
    Ok(())
}

/// How many seconds this process was on a CPU, as Linux tells it: what others do on the machine does not count.
fn on_cpu() -> Option<f64> {
    let nanoseconds: u32 = (read_to_string("/proc/self/schedstat").ok()?.split(' ').next()?.parse::<u64>().ok()?
        / 1000)
        .try_into()
        .ok()?;
    Some(f64::from(nanoseconds) / 1e6)
}

/// The most memory that this process had, as Linux tells it.
fn peak() -> Option<String> {
    let status = read_to_string("/proc/self/status").ok()?;
    Some(status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().to_owned())
}
