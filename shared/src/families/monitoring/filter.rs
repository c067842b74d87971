//! Metric filters: what one counts, whether that can be counted on, and how one that lacks something is completed. Pure.

use super::rules::AlarmRule;
use super::view::Metric;
use crate::documents::filter_pattern::{Concessions as Covering, LONGEST, Pattern, Term};
use crate::settings::alarms::Patterns;
use serde_json::{Value, json};

/// A metric filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Its name, which is unique in its log group.
    pub name: String,
    /// `filterPattern`.
    pub pattern: Written,
    /// What it counts. AWS takes exactly one.
    pub transformation: Transformation,
    /// `applyOnTransformedLogs`.
    pub transformed: bool,
    /// `fieldSelectionCriteria`, which narrows it to some accounts or regions.
    pub criteria: Option<String>,
    /// `emitSystemFieldDimensions`.
    pub system_dimensions: Vec<String>,
}

/// A pattern as it is written, and what it means, read once.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Its meaning; `None` where it is no pattern for JSON.
    pub means: Option<Pattern>,
}

impl From<String> for Written {
    fn from(text: String) -> Self {
        Self { means: Pattern::parse(&text).ok(), text }
    }
}

/// `metricTransformations`.
#[derive(Debug, Clone, PartialEq)]
pub struct Transformation {
    /// The metric.
    pub metric: Metric,
    /// `metricValue`: a number, or a field of the event such as `$.size`.
    pub value: String,
    /// `defaultValue`, which is counted while nothing matches.
    pub default: Option<f64>,
    /// `dimensions`.
    pub dimensions: Vec<(String, String)>,
    /// `unit`.
    pub unit: Option<String>,
}

/// How many percent of a rule's terms a filter names that is meant for the rule.
const HALF: usize = 50;

impl Filter {
    /// What one match counts, if that is a number above zero: an alarm on anything else may never ring.
    #[must_use]
    pub fn counts(&self) -> Option<f64> {
        let Transformation { metric: _, value, default: _, dimensions, unit: _ } = &self.transformation;
        let plain = dimensions.is_empty() && self.system_dimensions.is_empty() && self.criteria.is_none();
        value.trim().parse().ok().filter(|it: &f64| plain && it.is_finite() && *it > 0.0)
    }

    /// Whether it takes in all that the rule is about.
    #[must_use]
    pub fn serves(&self, rule: &AlarmRule, patterns: Patterns) -> bool {
        self.counts().is_some()
            && match patterns {
                Patterns::Strict => self.pattern.text == rule.pattern,
                Patterns::Covering => {
                    let own = self.pattern.means.as_ref();
                    own.is_some_and(|own| rule.texts().iter().any(|text| text.lacks(own).is_empty()))
                }
            }
    }

    /// The same filter with all that the rule is about, if it is meant for that and can be completed, and how much of the
    /// rule it names by itself, in percent. One that can never match, such as an AND of names, gets the prescribed
    /// pattern; any other keeps its own and gets the rest besides.
    #[must_use]
    pub fn completed(&self, rule: &AlarmRule) -> Option<(usize, Self)> {
        let (text, own) = (rule.texts().first()?, self.pattern.means.as_ref()?);
        let named = text.mentioned_by(own) * 100 / text.terms().max(1);
        if named < HALF || self.counts().is_none() {
            return None;
        }
        let pattern = if own.never_matches() { rule.pattern.to_owned() } else { own.widened(&text.lacks(own))? };
        (pattern.len() <= LONGEST).then(|| (named, Self { pattern: pattern.into(), ..self.clone() }))
    }

    /// The same filter with all that two rules have completed it with, if one pattern can hold that.
    #[must_use]
    pub fn completed_twice(&self, one: &Self, other: &Self) -> Option<Self> {
        let own = self.pattern.means.as_ref().filter(|own| !own.never_matches())?;
        let whole = Covering { optional: &[], known: &[] };
        let both = [one.pattern.means.as_ref()?, other.pattern.means.as_ref()?];
        let mut added: Vec<&Term> = both.iter().flat_map(|it| own.lacks(it, &whole)).collect();
        added.sort_by_cached_key(ToString::to_string);
        added.dedup();
        let pattern = own.widened(&added)?;
        (pattern.len() <= LONGEST).then(|| Self { pattern: pattern.into(), ..self.clone() })
    }

    /// The request's members, but for the log group.
    #[must_use]
    pub fn members(&self) -> Value {
        let Self { name, pattern, transformation, transformed, criteria, system_dimensions } = self;
        let Transformation { metric, value, default, dimensions, unit } = transformation;
        json!({
            "filterName": name, "filterPattern": pattern.text, "applyOnTransformedLogs": transformed,
            "fieldSelectionCriteria": criteria, "emitSystemFieldDimensions": system_dimensions,
            "metricTransformations": [{
                "metricNamespace": metric.namespace, "metricName": metric.name, "metricValue": value,
                "defaultValue": default, "dimensions": dimensions, "unit": unit,
            }],
        })
    }
}
