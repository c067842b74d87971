//! Lines that cannot be parsed, and the errors they cause.

use super::cases::OWNER;
use crate::access::read::line::Line;

/// Checks that the error for each malformed line names the field and its offset in the line.
#[test]
fn a_malformed_line_tells_what_is_wrong_with_it() {
    let front = format!("{OWNER} b [02/Mar/2026:11:20:48 +0000] 192.0.2.1 - R1 REST.GET.OBJECT k");
    let uri = format!("{front} \"GET /k HTTP/1.1\"");
    let reply = format!("{uri} 200 - 1 1 1 1");
    let headers = format!("{reply} \"-\" \"x\"");
    for (line, before, reported) in [
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
            "remote IP has no space before it",
        ),
        (front[..OWNER.len() + 31].to_owned(), &front[..OWNER.len() + 31], "remote IP is missing"),
        (front.replace(" 192.0.2.1", " "), &front[..OWNER.len() + 32], "remote IP is empty"),
        (front.replace(" REST.GET.OBJECT k", ""), &front.replace(" REST.GET.OBJECT k", ""), "operation is missing"),
        (front.replace(" k", ""), &front.replace(" k", ""), "key is missing"),
        (front.clone(), &front, "request URI is missing"),
        (format!("{front} GET /k HTTP/1.1"), &format!("{front} "), "request URI is neither in quotes nor -"),
        (format!("{front} \"GET /k HTTP/1.1"), &format!("{front} "), "request URI is not terminated"),
        (uri.clone(), &format!("{front} "), "request URI is not terminated"),
        (format!("{uri} 20 - 1 1 1 1 \"-\" \"x\""), &format!("{uri} "), "HTTP status is not a number of three digits"),
        (format!("{uri} 20x - 1 1 1 1 \"-\" \"x\""), &format!("{uri} "), "HTTP status is not a number of three digits"),
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
        (format!("{reply} \"-\""), &format!("{reply} "), "user agent is not terminated"),
        (format!("{reply} \"-"), &format!("{reply} "), "user agent is not terminated"),
        (format!("{reply} -"), &format!("{reply} "), "user agent is not terminated"),
        (format!("{headers}v h="), &format!("{reply} "), "user agent is not terminated"),
        (format!("{headers}  h="), &headers, "version id is empty"),
        (format!("{headers} v h= SigV4  AuthHeader"), &format!("{headers} v h= SigV4"), "cipher suite is empty"),
    ] {
        let fault = Line::parse(line.as_bytes()).expect_err(&line);
        assert_eq!(format!("{} {}", fault.field, fault.problem), reported, "{line}");
        assert_eq!(fault.at, before.len(), "{reported}: {line}");
    }
}
