//! Parties that may handle the record: the account itself, its organization, and those that the settings name.

use crate::documents::policy::{Condition, Statement, texts};
use crate::documents::principals::{Named, Party, account_of};
use crate::model::{Place, Subject, Unread};
use crate::settings::Settings;

/// Trusted parties.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trusted<'a> {
    /// Account and region of the bucket.
    place: &'a Place,
    /// Id of the organization of the account, if it is in one.
    organization: Result<Option<&'a str>, Unread>,
    /// Settings, which may name further parties.
    settings: &'a Settings,
}

impl<'a> Trusted<'a> {
    pub(super) fn new(
        subject: &'a Subject,
        organization: Result<Option<&'a str>, Unread>,
        settings: &'a Settings,
    ) -> Self {
        Self { place: &subject.place, organization, settings }
    }

    /// Returns whether an account is trusted as a whole.
    pub(super) fn trusts_account(&self, account: &str) -> bool {
        self.settings.record_destinations.account(self.place, account).is_wanted() || self.names(account)
    }

    /// Returns whether log files may be encrypted with a key.
    pub(super) fn trusts_key(&self, key: &str) -> bool {
        let account = account_of(key);
        self.settings.record_destinations.key(self.place, key).is_wanted()
            || account.is_some_and(|account| self.trusts_account(account))
    }

    fn names(&self, party: &str) -> bool {
        self.settings.log_bucket_readers.names(party)
    }

    /// Returns whether a principal is trusted: its account, or itself.
    pub(super) fn trusts(&self, principal: &str) -> bool {
        account_of(principal).is_some_and(|account| self.trusts_account(account)) || self.names(principal)
    }

