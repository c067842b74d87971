//! KMS keys: what was read of one, what services need of it, and the keys that Trailkeeper makes, one for each purpose
//! and region, found by an alias that is fixed in advance. Pure.

pub mod step;

use crate::documents::policy::{Decision, Request, Statement, decide, statements, with_statements};
use crate::model::{Place, Region, Seen};
use serde_json::Value;
use step::KeyStep;

/// A KMS key, as read.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyView {
    /// Its ARN.
    pub arn: String,
    /// Whether it carries our tag; not asked while nothing hangs on it.
    pub managed: Option<Seen<bool>>,
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
pub struct ManagedKey {
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
    /// The actions, each with the `Sid` of the statement of [`ManagedKey::policy`] that allows it.
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

impl ManagedKey {
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
    pub fn repair(&self, key: &KeyView, needs: &[KeyNeed<'_>]) -> KeyReady {
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
        match &key.managed {
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
    pub fn ready(
        &self,
        place: &Place,
        region: &Region,
        seen: Option<&Seen<KeyView>>,
        needs: &[KeyNeed<'_>],
    ) -> KeyReady {
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
        let (mut steps, arn) = match self.repair(found, needs) {
            KeyReady::By(steps, arn) => (steps, arn),
            other => return other,
        };
        match (&found.managed, &found.rotates) {
            (Some(Seen::Present(true)), Some(Seen::Unreadable(action))) => {
                return KeyReady::Unknown(format!("{action} was denied for key {arn}"));
            }
            (Some(Seen::Present(true)), Some(Seen::Present(false))) => steps.push(rotate(arn.clone())),
            _ => {}
        }
        KeyReady::By(steps, arn)
    }
}
