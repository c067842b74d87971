//! Parties outside the account that may read, delete or administer log files.

use super::{SettingsError, items, table};
use crate::documents::policy::{matches, network};
use crate::documents::principals::account_of;

/// Parties that the settings name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogBucketReaders(Vec<String>);

impl LogBucketReaders {
    /// Name of the variable.
    pub const SETTING: &'static str = table::LOG_BUCKET_READERS.name;

    /// Parses the setting: ids of accounts and organizations, canonical user ids, names of services, ARNs with the
    /// wildcards `*` and `?` behind the account, and networks as address blocks or ids of VPCs and endpoints.
    ///
    /// # Errors
    /// Returns an error if one of them is none of these.
    pub fn setting(value: Option<String>) -> Result<Self, SettingsError> {
        let Some(value) = value else { return Ok(Self::default()) };
        let wrong = items(&value).find(|item| !is_party(item));
        match wrong {
            None => Ok(Self(items(&value).map(str::to_owned).collect())),
            Some(item) => Err(SettingsError {
                name: Self::SETTING,
                problem: format!(
                    "`{item}` is neither the id of an account or organization, nor an ARN that names its account, nor a \
                     network"
                ),
                value: value.clone(),
            }),
        }
    }

    /// Returns whether an account, a principal, a network or another party is named. An account's id, or the ARN of its
    /// root, names the whole account, and a block of addresses each part of it.
    #[must_use]
    pub fn names(&self, party: &str) -> bool {
        let (account, part) = (account_of(party), network(party));
        self.0.iter().any(|named| {
            let whole = account_of(named).filter(|id| *id == named || named.ends_with(":root"));
            let block = network(named).zip(part);
            whole.is_some() && whole == account
                || matches(named, party)
                || block.is_some_and(|(block, part)| block.contains(&part))
        })
    }
}

fn is_party(text: &str) -> bool {
    let all = |text: &str, fits: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|b| fits(&b));
    let organization = text.strip_prefix("o-").is_some_and(|id| all(id, u8::is_ascii_alphanumeric));
    let canonical = text.len() == 64 && all(text, u8::is_ascii_hexdigit);
    let service = text.ends_with(".amazonaws.com") && !text.contains(['*', '?', ':']);
    let account = account_of(text).is_some_and(|account| !account.contains(['*', '?']));
    let addresses = network(text).is_some_and(|network| network.prefix_len() > 0);
    let vpc =
        ["vpc-", "vpce-"].iter().any(|kind| text.strip_prefix(kind).is_some_and(|id| all(id, u8::is_ascii_hexdigit)));
    organization || canonical || service || account || addresses || vpc
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(value: &str) -> Result<LogBucketReaders, SettingsError> {
        LogBucketReaders::setting(Some(value.to_owned()))
    }

    #[test]
    fn accounts_and_principals_are_named() {
        let readers = set("444455556666, arn:aws:iam::777788889999:role/Siem*,o-a1b2c3d4e5").expect("readers");
        for party in [
            "444455556666",
            "arn:aws:iam::444455556666:root",
            "arn:aws:iam::444455556666:role/x",
            "arn:aws:iam::777788889999:role/SiemReader",
            "o-a1b2c3d4e5",
        ] {
            assert!(readers.names(party), "{party}");
        }
        for party in ["777788889999", "arn:aws:iam::777788889999:role/x", "o-a1b2c3d4e6", "*", "44445555666"] {
            assert!(!readers.names(party), "{party}");
        }
        let root = set("arn:aws:iam::444455556666:root").expect("readers");
        assert!(root.names("444455556666") && root.names("arn:aws:iam::444455556666:user/x"));
        assert!(!LogBucketReaders::default().names("444455556666"));
    }

    #[test]
    fn networks_are_named() {
        let readers = set("192.0.2.0/24, 2001:db8::/32, 203.0.113.7, vpce-0a1b2c3d, vpc-0a1b2c3d").expect("readers");
        for party in ["192.0.2.0/24", "192.0.2.7", "192.0.2.128/25", "2001:db8::7", "203.0.113.7/32", "vpce-0a1b2c3d"] {
            assert!(readers.names(party), "{party}");
        }
        for party in ["192.0.0.0/16", "198.51.100.7", "0.0.0.0/0", "vpce-0a1b2c3e", "vpc-*"] {
            assert!(!readers.names(party), "{party}");
        }
    }

    #[test]
    fn whoever_names_everybody_is_refused() {
        for value in [
            "0.0.0.0/0",
            "::/0",
            "vpc-",
            "vpce-*",
            "*",
            "arn:aws:iam::*:role/Reader",
            "everybody",
            "44445555666",
            "o-",
            "s3:*",
            "arn:aws:s3:::x",
        ] {
            let error = set(value).expect_err(value);
            assert!(error.to_string().starts_with("TRAILKEEPER_LOG_BUCKET_READERS"), "{error}");
        }
    }
}
