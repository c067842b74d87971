//! Quotes words for a shell.

use crate::model::line::is_blank;
use serde_json::Value;
use std::fmt::Write as _;

/// Returns JSON in which every invisible character is escaped, which only a string can contain.
pub(super) fn json(value: &Value) -> String {
    let plain = value.to_string();
    let mut text = String::with_capacity(plain.len());
    for (c, escape) in with_escapes(&plain) {
        if escape {
            // Writing to a String cannot fail.
            let _ = c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(text, "\\u{unit:04x}"));
        } else {
            text.push(c);
        }
    }
    text
}

/// Returns each character, and whether it has to be escaped to be seen: all but a single space.
fn with_escapes(text: &str) -> impl Iterator<Item = (char, bool)> {
    let mut spaces = false;
    text.chars().map(move |c| {
        let escape = is_blank(c) && (c != ' ' || spaces);
        spaces = c == ' ';
        (c, escape)
    })
}

/// Quotes one word for a shell: as it is, in single quotes, or with the escapes of [ANSI-C quoting][ansi] if it contains
/// what a line cannot show.
///
/// [ansi]: https://www.gnu.org/software/bash/manual/html_node/ANSI_002dC-Quoting.html
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c);
    if !word.is_empty() && !word.starts_with('=') && word.chars().all(is_plain) {
        return word.to_owned();
    }
    if with_escapes(word).all(|(_, escape)| !escape) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut text = "$'".to_owned();
    for (c, escape) in with_escapes(word) {
        match c {
            '\n' => text.push_str(r"\n"),
            '\t' => text.push_str(r"\t"),
            '\r' => text.push_str(r"\r"),
            '\\' => text.push_str(r"\\"),
            '\'' => text.push_str(r"\'"),
            // An interactive shell would look for it in its history. Bytes, unlike code points, mean the same in every locale.
            c if escape || c == '!' => {
                // Writing to a String cannot fail.
                let _ = c.encode_utf8(&mut [0; 4]).bytes().try_for_each(|byte| write!(text, "\\x{byte:02x}"));
            }
            c => text.push(c),
        }
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OneLine;
    use crate::testing::shell::{HOSTILE, words};
    use proptest::prelude::*;

    #[test]
    fn a_word_is_quoted_where_it_must_be() {
        for (word, line) in [
            ("arn:aws:iam::111122223333:role/a-b_c.d@e,f=g+h", "arn:aws:iam::111122223333:role/a-b_c.d@e,f=g+h"),
            ("", "''"),
            ("=a", "'=a'"),
            ("a b", "'a b'"),
            ("a'b$(c)`d`!", r"'a'\''b$(c)`d`!'"),
            ("a\n'\\!", r"$'a\n\'\\\x21'"),
            ("a  b", r"$'a \x20b'"),
            ("\u{202e}ü", r"$'\xe2\x80\xaeü'"),
        ] {
            assert_eq!(quoted(word), line);
        }
    }

    fn hold(word: &str) {
        let line = quoted(word);
        assert_eq!(words(&line), Some(vec![word.to_owned()]), "{line}");
        assert_eq!(OneLine::from(line.as_str()), *line);
        let document = json(&Value::from(word));
        assert_eq!(OneLine::from(document.as_str()), *document);
        assert_eq!(serde_json::from_str::<Value>(&document).expect("JSON"), word);
    }

    #[test]
    fn hostile_words_are_read_back() {
        for word in HOSTILE {
            hold(word);
        }
    }

    proptest! {
        #[test]
        fn any_word_is_read_back(word in "[^\0]*", odd in "[ \\\\'\"!\n\u{202e}a]*") {
            hold(&word);
            hold(&odd);
        }
    }
}
