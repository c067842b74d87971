//! Reads a file of S3 server access logs as the function does, and prints the findings. The benchmark measures it.
//!
//! usage: `cargo run --release --package trailkeeper --example access_reader -- FILE`

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::process::ExitCode;
use trailkeeper::access::Reading;
use trailkeeper::documents::principals::Principals;
use trailkeeper::settings::watching::Watching;

/// Size of a chunk in bytes, roughly that of the parts of an object that come over the network.
const CHUNK: usize = 256 * 1024;

/// Returns the settings that `tests/bench/access_lines.py` writes its lines for, and `access_python.py` uses too.
fn watching() -> Result<Watching, Box<dyn Error>> {
    let account = "111122223333";
    Ok(Watching {
        account: account.into(),
        buckets: ["trail-logs", "config-logs"].map(str::to_owned).into(),
        readers: vec![Principals(format!("arn:aws:iam::{account}:role/SiemReader"))],
        networks: vec!["192.0.2.0/24".parse()?, "2001:db8::/32".parse()?],
        ..Watching::default()
    })
}

fn main() -> ExitCode {
    let Some(file) = std::env::args().nth(1) else {
        eprintln!("usage: access_reader FILE");
        return ExitCode::from(2);
    };
    match read(&file) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read(file: &str) -> Result<String, Box<dyn Error>> {
    let watching = watching()?;
    let (mut source, mut chunk) = (File::open(file)?, vec![0; CHUNK]);
    let mut reading = Reading::new(&watching);
    reading.file(file);
    loop {
        let length = source.read(&mut chunk)?;
        if length == 0 {
            return Ok(serde_json::to_string(&reading.report())?);
        }
        reading.feed(chunk.get(..length).unwrap_or_default());
    }
}
