//! One statement of a policy document, with the freedoms that IAM allows in writing it.

use super::matches;
use serde_json::{Map, Value};

/// A statement as written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement<'a>(&'a Map<String, Value>);

/// The statements of a document. `Statement` may be a list or, as IAM accepts too, a single object.
pub(super) fn statements(document: &Value) -> impl Iterator<Item = Statement<'_>> {
    let all: Vec<&Value> = match document.get("Statement") {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(single) => vec![single],
        None => Vec::new(),
    };
    all.into_iter().filter_map(Value::as_object).map(Statement)
}

/// The texts of an element that may be one text or a list of them.
pub(super) fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let all: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    };
    all.into_iter().filter_map(Value::as_str)
}

impl<'a> Statement<'a> {
    pub(super) fn allows(self) -> bool {
        self.0.get("Effect").and_then(Value::as_str) == Some("Allow")
    }

    pub(super) fn condition(self) -> Option<&'a Value> {
        self.0.get("Condition")
    }

    /// Whether the statement is about this action. Actions ignore case.
    pub(super) fn covers_action(self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        self.covers("Action", "NotAction", |pattern| matches(&pattern.to_ascii_lowercase(), &action))
    }

    /// Whether the statement is about this resource. A trust policy names none, which means the role itself.
    pub(super) fn covers_resource(self, resource: &str) -> bool {
        let unnamed = !self.0.contains_key("Resource") && !self.0.contains_key("NotResource");
        unnamed || self.covers("Resource", "NotResource", |pattern| matches(pattern, resource))
    }

    /// Whether the statement is about this AWS service as principal. A policy of a role names no principal.
    pub(super) fn covers_service(self, service: &str) -> bool {
        let named = |principal: &Value| match principal {
            Value::String(all) => all == "*",
            Value::Object(kinds) => {
                kinds.get("Service").is_some_and(|it| texts(it).any(|name| name == service || name == "*"))
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
