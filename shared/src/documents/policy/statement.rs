//! One statement of a policy document, in any form that IAM accepts.

use super::matches;
use serde_json::{Map, Value};

/// A statement as written.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a>(&'a Map<String, Value>);

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

    /// Returns whether the statement applies to a resource. A trust policy names none and applies to the role itself.
    #[must_use]
    pub fn covers_resource(self, resource: &str) -> bool {
        let unnamed = !self.0.contains_key("Resource") && !self.0.contains_key("NotResource");
        unnamed || self.covers("Resource", "NotResource", |pattern| matches(pattern, resource))
    }

    /// Returns whether the statement applies to an AWS service as principal. A role's own policy names no principal and
    /// applies to any.
    ///
    /// Everybody in AWS, `{"AWS": "*"}`, does not include services in an Allow. In a Deny it may be meant to.
    #[must_use]
    pub fn covers_service(self, service: &str) -> bool {
        let named = |principal: &Value| match principal {
            Value::String(all) => all == "*",
            Value::Object(kinds) => {
                let everybody = kinds.get("AWS").is_some_and(|it| texts(it).any(|name| name == "*"));
                let service =
                    kinds.get("Service").is_some_and(|it| texts(it).any(|name| name == service || name == "*"));
                service || (everybody && !self.allows())
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
