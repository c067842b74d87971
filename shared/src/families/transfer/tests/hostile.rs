//! Steps with names that an attacker might choose, for the laws.

use crate::families::transfer::step::ServerStep;
use crate::families::transfer::{Step, StructuredDestination, View};
use crate::testing::hostile::roles;

/// Returns every kind of step, with this text in each value that is read from AWS or an event.
pub(super) fn steps(text: &str) -> Vec<Step> {
    let set = |replaces| {
        Step::Server(ServerStep::SetLoggingRole { server: text.to_owned(), role: text.to_owned(), replaces })
    };
    let mut all: Vec<Step> = roles(text).into_iter().map(Step::Role).collect();
    all.extend([set(None), set(Some(text.to_owned()))]);
    all
}

/// Returns the view with this text in each name that advice may quote.
pub(super) fn named(view: View, text: &str) -> View {
    let logging_role = view.logging_role.map(|arn| format!("{arn}{text}"));
    let structured_destinations = view.structured_destinations.into_iter();
    let structured_destinations = structured_destinations
        .map(|it| StructuredDestination { arn: format!("{}{text}", it.arn), group: it.group })
        .collect();
    View { logging_role, structured_destinations, ..view }
}
