//! The calls of the steps.

use super::super::view::{Blocks, Logging, Rules};
use super::super::{Bucket, Rule, Step};
use super::{LogBuckets, config::At, rules};
use crate::aws::call;
use crate::engine::Write;
use crate::error::{CallError, Kind};
use crate::model::{Seen, Subject};
use crate::place::Region;
use crate::policy::with_statements;
use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, BucketLoggingStatus, CreateBucketConfiguration,
    LoggingEnabled, ObjectOwnership, PartitionDateSource, PartitionedPrefix, PublicAccessBlockConfiguration,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    TargetObjectKeyFormat,
};
use serde_json::Value;

impl Write<Bucket> for LogBuckets {
    async fn apply(&self, subject: &Subject, step: &Step) -> Result<(), CallError> {
        // The bucket itself, and its target, are in the subject's region: what is elsewhere is not judged.
        let client = self.buckets.of(&subject.place.region);
        let at = At { client, account: &subject.place.account, name: step.bucket() };
        match step {
            Step::Create { bucket: _, region } => Box::pin(at.create(region)).await,
            Step::Encrypt { bucket: _ } => Box::pin(at.encrypt()).await,
            Step::PutPolicy { bucket: _, read, added } => {
                let _writing = self.writing.lock().await;
                Box::pin(at.put_policy(read.as_ref(), added)).await
            }
            Step::BlockPublicAccess { bucket: _, blocks, replaces: _ } => Box::pin(at.block(*blocks)).await,
            Step::AddRule { bucket: _, read, added } => {
                let _writing = self.writing.lock().await;
                Box::pin(at.add_rules(read.as_ref(), added)).await
            }
            Step::Log { bucket: _, logging, replaces: _ } => Box::pin(at.log(logging)).await,
        }
    }
}

impl At<'_> {
    /// Creates a bucket of ours. That it is ours already is told by S3 in every region but `us-east-1`, where it answers
    /// that all is well; either way it is looked at again before anything else is done to it.
    async fn create(&self, region: &Region) -> Result<(), CallError> {
        let new = self.client.create_bucket().bucket(self.name);
        let new = new.object_ownership(ObjectOwnership::BucketOwnerEnforced);
        let new = if *region == Region::first() {
            new
        } else {
            let there = BucketLocationConstraint::from(region.as_str());
            new.create_bucket_configuration(CreateBucketConfiguration::builder().location_constraint(there).build())
        };
        call("s3:CreateBucket", new.send()).await.map(|_| ())
    }

    async fn encrypt(&self) -> Result<(), CallError> {
        let built = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build();
        let by_default = built.map_err(|it| unsent("s3:PutEncryptionConfiguration", &it))?;
        let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default).build();
        let built = ServerSideEncryptionConfiguration::builder().rules(rule).build();
        let sse = built.map_err(|it| unsent("s3:PutEncryptionConfiguration", &it))?;
        let put = self.client.put_bucket_encryption().bucket(self.name).expected_bucket_owner(self.account);
        let sent = put.server_side_encryption_configuration(sse).send();
        call("s3:PutEncryptionConfiguration", sent).await.map(|_| ())
    }

    async fn put_policy(&self, read: Option<&Value>, added: &[Value]) -> Result<(), CallError> {
        self.must_be("s3:PutBucketPolicy", read, &self.policy().await?)?;
        let document = with_statements(read, added).to_string();
        let put = self.client.put_bucket_policy().bucket(self.name).expected_bucket_owner(self.account);
        call("s3:PutBucketPolicy", put.policy(document).send()).await.map(|_| ())
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
        call("s3:PutBucketPublicAccessBlock", sent).await.map(|_| ())
    }

    /// The rules are put back in the SDK's own types, so that nothing of them is lost on the way through ours.
    async fn add_rules(&self, read: Option<&Rules>, added: &[Rule]) -> Result<(), CallError> {
        let get = self.client.get_bucket_lifecycle_configuration().bucket(self.name);
        let sent = get.expected_bucket_owner(self.account).send();
        let there = Seen::from_call(call("s3:GetLifecycleConfiguration", sent).await)?;
        let size = there.present().and_then(|it| it.transition_default_minimum_object_size().cloned());
        let there = there.map(|it| it.rules.unwrap_or_default());
        let now = there.clone().map(|rules| rules::seen(&rules, size.as_ref()));
        self.must_be("s3:PutLifecycleConfiguration", read, &now)?;
        let ours: Result<Vec<_>, _> = added.iter().map(rules::ours).collect();
        let ours = ours.map_err(|it| unsent("s3:PutLifecycleConfiguration", &it))?;
        let mut all = there.present().cloned().unwrap_or_default();
        all.extend(ours);
        let built = BucketLifecycleConfiguration::builder().set_rules(Some(all)).build();
        let rules = built.map_err(|it| unsent("s3:PutLifecycleConfiguration", &it))?;
        let put = self.client.put_bucket_lifecycle_configuration().bucket(self.name);
        let put = put.expected_bucket_owner(self.account).lifecycle_configuration(rules);
        let sent = put.set_transition_default_minimum_object_size(size).send();
        call("s3:PutLifecycleConfiguration", sent).await.map(|_| ())
    }

    async fn log(&self, logging: &Logging) -> Result<(), CallError> {
        let Logging { target, prefix, partitioned, grants: _ } = logging;
        let format = partitioned.as_deref().map(|source| {
            let date = PartitionedPrefix::builder().partition_date_source(PartitionDateSource::from(source)).build();
            TargetObjectKeyFormat::builder().partitioned_prefix(date).build()
        });
        let enabled = LoggingEnabled::builder().target_bucket(target).target_prefix(prefix);
        let built = enabled.set_target_object_key_format(format).build();
        let enabled = built.map_err(|it| unsent("s3:PutBucketLogging", &it))?;
        let status = BucketLoggingStatus::builder().logging_enabled(enabled).build();
        let put = self.client.put_bucket_logging().bucket(self.name).expected_bucket_owner(self.account);
        call("s3:PutBucketLogging", put.bucket_logging_status(status).send()).await.map(|_| ())
    }

    /// S3 has no conditional write of a configuration, so the document is looked at once more right before: what
    /// somebody has changed since the plan was made is not overwritten, and makes a new plan.
    fn must_be<T: PartialEq>(&self, action: &'static str, read: Option<&T>, now: &Seen<T>) -> Result<(), CallError> {
        let same = match now {
            Seen::Present(now) => read == Some(now),
            Seen::Absent => read.is_none(),
            Seen::Unreadable(action) => {
                let message = format!("bucket {} could not be read again", self.name);
                return Err(CallError { action, kind: Kind::Denied, code: "AccessDenied".to_owned(), message });
            }
        };
        let message = || format!("somebody has changed bucket {} meanwhile", self.name);
        let changed = || CallError { action, kind: Kind::Exists, code: "Changed".to_owned(), message: message() };
        if same { Ok(()) } else { Err(changed()) }
    }
}

/// A request that could not be put together.
fn unsent(action: &'static str, error: &BuildError) -> CallError {
    CallError { action, kind: Kind::Rejected, code: "NotSent".to_owned(), message: error.to_string() }
}
