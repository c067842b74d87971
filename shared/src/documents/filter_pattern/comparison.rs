//! Models one comparison of a pattern and what it implies. The parser is elsewhere.

use super::number::{Number, Relation};
use std::fmt;

/// A selector and the condition on its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Comparison {
    /// Selector in the canonical spelling that [`selector`](super::selector) produces.
    pub(super) selector: String,
    pub(super) test: Test,
}

/// Condition on a value. In strings, each `*` stands for any run of characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Test {
    Is(String),
    IsNot(String),
    Number(Relation, Number),
    Regex(String),
    NotRegex(String),
    Null,
    True,
    False,
    NotExists,
}

impl Test {
    /// Creates a condition for equality with a string. A run of asterisks counts as one.
    pub(super) fn is(text: &str) -> Self {
        Self::Is(collapsed(text))
    }

    /// Creates a condition for inequality with a string.
    pub(super) fn is_not(text: &str) -> Self {
        Self::IsNot(collapsed(text))
    }

    /// Returns whether the condition requires a value rather than excluding one.
    fn is_positive(&self) -> bool {
        let against =
            matches!(self, Self::IsNot(_) | Self::NotRegex(_) | Self::NotExists | Self::Number(Relation::NotEqual, _));
        !against
    }
}

impl Comparison {
    /// Returns whether the selector has a single value. With a wildcard it has many, and nothing follows from one of
    /// them for the others.
    fn has_one_value(&self) -> bool {
        !self.selector.contains('*')
    }

    /// Returns whether every event that satisfies this comparison satisfies `other`. If in doubt, the answer is no.
    pub(super) fn implies(&self, other: &Self) -> bool {
        let across = self.test.is_positive() != other.test.is_positive();
        if self.selector != other.selector || (across && !self.has_one_value()) {
            return false;
        }
        match (&self.test, &other.test) {
            // An asterisk that is meant literally is matched only by an asterisk, which also matches what a wildcard
            // stands for.
            (Test::Is(a), Test::Is(b)) => fits(b, a),
            (Test::Is(a), Test::IsNot(b)) => is_plain(a) && !fits(b, a),
            (Test::IsNot(a), Test::IsNot(b)) => fits(a, b),
            (Test::Number(how, a), Test::Number(other, b)) => how.implies(*other, a.cmp(b)),
            (a, b) => a == b,
        }
    }

    /// Returns whether `other` requires the same thing, perhaps more loosely. A bare `*` requires nothing specific, and
    /// neither does a `!=` where a specific value is wanted: nearly every event satisfies it.
    pub(super) fn is_asked_by(&self, other: &Self) -> bool {
        let same_way = self.test.is_positive() == other.test.is_positive();
        self == other || (self.implies(other) && same_way && other.test != Test::is("*"))
    }

    /// Returns whether no event can satisfy both comparisons. If in doubt, the answer is no.
    pub(super) fn excludes(&self, other: &Self) -> bool {
        self.selector == other.selector && self.has_one_value() && (self.refutes(other) || other.refutes(self))
    }

    fn refutes(&self, other: &Self) -> bool {
        match (&self.test, &other.test) {
            (Test::Is(a), Test::Is(b)) => is_plain(a) && !fits(b, a),
            (Test::Is(a), Test::IsNot(b)) => fits(b, a),
            (Test::Number(Relation::Equal, a), Test::Number(how, b)) => !how.holds(a.cmp(b)),
            (Test::Regex(a), Test::NotRegex(b)) => a == b,
            (Test::NotExists, it) => it.is_positive(),
            _ => false,
        }
    }
}

fn is_plain(text: &str) -> bool {
    !text.contains('*')
}

fn collapsed(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '*' || !short.ends_with('*') {
            short.push(c);
        }
    }
    short
}

/// Returns whether `text` matches `pattern`, in which only `*` is special.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut left) = text.strip_prefix(head).and_then(|it| it.strip_suffix(tail)) else { return false };
    // The first match of each part leaves the most for the parts that follow.
    for part in middle.split('*') {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    true
}

