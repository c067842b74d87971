//! One statement of a policy document, in any form that IAM accepts.

use super::condition::Holds;
use super::context::Context;
use super::matches;
use super::shape::{Overlap, Shape, fit};
use super::variable::{Wildcards, tokens};
use serde_json::{Map, Value};

/// A statement as written.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a>(&'a Map<String, Value>);

/// One key of a condition block.
#[derive(Debug, Clone)]
pub struct Condition<'a> {
    /// Operator in lower case, with its prefix and suffix, such as `foranyvalue:stringlikeifexists`.
    pub operator: String,
    /// Condition key in lower case.
    pub key: String,
    /// Value or values as written.
    pub values: &'a Value,
}

/// Operators on text and ARNs that hold only for some of the values given.
const POSITIVE: [&str; 5] = ["stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"];

/// Operators on text and ARNs that hold for everything but the values given.
const NEGATIVE: [&str; 5] =
    ["stringnotequals", "stringnotequalsignorecase", "stringnotlike", "arnnotequals", "arnnotlike"];

impl Condition<'_> {
    /// Returns whether the statement applies only to requests whose key has one of the values.
    #[must_use]
    pub fn lets_in_only(&self) -> bool {
        POSITIVE.contains(&self.compared())
    }

    /// Returns whether the statement applies only to requests whose key has none of the values, or that lack it.
    #[must_use]
    pub fn leaves_out(&self) -> bool {
        let operator = self.compared();
        NEGATIVE.contains(&operator.strip_suffix("ifexists").unwrap_or(operator))
    }

    fn compared(&self) -> &str {
        self.operator.strip_prefix("foranyvalue:").unwrap_or(&self.operator)
    }
}

/// Returns the statements of a document in order. `Statement` may be a list or, as IAM also accepts, a single object.
pub fn statements(document: &Value) -> impl Iterator<Item = Statement<'_>> {
    let all: Vec<&Value> = match document.get("Statement") {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(single) => vec![single],
        None => Vec::new(),
    };
    all.into_iter().filter_map(Value::as_object).map(Statement)
}

/// Returns the strings of an element that is either one string or a list.
pub fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let all: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    };
    all.into_iter().filter_map(Value::as_str)
}

impl<'a> Statement<'a> {
    /// Wraps a single statement; `None` if it is not an object.
    #[must_use]
    pub fn of(statement: &'a Value) -> Option<Self> {
        statement.as_object().map(Self)
    }

    /// Returns whether the effect is Allow. Any other statement denies.
    #[must_use]
    pub fn allows(self) -> bool {
        self.0.get("Effect").and_then(Value::as_str) == Some("Allow")
    }

    /// Returns the whole statement as JSON.
    #[must_use]
    pub fn to_value(self) -> Value {
        Value::Object(self.0.clone())
    }

