//! Why the calls that would put something right are not made.

use super::control::{Remedy, Verdict};
use super::seen::Unread;

/// Describes why there are no calls that put something right: what everything that plans calls fails with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// We must not: what a person should do.
    Advise(String),
    /// It cannot be told: what is missing.
    Unknown(String),
}

impl Blocked {
    /// Returns the verdict on what is wrong, when there is no more to be done about it than this.
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
