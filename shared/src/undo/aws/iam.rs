//! Roles and their policies.

use super::{Properties, no_call, parse, part, unclear};
use crate::aws::roles::{decoded, document};
use crate::aws::{call, write_call};
use crate::documents::policy::text_of;
use crate::model::{Arn, CallError, ErrorKind, Property, Seen};
use aws_sdk_iam::types::DeletionTaskStatusType;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

/// Delay between questions after a service-linked role that is being deleted.
const PAUSE: Duration = Duration::from_millis(500);

/// Maximum number of these questions: a minute.
const QUESTIONS: usize = 120;

impl Properties {
    async fn role(&self, name: &str) -> Result<Seen<aws_sdk_iam::types::Role>, CallError> {
        let answer = call("iam:GetRole", Box::pin(self.iam.get_role().role_name(last(name)).send())).await;
        Ok(Seen::from_call(answer)?.and_then(|it| it.role))
    }

    pub(super) async fn read_role(&self, name: &str, property: &Property) -> Result<Seen<Value>, CallError> {
        let trust = |role: &aws_sdk_iam::types::Role| {
            let text = decoded(role.assume_role_policy_document().unwrap_or_default());
            self.texts.parsed(property.clone(), &text)
        };
        Ok(part(self.role(name).await?, |role| match property {
            Property::RoleBoundary { .. } => {
                let boundary = role.permissions_boundary().and_then(|it| it.permissions_boundary_arn());
                boundary.map_or(Value::Null, |arn| json!({ "PermissionsBoundary": arn }))
            }
            Property::RoleTrust { .. } => trust(&role),
            _ => json!({ "Arn": role.arn(), "AssumeRolePolicyDocument": trust(&role) }),
        }))
    }

    pub(super) async fn read_role_policy(
        &self,
        role: &str,
        policy: &str,
        property: &Property,
    ) -> Result<Seen<Value>, CallError> {
        let sent = self.iam.get_role_policy().role_name(role).policy_name(policy).send();
        let answer = call("iam:GetRolePolicy", Box::pin(sent)).await;
        Ok(Seen::from_call(answer)?.map(|it| self.texts.parsed(property.clone(), &decoded(it.policy_document()))))
    }

    pub(super) async fn read_linked_role(&self, path: &str) -> Result<Seen<Value>, CallError> {
        let service = path.split('/').nth(1).unwrap_or_default();
        Ok(self.role(path).await?.map(|_| json!({ "AWSServiceName": service, "Role": path })))
    }

    /// Returns the services that may use a role.
    pub(super) async fn services_of(&self, role: &str) -> Result<Vec<String>, CallError> {
        let Seen::Present(role) = self.role(role).await? else { return Ok(Vec::new()) };
        let trust = document(role.assume_role_policy_document().unwrap_or_default());
        let principals = trust.get("Statement").and_then(Value::as_array).into_iter().flatten();
        let services = principals.filter_map(|statement| statement.get("Principal")?.get("Service"));
        let names = services.flat_map(|it| match it {
            Value::Array(all) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            one => one.as_str().map(str::to_owned).into_iter().collect::<Vec<_>>(),
        });
        Ok(names.collect())
    }

    pub(super) async fn delete_role(&self, role: &str) -> Result<(), CallError> {
        write_call("iam:DeleteRole", self.iam.delete_role().role_name(role).send()).await.map(|_| ())
    }

    pub(super) async fn set_boundary(&self, role: &str, value: Option<&Value>) -> Result<(), CallError> {
        if let Some(value) = value {
            let action = "iam:PutRolePermissionsBoundary";
            let boundary = parse::text(value, "PermissionsBoundary").ok_or_else(|| unclear(action))?;
            let put = self.iam.put_role_permissions_boundary().role_name(role).permissions_boundary(boundary);
            write_call("iam:PutRolePermissionsBoundary", put.send()).await.map(|_| ())
        } else {
            let sent = self.iam.delete_role_permissions_boundary().role_name(role).send();
            write_call("iam:DeleteRolePermissionsBoundary", sent).await.map(|_| ())
        }
    }

    pub(super) async fn set_trust(&self, role: &str, value: Option<&Value>) -> Result<(), CallError> {
        let value = value.ok_or_else(|| unclear("iam:UpdateAssumeRolePolicy"))?;
        let update = self.iam.update_assume_role_policy().role_name(role).policy_document(text_of(value));
        write_call("iam:UpdateAssumeRolePolicy", update.send()).await.map(|_| ())
    }

    pub(super) async fn set_role_policy(
        &self,
        role: &str,
        policy: &str,
        value: Option<&Value>,
    ) -> Result<(), CallError> {
        if let Some(value) = value {
            let put = self.iam.put_role_policy().role_name(role).policy_name(policy);
            write_call("iam:PutRolePolicy", put.policy_document(text_of(value)).send()).await.map(|_| ())
        } else {
            let sent = self.iam.delete_role_policy().role_name(role).policy_name(policy).send();
            write_call("iam:DeleteRolePolicy", sent).await.map(|_| ())
        }
    }

    /// Deletes a service-linked role, and waits for the answer of its service, which refuses while it uses the role.
    pub(super) async fn delete_linked_role(&self, path: &str) -> Result<(), CallError> {
        let action = "iam:DeleteServiceLinkedRole";
        let sent = self.iam.delete_service_linked_role().role_name(last(path)).send();
        let task = write_call("iam:DeleteServiceLinkedRole", sent).await?.deletion_task_id;
        for _ in 0..QUESTIONS {
            let ask = self.iam.get_service_linked_role_deletion_status().deletion_task_id(&task);
            let answer = call("iam:GetServiceLinkedRoleDeletionStatus", Box::pin(ask.send())).await?;
            match answer.status {
                DeletionTaskStatusType::Succeeded => return Ok(()),
                DeletionTaskStatusType::Failed => {
                    let reason = answer.reason.and_then(|it| it.reason).unwrap_or_default();
                    return Err(no_call(action, &crate::model::sanitized(&reason)));
                }
                _ => sleep(PAUSE).await,
            }
        }
        let message = "its service has not said yet whether the role may go".to_owned();
        Err(CallError { action, kind: ErrorKind::Transient, code: "Pending".to_owned(), message })
    }
}

/// Returns the name of a role that may stand behind its path.
fn last(role: &str) -> &str {
    role.rsplit('/').next().unwrap_or_default()
}

/// Returns the name of a role in its ARN.
pub(super) fn name_in(arn: &str) -> &str {
    Arn::parse(arn).map_or("", |arn| arn.name())
}
