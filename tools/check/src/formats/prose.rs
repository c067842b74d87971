//! Text within Markdown that is not ours: read back, it is what it was, and nothing of it is markup, a link or a mention.
//!
//! Only what Markdown would read as such where it stands is escaped, so that the source can be read as well. Names stand in
//! code, within which nothing is read.

use std::fmt::Write as _;

/// Returns a text for the middle of a line.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for (place, word) in text.split(' ').enumerate() {
        if place > 0 {
            plain.push(' ');
        }
        // ARNs have what would be an emoji: `:secret:`.
        let (arn, rest) = word.split_at(if word.starts_with("arn:") {
            word.trim_end_matches([',', ';', '.', ')', ':']).len()
        } else {
            0
        });
        if !arn.is_empty() {
            plain.push_str(&code(arn));
        }
        escape(&mut plain, rest);
    }
    plain
}

/// Returns a text for the beginning of a paragraph or an item, where a list, a quote or a heading could begin.
pub(super) fn beginning(text: &str) -> String {
    let plain = plain(text);
    let digits = plain.bytes().take_while(u8::is_ascii_digit).count();
    let mark =
        if digits > 0 { plain.as_bytes().get(digits).filter(|b| b".)".contains(b)) } else { plain.as_bytes().first() };
    match mark {
        Some(b) if digits > 0 || b"#+-=>:".contains(b) => {
            let (before, rest) = plain.split_at(digits);
            format!("{before}\\{rest}")
        }
        _ => plain,
    }
}

/// Returns a name as code.
pub(super) fn code(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    let longest = name.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    // Of a space on both sides, one is not part of the code.
    let is_edged = name.starts_with(['`', ' ']) || name.ends_with(['`', ' ']);
    let edge = if is_edged && name.bytes().any(|b| b != b' ') { " " } else { "" };
    format!("{fence}{edge}{name}{edge}{fence}")
}

/// Escapes what would be markup, in a text without spaces.
fn escape(plain: &mut String, word: &str) {
    let mut before: Option<char> = None;
    for (at, c) in word.char_indices() {
        let rest = word.get(at + c.len_utf8()..).unwrap_or_default();
        let next = rest.chars().next();
        let is_next = |marks: &str| next.is_some_and(|next| marks.contains(next));
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let is_markup = match c {
            '`' | '*' | '[' | '~' | '$' | '@' => true,
            '_' => !(is_word(before) && is_word(next)),
            '\\' => next.is_none_or(|next| next.is_ascii_punctuation()),
            '<' => next.is_some(),
            '&' => next.is_some_and(|next| next.is_ascii_alphanumeric() || next == '#'),
            // References to issues and changes.
            '#' | '!' => next.is_some_and(|next| next.is_ascii_alphanumeric()),
            '{' => is_next("{%+-:"),
            '=' | '|' => next == Some(c) || before == Some(c),
            ':' => rest.starts_with("//") || is_emoji(rest),
            '.' => before == Some('w') && is_word(next),
            _ => false,
        };
        match c {
            c if !is_markup => plain.push(c),
            // A backslash does not keep a link or a mention from being one.
            '@' | ':' | '.' | '#' | '!' | '<' | '&' => {
                // Writing to a String cannot fail.
                let _ = write!(plain, "&#{};", u32::from(c));
            }
            c => plain.extend(['\\', c]),
        }
        before = Some(c);
    }
}

/// Returns whether a colon before this would begin an emoji, such as `:key:`.
fn is_emoji(rest: &str) -> bool {
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || b"_+-".contains(b);
    let length = rest.bytes().take_while(is_part).count();
    let name = rest.get(..length).unwrap_or_default();
    // Of times, such as 15:00:00, and of calls none is.
    let is_word = name.bytes().any(|b| b.is_ascii_lowercase()) && !name.bytes().any(|b| b.is_ascii_uppercase());
    let is_name = is_word || ["100", "1234"].contains(&name);
    is_name && rest.as_bytes().get(length) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulldown_cmark::{Event, Options, Parser, Tag};

    const MARKS: &str = "a1w`*_[]()<>&#:@!~$=|\\-+.{}^/\" ";

    /// Returns what a parser reads of an item, or what is no text in it.
    fn read(item: &str) -> Result<String, String> {
        let mut said = String::new();
        let read = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS;
        for event in
            Parser::new_ext(item, read | Options::ENABLE_MATH | Options::ENABLE_GFM | Options::ENABLE_WIKILINKS)
        {
            match event {
                Event::Text(text) | Event::Code(text) => said += &text,
                Event::Start(Tag::List(None) | Tag::Item) | Event::End(_) => {}
                other => return Err(format!("{other:?}")),
            }
        }
        Ok(said)
    }

    #[test]
    fn every_text_is_read_back_as_it_was() {
        let marks: Vec<char> = MARKS.chars().collect();
        for one in &marks {
            for two in &marks {
                for three in &marks {
                    for text in [
                        format!("{one}{two}{three}"),
                        format!("b{one}{two}{three}b"),
                        format!("{one}{two}b{three}{two}{one}"),
                    ] {
                        let text = text.trim();
                        let middle = format!("- x, {}, y", plain(text));
                        assert_eq!(read(&middle), Ok(format!("x, {text}, y")), "{middle}");
                        if !text.is_empty() {
                            let first = format!("- {}", beginning(text));
                            assert_eq!(read(&first), Ok(text.to_owned()), "{first}");
                        }
                        let named = format!("- x {} y", code(text));
                        assert_eq!(read(&named), Ok(format!("x {text} y")), "{named}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_markup_stays_as_it_is() {
        for text in [
            "it has no flow log (REJECT, 1 + 1 = 2), see logs:CreateLogGroup: a_b, x > y!",
            "role trailkeeper-vpc-flow-logs; 10.0.0.0/16 | a = b # c",
        ] {
            assert_eq!(plain(text), text);
        }
        assert_eq!(
            plain("trail arn:aws:cloudtrail:us-east-1:1:trail/a_b, too"),
            "trail `arn:aws:cloudtrail:us-east-1:1:trail/a_b`, too"
        );
        assert_eq!(plain("http://x www.x a@b :key: #1"), "http&#58;//x www&#46;x a&#64;b &#58;key: &#35;1");
    }
}
