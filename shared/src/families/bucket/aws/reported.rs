//! Reports of CloudTrail and Config on what they delivered to a bucket.

use super::trails::DeliveryIndex;
use crate::aws::{call, cloudtrail};
use crate::families::bucket::uses::{ChannelDelivery, DeliveryOutcome, ReportedDelivery, TrailDelivery, Uses};
use crate::model::{Arn, CallError, Place, Region, Seen};
use aws_sdk_cloudtrail::operation::get_trail_status::GetTrailStatusOutput;
use aws_sdk_config::types::{ConfigExportDeliveryInfo, DeliveryChannelStatus};
use futures_util::future::try_join_all;

impl DeliveryIndex {
    /// Reads how the last deliveries into a bucket fared.
    pub(super) async fn reported(&self, place: &Place, uses: &Uses) -> Result<Vec<ReportedDelivery>, CallError> {
        let trails = try_join_all(uses.trails.iter().map(|trail| self.of_trail(place, trail))).await?;
        let channels = try_join_all(uses.channels.iter().map(|channel| self.of_channel(channel))).await?;
        Ok(trails.into_iter().chain(channels).collect())
    }

    async fn of_trail(&self, place: &Place, trail: &TrailDelivery) -> Result<ReportedDelivery, CallError> {
        let own = Arn::parse(&trail.arn).is_some_and(|arn| arn.account == place.account);
        let status = match Region::of_arn(&trail.arn) {
            Some(home) => told(self.cloudtrail.status(&home, &trail.arn).await)?,
            None => Ok(Seen::Absent),
        };
        let outcome = match status {
            Ok(Seen::Present(status)) => of_status(&status, own),
            Ok(unread) => unanswered(&unread),
            Err(error) => DeliveryOutcome::Unknown(error.to_string()),
        };
        Ok(ReportedDelivery { who: format!("trail {}", trail.arn), outcome })
    }

    async fn of_channel(&self, channel: &ChannelDelivery) -> Result<ReportedDelivery, CallError> {
        let sent = self.config.of(&channel.region).describe_delivery_channel_status().send();
        let answer = call("config:DescribeDeliveryChannelStatus", Box::pin(sent)).await;
        let outcome = match told(Seen::from_call(answer))? {
            Ok(Seen::Present(status)) => of_channels(status.delivery_channels_status()),
            Ok(unread) => unanswered(&unread),
            Err(error) => DeliveryOutcome::Unknown(error.to_string()),
        };
        Ok(ReportedDelivery { who: format!("the Config channel of {}", channel.region), outcome })
    }
}

/// Returns the answer to a call, or the error if the call is not to be repeated: then only its answer is not known.
fn told<T>(answer: Result<T, CallError>) -> Result<Result<T, CallError>, CallError> {
    match answer {
        Err(error) if error.retryable() => Err(error),
        other => Ok(other),
    }
}

fn unanswered<T>(seen: &Seen<T>) -> DeliveryOutcome {
    let why = seen.known().err().map(|unread| unread.to_string());
    DeliveryOutcome::Unknown(why.unwrap_or_else(|| "AWS does not know it".to_owned()))
}

fn of_status(status: &GetTrailStatusOutput, own: bool) -> DeliveryOutcome {
    let Some(errors) = cloudtrail::errors(status, own) else {
        let why = "CloudTrail says nothing of deliveries of the organization's trail to a member account";
        return DeliveryOutcome::Unknown(why.to_owned());
    };
    match errors.files.or(errors.digests) {
        Some(error) => DeliveryOutcome::Failed(error),
        None if status.is_logging() == Some(true) => DeliveryOutcome::Succeeded,
        None => DeliveryOutcome::Unknown("it is not logging, so nothing is delivered".to_owned()),
    }
}

/// Returns how the history and the snapshots of the region's channel, which has at most one, were delivered.
fn of_channels(channels: &[DeliveryChannelStatus]) -> DeliveryOutcome {
    let infos = channels.iter().flat_map(|it| [it.config_history_delivery_info(), it.config_snapshot_delivery_info()]);
    let infos: Vec<&ConfigExportDeliveryInfo> = infos.flatten().collect();
    let is = |info: &ConfigExportDeliveryInfo, status: &str| {
        info.last_status().is_some_and(|it| it.as_str().eq_ignore_ascii_case(status))
    };
    let overtaken = |info: &ConfigExportDeliveryInfo| {
        info.last_successful_time().is_some_and(|time| info.last_attempt_time().is_some_and(|last| time >= last))
    };
    match infos.iter().find(|info| is(info, "Failure") && !overtaken(info)) {
        Some(info) => {
            let texts = [info.last_error_code(), info.last_error_message()];
            let error: Vec<&str> = texts.into_iter().flatten().filter(|text| !text.is_empty()).collect();
            DeliveryOutcome::Failed(if error.is_empty() { "Failure".to_owned() } else { error.join(": ") })
        }
        None if infos.iter().any(|info| is(info, "Success") || info.last_successful_time().is_some()) => {
            DeliveryOutcome::Succeeded
        }
        None => DeliveryOutcome::Unknown("AWS Config has delivered nothing yet".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_config::primitives::DateTime;
    use aws_sdk_config::types::DeliveryStatus;

    #[test]
    fn a_trail_delivers_as_long_as_it_logs_without_errors() {
        let status = |logging: bool, error: &str| {
            GetTrailStatusOutput::builder().is_logging(logging).latest_delivery_error(error).build()
        };
        assert_eq!(of_status(&status(true, ""), true), DeliveryOutcome::Succeeded);
        assert_eq!(of_status(&status(true, "AccessDenied"), true), DeliveryOutcome::Failed("AccessDenied".to_owned()));
        for (logging, own) in [(false, true), (true, false)] {
            assert!(matches!(of_status(&status(logging, ""), own), DeliveryOutcome::Unknown(_)), "{logging} {own}");
        }
    }

    #[test]
    fn a_channel_fails_until_it_has_delivered_again() {
        let info = |status: DeliveryStatus, tried: i64, succeeded: i64| {
            let info = ConfigExportDeliveryInfo::builder().last_status(status).last_error_code("AccessDenied");
            let (tried, succeeded) = (DateTime::from_secs(tried), DateTime::from_secs(succeeded));
            let info = info.last_attempt_time(tried).last_successful_time(succeeded).build();
            of_channels(&[DeliveryChannelStatus::builder().config_history_delivery_info(info).build()])
        };
        assert_eq!(info(DeliveryStatus::Success, 2, 2), DeliveryOutcome::Succeeded);
        assert_eq!(info(DeliveryStatus::Failure, 2, 1), DeliveryOutcome::Failed("AccessDenied".to_owned()));
        assert_eq!(info(DeliveryStatus::Failure, 2, 2), DeliveryOutcome::Succeeded);
        assert!(matches!(of_channels(&[]), DeliveryOutcome::Unknown(_)));
    }
}
