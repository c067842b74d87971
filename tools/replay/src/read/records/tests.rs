//! Files of every form, whole and damaged.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

fn record(number: usize) -> String {
    format!(
        r#"{{"eventVersion":"1.1","requestParameters":{{"a":["{{]\"","b"]}},"eventSource":"s3.amazonaws.com","eventName":"N{number}","eventTime":"2027-01-31T12:00:00Z"}}"#
    )
}

fn names(file: &[u8]) -> (Vec<String>, Outcome) {
    let mut names = Vec::new();
    let outcome = read(file, &mut |head, json| {
        assert!(json.starts_with(b"{") && json.ends_with(b"}"));
        names.push(head.name.to_string());
    });
    (names, outcome)
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

fn file(count: usize) -> String {
    let records: Vec<String> = (0..count).map(record).collect();
    format!("{{\"Records\":[{}]}}", records.join(","))
}

#[test]
fn every_form_of_a_file_gives_its_records() {
    let (one, two) = (record(1), record(2));
    let event = one.replace('\\', "\\\\").replace('"', "\\\"");
    for text in [
        format!("{{\"Records\":[{one},{two}]}}"),
        format!("\u{feff} {{ \"Records\" : [\n {one} ,\n{two} ] \n}}\n"),
        format!("[{one},{two}]"),
        format!("{one}\n{two}\n"),
        format!("{one}{{\"detail-type\":\"AWS API Call via CloudTrail\",\"detail\":{two}}}"),
        format!("{{\"ResponseMetadata\":{{}},\"Records\":[{one},{two}]}}"),
        format!("{{\"Events\":[{{\"EventId\":\"1\",\"CloudTrailEvent\":\"{event}\"}}]}}{two}"),
    ] {
        let expected = Outcome { records: 2, ..Outcome::default() };
        assert_eq!(names(text.as_bytes()), (vec!["N1".into(), "N2".into()], expected.clone()), "{text}");
        assert_eq!(names(&packed(text.as_bytes())).1, expected, "packed: {text}");
    }
    let digest = br#"{"awsAccountId":"1","digestPublicKeyFingerprint":"x","logFiles":[]}"#;
    assert!(names(digest).1.digest);
    assert_eq!(names(b"{\"Records\":[]}").1, Outcome::default());
}

#[test]
fn more_than_is_held_at_once_is_read() {
    let text = file(9_000);
    assert!(text.len() > 4 * CHUNK);
    for file in [text.as_bytes(), &packed(text.as_bytes())] {
        let (names, outcome) = names(file);
        assert_eq!((names.len(), outcome), (9_000, Outcome { records: 9_000, ..Outcome::default() }));
        assert_eq!(names.last().map(String::as_str), Some("N8999"));
    }
    let long = record(1).replace("\"b\"", &format!("\"{}\"", "x".repeat(5 * CHUNK)));
    assert_eq!(names(format!("{{\"Records\":[{long},{}]}}", record(2)).as_bytes()).1.records, 2);
}

#[test]
fn damage_is_said_and_what_was_read_before_is_kept() {
    let text = file(5_000);
    let half = names(text.get(..text.len() / 2).expect("a half").as_bytes());
    assert!(half.0.len() > 2_000 && half.1.damage == Some(Damage::Half), "{:?}", half.1);
    let whole = packed(text.as_bytes());
    let half = names(whole.get(..whole.len() / 2).expect("a half"));
    assert!(half.0.len() > 1_000 && half.1.damage == Some(Damage::Half), "{:?}", half.1);
    let mut changed = whole.clone();
    let sum = whole.len() - 6;
    changed[sum] ^= 1;
    let (kept, outcome) = names(&changed);
    assert!(kept.len() > 4_000 && matches!(outcome.damage, Some(Damage::Gzip(_))), "{} {outcome:?}", kept.len());
    for garbage in [&b""[..], b"\n", b"no JSON", b"12", &GZIP, b"{\"Records\":[1]}", b"{\"Records\":[{\"a\":tru"] {
        let (found, outcome) = names(garbage);
        assert!(found.is_empty() && outcome.damage.is_some(), "{garbage:?} {outcome:?}");
    }
}

#[test]
fn the_sum_is_that_of_all_that_is_unpacked() {
    let text = file(3_000) + "\n \n";
    let sum: Sum = Sha256::digest(text.as_bytes()).into();
    let whole = packed(text.as_bytes());
    for file in [text.as_bytes(), &whole] {
        assert_eq!(read_summed(file, &mut |_, _| {}).1, Some(sum));
        assert_eq!(unpacked(file).expect("all of it"), text.as_bytes());
    }
    let half = whole.get(..whole.len() / 2).expect("a half");
    assert!(read_summed(half, &mut |_, _| {}).1.is_none() && unpacked(half).is_err());
}

#[test]
fn a_record_that_is_none_is_counted_and_passed_over() {
    let (one, two) = (record(1), record(2));
    let deep = format!("{{\"eventName\":{}1{}}}", "[".repeat(500), "]".repeat(500));
    for odd in ["{}", "{\"eventName\":5}", "{\"a\":nul}", "{\"eventName\":\"a\",\"eventName\":\"b\"}", &deep] {
        let (found, outcome) = names(format!("{{\"Records\":[{one},{odd},{two}]}}").as_bytes());
        assert_eq!((found.len(), outcome.malformed, outcome.damage), (2, 1, None), "{odd}");
    }
}

#[test]
fn a_record_longer_than_any_is_not_held() {
    let long = record(1).replace("\"b\"", &format!("\"{}\"", "x".repeat(3 * LONGEST)));
    let (found, outcome) = names(format!("{{\"Records\":[{},{long}]}}", record(0)).as_bytes());
    assert_eq!((found.len(), outcome.damage), (1, Some(Damage::TooLong)));
}
