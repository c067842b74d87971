//! Calls that create our buckets, or repair what several families depend on in any bucket: policy, encryption, public
//! access block. Pure.

use super::{Blocks, ENFORCED, LARGEST_POLICY};
use crate::documents::policy::{completed, with_statements, without_statements};
use crate::model::{Call, CallError, Place, Property, Region};
use serde_json::{Value, json};
use std::fmt;

/// Error code: "A conflicting conditional operation is currently in progress against this resource. Try again."
pub const ABORTED: &str = "OperationAborted";

/// Call on one bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketStep {
    /// Name of the bucket.
    pub bucket: String,
    /// Region of the bucket.
    pub region: Region,
    /// Call to make.
    pub act: Act,
}

/// Kinds of calls on a bucket.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// `s3:CreateBucket`, without access control lists. S3 makes every new bucket private and encrypts it with SSE-S3.
    Create,
    /// `s3:PutBucketEncryption` with SSE-S3, if the bucket has no default encryption.
    Encrypt,
    /// `s3:PutBucketPolicy` of the document that was read, with statements added, perhaps replacing older statements of
    /// ours.
    PutPolicy {
        /// Current policy.
        read: Option<Value>,
        /// Statements to remove, exactly as they were read.
        removed: Vec<Value>,
        /// Statements to add, in a fixed order.
        added: Vec<Value>,
    },
    /// `s3:PutPublicAccessBlock`.
    Block {
        /// Required settings.
        blocks: Blocks,
        /// Current settings.
        replaces: Option<Blocks>,
    },
}

impl Call for BucketStep {
    fn actions(&self) -> &'static [&'static str] {
        match self.act {
            Act::Create => &["s3:CreateBucket", "s3:PutBucketOwnershipControls"],
            Act::Encrypt => &["s3:PutEncryptionConfiguration"],
            Act::PutPolicy { .. } => &["s3:PutBucketPolicy"],
            Act::Block { .. } => &["s3:PutBucketPublicAccessBlock"],
        }
    }

    /// Returns the rank of the call. The policy comes before the block, since S3 may refuse the policy once the block
    /// is on.
    fn rank(&self) -> u8 {
        match self.act {
            Act::Create => 0,
            Act::Encrypt => 1,
            Act::PutPolicy { .. } => 2,
            Act::Block { .. } => 3,
        }
    }

    fn before(&self) -> Option<Value> {
        match &self.act {
            Act::Create | Act::Encrypt => None,
            Act::PutPolicy { read, .. } => read.clone(),
            Act::Block { replaces, .. } => replaces.map(Blocks::json),
        }
    }

    fn after(&self) -> Value {
        let Self { bucket, region, act } = self;
        match act {
            Act::Create => json!({ "Bucket": bucket, "Region": region.as_str(), "ObjectOwnership": ENFORCED }),
            Act::Encrypt => json!({ "SSEAlgorithm": "AES256" }),
            Act::PutPolicy { read, removed, added } => amended(read.as_ref(), removed, added),
            Act::Block { blocks, .. } => blocks.json(),
        }
    }

    fn property(&self, _: &Place) -> Property {
        let bucket = self.bucket.clone();
        match &self.act {
            Act::Create => Property::Bucket { bucket },
            Act::Encrypt => Property::BucketEncryption { bucket },
            Act::PutPolicy { .. } => Property::BucketPolicy { bucket },
            Act::Block { .. } => Property::BucketPublicAccessBlock { bucket },
        }
    }

    fn retries_on(&self, error: &CallError) -> bool {
        error.code == ABORTED
    }
}

impl BucketStep {
    /// Creates the step that makes this call on this bucket.
    #[must_use]
    pub fn new(bucket: &str, region: &Region, act: Act) -> Self {
        Self { bucket: bucket.to_owned(), region: region.clone(), act }
    }

    /// Merges the additions of another call to the same policy into this one, if S3 accepts the combined size.
    pub fn absorb(&mut self, other: &Self) -> bool {
        let (Act::PutPolicy { read, removed, added }, Act::PutPolicy { read: equal, removed: fewer, added: more }) =
            (&self.act, &other.act)
        else {
            return false;
        };
        let (less, all) = ([removed.as_slice(), fewer].concat(), [added.as_slice(), more].concat());
        let rest = read.as_ref().map(|read| without_statements(read, &less));
        let fits =
            self.bucket == other.bucket && read == equal && completed(rest.as_ref(), &all, LARGEST_POLICY).is_ok();
        if fits {
            self.act = Act::amend_policy(read.clone(), less, all);
        }
        fits
    }
}

impl Act {
    /// Creates a call that adds statements to a policy. They are sorted by their text, so the order is deterministic.
    #[must_use]
    pub fn put_policy(read: Option<Value>, added: Vec<Value>) -> Self {
        Self::amend_policy(read, Vec::new(), added)
    }

    /// Creates a call that replaces statements of a policy with others.
    #[must_use]
    pub fn amend_policy(read: Option<Value>, mut removed: Vec<Value>, mut added: Vec<Value>) -> Self {
        for statements in [&mut removed, &mut added] {
            statements.sort_by_key(Value::to_string);
            statements.dedup();
        }
        Self::PutPolicy { read, removed, added }
    }
}

/// Returns the document with some statements removed and others added.
#[must_use]
pub fn amended(read: Option<&Value>, removed: &[Value], added: &[Value]) -> Value {
    with_statements(read.map(|read| without_statements(read, removed)).as_ref(), added)
}

impl fmt::Display for BucketStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, region, act } = self;
        match act {
            Act::Create => write!(f, "create bucket {bucket} in {region}"),
            Act::Encrypt => write!(f, "set SSE-S3 as the default encryption of bucket {bucket}"),
            Act::PutPolicy { read: _, removed, added } => {
                let sids = |all: &[Value]| {
                    let sids: Vec<&str> = all.iter().filter_map(|it| it.get("Sid")?.as_str()).collect();
                    sids.join(", ")
                };
                match (added.as_slice(), removed.as_slice()) {
                    ([], _) => write!(f, "remove from the policy of bucket {bucket}: {}", sids(removed)),
                    (_, []) => write!(f, "add to the policy of bucket {bucket}: {}", sids(added)),
                    _ => {
                        write!(f, "add to the policy of bucket {bucket}: {} in place of {}", sids(added), sids(removed))
                    }
                }
            }
            Act::Block { blocks, replaces } => {
                let still = blocks.off();
                let off = replaces.unwrap_or(Blocks::NONE).off();
                let on: Vec<&str> = off.into_iter().filter(|name| !still.contains(name)).collect();
                write!(f, "turn on for bucket {bucket}: {}", on.join(", "))
            }
        }
    }
}
