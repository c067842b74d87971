//! One S3 bucket, accessed through its own region with its owner checked: reads that several families need, and the
//! calls of [`BucketStep`].

use super::texts::Texts;
use super::{Buckets, call, write_call};
use crate::managed::bucket::Blocks;
use crate::managed::bucket::name::is_reserved;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::model::{Call, CallError, ErrorKind, Place, Property, Region, Seen, Unread};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketNamespace, CreateBucketConfiguration, ObjectOwnership,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
#[cfg(any(feature = "trail", feature = "recorder"))]
use aws_sdk_s3::types::{ExpirationStatus, LifecycleRule};
use serde_json::Value;

/// Access to one bucket. A part of it that is not there is absent; reading a part of a bucket that is not there is an error
/// of the kind [`ErrorKind::Gone`].
#[derive(Debug)]
pub struct At<'a> {
    /// Client for the region of the bucket.
    pub client: Client,
    texts: &'a Texts,
    /// Account that must own the bucket.
    pub account: &'a str,
    /// Name of the bucket.
    pub name: &'a str,
}

/// Builds a request about the bucket that fails unless the expected account owns it, and there is a bucket.
macro_rules! ask {
    ($at:ident, $action:literal, $operation:ident) => {{
        let sent = $at.client.$operation().bucket($at.name).expected_bucket_owner($at.account).send();
        crate::aws::bucket::part(call($action, Box::pin(sent)).await)
    }};
}
#[cfg(feature = "bucket")]
pub(crate) use ask;

impl Buckets {
    /// Returns access to a bucket in this region, which must belong to the account.
    #[must_use]
    pub fn at<'a>(&'a self, place: &'a Place, region: &Region, name: &'a str) -> At<'a> {
        At { client: self.of(region), texts: &self.texts, account: &place.account, name }
    }

    /// Makes one call on a bucket of the account. Policy changes are made one at a time.
    ///
    /// # Errors
    /// Returns an error if the call fails; [`ErrorKind::Exists`] if somebody has changed what would be replaced.
    pub async fn apply(&self, account: &str, step: &BucketStep) -> Result<(), CallError> {
        let at = At { client: self.of(&step.region), texts: &self.texts, account, name: &step.bucket };
        match &step.act {
            Act::Create => {
                Box::pin(at.create(&step.region)).await?;
                self.created(&step.bucket, &step.region);
                Ok(())
            }
            Act::Encrypt => Box::pin(at.encrypt()).await,
            Act::PutPolicy { read, removed: _, added: _ } => {
                let _writing = self.writing.lock().await;
                Box::pin(at.put_policy(read.as_ref(), &step.after())).await
            }
            Act::Block { blocks, replaces: _ } => Box::pin(at.block(*blocks)).await,
        }
    }
}

