//! Principals: as the settings name them, and as the statements of a policy do.

use super::policy::{Statement, texts};
use crate::model::{Arn, is_account};
use serde_json::Value;

/// Pattern for requesters, with `*` and `?`: the ARN of a role matches all its sessions, and a service principal
/// matches the service. Any other pattern is compared with the requester as S3 writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principals(pub String);

/// One party that a statement of a resource's policy applies to ([principal element]).
///
/// [principal element]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party<'a> {
    /// Everybody, perhaps with exceptions.
    Anyone,
    /// Account by its id, or account, user, role or session by its ARN; or the id of a deleted one.
    Account(&'a str),
    /// Account by its canonical user id.
    CanonicalUser(&'a str),
    /// Identity provider.
    Federated(&'a str),
    /// Service of AWS.
    Service(&'a str),
}

/// What the value of a condition key names: the party that makes a request, or the one that a service makes it for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// Account by its id.
    Account,
    /// Principal or resource by its ARN, which holds its account.
    Arn,
    /// Organization by its id.
    Organization,
    /// Part of an organization by its path, which begins with the organization's id.
    OrganizationPath,
}

impl Named {
    /// Returns what a condition key names, in lower case; `None` if it is about something else ([global condition keys],
    /// `kms:CallerAccount`, `s3:DataAccessPointAccount`).
    ///
    /// [global condition keys]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    #[must_use]
    pub fn by(key: &str) -> Option<Self> {
        Some(match key {
            "aws:principalaccount"
            | "aws:sourceaccount"
            | "aws:sourceowner"
            | "kms:calleraccount"
            | "s3:dataaccesspointaccount" => Self::Account,
            "aws:principalarn" | "aws:sourcearn" | "s3:dataaccesspointarn" => Self::Arn,
            "aws:principalorgid" | "aws:sourceorgid" => Self::Organization,
            "aws:principalorgpaths" | "aws:sourceorgpaths" => Self::OrganizationPath,
            _ => return None,
        })
    }
}

/// Returns the parties that a statement applies to. A principal that is not understood is everybody.
#[must_use]
pub fn parties(statement: Statement<'_>) -> Vec<Party<'_>> {
    let Some(Value::Object(kinds)) = statement.element("Principal") else { return vec![Party::Anyone] };
    let each = kinds.iter().flat_map(|(kind, names)| {
        texts(names).map(move |name| match kind.as_str() {
            "AWS" if !name.contains(['*', '?']) => Party::Account(name),
            "CanonicalUser" => Party::CanonicalUser(name),
            "Federated" => Party::Federated(name),
            "Service" if !name.contains('*') => Party::Service(name),
            _ => Party::Anyone,
        })
    });
    let mut all: Vec<Party<'_>> = each.collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Returns the account that a principal belongs to; `None` for everybody and for the ids of deleted principals.
#[must_use]
pub fn account_of(principal: &str) -> Option<&str> {
    if is_account(principal) {
        Some(principal)
    } else {
        Arn::parse(principal).map(|arn| arn.account).filter(|it| !it.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_principal_is_a_party() {
        let of = |principal: Value| {
            let statement = json!({"Effect": "Allow", "Principal": principal});
            format!("{:?}", parties(Statement::of(&statement).expect("an object")))
        };
        assert_eq!(of(json!("*")), "[Anyone]");
        assert_eq!(of(json!({"AWS": ["*", "111122223333", "111122223333"]})), r#"[Anyone, Account("111122223333")]"#);
        assert_eq!(
            of(json!({"Service": "x.amazonaws.com", "Federated": "y", "CanonicalUser": ["z"]})),
            r#"[CanonicalUser("z"), Federated("y"), Service("x.amazonaws.com")]"#
        );
        assert_eq!(of(json!({"Unheard": "of"})), "[Anyone]");
        let all_but = json!({"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}});
        assert_eq!(parties(Statement::of(&all_but).expect("an object")), [Party::Anyone]);
    }

    #[test]
    fn an_account_is_named_by_its_id_or_by_an_arn() {
        let own = Some("111122223333");
        for principal in
            ["111122223333", "arn:aws:iam::111122223333:root", "arn:aws:sts::111122223333:assumed-role/R/s"]
        {
            assert_eq!(account_of(principal), own, "{principal}");
        }
        for principal in ["*", "AROAEXAMPLEEXAMPLE123", "11112222333", "arn:aws:s3:::logs"] {
            assert_eq!(account_of(principal), None, "{principal}");
        }
    }
}
