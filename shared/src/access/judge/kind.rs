//! What may be wrong with a request, and how much that matters.

use crate::access::read::operation::Class;
use crate::model::Severity;

/// What may be wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// Logs were read or listed by somebody who is not set as a reader.
    Read,
    /// An object was written, or written over, by something that delivers no logs.
    Write,
    /// Something was deleted, and not by a lifecycle rule.
    Delete,
    /// Policy, ACL, lifecycle, logging or the like was changed.
    Change,
    /// An operation that nobody here knows.
    Unknown,
    /// The request was not signed.
    Anonymous,
    /// It came over plain HTTP.
    PlainHttp,
    /// It came over TLS 1.1 or older.
    OldTls,
    /// It came from an address outside of the networks that are set.
    OutsideNetworks,
    /// One of many refused requests of the same requester in a short time.
    DeniedBurst,
}

impl FindingKind {
    /// Every kind, in the order of their numbers.
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

    /// How much it matters, where S3 did what was asked, and where it refused it all.
    #[must_use]
    pub fn severity(self, class: Class, succeeded: bool) -> Severity {
        match self {
            _ if !succeeded => match self {
                Self::Delete | Self::Change | Self::DeniedBurst => Severity::Medium,
                _ => Severity::Low,
            },
            Self::Delete | Self::Change => Severity::Critical,
            // Not even whoever knows a log bucket's name should see how it is set up.
            Self::Anonymous if class != Class::Inspect => Severity::Critical,
            Self::Read | Self::Write | Self::Unknown | Self::Anonymous | Self::OutsideNetworks => Severity::High,
            Self::PlainHttp | Self::OldTls | Self::DeniedBurst => Severity::Medium,
        }
    }

    /// The name of the metric that counts such requests.
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

    /// The word used in JSON.
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

/// Some kinds, as a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u16);

impl Kinds {
    pub(in crate::access) fn add(&mut self, kind: FindingKind, holds: bool) {
        self.0 |= u16::from(holds) << kind as u16;
    }

    /// Whether a kind is among them.
    #[must_use]
    pub fn has(self, kind: FindingKind) -> bool {
        self.0 & (1 << kind as u16) != 0
    }

    /// The kinds, in their order.
    pub fn each(self) -> impl Iterator<Item = FindingKind> {
        FindingKind::ALL.into_iter().filter(move |kind| self.has(*kind))
    }

    /// Whether there is something to tell, whatever else the requester did.
    #[must_use]
    pub fn is_flagged(self) -> bool {
        self.0 & !(1 << FindingKind::DeniedBurst as u16) != 0
    }

    /// Whether all is normal.
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
