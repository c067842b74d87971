//! Properties of what several families make, as they read in a view: in the form in which the ledger has them.

use crate::managed::key::KeyView;
use crate::managed::log_group::LogGroup;
use crate::managed::role::Role;
use crate::managed::topic::{Subscription, SubscriptionState, Topic};
use crate::model::{Property, Seen};
use serde_json::{Value, json};

/// Value of a property; `None` where the view does not show the property, `Some(None)` where it has no value.
pub(crate) type Shown = Option<Option<Value>>;

/// Returns a property of a role.
pub(crate) fn role(seen: &Seen<Role>, property: &Property) -> Shown {
    let role = seen.present();
    Some(match property {
        Property::Role { .. } => role.map(|it| json!({ "Arn": it.arn, "AssumeRolePolicyDocument": it.trust })),
        Property::RoleBoundary { .. } => {
            role.and_then(|it| it.bounds.has.as_ref()).map(|arn| json!({ "PermissionsBoundary": arn }))
        }
        Property::RoleTrust { .. } => role.map(|it| it.trust.clone()),
        Property::RolePolicy { policy, .. } => role.and_then(|it| it.inline.present()?.get(policy)).cloned(),
        _ => return None,
    })
}

/// Returns a property of a key, which is one of these or behind one of them.
pub(crate) fn key(all: &[&Seen<KeyView>], property: &Property) -> Shown {
    let found = |arn: &str| all.iter().find_map(|seen| with_arn(seen, arn));
    Some(match property {
        Property::KeyAlias { alias, .. } => {
            let named = |seen: &&Seen<KeyView>| each(seen).any(|it| it.arn.ends_with(&format!(":{alias}")));
            all.iter().any(named).then(|| json!({ "AliasName": alias }))
        }
        Property::KeyPolicy { key } => found(key)?.policy.present().cloned(),
        Property::KeyRotation { key, .. } => Some(json!({ "KeyRotationEnabled": found(key)?.rotates.present()? })),
        // A key is found by its alias, which a new key does not have yet.
        _ => return None,
    })
}

fn each(seen: &Seen<KeyView>) -> impl Iterator<Item = &KeyView> {
    std::iter::successors(seen.present(), |key| key.next.present())
}

fn with_arn<'a>(seen: &'a Seen<KeyView>, arn: &str) -> Option<&'a KeyView> {
    each(seen).find(|key| key.arn == arn)
}

/// Returns a property of a log group.
pub(crate) fn group(seen: &Seen<LogGroup>, property: &Property) -> Shown {
    let group = seen.present();
    Some(match property {
        Property::LogGroup { name, .. } => group.map(|_| json!({ "logGroupName": name })),
        Property::LogGroupRetention { .. } => {
            group.and_then(|it| it.retention).map(|days| json!({ "retentionInDays": days }))
        }
        _ => return None,
    })
}

/// Returns a property of a topic.
pub(crate) fn topic(seen: &Seen<Topic>, property: &Property) -> Shown {
    let topic = seen.present();
    Some(match property {
        Property::Topic { arn } => {
            topic.map(|it| json!({ "TopicArn": arn, "Policy": it.policy, "KmsMasterKeyId": it.key_id }))
        }
        Property::TopicKey { .. } => topic.map(|it| json!({ "KmsMasterKeyId": it.key_id })),
        Property::TopicPolicy { .. } => topic.map(|it| it.policy.clone()),
        Property::Subscription { topic: arn, protocol, endpoint, .. } => {
            let all = topic.and_then(|it| it.subscriptions.present()).into_iter().flatten();
            // SNS removes what nobody confirms by itself.
            let is_same = |it: &&Subscription| it.protocol == *protocol && it.endpoint == *endpoint;
            let mut same = all.filter(is_same).filter(|it| it.state == SubscriptionState::Confirmed);
            same.next().map(|_| json!({ "TopicArn": arn, "Protocol": protocol, "Endpoint": endpoint }))
        }
        _ => return None,
    })
}
