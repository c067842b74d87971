//! Metric filters: what a filter counts, whether that is reliable, and how to complete one that lacks something. Pure.

use super::rules::AlarmRule;
use super::view::Metric;
use crate::documents::filter_pattern::{Concessions as Covering, LONGEST, Pattern, Term};
use crate::settings::alarms::Patterns;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Metric filter.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Filter {
    /// Name of the filter, unique within its log group.
    pub name: String,
    /// Filter pattern, from `filterPattern`.
    pub pattern: Written,
    /// Transformation into a metric. AWS accepts exactly one.
    pub transformation: Transformation,
    /// Whether the filter applies to transformed logs, from `applyOnTransformedLogs`.
    pub transformed: bool,
    /// Selection criteria, from `fieldSelectionCriteria`, which limit the filter to some accounts or regions.
    pub criteria: Option<String>,
    /// System fields used as dimensions, from `emitSystemFieldDimensions`.
    pub system_dimensions: Vec<String>,
}

/// Pattern as written, with its meaning, parsed once.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(transparent)]
pub struct Written {
    /// Text of the pattern.
    pub text: String,
    /// Meaning of the pattern; `None` if it is not a valid pattern for JSON.
    #[serde(skip)]
    pub means: Option<Pattern>,
}

impl From<String> for Written {
    fn from(text: String) -> Self {
        Self { means: Pattern::parse(&text).ok(), text }
    }
}

/// Transformation of matches into a metric, from `metricTransformations`.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Transformation {
    /// Metric to publish to.
    pub metric: Metric,
    /// Value to publish, from `metricValue`: a number, or a field of the event such as `$.size`.
    pub value: String,
    /// Value to publish while nothing matches, from `defaultValue`.
    pub default: Option<f64>,
    /// Dimensions of the metric, from `dimensions`.
    pub dimensions: Vec<(String, String)>,
    /// Unit of the metric, from `unit`.
    pub unit: Option<String>,
}

/// Minimum percentage of a rule's terms that a filter must mention to count as meant for the rule.
const HALF: usize = 50;

impl Filter {
    /// Returns the value of one match if it is a positive number: an alarm on anything else may never go off.
    #[must_use]
    pub fn counts(&self) -> Option<f64> {
        let Transformation { metric: _, value, default: _, dimensions, unit: _ } = &self.transformation;
        let plain = dimensions.is_empty() && self.system_dimensions.is_empty() && self.criteria.is_none();
        value.trim().parse().ok().filter(|it: &f64| plain && it.is_finite() && *it > 0.0)
    }

    /// Returns whether the filter matches everything that the rule is about.
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

    /// Returns the filter completed for the rule, if it is meant for that and can be completed, and the percentage of
    /// the rule's terms that it mentions by itself. A pattern that can never match, such as an AND of names, is
    /// replaced with the prescribed one; any other is extended by the missing terms.
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

    /// Returns the filter with the completions for two rules, if one pattern can hold both.
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

    /// Returns the members of the request, except the log group.
    #[must_use]
    pub fn members(&self) -> Value {
        let Self { name, pattern, transformation, transformed, criteria, system_dimensions } = self;
        let Transformation { metric, value, default, dimensions, unit } = transformation;
        // The API has no empty ones.
        let dimensions = (!dimensions.is_empty()).then(|| dimensions.iter().cloned().collect::<BTreeMap<_, _>>());
        let system_dimensions = (!system_dimensions.is_empty()).then_some(system_dimensions);
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
