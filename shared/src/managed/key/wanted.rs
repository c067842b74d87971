//! Keys that Trailkeeper creates, one per purpose and region, each found by a fixed alias. Pure.

use super::step::KeyStep;
use super::{KeyNeed, KeyView};
use crate::documents::policy::{Decision, Request, Statement, decide, statements, with_statements};
use crate::model::{Blocked, Place, Region, Seen};
use serde_json::Value;

/// KMS key as Trailkeeper creates it.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedKey {
    /// Alias of the key, by which it is found.
    pub alias: &'static str,
    /// Purpose of the key, used as its description.
    pub purpose: &'static str,
    /// Key policy.
    pub policy: Value,
}

impl ManagedKey {
    /// Returns our statements that a policy would need to let the service use the key; `None` if that depends on
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

    /// Returns the calls that make a key meet all these needs: none, or a completed policy if the key is ours.
    ///
    /// # Errors
    /// Returns an error if there are no such calls.
    pub fn repair(&self, key: &KeyView, needs: &[KeyNeed<'_>]) -> Result<Vec<KeyStep>, Blocked> {
        let arn = &key.arn;
        if let Some(why) = key.unfit() {
            return Err(Blocked::Advise(format!(
                "Re-enable the key, cancel its deletion, or use another one: {why}. Trailkeeper does not touch a key \
                 that someone disabled."
            )));
        }
        let its = format!("key {arn}");
        let policy = key.policy.known_of(&its)?;
        let policy = policy.ok_or_else(|| Blocked::Unknown(format!("the policy of {its} was not read")))?;
        let mut missing: Vec<Value> = Vec::new();
        for need in needs {
            let more = self.missing(policy, need).ok_or_else(|| {
                Blocked::Unknown(format!("the policy of {its} has conditions that only a real request can resolve"))
            })?;
            missing.extend(more.into_iter().filter(|statement| !missing.contains(statement)).collect::<Vec<_>>());
        }
        if missing.is_empty() {
            return Ok(vec![]);
        }
        if key.managed.known_of(&its)? != Some(&true) {
            return Err(Blocked::Advise(format!(
                "Trailkeeper does not edit the policy of a key that it did not create. Add this to the policy of \
                 {arn}: {}",
                Value::Array(missing)
            )));
        }
        let whole = with_statements(Some(policy), &missing);
        if needs.iter().any(|need| self.missing(&whole, need) != Some(vec![])) {
            let advice = format!("A statement in the policy of {its} denies the required access. Remove it.");
            return Err(Blocked::Advise(advice));
        }
        Ok(vec![KeyStep::PutPolicy { key: arn.clone(), document: whole, replaces: policy.clone() }])
    }

    /// Returns the calls that make the key behind our alias usable, possibly none, and the ARN of the key, or of its
    /// alias if the key does not exist yet.
    ///
    /// # Errors
    /// Returns an error if there are no such calls.
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
