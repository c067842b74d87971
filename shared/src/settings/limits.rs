//! Limits on what is changed: how often one finding is fixed, and how much is changed at once.

use super::{SettingsError, table};
use std::collections::BTreeMap;

/// Limits on what is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Number of fixes of one finding within a day, after which it is left as it is.
    pub fights: usize,
    /// Number of changes by one control within an hour, in one account.
    pub changes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { fights: 3, changes: 50 }
    }
}

impl Limits {
    /// Parses the limits from our variables.
    ///
    /// # Errors
    /// Returns an error if a limit is no positive number.
    pub(super) fn parse(ours: &mut BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let usual = Self::default();
        let fights = number(ours, table::FIXES_A_DAY.name, 30)?.and_then(|it| it.try_into().ok());
        let changes = number(ours, table::CHANGES_AN_HOUR.name, 100_000)?;
        Ok(Self { fights: fights.unwrap_or(usual.fights), changes: changes.unwrap_or(usual.changes) })
    }
}

fn number(ours: &mut BTreeMap<String, String>, name: &'static str, most: u64) -> Result<Option<u64>, SettingsError> {
    let Some(value) = ours.remove(name) else { return Ok(None) };
    match value.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(Some(number)),
        _ => Err(SettingsError { name, problem: format!("must be a number from 1 to {most}"), value }),
    }
}
