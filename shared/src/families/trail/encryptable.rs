//! Whether a key may be set on a trail: nothing that works today may end by it. Pure.

use super::key;
use super::view::View;
use crate::documents::policy::{Decision, Request, Shape, decide, with_statements};
use crate::families::bucket::grants;
use crate::model::{Blocked, Place, Region, Seen, Unread};
use crate::record::Facts;
use serde_json::{Value, json};

/// Enabled replication rule of a trail's bucket.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ReplicationRule {
    /// Id of the rule.
    pub id: String,
    /// Key prefix of the objects that are copied; empty for all.
    pub prefix: String,
    /// Whether objects encrypted with KMS are copied, from `SourceSelectionCriteria`.
    pub takes_encrypted: bool,
}

/// Checks that a key ends nothing: delivery works, nobody elsewhere reads the files, the bucket's copies go on, and its
/// policy lets CloudTrail write encrypted files. A trail that is still to be created has none of that if its bucket is, too;
/// a bucket that is there already may have readers and copies.
///
/// # Errors
/// Returns what hinders a key, or what is not known.
pub(super) fn encryptable(view: &View, place: &Place, region: &Region, key: &str) -> Result<(), Blocked> {
    let facts = &view.trail.facts;
    let bucket = &facts.files.bucket;
    let policy = match &view.managed.bucket {
        _ if view.trail.exists => &view.managed.bucket_policy,
        Seen::Present(policy) => policy,
        Seen::Absent | Seen::Unreadable(_) | Seen::NotAsked => return Ok(()),
    };
    let policy = match policy.known() {
        Ok(policy) => policy,
        Err(Unread::NotAsked) => {
            return Err(Blocked::Unknown(Unread::NotAsked.of(format_args!("the policy of bucket {bucket}"))));
        }
        Err(denied @ Unread::Denied(_)) => {
            return Err(Blocked::Unknown(format!("{denied}, so it is not known who reads the log files")));
        }
    };
    read_here(policy, place)?;
    // Files that are encrypted already are no longer copied by a rule that leaves them out.
    if facts.files.key_id.is_none() {
        copied(view, bucket)?;
    }
    // A new trail comes with the statements by which it delivers.
    let added = if view.trail.exists { vec![] } else { grants::for_trail(place, bucket, &facts.arn, policy) };
    accepted(&with_statements(policy, &added), facts, place, region, key)
}

fn read_here(policy: Option<&Value>, place: &Place) -> Result<(), Blocked> {
    let readers = policy.map(|policy| key::readers_elsewhere(policy, place)).unwrap_or_default();
    if readers.is_empty() {
        return Ok(());
    }
    Err(Blocked::Advise(format!(
        "Others read the log files ({}), and a key that they cannot decrypt with would cut them off. Set a key whose \
         policy allows them.",
        readers.join(", ")
    )))
}

/// Checks that every rule that copies log files copies encrypted ones, too: S3 leaves them out unless the rule says
/// otherwise ([S3 user guide, replicating encrypted objects]).
///
/// [S3 user guide, replicating encrypted objects]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
fn copied(view: &View, bucket: &str) -> Result<(), Blocked> {
    let rules = view.managed.replication.known_of(format_args!("the replication of bucket {bucket}"))?;
    let files = format!("{}AWSLogs/", folder(&view.trail.facts.files.prefix));
    let concerned = |rule: &&ReplicationRule| files.starts_with(&rule.prefix) || rule.prefix.starts_with(&files);
    let ending = rules.into_iter().flatten().filter(concerned).filter(|rule| !rule.takes_encrypted);
    let ending: Vec<&str> = ending.map(|rule| rule.id.as_str()).collect();
    if ending.is_empty() {
        return Ok(());
    }
    Err(Blocked::Advise(format!(
        "Bucket {bucket} is replicated by a rule that leaves out files encrypted with KMS ({}): with a key, no further \
         log file would be copied. Have the rule select them (SourceSelectionCriteria.SseKmsEncryptedObjects, with a \
         key for the copies), let its role decrypt, and the trail gets its key.",
        ending.join(", ")
    )))
}

