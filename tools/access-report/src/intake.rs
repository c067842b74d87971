//! What is taken in: bytes of one file after the other, unpacked where they are packed, read, counted and shown on the way.

use flate2::write::MultiGzDecoder;
use indicatif::{DecimalBytes, HumanCount, ProgressBar, ProgressStyle};
use std::fmt::Display;
use std::io::{self, Write};
use std::time::Duration;
use trailkeeper::access::timeline::Timeline;
use trailkeeper::access::told::AccessReport;
use trailkeeper::access::{Reading, Watching};
use trailkeeper::event::legible;

/// What a file begins with that gzip has packed. No line of S3's does.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// How much that is packed is unpacked at once. Gzip packs a thousand to one at best.
const AT_ONCE: usize = 1024;

/// How many inputs that could not be read are named in the report.
const NAMED: usize = 20;

/// Takes in log files.
pub(crate) struct Intake<'w> {
    reading: Reading<'w>,
    bar: ProgressBar,
    file: Option<MultiGzDecoder<Vec<u8>>>,
    begun: bool,
    lines: u64,
    /// How many files were read, and how many bytes were in them, unpacked.
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// How many inputs could not be read, or not to their end.
    pub(crate) unreadable: u64,
    /// The first of them, with the reason.
    pub(crate) named: Vec<String>,
}

impl<'w> Intake<'w> {
    /// With nothing taken in. Whether the sizes are known before decides what is shown on a terminal.
    pub(crate) fn new(watching: &'w Watching, sizes_are_known: bool) -> Self {
        let (bar, style) = if sizes_are_known {
            (
                ProgressBar::new(0),
                "{bar:30} {percent:>3} % of {decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left  {wide_msg}",
            )
        } else {
            (ProgressBar::no_length(), "{spinner} {decimal_bytes}, {decimal_bytes_per_sec}  {wide_msg}")
        };
        let bar = bar.with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        let (reading, named) = (Reading::new(watching), Vec::new());
        Self { reading, bar, file: None, begun: false, lines: 0, files: 0, bytes: 0, unreadable: 0, named }
    }

    /// So many bytes are to come.
    pub(crate) fn expect(&self, bytes: u64) {
        self.bar.inc_length(bytes);
    }

    /// Begins a file.
    pub(crate) fn begin(&mut self, name: &str) {
        self.reading.file(name);
        self.bar.set_message(legible(name));
        (self.file, self.begun) = (None, false);
        self.files += 1;
    }

    /// Takes in some of it.
    pub(crate) fn take(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.bar.inc(chunk.len() as u64);
        if !self.begun {
            self.begun = true;
            self.file = chunk.starts_with(&GZIP).then(|| MultiGzDecoder::new(Vec::new()));
        }
        let Self { reading, file, bytes, .. } = self;
        let Some(unpacked) = file else {
            *bytes += chunk.len() as u64;
            reading.feed(chunk);
            return Ok(());
        };
        for part in chunk.chunks(AT_ONCE) {
            unpacked.write_all(part)?;
            *bytes += unpacked.get_ref().len() as u64;
            reading.feed(unpacked.get_ref());
            unpacked.get_mut().clear();
        }
        Ok(())
    }

    /// Ends it.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        let Some(mut unpacked) = self.file.take() else { return Ok(()) };
        let ended = unpacked.try_finish();
        self.bytes += unpacked.get_ref().len() as u64;
        self.reading.feed(unpacked.get_ref());
        ended
    }

    /// Something could not be read.
    pub(crate) fn unreadable(&mut self, name: &str, why: impl Display) {
        let told = legible(&format!("{name}: {why}"));
        self.bar.suspend(|| eprintln!("access-report: cannot read {told}"));
        self.unreadable += 1;
        if self.named.len() < NAMED {
            self.named.push(told);
        }
    }

    /// What was found.
    pub(crate) fn report(&mut self) -> AccessReport {
        self.bar.finish_and_clear();
        let report = self.reading.report();
        self.lines = report.lines;
        report
    }

    /// When it was.
    pub(crate) fn timeline(&self) -> &Timeline {
        self.reading.timeline()
    }

    /// How much it was, and how fast.
    pub(crate) fn speed(&self, took: Duration) -> String {
        let Self { files, lines, bytes, .. } = self;
        let per_second = u128::from(*bytes) * 1_000_000 / took.as_micros().max(1);
        let (size, speed) = (DecimalBytes(*bytes), DecimalBytes(u64::try_from(per_second).unwrap_or(u64::MAX)));
        let (files, lines) = (plural(*files, "file"), plural(*lines, "line"));
        format!("Read {files}, {lines}, {size} in {:.1} s ({speed}/s)", took.as_secs_f64())
    }
}

/// A number of things.
pub(crate) fn plural(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", HumanCount(number), if number == 1 { "" } else { "s" })
}
