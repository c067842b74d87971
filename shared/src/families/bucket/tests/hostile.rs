//! Steps with names that an attacker might choose, for the laws.

use crate::families::bucket::Step;
use crate::families::bucket::added_rule::{Action, AddedRule};
use crate::families::bucket::step::ConfigStep;
use crate::families::bucket::view::{Logging, Notifications, Rules};
use crate::testing::hostile::buckets;
use serde_json::json;

/// Returns every kind of step, with this text in each value that is read from AWS or an event.
pub(super) fn steps(text: &str) -> Vec<Step> {
    let bucket = || text.to_owned();
    let added = AddedRule { id: bucket(), prefix: bucket(), old_style: false, action: Action::Glacier(9) };
    let rules = Rules { rules: vec![json!({ "ID": text, "Prefix": text })], minimum_size: Some(bucket()) };
    let add = |read| ConfigStep::AddRule { bucket: bucket(), read, added: vec![added.clone()] };
    let others = json!({ "QueueConfigurations": [{ "Id": text, "QueueArn": text }] });
    let logging = Logging { target: bucket(), prefix: bucket(), partitioned: Some(bucket()), grants: false };
    let log = |replaces| ConfigStep::Log { bucket: bucket(), logging: logging.clone(), replaces };
    let announce = ConfigStep::Announce { bucket: bucket(), read: Notifications { others, event_bridge: false } };
    let config = [add(None), add(Some(rules)), announce, log(None), log(Some(logging.clone()))];
    buckets(text).into_iter().map(Step::Bucket).chain(config.map(Step::Config)).collect()
}
