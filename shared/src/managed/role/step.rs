//! The calls that make or repair a role of ours. Pure.

use super::Role;
use crate::model::{Call, Seen};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

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

impl Call for RoleStep {
    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::Create { .. } => &["iam:CreateRole", "iam:TagRole"],
            Self::RepairTrust { .. } => &["iam:UpdateAssumeRolePolicy"],
            Self::PutPolicy { .. } => &["iam:PutRolePolicy"],
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Create { .. } => 0,
            Self::RepairTrust { .. } => 1,
            Self::PutPolicy { .. } => 2,
        }
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::Create { .. } => None,
            Self::RepairTrust { replaces, .. } => Some(replaces.clone()),
            Self::PutPolicy { replaces, .. } => replaces.clone(),
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::Create { arn, trust, .. } => json!({ "Arn": arn, "AssumeRolePolicyDocument": trust }),
            Self::RepairTrust { trust, .. } => trust.clone(),
            Self::PutPolicy { policy, .. } => policy.clone(),
        }
    }

    fn undo(&self) -> String {
        match self {
            Self::Create { name, .. } => format!("aws iam delete-role --role-name {name} (once nothing uses it)"),
            Self::RepairTrust { name, .. } => format!(
                "aws iam update-assume-role-policy --role-name {name} --policy-document (the previous document, from \
                 this report)"
            ),
            Self::PutPolicy { name, policy_name, replaces: None, .. } => format!(
                "aws iam delete-role-policy --role-name {name} --policy-name {policy_name} (once nothing uses it)"
            ),
            Self::PutPolicy { name, policy_name, replaces: Some(_), .. } => format!(
                "aws iam put-role-policy --role-name {name} --policy-name {policy_name} --policy-document (the \
                 previous document, from this report)"
            ),
        }
    }
}

impl RoleStep {
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
}

impl fmt::Display for RoleStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { name, arn: _, purpose: _, trust: _ } => write!(f, "create role {name}"),
            Self::RepairTrust { name, trust: _, replaces: _ } => write!(f, "restore the trust policy of role {name}"),
            Self::PutPolicy { name, policy_name, policy: _, replaces: _ } => {
                write!(f, "put inline policy {policy_name} on role {name}")
            }
        }
    }
}
