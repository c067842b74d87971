//! What calls to S3 set on a bucket.

use super::{Change, Fact, Leaves, Made, Matters, Of, items, truth};
use serde_json::Value;
use trailkeeper::families::bucket::written::{denies_http, is_everybody, is_public};
use trailkeeper::managed::bucket::name::is_bucket_name;

const DELIVERY: &str = "log-bucket-delivery";
const PUBLIC: &str = "log-bucket-public-access";
const HTTPS: &str = "log-bucket-https-only";

/// The four blocks of public access.
const BLOCKS: [&str; 4] = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];

/// Number of days that log files must be kept, as `TRAILKEEPER_LOG_FILE_DAYS` has it if it is not set.
const KEPT: f64 = 365.0;

pub(super) fn changes(made: &Made<'_>) -> Vec<Change> {
    let Some(name) = made.text("bucketName").filter(|name| is_bucket_name(name)) else { return Vec::new() };
    let bucket = Of { resource: format!("arn:{}:s3:::{name}", made.partition()), matters: Matters::LogBucket };
    let less = |control, part, what| vec![bucket.change(control, part, Leaves::Less(what))];
    let right = |control, part| vec![bucket.change(control, part, Leaves::Right)];
    match made.call.name.as_str() {
        "CreateBucket" => right(DELIVERY, "bucket"),
        "DeleteBucket" => less(DELIVERY, "bucket", "deletes a log bucket"),
        "PutBucketPolicy" => policy(made, &bucket),
        "DeleteBucketPolicy" => vec![
            bucket.change(DELIVERY, "policy", Leaves::Less("deletes the policy of a log bucket")),
            bucket.change(HTTPS, "policy", Leaves::WrongToo),
            bucket.change(PUBLIC, "policy", Leaves::Right),
        ],
        "PutBucketPublicAccessBlock" => {
            let blocks = made.asked(&["PublicAccessBlockConfiguration"]).filter(|it| it.is_object());
            let all = blocks.map(|it| BLOCKS.iter().all(|block| it.get(block).and_then(truth) == Some(true)));
            let what = "takes a block of public access from a log bucket";
            all.map(|all| bucket.either(PUBLIC, "blocks", all, what)).into_iter().collect()
        }
        "DeleteBucketPublicAccessBlock" => {
            less(PUBLIC, "blocks", "takes the blocks of public access from a log bucket")
        }
        "PutBucketAcl" => acl(made)
            .map(|open| bucket.either(PUBLIC, "ACL", !open, "opens a log bucket by its ACL"))
            .into_iter()
            .collect(),
        "PutBucketEncryption" => right("log-bucket-encryption", "encryption"),
        "DeleteBucketEncryption" => {
            less("log-bucket-encryption", "encryption", "resets the encryption of a log bucket")
        }
        "PutBucketLogging" => {
            let on = made.asked(&["BucketLoggingStatus", "LoggingEnabled"]).is_some_and(Value::is_object);
            let told = made.asked(&["BucketLoggingStatus"]).is_some();
            let what = "ends the logging of access to a log bucket";
            told.then(|| bucket.either("log-bucket-access-logging", "logging", on, what)).into_iter().collect()
        }
        "PutBucketVersioning" => match made.call.request.text_in("VersioningConfiguration", "Status") {
            Some("Suspended") => less(DELIVERY, "versioning", "suspends the versions of a log bucket"),
            Some("Enabled") => right(DELIVERY, "versioning"),
            _ => Vec::new(),
        },
        "PutBucketReplication" => right(DELIVERY, "replication"),
        "DeleteBucketReplication" => less(DELIVERY, "replication", "ends the copies of a log bucket"),
        "PutBucketLifecycle" => {
            let early = deletes_early(made);
            let what = "has log files deleted early";
            vec![bucket.either("log-bucket-retention", "lifecycle", !early, what)]
        }
        "DeleteBucketLifecycle" => right("log-bucket-retention", "lifecycle"),
        _ => Vec::new(),
    }
}

/// Returns what a new policy sets. Whether it takes the denial of plain HTTP away, only the policy before it says.
fn policy(made: &Made<'_>, bucket: &Of) -> Vec<Change> {
    let text = |value: &Value| value.as_str().and_then(|text| serde_json::from_str(text).ok());
    let policy = match made.asked(&["bucketPolicy"]) {
        Some(policy) if policy.is_object() => policy.clone(),
        Some(other) => text(other).unwrap_or(Value::Null),
        None => Value::Null,
    };
    if !policy.is_object() {
        return Vec::new();
    }
    let denies = denies_http(&policy, &bucket.resource);
    vec![
        bucket.change(DELIVERY, "policy", Leaves::Right),
        bucket.change(HTTPS, "policy", if denies { Leaves::Right } else { Leaves::Wrong }),
        bucket.either(PUBLIC, "policy", !is_public(&policy), "opens a log bucket to everybody by its policy"),
    ]
}

/// Returns whether an access control list opens the bucket, or `None` if the record does not have it.
fn acl(made: &Made<'_>) -> Option<bool> {
    let canned: Vec<&str> = items(made.asked(&["x-amz-acl"])).into_iter().filter_map(Value::as_str).collect();
    let list = made.asked(&["AccessControlPolicy", "AccessControlList", "Grant"]);
    let headers = ["x-amz-grant-read", "x-amz-grant-write", "x-amz-grant-full-control", "x-amz-grant-write-acp"];
    let granted: Vec<&str> =
        headers.iter().flat_map(|name| items(made.asked(&[name]))).filter_map(Value::as_str).collect();
    if canned.is_empty() && list.is_none() && granted.is_empty() {
        return None;
    }
    let by_list = items(list)
        .into_iter()
        .any(|grant| grant.pointer("/Grantee/URI").and_then(Value::as_str).is_some_and(is_everybody));
    let by_name = canned.iter().any(|acl| acl.starts_with("public-") || *acl == "authenticated-read");
    let by_header = granted.iter().any(|to| to.contains("/groups/global/"));
    Some(by_list || by_name || by_header)
}

/// Returns whether an enabled rule deletes files before their time.
fn deletes_early(made: &Made<'_>) -> bool {
    let rules = items(made.asked(&["LifecycleConfiguration", "Rule"]));
    let days = |rule: &Value, path: &str| {
        let value = rule.pointer(path)?;
        value.as_f64().or_else(|| value.as_str()?.parse().ok())
    };
    rules.into_iter().filter(|rule| rule.get("Status").and_then(Value::as_str) == Some("Enabled")).any(|rule| {
        ["/Expiration/Days", "/NoncurrentVersionExpiration/NoncurrentDays"]
            .iter()
            .any(|path| days(rule, path).is_some_and(|days| days < KEPT))
            || rule.pointer("/Expiration/Date").is_some()
    })
}

/// Returns which bucket holds logs: the one that a service asks about which delivers there, and the target of access logs.
pub(super) fn facts(made: &Made<'_>) -> Vec<Fact> {
    let Some(name) = made.text("bucketName").filter(|name| is_bucket_name(name)) else { return Vec::new() };
    match made.call.name.as_str() {
        "GetBucketAcl" => vec![Fact::LogBucket(name.to_owned())],
        "PutBucketLogging" => {
            let target = made.asked(&["BucketLoggingStatus", "LoggingEnabled", "TargetBucket"]);
            let target = target.and_then(Value::as_str).filter(|target| is_bucket_name(target));
            target.map(|target| Fact::AccessLogs(name.to_owned(), target.to_owned())).into_iter().collect()
        }
        _ => Vec::new(),
    }
}
