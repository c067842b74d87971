//! What reading one thing gave: it is there, it is not, it may not be read, or it was not looked at.

use super::blocked::Blocked;
use super::error::{CallError, ErrorKind};
use std::fmt;

/// Something readable. "May not read" and "was not looked at" are never "is not there".
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Seen<T> {
    /// It is there, and this is it.
    Present(T),
    /// AWS says that it is not there.
    Absent,
    /// We were not allowed to read it: the IAM action that is missing.
    Unreadable(&'static str),
    /// Nobody looked, since nothing hung on it.
    #[default]
    NotAsked,
}

/// Why nothing is known of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// This IAM action is missing.
    Denied(&'static str),
    /// Nobody looked.
    NotAsked,
}

impl<T> Seen<T> {
    /// Returns what is there, if anything was seen.
    pub fn present(&self) -> Option<&T> {
        if let Self::Present(value) = self { Some(value) } else { None }
    }

    /// Returns what is there, or nothing; not to know is neither.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn known(&self) -> Result<Option<&T>, Unread> {
        match self {
            Self::Present(value) => Ok(Some(value)),
            Self::Absent => Ok(None),
            Self::Unreadable(action) => Err(Unread::Denied(action)),
            Self::NotAsked => Err(Unread::NotAsked),
        }
    }

    /// Returns the same for a judgement, which names the thing where it is not known.
    ///
    /// # Errors
    /// What is missing to know it.
    pub fn known_of(&self, what: impl fmt::Display) -> Result<Option<&T>, Blocked> {
        self.known().map_err(|unread| Blocked::Unknown(unread.of(what)))
    }

    /// Returns what is there, or the same answer for anything that would be read of it.
    ///
    /// # Errors
    /// It is not there, or not known.
    pub fn into_present<U>(self) -> Result<T, Seen<U>> {
        match self {
            Self::Present(value) => Ok(value),
            Self::Absent => Err(Seen::Absent),
            Self::Unreadable(action) => Err(Seen::Unreadable(action)),
            Self::NotAsked => Err(Seen::NotAsked),
        }
    }

    /// Returns the same, of what is made of it.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Seen<U> {
        self.into_present().map_or_else(|none| none, |value| Seen::Present(make(value)))
    }

    /// Returns the same where what is there may turn out to be nothing.
    pub fn and_then<U>(self, make: impl FnOnce(T) -> Option<U>) -> Seen<U> {
        self.into_present().map_or_else(|none| none, |value| make(value).map_or(Seen::Absent, Seen::Present))
    }

    /// Returns what a read call says: "gone" is an answer, "denied" is none, and any other failure stays one.
    ///
    /// # Errors
    /// Passes on a call error that is neither.
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
    /// Says it of this thing.
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
