//! CloudTrail's trails: which there are, how one is doing, what it records.

use super::{Aws, PerRegion, call, selectors};
use crate::documents::selectors::Selectors;
use crate::model::{CallError, Region, Seen};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::types::Trail;

/// `CloudTrail` in every region.
#[derive(Debug)]
pub struct CloudTrail(PerRegion<Client>);

impl CloudTrail {
    /// That of the account.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self(PerRegion::new(aws.config(), Client::new))
    }

    /// The client of a region.
    pub fn of(&self, region: &Region) -> Client {
        self.0.of(region)
    }

    /// The trails of a region: those at home there, and the shadows of multi-region and organization trails.
    ///
    /// # Errors
    /// The call that failed.
    pub async fn describe(&self, region: &Region) -> Result<Vec<Trail>, CallError> {
        let sent = self.of(region).describe_trails().send();
        Ok(Box::pin(call("cloudtrail:DescribeTrails", sent)).await?.trail_list.unwrap_or_default())
    }

    /// How a trail is doing in its home region.
    ///
    /// # Errors
    /// The call failed otherwise than by "denied" or "gone".
    pub async fn status(&self, home: &Region, arn: &str) -> Result<Seen<GetTrailStatusOutput>, CallError> {
        let sent = self.of(home).get_trail_status().name(arn).send();
        Seen::from_call(Box::pin(call("cloudtrail:GetTrailStatus", sent)).await)
    }

    /// What a trail records, asked in its home region.
    ///
    /// # Errors
    /// The call failed otherwise than by "denied" or "gone".
    pub async fn selectors(&self, home: &Region, arn: &str) -> Result<Seen<Selectors>, CallError> {
        let sent = self.of(home).get_event_selectors().trail_name(arn).send();
        let answer = Box::pin(call("cloudtrail:GetEventSelectors", sent)).await;
        Seen::from_call(answer.map(|it| selectors::read(&it)))
    }
}
