//! `log-bucket-readers`: nobody foreign handles the record.

use crate::documents::policy::{Statement, matches, statements, texts};
use crate::documents::principals::{Party, account_of, parties};
use crate::families::bucket::Bucket;
use crate::families::bucket::parts::Part;
use crate::families::bucket::public::is_everybody;
use crate::families::bucket::step::Step;
use crate::families::bucket::trusted::{Trusted, conditions};
use crate::families::bucket::uses::Uses;
use crate::families::bucket::view::{BucketConfig, Encryption, Grant, Missing, View};
use crate::family::Control;
use crate::model::{About, Remedy, Severity, Subject, Unread, Verdict};
use crate::settings::Settings;
use serde_json::Value;

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "log-bucket-readers",
        title: "Nobody outside the account handles the files of a log bucket",
        why: "An intruder who lets an account of his own into a log bucket reads who works where, deletes the traces, \
              or encrypts new files with a key that he takes away later. Delivery goes on all the while.",
        compliant: "Neither the bucket's policy nor its ACL lets a party outside the account read, list, overwrite, \
                    delete or administer log files, and default encryption uses no key of another account. Parties in \
                    TRAILKEEPER_LOG_BUCKET_READERS and in the account's organization may, and so may anyone whom the \
                    policy's conditions limit to these. The services that deliver logs may write and list.",
        fix: "None: the finding says who may do what by which statement, and it is advised to remove it.",
        risk: "Nothing is written. A reader that is meant to be there is reported until the setting names it.",
        guard: "It is only reported: whether a party is a reader of yours or an intruder is not to be seen from its account.",
        severity: Severity::High,
        opt_in: false,
        references: &[
            "Security Hub S3.6",
            "Amazon S3 user guide, cross-account access: \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example2.html",
        ],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(_: &Uses, _: &str, _: &Settings) -> Vec<Part> {
    vec![Part::Policy, Part::Grants, Part::Encryption]
}

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

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    view.as_log_bucket(subject, |bucket| {
        let trusted = Trusted::new(subject, view.organization(settings), &settings.log_bucket_readers);
        let mut found = by_policy(view, subject, bucket, &trusted)?;
        found.extend(bucket.grants.known()?.into_iter().flatten().filter_map(|grant| by_acl(grant, &trusted)));
        if let Some(Encryption::Kms { key: Some(key) }) = bucket.encryption.known()?
            && let Some(account) = account_of(key).filter(|account| !trusted.is_own(account))
        {
            found.push(format!("account {account} owns the key of the default encryption, {key}"));
        }
        if found.is_empty() {
            return Ok(Verdict::Compliant);
        }
        Ok(Verdict::Violation {
            because: found.join("; "),
            remedy: Remedy::Advise(
                "Remove whoever is not meant to be there from the bucket's policy, ACL or default encryption. Name those \
                 who are in TRAILKEEPER_LOG_BUCKET_READERS. Trailkeeper does not remove them, because a reader of yours \
                 would be cut off."
                    .to_owned(),
            ),
        })
    })
}

/// Returns what the statements of the policy allow to parties that are not trusted.
fn by_policy(
    view: &View,
    subject: &Subject,
    bucket: &BucketConfig,
    trusted: &Trusted<'_>,
) -> Result<Vec<String>, Missing> {
    let Some(policy) = bucket.policy.known()? else { return Ok(Vec::new()) };
    let record = Record { arn: &subject.arn, prefixes: view.uses.prefixes() };
    let of_organization = |unread: Unread| Missing::other(unread.of("the account's organization"));
    let mut fences = Vec::new();
    for statement in statements(policy) {
        if trusted.fences(statement).map_err(of_organization)? {
            fences.push(statement);
        }
    }
    let mut found = Vec::new();
    for (number, statement) in statements(policy).enumerate().filter(|(_, statement)| statement.allows()) {
        for party in parties(statement) {
            let may = powers(statement, party, &record, &fences);
            if may.is_empty() || trusted.are_all_of(statement, party).map_err(of_organization)? {
                continue;
            }
            let sid = statement.element("Sid").and_then(Value::as_str).filter(|sid| !sid.is_empty());
            let sid = sid.map_or_else(|| format!("number {}", number + 1), str::to_owned);
            found.push(format!("statement {sid} lets {} {} log files", named(party, statement), listed(&may)));
        }
    }
    Ok(found)
}

