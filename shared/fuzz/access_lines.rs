//! Reads arbitrary bytes as an access log: every line is accounted for, wherever chunks end, and nothing panics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trailkeeper::access::Reading;
use trailkeeper::access::report::{AccessReport, text};
use trailkeeper::settings::watching::Watching;

fn read(chunks: &[&[u8]]) -> AccessReport {
    let watching = Watching::default();
    let mut reading = Reading::new(&watching);
    reading.file("fuzz");
    for chunk in chunks {
        reading.feed(chunk);
    }
    reading.report()
}

fuzz_target!(|bytes: &[u8]| {
    let Some((place, log)) = bytes.split_first() else { return };
    let (one, other) = log.split_at(log.len() * usize::from(*place) / 256);
    let report = read(&[log]);
    assert_eq!(report, read(&[one, other]));
    let requests: u64 = report.buckets.iter().map(|bucket| bucket.requests).sum();
    assert_eq!(report.lines, report.blank + report.malformed + report.elsewhere + requests);
    let mail = text::text(&report) + &text::subject(&report);
    assert!(!mail.contains(|c: char| c.is_control() && c != '\n'), "{mail:?}");
});
