//! Evaluates conditions of a statement, as far as possible without a real request.

use super::context::{Context, Fact};
use super::denial::network;
use super::shape::{Overlap, Shape, Token, fit};
use super::statement::{Condition, Statement};
use super::variable::{Wildcards, tokens};
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

impl Holds {
    pub(super) fn inverted(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Unclear => Self::Unclear,
            Self::Yes => Self::No,
        }
    }
}

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl From<(Overlap, Overlap)> for Holds {
    fn from(fits: (Overlap, Overlap)) -> Self {
        match fits {
            (Overlap::All, _) => Self::Yes,
            (_, Overlap::None) => Self::No,
            _ => Self::Unclear,
        }
    }
}

/// Evaluates the conditions of a statement: every operator and every key must hold.
pub(super) fn holds(statement: Statement<'_>, context: &Context<'_>) -> Holds {
    if statement.condition().is_some_and(|block| !block.is_object()) {
        return Holds::Unclear;
    }
    statement.conditions().iter().map(|condition| one(condition, context)).min().unwrap_or(Holds::Yes)
}

/// Operator without its prefix and suffix.
struct Operator<'a> {
    name: &'a str,
    negated: bool,
    if_exists: bool,
    set: Option<&'a str>,
}

impl<'a> Operator<'a> {
    fn of(written: &'a str) -> Self {
        let (set, name) = match written.split_once(':') {
            Some((set, name)) => (Some(set), name),
            None => (None, written),
        };
        let (name, if_exists) = name.strip_suffix("ifexists").map_or((name, false), |name| (name, true));
        Self { name, negated: name.contains("not"), if_exists, set }
    }

    /// Returns the result for a key that the request does not have ([missing keys], [multivalued keys]).
    ///
    /// [missing keys]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    /// [multivalued keys]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    fn without_key(&self) -> Holds {
        match self.set {
            _ if self.if_exists => Holds::Yes,
            Some("forallvalues") => Holds::Yes,
            Some(_) => Holds::No,
            None => self.negated.into(),
        }
    }
}

fn one(condition: &Condition<'_>, context: &Context<'_>) -> Holds {
    let operator = Operator::of(&condition.operator);
    let words = words(condition.values);
    let fact = context.fact(&condition.key);
    if operator.name == "null" {
        let asked = words.iter().map(|word| word.eq_ignore_ascii_case("true"));
        return match fact {
            Fact::Unknown => Holds::Unclear,
            Fact::Absent => asked.max().unwrap_or(false).into(),
            Fact::Values(_) | Fact::OneOf(_) | Fact::AmongOthers(_) => asked.min().is_some_and(|asked| !asked).into(),
        };
    }
    // One value of the request fits one of the statement's, or with a negated operator none of them.
    let fits = |value: &Shape| {
        let any = words.iter().map(|word| fits(operator.name, word, value, context)).max().unwrap_or(Holds::No);
        if operator.negated { any.inverted() } else { any }
    };
    match fact {
        Fact::Unknown => Holds::Unclear,
        Fact::Absent => operator.without_key(),
        Fact::Values(values) => {
            let all = values.iter().map(fits);
            let every = operator.set.map_or(operator.negated, |set| set == "forallvalues");
            if every { all.min() } else { all.max() }.unwrap_or(Holds::Unclear)
        }
        Fact::OneOf(values) => {
            let all: Vec<Holds> = values.iter().map(fits).collect();
            let agreed = all.iter().min().filter(|least| Some(*least) == all.iter().max());
            agreed.copied().unwrap_or(Holds::Unclear)
        }
        Fact::AmongOthers(value) => match (operator.set, fits(&value)) {
            (Some("foranyvalue"), Holds::Yes) => Holds::Yes,
            (Some("forallvalues"), Holds::No) => Holds::No,
            // Whether there are other names is not known, but they could fit only such values.
            (Some("foranyvalue"), rest) if !operator.negated && !words.iter().any(|word| is_regional(word)) => rest,
            (Some("forallvalues"), rest) if operator.negated && !words.iter().any(|word| is_regional(word)) => rest,
            _ => Holds::Unclear,
        },
    }
}

/// Returns whether a value may be the name of a service with a region in it.
fn is_regional(word: &str) -> bool {
    word.contains(['*', '?', '$']) || word.split('.').any(|label| label.matches('-').count() >= 2)
}