    /// Returns the condition block.
    #[must_use]
    pub fn condition(self) -> Option<&'a Value> {
        self.0.get("Condition")
    }

    /// Returns the keys of the condition block: all of them must hold.
    #[must_use]
    pub fn conditions(self) -> Vec<Condition<'a>> {
        let operators = self.condition().and_then(Value::as_object).into_iter().flatten();
        let each = operators.flat_map(|(operator, keys)| {
            let keys = keys.as_object().into_iter().flatten();
            keys.map(|(key, values)| Condition {
                operator: operator.to_ascii_lowercase(),
                key: key.to_ascii_lowercase(),
                values,
            })
        });
        each.collect()
    }

    /// Returns an element as written.
    #[must_use]
    pub fn element(self, name: &str) -> Option<&'a Value> {
        self.0.get(name)
    }

    /// Returns all elements as written.
    pub fn elements(self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns whether the principal is everybody.
    #[must_use]
    pub fn names_everybody(self) -> bool {
        match self.0.get("Principal") {
            Some(Value::String(all)) => all == "*",
            Some(Value::Object(kinds)) => kinds.get("AWS").is_some_and(|names| texts(names).any(|name| name == "*")),
            _ => false,
        }
    }

    /// Returns the accounts, users and roles that the statement names as principals or excludes.
    pub fn accounts_and_roles(self) -> impl Iterator<Item = &'a str> {
        let named = ["Principal", "NotPrincipal"].into_iter().filter_map(move |key| self.0.get(key)?.get("AWS"));
        named.flat_map(texts)
    }

    /// Returns whether the statement applies to an action. Actions ignore case.
    #[must_use]
    pub fn covers_action(self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        self.covers("Action", "NotAction", |pattern| matches(&pattern.to_ascii_lowercase(), &action))
    }

    /// Returns whether the statement may apply to any of these resources, whatever its variables stand for.
    #[must_use]
    pub fn touches(self, resources: &Shape) -> bool {
        let context = Context { service: None, action: "", known: &[], variables: true };
        let fits = |patterns: &Value| {
            let read = texts(patterns).filter_map(|pattern| tokens(pattern, Wildcards::Match, &context));
            read.map(|pattern| fit(&pattern, resources)).collect::<Vec<_>>()
        };
        match (self.0.get("Resource"), self.0.get("NotResource")) {
            (Some(patterns), _) => reaches(&fits(patterns), Overlap::Some) != Holds::No,
            (None, Some(patterns)) => reaches(&fits(patterns), Overlap::All) != Holds::Yes,
            (None, None) => true,
        }
    }

    /// Evaluates whether the statement applies to these resources: an Allow to all of them, a Deny to any. A trust
    /// policy names none and applies to the role itself.
    pub(super) fn concerns(self, resources: &Shape, context: &Context<'_>) -> Holds {
        let all = |patterns: &Value| -> Vec<(Overlap, Overlap)> {
            let read = texts(patterns).filter_map(|pattern| tokens(pattern, Wildcards::Match, context));
            read.map(|pattern| fit(&pattern, resources)).collect()
        };
        // How much must match for the statement to apply, and how much for it not to.
        let (named, excepted) =
            if self.allows() { (Overlap::All, Overlap::Some) } else { (Overlap::Some, Overlap::All) };
        match (self.0.get("Resource"), self.0.get("NotResource")) {
            (Some(patterns), _) => reaches(&all(patterns), named),
            (None, Some(patterns)) => {
                let fits = all(patterns);
                // What AWS makes of a variable without value here, it says of `Resource` alone.
                let least = if fits.len() < texts(patterns).count() { Holds::Unclear } else { Holds::No };
                reaches(&fits, excepted).max(least).inverted()
            }
            (None, None) => Holds::Yes,
        }
    }

    /// Returns whether the statement applies to an AWS service as principal. A role's own policy names no principal and
    /// applies to any. Everybody in AWS, `{"AWS": "*"}`, is everybody ([all principals]).
    ///
    /// [all principals]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-anonymous
    #[must_use]
    pub fn covers_service(self, service: &str) -> bool {
        let named = |principal: &Value| match principal {
            Value::String(all) => all == "*",
            Value::Object(kinds) => {
                let everybody = kinds.get("AWS").is_some_and(|it| texts(it).any(|name| name == "*"));
                // No service is named by a wildcard. Whoever denies with one means all.
                let named = |name: &str| name == service || (name == "*" && !self.allows());
                everybody || kinds.get("Service").is_some_and(|it| texts(it).any(named))
            }
            _ => false,
        };
        match (self.0.get("Principal"), self.0.get("NotPrincipal")) {
            (Some(principal), _) => named(principal),
            (None, Some(others)) => !named(others),
            (None, None) => true,
        }
    }

    fn covers(self, element: &str, negated: &str, fits: impl Fn(&str) -> bool) -> bool {
        match (self.0.get(element), self.0.get(negated)) {
            (Some(patterns), _) => texts(patterns).any(fits),
            (None, Some(patterns)) => !texts(patterns).any(fits),
            (None, None) => false,
        }
    }
}

/// Returns whether one of these patterns matches at least so much.
fn reaches(fits: &[(Overlap, Overlap)], wanted: Overlap) -> Holds {
    let of = |(least, most): &(Overlap, Overlap)| match (*least >= wanted, *most >= wanted) {
        (true, _) => Holds::Yes,
        (false, true) => Holds::Unclear,
        (false, false) => Holds::No,
    };
    fits.iter().map(of).max().unwrap_or(Holds::No)
}
