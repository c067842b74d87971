//! Roles that Trailkeeper creates for AWS services: one of each kind per account, tagged on creation, restored when
//! altered, and never recognized by name or tag alone. Pure.

use super::step::RoleStep;
use super::{Role, RoleNeed, Serves};
use crate::documents::policy::{Statement, beyond, compiled, document, same, statements, texts, within};
use crate::model::{Arn, Blocked, Place, Region, Seen, sanitized};
use serde_json::Value;

/// IAM role as Trailkeeper creates it.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedRole {
    /// Names that the role may have, fixed so that two invocations never create two roles. The second is for an account in
    /// which the first is somebody else's.
    pub names: [&'static str; 2],
    /// Name of the role: one of these.
    pub name: &'static str,
    /// Purpose of the role, used as its description.
    pub purpose: &'static str,
    /// Trust policy of the role.
    pub trust: Value,
    /// Name of the inline policy.
    pub policy_name: String,
    /// Inline policy of the role.
    pub policy: Value,
    /// Document that any policy of the role stays within: it may have one for each log group that it serves.
    pub widest: Value,
}

impl ManagedRole {
    /// Returns the role with its second name if the first is taken.
    #[must_use]
    pub fn unless(self, taken: bool) -> Self {
        let [first, second] = self.names;
        Self { name: if taken { second } else { first }, ..self }
    }

    /// Returns the role with the name in this ARN; `None` if it is none of its names.
    #[must_use]
    pub fn at(self, place: &Place, arn: &str) -> Option<Self> {
        let name = self.names.into_iter().find(|name| place.role_arn(name) == arn)?;
        Some(Self { name, ..self })
    }

    /// Returns why a role that has one of our names is not ours, if so: the beginning of a sentence about it.
    #[must_use]
    pub fn stranger(&self, place: &Place, role: &Role) -> Option<String> {
        let Some(name) = self.names.into_iter().find(|name| place.role_arn(name) == role.arn) else {
            let arn = sanitized(&role.arn);
            return Some(format!(
                "The name of role {} is taken by {arn}, under another path or in other letters",
                self.name
            ));
        };
        if !role.managed {
            return Some(format!("A role named {name} exists without Trailkeeper's tag"));
        }
        (!self.is_ours(role)).then(|| {
            format!("A role named {name} exists with Trailkeeper's tag, but its documents are not Trailkeeper's")
        })
    }

