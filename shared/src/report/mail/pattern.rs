//! Patterns: what texts about several resources say alike, with what varies among them left open. Pure.

use super::names::ResourceWord;

/// What stands for a resource where several are told of at once.
const EACH: &str = "each";

/// What a text names that may be another thing for another resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NameKind {
    /// ARN of the resource.
    Resource,
    /// Name of the resource.
    Name,
    /// Region of the resource.
    Region,
    /// Account of the resource.
    Account,
}

#[derive(Debug, Clone)]
enum TextPart {
    Text(String),
    Named(NameKind, String),
}

impl PartialEq for TextPart {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Named(one, _), Self::Named(other, _)) => one == other,
            (Self::Text(_), Self::Named(..)) | (Self::Named(..), Self::Text(_)) => false,
        }
    }
}

/// Text about a resource. Two are equal if they say the same, each of its own resource, region and account.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TextPattern(Vec<TextPart>);

impl TextPattern {
    /// Returns whether the texts are the same, names included.
    pub(super) fn is_identical(&self, other: &Self) -> bool {
        let names = |it: &Self| -> Vec<String> {
            let name = |part: &TextPart| match part {
                TextPart::Text(_) => None,
                TextPart::Named(_, name) => Some(name.clone()),
            };
            it.0.iter().filter_map(name).collect()
        };
        self == other && names(self) == names(other)
    }

    /// Returns whether the text names the resource.
    pub(super) fn is_of_resource(&self) -> bool {
        self.0.iter().any(|it| matches!(it, TextPart::Named(NameKind::Resource | NameKind::Name, _)))
    }

    /// Returns the pattern with the name of the resource in place of its ARN.
    pub(super) fn by_name(mut self, names: &Names<'_>) -> Self {
        if let Some((_, short)) = names.slots.iter().find(|(kind, _)| *kind == NameKind::Name) {
            for part in &mut self.0 {
                if let TextPart::Named(NameKind::Resource, name) = part {
                    (*short).clone_into(name);
                }
            }
        }
        self
    }

    /// Returns a text that is the same for all equal patterns, and for no others.
    pub(super) fn kind(&self) -> String {
        let part = |part: &TextPart| match part {
            TextPart::Text(text) => text.clone(),
            TextPart::Named(slot, _) => format!("\0{slot:?}\0"),
        };
        self.0.iter().map(part).collect()
    }
}

/// What a resource is called in texts about it.
#[derive(Debug, Clone)]
pub(super) struct Names<'a> {
    slots: Vec<(NameKind, &'a str)>,
    noun: &'a str,
}

impl<'a> Names<'a> {
    pub(super) fn of(resource: &'a str, region: &'a str) -> Self {
        let word = ResourceWord::of(resource);
        let account = crate::model::Arn::parse(resource).map(|arn| arn.account).unwrap_or_default();
        let all = [
            (NameKind::Resource, resource),
            (NameKind::Name, word.name.unwrap_or_default()),
            (NameKind::Region, region),
            (NameKind::Account, account),
        ];
        // A short name is an ordinary word as well.
        let slots = all.into_iter().filter(|(_, name)| name.len() > 3).collect();
        Self { slots, noun: word.noun.rsplit(' ').next().unwrap_or_default() }
    }

    /// Returns the text as a pattern.
    pub(super) fn pattern(&self, text: &str) -> TextPattern {
        let mut parts = Vec::new();
        let (mut from, mut at) = (0, 0);
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let before = text.get(..at).and_then(|it| it.chars().next_back());
            let found = self
                .slots
                .iter()
                .find(|(slot, name)| rest.strip_prefix(name).is_some_and(|after| is_whole(*slot, before, after)));
            match found {
                Some((slot, name)) => {
                    if let Some(literal) = text.get(from..at).filter(|it| !it.is_empty()) {
                        parts.push(TextPart::Text(literal.to_owned()));
                    }
                    parts.push(TextPart::Named(*slot, (*name).to_owned()));
                    at += name.len();
                    from = at;
                }
                None => at += rest.chars().next().map_or(1, char::len_utf8),
            }
        }
        if let Some(literal) = text.get(from..).filter(|it| !it.is_empty()) {
            parts.push(TextPart::Text(literal.to_owned()));
        }
        TextPattern(parts)
    }
}

/// Returns whether a name stands by itself between these texts. Regions and accounts are parts of other names.
fn is_whole(slot: NameKind, before: Option<char>, after: &str) -> bool {
    let mut after = after.chars();
    let (next, second) = (after.next(), after.next());
    let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    match slot {
        NameKind::Region | NameKind::Account => !word(before) && !word(next),
        NameKind::Resource | NameKind::Name => {
            let joined = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
            let dotted = next == Some('.') && word(second);
            !joined(before) && before != Some('.') && !joined(next) && !dotted
        }
    }
}

