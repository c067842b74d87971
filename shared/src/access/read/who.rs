//! Who made a request, as the field `requester` tells it.
//!
//! S3 writes that field itself, from the credentials that it has checked: nobody can choose it, but for the name of a
//! session of a role.

use super::line::Line;
use crate::documents::policy::matches;
use crate::documents::principals::Principals;
use crate::model::Arn;

/// A requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requester<'a> {
    /// Nobody that S3 knows: the request was not signed.
    Anonymous,
    /// A canonical user id: the root user of an account, or a whole account.
    Canonical(&'a str),
    /// `arn:aws:iam::111122223333:root`.
    Root {
        /// The account.
        account: &'a str,
    },
    /// An IAM user.
    User {
        /// The account.
        account: &'a str,
        /// The name, with its path.
        name: &'a str,
    },
    /// A session of a role.
    Role {
        /// The account.
        account: &'a str,
        /// The role's name; a session does not tell its path.
        role: &'a str,
        /// What the session was called by whoever began it: for people of a directory, who they are.
        session: &'a str,
    },
    /// A federated user (`sts:GetFederationToken`).
    Federated {
        /// The account.
        account: &'a str,
        /// What the session was called.
        name: &'a str,
    },
    /// An AWS service, by its principal.
    Service(&'a str),
    /// S3 itself, which carries out lifecycle rules.
    S3,
    /// Something new.
    Other(&'a str),
}

/// What the roles are called whose sessions IAM Identity Center names, after the people of its directory.
pub(in crate::access) const DIRECTORY: &str = "AWSReservedSSO_";

/// Whom S3 wrote unsigned requests down to at first: the word, and the id of the group of all users.
const NOBODY: [&str; 2] = ["Anonymous", "65a011a29cdf8ec533ec3d1ccaae921c"];

impl<'a> Requester<'a> {
    /// Reads the field; `None` where it was left out.
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

    /// The account, where the requester tells it.
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

    /// Who a session of a role stands for, where a directory gave it the name of a person.
    #[must_use]
    pub fn person(&self) -> Option<&'a str> {
        match *self {
            Self::Role { role, session, .. } if session.contains('@') || role.starts_with(DIRECTORY) => Some(session),
            Self::Federated { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// The longest requester: an ARN's name and session have 64 characters each.
const LONGEST: usize = 512;

/// Who requests are told of by: a requester, or a role where the names of its sessions name nobody, since there may be
/// one for each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::access) struct Somebody<'a> {
    /// What tells it from others.
    pub(in crate::access) id: &'a [u8],
    /// The session of a role, where that is not in it.
    pub(in crate::access) session: Option<&'a [u8]>,
    /// The role of any session.
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

    /// Whose refused requests make a burst: of a role those of all its sessions, whose names are chosen by those who begin
    /// them; of the anonymous, each address is somebody else.
    pub(in crate::access) fn bursting(&self, line: &Line<'a>) -> &'a [u8] {
        self.role.or(line.requester.is_some().then_some(self.id)).or(line.remote_ip).unwrap_or_default()
    }
}

impl Principals {
    /// Whether they include this requester, who S3 writes as `text`. Nobody has a name for the anonymous.
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
    // A session does not tell the path of its role: any name below a path would be any name at all.
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
        // A session is called what its maker likes.
        let disguised = "arn:aws:sts::999999999999:assumed-role/x/arn:aws:iam::111122223333:role-Reader";
        assert!(!include("arn:aws:iam::111122223333:role/Reader", Some(disguised)));
        assert!(!include("*", None));
        assert!(!include("-", None));
    }
}
