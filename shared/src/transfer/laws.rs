//! What servers look like, for the laws.

use super::view::{OUR_POLICY, OUR_ROLE, View, our_role};
use super::{Step, Transfer};
use crate::laws::Lawful;
use crate::model::{Seen, Subject};
use crate::place::Place;
use crate::role::Role;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CUSTOMERS: &str = "arn:aws:iam::111122223333:role/path/customer";
const FOREIGN: &str = "arn:aws:iam::999999999999:role/trailkeeper-transfer-logging";

impl Lawful for Transfer {
    const ID: &'static str = "s-0123456789abcdef0";

    fn views(subject: Subject) -> BoxedStrategy<View> {
        let place = subject.place;
        let ours = place.role_arn(OUR_ROLE);
        let named = select(vec![None, Some(ours.clone()), Some(CUSTOMERS.to_owned()), Some(FOREIGN.to_owned())]);
        let roles = (seen_role(&place, CUSTOMERS), seen_role(&place, &ours));
        (named, roles, vec(Just("arn:aws:logs:eu-west-1:111122223333:log-group:g:*".to_owned()), 0..2), any::<bool>())
            .prop_map(move |(logging_role, (customers, our_role), structured_destinations, workflows)| {
                let role = match logging_role.as_deref() {
                    Some(CUSTOMERS) => customers,
                    Some(arn) if arn == ours => our_role.clone(),
                    _ => Seen::Absent,
                };
                // As the reader does: our role is looked at only where it may be needed.
                let consulted = role == Seen::Absent || logging_role.as_deref() == Some(ours.as_str());
                View { logging_role, structured_destinations, workflows, role, our_role: consulted.then_some(our_role) }
            })
            .boxed()
    }

    fn is_blind(_: &Step, view: &View) -> bool {
        format!("{:?}{:?}", view.role, view.our_role).contains("Unreadable")
    }

    fn foreign(view: &View) -> String {
        let View { logging_role: _, structured_destinations, workflows, role, our_role } = view;
        let mut parts = vec![format!("{structured_destinations:?} {workflows}")];
        // No role and one just made look alike: neither has anything of someone else's in it.
        if let Seen::Present(role) = our_role.as_ref().unwrap_or(role) {
            let Role { arn: _, ours, trust: _, inline, attached, boundary } = role;
            if let Seen::Present(inline) = inline {
                parts.extend(inline.iter().filter(|(name, _)| *name != OUR_POLICY).map(|it| format!("{it:?}")));
            }
            parts.extend([format!("{attached:?}")].into_iter().filter(|it| it != "Present([])"));
            parts.extend([format!("{boundary:?}")].into_iter().filter(|it| it != "Absent"));
            parts.extend((!ours).then(|| format!("{role:?}")));
        }
        parts.join("; ")
    }
}

fn seen_role(place: &Place, arn: &str) -> BoxedStrategy<Seen<Role>> {
    let arn = arn.to_owned();
    let role = (any::<bool>(), trusts(place), inline(place), attached(), boundary()).prop_map(
        move |(ours, trust, inline, attached, boundary)| {
            Seen::Present(Role { arn: arn.clone(), ours, trust, inline, attached, boundary })
        },
    );
    prop_oneof![1 => Just(Seen::Absent), 1 => Just(Seen::Unreadable("iam:GetRole")), 8 => role].boxed()
}

fn trusts(place: &Place) -> impl Strategy<Value = Value> + use<> {
    let assumable = |condition: Value| {
        json!({"Statement": {"Effect": "Allow", "Principal": {"Service": "transfer.amazonaws.com"},
            "Action": "sts:AssumeRole", "Condition": condition}})
    };
    select(vec![
        our_role(place).trust,
        our_role(place).trust,
        json!({"Statement": []}),
        assumable(json!({"StringEquals": {"aws:SourceAccount": "999999999999"}})),
        assumable(json!({"Bool": {"aws:SecureTransport": "true"}})),
    ])
}

fn inline(place: &Place) -> impl Strategy<Value = Seen<BTreeMap<String, Value>>> + use<> {
    let ours = select(vec![None, Some(our_role(place).policy), Some(statement("Allow", "logs:PutLogEvents"))]);
    let other = select(vec![None, Some(statement("Allow", "s3:*")), Some(statement("Deny", "logs:*"))]);
    let present = (ours, other).prop_map(|(ours, other)| {
        let named = [(OUR_POLICY, ours), ("other", other)];
        Seen::Present(named.into_iter().filter_map(|(name, policy)| Some((name.to_owned(), policy?))).collect())
    });
    prop_oneof![8 => present, 1 => Just(Seen::Absent), 1 => Just(Seen::Unreadable("iam:GetRolePolicy"))]
}

fn attached() -> impl Strategy<Value = Seen<Vec<Value>>> {
    let present =
        select(vec![vec![], vec![], vec![statement("Allow", "logs:*")], vec![statement("Deny", "logs:PutLogEvents")]]);
    prop_oneof![8 => present.prop_map(Seen::Present), 1 => Just(Seen::Unreadable("iam:GetPolicyVersion"))]
}

fn boundary() -> impl Strategy<Value = Seen<Value>> {
    let present = select(vec![statement("Allow", "*"), statement("Allow", "s3:*")]);
    prop_oneof![
        6 => Just(Seen::Absent),
        2 => present.prop_map(Seen::Present),
        1 => Just(Seen::Unreadable("iam:GetPolicy"))
    ]
}

fn statement(effect: &str, action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]})
}
