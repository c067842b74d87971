//! What a file is, by its name: CloudTrail's names say what is inside and of which day it is.

use chrono::{NaiveDate, NaiveDateTime};

/// Kind of a file in the bucket of a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// Records of calls.
    Records,
    /// Hashes of files, signed.
    Digest,
    /// Unusual rates of calls, which say nothing about single calls.
    Insight,
    /// Something else, such as a history of AWS Config or a flow log.
    Other,
}

impl FileKind {
    /// Returns what a file is, by its path or key.
    ///
    /// Below `AWSLogs/` the folder or the name has to say so ([log file names]). Elsewhere whatever ends as JSON is taken for
    /// records.
    ///
    /// [log file names]: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
    #[must_use]
    pub fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split(['/', '\\']).collect();
        let (name, folders) = parts.split_last().map_or(("", &[][..]), |(name, folders)| (*name, folders));
        let within = |folder: &str| folders.contains(&folder);
        let called = |word: &str| name.contains(&format!("_{word}_"));
        if within("CloudTrail-Digest") || called("CloudTrail-Digest") {
            return Self::Digest;
        }
        if within("CloudTrail-Insight") || called("CloudTrail-Insight") {
            return Self::Insight;
        }
        let is_json = [".json.gz", ".json", ".jsonl", ".jsonl.gz"].iter().any(|end| name.ends_with(end));
        let is_trails = within("CloudTrail") || called("CloudTrail") || !within("AWSLogs");
        if is_json && is_trails { Self::Records } else { Self::Other }
    }
}

/// Returns the day on which a file was delivered, by its name.
#[must_use]
pub fn day(path: &str) -> Option<NaiveDate> {
    time(path).map(|at| at.date())
}

/// Returns when a file was delivered, by its name: `..._20270131T1200Z_...json.gz`.
#[must_use]
pub fn time(path: &str) -> Option<NaiveDateTime> {
    let name = path.rsplit(['/', '\\']).next()?;
    let is_stamp = |part: &&str| part.len() == 14 && part.as_bytes().get(8) == Some(&b'T');
    NaiveDateTime::parse_from_str(name.split('_').find(is_stamp)?, "%Y%m%dT%H%MZ").ok()
}

/// Returns account and region of a file, by its name: `111122223333_CloudTrail_eu-west-1_...json.gz`.
#[must_use]
pub fn place(path: &str) -> Option<(&str, &str)> {
    let mut parts = path.rsplit(['/', '\\']).next()?.split('_');
    Some((parts.next()?, parts.nth(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_is_inside() {
        let of = |middle: &str, kind: &str| {
            format!(
                "p/AWSLogs/o-1/111122223333/{middle}/eu-west-1/2027/01/31/111122223333_{kind}_eu-west-1_20270131T1200Z_x.json.gz"
            )
        };
        for (path, kind) in [
            (of("CloudTrail", "CloudTrail"), FileKind::Records),
            (of("CloudTrail-Digest", "CloudTrail-Digest"), FileKind::Digest),
            (of("CloudTrail-Insight", "CloudTrail-Insight"), FileKind::Insight),
            (of("Config", "Config"), FileKind::Other),
            (of("vpcflowlogs", "vpcflowlogs").replace(".json.gz", ".log.gz"), FileKind::Other),
            ("copied/1_CloudTrail-Digest_x.json.gz".into(), FileKind::Digest),
            ("copied/events.json".into(), FileKind::Records),
            (of("CloudTrail", "CloudTrail").replace("/CloudTrail/", "/"), FileKind::Records),
            (of("Config", "Config").replace("/Config/", "/"), FileKind::Other),
            ("copied/notes.txt".into(), FileKind::Other),
        ] {
            assert_eq!(FileKind::of(&path), kind, "{path}");
        }
        assert_eq!(day(&of("CloudTrail", "CloudTrail")), NaiveDate::from_ymd_opt(2027, 1, 31));
        assert_eq!(
            time(&of("CloudTrail", "CloudTrail")).map(|at| at.to_string()).as_deref(),
            Some("2027-01-31 12:00:00")
        );
        assert_eq!(place(&of("CloudTrail", "CloudTrail")), Some(("111122223333", "eu-west-1")));
        assert_eq!(
            (day("events.json"), place("events.json"), day("1_CloudTrail_x_20279931T1200Z_x")),
            (None, None, None)
        );
    }
}
