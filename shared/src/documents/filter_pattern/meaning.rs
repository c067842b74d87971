//! Evaluates patterns, for tests only: an independent implementation to check the code's conclusions against.
//!
//! A `!=` does not hold for a missing member. The user guide does not say so, but `aws logs test-metric-filter` was
//! seen to behave that way (DataBiosphere/azul, issue 5884). Regular expressions are replaced by a search for their
//! source, since the code never interprets them.

use super::comparison::{Comparison, Test, fits};
use super::number::{Number, Relation};
use super::selector::{PathStep, read};
use super::{Pattern, Term};
use serde_json::Value;

impl Pattern {
    /// Returns whether the pattern matches an event.
    pub(crate) fn matches(&self, event: &Value) -> bool {
        self.terms.iter().any(|term| holds(term, event))
    }
}

/// Returns whether a term that was dropped from the normal form could have matched.
pub(super) fn any_contradiction_holds(pattern: &Pattern, event: &Value) -> bool {
    pattern.contradictions.iter().any(|term| holds(term, event))
}

fn holds(term: &Term, event: &Value) -> bool {
    term.iter().all(|comparison| retries_on(comparison, event))
}

pub(super) fn retries_on(comparison: &Comparison, event: &Value) -> bool {
    let (steps, _) = read(&comparison.selector).expect("a selector");
    let found =
        steps.iter().fold(vec![event], |values, step| values.into_iter().flat_map(|it| into(it, step)).collect());
    let any = |test: &dyn Fn(&Value) -> bool| found.iter().any(|it| test(it));
    let text = |fits: &dyn Fn(&str) -> bool| any(&|it| it.as_str().is_some_and(fits));
    let number = |relation: Relation, number: &Number| {
        any(&|it| match it {
            Value::Number(it) => relation.holds(Number::parse(&it.to_string()).expect("a number").cmp(number)),
            _ => false,
        })
    };
    match &comparison.test {
        Test::Is(pattern) => text(&|it| fits(pattern, it)),
        Test::IsNot(pattern) => !found.is_empty() && !text(&|it| fits(pattern, it)),
        Test::Number(Relation::NotEqual, it) => !found.is_empty() && !number(Relation::Equal, it),
        Test::Number(relation, it) => number(*relation, it),
        Test::Regex(regex) => text(&|it| it.contains(regex)),
        Test::NotRegex(regex) => !found.is_empty() && !text(&|it| it.contains(regex)),
        Test::Null => any(&Value::is_null),
        Test::True => any(&|it| it == &Value::Bool(true)),
        Test::False => any(&|it| it == &Value::Bool(false)),
        Test::NotExists => found.is_empty(),
    }
}

fn into<'a>(value: &'a Value, step: &PathStep) -> Vec<&'a Value> {
    match step {
        PathStep::Name(name) => value.as_object().and_then(|it| it.get(name)).into_iter().collect(),
        PathStep::AnyName => value.as_object().into_iter().flat_map(serde_json::Map::values).collect(),
        PathStep::Index(index) => value.as_array().and_then(|it| it.get(*index)).into_iter().collect(),
        PathStep::AnyIndex => value.as_array().into_iter().flatten().collect(),
    }
}
