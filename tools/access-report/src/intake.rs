//! Takes in one file after another: unpacks them if necessary, reads and counts them, and shows the progress.

use crate::list::Lister;
use crate::other_log;
use crate::unpack::{GZIP, Unpacking};
use indicatif::{DecimalBytes, HumanCount, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::io;
use std::time::Duration;
use trailkeeper::access::Reading;
use trailkeeper::access::digest::timeline::Timeline;
use trailkeeper::access::report::AccessReport;
use trailkeeper::model::sanitized;
use trailkeeper::settings::watching::Watching;

/// First bytes of our own web page. No line of S3 begins like that.
pub(crate) const PAGE: &[u8] = b"<!DOCTYPE";

/// Maximum number of unreadable inputs that are named.
const NAMED: usize = 20;

/// Interval at which the terminal shows progress.
const TICK: Duration = Duration::from_millis(120);

/// Takes in log files.
pub(crate) struct Intake<'w> {
    reading: Reading<'w>,
    /// Lists requests instead of summing them up.
    lister: Option<Lister<'w>>,
    /// Name of the command, which begins what it says.
    name: &'static str,
    /// Whether what cannot be read was said before.
    quiet: bool,
    bar: ProgressBar,
    file: Inside,
    begin: Begin,
    /// Files that are logs of other services, by what they are: the first one, and how many.
    others: BTreeMap<&'static str, (String, u64)>,
    lines: u64,
    passed_over: BTreeMap<&'static str, u64>,
    /// Number of files read, and the number of bytes in them, unpacked.
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    /// Number of inputs that could not be read, or not to their end.
    pub(crate) unreadable: u64,
    /// The first unreadable inputs, each with the reason.
    pub(crate) named: Vec<String>,
}

/// Beginning of the file that is being read.
#[derive(Default)]
struct Begin {
    name: String,
    is_seen: bool,
    /// What the file is, if it is the log of another service.
    other: Option<&'static str>,
}

/// Content of a file.
enum Inside {
    /// Not known yet.
    Nothing,
    Lines,
    Packed(Box<Unpacking>),
    Page,
}

impl<'w> Intake<'w> {
    /// Creates an empty intake. `sizes_are_known` decides whether the terminal shows a progress bar or a counter.
    pub(crate) fn new(name: &'static str, watching: &'w Watching, sizes_are_known: bool) -> Self {
        let (bar, style) = if sizes_are_known {
            (
                ProgressBar::new(0),
                "{bar:30} {percent:>3} % of {decimal_total_bytes}, {decimal_bytes_per_sec}, {eta} left  {wide_msg}",
            )
        } else {
            (
                ProgressBar::no_length(),
                "{spinner} {prefix}, {decimal_bytes}, {decimal_bytes_per_sec}, {elapsed}  {wide_msg}",
            )
        };
        let bar = bar.with_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(plural(0, "file"));
        bar.enable_steady_tick(TICK);
        let (reading, passed_over, named) = (Reading::new(watching), BTreeMap::new(), Vec::new());
        Self {
            reading,
            name,
            lister: None,
            quiet: false,
            bar,
            file: Inside::Nothing,
            begin: Begin::default(),
            others: BTreeMap::new(),
            lines: 0,
            passed_over,
            files: 0,
            bytes: 0,
            unreadable: 0,
            named,
        }
    }

    /// Lists requests instead of summing them up. If all was read before, what cannot be read is not said again.
    pub(crate) fn listing(self, lister: Lister<'w>, again: bool) -> Self {
        Self { lister: Some(lister), quiet: again, ..self }
    }

    fn say_unreadable(&self, told: &str) {
        if !self.quiet {
            self.bar.suspend(|| eprintln!("{}: cannot read {told}", self.name));
        }
    }

    /// Adds to the number of bytes expected.
    pub(crate) fn expect(&self, bytes: u64) {
        self.bar.inc_length(bytes);
    }

    /// Begins a file.
    pub(crate) fn begin(&mut self, name: &str) {
        // If a file broke off, what was read of it counts.
        let _ = self.end();
        self.reading.file(name);
        self.begin = Begin { name: name.to_owned(), ..Begin::default() };
        self.files += 1;
        self.bar.set_prefix(plural(self.files, "file"));
        self.bar.set_message(sanitized(name));
    }

