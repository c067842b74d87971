//! Parses a JSON filter pattern into terms. `&&` binds tighter than `||`.
//!
//! The nesting of brackets and the number of terms are limited, so that no input takes much time or memory.

use super::comparison::{Comparison, Test};
use super::number::{Number, Relation};
use super::selector::written;
use super::term::{Term, bounded, product};
use super::{PatternError, selector};
use std::sync::Arc;

/// Maximum nesting depth of brackets. People need three.
const DEEPEST: usize = 64;

/// Result of parsing a pattern.
pub(super) struct Parsed<'a> {
    /// All terms in order, including those that can never hold.
    pub(super) terms: Vec<Term>,
    /// Content of the braces.
    pub(super) inner: &'a str,
    /// Whether there is an `&&` outside all brackets.
    pub(super) conjoined: bool,
}

/// Parses a complete pattern.
pub(super) fn parse(text: &str) -> Result<Parsed<'_>, PatternError> {
    let start = text.trim_start().strip_prefix('{').ok_or(PatternError::NotJson)?;
    let mut reader = Cursor { text, rest: start, conjoined: false };
    let terms = reader.any(DEEPEST)?;
    let inner = start.strip_suffix(reader.rest).unwrap_or(start).trim();
    if !reader.take("}") {
        return reader.fail("&&, || or the closing brace");
    }
    if !reader.rest.trim().is_empty() {
        return reader.fail("nothing after the closing brace");
    }
    Ok(Parsed { terms, inner, conjoined: reader.conjoined })
}

struct Cursor<'a> {
    text: &'a str,
    rest: &'a str,
    conjoined: bool,
}

impl<'a> Cursor<'a> {
    fn fail<T>(&self, expected: &'static str) -> Result<T, PatternError> {
        let before = self.text.strip_suffix(self.rest.trim_start()).unwrap_or(self.text);
        Err(PatternError::Syntax { at: before.chars().count() + 1, expected })
    }

    /// Consumes `token` and any white space before it, if it comes next.
    fn take(&mut self, token: &str) -> bool {
        let after = self.rest.trim_start().strip_prefix(token);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Consumes white space, then the longest run of characters that `belongs` accepts.
    fn run(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let text = self.rest.trim_start();
        let end = text.find(|c| !belongs(c)).unwrap_or(text.len());
        let (run, after) = text.split_at_checked(end).unwrap_or((text, ""));
        self.rest = after;
        run
    }

    /// Consumes a whole word, ignoring case.
    fn word(&mut self, word: &str) -> bool {
        let before = self.rest;
        let found = self.run(|c| c.is_alphanumeric() || c == '_').eq_ignore_ascii_case(word);
        self.rest = if found { self.rest } else { before };
        found
    }

    fn any(&mut self, depth: usize) -> Result<Vec<Term>, PatternError> {
        let mut terms = self.all(depth)?;
        while self.take("||") {
            terms.append(&mut self.all(depth)?);
            bounded(&terms)?;
        }
        Ok(terms)
    }

    fn all(&mut self, depth: usize) -> Result<Vec<Term>, PatternError> {
        let mut terms = self.one(depth)?;
        while self.take("&&") {
            self.conjoined |= depth == DEEPEST;
            terms = product(&terms, &self.one(depth)?)?;
        }
        Ok(terms)
    }

    fn one(&mut self, depth: usize) -> Result<Vec<Term>, PatternError> {
        if !self.take("(") {
            let comparison = Arc::new(self.comparison()?);
            return Ok(vec![Term { comparisons: vec![comparison] }]);
        }
        let terms = self.any(depth.checked_sub(1).ok_or(PatternError::TooComplex)?)?;
        if self.take(")") { Ok(terms) } else { self.fail("&&, || or a closing bracket") }
    }

    fn comparison(&mut self) -> Result<Comparison, PatternError> {
        let selector = match selector::read(self.rest.trim_start()) {
            Ok((steps, after)) => {
                self.rest = after;
                written(&steps)
            }
            Err((rest, expected)) => {
                self.rest = rest;
                return self.fail(expected);
            }
        };
        let test = if self.word("NOT") {
            if self.word("EXISTS") { Test::NotExists } else { return self.fail("EXISTS") }
        } else if self.word("IS") {
            let states = [("NULL", Test::Null), ("TRUE", Test::True), ("FALSE", Test::False)];
            match states.into_iter().find(|(name, _)| self.word(name)) {
                Some((_, test)) => test,
                None => return self.fail("NULL, TRUE or FALSE"),
            }
        } else {
            match Relation::ALL.into_iter().find(|(operator, _)| self.take(operator)) {
                Some((_, relation)) => self.value(relation)?,
                None => return self.fail("=, !=, <, <=, >, >=, IS or NOT EXISTS"),
            }
        };
        Ok(Comparison { selector, test })
    }

    fn value(&mut self, relation: Relation) -> Result<Test, PatternError> {
        let at = self.rest;
        let (text, number, regex) = if self.take("\"") {
            (self.quoted()?, None, false)
        } else if self.take("%") {
            let Some((regex, after)) = self.rest.split_once('%') else { return self.fail("the closing %") };
            self.rest = after;
            (regex.to_owned(), None, true)
        } else {
            let run = self.run(|c| !c.is_whitespace() && !"(){}\"'&|=<>!%$".contains(c));
            if run.is_empty() {
                return self.fail("a value, in double quotes if it has more than letters and digits");
            }
            (run.to_owned(), Number::parse(run), false)
        };
        match (relation, number) {
            (_, Some(number)) => Ok(Test::Number(relation, number)),
            (Relation::Equal, None) => Ok(if regex { Test::Regex(text) } else { Test::is(&text) }),
            (Relation::NotEqual, None) => Ok(if regex { Test::NotRegex(text) } else { Test::is_not(&text) }),
            _ => {
                self.rest = at;
                self.fail("a number")
            }
        }
    }

    /// Parses the rest of a string in double quotes. A backslash escapes a quote or another backslash.
    fn quoted(&mut self) -> Result<String, PatternError> {
        let mut text = String::new();
        let mut characters = self.rest.chars();
        while let Some(c) = characters.next() {
            let ahead = characters.as_str();
            match c {
                '"' => {
                    self.rest = ahead;
                    return Ok(text);
                }
                '\\' if ahead.starts_with(['"', '\\']) => text.extend(characters.next()),
                _ => text.push(c),
            }
        }
        self.fail("the quote that closes the text")
    }
}

#[cfg(test)]
mod tests {
    use super::super::term::MOST;
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        parse(text).map(|it| it.terms.iter().map(Term::to_string).collect()).unwrap_or_default()
    }

