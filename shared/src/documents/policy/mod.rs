//! IAM policy documents: parsed by meaning, decided as IAM does, and filled in from our own templates.
//!
//! Documents remain JSON values, so that reading one loses nothing of a customer's document.

mod caller;
mod condition;
mod context;
mod decide;
mod denial;
mod excess;
mod meaning;
mod merge;
mod shape;
mod shut_out;
mod statement;
mod template;
mod variable;

pub(crate) use caller::{KnownKey, holds_for};
pub use decide::{Decision, Request, decide};
pub(crate) use denial::network;
pub use denial::{covers, denies_all_of};
pub use excess::{Excess, strangers, told as told_of};
pub use meaning::{beyond, same, within};
pub use merge::{Refusal, completed, with_statements, without_statements};
pub use shape::{CharacterClass, Shape};
pub use shut_out::{Household, ShutOut};
pub use statement::{Condition, Statement, statements, texts};
pub(crate) use template::document;
pub use template::{compiled, fill, fill_in, fill_lists};

use serde_json::Value;

/// Parses a document. Anything that is not JSON is kept as a string: it allows nothing, and the report shows it.
#[must_use]
pub fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Returns the text of a document: without blanks, or as it is if it is a string.
#[must_use]
pub fn text_of(document: &Value) -> String {
    document.as_str().map_or_else(|| document.to_string(), str::to_owned)
}

/// Returns whether `text` matches a pattern with `*` (any run) and `?` (any one character), as IAM matches resources.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    // Greedy with a single point to backtrack to: linear for any pattern that people write, and never exponential.
    let (mut p, mut t, mut star): (usize, usize, Option<(usize, usize)>) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || Some(c) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text) in
            [("*", ""), ("a*c", "abbc"), ("a?c", "abc"), ("*b*b", "aabcb"), ("arn:*:x", "arn:a:b:x"), ("", "")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a", ""), ("a?", "a"), ("a*c", "abd"), ("A", "a"), ("*b", "bc")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        assert!(!matches(&"*a".repeat(200), &"a".repeat(5_000).replace('a', "b")));
    }
}
