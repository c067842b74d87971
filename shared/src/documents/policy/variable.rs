//! Policy variables, such as `${aws:SourceAccount}`, filled in as far as the request is known.

use super::context::{Context, Fact};
use super::shape::Token;

/// Characters that a pattern may hold beside text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wildcards {
    /// `*` and `?` match other characters, as in `Resource` and `StringLike`.
    Match,
    /// `*` and `?` are what they are, as in `StringEquals`.
    Literal,
}

/// Reads a pattern of a statement; `None` if it has a variable without value, which matches nothing ([policy variables
/// with no value]). Variables are text in a document of the older version.
///
/// [policy variables with no value]: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
pub(super) fn tokens(text: &str, wildcards: Wildcards, context: &Context<'_>) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let variable = rest.strip_prefix("${").filter(|_| context.variables).and_then(|it| it.split_once('}'));
        if let Some((name, after)) = variable {
            tokens.extend(value(name, context)?);
            rest = after;
            continue;
        }
        tokens.push(match c {
            '*' if wildcards == Wildcards::Match => Token::Many,
            '?' if wildcards == Wildcards::Match => Token::One,
            c => Token::Char(c),
        });
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    Some(tokens)
}

/// Returns the value of a variable. Wildcards in it match only themselves.
fn value(name: &str, context: &Context<'_>) -> Option<Vec<Token>> {
    let text = |text: &str| text.chars().map(Token::Char).collect();
    if matches!(name, "*" | "?" | "$") {
        return Some(text(name));
    }
    let (key, default) = match name.split_once(',') {
        Some((key, default)) => (key.trim(), Some(default.trim().trim_matches('\''))),
        None => (name.trim(), None),
    };
    match context.fact(key) {
        Fact::Absent => default.map(text),
        Fact::Values(values) => match values.as_slice() {
            [value] => Some(value.fixed().map_or_else(|| vec![Token::Unknown], |value| text(&value))),
            _ => Some(vec![Token::Unknown]),
        },
        Fact::Unknown | Fact::OneOf(_) | Fact::AmongOthers(_) => Some(vec![Token::Unknown]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, variables: bool) -> Option<Vec<Token>> {
        let known = [("aws:SourceAccount", "11*"), ("aws:SourceOrgID", "")];
        let context = Context { service: None, action: "s3:PutObject", known: &known, variables };
        tokens(text, Wildcards::Match, &context)
    }

    #[test]
    fn variables_are_filled_in_where_the_key_is_known() {
        use Token::{Char, Many, One, Unknown};
        assert_eq!(read("a*?", true), Some(vec![Char('a'), Many, One]));
        assert_eq!(read("${AWS:sourceaccount}*", true), Some(vec![Char('1'), Char('1'), Char('*'), Many]));
        assert_eq!(read("${*}${?}${$}", true), Some(vec![Char('*'), Char('?'), Char('$')]));
        assert_eq!(read("x${aws:username}", true), Some(vec![Char('x'), Unknown]));
        assert_eq!(read("${aws:SourceOrgID}", true), None);
        assert_eq!(read("${aws:SourceOrgID, 'no'}", true), Some(vec![Char('n'), Char('o')]));
        assert_eq!(read("${a", true), Some(vec![Char('$'), Char('{'), Char('a')]));
        assert_eq!(read("${*}", false), Some(vec![Char('$'), Char('{'), Many, Char('}')]));
    }
}
