//! Which resources an event sends us to look at, or why none. Pure.

use crate::actor::Identity;
use crate::event::{Body, Event, legible};
use crate::model::Family;
use crate::place::Region;
use crate::record::ApiCall;

/// Which resources of a family to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The one with this id.
    One(Region, String),
    /// All of this region: the record does not say which.
    Region(Region),
    /// All that use something which changed, in every configured region.
    Using(Dependency),
    /// All of every configured region.
    Everything,
}

/// Something that resources of several families lean on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dependency {
    /// A role, by name: IAM's records carry neither path nor ARN.
    Role(String),
}

/// Where an event leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route<'a> {
    /// Look at these, as who we are.
    Check(&'a Identity, Target),
    /// Nothing to do, because.
    Ignore(String),
}

/// Decides what an event means to family `F`. Who we are may be left open only for an event that is none of ours.
#[must_use]
pub fn route<'a, F: Family>(event: &Event, us: Option<&'a Identity>) -> Route<'a> {
    let us = match (&event.body, us) {
        (Body::Other(what), _) => return Route::Ignore(format!("not an event that Trailkeeper knows: {what}")),
        (_, None) => return Route::Ignore("our own account is not known".to_owned()),
        (_, Some(us)) if event.account != us.account => {
            return Route::Ignore(format!("an event of account {}, not of ours", shown(&event.account)));
        }
        (_, Some(us)) => us,
    };
    let target = match &event.body {
        Body::ApiCall(call) => target::<F>(call, us),
        Body::Schedule | Body::Other(_) => Ok(Target::Everything),
    };
    target.map_or_else(Route::Ignore, |target| Route::Check(us, target))
}

fn target<F: Family>(call: &ApiCall, us: &Identity) -> Result<Target, String> {
    if call.event_type != "AwsApiCall" {
        return Err(format!("a record of type {}, not of an API call", shown(&call.event_type)));
    }
    if let Some(other) = call.recipient.as_ref().filter(|account| **account != us.account) {
        return Err(format!("a call to account {}, not to ours", shown(other)));
    }
    if let Some(failure) = &call.failure {
        return Err(format!("the call failed ({failure}), so it changed nothing"));
    }
    if call.read_only {
        return Err("the call only read".to_owned());
    }
    if let Some(region) = call.region.as_ref().filter(|region| region.partition() != us.partition) {
        return Err(format!("a call in {region}, which is not in our partition {}", us.partition));
    }
    let mut of_service = F::WATCHES.iter().filter(|watch| watch.service == call.service).peekable();
    if of_service.peek().is_none() {
        return Err(format!("a call to {}, which the {} family does not watch", shown(&call.service), F::NAME));
    }
    let watch = of_service
        .find(|watch| watch.calls.contains(&call.name.as_str()))
        .ok_or_else(|| format!("{} is not a call that the {} family watches", shown(&call.name), F::NAME))?;
    // Only calls that we make ourselves: should our role be stolen and used for others, we do not look away.
    if us.made(&call.actor) && F::OWN_CALLS.contains(&call.name.as_str()) {
        return Err(format!("our own {}", call.name));
    }
    (watch.target)(call)
}

/// A word of the event, for the reason: never empty, never endless.
fn shown(word: &str) -> String {
    if word.is_empty() { "(none)".to_owned() } else { legible(word) }
}
