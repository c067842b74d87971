//! What is read of one log bucket, and of the bucket that its access logs go to.

use super::step::Step;
use super::uses::Uses;
use crate::managed::bucket::{Blocks, ENFORCED};
use crate::model::{Blocked, Region, Remedy, Seen, Subject, Unread, Verdict};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One bucket, what it is used for, and the buckets that it leans on.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// What it is used for.
    pub uses: Uses,
    /// The bucket itself, the target of its access logs and the target of ours, by name. One that is missing was not
    /// looked at, since nothing depended on it.
    pub buckets: BTreeMap<String, Ownership>,
}

/// How we stand to a bucket.
#[derive(Debug, Clone, PartialEq)]
pub enum Ownership {
    /// It is in this account.
    ThisAccount(Box<BucketConfig>),
    /// It belongs to another account.
    OtherAccount,
    /// We may neither look at it nor list the account's own, so whose it is cannot be told.
    Closed,
    /// There is none of that name.
    Gone,
}

/// The configuration of a bucket. What no control in force asks for was not read.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketConfig {
    /// Where it is.
    pub region: Region,
    /// Its policy.
    pub policy: Seen<Value>,
    /// What its access control list grants, as far as S3 heeds it.
    pub grants: Seen<Vec<Grant>>,
    /// `ObjectOwnership`.
    pub ownership: Seen<String>,
    /// Its public access block.
    pub blocks: Seen<Blocks>,
    /// Whether it is a website.
    pub website: Seen<()>,
    /// Its default encryption.
    pub encryption: Seen<Encryption>,
    /// Where its server access logs go.
    pub logging: Seen<Logging>,
    /// Its lifecycle rules.
    pub rules: Seen<Rules>,
    /// Whether deleting for good needs a second factor.
    pub mfa_delete: Seen<bool>,
    /// Whether it has Object Lock.
    pub object_lock: Seen<()>,
    /// Whether those who ask for objects pay.
    pub requester_pays: Seen<bool>,
    /// Whom it tells of what happens in it.
    pub notifications: Seen<Notifications>,
}

/// One grant of an access control list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The URI of a group, or the id of an account.
    pub grantee: String,
    /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP`, `FULL_CONTROL`.
    pub permission: String,
}

/// How new objects are encrypted when the writer does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// SSE-S3.
    S3,
    /// SSE-KMS, single or double.
    Kms,
}

/// Server access logging that is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// The bucket that receives the logs.
    pub target: String,
    /// What their keys begin with.
    pub prefix: String,
    /// `PartitionDateSource`, where keys are partitioned by date.
    pub partitioned: Option<String>,
    /// Whether grants on the log objects are asked for.
    pub grants: bool,
}

/// The lifecycle of a bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// The rules in the form of the API.
    pub rules: Vec<Value>,
    /// `TransitionDefaultMinimumObjectSize`.
    pub minimum_size: Option<String>,
}

/// Whom a bucket tells of what happens in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Notifications {
    /// The topics, queues and functions, in the form of the API.
    pub others: Value,
    /// Whether it tells `EventBridge`, of everything.
    pub event_bridge: bool,
}

/// What keeps a bucket from being judged to the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Missing {
    /// A part of the bucket that is judged, which is not known.
    Part(Unread),
    /// A look at another bucket, which nobody had yet.
    Look(String),
    /// Anything else.
    Blocked(Blocked),
}

impl Missing {
    /// Returns the verdict on what is wrong with a bucket, when this is all that can be done about it.
    pub(super) fn verdict(self, judged: &str, because: String) -> Verdict<Step> {
        let unread = |unread: Unread, bucket: &str| Blocked::Unknown(unread.of(format_args!("bucket {bucket}")));
        let blocked = match self {
            Self::Part(why) => unread(why, judged),
            Self::Look(bucket) => unread(Unread::NotAsked, &bucket),
            Self::Blocked(blocked) => blocked,
        };
        blocked.verdict(because)
    }

    /// Returns what is missing to tell, in words.
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

/// Returns the violation that these steps put right, or that a person has to where we must not.
///
/// # Errors
/// What is missing to tell.
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
    /// Whether the bucket is one that logs lie in.
    #[must_use]
    pub fn is_log_bucket(&self, name: &str) -> bool {
        self.uses.receives_trail() || self.uses.receives_access_logs(name)
    }

    /// A bucket of this account that was read.
    #[must_use]
    pub fn bucket(&self, name: &str) -> Option<&BucketConfig> {
        match self.buckets.get(name) {
            Some(Ownership::ThisAccount(config)) => Some(config),
            _ => None,
        }
    }

    /// Judges the bucket if it is a log bucket of ours that is there; the other cases are the same for all controls.
    pub(super) fn as_log_bucket(
        &self,
        subject: &Subject,
        judge: impl FnOnce(&BucketConfig) -> Result<Verdict<Step>, Missing>,
    ) -> Verdict<Step> {
        self.try_log_bucket(subject, judge).unwrap_or_else(|missing| missing.verdict(&subject.id, String::new()))
    }

    /// The same of a bucket for access logs that is ours to keep.
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

    /// The same, with what is missing for a verdict.
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
    /// A bucket as S3 makes it since April 2023: no ACLs, nothing public, SSE-S3.
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
            logging: Seen::Absent,
            rules: Seen::Absent,
            mfa_delete: Seen::Present(false),
            object_lock: Seen::Absent,
            requester_pays: Seen::Present(false),
            notifications: Seen::Present(Notifications { others: json!({}), event_bridge: false }),
        }
    }
}

impl Notifications {
    /// In the form of the API.
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
    /// In the form of the API.
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
