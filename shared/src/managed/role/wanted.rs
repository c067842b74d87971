//! Roles that Trailkeeper creates for AWS services: one of each kind per account, tagged on creation, restored when
//! altered, and never recognized by name or tag alone. Pure.

use super::step::RoleStep;
use super::{Role, RoleNeed, Serves};
use crate::documents::policy::{Statement, beyond, same, statements, texts, within};
use crate::model::{Blocked, Place, Seen, sanitized};
use serde_json::Value;

/// IAM role as Trailkeeper creates it.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedRole {
    /// Name of the role, fixed so that two invocations never create two roles.
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
            return Ok(vec![RoleStep::Create { name, arn, purpose: self.purpose, trust }, put(None)]);
        };
        if !role.managed {
            return Err(Blocked::Advise(format!(
                "A role named {name} exists without Trailkeeper's tag, so Trailkeeper neither edits nor uses it. \
                 Delete or rename it, or tag it if it is Trailkeeper's, and the rest will be fixed."
            )));
        }
        if !self.is_ours(role) {
            return Err(Blocked::Advise(format!(
                "A role named {name} exists with Trailkeeper's tag, but its documents are not Trailkeeper's, so \
                 Trailkeeper neither edits nor uses it. Find out who made it, delete it, and the rest will be fixed."
            )));
        }
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
        Ok(steps)
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
        let all: Vec<String> = [trust, own, added].into_iter().flatten().collect();
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
    use super::*;
    use crate::model::{Call, Region};
    use serde_json::json;
    use std::collections::BTreeMap;

    const NEED: RoleNeed<'_> =
        RoleNeed { service: "x.amazonaws.com", known: vec![], actions: &["l:Put"], resources: vec![] };

    fn place() -> Place {
        let region = Region::parse("eu-west-1").expect("a region");
        Place { partition: "aws".into(), account: "111122223333".into(), region }
    }

    fn allow(principal: &Value) -> Value {
        json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    }

    fn wanted() -> ManagedRole {
        let policy = json!({"Statement": [{"Effect": "Allow", "Action": "l:Put", "Resource": "*"}]});
        ManagedRole {
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
        }
    }

    /// Returns the first actions of the calls that restore a role, or "advise".
    fn restored(role: &Role) -> String {
        let need = RoleNeed { resources: vec!["r".to_owned()], ..NEED };
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
}
