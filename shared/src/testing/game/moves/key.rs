//! Calls on the keys that encrypt the trail's files and the topics of alarms.

use super::{Move, document};
use crate::testing::game::account::{ACCOUNT, AwsAccount, KeyHere, OTHER};
use crate::testing::game::called::Called;
use crate::testing::game::record::Facet;
use serde_json::json;

const TRAIL: &[Facet] = &[Facet::Trail, Facet::Place, Facet::Digests, Facet::Logs, Facet::Alarms];
const ALARMS: &[Facet] = &[Facet::Alarms];

type Which = fn(&AwsAccount) -> Option<String>;

pub(super) fn moves() -> Vec<Move> {
    let kinds: [(&str, &'static [Facet], Which); 2] =
        [("trail_key", TRAIL, of_trail), ("alarms_key", ALARMS, of_alarms)];
    let mut all = Vec::new();
    for (prefix, facets, which) in kinds {
        let mut add = |what: &str, event: &'static str, change: fn(&mut KeyHere)| {
            all.push(Move::new(&format!("{prefix}_{what}"), facets, move |account| {
                let arn = which(account)?;
                change(account.keys.get_mut(&arn)?);
                let request = json!({"keyId": arn});
                let called = Called::new("kms", event, request).on_key(&arn).about(arn.as_str());
                Some(called.about("trail/main").about("trailkeeper-trail").about("trailkeeper-monitor"))
            }));
        };
        add("disabled", "DisableKey", |key| key.state = "Disabled");
        add("deleted", "ScheduleKeyDeletion", |key| key.state = "PendingDeletion");
        add("closed", "PutKeyPolicy", |key| {
            let who = json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:root")});
            key.policy = document(&who, &json!("kms:*"), Some("*"));
        });
        add("shared", "PutKeyPolicy", |key| {
            let who = json!({"AWS": format!("arn:aws:iam::{OTHER}:root")});
            let more = document(&who, &json!("kms:*"), Some("*"))["Statement"][0].clone();
            key.policy = crate::documents::policy::with_statements(Some(&key.policy), &[more]);
        });
        add("rotation_off", "DisableKeyRotation", |key| key.rotates = false);
    }
    all
}

fn of_trail(account: &AwsAccount) -> Option<String> {
    let trail = super::trail::target(account)?;
    Some(account.resolve(account.trails.get(&trail)?.key.as_ref()?))
}

fn of_alarms(account: &AwsAccount) -> Option<String> {
    Some(account.resolve(account.topics.values().find_map(|topic| topic.key.as_ref())?))
}
