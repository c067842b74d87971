//! KMS keys: what was read of a key, and what services require of it. Pure.

pub mod grant;
pub mod keeper;
pub mod step;
pub mod wanted;

use crate::model::Seen;
use grant::KeyGrant;
use serde_json::Value;

/// KMS key, as read.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct KeyView {
    /// ARN of the key.
    pub arn: String,
    /// Whether the key has our description and one of our aliases; not read unless something depends on it.
    pub managed: Seen<bool>,
    /// Whether the key is customer managed. Policies of AWS managed keys cannot be changed.
    pub customers: bool,
    /// Whether the key encrypts symmetrically with material that KMS made, as our keys do.
    pub native: bool,
    /// State of the key, from `KeyState`.
    pub state: String,
    /// Key policy.
    pub policy: Seen<Value>,
    /// Grants of the key; read only for keys of trails and of alarms' topics, and for ours that these and their notices get.
    pub grants: Seen<Vec<KeyGrant>>,
    /// Whether the key rotates automatically; not read for keys that we may not configure.
    pub rotates: Seen<bool>,
    /// Key behind our next alias; read only if this one has one of our aliases but is not ours.
    pub next: Box<Seen<KeyView>>,
}

/// Requirements of a service on a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyNeed<'a> {
    /// Service that uses the key.
    pub service: &'a str,
    /// Condition keys that the service sends.
    pub known: Vec<(&'a str, &'a str)>,
    /// Required actions, each with the `Sid` of the statement of [`ManagedKey::policy`](wanted::ManagedKey::policy)
    /// that allows it.
    pub actions: &'a [(&'a str, &'a str)],
}

/// Returns the key with this ARN among those behind our aliases.
#[must_use]
pub fn behind(seen: &Seen<KeyView>, arn: &str) -> Seen<KeyView> {
    match seen {
        Seen::Present(key) if key.arn == arn => Seen::Present(key.clone()),
        Seen::Present(key) => behind(&key.next, arn),
        Seen::Absent | Seen::Unreadable(_) | Seen::NotAsked => Seen::Absent,
    }
}

impl KeyView {
    /// Returns why the key is unusable in its present state, whatever its policy says.
    #[must_use]
    pub fn unfit(&self) -> Option<String> {
        if !self.customers {
            return Some(format!("key {} is managed by AWS, and its policy lets no other service use it", self.arn));
        }
        (self.state != "Enabled").then(|| format!("key {} is in state {}", self.arn, self.state))
    }
}
