//! The calls that repair a server's logging.

use super::view::{OUR_POLICY, OUR_ROLE, View};
use crate::error::{CallError, Kind};
use crate::model::{self, Seen};
use crate::role::Role;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// One call, with all its arguments.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// `iam:CreateRole` of [`OUR_ROLE`], tagged as ours.
    CreateRole {
        /// The ARN that it will have.
        arn: String,
        /// Its trust policy.
        trust: Value,
    },
    /// `iam:UpdateAssumeRolePolicy` of our role.
    RepairTrust {
        /// The trust policy that it must have.
        trust: Value,
        /// The one that it has.
        replaces: Value,
    },
    /// `iam:PutRolePolicy` of [`OUR_POLICY`] in our role.
    PutPermissions {
        /// The policy that it must have.
        permissions: Value,
        /// The one that it has.
        replaces: Option<Value>,
    },
    /// `transfer:UpdateServer` with the logging role and nothing else.
    SetLoggingRole {
        /// The server.
        server: String,
        /// The role's ARN.
        role: String,
        /// The logging role that the server has: one that is gone.
        replaces: Option<String>,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateRole { arn: _, trust: _ } => write!(f, "create role {OUR_ROLE}"),
            Self::RepairTrust { trust: _, replaces: _ } => write!(f, "restore the trust policy of role {OUR_ROLE}"),
            Self::PutPermissions { permissions: _, replaces: _ } => {
                write!(f, "put inline policy {OUR_POLICY} into role {OUR_ROLE}")
            }
            Self::SetLoggingRole { server, role, replaces: None } => {
                write!(f, "set the logging role of {server} to {role}")
            }
            Self::SetLoggingRole { server, role, replaces: Some(old) } => {
                write!(f, "set the logging role of {server} to {role} in place of {old}, which is gone")
            }
        }
    }
}

impl model::Step for Step {
    type View = View;

    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::CreateRole { .. } => &["iam:CreateRole", "iam:TagRole"],
            Self::RepairTrust { .. } => &["iam:UpdateAssumeRolePolicy"],
            Self::PutPermissions { .. } => &["iam:PutRolePolicy"],
            Self::SetLoggingRole { .. } => &["transfer:UpdateServer", "iam:PassRole"],
        }
    }

    /// A server must never point at a role that is not ready.
    fn rank(&self) -> u8 {
        match self {
            Self::CreateRole { .. } => 0,
            Self::RepairTrust { .. } => 1,
            Self::PutPermissions { .. } => 2,
            Self::SetLoggingRole { .. } => 3,
        }
    }

    fn effect(&self, view: &mut View) {
        match self {
            Self::CreateRole { arn, trust } => view.change_ours(arn, |role| {
                *role = Seen::Present(Role {
                    arn: arn.clone(),
                    ours: true,
                    trust: trust.clone(),
                    inline: Seen::Present(BTreeMap::new()),
                    attached: Seen::Present(Vec::new()),
                    boundary: Seen::Absent,
                });
            }),
            Self::RepairTrust { trust, replaces: _ } => view.change_present(|role| role.trust = trust.clone()),
            Self::PutPermissions { permissions, replaces: _ } => view.change_present(|role| {
                if role.inline == Seen::Absent {
                    role.inline = Seen::Present(BTreeMap::new());
                }
                if let Seen::Present(inline) = &mut role.inline {
                    inline.insert(OUR_POLICY.to_owned(), permissions.clone());
                }
            }),
            Self::SetLoggingRole { server: _, role, replaces: _ } => {
                view.logging_role = Some(role.clone());
                view.role = view.our_role.clone().unwrap_or(Seen::Absent);
            }
        }
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::CreateRole { .. } => None,
            Self::RepairTrust { replaces, .. } => Some(replaces.clone()),
            Self::PutPermissions { replaces, .. } => replaces.clone(),
            Self::SetLoggingRole { replaces, .. } => Some(json!({ "LoggingRole": replaces })),
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::CreateRole { arn, trust } => json!({ "Arn": arn, "AssumeRolePolicyDocument": trust }),
            Self::RepairTrust { trust, .. } => trust.clone(),
            Self::PutPermissions { permissions, .. } => permissions.clone(),
            Self::SetLoggingRole { role, .. } => json!({ "LoggingRole": role }),
        }
    }

    fn undo(&self) -> String {
        match self {
            Self::CreateRole { .. } => {
                format!("aws iam delete-role --role-name {OUR_ROLE} (once no server logs with it)")
            }
            Self::RepairTrust { .. } => format!(
                "aws iam update-assume-role-policy --role-name {OUR_ROLE} --policy-document (the document before, in this report)"
            ),
            Self::PutPermissions { replaces: None, .. } => {
                format!(
                    "aws iam delete-role-policy --role-name {OUR_ROLE} --policy-name {OUR_POLICY} (once no server logs with it)"
                )
            }
            Self::PutPermissions { replaces: Some(_), .. } => format!(
                "aws iam put-role-policy --role-name {OUR_ROLE} --policy-name {OUR_POLICY} --policy-document (the document before, in this report)"
            ),
            Self::SetLoggingRole { server, replaces, .. } => format!(
                "aws transfer update-server --server-id {server} --logging-role '{}'",
                replaces.as_deref().unwrap_or_default()
            ),
        }
    }

    fn passes(&self, error: &CallError) -> bool {
        let Self::SetLoggingRole { .. } = self else { return false };
        // A server with a VPC endpoint refuses changes while AWS is making the endpoint: "VPC Endpoint state is not yet
        // available" (Transfer API, ConflictException). It arrives as a transient error and takes minutes.
        let endpoint = error.code == "ConflictException";
        // A role that was made or repaired a moment ago is not known everywhere yet. Transfer does not document its
        // error for that, so any refusal that speaks of the role is given a minute, and no longer.
        let role = error.kind == Kind::Rejected && error.message.to_ascii_lowercase().contains("role");
        endpoint || role
    }
}

impl View {
    /// Changes our role wherever the view shows it.
    fn change_ours(&mut self, arn: &str, change: impl Fn(&mut Seen<Role>)) {
        if self.logging_role.as_deref() == Some(arn) {
            change(&mut self.role);
        }
        change(self.our_role.get_or_insert(Seen::Absent));
    }

    fn change_present(&mut self, change: impl Fn(&mut Role)) {
        let ours = |seen: &mut Seen<Role>| match seen {
            Seen::Present(role) if role.ours => change(role),
            _ => {}
        };
        ours(&mut self.role);
        if let Some(our_role) = &mut self.our_role {
            ours(our_role);
        }
    }
}
