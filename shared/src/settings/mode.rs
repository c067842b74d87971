//! Mode of each control.

use crate::model::About;
use std::collections::BTreeMap;

/// Mode of a control.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The control is not judged at all.
    Off,
    /// The control is judged and reported; nothing is written.
    #[default]
    DryRun,
    /// The control is judged, violations are fixed, read back and reported.
    Enforce,
}

impl Mode {
    /// Parses a mode of the settings.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "dry-run" => Some(Self::DryRun),
            "enforce" => Some(Self::Enforce),
            _ => None,
        }
    }
}

/// Modes of all controls: a default and exceptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modes {
    /// Default mode, from `TRAILKEEPER_MODE`; never [`Mode::Off`].
    pub default: Mode,
    /// Exceptions, from `TRAILKEEPER_CONTROLS`.
    pub overrides: BTreeMap<String, Mode>,
}

impl Modes {
    /// Creates modes that are the same for every control.
    #[must_use]
    pub fn all(default: Mode) -> Self {
        Self { default, overrides: BTreeMap::new() }
    }

    /// Returns the mode of a control.
    #[must_use]
    pub fn of(&self, control: &About) -> Mode {
        let usual = if control.opt_in { Mode::Off } else { self.default };
        self.overrides.get(control.id).copied().unwrap_or(usual)
    }
}
