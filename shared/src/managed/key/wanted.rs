//! Keys that Trailkeeper creates, one per purpose and region, each found by a fixed alias. Pure.

use super::keeper::Keeper;
use super::step::KeyStep;
use super::{KeyNeed, KeyView};
use crate::documents::policy::{
    Decision, Excess, Request, Statement, beyond, decide, same, statements, with_statements,
};
use crate::model::{Arn, Blocked, Place, Region, Seen};
use serde_json::Value;

/// Number of aliases that are tried for one key.
const NAMES: usize = 3;

/// Actions that use a key, but neither change it nor hand it on ([KMS developer guide, permissions]).
///
/// [KMS developer guide, permissions]: https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html
const USES: [&str; 7] =
    ["kms:Decrypt", "kms:Describe*", "kms:Encrypt", "kms:GenerateDataKey*", "kms:Get*", "kms:List*", "kms:ReEncrypt*"];

/// KMS key as Trailkeeper creates it.
#[derive(Debug, Clone, PartialEq)]
pub struct ManagedKey {
    /// Alias of the key, by which it is found.
    pub alias: &'static str,
    /// Purpose of the key, used as its description.
    pub purpose: &'static str,
    /// Key policy, without the statement of the keeper.
    pub policy: Value,
    /// Who keeps the key.
    pub keeper: Keeper,
}

impl ManagedKey {
    /// Returns the same key, kept by the functions of the stack of this name; without one, by those of the stack with the
    /// default name.
    #[must_use]
    pub fn kept_by(self, stack: Option<&str>) -> Self {
        match stack {
            Some(stack) => Self { keeper: self.keeper.in_stack(stack), ..self },
            None => self,
        }
    }

    /// Returns the policy with which the key is created: the services that use the key may, and so may Trailkeeper what
    /// keeps it in order.
    #[must_use]
    pub fn whole(&self) -> Value {
        with_statements(Some(&self.policy), std::slice::from_ref(self.keeper.statement()))
    }

