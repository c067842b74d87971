//! Texts that are known in part, such as the keys of a service's files, and patterns of policies compared with them.

/// Characters that may stand in one place of a [`Shape`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CharacterClass {
    /// Digits.
    Digit,
    /// Lower-case letters, digits and hyphens, as in names of regions and buckets.
    Lower,
    /// Letters, digits, hyphens, underscores and dots, as in names of files.
    Word,
    /// Everything but a slash.
    Segment,
    /// Everything.
    Any,
}

impl CharacterClass {
    fn contains(self, c: char) -> bool {
        match self {
            Self::Digit => c.is_ascii_digit(),
            Self::Lower => c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-',
            Self::Word => c.is_ascii_alphanumeric() || "-_.".contains(c),
            Self::Segment => c != '/',
            Self::Any => true,
        }
    }
}

/// One place of a [`Shape`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Char(char),
    One(CharacterClass),
    /// Any number of characters, possibly none.
    Run(CharacterClass),
}

/// Set of texts: characters that are known, and places where only certain ones stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shape(Vec<Slot>);

impl<T: AsRef<str>> From<T> for Shape {
    fn from(text: T) -> Self {
        Self(text.as_ref().chars().map(Slot::Char).collect())
    }
}

impl Shape {
    /// Appends characters that are known.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.0.extend(text.chars().map(Slot::Char));
        self
    }

    /// Appends a number of characters of a class.
    #[must_use]
    pub fn exactly(mut self, number: usize, class: CharacterClass) -> Self {
        self.0.extend(std::iter::repeat_n(Slot::One(class), number));
        self
    }

    /// Appends one or more characters of a class.
    #[must_use]
    pub fn some(self, class: CharacterClass) -> Self {
        self.exactly(1, class).any(class)
    }

    /// Appends any number of characters of a class, possibly none.
    #[must_use]
    pub fn any(mut self, class: CharacterClass) -> Self {
        self.0.push(Slot::Run(class));
        self
    }

    /// Appends the name of a region, such as `eu-west-1` or `us-gov-west-1`.
    #[must_use]
    pub fn region(self) -> Self {
        self.some(CharacterClass::Lower)
            .text("-")
            .some(CharacterClass::Lower)
            .text("-")
            .exactly(1, CharacterClass::Digit)
    }

    /// Returns the only text of the set, if there is only one.
    pub(super) fn fixed(&self) -> Option<String> {
        let known = |place: &Slot| if let Slot::Char(c) = place { Some(*c) } else { None };
        self.0.iter().map(known).collect()
    }

    /// Returns the set with ASCII letters in lower case. Places that are not known may hold both.
    pub(super) fn lower(&self) -> Self {
        let lower = |place: &Slot| if let Slot::Char(c) = place { Slot::Char(c.to_ascii_lowercase()) } else { *place };
        Self(self.0.iter().map(lower).collect())
    }

    /// Splits at the first colons into the six components of an ARN; `None` if there are fewer colons, or if a place
    /// before the last component could hold one.
    pub(super) fn components(&self) -> Option<Vec<Self>> {
        let mut all = vec![Self::default()];
        for place in &self.0 {
            match place {
                Slot::Char(':') if all.len() < 6 => all.push(Self::default()),
                Slot::One(class) | Slot::Run(class) if all.len() < 6 && class.contains(':') => return None,
                place => all.last_mut()?.0.push(*place),
            }
        }
        (all.len() == 6).then_some(all)
    }
}

/// One place of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// This character.
    Char(char),
    /// Any one character.
    One,
    /// Any number of characters.
    Many,
    /// Value of a policy variable that is not known.
    Unknown,
}

/// How many texts of a shape a pattern matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Overlap {
    None,
    Some,
    All,
}

