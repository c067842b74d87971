//! The reads of one bucket.

use super::super::parts::Part;
use super::super::view::{Blocks, Config, Encryption, Grant, Logging, Rules};
use super::rules;
use crate::aws::call;
use crate::error::CallError;
use crate::model::Seen;
use crate::place::Region;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::{MfaDeleteStatus, Payer, ServerSideEncryption};
use serde_json::Value;

/// One bucket, reached through its own region as its owner.
pub(super) struct At<'a> {
    pub(super) client: Client,
    pub(super) account: &'a str,
    pub(super) name: &'a str,
}

/// A request about the bucket, which only its owner's bucket may answer.
macro_rules! ask {
    ($at:ident, $action:literal, $operation:ident) => {{
        let sent = $at.client.$operation().bucket($at.name).expected_bucket_owner($at.account).send();
        Seen::from_call(call($action, Box::pin(sent)).await)
    }};
}

impl At<'_> {
    /// Reads these parts, all at once.
    pub(super) async fn read(&self, region: Region, parts: &[Part]) -> Result<Config, CallError> {
        let wants = |part| parts.contains(&part);
        let (policy, grants, ownership, blocks, website, encryption) = tokio::try_join!(
            unless(!wants(Part::Policy), "s3:GetBucketPolicy", self.policy()),
            unless(!wants(Part::Grants), "s3:GetBucketAcl", self.grants()),
            unless(!wants(Part::Ownership), "s3:GetBucketOwnershipControls", self.ownership()),
            unless(!wants(Part::Blocks), "s3:GetBucketPublicAccessBlock", self.blocks()),
            unless(!wants(Part::Website), "s3:GetBucketWebsite", self.website()),
            unless(!wants(Part::Encryption), "s3:GetEncryptionConfiguration", self.encryption()),
        )?;
        let (logging, rules, mfa_delete, object_lock, requester_pays) = tokio::try_join!(
            unless(!wants(Part::Logging), "s3:GetBucketLogging", self.logging()),
            unless(!wants(Part::Rules), "s3:GetLifecycleConfiguration", self.rules()),
            unless(!wants(Part::Versioning), "s3:GetBucketVersioning", self.mfa_delete()),
            unless(!wants(Part::ObjectLock), "s3:GetBucketObjectLockConfiguration", self.object_lock()),
            unless(!wants(Part::RequestPayment), "s3:GetBucketRequestPayment", self.requester_pays()),
        )?;
        Ok(Config {
            region,
            policy,
            grants,
            ownership,
            blocks,
            website,
            encryption,
            logging,
            rules,
            mfa_delete,
            object_lock,
            requester_pays,
        })
    }

    /// The policy. What is no JSON is not understood, and not taken for nothing.
    pub(super) async fn policy(&self) -> Result<Seen<Value>, CallError> {
        Ok(match ask!(self, "s3:GetBucketPolicy", get_bucket_policy)? {
            Seen::Present(answer) => match answer.policy().map(serde_json::from_str) {
                Some(Ok(policy)) => Seen::Present(policy),
                Some(Err(_)) => Seen::Unreadable("s3:GetBucketPolicy"),
                None => Seen::Absent,
            },
            Seen::Absent => Seen::Absent,
            Seen::Unreadable(action) => Seen::Unreadable(action),
        })
    }

    async fn grants(&self) -> Result<Seen<Vec<Grant>>, CallError> {
        let answer = ask!(self, "s3:GetBucketAcl", get_bucket_acl)?;
        let grant = |it: &aws_sdk_s3::types::Grant| {
            let grantee = it.grantee()?;
            let grantee = grantee.uri().or(grantee.id())?.to_owned();
            Some(Grant { grantee, permission: it.permission()?.as_str().to_owned() })
        };
        Ok(answer.map(|acl| acl.grants().iter().filter_map(grant).collect()))
    }

    async fn ownership(&self) -> Result<Seen<String>, CallError> {
        let answer = ask!(self, "s3:GetBucketOwnershipControls", get_bucket_ownership_controls)?;
        Ok(filled(answer, |it| Some(it.ownership_controls()?.rules().first()?.object_ownership().as_str().to_owned())))
    }

    async fn blocks(&self) -> Result<Seen<Blocks>, CallError> {
        let answer = ask!(self, "s3:GetBucketPublicAccessBlock", get_public_access_block)?;
        Ok(filled(answer, |it| {
            let it = it.public_access_block_configuration()?;
            Some(Blocks {
                block_acls: it.block_public_acls().unwrap_or_default(),
                ignore_acls: it.ignore_public_acls().unwrap_or_default(),
                block_policy: it.block_public_policy().unwrap_or_default(),
                restrict: it.restrict_public_buckets().unwrap_or_default(),
            })
        }))
    }

    async fn website(&self) -> Result<Seen<()>, CallError> {
        Ok(ask!(self, "s3:GetBucketWebsite", get_bucket_website)?.map(|_| ()))
    }

    async fn encryption(&self) -> Result<Seen<Encryption>, CallError> {
        let answer = ask!(self, "s3:GetEncryptionConfiguration", get_bucket_encryption)?;
        Ok(filled(answer, |it| {
            let rules = it.server_side_encryption_configuration()?.rules();
            let by_default = rules.iter().find_map(|rule| rule.apply_server_side_encryption_by_default())?;
            let s3 = *by_default.sse_algorithm() == ServerSideEncryption::Aes256;
            Some(if s3 { Encryption::S3 } else { Encryption::Kms })
        }))
    }

    pub(super) async fn logging(&self) -> Result<Seen<Logging>, CallError> {
        let answer = ask!(self, "s3:GetBucketLogging", get_bucket_logging)?;
        Ok(filled(answer, |it| {
            let it = it.logging_enabled()?;
            let partitioned = it.target_object_key_format().and_then(|format| format.partitioned_prefix());
            let date = partitioned.and_then(|prefix| prefix.partition_date_source());
            Some(Logging {
                target: it.target_bucket().to_owned(),
                prefix: it.target_prefix().to_owned(),
                partitioned: date.map(|source| source.as_str().to_owned()),
                grants: !it.target_grants().is_empty(),
            })
        }))
    }

    async fn rules(&self) -> Result<Seen<Rules>, CallError> {
        let answer = ask!(self, "s3:GetLifecycleConfiguration", get_bucket_lifecycle_configuration)?;
        Ok(answer.map(|it| rules::seen(it.rules(), it.transition_default_minimum_object_size())))
    }

    async fn mfa_delete(&self) -> Result<Seen<bool>, CallError> {
        let answer = ask!(self, "s3:GetBucketVersioning", get_bucket_versioning)?;
        Ok(answer.map(|it| it.mfa_delete() == Some(&MfaDeleteStatus::Enabled)))
    }

    async fn object_lock(&self) -> Result<Seen<()>, CallError> {
        Ok(ask!(self, "s3:GetBucketObjectLockConfiguration", get_object_lock_configuration)?.map(|_| ()))
    }

    async fn requester_pays(&self) -> Result<Seen<bool>, CallError> {
        let answer = ask!(self, "s3:GetBucketRequestPayment", get_bucket_request_payment)?;
        Ok(answer.map(|it| it.payer() == Some(&Payer::Requester)))
    }
}

/// What is not wanted is not asked for.
async fn unless<T>(
    skip: bool,
    action: &'static str,
    read: impl Future<Output = Result<Seen<T>, CallError>>,
) -> Result<Seen<T>, CallError> {
    if skip { Ok(Seen::Unreadable(action)) } else { read.await }
}

/// An answer that may have nothing in it.
fn filled<A, T>(answer: Seen<A>, value: impl FnOnce(&A) -> Option<T>) -> Seen<T> {
    match answer {
        Seen::Present(answer) => value(&answer).map_or(Seen::Absent, Seen::Present),
        Seen::Absent => Seen::Absent,
        Seen::Unreadable(action) => Seen::Unreadable(action),
    }
}
