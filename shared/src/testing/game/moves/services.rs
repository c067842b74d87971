//! Calls on flow logs, AWS Config, and servers.

use super::Move;
use crate::families::recorder::Scope;
use crate::families::vpc::Traffic;
use crate::model::Region;
use crate::testing::game::account::{
    ACCOUNT, AwsAccount, ConfigHere, FlowLogHere, FlowLogTo, SERVER, THEIRS, VPC, away, home,
};
use crate::testing::game::called::Called;
use crate::testing::game::record::Facet;
use serde_json::json;

const FLOWS: &[Facet] = &[Facet::FlowLogs];
const CONFIG: &[Facet] = &[Facet::Config];
const SERVED: &[Facet] = &[Facet::Server];

pub(super) fn moves() -> Vec<Move> {
    let mut all = vec![
        Move::new("flow_logs_deleted", FLOWS, |account| {
            let ids: Vec<String> = account.flow_logs.drain(..).map(|it| it.id).collect();
            let ids: Vec<_> = ids.iter().enumerate().map(|(at, id)| json!({"tag": at + 1, "content": id})).collect();
            let request = json!({"DeleteFlowLogsRequest": {"FlowLogId": ids}});
            let done = json!({"DeleteFlowLogsResponse": {"unsuccessful": ""}});
            (!ids.is_empty()).then(|| Called::new("ec2", "DeleteFlowLogs", request).answered(done).about("vpc"))
        }),
        flow_log("flow_log_abroad", Traffic::Reject, THEIRS),
        flow_log("flow_log_of_nothing", Traffic::Accept, THEIRS),
        Move::new("flow_log_tagged", &[], |account| {
            let it = account.flow_logs.iter_mut().find(|it| !it.managed)?;
            it.managed = true;
            Some(Called::new("ec2", "CreateTags", json!({"resourcesSet": it.id})))
        }),
        Move::new("vpc_exempt", FLOWS, |account| {
            account.vpcs.get_mut(VPC)?.insert("trailkeeper:exempt".to_owned(), "all".to_owned());
            Some(Called::new("ec2", "CreateTags", json!({"resourcesSet": VPC})).about(VPC))
        }),
        Move::new("server_silenced", SERVED, |account| {
            account.servers.get_mut(SERVER)?.role = None;
            let request = json!({"serverId": SERVER, "loggingRole": ""});
            Some(Called::new("transfer", "UpdateServer", request).answered(json!({"serverId": SERVER})).about(SERVER))
        }),
        Move::new("server_exempt", SERVED, |account| {
            account.servers.get_mut(SERVER)?.tags.insert("trailkeeper:exempt".to_owned(), "all".to_owned());
            let arn = format!("arn:aws:transfer:{}:{ACCOUNT}:server/{SERVER}", home());
            let tags = json!([{"key": "trailkeeper:exempt", "value": "all"}]);
            Some(Called::new("transfer", "TagResource", json!({"arn": arn, "tags": tags})).about(SERVER))
        }),
    ];
    for region in [home(), away()] {
        let mut add = |what: &str, event: &'static str, change: fn(&mut ConfigHere) -> Option<()>| {
            let region = region.clone();
            all.push(Move::new(&format!("config_{what}_{region}"), CONFIG, move |account| {
                config(account, &region, event, change)
            }));
        };
        add("stopped", "StopConfigurationRecorder", |it| {
            it.recorder.as_mut()?.status.recording = false;
            Some(())
        });
        add("recorder_deleted", "DeleteConfigurationRecorder", |it| it.recorder.take().map(|_| ()));
        add("channel_deleted", "DeleteDeliveryChannel", |it| {
            // AWS refuses it while the recorder runs.
            let runs = it.recorder.as_ref().is_some_and(|recorder| recorder.status.recording);
            if runs { None } else { it.channel.take().map(|_| ()) }
        });
        add("channel_abroad", "PutDeliveryChannel", |it| {
            it.channel.as_mut()?.bucket = THEIRS.to_owned();
            Some(())
        });
        add("narrowed", "PutConfigurationRecorder", |it| {
            it.recorder.as_mut()?.scope = Scope::Only(vec!["AWS::SNS::Topic".to_owned()]);
            Some(())
        });
    }
    all
}

fn config(
    account: &mut AwsAccount,
    region: &Region,
    event: &'static str,
    change: fn(&mut ConfigHere) -> Option<()>,
) -> Option<Called> {
    let here = account.config.get_mut(region)?;
    change(here)?;
    let bucket = here.channel.as_ref().map(|it| it.bucket.clone());
    let request = json!({"configurationRecorderName": "default", "deliveryChannel": {"s3BucketName": bucket}});
    Some(Called::new("config", event, request).at(region.clone()).about(format!("config:{region}")))
}

fn flow_log(name: &str, traffic: Traffic, bucket: &'static str) -> Move {
    Move::new(name, FLOWS, move |account| {
        let to = FlowLogTo::Elsewhere(format!("arn:aws:s3:::{bucket}"));
        if account.flow_logs.iter().any(|it| it.to == to) {
            return None;
        }
        let id = format!("fl-{}", account.number());
        account.flow_logs.push(FlowLogHere { id, vpc: VPC.to_owned(), managed: false, in_place: false, traffic, to });
        let request = json!({"CreateFlowLogsRequest": {"ResourceId": {"tag": 1, "content": VPC}}});
        Some(Called::new("ec2", "CreateFlowLogs", request).about(VPC))
    })
}
