//! Compares Deny statements by meaning: whether one denies at least what another does.

use super::matches;
use super::statement::{Condition, Statement, texts};
use ipnet::IpNet;
use serde_json::Value;
use std::collections::BTreeSet;

/// Returns whether a statement denies everybody all that another one denies: at least the same actions and resources,
/// with no additional condition and no wider exception. If in doubt, the answer is no.
#[must_use]
pub fn denies_all_of(statement: Statement<'_>, other: Statement<'_>) -> bool {
    let others = conditions(other);
    let holds_too = |mine: &Canonical| {
        let same = |it: &&Canonical| it.operator == mine.operator && it.key == mine.key;
        others.iter().find(same).is_some_and(|theirs| mine.excepts_no_more(theirs))
    };
    !statement.allows()
        && statement.names_everybody()
        && ["Action", "Resource"].iter().all(|element| covers(element, statement, other))
        && conditions(statement).iter().all(holds_too)
}

/// Returns whether an element of a statement includes everything that the same element of another one does.
#[must_use]
pub fn covers(element: &str, statement: Statement<'_>, other: Statement<'_>) -> bool {
    let patterns = |it: Statement<'_>| -> Vec<String> {
        let texts = it.element(element).into_iter().flat_map(texts);
        texts.map(|text| if element == "Action" { text.to_ascii_lowercase() } else { text.to_owned() }).collect()
    };
    let (mine, theirs) = (patterns(statement), patterns(other));
    // A question mark matches one character, so it does not include an asterisk.
    let takes_in = |it: &String| mine.iter().any(|pattern| !pattern.contains('?') && matches(pattern, it));
    !theirs.is_empty() && theirs.iter().all(takes_in)
}

/// One key of a condition block in canonical form.
struct Canonical {
    operator: String,
    key: String,
    values: BTreeSet<String>,
}

impl Canonical {
    /// Returns whether this condition holds wherever the other does. A negated operator holds for all but its values.
    fn excepts_no_more(&self, other: &Self) -> bool {
        if self.operator.contains("not") {
            self.values.is_subset(&other.values)
        } else {
            other.values.is_subset(&self.values)
        }
    }
}

/// Returns the conditions in canonical form. A negated operator also holds for a missing key, so `IfExists` adds
/// nothing to it.
fn conditions(statement: Statement<'_>) -> Vec<Canonical> {
    let one = |Condition { operator, key, values }| {
        let negated = operator.strip_suffix("ifexists").filter(|it| it.contains("not"));
        let operator = match negated.unwrap_or(&operator) {
            "arnnotequals" => "arnnotlike".to_owned(),
            other => other.to_owned(),
        };
        Canonical { values: values_of(&operator, values), operator, key }
    };
    statement.conditions().into_iter().map(one).collect()
}

fn values_of(operator: &str, values: &Value) -> BTreeSet<String> {
    let all = values.as_array().map_or_else(|| vec![values], |all| all.iter().collect());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let spelled = |text: String| match operator {
        "bool" | "boolifexists" => text.to_ascii_lowercase(),
        "ipaddress" | "notipaddress" => network(&text).map_or(text, |network| network.trunc().to_string()),
        _ => text,
    };
    all.into_iter().map(text).map(spelled).collect()
}

/// Parses an address block as policies write it. A single address is a block of one.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse().ok().map(|address: std::net::IpAddr| IpNet::from(address)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deny(changes: &Value) -> Value {
        let mut statement = json!({"Effect": "Deny", "Principal": "*", "Action": ["s3:GetObject*", "s3:ListBucket*"],
            "Resource": ["arn:aws:s3:::logs", "arn:aws:s3:::logs/*"], "Condition": {
                "ArnNotLike": {"aws:PrincipalArn": ["a:*", "b:?"]}, "BoolIfExists": {"aws:ViaAWSService": "false"},
                "NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "198.51.100.7/32"]}}});
        for (key, value) in changes.as_object().cloned().unwrap_or_default() {
            statement[key] = value;
        }
        statement
    }

    fn denies(changes: &Value) -> bool {
        let [statement, usual] = [deny(changes), deny(&json!({}))];
        denies_all_of(Statement::of(&statement).expect("an object"), Statement::of(&usual).expect("an object"))
    }

    #[test]
    fn as_much_or_more_is_enough_in_whatever_spelling() {
        for changes in [
            json!({"Sid": "x", "Principal": {"AWS": ["*"]}, "Action": ["s3:listbucket*", "S3:GetObject*"]}),
            json!({"Action": "s3:*", "Resource": "arn:aws:s3:::logs*"}),
            json!({"Action": "*", "Resource": "*", "Condition": {}}),
            json!({"Condition": {"ArnNotEqualsIfExists": {"AWS:principalarn": "b:?"}}}),
            json!({"Condition": {"BoolIfExists": {"aws:ViaAWSService": [false]}}}),
            json!({"Condition": {"NotIpAddressIfExists": {"aws:SourceIp": ["198.51.100.7", "192.0.2.0/24"]}}}),
        ] {
            assert!(denies(&changes), "{changes}");
        }
    }

    #[test]
    fn less_or_what_is_not_understood_is_not() {
        for changes in [
            json!({"Effect": "Allow"}),
            json!({"Principal": {"AWS": "111122223333"}}),
            json!({"Action": "s3:GetObject*"}),
            json!({"Action": ["s3:GetObject?", "s3:ListBucket*"]}),
            json!({"Action": ["s3:GetObject", "s3:ListBucket"]}),
            json!({"Resource": "arn:aws:s3:::logs/*"}),
            json!({"Condition": {"ArnNotLike": {"aws:PrincipalArn": ["a:*", "c"]}}}),
            json!({"Condition": {"ArnLike": {"aws:PrincipalArn": ["a:*", "b:?"]}}}),
            json!({"Condition": {"Bool": {"aws:ViaAWSService": "false"}}}),
            json!({"Condition": {"BoolIfExists": {"aws:ViaAWSService": "true"}}}),
            json!({"Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.0.0/16"}}}),
            json!({"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}),
        ] {
            assert!(!denies(&changes), "{changes}");
        }
        let mut all_but = deny(&json!({}));
        all_but.as_object_mut().expect("an object").remove("Action");
        all_but["NotAction"] = json!("s3:PutObject");
        let usual = deny(&json!({}));
        assert!(!denies_all_of(Statement::of(&all_but).expect("one"), Statement::of(&usual).expect("one")));
    }
}
