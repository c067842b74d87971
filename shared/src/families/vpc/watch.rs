//! API calls that create a VPC or remove its flow logs, and how each identifies the VPC.

use crate::event::dependency::{CHANGES_OF_LOG_GROUPS, CHANGES_OF_POLICIES, CHANGES_OF_ROLES};
use crate::event::{ApiCall, Elements, Target, Watch};
use crate::family::{Tell, When};
use serde_json::Value;

pub(super) const WATCHES: &[Watch] = &[
    Watch { rule: "VpcCalls", service: "ec2.amazonaws.com", calls: &["CreateVpc", "CreateDefaultVpc"], target: made },
    Watch { rule: "FlowLogCalls", service: "ec2.amazonaws.com", calls: &["CreateFlowLogs"], target: given },
    Watch { rule: "FlowLogDeletions", service: "ec2.amazonaws.com", calls: &["DeleteFlowLogs"], target: all },
    CHANGES_OF_LOG_GROUPS,
    CHANGES_OF_ROLES,
    CHANGES_OF_POLICIES,
];

pub(super) const TELLS: &[Tell] = &[Tell {
    service: "ec2.amazonaws.com",
    calls: &["DeleteFlowLogs"],
    when: When::Always("vpc-flow-logs"),
    effect: |_| Some("deletes flow logs"),
}];

/// Returns the new VPC. Both calls contain the id only in the response, where the second may wrap it.
fn made(call: &ApiCall) -> Result<Target, String> {
    let wrapped = format!("{}Response", call.name);
    let id = call.response.inside(&["vpc", "vpcId"]).or_else(|| call.response.inside(&[&wrapped, "vpc", "vpcId"]));
    match id.and_then(Value::as_str) {
        Some(id) if is_vpc_id(id) => Ok(Target::One(call.region()?.clone(), id.to_owned())),
        Some(_) => Err(format!("{} does not name a valid VPC id", call.name)),
        None if call.response == Elements::Omitted => all(call),
        None => Err(format!("the record of {} names no VPC", call.name)),
    }
}

/// Returns the VPC that somebody gave a flow log, which may not deliver. EC2's lists are recorded as one object or
/// several.
fn given(call: &ApiCall) -> Result<Target, String> {
    if call.request == Elements::Omitted {
        return all(call);
    }
    let named = call.request.inside(&["CreateFlowLogsRequest", "ResourceId"]);
    let ids: Vec<&str> = match named {
        Some(Value::Array(items)) => items.iter().filter_map(id).collect(),
        Some(one) => id(one).into_iter().collect(),
        None => Vec::new(),
    };
    let mut vpcs = ids.iter().filter(|id| id.starts_with("vpc-"));
    match (vpcs.next(), vpcs.next()) {
        (Some(one), None) if is_vpc_id(one) => Ok(Target::One(call.region()?.clone(), (*one).to_owned())),
        (Some(_), Some(_)) => all(call),
        (Some(_), None) => Err(format!("{} does not name a valid VPC id", call.name)),
        (None, _) if ids.is_empty() => Err(format!("the record of {} names no resource", call.name)),
        (None, _) => Err("a flow log of a subnet or an interface, not of a VPC".to_owned()),
    }
}

fn id(item: &Value) -> Option<&str> {
    item.as_str().or_else(|| item.get("content")?.as_str())
}

/// Returns all VPCs as target. The record names only flow logs, which are gone, so their VPCs can no longer be
/// determined.
fn all(call: &ApiCall) -> Result<Target, String> {
    Ok(Target::region(call.region()?.clone()))
}

/// Returns whether an id is `vpc-` and 8 or 17 hexadecimal digits; the length is not checked.
fn is_vpc_id(id: &str) -> bool {
    id.len() <= 64
        && id.strip_prefix("vpc-").is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
        })
}
