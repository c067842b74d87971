//! One statement of a policy document, with the freedoms that IAM allows in writing it.

use super::matches;
use serde_json::{Map, Value};

/// A statement as written.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a>(&'a Map<String, Value>);

/// The statements of a document, in their order. `Statement` may be a list or, as IAM accepts too, a single object.
pub fn statements(document: &Value) -> impl Iterator<Item = Statement<'_>> {
    let all: Vec<&Value> = match document.get("Statement") {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(single) => vec![single],
        None => Vec::new(),
    };
    all.into_iter().filter_map(Value::as_object).map(Statement)
}

/// The texts of an element that may be one text or a list of them.
pub fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let all: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    };
    all.into_iter().filter_map(Value::as_str)
}

impl<'a> Statement<'a> {
    /// One that stands by itself; `None` where it is no object.
    #[must_use]
    pub fn of(statement: &'a Value) -> Option<Self> {
        statement.as_object().map(Self)
    }

    /// Whether it allows. What does not, denies.
    #[must_use]
    pub fn allows(self) -> bool {
        self.0.get("Effect").and_then(Value::as_str) == Some("Allow")
    }

    /// The whole of it.
    #[must_use]
    pub fn to_value(self) -> Value {
        Value::Object(self.0.clone())
    }

    /// Its conditions.
    #[must_use]
    pub fn condition(self) -> Option<&'a Value> {
        self.0.get("Condition")
    }

    /// An element as written.
    #[must_use]
    pub fn element(self, name: &str) -> Option<&'a Value> {
        self.0.get(name)
    }

    /// Whether it is about everybody.
    #[must_use]
    pub fn names_everybody(self) -> bool {
        match self.0.get("Principal") {
            Some(Value::String(all)) => all == "*",
            Some(Value::Object(kinds)) => kinds.get("AWS").is_some_and(|names| texts(names).any(|name| name == "*")),
            _ => false,
        }
    }

    /// The accounts, users and roles that it names as principals, or excepts.
    pub fn accounts_and_roles(self) -> impl Iterator<Item = &'a str> {
        let named = ["Principal", "NotPrincipal"].into_iter().filter_map(move |key| self.0.get(key)?.get("AWS"));
        named.flat_map(texts)
    }

    /// Whether the statement is about this action. Actions ignore case.
    #[must_use]
    pub fn covers_action(self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        self.covers("Action", "NotAction", |pattern| matches(&pattern.to_ascii_lowercase(), &action))
    }

    /// Whether the statement is about this resource. A trust policy names none, which means the role itself.
    #[must_use]
    pub fn covers_resource(self, resource: &str) -> bool {
        let unnamed = !self.0.contains_key("Resource") && !self.0.contains_key("NotResource");
        unnamed || self.covers("Resource", "NotResource", |pattern| matches(pattern, resource))
    }

    /// Whether the statement is about this AWS service as principal. A policy of a role names no principal.
    ///
    /// Everybody of AWS, `{"AWS": "*"}`, is no service where something is allowed; where something is denied it may be
    /// meant to be.
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
