//! Validates CloudTrail's digest files: that each is the one that the next one names, that CloudTrail has signed it, and that the
//! log files are those that it lists ([digest files], [validation]).
//!
//! The signature of a digest file is not in the file: S3 has it as metadata of the object, and the next digest file repeats it.
//! So of a copy on disk, the last of each chain cannot be checked.
//!
//! [digest files]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
//! [validation]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html

mod covered;
mod validation;

pub use validation::Validation;

use chrono::DateTime;
use covered::Covered;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use trailkeeper::model::sanitized;
use validation::said;

/// Number of files that are named of each kind.
const NAMED: usize = 20;

/// Hash of a file.
pub type Sum = [u8; 32];

/// Checks a signature: the region of the key, its fingerprint, what was signed, and the signature. `None` if there is no such
/// key.
pub type Verify<'v> = dyn Fn(&str, &str, &[u8], &[u8]) -> Option<bool> + 'v;

/// Validates files.
#[derive(Debug, Default)]
pub struct Chain {
    digests: BTreeMap<String, Read>,
    logs: HashMap<u64, (Sum, String)>,
    /// Log files whose name another one has, with other content.
    namesakes: Vec<(u64, Sum, String)>,
    /// Names that are there twice, with other content.
    twice: BTreeSet<String>,
    /// Log files that digest files list: their hash, and the number of the digest file.
    listed: HashMap<u64, (Sum, usize)>,
    listed_names: Vec<(u64, String)>,
    unusable: Vec<String>,
}

/// Digest file that was read.
#[derive(Debug)]
struct Read {
    number: usize,
    sum: Sum,
    /// First and last second of the hour that it is about.
    hour: (i64, i64),
    end: String,
    bucket: String,
    object: String,
    fingerprint: String,
    previous: Option<Previous>,
    /// Its signature, from S3.
    signature: Option<Vec<u8>>,
}

