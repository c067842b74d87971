//! Makes values that a caller chose safe to show: object keys, URIs, referers, user agents.
//!
//! They can contain anything, including credentials: a presigned URL is a credential, and S3 logs it in full. This is
//! the only place where such values become output, with credentials masked, control characters replaced and the length
//! limited.

use crate::model::sanitized;
use percent_encoding::percent_decode;
use std::borrow::Cow;
use std::fmt;

/// Raw value chosen by a caller. [`shown`](Foreign::shown) is the only way to output it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Foreign<'a>(pub(in crate::access) &'a [u8]);

impl Foreign<'_> {
    /// Returns a form that is safe for people and for JSON.
    #[must_use]
    pub fn shown(&self) -> String {
        shown(self.0)
    }
}

impl fmt::Debug for Foreign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.shown(), f)
    }
}

const MASK: &str = "***";

/// Parts of names of credentials: `X-Amz-Signature`, `X-Amz-Credential`, `X-Amz-Security-Token`, `AWSAccessKeyId`,
/// `Signature`, form fields and headers of the same names, and what other systems call theirs.
const SECRET: [&[u8]; 16] = [
    b"signature",
    b"credential",
    b"token",
    b"accesskey",
    b"access-key",
    b"access_key",
    b"access key",
    b"secret",
    b"passw",
    b"authorization",
    b"apikey",
    b"api-key",
    b"api_key",
    b"sessionid",
    b"cookie",
    b"jwt",
];

/// Words that a credential follows directly: HTTP authentication schemes, the start of a JSON web token, and the user
/// information of a URL.
const BEFORE: [&[u8]; 5] = [b"bearer ", b"basic ", b"credential ", b"eyj", b"://"];

/// Maximum number of bytes examined. Output is cut off long before that.
const LONGEST: usize = 2_048;

/// Maximum number of times that a string may have been URL-encoded. Two or three is the most seen in practice.
const DEEPEST: usize = 8;

/// Query parameters of S3 whose values are not secret. The values of all others are masked.
const OPEN: [&str; 16] = [
    "delimiter",
    "encoding-type",
    "fetch-owner",
    "key-marker",
    "list-type",
    "marker",
    "max-keys",
    "max-parts",
    "max-uploads",
    "partnumber",
    "part-number-marker",
    "prefix",
    "start-after",
    "uploadid",
    "versionid",
    "version-id-marker",
];

/// Returns a value that a caller chose in a form that is safe to report.
pub(in crate::access) fn shown(text: &[u8]) -> String {
    let text = text.get(..LONGEST).unwrap_or(text);
    let (clear, depth) = decoded(text);
    let secret = if depth < DEEPEST { secret(&clear) } else { Some(0) };
    if let Some(end) = secret {
        // Everything after it is masked as well: the end of a value cannot be found in nested encodings.
        let before = clear.get(..end).unwrap_or_default();
        return sanitized(&format!("{}{MASK}", String::from_utf8_lossy(before)));
    }
    let text = String::from_utf8_lossy(text);
    match text.split_once('?') {
        Some((path, rest)) => sanitized(&format!("{path}?{}", query(rest))),
        None => sanitized(&text),
    }
}

/// Removes all layers of URL encoding. Returns the string and the number of layers.
fn decoded(text: &[u8]) -> (Vec<u8>, usize) {
    let mut clear = text.to_vec();
    for depth in 0..DEEPEST {
        match Cow::from(percent_decode(&clear)) {
            Cow::Borrowed(_) => return (clear, depth),
            Cow::Owned(again) => clear = again,
        }
    }
    (clear, DEEPEST)
}

/// Returns the offset of the first credential.
fn secret(clear: &[u8]) -> Option<usize> {
    let lower = clear.to_ascii_lowercase();
    let named = SECRET.iter().filter_map(|word| find(&lower, word, value));
    let begun = BEFORE.iter().filter_map(|word| find(&lower, word, |rest| is_secret(word, rest).then_some(0)));
    named.chain(begun).min()
}

/// Returns the offset that `look` finds after an occurrence of `word`, given what follows that word.
fn find(text: &[u8], word: &[u8], look: impl Fn(&[u8]) -> Option<usize>) -> Option<usize> {
    memchr::memmem::find_iter(text, word).find_map(|at| {
        let end = at + word.len();
        Some(end + look(text.get(end..)?)?)
    })
}

/// Returns the offset of a value after a part of its name: `...-token = "value"`.
fn value(rest: &[u8]) -> Option<usize> {
    let is_name = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    let is_between = |byte: &u8| matches!(byte, b' ' | b'"' | b'\'' | b'+' | b']' | b'\t' | 0);
    let name = rest.iter().take_while(|byte| is_name(byte)).count();
    let between = rest.iter().skip(name).take_while(|byte| is_between(byte)).count();
    let sign = name + between;
    matches!(rest.get(sign), Some(b'=' | b':')).then_some(sign + 1)
}

