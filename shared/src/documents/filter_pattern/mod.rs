//! Filter patterns of CloudWatch Logs for JSON, parsed by meaning, compared, and extended without losing what they
//! match ([CloudWatch Logs user guide, filter pattern syntax]).
//!
//! An example is `{ ($.eventName = CreateTrail) || ($.eventName = StopLogging) }`. Audit records are JSON, so patterns
//! of other kinds do not apply to them.
//!
//! How AWS itself evaluates a pattern cannot be observed. Wherever it matters, the answer is the cautious one: that a
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

/// Maximum length of a filter pattern in characters (CloudWatch Logs API, `PutMetricFilter`).
pub const LONGEST: usize = 1_024;

/// A pattern as a list of terms, one of which must hold.
///
/// Two patterns are equal if their terms are the same; order, spacing, brackets, quotes and repetition do not matter.
/// Terms that can never hold are ignored, such as those that require two different strings for one member, or require
/// and exclude the same one.
#[derive(Debug, Clone)]
pub struct Pattern {
    terms: Vec<Term>,
    contradictions: Vec<Term>,
    inner: String,
    conjoined: bool,
}

/// Why a string is not a pattern that can be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// The pattern is of another kind: plain terms, a lone regular expression, or `[w1, w2]`.
    #[error("it is not a filter pattern for JSON")]
    NotJson,
    /// The pattern begins like one for JSON, but has a syntax error.
    #[error("expected {expected} at character {at}")]
    Syntax {
        /// Position of the error in characters, from 1.
        at: usize,
        /// Description of what is expected there.
        expected: &'static str,
    },
    /// The pattern has too many nested brackets, or too many terms once it is expanded.
    #[error("it is too complex to evaluate")]
    TooComplex,
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// Returns why the string is not a pattern that can be judged.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let parsed = parse::parse(text)?;
        let mut seen = BTreeSet::new();
        let distinct = parsed.terms.into_iter().filter(|term| seen.insert(term.set()));
        let (contradictions, terms) = distinct.partition(Term::contradicts_itself);
        Ok(Self { terms, contradictions, inner: parsed.inner.to_owned(), conjoined: parsed.conjoined })
    }

    /// Returns the pattern that matches what any of these matches; `None` if it would be too complex to judge.
    #[must_use]
    pub fn any_of<'p>(patterns: impl IntoIterator<Item = &'p Self>) -> Option<Self> {
        let all: Vec<String> = patterns.into_iter().map(|it| format!("({})", it.inner)).collect();
        Self::parse(&format!("{{ {} }}", all.join(" || "))).ok()
    }

    /// Returns the terms that can hold, in their original order.
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Returns whether no event can match, as with several event names joined by AND.
    #[must_use]
    pub fn never_matches(&self) -> bool {
        self.terms.is_empty()
    }

    /// Returns a pattern that keeps this one word for word and also matches the events of `terms`.
    ///
    /// Returns `None` if CloudWatch Logs would reject the result because it has more than [`LONGEST`] characters, or if
    /// it could not be judged again.
    #[must_use]
    pub fn widened(&self, terms: &[&Term]) -> Option<String> {
        // `&&` binds tighter than `||`; the brackets are only for readers.
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
