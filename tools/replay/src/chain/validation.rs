//! How far files were validated, in numbers, names and sentences.

use serde::Serialize;

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

impl Validation {
    /// Returns whether anything was changed, forged or taken away.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        let Self { changed_logs, changed_digests, missing_digests, forged, missing, .. } = self;
        *missing > 0 || [changed_logs, changed_digests, missing_digests, forged].iter().any(|names| !names.is_empty())
    }
}

/// Returns what was checked, in sentences.
pub(super) fn said(found: &Validation) -> Vec<String> {
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
