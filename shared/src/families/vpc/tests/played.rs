//! VPCs in the account of the game.

use crate::event::Dependency;
use crate::exemption::Tags;
use crate::families::vpc::controls::flow_logs;
use crate::families::vpc::elsewhere::bucket_of;
use crate::families::vpc::managed::managed_role;
use crate::families::vpc::{
    FlowLog, FlowLogDelivery, FlowLogDestination, FlowLogResources, FlowLogStep, MANAGED_GROUP, New, Step, To, View,
    Vpc,
};
use crate::model::{Arn, CallError, Place, Seen, Subject};
use crate::settings::Settings;
use crate::settings::flow_logs::Traffic;
use crate::testing::game::account::{AwsAccount, FlowLogHere, FlowLogTo, Owned, home, refused};
use crate::testing::game::world::Played;
use std::collections::BTreeSet;

impl Played for Vpc {
    fn ids(account: &AwsAccount, place: &Place, using: Option<&Dependency>, _: &Settings) -> Vec<String> {
        let leans = |it: &FlowLogHere| match (using, &it.to) {
            (None, _) => true,
            (Some(Dependency::Role(name) | Dependency::RolePolicies(name)), FlowLogTo::Group { role, .. }) => {
                Arn::parse(role).is_some_and(|role| role.name().eq_ignore_ascii_case(name))
            }
            (Some(Dependency::LogGroup(name)), FlowLogTo::Group { name: group, .. }) => group == name,
            (Some(_), _) => false,
        };
        let of = |vpc: &String| using.is_none() || account.flow_logs.iter().any(|it| it.vpc == *vpc && leans(it));
        account.vpcs.keys().filter(|vpc| place.region == home() && of(vpc)).cloned().collect()
    }

    fn view(account: &AwsAccount, subject: &Subject, settings: &Settings) -> Option<View> {
        let tags = account.vpcs.get(&subject.id)?.clone();
        let of = account.flow_logs.iter().filter(|it| it.vpc == subject.id);
        let flow_logs: Vec<FlowLog> = of.map(|it| flow_log(account, &subject.place, it)).collect();
        let named = flow_logs.iter().filter_map(|it| match &it.destination {
            FlowLogDestination::Elsewhere(arn) => Some(bucket_of(arn)?.0),
            FlowLogDestination::Group { .. } => None,
        });
        let foreign_buckets: BTreeSet<String> =
            named.filter(|it| account.locate(it) == Owned::Elsewhere).map(str::to_owned).collect();
        let managed = FlowLogResources::default();
        let owner = subject.place.account.clone();
        let mut view = View { owner, tags, flow_logs, managed, foreign_buckets };
        if !flow_logs::needs_nothing(&view, subject, settings) {
            view.managed.group = account.group(&subject.place.region, MANAGED_GROUP);
            let (role, taken) = account.our_role(&subject.place, &managed_role(&subject.place), ("", &Seen::Absent));
            (view.managed.role, view.managed.role_taken) = (role, taken);
        }
        Some(view)
    }

    fn tags(account: &AwsAccount, subject: &Subject) -> Seen<Tags> {
        account.vpcs.get(&subject.id).map_or(Seen::Absent, |tags| Seen::Present(tags.clone()))
    }

    fn make(account: &mut AwsAccount, subject: &Subject, step: &Step) -> Result<(), CallError> {
        match step {
            Step::Group(step) => account.put_group(&subject.place.region, *step),
            Step::Role(step) => account.put_role(step),
            Step::Bucket(step) => account.put_bucket(step),
            Step::FlowLog(FlowLogStep::Create(New { vpc, traffic, interval: _, to, in_place_of })) => {
                let to = match to {
                    To::ManagedGroup { role } => {
                        FlowLogTo::Group { name: MANAGED_GROUP.to_owned(), role: role.clone() }
                    }
                    To::Bucket { arn } => FlowLogTo::Elsewhere(arn.clone()),
                };
                let same = |it: &FlowLogHere| match (&it.to, &to) {
                    (FlowLogTo::Group { name, .. }, FlowLogTo::Group { name: other, .. }) => name == other,
                    (one, other) => one == other,
                };
                if account.flow_logs.iter().any(|it| it.vpc == *vpc && same(it)) {
                    return Err(refused("ec2:CreateFlowLogs", "FlowLogAlreadyExists"));
                }
                let id = format!("fl-{}", account.number());
                let (vpc, in_place) = (vpc.clone(), in_place_of.is_some());
                let new = FlowLogHere { id, vpc, managed: true, in_place, traffic: *traffic, to };
                account.flow_logs.push(new);
                Ok(())
            }
            Step::FlowLog(FlowLogStep::Delete { flow_log, .. }) => {
                account.flow_logs.retain(|it| it.id != flow_log.id);
                Ok(())
            }
        }
    }
}

fn flow_log(account: &AwsAccount, place: &Place, it: &FlowLogHere) -> FlowLog {
    let works = account.flow_log_delivers(&it.id, &it.to);
    let delivery = if works { FlowLogDelivery::Success } else { FlowLogDelivery::Failed("Access error".to_owned()) };
    let destination = match &it.to {
        FlowLogTo::Elsewhere(arn) => FlowLogDestination::Elsewhere(arn.clone()),
        FlowLogTo::Group { name, role } => {
            let counts = works && it.traffic != Traffic::Accept;
            let (group, found) = if counts {
                (account.group(&place.region, name), account.role(role))
            } else {
                (Seen::NotAsked, Seen::NotAsked)
            };
            FlowLogDestination::Group { name: name.clone(), group, role_arn: role.clone(), role: Box::new(found) }
        }
    };
    FlowLog {
        id: it.id.clone(),
        managed: it.managed,
        in_place: it.in_place,
        active: true,
        traffic: it.traffic,
        destination,
        delivery,
        interval: Some(600),
        format: None,
    }
}
