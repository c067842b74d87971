//! Generates patterns in every notation, and events that they may match, for the property tests.

use super::Pattern;
use super::comparison::Comparison;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Selectors, each with another spelling.
const SELECTORS: [[&str; 2]; 5] = [
    ["$.a", "$.['a']"],
    ["$.b.c", "$['b'].c"],
    ["$.d[0]", "$.d[00]"],
    ["$.d[*]", "$['d'][*]"],
    ["$.['x.y']", "$[\"x.y\"]"],
];
const TEXTS: [&str; 8] = ["A", "AB", "ABA", "A*", "*B", "*", "5", "say \\\"AB\\\""];
const NUMBERS: [[&str; 2]; 5] = [["-1", "-1.0"], ["0", "0e7"], ["3", "+3.00"], ["5", "0.5e1"], ["1000", "1e3"]];
const STATES: [[&str; 2]; 4] =
    [["IS NULL", "is  null"], ["IS TRUE", "Is True"], ["IS FALSE", "IS\nfalse"], ["NOT EXISTS", "not\texists"]];
const OPERATORS: [&str; 6] = ["=", "!=", "<", "<=", ">", ">="];

/// Facts assumed as known in the tests.
pub(super) const KNOWN: [(&str, &str); 1] = [("$.b.c", "AB")];

#[derive(Debug, Clone)]
pub(super) struct Leaf {
    selector: usize,
    test: SampleTest,
}

#[derive(Debug, Clone)]
pub(super) enum SampleTest {
    Text(bool, &'static str),
    Number(&'static str, usize),
    State(usize),
    Regex(bool),
}

#[derive(Debug, Clone)]
pub(super) enum Tree {
    Leaf(Leaf),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

/// Style choices for writing a tree, used in turn; an empty list gives the plainest form.
struct Style<'a>(std::iter::Cycle<std::slice::Iter<'a, u8>>);

impl Style<'_> {
    fn pick<'t>(&mut self, forms: &[&'t str]) -> &'t str {
        let at = usize::from(self.0.next().copied().unwrap_or_default());
        forms[at % forms.len()]
    }

    fn shuffled<T>(&mut self, items: &[T]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.sort_by_cached_key(|_| self.0.next().copied().unwrap_or_default());
        order
    }

    fn space(&mut self) -> &'static str {
        self.pick(&["", "", " ", "  ", "\n", "\t "])
    }

    fn bracketed(&mut self, text: &str) -> String {
        let (a, b) = (self.space(), self.space());
        match self.pick(&["", "", "1", "2"]) {
            "1" => format!("({a}{text}{b})"),
            "2" => format!("(({a}{text}){b})"),
            _ => text.to_owned(),
        }
    }
}

impl Leaf {
    fn write(&self, style: &mut Style<'_>) -> String {
        let selector = style.pick(&SELECTORS[self.selector]);
        let (a, b) = (style.space(), style.space());
        let equals = |is: bool| if is { "=" } else { "!=" };
        match &self.test {
            SampleTest::Text(is, text) => {
                let bare = *text != "5" && !text.contains(' ');
                let quotes = if bare { style.pick(&["", "\""]) } else { "\"" };
                format!("{selector}{a}{}{b}{quotes}{text}{quotes}", equals(*is))
            }
            SampleTest::Number(operator, at) => format!("{selector}{a}{operator}{b}{}", style.pick(&NUMBERS[*at])),
            SampleTest::State(at) => format!("{selector} {a}{}", style.pick(&STATES[*at])),
            SampleTest::Regex(is) => format!("{selector}{a}{}{b}%AB%", equals(*is)),
        }
    }
}

impl Tree {
    fn write(&self, style: &mut Style<'_>) -> String {
        let (items, operator) = match self {
            Self::Leaf(leaf) => {
                let text = leaf.write(style);
                return style.bracketed(&text);
            }
            Self::All(items) => (items, "&&"),
            Self::Any(items) => (items, "||"),
        };
        let mut text = String::new();
        for at in style.shuffled(items) {
            let item = items[at].write(style);
            let needs = matches!((self, &items[at]), (Self::All(_), Self::Any(_)));
            let item = if needs { format!("({item})") } else { style.bracketed(&item) };
            let (a, b) = (style.space(), style.space());
            if !text.is_empty() {
                text.extend([a, operator, b]);
            }
            text += &item;
        }
        text
    }

    pub(super) fn text(&self, choices: &[u8]) -> String {
        let mut style = Style(choices.iter().cycle());
        let inner = self.write(&mut style);
        format!("{}{{{}{inner}{}}}{}", style.space(), style.space(), style.space(), style.space())
    }

    pub(super) fn of(terms: &[Vec<Leaf>]) -> Self {
        Self::Any(terms.iter().map(|term| Self::All(term.iter().cloned().map(Self::Leaf).collect())).collect())
    }

    pub(super) fn pattern(&self) -> Pattern {
        read(&self.text(&[]))
    }
}

pub(super) fn read(text: &str) -> Pattern {
    Pattern::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn leaf() -> impl Strategy<Value = Leaf> {
    let test = prop_oneof![
        4 => (any::<bool>(), select(&TEXTS)).prop_map(|(is, text)| SampleTest::Text(is, text)),
        2 => (select(&OPERATORS), 0..NUMBERS.len()).prop_map(|(operator, at)| SampleTest::Number(operator, at)),
        1 => (0..STATES.len()).prop_map(SampleTest::State),
        1 => any::<bool>().prop_map(SampleTest::Regex),
    ];
    (0..SELECTORS.len(), test).prop_map(|(selector, test)| Leaf { selector, test })
}

pub(super) fn tree() -> impl Strategy<Value = Tree> {
    leaf().prop_map(Tree::Leaf).prop_recursive(3, 12, 3, |inner| {
        let several = vec(inner, 1..4);
        prop_oneof![several.clone().prop_map(Tree::All), several.prop_map(Tree::Any)]
    })
}

pub(super) fn terms() -> impl Strategy<Value = Vec<Vec<Leaf>>> {
    vec(vec(leaf(), 1..4), 1..5)
}

pub(super) fn choices() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..48)
}

