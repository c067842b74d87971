//! Policies of an account for its log groups, as far as they harm what a log group holds or hand it on. Pure.

use crate::model::Arn;
use serde_json::Value;

/// Policy of the account that applies to a log group ([PutAccountPolicy]).
///
/// [PutAccountPolicy]: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutAccountPolicy.html
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AccountPolicy {
    /// Name of the policy.
    pub name: String,
    /// Effect on the events of the log group.
    pub effect: AccountPolicyEffect,
}

/// Effect of a policy on the events of a log group.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountPolicyEffect {
    /// Parts of the events are masked for whoever reads them, metric filters among them.
    Masks,
    /// Each event is handed on to the stream, function or destination with this ARN.
    HandsOn(String),
}

impl AccountPolicy {
    /// Returns the effect of a policy by its document, if it masks events or hands them on and its selection criteria
    /// leave the log group in; `None` for any other. A data protection policy that only audits masks nothing.
    #[must_use]
    pub fn on(group: &str, name: &str, document: &str, criteria: &str) -> Option<Self> {
        if !selects(criteria, group) {
            return None;
        }
        let parsed: Value = serde_json::from_str(document).unwrap_or_default();
        let effect = match parsed.get("DestinationArn").and_then(Value::as_str) {
            Some(destination) => AccountPolicyEffect::HandsOn(destination.to_owned()),
            None if document.contains("Deidentify") => AccountPolicyEffect::Masks,
            None => return None,
        };
        Some(Self { name: name.to_owned(), effect })
    }

    /// Returns what harms a log group about this policy: the rest of a sentence. An account for which `is_trusted` holds
    /// may receive events.
    #[must_use]
    pub fn harm(&self, account: &str, is_trusted: &dyn Fn(&str) -> bool) -> Option<String> {
        let Self { name, effect } = self;
        match effect {
            AccountPolicyEffect::Masks => Some(format!("policy {name} of the account masks parts of its events")),
            AccountPolicyEffect::HandsOn(destination) => {
                let owner = Arn::parse(destination).map_or("", |arn| arn.account);
                let owner = if owner.is_empty() { account } else { owner };
                (!is_trusted(owner)).then(|| format!("policy {name} of the account hands its events to {destination}"))
            }
        }
    }
}

/// Returns whether criteria leave a log group in. A policy of subscriptions names the groups that it is not for, as
/// `LogGroupName NOT IN ["a"]`; without criteria it is for all.
fn selects(criteria: &str, group: &str) -> bool {
    let mut quoted = criteria.split('"').skip(1).step_by(2);
    !(criteria.contains("NOT IN") && quoted.any(|name| name == group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_masks_events_or_hands_them_on_is_harm() {
        let harm = |document: &str, criteria: &str| {
            let trusted = |account: &str| ["111122223333", "444455556666"].contains(&account);
            AccountPolicy::on("/g", "p", document, criteria)?.harm("111122223333", &trusted)
        };
        let to = |account: &str| format!(r#"{{"DestinationArn": "arn:aws:logs:eu-west-1:{account}:destination:x"}}"#);
        assert!(harm(&to("999999999999"), "").is_some_and(|it| it.contains("hands its events to arn:aws:logs")));
        assert_eq!((harm(&to("111122223333"), ""), harm(&to("444455556666"), "")), (None, None));
        assert_eq!(harm(&to("999999999999"), r#"LogGroupName NOT IN ["/g", "/h"]"#), None);
        assert!(harm(&to("999999999999"), r#"LogGroupName NOT IN ["/h"]"#).is_some());
        let protection = |operation: &str| format!(r#"{{"Statement": [{{"Operation": {{"{operation}": {{}}}}}}]}}"#);
        assert!(harm(&protection("Deidentify"), "").is_some_and(|it| it.contains("masks parts")));
        assert_eq!((harm(&protection("Audit"), ""), harm("no JSON", "")), (None, None));
    }
}
