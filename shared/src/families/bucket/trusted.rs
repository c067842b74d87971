//! Parties that may handle the record: the account itself, its organization, and those that the settings name.

use super::view::{Replica, ReplicaOwner};
use crate::documents::policy::{Condition, Statement, matches, texts};
use crate::documents::principals::{Named, Party, account_of};
use crate::model::{Place, Subject, Unread};
use crate::settings::Settings;
use crate::settings::destinations::{BucketOwner, Destination};

/// Keys that only a service has in its requests, for the resource that it serves.
const SERVICE_KEYS: [&str; 5] =
    ["aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner"];

/// Service that reads files for anybody who asks.
const PUBLISHER: &str = "cloudfront.amazonaws.com";

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

    /// Returns whether log files may be replicated to a bucket. The setting names a bucket of the account, too, with or
    /// without a prefix, which says nothing of replicas.
    pub(super) fn bucket(&self, replica: &Replica) -> Destination {
        let owner = match &replica.owner {
            ReplicaOwner::ThisAccount => return Destination::Own,
            ReplicaOwner::OtherAccount(Some(account)) => BucketOwner::Account(account),
            ReplicaOwner::OtherAccount(None) => BucketOwner::AnotherAccount,
            ReplicaOwner::Unknown => BucketOwner::Unknown,
        };
        let named = self.settings.record_destinations.names_bucket(&replica.bucket);
        let found = || self.settings.record_destinations.bucket(self.place, &replica.bucket, owner, "");
        if named { Destination::Named } else { found() }
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
        for condition in &statement.conditions() {
            // What a service does with a file for the account, it may do for the whole internet.
            let is_source = SERVICE_KEYS.contains(&condition.key.as_str());
            if !condition.lets_in_only() || is_source && self.may_be_published(party, condition) {
                continue;
            }
            match self.trusts_all(condition) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(why) => unread = Some(why),
            }
        }
        unread.map_or(Ok(false), Err)
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

    /// Returns whether a party that a condition on its source limits may be `CloudFront`, which hands files to anybody. Which
    /// of the account's distributions may, the settings name.
    fn may_be_published(&self, party: Party<'_>, condition: &Condition<'_>) -> bool {
        let Condition { operator: _, key, values } = condition;
        let publishes = |service: &str| matches(service, PUBLISHER);
        let by_source = |value: &str| {
            let named = key == "aws:sourcearn" && self.names(value);
            let service = value.split(':').nth(2).filter(|_| key == "aws:sourcearn");
            !named && service.is_none_or(|service| matches(service, "cloudfront"))
        };
        match party {
            Party::Service(name) => publishes(name) && texts(values).any(by_source),
            Party::Anyone => texts(values).any(by_source),
            Party::Account(_) | Party::CanonicalUser(_) | Party::Federated(_) => false,
        }
    }

    pub(super) fn trusts_value(&self, key: &str, value: &str) -> Result<bool, Unread> {
        let exact = !value.contains(['*', '?']) && !value.contains("${");
        if key.starts_with("s3:dataaccesspoint") {
            // Whom an access point of the account lets in, its own policy says, which anybody may change.
            return Ok(self.names(value));
        }
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
            json!({"StringEquals": {"aws:PrincipalAccount": "111122223333"}, "Bool": {"aws:SecureTransport": "true"}}),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:cloudtrail:*:111122223333:trail/*"}}),
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
            json!({"StringEquals": {"s3:DataAccessPointAccount": "111122223333"}}),
            json!({"StringEquals": {"aws:SourceAccount": "111122223333"}}),
            json!({"ArnLike": {"aws:SourceArn": "arn:aws:*:*:111122223333:*"}}),
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
    fn what_the_account_publishes_or_delegates_is_named_by_the_settings() {
        let distribution = "arn:aws:cloudfront::111122223333:distribution/E1";
        let point = "arn:aws:s3:us-east-1:111122223333:accesspoint/siem";
        let of = |setting: &str, principal: &Value, condition: &Value| {
            let subject = subject::<Bucket>();
            let log_bucket_readers = LogBucketReaders::setting(Some(setting.to_owned())).expect("readers");
            let readers = Settings { log_bucket_readers, ..settings() };
            let statement = json!({"Effect": "Allow", "Principal": principal, "Condition": condition});
            let statement = Statement::of(&statement).expect("an object");
            let party = crate::documents::principals::parties(statement)[0];
            Trusted::new(&subject, Ok(None), &readers).are_all_of(statement, party).expect("known")
        };
        let cloudfront = json!({"Service": PUBLISHER});
        for (principal, condition, named) in [
            (&cloudfront, json!({"StringEquals": {"aws:SourceArn": distribution}}), distribution),
            (&json!("*"), json!({"ArnLike": {"aws:SourceArn": distribution}}), distribution),
            (&json!("*"), json!({"StringEquals": {"s3:DataAccessPointArn": point}}), point),
            (
                &json!({"AWS": "*"}),
                json!({"StringEquals": {"s3:DataAccessPointAccount": "111122223333"}}),
                "111122223333",
            ),
        ] {
            assert!(!of("444455556666", principal, &condition), "{condition}");
            assert!(of(named, principal, &condition), "{condition}");
        }
        let account = json!({"StringEquals": {"aws:SourceAccount": "111122223333"}});
        assert!(!of("444455556666", &cloudfront, &account) && of(PUBLISHER, &cloudfront, &account));
        assert!(of("444455556666", &json!({"Service": "athena.amazonaws.com"}), &account));
    }
}