/// Checks that the bucket's policy lets CloudTrail write files encrypted with a key: `UpdateTrail` is refused otherwise
/// ([UpdateTrail], `InsufficientS3BucketPolicyException`).
///
/// [UpdateTrail]: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html
fn accepted(policy: &Value, facts: &Facts, place: &Place, region: &Region, key: &str) -> Result<(), Blocked> {
    let bucket = &facts.files.bucket;
    // A key that is still to be made has an ARN that no policy can name.
    let made =
        format!("arn:{}:kms:{region}:{}:key/00000000-0000-0000-0000-000000000000", place.partition, place.account);
    let key = if key.contains(":key/") { key } else { &made };
    let known = [
        ("aws:SourceAccount", place.account.as_str()),
        ("aws:SourceArn", facts.arn.as_str()),
        ("s3:x-amz-acl", "bucket-owner-full-control"),
        ("s3:x-amz-server-side-encryption", "aws:kms"),
        ("s3:x-amz-server-side-encryption-aws-kms-key-id", key),
    ];
    let decided = |documents: &[&Value], resources: &[Shape]| {
        let (service, action) = (Some("cloudtrail.amazonaws.com"), "s3:PutObject");
        decide(documents.iter().copied(), Request { service, action, resources, known: &known })
    };
    let mut all: Vec<Decision> = written(facts, place).iter().map(|file| decided(&[policy], &[file.into()])).collect();
    // A denial counts wherever the trail's files go, which a grant of what it delivers here does not tell.
    if facts.multi_region {
        let anybody = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}});
        let files = grants::trail_files(place, bucket, &facts.files.prefix, facts.organization);
        all.push(decided(&[policy, &anybody], &files));
    }
    match all.into_iter().filter(|it| *it != Decision::Allowed).min_by_key(|it| *it == Decision::Unclear) {
        None => Ok(()),
        Some(Decision::Unclear) => Err(Blocked::Unknown(format!(
            "the policy of bucket {bucket} has conditions that only a real request can resolve, so it is not known \
             whether it accepts encrypted log files"
        ))),
        Some(_) => Err(Blocked::Advise(format!(
            "The policy of bucket {bucket} does not let CloudTrail write files encrypted with KMS, so CloudTrail would \
             refuse the key. Have it accept s3:PutObject by cloudtrail.amazonaws.com with \
             s3:x-amz-server-side-encryption aws:kms, and the trail gets its key."
        ))),
    }
}

/// Returns the ARNs of a log file and a digest file ([CloudTrail user guide, log file names] and digest file structure).
///
/// [CloudTrail user guide, log file names]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html
fn written(facts: &Facts, place: &Place) -> [String; 2] {
    let (account, region) = (&place.account, &place.region);
    let folder = folder(&facts.files.prefix);
    let home = format!("arn:{}:s3:::{}/{folder}AWSLogs/{account}", place.partition, facts.files.bucket);
    let (day, name) = (format!("{region}/2026/01/31"), facts.name());
    [
        format!("{home}/CloudTrail/{day}/{account}_CloudTrail_{region}_20260131T2355Z_0123456789abcdef.json.gz"),
        format!(
            "{home}/CloudTrail-Digest/{day}/{account}_CloudTrail-Digest_{region}_{name}_{region}_20260131T235500Z.json.gz"
        ),
    ]
}

/// Returns a prefix as it precedes the next part of a key.
fn folder(prefix: &str) -> String {
    if prefix.is_empty() { String::new() } else { format!("{}/", prefix.trim_end_matches('/')) }
}

#[cfg(test)]
mod tests {
    use super::super::Trail;
    use super::*;
    use crate::documents::selectors::Selectors;
    use crate::families::trail::view::{Logs, TrailResources, TrailState};
    use crate::record::{DeliveryErrors, TrailBucket, TrailFiles};
    use crate::testing::laws::subject;

    fn view(policy: Value, replication: Seen<Vec<ReplicationRule>>) -> View {
        let facts = Facts {
            arn: subject::<Trail>().arn,
            multi_region: true,
            organization: false,
            logging: Seen::Present(true),
            selectors: Seen::Present(Selectors::default()),
            files: TrailFiles { bucket: "b".to_owned(), prefix: "p".to_owned(), key_id: None },
            bucket: TrailBucket::ThisAccount(subject::<Trail>().place.region),
            errors: Some(DeliveryErrors::default()),
        };
        let logs = Logs {
            group_arn: None,
            group: Seen::Absent,
            role_arn: None,
            role: Seen::Absent,
            organization: Seen::NotAsked,
        };
        let trail = TrailState { exists: true, facts, validation: true, key: Seen::Absent, logs, topic: None };
        let managed = TrailResources { bucket_policy: Seen::Present(policy), replication, ..TrailResources::default() };
        View { trail, others: Seen::Present(vec![]), organization: vec![], managed }
    }

    fn judged(view: &View, key: &str) -> String {
        let place = subject::<Trail>().place;
        match encryptable(view, &place, &place.region, key) {
            Ok(()) => "yes".to_owned(),
            Err(Blocked::Advise(advice)) => advice,
            Err(Blocked::Unknown(needs)) => format!("unknown: {needs}"),
        }
    }

