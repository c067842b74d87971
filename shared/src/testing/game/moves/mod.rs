//! What an intruder does: kinds of calls, each as AWS takes it, and the facets of the record that it is about.

mod bucket;
mod guard;
mod key;
mod monitoring;
mod role;
mod services;
mod trail;

use super::account::AwsAccount;
use super::called::Called;
use super::record::Facet;
use serde_json::{Value, json};
use std::fmt;
use std::sync::LazyLock;

type Make = Box<dyn Fn(&mut AwsAccount) -> Option<Called> + Send + Sync>;

/// Kind of call.
pub(crate) struct Move {
    pub(crate) name: String,
    pub(crate) facets: &'static [Facet],
    /// Makes the call, unless AWS refuses it.
    pub(crate) make: Make,
}

impl Move {
    fn new(
        name: &str,
        facets: &'static [Facet],
        make: impl Fn(&mut AwsAccount) -> Option<Called> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.to_owned(), facets, make: Box::new(make) }
    }
}

impl fmt::Debug for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Every facet, for calls that turn Trailkeeper itself off.
pub(crate) const EVERYTHING: &[Facet] = &[
    Facet::Trail,
    Facet::Place,
    Facet::Digests,
    Facet::Files,
    Facet::Access,
    Facet::Logs,
    Facet::Alarms,
    Facet::Hearers,
    Facet::FlowLogs,
    Facet::Config,
    Facet::Server,
];

/// Returns all kinds of calls.
pub(crate) fn all() -> &'static [Move] {
    static ALL: LazyLock<Vec<Move>> = LazyLock::new(|| {
        let each = [
            trail::moves(),
            bucket::moves(),
            key::moves(),
            role::moves(),
            monitoring::moves(),
            services::moves(),
            guard::moves(),
        ];
        each.into_iter().flatten().collect()
    });
    &ALL
}

/// Returns the call of this name.
pub(crate) fn named(name: &str) -> &'static Move {
    all().iter().find(|it| it.name == name).unwrap_or_else(|| panic!("there is no move {name}"))
}

/// Returns a document of one statement.
fn document(principal: &Value, action: &Value, resource: Option<&str>) -> Value {
    statement("Allow", principal, action, resource)
}

fn statement(effect: &str, principal: &Value, action: &Value, resource: Option<&str>) -> Value {
    let mut one = json!({"Sid": "theirs", "Effect": effect, "Principal": principal, "Action": action});
    if let Some(resource) = resource {
        one["Resource"] = resource.into();
    }
    json!({"Version": "2012-10-17", "Statement": [one]})
}