/// Generates an event with values that the patterns mention, or similar ones.
fn event() -> impl Strategy<Value = Value> {
    let value = || {
        let texts = ["A", "AB", "ABA", "B", "5", "say \"AB\"", ""].map(|it| json!(it));
        let others =
            [json!(-1), json!(0.0), json!(3), json!(4), json!(5), json!(1e3), json!(null), json!(true), json!(false)];
        prop_oneof![3 => select(texts.to_vec()).prop_map(Some), 2 => select(others.to_vec()).prop_map(Some), 1 => Just(None)]
    };
    (value(), value(), vec(value(), 0..3), value()).prop_map(|(a, c, d, xy)| {
        let object = |members: Vec<(&str, Option<Value>)>| {
            Value::Object(
                members.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?))).collect::<Map<_, _>>(),
            )
        };
        let list = Value::Array(d.into_iter().flatten().collect());
        object(vec![("a", a), ("b", Some(object(vec![("c", c)]))), ("d", Some(list)), ("x.y", xy)])
    })
}

pub(super) fn events() -> impl Strategy<Value = Vec<Value>> {
    vec(event(), 24)
}

/// Generates slightly changed terms: values loosened or changed, comparisons dropped or added, terms added.
fn changed(terms: Vec<Vec<Leaf>>) -> impl Strategy<Value = Vec<Vec<Leaf>>> {
    let change = |leaf: Leaf| {
        let same = leaf.clone();
        let looser = match &leaf.test {
            SampleTest::Text(true, text) => SampleTest::Text(true, if text.starts_with('A') { "A*" } else { "*B" }),
            SampleTest::Text(false, "A*") => SampleTest::Text(false, "AB"),
            SampleTest::Number("=" | ">", at) => SampleTest::Number(">=", at.saturating_sub(1)),
            SampleTest::Number(_, at) => SampleTest::Number("!=", (at + 1) % NUMBERS.len()),
            other => other.clone(),
        };
        let negated = match &leaf.test {
            SampleTest::Text(true, "A") => SampleTest::Text(false, "AB"),
            other => other.clone(),
        };
        let selector = leaf.selector;
        prop_oneof![
            6 => Just(Some(same)),
            2 => Just(Some(Leaf { selector, test: looser })),
            1 => Just(Some(Leaf { selector, test: negated })),
            1 => Just(None),
        ]
    };
    let known = Leaf { selector: 1, test: SampleTest::Text(true, "*B") };
    let terms: Vec<_> = terms
        .into_iter()
        .map(move |term| {
            let known = known.clone();
            let leaves: Vec<_> = term.into_iter().map(change).collect();
            (leaves, any::<bool>()).prop_map(move |(leaves, adds)| {
                let mut term: Vec<Leaf> = leaves.into_iter().flatten().collect();
                if adds || term.is_empty() {
                    term.push(known.clone());
                }
                term
            })
        })
        .collect();
    (terms, vec(vec(leaf(), 1..3), 0..2)).prop_map(|(mut terms, more)| {
        terms.extend(more);
        terms
    })
}

pub(super) fn wanted_and_ours() -> impl Strategy<Value = (Vec<Vec<Leaf>>, Vec<Vec<Leaf>>)> {
    terms().prop_flat_map(|wanted| (Just(wanted.clone()), changed(wanted)))
}

pub(super) fn optional() -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(SELECTORS.map(|[canonical, _]| canonical).to_vec(), 0..=2)
}

/// Generates distinct terms of plain strings, each of which matters.
pub(super) fn plain() -> impl Strategy<Value = Vec<BTreeMap<usize, &'static str>>> {
    let term = proptest::collection::btree_map(select(vec![0_usize, 1, 2, 4]), select(&TEXTS[..3]), 1..4);
    proptest::collection::btree_set(term, 1..6).prop_map(|terms| terms.into_iter().collect())
}

pub(super) fn written(terms: &[BTreeMap<usize, &'static str>]) -> Pattern {
    let leaf =
        |(selector, text): (&usize, &&'static str)| Leaf { selector: *selector, test: SampleTest::Text(true, text) };
    Tree::of(&terms.iter().map(|term| term.iter().map(leaf).collect()).collect::<Vec<_>>()).pattern()
}

/// Returns every possible comparison on one selector.
pub(super) fn comparisons(selector: usize) -> Vec<Comparison> {
    let texts = TEXTS.into_iter().flat_map(|text| [true, false].map(|is| SampleTest::Text(is, text)));
    let numbers =
        OPERATORS.into_iter().flat_map(|operator| (0..NUMBERS.len()).map(move |at| SampleTest::Number(operator, at)));
    let others = (0..STATES.len()).map(SampleTest::State).chain([true, false].map(SampleTest::Regex));
    let all = texts.chain(numbers).chain(others).map(|test| Tree::Leaf(Leaf { selector, test }).pattern());
    all.map(|it| it.terms()[0].iter().next().expect("a comparison").clone()).collect()
}
