//! What calls to Config, EC2, KMS and Transfer Family set.

use super::{Change, Fact, Leaves, Made, Matters, Of, items};
use serde_json::Value;
use trailkeeper::event::dependency::key_of;

pub(super) fn of_config(made: &Made<'_>) -> Vec<Change> {
    let recorder = Of { resource: made.arn("config", "configuration-recorder/default"), matters: Matters::Always };
    let (part, leaves) = match made.call.name.as_str() {
        "StartConfigurationRecorder" => ("recorder", Leaves::Right),
        "StopConfigurationRecorder" => ("recorder", Leaves::Less("stops what AWS Config records")),
        "DeleteConfigurationRecorder" => ("recorder", Leaves::Less("deletes the recorder of AWS Config")),
        "PutDeliveryChannel" => ("channel", Leaves::Right),
        "DeleteDeliveryChannel" => ("channel", Leaves::Less("deletes the delivery channel of AWS Config")),
        _ => return Vec::new(),
    };
    vec![recorder.change("config-recorder", part, leaves)]
}

/// Returns the bucket that AWS Config delivers to.
pub(super) fn channel(made: &Made<'_>) -> Vec<Fact> {
    let bucket = made.call.request.text_in("deliveryChannel", "s3BucketName");
    bucket.map(|name| Fact::LogBucket(name.to_owned())).into_iter().collect()
}

pub(super) fn of_ec2(made: &Made<'_>) -> Vec<Change> {
    let change = |resource: String, leaves| {
        Of { resource, matters: Matters::Always }.change("vpc-flow-logs", "flow logs", leaves)
    };
    match made.call.name.as_str() {
        "CreateFlowLogs" => {
            let vpcs = ids(made.asked(&["CreateFlowLogsRequest", "ResourceId"]), "vpc-");
            vpcs.into_iter().map(|id| change(made.arn("ec2", &format!("vpc/{id}")), Leaves::Right)).collect()
        }
        "DeleteFlowLogs" => {
            let logs = ids(made.asked(&["DeleteFlowLogsRequest", "FlowLogId"]), "fl-");
            let arn = |id: &str| made.arn("ec2", &format!("vpc-flow-log/{id}"));
            logs.into_iter().map(|id| change(arn(id), Leaves::Less("deletes a flow log"))).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns of which VPC a new flow log is: a deletion names the flow log alone.
pub(super) fn flow_logs(made: &Made<'_>) -> Vec<Fact> {
    if made.call.name != "CreateFlowLogs" {
        return Vec::new();
    }
    let vpcs = ids(made.asked(&["CreateFlowLogsRequest", "ResourceId"]), "vpc-");
    let answer = &made.call.response;
    let set = answer.inside(&["CreateFlowLogsResponse", "flowLogIdSet"]).or_else(|| answer.inside(&["flowLogIdSet"]));
    let logs = ids(set.and_then(|set| set.get("item")), "fl-");
    match vpcs.as_slice() {
        [vpc] => {
            let vpc = made.arn("ec2", &format!("vpc/{vpc}"));
            logs.into_iter()
                .map(|log| Fact::FlowLog(made.arn("ec2", &format!("vpc-flow-log/{log}")), vpc.clone()))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the ids in a list of EC2 that begin with this.
fn ids<'v>(list: Option<&'v Value>, beginning: &str) -> Vec<&'v str> {
    let id = |item: &'v Value| item.as_str().or_else(|| item.get("content")?.as_str());
    let is_id = |id: &&str| id.starts_with(beginning) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    items(list).into_iter().filter_map(id).filter(is_id).collect()
}

pub(super) fn of_kms(made: &Made<'_>) -> Vec<Change> {
    let Some(key) = key_of(made.call) else { return Vec::new() };
    let of = |matters| Of { resource: key.to_owned(), matters };
    let rotation = |leaves| vec![of(Matters::Always).change("kms-key-rotation", "rotation", leaves)];
    let record = |leaves| vec![of(Matters::TrailKey).change("cloudtrail-kms", "key", leaves)];
    match made.call.name.as_str() {
        "EnableKeyRotation" => rotation(Leaves::Right),
        "DisableKeyRotation" => rotation(Leaves::Wrong),
        "DisableKey" => record(Leaves::Less("disables the key of a trail")),
        "ScheduleKeyDeletion" => record(Leaves::Less("has the key of a trail deleted")),
        "DeleteImportedKeyMaterial" => record(Leaves::Less("deletes the material of the key of a trail")),
        // A key whose deletion is cancelled is disabled.
        "EnableKey" => record(Leaves::Right),
        _ => Vec::new(),
    }
}

pub(super) fn of_transfer(made: &Made<'_>) -> Vec<Change> {
    if made.call.name != "UpdateServer" {
        return Vec::new();
    }
    let Some(id) = made.text("serverId") else { return Vec::new() };
    let role = made.asked(&["loggingRole"]).and_then(Value::as_str);
    let places = made.asked(&["structuredLogDestinations"]).and_then(Value::as_array).map(Vec::len);
    let leaves = match (role, places) {
        (None, None) => return Vec::new(),
        (Some(role), _) if !role.is_empty() => Leaves::Right,
        (_, Some(places)) if places > 0 => Leaves::Right,
        _ => Leaves::Less("ends the logs of a server"),
    };
    let server = Of { resource: made.arn("transfer", &format!("server/{id}")), matters: Matters::Always };
    vec![server.change("transfer-server-logging", "logging", leaves)]
}
