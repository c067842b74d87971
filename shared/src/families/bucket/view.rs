//! View of one log bucket, and of the bucket that its access logs go to.

use super::step::Step;
use super::uses::Uses;
use crate::managed::bucket::{Blocks, ENFORCED};
use crate::model::{Blocked, Region, Remedy, Seen, Subject, Unread, Verdict};
use crate::settings::Settings;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Bucket, its uses, and the buckets that it depends on.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct View {
    /// Uses of the bucket.
    pub uses: Uses,
    /// Buckets by name: the bucket itself, the target of its access logs and our own target. A missing one was not
    /// read, since nothing depended on it.
    pub buckets: BTreeMap<String, Ownership>,
}

/// Ownership of a bucket.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ownership {
    /// The bucket is in this account.
    ThisAccount(Box<BucketConfig>),
    /// The bucket belongs to another account.
    OtherAccount,
    /// The owner is unknown, since we may neither access the bucket nor list the account's own.
    Closed,
    /// There is no bucket with this name.
    Gone,
}

/// Configuration of a bucket. Parts that no active control needs were not read.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct BucketConfig {
    /// Region of the bucket.
    pub region: Region,
    /// Bucket policy.
    pub policy: Seen<Value>,
    /// Grants of the access control list to others than the owner, as far as S3 honours them.
    pub grants: Seen<Vec<Grant>>,
    /// Object ownership, from `ObjectOwnership`.
    pub ownership: Seen<String>,
    /// Public access block.
    pub blocks: Seen<Blocks>,
    /// Whether the bucket is a website.
    pub website: Seen<()>,
    /// Default encryption.
    pub encryption: Seen<Encryption>,
    /// Key of the default encryption, if it is one of this account; absent if it is gone, or there is none.
    pub default_key: Seen<DefaultKey>,
    /// Server access logging.
    pub logging: Seen<Logging>,
    /// Lifecycle rules.
    pub rules: Seen<Rules>,
    /// Whether permanent deletion requires MFA.
    pub mfa_delete: Seen<bool>,
    /// Whether the bucket keeps versions that are no longer current: versioning is on, or was once.
    pub keeps_versions: Seen<bool>,
    /// Whether Object Lock is enabled.
    pub object_lock: Seen<()>,
    /// Whether requesters pay.
    pub requester_pays: Seen<bool>,
    /// Notification configuration.
    pub notifications: Seen<Notifications>,
    /// Buckets that new files are replicated to.
    pub replicas: Seen<Vec<Replica>>,
    /// First keys of the objects under each prefix that access logs of a source go to; under the empty prefix, of the whole
    /// bucket.
    pub keys: Seen<BTreeMap<String, Vec<String>>>,
}

/// Grant of an access control list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Grant {
    /// URI of a group, or id of an account.
    pub grantee: String,
    /// Permission: `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP`, `FULL_CONTROL`.
    pub permission: String,
}

/// Key of this account with which new objects are encrypted by default.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct DefaultKey {
    /// ARN of the key.
    pub arn: String,
    /// Whether the key can be used.
    pub enabled: bool,
    /// Whether the key is customer managed.
    pub customers: bool,
    /// Key policy.
    pub policy: Seen<Value>,
}

/// Bucket that files are replicated to by a rule that is enabled.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Replica {
    /// Name of the bucket.
    pub bucket: String,
    /// Owner of the bucket.
    pub owner: ReplicaOwner,
}

/// Owner of a bucket that files are replicated to.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplicaOwner {
    /// The account itself.
    ThisAccount,
    /// Another account; its id, if the rule says that it owns the replicas.
    OtherAccount(Option<String>),
    /// It cannot be determined whose the bucket is.
    Unknown,
}

/// Default encryption of new objects.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// Server-side encryption with SSE-S3.
    S3,
    /// Server-side encryption with SSE-KMS, single or dual layer.
    Kms {
        /// Key as the bucket names it: its ARN, id or alias; `None` for the AWS managed key of S3.
        key: Option<String>,
    },
}

/// Server access logging configuration.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Logging {
    /// Name of the bucket that receives the logs.
    pub target: String,
    /// Key prefix of the logs.
    pub prefix: String,
    /// Date source of partitioned keys, from `PartitionDateSource`.
    pub partitioned: Option<String>,
    /// Whether grants on the log objects are configured.
    pub grants: bool,
}

