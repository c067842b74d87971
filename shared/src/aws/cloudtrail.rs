//! CloudTrail's trails: list, status and selectors, and the facts that follow from them.

use super::{Aws, PerRegion, call, selectors};
use crate::documents::selectors::Selectors;
use crate::model::{Arn, CallError, Place, Region, Seen};
use crate::record::{DeliveryErrors, Facts, TrailBucket, TrailFiles};
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

/// Returns the facts of a trail from what was read of it; its bucket is not located yet.
#[must_use]
pub fn facts(place: &Place, trail: &Trail, status: Seen<GetTrailStatusOutput>, selectors: Seen<Selectors>) -> Facts {
    let arn = trail.trail_arn().unwrap_or_default();
    let own = Arn::parse(arn).is_some_and(|arn| arn.account == place.account);
    Facts {
        arn: arn.to_owned(),
        multi_region: trail.is_multi_region_trail().unwrap_or_default(),
        organization: trail.is_organization_trail().unwrap_or_default(),
        errors: status.present().map_or_else(|| Some(DeliveryErrors::default()), |status| errors(status, own)),
        files: files(trail),
        logging: status.map(|status| status.is_logging().unwrap_or_default()),
        selectors,
        bucket: TrailBucket::NotAsked,
    }
}

/// Returns what a trail delivers to.
#[must_use]
pub fn files(trail: &Trail) -> TrailFiles {
    TrailFiles {
        bucket: trail.s3_bucket_name().unwrap_or_default().to_owned(),
        prefix: trail.s3_key_prefix().unwrap_or_default().to_owned(),
        key_id: trail.kms_key_id().filter(|id| !id.is_empty()).map(str::to_owned),
    }
}

/// Returns the errors of the last deliveries. `None` if the trail is not the account's own and its status names neither
/// an error nor a time of any delivery: to a member account CloudTrail may say nothing of its organization's deliveries.
#[must_use]
pub fn errors(status: &GetTrailStatusOutput, own: bool) -> Option<DeliveryErrors> {
    let set = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    // The error is kept until CloudTrail has delivered again; the last attempt says whether it has.
    let failed = |error: Option<&str>, attempted: Option<&str>, succeeded: Option<&str>| {
        let overtaken = set(succeeded).is_some_and(|succeeded| set(attempted).is_some_and(|tried| succeeded >= tried));
        set(error).filter(|_| !overtaken)
    };
    let found = DeliveryErrors {
        files: failed(
            status.latest_delivery_error(),
            status.latest_delivery_attempt_time(),
            status.latest_delivery_attempt_succeeded(),
        ),
        digests: set(status.latest_digest_delivery_error()),
        logs: set(status.latest_cloud_watch_logs_delivery_error()),
        notices: failed(
            status.latest_notification_error(),
            status.latest_notification_attempt_time(),
            status.latest_notification_attempt_succeeded(),
        ),
        awaited: status.latest_delivery_time().is_none(),
    };
    let told = status.latest_delivery_time().is_some() || status.latest_digest_delivery_time().is_some();
    (own || told || found.files.is_some() || found.digests.is_some()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_counts_until_a_later_attempt_has_succeeded() {
        let error = |tried: &str, succeeded: &str| {
            let status = GetTrailStatusOutput::builder()
                .latest_delivery_error("AccessDenied")
                .latest_delivery_attempt_time(tried)
                .latest_delivery_attempt_succeeded(succeeded)
                .latest_notification_error("NotFound")
                .latest_notification_attempt_time(tried)
                .latest_notification_attempt_succeeded(succeeded)
                .build();
            let errors = errors(&status, true).expect("an own trail");
            assert_eq!(errors.files.is_some(), errors.notices.is_some());
            errors.files
        };
        for (tried, succeeded) in
            [("", ""), ("2026-01-02T00:00:00Z", ""), ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")]
        {
            assert_eq!(error(tried, succeeded).as_deref(), Some("AccessDenied"), "{tried} {succeeded}");
        }
        assert_eq!(error("2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z"), None);
    }

    #[test]
    fn silence_about_an_organizations_deliveries_is_not_success() {
        let silent = GetTrailStatusOutput::builder().is_logging(true).build();
        let awaited = DeliveryErrors { awaited: true, ..DeliveryErrors::default() };
        assert_eq!((errors(&silent, false), errors(&silent, true)), (None, Some(awaited)));
        let refused = GetTrailStatusOutput::builder().latest_delivery_error("AccessDenied").build();
        assert_eq!(errors(&refused, false).and_then(|it| it.files).as_deref(), Some("AccessDenied"));
        let time = aws_sdk_cloudtrail::primitives::DateTime::from_secs(1);
        let told = GetTrailStatusOutput::builder().latest_delivery_time(time).build();
        assert_eq!(errors(&told, false), Some(DeliveryErrors::default()));
    }
}
