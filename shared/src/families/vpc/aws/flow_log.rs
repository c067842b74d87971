//! Conversion of a flow log from the SDK's types to ours, with what it depends on.

use super::Vpcs;
use crate::families::vpc::view::{FlowLog, FlowLogDelivery, FlowLogDestination};
use crate::managed::tag::MANAGED_TAG;
use crate::model::{Arn, CallError, Place, Seen};
use crate::settings::flow_logs::Traffic;
use aws_sdk_ec2::types::{FlowLog as Described, LogDestinationType, TrafficType};
use futures_util::future::try_join;

/// Tag of a flow log that was created to replace a failed one, whose id is the value.
pub(super) const IN_PLACE: &str = "trailkeeper-in-place-of";

impl Vpcs {
    /// Reads a flow log with the role and the log group that it depends on, as far as they matter.
    pub(super) async fn flow_log(&self, place: &Place, it: &Described) -> Result<FlowLog, CallError> {
        let traffic = match it.traffic_type() {
            Some(TrafficType::All) => Traffic::All,
            Some(TrafficType::Reject) => Traffic::Reject,
            // An unknown future type counts for as little as the least.
            _ => Traffic::Accept,
        };
        let delivery = match it.deliver_logs_status() {
            Some("SUCCESS") => FlowLogDelivery::Success,
            Some("FAILED") => {
                FlowLogDelivery::Failed(it.deliver_logs_error_message().unwrap_or("Unknown error").to_owned())
            }
            _ => FlowLogDelivery::Untold,
        };
        let active = it.flow_log_status() == Some("ACTIVE");
        let counts = active && traffic != Traffic::Accept && !matches!(delivery, FlowLogDelivery::Failed(_));
        let has = |key: &str, value: Option<&str>| {
            it.tags().iter().any(|tag| tag.key() == Some(key) && value.is_none_or(|value| tag.value() == Some(value)))
        };
        Ok(FlowLog {
            id: it.flow_log_id().unwrap_or_default().to_owned(),
            managed: has(MANAGED_TAG.0, Some(MANAGED_TAG.1)),
            in_place: has(IN_PLACE, None),
            active,
            traffic,
            destination: self.destination(place, it, counts).await?,
            delivery,
            interval: it.max_aggregation_interval(),
            format: it.log_format().map(str::to_owned),
        })
    }

    async fn destination(&self, place: &Place, it: &Described, counts: bool) -> Result<FlowLogDestination, CallError> {
        let arn = it.log_destination().unwrap_or_default();
        if !matches!(it.log_destination_type(), None | Some(LogDestinationType::CloudWatchLogs)) {
            return Ok(FlowLogDestination::Elsewhere(arn.to_owned()));
        }
        let name = group_of(it);
        let role_arn = it.deliver_logs_permission_arn().unwrap_or_default().to_owned();
        let near = Arn::parse(&role_arn).is_some_and(|arn| arn.account == place.account);
        // What nothing depends on is not read.
        let (role, group) = if counts && near {
            let group = Box::pin(self.group(place, &name));
            Box::pin(try_join(self.role(&role_arn), group)).await?
        } else {
            (Seen::NotAsked, Seen::NotAsked)
        };
        Ok(FlowLogDestination::Group { name, group, role_arn, role: Box::new(role) })
    }
}

/// Returns the name of the log group that a flow log writes to, which may be given only by its ARN, with or without
/// `:*` at its end.
pub(crate) fn group_of(it: &Described) -> String {
    let in_arn = || Arn::parse(it.log_destination()?)?.log_group();
    it.log_group_name().or_else(in_arn).unwrap_or_default().to_owned()
}
