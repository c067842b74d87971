//! Parses selectors such as `$.a.b`, `$.a[0].b`, `$.a[*]` and `$.['a.b']`, and writes them in canonical form.
//! Evaluating them is up to CloudWatch Logs.

use std::fmt::Write;

/// One step of a selector, from a value into one of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathStep {
    Name(String),
    AnyName,
    Index(usize),
    AnyIndex,
}

/// Rest of the input where parsing stopped, and what was expected there.
pub(super) type Stop<'a> = (&'a str, &'static str);

const STEP: &str = "a name, a number or * in the selector";

/// Parses a selector at the beginning of a string. Returns its steps and the rest of the string.
pub(super) fn read(text: &str) -> Result<(Vec<PathStep>, &str), Stop<'_>> {
    let mut rest = text.strip_prefix('$').ok_or((text, "a selector, such as $.eventName"))?;
    let mut steps = Vec::new();
    loop {
        let after_dot = rest.strip_prefix('.');
        let (step, after) = match (after_dot, after_dot.unwrap_or(rest).strip_prefix('[')) {
            (_, Some(inside)) => bracketed(inside)?,
            (Some(name), None) => named(name)?,
            (None, None) if steps.is_empty() => return Err((rest, "a dot")),
            (None, None) => return Ok((steps, rest)),
        };
        steps.push(step);
        rest = after;
    }
}

fn named(text: &str) -> Result<(PathStep, &str), Stop<'_>> {
    if let Some(after) = text.strip_prefix('*') {
        return Ok((PathStep::AnyName, after));
    }
    let ends = |c: char| c.is_whitespace() || ".[]=!<>(){}&|\"'%$*,".contains(c);
    let (name, after) = text.split_at_checked(text.find(ends).unwrap_or(text.len())).unwrap_or((text, ""));
    if name.is_empty() { Err((text, STEP)) } else { Ok((PathStep::Name(name.to_owned()), after)) }
}

/// Parses a step in square brackets, after the opening one.
fn bracketed(text: &str) -> Result<(PathStep, &str), Stop<'_>> {
    for quote in ['\'', '"'] {
        if let Some(inside) = text.strip_prefix(quote) {
            let (name, after) = inside.split_once(quote).ok_or((text, "the quote that closes the name"))?;
            let after = after.strip_prefix(']').ok_or((after, "a closing square bracket"))?;
            return Ok((PathStep::Name(name.to_owned()), after));
        }
    }
    let (index, after) = text.split_once(']').ok_or((text, "a closing square bracket"))?;
    match index.trim() {
        "*" => Ok((PathStep::AnyIndex, after)),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().map(|index| (PathStep::Index(index), after)).map_err(|_| (text, STEP))
        }
        _ => Err((text, STEP)),
    }
}

/// Returns the canonical form of a selector.
pub(super) fn written(steps: &[PathStep]) -> String {
    let is_simple = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'@'))
    };
    let mut text = "$".to_owned();
    for step in steps {
        // Writing to a String cannot fail.
        let _ = match step {
            PathStep::Name(name) if is_simple(name) => write!(text, ".{name}"),
            PathStep::Name(name) if name.contains('\'') => write!(text, ".[\"{name}\"]"),
            PathStep::Name(name) => write!(text, ".['{name}']"),
            PathStep::AnyName => write!(text, ".*"),
            PathStep::Index(index) => write!(text, "[{index}]"),
            PathStep::AnyIndex => write!(text, "[*]"),
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_selector_has_one_spelling() {
        for (text, canonical, rest) in [
            ("$.userIdentity.type=\"Root\"", "$.userIdentity.type", "=\"Root\""),
            ("$.eventType !=x", "$.eventType", " !=x"),
            ("$.['a']['b-c']", "$.a.b-c", ""),
            ("$['a.b']", "$.['a.b']", ""),
            ("$.[\"a.b\"].c", "$.['a.b'].c", ""),
            ("$.[\"it's\"]", "$.[\"it's\"]", ""),
            ("$.a[007][*].*", "$.a[7][*].*", ""),
            ("$.['*']", "$.['*']", ""),
            ("$['']", "$.['']", ""),
            ("$.a&&", "$.a", "&&"),
        ] {
            let (steps, after) = read(text).expect("a selector");
            assert_eq!((written(&steps).as_str(), after), (canonical, rest));
            assert_eq!(read(canonical).expect("a selector").0, steps);
        }
    }

    #[test]
    fn half_a_selector_is_none() {
        for (text, at) in [
            ("eventName", "eventName"),
            ("$", ""),
            ("$eventName", "eventName"),
            ("$.", ""),
            ("$.a..b", ".b"),
            ("$.a[", ""),
            ("$.a[]", "]"),
            ("$.a[-1]", "-1]"),
            ("$.a[99999999999999999999999]", "99999999999999999999999]"),
            ("$.['a", "'a"),
            ("$.['a'x", "x"),
        ] {
            assert_eq!(read(text).expect_err("not a selector").0, at, "{text}");
        }
    }
}
