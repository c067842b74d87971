//! Roles that Trailkeeper creates for AWS services: one of each kind per account, tagged on creation, repaired when
//! altered, and never recognized by name alone. Pure.

use super::step::RoleStep;
use super::{Role, RoleNeed, Serves};
use crate::model::{Blocked, Place, Seen};
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
}

impl ManagedRole {
    /// Returns the calls that make the role meet the need, possibly none.
    ///
    /// # Errors
    /// Returns an error if there are no such calls.
    pub fn ready(&self, place: &Place, seen: &Seen<Role>, need: &RoleNeed<'_>) -> Result<Vec<RoleStep>, Blocked> {
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
        let mut steps = Vec::new();
        if role.trusts(need) != Serves::Yes {
            steps.push(RoleStep::RepairTrust { name, trust: self.trust.clone(), replaces: role.trust.clone() });
        }
        if role.permits(need) != Serves::Yes {
            let mut mended = role.clone();
            let replaces = mended.put_inline(&self.policy_name, &self.policy);
            match mended.permits(need) {
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
}
