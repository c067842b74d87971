//! `vpc-flow-logs`: every VPC keeps a record of its network traffic.

use crate::families::vpc::elsewhere::{state_for_us, told};
use crate::families::vpc::managed::MANAGED_GROUP;
use crate::families::vpc::state::FlowLogState;
use crate::families::vpc::step::FlowLogStep;
use crate::families::vpc::step::{New, Old, Step};
use crate::families::vpc::view::{FlowLog, FlowLogDelivery, FlowLogDestination, View};
use crate::families::vpc::{Vpc, managed};
use crate::family::Control;
use crate::managed::log_group;
use crate::managed::log_group::step::GroupStep;
use crate::model::{About, Blocked, Remedy, Seen, Severity, Step as _, Subject, Verdict, permanent};
use crate::settings::Settings;
use crate::settings::flow_logs::Traffic;

pub(in crate::families::vpc) const CONTROL: Control<Vpc> = Control {
    about: About {
        id: "vpc-flow-logs",
        wrong: "without flow logs",
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
              `trailkeeper-vpc-flow-logs` (once per account, with `-2` where somebody else has that name; restored if it \
              is Trailkeeper's and was altered), then one \
              flow log with CreateFlowLogs. With TRAILKEEPER_FLOW_LOG_BUCKET it delivers to that bucket, after the delivery \
              statements are merged into the bucket's policy. If Trailkeeper's flow log fails, it is replaced; if \
              someone else's fails, that is reported and Trailkeeper's is created next to it.",
        risk: "CloudWatch Logs charges for ingestion, and a busy VPC writes a lot: REJECT \
               (TRAILKEEPER_FLOW_LOG_TRAFFIC), which is all that CIS asks for, or a bucket is cheaper. The network \
               itself is not affected.",
        guard: "A flow log that Trailkeeper did not create is never deleted, and a customer's role is never edited. \
                Trailkeeper's is deleted only if it lies where Trailkeeper puts one and AWS reports that it fails, and \
                only once the new one exists, or if AWS allows no second one with the same destination. One that fails again, or that CloudWatch Logs throttles, is reported and \
                not replaced again. Statements are only added to the bucket's policy, and it is read again afterwards. \
                Shared VPCs are left to their owner.",
        permanent: permanent!("vpc", "vpc-flow-logs"),
        severity: Severity::Medium,
        opt_in: false,
        references: &[
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
        let told = told(view, &subject.place, settings)
            .map_or_else(|| overheard(&judged, subject, settings), |it| Ok(Some(it)));
        return match (tidy(&judged, subject, settings), told) {
            (Verdict::Compliant, Ok(Some((because, advice)))) => Blocked::Advise(advice).verdict(because),
            (Verdict::Compliant, Err(blocked)) => blocked.verdict(String::new()),
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

/// Judges a VPC with a flow log that delivers. One of ours that fails was left behind by a run that ended early, or is
/// no longer needed. Its log group may have lost its retention, and its role may have been widened.
fn tidy(judged: &[(&FlowLog, FlowLogState)], subject: &Subject, settings: &Settings) -> Verdict<Step> {
    let (mut steps, mut lacks, mut left) = (Vec::new(), Vec::new(), None);
    for (flow_log, state) in judged.iter().filter(|(it, _)| is_ours(it, subject, settings)) {
        let id = &flow_log.id;
        match state {
            FlowLogState::Lacks(what) if fails(flow_log) || has_double(flow_log, judged) => {
                lacks.push(format!("flow log {id} {what}, next to one that delivers"));
                let flow_log = Old::of(flow_log, &subject.id);
                steps.push(Step::FlowLog(FlowLogStep::Delete { flow_log, first: false }));
            }
            FlowLogState::Delivers => {
                if let Some((because, keep)) = is_kept_wrongly(flow_log, settings) {
                    lacks.push(because);
                    steps.push(Step::Group(keep));
                }
                if let Some((because, restored)) = is_widened(flow_log, subject) {
                    lacks.push(because);
                    match restored {
                        Ok(restored) => steps.extend(restored),
                        Err(blocked) => left = Some(blocked),
                    }
                }
            }
            FlowLogState::Lacks(_) | FlowLogState::Unclear(_) => {}
        }
    }
    match (steps.is_empty(), left) {
        (true, None) => Verdict::Compliant,
        (true, Some(left)) => left.verdict(lacks.join("; ")),
        (false, _) => Verdict::Violation { because: lacks.join("; "), remedy: Remedy::Fix(steps) },
    }
}

/// Returns who else receives what the flow logs write to our log group, and what to do.
fn overheard(
    judged: &[(&FlowLog, FlowLogState)],
    subject: &Subject,
    settings: &Settings,
) -> Result<Option<(String, String)>, Blocked> {
    let group = judged.iter().find_map(|(it, state)| match &it.destination {
        FlowLogDestination::Group { name, group, .. } if name == MANAGED_GROUP && *state == FlowLogState::Delivers => {
            Some(group)
        }
        _ => None,
    });
    group.map_or(Ok(None), |group| managed::strange(group, &subject.place, settings))
}

/// Returns whether a flow log is ours: it carries our tag, and lies where we put one. A tag alone is anybody's to set.
fn is_ours(flow_log: &FlowLog, subject: &Subject, settings: &Settings) -> bool {
    let place = &subject.place;
    let lies_with_us = match &flow_log.destination {
        FlowLogDestination::Group { name, role_arn, .. } => {
            name == MANAGED_GROUP && managed::managed_role(place).at(place, role_arn).is_some()
        }
        FlowLogDestination::Elsewhere(_) => {
            let bucket = settings.flow_logs.bucket.as_ref();
            bucket.is_some_and(|bucket| flow_log.goes_to(&bucket.arn(&place.partition)))
        }
    };
    flow_log.managed && lies_with_us
}

/// Returns whether AWS reports that a flow log does not deliver.
fn fails(flow_log: &FlowLog) -> bool {
    matches!(flow_log.delivery, FlowLogDelivery::Failed(_))
}

/// Returns whether another flow log delivers the same traffic to the same destination.
fn has_double(flow_log: &FlowLog, judged: &[(&FlowLog, FlowLogState)]) -> bool {
    judged.iter().any(|(it, state)| {
        let same = it.traffic == flow_log.traffic && it.shares(&flow_log.destination);
        it.id != flow_log.id && same && *state == FlowLogState::Delivers
    })
}

/// Returns what is wrong with the retention of our log group, and the call that puts it right.
fn is_kept_wrongly(flow_log: &FlowLog, settings: &Settings) -> Option<(String, GroupStep)> {
    let FlowLogDestination::Group { group: Seen::Present(group), .. } = &flow_log.destination else { return None };
    log_group::wanted::wrong(MANAGED_GROUP, group, settings.log_retention_days)
}

/// Returns how our role was widened, and the calls that restore it.
fn is_widened(flow_log: &FlowLog, subject: &Subject) -> Option<(String, Result<Vec<Step>, Blocked>)> {
    let FlowLogDestination::Group { role, name, role_arn, .. } = &flow_log.destination else { return None };
    let (place, seen) = (&subject.place, role.present()?);
    let managed = managed::managed_role(place);
    let managed = managed.clone().at(place, role_arn).unwrap_or(managed);
    let because = format!("its role {role_arn} was altered: {}", managed.altered(seen)?);
    let arn = managed::flow_log_arn(place, &flow_log.id);
    let restored = managed.ready(place, role, &[managed::need(place, &arn, name, true)]).and_then(|steps| {
        let rest = managed.rest(seen).filter(|_| steps.is_empty());
        rest.map_or_else(|| Ok(steps.into_iter().map(Step::Role).collect()), Err)
    });
    Some((because, restored))
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
    let failing: Vec<&FlowLog> =
        view.flow_logs.iter().filter(|it| is_ours(it, subject, settings) && fails(it)).collect();
    // AWS allows no second flow log with the same destination.
    let same = view.flow_logs.iter().find(|it| it.shares(&destination));
    let ours = same.is_some_and(|it| is_ours(it, subject, settings));
    if let Some(advice) = same.and_then(|it| no_other(it, ours, &destination)) {
        return if steps.is_empty() || !ours { Err(Blocked::Advise(advice)) } else { Ok(steps) };
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
        .map(|it| (Old::of(it, &subject.id), it.shares(&destination)))
        .map(|(flow_log, first)| Step::FlowLog(FlowLogStep::Delete { flow_log, first }));
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
fn no_other(there: &FlowLog, ours: bool, destination: &FlowLogDestination) -> Option<String> {
    let id = &there.id;
    if !ours {
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
    let FlowLogDelivery::Failed(message) = there.delivery.clone() else {
        return Some(format!(
            "Delete flow log {id} once you know who changed it: AWS does not report that it fails to deliver, so \
             Trailkeeper does not delete it, and AWS allows no second flow log with the same destination."
        ));
    };
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
