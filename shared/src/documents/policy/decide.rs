//! Decides one request against a set of policy documents, as IAM does: an explicit Deny wins, then an Allow, else no.

use super::condition::{Holds, holds};
use super::statement::statements;
use serde_json::Value;

/// One request, as far as it is known beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Calling service, for a trust policy; `None` for a role's own policies, which name no principal.
    pub service: Option<&'a str>,
    /// Action, such as `logs:PutLogEvents`.
    pub action: &'a str,
    /// ARN of the resource, in all forms that are common in policies: one that matches is enough.
    pub resources: &'a [String],
    /// Condition keys whose values are known, with these values. A key with an empty value is known to be missing.
    pub known: &'a [(&'a str, &'a str)],
}

/// IAM's decision on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows the request, and none denies it.
    Allowed,
    /// A statement denies the request, whatever others allow.
    Denied,
    /// No statement allows the request.
    NotAllowed,
    /// The decision depends on conditions that cannot be evaluated here.
    Unclear,
}

/// Decides one request ([IAM user guide, policy evaluation logic]).
///
/// [IAM user guide, policy evaluation logic]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
#[must_use]
pub fn decide<'a>(documents: impl IntoIterator<Item = &'a Value>, request: Request<'_>) -> Decision {
    let mut allowed = Holds::No;
    let mut denied = Holds::No;
    for statement in documents.into_iter().flat_map(statements) {
        let concerns = statement.covers_action(request.action)
            && request.service.is_none_or(|service| statement.covers_service(service))
            && (request.resources.is_empty() || request.resources.iter().any(|it| statement.covers_resource(it)));
        if concerns {
            let held = statement.condition().map_or(Holds::Yes, |block| holds(block, request.known));
            let side = if statement.allows() { &mut allowed } else { &mut denied };
            *side = held.max(*side);
        }
    }
    match (denied, allowed) {
        (Holds::Yes, _) => Decision::Denied,
        (_, Holds::No) => Decision::NotAllowed,
        (Holds::No, Holds::Yes) => Decision::Allowed,
        (Holds::Unclear, _) | (_, Holds::Unclear) => Decision::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn logs(documents: &[Value]) -> Decision {
        let resources = ["arn:aws:logs:us-east-1:111122223333:log-group:/aws/transfer/s-1".to_owned()];
        let request = Request { service: None, action: "logs:PutLogEvents", resources: &resources, known: &[] };
        decide(documents, request)
    }

    fn statement(effect: &str, action: &Value, resource: &str) -> Value {
        json!({"Statement": {"Effect": effect, "Action": action, "Resource": resource}})
    }

    #[test]
    fn allow_needs_action_and_resource() {
        let group = "arn:aws:logs:*:*:log-group:/aws/transfer/*";
        assert_eq!(logs(&[]), Decision::NotAllowed);
        assert_eq!(logs(&[statement("Allow", &json!("logs:PutLogEvents"), "*")]), Decision::Allowed);
        assert_eq!(logs(&[statement("Allow", &json!(["LOGS:put*"]), group)]), Decision::Allowed);
        assert_eq!(logs(&[statement("Allow", &json!("logs:CreateLogStream"), "*")]), Decision::NotAllowed);
        assert_eq!(
            logs(&[statement("Allow", &json!("*"), "arn:aws:logs:*:*:log-group:/aws/lambda/*")]),
            Decision::NotAllowed
        );
    }

    #[test]
    fn deny_wins_from_any_document() {
        let allow = statement("Allow", &json!("*"), "*");
        assert_eq!(logs(&[allow.clone(), statement("Deny", &json!("logs:*"), "*")]), Decision::Denied);
        let elsewhere = statement("Deny", &json!("logs:*"), "arn:aws:logs:eu-west-1:*:*");
        assert_eq!(logs(&[allow, elsewhere]), Decision::Allowed);
    }

    #[test]
    fn all_but_these() {
        let all_but =
            json!({"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::x"}]});
        assert_eq!(logs(&[all_but]), Decision::Allowed);
    }

    #[test]
    fn a_condition_that_cannot_be_judged_is_not_a_no() {
        let maybe = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}});
        assert_eq!(logs(&[json!({"Statement": [maybe]})]), Decision::Unclear);
        let mut deny = maybe.clone();
        deny["Effect"] = json!("Deny");
        assert_eq!(logs(&[statement("Allow", &json!("*"), "*"), json!({"Statement": [deny]})]), Decision::Unclear);
    }

    #[test]
    fn a_trust_policy_names_the_service() {
        let trust = |principal: Value| json!({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]});
        let request =
            Request { service: Some("transfer.amazonaws.com"), action: "sts:AssumeRole", resources: &[], known: &[] };
        assert_eq!(decide([&trust(json!({"Service": ["x", "transfer.amazonaws.com"]}))], request), Decision::Allowed);
        assert_eq!(decide([&trust(json!("*"))], request), Decision::Allowed);
        assert_eq!(decide([&trust(json!({"AWS": "*"}))], request), Decision::NotAllowed);
        assert_eq!(decide([&trust(json!({"Service": "ec2.amazonaws.com"}))], request), Decision::NotAllowed);
    }

    #[test]
    fn nonsense_allows_nothing() {
        for nonsense in [
            json!(null),
            json!([]),
            json!("x"),
            json!({"Statement": [1, "x", {}]}),
            json!({"Statement": {"Effect": "Allow"}}),
        ] {
            assert_eq!(logs(&[nonsense]), Decision::NotAllowed);
        }
    }
}
