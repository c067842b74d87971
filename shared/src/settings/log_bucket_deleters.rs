//! Principals that may delete log files without a second factor.

use super::{SettingsError, items, table};
use crate::documents::policy::matches;
use crate::model::{Arn, is_account};

/// Principals that the settings name, as `aws:PrincipalArn` has them: ARNs of roles, users and federated users.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogBucketDeleters(Vec<String>);

impl LogBucketDeleters {
    /// Name of the variable.
    pub const SETTING: &'static str = table::LOG_BUCKET_DELETERS.name;

    /// Parses the setting: ARNs with the wildcards `*` and `?` in the name behind the account.
    ///
    /// # Errors
    /// Returns an error if one of them is no such ARN, or names everybody.
    pub fn setting(value: Option<String>) -> Result<Self, SettingsError> {
        let Some(value) = value else { return Ok(Self::default()) };
        let wrong = items(&value).find(|item| !is_principal(item));
        match wrong {
            None => Ok(Self(items(&value).map(str::to_owned).collect())),
            Some(item) => Err(SettingsError {
                name: Self::SETTING,
                problem: format!("`{item}` is not the ARN of a role or user that names its account"),
                value: value.clone(),
            }),
        }
    }

    /// Returns the ARNs, in the order of the setting.
    #[must_use]
    pub fn arns(&self) -> &[String] {
        &self.0
    }

    /// Returns whether every principal that a pattern means is named.
    #[must_use]
    pub fn name(&self, pattern: &str) -> bool {
        // A question mark matches one character, so it does not include an asterisk.
        self.0.iter().any(|named| named == pattern || (!named.contains('?') && matches(named, pattern)))
    }
}

/// Returns whether a text is an ARN that `aws:PrincipalArn` can be: a session has that of its role.
fn is_principal(text: &str) -> bool {
    let Some(Arn { service, region: "", account, resource, .. }) = Arn::parse(text) else { return false };
    let Some((kind, name)) = resource.split_once('/') else { return false };
    let known = matches!((service, kind), ("iam", "role" | "user") | ("sts", "federated-user"));
    known && is_account(account) && name.bytes().any(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(value: &str) -> Result<LogBucketDeleters, SettingsError> {
        LogBucketDeleters::setting(Some(value.to_owned()))
    }

    #[test]
    fn roles_and_users_are_named() {
        let named = set("arn:aws:iam::111122223333:role/tidy, arn:aws-cn:iam::111122223333:user/ops/*").expect("named");
        assert_eq!(named.arns().len(), 2);
        for pattern in ["arn:aws:iam::111122223333:role/tidy", "arn:aws-cn:iam::111122223333:user/ops/j*"] {
            assert!(named.name(pattern), "{pattern}");
        }
        for pattern in ["arn:aws:iam::111122223333:role/tidy2", "arn:aws-cn:iam::111122223333:user/*", "*"] {
            assert!(!named.name(pattern), "{pattern}");
        }
        let one = set("arn:aws:iam::111122223333:role/a?").expect("named");
        assert!(one.name("arn:aws:iam::111122223333:role/a?") && !one.name("arn:aws:iam::111122223333:role/a*"));
        assert!(set("arn:aws:sts::111122223333:federated-user/jo").is_ok());
    }

    #[test]
    fn whoever_names_everybody_or_a_session_is_refused() {
        for value in [
            "*",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::*:role/tidy",
            "arn:aws:sts::111122223333:assumed-role/tidy/session",
            "arn:aws:iam::111122223333:group/ops",
            "111122223333",
            "tidy",
        ] {
            let error = set(value).expect_err(value);
            assert!(error.to_string().starts_with("TRAILKEEPER_LOG_BUCKET_DELETERS"), "{error}");
        }
    }
}
