//! `vpc-flow-logs`: every VPC keeps a record of its network traffic.

use crate::families::vpc::elsewhere::{state_for_us, told};
use crate::families::vpc::managed::MANAGED_GROUP;
use crate::families::vpc::state::FlowLogState;
use crate::families::vpc::step::FlowLogStep;
use crate::families::vpc::step::{New, Old, Step};
use crate::families::vpc::view::{FlowLog, FlowLogDelivery, FlowLogDestination, View};
use crate::families::vpc::{Vpc, managed};
use crate::family::Control;
use crate::managed::log_group::LogGroup;
use crate::managed::log_group::step::GroupStep;
use crate::model::{About, Blocked, Remedy, Seen, Severity, Step as _, Subject, Verdict};
use crate::settings::Settings;
use crate::settings::flow_logs::Traffic;

pub(in crate::families::vpc) const CONTROL: Control<Vpc> = Control {
    about: About {
        id: "vpc-flow-logs",
        title: "Every VPC has a working flow log",
        why: "CloudTrail shows who called AWS, but nothing about what went over the network. Without flow logs nobody \
              can say later which hosts an intruder reached or what was sent out. A new VPC has none, and a flow log \
              whose role or log group was deleted goes silent without an error.",
        compliant: "A flow log on the VPC itself (those on single subnets or interfaces do not count) is ACTIVE, \
                    records all or rejected traffic (accepted traffic alone is not enough), and is not failing to \
                    deliver. If it writes to a log group, it has a role that exists, that vpc-flow-logs.amazonaws.com \
                    may assume for it, and that may write there; the delivery status would show a fault only minutes \
                    later. With TRAILKEEPER_RECORD_DESTINATIONS, a bucket or stream of another account counts only if it \
                    is named; without it, such a destination is reported.",
        fix: "Creates the log group `/trailkeeper/vpc-flow-logs` in the VPC's region with a retention, the role \
              `trailkeeper-vpc-flow-logs` (once per account; repaired if it carries Trailkeeper's tag), then one flow \
              log with CreateFlowLogs. With TRAILKEEPER_FLOW_LOG_BUCKET it delivers to that bucket, after the delivery \
              statements are merged into the bucket's policy. If Trailkeeper's flow log fails, it is replaced; if \
              someone else's fails, that is reported and Trailkeeper's is created next to it.",
        risk: "CloudWatch Logs charges for ingestion, and a busy VPC writes a lot: REJECT \
               (TRAILKEEPER_FLOW_LOG_TRAFFIC), which is all that CIS asks for, or a bucket is cheaper. The network \
               itself is not affected.",
        guard: "A flow log that Trailkeeper did not create is never deleted, and a customer's role is never edited. \
                Trailkeeper's failing flow log is deleted only once the new one exists, or if AWS allows no second one \
                with the same destination. One that fails again, or that CloudWatch Logs throttles, is reported and \
                not replaced again. Statements are only added to the bucket's policy, and it is read again afterwards. \
                Shared VPCs are left to their owner.",
        severity: Severity::Medium,
        opt_in: false,
        references: &[
            "CIS AWS Foundations Benchmark 3.9 (v1.4 to v2.0), 3.7 (v3.0 to v5.0), Security Hub EC2.6",
            "Amazon VPC user guide, flow logs: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
            "Amazon VPC user guide, IAM role for flow logs: \
             https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html",
        ],
    },
    judge,
};

#[cfg(any(test, feature = "vpc"))]
/// Returns whether the VPC is compliant without reading what a fix would need.
pub(in crate::families::vpc) fn needs_nothing(view: &View, subject: &Subject, settings: &Settings) -> bool {
    view.owner != subject.place.account
        || view.flow_logs.iter().any(|it| state_for_us(it, view, subject, settings) == FlowLogState::Delivers)
}

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    if view.owner != subject.place.account {
        let because = format!("it is shared by account {}, which has to check it", view.owner);
        return Verdict::NotApplicable { because };
    }
    let judged: Vec<_> = view.flow_logs.iter().map(|it| (it, state_for_us(it, view, subject, settings))).collect();
    if judged.iter().any(|(_, state)| *state == FlowLogState::Delivers) {
        return match (tidy(&judged, settings), told(view, &subject.place, settings)) {
            (Verdict::Compliant, Some((because, advice))) => Blocked::Advise(advice).verdict(because),
            (verdict, _) => verdict,
        };
    }
    let unclear = judged.iter().find_map(|(it, state)| match state {
        FlowLogState::Unclear(what) => Some(format!("flow log {}: {what}", it.id)),
        FlowLogState::Delivers | FlowLogState::Lacks(_) => None,
    });
    if let Some(needs) = unclear {
        return Verdict::Unknown { needs };
    }
    let because = because(&judged);
    match remedy(view, subject, settings) {
        Ok(steps) => Verdict::Violation { because, remedy: Remedy::Fix(steps) },
        Err(blocked) => blocked.verdict(because),
    }
}

