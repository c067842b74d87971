//! S3 buckets, as far as several families depend on them: public access block and policy size limit. Pure.

pub mod name;
pub mod step;

use crate::documents::policy::Excess;
use crate::model::{Blocked, Seen, Unread};
use serde_json::{Value, json};

/// Public access block of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
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

/// Actions that read a bucket and its files.
const READS: [&str; 3] = ["s3:Get*", "s3:Head*", "s3:List*"];

/// Returns why a bucket of this account that has one of our names is not used, although nothing else is wrong with it:
/// somebody made it before us, and let others in, or has its files deleted.
///
/// Statements for services, and those that let principals of the account read, are no reason.
///
/// # Errors
/// Returns an error if something could not be read.
pub fn stranger(
    name: &str,
    account: &str,
    policy: &Seen<Value>,
    expires: &Seen<bool>,
) -> Result<Option<String>, Blocked> {
    let its = format!("bucket {name}");
    let excess = policy.known_of(&its)?.map(|policy| Excess::of(policy, &json!({}), account, &READS));
    if let Some(excess) = excess.filter(|excess| !excess.is_empty()) {
        return Ok(Some(format!("{its} existed already and is not used: by its policy, {excess}")));
    }
    let expires = expires.known_of(&its)?;
    let expires = *expires.ok_or_else(|| Blocked::Unknown(Unread::NotAsked.of(format_args!("the rules of {its}"))))?;
    Ok(expires.then(|| format!("{its} existed already and is not used: a lifecycle rule deletes its files")))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_that_lets_others_in_or_loses_its_files_is_not_ours() {
        let of = |policy: &Seen<Value>, expires: bool| stranger("b", "111122223333", policy, &Seen::Present(expires));
        let allow = |who: Value, action: &str| {
            Seen::Present(
                json!({"Statement": {"Effect": "Allow", "Principal": who, "Action": action, "Resource": "*"}}),
            )
        };
        assert_eq!(of(&Seen::Absent, false), Ok(None));
        assert_eq!(of(&allow(json!({"Service": "cloudtrail.amazonaws.com"}), "s3:PutObject"), false), Ok(None));
        assert_eq!(of(&allow(json!({"AWS": "arn:aws:iam::111122223333:role/r"}), "s3:GetObject"), false), Ok(None));
        for (who, action) in [
            (json!({"AWS": "999999999999"}), "s3:GetObject"),
            (json!({"AWS": "999999999999"}), "s3:DeleteObject"),
            (json!("*"), "s3:GetObject"),
            (json!({"AWS": "arn:aws:iam::111122223333:role/r"}), "s3:DeleteObject"),
        ] {
            assert!(of(&allow(who.clone(), action), false).is_ok_and(|why| why.is_some()), "{who} {action}");
        }
        assert!(of(&Seen::Absent, true).is_ok_and(|why| why.is_some_and(|it| it.contains("deletes its files"))));
        assert!(of(&Seen::Unreadable("s3:GetBucketPolicy"), false).is_err());
        assert!(stranger("b", "1", &Seen::Absent, &Seen::Unreadable("s3:GetLifecycleConfiguration")).is_err());
    }
}
