//! What reading one thing gave: it is there, it is not, or it may not be read.

use super::error::{CallError, ErrorKind};

/// Something readable. "May not read" is never "is not there".
#[derive(Debug, Clone, PartialEq)]
pub enum Seen<T> {
    /// It is there, and this is it.
    Present(T),
    /// AWS says that it is not there.
    Absent,
    /// We were not allowed to read it: the IAM action that is missing.
    Unreadable(&'static str),
}

impl<T> Seen<T> {
    /// What is there, if anything was seen.
    pub fn present(&self) -> Option<&T> {
        if let Self::Present(value) = self { Some(value) } else { None }
    }

    /// The same, of what is made of it.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Seen<U> {
        match self {
            Self::Present(value) => Seen::Present(make(value)),
            Self::Absent => Seen::Absent,
            Self::Unreadable(action) => Seen::Unreadable(action),
        }
    }

    /// The same where what is there may turn out to be nothing.
    pub fn and_then<U>(self, make: impl FnOnce(T) -> Option<U>) -> Seen<U> {
        match self {
            Self::Present(value) => make(value).map_or(Seen::Absent, Seen::Present),
            Self::Absent => Seen::Absent,
            Self::Unreadable(action) => Seen::Unreadable(action),
        }
    }

    /// What a read call says: "gone" is an answer, "denied" is none, and any other failure stays one.
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
}
