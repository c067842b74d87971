//! The calls that repair a log bucket, or make the bucket that its access logs go to.

use super::document::is_too_large;
use super::public::is_everybody;
use super::rule::Rule;
use super::uses::is_our_target;
use super::view::{Blocks, Config, Encryption, Logging, Rules, Standing, View};
use crate::error::CallError;
use crate::model::{self, Seen};
use crate::place::Region;
use crate::policy::with_statements;
use serde_json::{Value, json};
use std::fmt;

/// One call, with all its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `s3:CreateBucket` of our bucket for access logs, without access control lists.
    Create {
        /// Its name.
        bucket: String,
        /// Where.
        region: Region,
    },
    /// `s3:PutBucketEncryption` with SSE-S3, where there is none.
    Encrypt {
        /// The bucket.
        bucket: String,
    },
    /// `s3:PutBucketPolicy` of the document that was read with statements added to it.
    PutPolicy {
        /// The bucket.
        bucket: String,
        /// The policy that it has.
        read: Option<Value>,
        /// What is added, in a fixed order.
        added: Vec<Value>,
    },
    /// `s3:PutPublicAccessBlock`.
    BlockPublicAccess {
        /// The bucket.
        bucket: String,
        /// The settings that it must have.
        blocks: Blocks,
        /// Those that it has.
        replaces: Option<Blocks>,
    },
    /// `s3:PutBucketLifecycleConfiguration` of the rules that were read and one of ours.
    AddRule {
        /// The bucket.
        bucket: String,
        /// The rules that it has.
        read: Option<Rules>,
        /// What is added, in a fixed order.
        added: Vec<Rule>,
    },
    /// `s3:PutBucketLogging`.
    Log {
        /// The bucket that is to log.
        bucket: String,
        /// Where and how.
        logging: Logging,
        /// Where and how it logs.
        replaces: Option<Logging>,
    },
}

impl Step {
    /// Adds statements to a policy. Their order is that of their text, so that it does not hang on who asked first.
    pub(super) fn put_policy(bucket: &str, read: Option<Value>, mut added: Vec<Value>) -> Self {
        added.sort_by_key(Value::to_string);
        added.dedup();
        Self::PutPolicy { bucket: bucket.to_owned(), read, added }
    }

