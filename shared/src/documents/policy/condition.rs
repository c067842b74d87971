//! Evaluates conditions of a statement, as far as possible without a real request.

use super::denial::network;
use super::matches;
use serde_json::Value;
use std::net::IpAddr;

/// Result of evaluating a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holds {
    No,
    /// The condition has an operator that is not supported, or a key whose value is not known.
    Unclear,
    Yes,
}

/// Evaluates a whole condition block: every operator and every key must hold, for at least one of its values.
///
/// `known` holds the known condition keys of the request and their values; keys ignore case. A key with an empty value is
/// known to be missing.
pub(super) fn holds(block: &Value, known: &[(&str, &str)]) -> Holds {
    let Some(operators) = block.as_object() else { return Holds::Unclear };
    let keys = operators.iter().flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| one(operator, key, values, known))
    });
    keys.min().unwrap_or(Holds::Yes)
}

fn one(operator: &str, key: &str, values: &Value, known: &[(&str, &str)]) -> Holds {
    let Some((_, actual)) = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) else {
        return Holds::Unclear;
    };
    let values = words(values);
    if actual.is_empty() {
        return without_key(operator, &values);
    }
    let operator = operator.strip_suffix("IfExists").unwrap_or(operator);
    // Policy variables (`${aws:PrincipalAccount}`) stand for values that only a real request has.
    if values.iter().any(|value| value.contains("${")) {
        return Holds::Unclear;
    }
    let any = |fits: &dyn Fn(&str) -> bool| values.iter().any(|value| fits(value));
    let held = match operator {
        "StringEquals" => any(&|value| value == *actual),
        // The key is present: otherwise it would not be known.
        "Null" => any(&|value| value.eq_ignore_ascii_case("false")),
        "StringEqualsIgnoreCase" | "Bool" => any(&|value| value.eq_ignore_ascii_case(actual)),
        "StringLike" | "ArnLike" | "ArnEquals" => any(&|value| matches(value, actual)),
        "StringNotEquals" => !any(&|value| value == *actual),
        "IpAddress" | "NotIpAddress" => match within(&values, actual) {
            Some(inside) => inside == (operator == "IpAddress"),
            None => return Holds::Unclear,
        },
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => !any(&|value| matches(value, actual)),
        _ => return Holds::Unclear,
    };
    if held { Holds::Yes } else { Holds::No }
}

/// Evaluates a condition on a key that the request does not have ([condition operators]).
///
/// [condition operators]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
fn without_key(operator: &str, values: &[String]) -> Holds {
    let holds = match operator {
        "Null" => values.iter().any(|value| value.eq_ignore_ascii_case("true")),
        _ if operator.contains(':') => return Holds::Unclear,
        _ => operator.ends_with("IfExists") || operator.contains("Not"),
    };
    if holds { Holds::Yes } else { Holds::No }
}

/// Returns whether an address is in one of these blocks, or `None` if one of the strings is malformed.
fn within(blocks: &[String], address: &str) -> Option<bool> {
    let address: IpAddr = address.parse().ok()?;
    let blocks: Option<Vec<_>> = blocks.iter().map(|block| network(block)).collect();
    Some(blocks?.iter().any(|block| block.contains(&address)))
}

/// Returns the values of a key as strings; both `false` and `"false"` are common.
fn words(values: &Value) -> Vec<String> {
    let word = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    values.as_array().map_or_else(|| word(values).into_iter().collect(), |all| all.iter().filter_map(word).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KNOWN: [(&str, &str); 2] = [
        ("aws:SourceAccount", "111122223333"),
        ("aws:SourceArn", "arn:aws:transfer:us-east-1:111122223333:server/s-1"),
    ];

    fn judge(block: &Value) -> Holds {
        holds(block, &KNOWN)
    }

    #[test]
    fn a_key_that_is_missing_meets_what_iam_says_it_meets() {
        let judge = |block: Value| holds(&block, &[("aws:SourceArn", "")]);
        for (operator, expected) in [
            ("StringEquals", Holds::No),
            ("ArnLike", Holds::No),
            ("StringNotEquals", Holds::Yes),
            ("ArnLikeIfExists", Holds::Yes),
            ("ForAnyValue:StringEquals", Holds::Unclear),
        ] {
            assert_eq!(judge(json!({operator: {"aws:SourceArn": "a"}})), expected, "{operator}");
        }
        assert_eq!(judge(json!({"Null": {"aws:SourceArn": "true"}})), Holds::Yes);
        assert_eq!(judge(json!({"Null": {"aws:SourceArn": "false"}})), Holds::No);
    }

    #[test]
    fn every_key_must_hold_and_one_value_of_each_is_enough() {
        let both = json!({
            "StringEquals": {"AWS:sourceaccount": ["999999999999", "111122223333"]},
            "ArnLike": {"aws:SourceArn": "arn:aws:transfer:*:111122223333:server/*"}});
        assert_eq!(judge(&both), Holds::Yes);
        let one_fails = json!({
            "StringEquals": {"aws:SourceAccount": "999999999999"},
            "ArnLike": {"aws:SourceArn": "arn:aws:transfer:*:111122223333:server/*"}});
        assert_eq!(judge(&one_fails), Holds::No);
    }

    #[test]
    fn what_only_a_request_knows_is_unclear_but_a_plain_no_stays_no() {
        assert_eq!(judge(&json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}})), Holds::Unclear);
        assert_eq!(judge(&json!({"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}})), Holds::Unclear);
        assert_eq!(judge(&json!({"DateLessThan": {"aws:SourceAccount": "x"}})), Holds::Unclear);
        let mixed = json!({"Bool": {"x:y": "true"}, "StringEquals": {"aws:SourceAccount": "1"}});
        assert_eq!(judge(&mixed), Holds::No);
    }

    #[test]
    fn truth_is_written_with_quotes_and_without() {
        let over = |value| holds(&json!({"Bool": {"aws:SecureTransport": value}}), &[("aws:SecureTransport", "true")]);
        assert_eq!([over(json!("false")), over(json!(false)), over(json!(["false"]))], [Holds::No; 3]);
        assert_eq!([over(json!("True")), over(json!(true))], [Holds::Yes; 2]);
        assert_eq!(judge(&json!({"Null": {"aws:SourceArn": "true"}})), Holds::No);
    }

    #[test]
    fn addresses_lie_in_blocks() {
        let from = |operator: &str, blocks: Value| {
            holds(&json!({operator: {"aws:SourceIp": blocks}}), &[("aws:SourceIp", "192.0.2.7")])
        };
        assert_eq!(from("IpAddress", json!(["198.51.100.0/24", "192.0.2.0/24"])), Holds::Yes);
        assert_eq!(from("IpAddressIfExists", json!("192.0.2.8")), Holds::No);
        assert_eq!(from("NotIpAddress", json!(["192.0.2.7"])), Holds::No);
        assert_eq!(from("NotIpAddress", json!(["2001:db8::/32"])), Holds::Yes);
        assert_eq!(from("NotIpAddress", json!(["everywhere"])), Holds::Unclear);
    }

    #[test]
    fn negations_need_every_value_to_differ() {
        assert_eq!(judge(&json!({"StringNotEquals": {"aws:SourceAccount": ["1", "111122223333"]}})), Holds::No);
        assert_eq!(judge(&json!({"StringNotEqualsIfExists": {"aws:SourceAccount": ["1", "2"]}})), Holds::Yes);
    }
}