    /// Returns whether a statement applies to a party only as far as trusted ones use it, whoever the party is.
    ///
    /// # Errors
    /// Returns an error if that depends on an organization that could not be read.
    pub(super) fn are_all_of(&self, statement: Statement<'_>, party: Party<'_>) -> Result<bool, Unread> {
        let named = match party {
            Party::Account(name) => self.trusts(name),
            Party::CanonicalUser(name) | Party::Federated(name) | Party::Service(name) => self.names(name),
            Party::Anyone => false,
        };
        if named {
            return Ok(true);
        }
        let mut unread = None;
        for condition in statement.conditions().iter().filter(|it| it.lets_in_only()) {
            match self.trusts_all(condition) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(why) => unread = Some(why),
            }
        }
        unread.map_or(Ok(false), Err)
    }

    /// Returns whether a statement denies to everybody but trusted parties and services of AWS.
    ///
    /// # Errors
    /// Returns an error if that depends on an organization that could not be read.
    pub(super) fn fences(&self, statement: Statement<'_>) -> Result<bool, Unread> {
        if statement.allows() || !statement.names_everybody() {
            return Ok(false);
        }
        let mut any = false;
        for condition in statement.conditions() {
            let services = condition.operator.starts_with("bool") && condition.key == "aws:principalisawsservice";
            let others = condition.leaves_out() && self.trusts_all(&condition)?;
            if !services && !others {
                return Ok(false);
            }
            any |= others;
        }
        Ok(any)
    }

    /// Returns whether a condition is about parties, and names only trusted ones.
    fn trusts_all(&self, condition: &Condition<'_>) -> Result<bool, Unread> {
        let mut any = false;
        for value in texts(condition.values) {
            any = true;
            if !self.trusts_value(&condition.key, value)? {
                return Ok(false);
            }
        }
        Ok(any)
    }

    fn trusts_value(&self, key: &str, value: &str) -> Result<bool, Unread> {
        let exact = !value.contains(['*', '?']) && !value.contains("${");
        Ok(match Named::by(key) {
            Some(Named::Account) => exact && self.trusts_account(value),
            Some(Named::Arn) => {
                // A wildcard behind the account leaves the account as it is.
                let account = account_of(value).filter(|account| !account.contains(['*', '?', '$']));
                account.is_some_and(|account| self.trusts_account(account)) || self.names(value)
            }
            Some(Named::Organization) => exact && self.is_organization(value)?,
            Some(Named::OrganizationPath) => match value.split_once('/') {
                Some((id, _)) => self.is_organization(id)?,
                None => false,
            },
            None => false,
        })
    }

    fn is_organization(&self, id: &str) -> Result<bool, Unread> {
        if self.names(id) {
            return Ok(true);
        }
        self.organization.map(|own| own == Some(id))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bucket;
    use super::*;
    use crate::settings::log_bucket_readers::LogBucketReaders;
    use crate::testing::laws::{settings, subject};
    use serde_json::{Value, json};

    fn readers() -> Settings {
        let log_bucket_readers = LogBucketReaders::setting(Some("444455556666".to_owned())).expect("readers");
        Settings { log_bucket_readers, ..settings() }
    }

    fn all_of(principal: &Value, condition: &Value) -> Result<bool, Unread> {
        let (subject, readers) = (subject::<Bucket>(), readers());
        let statement = json!({"Effect": "Allow", "Principal": principal, "Condition": condition});
        let statement = Statement::of(&statement).expect("an object");
        let party = crate::documents::principals::parties(statement)[0];
        Trusted::new(&subject, Ok(Some("o-abc")), &readers).are_all_of(statement, party)
    }

    #[test]
    fn the_account_and_those_that_are_named_are_trusted() {
        let of = |name: &str| all_of(&json!({"AWS": name}), &json!({})).expect("known");
        assert!(
            of("111122223333") && of("arn:aws:iam::111122223333:role/Reader") && of("arn:aws:iam::444455556666:root")
        );
        assert!(
            !of("999999999999") && !of("arn:aws:iam::999999999999:root") && !of("*") && !of("AROAEXAMPLEEXAMPLE123")
        );
    }

    #[test]
    fn a_condition_may_leave_only_trusted_parties() {
        let of = |condition: &Value| all_of(&json!("*"), condition).expect("known");
        for ours in [
            json!({"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}),
            json!({"StringEquals": {"AWS:principalaccount": ["111122223333", "444455556666"]}}),
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}),
            json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc/r-1/*"}}),
            json!({"StringEquals": {"aws:SourceAccount": "111122223333"}, "Bool": {"aws:SecureTransport": "true"}}),
        ] {
            assert!(of(&ours), "{ours}");
        }
        for theirs in [
            json!({}),
            json!({"StringEquals": {"aws:PrincipalOrgID": ["o-abc", "o-other"]}}),
            json!({"StringEqualsIfExists": {"aws:PrincipalAccount": "111122223333"}}),
            json!({"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}),
            json!({"StringLike": {"aws:PrincipalAccount": "1111*"}}),
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Reader"}}),
            json!({"StringEquals": {"aws:SourceVpce": "vpce-1"}}),
            json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
        ] {
            assert!(!of(&theirs), "{theirs}");
        }
    }

    #[test]
    fn an_organization_that_could_not_be_read_is_not_told_apart() {
        let (subject, readers) = (subject::<Bucket>(), readers());
        let unread = Err(Unread::Denied("organizations:DescribeOrganization"));
        let condition = json!({"StringEquals": {"aws:PrincipalOrgID": "o-abc"}});
        let statement = json!({"Effect": "Allow", "Principal": "*", "Condition": condition});
        let statement = Statement::of(&statement).expect("an object");
        let trusted = Trusted::new(&subject, unread, &readers);
        assert!(trusted.are_all_of(statement, Party::Anyone).is_err());
        assert_eq!(trusted.are_all_of(statement, Party::Account("111122223333")), Ok(true));
    }

    #[test]
    fn a_denial_of_everybody_else_is_a_fence() {
        let (subject, readers) = (subject::<Bucket>(), readers());
        let fences = |principal: Value, condition: Value| {
            let statement = json!({"Effect": "Deny", "Principal": principal, "Condition": condition});
            let trusted = Trusted::new(&subject, Ok(Some("o-abc")), &readers);
            trusted.fences(Statement::of(&statement).expect("an object")).expect("known")
        };
        let services = json!({"aws:PrincipalIsAWSService": "false"});
        let others = json!({"aws:PrincipalOrgID": "o-abc"});
        assert!(fences(json!("*"), json!({"StringNotEqualsIfExists": others, "BoolIfExists": services})));
        assert!(fences(json!({"AWS": "*"}), json!({"StringNotEquals": others})));
        assert!(!fences(json!("*"), json!({"BoolIfExists": services})));
        assert!(!fences(json!("*"), json!({"StringEquals": others})));
        assert!(!fences(json!({"AWS": "999999999999"}), json!({"StringNotEquals": others})));
        assert!(!fences(json!("*"), json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-other"}})));
        assert!(!fences(json!("*"), json!({"StringNotEquals": others, "Bool": {"aws:SecureTransport": "false"}})));
    }
}
