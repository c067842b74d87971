//! One line of text for people, whoever wrote what is in it.

use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::ops::Deref;

/// One line of text as people may see it in a mail, a log or a terminal, of any length.
///
/// Whatever breaks a line, controls a terminal, changes the direction of text or is invisible becomes a space, and
/// several spaces become one: neither a name nor an error message can begin a line of its own, or push what follows onto
/// one. Commands for a shell are quoted so that they contain nothing of the kind: a line has them exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(inline, transparent))]
#[serde(transparent)]
pub struct OneLine(String);

impl From<&str> for OneLine {
    fn from(text: &str) -> Self {
        let mut line = String::with_capacity(text.len());
        for c in text.chars() {
            if !is_blank(c) {
                line.push(c);
            } else if !line.ends_with(' ') {
                line.push(' ');
            }
        }
        Self(line)
    }
}

impl From<String> for OneLine {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl<'de> Deserialize<'de> for OneLine {
    /// Makes one line of whatever the text was.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl Deref for OneLine {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OneLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for OneLine {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<String> for OneLine {
    fn eq(&self, other: &String) -> bool {
        self.0 == *other
    }
}

impl PartialEq<&str> for OneLine {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// Maximum length of foreign text to show. AWS's error messages, which name ARNs, fit; a user agent may be a kilobyte
/// long.
const SHOWN: usize = 500;

/// Makes caller-chosen text safe for a log line and a mail: a [`OneLine`] of limited length.
#[must_use]
pub fn sanitized(text: &str) -> String {
    let start: String = text.chars().take(SHOWN).collect();
    let OneLine(mut shown) = OneLine::from(start);
    if text.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Returns whether a character is a space, or is shown as one: see [`hides`].
pub(super) fn is_blank(c: char) -> bool {
    c.is_whitespace() || hides(c)
}

/// Returns whether a character controls a terminal, changes the direction of text, or is invisible.
fn hides(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}');
    let blank = matches!(c, '\u{180b}'..='\u{180f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}');
    let formats = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{206f}' | '\u{fff0}'..='\u{fffb}');
    let selects = matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}');
    c.is_control() || invisible || blank || formats || selects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_of_visible_characters() {
        for c in ['\0', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{85}', '\u{2028}', '\u{202e}', '\u{2066}', '\u{e0041}']
        {
            assert_eq!(OneLine::from(format!("a{c}b")), "a b", "{c:?}");
            assert_eq!(OneLine::from(format!("a{c}{c} {c}b")), "a b", "{c:?}");
        }
        assert_eq!(OneLine::from(" \n FIXED: a"), " FIXED: a");
        let plain = "Änderung of 監査, as ever: {\"a\": 'b'}";
        assert_eq!(OneLine::from(plain), plain);
    }

    #[test]
    fn a_line_is_whole_and_foreign_text_is_cut() {
        let long = "x".repeat(3_000);
        assert_eq!(OneLine::from(long.as_str()), *long);
        assert_eq!(sanitized(&long).len(), SHOWN + 3);
    }
}
