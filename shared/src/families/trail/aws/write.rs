//! Calls of the steps.

use super::Trails;
use crate::aws::write_call;
use crate::documents::selectors::Selectors;
use crate::families::trail::step::TrailStep;
use crate::families::trail::{Change, KeyChoice, Step, Trail};
use crate::managed::tag::MANAGED_TAG;
use crate::model::{Arn, CallError, Region, Subject};
use crate::reconcile::ports::Write;
use aws_sdk_cloudtrail::types::Tag;

impl Write<Trail> for Trails {
    async fn apply(&self, subject: &Subject, step: &Step) -> Result<(), CallError> {
        let home = &subject.place.region;
        match step {
            Step::Bucket(step) => self.buckets.apply(&subject.place.account, step).await,
            Step::Key(step) | Step::NoticesKey(step) => self.keys.apply(step).await,
            Step::Notice(step) => self.notify(&subject.place, step).await,
            Step::Group(step) => self.groups.apply(home, *step).await,
            Step::Role(step) => self.roles.apply(step).await,
            Step::Trail(TrailStep::Create { trail: _, bucket, change }) => self.create(subject, bucket, change).await,
            Step::Trail(TrailStep::Update { trail, change, replaces: _ }) => self.update(home, trail, change).await,
            Step::Trail(TrailStep::PutSelectors { trail, selectors, replaces: _ }) => {
                self.put_selectors(home, trail, selectors).await
            }
            Step::Trail(TrailStep::StartLogging { trail, new: _ }) => {
                self.pace.turn(home, "StartLogging").await;
                let sent = self.cloudtrail.of(home).start_logging().name(trail).send();
                write_call("cloudtrail:StartLogging", sent).await.map(|_| ())
            }
        }
    }
}

impl Trails {
    /// Sends only what changes: `UpdateTrail` keeps everything else.
    async fn update(&self, home: &Region, trail: &str, change: &Change) -> Result<(), CallError> {
        let Change { bucket, multi_region, validation, key, logs, topic } = change;
        let key = self.key_arn(key.as_ref()).await?;
        self.pace.turn(home, "UpdateTrail").await;
        let update = self
            .cloudtrail
            .of(home)
            .update_trail()
            .name(trail)
            .set_s3_bucket_name(bucket.as_ref().map(|it| it.name.clone()))
            .set_s3_key_prefix(bucket.as_ref().map(|it| it.prefix.trim_end_matches('/').to_owned()))
            .set_is_multi_region_trail(*multi_region)
            .set_enable_log_file_validation(*validation)
            .set_kms_key_id(key)
            .set_cloud_watch_logs_log_group_arn(logs.as_ref().map(|(group, _)| group.clone()))
            .set_cloud_watch_logs_role_arn(logs.as_ref().map(|(_, role)| role.clone()))
            .set_sns_topic_name(topic.clone());
        write_call("cloudtrail:UpdateTrail", update.send()).await.map(|_| ())
    }

    async fn create(&self, subject: &Subject, bucket: &str, change: &Change) -> Result<(), CallError> {
        let home = &subject.place.region;
        let Change { bucket: _, multi_region, validation, key, logs, topic } = change;
        let key = self.key_arn(key.as_ref()).await?;
        let tag = Tag::builder().key(MANAGED_TAG.0).value(MANAGED_TAG.1).build().ok();
        let create = self
            .cloudtrail
            .of(home)
            .create_trail()
            .name(Arn::parse(&subject.arn).map_or(subject.id.as_str(), |arn| arn.name()))
            .s3_bucket_name(bucket)
            .set_is_multi_region_trail(*multi_region)
            .set_enable_log_file_validation(*validation)
            .set_kms_key_id(key)
            .set_cloud_watch_logs_log_group_arn(logs.as_ref().map(|(group, _)| group.clone()))
            .set_cloud_watch_logs_role_arn(logs.as_ref().map(|(_, role)| role.clone()))
            .set_sns_topic_name(topic.clone())
            .set_tags_list(tag.map(|tag| vec![tag]));
        write_call("cloudtrail:CreateTrail", create.send()).await.map(|_| ())
    }

    /// Returns the ARN of the key. A key that was planned by its alias has been created by now.
    async fn key_arn(&self, key: Option<&KeyChoice>) -> Result<Option<String>, CallError> {
        match key {
            Some(key) => self.keys.resolve(&key.id).await.map(Some),
            None => Ok(None),
        }
    }

    async fn put_selectors(&self, home: &Region, trail: &str, selectors: &Selectors) -> Result<(), CallError> {
        let Selectors { basic, advanced } = selectors;
        self.pace.turn(home, "PutEventSelectors").await;
        self.memo.forget_selectors(trail);
        let put = self.cloudtrail.of(home).put_event_selectors().trail_name(trail);
        let put = if advanced.is_empty() {
            put.set_event_selectors(Some(basic.iter().map(super::selectors::to_basic).collect()))
        } else {
            put.set_advanced_event_selectors(advanced.iter().map(super::selectors::to_advanced).collect())
        };
        write_call("cloudtrail:PutEventSelectors", put.send()).await.map(|_| ())
    }
}
