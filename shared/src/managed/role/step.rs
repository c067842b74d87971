//! Calls that create or repair our roles. Pure.

use super::{Bounds, Role};
use crate::model::{Call, Place, Property, Seen};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// Call that creates or repairs one of our roles.
#[derive(Debug, Clone, PartialEq)]
pub enum RoleStep {
    /// `iam:CreateRole`, tagged as ours, within the permissions boundary of the stack.
    Create {
        /// Name of the role.
        name: &'static str,
        /// ARN that the role will have.
        arn: String,
        /// Description of the role.
        purpose: &'static str,
        /// Trust policy of the role.
        trust: Value,
        /// Name that the role would have if it were not somebody else's.
        instead_of: Option<&'static str>,
    },
    /// `iam:PutRolePermissionsBoundary`.
    Bound {
        /// Name of the role.
        name: &'static str,
        /// ARN of the required boundary.
        boundary: String,
        /// Document of that boundary.
        document: Value,
        /// ARN of the current boundary.
        replaces: Option<String>,
    },
    /// `iam:UpdateAssumeRolePolicy`.
    RepairTrust {
        /// Name of the role.
        name: &'static str,
        /// Required trust policy.
        trust: Value,
        /// Current trust policy.
        replaces: Value,
    },
    /// `iam:PutRolePolicy`.
    PutPolicy {
        /// Name of the role.
        name: &'static str,
        /// Name of the policy.
        policy_name: String,
        /// Required policy.
        policy: Value,
        /// Current policy.
        replaces: Option<Value>,
    },
}

impl Call for RoleStep {
    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::Create { .. } => &["iam:CreateRole", "iam:TagRole"],
            Self::Bound { .. } => &["iam:PutRolePermissionsBoundary"],
            Self::RepairTrust { .. } => &["iam:UpdateAssumeRolePolicy"],
            Self::PutPolicy { .. } => &["iam:PutRolePolicy"],
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Create { .. } => 0,
            // The other calls are allowed on roles within the boundary alone.
            Self::Bound { .. } => 1,
            Self::RepairTrust { .. } => 2,
            Self::PutPolicy { .. } => 3,
        }
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::Create { .. } => None,
            Self::Bound { replaces, .. } => replaces.as_ref().map(|arn| json!({ "PermissionsBoundary": arn })),
            Self::RepairTrust { replaces, .. } => Some(replaces.clone()),
            Self::PutPolicy { replaces, .. } => replaces.clone(),
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::Create { arn, trust, .. } => json!({ "Arn": arn, "AssumeRolePolicyDocument": trust }),
            Self::Bound { boundary, .. } => json!({ "PermissionsBoundary": boundary }),
            Self::RepairTrust { trust, .. } => trust.clone(),
            Self::PutPolicy { policy, .. } => policy.clone(),
        }
    }

    fn property(&self, _: &Place) -> Property {
        match self {
            Self::Create { name, .. } => Property::Role { role: (*name).to_owned() },
            Self::Bound { name, .. } => Property::RoleBoundary { role: (*name).to_owned() },
            Self::RepairTrust { name, .. } => Property::RoleTrust { role: (*name).to_owned() },
            Self::PutPolicy { name, policy_name, .. } => {
                Property::RolePolicy { role: (*name).to_owned(), policy: policy_name.clone() }
            }
        }
    }
}

impl RoleStep {
    /// Returns whether the call is on the role with this ARN.
    #[must_use]
    pub fn is_on(&self, arn: &str) -> bool {
        let (Self::Create { name, .. }
        | Self::Bound { name, .. }
        | Self::RepairTrust { name, .. }
        | Self::PutPolicy { name, .. }) = self;
        arn.rsplit('/').next() == Some(name)
    }

    /// Applies the effect of the call to a role that was read.
    pub fn effect(&self, seen: &mut Seen<Role>) {
        match self {
            Self::Create { name: _, arn, purpose: _, trust, instead_of: _ } => {
                *seen = Seen::Present(Role {
                    arn: arn.clone(),
                    managed: true,
                    trust: trust.clone(),
                    inline: Seen::Present(BTreeMap::new()),
                    attached: Seen::Present(Vec::new()),
                    boundary: Seen::Absent,
                    bounds: Bounds::default(),
                });
            }
            Self::Bound { name: _, boundary, document, replaces: _ } => {
                if let Seen::Present(role) = seen {
                    role.boundary = Seen::Present(document.clone());
                    role.bounds.has = Some(boundary.clone());
                }
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
            Self::Create { name, arn: _, purpose: _, trust: _, instead_of } => {
                write!(f, "create role {name}")?;
                instead_of.map_or(Ok(()), |taken| write!(f, ", since role {taken} is there and not Trailkeeper's"))
            }
            Self::Bound { name, boundary, document: _, replaces: _ } => {
                write!(f, "put role {name} within the permissions boundary {boundary}")
            }
            Self::RepairTrust { name, trust: _, replaces: _ } => write!(f, "restore the trust policy of role {name}"),
            Self::PutPolicy { name, policy_name, policy: _, replaces: _ } => {
                write!(f, "put inline policy {policy_name} on role {name}")
            }
        }
    }
}
