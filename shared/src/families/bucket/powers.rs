//! What a statement of a log bucket's policy allows to do to the record in it.

use crate::documents::policy::{CharacterClass, Shape, Statement, matches, texts};
use crate::documents::principals::Party;

/// Something that a party may do to log files, and the actions for it.
struct Power {
    verb: &'static str,
    actions: &'static [&'static str],
    /// Whether the actions are on the bucket, and not on its objects.
    on_bucket: bool,
    /// Whether services that deliver logs need it.
    delivers: bool,
}

const POWERS: [Power; 6] = [
    Power { verb: "read", actions: &["s3:GetObject", "s3:GetObjectVersion"], on_bucket: false, delivers: false },
    Power { verb: "list", actions: &["s3:ListBucket", "s3:ListBucketVersions"], on_bucket: true, delivers: true },
    Power { verb: "overwrite", actions: &["s3:PutObject"], on_bucket: false, delivers: true },
    Power {
        verb: "delete",
        actions: &["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:ReplicateDelete"],
        on_bucket: false,
        delivers: false,
    },
    Power {
        verb: "administer",
        actions: &[
            "s3:BypassGovernanceRetention",
            "s3:ObjectOwnerOverrideToBucketOwner",
            "s3:PutObjectAcl",
            "s3:PutObjectLegalHold",
            "s3:PutObjectRetention",
            "s3:PutObjectVersionAcl",
        ],
        on_bucket: false,
        delivers: false,
    },
    Power {
        verb: "administer",
        actions: &[
            "s3:DeleteBucket",
            "s3:DeleteBucketPolicy",
            "s3:PutBucketAcl",
            "s3:PutBucketLogging",
            "s3:PutBucketNotification",
            "s3:PutBucketObjectLockConfiguration",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPolicy",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutInventoryConfiguration",
            "s3:PutLifecycleConfiguration",
            "s3:PutReplicationConfiguration",
        ],
        on_bucket: true,
        delivers: false,
    },
];

/// Log files in the bucket.
pub(super) struct LogFiles<'a> {
    /// ARN of the bucket.
    pub(super) arn: &'a str,
    /// Key prefixes of the files that are delivered; empty if all files count.
    pub(super) prefixes: Vec<String>,
}

impl LogFiles<'_> {
    /// Returns whether a statement applies to log files.
    pub(super) fn is_touched_by(&self, statement: Statement<'_>) -> bool {
        let under = |prefix: &str| Shape::from(format!("{}/{prefix}", self.arn)).some(CharacterClass::Any);
        let mut all = self.prefixes.iter().map(|prefix| under(prefix));
        if self.prefixes.is_empty() {
            statement.touches(&under(""))
        } else {
            all.any(|files| statement.touches(&files))
        }
    }
}

/// Returns what a statement allows a party to do to the record.
pub(super) fn powers(
    statement: Statement<'_>,
    party: Party<'_>,
    files: &LogFiles<'_>,
    fences: &[Statement<'_>],
) -> Vec<&'static str> {
    let service = matches!(party, Party::Service(_));
    let is_denied =
        |action: &str| !service && fences.iter().any(|fence| fence.covers_action(action) && covers_all(*fence, files));
    let mut may: Vec<&'static str> = Vec::new();
    for Power { verb, actions, on_bucket, delivers } in &POWERS {
        let there = if *on_bucket { statement.touches(&files.arn.into()) } else { files.is_touched_by(statement) };
        let allowed = |action: &&str| statement.covers_action(action) && !is_denied(action);
        let allows = there && !(service && *delivers) && actions.iter().any(allowed);
        if allows && !may.contains(verb) {
            may.push(verb);
        }
    }
    may
}

/// Returns whether a statement applies to the bucket and to all its objects.
fn covers_all(statement: Statement<'_>, files: &LogFiles<'_>) -> bool {
    let objects = format!("{}/", files.arn);
    let mut patterns = statement.element("Resource").into_iter().flat_map(texts);
    patterns.any(|pattern| pattern.ends_with('*') && matches(pattern, &objects))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_statement_touches_files_that_its_pattern_may_name() {
        let files = LogFiles { arn: "arn:aws:s3:::logs", prefixes: vec!["a/AWSLogs/".to_owned()] };
        let touched = |element: &str, pattern: &str| {
            let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", element: pattern});
            files.is_touched_by(Statement::of(&statement).expect("an object"))
        };
        for pattern in [
            "*",
            "arn:aws:s3:::logs/*",
            "arn:aws:s3:::logs/a/AWSLogs/1/x",
            "arn:aws:s3:::logs/${s3:prefix}/*",
            "*.json.gz",
        ] {
            assert!(touched("Resource", pattern), "{pattern}");
        }
        for pattern in
            ["arn:aws:s3:::logs", "arn:aws:s3:::logs/b/*", "arn:aws:s3:::other/*", "arn:aws:s3:::logs/a/AWSLogs/"]
        {
            assert!(!touched("Resource", pattern), "{pattern}");
        }
        assert!(
            touched("NotResource", "arn:aws:s3:::logs/a/AWSLogs/1/*") && !touched("NotResource", "arn:aws:s3:::logs/*")
        );
    }
}
