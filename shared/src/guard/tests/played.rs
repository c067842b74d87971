//! The guard in the account of the game: what it tells of a call.

use crate::event::{Body, Event};
use crate::guard::Ours;
use crate::guard::letter::changed;
use crate::guard::watch::parts;
use crate::report::ControlResult;
use crate::testing::game::world::Guarding;

impl Guarding for Ours<'_> {
    fn told(&self, event: &Event) -> Vec<ControlResult> {
        let Body::ApiCall(call) = &event.body else { return vec![] };
        let named = parts(call).unwrap_or_default();
        let arns = named.iter().filter_map(|part| self.arn(part, event.account(), call.region.as_ref()));
        arns.map(|arn| changed(self, call, &arn)).collect()
    }
}
