//! Result of reading one thing: present, absent, unreadable, or not read at all.

use super::blocked::Blocked;
use super::error::{CallError, ErrorKind};
use std::fmt;

/// Result of a read. "Unreadable" and "not asked" never mean "absent".
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen<T> {
    /// The resource exists, with this content.
    Present(T),
    /// The resource does not exist, according to AWS.
    Absent,
    /// Reading was denied: the missing IAM action.
    Unreadable(&'static str),
    /// Nothing was read, since nothing depended on it.
    #[default]
    NotAsked,
}

/// Reason why something is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// Reading was denied: the missing IAM action.
    Denied(&'static str),
    /// Nothing was read.
    NotAsked,
}

impl<T> Seen<T> {
    /// Returns the value if it is present.
    pub fn present(&self) -> Option<&T> {
        if let Self::Present(value) = self { Some(value) } else { None }
    }

    /// Returns the value, or `None` if it is absent.
    ///
    /// # Errors
    /// Returns an error if the value is not known.
    pub fn known(&self) -> Result<Option<&T>, Unread> {
        match self {
            Self::Present(value) => Ok(Some(value)),
            Self::Absent => Ok(None),
            Self::Unreadable(action) => Err(Unread::Denied(action)),
            Self::NotAsked => Err(Unread::NotAsked),
        }
    }

    /// Returns the value, or `None` if it is absent; the error names the unknown thing for a verdict.
    ///
    /// # Errors
    /// Returns an error that describes what is missing.
    pub fn known_of(&self, what: impl fmt::Display) -> Result<Option<&T>, Blocked> {
        self.known().map_err(|unread| Blocked::Unknown(unread.of(what)))
    }

    /// Returns the value if it is present, otherwise the result for everything derived from it.
    ///
    /// # Errors
    /// Returns an error if the value is absent or not known.
    pub fn into_present<U>(self) -> Result<T, Seen<U>> {
        match self {
            Self::Present(value) => Ok(value),
            Self::Absent => Err(Seen::Absent),
            Self::Unreadable(action) => Err(Seen::Unreadable(action)),
            Self::NotAsked => Err(Seen::NotAsked),
        }
    }

    /// Maps the value that is present, keeping the other cases.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Seen<U> {
        self.into_present().map_or_else(|none| none, |value| Seen::Present(make(value)))
    }

    /// Maps the value that is present to another one, or to absent; keeps the other cases.
    pub fn and_then<U>(self, make: impl FnOnce(T) -> Option<U>) -> Seen<U> {
        self.into_present().map_or_else(|none| none, |value| make(value).map_or(Seen::Absent, Seen::Present))
    }

    /// Converts the result of a read call: "gone" becomes absent, "denied" unreadable; any other failure stays an
    /// error.
    ///
    /// # Errors
    /// Returns any call error other than these two.
    pub fn from_call(answer: Result<T, CallError>) -> Result<Self, CallError> {
        match answer {
            Ok(value) => Ok(Self::Present(value)),
            Err(error) if error.kind == ErrorKind::Gone => Ok(Self::Absent),
            Err(error) if error.kind == ErrorKind::Denied => Ok(Self::Unreadable(error.action)),
            Err(error) => Err(error),
        }
    }
}

impl Unread {
    /// Converts the reason into a verdict about the named thing.
    #[must_use]
    pub fn of(self, what: impl fmt::Display) -> String {
        match self {
            Self::Denied(_) => format!("{self} for {what}"),
            Self::NotAsked => format!("{what} was not read"),
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(action) => write!(f, "{action} was denied"),
            Self::NotAsked => f.write_str("it was not read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ErrorKind;

    #[test]
    fn denied_is_never_absent() {
        let fails = |kind| {
            Seen::<()>::from_call(Err(CallError { action: "iam:GetRole", kind, code: "X".into(), message: "y".into() }))
        };
        assert_eq!(fails(ErrorKind::Denied), Ok(Seen::Unreadable("iam:GetRole")));
        assert_eq!(fails(ErrorKind::Gone), Ok(Seen::Absent));
        assert!(fails(ErrorKind::Transient).is_err());
        assert!(fails(ErrorKind::Rejected).is_err());
    }

    #[test]
    fn what_was_not_looked_at_is_no_more_known_than_what_may_not_be_read() {
        let told = |seen: Seen<()>| seen.known_of("role r").map(|there| there.is_some());
        assert_eq!(told(Seen::Present(())), Ok(true));
        assert_eq!(told(Seen::Absent), Ok(false));
        let unknown = |needs: &str| Err(Blocked::Unknown(needs.to_owned()));
        assert_eq!(told(Seen::Unreadable("iam:GetRole")), unknown("iam:GetRole was denied for role r"));
        assert_eq!(told(Seen::NotAsked), unknown("role r was not read"));
        assert_eq!(Seen::<()>::Unreadable("x:Y").map(|()| 1), Seen::Unreadable("x:Y"));
        assert_eq!(Seen::<()>::NotAsked.and_then(Some), Seen::NotAsked);
    }
}
