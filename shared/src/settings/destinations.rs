//! Destinations of the audit record: the accounts, buckets and keys that log files, configuration history and flow logs
//! may go to, besides the account's own. Pure.

use super::flow_logs::BucketName;
use super::{SettingsError, items, table};
use crate::model::{Arn, Place, is_account};
use std::collections::BTreeSet;

/// Where the audit record may go: what the setting names, and what the organization trail uses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordDestinations {
    accounts: BTreeSet<String>,
    buckets: Vec<BucketName>,
    keys: BTreeSet<String>,
    organization: BTreeSet<String>,
}

/// Answer to whether the record may go somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// It belongs to the account itself.
    Own,
    /// The setting names it, or the account that owns it.
    Named,
    /// The organization trail of the account uses it.
    Organization,
    /// It belongs to another account, and nothing names it; or the setting names another prefix of the bucket.
    Elsewhere,
    /// It cannot be determined who owns it.
    Unknown,
}

/// Owner of a bucket, as far as AWS tells: S3 names it to nobody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketOwner<'a> {
    /// The account itself.
    ThisAccount,
    /// The account with this id.
    Account(&'a str),
    /// Another account: which one is not known.
    AnotherAccount,
    /// It cannot be determined whether the bucket is the account's own.
    Unknown,
}

impl Destination {
    /// Returns whether the record may go there.
    #[must_use]
    pub fn is_wanted(self) -> bool {
        matches!(self, Self::Own | Self::Named | Self::Organization)
    }
}

impl RecordDestinations {
    /// Name of the variable.
    pub const SETTING: &'static str = table::RECORD_DESTINATIONS.name;

    /// Parses the setting: account ids, buckets as `bucket`, `bucket/prefix` or ARN, and ARNs of KMS keys, separated by
    /// commas. A bucket whose name is twelve digits must be given as ARN.
    ///
    /// # Errors
    /// Returns an error for an item that is none of these.
    pub fn setting(value: Option<String>) -> Result<Self, SettingsError> {
        let mut found = Self::default();
        let Some(value) = value else { return Ok(found) };
        for item in items(&value) {
            let is_key = |arn: &Arn<'_>| arn.service == "kms" && arn.resource.starts_with("key/");
            if is_account(item) {
                found.accounts.insert(item.to_owned());
            } else if Arn::parse(item).is_some_and(|arn| is_key(&arn) && is_account(arn.account)) {
                found.keys.insert(item.to_owned());
            } else if let Some(bucket) = BucketName::parse(item) {
                found.buckets.push(bucket);
            } else {
                return Err(SettingsError {
                    name: Self::SETTING,
                    problem: format!(
                        "`{item}` is not an account id, a bucket as `bucket/prefix` or ARN, or the ARN of a KMS key"
                    ),
                    value: value.clone(),
                });
            }
        }
        Ok(found)
    }

    /// Returns whether the setting names anything at all. If not, what belongs to other accounts is asked about.
    #[must_use]
    pub fn is_set(&self) -> bool {
        !(self.accounts.is_empty() && self.buckets.is_empty() && self.keys.is_empty())
    }

    /// Adds the bucket and the key of the account's organization trail.
    pub fn add_organization_trail(&mut self, bucket: &str, key: Option<&str>) {
        self.organization.extend(std::iter::once(bucket).chain(key).map(str::to_owned));
    }

    /// Returns the bucket that the setting names, if it is the only one.
    #[must_use]
    pub fn only_bucket(&self) -> Option<&BucketName> {
        if let [only] = &*self.buckets { Some(only) } else { None }
    }

    /// Returns whether the setting names buckets.
    #[must_use]
    pub fn names_buckets(&self) -> bool {
        !self.buckets.is_empty()
    }

    /// Returns whether the setting names a bucket, under whatever prefix.
    #[must_use]
    pub fn names_bucket(&self, bucket: &str) -> bool {
        self.buckets.iter().any(|it| it.name == bucket)
    }

    /// Returns what the setting says of a bucket, if it names it once.
    #[must_use]
    pub fn named_alone(&self, bucket: &str) -> Option<&BucketName> {
        let mut named = self.buckets.iter().filter(|it| it.name == bucket);
        named.next().filter(|_| named.next().is_none())
    }

    /// Returns whether the record may go to a bucket, under this key prefix (without `AWSLogs` and what follows).
    #[must_use]
    pub fn bucket(&self, place: &Place, name: &str, owner: BucketOwner<'_>, prefix: &str) -> Destination {
        let prefix = format!("{}/", prefix.trim_matches('/'));
        let mut named = self.buckets.iter().filter(|it| it.name == name).peekable();
        if named.peek().is_some() {
            let fits = named.any(|it| prefix.starts_with(&it.prefix));
            return if fits { Destination::Named } else { Destination::Elsewhere };
        }
        match owner {
            BucketOwner::ThisAccount => Destination::Own,
            _ if self.organization.contains(name) => Destination::Organization,
            BucketOwner::Account(account) => self.account(place, account),
            BucketOwner::AnotherAccount if self.accounts.is_empty() => Destination::Elsewhere,
            BucketOwner::AnotherAccount | BucketOwner::Unknown => Destination::Unknown,
        }
    }

    /// Returns whether the record may be encrypted with a key. An id or alias without account is the account's own.
    #[must_use]
    pub fn key(&self, place: &Place, id: &str) -> Destination {
        if self.keys.contains(id) {
            return Destination::Named;
        }
        match Arn::parse(id) {
            None => Destination::Own,
            Some(arn) if arn.account == place.account => Destination::Own,
            Some(_) if self.organization.contains(id) => Destination::Organization,
            Some(arn) => self.account(place, arn.account),
        }
    }

