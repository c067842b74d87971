//! Statements that keep every stranger out of a log bucket, whatever other statements allow.

use super::trusted::Trusted;
use crate::documents::policy::{KnownKey, Statement, holds_for};
use crate::model::Unread;
use std::cell::RefCell;

/// Returns whether a statement denies to every principal that is not trusted: it is judged as S3 judges it for one of them,
/// who calls by himself and may be of any account, organization or none.
///
/// # Errors
/// Returns an error if that depends on an organization that could not be read.
pub(super) fn keeps_strangers_out(trusted: &Trusted<'_>, statement: Statement<'_>) -> Result<bool, Unread> {
    if statement.allows() || !statement.names_everybody() {
        return Ok(false);
    }
    let unread = RefCell::new(None);
    let held = holds_for(statement, &|key| fact(trusted, key.to_owned(), &unread));
    match unread.into_inner() {
        Some(why) if held.is_none() => Err(why),
        _ => Ok(held == Some(true)),
    }
}

/// Returns what is known of a key in a stranger's requests.
fn fact<'t>(trusted: &'t Trusted<'_>, key: String, unread: &'t RefCell<Option<Unread>>) -> KnownKey<'t> {
    match key.as_str() {
        "aws:principalisawsservice" => KnownKey::is("false"),
        "aws:principalservicename"
        | "aws:principalservicenameslist"
        | "aws:sourceaccount"
        | "aws:sourcearn"
        | "aws:sourceowner"
        | "aws:sourceorgid"
        | "aws:sourceorgpaths" => KnownKey::Absent,
        // An anonymous caller has none of these, and whoever comes by way of an access point has the last two.
        "aws:principalaccount"
        | "aws:principalarn"
        | "aws:principalorgid"
        | "aws:principalorgpaths"
        | "s3:dataaccesspointaccount"
        | "s3:dataaccesspointarn" => {
            KnownKey::Maybe(Box::new(move |value, _| match trusted.trusts_value(&key, value) {
                // A value that is trusted is no stranger's; any other may be.
                Ok(true) => Some(false),
                Ok(false) => None,
                Err(why) => {
                    unread.replace(Some(why));
                    None
                }
            }))
        }
        _ => KnownKey::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bucket;
    use super::*;
    use crate::settings::Settings;
    use crate::settings::log_bucket_readers::LogBucketReaders;
    use crate::testing::laws::{settings, subject};
    use serde_json::{Value, json};

    fn judged(
        principal: &Value,
        condition: &Value,
        organization: Result<Option<&str>, Unread>,
    ) -> Result<bool, Unread> {
        let subject = subject::<Bucket>();
        let log_bucket_readers = LogBucketReaders::setting(Some("444455556666".to_owned())).expect("readers");
        let readers = Settings { log_bucket_readers, ..settings() };
        let statement = json!({"Effect": "Deny", "Principal": principal, "Condition": condition});
        keeps_strangers_out(
            &Trusted::new(&subject, organization, &readers),
            Statement::of(&statement).expect("an object"),
        )
    }

    fn is_fence(condition: &Value) -> bool {
        judged(&json!("*"), condition, Ok(Some("o-abc"))).expect("known")
    }

    #[test]
    fn a_denial_of_everybody_else_is_a_fence() {
        let services = json!({"aws:PrincipalIsAWSService": "false"});
        let others = json!({"aws:PrincipalOrgID": "o-abc"});
        for fence in [
            json!({}),
            json!({"BoolIfExists": services}),
            json!({"StringNotEqualsIfExists": others, "BoolIfExists": services}),
            json!({"StringNotEquals": others}),
            json!({"StringNotEquals": {"aws:PrincipalAccount": ["111122223333", "444455556666"]}, "Bool": services}),
            json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:*"}}),
            json!({"ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-abc/*"}}),
            json!({"StringNotEquals": {"aws:SourceAccount": "111122223333"}}),
        ] {
            assert!(is_fence(&fence), "{fence}");
        }
        assert_eq!(judged(&json!({"AWS": "*"}), &json!({"StringNotEquals": others}), Ok(Some("o-abc"))), Ok(true));
        assert_eq!(judged(&json!({"AWS": "999999999999"}), &json!({}), Ok(None)), Ok(false));
    }

    #[test]
    fn a_denial_that_never_applies_to_a_stranger_is_none() {
        let own = json!({"aws:PrincipalAccount": "111122223333"});
        let others = json!({"aws:PrincipalOrgID": "o-abc"});
        for no_fence in [
            json!({"StringNotEquals": own, "Bool": {"aws:PrincipalIsAWSService": "true"}}),
            json!({"StringNotEquals": own, "BoolIfExists": {"aws:PrincipalIsAWSService": ["True"]}}),
            json!({"StringNotEquals": own, "Null": {"aws:PrincipalIsAWSService": "true"}}),
            json!({"StringNotEquals": own, "StringEquals": {"aws:PrincipalServiceName": "x.amazonaws.com"}}),
            json!({"StringEquals": others}),
            json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-other"}}),
            json!({"StringNotEquals": {"aws:PrincipalAccount": ["111122223333", "999999999999"]}}),
            json!({"StringNotEquals": others, "Bool": {"aws:SecureTransport": "false"}}),
            json!({"ForAnyValue:StringNotEquals": {"aws:SourceAccount": "111122223333"}}),
            json!({"ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-abc/*"}}),
            json!({"StringNotEquals": {"s3:DataAccessPointAccount": "111122223333"}}),
            json!({"StringNotEquals": own, "StringEquals": {"aws:PrincipalTag/x": "y"}}),
        ] {
            assert!(!is_fence(&no_fence), "{no_fence}");
        }
    }

    #[test]
    fn an_organization_that_could_not_be_read_decides_only_where_it_matters() {
        let unread = || Err(Unread::Denied("organizations:DescribeOrganization"));
        let others = json!({"aws:PrincipalOrgID": "o-abc"});
        assert!(judged(&json!("*"), &json!({"StringNotEquals": others}), unread()).is_err());
        let never = json!({"StringNotEquals": others, "Bool": {"aws:PrincipalIsAWSService": "true"}});
        assert_eq!(judged(&json!("*"), &never, unread()), Ok(false));
    }
}
