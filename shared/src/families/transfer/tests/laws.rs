//! Generators of servers, for the laws.

use crate::exemption::Tags;
use crate::families::transfer::view::{MANAGED_POLICY, MANAGED_ROLES, StructuredDestination, View, managed_role};
use crate::families::transfer::{Step, Transfer};
use crate::managed::log_group::LogGroup;
use crate::model::{Property, Seen, Subject};
use crate::testing::laws::{Lawful, unread};
use crate::testing::read::Shown;
use crate::testing::roles::{foreign, ours, roles};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const CUSTOMERS: &str = "arn:aws:iam::111122223333:role/path/customer";
const FOREIGN: &str = "arn:aws:iam::999999999999:role/trailkeeper-transfer-logging";

fn destinations() -> impl Strategy<Value = StructuredDestination> {
    let group = Seen::Present(LogGroup { name: "g".to_owned(), ..LogGroup::default() });
    let groups = vec![group, Seen::Absent, Seen::Unreadable("logs:DescribeLogGroups"), Seen::NotAsked];
    let arn = "arn:aws:logs:eu-west-1:111122223333:log-group:g:*";
    select(groups).prop_map(move |group| StructuredDestination { arn: arn.to_owned(), group })
}

impl Lawful for Transfer {
    const ID: &'static str = "s-0123456789abcdef0";

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
        let place = subject.place;
        let names = MANAGED_ROLES.map(|name| place.role_arn(name));
        let [first, second] = names.clone().map(Some);
        let logging_roles = select(vec![None, first, second, Some(CUSTOMERS.to_owned()), Some(FOREIGN.to_owned())]);
        let role = managed_role(&place);
        let roles = [CUSTOMERS, &names[0], &names[1]].map(|arn| roles(&role, "transfer.amazonaws.com", arn));
        (logging_roles, roles, vec(destinations(), 0..2), any::<bool>())
            .prop_map(move |(logging_role, [customers, first, second], structured_destinations, workflows)| {
                let role = match logging_role.as_deref() {
                    Some(CUSTOMERS) => customers,
                    Some(arn) if arn == names[0] => first.clone(),
                    Some(arn) if arn == names[1] => second.clone(),
                    _ => Seen::Absent,
                };
                let mut view = View {
                    logging_role,
                    structured_destinations,
                    workflows,
                    tags: Tags::new(),
                    role,
                    managed_role: Seen::NotAsked,
                    role_taken: false,
                };
                // As in the reader, our role is read only if it may be needed.
                if view.role == Seen::Absent || view.logs_by_our_name(&place) {
                    let used = (view.logging_role.as_deref().unwrap_or_default(), &view.role);
                    (view.managed_role, view.role_taken) = ours(&place, &managed_role(&place), used, [&first, &second]);
                }
                view
            })
            .boxed()
    }

    fn is_blind(_: &Step, view: &View) -> bool {
        unread(&format!("{:?}{:?}", view.role, view.managed_role))
    }

    fn foreign(view: &View) -> String {
        let View { logging_role: _, structured_destinations, workflows, tags, role, managed_role, role_taken } = view;
        let role = if *managed_role == Seen::NotAsked { role } else { managed_role };
        format!("{structured_destinations:?} {workflows} {tags:?} {role_taken}; {}", foreign(role, MANAGED_POLICY))
    }
}
