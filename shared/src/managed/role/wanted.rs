//! The roles that Trailkeeper makes for AWS services: one of each kind for the account, born tagged, repaired when
//! altered, and never taken for ours by its name alone. Pure.

use super::{Role, RoleNeed, Serves};
use crate::model::{Blocked, Place, Seen};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// A role as we make it.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedRole {
    /// Its name, fixed in advance, so that two invocations never make two.
    pub name: &'static str,
    /// What it is for, as its description says.
    pub purpose: &'static str,
    /// Its trust policy.
    pub trust: Value,
    /// The name of its inline policy.
    pub policy_name: String,
    /// Its inline policy.
    pub policy: Value,
}

/// One call that makes or repairs such a role.
#[derive(Debug, Clone, PartialEq)]
pub enum RoleStep {
    /// `iam:CreateRole`, tagged as ours.
    Create {
        /// The name.
        name: &'static str,
        /// The ARN that it will have.
        arn: String,
        /// Its description.
        purpose: &'static str,
        /// Its trust policy.
        trust: Value,
    },
    /// `iam:UpdateAssumeRolePolicy`.
    RepairTrust {
        /// The role's name.
        name: &'static str,
        /// The trust policy that it must have.
        trust: Value,
        /// The one that it has.
        replaces: Value,
    },
    /// `iam:PutRolePolicy`.
    PutPolicy {
        /// The role's name.
        name: &'static str,
        /// The policy's name.
        policy_name: String,
        /// The policy that it must have.
        policy: Value,
        /// The one that it has.
        replaces: Option<Value>,
    },
}

impl ManagedRole {
    /// Returns the calls after which the role serves, perhaps none.
    ///
    /// # Errors
    /// Why there are no such calls.
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
                "A role named {name} exists that does not carry Trailkeeper's tag, so Trailkeeper neither edits nor \
                 uses it. Delete or rename it, or tag it as ours if it is, and the rest will be mended."
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
                         policy or a permissions boundary to it; take that away."
                    )));
                }
            }
        }
        Ok(steps)
    }
}

impl RoleStep {
    /// The IAM actions of the call; the first is the call itself.
    #[must_use]
    pub fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::Create { .. } => &["iam:CreateRole", "iam:TagRole"],
            Self::RepairTrust { .. } => &["iam:UpdateAssumeRolePolicy"],
            Self::PutPolicy { .. } => &["iam:PutRolePolicy"],
        }
    }

    /// Its place among the calls for one role.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self {
            Self::Create { .. } => 0,
            Self::RepairTrust { .. } => 1,
            Self::PutPolicy { .. } => 2,
        }
    }

    /// What the call does to the role, where it is seen.
    pub fn effect(&self, seen: &mut Seen<Role>) {
        match self {
            Self::Create { name: _, arn, purpose: _, trust } => {
                *seen = Seen::Present(Role {
                    arn: arn.clone(),
                    managed: true,
                    trust: trust.clone(),
                    inline: Seen::Present(BTreeMap::new()),
                    attached: Seen::Present(Vec::new()),
                    boundary: Seen::Absent,
                });
            }
            Self::RepairTrust { name: _, trust, replaces: _ } => {
                if let Seen::Present(role) = seen {
                    role.trust = trust.clone();
                }
            }
            Self::PutPolicy { name: _, policy_name, policy, replaces: _ } => {
                if let Seen::Present(role) = seen {
                    role.put_inline(policy_name, policy);
                }
            }
        }
    }

    /// What the call replaces.
    #[must_use]
    pub fn before(&self) -> Option<Value> {
        match self {
            Self::Create { .. } => None,
            Self::RepairTrust { replaces, .. } => Some(replaces.clone()),
            Self::PutPolicy { replaces, .. } => replaces.clone(),
        }
    }

    /// What the call puts there.
    #[must_use]
    pub fn after(&self) -> Value {
        match self {
            Self::Create { arn, trust, .. } => json!({ "Arn": arn, "AssumeRolePolicyDocument": trust }),
            Self::RepairTrust { trust, .. } => trust.clone(),
            Self::PutPolicy { policy, .. } => policy.clone(),
        }
    }

    /// How a person takes it back.
    #[must_use]
    pub fn undo(&self) -> String {
        match self {
            Self::Create { name, .. } => format!("aws iam delete-role --role-name {name} (once nothing uses it)"),
            Self::RepairTrust { name, .. } => format!(
                "aws iam update-assume-role-policy --role-name {name} --policy-document (the document before, in this report)"
            ),
            Self::PutPolicy { name, policy_name, replaces: None, .. } => format!(
                "aws iam delete-role-policy --role-name {name} --policy-name {policy_name} (once nothing uses it)"
            ),
            Self::PutPolicy { name, policy_name, replaces: Some(_), .. } => format!(
                "aws iam put-role-policy --role-name {name} --policy-name {policy_name} --policy-document (the document before, in this report)"
            ),
        }
    }
}

impl fmt::Display for RoleStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { name, arn: _, purpose: _, trust: _ } => write!(f, "create role {name}"),
            Self::RepairTrust { name, trust: _, replaces: _ } => write!(f, "restore the trust policy of role {name}"),
            Self::PutPolicy { name, policy_name, policy: _, replaces: _ } => {
                write!(f, "put inline policy {policy_name} into role {name}")
            }
        }
    }
}