    fn error(text: &str) -> PatternError {
        parse(text).err().unwrap_or_else(|| panic!("{text} is a pattern"))
    }

    #[test]
    fn and_binds_tighter_than_or() {
        assert_eq!(terms("{$.a=1||$.b=2&&$.c=3}"), ["($.a=1)", "($.b=2) && ($.c=3)"]);
        assert_eq!(terms("{($.a=1||$.b=2)&&$.c=3}"), ["($.a=1) && ($.c=3)", "($.b=2) && ($.c=3)"]);
        assert_eq!(terms(" {\n(( ($.a = x) ))\t&& $.a=x && $.b  is\n NULL } "), ["($.a=x) && ($.b IS NULL)"]);
    }

    #[test]
    fn text_of_another_kind_is_told_from_mistakes() {
        for other in ["", "ERROR", "[ip, user, status = 4*]", "%x%", "\"{\"", "?ERROR ?WARN"] {
            assert_eq!(error(other), PatternError::NotJson);
        }
        for (text, at) in [
            ("{", 2),
            ("{ }", 3),
            ("{ $.a = x", 10),
            ("{ $.a = x } y", 13),
            ("{ $.a = 'x' }", 9),
            ("{ $.a = \"x }", 10),
            ("{ $.a == x }", 8),
            ("{ $.a = x & $.b = y }", 11),
            ("{ $.a = x $.b = y }", 11),
            ("{ ($.a = x }", 12),
            ("{ $.a = x) }", 10),
            ("{ $.a IS NOT NULL }", 10),
            ("{ $.a EXISTS }", 7),
            ("{ $.a NOT EXISTSX }", 11),
            ("{ $.a > abc }", 9),
            ("{ $.a > \"5\" }", 9),
            ("{ $.a = %x }", 10),
            ("{ $.é = x || }", 14),
            ("{ !($.a = x) }", 3),
            ("{ a = x }", 3),
        ] {
            assert!(
                matches!(error(text), PatternError::Syntax { at: found, .. } if found == at),
                "{text} {:?}",
                error(text)
            );
        }
    }

    #[test]
    fn no_text_takes_long() {
        let nested = |depth| format!("{{{}$.a=x{}}}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(terms(&nested(DEEPEST)), ["($.a=x)"]);
        for depth in [DEEPEST + 1, 500, 500_000] {
            assert_eq!(error(&nested(depth)), PatternError::TooComplex);
        }
        let squares = vec!["($.a=1 || $.b=2)"; 100].join(" && ");
        assert_eq!(error(&format!("{{{squares}}}")), PatternError::TooComplex);
        let many = vec!["$.a=1"; MOST].join("||");
        assert!(parse(&format!("{{{many}}}")).is_ok());
        assert_eq!(error(&format!("{{{many}||$.a=1}}")), PatternError::TooComplex);
    }
}
