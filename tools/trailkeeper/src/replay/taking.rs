//! Takes files, wherever they come from: records are counted, digest files kept for validation, others passed over.

use std::io::{self, Read};
use trailkeeper_replay::chain::Chain;
use trailkeeper_replay::read::name::{FileKind, day};
use trailkeeper_replay::read::{Outcome, read, read_summed, unpacked};
use trailkeeper_replay::{Assumptions, Intake, ReplayReport, Sources, Unread};

/// What files are passed over for that were delivered before the days that are looked at.
const EARLY: &str = "of days before";

/// What was taken.
#[derive(Debug)]
pub(super) struct Taking {
    pub(super) intake: Intake,
    pub(super) sources: Sources,
    /// Digest files and hashes, where they are to be validated.
    pub(super) chain: Option<Chain>,
    /// Whether the event history has answered anything.
    pub(super) is_answered: bool,
    /// First day that is looked at, as `2027-01-31`.
    from: Option<String>,
}

impl Taking {
    pub(super) fn new(assumptions: Assumptions, validate: bool) -> Self {
        let from = assumptions.from.as_deref().and_then(|from| from.get(..10)).map(str::to_owned);
        let chain = validate.then(Chain::default);
        Self { intake: Intake::new(assumptions), sources: Sources::default(), chain, is_answered: false, from }
    }

    /// Returns how much was taken so far.
    pub(super) fn so_far(&self) -> SoFar {
        let Sources { files, unread, passed_over, .. } = &self.sources;
        let early = passed_over.get(EARLY).copied().unwrap_or_default();
        SoFar { files: *files, unread: unread.len(), passed_over: passed_over.values().sum(), early }
    }

    /// Says why nothing of a source was read, if so; `none` if there is no file at all.
    pub(super) fn closed(&mut self, source: &str, before: SoFar, none: &str) {
        let now = self.so_far();
        if now.files > before.files || now.unread > before.unread {
            return;
        }
        let because = if now.early > before.early {
            "its files are of days before those that were asked for"
        } else if now.passed_over > before.passed_over {
            "no file there has records of CloudTrail's"
        } else {
            none
        };
        self.unread(source, &because);
    }

    /// Returns whether a file is to be opened; counts it if not.
    pub(super) fn wants(&mut self, name: &str) -> bool {
        let passed = match FileKind::of(name) {
            FileKind::Digest if self.chain.is_some() => return true,
            // A file holds calls of its own day and of the day before.
            FileKind::Records => {
                let delivered = day(name).map(|day| day.to_string());
                let is_early = delivered.is_some_and(|day| self.from.as_ref().is_some_and(|from| day < *from));
                if !is_early || self.chain.is_some() {
                    return true;
                }
                EARLY
            }
            FileKind::Digest => "digest files",
            FileKind::Insight => "Insight files",
            FileKind::Other => "other logs",
        };
        *self.sources.passed_over.entry(passed.to_owned()).or_default() += 1;
        false
    }

    /// Takes a file with its signature, if S3 has told one.
    pub(super) fn take(&mut self, name: &str, file: impl Read, signature: Option<&str>) {
        self.sources.files += 1;
        let Self { intake, chain, .. } = self;
        let mut each = |head: &trailkeeper_replay::read::Head<'_>, json: &[u8]| intake.take(head, json);
        let outcome = match chain {
            Some(chain) if FileKind::of(name) == FileKind::Digest => {
                return match unpacked(file) {
                    Ok(json) => chain.digest(name, &json, signature),
                    Err(error) => self.unread(name, &error),
                };
            }
            Some(chain) => {
                let (outcome, sum) = read_summed(file, &mut each);
                if let Some(sum) = sum {
                    chain.log(name, sum);
                }
                outcome
            }
            None => read(file, &mut each),
        };
        self.ended(name, &outcome);
    }

    fn ended(&mut self, name: &str, outcome: &Outcome) {
        self.sources.malformed += outcome.malformed;
        if outcome.digest {
            *self.sources.passed_over.entry("digest files".to_owned()).or_default() += 1;
        }
        if let Some(damage) = &outcome.damage {
            self.unread(name, &format!("{damage}; {} records before that were read", outcome.records));
        }
    }

    /// Takes a record as `LookupEvents` answers it.
    pub(super) fn record(&mut self, json: &str) {
        let Self { intake, sources, .. } = self;
        let outcome = read(json.as_bytes(), &mut |head, json| intake.take(head, json));
        sources.malformed += outcome.malformed + u64::from(outcome.damage.is_some());
    }

    /// Takes that something could not be read.
    pub(super) fn unread(&mut self, what: &str, because: &dyn std::fmt::Display) {
        self.sources.unread.push(Unread { what: what.to_owned(), because: because.to_string() });
    }

    pub(super) fn finish(self) -> ReplayReport {
        self.intake.finish(self.sources)
    }
}

/// How much was taken so far: files and what could not be read, and files that were passed over, the early ones among them.
#[derive(Debug, Clone, Copy)]
pub(super) struct SoFar {
    files: u64,
    unread: usize,
    passed_over: u64,
    early: u64,
}

/// Returns an error for people, without its number.
pub(super) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    }
}