#[derive(Debug)]
struct Previous {
    object: String,
    sum: String,
    signature: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DigestFile {
    digest_start_time: String,
    digest_end_time: String,
    #[serde(rename = "digestS3Bucket")]
    bucket: String,
    #[serde(rename = "digestS3Object")]
    object: String,
    digest_public_key_fingerprint: String,
    #[serde(rename = "previousDigestS3Object", default)]
    previous_object: Option<String>,
    #[serde(default)]
    previous_digest_hash_value: Option<String>,
    #[serde(default)]
    previous_digest_signature: Option<String>,
    #[serde(default)]
    log_files: Vec<LogFile>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogFile {
    #[serde(rename = "s3Object")]
    object: String,
    hash_value: String,
}

impl Chain {
    /// Takes a digest file, unpacked, and its signature if S3 has told it.
    pub fn digest(&mut self, path: &str, json: &[u8], signature: Option<&str>) {
        let file = serde_json::from_slice::<DigestFile>(json).ok();
        let Some((file, hour)) = file.and_then(|file| file.hour().map(|hour| (file, hour))) else {
            return self.unusable.push(sanitized(path));
        };
        let sum: Sum = Sha256::digest(json).into();
        let signature = signature.and_then(unhex);
        if let Some(there) = self.digests.get_mut(&file.object) {
            if there.sum == sum {
                there.signature = there.signature.take().or(signature);
            } else {
                self.twice.insert(sanitized(base(&file.object)));
            }
            return;
        }
        let number = self.digests.len();
        for log in &file.log_files {
            match unhex(&log.hash_value).and_then(|sum| Sum::try_from(sum).ok()) {
                Some(sum) => self.lists(base(&log.object), sum, number),
                None => self.unusable.push(sanitized(path)),
            }
        }
        if base(path) != base(&file.object) {
            self.unusable.push(sanitized(path));
        }
        let previous = file.previous_object.map(|object| Previous {
            object,
            sum: file.previous_digest_hash_value.unwrap_or_default(),
            signature: file.previous_digest_signature.unwrap_or_default(),
        });
        let read = Read {
            number,
            sum,
            hour,
            end: file.digest_end_time,
            bucket: file.bucket,
            object: file.object.clone(),
            fingerprint: file.digest_public_key_fingerprint,
            previous,
            signature,
        };
        self.digests.insert(file.object, read);
    }

    /// Takes a log file of a digest file's list.
    fn lists(&mut self, name: &str, sum: Sum, number: usize) {
        let key = key(name);
        match self.listed.entry(key) {
            Entry::Occupied(there) if there.get().0 != sum => {
                self.twice.insert(sanitized(name));
            }
            Entry::Occupied(mut there) => {
                there.insert((sum, number));
            }
            Entry::Vacant(free) => {
                free.insert((sum, number));
                if self.listed_names.len() < 100_000 {
                    self.listed_names.push((key, name.to_owned()));
                }
            }
        }
    }

    /// Takes the hash of a log file, unpacked.
    pub fn log(&mut self, path: &str, sum: Sum) {
        let name = base(path);
        let key = key(name);
        match self.logs.entry(key) {
            Entry::Occupied(there) if there.get().0 == sum => {}
            Entry::Occupied(_) => {
                self.twice.insert(sanitized(name));
                self.namesakes.push((key, sum, name.to_owned()));
            }
            Entry::Vacant(free) => {
                free.insert((sum, name.to_owned()));
            }
        }
    }

    /// Returns the regions of the digest files, and the time of the first and the last one: what public keys are asked for.
    #[must_use]
    pub fn keys(&self) -> Option<(BTreeSet<String>, String, String)> {
        let regions = self.digests.values().map(|digest| region(&digest.object).to_owned()).collect();
        let ends = || self.digests.values().map(|digest| digest.end.clone());
        Some((regions, ends().min()?, ends().max()?))
    }

    /// Validates everything.
    #[must_use]
    pub fn validate(self, verify: &Verify<'_>) -> Validation {
        let mut found = Validation { digests: self.digests.len() as u64, ..Validation::default() };
        found.changed_digests.clone_from(&self.unusable);
        found.twice = self.twice.iter().cloned().collect();
        self.logs_of(&mut found);
        self.links_of(&mut found);
        self.signatures_of(&mut found, verify);
        found.said = said(&found);
        found
    }

    fn logs_of(&self, found: &mut Validation) {
        let covered = Covered::by(self.digests.values().map(|digest| (digest.object.as_str(), digest.hour)));
        let once = self.logs.iter().map(|(key, (sum, name))| (key, sum, name));
        let again = self.namesakes.iter().map(|(key, sum, name)| (key, sum, name));
        for (key, sum, name) in once.chain(again) {
            match self.listed.get(key) {
                Some((listed, _)) if listed == sum => found.logs += 1,
                Some(_) => found.changed_logs.push(sanitized(name)),
                None if covered.has(name) => {
                    found.added += 1;
                    found.added_names.push(sanitized(name));
                }
                None => {
                    found.unlisted += 1;
                    found.unlisted_names.push(sanitized(name));
                }
            }
        }
        // What the first digest file of a chain lists may lie before what was read.
        let first: BTreeSet<usize> = self.first().into_values().map(|digest| digest.number).collect();
        let is_later = |key: &u64| self.listed.get(key).is_some_and(|(_, digest)| !first.contains(digest));
        let missing = |key: &u64| !self.logs.contains_key(key) && is_later(key);
        found.missing = self.listed.keys().filter(|key| missing(key)).count() as u64;
        let names = self.listed_names.iter().filter(|(key, _)| missing(key));
        found.missing_names = names.map(|(_, name)| sanitized(name)).collect();
        for names in [&mut found.added_names, &mut found.unlisted_names, &mut found.missing_names] {
            names.sort_unstable();
            names.dedup();
            names.truncate(NAMED);
        }
        found.changed_logs.sort_unstable();
        found.changed_logs.dedup();
    }

    /// Returns the first digest file of each chain.
    fn first(&self) -> BTreeMap<&str, &Read> {
        let mut first: BTreeMap<&str, &Read> = BTreeMap::new();
        for digest in self.digests.values() {
            let of = first.entry(series(&digest.object)).or_insert(digest);
            if digest.end < of.end {
                *of = digest;
            }
        }
        first
    }

    /// Checks that each digest file is the one that the next one names.
    fn links_of(&self, found: &mut Validation) {
        let first = self.first();
        for digest in self.digests.values() {
            let is_first = first.get(series(&digest.object)).is_some_and(|first| first.number == digest.number);
            match &digest.previous {
                None if !is_first => found.restarts.push(sanitized(&digest.object)),
                None => {}
                Some(previous) => match self.digests.get(&previous.object) {
                    Some(there) if hex(&there.sum) == previous.sum.to_ascii_lowercase() => {}
                    Some(there) => found.changed_digests.push(sanitized(&there.object)),
                    None if is_first => {}
                    None => found.missing_digests.push(sanitized(&previous.object)),
                },
            }
        }
    }

    fn signatures_of(&self, found: &mut Validation, verify: &Verify<'_>) {
        let repeated: BTreeMap<&str, &str> = self
            .digests
            .values()
            .filter_map(|digest| digest.previous.as_ref())
            .map(|previous| (previous.object.as_str(), previous.signature.as_str()))
            .collect();
        for digest in self.digests.values() {
            let later = || repeated.get(digest.object.as_str()).and_then(|text| unhex(text));
            let signature = digest.signature.clone().or_else(later);
            let region = region(&digest.object);
            let checked = signature
                .and_then(|signature| verify(region, &digest.fingerprint, digest.signed().as_bytes(), &signature));
            match checked {
                Some(true) => found.signed += 1,
                Some(false) => found.forged.push(sanitized(&digest.object)),
                None => found.unsigned += 1,
            }
        }
    }
}

impl DigestFile {
    /// Returns the first and the last second that it is about.
    fn hour(&self) -> Option<(i64, i64)> {
        let second = |text: &str| DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp());
        Some((second(&self.digest_start_time)?, second(&self.digest_end_time)?))
    }
}

impl Read {
    /// Returns what CloudTrail has signed.
    fn signed(&self) -> String {
        let before = self.previous.as_ref().map_or("null", |previous| previous.signature.as_str());
        format!("{}\n{}/{}\n{}\n{before}", self.end, self.bucket, self.object, hex(&self.sum))
    }
}

/// Returns the region of a digest file, by its key.
fn region(object: &str) -> &str {
    let mut parts = object.split('/').skip_while(|part| *part != "CloudTrail-Digest");
    parts.nth(1).unwrap_or_default()
}

/// Returns what the digest files of one trail have in common: the name without its time.
fn series(object: &str) -> &str {
    let name = base(object);
    name.rsplit_once('_').map_or(name, |(series, _)| series)
}

/// Returns the name of a file without its folders. CloudTrail's names are unique.
fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or_default()
}

fn key(name: &str) -> u64 {
    let sum = Sha256::digest(name.as_bytes());
    sum.iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