/// Lifecycle configuration of a bucket.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Rules {
    /// Rules in the form of the API.
    pub rules: Vec<Value>,
    /// Minimum object size for transitions, from `TransitionDefaultMinimumObjectSize`.
    pub minimum_size: Option<String>,
}

/// Notification configuration of a bucket.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Notifications {
    /// Topics, queues and functions, in the form of the API.
    pub others: Value,
    /// Whether all events go to `EventBridge`.
    pub event_bridge: bool,
}

/// Reason why a bucket cannot be judged completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// A part of the judged bucket is not known.
    Part(Unread),
    /// Another bucket must be read first.
    Look(String),
    /// Any other reason.
    Blocked(Blocked),
}

impl Missing {
    /// Returns the verdict on a violation if this is all that can be done about it.
    pub(super) fn verdict(self, judged: &str, because: String) -> Verdict<Step> {
        let unread = |unread: Unread, bucket: &str| Blocked::Unknown(unread.of(format_args!("bucket {bucket}")));
        let blocked = match self {
            Self::Part(why) => unread(why, judged),
            Self::Look(bucket) => unread(Unread::NotAsked, &bucket),
            Self::Blocked(blocked) => blocked,
        };
        blocked.verdict(because)
    }

    /// Creates a reason from a description of what is missing.
    pub(super) fn other(needs: String) -> Self {
        Self::Blocked(Blocked::Unknown(needs))
    }
}

impl From<Unread> for Missing {
    fn from(unread: Unread) -> Self {
        Self::Part(unread)
    }
}

impl From<Blocked> for Missing {
    fn from(blocked: Blocked) -> Self {
        Self::Blocked(blocked)
    }
}

/// Returns the violation that these steps fix, or that a person must fix if we must not.
///
/// # Errors
/// Returns an error if something is missing for a verdict.
pub(super) fn remedied(
    because: String,
    steps: Result<Vec<Step>, impl Into<Missing>>,
) -> Result<Verdict<Step>, Missing> {
    match steps.map_err(Into::into) {
        Ok(steps) => Ok(Verdict::Violation { because, remedy: Remedy::Fix(steps) }),
        Err(Missing::Blocked(Blocked::Advise(advice))) => {
            Ok(Verdict::Violation { because, remedy: Remedy::Advise(advice) })
        }
        Err(missing) => Err(missing),
    }
}

impl View {
    /// Returns whether the bucket contains logs.
    #[must_use]
    pub fn is_log_bucket(&self, name: &str) -> bool {
        self.uses.receives_trail() || self.uses.receives_access_logs(name)
    }

    /// Returns whether the id of the account's organization matters to the bucket: an organization trail delivers to it,
    /// or its policy has conditions on an organization.
    #[must_use]
    pub fn needs_organization(&self, name: &str) -> bool {
        let policy = self.bucket(name).and_then(|config| config.policy.present());
        let asks = |policy: &Value| {
            let text = policy.to_string().to_ascii_lowercase();
            ["orgid", "orgpaths"].iter().any(|key| text.contains(key))
        };
        self.uses.trails.iter().any(|trail| trail.organization) || policy.is_some_and(asks)
    }

    /// Returns the id of the account's organization: by the settings, or else as AWS says.
    ///
    /// # Errors
    /// Returns an error if it may not be read.
    pub(super) fn organization<'a>(&'a self, settings: &'a Settings) -> Result<Option<&'a str>, Unread> {
        match &settings.organization {
            Some(organization) => Ok(Some(&organization.id)),
            None => self.uses.organization.known().map(|id| id.map(String::as_str)),
        }
    }

    /// Returns the advice for a bucket that access logs go to only because the configuration of a log bucket says so.
    /// That is no reason to change what the bucket serves.
    pub(super) fn left_as_it_is(&self, name: &str) -> Option<String> {
        let sources: Vec<&str> = self.uses.sources.iter().map(|source| source.bucket.as_str()).collect();
        self.uses.is_chosen_target(name).then(|| {
            format!(
                "Log access to {} into a bucket of its own, or name this one in TRAILKEEPER_ACCESS_TARGETS. Until then \
                 Trailkeeper only allows S3's log writer here, since the bucket may serve anything else.",
                sources.join(", ")
            )
        })
    }

    /// Returns a bucket of this account that was read.
    #[must_use]
    pub fn bucket(&self, name: &str) -> Option<&BucketConfig> {
        match self.buckets.get(name) {
            Some(Ownership::ThisAccount(config)) => Some(config),
            _ => None,
        }
    }

