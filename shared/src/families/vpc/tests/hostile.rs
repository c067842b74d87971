//! Steps with names that an attacker might choose, for the laws.

use crate::families::vpc::step::FlowLogStep;
use crate::families::vpc::{New, Old, Step, To};
use crate::settings::flow_logs::Traffic;
use crate::testing::hostile::{buckets, groups, roles};

/// Returns every kind of step, with this text in each value that is read from AWS or an event.
pub(super) fn steps(text: &str) -> Vec<Step> {
    let (vpc, to, in_place_of) = (text.to_owned(), To::Bucket { arn: text.to_owned() }, Some(text.to_owned()));
    let old = Old { id: text.to_owned(), traffic: Traffic::All, destination: text.to_owned() };
    let mut all: Vec<Step> = roles(text).into_iter().map(Step::Role).collect();
    all.extend(groups().into_iter().map(Step::Group));
    all.extend(buckets(text).into_iter().map(Step::Bucket));
    all.push(Step::FlowLog(FlowLogStep::Create(New { vpc, traffic: Traffic::All, interval: 60, to, in_place_of })));
    all.push(Step::FlowLog(FlowLogStep::Delete { flow_log: old, first: false }));
    all
}
