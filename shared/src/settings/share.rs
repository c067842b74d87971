//! Share of a service's quotas that one process may use.

use super::{SettingsError, table};

/// Part of each quota of AWS that one process may use, in percent. The three functions of a family ask the same services about
/// the same accounts, and know nothing of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaShare(u32);

impl QuotaShare {
    /// All of each quota: what has no lane, such as the command.
    pub const WHOLE: Self = Self(100);
    /// What is urgent has as much as the rest together.
    pub const URGENT: Self = Self(50);
    /// What comes in batches.
    pub const BATCH: Self = Self(30);
    /// Sweeps have time.
    pub const SWEEP: Self = Self(20);

    /// Parses the setting.
    ///
    /// # Errors
    /// Returns an error if it is no percentage.
    pub(super) fn setting(value: Option<String>) -> Result<Self, SettingsError> {
        let Some(value) = value else { return Ok(Self::WHOLE) };
        match value.parse() {
            Ok(percent) if (1..=Self::WHOLE.0).contains(&percent) => Ok(Self(percent)),
            _ => Err(SettingsError {
                name: table::SHARE.name,
                problem: format!("must be a number from 1 to {}", Self::WHOLE.0),
                value,
            }),
        }
    }

    /// Returns it in percent.
    #[must_use]
    pub fn percent(self) -> u32 {
        self.0
    }

    /// Returns how many calls of a quota it allows: at least one.
    #[must_use]
    pub fn of(self, quota: usize) -> usize {
        let percent = usize::try_from(self.0).unwrap_or(usize::MAX);
        (quota.saturating_mul(percent) / 100).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lanes_together_have_no_more_than_there_is() {
        let lanes = [QuotaShare::URGENT, QuotaShare::BATCH, QuotaShare::SWEEP];
        assert_eq!(lanes.iter().map(|it| it.percent()).sum::<u32>(), QuotaShare::WHOLE.percent());
        assert_eq!(lanes.map(|it| it.of(10)), [5, 3, 2]);
        assert_eq!(lanes.map(|it| it.of(5)), [2, 1, 1]);
        assert_eq!(lanes.map(|it| it.of(1)), [1, 1, 1], "nobody is left without");
        assert_eq!(QuotaShare::WHOLE.of(9), 9);
    }

    #[test]
    fn a_share_is_a_percentage() {
        let parse = |text: &str| QuotaShare::setting(Some(text.to_owned()));
        assert_eq!((QuotaShare::setting(None), parse("20")), (Ok(QuotaShare::WHOLE), Ok(QuotaShare::SWEEP)));
        for wrong in ["0", "101", "half", "50%", "-1"] {
            let error = parse(wrong).expect_err(wrong);
            assert_eq!((error.name, &*error.value), ("TRAILKEEPER_SHARE", wrong));
        }
    }
}
