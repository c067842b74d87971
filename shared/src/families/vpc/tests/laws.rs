//! Generators of VPCs and their flow logs, for the laws.

use crate::exemption::Tags;
use crate::families::vpc::controls::flow_logs;
use crate::families::vpc::managed::{MANAGED_GROUP, MANAGED_POLICY, MANAGED_ROLES, managed_role};
use crate::families::vpc::view::{FlowLog, FlowLogDelivery, FlowLogDestination, FlowLogResources, View};
use crate::families::vpc::{Step, Vpc};
use crate::managed::log_group::LogGroup;
use crate::managed::role::Role;
use crate::model::{Property, Seen, Subject};
use crate::settings::Settings;
use crate::settings::destinations::RecordDestinations;
use crate::settings::flow_logs::Traffic;
use crate::testing::laws::{self, Lawful, subject, unread};
use crate::testing::read::Shown;
use crate::testing::roles::{foreign, ours, roles};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const CUSTOMERS: &str = "arn:aws:iam::111122223333:role/path/customer";
const FOREIGN: &str = "arn:aws:iam::999999999999:role/trailkeeper-vpc-flow-logs";
const STRANGERS: &str = "arn:aws:s3:::strangers";
const STREAM: &str = "arn:aws:firehose:eu-west-1:111122223333:deliverystream/s";

/// Parts of a flow log that are not shared with others.
type Own = ((bool, bool, bool, Traffic), FlowLogDelivery, u8);

impl Lawful for Vpc {
    const ID: &'static str = "vpc-0123456789abcdef0";

    /// Flow logs to other accounts are unwanted, since the setting names another bucket.
    fn settings() -> Settings {
        let record_destinations = RecordDestinations::setting(Some("named".to_owned())).expect("destinations");
        Settings { record_destinations, ..laws::settings() }
    }

    fn read(view: &View, property: &Property) -> Shown {
        super::read::read(view, property)
    }

    fn hostile(text: &str) -> Vec<Step> {
        super::hostile::steps(text)
    }

    fn named(view: View, text: &str) -> View {
        super::hostile::named(view, text)
    }

    fn views(subject: Subject) -> BoxedStrategy<View> {
        let place = subject.place.clone();
        let (names, role) = (MANAGED_ROLES.map(|name| place.role_arn(name)), managed_role(&place));
        let of_arn = |arn: &str| roles(&role, "vpc-flow-logs.amazonaws.com", arn);
        let shared =
            (of_arn(CUSTOMERS), [of_arn(&names[0]), of_arn(&names[1])], group(MANAGED_GROUP), group("/theirs"));
        let owner = select(vec!["111122223333", "111122223333", "111122223333", "999999999999"]);
        (owner, vec(own(), 0..4), shared)
            .prop_map(move |(owner, own, (customers, [first, second], managed_group, their_group))| {
                let flow_log = |(number, ((tagged, in_place, active, traffic), delivery, kind)): (usize, Own)| {
                    let (name, group, role_arn, role) = match kind {
                        0 => (MANAGED_GROUP, &managed_group, names[0].as_str(), &first),
                        6 => (MANAGED_GROUP, &managed_group, names[1].as_str(), &second),
                        1 => (MANAGED_GROUP, &managed_group, CUSTOMERS, &customers),
                        2 => ("/theirs", &their_group, CUSTOMERS, &customers),
                        _ => ("/theirs", &their_group, FOREIGN, &Seen::Absent),
                    };
                    let (name, role_arn) = (name.to_owned(), role_arn.to_owned());
                    let (group, role) = (group.clone(), Box::new(role.clone()));
                    FlowLog {
                        id: format!("fl-{number}"),
                        managed: tagged,
                        in_place,
                        active,
                        traffic,
                        destination: match kind {
                            4 => FlowLogDestination::Elsewhere(STREAM.to_owned()),
                            5 => FlowLogDestination::Elsewhere(STRANGERS.to_owned()),
                            _ => FlowLogDestination::Group { name, group, role_arn, role },
                        },
                        delivery,
                        interval: Some(600),
                        format: None,
                    }
                };
                let mut flow_logs: Vec<FlowLog> = own.into_iter().enumerate().map(flow_log).collect();
                // There is only one flow log per destination.
                let all = flow_logs.clone();
                let mut number = 0;
                flow_logs.retain(|it| {
                    number += 1;
                    !all[..number - 1].iter().any(|other| other.shares(&it.destination))
                });
                let mut view = View {
                    owner: owner.to_owned(),
                    tags: Tags::new(),
                    flow_logs,
                    managed: FlowLogResources::default(),
                    foreign_buckets: ["strangers".to_owned()].into(),
                };
                // As in the reader, what a fix would need is read only if one may be needed.
                if !flow_logs::needs_nothing(&view, &subject, &Self::settings()) {
                    let (role, role_taken) = ours(&place, &role, ("", &Seen::Absent), [&first, &second]);
                    view.managed = FlowLogResources { group: managed_group, role, role_taken, bucket: None };
                }
                view
            })
            .boxed()
    }