    /// Judges the bucket if it is an existing log bucket of ours; all controls treat the other cases alike.
    pub(super) fn as_log_bucket(
        &self,
        subject: &Subject,
        judge: impl FnOnce(&BucketConfig) -> Result<Verdict<Step>, Missing>,
    ) -> Verdict<Step> {
        self.try_log_bucket(subject, judge).unwrap_or_else(|missing| missing.verdict(&subject.id, String::new()))
    }

    /// Judges the bucket if it is a target of access logs that we manage.
    pub(super) fn as_kept_target(
        &self,
        subject: &Subject,
        judge: impl FnOnce(&BucketConfig) -> Result<Verdict<Step>, Missing>,
    ) -> Verdict<Step> {
        self.as_log_bucket(subject, |bucket| {
            if self.uses.is_kept(&subject.id) {
                return judge(bucket);
            }
            let because =
                "it is not Trailkeeper's bucket for access logs, and TRAILKEEPER_ACCESS_TARGETS does not name it";
            Ok(Verdict::NotApplicable { because: because.to_owned() })
        })
    }

    /// Judges the bucket if it is an existing log bucket of ours; the judgement may lack something for a verdict.
    pub(super) fn try_log_bucket(
        &self,
        subject: &Subject,
        judge: impl FnOnce(&BucketConfig) -> Result<Verdict<Step>, Missing>,
    ) -> Result<Verdict<Step>, Missing> {
        let name = &subject.id;
        let not_applicable = |because: &str| Ok(Verdict::NotApplicable { because: because.to_owned() });
        if !self.is_log_bucket(name) {
            return match self.uses.missing() {
                Some(missing) => {
                    Err(Missing::other(format!("{missing}, so it is not known whether it is a log bucket")))
                }
                None => not_applicable("no trail and no Config channel delivers to it, and no log bucket logs into it"),
            };
        }
        match self.buckets.get(name) {
            None => Err(Missing::Look(name.clone())),
            Some(Ownership::Gone) => not_applicable("there is no such bucket"),
            Some(Ownership::OtherAccount) => {
                not_applicable("the bucket belongs to another account, which has to check it")
            }
            Some(Ownership::Closed) => {
                Err(Missing::other(format!("bucket {name} belongs to another account, or s3:ListBucket was denied")))
            }
            Some(Ownership::ThisAccount(config)) if config.region != subject.place.region => {
                Err(Missing::other(format!("bucket {name} is in {}, not where the call was made", config.region)))
            }
            Some(Ownership::ThisAccount(config)) => judge(config),
        }
    }
}

impl BucketConfig {
    /// Returns a bucket as S3 has created it since April 2023: no ACLs, nothing public, SSE-S3.
    #[must_use]
    pub fn new(region: Region) -> Self {
        Self {
            region,
            policy: Seen::Absent,
            grants: Seen::Present(Vec::new()),
            ownership: Seen::Present(ENFORCED.to_owned()),
            blocks: Seen::Present(Blocks::ALL),
            website: Seen::Absent,
            encryption: Seen::Present(Encryption::S3),
            default_key: Seen::Absent,
            logging: Seen::Absent,
            rules: Seen::Absent,
            mfa_delete: Seen::Present(false),
            keeps_versions: Seen::Present(false),
            object_lock: Seen::Absent,
            requester_pays: Seen::Present(false),
            notifications: Seen::Present(Notifications { others: json!({}), event_bridge: false }),
            replicas: Seen::Absent,
            keys: Seen::Present(BTreeMap::new()),
        }
    }
}

impl Notifications {
    /// Returns the notification configuration in the form of the API.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut whole = self.others.clone();
        if let (true, Some(map)) = (self.event_bridge, whole.as_object_mut()) {
            map.insert("EventBridgeConfiguration".to_owned(), json!({}));
        }
        whole
    }
}

impl Logging {
    /// Returns the logging configuration in the form of the API.
    #[must_use]
    pub fn json(&self) -> Value {
        let Self { target, prefix, partitioned, grants: _ } = self;
        let mut enabled = json!({ "TargetBucket": target, "TargetPrefix": prefix });
        if let (Some(source), Some(map)) = (partitioned, enabled.as_object_mut()) {
            let format = json!({ "PartitionedPrefix": { "PartitionDateSource": source } });
            map.insert("TargetObjectKeyFormat".to_owned(), format);
        }
        json!({ "LoggingEnabled": enabled })
    }
}
