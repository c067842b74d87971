//! Splits a log line into its fields.
//!
//! S3 separates fields by spaces and puts three of them in quotes, but does not escape quotes within those: a caller
//! can put anything into the request URI, the referer and the user agent. So their ends are found by what S3 writes
//! after them:
//!
//! - The URI ends at the first quote that is followed by a status, an error code and four numbers. Nothing in a later
//!   field can change how it is read. (S3 rejects a URI that contains a space.)
//! - The user agent ends at the last quote that is followed by AWS's trailing fields. Nothing that a caller puts into
//!   it can take their place.
//! - The referer ends at the first sequence of quote, space, quote. Nothing depends on it.

use super::foreign::Foreign;
use super::line::{LineError, Reply};
use super::time::Time;
use super::trailing_fields::{Likeness, Tail};
use memchr::{memchr, memchr_iter, memmem, memrchr_iter};

/// Returns the field, or `None` if S3 left it out (`-`).
pub(in crate::access) fn given(word: &[u8]) -> Option<&[u8]> {
    (word != b"-" && !word.is_empty()).then_some(word)
}

fn quoted(text: &[u8]) -> Option<Foreign<'_>> {
    (text != b"-").then_some(Foreign(text))
}

/// The part of a line that has not been read yet.
pub(in crate::access) struct Fields<'a> {
    line: &'a [u8],
    left: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(in crate::access) fn of(line: &'a [u8]) -> Self {
        Self { line, left: line }
    }

    fn fault<T>(&self, field: &'static str, problem: &'static str) -> Result<T, LineError> {
        Err(LineError { at: self.line.len() - self.left.len(), field, problem })
    }

    /// Returns the next word and skips the space after it.
    pub(in crate::access) fn word(&mut self, field: &'static str) -> Result<&'a [u8], LineError> {
        let end = memchr(b' ', self.left).unwrap_or(self.left.len());
        let (word, after) = self.left.split_at_checked(end).unwrap_or_default();
        if word.is_empty() {
            return self.fault(field, if after.is_empty() { "is missing" } else { "is empty" });
        }
        self.left = after.strip_prefix(b" ").unwrap_or(after);
        Ok(word)
    }

    /// Reads the requester. It is one word, but for the names that AWS itself gives: the user of an [origin access identity]
    /// of `CloudFront`, `arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLEID`, contains spaces. So an
    /// ARN ends before the first two words that are a request id and an operation. What callers choose comes later.
    ///
    /// [origin access identity]: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
    pub(in crate::access) fn requester(&mut self) -> Result<&'a [u8], LineError> {
        if self.left.starts_with(b"arn:") {
            let near = self.left.get(..LONGEST_REQUESTER).unwrap_or(self.left);
            let before_uri = memchr(b'"', near).and_then(|quote| near.get(..quote)).unwrap_or(near);
            for end in memchr_iter(b' ', before_uri) {
                let (requester, after) = self.left.split_at_checked(end).unwrap_or_default();
                let after = after.strip_prefix(b" ").unwrap_or(after);
                if starts_with_id_and_operation(after) {
                    self.left = after;
                    return Ok(requester);
                }
            }
        }
        self.word("requester")
    }

    pub(in crate::access) fn time(&mut self) -> Result<Time, LineError> {
        let read = self.left.split_at_checked(Time::WIDTH).and_then(|(time, after)| Some((Time::parse(time)?, after)));
        let Some((time, after)) = read else { return self.fault("time", "is not like [06/Feb/2019:00:00:38 +0000]") };
        self.left = after;
        match after.strip_prefix(b" ") {
            Some(after) => self.left = after,
            None => {
                return self.fault("remote IP", if after.is_empty() { "is missing" } else { "has no space before it" });
            }
        }
        Ok(time)
    }

    /// Reads the request URI and the reply to the request.
    pub(in crate::access) fn request(&mut self) -> Result<(Option<Foreign<'a>>, Reply<'a>), LineError> {
        let Some(text) = self.left.strip_prefix(b"\"") else {
            // The individual deletions of a multi-object request have no URI.
            return match self.left.strip_prefix(b"- ") {
                Some(after) => {
                    self.left = after;
                    Ok((None, self.reply()?))
                }
                None if self.left.is_empty() => self.fault("request URI", "is missing"),
                None => self.fault("request URI", "is neither in quotes nor -"),
            };
        };
        let mut first = None;
        for end in memchr_iter(b'"', text) {
            let (uri, after) = text.split_at_checked(end).unwrap_or_default();
            let Some(after) = after.strip_prefix(b"\" ") else { continue };
            let mut behind = Fields { line: self.line, left: after };
            match behind.reply() {
                Ok(reply) => {
                    self.left = behind.left;
                    return Ok((quoted(uri), reply));
                }
                // Of several quotes, the first is the most likely end.
                Err(fault) => first = first.or(Some(fault)),
            }
        }
        first.map_or_else(|| self.fault("request URI", "is not terminated"), Err)
    }

    fn reply(&mut self) -> Result<Reply<'a>, LineError> {
        let three = |word: &[u8]| match *word {
            [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9'] => number(word).and_then(|status| u16::try_from(status).ok()),
            _ => None,
        };
        let reply = Reply {
            status: self.read("HTTP status", "is not a number of three digits", three)?,
            error: given(self.plain("error code")?),
            sent: self.read("bytes sent", NO_NUMBER, number)?,
            size: self.read("object size", NO_NUMBER, number)?,
            total: self.read("total time", NO_NUMBER, number)?,
            turn_around: self.read("turn-around time", NO_NUMBER, number)?,
        };
        match self.left {
            [b'"', ..] | [b'-'] | [b'-', b' ', ..] => Ok(reply),
            [] => self.fault("referer", "is missing"),
            _ => self.fault("referer", "is neither in quotes nor -"),
        }
    }

    /// Reads a word written by AWS: short, and without quotes.
    fn plain(&mut self, field: &'static str) -> Result<&'a [u8], LineError> {
        const LONGEST: usize = 128;
        let near = self.left.get(..LONGEST).unwrap_or(self.left);
        match near.iter().position(|byte| matches!(byte, b' ' | b'"')) {
            Some(end) if self.left.get(end) == Some(&b' ') && end > 0 => self.word(field),
            Some(0) if self.left.first() == Some(&b' ') => self.fault(field, "is empty"),
            Some(_) => self.fault(field, "has a quote in it"),
            None if near.len() == self.left.len() && !near.is_empty() => self.word(field),
            None if near.is_empty() => self.fault(field, "is missing"),
            None => self.fault(field, "is too long"),
        }
    }

    /// Reads and parses a word, or returns `None` if S3 left it out.
    fn read<T>(
        &mut self,
        field: &'static str,
        problem: &'static str,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, LineError> {
        let before = self.left;
        let word = self.plain(field)?;
        let found = read(word);
        if found.is_none() && word != b"-" {
            self.left = before;
            return self.fault(field, problem);
        }
        Ok(found)
    }

    /// Reads the referer, the user agent and the trailing fields, which are all that is left.
    pub(in crate::access) fn headers(
        &mut self,
    ) -> Result<(Option<Foreign<'a>>, Option<Foreign<'a>>, Tail<'a>), LineError> {
        let start = self.line.len() - self.left.len();
        if let Some(after) = self.left.strip_prefix(b"- -")
            && (after.is_empty() || after.starts_with(b" "))
        {
            return Ok((None, None, Tail::read(after, start + 3)?));
        }
        let (mut first, mut best) = (None, None);
        for end in memrchr_iter(b'"', self.left) {
            let (head, after) = self.left.split_at_checked(end).unwrap_or_default();
            let after = after.strip_prefix(b"\"").unwrap_or_default();
            if !(after.is_empty() || after.starts_with(b" ")) {
                continue;
            }
            let Some((referer, agent, skipped)) = pair(head, after) else { continue };
            match Tail::read(after.get(skipped..).unwrap_or_default(), start + end + 1 + skipped) {
                Ok(trailing_fields) if trailing_fields.likeness() == Likeness::Certain => {
                    return Ok((referer, agent, trailing_fields));
                }
                Ok(trailing_fields)
                    if best
                        .is_none_or(|(_, _, best): (_, _, Tail<'_>)| best.likeness() < trailing_fields.likeness()) =>
                {
                    best = Some((referer, agent, trailing_fields));
                }
                Ok(_) => (),
                Err(fault) => first = first.or(Some(fault)),
            }
        }
        match (best, first) {
            (Some(headers), _) => Ok(headers),
            (None, Some(fault)) => Err(fault),
            (None, None) => self.fault("user agent", "is not terminated"),
        }
    }
}

/// Maximum number of bytes in which the end of a requester is looked for. The names in an ARN have at most 64 characters
/// each, and a path 512.
const LONGEST_REQUESTER: usize = 1_024;

/// Returns whether a text begins with a request id, which is letters and digits, and an operation, such as
/// `REST.GET.OBJECT`.
fn starts_with_id_and_operation(text: &[u8]) -> bool {
    let mut words = text.split(|byte| *byte == b' ');
    let (id, operation) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_id = !id.is_empty() && id.iter().all(u8::is_ascii_alphanumeric);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
    is_id
        && operation.first().is_some_and(u8::is_ascii_uppercase)
        && operation.contains(&b'.')
        && operation.iter().all(is_name)
}

const NO_NUMBER: &str = "is not a number";

fn number(word: &[u8]) -> Option<u64> {
    let digit = |sum: u64, byte: &u8| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    };
    word.iter().try_fold(0, digit)
}

/// Splits the referer and the user agent, where the last quoted one of them ends with `head`. Also returns how many
/// bytes of `after` belong to them.
fn pair<'a>(head: &'a [u8], after: &[u8]) -> Option<(Option<Foreign<'a>>, Option<Foreign<'a>>, usize)> {
    if let Some(agent) = head.strip_prefix(b"- \"") {
        return Some((None, quoted(agent), 0));
    }
    let text = head.strip_prefix(b"\"")?;
    match memmem::find(text, b"\" \"") {
        Some(end) => Some((quoted(text.get(..end)?), quoted(text.get(end + 3..)?), 0)),
        // A quoted referer, and a user agent that was left out.
        None => (after == b" -" || after.starts_with(b" - ")).then_some((quoted(text), None, 2)),
    }
}
