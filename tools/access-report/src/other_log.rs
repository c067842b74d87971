//! Recognizes logs of other services by their first bytes, so that nobody wonders why no line of them can be parsed.

/// Returns what kind of log begins so, if it is certainly none of S3's server access logs.
///
/// Formats: [CloudTrail](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html),
/// [AWS Config](https://docs.aws.amazon.com/config/latest/developerguide/example-s3-snapshot.html),
/// [Application](https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html),
/// [Network](https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html) and
/// [Classic Load Balancers](https://docs.aws.amazon.com/elasticloadbalancing/latest/classic/access-log-collection.html),
/// [CloudFront](https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html),
/// [VPC flow logs](https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html).
pub(crate) fn kind(begin: &[u8]) -> Option<&'static str> {
    let begin = begin.get(..LONGEST).unwrap_or(begin);
    let text = String::from_utf8_lossy(begin);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('{') || text.starts_with('[') {
        return Some(json(text));
    }
    let line = text.lines().next().unwrap_or_default();
    let words: Vec<&str> = line.split(' ').collect();
    let balancer = "a load balancer's access log";
    match words.as_slice() {
        ["http" | "https" | "h2" | "grpcs" | "ws" | "wss", time, ..] if is_time(time) => Some(balancer),
        ["tls", "1.0" | "2.0", time, ..] if is_time(time) => Some(balancer),
        [time, ..] if is_time(time) => Some(balancer),
        ["#Version:", ..] => Some("a CloudFront access log"),
        ["version", "account-id", ..] => Some("a VPC flow log"),
        ["2", account, interface, ..] if is_account(account) && interface.starts_with("eni-") => Some("a VPC flow log"),
        _ => None,
    }
}

/// Number of bytes that are looked at.
const LONGEST: usize = 512;

fn json(text: &str) -> &'static str {
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).take(200).collect();
    if dense.starts_with("{\"Records\":[") {
        "a CloudTrail log"
    } else if dense.starts_with("{\"awsAccountId\"") && dense.contains("\"digest") {
        "a digest of CloudTrail"
    } else if dense.starts_with("{\"fileVersion\"") {
        "a file of AWS Config"
    } else {
        "JSON"
    }
}

/// Returns whether a word is a time in the form of ISO 8601, which S3 does not write.
fn is_time(word: &str) -> bool {
    let shape: String = word.chars().take(11).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T"
}

fn is_account(word: &str) -> bool {
    trailkeeper::model::is_account(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_logs_are_known_by_how_they_begin() {
        for (begin, told) in [
            (r#"{"Records":[{"eventVersion":"1.08""#, Some("a CloudTrail log")),
            ("\u{feff}{ \"Records\": [\n", Some("a CloudTrail log")),
            (r#"{"awsAccountId":"111122223333","digestStartTime":"2026"#, Some("a digest of CloudTrail")),
            (r#"{"fileVersion":"1.0","configSnapshotId":"#, Some("a file of AWS Config")),
            (r#"{"time":1}"#, Some("JSON")),
            (
                "http 2026-03-02T09:00:00.1Z app/x/50dc6c495c0c9188 192.0.2.1:2817 ",
                Some("a load balancer's access log"),
            ),
            ("tls 2.0 2026-03-02T09:00:00 net/x/c6e77e28c25b2234 ", Some("a load balancer's access log")),
            ("2026-03-02T09:00:00.945958Z my-lb 192.0.2.1:2817 10.0.0.1:80 ", Some("a load balancer's access log")),
            ("#Version: 1.0\n#Fields: date time\n", Some("a CloudFront access log")),
            ("version account-id interface-id srcaddr\n2 1", Some("a VPC flow log")),
            ("2 111122223333 eni-0a1b 192.0.2.1 192.0.2.2 443 ", Some("a VPC flow log")),
            ("", None),
            ("odd", None),
            ("79a59df900b949e55d96a1e698fbaced trail-logs [06/Feb/2019:00:00:38 +0000] 192.0.2.3 ", None),
            ("- - [06/Feb/2019:00:00:38 +0000]", None),
        ] {
            assert_eq!(kind(begin.as_bytes()), told, "{begin}");
        }
    }
}
