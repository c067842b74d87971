//! Names of access logs, as S3 gives them ([log object key format]).
//!
//! [log object key format]: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html#server-log-keyname-format

/// Returns whether a prefix of access logs begins with the name of the bucket whose access they log.
pub(super) fn is_named_after(prefix: &str, source: &str) -> bool {
    prefix.strip_prefix(source).is_some_and(|rest| rest.starts_with('/'))
}

/// Returns whether a key is that of an access log of a bucket under a prefix:
/// `<prefix>YYYY-MM-DD-hh-mm-ss-<16 hexadecimal digits>`, or partitioned
/// `<prefix><account>/<region>/<bucket>/YYYY/MM/DD/YYYY-MM-DD-hh-mm-ss-<16 hexadecimal digits>`.
pub(super) fn is_access_log(key: &str, prefix: &str, source: &str) -> bool {
    let Some(rest) = key.strip_prefix(prefix) else { return false };
    let parts: Vec<&str> = rest.split('/').collect();
    match parts.as_slice() {
        [file] => is_file(file),
        [account, region, bucket, year, month, day, file] => {
            let date = [(*year, 4), (*month, 2), (*day, 2)].iter().all(|(part, length)| is_number(part, *length));
            is_number(account, 12) && !region.is_empty() && *bucket == source && date && is_file(file)
        }
        _ => false,
    }
}

/// Returns whether keys of access logs of a bucket can begin with a text, behind their prefix.
pub(super) fn may_begin_access_log(text: &str, source: &str) -> bool {
    let is_part_of_name = |part: &str| part.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [part] => is_part_of_name(part),
        [account, rest @ ..] => {
            let of_source = match rest {
                [_, bucket] => source.starts_with(bucket),
                [_, bucket, ..] => *bucket == source,
                _ => true,
            };
            is_number(account, 12) && of_source
        }
        [] => true,
    }
}

/// Returns whether keys of files that CloudTrail or Config deliver can begin with a text, behind `AWSLogs/`:
/// `[<organization>/]<account>/CloudTrail/`, `CloudTrail-Digest/`, `CloudTrail-Insight/` or `Config/`
/// ([CloudTrail log file names]). Other services deliver beside them.
///
/// [CloudTrail log file names]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
pub(super) fn may_begin_delivered(text: &str) -> bool {
    const SERVICES: [&str; 4] = ["CloudTrail", "CloudTrail-Digest", "CloudTrail-Insight", "Config"];
    let parts: Vec<&str> = text.split('/').collect();
    let parts = match parts.as_slice() {
        ["o"] => return true,
        [organization, rest @ ..] if organization.starts_with("o-") => rest,
        all => all,
    };
    match parts {
        [] => true,
        [account] => account.len() <= 12 && account.bytes().all(|b| b.is_ascii_digit()),
        [account, service] => is_number(account, 12) && SERVICES.iter().any(|it| it.starts_with(service)),
        [account, service, ..] => is_number(account, 12) && SERVICES.contains(service),
    }
}

fn is_file(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let [time @ .., unique] = parts.as_slice() else { return false };
    let lengths = [4, 2, 2, 2, 2, 2];
    let is_unique = unique.len() == 16 && unique.bytes().all(|b| b.is_ascii_hexdigit());
    is_unique && time.len() == lengths.len() && time.iter().zip(lengths).all(|(part, length)| is_number(part, length))
}

fn is_number(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn access_logs_are_told_by_their_names() {
        const FILE: &str = "2026-01-31-23-59-59-0123456789ABCDEF";
        let is_log = |rest: &str| is_access_log(&format!("logs/{rest}"), "logs/", "logs");
        assert!(is_log(FILE));
        assert!(is_log(&format!("111122223333/eu-west-1/logs/2026/01/31/{FILE}")));
        for other in [
            "",
            "2026",
            "2026-01-31-23-59-59",
            "2026-01-31-23-59-59-0123456789ABCDEG",
            "2026-01-31-23-59-59-0123456789ABCDEF0",
            "2026-1-31-23-59-59-0123456789ABCDEF",
            "2026-01-31-23-59-59-0123456789ABCDEF.gz",
            "waf/2026-01-31-23-59-59-0123456789ABCDEF",
            "111122223333/eu-west-1/other/2026/01/31/2026-01-31-23-59-59-0123456789ABCDEF",
            "111122223333/eu-west-1/logs/2026/01/2026-01-31-23-59-59-0123456789ABCDEF",
        ] {
            assert!(!is_log(other), "{other}");
        }
        assert!(!is_access_log(FILE, "logs/", "logs"));
    }

    #[test]
    fn a_prefix_begins_with_the_whole_name() {
        assert!(is_named_after("logs/", "logs") && is_named_after("logs/x", "logs"));
        for other in ["", "logs", "logs-old/", "waf/", "a/logs/"] {
            assert!(!is_named_after(other, "logs"), "{other}");
        }
    }
}
