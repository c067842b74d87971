//! Validates CloudTrail's digest files: that each is the one that the next one names, that CloudTrail has signed it, and that the
//! log files are those that it lists ([digest files], [validation]).
//!
//! The signature of a digest file is not in the file: S3 has it as metadata of the object, and the next digest file repeats it.
//! So of a copy on disk, the last of each chain cannot be checked.
//!
//! [digest files]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
//! [validation]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use trailkeeper::model::sanitized;

/// Number of files that are named of each kind.
const NAMED: usize = 20;

/// Hash of a file.
pub type Sum = [u8; 32];

/// Checks a signature: the region of the key, its fingerprint, what was signed, and the signature. `None` if there is no such
/// key.
pub type Verify<'v> = dyn Fn(&str, &str, &[u8], &[u8]) -> Option<bool> + 'v;

/// How far files were validated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Validation {
    /// Number of digest files.
    pub digests: u64,
    /// Number of log files that are those that a digest file lists.
    pub logs: u64,
    /// Number of log files that no digest file lists: those of the last hour, or forged ones.
    pub unlisted: u64,
    /// Some of these.
    pub unlisted_names: Vec<String>,
    /// Number of log files that a digest file lists, and that were not read.
    pub missing: u64,
    /// Some of these.
    pub missing_names: Vec<String>,
    /// Log files that are not as they were delivered.
    pub changed_logs: Vec<String>,
    /// Digest files that are not as they were delivered, or lie where they were not.
    pub changed_digests: Vec<String>,
    /// Digest files that the next one names and that are not there.
    pub missing_digests: Vec<String>,
    /// Digest files that begin a chain anew although there are older ones: validation was off in between, or the trail was.
    pub restarts: Vec<String>,
    /// Number of digest files whose signature is CloudTrail's.
    pub signed: u64,
    /// Digest files whose signature is not.
    pub forged: Vec<String>,
    /// Number of digest files whose signature was not checked.
    pub unsigned: u64,
    /// What was checked, and what was not.
    pub said: Vec<String>,
}

/// Validates files.
#[derive(Debug, Default)]
pub struct Chain {
    digests: BTreeMap<String, Read>,
    logs: HashMap<u64, (Sum, String)>,
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
        let Ok(file) = serde_json::from_slice::<DigestFile>(json) else {
            return self.unusable.push(sanitized(path));
        };
        let number = self.digests.len();
        for log in file.log_files {
            let name = base(&log.object);
            match unhex(&log.hash_value).and_then(|sum| Sum::try_from(sum).ok()) {
                Some(sum) => {
                    let key = key(name);
                    self.listed.insert(key, (sum, number));
                    if self.listed_names.len() < 100_000 {
                        self.listed_names.push((key, name.to_owned()));
                    }
                }
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
            sum: Sha256::digest(json).into(),
            end: file.digest_end_time,
            bucket: file.bucket,
            object: file.object.clone(),
            fingerprint: file.digest_public_key_fingerprint,
            previous,
            signature: signature.and_then(unhex),
        };
        self.digests.insert(file.object, read);
    }

    /// Takes the hash of a log file, unpacked.
    pub fn log(&mut self, path: &str, sum: Sum) {
        let name = base(path);
        self.logs.insert(key(name), (sum, name.to_owned()));
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
        self.logs_of(&mut found);
        self.links_of(&mut found);
        self.signatures_of(&mut found, verify);
        found.said = said(&found);
        found
    }

