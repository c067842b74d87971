//! Decides one request against a set of policy documents, as IAM does: an explicit Deny wins, then an Allow, else no.

use super::condition::{Holds, holds};
use super::context::Context;
use super::shape::Shape;
use super::statement::statements;
use serde_json::Value;

/// One request, as far as it is known beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Calling service, for the policy of a resource; `None` for a role's own policies, which name no principal.
    pub service: Option<&'a str>,
    /// Action, such as `logs:PutLogEvents`.
    pub action: &'a str,
    /// ARNs of the resources, all of which the request may name; none for a trust policy.
    pub resources: &'a [Shape],
    /// Condition keys whose values are known, with these values. A key with an empty value is known to be missing.
    pub known: &'a [(&'a str, &'a str)],
}

/// IAM's decision on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// A statement allows the request, and none denies it.
    Allowed,
    /// The decision depends on conditions that cannot be evaluated here.
    Unclear,
    /// No statement allows the request.
    NotAllowed,
    /// A statement denies the request, whatever others allow.
    Denied,
}

/// Decides one request ([IAM user guide, policy evaluation logic]): for several resources, the least favourable one
/// counts. A resource that is known in part is allowed if all of it is, and denied if any of it is.
///
/// [IAM user guide, policy evaluation logic]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
#[must_use]
pub fn decide<'a>(documents: impl IntoIterator<Item = &'a Value>, request: Request<'_>) -> Decision {
    let documents: Vec<&Value> = documents.into_iter().collect();
    let each = request.resources.iter().map(|resource| decide_one(&documents, request, Some(resource)));
    each.max().unwrap_or_else(|| decide_one(&documents, request, None))
}

