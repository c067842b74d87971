//! Table of all settings: variable, description, readers, and how the template sets each.
//!
//! The code takes the names of the variables from here. The template's parameters and environments and the table in
//! `docs/settings.md` are generated from here, too.

mod access;
mod alarms;
mod days;
mod destinations;
mod flow_logs;
mod ledger;
mod log_buckets;
mod own;
mod scope;

pub(super) use access::*;
pub(super) use alarms::*;
pub(super) use days::*;
pub(super) use destinations::*;
pub(super) use flow_logs::*;
pub(super) use ledger::*;
pub(super) use log_buckets::*;
pub(super) use own::*;
pub(super) use scope::*;

use std::cmp::Reverse;

/// Setting of the functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Name of the variable.
    pub name: &'static str,
    /// Meaning of the setting, in Markdown.
    pub meaning: &'static str,
    /// Effect if the setting is not set, in Markdown.
    pub default: &'static str,
    /// Functions that read the setting.
    pub read_by: ReadBy,
    /// Source of the value in the template.
    pub set_by: SetBy,
}

/// Functions that read a setting. All settings together would exceed Lambda's limit for the environment, so long ones
/// are passed only to the functions that read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadBy {
    /// All functions.
    All,
    /// Functions with these names.
    Some(&'static [&'static str]),
}

/// Source of a setting's value in the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetBy {
    /// Parameter of the template.
    Parameter(Parameter),
    /// Stack itself: an intrinsic function of CloudFormation, such as `!Ref Notes`.
    Stack(&'static str),
    /// Stack itself: the roles of the functions that access buckets.
    Roles,
    /// Stack itself: the share of the function's lane.
    Lane,
}

/// Parameter of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Name of the parameter.
    pub name: &'static str,
    /// Group under which the console shows the parameter.
    pub group: ParameterGroup,
    /// Label in the console.
    pub label: &'static str,
    /// Kind of value.
    pub kind: ParameterKind,
    /// Default value.
    pub default: &'static str,
    /// Description in the console.
    pub description: &'static str,
    /// Value of the variable, if it is not the parameter's own value.
    pub value: Option<&'static str>,
}

/// Groups of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum ParameterGroup {
    Scope,
    Accounts,
    Reports,
    Runs,
    FlowLogs,
    Alarms,
    Access,
}

/// Kind of value that a parameter accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// One of several words.
    OneOf(&'static [&'static str]),
    /// One of several numbers.
    OneOfNumbers(&'static [u32]),
    /// Number from the first to the second, inclusive.
    Between(u32, u32),
    /// Text.
    Text(TextParameter),
}

/// Parameter that accepts text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextParameter {
    /// Maximum number of characters.
    pub longest: u16,
    /// Regular expression that the value must match; empty if any text is accepted.
    pub pattern: &'static str,
    /// Message of CloudFormation for a value that does not match; empty means that it shows the pattern.
    pub hint: &'static str,
}

/// All settings, in the order of `docs/settings.md`.
pub const ALL: &[&Setting] = &[
    &MODE,
    &CONTROLS,
    &EXEMPT,
    &TOPIC_ARN,
    &REGIONS,
    &RECORD_DESTINATIONS,
    &LOG_RETENTION_DAYS,
    &ACCESS_LOG_DAYS,
    &LOG_FILE_DAYS,
    &GLACIER_DAYS,
    &FLOW_LOG_TRAFFIC,
    &FLOW_LOG_INTERVAL,
    &FLOW_LOG_BUCKET,
    &KEY_ROTATION_DAYS,
    &FIXES_A_DAY,
    &CHANGES_AN_HOUR,
    &ALARM_ADDRESS,
    &FILTER_PATTERNS,
    &LOG_BUCKET_READERS,
    &LOG_BUCKET_DELETERS,
    &ACCESS_READERS,
    &ACCESS_KEEPERS,
    &ACCESS_WRITERS,
    &ACCESS_NETWORKS,
    &ACCESS_TARGETS,
    &ACCESS_BUCKETS,
    &ACCESS_STATE,
    &ROLES,
    &ORGANIZATION,
    &EXTERNAL_ID,
    &BUS,
    &UNSENT,
    &LEDGER,
    &SHARE,
    &STACK,
    &KEYS,
    &GUARD_TOPICS,
];

impl Setting {
    /// Returns whether the function with this name reads the setting.
    #[must_use]
    pub fn is_read_by(&self, function: &str) -> bool {
        match self.read_by {
            ReadBy::All => true,
            ReadBy::Some(functions) => functions.contains(&function),
        }
    }

    /// Returns the parameter that sets the value, if there is one.
    #[must_use]
    pub fn parameter(&self) -> Option<&Parameter> {
        match &self.set_by {
            SetBy::Parameter(parameter) => Some(parameter),
            SetBy::Stack(_) | SetBy::Roles | SetBy::Lane => None,
        }
    }
}

/// Returns a text in which settings are named as the deployment names them: parameters instead of variables.
#[must_use]
pub fn by_parameter(text: &str) -> String {
    if !text.contains("TRAILKEEPER_") {
        return text.to_owned();
    }
    // The longer name first, of two that begin alike.
    let mut names: Vec<(&str, &str)> =
        ALL.iter().filter_map(|setting| Some((setting.name, setting.parameter()?.name))).collect();
    names.sort_by_key(|(name, _)| Reverse(name.len()));
    names.iter().fold(text.to_owned(), |text, (name, parameter)| {
        let twice = format!("{name} (parameter {parameter})");
        text.replace(&twice, &format!("parameter {parameter}")).replace(name, &format!("parameter {parameter}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Mode, Modes, PREFIX, Settings};
    use std::collections::BTreeSet;

    #[test]
    fn a_person_who_deploys_reads_of_parameters() {
        let text = by_parameter("off by TRAILKEEPER_EXEMPT; set TRAILKEEPER_REGIONS (parameter Regions)");
        assert_eq!(text, "off by parameter Exempt; set parameter Regions");
    }

    #[test]
    fn every_setting_is_listed() {
        let files = ["access", "alarms", "days", "destinations", "flow_logs", "ledger", "log_buckets", "own", "scope"]
            .map(|file| {
                let path = format!("{}/src/settings/table/{file}.rs", env!("CARGO_MANIFEST_DIR"));
                std::fs::read_to_string(path).expect(file).matches(": Setting = Setting {").count()
            });
        let names: BTreeSet<&str> = ALL.iter().map(|setting| setting.name).collect();
        assert_eq!((names.len(), files.iter().sum()), (ALL.len(), ALL.len()));
        assert!(names.iter().all(|name| name.starts_with(PREFIX)));
    }

    #[test]
    fn every_setting_is_read() {
        for Setting { name, .. } in ALL {
            let error = Settings::parse([((*name).to_owned(), "?".to_owned())], &[]).expect_err(name);
            assert_eq!(error.name, *name);
        }
    }

    /// Checks that the default of each parameter means the same as a missing variable.
    #[test]
    fn defaults_are_those_of_the_code() {
        let set = ALL.iter().filter_map(|it| Some((it.name.to_owned(), it.parameter()?)));
        // `none` is the template's word for an empty value.
        let set = set.map(|(name, it)| (name, it.default.replace("none", "")));
        let settings = Settings::parse(set, &[]).expect("settings");
        assert_eq!(settings, Settings::of(Modes::all(Mode::DryRun)));
    }
}
