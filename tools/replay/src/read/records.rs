//! Splits a file into its records as it is read, without holding more than a few of them.

use super::Head;
use super::shape::{inside, length, opening};
use crate::chain::Sum;
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

/// First bytes of a gzip file. No JSON begins like that.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Number of bytes that are read at once.
const CHUNK: usize = 256 * 1024;

/// Number of bytes that one record may have. CloudTrail's have at most [256 KB, or 1 MB][size]; a file that wraps its
/// records in something else is held as a whole.
///
/// [size]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
const LONGEST: usize = 16 * 1024 * 1024;

/// How reading one file ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Number of records that were read.
    pub records: u64,
    /// Number of records that are no records of CloudTrail's.
    pub malformed: u64,
    /// Whether it is a digest file under another name.
    pub digest: bool,
    /// Why the rest of the file was not read, if so.
    pub damage: Option<Damage>,
}

/// Why the rest of a file was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// It ends too early.
    Half,
    /// It is not gzip, or has been changed: the sum is wrong.
    Gzip(String),
    /// It is not JSON from here on.
    Json(String),
    /// A record is longer than any of CloudTrail's.
    TooLong,
    /// It could not be read.
    Unreadable(String),
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Half => f.write_str("it ends too early"),
            Self::Gzip(why) => write!(f, "it cannot be unpacked: {why}"),
            Self::Json(why) => write!(f, "it is not JSON: {why}"),
            Self::TooLong => f.write_str("a record is longer than CloudTrail's can be"),
            Self::Unreadable(why) => write!(f, "it cannot be read: {why}"),
        }
    }
}

/// Reads a file, plain or packed with gzip, and hands over each record with its JSON.
///
/// CloudTrail's own form is one object with `Records`. A list of records, records one after the other, events of EventBridge
/// and answers of `LookupEvents` are understood, too.
pub fn read(file: impl Read, each: &mut dyn FnMut(&Head<'_>, &[u8])) -> Outcome {
    match open(file) {
        Ok((file, packed)) => Reading::new(file, packed, each).run().0,
        Err(error) => Outcome { damage: Some(Damage::Unreadable(error.to_string())), ..Outcome::default() },
    }
}

/// Reads a file like [`read`], and returns the SHA-256 of all that it holds unpacked; `None` if not all of it could be read.
pub fn read_summed(file: impl Read, each: &mut dyn FnMut(&Head<'_>, &[u8])) -> (Outcome, Option<Sum>) {
    let (file, packed) = match open(file) {
        Ok(opened) => opened,
        Err(error) => {
            return (Outcome { damage: Some(Damage::Unreadable(error.to_string())), ..Outcome::default() }, None);
        }
    };
    let (outcome, mut summed) = Reading::new(Summing { file, sum: Sha256::new() }, packed, each).run();
    let rest = io::copy(&mut summed, &mut io::sink());
    (outcome, rest.ok().map(|_| summed.sum.finalize().into()))
}

/// Returns all that a file holds unpacked, if that is not more than a digest file can be.
///
/// # Errors
/// Returns an error if the file cannot be read or unpacked, or is too long.
pub fn unpacked(file: impl Read) -> io::Result<Vec<u8>> {
    let (file, _) = open(file)?;
    let mut all = Vec::new();
    file.take(LONGEST as u64 + 1).read_to_end(&mut all)?;
    if all.len() > LONGEST { Err(io::Error::other("it is too long")) } else { Ok(all) }
}

/// Opens a file, and says whether it is packed.
fn open<'f>(file: impl Read + 'f) -> io::Result<(Box<dyn Read + 'f>, bool)> {
    let mut file = BufReader::with_capacity(CHUNK, file);
    let packed = file.fill_buf()?.starts_with(&GZIP);
    Ok((if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) }, packed))
}

/// Sums up what is read.
struct Summing<R> {
    file: R,
    sum: Sha256,
}

impl<R: Read> Read for Summing<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(into)?;
        self.sum.update(into.get(..length).unwrap_or_default());
        Ok(length)
    }
}

/// Where in the file the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before its first byte.
    Start,
    /// In the list of records.
    List,
    /// Between records that follow one another.
    Row,
    /// Behind the list of records.
    Behind,
}

/// What is to be done next.
enum Next {
    /// Read on.
    More,
    /// Go on with what is there.
    On,
    /// Nothing more is there.
    Done,
}

struct Reading<'e, R> {
    file: R,
    packed: bool,
    /// Bytes that were read. Those before `at` are done with.
    held: Vec<u8>,
    at: usize,
    ended: bool,
    place: Place,
    outcome: Outcome,
    each: &'e mut dyn FnMut(&Head<'_>, &[u8]),
}

