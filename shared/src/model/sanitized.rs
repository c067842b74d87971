//! Texts of callers, made fit to be shown.

/// How much of a foreign text is told. AWS's refusals, which name ARNs, fit; a user agent may hold a kilobyte.
const SHOWN: usize = 500;

/// Makes a text that a caller chose fit for a log line and a mail: no control characters, no endless length.
#[must_use]
pub fn sanitized(text: &str) -> String {
    let clean = |c| if hides(c) { ' ' } else { c };
    let mut shown: String = text.chars().take(SHOWN).map(clean).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Whether a character acts on a terminal, turns the direction of the text around it, or is not to be seen.
fn hides(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{180e}' | '\u{3164}' | '\u{feff}');
    let formats = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}');
    c.is_control() || invisible || formats || matches!(c, '\u{e0000}'..='\u{e007f}')
}
