//! The settings of one function, read once at its start. Pure: the variables come in as pairs.

use crate::place::{Arn, Region};
use std::collections::BTreeMap;

/// What all variables of ours begin with.
pub const PREFIX: &str = "TRAILKEEPER_";

/// How far a control may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Not judged at all.
    Off,
    /// Judged and told; nothing is written.
    DryRun,
    /// Judged, put right, proven and told.
    Enforce,
}

impl Mode {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "dry-run" => Some(Self::DryRun),
            "enforce" => Some(Self::Enforce),
            _ => None,
        }
    }
}

/// The mode of each control: a default and its exceptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modes {
    /// `TRAILKEEPER_MODE`; never [`Mode::Off`].
    pub default: Mode,
    /// `TRAILKEEPER_CONTROLS`.
    pub overrides: BTreeMap<String, Mode>,
}

impl Modes {
    /// The same mode for every control.
    #[must_use]
    pub fn all(default: Mode) -> Self {
        Self { default, overrides: BTreeMap::new() }
    }

    /// The mode of the control with this id.
    #[must_use]
    pub fn of(&self, control: &str) -> Mode {
        self.overrides.get(control).copied().unwrap_or(self.default)
    }
}

/// The settings of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What each control may do.
    pub modes: Modes,
    /// The SNS topic for reports; without it they are only logged and returned.
    pub topic: Option<String>,
    /// The regions of a sweep; `None` means every region that the account has enabled.
    pub regions: Option<Vec<Region>>,
    /// Variables with our prefix that nothing reads: probably a slip of the pen.
    pub unknown: Vec<String>,
}

/// A setting that cannot be used. The function does not start with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem} (it is `{value}`)")]
pub struct SettingsError {
    /// The variable.
    pub name: &'static str,
    /// What is wrong, and what would be right.
    pub problem: String,
    /// The value that was given.
    pub value: String,
}

const MODE: &str = "TRAILKEEPER_MODE";
const CONTROLS: &str = "TRAILKEEPER_CONTROLS";
const TOPIC: &str = "TRAILKEEPER_TOPIC_ARN";
const REGIONS: &str = "TRAILKEEPER_REGIONS";

impl Settings {
    /// Reads the settings out of the environment's variables. An empty value means "not set", as templates pass it.
    ///
    /// # Errors
    /// Names the first variable that cannot be used. A wrong word never means "the default": whoever wrote it meant
    /// something.
    pub fn parse(vars: impl IntoIterator<Item = (String, String)>, controls: &[&str]) -> Result<Self, SettingsError> {
        let mut ours: BTreeMap<String, String> = vars
            .into_iter()
            .filter(|(name, value)| name.starts_with(PREFIX) && !value.trim().is_empty())
            .map(|(name, value)| (name, value.trim().to_owned()))
            .collect();
        Ok(Self {
            modes: Modes { default: mode(ours.remove(MODE))?, overrides: overrides(ours.remove(CONTROLS), controls)? },
            topic: topic(ours.remove(TOPIC))?,
            regions: regions(ours.remove(REGIONS))?,
            unknown: ours.into_keys().collect(),
        })
    }
}

fn mode(value: Option<String>) -> Result<Mode, SettingsError> {
    let Some(value) = value else { return Ok(Mode::DryRun) };
    match Mode::parse(&value) {
        Some(mode @ (Mode::DryRun | Mode::Enforce)) => Ok(mode),
        Some(Mode::Off) | None => {
            Err(SettingsError { name: MODE, problem: "must be dry-run or enforce".into(), value })
        }
    }
}

fn overrides(value: Option<String>, controls: &[&str]) -> Result<BTreeMap<String, Mode>, SettingsError> {
    let mut found = BTreeMap::new();
    let Some(value) = value else { return Ok(found) };
    let wrong = |problem: String| SettingsError { name: CONTROLS, problem, value: value.clone() };
    for item in items(&value) {
        let (id, word) = item
            .split_once('=')
            .map(|(id, word)| (id.trim(), word.trim()))
            .ok_or_else(|| wrong(format!("`{item}` is not of the form id=off|dry-run|enforce")))?;
        if !controls.contains(&id) {
            return Err(wrong(format!("there is no control `{id}`; there are: {}", controls.join(", "))));
        }
        let mode = Mode::parse(word).ok_or_else(|| wrong(format!("`{word}` is none of off, dry-run, enforce")))?;
        if found.insert(id.to_owned(), mode).is_some() {
            return Err(wrong(format!("`{id}` is set twice")));
        }
    }
    Ok(found)
}

