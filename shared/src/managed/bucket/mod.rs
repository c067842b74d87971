//! S3 buckets, as far as several families depend on them: public access block and policy size limit. Pure.

pub mod name;
pub mod step;

use serde_json::{Value, json};

/// Public access block of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "S3 has these four switches")]
pub struct Blocks {
    /// Whether `BlockPublicAcls` is on.
    pub block_acls: bool,
    /// Whether `IgnorePublicAcls` is on.
    pub ignore_acls: bool,
    /// Whether `BlockPublicPolicy` is on.
    pub block_policy: bool,
    /// Whether `RestrictPublicBuckets` is on.
    pub restrict: bool,
}

/// Value of `ObjectOwnership` that disables access control lists.
pub const ENFORCED: &str = "BucketOwnerEnforced";

/// Maximum size of a policy: "Bucket policies are limited to 20 KB in size" ([S3 user guide, bucket policies]).
///
/// [S3 user guide, bucket policies]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
pub const LARGEST_POLICY: usize = 20;

impl Blocks {
    /// Public access block with all settings on.
    pub const ALL: Self = Self { block_acls: true, ignore_acls: true, block_policy: true, restrict: true };
    /// Public access block with all settings off, the same as no public access block.
    pub const NONE: Self = Self { block_acls: false, ignore_acls: false, block_policy: false, restrict: false };

    /// Returns the settings in the form of the API.
    #[must_use]
    pub fn json(self) -> Value {
        let Self { block_acls, ignore_acls, block_policy, restrict } = self;
        json!({ "BlockPublicAcls": block_acls, "IgnorePublicAcls": ignore_acls,
            "BlockPublicPolicy": block_policy, "RestrictPublicBuckets": restrict })
    }

    /// Returns the names of the settings that are off.
    #[must_use]
    pub fn off(self) -> Vec<&'static str> {
        let Self { block_acls, ignore_acls, block_policy, restrict } = self;
        let named = [
            (block_acls, "BlockPublicAcls"),
            (ignore_acls, "IgnorePublicAcls"),
            (block_policy, "BlockPublicPolicy"),
            (restrict, "RestrictPublicBuckets"),
        ];
        named.into_iter().filter(|(on, _)| !on).map(|(_, name)| name).collect()
    }
}
