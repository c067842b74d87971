//! Generates roles as services may find them, for tests of the families that depend on roles.

use crate::managed::role::wanted::ManagedRole;
use crate::managed::role::{Bounds, Role};
use crate::model::{Place, Seen};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Permissions boundary of the stack.
const OURS: &str = "arn:aws:iam::111122223333:policy/ours";
/// Permissions boundary of somebody else.
const THEIRS: &str = "arn:aws:iam::111122223333:policy/theirs";

/// Returns the managed role as Trailkeeper creates it.
pub(crate) fn made(managed: &ManagedRole, place: &Place) -> Role {
    Role {
        arn: place.role_arn(managed.name),
        managed: true,
        trust: managed.trust.clone(),
        inline: Seen::Present([(managed.policy_name.clone(), managed.policy.clone())].into()),
        attached: Seen::Present(vec![]),
        boundary: Seen::Absent,
        bounds: Bounds::default(),
    }
}

/// Generates the role with this ARN as a service may find it: with our documents or others, restricted, tagged or not.
pub(crate) fn roles(managed: &ManagedRole, service: &str, arn: &str) -> BoxedStrategy<Seen<Role>> {
    let arn = arn.to_owned();
    let stack = select(vec![None, Some(OURS.to_owned())]);
    let role = (any::<bool>(), trusts(managed, service), inline(managed), attached(), boundary(), stack).prop_map(
        move |(managed, trust, inline, attached, boundary, stack)| {
            let has = (boundary != Seen::Absent).then(|| THEIRS.to_owned());
            let bounds = Bounds { has, ours: stack.clone().filter(|_| managed) };
            Seen::Present(Role { arn: arn.clone(), managed, trust, inline, attached, boundary, bounds })
        },
    );
    prop_oneof![1 => Just(Seen::Absent), 1 => Just(Seen::Unreadable("iam:GetRole")), 1 => Just(Seen::NotAsked), 8 => role].boxed()
}

/// Finds our role among those that have its names, as the reader does: for something that has this role, if any.
pub(crate) fn ours(
    place: &Place,
    wanted: &ManagedRole,
    (arn, role): (&str, &Seen<Role>),
    [first, second]: [&Seen<Role>; 2],
) -> (Seen<Role>, bool) {
    let is_taken = |seen: &Seen<Role>| seen.present().is_some_and(|role| wanted.stranger(place, role).is_some());
    if let Some(named) = wanted.clone().at(place, arn)
        && *role != Seen::Absent
        && !is_taken(role)
    {
        return (role.clone(), named.name != wanted.names[0]);
    }
    if is_taken(first) && !is_taken(second) { (second.clone(), true) } else { (first.clone(), false) }
}

fn trusts(managed: &ManagedRole, service: &str) -> impl Strategy<Value = Value> + use<> {
    let assumable = |condition: Value| {
        json!({"Statement": {"Effect": "Allow", "Principal": {"Service": service},
            "Action": "sts:AssumeRole", "Condition": condition}})
    };
    select(vec![
        managed.trust.clone(),
        managed.trust.clone(),
        json!({"Statement": []}),
        assumable(json!({"StringEquals": {"aws:SourceAccount": "999999999999"}})),
        assumable(json!({"Bool": {"aws:SecureTransport": "true"}})),
    ])
}

fn inline(managed: &ManagedRole) -> impl Strategy<Value = Seen<BTreeMap<String, Value>>> + use<> {
    let name = managed.policy_name.clone();
    let managed = select(vec![None, Some(managed.policy.clone()), Some(statement("Allow", "logs:PutLogEvents"))]);
    let other = select(vec![None, Some(statement("Allow", "s3:*")), Some(statement("Deny", "logs:*"))]);
    let present = (managed, other).prop_map(move |(managed, other)| {
        let named = [(name.as_str(), managed), ("other", other)];
        Seen::Present(named.into_iter().filter_map(|(name, policy)| Some((name.to_owned(), policy?))).collect())
    });
    prop_oneof![8 => present, 1 => Just(Seen::Absent), 1 => Just(Seen::Unreadable("iam:GetRolePolicy")), 1 => Just(Seen::NotAsked)]
}

fn attached() -> impl Strategy<Value = Seen<Vec<Value>>> {
    let present =
        select(vec![vec![], vec![], vec![statement("Allow", "logs:*")], vec![statement("Deny", "logs:PutLogEvents")]]);
    prop_oneof![8 => present.prop_map(Seen::Present), 1 => Just(Seen::Unreadable("iam:GetPolicyVersion")), 1 => Just(Seen::NotAsked)]
}

fn boundary() -> impl Strategy<Value = Seen<Value>> {
    let present = select(vec![statement("Allow", "*"), statement("Allow", "s3:*")]);
    prop_oneof![
        6 => Just(Seen::Absent),
        2 => present.prop_map(Seen::Present),
        1 => Just(Seen::Unreadable("iam:GetPolicy")), 1 => Just(Seen::NotAsked)
    ]
}

fn statement(effect: &str, action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]})
}

/// Returns everything in a role that no step may change. A missing role and a new one look alike: neither contains
/// anything of somebody else's.
pub(crate) fn foreign(role: &Seen<Role>, managed_policy: &str) -> String {
    let Seen::Present(role) = role else { return String::new() };
    let Role { arn: _, managed, trust: _, inline, attached, boundary, bounds } = role;
    let mut parts = Vec::new();
    if let Seen::Present(inline) = inline {
        parts.extend(inline.iter().filter(|(name, _)| *name != managed_policy).map(|it| format!("{it:?}")));
    }
    parts.extend([format!("{attached:?}")].into_iter().filter(|it| it != "Present([])"));
    let theirs = bounds.has.as_deref() != Some(OURS);
    parts.extend([format!("{boundary:?}")].into_iter().filter(|it| it != "Absent" && theirs));
    parts.extend((!managed).then(|| format!("{role:?}")));
    parts.join("; ")
}
