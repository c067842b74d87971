//! Parses the field `requester`: who made a request.
//!
//! S3 derives that field from the credentials it has verified. Nothing in it can be chosen freely, except for the
//! session name of a role.

use super::line::Line;
use crate::documents::policy::matches;
use crate::documents::principals::Principals;
use crate::model::Arn;

/// Requester of a logged request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requester<'a> {
    /// Unknown: the request was not signed.
    Anonymous,
    /// Canonical user id: the root user of an account, or a whole account.
    Canonical(&'a str),
    /// Root user of an account, by ARN: `arn:aws:iam::111122223333:root`.
    Root {
        /// Account id.
        account: &'a str,
    },
    /// IAM user.
    User {
        /// Account id.
        account: &'a str,
        /// User name with its path.
        name: &'a str,
    },
    /// Session of a role.
    Role {
        /// Account id.
        account: &'a str,
        /// Name of the role; a session's ARN does not contain the path.
        role: &'a str,
        /// Session name, chosen when the session starts: the user's name if a directory started it.
        session: &'a str,
    },
    /// Federated user (`sts:GetFederationToken`).
    Federated {
        /// Account id.
        account: &'a str,
        /// Session name.
        name: &'a str,
    },
    /// AWS service, by its principal.
    Service(&'a str),
    /// S3 itself, which carries out lifecycle rules.
    S3,
    /// Requester in a form that is not known here.
    Other(&'a str),
}

/// Name prefix of the roles whose sessions IAM Identity Center names after the people in its directory.
pub(in crate::access) const DIRECTORY: &str = "AWSReservedSSO_";

/// Early spellings of S3 for the requester of an unsigned request: the word, and the id of the group of all users.
const NOBODY: [&str; 2] = ["Anonymous", "65a011a29cdf8ec533ec3d1ccaae921c"];

impl<'a> Requester<'a> {
    /// Parses the field; `None` means that S3 left it out.
    #[must_use]
    pub fn of(requester: Option<&'a str>) -> Self {
        let Some(text) = requester.filter(|text| !NOBODY.contains(text)) else { return Self::Anonymous };
        if text == "AmazonS3" {
            return Self::S3;
        }
        if let Some(service) = text.strip_prefix("svc:") {
            return Self::Service(service);
        }
        if text.ends_with(".amazonaws.com") && !text.contains(':') {
            return Self::Service(text);
        }
        if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Self::Canonical(text);
        }
        Arn::parse(text).and_then(|arn| Self::by(&arn)).unwrap_or(Self::Other(text))
    }

    fn by(arn: &Arn<'a>) -> Option<Self> {
        let account = arn.account;
        let (kind, name) = arn.resource.split_once('/').unwrap_or((arn.resource, ""));
        Some(match (arn.service, kind) {
            ("iam", "root") => Self::Root { account },
            ("iam", "user") => Self::User { account, name },
            ("sts", "federated-user") => Self::Federated { account, name },
            ("sts", "assumed-role") => {
                let (role, session) = name.split_once('/')?;
                Self::Role { account, role, session }
            }
            _ => return None,
        })
    }

    /// Returns the account id, if the requester contains one.
    #[must_use]
    pub fn account(&self) -> Option<&'a str> {
        match *self {
            Self::Root { account }
            | Self::User { account, .. }
            | Self::Role { account, .. }
            | Self::Federated { account, .. } => Some(account),
            Self::Anonymous | Self::Canonical(_) | Self::Service(_) | Self::S3 | Self::Other(_) => None,
        }
    }

    /// Returns the person behind a role's session, if a directory named the session after one.
    #[must_use]
    pub fn person(&self) -> Option<&'a str> {
        match *self {
            Self::Role { role, session, .. } if session.contains('@') || role.starts_with(DIRECTORY) => Some(session),
            Self::Federated { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// Maximum length of a requester in bytes: the name and the session in an ARN have 64 characters each.
const LONGEST: usize = 512;

/// Identity under which requests are reported: the requester, or the role alone if its session names do not identify a
/// person, since there may be one per request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::access) struct Somebody<'a> {
    /// Unique identifier.
    pub(in crate::access) id: &'a [u8],
    /// Session name of the role, unless it is part of the identifier.
    pub(in crate::access) session: Option<&'a [u8]>,
    /// Role of the session, with any name.
    role: Option<&'a [u8]>,
}

impl<'a> Somebody<'a> {
    pub(in crate::access) fn of(line: &Line<'a>) -> Self {
        let requester = line.requester.unwrap_or_default();
        let requester = requester.get(..LONGEST).unwrap_or(requester);
        let who = std::str::from_utf8(requester).ok().map(|text| Requester::of(Some(text)));
        let Some(who @ Requester::Role { session, .. }) = who else {
            return Self { id: requester, session: None, role: None };
        };
        let role = requester.strip_suffix(session.as_bytes()).and_then(|it| it.strip_suffix(b"/"));
        match (who.person(), role) {
            (None, Some(role)) => Self { id: role, session: Some(session.as_bytes()), role: Some(role) },
            _ => Self { id: requester, session: None, role },
        }
    }

    /// Returns whose refused requests are counted together for a burst: those of all sessions of a role, since
    /// session names can be chosen freely, and unsigned requests by their address.
    pub(in crate::access) fn bursting(&self, line: &Line<'a>) -> &'a [u8] {
        self.role.or(line.requester.is_some().then_some(self.id)).or(line.remote_ip).unwrap_or_default()
    }
}

impl Principals {
    /// Returns whether these principals include a requester, which S3 writes as `text`. Unsigned requests never match.
    #[must_use]
    pub fn include(&self, who: &Requester<'_>, text: &str) -> bool {
        let pattern = self.0.as_str();
        match *who {
            Requester::Anonymous => false,
            Requester::Service(name) if matches(pattern, name) => true,
            Requester::Role { account, role, .. }
                if Arn::parse(pattern).is_some_and(|arn| is_role(&arn, account, role)) =>
            {
                true
            }
            _ => matches(pattern, text),
        }
    }
}

fn is_role(pattern: &Arn<'_>, account: &str, role: &str) -> bool {
    let Some(path) = pattern.resource.strip_prefix("role/").filter(|_| pattern.service == "iam") else { return false };
    // A session's ARN lacks the path of the role: any name below a path would be any name at all.
    let tells_names = !path.contains('/') || !pattern.name().contains(['*', '?']);
    tells_names && matches(pattern.account, account) && matches(pattern.name(), role)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/Reader/siem-7";
    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn each_kind_of_requester_is_known() {
        let account = "111122223333";
        for (text, who) in [
            (Some(HEX), Requester::Canonical(HEX)),
            (Some("arn:aws:iam::111122223333:root"), Requester::Root { account }),
            (Some("arn:aws:iam::111122223333:user/ops/alice"), Requester::User { account, name: "ops/alice" }),
            (Some("arn:aws-cn:iam::111122223333:user/li"), Requester::User { account, name: "li" }),
            (Some(SESSION), Requester::Role { account, role: "Reader", session: "siem-7" }),
            (Some("arn:aws:sts::111122223333:federated-user/dora"), Requester::Federated { account, name: "dora" }),
            (Some("svc:cloudtrail.amazonaws.com"), Requester::Service("cloudtrail.amazonaws.com")),
            (Some("config.amazonaws.com"), Requester::Service("config.amazonaws.com")),
            (Some("AmazonS3"), Requester::S3),
            (None, Requester::Anonymous),
            (Some("Anonymous"), Requester::Anonymous),
            (
                Some("arn:aws:sts::111122223333:assumed-role/NoSession"),
                Requester::Other("arn:aws:sts::111122223333:assumed-role/NoSession"),
            ),
            (Some("arn:aws:iam::111122223333:group/g"), Requester::Other("arn:aws:iam::111122223333:group/g")),
            (Some("somebody"), Requester::Other("somebody")),
            (Some(""), Requester::Other("")),
        ] {
            assert_eq!(Requester::of(text), who, "{text:?}");
        }
    }

    #[test]
    fn a_person_is_told_where_a_directory_named_the_session() {
        let person = |text| Requester::of(Some(text)).person();
        assert_eq!(person("arn:aws:sts::1:assumed-role/Admin/bob@example.com"), Some("bob@example.com"));
        assert_eq!(person("arn:aws:sts::1:assumed-role/AWSReservedSSO_Ops_0a1b/bob"), Some("bob"));
        assert_eq!(person("arn:aws:sts::1:federated-user/dora"), Some("dora"));
        assert_eq!(person(SESSION), None);
        assert_eq!(person("arn:aws:iam::1:user/bob@example.com"), None);
    }

    fn include(pattern: &str, text: Option<&str>) -> bool {
        Principals(pattern.to_owned()).include(&Requester::of(text), text.unwrap_or("-"))
    }

    #[test]
    fn principals_are_named_as_people_name_them() {
        for pattern in [
            "arn:aws:iam::111122223333:role/Reader",
            "arn:aws:iam::111122223333:role/a/path/Reader",
            "arn:aws:iam::111122223333:role/Read*",
            "arn:aws:sts::111122223333:assumed-role/Reader/*",
            "arn:aws:sts::111122223333:assumed-role/Reader/siem-?",
        ] {
            assert!(include(pattern, Some(SESSION)), "{pattern}");
        }
        assert!(include("svc:cloudtrail.amazonaws.com", Some("svc:cloudtrail.amazonaws.com")));
        assert!(include("cloudtrail.amazonaws.com", Some("svc:cloudtrail.amazonaws.com")));
        assert!(include("arn:aws:iam::111122223333:user/*", Some("arn:aws:iam::111122223333:user/ops/alice")));
        assert!(include(HEX, Some(HEX)));
    }

    #[test]
    fn nobody_else_is_taken_for_them() {
        for pattern in [
            "arn:aws:iam::999999999999:role/Reader",
            "arn:aws:iam::111122223333:role/Read",
            "arn:aws:iam::111122223333:role/Reader/*",
            "arn:aws:iam::111122223333:role/team/Read*",
            "arn:aws:iam::111122223333:user/Reader",
            "arn:aws:sts::111122223333:assumed-role/Reader",
            "Reader",
            "",
        ] {
            assert!(!include(pattern, Some(SESSION)), "{pattern}");
        }
        // The caller who starts a session chooses its name.
        let disguised = "arn:aws:sts::999999999999:assumed-role/x/arn:aws:iam::111122223333:role-Reader";
        assert!(!include("arn:aws:iam::111122223333:role/Reader", Some(disguised)));
        assert!(!include("*", None));
        assert!(!include("-", None));
    }
}