    fn is_blind(step: &Step, view: &View) -> bool {
        // If a flow log delivers, nothing depends on more than the flow logs themselves.
        if flow_logs::needs_nothing(view, &subject::<Vpc>(), &Self::settings()) {
            let keeps = |it: &FlowLog| matches!(&it.destination, FlowLogDestination::Group { name, group: Seen::Present(_), .. } if name == MANAGED_GROUP);
            return matches!(step, Step::Group(_)) && !view.flow_logs.iter().any(keeps);
        }
        let mut managed = view.managed.clone();
        if let Seen::Present(group) = &mut managed.group {
            // Nobody asks for the account's policies for log groups here.
            group.policies = Seen::Absent;
        }
        match step {
            Step::Group(_) => unread(&format!("{:?}", managed.group)),
            _ => unread(&format!("{managed:?}")),
        }
    }

    fn lasting(mut view: View) -> View {
        for it in &mut view.flow_logs {
            it.in_place = false;
        }
        view
    }

    fn foreign(view: &View) -> String {
        let View { owner, tags, flow_logs, managed, foreign_buckets: _ } = view;
        let theirs: Vec<String> = flow_logs.iter().filter(|it| !it.managed).map(own_part).collect();
        format!("{owner} {tags:?}; {theirs:?}; {}", foreign(&managed.role, MANAGED_POLICY))
    }
}

/// Returns the parts of a flow log that are not shared with ours.
fn own_part(flow_log: &FlowLog) -> String {
    let FlowLog { id, managed, in_place, active, traffic, destination, delivery, interval, format } = flow_log;
    let to = match destination {
        FlowLogDestination::Group { name, group: _, role_arn, role } => {
            let role = (!MANAGED_ROLES.iter().any(|name| role_arn.ends_with(name))).then(|| format!("{role:?}"));
            format!("{name} {role_arn} {role:?}")
        }
        FlowLogDestination::Elsewhere(arn) => arn.clone(),
    };
    format!("{id} {managed} {in_place} {active} {traffic:?} {to} {delivery:?} {interval:?} {format:?}")
}

fn own() -> impl Strategy<Value = Own> {
    let failed = |message: &str| FlowLogDelivery::Failed(message.to_owned());
    let deliveries = vec![
        FlowLogDelivery::Untold,
        FlowLogDelivery::Untold,
        FlowLogDelivery::Success,
        failed("Access error"),
        failed("Rate limited"),
        failed("Unknown error"),
    ];
    let traffic = select(vec![Traffic::All, Traffic::Reject, Traffic::Accept]);
    (
        (any::<bool>(), any::<bool>(), prop_oneof![4 => Just(true), 1 => Just(false)], traffic),
        select(deliveries),
        0..7u8,
    )
}

fn group(name: &'static str) -> impl Strategy<Value = Seen<LogGroup>> {
    let group = |retention| {
        Seen::Present(LogGroup {
            name: name.to_owned(),
            retention,
            filters: Seen::Present(vec![]),
            ..LogGroup::default()
        })
    };
    select(vec![
        Seen::Absent,
        group(None),
        group(Some(1)),
        group(Some(90)),
        group(Some(365)),
        Seen::Unreadable("logs:DescribeLogGroups"),
        Seen::NotAsked,
    ])
}

/// Checks that the list of a view's roles above is complete.
#[test]
fn every_destination_is_generated() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let views = Vpc::views(subject::<Vpc>());
    let mut kinds = std::collections::BTreeSet::new();
    for _ in 0..500 {
        let view = views.new_tree(&mut runner).expect("a view").current();
        kinds.extend(view.flow_logs.iter().map(|it| match &it.destination {
            FlowLogDestination::Group { role, .. } => match role.as_ref() {
                Seen::Present(Role { managed, .. }) => format!("role {managed}"),
                none => format!("{none:?}"),
            },
            FlowLogDestination::Elsewhere(_) => "elsewhere".to_owned(),
        }));
    }
    assert_eq!(kinds.len(), 6, "{kinds:?}");
}