/// Writes a string as a value. CloudWatch Logs requires quotes around anything but letters, digits and `_`; AWS's own
/// patterns have `.`, `*` and `-` without quotes.
fn quoted(text: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b"_.*-".contains(&b);
    if !text.is_empty() && text.bytes().all(bare) && Number::parse(text).is_none() {
        return text.to_owned();
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let selector = &self.selector;
        match &self.test {
            Test::Is(text) => write!(f, "({selector}={})", quoted(text)),
            Test::IsNot(text) => write!(f, "({selector}!={})", quoted(text)),
            Test::Number(relation, number) => {
                let operator = Relation::ALL.iter().find(|(_, it)| it == relation).map_or("=", |(text, _)| text);
                write!(f, "({selector}{operator}{number})")
            }
            Test::Regex(regex) => write!(f, "({selector}=%{regex}%)"),
            Test::NotRegex(regex) => write!(f, "({selector}!=%{regex}%)"),
            Test::Null => write!(f, "({selector} IS NULL)"),
            Test::True => write!(f, "({selector} IS TRUE)"),
            Test::False => write!(f, "({selector} IS FALSE)"),
            Test::NotExists => write!(f, "({selector} NOT EXISTS)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pattern;
    use super::*;

    fn one(text: &str) -> Comparison {
        let pattern = Pattern::parse(&format!("{{ {text} }}")).expect("a pattern");
        let only = pattern.terms()[0].comparisons.first().expect("a comparison");
        Comparison::clone(only)
    }

    #[test]
    fn what_follows_and_what_does_not() {
        for (a, b) in [
            ("$.a = x", "$.a = \"x\""),
            ("$.a = PutBucketPolicy", "$.a = PutBucket*"),
            ("$.a = PutBucket*", "$.a = Put*"),
            ("$.a = x", "$.a != y"),
            ("$.a != x*", "$.a != xy"),
            ("$.a = 5", "$.a = 5.0"),
            ("$.a = 5", "$.a >= 5"),
            ("$.a > 5", "$.a > 3"),
            ("$.a > 5", "$.a >= 5"),
            ("$.a <= 5", "$.a != 6"),
            ("$.a NOT EXISTS", "$.a not exists"),
            ("$.a = %x+%", "$.a=%x+%"),
            ("$.a[*] = xy", "$.a[*] = x*"),
        ] {
            assert!(one(a).implies(&one(b)), "{a} -> {b}");
        }
        for (a, b) in [
            ("$.a = x", "$.b = x"),
            ("$.a = x", "$.a = X"),
            ("$.a = Put*", "$.a = PutBucket*"),
            ("$.a = x*", "$.a != y"),
            ("$.a = x", "$.a != x*"),
            ("$.a = 5", "$.a = \"5\""),
            ("$.a >= 5", "$.a > 5"),
            ("$.a >= 5", "$.a != 5"),
            ("$.a < 5", "$.a != 4"),
            ("$.a != 5", "$.a > 4"),
            ("$.a NOT EXISTS", "$.a IS NULL"),
            ("$.a = %x%", "$.a = %xx%"),
            ("$.a[*] = x", "$.a[*] != y"),
        ] {
            assert!(!one(a).implies(&one(b)), "{a} -> {b}");
        }
    }

    #[test]
    fn stars_take_any_run() {
        for (pattern, text) in [("*", ""), ("a*", "a"), ("a*c", "abbc"), ("*b*b", "aabcb"), ("a**c", "ac"), ("?", "?")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("?", "a"), ("a*a", "a"), ("*b*b", "ab"), ("a*", "Ab"), ("*ab*b", "ab")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn quotes_stand_only_where_they_must() {
        for (text, written) in [
            ("$.a=\"kms.amazonaws.com\"", "($.a=kms.amazonaws.com)"),
            ("$.a = \"Failed authentication\"", "($.a=\"Failed authentication\")"),
            ("$.a=\"5\"", "($.a=\"5\")"),
            ("$.a=5.0", "($.a=5)"),
            ("$.a=\"\"", "($.a=\"\")"),
            (r#"$.a="a\"\\b\c""#, r#"($.a="a\"\\b\\c")"#),
            ("$['x.y'] is null", "($.['x.y'] IS NULL)"),
        ] {
            assert_eq!(one(text).to_string(), written);
            assert_eq!(one(written), one(text));
        }
    }
}
