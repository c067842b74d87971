//! What a file looks like from outside, before its records are read.

use serde_json::Value;

/// Returns the records inside an object that is none itself.
pub(super) fn inside(json: &[u8]) -> Vec<Value> {
    let Ok(Value::Object(mut whole)) = serde_json::from_slice(json) else { return Vec::new() };
    let list = |value: Option<Value>| match value {
        Some(Value::Array(items)) => items,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    // LookupEvents gives the record as a text.
    let looked_up = list(whole.remove("Events")).into_iter().map(|event| {
        let text = event.get("CloudTrailEvent").and_then(Value::as_str);
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null)
    });
    let looked_up: Vec<Value> = looked_up.collect();
    list(whole.remove("Records")).into_iter().chain(list(whole.remove("detail"))).chain(looked_up).collect()
}

/// Returns how many bytes open the list of records: none if the object does not begin with it, and `None` if too little is
/// there to say.
pub(super) fn opening(start: &[u8]) -> Option<usize> {
    let mut at = 0;
    for token in [&b"{"[..], b"\"Records\"", b":", b"["] {
        at += start.get(at..)?.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let there = start.get(at..)?;
        if there.len() < token.len() {
            return if token.starts_with(there) { None } else { Some(0) };
        }
        if !there.starts_with(token) {
            return Some(0);
        }
        at += token.len();
    }
    Some(at)
}

/// Returns the length of the object that begins here, by its brackets alone; `None` if it does not end here.
pub(super) fn length(json: &[u8]) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in json.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}
