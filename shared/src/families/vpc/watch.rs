//! The API calls that make a VPC, or take its flow log away, and how each names what to look at.

use crate::event::dependency::{CHANGES_OF_ROLES, DELETIONS_OF_LOG_GROUPS};
use crate::event::{ApiCall, Elements, Target, Watch};
use serde_json::Value;

pub(super) const WATCHES: &[Watch] = &[
    Watch { rule: "VpcCalls", service: "ec2.amazonaws.com", calls: &["CreateVpc", "CreateDefaultVpc"], target: made },
    Watch { rule: "FlowLogCalls", service: "ec2.amazonaws.com", calls: &["CreateFlowLogs"], target: given },
    Watch { rule: "FlowLogDeletions", service: "ec2.amazonaws.com", calls: &["DeleteFlowLogs"], target: all },
    DELETIONS_OF_LOG_GROUPS,
    CHANGES_OF_ROLES,
];

/// Both calls carry the id only in their answer; that of the second may be wrapped.
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

/// A new flow log of somebody's may be one that does not deliver. EC2's lists come as one object or several.
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

/// The record names flow logs only, and they are gone: which VPCs had them is not to be learnt any more.
fn all(call: &ApiCall) -> Result<Target, String> {
    Ok(Target::region(call.region()?.clone()))
}

/// `vpc-` and 8 or 17 hexadecimal digits; the length is left open.
fn is_vpc_id(id: &str) -> bool {
    id.len() <= 64
        && id.strip_prefix("vpc-").is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
        })
}
