//! Reasons why no calls are made to put something right.

use super::control::{Remedy, Verdict};
use super::seen::Unread;

/// Reason why there are no calls that put something right: the error of everything that plans calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// Trailkeeper must not fix this: advice on what a person should do.
    Advise(String),
    /// Cannot be determined: a description of what is missing.
    Unknown(String),
}

impl Blocked {
    /// Returns the verdict on a violation if nothing more can be done about it.
    #[must_use]
    pub fn verdict<S>(self, because: String) -> Verdict<S> {
        match self {
            Self::Advise(advice) => Verdict::Violation { because, remedy: Remedy::Advise(advice) },
            Self::Unknown(needs) => Verdict::Unknown { needs },
        }
    }
}

impl From<Unread> for Blocked {
    fn from(unread: Unread) -> Self {
        Self::Unknown(unread.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_no_violation() {
        let because = || "it is wrong".to_owned();
        let remedy = Remedy::Advise("mend it".to_owned());
        let advised = Blocked::Advise("mend it".to_owned()).verdict::<()>(because());
        assert_eq!(advised, Verdict::Violation { because: because(), remedy });
        let unknown = Blocked::from(Unread::Denied("x:Y")).verdict::<()>(because());
        assert_eq!(unknown, Verdict::Unknown { needs: "x:Y was denied".to_owned() });
    }
}
