//! Grants of a KMS key: they let others use it whatever its policy says. Pure.

use crate::documents::principals::account_of;
use crate::model::sanitized;
use std::fmt;

/// Operations that read what the key encrypts, or hand on the right to ([grant operations]).
///
/// [grant operations]: https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations
const HANDLES: [&str; 4] = ["CreateGrant", "Decrypt", "ReEncryptFrom", "RetireGrant"];

/// Grant of a key ([GrantListEntry]).
///
/// [GrantListEntry]: https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantListEntry.html
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct KeyGrant {
    /// Id of the grant.
    pub id: String,
    /// Principal that may use the key: an ARN, the id of an account, the name of a service, or the unique id of a principal
    /// that was deleted.
    pub grantee: String,
    /// Account under which the grant was made, as its ARN or id; `None` if KMS does not say.
    pub issuer: Option<String>,
    /// Operations that are allowed, such as `Decrypt`.
    pub operations: Vec<String>,
}

impl KeyGrant {
    /// Returns whether the grant lets somebody outside an account decrypt or hand on the right to, but for parties that
    /// are trusted. A service acts for the account that made the grant.
    #[must_use]
    pub fn is_strange(&self, account: &str, is_trusted: &dyn Fn(&str) -> bool) -> bool {
        let handles = self.operations.iter().any(|it| HANDLES.contains(&it.as_str()));
        let issuer = self.issuer.as_deref().unwrap_or_default();
        let party = if is_service(&self.grantee) { issuer } else { &self.grantee };
        let foreign = account_of(party).is_some_and(|its| its != account);
        // Of a principal that was deleted only its id is left, by which nobody can use the grant.
        let unknown = account_of(party).is_none() && !party.is_empty() && !is_deleted(party);
        handles && (foreign || unknown) && !is_trusted(party)
    }
}

impl fmt::Display for KeyGrant {
    /// Writes who may do what, and by which grant.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, grantee, issuer, operations } = self;
        let of = issuer.as_deref().filter(|_| is_service(grantee));
        let of = of.map(|issuer| format!(" for {issuer}")).unwrap_or_default();
        f.write_str(&sanitized(&format!("{grantee}{of} may {} (grant {id})", operations.join(", "))))
    }
}

fn is_service(principal: &str) -> bool {
    [".amazonaws.com", ".amazonaws.com.cn"].iter().any(|end| principal.ends_with(end)) && !principal.contains(':')
}

fn is_deleted(principal: &str) -> bool {
    ["AIDA", "AROA"].iter().any(|kind| principal.starts_with(kind))
        && principal.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strange(grantee: &str, issuer: Option<&str>, operations: &[&str]) -> bool {
        let operations = operations.iter().map(|it| (*it).to_owned()).collect();
        let issuer = issuer.map(str::to_owned);
        let grant = KeyGrant { id: "g".to_owned(), grantee: grantee.to_owned(), issuer, operations };
        grant.is_strange("111122223333", &|party| party.contains("444455556666"))
    }

    const HOME: Option<&str> = Some("arn:aws:iam::111122223333:root");

    #[test]
    fn whoever_is_outside_and_may_decrypt_or_grant_is_strange() {
        for (grantee, issuer, operation) in [
            ("arn:aws:iam::999999999999:root", HOME, "Decrypt"),
            ("arn:aws:iam::999999999999:user/mallory", None, "ReEncryptFrom"),
            ("arn:aws:sts::999999999999:assumed-role/r/s", HOME, "CreateGrant"),
            ("999999999999", HOME, "RetireGrant"),
            ("somebody", HOME, "Decrypt"),
            ("ec2.us-east-1.amazonaws.com", Some("arn:aws:iam::999999999999:root"), "Decrypt"),
        ] {
            assert!(strange(grantee, issuer, &["GenerateDataKey", operation]), "{grantee} {operation}");
        }
    }

    #[test]
    fn services_and_the_account_itself_are_not() {
        for (grantee, issuer, operation) in [
            ("arn:aws:iam::111122223333:role/reader", HOME, "Decrypt"),
            ("arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-0a1b", HOME, "Decrypt"),
            ("rds.eu-west-1.amazonaws.com", HOME, "Decrypt"),
            ("backup.amazonaws.com", None, "CreateGrant"),
            ("dynamodb.cn-north-1.amazonaws.com.cn", HOME, "Decrypt"),
            ("AROAEXAMPLEID", HOME, "Decrypt"),
            ("arn:aws:iam::444455556666:role/siem", HOME, "Decrypt"),
            ("arn:aws:iam::999999999999:root", HOME, "DescribeKey"),
            ("arn:aws:iam::999999999999:root", HOME, "Encrypt"),
        ] {
            assert!(!strange(grantee, issuer, &[operation]), "{grantee} {operation}");
        }
        assert!(strange("arn:aws:iam::999999999999:user/x.amazonaws.com", HOME, &["Decrypt"]), "not a service");
    }
}
