//! KMS keys: what was read of one, what services need of it, and the keys that Trailkeeper makes, one for each purpose
//! and region, found by an alias that is fixed in advance. Pure.

pub mod step;

use crate::documents::policy::{Decision, Request, Statement, decide, statements, with_statements};
use crate::model::{Blocked, Place, Region, Seen};
use serde_json::Value;
use step::KeyStep;

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

    /// Returns the calls after which a key serves all of these: none, or its policy completed where it is ours.
    ///
    /// # Errors
    /// Why there are no such calls.
    pub fn repair(&self, key: &KeyView, needs: &[KeyNeed<'_>]) -> Result<Vec<KeyStep>, Blocked> {
        let arn = &key.arn;
        if let Some(why) = key.unfit() {
            return Err(Blocked::Advise(format!(
                "Enable the key again, cancel its deletion, or use another: {why}. Trailkeeper leaves a key that \
                 someone disabled as it is."
            )));
        }
        let its = format!("key {arn}");
        let policy = key.policy.known_of(&its)?;
        let policy = policy.ok_or_else(|| Blocked::Unknown(format!("the policy of {its} was not read")))?;
        let mut missing: Vec<Value> = Vec::new();
        for need in needs {
            let more = self.missing(policy, need).ok_or_else(|| {
                Blocked::Unknown(format!("the policy of {its} has conditions that only a real request can settle"))
            })?;
            missing.extend(more.into_iter().filter(|statement| !missing.contains(statement)).collect::<Vec<_>>());
        }
        if missing.is_empty() {
            return Ok(vec![]);
        }
        if key.managed.known_of(&its)? != Some(&true) {
            return Err(Blocked::Advise(format!(
                "Trailkeeper does not edit the policy of a key that it did not make. Add this to that of {arn}: {}",
                Value::Array(missing)
            )));
        }
        let whole = with_statements(Some(policy), &missing);
        if needs.iter().any(|need| self.missing(&whole, need) != Some(vec![])) {
            let advice = format!("A statement in the policy of {its} denies what is needed. Take it out.");
            return Err(Blocked::Advise(advice));
        }
        Ok(vec![KeyStep::PutPolicy { key: arn.clone(), document: whole, replaces: policy.clone() }])
    }

    /// Returns the calls after which the key behind our alias serves, perhaps none, and the key's ARN: that of its alias
    /// where it is yet to be made.
    ///
    /// # Errors
    /// Why there are no such calls.
    pub fn ready(
        &self,
        place: &Place,
        region: &Region,
        seen: &Seen<KeyView>,
        needs: &[KeyNeed<'_>],
    ) -> Result<(Vec<KeyStep>, String), Blocked> {
        let alias = self.alias;
        let rotate = |key: String| KeyStep::Rotate { region: region.clone(), alias, key };
        let Some(found) = seen.known_of(format_args!("key {alias}"))? else {
            let alias_arn = format!("arn:{}:kms:{region}:{}:{alias}", place.partition, place.account);
            let policy = self.policy.clone();
            let create =
                KeyStep::Create { region: region.clone(), alias, purpose: self.purpose, policy: policy.clone() };
            let name = KeyStep::Name { region: region.clone(), alias, alias_arn: alias_arn.clone(), policy };
            return Ok((vec![create, name, rotate(alias_arn.clone())], alias_arn));
        };
        let mut steps = self.repair(found, needs)?;
        let managed = found.managed == Seen::Present(true);
        if managed && found.rotates.known_of(format_args!("key {}", found.arn))? == Some(&false) {
            steps.push(rotate(found.arn.clone()));
        }
        Ok((steps, found.arn.clone()))
    }
}