/// Least and most texts of a shape that a pattern may match, depending on variables that are not known.
pub(super) fn fit(pattern: &[Token], shape: &Shape) -> (Overlap, Overlap) {
    let Some((pattern, places)) = after_known(pattern, &shape.0) else { return (Overlap::None, Overlap::None) };
    let most = if covers(pattern, places) {
        Overlap::All
    } else if overlaps(pattern, places) {
        Overlap::Some
    } else {
        Overlap::None
    };
    (if pattern.contains(&Token::Unknown) { Overlap::None } else { most }, most)
}

/// Returns what is left of both behind the characters with which both begin; `None` if they begin differently.
fn after_known<'a>(mut pattern: &'a [Token], mut places: &'a [Slot]) -> Option<(&'a [Token], &'a [Slot])> {
    while let ([Token::Char(c), pattern_rest @ ..], [Slot::Char(its), places_rest @ ..]) = (pattern, places) {
        if c != its {
            return None;
        }
        (pattern, places) = (pattern_rest, places_rest);
    }
    Some((pattern, places))
}

fn is_run(token: Token) -> bool {
    matches!(token, Token::Many | Token::Unknown)
}

/// Returns whether a pattern matches every text of a shape. A place that is not known takes a place of the pattern that
/// matches anything.
fn covers(pattern: &[Token], places: &[Slot]) -> bool {
    // Places of the pattern that may come next.
    let mut next = vec![false; pattern.len() + 1];
    let skip_runs = |next: &mut Vec<bool>| {
        for (at, token) in pattern.iter().enumerate() {
            if next.get(at) == Some(&true)
                && is_run(*token)
                && let Some(after) = next.get_mut(at + 1)
            {
                *after = true;
            }
        }
    };
    if let Some(first) = next.first_mut() {
        *first = true;
    }
    skip_runs(&mut next);
    for place in places {
        let mut then = vec![false; pattern.len() + 1];
        for (at, token) in pattern.iter().enumerate().filter(|(at, _)| next.get(*at) == Some(&true)) {
            let to = match (token, place) {
                (Token::Many | Token::Unknown, _) => at,
                (Token::One, Slot::Char(_) | Slot::One(_)) => at + 1,
                (Token::Char(c), Slot::Char(its)) if c == its => at + 1,
                _ => continue,
            };
            if let Some(reached) = then.get_mut(to) {
                *reached = true;
            }
        }
        skip_runs(&mut then);
        next = then;
    }
    next.last() == Some(&true)
}

