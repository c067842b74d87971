//! Sanitizes caller-chosen text for display.

/// Maximum length of foreign text to show. AWS's error messages, which name ARNs, fit; a user agent may be a kilobyte
/// long.
const SHOWN: usize = 500;

/// Makes caller-chosen text safe for a log line and a mail: no control characters, limited length.
#[must_use]
pub fn sanitized(text: &str) -> String {
    let clean = |c| if hides(c) { ' ' } else { c };
    let mut shown: String = text.chars().take(SHOWN).map(clean).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Returns whether a character controls a terminal, changes the direction of text, or is invisible.
fn hides(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{180e}' | '\u{3164}' | '\u{feff}');
    let formats = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}');
    c.is_control() || invisible || formats || matches!(c, '\u{e0000}'..='\u{e007f}')
}