impl<'e, R: Read> Reading<'e, R> {
    fn new(file: R, packed: bool, each: &'e mut dyn FnMut(&Head<'_>, &[u8])) -> Self {
        let (held, place) = (Vec::with_capacity(2 * CHUNK), Place::Start);
        Self { file, packed, held, at: 0, ended: false, place, outcome: Outcome::default(), each }
    }

    fn run(mut self) -> (Outcome, R) {
        while self.outcome.damage.is_none() {
            match self.step() {
                Next::On => {}
                Next::Done => break,
                Next::More if self.ended => {
                    self.outcome.damage = Some(Damage::Half);
                }
                Next::More if self.rest().len() > LONGEST => self.outcome.damage = Some(Damage::TooLong),
                Next::More => self.fill(),
            }
        }
        (self.outcome, self.file)
    }

    fn rest(&self) -> &[u8] {
        self.held.get(self.at..).unwrap_or_default()
    }

    fn fill(&mut self) {
        self.held.drain(..self.at);
        self.at = 0;
        let full = self.held.len();
        // A long record needs fewer and larger steps: it is looked through anew each time.
        self.held.resize(full + CHUNK.max(full), 0);
        let mut filled = full;
        while let Some(free) = self.held.get_mut(filled..).filter(|free| !free.is_empty()) {
            match self.file.read(free) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(length) => filled += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.held.truncate(filled);
                    return self.broken(&error);
                }
            }
        }
        self.held.truncate(filled);
    }

    /// Hands over what was read before the damage.
    fn broken(&mut self, error: &std::io::Error) {
        while self.outcome.damage.is_none() && matches!(self.step(), Next::On) {}
        let damage = match (self.packed, error.kind()) {
            (true, ErrorKind::UnexpectedEof) => Damage::Half,
            (true, _) => Damage::Gzip(error.to_string()),
            (false, _) => Damage::Unreadable(error.to_string()),
        };
        self.outcome.damage = Some(damage);
    }

    fn step(&mut self) -> Next {
        let blank = self.rest().iter().take_while(|byte| self.is_between(**byte)).count();
        self.at += blank;
        let rest = self.held.get(self.at..).unwrap_or_default();
        match (self.place, rest.first()) {
            (Place::Start, None) if self.ended => self.unlike("it is empty"),
            (Place::Row | Place::Behind, None) if self.ended => Next::Done,
            (_, None) => Next::More,
            (Place::Start, Some(b'[')) => self.begin(1, Place::List),
            (Place::Start, Some(b'{')) => match opening(rest) {
                Some(0) => self.begin(0, Place::Row),
                Some(length) => self.begin(length, Place::List),
                None if self.ended => self.begin(0, Place::Row),
                None => Next::More,
            },
            (Place::List, Some(b']')) => self.begin(1, Place::Behind),
            (Place::List | Place::Row, Some(b'{')) => self.record(),
            (Place::Behind, Some(b'}')) => self.begin(1, Place::Row),
            // What stands beside the records is not looked at.
            (Place::Behind, Some(_)) => Next::Done,
            (_, Some(_)) => self.unlike("there is something else where a record should begin"),
        }
    }

    fn is_between(&self, byte: u8) -> bool {
        let mark = self.place == Place::Start && [0xef, 0xbb, 0xbf].contains(&byte);
        byte.is_ascii_whitespace() || mark || self.place == Place::List && byte == b','
    }

    fn begin(&mut self, length: usize, place: Place) -> Next {
        self.at += length;
        self.place = place;
        Next::On
    }

    fn unlike(&mut self, why: &str) -> Next {
        self.outcome.damage = Some(Damage::Json(why.to_owned()));
        Next::Done
    }

    /// Takes the object that begins here.
    fn record(&mut self) -> Next {
        let rest = self.held.get(self.at..).unwrap_or_default();
        let mut found = serde_json::Deserializer::from_slice(rest).into_iter::<Head<'_>>();
        match found.next() {
            Some(Ok(head)) => {
                let length = found.byte_offset();
                let json = rest.get(..length).unwrap_or_default();
                take(&head, json, &mut self.outcome, self.each);
                self.at += length;
                Next::On
            }
            Some(Err(error)) if error.is_eof() => Next::More,
            Some(Err(error)) => match length(rest) {
                Some(length) => {
                    self.outcome.malformed += 1;
                    self.at += length;
                    Next::On
                }
                None if self.ended => self.unlike(&error.to_string()),
                None => Next::More,
            },
            None => Next::More,
        }
    }
}

fn take(head: &Head<'_>, json: &[u8], outcome: &mut Outcome, each: &mut dyn FnMut(&Head<'_>, &[u8])) {
    if head.is_record() {
        outcome.records += 1;
        each(head, json);
    } else if head.is_digest() {
        outcome.digest = true;
    } else if head.wraps() {
        for record in inside(json) {
            let json = record.to_string();
            match serde_json::from_str::<Head<'_>>(&json) {
                Ok(head) if head.is_record() => {
                    outcome.records += 1;
                    each(&head, json.as_bytes());
                }
                _ => outcome.malformed += 1,
            }
        }
    } else {
        outcome.malformed += 1;
    }
}

#[cfg(test)]
mod tests;