/// Compares one value of a statement with one of the request, by an operator without its negation.
fn fits(operator: &str, word: &str, value: &Shape, context: &Context<'_>) -> Holds {
    let read = |wildcards| tokens(word, wildcards, context);
    let compared =
        |pattern: Option<Vec<Token>>, value: &Shape| pattern.map_or(Holds::No, |pattern| fit(&pattern, value).into());
    match operator {
        "stringequals" | "stringnotequals" => compared(read(Wildcards::Literal), value),
        "stringequalsignorecase" | "stringnotequalsignorecase" | "bool" => {
            let lower = |token| if let Token::Char(c) = token { Token::Char(c.to_ascii_lowercase()) } else { token };
            let pattern = read(Wildcards::Literal).map(|pattern| pattern.into_iter().map(lower).collect());
            compared(pattern, &value.lower())
        }
        "stringlike" | "stringnotlike" => compared(read(Wildcards::Match), value),
        "arnlike" | "arnequals" | "arnnotlike" | "arnnotequals" => {
            read(Wildcards::Match).map_or(Holds::No, |pattern| arn(&pattern, value))
        }
        "ipaddress" | "notipaddress" => {
            let address = value.fixed().and_then(|text| text.parse::<IpAddr>().ok());
            let inside = address.and_then(|address| network(word).map(|block| block.contains(&address)));
            inside.map_or(Holds::Unclear, Holds::from)
        }
        operator if operator.starts_with("numeric") => {
            let actual = value.fixed().and_then(|text| text.parse::<f64>().ok());
            let (Some(actual), Ok(word)) = (actual, word.parse::<f64>()) else { return Holds::Unclear };
            match operator {
                "numericequals" | "numericnotequals" => ((actual - word).abs() < f64::EPSILON).into(),
                "numericlessthan" => (actual < word).into(),
                "numericlessthanequals" => (actual <= word).into(),
                "numericgreaterthan" => (actual > word).into(),
                "numericgreaterthanequals" => (actual >= word).into(),
                _ => Holds::Unclear,
            }
        }
        _ => Holds::Unclear,
    }
}