    /// Returns the calls that make the role meet the needs and allow nothing beyond our documents, possibly none.
    ///
    /// The role is ours if it has our tag, and holds a document of ours or none of anybody's. What was attached or put
    /// beside our policy stays ([`Self::rest`]).
    ///
    /// # Errors
    /// Returns an error if there are no such calls.
    pub fn ready(&self, place: &Place, seen: &Seen<Role>, needs: &[RoleNeed<'_>]) -> Result<Vec<RoleStep>, Blocked> {
        let name = self.name;
        let put = |replaces| RoleStep::PutPolicy {
            name,
            policy_name: self.policy_name.clone(),
            policy: self.policy.clone(),
            replaces,
        };
        let Some(role) = seen.known_of(format_args!("role {name}"))? else {
            let (arn, trust) = (place.role_arn(name), self.trust.clone());
            let instead_of = self.names.into_iter().next().filter(|first| *first != name);
            return Ok(vec![RoleStep::Create { name, arn, purpose: self.purpose, trust, instead_of }, put(None)]);
        };
        if let Some(stranger) = self.stranger(place, role) {
            return Err(Blocked::Advise(format!(
                "{stranger}, so Trailkeeper neither edits nor uses it. Find out who made it, delete it, and the rest will \
                 be fixed."
            )));
        }
        let (bound, bounded) = self.bound(role).unzip();
        let role = bounded.as_ref().unwrap_or(role);
        let mut steps = Vec::new();
        if !same(&role.trust, &self.trust) {
            steps.push(RoleStep::RepairTrust { name, trust: self.trust.clone(), replaces: role.trust.clone() });
        }
        let permits = |role: &Role| {
            let mut each = needs.iter().map(|need| role.permits(need));
            each.find(|it| *it != Serves::Yes).unwrap_or(Serves::Yes)
        };
        if permits(role) != Serves::Yes || self.own(role).is_some_and(|own| !within(own, &self.widest)) {
            let mut mended = role.clone();
            let replaces = mended.put_inline(&self.policy_name, &self.policy);
            match permits(&mended) {
                Serves::Yes => steps.push(put(replaces)),
                Serves::Unclear(what) => return Err(Blocked::Unknown(format!("role {name}: {what}"))),
                Serves::No(lack) => {
                    return Err(Blocked::Advise(format!(
                        "Role {name} would not work even with its own policy restored: {lack}. Someone attached a \
                         policy or a permissions boundary to it; remove that."
                    )));
                }
            }
        }
        match (bound, role.bounds.foreign()) {
            // Rights beside ours may serve somebody, and the boundary would take them away.
            (Some(bound), _) if !steps.is_empty() || self.added(role).is_none() => steps.insert(0, bound),
            (None, Some(other)) if !steps.is_empty() => {
                return Err(Blocked::Advise(format!(
                    "Role {name} has the permissions boundary {other}, and Trailkeeper may change roles only within its \
                     own. Remove that boundary, and the rest will be fixed."
                )));
            }
            _ => {}
        }
        Ok(steps)
    }

    /// Returns the call that puts the role within the boundary of the stack, and the role as it is then; `None` if it is
    /// there, if there is no such boundary, and if somebody gave it another one.
    fn bound(&self, role: &Role) -> Option<(RoleStep, Role)> {
        let boundary = role.bounds.ours.clone().filter(|ours| role.bounds.has.as_ref() != Some(ours))?;
        let document = boundary_document(&role.arn);
        // A stack that was deployed anew makes its boundary anew, and leaves the former one.
        let former = role.boundary.present().is_some_and(|it| same(it, &document));
        let replaces = role.bounds.has.clone();
        (replaces.is_none() || former).then(|| {
            let mut within = role.clone();
            within.bounds.has = Some(boundary.clone());
            within.boundary = Seen::Present(document.clone());
            (RoleStep::Bound { name: self.name, boundary, document, replaces }, within)
        })
    }

    /// Returns what is left for a person to do about a role that needs no more calls.
    #[must_use]
    pub fn rest(&self, role: &Role) -> Option<Blocked> {
        let (name, added) = (self.name, self.added(role)?);
        Some(Blocked::Advise(format!(
            "Remove from role {name} what Trailkeeper did not put there: {added}. Trailkeeper never deletes or detaches \
             policies, since something may depend on them."
        )))
    }

    /// Returns how the role differs from our documents to somebody's advantage: the rest of a sentence about it.
    ///
    /// What could not be read is left to [`Role::serves`].
    #[must_use]
    pub fn altered(&self, role: &Role) -> Option<String> {
        let others: Vec<String> =
            beyond(&role.trust, &self.trust).into_iter().filter(|it| it.allows()).map(who).collect();
        let trust = (!same(&role.trust, &self.trust)).then(|| match others.as_slice() {
            [] => "its trust policy is not Trailkeeper's".to_owned(),
            some => format!("its trust policy lets it be assumed by {}", some.join(", ")),
        });
        let own = self.own(role).filter(|own| !within(own, &self.widest));
        let own = own.map(|_| format!("its policy {} allows more than Trailkeeper's", self.policy_name));
        let added = self.added(role).map(|what| format!("it has {what}, which allows more than Trailkeeper's"));
        let bound = self.bound(role).filter(|_| self.added(role).is_none());
        let bound = bound.map(|_| "it is not within the permissions boundary of Trailkeeper's stack".to_owned());
        let all: Vec<String> = [trust, own, added, bound].into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// Returns whether a role that carries our tag and our name is ours: it holds a document of ours, or lets nobody in
    /// but services and may do nothing that ours may not.
    fn is_ours(&self, role: &Role) -> bool {
        // A trust policy without conditions is anybody's: AWS's own examples have it.
        let telling = statements(&self.trust).any(|it| it.condition().is_some());
        let holds_trust = telling && beyond(&self.trust, &role.trust).is_empty();
        let holds_policy = self.own(role).is_some_and(|own| same(own, &self.policy));
        let kinds = |it: Statement<'_>| it.element("Principal").and_then(Value::as_object).cloned();
        let services_only =
            |it: Statement<'_>| kinds(it).is_some_and(|kinds| kinds.keys().all(|kind| kind == "Service"));
        let strangers = statements(&role.trust).any(|it| it.allows() && !services_only(it));
        let is_bare = !strangers && self.added(role).is_none();
        holds_trust || holds_policy || is_bare
    }

    /// Returns the role's policy of our name.
    fn own<'a>(&self, role: &'a Role) -> Option<&'a Value> {
        role.inline.present().and_then(|inline| inline.get(&self.policy_name))
    }

    /// Returns what the role has beside our policy and allows more than ours, as far as it could be read.
    fn added(&self, role: &Role) -> Option<String> {
        let inline = role.inline.present().into_iter().flatten();
        let inline = inline.filter(|(name, it)| **name != self.policy_name && !within(it, &self.widest));
        let mut all: Vec<String> = inline.map(|(name, _)| format!("inline policy {}", sanitized(name))).collect();
        let attached = role.attached.present().map(|all| all.iter().filter(|it| !within(it, &self.widest)).count());
        all.extend(attached.filter(|count| *count > 0).map(|count| match count {
            1 => "an attached policy".to_owned(),
            many => format!("{many} attached policies"),
        }));
        (!all.is_empty()).then(|| all.join(", "))
    }
}

