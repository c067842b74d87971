//! One line of an S3 server access log, read without copying.
//!
//! AWS separates fields by blanks and puts three of them in quotes, but does not escape quotes inside of these: a caller
//! writes what it likes into the request URI, the referer and the user agent. So the ends of these fields are found by
//! what AWS writes behind them:
//!
//! - The URI ends at the first quote with a status, an error code and four numbers behind it. What stands in later
//!   fields cannot change what is read in it. (S3 answers a URI with a blank in it with an error.)
//! - The user agent ends at the last quote with AWS's last fields behind it. What a caller puts into it cannot take the
//!   place of these.
//! - The referer ends at the first quote, blank, quote. Nobody relies on it.
//!
//! Fields: [Amazon S3 server access log format](https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html).

use super::foreign::Foreign;
pub use super::tail::Tail;
use super::time::Time;
use memchr::{memchr, memchr_iter, memmem, memrchr_iter};

/// One request. A field that S3 left out (`-`) is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// The canonical user id of the bucket's owner.
    pub owner: Option<&'a [u8]>,
    /// The bucket.
    pub bucket: Option<&'a [u8]>,
    /// When the request came.
    pub time: Time,
    /// The address that it seemed to come from.
    pub remote_ip: Option<&'a [u8]>,
    /// Who made it; nobody that S3 knows where `None`.
    pub requester: Option<&'a [u8]>,
    /// S3's id of the request.
    pub request_id: Option<&'a [u8]>,
    /// `REST.GET.OBJECT`, ...
    pub operation: Option<&'a [u8]>,
    /// The object's key, URL-encoded, some characters of it twice.
    pub key: Option<Foreign<'a>>,
    /// The first line of the request.
    pub uri: Option<Foreign<'a>>,
    /// What came of it.
    pub reply: Reply<'a>,
    /// The header of that name.
    pub referer: Option<Foreign<'a>>,
    /// The header of that name.
    pub agent: Option<Foreign<'a>>,
    /// The rest: AWS's own words.
    pub tail: Tail<'a>,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The HTTP status.
    pub status: Option<u16>,
    /// `AccessDenied`, ...
    pub error: Option<&'a [u8]>,
    /// How many bytes the answer had.
    pub sent: Option<u64>,
    /// How large the object is.
    pub size: Option<u64>,
    /// How many milliseconds it took.
    pub total: Option<u64>,
    /// How many of them S3 worked.
    pub turn_around: Option<u64>,
}

/// Why a line cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Where in the line, in bytes.
    pub at: usize,
    /// The field that was read.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// A field that S3 did not leave out.
pub(super) fn given(word: &[u8]) -> Option<&[u8]> {
    (word != b"-" && !word.is_empty()).then_some(word)
}

fn quoted(text: &[u8]) -> Option<Foreign<'_>> {
    (text != b"-").then_some(Foreign(text))
}

impl<'a> Line<'a> {
    /// Reads a line without its end.
    ///
    /// # Errors
    /// Says which field cannot be read, where and why.
    pub fn parse(line: &'a [u8]) -> Result<Self, Fault> {
        let mut rest = Rest { line, left: line };
        let owner = given(rest.word("bucket owner")?);
        let bucket = given(rest.word("bucket")?);
        let time = rest.time()?;
        let remote_ip = given(rest.word("remote IP")?);
        let requester = given(rest.word("requester")?);
        let request_id = given(rest.word("request id")?);
        let operation = given(rest.word("operation")?);
        let key = given(rest.word("key")?).map(Foreign);
        let (uri, reply) = rest.request()?;
        let (referer, agent, tail) = rest.headers()?;
        Ok(Self {
            owner,
            bucket,
            time,
            remote_ip,
            requester,
            request_id,
            operation,
            key,
            uri,
            reply,
            referer,
            agent,
            tail,
        })
    }
}

/// What of a line is still to be read.
struct Rest<'a> {
    line: &'a [u8],
    left: &'a [u8],
}

impl<'a> Rest<'a> {
    fn fault<T>(&self, field: &'static str, problem: &'static str) -> Result<T, Fault> {
        Err(Fault { at: self.line.len() - self.left.len(), field, problem })
    }

