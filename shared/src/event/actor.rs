//! Identifies who made a call, and whether it was the function itself.

use crate::model::{Arn, Place, Region, sanitized};
use serde_json::Value;

/// Caller of an API call, from CloudTrail's `userIdentity`. Every field of that is optional.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Actor {
    /// ARN of the caller, or name of the service, for people.
    pub shown: Option<String>,
    /// Role of an assumed-role session.
    role: Option<IssuingRole>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct IssuingRole {
    account: String,
    name: String,
    /// Unique role id (`AROA...`): unlike the name, it is never reused for another role.
    id: String,
}

impl Actor {
    /// Parses a record's `userIdentity`.
    #[must_use]
    pub fn of(identity: &Value) -> Self {
        let text = |field: &str| identity.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        let shown = text("arn").or(text("invokedBy")).or(text("principalId")).or(text("type")).map(sanitized);
        let role = (text("type") == Some("AssumedRole")).then(|| IssuingRole::of(identity)).flatten();
        Self { shown, role }
    }
}

impl IssuingRole {
    fn of(identity: &Value) -> Option<Self> {
        let issuer = identity.get("sessionContext")?.get("sessionIssuer")?;
        let text = |field: &str| issuer.get(field).and_then(Value::as_str);
        if text("type") != Some("Role") {
            return None;
        }
        // The issuer's ARN contains the role's path, the session's does not: only account and name can be compared.
        let arn = Arn::parse(text("arn")?)?;
        let id = text("principalId").unwrap_or_default();
        Some(Self { account: arn.account.to_owned(), name: arn.name().to_owned(), id: id.to_owned() })
    }
}

/// Identity of the function, as STS reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Partition: `aws`, `aws-cn`, ...
    pub partition: String,
    /// Account id of the function, the only account that it touches.
    pub account: String,
    /// Role of the function; `None` if an IAM user runs it locally.
    role: Option<IssuingRole>,
    /// ARN of the caller.
    pub arn: String,
}

impl Identity {
    /// Parses `Arn` and `UserId` of a response of `sts:GetCallerIdentity`.
    #[must_use]
    pub fn of(arn: &str, user_id: &str) -> Option<Self> {
        let (whole, arn) = (arn, Arn::parse(arn)?);
        let mut session = arn.resource.split('/');
        let role = (session.next() == Some("assumed-role")).then(|| session.next()).flatten();
        Some(Self {
            partition: arn.partition.to_owned(),
            account: arn.account.to_owned(),
            role: role.map(|name| IssuingRole {
                account: arn.account.to_owned(),
                name: name.to_owned(),
                id: user_id.split(':').next().unwrap_or_default().to_owned(),
            }),
            arn: whole.to_owned(),
        })
    }

    /// Returns the place of what is in a region of the account.
    #[must_use]
    pub fn place(&self, region: &Region) -> Place {
        Place { partition: self.partition.clone(), account: self.account.clone(), region: region.clone() }
    }

    /// Returns the name of our role; `None` if we are no role's session.
    #[must_use]
    pub fn role_name(&self) -> Option<&str> {
        self.role.as_ref().map(|role| role.name.as_str())
    }

    /// Returns the possible values of `aws:PrincipalArn` for our calls. A session's ARN lacks the path that the role's
    /// ARN may have, so there is one without a path, and a pattern for any path.
    #[must_use]
    pub fn principal_arns(&self) -> Vec<String> {
        let Some(IssuingRole { account, name, id: _ }) = &self.role else { return vec![self.arn.clone()] };
        ["", "*/"].map(|path| format!("arn:{}:iam::{account}:role/{path}{name}", self.partition)).into()
    }

    /// Returns whether a call was made by our own role.
    ///
    /// Either the unique id of the role must match, or its account and name. User agent, address and session name are
    /// ignored, since callers choose them.
    #[must_use]
    pub fn made(&self, actor: &Actor) -> bool {
        let (Some(ours), Some(theirs)) = (&self.role, &actor.role) else { return false };
        let same_id = !ours.id.is_empty() && ours.id == theirs.id;
        same_id || (ours.account == theirs.account && ours.name == theirs.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn session(account: &str, path_and_name: &str, id: &str) -> Actor {
        Actor::of(&json!({
            "type": "AssumedRole",
            "arn": format!("arn:aws:sts::{account}:assumed-role/x/session"),
            "sessionContext": {"sessionIssuer": {
                "type": "Role", "principalId": id, "arn": format!("arn:aws:iam::{account}:role/{path_and_name}")}},
        }))
    }

    fn us() -> Identity {
        Identity::of("arn:aws:sts::111122223333:assumed-role/Keeper/transfer", "AROAKEEPER:transfer").expect("identity")
    }

    #[test]
    fn our_role_is_known_by_id_or_by_account_and_name_whatever_its_path() {
        assert!(us().made(&session("111122223333", "Keeper", "AROAOTHER")));
        assert!(us().made(&session("111122223333", "a/path/Keeper", "AROAOTHER")));
        assert!(us().made(&session("111122223333", "Renamed", "AROAKEEPER")));
    }

    #[test]
    fn nobody_else_is_taken_for_us() {
        assert!(!us().made(&session("999999999999", "Keeper", "AROAOTHER")));
        assert!(!us().made(&session("111122223333", "Keeper-2", "AROAOTHER")));
        assert!(!us().made(&session("111122223333", "Keeper/other", "AROAOTHER")));
        assert!(!us().made(&Actor::of(&json!({"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/Keeper"}))));
        assert!(!us().made(&Actor::of(
            &json!({"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/Keeper/x"})
        )));
        let at_a_desk = Identity::of("arn:aws:iam::111122223333:user/alice", "AIDAALICE").expect("identity");
        assert!(!at_a_desk.made(&session("111122223333", "alice", "AIDAALICE")));
    }

    #[test]
    fn a_policy_names_our_role_with_any_path() {
        let role = "arn:aws:iam::111122223333:role/";
        assert_eq!(us().principal_arns(), [format!("{role}Keeper"), format!("{role}*/Keeper")]);
        let alice = "arn:aws:iam::111122223333:user/path/alice";
        assert_eq!(Identity::of(alice, "AIDAALICE").expect("identity").principal_arns(), [alice]);
    }

    #[test]
    fn an_actor_is_shown_by_the_best_name_there_is() {
        let shown = |identity: Value| Actor::of(&identity).shown;
        assert_eq!(
            shown(json!({"type": "Root", "arn": "arn:aws:iam::1:root"})).as_deref(),
            Some("arn:aws:iam::1:root")
        );
        assert_eq!(
            shown(json!({"type": "AWSService", "invokedBy": "rds.amazonaws.com"})).as_deref(),
            Some("rds.amazonaws.com")
        );
        assert_eq!(shown(json!({"type": "Unknown"})).as_deref(), Some("Unknown"));
        assert_eq!(shown(json!([1])), None);
        assert_eq!(shown(json!({"arn": "a\nb\u{202e}c"})).as_deref(), Some("a b c"));
    }
}
