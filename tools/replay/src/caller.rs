//! Who made a call, and with what: a hint, since the caller chooses the user agent.

use serde::Serialize;
use serde_json::Value;
use trailkeeper::ledger::Tool;
use trailkeeper::model::{Arn, sanitized};

/// Kind of caller, by the user agent and, for services, by what AWS writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallerKind {
    /// A person at the console.
    Console,
    /// The AWS CLI.
    Cli,
    /// Terraform or a tool that uses its providers.
    Terraform,
    /// CloudFormation.
    CloudFormation,
    /// An AWS service, on its own or on somebody's behalf.
    Service,
    /// Any other program.
    Program,
}

impl CallerKind {
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Console, Self::Cli, Self::Terraform, Self::CloudFormation, Self::Service, Self::Program];

    /// Returns the kind for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Console => "people at the console",
            Self::Cli => "the AWS CLI",
            Self::Terraform => "Terraform",
            Self::CloudFormation => "CloudFormation",
            Self::Service => "AWS services",
            Self::Program => "other programs",
        }
    }

    /// Returns whether what it sets is written in code that somebody keeps.
    #[must_use]
    pub fn is_code(self) -> bool {
        matches!(self, Self::Terraform | Self::CloudFormation)
    }

    /// Returns the kind of caller of a record. `via` is the service that made the call on somebody's behalf.
    pub(crate) fn of(record: &Value, via: Option<&str>) -> Self {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let identity = record.get("userIdentity");
        let kind = text(identity.and_then(|it| it.get("type")));
        if via == Some("cloudformation.amazonaws.com") {
            return Self::CloudFormation;
        }
        if via.is_some() || kind == "AWSService" {
            return Self::Service;
        }
        match Tool::of(&text(record.get("userAgent"))) {
            Tool::Terraform => Self::Terraform,
            Tool::CloudFormation => Self::CloudFormation,
            Tool::Console => Self::Console,
            Tool::Cli => Self::Cli,
            Tool::Other => Self::Program,
        }
    }
}

/// Roles of IAM Identity Center, each of which is used by many people: the session's name is the person.
const OF_PEOPLE: &str = "AWSReservedSSO_";

/// Returns who has made a call, without the session: the role of a session, unless it is one for people.
pub(crate) fn principal(record: &Value, shown: Option<&str>) -> String {
    let issuer = record.get("userIdentity").and_then(|it| it.pointer("/sessionContext/sessionIssuer/arn"));
    let shown = shown.unwrap_or("(unknown)");
    let is_session = Arn::parse(shown).filter(|arn| arn.service == "sts" && arn.resource.starts_with("assumed-role/"));
    let Some(session) = is_session else { return shown.to_owned() };
    let role = session.resource.split('/').nth(1).unwrap_or_default();
    if role.starts_with(OF_PEOPLE) {
        return shown.to_owned();
    }
    let of_role = || format!("arn:{}:iam::{}:role/{role}", session.partition, session.account);
    issuer.and_then(Value::as_str).map_or_else(of_role, sanitized)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_kind_of_caller_is_what_aws_writes_or_else_the_user_agent_hints_at() {
        let kind = |agent: &str, kind: &str, via: Option<&str>| {
            CallerKind::of(&json!({"userAgent": agent, "userIdentity": {"type": kind}}), via)
        };
        for (agent, identity, via, expected) in [
            ("APN/1.0 HashiCorp/1.0 Terraform/1.9.5", "AssumedRole", None, CallerKind::Terraform),
            ("Terraform", "AssumedRole", Some("cloudformation.amazonaws.com"), CallerKind::CloudFormation),
            ("Terraform", "AssumedRole", Some("autoscaling.amazonaws.com"), CallerKind::Service),
            ("console.amazonaws.com", "IAMUser", None, CallerKind::Console),
            ("aws-cli/2.31.9", "IAMUser", None, CallerKind::Cli),
            ("config.amazonaws.com", "AWSService", None, CallerKind::Service),
            ("Boto3/1.40.1", "Root", None, CallerKind::Program),
        ] {
            assert_eq!(kind(agent, identity, via), expected, "{agent}");
        }
        assert_eq!(CallerKind::of(&Value::Null, None), CallerKind::Program);
    }

    #[test]
    fn sessions_are_their_role_and_people_are_themselves() {
        let named = |arn: &str| principal(&Value::Null, Some(arn));
        let session = "arn:aws:sts::111122223333:assumed-role/ci/run-4711";
        assert_eq!(named(session), "arn:aws:iam::111122223333:role/ci");
        let issuer =
            json!({"userIdentity": {"sessionContext": {"sessionIssuer": {"arn": "arn:aws:iam::1:role/p/ci"}}}});
        assert_eq!(principal(&issuer, Some(session)), "arn:aws:iam::1:role/p/ci");
        let ann = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_1/ann@example.com";
        assert_eq!(named(ann), ann);
        assert_eq!(named("arn:aws:iam::111122223333:user/bob"), "arn:aws:iam::111122223333:user/bob");
        assert_eq!(principal(&Value::Null, None), "(unknown)");
    }
}
