//! Steps with names that an attacker might choose, for the laws.

use crate::families::key::{Step, View};
use crate::testing::hostile::arn;

/// Returns every kind of step, with this text in each value that is read from AWS or an event.
pub(super) fn steps(text: &str) -> Vec<Step> {
    vec![Step::EnableRotation { key: arn("kms", text), days: 365 }]
}

/// Returns the view with this text in each name that advice may quote.
pub(super) fn named(view: View, text: &str) -> View {
    View { key_store: view.key_store.map(|_| text.to_owned()), ..view }
}
