//! Every setting: its variable, what people read about it, who reads it, and how the template sets it.
//!
//! The code takes the names of the variables from here. The template's parameters and environments and the README's
//! table are made from here, too.

mod access;
mod alarms;
mod days;
mod flow_logs;
mod scope;

pub(super) use access::*;
pub(super) use alarms::*;
pub(super) use days::*;
pub(super) use flow_logs::*;
pub(super) use scope::*;

/// A setting of the functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The variable.
    pub name: &'static str,
    /// What it is for, in Markdown.
    pub meaning: &'static str,
    /// What holds where it is not set, in Markdown.
    pub default: &'static str,
    /// The functions that read it.
    pub read_by: ReadBy,
    /// Where the template takes its value from.
    pub set_by: SetBy,
}

/// The functions that read a setting. All settings together would be longer than the environment that Lambda takes, so
/// the long ones go to those alone that read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadBy {
    /// Every function.
    All,
    /// Functions of these names.
    Some(&'static [&'static str]),
}

/// Where the template takes the value of a setting from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetBy {
    /// A parameter.
    Parameter(Parameter),
    /// The stack itself: a function of `CloudFormation`'s, such as `!Ref Notes`.
    Stack(&'static str),
    /// The stack itself: the roles of the functions that touch buckets.
    Roles,
}

/// A parameter of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Where the console shows it.
    pub group: ParameterGroup,
    /// What the console calls it.
    pub label: &'static str,
    /// What it takes.
    pub kind: ParameterKind,
    /// What it is unless it is set.
    pub default: &'static str,
    /// What the console says of it.
    pub description: &'static str,
    /// The variable's value, where it is not the parameter's own.
    pub value: Option<&'static str>,
}

/// The groups of parameters.
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

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these numbers.
    OneOfNumbers(&'static [u32]),
    /// A number from the first to the second.
    Between(u32, u32),
    /// A text.
    Text(TextParameter),
}

/// A parameter that takes a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextParameter {
    /// The most characters.
    pub longest: u16,
    /// The regular expression that it fits; empty where any text does.
    pub pattern: &'static str,
    /// What CloudFormation says of one that does not fit; empty where it says the pattern.
    pub hint: &'static str,
}

/// Every setting, in the order of the README.
pub const ALL: &[&Setting] = &[
    &MODE,
    &CONTROLS,
    &EXEMPT,
    &TOPIC_ARN,
    &REGIONS,
    &LOG_RETENTION_DAYS,
    &ACCESS_LOG_DAYS,
    &GLACIER_DAYS,
    &FLOW_LOG_TRAFFIC,
    &FLOW_LOG_INTERVAL,
    &FLOW_LOG_BUCKET,
    &KEY_ROTATION_DAYS,
    &ALARM_ADDRESS,
    &FILTER_PATTERNS,
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
];

impl Setting {
    /// Tells whether the function of this name reads it.
    #[must_use]
    pub fn is_read_by(&self, function: &str) -> bool {
        match self.read_by {
            ReadBy::All => true,
            ReadBy::Some(functions) => functions.contains(&function),
        }
    }

    /// Returns the parameter that sets it, if one does.
    #[must_use]
    pub fn parameter(&self) -> Option<&Parameter> {
        match &self.set_by {
            SetBy::Parameter(parameter) => Some(parameter),
            SetBy::Stack(_) | SetBy::Roles => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Mode, Modes, PREFIX, Settings};
    use std::collections::BTreeSet;

    #[test]
    fn every_setting_is_listed() {
        let files = ["access", "alarms", "days", "flow_logs", "scope"].map(|file| {
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

    /// What a parameter is unless it is set means what the code takes where nothing is set.
    #[test]
    fn defaults_are_those_of_the_code() {
        let set = ALL.iter().filter_map(|it| Some((it.name.to_owned(), it.parameter()?)));
        // `none` is the template's word for an empty value.
        let set = set.map(|(name, it)| (name, it.default.replace("none", "")));
        let settings = Settings::parse(set, &[]).expect("settings");
        assert_eq!(settings, Settings::of(Modes::all(Mode::DryRun)));
    }
}
