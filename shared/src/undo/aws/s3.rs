//! Buckets and their configurations.

use super::{Properties, no_call, s3_documents, unclear};
use crate::aws::bucket::{At, ask};
use crate::aws::{Located, call, write_call};
use crate::documents::policy::text_of;
use crate::families::bucket::aws::{notifications, rules};
use crate::managed::bucket::Blocks;
use crate::managed::bucket::name::is_bucket_name;
use crate::model::{CallError, Property, Seen};
use aws_sdk_s3::types::{BucketLoggingStatus, PublicAccessBlockConfiguration, TransitionDefaultMinimumObjectSize};
use serde_json::{Value, json};

impl Properties {
    /// Returns access to a bucket of the account.
    pub(super) async fn at<'a>(&'a self, name: &'a str) -> Result<Seen<At<'a>>, CallError> {
        if !is_bucket_name(name) {
            return Err(no_call("s3:ListBucket", "the ledger names something that is no bucket"));
        }
        Ok(match self.buckets.locate(&self.place, name).await? {
            Located::ThisAccount(region) => Seen::Present(self.buckets.at(&self.place, &region, name)),
            Located::Gone => Seen::Absent,
            Located::OtherAccount | Located::Closed => Seen::Unreadable("s3:ListBucket"),
        })
    }

    pub(super) async fn read_bucket(&self, name: &str, property: &Property) -> Result<Seen<Value>, CallError> {
        let at = match self.at(name).await?.into_present() {
            Ok(at) => at,
            Err(none) => return Ok(none),
        };
        Ok(match property {
            Property::BucketEncryption { .. } => at.encryption().await?.map(
                |it| json!({ "SSEAlgorithm": it.sse_algorithm().as_str(), "KMSMasterKeyID": it.kms_master_key_id() }),
            ),
            Property::BucketLifecycle { .. } => {
                let answer = ask!(at, "s3:GetLifecycleConfiguration", get_bucket_lifecycle_configuration)?;
                answer.map(|it| rules::seen(it.rules(), it.transition_default_minimum_object_size()).json())
            }
            Property::BucketLogging { .. } => at.logging().await?.map(|it| it.json()),
            Property::BucketNotifications { .. } => {
                let answer = ask!(at, "s3:GetBucketNotification", get_bucket_notification_configuration)?;
                answer.map(|it| notifications::seen(&it).json())
            }
            Property::BucketPolicy { .. } => at.policy().await?,
            Property::BucketPublicAccessBlock { .. } => at.blocks().await?.map(Blocks::json),
            _ => {
                let answer = ask!(at, "s3:GetBucketOwnershipControls", get_bucket_ownership_controls)?;
                let ownership = |it: &aws_sdk_s3::types::OwnershipControls| {
                    it.rules().first().map(|rule| rule.object_ownership().as_str().to_owned())
                };
                let region = at.client.config().region().map(ToString::to_string);
                let made = |ownership| json!({ "Bucket": name, "Region": region, "ObjectOwnership": ownership });
                match answer.and_then(|it| ownership(&it.ownership_controls?)) {
                    Seen::Present(ownership) => Seen::Present(made(Some(ownership))),
                    Seen::Absent => Seen::Present(made(None)),
                    other => other.map(|_| Value::Null),
                }
            }
        })
    }

    /// Returns whether a bucket has files, versions of files or marks of deleted ones.
    pub(super) async fn bucket_is_full(&self, name: &str) -> Result<bool, CallError> {
        let Seen::Present(at) = self.at(name).await? else { return Ok(false) };
        let list = at.client.list_object_versions().bucket(name).expected_bucket_owner(at.account).max_keys(1);
        let page = call("s3:ListBucketVersions", Box::pin(list.send())).await?;
        Ok(!page.versions().is_empty() || !page.delete_markers().is_empty())
    }