    fn policy(more: &[Value]) -> Value {
        let grant = json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/p/AWSLogs/111122223333/*",
            "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}});
        let all = [&[grant], more].concat();
        json!({ "Statement": all })
    }

    fn rule(prefix: &str, takes_encrypted: bool) -> ReplicationRule {
        ReplicationRule { id: format!("to {prefix}"), prefix: prefix.to_owned(), takes_encrypted }
    }

    #[test]
    fn a_key_that_would_end_the_copies_is_not_set() {
        let with = |rules| judged(&view(policy(&[]), rules), "alias");
        assert_eq!(with(Seen::Absent), "yes");
        assert_eq!(with(Seen::Present(vec![rule("", true), rule("elsewhere/", false)])), "yes");
        for prefix in ["", "p", "p/AWSLogs/111122223333/CloudTrail/"] {
            let said = with(Seen::Present(vec![rule("", true), rule(prefix, false)]));
            assert!(said.contains("no further log file would be copied") && said.contains(&format!("to {prefix}")));
        }
        let denied = with(Seen::Unreadable("s3:GetReplicationConfiguration"));
        assert!(denied.starts_with("unknown: ") && denied.contains("GetReplicationConfiguration"), "{denied}");
        let mut keyed = view(policy(&[]), Seen::Present(vec![rule("", false)]));
        keyed.trail.facts.files.key_id = Some("theirs".to_owned());
        assert_eq!(judged(&keyed, "alias"), "yes", "the copies have ended before");
    }

    #[test]
    fn a_new_trail_gets_no_key_where_its_bucket_is_there_and_would_lose_by_it() {
        let with = |bucket, rules| {
            let mut new = view(policy(&[]), rules);
            (new.trail.exists, new.trail.facts.files.prefix) = (false, String::new());
            (new.managed.bucket_policy, new.managed.bucket) = (Seen::NotAsked, bucket);
            judged(&new, "alias")
        };
        let there = || Seen::Present(Seen::Absent);
        assert_eq!((with(Seen::Absent, Seen::NotAsked), with(there(), Seen::Absent)), ("yes".into(), "yes".into()));
        assert!(with(there(), Seen::Present(vec![rule("", false)])).contains("no further log file would be copied"));
        assert!(with(there(), Seen::Unreadable("s3:GetReplicationConfiguration")).starts_with("unknown: "));
        let refusing = json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::b/*", "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}}}});
        let refused = with(Seen::Present(Seen::Present(refusing)), Seen::Absent);
        assert!(refused.contains("CloudTrail would refuse the key"), "{refused}");
    }

    #[test]
    fn a_key_that_the_buckets_policy_refuses_is_not_set() {
        let deny = |condition: Value| {
            json!({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*",
                "Condition": condition})
        };
        let header = "s3:x-amz-server-side-encryption";
        let key = "s3:x-amz-server-side-encryption-aws-kms-key-id";
        let with = |condition| judged(&view(policy(&[deny(condition)]), Seen::Absent), "alias");
        for refusing in [
            json!({"StringNotEquals": {header: "AES256"}}),
            json!({"StringEquals": {header: ["aws:kms", "aws:kms:dsse"]}}),
            json!({"StringNotEquals": {key: "arn:aws:kms:eu-west-1:111122223333:key/1"}}),
            json!({"Null": {key: "false"}}),
        ] {
            assert!(with(refusing.clone()).contains("CloudTrail would refuse the key"), "{refusing}");
        }
        for accepting in [
            json!({"Null": {header: "true"}}),
            json!({"StringNotEquals": {header: ["AES256", "aws:kms"]}}),
            json!({"Bool": {"aws:SecureTransport": "false"}}),
        ] {
            assert_eq!(with(accepting.clone()), "yes", "{accepting}");
        }
        let own = deny(json!({"StringNotEquals": {key: "arn:aws:kms:eu-west-1:111122223333:key/1"}}));
        let own = view(policy(&[own]), Seen::Absent);
        assert_eq!(judged(&own, "arn:aws:kms:eu-west-1:111122223333:key/1"), "yes");
        assert!(with(json!({"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}})).starts_with("unknown: "));
        let only_digests = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": "arn:aws:s3:::b/*/CloudTrail-Digest/*", "Condition": {"StringNotEquals": {header: "AES256"}}});
        let only_digests = view(policy(&[only_digests]), Seen::Absent);
        assert!(judged(&only_digests, "alias").contains("CloudTrail would refuse the key"));
        for part in ["111122223333/CloudTrail/ap-south-1/*", "*/2026/12/*"] {
            let some = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
                "Resource": format!("arn:aws:s3:::b/p/AWSLogs/{part}"), "Condition": {"StringEquals": {header: "aws:kms"}}});
            let some = view(policy(&[some]), Seen::Absent);
            assert!(judged(&some, "alias").contains("CloudTrail would refuse the key"), "{part}");
        }
        let of_members = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": "arn:aws:s3:::b/p/AWSLogs/o-*", "Condition": {"StringEquals": {header: "aws:kms"}}});
        let mut of_members = view(policy(&[of_members]), Seen::Absent);
        assert_eq!(judged(&of_members, "alias"), "yes");
        of_members.trail.facts.organization = true;
        assert!(judged(&of_members, "alias").contains("CloudTrail would refuse the key"));
        let plain_only = json!({"Statement": {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"},
            "Action": "s3:PutObject", "Resource": "*", "Condition": {"StringEquals": {header: "AES256"}}}});
        assert!(judged(&view(plain_only, Seen::Absent), "alias").contains("CloudTrail would refuse the key"));
    }
}
