//! Lists the requests of findings one by one, where a report names only the most frequent objects.

use super::judge::Judge;
use super::judge::kind::FindingKind;
use super::read::foreign::shown;
use super::read::line::Line;
use super::read::operation::Class;
use super::read::stream::{LineRead, Lines};
use super::read::time::Time;
use super::read::who::Somebody;
use super::report::WhoReport;
use crate::settings::watching::Watching;

/// Findings whose requests are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Kind of the findings.
    pub kind: FindingKind,
    /// The findings of this kind that are meant; `None` lists all requests of the kind.
    pub only: Option<Vec<OneFinding>>,
}

/// One finding, beside its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneFinding {
    /// Name of the bucket.
    pub bucket: String,
    /// Requester as the report names it.
    pub requester: String,
    /// Class of the requests.
    pub operations: Class,
}

/// One request of the list. Values that a caller chose are safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRequest {
    /// Time of the request.
    pub time: Time,
    /// Name of the bucket.
    pub bucket: String,
    /// Key of the object, URL-encoded as S3 logs it; empty if the request was about the bucket.
    pub key: String,
    /// Version of the object, if S3 logged one.
    pub version: String,
    /// Operation, such as `REST.DELETE.OBJECT`.
    pub operation: String,
    /// Requester as a report names it.
    pub requester: String,
    /// Whether S3 refused the request.
    pub refused: bool,
}

/// Reads log files and lists the requests, in constant memory. Any refused request may be part of a burst: those that
/// were not are kept out by naming the findings.
#[derive(Debug)]
pub struct Listing<'w> {
    lines: Lines,
    judge: Judge<'w>,
    account: &'w str,
    listed: Listed,
}

impl<'w> Listing<'w> {
    /// Creates a reader that has read nothing yet.
    #[must_use]
    pub fn new(watching: &'w Watching, listed: Listed) -> Self {
        Self { lines: Lines::default(), judge: Judge::new(watching), account: &watching.account, listed }
    }

    /// Reads a chunk of a file, and calls `each` with every request that is listed.
    pub fn feed(&mut self, chunk: &[u8], mut each: impl FnMut(&ListedRequest)) {
        let Self { lines, judge, account, listed } = self;
        lines.feed(chunk, |read| one(judge, account, listed, read).iter().for_each(&mut each));
    }

    /// Ends a file: an unfinished line counts as its last.
    pub fn finish(&mut self, mut each: impl FnMut(&ListedRequest)) {
        let Self { lines, judge, account, listed } = self;
        lines.finish(|read| one(judge, account, listed, read).iter().for_each(&mut each));
    }
}

fn one(judge: &mut Judge<'_>, account: &str, listed: &Listed, read: &LineRead<'_>) -> Option<ListedRequest> {
    let LineRead::Line(line) = read else { return None };
    if judge.is_foreign(line) {
        return None;
    }
    let verdict = judge.judge(line)?;
    if !verdict.kinds.has(listed.kind) {
        return None;
    }
    let request = request(line, account, verdict.refused);
    let is_its = |one: &OneFinding| {
        (&one.bucket, &one.requester, one.operations) == (&request.bucket, &request.requester, verdict.class)
    };
    listed.only.as_ref().is_none_or(|only| only.iter().any(is_its)).then_some(request)
}

fn request(line: &Line<'_>, account: &str, refused: bool) -> ListedRequest {
    let text = |value: Option<&[u8]>| shown(value.unwrap_or_default());
    ListedRequest {
        time: line.time,
        bucket: text(line.bucket),
        key: line.key.map(|key| key.shown()).unwrap_or_default(),
        version: text(line.trailing_fields.version),
        operation: text(line.operation),
        requester: WhoReport::of(line, &Somebody::of(line), account).requester,
        refused,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::cases::{ADMIN, Case, READER};
    use super::*;

    const INTRUDER: &str = "arn:aws:sts::999999999999:assumed-role/Intruder/i-0ab";

    fn deleted(requester: &str, key: &str) -> String {
        let uri = format!("\"DELETE /{key} HTTP/1.1\"");
        Case { key: key.into(), uri, ..Case::by(requester, "REST.DELETE.OBJECT") }.line()
    }

    /// Returns who and which key, as listed from chunks of `size` bytes.
    fn listed(only: Option<Vec<OneFinding>>, lines: &[String], size: usize) -> Vec<(String, String)> {
        let watching = Watching { account: "111122223333".into(), ..Watching::default() };
        let mut listing = Listing::new(&watching, Listed { kind: FindingKind::Delete, only });
        let mut found = Vec::new();
        let mut each = |it: &ListedRequest| found.push((it.requester.clone(), it.key.clone()));
        lines.join("\n").as_bytes().chunks(size).for_each(|chunk| listing.feed(chunk, &mut each));
        listing.finish(&mut each);
        found
    }

    #[test]
    fn every_request_of_a_kind_is_listed_or_of_one_finding() {
        let mut lines = vec![Case::default().line(), "odd".to_owned(), Case::by(READER, "REST.GET.OBJECT").line()];
        lines.extend((0..40).map(|n| deleted(ADMIN, &format!("k{n}"))));
        lines.push(deleted(INTRUDER, "theirs"));
        for size in [1, 7, 4_096] {
            let all = listed(None, &lines, size);
            assert_eq!(all.len(), 41);
            assert_eq!(all.last(), Some(&("arn:aws:sts::999999999999:assumed-role/Intruder".into(), "theirs".into())));
            let one = |requester: &str, bucket: &str| {
                let (bucket, requester) = (bucket.to_owned(), requester.to_owned());
                listed(Some(vec![OneFinding { bucket, requester, operations: Class::Delete }]), &lines, size)
            };
            let keys: Vec<String> = one(ADMIN, "trail-logs").into_iter().map(|(_, key)| key).collect();
            assert_eq!(keys, (0..40).map(|n| format!("k{n}")).collect::<Vec<_>>());
            assert_eq!(one(ADMIN, "other-logs"), []);
        }
    }

    #[test]
    fn what_a_caller_chose_is_safe_to_show() {
        let line = deleted(ADMIN, "a%3FX-Amz-Signature=beef\u{1b}[31m");
        let key = &listed(None, &[line], 64)[0].1;
        assert!(!key.contains("beef") && !key.contains('\u{1b}'), "{key}");
    }
}
