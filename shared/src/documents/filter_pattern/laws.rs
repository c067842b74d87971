//! Properties of patterns, tested on generated patterns and events.

use super::comparison::Comparison;
use super::meaning::{any_contradiction_holds, retries_on};
use super::samples::{
    KNOWN, Tree, choices, comparisons, events, optional, plain, read, terms, tree, wanted_and_ours, written,
};
use super::{Concessions, Pattern, Term};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn what_follows_and_what_is_excluded_is_true_of_every_value() {
    let texts = ["", "A", "AB", "ABA", "AxB", "B", "5", "say \"AB\""].map(|it| json!(it));
    let numbers = [-2.0, -1.0, -0.5, 0.0, 1.0, 3.0, 4.0, 5.0, 6.0, 1000.0, 2000.0].map(|it| json!(it));
    let values = [texts.as_slice(), &numbers, &[json!(null), json!(true), json!(false)]].concat();
    let one = values.iter().map(|it| json!({ "a": it, "d": [it] }));
    let two = values.iter().flat_map(|a| values.iter().map(move |b| json!({ "d": [a, b] })));
    let events: Vec<Value> = one.chain(two).chain([json!({}), json!({"d": []})]).collect();
    for selector in [0, 3] {
        let all = comparisons(selector);
        let passed = |it: &Comparison| -> Vec<bool> { events.iter().map(|event| retries_on(it, event)).collect() };
        let judged: Vec<(&Comparison, Vec<bool>)> = all.iter().map(|it| (it, passed(it))).collect();
        for (a, of_a) in &judged {
            for (b, of_b) in &judged {
                let mut both = of_a.iter().zip(of_b);
                assert!(!a.implies(b) || both.clone().all(|(a, b)| !a || *b), "{a} -> {b}");
                assert!(!a.excludes(b) || !both.any(|(a, b)| *a && *b), "{a} and {b}");
                assert_eq!(a.excludes(b), b.excludes(a), "{a} and {b}");
            }
            assert!(a.implies(a) && a.is_asked_by(a) && !a.excludes(a), "{a}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn order_spacing_brackets_and_quotes_do_not_matter(tree in tree(), choices in choices(), events in events()) {
        let (plain, styled) = (tree.pattern(), read(&tree.text(&choices)));
        prop_assert_eq!(&plain, &styled);
        for event in &events {
            prop_assert_eq!(plain.matches(event), styled.matches(event));
        }
    }

    #[test]
    fn what_is_said_never_to_hold_never_holds(tree in tree(), events in events()) {
        let pattern = tree.pattern();
        prop_assert!(events.iter().all(|event| !any_contradiction_holds(&pattern, event)));
    }

    #[test]
    fn what_is_dropped_is_missed(terms in plain(), at in any::<Index>(), inner in any::<Index>()) {
        let whole = written(&terms);
        let at = at.index(terms.len());
        let mut fewer = terms.clone();
        let dropped = fewer.remove(at);
        if !fewer.is_empty() {
            let fewer = written(&fewer);
            prop_assert_ne!(&whole, &fewer);
            prop_assert_ne!(&fewer, &whole);
            prop_assert_eq!(fewer.lacks(&whole, &Concessions::default()).len(), 1);
            prop_assert!(whole.lacks(&fewer, &Concessions::default()).is_empty());
        }
        if dropped.len() > 1 {
            let mut shorter = terms.clone();
            let selector = *dropped.keys().nth(inner.index(dropped.len())).expect("a selector");
            shorter[at].remove(&selector);
            let shorter = written(&shorter);
            prop_assert_ne!(&whole, &shorter);
            prop_assert_eq!(shorter.lacks(&whole, &Concessions::default()).len(), 1);
        }
    }

    #[test]
    fn what_covers_matches_all_that_is_wanted(
        (wanted, ours) in wanted_and_ours(), optional in optional(), events in events(),
    ) {
        let (wanted, ours) = (Tree::of(&wanted).pattern(), Tree::of(&ours).pattern());
        let rule = Concessions { optional: &optional, known: &KNOWN };
        let missing: BTreeSet<String> = ours.lacks(&wanted, &rule).iter().map(ToString::to_string).collect();
        for mut event in events {
            event["b"]["c"] = json!(KNOWN[0].1);
            // Check each term on its own: whatever is not missing must be matched.
            for term in wanted.terms().iter().filter(|it| !missing.contains(&it.to_string())) {
                let alone = read(&format!("{{{term}}}"));
                prop_assert!(!alone.matches(&event) || ours.matches(&event), "{} in {} of {}", event, term, ours);
            }
        }
        prop_assert!(ours.mentions(&wanted, &rule) + missing.len() >= wanted.terms().len());
    }

    #[test]
    fn what_is_widened_covers_and_loses_nothing(
        ours in tree(), choices in choices(), wanted in terms(), optional in optional(), events in events(),
    ) {
        let text = ours.text(&choices);
        let (ours, wanted) = (read(&text), Tree::of(&wanted).pattern());
        let rule = Concessions { optional: &optional, known: &KNOWN };
        let missing = ours.lacks(&wanted, &rule);
        let Some(widened) = ours.widened(&missing) else {
            let added: usize = missing.iter().map(|it| it.to_string().len() + 6).sum();
            prop_assert!(text.len() + added + 6 > super::LONGEST);
            return Ok(());
        };
        let whole = read(&widened);
        prop_assert!(whole.lacks(&wanted, &rule).is_empty(), "{}", widened);
        let kept = ours.terms().iter().chain(missing.iter().copied());
        prop_assert!(whole.terms().iter().all(|it| kept.clone().any(|other| it == other)), "{}", widened);
        for event in &events {
            prop_assert!(!ours.matches(event) || whole.matches(event));
        }
    }

    #[test]
    fn what_is_written_is_read_again(tree in tree()) {
        let pattern = tree.pattern();
        let again = read(&pattern.to_string());
        prop_assert_eq!(&again, &pattern);
        prop_assert_eq!(again.to_string(), pattern.to_string());
        prop_assert_eq!(again.terms(), pattern.terms());
    }

    #[test]
    fn no_text_panics(text in any::<String>(), tree in tree(), choices in choices(), cuts in any::<[Index; 3]>()) {
        let valid: Vec<char> = tree.text(&choices).chars().collect();
        let [a, b, c] = cuts.map(|it| it.index(valid.len()));
        let slice: String = valid[a.min(b)..a.max(b)].iter().collect();
        let spliced: String = valid[..a].iter().chain(&valid[b..]).collect();
        let mixed: String = valid[..c].iter().copied().chain(text.chars()).chain(valid[c..].iter().copied()).collect();
        for text in [&text, &slice, &spliced, &mixed, &format!("{{{text}}}"), &format!("{{$.a={text}}}"), &format!("{{{slice}")] {
            if let Ok(pattern) = Pattern::parse(text) {
                prop_assert_eq!(&read(&pattern.to_string()), &pattern);
                let all: Vec<&Term> = pattern.terms().iter().collect();
                if let Some(same) = pattern.widened(&all) {
                    prop_assert_eq!(&read(&same), &pattern);
                }
            }
        }
    }
}
