//! Reads the configuration of one bucket.

use super::{notifications, rules};
use crate::aws::bucket::{At, ask};
use crate::aws::call;
use crate::exemption::{Tags, tags};
use crate::families::bucket::Uses;
use crate::families::bucket::parts::Part;
use crate::families::bucket::view::{
    BucketConfig, Encryption, Grant, Logging, Notifications, Replica, ReplicaOwner, Rules,
};
use crate::model::{Arn, CallError, Region, Seen};
use aws_sdk_s3::operation::get_bucket_versioning::GetBucketVersioningOutput;
use aws_sdk_s3::types::{MfaDeleteStatus, Payer, ReplicationRuleStatus, ServerSideEncryption};
use std::collections::BTreeMap;

/// Versioning of a bucket, its Object Lock, and where its files are replicated to.
type OfVersions = (Seen<GetBucketVersioningOutput>, Seen<()>, Seen<Vec<Replica>>);

impl At<'_> {
    /// Reads these parts of the configuration concurrently, and the first keys under the prefixes that the uses of the
    /// bucket have searched if that is one of the parts.
    pub(super) async fn read(&self, region: Region, parts: &[Part], uses: &Uses) -> Result<BucketConfig, CallError> {
        let wants = |part| parts.contains(&part);
        let (policy, grants, ownership, blocks, website, encryption) = tokio::try_join!(
            unless(!wants(Part::Policy), self.policy()),
            unless(!wants(Part::Grants), self.grants()),
            unless(!wants(Part::Ownership), self.ownership()),
            unless(!wants(Part::Blocks), self.blocks()),
            unless(!wants(Part::Website), self.website()),
            unless(!wants(Part::Encryption), kind(self)),
        )?;
        let (logging, rules, (versioning, object_lock, replicas), requester_pays, notifications, keys) = tokio::try_join!(
            unless(!wants(Part::Logging), self.logging()),
            unless(!wants(Part::Rules), self.rules()),
            self.of_versions(parts),
            unless(!wants(Part::RequestPayment), self.requester_pays()),
            unless(!wants(Part::Notifications), self.notifications()),
            unless(!wants(Part::Keys), self.keys(uses)),
        )?;
        Ok(BucketConfig {
            region,
            policy,
            grants,
            ownership,
            blocks,
            website,
            encryption,
            // Read next, if there is one.
            default_key: Seen::NotAsked,
            logging,
            rules,
            mfa_delete: versioning.clone().map(|it| it.mfa_delete() == Some(&MfaDeleteStatus::Enabled)),
            keeps_versions: versioning.map(|it| it.status().is_some()),
            object_lock,
            requester_pays,
            notifications,
            replicas,
            keys,
        })
    }

    /// Reads whether the bucket keeps versions, and then what only such a bucket can have: Object Lock and replication, which
    /// need versioning when they are set up, and a bucket never returns to the state without it ([Using versioning],
    /// [Object Lock considerations], [Requirements for replication]).
    ///
    /// [Using versioning]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
    /// [Object Lock considerations]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
    /// [Requirements for replication]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-requirements.html
    async fn of_versions(&self, parts: &[Part]) -> Result<OfVersions, CallError> {
        let wants = |part| parts.contains(&part);
        let (lock, copies) = (wants(Part::ObjectLock), wants(Part::Replication));
        let versioning = unless(!(wants(Part::Versioning) || lock || copies), self.versioning()).await?;
        if versioning.present().is_some_and(|it| it.status().is_none()) {
            let object_lock = if lock { Seen::Absent } else { Seen::NotAsked };
            let replicas = if copies { Seen::Absent } else { Seen::NotAsked };
            return Ok((versioning, object_lock, replicas));
        }
        let (object_lock, replicas) =
            tokio::try_join!(unless(!lock, self.object_lock()), unless(!copies, self.replicas()))?;
        Ok((versioning, object_lock, replicas))
    }

    pub(crate) async fn tags(&self) -> Result<Seen<Tags>, CallError> {
        let answer = ask!(self, "s3:GetBucketTagging", get_bucket_tagging)?;
        Ok(answer.map(|it| tags(it.tag_set().iter().map(|tag| (tag.key(), tag.value())))))
    }

    async fn grants(&self) -> Result<Seen<Vec<Grant>>, CallError> {
        let answer = ask!(self, "s3:GetBucketAcl", get_bucket_acl)?;
        let grant = |it: &aws_sdk_s3::types::Grant| {
            let grantee = it.grantee()?;
            let grantee = grantee.uri().or(grantee.id())?.to_owned();
            Some(Grant { grantee, permission: it.permission()?.as_str().to_owned() })
        };
        Ok(answer.map(|acl| {
            let owner = acl.owner().and_then(|owner| owner.id());
            acl.grants().iter().filter_map(grant).filter(|it| Some(it.grantee.as_str()) != owner).collect()
        }))
    }

    async fn ownership(&self) -> Result<Seen<String>, CallError> {
        let answer = ask!(self, "s3:GetBucketOwnershipControls", get_bucket_ownership_controls)?;
        Ok(answer.and_then(|it| Some(it.ownership_controls()?.rules().first()?.object_ownership().as_str().to_owned())))
    }

    async fn website(&self) -> Result<Seen<()>, CallError> {
        Ok(ask!(self, "s3:GetBucketWebsite", get_bucket_website)?.map(|_| ()))
    }

    pub(crate) async fn logging(&self) -> Result<Seen<Logging>, CallError> {
        let answer = ask!(self, "s3:GetBucketLogging", get_bucket_logging)?;
        Ok(answer.and_then(|it| {
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

    async fn notifications(&self) -> Result<Seen<Notifications>, CallError> {
        let answer = ask!(self, "s3:GetBucketNotification", get_bucket_notification_configuration)?;
        Ok(answer.map(|it| notifications::seen(&it)))
    }

    /// Reads where the enabled rules replicate files to. Whose the buckets are, they do not say.
    async fn replicas(&self) -> Result<Seen<Vec<Replica>>, CallError> {
        let answer = ask!(self, "s3:GetReplicationConfiguration", get_bucket_replication)?;
        Ok(answer.and_then(|it| {
            let rules = it.replication_configuration?.rules;
            let enabled = rules.into_iter().filter(|rule| *rule.status() == ReplicationRuleStatus::Enabled);
            let replicas = enabled.filter_map(|rule| rule.destination).map(|to| {
                let bucket = Arn::parse(&to.bucket).map_or(to.bucket.as_str(), |arn| arn.resource).to_owned();
                Replica { bucket, owner: ReplicaOwner::OtherAccount(to.account) }
            });
            Some(replicas.collect())
        }))
    }

    /// Lists the first keys under each prefix, one page each, and those of the whole bucket also beyond its logs.
    async fn keys(&self, uses: &Uses) -> Result<Seen<BTreeMap<String, Vec<String>>>, CallError> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for prefix in uses.searched_prefixes() {
            let mut after = None;
            // Each page beyond the first starts behind another folder of logs.
            for _ in 0..=uses.prefixes().len() {
                let list = self.client.list_objects_v2().bucket(self.name).prefix(prefix).set_start_after(after.take());
                let sent = list.expected_bucket_owner(self.account).send();
                let page = match Seen::from_call(call("s3:ListBucket", Box::pin(sent)).await)?.into_present() {
                    Ok(page) => page,
                    Err(none) => return Ok(none),
                };
                let furthest = page.contents().last().and_then(|it| it.key());
                let furthest = furthest.filter(|_| page.is_truncated == Some(true));
                after = furthest.filter(|_| prefix.is_empty()).and_then(|key| uses.beyond_logs(key));
                let keys = page.contents.unwrap_or_default().into_iter().filter_map(|it| it.key);
                found.entry(prefix.to_owned()).or_default().extend(keys);
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(Seen::Present(found))
    }

    async fn versioning(&self) -> Result<Seen<GetBucketVersioningOutput>, CallError> {
        ask!(self, "s3:GetBucketVersioning", get_bucket_versioning)
    }

    async fn object_lock(&self) -> Result<Seen<()>, CallError> {
        Ok(ask!(self, "s3:GetBucketObjectLockConfiguration", get_object_lock_configuration)?.map(|_| ()))
    }

    async fn requester_pays(&self) -> Result<Seen<bool>, CallError> {
        let answer = ask!(self, "s3:GetBucketRequestPayment", get_bucket_request_payment)?;
        Ok(answer.map(|it| it.payer() == Some(&Payer::Requester)))
    }
}

/// Reads the default encryption of the bucket, as far as it matters.
async fn kind(at: &At<'_>) -> Result<Seen<Encryption>, CallError> {
    let seen = at.encryption().await?;
    Ok(seen.map(|it| match it.sse_algorithm() {
        ServerSideEncryption::Aes256 => Encryption::S3,
        _ => Encryption::Kms { key: it.kms_master_key_id().map(str::to_owned).filter(|key| !key.is_empty()) },
    }))
}

/// Runs a read unless it is to be skipped.
async fn unless<T>(skip: bool, read: impl Future<Output = Result<Seen<T>, CallError>>) -> Result<Seen<T>, CallError> {
    if skip { Ok(Seen::NotAsked) } else { read.await }
}