/// Returns the document of the permissions boundary of all roles that Trailkeeper creates, for the account of this role:
/// whatever a role is given, it may do no more than write logs of the three kinds.
pub(crate) fn boundary_document(role_arn: &str) -> Value {
    let of = |arn: Arn<'_>| Place {
        partition: arn.partition.to_owned(),
        account: arn.account.to_owned(),
        region: Region::first(),
    };
    Arn::parse(role_arn).map_or(Value::Null, |arn| compiled(document!("logging-boundary.json"), &of(arn)))
}

/// Returns whom a statement of a trust policy lets in, with its conditions left out.
fn who(statement: Statement<'_>) -> String {
    let named: Vec<&str> = match statement.element("Principal") {
        Some(Value::Object(kinds)) => kinds.values().flat_map(texts).collect(),
        Some(Value::String(all)) => vec![all.as_str()],
        _ => vec!["all but some"],
    };
    sanitized(&named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::Bounds;
    use super::*;
    use crate::model::{Call, Region};
    use serde_json::json;
    use std::collections::BTreeMap;

    const NEED: RoleNeed<'_> =
        RoleNeed { service: "x.amazonaws.com", known: vec![], actions: &["logs:PutLogEvents"], resources: vec![] };

    const STREAM: &str = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/transfer/s-1:log-stream:1";

    fn place() -> Place {
        let region = Region::parse("eu-west-1").expect("a region");
        Place { partition: "aws".into(), account: "111122223333".into(), region }
    }

    fn allow(principal: &Value) -> Value {
        json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    }

    fn wanted() -> ManagedRole {
        let policy = json!({"Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}]});
        ManagedRole {
            names: ["ours", "ours-2"],
            name: "ours",
            purpose: "for tests",
            trust: json!({"Statement": [allow(&json!({"Service": "x.amazonaws.com"}))]}),
            policy_name: "write".to_owned(),
            widest: policy.clone(),
            policy,
        }
    }

    fn role(trust: Value, more: &[(&str, Value)]) -> Role {
        let inline = [("write".to_owned(), wanted().policy)].into_iter();
        let more = more.iter().map(|(name, policy)| ((*name).to_owned(), policy.clone()));
        Role {
            arn: place().role_arn("ours"),
            managed: true,
            trust,
            inline: Seen::Present(inline.chain(more).collect()),
            attached: Seen::Present(vec![]),
            boundary: Seen::Absent,
            bounds: Bounds::default(),
        }
    }

    /// Returns the first actions of the calls that restore a role, or "advise".
    fn restored(role: &Role) -> String {
        let need = RoleNeed { resources: vec![STREAM.into()], ..NEED };
        match wanted().ready(&place(), &Seen::Present(role.clone()), &[need]) {
            Ok(steps) => steps.iter().filter_map(|it| it.actions().first()).copied().collect::<Vec<_>>().join(" "),
            Err(Blocked::Advise(_)) => "advise".to_owned(),
            Err(Blocked::Unknown(_)) => "unknown".to_owned(),
        }
    }

    fn stranger() -> Value {
        allow(&json!({"AWS": "arn:aws:iam::999999999999:root"}))
    }

    fn all() -> Value {
        json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
    }

    #[test]
    fn a_role_of_ours_gets_its_documents_back() {
        let whole = role(wanted().trust, &[]);
        assert_eq!((restored(&whole), wanted().altered(&whole)), (String::new(), None));
        let open = role(json!({"Statement": [wanted().trust["Statement"][0], stranger()]}), &[]);
        assert_eq!(restored(&open), "iam:UpdateAssumeRolePolicy");
        assert!(wanted().altered(&open).is_some_and(|it| it.contains("999999999999")));
        let wide = role(wanted().trust, &[("write", all())]);
        assert_eq!(restored(&wide), "iam:PutRolePolicy");
        assert!(wanted().altered(&wide).is_some());
        let other_service = Role {
            inline: Seen::Present(BTreeMap::new()),
            ..role(json!({"Statement": allow(&json!({"Service": "ec2.amazonaws.com"}))}), &[])
        };
        assert_eq!(restored(&other_service), "iam:UpdateAssumeRolePolicy iam:PutRolePolicy");
    }

    #[test]
    fn what_was_put_beside_it_is_told_and_stays() {
        for more in [
            role(wanted().trust, &[("more", all())]),
            Role { attached: Seen::Present(vec![all()]), ..role(wanted().trust, &[]) },
        ] {
            assert_eq!(restored(&more), "");
            assert!(
                wanted().altered(&more).is_some() && matches!(wanted().rest(&more), Some(Blocked::Advise(_))),
                "{more:?}"
            );
        }
        let less = role(wanted().trust, &[("more", wanted().policy)]);
        assert_eq!((wanted().altered(&less), wanted().rest(&less)), (None, None));
    }

    #[test]
    fn a_role_with_our_marks_alone_is_not_ours() {
        let bare = |trust| Role { inline: Seen::Present(BTreeMap::new()), ..role(trust, &[]) };
        let looser = json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "y.amazonaws.com"}, "Action": "*"}, stranger()]});
        assert_eq!(restored(&bare(looser)), "advise");
        let beside = json!({"Statement": [wanted().trust["Statement"][0], stranger()]});
        assert_eq!(restored(&bare(beside)), "advise", "a trust policy without conditions is anybody's");
        assert_eq!(restored(&Role { managed: false, ..role(wanted().trust, &[]) }), "advise");
        let powers =
            Role { inline: Seen::Present([("more".to_owned(), all())].into()), ..bare(json!({"Statement": []})) };
        assert_eq!(restored(&powers), "advise");
    }

    const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/trailkeeper-LoggingBoundary-1";

    #[test]
    fn a_role_of_ours_is_put_within_the_boundary_before_it_is_changed() {
        let unbound = |role: Role| Role { bounds: Bounds { has: None, ours: Some(BOUNDARY.to_owned()) }, ..role };
        let whole = unbound(role(wanted().trust, &[]));
        assert_eq!(restored(&whole), "iam:PutRolePermissionsBoundary");
        assert!(wanted().altered(&whole).is_some_and(|it| it.contains("permissions boundary")));
        let open = unbound(role(json!({"Statement": [wanted().trust["Statement"][0], stranger()]}), &[]));
        assert_eq!(restored(&open), "iam:PutRolePermissionsBoundary iam:UpdateAssumeRolePolicy");
        let more = unbound(role(wanted().trust, &[("more", all())]));
        assert_eq!(restored(&more), "", "rights beside ours are told and stay");
        assert!(wanted().altered(&more).is_some_and(|it| !it.contains("boundary")));
        let within = Bounds { has: Some(BOUNDARY.to_owned()), ours: Some(BOUNDARY.to_owned()) };
        let within = Role { bounds: within, ..whole };
        assert_eq!((restored(&within), wanted().altered(&within)), (String::new(), None));
    }

    #[test]
    fn the_boundary_of_an_earlier_stack_is_replaced_and_anybody_elses_stays() {
        let bounds =
            Bounds { has: Some("arn:aws:iam::111122223333:policy/b".to_owned()), ours: Some(BOUNDARY.to_owned()) };
        let arn = place().role_arn("ours");
        let put_in = |boundary: Value, trust: Value| Role {
            boundary: Seen::Present(boundary),
            bounds: bounds.clone(),
            ..role(trust, &[])
        };
        let former = put_in(boundary_document(&arn), wanted().trust);
        assert_eq!(restored(&former), "iam:PutRolePermissionsBoundary");
        let theirs = put_in(all(), wanted().trust);
        assert_eq!((restored(&theirs), wanted().altered(&theirs)), (String::new(), None));
        assert_eq!(restored(&put_in(all(), json!({"Statement": []}))), "advise", "we may not change it there");
    }

    #[test]
    fn where_the_name_is_somebody_elses_the_role_has_another() {
        let theirs = Role { managed: false, ..role(wanted().trust, &[]) };
        assert!(wanted().stranger(&place(), &theirs).is_some_and(|it| it.contains("without Trailkeeper's tag")));
        let aside = Role { arn: "arn:aws:iam::111122223333:role/aside/ours".into(), ..role(wanted().trust, &[]) };
        assert!(wanted().stranger(&place(), &aside).is_some_and(|it| it.contains("another path")));
        assert_eq!(wanted().stranger(&place(), &role(wanted().trust, &[])), None);
        let made = |taken| wanted().unless(taken).ready(&place(), &Seen::Absent, &[]).expect("steps");
        let said = |taken| made(taken).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        assert_eq!(said(false), "create role ours; put inline policy write on role ours");
        assert_eq!(
            said(true),
            "create role ours-2, since role ours is there and not Trailkeeper's; put inline policy write on role ours-2"
        );
        let [first, second] = wanted().names.map(|name| place().role_arn(name));
        assert!(made(true).iter().all(|step| step.is_on(&second) && !step.is_on(&first)));
        let at = |arn: &str| wanted().at(&place(), arn).map(|it| it.name);
        assert_eq!((at(&first), at(&second), at(CUSTOMERS)), (Some("ours"), Some("ours-2"), None));
    }

    const CUSTOMERS: &str = "arn:aws:iam::111122223333:role/customer";
}
