//! Roles that AWS services assume: what was read of a role, and whether it is sufficient. Pure.
//!
//! Servers, trails and flow logs all depend on such roles, and all break silently when a role loses permissions.

pub mod step;
pub mod wanted;

use crate::documents::policy::{CharacterClass, Decision, Request, Shape, decide};
use crate::model::{Arn, Seen};
use serde_json::Value;
use std::collections::BTreeMap;

/// IAM role, as read.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Role {
    /// ARN of the role, including its path.
    pub arn: String,
    /// Whether the role carries [`MANAGED_TAG`](crate::managed::tag::MANAGED_TAG).
    pub managed: bool,
    /// Trust policy of the role.
    pub trust: Value,
    /// Inline policies by name.
    pub inline: Seen<BTreeMap<String, Value>>,
    /// Documents of the attached policies.
    pub attached: Seen<Vec<Value>>,
    /// Document of the permissions boundary; absent if the role has none.
    pub boundary: Seen<Value>,
    /// ARN of the permissions boundary, and of the one that roles of ours are to have.
    pub bounds: Bounds,
}

/// Permissions boundaries by ARN.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Bounds {
    /// ARN of the boundary that the role has.
    pub has: Option<String>,
    /// ARN of the boundary that the stack made for roles of ours; `None` for a role without our tag, and where
    /// Trailkeeper runs without its stack.
    pub ours: Option<String>,
}

/// Requirements of a service on a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleNeed<'a> {
    /// Service that assumes the role.
    pub service: &'a str,
    /// Condition keys that the service sends when it assumes the role; those that it never sends have an empty value.
    pub known: Vec<(&'a str, &'a str)>,
    /// Actions that the role must allow.
    pub actions: &'a [&'a str],
    /// Resources of those actions, on all of which the role must allow them.
    pub resources: Vec<Shape>,
}

/// Returns the streams of a log group, in the ARN that IAM compares for calls on the group as well: it ends in
/// `:log-stream:` and a name, which is empty if the call is about no stream. So a policy that names the group without
/// `:*` allows none of these calls ([IAM policies for CloudWatch Logs]).
///
/// [IAM policies for CloudWatch Logs]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
#[must_use]
pub fn streams_of(group_arn: &str) -> Shape {
    Shape::from(group_arn).text(":log-stream:").any(CharacterClass::Any)
}

/// Whether a role meets a requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serves {
    /// The role meets the requirement.
    Yes,
    /// The role does not meet the requirement: what it lacks.
    No(Lack),
    /// Cannot be determined: what could not be read or evaluated.
    Unclear(String),
}

/// Deficiency of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// The service may not assume the role.
    Trust(String),
    /// The service may assume the role, but the role lacks permissions.
    Rights(String),
}

impl Bounds {
    /// Returns the boundary that the role has instead of ours, if so.
    #[must_use]
    pub fn foreign(&self) -> Option<&str> {
        let ours = self.ours.as_deref()?;
        self.has.as_deref().filter(|has| *has != ours)
    }
}

impl std::fmt::Display for Lack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Trust(what) | Self::Rights(what) => f.write_str(what),
        }
    }
}

