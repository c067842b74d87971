//! KMS keys: what was read of one, what services need of it, and the keys that Trailkeeper makes, one for each purpose
//! and region, found by an alias that is fixed in advance. Pure.

use crate::model::Seen;
use crate::place::{Place, Region};
use crate::policy::{Decision, Request, Statement, decide, statements, with_statements};
use serde_json::{Value, json};
use std::fmt;

/// A KMS key, as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Its ARN.
    pub arn: String,
    /// Whether it carries our tag; not asked while nothing hangs on it.
    pub ours: Option<Seen<bool>>,
    /// Whether a customer manages it. The policies of AWS's own cannot be changed.
    pub customers: bool,
    /// `KeyState`.
    pub state: String,
    /// Its policy.
    pub policy: Seen<Value>,
    /// Whether it rotates; not asked while it is not ours to set.
    pub rotates: Option<Seen<bool>>,
}

/// A key as we make it.
#[derive(Debug, Clone, PartialEq)]
pub struct OurKey {
    /// The alias by which it is found.
    pub alias: &'static str,
    /// What it is for, as its description says.
    pub purpose: &'static str,
    /// Its policy.
    pub policy: Value,
}

/// What a service needs of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyNeed<'a> {
    /// The service that uses it.
    pub service: &'a str,
    /// The condition keys that it sends along.
    pub known: Vec<(&'a str, &'a str)>,
    /// The actions, each with the `Sid` of the statement of [`OurKey::policy`] that allows it.
    pub actions: &'a [(&'a str, &'a str)],
}

/// What it takes to have a key serve.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyReady {
    /// These calls, perhaps none; and then the key is this one.
    By(Vec<KeyStep>, String),
    /// We must not; what a person should do.
    Never(String),
    /// It cannot be told.
    Unknown(String),
}

/// One call that makes or repairs such a key.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyStep {
    /// `kms:CreateKey` with our tags.
    Create {
        /// Its region.
        region: Region,
        /// The alias that it will have.
        alias: &'static str,
        /// Its description.
        purpose: &'static str,
        /// Its policy.
        policy: Value,
    },
    /// `kms:CreateAlias` for that key.
    Name {
        /// The key's region.
        region: Region,
        /// The alias.
        alias: &'static str,
        /// The alias's ARN, by which the key is known until it is made.
        alias_arn: String,
        /// The key's policy.
        policy: Value,
    },
    /// `kms:EnableKeyRotation`.
    Rotate {
        /// The key's region.
        region: Region,
        /// Its alias.
        alias: &'static str,
        /// The key's ARN, or its alias's.
        key: String,
    },
    /// `kms:PutKeyPolicy`, with what the policy lacks.
    PutPolicy {
        /// The key's ARN.
        key: String,
        /// The whole document.
        document: Value,
        /// The one that it has.
        replaces: Value,
    },
}

impl Key {
    /// Why it serves nobody as it is, whatever its policy says.
    #[must_use]
    pub fn unfit(&self) -> Option<String> {
        if !self.customers {
            return Some(format!("key {} is managed by AWS, and its policy lets no other service use it", self.arn));
        }
        (self.state != "Enabled").then(|| format!("key {} is in state {}", self.arn, self.state))
    }
}