fn decide_one(documents: &[&Value], request: Request<'_>, resource: Option<&Shape>) -> Decision {
    let mut allowed = Holds::No;
    let mut denied = Holds::No;
    for document in documents {
        let Request { service, action, known, .. } = request;
        let variables = document.get("Version").and_then(Value::as_str) == Some("2012-10-17");
        let context = Context { service, action, known, variables };
        for statement in statements(document) {
            if !statement.covers_action(action) || !service.is_none_or(|it| statement.covers_service(it)) {
                continue;
            }
            let concerned = resource.map_or(Holds::Yes, |resource| statement.concerns(resource, &context));
            let held = concerned.min(holds(statement, &context));
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
    use super::super::CharacterClass;
    use super::*;
    use serde_json::json;

    fn logs(documents: &[Value]) -> Decision {
        let resources = [Shape::from("arn:aws:logs:us-east-1:111122223333:log-group:/aws/transfer/s-1:log-stream:x")];
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
        assert_eq!(decide([&trust(json!({"AWS": "*"}))], request), Decision::Allowed);
        assert_eq!(decide([&trust(json!({"AWS": "111122223333"}))], request), Decision::NotAllowed);
        assert_eq!(decide([&trust(json!({"Service": "ec2.amazonaws.com"}))], request), Decision::NotAllowed);
    }

    fn put(statements: &Value, known: &[(&str, &str)]) -> Decision {
        let file = Shape::from("arn:aws:s3:::b/").some(CharacterClass::Lower).text("/x.gz");
        let request = Request { service: Some("x.amazonaws.com"), action: "s3:PutObject", resources: &[file], known };
        decide([&json!({"Version": "2012-10-17", "Statement": statements})], request)
    }

    fn on(effect: &str, element: &str, resource: &str) -> Value {
        json!({"Effect": effect, "Principal": "*", "Action": "s3:*", element: resource})
    }

    #[test]
    fn an_allow_must_hold_for_all_files_and_a_deny_for_any() {
        let whole = on("Allow", "Resource", "arn:aws:s3:::b/*");
        let with = |other: Value| put(&json!([whole, other]), &[]);
        assert_eq!(put(&json!([on("Allow", "Resource", "arn:aws:s3:::b/eu-west-1/*")]), &[]), Decision::NotAllowed);
        for narrow in ["*.gz", "arn:aws:s3:::b/eu-west-1/*", "arn:aws:s3:::b/*/x.gz"] {
            assert_eq!(with(on("Deny", "Resource", narrow)), Decision::Denied, "{narrow}");
        }
        assert_eq!(with(on("Deny", "Resource", "arn:aws:s3:::b/*/y.gz")), Decision::Allowed);
        assert_eq!(with(on("Deny", "NotResource", "arn:aws:s3:::b/eu-west-1/*")), Decision::Denied);
        assert_eq!(with(on("Deny", "NotResource", "arn:aws:s3:::b/*/x.gz")), Decision::Allowed);
        assert_eq!(put(&json!([on("Allow", "NotResource", "*.gz")]), &[]), Decision::NotAllowed);
        assert_eq!(put(&json!([on("Allow", "NotResource", "arn:aws:s3:::b/eu-west-1/*")]), &[]), Decision::NotAllowed);
        assert_eq!(put(&json!([on("Allow", "NotResource", "arn:aws:s3:::c/*")]), &[]), Decision::Allowed);
    }

    #[test]
    fn variables_in_a_resource_are_filled_in() {
        let known = [("aws:SourceAccount", "b"), ("aws:SourceOrgID", "")];
        let of = |effect: &str, element: &str, resource: &str| {
            put(&json!([on("Allow", "Resource", "*"), on(effect, element, resource)]), &known)
        };
        let alone = |resource: &str| put(&json!([on("Allow", "Resource", resource)]), &known);
        assert_eq!(alone("arn:aws:s3:::${aws:SourceAccount}/*"), Decision::Allowed);
        assert_eq!(alone("arn:aws:s3:::${aws:CurrentTime}/*"), Decision::Unclear);
        assert_eq!(alone("arn:aws:s3:::c/${aws:CurrentTime}/*"), Decision::NotAllowed);
        assert_eq!(alone("arn:aws:s3:::b/${aws:SourceOrgID}*"), Decision::NotAllowed);
        assert_eq!(of("Deny", "Resource", "arn:aws:s3:::${aws:SourceAccount}/*"), Decision::Denied);
        assert_eq!(of("Deny", "Resource", "arn:aws:s3:::${aws:CurrentTime}/*"), Decision::Unclear);
        assert_eq!(of("Deny", "NotResource", "arn:aws:s3:::${aws:SourceAccount}/*"), Decision::Allowed);
        assert_eq!(of("Deny", "NotResource", "arn:aws:s3:::${aws:CurrentTime}/*"), Decision::Unclear);
        assert_eq!(of("Deny", "NotResource", "arn:aws:s3:::b/${aws:SourceOrgID}*"), Decision::Unclear);
        let older = json!({"Version": "2008-10-17", "Statement": on("Allow", "Resource", "arn:aws:s3:::${aws:SourceAccount}/*")});
        let request =
            Request { service: None, action: "s3:PutObject", resources: &["arn:aws:s3:::b/x".into()], known: &known };
        assert_eq!(decide([&older], request), Decision::NotAllowed);
    }

    #[test]
    fn of_several_resources_the_worst_counts() {
        let resources = ["arn:aws:s3:::b/a", "arn:aws:s3:::b/b"].map(Shape::from);
        let request = Request { service: None, action: "s3:PutObject", resources: &resources, known: &[] };
        let one = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*/a"}});
        let other = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*/b"}});
        assert_eq!(decide([&one], request), Decision::NotAllowed);
        assert_eq!(decide([&one, &other], request), Decision::Allowed);
    }

    #[test]
    fn a_no_stays_a_no_beside_a_deny_that_cannot_be_judged() {
        let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}}});
        assert_eq!(put(&json!([deny]), &[]), Decision::NotAllowed);
        assert_eq!(put(&json!([on("Allow", "Resource", "*"), deny]), &[]), Decision::Unclear);
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
