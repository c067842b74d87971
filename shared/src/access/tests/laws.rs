//! Properties of every line: it survives printing and parsing, nothing is lost, and nothing panics.

use super::cases::{ADMIN, Case, print};
use crate::access::Reading;
use crate::access::read::line::Line;
use crate::access::read::stream::{LineRead, Lines};
use crate::access::read::trailing_fields::Likeness;
use crate::settings::watching::Watching;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::collections::BTreeSet;

/// Generates a word as S3 may write it: without spaces, and possibly the sign for a field that was left out.
fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[!-~]{1,20}", "[a-zA-Z0-9./%_-]{1,80}", Just("-".to_owned()), "\\PC{1,8}"]
        .prop_filter("one word", |word| !word.contains(' '))
}

/// Generates the content of a quoted field: anything, including quotes.
fn quoted() -> impl Strategy<Value = String> {
    let text = prop_oneof!["[ -~]{0,40}", "(\" |\"|x| - |\\[){0,12}", Just("-".to_owned())];
    text.prop_map(|text| format!("\"{text}\""))
}

fn case() -> impl Strategy<Value = Case> {
    let number = || prop_oneof![Just("-".to_owned()), (0_u64..u64::MAX).prop_map(|it| it.to_string())];
    let headers = prop_oneof![
        (quoted(), quoted()).prop_map(|(a, b)| format!("{a} {b}")),
        Just("- -".to_owned()),
        quoted().prop_map(|agent| format!("- {agent}")),
        Just("\"https://example.com/\" -".to_owned()),
    ];
    let later = prop_oneof![Just(String::new()), word().prop_map(|word| format!(" {word}"))];
    (vec(word(), 7), quoted(), headers, number(), later, 100_u16..1000).prop_map(
        |(words, uri, headers, sent, later, status)| {
            let [ip, requester, id, operation, key, version, cipher] =
                <[String; 7]>::try_from(words).expect("seven words");
            let status = status.to_string();
            Case {
                ip,
                requester,
                id,
                operation,
                key,
                uri,
                status,
                sent,
                headers,
                version,
                cipher,
                later,
                ..Case::default()
            }
        },
    )
}

/// Generates damaged lines: pieces of good ones, and noise.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<Index>(), prop_oneof![select(b" \"-[]\n\r\0%".to_vec()), any::<u8>()], 0_usize..4);
    (case(), vec(change, 0..6)).prop_map(|(case, changes)| {
        let mut line = case.line().into_bytes();
        for (place, byte, how) in changes {
            let at = place.index(line.len());
            match how {
                0 => line[at] = byte,
                1 => line.insert(at, byte),
                2 if line.len() > 1 => drop(line.remove(at)),
                _ => line.truncate(at + 1),
            }
        }
        line
    })
}

/// Counts the lines of a file independently.
fn count(text: &[u8]) -> u64 {
    let ends = memchr::memchr_iter(b'\n', text).count() as u64;
    ends + u64::from(text.last().is_some_and(|last| *last != b'\n'))
}

fn reads(chunks: &[&[u8]]) -> Vec<String> {
    let (mut lines, mut reads) = (Lines::default(), Vec::new());
    let mut tell = |read: &LineRead<'_>| reads.push(format!("{read:?}"));
    for chunk in chunks {
        lines.feed(chunk, &mut tell);
    }
    lines.finish(&mut tell);
    reads
}