/// Files of the record in the bucket.
struct Record<'a> {
    arn: &'a str,
    /// Key prefixes of the files that are delivered; empty if all files count.
    prefixes: Vec<String>,
}

impl Record<'_> {
    /// Returns whether a statement applies to files of the record.
    fn is_touched_by(&self, statement: Statement<'_>) -> bool {
        let Some(patterns) = statement.element("Resource") else { return true };
        let objects = format!("{}/", self.arn);
        texts(patterns).any(|pattern| {
            let fixed = pattern.split(['*', '?', '$']).next().unwrap_or_default();
            match fixed.strip_prefix(&objects) {
                None => objects.starts_with(fixed) && fixed.len() < pattern.len(),
                Some(key) => {
                    let meets = |prefix: &String| key.starts_with(prefix) || prefix.starts_with(key);
                    self.prefixes.is_empty() || self.prefixes.iter().any(meets)
                }
            }
        })
    }
}

/// Returns what a statement allows a party to do to the record.
fn powers(
    statement: Statement<'_>,
    party: Party<'_>,
    record: &Record<'_>,
    fences: &[Statement<'_>],
) -> Vec<&'static str> {
    let service = matches!(party, Party::Service(_));
    let is_denied =
        |action: &str| !service && fences.iter().any(|fence| fence.covers_action(action) && covers_all(*fence, record));
    let mut may: Vec<&'static str> = Vec::new();
    for Power { verb, actions, on_bucket, delivers } in &POWERS {
        let there = if *on_bucket { statement.covers_resource(record.arn) } else { record.is_touched_by(statement) };
        let allowed = |action: &&str| statement.covers_action(action) && !is_denied(action);
        let allows = there && !(service && *delivers) && actions.iter().any(allowed);
        if allows && !may.contains(verb) {
            may.push(verb);
        }
    }
    may
}

/// Returns whether a statement applies to the bucket and to all its objects.
fn covers_all(statement: Statement<'_>, record: &Record<'_>) -> bool {
    let objects = format!("{}/", record.arn);
    let mut patterns = statement.element("Resource").into_iter().flat_map(texts);
    patterns.any(|pattern| pattern.ends_with('*') && matches(pattern, &objects))
}

/// Returns what an ACL allows a party that is not trusted ([ACL overview]).
///
/// [ACL overview]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
fn by_acl(grant: &Grant, trusted: &Trusted<'_>) -> Option<String> {
    const LOG_WRITER: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";
    let Grant { grantee, permission } = grant;
    let may: &[&str] = match permission.as_str() {
        "READ" => &["list"],
        "WRITE" => &["overwrite", "delete"],
        "WRITE_ACP" => &["administer"],
        "FULL_CONTROL" => &["list", "overwrite", "delete", "administer"],
        _ => return None,
    };
    if grantee == LOG_WRITER || trusted.trusts(grantee) {
        return None;
    }
    let who =
        if is_everybody(grantee) { "anyone".to_owned() } else { format!("the account of canonical user {grantee}") };
    Some(format!("its ACL lets {who} {} log files", listed(may)))
}

/// Returns a party as people know it, with the conditions under which a statement applies to it.
fn named(party: Party<'_>, statement: Statement<'_>) -> String {
    let who = match party {
        Party::Anyone => "anyone".to_owned(),
        Party::Account(name) => match account_of(name) {
            Some(account) if account != name => format!("account {account} ({name})"),
            Some(account) => format!("account {account}"),
            None => format!("the deleted principal {name}"),
        },
        Party::CanonicalUser(id) => format!("the account of canonical user {id}"),
        Party::Federated(name) => format!("identity provider {name}"),
        Party::Service(name) => format!("service {name}"),
    };
    let keys = [
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourcevpc",
        "aws:sourcevpce",
    ];
    let limits = conditions(statement).into_iter().filter(|(_, key, _)| keys.contains(&key.as_str()));
    let limits: Vec<String> = limits.map(|(operator, key, values)| format!("{operator} {key} {values}")).collect();
    if limits.is_empty() { who } else { format!("{who} (if {})", limits.join(", ")) }
}

/// Returns verbs as a list in a sentence.
fn listed(verbs: &[&str]) -> String {
    match verbs {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        _ => verbs.concat(),
    }
}
