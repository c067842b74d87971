//! What resources of several families depend on (roles, keys and log groups), and the calls that may break it. Pure.

use super::target::Dependency;
use super::{ApiCall, Elements, Target, Watch};
use crate::model::Arn;

/// Calls after which a role may no longer be able to do its task.
pub const CHANGES_OF_ROLES: Watch = Watch {
    rule: "RoleCalls",
    service: "iam.amazonaws.com",
    calls: &[
        "AttachRolePolicy",
        "DeleteRole",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "UpdateAssumeRolePolicy",
    ],
    target: users_of_role,
};

/// Calls after which a managed policy says something else, so that the roles that it is attached to may no longer be able
/// to do their task.
pub const CHANGES_OF_POLICIES: Watch = Watch {
    rule: "PolicyCalls",
    service: "iam.amazonaws.com",
    calls: &["CreatePolicyVersion", "DeletePolicyVersion", "SetDefaultPolicyVersion"],
    target: users_of_policy,
};

/// Calls after which a log group is gone, or keeps its events for another time.
pub const CHANGES_OF_LOG_GROUPS: Watch = Watch {
    rule: "LogGroupCalls",
    service: "logs.amazonaws.com",
    calls: &["DeleteLogGroup", "DeleteRetentionPolicy", "PutRetentionPolicy"],
    target: users_of_log_group,
};

/// Returns the resources that depend on a changed role.
///
/// # Errors
/// Returns an error if the record names no role.
fn users_of_role(call: &ApiCall) -> Result<Target, String> {
    match (call.request.text("roleName"), &call.request) {
        (Some(name), _) if is_role_name(name) => {
            // Only these change whether a service may have the role.
            let itself = ["DeleteRole", "UpdateAssumeRolePolicy"].contains(&call.name.as_str());
            let dependency = if itself { Dependency::Role } else { Dependency::RolePolicies };
            Ok(Target::using(dependency(name.to_owned())))
        }
        (Some(_), _) => Err(format!("{} does not name a valid role", call.name)),
        (None, Elements::Omitted) => Ok(Target::EVERYTHING),
        (None, Elements::Present(_)) => Err(format!("the record of {} names no role", call.name)),
    }
}

/// Returns the resources that depend on a changed managed policy, which is by those of its roles.
///
/// # Errors
/// Returns an error if the record names no policy.
fn users_of_policy(call: &ApiCall) -> Result<Target, String> {
    let is_policy =
        |arn: &&str| Arn::parse(arn).is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("policy/"));
    match (call.request.text("policyArn"), &call.request) {
        (Some(arn), _) if is_policy(&arn) => Ok(Target::using(Dependency::Policy(arn.to_owned()))),
        (Some(_), _) => Err(format!("{} does not name a valid policy", call.name)),
        (None, Elements::Omitted) => Ok(Target::EVERYTHING),
        (None, Elements::Present(_)) => Err(format!("the record of {} names no policy", call.name)),
    }
}

/// Returns the ARN of the KMS key that a record is about. KMS always puts it into `resources`.
#[must_use]
pub fn key_of(call: &ApiCall) -> Option<&str> {
    let is_key = |arn: &&str| Arn::parse(arn).is_some_and(|it| it.service == "kms" && it.resource.starts_with("key/"));
    let named = call.resources.iter().map(String::as_str).chain(call.request.text("keyId"));
    named.into_iter().find(is_key)
}

/// Returns the resources that depend on a changed log group.
///
/// # Errors
/// Returns an error if the record names no log group.
fn users_of_log_group(call: &ApiCall) -> Result<Target, String> {
    let within = Some(call.region()?.clone());
    match call.request.text("logGroupName") {
        Some(name) if is_group_name(name) => {
            Ok(Target::All { within, using: Some(Dependency::LogGroup(name.to_owned())) })
        }
        Some(_) => Err(format!("{} does not name a valid log group", call.name)),
        None if call.request == Elements::Omitted => Ok(Target::All { within, using: None }),
        None => Err(format!("the record of {} names no log group", call.name)),
    }
}

/// Returns whether IAM allows a role name: up to 64 letters, digits and `+=,.@-_`.
fn is_role_name(name: &str) -> bool {
    name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@-_".contains(&b))
}

/// Returns whether a log group may have this name: 512 letters, digits and `_-/.#` at most (`CreateLogGroup`).
pub(crate) fn is_group_name(name: &str) -> bool {
    name.len() <= 512 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.#".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_aws_takes() {
        assert!(is_group_name(crate::families::trail::MANAGED_GROUP) && !is_group_name("a*"));
        assert!(is_role_name("a+b=c,d.e@f-g_h") && !is_role_name("a/b"));
    }
}