    /// Returns our statements that the policy of a key, given by its ARN, would need to let the service use it; `None`
    /// if that depends on conditions that only a real request can settle.
    #[must_use]
    pub fn missing(&self, key: &str, policy: &Value, need: &KeyNeed<'_>) -> Option<Vec<Value>> {
        let mut sids = Vec::new();
        let resources = [key.into()];
        for (action, sid) in need.actions {
            let request = Request { service: Some(need.service), action, resources: &resources, known: &need.known };
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

    /// Returns whether a key that something uses is in order by its policy alone, whoever made it: it serves, and allows
    /// nobody more than ours would.
    #[must_use]
    pub fn is_settled(&self, key: &str, policy: &Value, need: &KeyNeed<'_>) -> bool {
        self.missing(key, policy, need) == Some(vec![]) && self.excess(policy, account_of(key)).is_empty()
    }

    /// Returns what the policy of a key of ours has come to allow beyond our document; `None` if the key is not known
    /// to have our description and alias.
    #[must_use]
    pub fn widened(&self, key: &KeyView) -> Option<String> {
        let policy = key.policy.present().filter(|_| key.managed == Seen::Present(true))?;
        let excess = self.excess(policy, account_of(&key.arn));
        (!excess.is_empty()).then(|| format!("by the policy of key {}, {excess}", key.arn))
    }

    fn excess(&self, policy: &Value, account: &str) -> Excess {
        Excess::of(&self.keeper.without(policy), &self.policy, account, &USES)
    }

    /// Returns the calls that make a key meet all these needs: none, or a policy put back or completed if the key is
    /// ours.
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
        let excess = self.excess(policy, account_of(arn));
        let missing = self.all_missing(arn, policy, needs)?;
        if missing.is_empty() && (excess.is_empty() || key.managed == Seen::Present(false)) {
            return Ok(vec![]);
        }
        if key.managed.known_of(&its)? != Some(&true) {
            return Err(Blocked::Advise(format!(
                "Trailkeeper does not edit the policy of a key that it did not create. Add this to the policy of \
                 {arn}: {}",
                Value::Array(missing)
            )));
        }
        let kept = self.keeper.without(policy);
        let holds_ours = beyond(&self.policy, &kept).len() < statements(&self.policy).count();
        if !excess.is_empty() && !holds_ours {
            return Err(Blocked::Advise(format!(
                "Key {arn} has Trailkeeper's alias and description, but none of its policy is Trailkeeper's: {excess}. Find \
                 out who made it, and set another key."
            )));
        }
        let is_kept = self.keeper.is_in(policy);
        let before = if is_kept { policy } else { &kept };
        let cut = excess.cut(before);
        let missing = self.all_missing(arn, &cut, needs)?;
        if missing.is_empty() && cut == *before {
            return Err(Blocked::Advise(format!(
                "Remove from the policy of {its} what Trailkeeper did not put there, unless someone needs it: {excess}. \
                 Trailkeeper leaves it, since readers may depend on it."
            )));
        }
        let keeper = (!is_kept).then(|| self.keeper.statement().clone());
        let added: Vec<Value> = missing.into_iter().chain(keeper).collect();
        let whole = with_statements(Some(&cut), &added);
        if needs.iter().any(|need| self.missing(arn, &whole, need) != Some(vec![])) {
            let advice = format!("A statement in the policy of {its} denies the required access. Remove it.");
            return Err(Blocked::Advise(advice));
        }
        Ok(vec![KeyStep::PutPolicy { key: arn.clone(), document: whole, replaces: policy.clone() }])
    }

    fn all_missing(&self, key: &str, policy: &Value, needs: &[KeyNeed<'_>]) -> Result<Vec<Value>, Blocked> {
        let mut missing: Vec<Value> = Vec::new();
        for need in needs {
            let more = self.missing(key, policy, need).ok_or_else(|| {
                Blocked::Unknown(format!("the policy of key {key} has conditions that only a real request can resolve"))
            })?;
            missing.extend(more.into_iter().filter(|statement| !missing.contains(statement)).collect::<Vec<_>>());
        }
        Ok(missing)
    }

    /// Returns the aliases that our key may have, in the order in which they are tried.
    #[must_use]
    pub fn aliases(&self) -> Vec<String> {
        let more = (2..=NAMES).map(|number| format!("{}-{number}", self.alias));
        std::iter::once(self.alias.to_owned()).chain(more).collect()
    }

    /// Returns why a key behind one of our aliases is not ours, if so. A key is ours if its policy is our document, or
    /// a part of it that we may complete, and no grant lets in anybody else: what anybody can set, an alias and a
    /// description, proves nothing.
    #[must_use]
    pub fn stranger(&self, key: &KeyView) -> Option<String> {
        let policy = match key.policy.known() {
            Ok(policy) => policy?,
            Err(_) => return None,
        };
        let policy = &self.keeper.without(policy);
        let completes = key.managed == Seen::Present(true) || same(policy, &self.policy);
        if !key.customers || !key.native {
            return Some("is of another kind than Trailkeeper's".to_owned());
        }
        if !completes || !policy.is_object() || !beyond(policy, &self.policy).is_empty() {
            return Some("does not have Trailkeeper's policy".to_owned());
        }
        let strange = key
            .grants
            .present()
            .and_then(|all| all.iter().find(|grant| grant.is_strange(account_of(&key.arn), &|_| false)));
        strange.map(|grant| format!("has a grant of somebody else's, by which {grant},"))
    }

    /// Returns the calls that make the key behind our alias usable, possibly none. If a key has our alias but is not
    /// ours, the next alias is tried.
    ///
    /// # Errors
    /// Returns an error if there are no such calls.
    pub fn ready(
        &self,
        place: &Place,
        region: &Region,
        mut seen: &Seen<KeyView>,
        needs: &[KeyNeed<'_>],
    ) -> Result<ReadyKey, Blocked> {
        let rotate = |alias: &str, key: &str| KeyStep::Rotate {
            region: region.clone(),
            alias: alias.to_owned(),
            key: key.to_owned(),
        };
        let mut passed = Vec::new();
        for alias in self.aliases() {
            let Some(found) = seen.known_of(format_args!("key {alias}"))? else {
                let id = format!("arn:{}:kms:{region}:{}:{alias}", place.partition, place.account);
                let (region, policy) = (region.clone(), self.whole());
                let create = KeyStep::Create {
                    region: region.clone(),
                    alias: alias.clone(),
                    purpose: self.purpose,
                    policy: policy.clone(),
                    passed,
                };
                let name = KeyStep::Name { region, alias: alias.clone(), alias_arn: id.clone(), policy };
                let rotate = rotate(&alias, &id);
                return Ok(ReadyKey { steps: vec![create, name, rotate], id, alias });
            };
            if let Some(why) = self.stranger(found) {
                passed.push(format!("key {} of {alias} {why} and is not used", found.arn));
                seen = &found.next;
                continue;
            }
            if let Seen::Unreadable(_) = found.grants {
                found.grants.known_of(format_args!("the grants of key {}", found.arn))?;
            }
            let mut steps = self.repair(found, needs)?;
            let managed = found.managed == Seen::Present(true);
            if managed && found.rotates.known_of(format_args!("key {}", found.arn))? == Some(&false) {
                steps.push(rotate(&alias, &found.arn));
            }
            return Ok(ReadyKey { steps, id: found.arn.clone(), alias });
        }
        Err(Blocked::Advise(format!(
            "Find out who made these keys, and delete their aliases: {}. Then Trailkeeper creates its own.",
            passed.join("; ")
        )))
    }
}

/// Key of ours, and the calls that make it usable.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadyKey {
    /// Calls, in order; possibly none.
    pub steps: Vec<KeyStep>,
    /// ARN of the key, or of its alias if the key does not exist yet.
    pub id: String,
    /// Alias of the key.
    pub alias: String,
}

fn account_of(arn: &str) -> &str {
    Arn::parse(arn).map_or("", |arn| arn.account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed::key::grant::KeyGrant;
    use serde_json::json;

    const NEED: KeyNeed<'_> =
        KeyNeed { service: "x.amazonaws.com", known: vec![], actions: &[("kms:GenerateDataKey", "Service")] };

    fn wanted() -> ManagedKey {
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"},
            {"Sid": "Service", "Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "kms:GenerateDataKey*", "Resource": "*"}]});
        let (region, account) = (Region::parse("eu-west-1").expect("a region"), "111122223333".to_owned());
        let keeper = Keeper::of(&Place { partition: "aws".into(), account, region }, "trail");
        ManagedKey { alias: "alias/ours", purpose: "for tests", policy, keeper }
    }

    fn key(id: &str, policy: Value) -> KeyView {
        KeyView {
            arn: format!("arn:aws:kms:eu-west-1:111122223333:key/{id}"),
            managed: Seen::Present(true),
            customers: true,
            native: true,
            state: "Enabled".to_owned(),
            policy: Seen::Present(policy),
            grants: Seen::Present(vec![]),
            rotates: Seen::Present(true),
            next: Box::default(),
        }
    }

    fn with(principal: &str, action: &str) -> Value {
        let more = json!({"Sid": "More", "Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"});
        with_statements(Some(&wanted().policy), &[more])
    }

    fn ready(seen: &Seen<KeyView>) -> Result<ReadyKey, Blocked> {
        let region = Region::parse("eu-west-1").expect("a region");
        let place = Place { partition: "aws".into(), account: "111122223333".into(), region: region.clone() };
        wanted().ready(&place, &region, seen, &[NEED])
    }

    const STRANGER: &str = "arn:aws:iam::999999999999:root";

    #[test]
    fn a_key_of_our_alias_is_ours_by_its_policy_alone() {
        let part = json!({"Statement": wanted().policy["Statement"][0]});
        let foreign = json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "kms:*", "Resource": "*"}});
        let is_ours = |key: &KeyView| wanted().stranger(key).is_none();
        let untagged = |policy: &Value| KeyView { managed: Seen::Present(false), ..key("k", policy.clone()) };
        assert!(
            is_ours(&key("k", wanted().policy))
                && is_ours(&untagged(&wanted().policy))
                && is_ours(&key("k", part.clone()))
        );
        let wider = [
            foreign,
            with(STRANGER, "kms:Decrypt"),
            with("arn:aws:iam::111122223333:user/m", "kms:Decrypt"),
            json!("x"),
        ];
        for policy in wider {
            assert!(!is_ours(&key("k", policy.clone())), "{policy}");
        }
        assert!(!is_ours(&untagged(&part)), "a part of ours that we may not complete");
        assert!(!is_ours(&KeyView { native: false, ..key("k", wanted().policy) }));
        assert!(!is_ours(&KeyView { customers: false, ..key("k", wanted().policy) }));
    }

    #[test]
    fn a_key_with_our_policy_and_a_grant_for_somebody_else_is_not_ours() {
        let grant = |grantee: &str, operation: &str| KeyGrant {
            id: "g".to_owned(),
            grantee: grantee.to_owned(),
            issuer: None,
            operations: vec![operation.to_owned()],
        };
        let with = |grant| KeyView { grants: Seen::Present(vec![grant]), ..key("k", wanted().policy) };
        let planted = KeyView { next: Box::new(Seen::Absent), ..with(grant(STRANGER, "Decrypt")) };
        let fresh = ready(&Seen::Present(planted)).expect("a new key");
        assert_eq!(fresh.alias, "alias/ours-2");
        let told = fresh.steps.first().map(ToString::to_string).unwrap_or_default();
        assert!(
            told.contains("key/k of alias/ours has a grant of somebody else's") && told.contains(STRANGER),
            "{told}"
        );
        for harmless in [grant("backup.amazonaws.com", "Decrypt"), grant(STRANGER, "DescribeKey")] {
            assert_eq!(wanted().stranger(&with(harmless)), None);
        }
        let unread = KeyView { grants: Seen::Unreadable("kms:ListGrants"), ..key("k", wanted().policy) };
        assert!(
            matches!(ready(&Seen::Present(unread)), Err(Blocked::Unknown(needs)) if needs.contains("kms:ListGrants"))
        );
    }

    #[test]
    fn another_ones_key_leads_to_the_next_alias() {
        let taken =
            |id: &str, next| Seen::Present(KeyView { next: Box::new(next), ..key(id, with(STRANGER, "kms:*")) });
        let fresh = ready(&taken("theirs", Seen::Absent)).expect("a new key");
        assert_eq!(fresh.alias, "alias/ours-2");
        assert_eq!(fresh.id, "arn:aws:kms:eu-west-1:111122223333:alias/ours-2");
        let told = fresh.steps.first().map(ToString::to_string).unwrap_or_default();
        assert!(told.contains("key/theirs of alias/ours does not have Trailkeeper's policy and is not used"), "{told}");
        let ours = ready(&taken("theirs", Seen::Present(key("ours", wanted().policy)))).expect("our key");
        assert_eq!((ours.steps, ours.alias.as_str()), (vec![], "alias/ours-2"));
        let all = taken("a", taken("b", taken("c", Seen::NotAsked)));
        assert!(matches!(ready(&all), Err(Blocked::Advise(advice)) if advice.contains("key/c of alias/ours-3")));
        assert!(matches!(ready(&taken("a", Seen::NotAsked)), Err(Blocked::Unknown(_))));
    }

    #[test]
    fn a_key_of_ours_in_use_gets_its_document_back() {
        let repair = |key: &KeyView| wanted().repair(key, &[NEED]);
        let widened = key("k", with(STRANGER, "kms:*"));
        let steps = repair(&widened).expect("a call");
        let [step @ KeyStep::PutPolicy { document, .. }] = steps.as_slice() else { panic!("{steps:?}") };
        assert!(same(document, &wanted().whole()));
        assert!(step.to_string().contains(&format!("{STRANGER} may kms:*")), "{step}");
        assert!(wanted().widened(&widened).is_some_and(|what| what.contains(STRANGER)));
        for doubtful in [with(STRANGER, "kms:Decrypt"), with("arn:aws:iam::111122223333:user/m", "kms:*")] {
            assert!(matches!(repair(&key("k", doubtful.clone())), Err(Blocked::Advise(_))), "{doubtful}");
        }
        let theirs = KeyView { managed: Seen::Present(false), ..widened.clone() };
        assert_eq!(repair(&theirs), Ok(vec![]), "a customer's key is the customer's affair");
        let unread = KeyView { managed: Seen::Unreadable("kms:DescribeKey"), ..widened };
        assert!(matches!(repair(&unread), Err(Blocked::Unknown(_))));
    }

    #[test]
    fn a_key_with_our_marks_alone_is_told_and_left() {
        let theirs = json!({"Statement": [
            {"Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": "kms:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": "kms:*", "Resource": "*"}]});
        let told = wanted().repair(&key("k", theirs), &[NEED]);
        assert!(matches!(told, Err(Blocked::Advise(advice)) if advice.contains("none of its policy is Trailkeeper's")));
    }
}
