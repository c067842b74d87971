//! Problems that end the command, each in one line that says what to do.

use std::fmt;
use std::process::ExitCode;
use trailkeeper::model::{CallError, ErrorKind, OneLine};

/// Exit code if something was refused or done only in part.
const REFUSED: u8 = 1;

/// Exit code of what a person interrupts ([bash], exit status).
///
/// [bash]: https://www.gnu.org/software/bash/manual/html_node/Exit-Status.html
pub(crate) const INTERRUPTED: u8 = 130;

/// Exit code if an argument or the ledger is unusable.
const UNUSABLE: u8 = 2;

/// What helps where nothing gives credentials.
const WITHOUT_CREDENTIALS: &str = "give credentials in the environment, or a profile with --profile";

/// Problem that ends the command. `Display` is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    words: OneLine,
    code: u8,
}

impl Problem {
    /// Creates a problem with the arguments or the ledger.
    pub(crate) fn unusable(words: impl Into<String>) -> Self {
        Self { words: words.into().into(), code: UNUSABLE }
    }

    /// Creates the reason why a change is not taken back, or not completely.
    pub(crate) fn refused(words: impl Into<String>) -> Self {
        Self { words: words.into().into(), code: REFUSED }
    }

    /// Creates the end of what a person interrupted.
    pub(crate) fn interrupted(words: impl Into<String>) -> Self {
        Self { words: words.into().into(), code: INTERRUPTED }
    }

    /// Creates the problem of a call that failed: in which account and region, and what helps.
    pub(crate) fn call(error: &CallError, whose: &Whose) -> Self {
        let Whose { account, region, arn } = whose;
        let place = match (account.as_deref(), region.as_deref()) {
            (Some(account), Some(region)) => format!(" in account {account}, region {region}"),
            (Some(account), None) => format!(" in account {account}"),
            (None, Some(region)) => format!(" in region {region}"),
            (None, None) => String::new(),
        };
        let arn = arn.as_deref().unwrap_or("whose credentials these are");
        let cure = match error.kind {
            ErrorKind::Denied if error.by_organization() => {
                "a policy of the organization denies it, which only its administrators can change".to_owned()
            }
            ErrorKind::Denied => format!("allow {} to {arn}, or use other credentials with --profile", error.action),
            _ if error.code == "NoConnection" && is_about_credentials(&error.message) => {
                return Self::unusable(format!("{}: {WITHOUT_CREDENTIALS}", error.message));
            }
            _ if error.code == "NoConnection" => {
                "look at the network, the proxy and AWS_ENDPOINT_URL, then try again".to_owned()
            }
            ErrorKind::Transient if error.message.contains("expired") || error.code.contains("Expired") => {
                "the credentials have expired: renew them".to_owned()
            }
            ErrorKind::Transient => "try again".to_owned(),
            _ if error.action.starts_with("dynamodb:") && error.kind == ErrorKind::Gone => {
                "name the table with --table, or the stack with --stack and its region with --region".to_owned()
            }
            _ => "look at the resource, then try again".to_owned(),
        };
        Self::refused(format!("{error}{place}: {cure}"))
    }

    /// Returns the same as a problem with the ledger.
    pub(crate) fn of_ledger(self) -> Self {
        Self { code: UNUSABLE, ..self }
    }

    /// Returns the same as a problem with reading an account.
    pub(crate) fn of_check(self) -> Self {
        let words = self.words.to_string();
        let rights = if words.contains(" was denied") { "; policies/*.observe.json have what is read" } else { "" };
        Self::unusable(format!("{words}{rights}"))
    }

    /// Returns the same, with what helps where a profile was named that gives no credentials.
    pub(crate) fn of_profile(self, profile: Option<&str>) -> Self {
        let Some(profile) = profile.filter(|_| self.words.ends_with(WITHOUT_CREDENTIALS)) else { return self };
        let cause = self.words.trim_end_matches(WITHOUT_CREDENTIALS);
        Self::unusable(format!(
            "profile {profile}: {cause}look at ~/.aws/config, and if the profile is one of IAM Identity Center, run `aws sso login \
             --profile {profile}`"
        ))
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words.fmt(f)
    }
}

/// Returns whether a call was not sent for want of credentials: a token of IAM Identity Center that has expired counts.
fn is_about_credentials(message: &str) -> bool {
    let message = message.to_lowercase();
    ["credential", "token", "sso"].iter().any(|word| message.contains(word))
}

/// Whose call failed, and where, as far as that is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Whose {
    /// Account id.
    pub(crate) account: Option<String>,
    /// Name of the region.
    pub(crate) region: Option<String>,
    /// ARN of the caller.
    pub(crate) arn: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(action: &'static str, kind: ErrorKind, code: &str, message: &str) -> CallError {
        CallError { action, kind, code: code.to_owned(), message: message.to_owned() }
    }

    fn whose() -> Whose {
        let (account, region) = (Some("111122223333".to_owned()), Some("eu-west-1".to_owned()));
        Whose { account, region, arn: Some("arn:aws:iam::111122223333:user/ann".to_owned()) }
    }

    #[test]
    fn a_denied_call_names_permission_account_region_and_cure() {
        let told = Problem::call(&error("s3:PutBucketPolicy", ErrorKind::Denied, "AccessDenied", "no"), &whose());
        assert_eq!(
            told.to_string(),
            "s3:PutBucketPolicy was denied (AccessDenied: no) in account 111122223333, region eu-west-1: \
             allow s3:PutBucketPolicy to arn:aws:iam::111122223333:user/ann, or use other credentials with --profile"
        );
    }

    #[test]
    fn each_kind_of_failure_has_its_cure_in_one_line() {
        for (error, cure) in [
            (
                error("sts:GetCallerIdentity", ErrorKind::Transient, "NoConnection", "no AWS credentials were found"),
                "no AWS credentials were found: give credentials in the environment, or a profile with --profile",
            ),
            (error("sts:X", ErrorKind::Transient, "NoConnection", "Connection refused"), "AWS_ENDPOINT_URL"),
            (error("s3:X", ErrorKind::Transient, "ExpiredToken", "x"), "renew them"),
            (error("s3:X", ErrorKind::Transient, "SlowDown", "x"), "try again"),
            (error("dynamodb:Query", ErrorKind::Gone, "ResourceNotFoundException", "x"), "--table"),
            (error("s3:X", ErrorKind::Denied, "AccessDenied", "deny in a service control policy"), "organization"),
            (error("s3:X", ErrorKind::Rejected, "Bad", "one\ntwo"), "one two"),
        ] {
            let told = Problem::call(&error, &Whose::default()).to_string();
            assert!(told.contains(cure) && !told.contains('\n'), "{told}");
        }
        let none = error("sts:X", ErrorKind::Transient, "NoConnection", "no AWS credentials were found");
        assert_eq!(
            Problem::call(&none, &Whose::default()).of_check().of_profile(Some("prod")).to_string(),
            "profile prod: no AWS credentials were found: look at ~/.aws/config, and if the profile is one of IAM Identity \
             Center, run `aws sso login --profile prod`"
        );
    }
}