fn topic(value: Option<String>) -> Result<Option<String>, SettingsError> {
    let Some(value) = value else { return Ok(None) };
    let is_topic = Arn::parse(&value)
        .filter(|arn| arn.service == "sns" && Region::parse(arn.region).is_some())
        // A dot marks a FIFO topic, which mail cannot subscribe to; a colon a subscription.
        .is_some_and(|arn| !arn.resource.contains(['.', ':']));
    if is_topic {
        Ok(Some(value))
    } else {
        Err(SettingsError { name: TOPIC, problem: "must be the ARN of a standard SNS topic".into(), value })
    }
}

fn regions(value: Option<String>) -> Result<Option<Vec<Region>>, SettingsError> {
    let Some(value) = value else { return Ok(None) };
    let wrong = |problem: String| SettingsError { name: REGIONS, problem, value: value.clone() };
    let mut found = Vec::new();
    for item in items(&value) {
        let region = Region::parse(item).ok_or_else(|| wrong(format!("`{item}` is not the name of a region")))?;
        if !found.contains(&region) {
            found.push(region);
        }
    }
    if found.is_empty() {
        return Err(wrong("names no region; leave it out to mean every enabled region".to_owned()));
    }
    Ok(Some(found))
}

fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(vars: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::parse(vars, &["transfer-server-logging", "other"])
    }

    #[test]
    fn nothing_set_means_dry_run_everywhere() {
        let settings = parse(&[("PATH", "/bin"), ("TRAILKEEPER_MODE", "")]).expect("settings");
        assert_eq!(settings.modes, Modes::all(Mode::DryRun));
        assert_eq!((settings.topic, settings.regions), (None, None));
    }

    #[test]
    fn everything_can_be_set() {
        let settings = parse(&[
            ("TRAILKEEPER_MODE", "enforce"),
            ("TRAILKEEPER_CONTROLS", " transfer-server-logging = off , other=dry-run,"),
            ("TRAILKEEPER_TOPIC_ARN", "arn:aws-cn:sns:cn-north-1:111122223333:reports"),
            ("TRAILKEEPER_REGIONS", "us-east-1, eu-west-1,us-east-1"),
            ("TRAILKEEPER_MODUS", "enforce"),
        ])
        .expect("settings");
        assert_eq!(settings.modes.of("transfer-server-logging"), Mode::Off);
        assert_eq!(settings.modes.of("other"), Mode::DryRun);
        assert_eq!(settings.modes.of("a-third"), Mode::Enforce);
        assert_eq!(settings.regions.map(|r| r.len()), Some(2));
        assert_eq!(settings.unknown, ["TRAILKEEPER_MODUS"]);
    }

    #[test]
    fn a_bad_value_is_named() {
        for (name, value) in [
            ("TRAILKEEPER_MODE", "Enforce"),
            ("TRAILKEEPER_MODE", "off"),
            ("TRAILKEEPER_CONTROLS", "transfer-server-logging"),
            ("TRAILKEEPER_CONTROLS", "transfer-server-loging=off"),
            ("TRAILKEEPER_CONTROLS", "other=on"),
            ("TRAILKEEPER_CONTROLS", "other=off,other=enforce"),
            ("TRAILKEEPER_TOPIC_ARN", "reports"),
            ("TRAILKEEPER_TOPIC_ARN", "arn:aws:sqs:us-east-1:111122223333:reports"),
            ("TRAILKEEPER_TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:reports.fifo"),
            ("TRAILKEEPER_TOPIC_ARN", "arn:aws:sns:us-east-1:111122223333:reports:a-subscription"),
            ("TRAILKEEPER_REGIONS", "us-east-1;eu-west-1"),
            ("TRAILKEEPER_REGIONS", ","),
        ] {
            let error = parse(&[(name, value)]).expect_err(value);
            assert!(error.to_string().starts_with(name), "{error}");
        }
    }
}
