//! Compares whole documents by meaning: whether they say the same, and which statements one has beyond another.

use super::statement::{Statement, statements, texts};
use crate::model::Arn;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Returns whether two documents have the same statements, in whatever order, spelling and under whatever `Sid`.
/// Anything that is not a document equals nothing.
#[must_use]
pub fn same(document: &Value, other: &Value) -> bool {
    let all = |document: &Value| statements(document).map(meaning).collect::<BTreeSet<_>>();
    document.is_object() && other.is_object() && all(document) == all(other)
}

/// Returns the statements of a document that another one does not have.
pub fn beyond<'a>(document: &'a Value, other: &Value) -> Vec<Statement<'a>> {
    let others: BTreeSet<Meaning> = statements(other).map(meaning).collect();
    statements(document).filter(|it| !others.contains(&meaning(*it))).collect()
}

/// Returns whether a document allows no more than another one, which has no conditions: each of its statements denies,
/// or allows only actions and resources that one statement of the other includes.
#[must_use]
pub fn within(document: &Value, other: &Value) -> bool {
    let included = |it: Statement<'_>| {
        let by = |wide: Statement<'_>| ["Action", "Resource"].iter().all(|element| super::covers(element, wide, it));
        !it.allows() || statements(other).any(by)
    };
    document.is_object() && statements(document).all(included)
}

/// Elements of a statement in canonical form, but for the `Sid`, which means nothing.
type Meaning = BTreeMap<String, BTreeSet<String>>;

fn meaning(statement: Statement<'_>) -> Meaning {
    let mut all = Meaning::new();
    for (name, value) in statement.elements().filter(|(name, _)| *name != "Sid") {
        match (name, value) {
            ("Principal" | "NotPrincipal", Value::Object(kinds)) => {
                for (kind, named) in kinds {
                    all.insert(format!("{name} {kind}"), texts(named).map(account).collect());
                }
            }
            ("Condition", Value::Object(operators)) => {
                for (operator, keys) in operators {
                    let operator = operator.to_ascii_lowercase().replace("arnequals", "arnlike");
                    for (key, values) in keys.as_object().into_iter().flatten() {
                        let key = key.to_ascii_lowercase();
                        all.insert(format!("Condition {operator} {key}"), words(values));
                    }
                }
            }
            ("Action" | "NotAction", value) => {
                all.insert(name.to_owned(), texts(value).map(str::to_ascii_lowercase).collect());
            }
            ("Resource" | "NotResource", value) => {
                all.insert(name.to_owned(), texts(value).map(str::to_owned).collect());
            }
            (name, other) => {
                all.insert(name.to_owned(), [other.to_string()].into());
            }
        }
    }
    all
}

/// Returns the account number for an account's root, which AWS takes in both spellings.
fn account(principal: &str) -> String {
    let root = Arn::parse(principal).filter(|arn| arn.service == "iam" && arn.resource == "root");
    root.map_or(principal, |arn| arn.account).to_owned()
}

fn words(values: &Value) -> BTreeSet<String> {
    let all = values.as_array().map_or_else(|| vec![values], |all| all.iter().collect());
    all.into_iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ours() -> Value {
        json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "A", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "kms:*", "Resource": "*"},
            {"Sid": "B", "Effect": "Allow", "Principal": {"Service": "x.amazonaws.com"}, "Action": ["kms:Decrypt", "kms:DescribeKey"],
                "Resource": "*", "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:x:*:111122223333:y/*"}, "Bool": {"a:b": "true"}}}]})
    }

    #[test]
    fn order_spelling_and_names_mean_nothing() {
        let other = json!({"Statement": [
            {"Effect": "Allow", "Principal": {"Service": ["x.amazonaws.com"]}, "Action": ["kms:describekey", "KMS:Decrypt"],
                "Resource": ["*"], "Condition": {"Bool": {"A:b": [true]}, "ArnEquals": {"AWS:sourcearn": ["arn:aws:x:*:111122223333:y/*"]}}},
            {"Sid": "Z", "Effect": "Allow", "Principal": {"AWS": ["111122223333"]}, "Action": ["kms:*"], "Resource": "*"}]});
        assert!(same(&ours(), &other) && same(&other, &ours()));
        assert!(beyond(&other, &ours()).is_empty());
    }

    #[test]
    fn one_word_more_or_less_is_another_document() {
        for (pointer, value) in [
            ("/Statement/0/Effect", json!("Deny")),
            ("/Statement/0/Principal/AWS", json!(["111122223333", "999999999999"])),
            ("/Statement/0/Principal", json!("*")),
            ("/Statement/1/Action", json!("kms:*")),
            ("/Statement/1/Condition", json!({})),
            ("/Statement/1/Condition/ArnLike/aws:SourceArn", json!("*")),
            ("/Statement/1/Resource", json!("arn")),
        ] {
            let mut other = ours();
            *other.pointer_mut(pointer).expect("it is there") = value;
            assert!(!same(&ours(), &other), "{other}");
            assert_eq!((beyond(&other, &ours()).len(), beyond(&ours(), &other).len()), (1, 1), "{other}");
        }
        assert!(!same(&json!("x"), &json!({})) && !same(&json!({}), &ours()));
    }

    #[test]
    fn less_is_within() {
        let allow = |action: &str, resource: &str| json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": resource}});
        let ours = json!({"Statement": {"Effect": "Allow", "Action": ["l:Put", "l:Make"], "Resource": "arn:g:*"}});
        assert!(within(&allow("l:put", "arn:g:one"), &ours) && within(&ours, &ours));
        assert!(within(&json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}), &ours));
        assert!(within(&json!({"Statement": []}), &ours));
        for wider in [allow("l:*", "arn:g:one"), allow("l:Put", "*"), allow("*", "*"), json!("x")] {
            assert!(!within(&wider, &ours), "{wider}");
        }
        let not = json!({"Statement": {"Effect": "Allow", "NotAction": "l:Put", "Resource": "arn:g:one"}});
        assert!(!within(&not, &ours));
    }
}