/// Returns whether a pattern matches any text of a shape.
fn overlaps(pattern: &[Token], places: &[Slot]) -> bool {
    // For each place of the pattern, whether it may come next together with the present place of the shape.
    let mut next = vec![false; pattern.len() + 1];
    if let Some(first) = next.first_mut() {
        *first = true;
    }
    for place in places {
        let takes = |token: Token| match (token, place) {
            (Token::Char(c), Slot::Char(its)) => c == *its,
            (Token::Char(c), Slot::One(class) | Slot::Run(class)) => class.contains(c),
            (Token::One | Token::Many | Token::Unknown, _) => true,
        };
        let is_run_here = matches!(place, Slot::Run(_));
        let mut then = vec![false; pattern.len() + 1];
        // In order of the pattern, so that what is reached within one place of the shape is followed further.
        for at in 0..=pattern.len() {
            if next.get(at) != Some(&true) {
                continue;
            }
            let reach = |list: &mut Vec<bool>, to: usize| {
                if let Some(reached) = list.get_mut(to) {
                    *reached = true;
                }
            };
            if is_run_here {
                reach(&mut then, at);
            }
            let Some(token) = pattern.get(at).copied() else { continue };
            if is_run(token) {
                reach(&mut next, at + 1);
                reach(&mut then, at);
            } else if takes(token) {
                reach(if is_run_here { &mut next } else { &mut then }, at + 1);
            }
        }
        next = then;
    }
    // What is left of the pattern must match nothing.
    let rest = pattern.iter().rev().take_while(|token| is_run(**token)).count();
    next.iter().rev().take(rest + 1).any(|reached| *reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Vec<Token> {
        let token = |c| match c {
            '*' => Token::Many,
            '?' => Token::One,
            '$' => Token::Unknown,
            c => Token::Char(c),
        };
        text.chars().map(token).collect()
    }

    fn of(text: &str, shape: &Shape) -> Overlap {
        fit(&pattern(text), shape).1
    }

    #[test]
    fn a_known_text_is_matched_or_not() {
        for (text, pattern) in
            [("", "*"), ("abbc", "a*c"), ("abc", "a?c"), ("aabcb", "*b*b"), ("arn:a:b:x", "arn:*:x"), ("", "")]
        {
            assert_eq!(of(pattern, &text.into()), Overlap::All, "{pattern} {text}");
        }
        for (text, pattern) in
            [("a", ""), ("", "a"), ("a", "a?"), ("abd", "a*c"), ("a", "A"), ("bc", "*b"), ("ab", "?")]
        {
            assert_eq!(of(pattern, &text.into()), Overlap::None, "{pattern} {text}");
        }
    }

    #[test]
    fn a_text_known_in_part_may_be_matched_in_part() {
        let file = Shape::from("logs/")
            .some(CharacterClass::Lower)
            .text("/")
            .exactly(4, CharacterClass::Digit)
            .text("/")
            .some(CharacterClass::Word)
            .text(".gz");
        for all in ["*", "logs/*", "logs/*/*.gz", "logs/?*/????/*.gz", "*.gz", "logs/?*/?*/?*"] {
            assert_eq!(of(all, &file), Overlap::All, "{all}");
        }
        for some in
            ["logs/eu-west-1/*", "*/2026/*", "*-1*.gz", "logs/?/*", "*a.gz", "logs/*/2026/x.gz", "logs/eu*/20??/*"]
        {
            assert_eq!(of(some, &file), Overlap::Some, "{some}");
        }
        for none in
            ["", "log/*", "*.json", "logs/*/abcd/x/*", "logs/EU*", "logs/*/20265/*", "*/Flow/*", "logs/", "logs//*"]
        {
            assert_eq!(of(none, &file), Overlap::None, "{none}");
        }
    }

    #[test]
    fn a_region_is_no_other_name() {
        let file = Shape::from("CloudTrail/").region().text("/2026");
        for region in ["us-east-1", "us-isob-east-1", "eusc-de-east-1"] {
            assert_eq!(of(&format!("*/{region}/*"), &file), Overlap::Some, "{region}");
        }
        for other in ["vpcflowlogs", "elasticloadbalancing", "us-east", "us-east-12"] {
            assert_eq!(of(&format!("*/{other}/*"), &file), Overlap::None, "{other}");
        }
    }

    #[test]
    fn a_variable_matches_anything_or_nothing() {
        let of = |text: &str| fit(&pattern(text), &"a/b/c".into());
        assert_eq!(of("a/$/c"), (Overlap::None, Overlap::All));
        assert_eq!(of("b/$"), (Overlap::None, Overlap::None));
        assert_eq!(of("a/b/*"), (Overlap::All, Overlap::All));
    }

    #[test]
    fn an_arn_has_six_components() {
        let split = |shape: Shape| {
            shape.components().map(|all| all.iter().map(|it| it.fixed().unwrap_or_default()).collect::<Vec<_>>())
        };
        assert_eq!(
            split("arn:aws:s3:::a:b".into()),
            Some(["arn", "aws", "s3", "", "", "a:b"].map(str::to_owned).to_vec())
        );
        assert_eq!(split("arn:aws:s3".into()), None);
        assert_eq!(split(Shape::from("arn:").some(CharacterClass::Any).text(":::::x")), None);
        assert!(
            split(Shape::from("arn:aws:logs:").some(CharacterClass::Lower).text(":1:").some(CharacterClass::Any))
                .is_some()
        );
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        assert_eq!(of(&"*a".repeat(200), &"b".repeat(5_000).into()), Overlap::None);
    }
}