/// Judges a VPC with a flow log that delivers. One of ours that does not was left behind by a run that ended early, or
/// is no longer needed. If our log group was deleted, the flow log itself creates it again, but without a retention
/// period.
fn tidy(judged: &[(&FlowLog, FlowLogState)], settings: &Settings) -> Verdict<Step> {
    let (mut steps, mut lacks) = (Vec::new(), Vec::new());
    for (flow_log, state) in judged.iter().filter(|(it, _)| it.managed) {
        match state {
            FlowLogState::Lacks(what) => {
                lacks.push(format!("flow log {} {what}, next to one that delivers", flow_log.id));
                steps.push(Step::FlowLog(FlowLogStep::Delete { flow_log: Old::of(flow_log), first: false }));
            }
            FlowLogState::Delivers if is_kept_for_ever(flow_log) => {
                lacks.push(format!("log group {MANAGED_GROUP} keeps its events forever"));
                steps.push(Step::Group(GroupStep::Keep { name: MANAGED_GROUP, days: settings.log_retention_days }));
            }
            FlowLogState::Delivers | FlowLogState::Unclear(_) => {}
        }
    }
    if steps.is_empty() {
        return Verdict::Compliant;
    }
    Verdict::Violation { because: lacks.join("; "), remedy: Remedy::Fix(steps) }
}

fn is_kept_for_ever(flow_log: &FlowLog) -> bool {
    let group = |it: &Seen<LogGroup>| it.present().is_some_and(|group| group.retention.is_none());
    matches!(&flow_log.destination, FlowLogDestination::Group { name, group: seen, .. } if name == MANAGED_GROUP && group(seen))
}

fn because(judged: &[(&FlowLog, FlowLogState)]) -> String {
    let lacks: Vec<String> = judged
        .iter()
        .filter_map(|(it, state)| match state {
            FlowLogState::Lacks(what) => Some(format!("flow log {} {what}", it.id)),
            FlowLogState::Delivers | FlowLogState::Unclear(_) => None,
        })
        .collect();
    if lacks.is_empty() { "it has no flow log".to_owned() } else { lacks.join("; ") }
}

/// Returns the remedy for a VPC none of whose flow logs delivers.
fn remedy(view: &View, subject: &Subject, settings: &Settings) -> Result<Vec<Step>, Blocked> {
    let (to, mut steps) = managed::way(view, subject, settings)?;
    if let Some(enough) = enough(view, subject, settings, &steps) {
        return Ok(enough);
    }
    let destination = to.destination(view);
    let failing: Vec<&FlowLog> = view.flow_logs.iter().filter(|it| it.managed).collect();
    // AWS allows no second flow log with the same destination.
    let same = view.flow_logs.iter().find(|it| it.shares(&destination));
    if let Some((same, advice)) = same.and_then(|it| Some((it, no_other(it, &destination)?))) {
        return if steps.is_empty() || !same.managed { Err(Blocked::Advise(advice)) } else { Ok(steps) };
    }
    steps.push(Step::FlowLog(FlowLogStep::Create(New {
        vpc: subject.id.clone(),
        traffic: settings.flow_logs.traffic,
        interval: settings.flow_logs.interval,
        to,
        in_place_of: same.map(|it| it.id.clone()),
    })));
    let gone = failing
        .iter()
        .map(|it| Step::FlowLog(FlowLogStep::Delete { flow_log: Old::of(it), first: it.shares(&destination) }));
    steps.extend(gone);
    Ok(steps)
}

/// Returns those of these steps that suffice to make an existing flow log work again, if there are any: it may depend
/// only on the log group, or on the role.
fn enough(view: &View, subject: &Subject, settings: &Settings, steps: &[Step]) -> Option<Vec<Step>> {
    let (role, rest): (Vec<Step>, Vec<Step>) = steps.iter().cloned().partition(|step| matches!(step, Step::Role(_)));
    [rest, role, steps.to_vec()].into_iter().find(|some| {
        let mut mended = view.clone();
        for step in some {
            step.effect(&mut mended);
        }
        mended.flow_logs.iter().any(|it| state_for_us(it, &mended, subject, settings) == FlowLogState::Delivers)
    })
}

/// Returns what a person should do if no other flow log can replace this one, or if a new one would do no better once
/// everything that it depends on is in order.
fn no_other(there: &FlowLog, destination: &FlowLogDestination) -> Option<String> {
    let id = &there.id;
    if !there.managed {
        return Some(format!(
            "Delete or fix flow log {id}, which Trailkeeper did not create: it has the destination that Trailkeeper's \
             would have, and AWS allows no second flow log with the same destination."
        ));
    }
    let role = |it: &FlowLogDestination| match it {
        FlowLogDestination::Group { role_arn, .. } => Some(role_arn.clone()),
        FlowLogDestination::Elsewhere(_) => None,
    };
    let alike = there.active && there.traffic != Traffic::Accept && role(&there.destination) == role(destination);
    let FlowLogDelivery::Failed(message) = there.delivery.clone() else { return None };
    if alike && message.contains("Rate limited") {
        return Some(format!(
            "CloudWatch Logs throttles what flow log {id} writes. Request a higher quota for PutLogEvents, record only \
             rejected traffic (TRAILKEEPER_FLOW_LOG_TRAFFIC), or deliver to a bucket (TRAILKEEPER_FLOW_LOG_BUCKET)."
        ));
    }
    (alike && there.in_place).then(|| {
        format!(
            "Flow log {id} replaced one that failed, and it is failing too, although its role and destination are in \
             order. Look for what denies them: a service control policy, the log group's key, a resource policy. Once \
             that is fixed, delete the flow log, and a new one will be created."
        )
    })
}
