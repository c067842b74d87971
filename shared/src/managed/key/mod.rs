//! KMS keys: what was read of one, and what services need of it. Pure.

pub mod step;
pub mod wanted;

use crate::model::Seen;
use serde_json::Value;

/// A KMS key, as read.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyView {
    /// Its ARN.
    pub arn: String,
    /// Whether it carries our tag; not asked while nothing hangs on it.
    pub managed: Seen<bool>,
    /// Whether a customer manages it. The policies of AWS's own cannot be changed.
    pub customers: bool,
    /// `KeyState`.
    pub state: String,
    /// Its policy.
    pub policy: Seen<Value>,
    /// Whether it rotates; not asked while it is not ours to set.
    pub rotates: Seen<bool>,
}

/// What a service needs of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyNeed<'a> {
    /// The service that uses it.
    pub service: &'a str,
    /// The condition keys that it sends along.
    pub known: Vec<(&'a str, &'a str)>,
    /// The actions, each with the `Sid` of the statement of [`ManagedKey::policy`](wanted::ManagedKey::policy) that allows it.
    pub actions: &'a [(&'a str, &'a str)],
}

impl KeyView {
    /// Why it serves nobody as it is, whatever its policy says.
    #[must_use]
    pub fn unfit(&self) -> Option<String> {
        if !self.customers {
            return Some(format!("key {} is managed by AWS, and its policy lets no other service use it", self.arn));
        }
        (self.state != "Enabled").then(|| format!("key {} is in state {}", self.arn, self.state))
    }
}
