//! Steps with names that an attacker might choose, for the laws.

use crate::families::bucket::added_rule::{Action, AddedRule};
use crate::families::bucket::step::ConfigStep;
use crate::families::bucket::view::{Encryption, Logging, Notifications, Ownership, Rules, View};
use crate::families::bucket::{Bucket, Step};
use crate::model::Seen;
use crate::testing::hostile::buckets;
use crate::testing::laws::Lawful;
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

/// Returns the view with this text in each name that advice may quote.
pub(super) fn named(mut view: View, text: &str) -> View {
    let own = view.buckets.remove(<Bucket as Lawful>::ID).map(|it| (text.to_owned(), it));
    view.buckets.extend(own);
    for prefix in view.uses.trails.iter_mut().filter_map(|trail| trail.prefix.as_mut()) {
        prefix.push_str(text);
    }
    for source in &mut view.uses.sources {
        source.bucket.push_str(text);
    }
    for trail in &mut view.uses.trails {
        trail.arn.push_str(text);
    }
    for ownership in view.buckets.values_mut() {
        let Ownership::ThisAccount(config) = ownership else { continue };
        if let Seen::Present(Encryption::Kms { key: Some(key) }) = &mut config.encryption {
            key.push_str(text);
        }
        if let Seen::Present(grants) = &mut config.grants {
            for grant in grants {
                grant.grantee.push_str(text);
            }
        }
        if let Seen::Present(logging) = &mut config.logging {
            logging.prefix.push_str(text);
        }
        if let Seen::Present(policy) = &mut config.policy {
            policy["Statement"].as_array_mut().into_iter().flatten().for_each(|it| it["Sid"] = json!(text));
        }
    }
    view
}
