//! Filter patterns of `CloudWatch` Logs for JSON, such as `{ ($.eventName = CreateTrail) || ($.eventName = StopLogging) }`:
//! read by meaning, compared, and widened without losing what they match
//! ([CloudWatch Logs user guide, filter pattern syntax]). Patterns of other kinds are not for audit records.
//!
//! It cannot be seen how AWS itself evaluates a pattern. Wherever it matters, the careful answer is given: that a
//! pattern does not cover.
//!
//! [CloudWatch Logs user guide, filter pattern syntax]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

mod comparison;
mod covering;
mod number;
mod parse;
mod selector;
mod term;

#[cfg(test)]
mod cis;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod meaning;
#[cfg(test)]
mod samples;

pub use covering::Concessions;
pub use term::Term;

use comparison::Comparison;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The most characters that a filter pattern may have (`CloudWatch` Logs API, `PutMetricFilter`).
pub const LONGEST: usize = 1_024;

/// A pattern as a list of terms, one of which must hold.
///
/// Two are equal when their terms are the same; order, spacing, brackets, quotes and repetition do not matter. Terms
/// that can never hold do not count: a member that is to equal two different texts, or to equal and not to equal one.
#[derive(Debug, Clone)]
pub struct Pattern {
    terms: Vec<Term>,
    contradictions: Vec<Term>,
    inner: String,
    conjoined: bool,
}

/// Why a text could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is of another kind: plain terms, a lone regular expression, or `[w1, w2]`.
    #[error("it is not a filter pattern for JSON")]
    NotJson,
    /// It begins as a pattern for JSON and does not go on as one.
    #[error("at character {at} there should be {expected}")]
    Syntax {
        /// The place, counted in characters from 1.
        at: usize,
        /// What should have stood there.
        expected: &'static str,
    },
    /// Its brackets nest too deep, or it has too many terms when it is multiplied out.
    #[error("it is too complex to be judged")]
    TooComplex,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Says why it is none that can be judged.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let parsed = parse::parse(text)?;
        let mut seen = BTreeSet::new();
        let distinct = parsed.terms.into_iter().filter(|term| seen.insert(term.set()));
        let (contradictions, terms) = distinct.partition(Term::contradicts_itself);
        Ok(Self { terms, contradictions, inner: parsed.inner.to_owned(), conjoined: parsed.conjoined })
    }

    /// The terms that can hold, in the order of the text.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Whether no event can match, as with an AND of event names.
    #[must_use]
    pub fn never_matches(&self) -> bool {
        self.terms.is_empty()
    }

    /// The text of a pattern that matches what this one matches, in its own words, and the events of these terms too.
    ///
    /// `None` where `CloudWatch` Logs would not take it, because it has more than [`LONGEST`] characters, or where it
    /// could not be judged again.
    #[must_use]
    pub fn widened(&self, terms: &[&Term]) -> Option<String> {
        // `&&` binds tighter than `||`; the brackets are there for readers.
        let brackets = self.conjoined && !terms.is_empty();
        let kept = if brackets { format!("({})", self.inner) } else { self.inner.clone() };
        let operands: Vec<String> = std::iter::once(kept).chain(terms.iter().map(|it| it.as_operand())).collect();
        let text = format!("{{ {} }}", operands.join(" || "));
        (text.chars().count() <= LONGEST && Self::parse(&text).is_ok()).then_some(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        let set = |it: &Self| -> BTreeSet<BTreeSet<Arc<Comparison>>> { it.terms.iter().map(Term::set).collect() };
        set(self) == set(other)
    }
}

impl Eq for Pattern {}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = if self.never_matches() { &self.contradictions } else { &self.terms };
        let operand = |term: &Term| if shown.len() == 1 { term.to_string() } else { term.as_operand() };
        write!(f, "{{{}}}", shown.iter().map(operand).collect::<Vec<_>>().join(" || "))
    }
}
