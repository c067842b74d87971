//! Decides whether a pattern matches everything that another one should. If in doubt, the answer is no.

use super::comparison::{Comparison, Test};
use super::{Pattern, Term};

/// Allowances made when a pattern is compared with a wanted one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Concessions<'a> {
    /// Selectors whose comparisons a pattern may omit.
    pub optional: &'a [&'a str],
    /// Selectors and values that hold for every event that the wanted terms match, so that a pattern may require them:
    /// `$.eventSource` is `s3.amazonaws.com` if the event names are those of S3.
    pub known: &'a [(&'a str, &'a str)],
}

impl Concessions<'_> {
    fn facts(&self) -> Vec<Comparison> {
        let fact =
            |(selector, value): &(&str, &str)| Comparison { selector: (*selector).to_owned(), test: Test::is(value) };
        self.known.iter().map(fact).collect()
    }

    /// Returns the comparisons of a wanted term that must not be omitted.
    fn needed<'t>(&self, wanted: &'t Term) -> impl Iterator<Item = &'t Comparison> {
        wanted.iter().filter(|it| !self.optional.contains(&it.selector.as_str()))
    }
}

impl Pattern {
    /// Returns the terms of `wanted` that this pattern does not match; if there are none, it covers `wanted`.
    ///
    /// A wanted term is matched if one term of this pattern meets two conditions: everything it requires follows from
    /// the wanted term or from what is known, and it requires every comparison of the wanted term that is not optional,
    /// perhaps more loosely. A bare `*` and a `!=` require no value: a pattern that nearly every event satisfies covers
    /// nothing.
    #[must_use]
    pub fn lacks<'w>(&self, wanted: &'w Pattern, rule: &Concessions<'_>) -> Vec<&'w Term> {
        let facts = rule.facts();
        let covers = |ours: &Term, term: &Term| {
            let follows = |it: &Comparison| term.iter().chain(&facts).any(|given| given.implies(it));
            ours.iter().all(follows) && rule.needed(term).all(|it| ours.iter().any(|ours| it.is_asked_by(ours)))
        };
        wanted.terms.iter().filter(|term| !self.terms.iter().any(|ours| covers(ours, term))).collect()
    }

    /// Returns how many terms of `wanted` are mentioned, whether or not the pattern matches them. This distinguishes a
    /// filter with the same purpose from an unrelated one.
    ///
    /// A term is mentioned if each of its comparisons that are not optional occurs somewhere, even in a term that can
    /// never match.
    #[must_use]
    pub fn mentions(&self, wanted: &Pattern, rule: &Concessions<'_>) -> usize {
        let all: Vec<&Comparison> = self.terms.iter().chain(&self.contradictions).flat_map(Term::iter).collect();
        let mentioned = |term: &&Term| rule.needed(term).all(|it| all.iter().any(|ours| it.is_asked_by(ours)));
        wanted.terms.iter().filter(mentioned).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: Concessions<'_> = Concessions { optional: &[], known: &[] };
    const S3: Concessions<'_> =
        Concessions { optional: &["$.eventSource"], known: &[("$.eventSource", "s3.amazonaws.com")] };

    fn pattern(text: &str) -> Pattern {
        Pattern::parse(text).expect("a pattern")
    }

    fn lacks(ours: &str, wanted: &str, rule: &Concessions<'_>) -> Vec<String> {
        pattern(ours).lacks(&pattern(wanted), rule).into_iter().map(Term::to_string).collect()
    }

    #[test]
    fn what_is_optional_may_go_and_what_is_known_may_come() {
        let wanted =
            "{ $.eventSource = s3.amazonaws.com && ($.eventName = PutBucketAcl || $.eventName = PutBucketCors) }";
        let bare = "{ $.eventName = PutBucketAcl || $.eventName = PutBucketCors }";
        assert_eq!(lacks(bare, wanted, &S3), [""; 0]);
        assert_eq!(lacks(wanted, bare, &S3), [""; 0]);
        assert_eq!(lacks(bare, wanted, &ALONE).len(), 2);
        assert_eq!(lacks(wanted, bare, &ALONE).len(), 2);
        let elsewhere = "{ $.eventSource = kms.amazonaws.com && $.eventName = PutBucket* }";
        assert_eq!(lacks(elsewhere, bare, &S3), ["($.eventName=PutBucketAcl)", "($.eventName=PutBucketCors)"]);
    }

    #[test]
    fn looser_is_enough_and_anything_is_not() {
        let wanted = "{ $.eventName = PutBucketPolicy }";
        for enough in ["PutBucket*", "*Policy", "\"PutBucketPolicy\""] {
            assert_eq!(lacks(&format!("{{ $.eventName = {enough} }}"), wanted, &S3), [""; 0]);
        }
        for other in [
            "{ $.eventName = * }",
            "{ $.eventName = \"**\" }",
            "{ $.eventName != HeadBucket }",
            "{ $.eventSource = s3.amazonaws.com }",
            "{ $.eventName = PutBucketPolicy && $.errorCode NOT EXISTS }",
        ] {
            assert_eq!(lacks(other, wanted, &S3), ["($.eventName=PutBucketPolicy)"], "{other}");
        }
        let ours = "{ $.eventName = PutBucket* && $.eventName != PutBucketCors }";
        assert_eq!(lacks(ours, "{ $.eventName = PutBucketAcl }", &ALONE), [""; 0]);
        assert_eq!(lacks("{ $.a = * }", "{ $.a = * }", &ALONE), [""; 0]);
    }

    #[test]
    fn a_term_that_never_holds_takes_nothing_and_mentions_all() {
        let (both, either) = (pattern("{ $.a = x && $.a = y }"), pattern("{ $.a = x || $.a = y }"));
        assert!(both.never_matches() && !either.never_matches());
        assert_eq!((both.lacks(&either, &ALONE).len(), both.mentions(&either, &ALONE)), (2, 2));
        let other = pattern("{ $.a = z || $.b = x || $.a != y }");
        assert_eq!(other.mentions(&either, &ALONE), 0);
    }
}