impl Role {
    /// Returns whether the role meets all these needs: the first answer other than yes.
    #[must_use]
    pub fn serves_all(&self, needs: &[RoleNeed<'_>]) -> Serves {
        let mut each = needs.iter().map(|need| self.serves(need));
        each.find(|it| *it != Serves::Yes).unwrap_or(Serves::Yes)
    }

    /// Returns whether the role meets the needs of a service.
    #[must_use]
    pub fn serves(&self, need: &RoleNeed<'_>) -> Serves {
        match self.trusts(need) {
            Serves::Yes => self.permits(need),
            other => other,
        }
    }

    /// Puts an inline policy into the role and returns the previous policy of that name.
    pub fn put_inline(&mut self, name: &str, policy: &Value) -> Option<Value> {
        if self.inline == Seen::Absent {
            self.inline = Seen::Present(BTreeMap::new());
        }
        let Seen::Present(inline) = &mut self.inline else { return None };
        inline.insert(name.to_owned(), policy.clone())
    }

    /// Returns whether the service may assume the role.
    #[must_use]
    pub fn trusts(&self, need: &RoleNeed<'_>) -> Serves {
        let request =
            Request { service: Some(need.service), action: "sts:AssumeRole", resources: &[], known: &need.known };
        match decide([&self.trust], request) {
            Decision::Allowed => Serves::Yes,
            Decision::Denied => Serves::No(Lack::Trust(format!("its trust policy denies {}", need.service))),
            Decision::NotAllowed => Serves::No(Lack::Trust(format!(
                "its trust policy does not let {} assume it for this resource",
                need.service
            ))),
            Decision::Unclear => {
                Serves::Unclear("its trust policy has conditions that only a real request can resolve".to_owned())
            }
        }
    }

    /// Returns whether the role's own policies allow all the actions.
    #[must_use]
    pub fn permits(&self, need: &RoleNeed<'_>) -> Serves {
        match (self.inline.known(), self.attached.known(), self.boundary.known()) {
            (Ok(inline), Ok(attached), Ok(boundary)) => {
                let inline = inline.into_iter().flat_map(BTreeMap::values);
                self.allows(&inline.chain(attached.into_iter().flatten()).collect::<Vec<_>>(), boundary, need)
            }
            (Err(unread), _, _) | (_, Err(unread), _) | (_, _, Err(unread)) => Serves::Unclear(unread.to_string()),
        }
    }

    /// Returns whether these documents allow all the actions to a session of the role, within a permissions boundary. Of it are
    /// known the account and the role ([principal keys]).
    ///
    /// [principal keys]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principal-properties
    fn allows(&self, documents: &[&Value], boundary: Option<&Value>, need: &RoleNeed<'_>) -> Serves {
        let account = Arn::parse(&self.arn).map(|arn| ("aws:PrincipalAccount", arn.account));
        let known: Vec<_> = account.into_iter().chain([("aws:PrincipalArn", self.arn.as_str())]).collect();
        let mut lacking = Vec::new();
        let mut unclear = Vec::new();
        for action in need.actions {
            let request = Request { service: None, action, resources: &need.resources, known: &known };
            let own = decide(documents.iter().copied(), request);
            let bounded = boundary.map_or(Decision::Allowed, |boundary| decide([boundary], request));
            match (own, bounded) {
                (Decision::Allowed, Decision::Allowed) => {}
                (Decision::Denied, _) => lacking.push(format!("{action} (explicitly denied)")),
                (Decision::NotAllowed, _) => lacking.push((*action).to_owned()),
                (_, Decision::Denied | Decision::NotAllowed) => {
                    lacking.push(format!("{action} (permissions boundary)"));
                }
                (Decision::Unclear, _) | (_, Decision::Unclear) => unclear.push(*action),
            }
        }
        if !lacking.is_empty() {
            Serves::No(Lack::Rights(format!("its policies do not allow {}", lacking.join(", "))))
        } else if unclear.is_empty() {
            Serves::Yes
        } else {
            Serves::Unclear(format!("conditions on {} that only a real request can resolve", unclear.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn role() -> Role {
        let trust = json!({"Statement": [{"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
        let allow = json!({"Statement": [{"Effect": "Allow", "Action": ["x:A", "x:B"], "Resource": "*"}]});
        Role {
            arn: "arn:aws:iam::111122223333:role/r".into(),
            managed: false,
            trust,
            inline: Seen::Present([("p".to_owned(), allow)].into()),
            attached: Seen::Present(vec![]),
            boundary: Seen::Absent,
            bounds: Bounds::default(),
        }
    }

    fn need() -> RoleNeed<'static> {
        RoleNeed { service: "x.amazonaws.com", known: vec![], actions: &["x:A", "x:B"], resources: vec!["r".into()] }
    }

    #[test]
    fn a_role_serves_with_trust_and_rights_from_any_of_its_policies() {
        assert_eq!(role().serves(&need()), Serves::Yes);
        let Seen::Present(inline) = role().inline else { panic!("a role has inline policies") };
        let moved = Role {
            inline: Seen::Present([].into()),
            attached: Seen::Present(inline.into_values().collect()),
            ..role()
        };
        assert_eq!(moved.serves(&need()), Serves::Yes);
    }

    #[test]
    fn what_lacks_is_named() {
        let cut = Role { inline: Seen::Present([].into()), ..role() };
        let Serves::No(lack @ Lack::Rights(_)) = cut.serves(&need()) else { panic!("{cut:?}") };
        assert_eq!(lack.to_string(), "its policies do not allow x:A, x:B");
        let untrusted = Role { trust: json!({}), ..role() };
        assert!(matches!(untrusted.serves(&need()), Serves::No(Lack::Trust(_))));
    }

    #[test]
    fn a_log_group_is_named_with_its_streams() {
        let group = "arn:aws:logs:eu-west-1:111122223333:log-group:g";
        let need = RoleNeed { resources: vec![streams_of(group)], ..need() };
        let of = |resource: &str| {
            let policy = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "x:*", "Resource": resource}});
            Role { inline: Seen::Present([("p".to_owned(), policy)].into()), ..role() }.serves(&need) == Serves::Yes
        };
        let by_variable = group.replace("111122223333", "${aws:PrincipalAccount}");
        for whole in [
            format!("{group}:*"),
            format!("{group}*"),
            format!("{group}:log-stream:*"),
            format!("{by_variable}:*"),
            "*".to_owned(),
        ] {
            assert!(of(&whole), "{whole}");
        }
        for part in [
            group.to_owned(),
            format!("{group}:log-stream"),
            format!("{group}:log-stream:a*"),
            "arn:aws:logs:*:*:log-group:h:*".to_owned(),
        ] {
            assert!(!of(&part), "{part}");
        }
    }

    #[test]
    fn a_boundary_or_a_deny_takes_rights_away() {
        let bounded = Role {
            boundary: Seen::Present(json!({"Statement": {"Effect": "Allow", "Action": "x:A", "Resource": "*"}})),
            ..role()
        };
        assert_eq!(
            bounded.serves(&need()),
            Serves::No(Lack::Rights("its policies do not allow x:B (permissions boundary)".into()))
        );
        let denied = Role {
            attached: Seen::Present(vec![json!({"Statement": {"Effect": "Deny", "Action": "x:B", "Resource": "*"}})]),
            ..role()
        };
        assert!(matches!(denied.serves(&need()), Serves::No(Lack::Rights(_))));
    }

    #[test]
    fn what_could_not_be_read_is_never_a_no() {
        for blind in [
            Role { inline: Seen::Unreadable("iam:GetRolePolicy"), ..role() },
            Role { attached: Seen::Unreadable("iam:GetPolicyVersion"), ..role() },
            Role { boundary: Seen::Unreadable("iam:GetPolicy"), ..role() },
        ] {
            assert!(matches!(blind.serves(&need()), Serves::Unclear(_)), "{blind:?}");
        }
    }
}
