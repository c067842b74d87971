//! Calls of the steps.

use super::{LogBuckets, notifications, rules};
use crate::aws::bucket::{At, unsent};
use crate::aws::{call, write_call};
use crate::families::bucket::step::ConfigStep;
use crate::families::bucket::view::{Logging, Notifications, Rules};
use crate::families::bucket::{AddedRule, Bucket, Step};
use crate::model::{CallError, Seen, Subject};
use crate::reconcile::ports::Write;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLoggingStatus, LoggingEnabled, PartitionDateSource, PartitionedPrefix,
    TargetObjectKeyFormat,
};

impl Write<Bucket> for LogBuckets {
    async fn apply(&self, subject: &Subject, step: &Step) -> Result<(), CallError> {
        // The bucket and its target are in the subject's region: others are not judged.
        let at = self.buckets.at(&subject.place, &subject.place.region, step.bucket());
        match step {
            Step::Bucket(step) => self.buckets.apply(&subject.place.account, step).await,
            Step::Config(ConfigStep::AddRule { bucket: _, read, added }) => {
                let _writing = self.buckets.writing.lock().await;
                Box::pin(at.add_rules(read.as_ref(), added)).await
            }
            Step::Config(ConfigStep::Announce { bucket: _, read }) => Box::pin(at.announce(read)).await,
            Step::Config(ConfigStep::Log { bucket: _, logging, replaces: _ }) => Box::pin(at.log(logging)).await,
        }
    }
}

impl At<'_> {
    /// Puts the rules back in the SDK's own types, so that nothing is lost by conversion.
    async fn add_rules(&self, read: Option<&Rules>, added: &[AddedRule]) -> Result<(), CallError> {
        let get = self.client.get_bucket_lifecycle_configuration().bucket(self.name);
        let sent = get.expected_bucket_owner(self.account).send();
        let there = Seen::from_call(call("s3:GetLifecycleConfiguration", sent).await)?;
        let size = there.present().and_then(|it| it.transition_default_minimum_object_size().cloned());
        let there = there.map(|it| it.rules.unwrap_or_default());
        let now = there.clone().map(|rules| rules::seen(&rules, size.as_ref()));
        self.must_be("s3:PutLifecycleConfiguration", read, &now)?;
        let managed: Result<Vec<_>, _> = added.iter().map(rules::managed).collect();
        let managed = managed.map_err(|it| unsent("s3:PutLifecycleConfiguration", &it))?;
        let mut all = there.present().cloned().unwrap_or_default();
        all.extend(managed);
        let built = BucketLifecycleConfiguration::builder().set_rules(Some(all)).build();
        let rules = built.map_err(|it| unsent("s3:PutLifecycleConfiguration", &it))?;
        let put = self.client.put_bucket_lifecycle_configuration().bucket(self.name);
        let put = put.expected_bucket_owner(self.account).lifecycle_configuration(rules);
        let sent = put.set_transition_default_minimum_object_size(size).send();
        write_call("s3:PutLifecycleConfiguration", sent).await.map(|_| ())
    }

    /// Tests of the destinations are skipped: existing destinations are not ours to validate.
    async fn announce(&self, read: &Notifications) -> Result<(), CallError> {
        let get = self.client.get_bucket_notification_configuration().bucket(self.name);
        let sent = get.expected_bucket_owner(self.account).send();
        let there = Seen::from_call(call("s3:GetBucketNotification", sent).await)?;
        let now = there.clone().map(|it| notifications::seen(&it));
        self.must_be("s3:PutBucketNotification", Some(read), &now)?;
        let Seen::Present(there) = there else { return Ok(()) };
        let put = self.client.put_bucket_notification_configuration().bucket(self.name);
        let put = put.expected_bucket_owner(self.account).skip_destination_validation(true);
        let sent = put.notification_configuration(notifications::with_event_bridge(there)).send();
        write_call("s3:PutBucketNotification", sent).await.map(|_| ())
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
        write_call("s3:PutBucketLogging", put.bucket_logging_status(status).send()).await.map(|_| ())
    }
}
