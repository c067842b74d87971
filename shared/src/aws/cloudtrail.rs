//! CloudTrail's trails: list, status and selectors.

use super::{Aws, PerRegion, call, selectors};
use crate::documents::selectors::Selectors;
use crate::model::{CallError, Region, Seen};
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_cloudtrail::types::Trail;

/// Clients for CloudTrail in every region.
#[derive(Debug)]
pub struct CloudTrail(PerRegion<Client>);

impl CloudTrail {
    /// Creates the clients for the account.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self(PerRegion::new(aws.config(), Client::new))
    }

    /// Returns the client for a region.
    pub fn of(&self, region: &Region) -> Client {
        self.0.of(region)
    }

    /// Returns the trails of a region: those with their home there, and shadows of multi-region and organization
    /// trails.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    pub async fn describe(&self, region: &Region) -> Result<Vec<Trail>, CallError> {
        let sent = self.of(region).describe_trails().send();
        Ok(Box::pin(call("cloudtrail:DescribeTrails", sent)).await?.trail_list.unwrap_or_default())
    }

    /// Reads the status of a trail in its home region.
    ///
    /// # Errors
    /// Returns an error if the call fails for any reason other than "denied" or "gone".
    pub async fn status(&self, home: &Region, arn: &str) -> Result<Seen<GetTrailStatusOutput>, CallError> {
        let sent = self.of(home).get_trail_status().name(arn).send();
        Seen::from_call(Box::pin(call("cloudtrail:GetTrailStatus", sent)).await)
    }

    /// Reads the event selectors of a trail in its home region.
    ///
    /// # Errors
    /// Returns an error if the call fails for any reason other than "denied" or "gone".
    pub async fn selectors(&self, home: &Region, arn: &str) -> Result<Seen<Selectors>, CallError> {
        let sent = self.of(home).get_event_selectors().trail_name(arn).send();
        let answer = Box::pin(call("cloudtrail:GetEventSelectors", sent)).await;
        Seen::from_call(answer.map(|it| selectors::read(&it)))
    }
}
