//! Calls that create or repair our KMS keys. Pure.

use super::KeyView;
use crate::documents::policy::{Excess, Statement, beyond};
use crate::model::{Call, Place, Property, Region, Seen};
use serde_json::{Value, json};
use std::fmt;

/// Call that creates or repairs one of our keys.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyStep {
    /// `kms:CreateKey`.
    Create {
        /// Region of the key.
        region: Region,
        /// Alias that the key will have.
        alias: String,
        /// Description of the key.
        purpose: &'static str,
        /// Key policy.
        policy: Value,
        /// Why the keys behind our earlier aliases are not used.
        passed: Vec<String>,
    },
    /// `kms:CreateAlias` for the new key.
    Name {
        /// Region of the key.
        region: Region,
        /// Alias to create.
        alias: String,
        /// ARN of the alias, which identifies the key until it is created.
        alias_arn: String,
        /// Key policy.
        policy: Value,
    },
    /// `kms:EnableKeyRotation`.
    Rotate {
        /// Region of the key.
        region: Region,
        /// Alias of the key.
        alias: String,
        /// ARN of the key, or of its alias.
        key: String,
    },
    /// `kms:PutKeyPolicy`, with the missing statements added.
    PutPolicy {
        /// ARN of the key.
        key: String,
        /// Complete policy document.
        document: Value,
        /// Current policy.
        replaces: Value,
    },
}

impl Call for KeyStep {
    fn actions(&self) -> &'static [&'static str] {
        match self {
            // Before creating a key, the call looks for one that an earlier run left without an alias.
            Self::Create { .. } => &["kms:CreateKey", "kms:ListKeys"],
            Self::Name { .. } => &["kms:CreateAlias"],
            Self::Rotate { .. } => &["kms:EnableKeyRotation"],
            Self::PutPolicy { .. } => &["kms:PutKeyPolicy"],
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Create { .. } => 0,
            Self::Name { .. } => 1,
            Self::Rotate { .. } => 2,
            Self::PutPolicy { .. } => 3,
        }
    }

    fn makes(&self) -> Option<String> {
        let Self::Create { region, alias, .. } = self else { return None };
        Some(format!("{region}#{alias}"))
    }

    fn before(&self) -> Option<Value> {
        match self {
            Self::Create { .. } | Self::Name { .. } => None,
            Self::Rotate { .. } => Some(json!({ "KeyRotationEnabled": false })),
            Self::PutPolicy { replaces, .. } => Some(replaces.clone()),
        }
    }

    fn after(&self) -> Value {
        match self {
            Self::Create { policy, .. } => policy.clone(),
            Self::Name { alias, .. } => json!({ "AliasName": alias }),
            Self::Rotate { .. } => json!({ "KeyRotationEnabled": true }),
            Self::PutPolicy { document, .. } => document.clone(),
        }
    }

    fn property(&self, _: &Place) -> Property {
        match self {
            Self::Create { region, alias, .. } => Property::Key { region: region.clone(), alias: alias.clone() },
            Self::Name { region, alias, .. } => Property::KeyAlias { region: region.clone(), alias: alias.clone() },
            Self::Rotate { region, key, .. } => Property::KeyRotation { region: region.clone(), key: key.clone() },
            Self::PutPolicy { key, .. } => Property::KeyPolicy { key: key.clone() },
        }
    }
}

impl KeyStep {
    /// Applies the effect of the call to a key that was read.
    pub fn effect(&self, seen: &mut Seen<KeyView>) {
        match self {
            // A key is found by its alias, which a new key does not have yet.
            Self::Create { .. } => {}
            Self::Name { region: _, alias: _, alias_arn, policy } => {
                let new = KeyView {
                    arn: alias_arn.clone(),
                    managed: Seen::Present(true),
                    customers: true,
                    native: true,
                    state: "Enabled".to_owned(),
                    policy: Seen::Present(policy.clone()),
                    grants: Seen::Present(vec![]),
                    rotates: Seen::Present(false),
                    next: Box::default(),
                };
                put(seen, new);
            }
            Self::Rotate { region: _, alias: _, key } => {
                with(seen, key, |found| found.rotates = Seen::Present(true));
            }
            Self::PutPolicy { key, document, replaces: _ } => {
                with(seen, key, |found| found.policy = Seen::Present(document.clone()));
            }
        }
    }
}

/// Puts a new key in the first place without one among those behind our aliases.
fn put(seen: &mut Seen<KeyView>, new: KeyView) {
    match seen {
        Seen::Present(key) if key.arn != new.arn => put(&mut key.next, new),
        free => *free = Seen::Present(new),
    }
}

/// Changes the key with this ARN, if it is among those behind our aliases.
fn with(seen: &mut Seen<KeyView>, arn: &str, change: impl FnOnce(&mut KeyView)) {
    match seen {
        Seen::Present(key) if key.arn == arn => change(key),
        Seen::Present(key) => with(&mut key.next, arn, change),
        Seen::Absent | Seen::Unreadable(_) | Seen::NotAsked => {}
    }
}

impl fmt::Display for KeyStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { region, alias, purpose: _, policy: _, passed } => {
                write!(f, "create the KMS key of {alias} in {region}")?;
                passed.iter().try_for_each(|why| write!(f, "; {why}"))
            }
            Self::Name { region, alias, alias_arn: _, policy: _ } => {
                write!(f, "give that key the alias {alias} in {region}")
            }
            Self::Rotate { region, alias, key: _ } => write!(f, "turn on rotation of {alias} in {region}"),
            Self::PutPolicy { key, document, replaces } => {
                let harmful: Vec<Value> = beyond(replaces, document).into_iter().map(Statement::to_value).collect();
                if harmful.is_empty() {
                    return write!(f, "complete the policy of key {key}");
                }
                let gone = Excess { harmful, doubtful: vec![] };
                write!(f, "put back the policy of key {key}, which said that {gone}")
            }
        }
    }
}
