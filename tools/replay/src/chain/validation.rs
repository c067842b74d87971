//! How far files were validated, in numbers, names and sentences.

use serde::Serialize;

/// How far files were validated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Validation {
    /// Number of digest files.
    pub digests: u64,
    /// Number of log files that are those that a digest file lists.
    pub logs: u64,
    /// Number of log files that no digest file lists although those of their hour are there, or that have no name of
    /// CloudTrail's: added by somebody else, or by a trail that is not validated.
    pub added: u64,
    /// Some of these.
    pub added_names: Vec<String>,
    /// Names that are there twice, with other content: at most one of the two is as it was delivered.
    pub twice: Vec<String>,
    /// Number of log files of hours whose digest files are not there: those of the last hour, or of one without validation.
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
    /// Digest files that begin a chain anew although there are older ones: the trail was stopped or deleted, or its validation
    /// was off ([chains]).
    ///
    /// [chains]: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html
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
    /// Returns whether anything was changed, forged, added or taken away.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        let Self { changed_logs, changed_digests, missing_digests, forged, twice, missing, added, .. } = self;
        // A chain that begins anew is not: CloudTrail begins one after StopLogging, and nobody else can sign that.
        let wrong = [changed_logs, changed_digests, missing_digests, forged, twice];
        *missing > 0 || *added > 0 || wrong.iter().any(|names| !names.is_empty())
    }
}

/// Returns what was checked, in sentences.
pub(super) fn said(found: &Validation) -> Vec<String> {
    if found.digests == 0 {
        return vec!["There are no digest files: nothing could be validated.".to_owned()];
    }
    let mut said = vec![format!(
        "Hashes: {} log files are as a digest file lists them, {} are not, {} are listed and were not read, {} are not listed \
         by the digest files of their hour, {} are of hours without digest files. {} digest files were each compared with what \
         the next one says of it.",
        found.logs,
        found.changed_logs.len(),
        found.missing,
        found.added,
        found.unlisted,
        found.digests
    )];
    if found.added > 0 {
        said.push(
            "What the digest files of its hour do not list was added by somebody else, or by a trail that is not validated, or \
             was so late that its digest file is still to come. Its records count in this report."
                .to_owned(),
        );
    }
    if !found.twice.is_empty() {
        said.push(format!(
            "Names: {} twice, with other content. At most one of the two is as it was delivered; the records of both count in \
             this report.",
            are(found.twice.len(), "name is", "names are")
        ));
    }
    if !found.restarts.is_empty() {
        said.push(format!(
            "Chains: {} anew here, with nothing that says what was delivered before. CloudTrail does so when a trail was stopped \
             or deleted, or its validation was off: who stopped the trail?",
            are(found.restarts.len(), "chain begins", "chains begin")
        ));
    }
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

fn are(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