/// Returns whether a credential follows one of the words in [`BEFORE`].
fn is_secret(word: &[u8], rest: &[u8]) -> bool {
    match word {
        b"eyj" => rest.iter().take_while(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_')).count() >= 20,
        b"://" => rest.iter().find(|byte| matches!(byte, b'/' | b'?' | b' ' | b'@')) == Some(&b'@'),
        _ => rest.iter().take_while(|byte| byte.is_ascii_graphic()).count() >= 6,
    }
}

/// Masks the values of unknown parameters in a query string.
fn query(text: &str) -> String {
    // The HTTP version at the end is not part of the query.
    let (text, version) = match text.rsplit_once(' ') {
        Some((text, version)) if version.starts_with("HTTP/") => (text, format!(" {version}")),
        _ => (text, String::new()),
    };
    let masked = |part: &str| match part.split_once('=') {
        Some((name, value)) if !value.is_empty() && !OPEN.iter().any(|open| open.eq_ignore_ascii_case(name)) => {
            format!("{name}={MASK}")
        }
        _ => part.to_owned(),
    };
    text.split('&').map(masked).collect::<Vec<_>>().join("&") + &version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presigned_url_is_told_up_to_its_first_credential() {
        for (text, told) in [
            (
                "GET /a.gz?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA/x/s3&X-Amz-Signature=beef HTTP/1.1",
                "GET /a.gz?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=***",
            ),
            ("GET /a?AWSAccessKeyId=AKIA&Expires=1&Signature=c2ln%3D HTTP/1.1", "GET /a?AWSAccessKeyId=***"),
            ("GET /a?versionId=v1&x-amz-security-token=IQoJ HTTP/1.1", "GET /a?versionId=v1&x-amz-security-token=***"),
            ("GET /a%3FX-Amz-Signature%3Dbeef HTTP/1.1", "GET /a?X-Amz-Signature=***"),
            ("GET /a?q=%2558%252DAmz%252DSignature%253Dbeef HTTP/1.1", "GET /a?q=X-Amz-Signature=***"),
            ("agent (authorization: Basic eA==) and more", "agent (authorization:***"),
            ("POST /?PASSWORD=x", "POST /?PASSWORD=***"),
            ("x {\"token\":\"beef\"}", "x {\"token\":***"),
            ("x token = beef", "x token =***"),
            ("GET /?prefix=token%20%3D%20beef", "GET /?prefix=token =***"),
            ("Authorization Bearer 0123beef", "Authorization Bearer ***"),
            ("AWS4-HMAC-SHA256 Credential AKIAX/y", "AWS4-HMAC-SHA256 Credential ***"),
            ("x eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.beef", "x eyJ***"),
            ("https://dora:beef@example.com/", "https://***"),
            ("Cookie: a=b", "Cookie:***"),
        ] {
            assert_eq!(shown(text.as_bytes()), told, "{text}");
        }
    }

    #[test]
    fn what_is_no_credential_is_told_as_it_is() {
        for text in [
            "GET /?list-type=2&prefix=AWSLogs%2F111122223333%2F&max-keys=1000 HTTP/1.1",
            "PUT /?policy HTTP/1.1",
            "PUT /a?partNumber=1&uploadId=VXBsb2Fk HTTP/1.1",
            "signature-pages/2026/token.txt",
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/02/file%2520name.json.gz",
            "aws-cli/2.15 md/Botocore#1.34 ua/2.0 os/linux#6 cfg/retry-mode#standard",
            "100% sure",
            "https://example.com/a@b?basic",
            "tokens and secrets, see the basic rules",
            "",
        ] {
            assert_eq!(shown(text.as_bytes()), text);
        }
    }

    #[test]
    fn the_values_of_other_parameters_are_nobodys_business() {
        let told = shown(b"GET /a?x-user=dora&x-empty=&acl&sig=abc&versionId=v1 HTTP/1.1");
        assert_eq!(told, "GET /a?x-user=***&x-empty=&acl&sig=***&versionId=v1 HTTP/1.1");
    }

    #[test]
    fn hostile_text_is_made_legible_and_short() {
        assert_eq!(shown(b"a\nb\x1b[31mc\0d\xffe\xe2\x80\xaef"), "a b [31mc d\u{fffd}e f");
        assert_eq!(shown("x".repeat(10_000).as_bytes()).len(), 503);
    }

    /// Decoding every layer would take quadratic time.
    #[test]
    fn a_text_that_was_encoded_without_end_is_not_told() {
        let deep = |times: usize| format!("GET /%{}41?x-amz-token=beef HTTP/1.1", "25".repeat(times));
        assert_eq!(shown(deep(2).as_bytes()), "GET /A?x-amz-token=***");
        for times in [DEEPEST, 1_000, 1_000_000] {
            assert_eq!(shown(deep(times).as_bytes()), MASK);
        }
    }
}