/// Compares ARNs component by component: a `*` does not run over a colon but in the last one ([ARN operators]).
///
/// [ARN operators]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
fn arn(pattern: &[Token], value: &Shape) -> Holds {
    let parts: Vec<&[Token]> = pattern.splitn(6, |token| *token == Token::Char(':')).collect();
    if parts.len() < 6 {
        // A variable may stand for several components.
        return if pattern.contains(&Token::Unknown) { Holds::Unclear } else { Holds::No };
    }
    match value.components() {
        Some(components) => {
            parts.iter().zip(&components).map(|(part, it)| fit(part, it).into()).min().unwrap_or(Holds::No)
        }
        None if value.fixed().is_some() => Holds::No,
        None => Holds::Unclear,
    }
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

    const SERVER: &str = "arn:aws:transfer:us-east-1:111122223333:server/s-1";

    /// Evaluates a block for a request of a role, or of a service.
    fn judge_for(service: Option<&str>, block: &Value, known: &[(&str, &str)]) -> Holds {
        let statement = json!({"Effect": "Allow", "Condition": block});
        let context = Context { service, action: "s3:PutObject", known, variables: true };
        holds(Statement::of(&statement).expect("an object"), &context)
    }

    fn judge(block: &Value) -> Holds {
        judge_for(None, block, &[("aws:SourceAccount", "111122223333"), ("aws:SourceArn", SERVER)])
    }

    fn of_service(block: &Value) -> Holds {
        judge_for(Some("x.amazonaws.com"), block, &[("aws:SourceOrgPaths", "o-1")])
    }

    #[test]
    fn a_key_that_is_missing_meets_what_iam_says_it_meets() {
        let judge = |block: Value| judge_for(None, &block, &[("aws:SourceArn", "")]);
        for (operator, expected) in [
            ("StringEquals", Holds::No),
            ("ArnLike", Holds::No),
            ("StringNotEquals", Holds::Yes),
            ("ArnLikeIfExists", Holds::Yes),
            ("ForAnyValue:StringEquals", Holds::No),
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
        assert_eq!(judge(&json!("nonsense")), Holds::Unclear);
        let mixed = json!({"Bool": {"aws:y": "true"}, "StringEquals": {"aws:SourceAccount": "1"}});
        assert_eq!(judge(&mixed), Holds::No);
        assert_eq!(judge(&json!({"ArnLike": {"aws:SourceArn": "arn:aws:*:*:${aws:SourceAccount}:*"}})), Holds::Yes);
        assert_eq!(judge(&json!({"StringNotEquals": {"aws:SourceAccount": "${aws:SourceAccount}"}})), Holds::No);
    }

    #[test]
    fn truth_is_written_with_quotes_and_without() {
        let over = |value| {
            judge_for(None, &json!({"Bool": {"aws:SecureTransport": value}}), &[("aws:SecureTransport", "true")])
        };
        assert_eq!([over(json!("false")), over(json!(false)), over(json!(["false"]))], [Holds::No; 3]);
        assert_eq!([over(json!("True")), over(json!(true))], [Holds::Yes; 2]);
        assert_eq!(judge(&json!({"Null": {"aws:SourceArn": "true"}})), Holds::No);
        assert_eq!(judge(&json!({"Null": {"aws:SourceArn": false}})), Holds::Yes);
    }

    #[test]
    fn addresses_lie_in_blocks() {
        let from = |operator: &str, blocks: Value| {
            judge_for(None, &json!({operator: {"aws:SourceIp": blocks}}), &[("aws:SourceIp", "192.0.2.7")])
        };
        assert_eq!(from("IpAddress", json!(["198.51.100.0/24", "192.0.2.0/24"])), Holds::Yes);
        assert_eq!(from("IpAddressIfExists", json!("192.0.2.8")), Holds::No);
        assert_eq!(from("NotIpAddress", json!(["192.0.2.7"])), Holds::No);
        assert_eq!(from("NotIpAddress", json!(["2001:db8::/32"])), Holds::Yes);
        assert_eq!(from("NotIpAddress", json!(["everywhere"])), Holds::Unclear);
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let tls = |operator: &str, version: Value| of_service(&json!({operator: {"s3:TlsVersion": version}}));
        assert_eq!(tls("NumericLessThan", json!("1.2")), Holds::No);
        assert_eq!(tls("NumericLessThan", json!(1.3)), Holds::Unclear);
        assert_eq!(tls("NumericLessThanIfExists", json!(["1.4"])), Holds::Yes);
        assert_eq!(tls("NumericGreaterThanEquals", json!("1.2")), Holds::Yes);
        assert_eq!(tls("NumericEquals", json!("two")), Holds::Unclear);
    }

    #[test]
    fn negations_need_every_value_to_differ() {
        assert_eq!(judge(&json!({"StringNotEquals": {"aws:SourceAccount": ["1", "111122223333"]}})), Holds::No);
        assert_eq!(judge(&json!({"StringNotEqualsIfExists": {"aws:SourceAccount": ["1", "2"]}})), Holds::Yes);
    }

    #[test]
    fn arns_are_compared_component_by_component() {
        let like = |pattern: &str| judge(&json!({"ArnLike": {"aws:SourceArn": pattern}}));
        for whole in [SERVER, "arn:aws:transfer:*:*:*", "arn:*:transfer:us-*:1111????3333:server/*"] {
            assert_eq!(like(whole), Holds::Yes, "{whole}");
            assert_eq!(judge(&json!({"ArnNotEquals": {"aws:SourceArn": whole}})), Holds::No, "{whole}");
        }
        for short in
            ["*", "arn:aws:transfer:*", "arn:aws:transfer:*:server/*", "arn:aws:*:server/s-1", "arn:aws:trans*1"]
        {
            assert_eq!(like(short), Holds::No, "{short}");
            assert_eq!(
                judge(&json!({"StringNotLike": {"aws:SourceArn": short}})),
                Holds::from(!super::super::matches(short, SERVER))
            );
        }
    }

    #[test]
    fn what_a_service_never_sends_is_missing() {
        let organization = json!({"aws:PrincipalOrgID": "o-1"});
        for (operator, holds) in [
            ("StringEquals", Holds::No),
            ("StringEqualsIfExists", Holds::Yes),
            ("StringNotEquals", Holds::Yes),
            ("ForAllValues:StringEquals", Holds::Yes),
            ("ForAnyValue:StringEquals", Holds::No),
            ("ForAnyValue:StringNotEquals", Holds::No),
        ] {
            assert_eq!(of_service(&json!({operator: organization})), holds, "{operator}");
        }
        assert_eq!(of_service(&json!({"Null": {"aws:SourceVpc": "true"}})), Holds::Yes);
        assert_eq!(of_service(&json!({"Null": {"aws:SourceVpc": "false"}})), Holds::No);
        assert_eq!(of_service(&json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}})), Holds::No);
        assert_eq!(of_service(&json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::1:role/r"}})), Holds::Yes);
    }

    #[test]
    fn a_service_has_its_names_and_an_organization_its_paths() {
        let names =
            |operator: &str, names: Value| of_service(&json!({operator: {"aws:PrincipalServiceNamesList": names}}));
        assert_eq!(names("ForAnyValue:StringEquals", json!(["x.amazonaws.com", "y"])), Holds::Yes);
        assert_eq!(names("ForAnyValue:StringEquals", json!("y.amazonaws.com")), Holds::No);
        assert_eq!(names("ForAnyValue:StringEquals", json!("x.eu-west-1.amazonaws.com")), Holds::Unclear);
        assert_eq!(names("ForAllValues:StringNotEquals", json!("x.amazonaws.com")), Holds::No);
        assert_eq!(names("ForAllValues:StringNotEquals", json!("y.amazonaws.com")), Holds::Yes);
        let paths = |path: &str| of_service(&json!({"ForAnyValue:StringLike": {"aws:SourceOrgPaths": path}}));
        assert_eq!([paths("o-1/*"), paths("o-1/r-1/*"), paths("o-2/*")], [Holds::Yes, Holds::Unclear, Holds::No]);
    }
}