    /// The next word, and what follows the blank behind it.
    fn word(&mut self, field: &'static str) -> Result<&'a [u8], Fault> {
        let end = memchr(b' ', self.left).unwrap_or(self.left.len());
        let (word, after) = self.left.split_at_checked(end).unwrap_or_default();
        if word.is_empty() {
            return self.fault(field, if after.is_empty() { "is missing" } else { "is empty" });
        }
        self.left = after.strip_prefix(b" ").unwrap_or(after);
        Ok(word)
    }

    fn time(&mut self) -> Result<Time, Fault> {
        let read = self.left.split_at_checked(Time::WIDTH).and_then(|(time, after)| Some((Time::parse(time)?, after)));
        let Some((time, after)) = read else { return self.fault("time", "is not like [06/Feb/2019:00:00:38 +0000]") };
        self.left = after;
        match after.strip_prefix(b" ") {
            Some(after) => self.left = after,
            None => {
                return self.fault("remote IP", if after.is_empty() { "is missing" } else { "has no blank before it" });
            }
        }
        Ok(time)
    }

    /// The request URI, and what came of it.
    fn request(&mut self) -> Result<(Option<Foreign<'a>>, Reply<'a>), Fault> {
        let Some(text) = self.left.strip_prefix(b"\"") else {
            // Children of a request for many objects have none.
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
            let mut behind = Rest { line: self.line, left: after };
            match behind.reply() {
                Ok(reply) => {
                    self.left = behind.left;
                    return Ok((quoted(uri), reply));
                }
                // Of several quotes the first is the likeliest end.
                Err(fault) => first = first.or(Some(fault)),
            }
        }
        first.map_or_else(|| self.fault("request URI", "has no end"), Err)
    }

    fn reply(&mut self) -> Result<Reply<'a>, Fault> {
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

    /// A word of AWS's: short, and without a quote.
    fn plain(&mut self, field: &'static str) -> Result<&'a [u8], Fault> {
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

    /// A word that must be read as something, or left out.
    fn read<T>(
        &mut self,
        field: &'static str,
        problem: &'static str,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, Fault> {
        let before = self.left;
        let word = self.plain(field)?;
        let found = read(word);
        if found.is_none() && word != b"-" {
            self.left = before;
            return self.fault(field, problem);
        }
        Ok(found)
    }

    /// Referer, user agent and what follows, which is all that is left.
    fn headers(&mut self) -> Result<(Option<Foreign<'a>>, Option<Foreign<'a>>, Tail<'a>), Fault> {
        let start = self.line.len() - self.left.len();
        if let Some(after) = self.left.strip_prefix(b"- -")
            && (after.is_empty() || after.starts_with(b" "))
        {
            return Ok((None, None, Tail::read(after, start + 3)?));
        }
        let (mut first, mut likely) = (None, None);
        for end in memrchr_iter(b'"', self.left) {
            let (head, after) = self.left.split_at_checked(end).unwrap_or_default();
            let after = after.strip_prefix(b"\"").unwrap_or_default();
            if !(after.is_empty() || after.starts_with(b" ")) {
                continue;
            }
            let Some((referer, agent, skipped)) = pair(head, after) else { continue };
            match Tail::read(after.get(skipped..).unwrap_or_default(), start + end + 1 + skipped) {
                Ok(tail) if tail.is_full() => return Ok((referer, agent, tail)),
                Ok(tail) => likely = likely.or(Some((referer, agent, tail))),
                Err(fault) => first = first.or(Some(fault)),
            }
        }
        match (likely, first) {
            (Some(headers), _) => Ok(headers),
            (None, Some(fault)) => Err(fault),
            (None, None) => self.fault("user agent", "has no end"),
        }
    }
}

const NO_NUMBER: &str = "is not a number";

fn number(word: &[u8]) -> Option<u64> {
    let digit = |sum: u64, byte: &u8| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    };
    word.iter().try_fold(0, digit)
}

/// What the two headers are, where the last of them that has quotes ends here; and how much of what follows belongs to
/// them still.
fn pair<'a>(head: &'a [u8], after: &[u8]) -> Option<(Option<Foreign<'a>>, Option<Foreign<'a>>, usize)> {
    if let Some(agent) = head.strip_prefix(b"- \"") {
        return Some((None, quoted(agent), 0));
    }
    let text = head.strip_prefix(b"\"")?;
    match memmem::find(text, b"\" \"") {
        Some(end) => Some((quoted(text.get(..end)?), quoted(text.get(end + 3..)?), 0)),
        // A referer in quotes, and a user agent that was left out.
        None => (after == b" -" || after.starts_with(b" - ")).then_some((quoted(text), None, 2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::cases::{Case, OWNER};

    fn text(field: Option<&[u8]>) -> Option<&str> {
        field.map(|field| std::str::from_utf8(field).expect("text"))
    }

    fn foreign(field: Option<Foreign<'_>>) -> Option<String> {
        field.map(|Foreign(field)| String::from_utf8_lossy(field).into_owned())
    }

    fn parse(line: &str) -> Line<'_> {
        Line::parse(line.as_bytes()).unwrap_or_else(|fault| panic!("{fault:?} in {line}"))
    }

    /// The example values that AWS publishes for the single fields, put together to a line.
    #[test]
    fn the_published_examples_are_read_field_by_field() {
        let id = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be";
        let host_id = "s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234=";
        let uri = "GET /amzn-s3-demo-bucket1/photos/2019/08/puppy.jpg?x-foo=bar HTTP/1.1";
        let access_point = "arn:aws:s3:us-east-1:123456789012:accesspoint/example-AP";
        let whole = [
            id,
            "amzn-s3-demo-bucket1",
            "[06/Feb/2019:00:00:38 +0000]",
            "192.0.2.3",
            id,
            "3E57427F33A59F07",
            "REST.PUT.OBJECT",
            "/photos/2019/08/puppy.jpg",
            &format!("\"{uri}\""),
            "200 NoSuchBucket 2662992 3462992 70 10",
            "\"http://www.example.com/webservices\" \"curl/7.15.1\"",
            "3HL4kqtJvjVBH40Nrjfkd",
            host_id,
            "SigV2 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader s3.us-west-2.amazonaws.com TLSv1.2",
            access_point,
            "Yes us-east-1",
        ]
        .join(" ");
        let line = parse(&whole);
        let front = [line.owner, line.bucket, line.remote_ip, line.requester, line.request_id, line.operation];
        let told = ["amzn-s3-demo-bucket1", "192.0.2.3", id, "3E57427F33A59F07", "REST.PUT.OBJECT"];
        assert_eq!(front.map(text).map(Option::unwrap)[..], [&[id][..], &told].concat());
        assert_eq!(line.time.to_string(), "2019-02-06T00:00:38Z");
        assert_eq!(foreign(line.key).as_deref(), Some("/photos/2019/08/puppy.jpg"));
        assert_eq!(foreign(line.uri).as_deref(), Some(uri));
        let Reply { status, error, sent, size, total, turn_around } = line.reply;
        assert_eq!((status, text(error)), (Some(200), Some("NoSuchBucket")));
        assert_eq!([sent, size, total, turn_around], [2_662_992, 3_462_992, 70, 10].map(Some));
        assert_eq!(foreign(line.referer).as_deref(), Some("http://www.example.com/webservices"));
        assert_eq!(foreign(line.agent).as_deref(), Some("curl/7.15.1"));
        let Tail { version, host_id: host_id_read, signature, cipher, authentication, host, .. } = line.tail;
        let Tail { tls, access_point: access_point_read, acl_required, region, known, later, .. } = line.tail;
        assert_eq!([version, host_id_read].map(text), [Some("3HL4kqtJvjVBH40Nrjfkd"), Some(host_id)]);
        assert_eq!([signature, cipher].map(text), ["SigV2", "ECDHE-RSA-AES128-GCM-SHA256"].map(Some));
        assert_eq!([authentication, host].map(text), ["AuthHeader", "s3.us-west-2.amazonaws.com"].map(Some));
        assert_eq!([tls, access_point_read].map(text), ["TLSv1.2", access_point].map(Some));
        assert_eq!([acl_required, region].map(text), ["Yes", "us-east-1"].map(Some));
        assert_eq!((known, later), (10, &b""[..]));
    }

    #[test]
    fn what_s3_left_out_is_none_in_quotes_or_without() {
        for line in [
            format!("{OWNER} b [02/Mar/2026:11:20:48 +0000] - - - BATCH.DELETE.OBJECT a - 204 - - 1 - - - - v h="),
            format!(
                "{OWNER} b [02/Mar/2026:11:20:48 +0000] - - - S3.EXPIRE.OBJECT a \"-\" - - - 1 - - \"-\" \"-\" v h="
            ),
        ] {
            let line = parse(&line);
            assert_eq!([line.remote_ip, line.requester, line.request_id, line.reply.error], [None; 4]);
            assert_eq!([line.uri, line.referer, line.agent], [None; 3]);
            assert_eq!((line.reply.sent, line.reply.size), (None, Some(1)));
            assert_eq!([line.tail.version, line.tail.host_id].map(text), [Some("v"), Some("h=")]);
            assert_eq!(line.tail.known, 2);
        }
    }

    #[test]
    fn old_lines_end_early_and_new_ones_have_more() {
        let whole = Case { headers: "\"r\" \"a\"".into(), later: " new \"field\" -".into(), ..Case::default() }.line();
        assert_eq!(parse(&whole).tail.later, b"new \"field\" -");
        let end = whole.find("\"a\"").expect("the agent") + 3;
        let words: Vec<&str> = whole[end..].split(' ').skip(1).collect();
        for count in 0..=words.len() {
            let old = [&[&whole[..end]][..], &words[..count]].concat().join(" ");
            let line = parse(&old);
            assert_eq!(line.tail.known, count.min(10), "{old}");
            assert_eq!(foreign(line.agent).as_deref(), Some("a"));
        }
    }

    #[test]
    fn quotes_in_a_uri_do_not_end_it() {
        for uri in ["GET /\" HTTP/1.1", "GET /\"\" \"x\" HTTP/1.1", "GET /a\" 200 x HTTP/1.1", "\"", "\" ", ""] {
            let whole = Case { uri: format!("\"{uri}\""), ..Case::default() }.line();
            let line = parse(&whole);
            assert_eq!((foreign(line.uri).as_deref(), line.reply.status), (Some(uri), Some(200)), "{whole}");
        }
    }

    #[test]
    fn quotes_in_a_user_agent_do_not_end_it() {
        for agent in [
            "\"",
            "\" ",
            "\"quoted\" agent",
            "Mozilla/5.0 \"x\"",
            "a\" - h= SigV4 - AuthHeader host TLSv1.2 - - eu-west-1",
            "a\" 200 - 1 1 1 1 \"-\" \"b",
            "",
        ] {
            let whole = Case { headers: format!("\"-\" \"{agent}\""), tls: "-".into(), ..Case::default() }.line();
            let line = parse(&whole);
            assert_eq!(foreign(line.agent).as_deref(), Some(agent), "{whole}");
            assert_eq!((line.tail.tls, line.tail.known), (None, 10), "{whole}");
        }
    }

    #[test]
    fn quotes_in_a_referer_change_nothing_but_the_headers() {
        for headers in [
            "\"https://example.com/?q=\"x\"\" \"agent\"",
            "\"a\" \"b\" \"c\"",
            "\"https://example.com/\" -",
            "- \"agent\"",
            "- -",
            "\"\" \"\"",
            "\"a\" - h= SigV4 - - - - - -\" \"agent\"",
        ] {
            let whole = Case { headers: headers.into(), ..Case::default() }.line();
            let line = parse(&whole);
            assert_eq!(text(line.tail.tls), Some("TLSv1.3"), "{whole}");
            assert_eq!((line.reply.status, line.tail.known), (Some(200), 10), "{whole}");
        }
        let whole = Case { headers: "\"https://example.com/?q=\"x\"\" \"agent\"".into(), ..Case::default() }.line();
        let line = parse(&whole);
        assert_eq!(foreign(line.referer).as_deref(), Some("https://example.com/?q=\"x\""));
        assert_eq!(foreign(line.agent).as_deref(), Some("agent"));
    }

    #[test]
    fn a_field_in_quotes_that_aws_adds_later_is_not_taken_for_the_agent() {
        for later in [" \"a later field\"", " \"-\"", " \"x\" y", " - \"with \"quotes\" in it\""] {
            let whole = Case { later: later.into(), ..Case::default() }.line();
            let line = parse(&whole);
            assert_eq!(foreign(line.agent).as_deref(), Some("siem/4.1"), "{whole}");
            assert_eq!(line.tail.later, &later.as_bytes()[1..]);
        }
    }

    #[test]
    fn long_lines_are_read() {
        let (key, agent) = ("%2522".repeat(1024), "x\"y ".repeat(2048));
        let case = Case { key: key.clone(), uri: format!("\"GET /{key} HTTP/1.1\""), ..Case::default() };
        let whole = Case { headers: format!("\"-\" \"{agent}\""), ..case }.line();
        assert!(whole.len() > 16 * 1024);
        let line = parse(&whole);
        assert_eq!(foreign(line.key).map(|key| key.len()), Some(5120));
        assert_eq!(foreign(line.agent).map(|agent| agent.len()), Some(8192));
    }

    /// Each malformed line names its field, and the place in the line where that begins.
    #[test]
    fn a_malformed_line_tells_what_is_wrong_with_it() {
        let front = format!("{OWNER} b [02/Mar/2026:11:20:48 +0000] 192.0.2.1 - R1 REST.GET.OBJECT k");
        let uri = format!("{front} \"GET /k HTTP/1.1\"");
        let reply = format!("{uri} 200 - 1 1 1 1");
        let headers = format!("{reply} \"-\" \"x\"");
        for (line, before, told) in [
            ("x".to_owned(), "x", "bucket is missing"),
            (" x".to_owned(), "", "bucket owner is empty"),
            (OWNER.to_owned(), OWNER, "bucket is missing"),
            (format!("{OWNER}  x"), &format!("{OWNER} "), "bucket is empty"),
            (format!("{OWNER} b"), &format!("{OWNER} b"), "time is not like [06/Feb/2019:00:00:38 +0000]"),
            (format!("{OWNER} b -"), &format!("{OWNER} b "), "time is not like [06/Feb/2019:00:00:38 +0000]"),
            (front.replace("Mar", "Mrz"), &format!("{OWNER} b "), "time is not like [06/Feb/2019:00:00:38 +0000]"),
            (front.replace("02/", "32/"), &format!("{OWNER} b "), "time is not like [06/Feb/2019:00:00:38 +0000]"),
            (
                front.replace("] ", "]"),
                &format!("{OWNER} b [02/Mar/2026:11:20:48 +0000]"),
                "remote IP has no blank before it",
            ),
            (front[..OWNER.len() + 31].to_owned(), &front[..OWNER.len() + 31], "remote IP is missing"),
            (front.replace(" 192.0.2.1", " "), &front[..OWNER.len() + 32], "remote IP is empty"),
            (front.replace(" REST.GET.OBJECT k", ""), &front.replace(" REST.GET.OBJECT k", ""), "operation is missing"),
            (front.replace(" k", ""), &front.replace(" k", ""), "key is missing"),
            (front.clone(), &front, "request URI is missing"),
            (format!("{front} GET /k HTTP/1.1"), &format!("{front} "), "request URI is neither in quotes nor -"),
            (format!("{front} \"GET /k HTTP/1.1"), &format!("{front} "), "request URI has no end"),
            (uri.clone(), &format!("{front} "), "request URI has no end"),
            (
                format!("{uri} 20 - 1 1 1 1 \"-\" \"x\""),
                &format!("{uri} "),
                "HTTP status is not a number of three digits",
            ),
            (
                format!("{uri} 20x - 1 1 1 1 \"-\" \"x\""),
                &format!("{uri} "),
                "HTTP status is not a number of three digits",
            ),
            (format!("{uri}  - 1 1 1 1 \"-\" \"x\""), &format!("{uri} "), "HTTP status is empty"),
            (format!("{uri} 200"), &format!("{uri} 200"), "error code is missing"),
            (format!("{uri} 200 \"-\" 1 1 1 1 \"-\" \"x\""), &format!("{uri} 200 "), "error code has a quote in it"),
            (format!("{uri} 200 {} 1", "E".repeat(200)), &format!("{uri} 200 "), "error code is too long"),
            (format!("{uri} 200 - 1.5 1 1 1 \"-\" \"x\""), &format!("{uri} 200 - "), "bytes sent is not a number"),
            (format!("{uri} 200 - -1 1 1 1 \"-\" \"x\""), &format!("{uri} 200 - "), "bytes sent is not a number"),
            (
                format!("{uri} 200 - 1 99999999999999999999 1 1 -"),
                &format!("{uri} 200 - 1 "),
                "object size is not a number",
            ),
            (format!("{uri} 200 - 1 1 1"), &format!("{uri} 200 - 1 1 1"), "turn-around time is missing"),
            (reply.clone(), &reply, "referer is missing"),
            (format!("{reply} x \"y\" -"), &format!("{reply} "), "referer is neither in quotes nor -"),
            (format!("{reply} \"-\""), &format!("{reply} "), "user agent has no end"),
            (format!("{reply} \"-"), &format!("{reply} "), "user agent has no end"),
            (format!("{reply} -"), &format!("{reply} "), "user agent has no end"),
            (format!("{headers}v h="), &format!("{reply} "), "user agent has no end"),
            (format!("{headers}  h="), &headers, "version id is empty"),
            (format!("{headers} v h= SigV4  AuthHeader"), &format!("{headers} v h= SigV4"), "cipher suite is empty"),
            (format!("{headers} v h= Sog -"), &format!("{headers} v h= "), "signature version is not a word of AWS's"),
            (
                format!("{headers} v h= - - - - 1.2"),
                &format!("{headers} v h= - - - - "),
                "TLS version is not a word of AWS's",
            ),
        ] {
            let fault = Line::parse(line.as_bytes()).expect_err(&line);
            assert_eq!(format!("{} {}", fault.field, fault.problem), told, "{line}");
            assert_eq!(fault.at, before.len(), "{told}: {line}");
        }
    }
}