    fn logs_of(&self, found: &mut Validation) {
        for (key, (sum, name)) in &self.logs {
            match self.listed.get(key) {
                Some((listed, _)) if listed == sum => found.logs += 1,
                Some(_) => found.changed_logs.push(sanitized(name)),
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
        for names in [&mut found.unlisted_names, &mut found.missing_names] {
            names.sort_unstable();
            names.dedup();
            names.truncate(NAMED);
        }
        found.changed_logs.sort_unstable();
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

impl Read {
    /// Returns what CloudTrail has signed.
    fn signed(&self) -> String {
        let before = self.previous.as_ref().map_or("null", |previous| previous.signature.as_str());
        format!("{}\n{}/{}\n{}\n{before}", self.end, self.bucket, self.object, hex(&self.sum))
    }
}

impl Validation {
    /// Returns whether anything was changed, forged or taken away.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        let Self { changed_logs, changed_digests, missing_digests, forged, missing, .. } = self;
        *missing > 0 || [changed_logs, changed_digests, missing_digests, forged].iter().any(|names| !names.is_empty())
    }
}

/// Returns what was checked, in sentences.
fn said(found: &Validation) -> Vec<String> {
    if found.digests == 0 {
        return vec!["There are no digest files: nothing could be validated.".to_owned()];
    }
    let mut said = vec![format!(
        "Hashes: {} log files are as a digest file lists them, {} are not, {} are listed and were not read, {} are in no \
         digest file. {} digest files were each compared with what the next one says of it.",
        found.logs,
        found.changed_logs.len(),
        found.missing,
        found.unlisted,
        found.digests
    )];
    said.push(match (found.signed, found.unsigned, found.forged.len()) {
        (0, _, 0) => "Signatures: none was checked, since there was no public key or no signature. Hashes alone show damage, but \
                      whoever changes a log file can write digest files that fit."
            .to_owned(),
        (signed, unsigned, forged) => format!(
            "Signatures: {signed} digest files are signed with CloudTrail's key, {forged} are not, {unsigned} were not checked \
             (no public key; or the last of a chain on disk, whose signature S3 keeps beside the object)."
        ),
    });
    said
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
mod tests {
    use super::*;
    use serde_json::json;

    const FOLDER: &str = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2027/01/31";

    fn object(hour: u32) -> String {
        format!("{FOLDER}/111122223333_CloudTrail-Digest_eu-west-1_main_eu-west-1_20270131T{hour:02}0000Z.json.gz")
    }

    /// Makes a chain of digest files, each of one log file; a signature is the text that it signs, here.
    fn chain(hours: u32) -> Vec<(String, String, String)> {
        let mut files: Vec<(String, String, String)> = Vec::new();
        for hour in 0..hours {
            let log = format!("AWSLogs/1/CloudTrail/eu-west-1/2027/01/31/log{hour}.json.gz");
            let mut file = json!({"digestEndTime": format!("2027-01-31T{hour:02}:00:00Z"), "digestS3Bucket": "logs",
                "digestS3Object": object(hour), "digestPublicKeyFingerprint": "f",
                "previousDigestS3Object": null, "previousDigestHashValue": null, "previousDigestSignature": null,
                "logFiles": [{"s3Object": log, "hashValue": hex(&sum(hour))}]});
            let mut before = "null".to_owned();
            if let Some((object, text, signature)) = files.last() {
                file["previousDigestS3Object"] = json!(object);
                file["previousDigestHashValue"] = json!(hex(&Sha256::digest(text.as_bytes())));
                file["previousDigestSignature"] = json!(signature);
                before.clone_from(signature);
            }
            let text = file.to_string();
            let hash = hex(&Sha256::digest(text.as_bytes()));
            let signed = format!("2027-01-31T{hour:02}:00:00Z\nlogs/{}\n{hash}\n{before}", object(hour));
            files.push((object(hour), text, hex(&Sha256::digest(signed.as_bytes()))));
        }
        files
    }

    fn sum(hour: u32) -> Sum {
        Sha256::digest(format!("log {hour}").as_bytes()).into()
    }

    fn validated(files: &[(String, String, String)], told: bool, hours: u32) -> Validation {
        let mut chain = Chain::default();
        for (path, text, signature) in files.iter().rev() {
            chain.digest(path, text.as_bytes(), told.then_some(signature));
        }
        (0..hours).for_each(|hour| chain.log(&format!("x/log{hour}.json.gz"), sum(hour)));
        chain.validate(&|region, fingerprint, signed, signature| {
            (region == "eu-west-1" && fingerprint == "f").then(|| signature == Sha256::digest(signed).as_slice())
        })
    }

    #[test]
    fn a_chain_that_is_whole_is_valid() {
        let from_s3 = validated(&chain(5), true, 5);
        assert!(!from_s3.is_wrong(), "{from_s3:?}");
        assert_eq!((from_s3.digests, from_s3.logs, from_s3.signed, from_s3.unsigned), (5, 5, 5, 0));
        let from_disk = validated(&chain(5), false, 6);
        assert_eq!((from_disk.signed, from_disk.unsigned, from_disk.unlisted), (4, 1, 1), "the last one is not known");
        assert!(!from_disk.is_wrong() && from_disk.restarts.is_empty());
        assert!(validated(&[], false, 1).said[0].contains("nothing could be validated"));
    }

    #[test]
    fn what_was_changed_taken_away_or_forged_is_named() {
        let mut files = chain(5);
        files[2].1 = files[2].1.replace("log2", "logX");
        let changed = validated(&files, true, 5);
        assert_eq!((changed.changed_digests, changed.forged), (vec![object(2)], vec![object(2)]));
        assert_eq!((changed.missing, changed.unlisted), (1, 1));
        let mut files = chain(5);
        files.remove(2);
        assert_eq!(validated(&files, true, 5).missing_digests, [object(2)]);
        let mut again = chain(3);
        let cut = again[2]
            .1
            .replace(&format!("\"previousDigestS3Object\":\"{}\"", object(1)), "\"previousDigestS3Object\":null");
        again[2].1 = cut;
        assert_eq!(validated(&again, false, 3).restarts, [object(2)]);
        let mut chain = Chain::default();
        for (path, text, _) in super::tests::chain(2) {
            chain.digest(&path, text.as_bytes(), None);
        }
        chain.log("log0.json.gz", sum(7));
        chain.digest("broken.json.gz", b"{}", None);
        let found = chain.validate(&|_, _, _, _| None);
        assert_eq!((found.changed_logs, found.missing), (vec!["log0.json.gz".to_owned()], 1));
        assert_eq!(found.changed_digests, ["broken.json.gz"]);
        assert!(found.said[1].contains("none was checked"), "{:?}", found.said);
    }
}
