//! Terms of a pattern: comparisons that must all hold, and their bounded expansion.

use super::PatternError;
use super::comparison::{Comparison, Test};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Maximum number of comparisons in all terms together.
pub(super) const MOST: usize = 4_096;

/// Comparisons that must all hold.
#[derive(Debug, Clone)]
pub struct Term {
    pub(super) comparisons: Vec<Arc<Comparison>>,
}

impl Term {
    /// Returns the string that the term requires a member to equal, wildcards included, or `None` if it requires none.
    #[must_use]
    pub fn value_of(&self, selector: &str) -> Option<&str> {
        self.iter().filter(|it| it.selector == selector).find_map(|it| match &it.test {
            Test::Is(text) => Some(text.as_str()),
            _ => None,
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Comparison> {
        self.comparisons.iter().map(AsRef::as_ref)
    }

    pub(super) fn set(&self) -> BTreeSet<Arc<Comparison>> {
        self.comparisons.iter().cloned().collect()
    }

    /// Returns the conjunction of both terms.
    pub(super) fn and(&self, other: &Self) -> Self {
        let mut comparisons = self.comparisons.clone();
        comparisons.extend(other.comparisons.iter().filter(|it| !self.comparisons.contains(it)).cloned());
        Self { comparisons }
    }

    pub(super) fn contradicts_itself(&self) -> bool {
        self.iter().enumerate().any(|(at, it)| self.iter().skip(at + 1).any(|other| it.excludes(other)))
    }

    /// Returns the term as an operand of `||`.
    pub(super) fn as_operand(&self) -> String {
        if self.comparisons.len() == 1 { self.to_string() } else { format!("({self})") }
    }
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.set() == other.set()
    }
}

impl Eq for Term {}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().map(Comparison::to_string).collect::<Vec<_>>().join(" && "))
    }
}

fn size(terms: &[Term]) -> usize {
    terms.iter().map(|term| term.comparisons.len()).sum()
}

fn fits_in(size: usize) -> Result<(), PatternError> {
    if size > MOST { Err(PatternError::TooComplex) } else { Ok(()) }
}

/// Returns an error if there are more terms than can be judged.
pub(super) fn bounded(terms: &[Term]) -> Result<(), PatternError> {
    fits_in(size(terms))
}

/// Combines every term of one side with every term of the other. The size is checked before anything is allocated.
pub(super) fn product(left: &[Term], right: &[Term]) -> Result<Vec<Term>, PatternError> {
    fits_in(size(left).saturating_mul(right.len()).saturating_add(size(right).saturating_mul(left.len())))?;
    Ok(left.iter().flat_map(|a| right.iter().map(|b| a.and(b))).collect())
}

#[cfg(test)]
mod tests {
    use super::super::Pattern;

    #[test]
    fn a_term_of_several_comparisons_has_brackets_among_others() {
        let text = "{($.s=kms && ($.n=A || $.n=B*)) || $.x!=1}";
        let pattern = Pattern::parse(text).expect("a pattern");
        assert_eq!(pattern.to_string(), "{(($.s=kms) && ($.n=A)) || (($.s=kms) && ($.n=B*)) || ($.x!=1)}");
        let [first, second, third] = pattern.terms() else { panic!("three terms") };
        assert_eq!(first.to_string(), "($.s=kms) && ($.n=A)");
        assert_eq!([first, second, third].map(|it| it.value_of("$.n")), [Some("A"), Some("B*"), None]);
        assert_eq!(third.value_of("$.x"), None);
        let one = Pattern::parse("{ $.n = Z }").expect("a pattern");
        assert_eq!(one.widened(&[second]), Some("{ $.n = Z || (($.s=kms) && ($.n=B*)) }".to_owned()));
    }

    #[test]
    fn what_is_repeated_is_one() {
        let pattern =
            Pattern::parse("{ $.a=x || ($.a=x && $.a=\"x\") || $.a=y && $.b=z || $.b=z && $.a=y }").expect("one");
        assert_eq!(pattern.to_string(), "{($.a=x) || (($.a=y) && ($.b=z))}");
    }
}