    /// Takes in a chunk of the file.
    pub(crate) fn take(&mut self, chunk: &[u8]) -> io::Result<()> {
        self.bar.inc(chunk.len() as u64);
        if matches!(self.file, Inside::Nothing) {
            self.file = if chunk.starts_with(&GZIP) {
                Inside::Packed(Box::new(Unpacking::new()))
            } else if chunk.starts_with(PAGE) {
                self.files -= 1;
                self.pass_over("web page");
                Inside::Page
            } else {
                Inside::Lines
            };
        }
        let Self { reading, lister, file, begin, bytes, .. } = self;
        let mut feed = |unpacked: &[u8]| {
            if begin.is_log(unpacked) {
                *bytes += unpacked.len() as u64;
                match lister {
                    Some(lister) => lister.feed(unpacked),
                    None => reading.feed(unpacked),
                }
            }
        };
        match file {
            Inside::Packed(packed) => packed.take(chunk, feed)?,
            Inside::Page => {}
            Inside::Nothing | Inside::Lines => feed(chunk),
        }
        Ok(())
    }

    /// Ends the file.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        let file = std::mem::replace(&mut self.file, Inside::Nothing);
        let Self { reading, lister, begin, bytes, .. } = self;
        let ended = match file {
            Inside::Packed(mut packed) => packed.end(&mut |unpacked| {
                if begin.is_log(unpacked) {
                    *bytes += unpacked.len() as u64;
                    match lister {
                        Some(lister) => lister.feed(unpacked),
                        None => reading.feed(unpacked),
                    }
                }
            }),
            Inside::Nothing | Inside::Lines | Inside::Page => Ok(()),
        };
        if let Some(lister) = lister {
            lister.finish();
        }
        if let Begin { name, other: Some(kind), .. } = std::mem::take(&mut self.begin) {
            self.files -= 1;
            self.unreadable += 1;
            self.others.entry(kind).or_insert((name, 0)).1 += 1;
        }
        ended
    }

    /// Records an input that could not be read.
    pub(crate) fn unreadable(&mut self, name: &str, why: impl Display) {
        self.unreadable += 1;
        if self.named.len() < NAMED {
            let told = sanitized(&format!("{name}: {why}"));
            self.say_unreadable(&told);
            self.named.push(told);
        }
    }

    /// Records a file that was not read because it is not a log.
    pub(crate) fn pass_over(&mut self, what: &'static str) {
        *self.passed_over.entry(what).or_default() += 1;
    }

    /// Describes how many files were not read, by kind; empty if there were none.
    pub(crate) fn passed_over(&self) -> String {
        let all = self.passed_over.iter().map(|(what, count)| match what.split_once(' ') {
            Some((first @ "link", rest)) => format!("{} {rest}", plural(*count, first)),
            _ => plural(*count, what),
        });
        all.collect::<Vec<_>>().join(", ")
    }

    /// Returns the number of unreadable inputs that are not named.
    pub(crate) fn unnamed(&self) -> u64 {
        self.unreadable.saturating_sub(self.named.len() as u64)
    }

    /// Ends the last file and returns the report.
    pub(crate) fn report(&mut self) -> AccessReport {
        let _ = self.end();
        for (kind, (name, count)) in std::mem::take(&mut self.others) {
            let more = if count > 1 { format!(" and {}", plural(count - 1, "more file")) } else { String::new() };
            let told = format!("{name}{more}: this is {kind}; access-report reads S3 server access logs");
            let told = sanitized(&told);
            self.say_unreadable(&told);
            self.unreadable = self.unreadable.saturating_sub(count - 1);
            self.named.push(told);
        }
        self.bar.finish_and_clear();
        if self.unnamed() > 0 {
            let inputs = plural(self.unnamed(), "more input");
            self.say_unreadable(&inputs);
        }
        let report = self.reading.report();
        self.lines = report.lines;
        report
    }

    /// Ends the last file, and returns the number of requests listed.
    pub(crate) fn listed(&mut self) -> io::Result<u64> {
        self.report();
        self.lister.take().map_or(Ok(0), Lister::end)
    }

    /// Returns the timeline of the requests.
    pub(crate) fn timeline(&self) -> &Timeline {
        self.reading.timeline()
    }

    /// Describes how much was read, and how fast.
    pub(crate) fn speed(&self, took: Duration) -> String {
        let Self { files, lines, bytes, .. } = self;
        let per_second = u128::from(*bytes) * 1_000_000 / took.as_micros().max(1);
        let (size, speed) = (DecimalBytes(*bytes), DecimalBytes(u64::try_from(per_second).unwrap_or(u64::MAX)));
        let (files, lines) = (plural(*files, "file"), plural(*lines, "line"));
        format!("Read {files}, {lines}, {size} in {:.1} s ({speed}/s)", took.as_secs_f64())
    }
}

impl Begin {
    /// Returns whether the file is taken for a log of S3's, given its next bytes.
    fn is_log(&mut self, unpacked: &[u8]) -> bool {
        if !self.is_seen && !unpacked.is_empty() {
            self.is_seen = true;
            self.other = other_log::kind(unpacked);
        }
        self.other.is_none()
    }
}

/// Formats a number of things.
pub(crate) fn plural(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", HumanCount(number), if number == 1 { "" } else { "s" })
}
