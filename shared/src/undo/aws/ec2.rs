//! Flow logs of VPCs.

use super::{Properties, parse, unclear};
use crate::aws::{call, write_call};
use crate::families::vpc::aws::flow_log::group_of;
use crate::ledger::{EntryStep, Standing};
use crate::managed::tag::MANAGED_TAG;
use crate::model::{CallError, ErrorKind, Region, Seen};
use aws_sdk_ec2::types::{
    Filter, FlowLog, FlowLogsResourceType, LogDestinationType, ResourceType, Tag, TagSpecification, TrafficType,
    UnsuccessfulItem,
};
use serde_json::{Value, json};

impl Properties {
    /// Reads the flow log that a call made or deleted: by its id if the ledger has it, else the one that is as the call
    /// left it, else as it was before. A flow log that was deleted comes back with another id.
    pub(super) async fn read_flow_log(
        &self,
        region: &Region,
        vpc: &str,
        id: Option<&str>,
        step: &EntryStep,
    ) -> Result<Seen<Value>, CallError> {
        let all = self.flow_logs(region, Filter::builder().name("resource-id").values(vpc).build()).await?;
        Ok(all.and_then(|all| {
            let all: Vec<Value> = all.iter().map(members).collect();
            let is = |standing| all.iter().find(|it| step.standing(Some(*it)) == standing);
            let by_id = || all.iter().find(|it| id.is_some() && parse::text(it, "FlowLogId").as_deref() == id);
            let found = if step.after.is_null() {
                by_id().or_else(|| is(Standing::Back))
            } else {
                is(Standing::Written).or_else(by_id)
            };
            found.cloned()
        }))
    }

    async fn flow_logs(&self, region: &Region, filter: Filter) -> Result<Seen<Vec<FlowLog>>, CallError> {
        let mut pages = self.ec2.of(region).describe_flow_logs().filter(filter).into_paginator().items().send();
        let mut all = Vec::new();
        loop {
            let next = Box::pin(call("ec2:DescribeFlowLogs", async { pages.next().await.transpose() })).await;
            match Seen::from_call(next)?.into_present() {
                Ok(Some(found)) => all.push(found),
                Ok(None) => return Ok(Seen::Present(all)),
                Err(none) => return Ok(none),
            }
        }
    }

    /// Returns the flow logs that write to a log group, each with what it is of.
    pub(super) async fn flow_logs_to_group(
        &self,
        region: &Region,
        group: &str,
    ) -> Result<Vec<(String, String)>, CallError> {
        let mut pages = self.ec2.of(region).describe_flow_logs().into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(it) = Box::pin(call("ec2:DescribeFlowLogs", async { pages.next().await.transpose() })).await? {
            if group_of(&it) == group {
                found.push((it.flow_log_id.unwrap_or_default(), it.resource_id.unwrap_or_default()));
            }
        }
        Ok(found)
    }

    /// Returns the ids of the flow logs of a region that deliver with a role.
    pub(super) async fn flow_logs_with_role(&self, region: &Region, role: &str) -> Result<Vec<String>, CallError> {
        let mut pages = self.ec2.of(region).describe_flow_logs().into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(it) = Box::pin(call("ec2:DescribeFlowLogs", async { pages.next().await.transpose() })).await? {
            if it.deliver_logs_permission_arn().is_some_and(|arn| super::iam::name_in(arn) == role) {
                found.extend(it.flow_log_id);
            }
        }
        Ok(found)
    }

    pub(super) async fn set_flow_log(
        &self,
        region: &Region,
        vpc: &str,
        id: Option<&str>,
        value: Option<&Value>,
    ) -> Result<(), CallError> {
        let client = self.ec2.of(region);
        match (value, id) {
            (Some(old), _) => {
                let kind = parse::text(old, "LogDestinationType");
                let mut create = client
                    .create_flow_logs()
                    .resource_type(FlowLogsResourceType::Vpc)
                    .resource_ids(vpc)
                    .set_traffic_type(parse::text(old, "TrafficType").map(|it| TrafficType::from(it.as_str())))
                    .set_log_destination_type(kind.map(|kind| LogDestinationType::from(kind.as_str())))
                    .set_log_group_name(parse::text(old, "LogGroupName"))
                    .set_deliver_logs_permission_arn(parse::text(old, "DeliverLogsPermissionArn"))
                    .set_log_destination(parse::text(old, "LogDestination"))
                    .set_max_aggregation_interval(parse::number(old, "MaxAggregationInterval"))
                    .set_log_format(parse::text(old, "LogFormat"));
                for tags in parse::items(old, "TagSpecifications") {
                    let one = |tag: &Value| {
                        Tag::builder().set_key(parse::text(tag, "Key")).set_value(parse::any_text(tag, "Value")).build()
                    };
                    let tags = parse::items(tags, "Tags").map(one).collect();
                    let all = TagSpecification::builder().resource_type(ResourceType::VpcFlowLog);
                    create = create.tag_specifications(all.set_tags(Some(tags)).build());
                }
                let answer = write_call("ec2:CreateFlowLogs", create.send()).await?;
                all_successful("ec2:CreateFlowLogs", answer.unsuccessful())
            }
            (None, Some(id)) => {
                let answer =
                    write_call("ec2:DeleteFlowLogs", client.delete_flow_logs().flow_log_ids(id).send()).await?;
                all_successful("ec2:DeleteFlowLogs", answer.unsuccessful())
            }
            (None, None) => Err(unclear("ec2:DeleteFlowLogs")),
        }
    }
}

/// Returns a flow log as the members of the request that makes it, with its id.
fn members(it: &FlowLog) -> Value {
    let kind = it.log_destination_type().map_or("cloud-watch-logs", LogDestinationType::as_str);
    let group = (kind == "cloud-watch-logs").then(|| group_of(it));
    let ours = it.tags().iter().any(|tag| (tag.key(), tag.value()) == (Some(MANAGED_TAG.0), Some(MANAGED_TAG.1)));
    let (key, value) = MANAGED_TAG;
    let tags = ours.then(|| json!([{ "ResourceType": "vpc-flow-log", "Tags": [{ "Key": key, "Value": value }] }]));
    json!({
        "FlowLogId": it.flow_log_id(),
        "ResourceId": it.resource_id(),
        "TrafficType": it.traffic_type().map(TrafficType::as_str),
        "LogDestinationType": kind,
        "LogGroupName": group,
        "DeliverLogsPermissionArn": it.deliver_logs_permission_arn(),
        "LogDestination": it.log_destination().filter(|_| kind != "cloud-watch-logs"),
        "MaxAggregationInterval": it.max_aggregation_interval(),
        "LogFormat": it.log_format(),
        "TagSpecifications": tags,
    })
}

/// Returns an error if the response, with status 200, lists anything that failed.
fn all_successful(action: &'static str, unsuccessful: &[UnsuccessfulItem]) -> Result<(), CallError> {
    let Some(error) = unsuccessful.first().and_then(|item| item.error()) else { return Ok(()) };
    let code = error.code().unwrap_or("Unsuccessful").to_owned();
    let message = crate::model::sanitized(error.message().unwrap_or_default());
    Err(CallError { action, kind: ErrorKind::of(Some(&code), None), code, message })
}
