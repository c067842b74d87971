//! Kinds of findings about a request, and their severity.

use crate::access::read::operation::Class;
use crate::model::Severity;

/// Kind of finding: what is unusual about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Logs were read or listed by a requester that is not a configured reader.
    Read,
    /// An object was written or overwritten by something that does not deliver logs.
    Write,
    /// Something was deleted, and not by a lifecycle rule.
    Delete,
    /// A policy, ACL, lifecycle rule, logging setting or the like was changed.
    Change,
    /// The operation is not known to Trailkeeper.
    Unknown,
    /// The request was not signed.
    Anonymous,
    /// The request came over plain HTTP.
    PlainHttp,
    /// The request came over TLS 1.1 or older.
    OldTls,
    /// The request came from an address outside the configured networks.
    OutsideNetworks,
    /// The request is one of many that S3 refused the same requester within a short time.
    DeniedBurst,
}

impl FindingKind {
    /// All kinds, in the order of their discriminants.
    pub const ALL: [Self; 10] = [
        Self::Read,
        Self::Write,
        Self::Delete,
        Self::Change,
        Self::Unknown,
        Self::Anonymous,
        Self::PlainHttp,
        Self::OldTls,
        Self::OutsideNetworks,
        Self::DeniedBurst,
    ];

    /// Returns the severity of such requests, given whether S3 carried out any of them.
    #[must_use]
    pub fn severity(self, class: Class, succeeded: bool) -> Severity {
        match self {
            _ if !succeeded => match self {
                Self::Delete | Self::Change | Self::DeniedBurst => Severity::Medium,
                _ => Severity::Low,
            },
            Self::Delete | Self::Change => Severity::Critical,
            // Knowing the name of a log bucket is no reason to see how it is configured.
            Self::Anonymous if class != Class::Inspect => Severity::Critical,
            Self::Read | Self::Write | Self::Unknown | Self::Anonymous | Self::OutsideNetworks => Severity::High,
            Self::PlainHttp | Self::OldTls | Self::DeniedBurst => Severity::Medium,
        }
    }

    /// Returns the name of the CloudWatch metric that counts such requests.
    #[must_use]
    pub fn metric(self) -> &'static str {
        match self {
            Self::Read => "Reads",
            Self::Write => "Writes",
            Self::Delete => "Deletions",
            Self::Change => "Changes",
            Self::Unknown => "UnknownOperations",
            Self::Anonymous => "AnonymousRequests",
            Self::PlainHttp => "PlainHttpRequests",
            Self::OldTls => "OldTlsRequests",
            Self::OutsideNetworks => "RequestsFromOutside",
            Self::DeniedBurst => "DeniedBursts",
        }
    }

    /// Returns the name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Change => "change",
            Self::Unknown => "unknown",
            Self::Anonymous => "anonymous",
            Self::PlainHttp => "plain-http",
            Self::OldTls => "old-tls",
            Self::OutsideNetworks => "outside-networks",
            Self::DeniedBurst => "denied-burst",
        }
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u16);

impl Kinds {
    pub(in crate::access) fn add(&mut self, kind: FindingKind, holds: bool) {
        self.0 |= u16::from(holds) << kind as u16;
    }

    /// Returns whether the set contains a kind.
    #[must_use]
    pub fn has(self, kind: FindingKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    /// Returns the kinds in the set, in order.
    pub fn each(self) -> impl Iterator<Item = FindingKind> {
        FindingKind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }

    /// Returns whether there is something to report regardless of the requester's other requests.
    #[must_use]
    pub fn is_flagged(self) -> bool {
        self.0 & !(1 << FindingKind::DeniedBurst as u16) != 0
    }

    /// Returns whether nothing about the request is unusual.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_json_and_of_code_are_the_same() {
        for kind in FindingKind::ALL {
            assert_eq!(serde_json::to_value(kind).expect("a word"), kind.as_str());
        }
    }

    #[test]
    fn what_s3_refused_matters_less() {
        for kind in FindingKind::ALL {
            for class in Class::ALL {
                assert!(kind.severity(class, false) <= kind.severity(class, true), "{kind:?} {class:?}");
            }
        }
        assert_eq!(FindingKind::Delete.severity(Class::Delete, true), Severity::Critical);
    }
}