/// Returns what equal patterns say: what is the same for all of them, and `each` in place of what varies.
pub(super) fn rendered(patterns: &[&TextPattern], names: &Names<'_>) -> String {
    let Some((first, others)) = patterns.split_first() else { return String::new() };
    let mut text = String::new();
    for (at, part) in first.0.iter().enumerate() {
        let (slot, name) = match part {
            TextPart::Text(literal) => {
                text.push_str(literal);
                continue;
            }
            TextPart::Named(slot, name) => (*slot, name),
        };
        let same = |it: &&TextPattern| matches!(it.0.get(at), Some(TextPart::Named(_, other)) if other == name);
        if others.iter().all(same) {
            text.push_str(name);
            continue;
        }
        let next = match first.0.get(at + 1) {
            Some(TextPart::Text(literal)) => literal.chars().next(),
            Some(TextPart::Named(..)) => Some('-'),
            None => None,
        };
        open(&mut text, slot, next, names.noun);
    }
    text
}

/// Appends what stands for a name that varies: a word by itself, or a part of a longer name.
fn open(text: &mut String, slot: NameKind, next: Option<char>, noun: &str) {
    let begins = text.chars().next_back().is_none_or(|c| c.is_whitespace() || c == '(');
    let ends = next.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | '.' | ';' | ':' | ')'));
    let (word, part) = match slot {
        NameKind::Resource => (EACH, "<arn>"),
        NameKind::Name => (EACH, "<name>"),
        NameKind::Region => ("each region", "<region>"),
        NameKind::Account => ("each account", "<account>"),
    };
    if !begins || !ends {
        text.push_str(part);
        return;
    }
    let head = text.strip_suffix(&format!("{noun} ")).filter(|head| word == EACH && !head.ends_with('-'));
    let head = head.filter(|head| !head.ends_with(char::is_alphanumeric)).map(str::len);
    match head {
        Some(head) => {
            text.truncate(head);
            text.push_str(EACH);
            text.push(' ');
            text.push_str(noun);
        }
        None => text.push_str(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGIONS: [&str; 2] = ["ap-south-1", "eu-west-1"];

    fn of_two(resources: [&str; 2], texts: [&str; 2]) -> Option<String> {
        let names = [0, 1].map(|at| Names::of(resources[at], REGIONS[at]));
        let patterns = [0, 1].map(|at| names[at].pattern(texts[at]));
        (patterns[0] == patterns[1]).then(|| rendered(&[&patterns[0], &patterns[1]], &names[0]))
    }

    #[test]
    fn what_is_the_same_for_all_is_never_replaced() {
        let recorders =
            REGIONS.map(|region| format!("arn:aws:config:{region}:111122223333:configuration-recorder/default"));
        let of = |texts: [&str; 2]| of_two([&recorders[0], &recorders[1]], texts);
        for (texts, said) in [
            (
                ["create recorder default in ap-south-1", "create recorder default in eu-west-1"],
                "create recorder default in each region",
            ),
            (
                [
                    "set SSE-S3 as the default encryption of bucket b-ap-south-1",
                    "set SSE-S3 as the default encryption of bucket b-eu-west-1",
                ],
                "set SSE-S3 as the default encryption of bucket b-<region>",
            ),
            (["create the role", "create the role"], "create the role"),
        ] {
            assert_eq!(of(texts).as_deref(), Some(said));
        }
        assert_eq!(of(["in ap-south-1", "in eu-west-2"]), None);
        assert_eq!(of(["ap-south-10", "eu-west-10"]), None, "a part of another word");
    }

    #[test]
    fn only_whole_names_that_vary_are_replaced() {
        let of = |texts: [&str; 2]| of_two(["arn:aws:s3:::main", "arn:aws:s3:::spare"], texts);
        for (texts, said) in [
            (["log access to bucket main.", "log access to bucket spare."], Some("log access to each bucket.")),
            (["into logs/main/", "into logs/spare/"], Some("into logs/<name>/")),
            (["the policy of main, whole", "the policy of spare, whole"], Some("the policy of each, whole")),
            (["--bucket main", "--bucket spare"], Some("--bucket each")),
            (["of main.example", "of spare.example"], None),
            (["of main-logs", "of spare-logs"], None),
            (["mainly", "sparely"], None),
        ] {
            assert_eq!(of(texts).as_deref(), said, "{texts:?}");
        }
    }
}