fn cut<'a>(text: &'a [u8], places: &[Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = places.iter().map(|place| place.index(text.len() + 1)).collect();
    cuts.sort_unstable();
    let starts = std::iter::once(0).chain(cuts.iter().copied());
    let ends = cuts.iter().copied().chain(std::iter::once(text.len()));
    starts.zip(ends).map(|(start, end)| &text[start..end]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_s3_can_write_can_be_read(case in case()) {
        let text = case.line();
        let line = Line::parse(text.as_bytes());
        prop_assert!(line.is_ok(), "{:?} in {}", line, text);
        let line = line.expect("checked");
        let field = |field: Option<&[u8]>| String::from_utf8_lossy(field.unwrap_or(b"-")).into_owned();
        let who = [line.remote_ip, line.requester, line.request_id].map(field);
        prop_assert_eq!(who, [case.ip, case.requester, case.id]);
        prop_assert_eq!([field(line.operation), field(line.key.map(|it| it.0))], [case.operation, case.key]);
        // However hostile the headers are, the trailing fields after them are read correctly.
        let trailing_fields = [line.trailing_fields.version, line.trailing_fields.cipher, line.trailing_fields.tls].map(field);
        prop_assert_eq!(trailing_fields, [case.version, case.cipher, case.tls]);
    }

    #[test]
    fn what_was_read_is_written_and_read_the_same(text in damaged()) {
        if let Ok(line) = Line::parse(&text) {
            let printed = print(&line);
            let again = Line::parse(&printed);
            prop_assert!(again.is_ok(), "{:?} in {}", again, String::from_utf8_lossy(&printed));
            let again = again.expect("checked");
            let has_quote = |text: &[u8]| text.contains(&b'"');
            // An old line lacks the fields that mark the end of its user agent, and nothing marks the end of a referer
            // that contains a quote.
            let tail_is_clear = line.trailing_fields.likeness() == Likeness::Certain && !has_quote(line.trailing_fields.later);
            let headers_are_clear = tail_is_clear && !line.referer.is_some_and(|referer| has_quote(referer.0));
            let trailing_fields = if tail_is_clear { line.trailing_fields } else { again.trailing_fields };
            let Line { referer, agent, .. } = if headers_are_clear { line } else { again };
            prop_assert_eq!(again, Line { referer, agent, trailing_fields, ..line }, "{}", String::from_utf8_lossy(&printed));
        }
    }

    #[test]
    fn every_line_is_accounted_for_however_it_is_cut(
        texts in vec(prop_oneof![damaged(), vec(any::<u8>(), 0..60)], 0..6), places in vec(any::<Index>(), 0..8)
    ) {
        let text = texts.join(&b'\n');
        let whole = reads(&[&text]);
        prop_assert_eq!(whole.len() as u64, count(&text));
        prop_assert_eq!(reads(&cut(&text, &places)), whole);
    }

    #[test]
    fn the_numbers_of_a_report_add_up(
        texts in vec(prop_oneof![damaged(), vec(any::<u8>(), 0..60)], 0..6), watched in any::<bool>(),
        is_owner_known in any::<bool>(),
    ) {
        let text = texts.join(&b'\n');
        let buckets = if watched { ["trail-logs".to_owned()].into() } else { BTreeSet::new() };
        let owner = is_owner_known.then(|| crate::access::tests::cases::OWNER.to_owned());
        let watching = Watching { owner, buckets, ..Watching::default() };
        let mut reading = Reading::new(&watching);
        reading.file("a");
        reading.feed(&text);
        let report = reading.report();
        prop_assert_eq!(report.lines, count(&text));
        let requests: u64 = report.buckets.iter().map(|bucket| bucket.requests).sum();
        prop_assert_eq!(report.blank + report.malformed + report.elsewhere + report.foreign + requests, report.lines);
        for bucket in &report.buckets {
            prop_assert!(bucket.flagged <= bucket.requests);
            for finding in &bucket.findings {
                let times = &finding.times;
                prop_assert!(times.refused <= times.count && times.count <= bucket.requests);
            }
        }
        // All output is printable, whatever came in.
        let json = serde_json::to_value(&report).expect("JSON").to_string();
        let mail = crate::access::report::text::text(&report) + &crate::access::report::text::subject(&report);
        prop_assert!(!mail.contains(|c: char| c.is_control() && c != '\n'), "{}", mail);
        prop_assert!(!json.contains("\\u00"), "{}", json);
    }

    #[test]
    fn no_credential_leaves_however_it_is_written(
        name in select(vec![
            "X-Amz-Signature", "x-amz-credential", "X-Amz-Security-Token", "AWSAccessKeyId", "Signature", "x-amz-token",
        ]),
        rounds in 0_usize..4, place in 0_usize..4, before in "[a-z/?&=.%]{0,12}", after in "[a-z&=%]{0,8}"
    ) {
        const SECRET: &str = "S3CR3TVALUE";
        let mut hidden = format!("{name}={SECRET}{after}");
        for _ in 0..rounds {
            hidden = percent_encoding::utf8_percent_encode(&hidden, percent_encoding::NON_ALPHANUMERIC).to_string();
        }
        let all = format!("/{before}?{hidden}").replace(' ', "");
        let case = match place {
            0 => Case { uri: format!("\"GET {all} HTTP/1.1\""), ..Case::by(ADMIN, "REST.GET.OBJECT") },
            1 => Case { key: all, ..Case::by(ADMIN, "REST.GET.OBJECT") },
            2 => Case { headers: format!("\"https://example.com{all}\" \"x\""), ..Case::by(ADMIN, "REST.GET.OBJECT") },
            _ => Case { headers: format!("\"-\" \"agent {all}\""), ..Case::by(ADMIN, "REST.GET.OBJECT") },
        };
        let watching = Watching::default();
        let mut reading = Reading::new(&watching);
        reading.feed(case.line().as_bytes());
        let report = reading.report();
        prop_assert_eq!(report.malformed, 0);
        let reported = crate::access::report::text::text(&report) + &serde_json::to_string(&report).expect("JSON") + &format!("{report:?}");
        prop_assert!(!reported.to_uppercase().contains(SECRET), "{}", reported);
        let text = case.line();
        let read = format!("{:?}", Line::parse(text.as_bytes()));
        prop_assert!(!read.to_uppercase().contains(SECRET), "{}", read);
    }
}
