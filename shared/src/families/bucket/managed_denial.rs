//! Deny statements of ours in the policy of a bucket, whatever values the settings had when they were added.

use crate::documents::policy::{Statement, covers, denies_all_of, statements};
use serde_json::Value;

/// Features by which statements of one kind are known to be ours.
#[derive(Debug, Clone, Copy)]
pub(super) struct ManagedDenial {
    /// Values of `Sid`; a number may follow, since each `Sid` of a policy is unique.
    pub(super) sids: &'static [&'static str],
    /// Condition keys.
    pub(super) keys: &'static [&'static str],
}

impl ManagedDenial {
    /// Splits the statements of a policy into ours that are outdated, and all others.
    pub(super) fn split<'p>(
        &self,
        policy: Option<&'p Value>,
        wanted: &[Statement<'_>],
    ) -> (Vec<Statement<'p>>, Vec<Statement<'p>>) {
        let is_stale = |there: &Statement<'p>| {
            wanted.first().is_some_and(|wanted| self.has(*there, *wanted))
                && !wanted.iter().any(|wanted| says_the_same(*there, *wanted))
        };
        policy.into_iter().flat_map(statements).partition(is_stale)
    }

    /// Returns whether a statement is one of ours, for any values: by its name and its effect. One that somebody has turned
    /// into something else belongs to them.
    fn has(&self, there: Statement<'_>, wanted: Statement<'_>) -> bool {
        let sid = there.element("Sid").and_then(Value::as_str).unwrap_or_default();
        let named = self
            .sids
            .iter()
            .any(|name| sid.strip_prefix(name).is_some_and(|no| no.bytes().all(|b| b.is_ascii_digit())));
        let equal = |element: &&str| covers(element, there, wanted) && covers(element, wanted, there);
        let operators = there.condition().and_then(Value::as_object).into_iter().flatten();
        let mut keys = operators.flat_map(|(_, keys)| keys.as_object().into_iter().flatten()).map(|(key, _)| key);
        named
            && !there.allows()
            && there.names_everybody()
            && ["Action", "Resource"].iter().all(equal)
            && keys.all(|key| self.keys.iter().any(|known| known.eq_ignore_ascii_case(key)))
    }
}

fn says_the_same(one: Statement<'_>, other: Statement<'_>) -> bool {
    denies_all_of(one, other) && denies_all_of(other, one)
}