    /// The bucket that the call changes.
    #[must_use]
    pub fn bucket(&self) -> &str {
        match self {
            Self::Create { bucket, .. }
            | Self::Encrypt { bucket }
            | Self::PutPolicy { bucket, .. }
            | Self::BlockPublicAccess { bucket, .. }
            | Self::AddRule { bucket, .. }
            | Self::Log { bucket, .. } => bucket,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: Vec<&str>| names.join(", ");
        match self {
            Self::Create { bucket, region } => write!(f, "create bucket {bucket} in {region}"),
            Self::Encrypt { bucket } => write!(f, "set SSE-S3 as the default encryption of bucket {bucket}"),
            Self::PutPolicy { bucket, read: _, added } => {
                let sids = added.iter().filter_map(|it| it.get("Sid")?.as_str()).collect();
                write!(f, "add to the policy of bucket {bucket}: {}", list(sids))
            }
            Self::BlockPublicAccess { bucket, blocks, replaces } => {
                let off = replaces.unwrap_or(Blocks::NONE).off();
                let still = blocks.off();
                let on = off.into_iter().filter(|name| !still.contains(name)).collect();
                write!(f, "switch on for bucket {bucket}: {}", list(on))
            }
            Self::AddRule { bucket, read: _, added } => {
                let ids = added.iter().map(|rule| rule.id.as_str()).collect();
                write!(f, "add to the lifecycle of bucket {bucket}: {}", list(ids))
            }
            Self::Log { bucket, logging, replaces: None } => {
                write!(f, "log access to bucket {bucket} into {}/{}", logging.target, logging.prefix)
            }
            Self::Log { bucket, logging, replaces: Some(old) } => {
                write!(f, "log access to bucket {bucket} into {}/{} ", logging.target, logging.prefix)?;
                write!(f, "in place of {}/{}", old.target, old.prefix)
            }
        }
    }
}

impl model::Step for Step {
    type View = View;

    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::Create { .. } => &["s3:CreateBucket", "s3:PutBucketOwnershipControls"],
            Self::Encrypt { .. } => &["s3:PutEncryptionConfiguration"],
            Self::PutPolicy { .. } => &["s3:PutBucketPolicy"],
            Self::BlockPublicAccess { .. } => &["s3:PutBucketPublicAccessBlock"],
            Self::AddRule { .. } => &["s3:PutLifecycleConfiguration"],
            Self::Log { .. } => &["s3:PutBucketLogging"],
        }
    }

    /// A policy comes before the block, under which S3 may refuse it; the target is ready before anything is sent there.
    fn rank(&self) -> u8 {
        match self {
            Self::Create { .. } => 0,
            Self::Encrypt { .. } => 1,
            Self::PutPolicy { .. } => 2,
            Self::BlockPublicAccess { .. } => 3,
            Self::AddRule { .. } => 4,
            Self::Log { .. } => 5,
        }
    }

    fn effect(&self, view: &mut View) {
        match self {
            Self::Create { bucket, region } => {
                let new = || Standing::Ours(Box::new(Config::new(region.clone())));
                if !matches!(view.buckets.get(bucket), Some(Standing::Ours(_))) {
                    view.buckets.insert(bucket.clone(), new());
                }
            }
            Self::Encrypt { bucket } => view.change(bucket, |it| it.encryption = Seen::Present(Encryption::S3)),
            Self::PutPolicy { bucket, read, added } => {
                view.change(bucket, |it| it.policy = Seen::Present(with_statements(read.as_ref(), added)));
            }
            Self::BlockPublicAccess { bucket, blocks, replaces: _ } => view.change(bucket, |it| {
                it.blocks = Seen::Present(*blocks);
                // GetBucketAcl tells what S3 heeds, not what is stored.
                if let (true, Seen::Present(grants)) = (blocks.ignore_acls, &mut it.grants) {
                    grants.retain(|grant| !is_everybody(&grant.grantee));
                }
            }),
            Self::AddRule { bucket, read, added } => view.change(bucket, |it| {
                let mut rules = read.clone().unwrap_or(Rules { rules: Vec::new(), minimum_size: None });
                rules.rules.extend(added.iter().map(Rule::json));
                it.rules = Seen::Present(rules);
            }),
            Self::Log { bucket, logging, replaces: _ } => {
                view.change(bucket, |it| it.logging = Seen::Present(logging.clone()));
            }
        }
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::Create { .. } | Self::Encrypt { .. } => None,
            Self::PutPolicy { read, .. } => read.clone(),
            Self::BlockPublicAccess { replaces, .. } => replaces.map(Blocks::json),
            Self::AddRule { read, .. } => read.as_ref().map(Rules::json),
            Self::Log { replaces, .. } => replaces.as_ref().map(Logging::json),
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::Create { bucket, region } => {
                json!({ "Bucket": bucket, "Region": region.as_str(), "ObjectOwnership": super::view::ENFORCED })
            }
            Self::Encrypt { .. } => json!({ "SSEAlgorithm": "AES256" }),
            Self::PutPolicy { read, added, .. } => with_statements(read.as_ref(), added),
            Self::BlockPublicAccess { blocks, .. } => blocks.json(),
            Self::AddRule { added, .. } => added.iter().map(Rule::json).collect(),
            Self::Log { logging, .. } => logging.json(),
        }
    }

    fn undo(&self) -> String {
        const BEFORE: &str = "(the document before, in this report)";
        match self {
            Self::Create { bucket, .. } => {
                format!("aws s3api delete-bucket --bucket {bucket} (once no bucket logs into it, and it is empty)")
            }
            Self::Encrypt { bucket } => format!("aws s3api delete-bucket-encryption --bucket {bucket}"),
            Self::PutPolicy { bucket, read: None, .. } => format!("aws s3api delete-bucket-policy --bucket {bucket}"),
            Self::PutPolicy { bucket, .. } => {
                format!("aws s3api put-bucket-policy --bucket {bucket} --policy {BEFORE}")
            }
            Self::BlockPublicAccess { bucket, replaces: None, .. } => {
                format!("aws s3api delete-public-access-block --bucket {bucket}")
            }
            Self::BlockPublicAccess { bucket, replaces: Some(old), .. } => format!(
                "aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration '{}'",
                old.json()
            ),
            Self::AddRule { bucket, read: None, .. } => format!("aws s3api delete-bucket-lifecycle --bucket {bucket}"),
            Self::AddRule { bucket, .. } => format!(
                "aws s3api put-bucket-lifecycle-configuration --bucket {bucket} --lifecycle-configuration {BEFORE}"
            ),
            Self::Log { bucket, replaces, .. } => format!(
                "aws s3api put-bucket-logging --bucket {bucket} --bucket-logging-status '{}'",
                replaces.as_ref().map_or_else(|| json!({}), Logging::json)
            ),
        }
    }

    fn absorb(&mut self, other: &Self) -> bool {
        let (Self::PutPolicy { bucket, read, added }, Self::PutPolicy { bucket: same, read: equal, added: more }) =
            (&*self, other)
        else {
            return false;
        };
        let all = Self::put_policy(bucket, read.clone(), [added.as_slice(), more].concat());
        let fits = bucket == same && read == equal && !is_too_large(&model::Step::after(&all));
        if fits {
            *self = all;
        }
        fits
    }

    fn passes(&self, error: &CallError) -> bool {
        // A bucket that was made a moment ago is not known everywhere yet; only ours was.
        let unknown = error.code == "NoSuchBucket" && (is_our_target(self.bucket()) || self.logs_into_ours());
        // "A conflicting conditional operation is currently in progress against this resource. Try again."
        unknown || error.code == "OperationAborted"
    }
}

impl Step {
    fn logs_into_ours(&self) -> bool {
        matches!(self, Self::Log { logging, .. } if is_our_target(&logging.target))
    }
}

impl View {
    fn change(&mut self, bucket: &str, change: impl FnOnce(&mut Config)) {
        if let Some(Standing::Ours(config)) = self.buckets.get_mut(bucket) {
            change(config);
        }
    }
}