impl OurKey {
    /// The statements of ours that a policy would need for the service to use the key; `None` where it hangs on
    /// conditions that only a real request can settle.
    #[must_use]
    pub fn missing(&self, policy: &Value, need: &KeyNeed<'_>) -> Option<Vec<Value>> {
        let mut sids = Vec::new();
        for (action, sid) in need.actions {
            let request = Request { service: Some(need.service), action, resources: &[], known: &need.known };
            match decide([policy], request) {
                Decision::Allowed => {}
                Decision::Unclear => return None,
                Decision::Denied | Decision::NotAllowed => sids.push(*sid),
            }
        }
        let named = |statement: &Statement<'_>| {
            let sid = statement.element("Sid").and_then(Value::as_str);
            sid.is_some_and(|sid| sids.contains(&sid))
        };
        Some(statements(&self.policy).filter(named).map(Statement::to_value).collect())
    }

    /// What it takes to have a key serve all of these: nothing, its policy completed where it is ours, or a person.
    #[must_use]
    pub fn repair(&self, key: &Key, needs: &[KeyNeed<'_>]) -> KeyReady {
        let arn = &key.arn;
        if let Some(why) = key.unfit() {
            return KeyReady::Never(format!(
                "Enable the key again, cancel its deletion, or use another: {why}. Trailkeeper leaves a key that \
                 someone disabled as it is."
            ));
        }
        let policy = match &key.policy {
            Seen::Present(policy) => policy,
            Seen::Absent => return KeyReady::Unknown(format!("the policy of key {arn} was not read")),
            Seen::Unreadable(action) => return KeyReady::Unknown(format!("{action} was denied for key {arn}")),
        };
        let unclear =
            || KeyReady::Unknown(format!("the policy of key {arn} has conditions that only a real request can settle"));
        let mut missing: Vec<Value> = Vec::new();
        for need in needs {
            let Some(more) = self.missing(policy, need) else { return unclear() };
            missing.extend(more.into_iter().filter(|statement| !missing.contains(statement)).collect::<Vec<_>>());
        }
        if missing.is_empty() {
            return KeyReady::By(vec![], arn.clone());
        }
        let whole = with_statements(Some(policy), &missing);
        match &key.ours {
            Some(Seen::Present(true)) if needs.iter().all(|need| self.missing(&whole, need) == Some(vec![])) => {
                let put = KeyStep::PutPolicy { key: arn.clone(), document: whole, replaces: policy.clone() };
                KeyReady::By(vec![put], arn.clone())
            }
            Some(Seen::Present(true)) => {
                KeyReady::Never(format!("A statement in the policy of key {arn} denies what is needed. Take it out."))
            }
            Some(Seen::Unreadable(action)) => KeyReady::Unknown(format!("{action} was denied for key {arn}")),
            Some(Seen::Present(false) | Seen::Absent) | None => KeyReady::Never(format!(
                "Trailkeeper does not edit the policy of a key that it did not make. Add this to that of {arn}: {}",
                Value::Array(missing)
            )),
        }
    }

    /// What it takes to have the key behind our alias serve. `seen` is `None` where it was not looked at.
    #[must_use]
    pub fn ready(&self, place: &Place, region: &Region, seen: Option<&Seen<Key>>, needs: &[KeyNeed<'_>]) -> KeyReady {
        let alias = self.alias;
        let rotate = |key: String| KeyStep::Rotate { region: region.clone(), alias, key };
        let found = match seen {
            None => return KeyReady::Unknown(format!("key {alias} was not read")),
            Some(Seen::Unreadable(action)) => return KeyReady::Unknown(format!("{action} was denied for key {alias}")),
            Some(Seen::Absent) => {
                let alias_arn = format!("arn:{}:kms:{region}:{}:{alias}", place.partition, place.account);
                let policy = self.policy.clone();
                let create =
                    KeyStep::Create { region: region.clone(), alias, purpose: self.purpose, policy: policy.clone() };
                let name = KeyStep::Name { region: region.clone(), alias, alias_arn: alias_arn.clone(), policy };
                return KeyReady::By(vec![create, name, rotate(alias_arn.clone())], alias_arn);
            }
            Some(Seen::Present(found)) => found,
        };
        let KeyReady::By(mut steps, arn) = self.repair(found, needs) else { return self.repair(found, needs) };
        if found.ours == Some(Seen::Present(true)) && found.rotates == Some(Seen::Present(false)) {
            steps.push(rotate(arn.clone()));
        }
        KeyReady::By(steps, arn)
    }
}

impl KeyStep {
    /// The IAM actions of the call; the first is the call itself.
    #[must_use]
    pub fn actions(&self) -> &'static [&'static str] {
        match self {
            // Before one is made, one is looked for that an earlier run left without its alias.
            Self::Create { .. } => &["kms:CreateKey", "kms:TagResource", "kms:ListKeys"],
            Self::Name { .. } => &["kms:CreateAlias"],
            Self::Rotate { .. } => &["kms:EnableKeyRotation"],
            Self::PutPolicy { .. } => &["kms:PutKeyPolicy"],
        }
    }

    /// Its place among the calls for one key.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self {
            Self::Create { .. } => 0,
            Self::Name { .. } => 1,
            Self::Rotate { .. } => 2,
            Self::PutPolicy { .. } => 3,
        }
    }

    /// What the call does to the key, where it is seen.
    pub fn effect(&self, seen: &mut Seen<Key>) {
        match self {
            // The key is found by its alias, which it has not yet.
            Self::Create { .. } => {}
            Self::Name { region: _, alias: _, alias_arn, policy } => {
                *seen = Seen::Present(Key {
                    arn: alias_arn.clone(),
                    ours: Some(Seen::Present(true)),
                    customers: true,
                    state: "Enabled".to_owned(),
                    policy: Seen::Present(policy.clone()),
                    rotates: Some(Seen::Present(false)),
                });
            }
            Self::Rotate { region: _, alias: _, key } => {
                if let Seen::Present(found) = seen
                    && found.arn == *key
                {
                    found.rotates = Some(Seen::Present(true));
                }
            }
            Self::PutPolicy { key, document, replaces: _ } => {
                if let Seen::Present(found) = seen
                    && found.arn == *key
                {
                    found.policy = Seen::Present(document.clone());
                }
            }
        }
    }

    /// What the call replaces.
    #[must_use]
    pub fn before(&self) -> Option<Value> {
        match self {
            Self::Create { .. } | Self::Name { .. } => None,
            Self::Rotate { .. } => Some(json!({ "KeyRotationEnabled": false })),
            Self::PutPolicy { replaces, .. } => Some(replaces.clone()),
        }
    }

    /// What the call puts there.
    #[must_use]
    pub fn after(&self) -> Value {
        match self {
            Self::Create { policy, .. } => policy.clone(),
            Self::Name { alias, .. } => json!({ "AliasName": alias }),
            Self::Rotate { .. } => json!({ "KeyRotationEnabled": true }),
            Self::PutPolicy { document, .. } => document.clone(),
        }
    }

    /// How a person takes it back.
    #[must_use]
    pub fn undo(&self) -> String {
        match self {
            Self::Create { region, alias, .. } => format!(
                "aws kms disable-key --region {region} --key-id (the key of {alias}; once nothing uses it: what it encrypted needs it for ever)"
            ),
            Self::Name { region, alias, .. } => {
                format!("aws kms delete-alias --region {region} --alias-name {alias} (once nothing uses the key)")
            }
            Self::Rotate { region, alias, .. } => {
                format!("aws kms disable-key-rotation --region {region} --key-id (the key of {alias})")
            }
            Self::PutPolicy { key, .. } => format!(
                "aws kms put-key-policy --key-id {key} --policy-name default --policy (the document before, in this report)"
            ),
        }
    }
}

impl fmt::Display for KeyStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { region, alias, purpose: _, policy: _ } => {
                write!(f, "create the KMS key of {alias} in {region}")
            }
            Self::Name { region, alias, alias_arn: _, policy: _ } => write!(f, "name that key {alias} in {region}"),
            Self::Rotate { region, alias, key: _ } => write!(f, "have {alias} rotate in {region}"),
            Self::PutPolicy { key, document: _, replaces: _ } => write!(f, "complete the policy of key {key}"),
        }
    }
}
