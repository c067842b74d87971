//! Steps with names that an attacker might choose, for the laws.

use crate::families::vpc::step::FlowLogStep;
use crate::families::vpc::view::{FlowLog, FlowLogDelivery, FlowLogDestination};
use crate::families::vpc::{New, Old, Step, To, View};
use crate::model::Seen;
use crate::settings::flow_logs::Traffic;
use crate::testing::hostile::{buckets, groups, roles};

/// Returns every kind of step, with this text in each value that is read from AWS or an event.
pub(super) fn steps(text: &str) -> Vec<Step> {
    let (vpc, to, in_place_of) = (text.to_owned(), To::Bucket { arn: text.to_owned() }, Some(text.to_owned()));
    let delete = |destination| {
        let flow_log = FlowLog {
            id: text.to_owned(),
            managed: true,
            in_place: false,
            active: true,
            traffic: Traffic::All,
            destination,
            delivery: FlowLogDelivery::Untold,
            interval: Some(60),
            format: Some(text.to_owned()),
        };
        Step::FlowLog(FlowLogStep::Delete { flow_log: Old::of(&flow_log, text), first: false })
    };
    let (group, role) = (Seen::NotAsked, Box::default());
    let group = FlowLogDestination::Group { name: text.to_owned(), group, role_arn: text.to_owned(), role };
    let mut all: Vec<Step> = roles(text).into_iter().map(Step::Role).collect();
    all.extend(groups().into_iter().map(Step::Group));
    all.extend(buckets(text).into_iter().map(Step::Bucket));
    all.push(Step::FlowLog(FlowLogStep::Create(New { vpc, traffic: Traffic::All, interval: 60, to, in_place_of })));
    all.extend([delete(group), delete(FlowLogDestination::Elsewhere(text.to_owned()))]);
    all
}

/// Returns the view with this text in each name that advice may quote.
pub(super) fn named(mut view: View, text: &str) -> View {
    for flow_log in &mut view.flow_logs {
        flow_log.id.push_str(text);
        match &mut flow_log.destination {
            FlowLogDestination::Group { name, role_arn, .. } => {
                name.push_str(text);
                role_arn.push_str(text);
            }
            FlowLogDestination::Elsewhere(arn) => arn.push_str(text),
        }
        if let FlowLogDelivery::Failed(message) = &mut flow_log.delivery {
            message.push_str(text);
        }
    }
    view
}
