//! Trails: their settings, their selectors, and whether they log.

use super::{Properties, parse, part, region_of, unclear};
use crate::aws::write_call;
use crate::documents::selectors::Selectors;
use crate::families::trail::aws::selectors::{to_advanced, to_basic};
use crate::model::{Arn, CallError, Property, Region, Seen};
use aws_sdk_cloudtrail::types::Trail;
use serde_json::{Value, json};

impl Properties {
    async fn trail(&self, region: &Region, arn: &str) -> Result<Seen<Trail>, CallError> {
        let answer = Seen::from_call(self.cloudtrail.describe(region).await)?;
        Ok(answer.and_then(|all| all.into_iter().find(|it| it.trail_arn() == Some(arn))))
    }

    pub(super) async fn read_trail(&self, arn: &str, property: &Property) -> Result<Seen<Value>, CallError> {
        let region = region_of(arn)?;
        let trail = match self.trail(&region, arn).await? {
            Seen::Present(trail) => trail,
            none => return Ok(none.map(|_| Value::Null)),
        };
        Ok(match property {
            Property::TrailLogging { .. } => {
                let status = self.cloudtrail.status(&region, arn).await?;
                status.map(|it| json!({ "IsLogging": it.is_logging().unwrap_or_default() }))
            }
            Property::TrailSelectors { .. } => self.cloudtrail.selectors(&region, arn).await?.map(|it| it.members()),
            _ => part(Seen::Present(trail), |it| settings(&it)),
        })
    }

    pub(super) async fn set_trail(
        &self,
        arn: &str,
        property: &Property,
        value: Option<&Value>,
    ) -> Result<(), CallError> {
        let client = self.cloudtrail.of(&region_of(arn)?);
        match (property, value) {
            (Property::Trail { .. }, _) => {
                write_call("cloudtrail:DeleteTrail", client.delete_trail().name(arn).send()).await.map(|_| ())
            }
            (Property::TrailLogging { .. }, value) => {
                if value.and_then(|it| parse::flag(it, "IsLogging")) == Some(true) {
                    write_call("cloudtrail:StartLogging", client.start_logging().name(arn).send()).await.map(|_| ())
                } else {
                    write_call("cloudtrail:StopLogging", client.stop_logging().name(arn).send()).await.map(|_| ())
                }
            }
            (Property::TrailSelectors { .. }, Some(old)) => {
                let Selectors { basic, advanced } = Selectors {
                    basic: parse::items(old, "EventSelectors").cloned().collect(),
                    advanced: parse::items(old, "AdvancedEventSelectors").cloned().collect(),
                };
                let put = client.put_event_selectors().trail_name(arn);
                let put = if advanced.is_empty() {
                    put.set_event_selectors(Some(basic.iter().map(to_basic).collect()))
                } else {
                    let all: Option<Vec<_>> = advanced.iter().map(to_advanced).collect();
                    put.set_advanced_event_selectors(Some(all.ok_or_else(|| unclear("cloudtrail:PutEventSelectors"))?))
                };
                write_call("cloudtrail:PutEventSelectors", put.send()).await.map(|_| ())
            }
            (Property::TrailSettings { .. }, Some(old)) => {
                let update = client
                    .update_trail()
                    .name(arn)
                    .set_s3_bucket_name(parse::text(old, "S3BucketName"))
                    .set_s3_key_prefix(parse::any_text(old, "S3KeyPrefix"))
                    .set_is_multi_region_trail(parse::flag(old, "IsMultiRegionTrail"))
                    .set_enable_log_file_validation(parse::flag(old, "EnableLogFileValidation"))
                    .set_kms_key_id(parse::any_text(old, "KmsKeyId"))
                    .set_cloud_watch_logs_log_group_arn(parse::any_text(old, "CloudWatchLogsLogGroupArn"))
                    .set_cloud_watch_logs_role_arn(parse::any_text(old, "CloudWatchLogsRoleArn"))
                    .set_sns_topic_name(parse::any_text(old, "SnsTopicName"));
                write_call("cloudtrail:UpdateTrail", update.send()).await.map(|_| ())
            }
            _ => Err(unclear("cloudtrail:UpdateTrail")),
        }
    }

    /// Returns the trails that write to a log group of this region.
    pub(super) async fn trails_to_group(&self, region: &Region, group: &str) -> Result<Vec<String>, CallError> {
        let all = self.cloudtrail.describe(region).await?;
        let uses = |it: &&Trail| it.cloud_watch_logs_log_group_arn().is_some_and(|arn| is_group(arn, region, group));
        Ok(all.iter().filter(uses).filter_map(|it| it.trail_arn().map(str::to_owned)).collect())
    }

    /// Returns the trails of a region that hand their events on with a role.
    pub(super) async fn trails_with_role(&self, region: &Region, role: &str) -> Result<Vec<String>, CallError> {
        let all = self.cloudtrail.describe(region).await?;
        let uses = |it: &&Trail| it.cloud_watch_logs_role_arn().is_some_and(|arn| super::iam::name_in(arn) == role);
        Ok(all.iter().filter(uses).filter_map(|it| it.trail_arn().map(str::to_owned)).collect())
    }
}

/// Returns whether an ARN, which may end in `:*`, is that of a log group.
pub(super) fn is_group(arn: &str, region: &Region, group: &str) -> bool {
    Arn::parse(arn).is_some_and(|arn| arn.region == region.as_str() && arn.log_group() == Some(group))
}

/// Returns the settings of a trail under the names of the request that sets them.
fn settings(trail: &Trail) -> Value {
    json!({
        "S3BucketName": trail.s3_bucket_name(),
        "S3KeyPrefix": trail.s3_key_prefix(),
        "IsMultiRegionTrail": trail.is_multi_region_trail().unwrap_or_default(),
        "EnableLogFileValidation": trail.log_file_validation_enabled().unwrap_or_default(),
        "KmsKeyId": trail.kms_key_id(),
        "CloudWatchLogsLogGroupArn": trail.cloud_watch_logs_log_group_arn(),
        "CloudWatchLogsRoleArn": trail.cloud_watch_logs_role_arn(),
        "SnsTopicName": trail.sns_topic_arn(),
    })
}