    pub(super) async fn set_bucket(
        &self,
        name: &str,
        property: &Property,
        value: Option<&Value>,
    ) -> Result<(), CallError> {
        let Seen::Present(at) = self.at(name).await? else {
            return Err(no_call("s3:ListBucket", &format!("bucket {name} is gone, or is another account's")));
        };
        let (client, owner) = (&at.client, at.account);
        match (property, value) {
            (Property::Bucket { .. }, _) => {
                let sent = client.delete_bucket().bucket(name).expected_bucket_owner(owner).send();
                write_call("s3:DeleteBucket", sent).await.map(|_| ())
            }
            (Property::BucketEncryption { .. }, Some(old)) => {
                let rules = s3_documents::encryption(old).ok_or_else(|| unclear("s3:PutEncryptionConfiguration"))?;
                let put = client.put_bucket_encryption().bucket(name).expected_bucket_owner(owner);
                let sent = put.server_side_encryption_configuration(rules).send();
                write_call("s3:PutEncryptionConfiguration", sent).await.map(|_| ())
            }
            (Property::BucketEncryption { .. }, None) => {
                let sent = client.delete_bucket_encryption().bucket(name).expected_bucket_owner(owner).send();
                write_call("s3:PutEncryptionConfiguration", sent).await.map(|_| ())
            }
            (Property::BucketLifecycle { .. }, None) => {
                let sent = client.delete_bucket_lifecycle().bucket(name).expected_bucket_owner(owner).send();
                write_call("s3:PutLifecycleConfiguration", sent).await.map(|_| ())
            }
            (Property::BucketLifecycle { .. }, Some(old)) => {
                let action = "s3:PutLifecycleConfiguration";
                let rules = s3_documents::lifecycle(old).ok_or_else(|| unclear(action))?;
                let size = super::parse::text(old, "TransitionDefaultMinimumObjectSize");
                let size = size.map(|size| TransitionDefaultMinimumObjectSize::from(size.as_str()));
                let put = client.put_bucket_lifecycle_configuration().bucket(name).expected_bucket_owner(owner);
                let put = put.lifecycle_configuration(rules).set_transition_default_minimum_object_size(size);
                write_call("s3:PutLifecycleConfiguration", put.send()).await.map(|_| ())
            }
            (Property::BucketLogging { .. }, old) => {
                let status = match old {
                    Some(old) => s3_documents::logging(old).ok_or_else(|| unclear("s3:PutBucketLogging"))?,
                    None => BucketLoggingStatus::builder().build(),
                };
                let put = client.put_bucket_logging().bucket(name).expected_bucket_owner(owner);
                write_call("s3:PutBucketLogging", put.bucket_logging_status(status).send()).await.map(|_| ())
            }
            (Property::BucketNotifications { .. }, old) => {
                let old = old.cloned().unwrap_or_else(|| json!({}));
                let old = s3_documents::notifications(&old).ok_or_else(|| unclear("s3:PutBucketNotification"))?;
                // The destinations were there before, and are not ours to validate.
                let put = client.put_bucket_notification_configuration().bucket(name).expected_bucket_owner(owner);
                let put = put.notification_configuration(old).skip_destination_validation(true);
                write_call("s3:PutBucketNotification", put.send()).await.map(|_| ())
            }
            (Property::BucketPolicy { .. }, None) => {
                let sent = client.delete_bucket_policy().bucket(name).expected_bucket_owner(owner).send();
                write_call("s3:DeleteBucketPolicy", sent).await.map(|_| ())
            }
            (Property::BucketPolicy { .. }, Some(old)) => {
                let put = client.put_bucket_policy().bucket(name).expected_bucket_owner(owner);
                write_call("s3:PutBucketPolicy", put.policy(text_of(old)).send()).await.map(|_| ())
            }
            (_, None) => {
                let sent = client.delete_public_access_block().bucket(name).expected_bucket_owner(owner).send();
                write_call("s3:PutBucketPublicAccessBlock", sent).await.map(|_| ())
            }
            (_, Some(old)) => {
                let four = PublicAccessBlockConfiguration::builder()
                    .set_block_public_acls(super::parse::flag(old, "BlockPublicAcls"))
                    .set_ignore_public_acls(super::parse::flag(old, "IgnorePublicAcls"))
                    .set_block_public_policy(super::parse::flag(old, "BlockPublicPolicy"))
                    .set_restrict_public_buckets(super::parse::flag(old, "RestrictPublicBuckets"))
                    .build();
                let put = client.put_public_access_block().bucket(name).expected_bucket_owner(owner);
                let sent = put.public_access_block_configuration(four).send();
                write_call("s3:PutBucketPublicAccessBlock", sent).await.map(|_| ())
            }
        }
    }
}
