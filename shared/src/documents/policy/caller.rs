//! Evaluates conditions of a statement for whole groups of callers, of whom only some things are known.

use super::statement::Statement;
use serde_json::Value;

/// Comparison of a condition key's value with one that a statement names: whether they fit, or `None` if some callers of
/// the group fit and others do not. The flag says whether the operator reads `*` and `?` as wildcards.
pub(crate) type Compare<'a> = Box<dyn Fn(&str, bool) -> Option<bool> + 'a>;

/// What is known of one condition key in the requests of a group of callers.
pub(crate) enum KnownKey<'a> {
    /// Nothing.
    Unknown,
    /// No request has the key.
    Absent,
    /// Every request has the key.
    Present(Compare<'a>),
    /// Some requests may have the key.
    Maybe(Compare<'a>),
}

impl KnownKey<'_> {
    /// Returns the fact that every request has this value.
    #[must_use]
    pub(crate) fn is(value: &str) -> KnownKey<'_> {
        KnownKey::Present(Box::new(move |written, wildcards| {
            let (written, value) = (written.to_ascii_lowercase(), value.to_ascii_lowercase());
            Some(if wildcards { super::matches(&written, &value) } else { written == value })
        }))
    }
}

/// Returns whether the conditions of a statement hold for every caller of a group: `None` if for some, or if that is not
/// known. The facts are asked for by key, in lower case.
#[must_use]
pub(crate) fn holds_for<'f>(statement: Statement<'_>, facts: &dyn Fn(&str) -> KnownKey<'f>) -> Option<bool> {
    let Some(block) = statement.condition() else { return Some(true) };
    let operators = block.as_object()?;
    let keys = operators.iter().flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| one(&operator.to_ascii_lowercase(), values, &facts(&key.to_ascii_lowercase())))
    });
    let all: Vec<Option<bool>> = keys.collect();
    if all.contains(&Some(false)) { Some(false) } else { all.iter().all(Option::is_some).then_some(true) }
}

fn one(operator: &str, values: &Value, fact: &KnownKey<'_>) -> Option<bool> {
    let (set, name) = operator.split_once(':').map_or((None, operator), |(set, name)| (Some(set), name));
    let (name, if_exists) = name.strip_suffix("ifexists").map_or((name, false), |name| (name, true));
    let negated = name.contains("not");
    let words = words(values);
    if name == "null" {
        let asked = |wanted: &str| words.iter().all(|word| word.eq_ignore_ascii_case(wanted));
        return match fact {
            KnownKey::Absent => Some(asked("true")),
            KnownKey::Present(_) => Some(asked("false")),
            KnownKey::Unknown | KnownKey::Maybe(_) => None,
        };
    }
    // A missing key: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    let without = if_exists
        || match set {
            Some("forallvalues") => true,
            Some(_) => false,
            None => negated,
        };
    let present = |compare: &Compare<'_>| {
        let wildcards = match name {
            "stringlike" | "stringnotlike" | "arnlike" | "arnequals" | "arnnotlike" | "arnnotequals" => true,
            "stringequals"
            | "stringnotequals"
            | "stringequalsignorecase"
            | "stringnotequalsignorecase"
            | "bool"
            | "ipaddress"
            | "notipaddress" => false,
            _ => return None,
        };
        // A policy variable stands for a value that only a request has.
        let fits = words.iter().map(|word| if word.contains("${") { None } else { compare(word, wildcards) });
        let fits: Vec<Option<bool>> = fits.collect();
        let any = if fits.contains(&Some(true)) {
            true
        } else if fits.iter().all(|it| *it == Some(false)) {
            false
        } else {
            return None;
        };
        Some(any != negated)
    };
    match fact {
        KnownKey::Unknown => None,
        KnownKey::Absent => Some(without),
        KnownKey::Present(compare) => present(compare),
        KnownKey::Maybe(compare) => present(compare).filter(|held| *held == without),
    }
}

/// Returns the values of a key as strings; both `false` and `"false"` are common.
fn words(values: &Value) -> Vec<String> {
    let all = values.as_array().map_or_else(|| vec![values], |all| all.iter().collect());
    all.into_iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Judges a condition for callers of account 1 or none, who are no services and never have `a:missing`.
    fn judge(block: &Value) -> Option<bool> {
        let statement = json!({"Effect": "Deny", "Condition": block});
        let facts = |key: &str| match key {
            "a:service" => KnownKey::is("false"),
            "a:missing" => KnownKey::Absent,
            "a:account" => KnownKey::Maybe(Box::new(|value, _| Some(value == "1"))),
            "a:some" => KnownKey::Present(Box::new(|_, _| None)),
            _ => KnownKey::Unknown,
        };
        holds_for(Statement::of(&statement).expect("an object"), &facts)
    }

    #[test]
    fn what_holds_for_all_of_them_holds() {
        for block in [
            json!({}),
            json!({"Bool": {"A:Service": false}, "BoolIfExists": {"a:service": ["false"]}}),
            json!({"StringNotEquals": {"a:account": "2", "a:missing": "x"}}),
            json!({"ForAllValues:StringNotLike": {"a:account": ["2", "3*"]}}),
            json!({"Null": {"a:missing": "true", "a:service": "false"}}),
            json!({"StringEqualsIfExists": {"a:account": "1", "a:missing": "x"}}),
        ] {
            assert_eq!(judge(&block), Some(true), "{block}");
        }
    }

    #[test]
    fn what_holds_for_none_of_them_does_not() {
        for block in [
            json!({"Bool": {"a:service": "true"}, "StringNotEquals": {"a:account": "2"}}),
            json!({"BoolIfExists": {"a:service": [true]}}),
            json!({"ForAnyValue:StringNotEquals": {"a:missing": "x"}}),
            json!({"StringEquals": {"a:account": "2"}}),
            json!({"IpAddress": {"aws:SourceIp": "192.0.2.7"}, "StringEquals": {"a:missing": "x"}}),
        ] {
            assert_eq!(judge(&block), Some(false), "{block}");
        }
    }

    #[test]
    fn what_depends_on_the_caller_is_open() {
        for block in [
            json!({"StringEquals": {"a:account": "1"}}),
            json!({"ForAnyValue:StringNotEquals": {"a:account": "2"}}),
            json!({"StringNotEquals": {"a:some": "x"}}),
            json!({"StringNotEquals": {"a:account": "${aws:x}"}}),
            json!({"NumericLessThan": {"a:service": "1"}}),
            json!({"NotIpAddress": {"aws:SourceIp": "192.0.2.7"}}),
            json!("x"),
        ] {
            assert_eq!(judge(&block), None, "{block}");
        }
    }
}
