//! Which calls wake which function, as the rules of the stack have it.

use std::collections::HashMap;
use trailkeeper::families::families;
use trailkeeper::guard::watch::{IN_REGION, ON_THE_BUS};

/// Name of the function that watches Trailkeeper itself.
pub(crate) const GUARD: &str = "guard";

/// Service whose names of calls end with a version of its API.
const VERSIONED: &str = "lambda.amazonaws.com";

/// Calls that change something back and that no function watches: a record was stopped until then.
const ANSWERS: &[(&str, &str)] = &[
    ("config.amazonaws.com", "StartConfigurationRecorder"),
    ("kms.amazonaws.com", "EnableKey"),
    ("s3.amazonaws.com", "CreateBucket"),
];

/// Function, by its place among all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Function(u8);

/// Functions that are woken by calls.
#[derive(Debug)]
pub struct Calls {
    functions: Vec<&'static str>,
    by_name: HashMap<&'static str, Vec<Rule>>,
    by_beginning: Vec<(&'static str, Rule)>,
}

/// One call of a rule.
#[derive(Debug, Clone, Copy)]
struct Rule {
    service: &'static str,
    /// Function that it wakes; `None` for a call that is read for what it changes back.
    wakes: Option<Function>,
    /// Whether only calls in the region of the stack do.
    at_home: bool,
}

/// What a call leads to.
#[derive(Debug, Default)]
pub(crate) struct Woken {
    /// Functions that it wakes.
    pub(crate) functions: Vec<Function>,
    /// Whether the record is to be read at all.
    pub(crate) known: bool,
}

impl Calls {
    /// Returns the calls that this version of Trailkeeper watches.
    #[must_use]
    pub fn watched() -> Self {
        let mut calls = Self { functions: Vec::new(), by_name: HashMap::new(), by_beginning: Vec::new() };
        for family in families() {
            let function = calls.function(family.name);
            for watch in family.watches {
                let rule = Rule { service: watch.service, wakes: Some(function), at_home: false };
                watch.calls.iter().for_each(|name| calls.add(name, rule));
            }
        }
        let function = calls.function(GUARD);
        for (rules, at_home) in [(IN_REGION, true), (ON_THE_BUS, false)] {
            for it in rules {
                let rule = Rule { service: it.service, wakes: Some(function), at_home };
                it.calls.iter().for_each(|name| calls.add(name, rule));
            }
        }
        for (service, name) in ANSWERS {
            calls.add(name, Rule { service, wakes: None, at_home: false });
        }
        calls
    }

    fn function(&mut self, name: &'static str) -> Function {
        self.functions.push(name);
        Function(u8::try_from(self.functions.len() - 1).unwrap_or(u8::MAX))
    }

    fn add(&mut self, name: &'static str, rule: Rule) {
        if rule.service == VERSIONED {
            self.by_beginning.push((name, rule));
        } else {
            self.by_name.entry(name).or_default().push(rule);
        }
    }

    /// Returns the name of a function.
    pub(crate) fn name(&self, function: Function) -> &'static str {
        self.functions.get(usize::from(function.0)).copied().unwrap_or_default()
    }

    /// Returns what a call leads to. `home` is the region of the stack, if it is known.
    pub(crate) fn woken(&self, service: &str, name: &str, region: &str, home: Option<&str>) -> Woken {
        let mut woken = Woken::default();
        let named = self.by_name.get(name).into_iter().flatten();
        let begun = self.by_beginning.iter().filter(|(start, _)| service == VERSIONED && name.starts_with(start));
        for rule in named.chain(begun.map(|(_, rule)| rule)).filter(|rule| rule.service == service) {
            woken.known = true;
            let there = !rule.at_home || home.is_none_or(|home| home == region);
            // Two rules of one function that take the same call wake it once: EventBridge does so for each rule, but the rules
            // of the guard on the default bus and on the stack's bus are for calls in different regions.
            if let Some(function) = rule.wakes.filter(|function| there && !woken.functions.contains(function)) {
                woken.functions.push(function);
            }
        }
        woken
    }

    /// Returns the names that `LookupEvents` is asked for: those of calls that wake a family's function, and those that
    /// change something back. The guard's calls are left out, since many of them are made all day and none is about the
    /// record.
    #[must_use]
    pub fn to_look_up(&self) -> Vec<&'static str> {
        let guard = self.functions.iter().position(|name| *name == GUARD);
        let is_asked = |rule: &Rule| rule.wakes.is_none_or(|function| Some(usize::from(function.0)) != guard);
        let mut names: Vec<&'static str> =
            self.by_name.iter().filter(|(_, rules)| rules.iter().any(is_asked)).map(|(name, _)| *name).collect();
        names.sort_unstable();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn woken(service: &str, name: &str, region: &str) -> Vec<&'static str> {
        let calls = Calls::watched();
        let woken = calls.woken(service, name, region, Some("eu-west-1"));
        woken.functions.into_iter().map(|function| calls.name(function)).collect()
    }

    #[test]
    fn a_call_wakes_the_functions_whose_rules_take_it() {
        assert_eq!(woken("cloudtrail.amazonaws.com", "StopLogging", "eu-west-1"), ["trail", "monitoring"]);
        assert_eq!(woken("s3.amazonaws.com", "PutBucketPolicy", "us-east-1"), ["bucket", "monitoring"]);
        assert_eq!(woken("s3.amazonaws.com", "PutBucketPolicy", "eu-west-1"), ["bucket", "monitoring", GUARD]);
        assert_eq!(woken("lambda.amazonaws.com", "UpdateFunctionCode20150331v2", "eu-west-1"), [GUARD]);
        assert!(woken("ec2.amazonaws.com", "StopLogging", "eu-west-1").is_empty());
        assert!(woken("s3.amazonaws.com", "GetBucketPolicy", "eu-west-1").is_empty());
    }

    #[test]
    fn what_is_looked_up_is_what_the_families_watch() {
        let names = Calls::watched().to_look_up();
        for name in ["StopLogging", "PutBucketPolicy", "StartConfigurationRecorder"] {
            assert!(names.contains(&name), "{name}");
        }
        assert!(!names.iter().any(|name| name.starts_with("UpdateFunction")) && !names.contains(&"PutRule"));
        assert!((60..150).contains(&names.len()), "{}", names.len());
    }
}
