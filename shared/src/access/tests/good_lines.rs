//! Lines that can be parsed, and what is found in them.

use super::cases::{Case, OWNER};
use crate::access::read::foreign::Foreign;
use crate::access::read::line::{Line, Reply, Tail};

fn text(field: Option<&[u8]>) -> Option<&str> {
    field.map(|field| std::str::from_utf8(field).expect("text"))
}

fn foreign(field: Option<Foreign<'_>>) -> Option<String> {
    field.map(|Foreign(field)| String::from_utf8_lossy(field).into_owned())
}

fn parse(line: &str) -> Line<'_> {
    Line::parse(line.as_bytes()).unwrap_or_else(|fault| panic!("{fault:?} in {line}"))
}

/// Checks that a name given by AWS may contain spaces, and that nothing that a caller chose becomes a part of it.
#[test]
fn a_requester_with_spaces_ends_before_the_request_id() {
    let identity = "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLEID";
    let whole = |requester: &str, id: &str, rest: &str| {
        format!("{OWNER} b [02/Mar/2026:11:20:48 +0000] 192.0.2.1 {requester} {id} {rest} 204 - - - 1 - \"-\" \"x\"")
    };
    let (id, get) = ("3E57427F3EXAMPLE", "REST.GET.OBJECT k \"GET /k HTTP/1.1\"");
    let batch = "BATCH.DELETE.OBJECT 3E57427F3EXAMPLE -";
    for (requester, id, rest) in [
        (identity, id, get),
        (identity, id, batch),
        (identity, "R1", get),
        ("arn:aws-cn:iam::cloudfront:user/CloudFront Origin Access Identity E1", id, get),
        ("arn:aws:iam::111122223333:user/bob", id, get),
        ("arn:aws:iam::111122223333:user/bob", "R1", batch),
        ("arn:aws:iam::111122223333:user/bob", "R1", "REST.GET.OBJECT k \"GET / 3E57427F3EXAMPLE REST.GET.OBJECT k\""),
        (OWNER, id, get),
    ] {
        let text_of_line = whole(requester, id, rest);
        let line = parse(&text_of_line);
        let read = [line.requester, line.request_id, line.operation].map(text);
        assert_eq!(read, [Some(requester), Some(id), rest.split(' ').next()], "{text_of_line}");
    }
    let spaces = whole("svc:some service", id, get);
    assert!(Line::parse(spaces.as_bytes()).is_err(), "only an ARN may contain them");
}

/// Checks a line made of the example values that AWS publishes for the individual fields.
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
    let reported = ["amzn-s3-demo-bucket1", "192.0.2.3", id, "3E57427F33A59F07", "REST.PUT.OBJECT"];
    assert_eq!(front.map(text).map(Option::unwrap)[..], [&[id][..], &reported].concat());
    assert_eq!(line.time.to_string(), "2019-02-06T00:00:38Z");
    assert_eq!(foreign(line.key).as_deref(), Some("/photos/2019/08/puppy.jpg"));
    assert_eq!(foreign(line.uri).as_deref(), Some(uri));
    let Reply { status, error, sent, size, total, turn_around } = line.reply;
    assert_eq!((status, text(error)), (Some(200), Some("NoSuchBucket")));
    assert_eq!([sent, size, total, turn_around], [2_662_992, 3_462_992, 70, 10].map(Some));
    assert_eq!(foreign(line.referer).as_deref(), Some("http://www.example.com/webservices"));
    assert_eq!(foreign(line.agent).as_deref(), Some("curl/7.15.1"));
    let Tail { version, host_id: host_id_read, signature, cipher, authentication, host, .. } = line.trailing_fields;
    let Tail { tls, access_point: access_point_read, acl_required, region, known, later, .. } = line.trailing_fields;
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
        format!("{OWNER} b [02/Mar/2026:11:20:48 +0000] - - - S3.EXPIRE.OBJECT a \"-\" - - - 1 - - \"-\" \"-\" v h="),
    ] {
        let line = parse(&line);
        assert_eq!([line.remote_ip, line.requester, line.request_id, line.reply.error], [None; 4]);
        assert_eq!([line.uri, line.referer, line.agent], [None; 3]);
        assert_eq!((line.reply.sent, line.reply.size), (None, Some(1)));
        assert_eq!([line.trailing_fields.version, line.trailing_fields.host_id].map(text), [Some("v"), Some("h=")]);
        assert_eq!(line.trailing_fields.known, 2);
    }
}

#[test]
fn old_lines_end_early_and_new_ones_have_more() {
    let whole = Case { headers: "\"r\" \"a\"".into(), later: " new \"field\" -".into(), ..Case::default() }.line();
    assert_eq!(parse(&whole).trailing_fields.later, b"new \"field\" -");
    let end = whole.find("\"a\"").expect("the agent") + 3;
    let words: Vec<&str> = whole[end..].split(' ').skip(1).collect();
    for count in 0..=words.len() {
        let old = [&[&whole[..end]][..], &words[..count]].concat().join(" ");
        let line = parse(&old);
        assert_eq!(line.trailing_fields.known, count.min(10), "{old}");
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
        assert_eq!((line.trailing_fields.tls, line.trailing_fields.known), (None, 10), "{whole}");
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
        assert_eq!(text(line.trailing_fields.tls), Some("TLSv1.3"), "{whole}");
        assert_eq!((line.reply.status, line.trailing_fields.known), (Some(200), 10), "{whole}");
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
        assert_eq!(line.trailing_fields.later, &later.as_bytes()[1..]);
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

#[test]
fn words_that_aws_may_write_one_day_are_read_too() {
    let whole = Case { tls: "QUICv1".into(), headers: "\"-\" \"a\" b\"".into(), ..Case::default() }.line();
    for line in [whole.clone(), whole.replace("SigV4", "Ed25519").replace("AuthHeader", "Auth-Header")] {
        let read = parse(&line);
        assert_eq!(
            (text(read.trailing_fields.tls), foreign(read.agent).as_deref()),
            (Some("QUICv1"), Some("a\" b")),
            "{line}"
        );
    }
}