impl At<'_> {
    /// Reads the policy. Invalid JSON is an error, never an absent policy.
    ///
    /// # Errors
    /// Returns an error if the call fails for any reason other than "denied", or if there is no such bucket.
    pub async fn policy(&self) -> Result<Seen<Value>, CallError> {
        let answer = ask!(self, "s3:GetBucketPolicy", get_bucket_policy)?;
        Ok(match answer.and_then(|it| it.policy).into_present() {
            Ok(text) => match self.texts.parsed(Property::BucketPolicy { bucket: self.name.to_owned() }, &text) {
                Value::String(_) => Seen::Unreadable("s3:GetBucketPolicy"),
                policy => Seen::Present(policy),
            },
            Err(none) => none,
        })
    }

    /// Reads the public access block.
    ///
    /// # Errors
    /// Returns an error if the call fails for any reason other than "denied", or if there is no such bucket.
    pub async fn blocks(&self) -> Result<Seen<Blocks>, CallError> {
        let answer = ask!(self, "s3:GetBucketPublicAccessBlock", get_public_access_block)?;
        Ok(answer.and_then(|it| {
            let it = it.public_access_block_configuration()?;
            Some(Blocks {
                block_acls: it.block_public_acls().unwrap_or_default(),
                ignore_acls: it.ignore_public_acls().unwrap_or_default(),
                block_policy: it.block_public_policy().unwrap_or_default(),
                restrict: it.restrict_public_buckets().unwrap_or_default(),
            })
        }))
    }

    /// Reads the default encryption of the bucket: its algorithm and its key.
    ///
    /// # Errors
    /// Returns an error if the call fails for any reason other than "denied", or if there is no such bucket.
    pub async fn encryption(&self) -> Result<Seen<ServerSideEncryptionByDefault>, CallError> {
        let answer = ask!(self, "s3:GetEncryptionConfiguration", get_bucket_encryption)?;
        Ok(answer.and_then(|it| {
            let rules = it.server_side_encryption_configuration()?.rules();
            rules.iter().find_map(|rule| rule.apply_server_side_encryption_by_default()).cloned()
        }))
    }

    /// Returns whether a lifecycle rule deletes files of the bucket.
    ///
    /// # Errors
    /// Returns an error if the call fails for any reason other than "denied", or if there is no such bucket.
    #[cfg(any(feature = "trail", feature = "recorder"))]
    pub async fn expires(&self) -> Result<Seen<bool>, CallError> {
        let answer = ask!(self, "s3:GetLifecycleConfiguration", get_bucket_lifecycle_configuration)?;
        let deletes = |rule: &LifecycleRule| {
            let on = *rule.status() == ExpirationStatus::Enabled;
            on && (rule.expiration().is_some() || rule.noncurrent_version_expiration().is_some())
        };
        Ok(match answer {
            Seen::Absent => Seen::Present(false),
            answer => answer.map(|it| it.rules().iter().any(deletes)),
        })
    }

    /// Creates one of our buckets. If the bucket is ours already, S3 says so in every region but `us-east-1`, where it
    /// reports success; either way the bucket is read again before anything else is done to it. `us-east-1` is S3's
    /// default and must not be named.
    async fn create(&self, region: &Region) -> Result<(), CallError> {
        let elsewhere = (*region != Region::first()).then(|| {
            let there = BucketLocationConstraint::from(region.as_str());
            CreateBucketConfiguration::builder().location_constraint(there).build()
        });
        let new = self.client.create_bucket().bucket(self.name).set_create_bucket_configuration(elsewhere);
        let reserved = is_reserved(self.name, self.account, region).then_some(BucketNamespace::AccountRegional);
        let new = new.object_ownership(ObjectOwnership::BucketOwnerEnforced).set_bucket_namespace(reserved);
        write_call("s3:CreateBucket", new.send()).await.map(|_| ())
    }

    async fn encrypt(&self) -> Result<(), CallError> {
        let built = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build();
        let by_default = built.map_err(|it| unsent("s3:PutEncryptionConfiguration", &it))?;
        let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default).build();
        let built = ServerSideEncryptionConfiguration::builder().rules(rule).build();
        let sse = built.map_err(|it| unsent("s3:PutEncryptionConfiguration", &it))?;
        let put = self.client.put_bucket_encryption().bucket(self.name).expected_bucket_owner(self.account);
        let sent = put.server_side_encryption_configuration(sse).send();
        write_call("s3:PutEncryptionConfiguration", sent).await.map(|_| ())
    }

    async fn put_policy(&self, read: Option<&Value>, whole: &Value) -> Result<(), CallError> {
        self.must_be("s3:PutBucketPolicy", read, &self.policy().await?)?;
        let document = whole.to_string();
        let put = self.client.put_bucket_policy().bucket(self.name).expected_bucket_owner(self.account);
        write_call("s3:PutBucketPolicy", put.policy(document).send()).await.map(|_| ())
    }

    async fn block(&self, blocks: Blocks) -> Result<(), CallError> {
        let Blocks { block_acls, ignore_acls, block_policy, restrict } = blocks;
        let four = PublicAccessBlockConfiguration::builder()
            .block_public_acls(block_acls)
            .ignore_public_acls(ignore_acls)
            .block_public_policy(block_policy)
            .restrict_public_buckets(restrict)
            .build();
        let put = self.client.put_public_access_block().bucket(self.name).expected_bucket_owner(self.account);
        let sent = put.public_access_block_configuration(four).send();
        write_call("s3:PutBucketPublicAccessBlock", sent).await.map(|_| ())
    }

    /// Returns an error if a document is no longer as it was read. S3 has no conditional write of a configuration, so
    /// the document is read once more right before: a change made since the plan is not overwritten, but leads to a new
    /// plan.
    ///
    /// # Errors
    /// Returns an error if the document has changed, or can no longer be read.
    pub fn must_be<T: PartialEq>(
        &self,
        action: &'static str,
        read: Option<&T>,
        now: &Seen<T>,
    ) -> Result<(), CallError> {
        let same = match now.known() {
            Ok(now) => read == now,
            Err(unread) => {
                let action = if let Unread::Denied(action) = unread { action } else { action };
                let message = format!("bucket {} could not be read again", self.name);
                return Err(CallError { action, kind: ErrorKind::Denied, code: "AccessDenied".to_owned(), message });
            }
        };
        let message = || format!("someone changed bucket {} in the meantime", self.name);
        let changed = || CallError { action, kind: ErrorKind::Exists, code: "Changed".to_owned(), message: message() };
        if same { Ok(()) } else { Err(changed()) }
    }
}

/// Returns what was read of a part of a bucket: a part that is not there is absent, and a bucket that is not there is an
/// error, of the kind [`ErrorKind::Gone`].
pub(crate) fn part<T>(answer: Result<T, CallError>) -> Result<Seen<T>, CallError> {
    match answer {
        Err(error) if error.code == "NoSuchBucket" => Err(error),
        answer => Seen::from_call(answer),
    }
}

/// Returns the error for a request that could not be built.
pub(crate) fn unsent(action: &'static str, error: &BuildError) -> CallError {
    CallError { action, kind: ErrorKind::Rejected, code: "NotSent".to_owned(), message: error.to_string() }
}