    /// Returns whether the record may go to resources of an account.
    #[must_use]
    pub fn account(&self, place: &Place, account: &str) -> Destination {
        match account {
            _ if account == place.account => Destination::Own,
            _ if self.accounts.contains(account) => Destination::Named,
            _ => Destination::Elsewhere,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Region;

    const KEY: &str = "arn:aws:kms:eu-west-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const OTHER_KEY: &str = "arn:aws:kms:eu-west-1:888888888888:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn place() -> Place {
        Place { partition: "aws".into(), account: "111122223333".into(), region: Region::first() }
    }

    fn destinations(value: &str) -> RecordDestinations {
        RecordDestinations::setting(Some(value.to_owned()).filter(|it| !it.is_empty())).expect(value)
    }

    fn bucket(value: &str, name: &str, owner: BucketOwner<'_>, prefix: &str) -> Destination {
        destinations(value).bucket(&place(), name, owner, prefix)
    }

    #[test]
    fn nothing_set_means_the_own_account() {
        assert_eq!(bucket("", "mine", BucketOwner::ThisAccount, "p"), Destination::Own);
        assert_eq!(bucket("", "theirs", BucketOwner::AnotherAccount, ""), Destination::Elsewhere);
        assert_eq!(bucket("", "theirs", BucketOwner::Account("999999999999"), ""), Destination::Elsewhere);
        assert_eq!(bucket("", "whose", BucketOwner::Unknown, ""), Destination::Unknown);
        let none = RecordDestinations::default();
        assert!(!none.is_set());
        assert_eq!(none.key(&place(), "alias/mine"), Destination::Own);
        assert_eq!(none.key(&place(), &KEY.replace("999999999999", "111122223333")), Destination::Own);
        assert_eq!(none.key(&place(), KEY), Destination::Elsewhere);
        assert_eq!(none.account(&place(), "111122223333"), Destination::Own);
        assert_eq!(none.account(&place(), "999999999999"), Destination::Elsewhere);
    }

    #[test]
    fn buckets_are_named_in_every_spelling_with_or_without_a_prefix() {
        let foreign = BucketOwner::AnotherAccount;
        for value in ["central", "s3://central", "arn:aws:s3:::central", "x-y-z, central ,"] {
            assert_eq!(bucket(value, "central", foreign, "any"), Destination::Named, "{value}");
            assert_eq!(bucket(value, "central-2", foreign, ""), Destination::Elsewhere, "{value}");
        }
        for value in ["central/org", "arn:aws:s3:::central/org/", "central/else,central/org"] {
            for (prefix, wanted) in [("org", true), ("/org/eu/", true), ("organs", false), ("", false)] {
                assert_eq!(bucket(value, "central", foreign, prefix).is_wanted(), wanted, "{value} {prefix}");
            }
        }
        // Even of the account's own buckets the setting may name a prefix.
        assert_eq!(bucket("mine/org", "mine", BucketOwner::ThisAccount, "moved"), Destination::Elsewhere);
        assert_eq!(destinations("mine/org,999999999999").only_bucket().map(|it| it.name.as_str()), Some("mine"));
        assert_eq!(destinations("mine,yours").only_bucket(), None);
    }

    #[test]
    fn an_account_is_named_for_all_it_owns_and_an_unknown_owner_may_be_that_account() {
        let value = "999999999999";
        assert_eq!(bucket(value, "theirs", BucketOwner::Account(value), ""), Destination::Named);
        assert_eq!(bucket(value, "theirs", BucketOwner::Account("888888888888"), ""), Destination::Elsewhere);
        assert_eq!(bucket(value, "theirs", BucketOwner::AnotherAccount, ""), Destination::Unknown);
        assert_eq!(bucket(value, "theirs", BucketOwner::ThisAccount, ""), Destination::Own);
        let named = destinations(value);
        assert_eq!(named.key(&place(), KEY), Destination::Named);
        assert_eq!(named.key(&place(), OTHER_KEY), Destination::Elsewhere);
        assert_eq!(destinations(OTHER_KEY).key(&place(), OTHER_KEY), Destination::Named);
        assert_eq!(destinations(OTHER_KEY).key(&place(), KEY), Destination::Elsewhere);
    }

    #[test]
    fn what_the_organization_trail_uses_is_wanted() {
        let mut found = RecordDestinations::default();
        found.add_organization_trail("org-logs", Some(KEY));
        let of = |name| found.bucket(&place(), name, BucketOwner::AnotherAccount, "");
        assert_eq!((of("org-logs"), of("others")), (Destination::Organization, Destination::Elsewhere));
        assert_eq!(found.key(&place(), KEY), Destination::Organization);
        assert_eq!(found.key(&place(), OTHER_KEY), Destination::Elsewhere);
        assert!(!found.is_set());
    }

    #[test]
    fn slips_are_named() {
        let alias = "arn:aws:kms:eu-west-1:999999999999:alias/logs";
        for value in ["Logs", "99999999999 9", "logs/AWSLogs/x", "arn:aws:logs:eu-west-1:999999999999:*", alias, "a"] {
            let error = RecordDestinations::setting(Some(value.to_owned())).expect_err(value);
            assert_eq!(error.name, RecordDestinations::SETTING);
        }
    }
}
