//! Prints the requests of a finding, one line each: time, requester, operation, and which object.

use std::io::{self, BufWriter, ErrorKind, Stdout, Write};
use trailkeeper::access::judge::kind::FindingKind;
use trailkeeper::access::report::{AccessFinding, BucketReport};
use trailkeeper::access::{Listed, ListedRequest, Listing, OneFinding};
use trailkeeper::settings::watching::Watching;

/// Findings that the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// All of one kind.
    Kind(FindingKind),
    /// The one with this number in the table, from 1.
    Number(usize),
}

impl Asked {
    /// Parses a number or the name of a kind.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let kind = FindingKind::ALL.into_iter().find(|kind| kind.as_str() == text);
        let number = || text.parse().ok().filter(|number| *number > 0);
        kind.map(Self::Kind).or_else(|| number().map(Self::Number)).ok_or_else(|| {
            let kinds = FindingKind::ALL.map(FindingKind::as_str).join(", ");
            format!("`{text}` is neither the number of a finding nor one of {kinds}")
        })
    }

    /// Returns what is listed, given the findings in the order of the table.
    pub(crate) fn listed(self, findings: &[(&BucketReport, &AccessFinding)]) -> Result<Listed, String> {
        match self {
            Self::Kind(kind) if self.needs_findings() => {
                let of_kind = findings.iter().filter(|(_, finding)| finding.kind == kind);
                Ok(Listed { kind, only: Some(of_kind.map(|(bucket, finding)| one(bucket, finding)).collect()) })
            }
            Self::Kind(kind) => Ok(Listed { kind, only: None }),
            Self::Number(number) => {
                let (bucket, finding) = findings.get(number - 1).ok_or_else(|| match findings.len() {
                    0 => "there are no findings".to_owned(),
                    last => format!("there is no finding {number}: they are numbered from 1 to {last}"),
                })?;
                Ok(Listed { kind: finding.kind, only: Some(vec![one(bucket, finding)]) })
            }
        }
    }

    /// Returns whether the findings must be known before anything can be listed: a burst is known by its end.
    pub(crate) fn needs_findings(self) -> bool {
        !matches!(self, Self::Kind(kind) if kind != FindingKind::DeniedBurst)
    }
}

fn one(bucket: &BucketReport, finding: &AccessFinding) -> OneFinding {
    let (bucket, requester) = (bucket.bucket.clone(), finding.who.requester.clone());
    OneFinding { bucket, requester, operations: finding.operations }
}

/// Lists requests on standard output.
pub(crate) struct Lister<'w> {
    listing: Listing<'w>,
    lines: Lines,
}

struct Lines {
    out: BufWriter<Stdout>,
    count: u64,
    failed: Option<io::Error>,
}

impl<'w> Lister<'w> {
    /// Creates a lister that has read nothing yet.
    pub(crate) fn new(watching: &'w Watching, listed: Listed) -> Self {
        let lines = Lines { out: BufWriter::new(io::stdout()), count: 0, failed: None };
        Self { listing: Listing::new(watching, listed), lines }
    }

    /// Reads a chunk of a file.
    pub(crate) fn feed(&mut self, chunk: &[u8]) {
        let Self { listing, lines } = self;
        listing.feed(chunk, |request| lines.add(request));
    }

    /// Ends a file.
    pub(crate) fn finish(&mut self) {
        let Self { listing, lines } = self;
        listing.finish(|request| lines.add(request));
    }

    /// Returns the number of requests listed. It is not an error if the reader closes the pipe early.
    pub(crate) fn end(mut self) -> io::Result<u64> {
        let flushed = self.lines.out.flush();
        match self.lines.failed.map_or(flushed, Err) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error),
            _ => Ok(self.lines.count),
        }
    }
}

impl Lines {
    fn add(&mut self, request: &ListedRequest) {
        let ListedRequest { time, bucket, key, version, operation, requester, refused } = request;
        let version = if version.is_empty() { String::new() } else { format!("?versionId={version}") };
        let refused = if *refused { " (refused)" } else { "" };
        self.count += 1;
        let line = format!("{time}\t{requester}\t{operation}{refused}\ts3://{bucket}/{key}{version}");
        if let (None, Err(error)) = (&self.failed, writeln!(self.out, "{line}")) {
            self.failed = Some(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_asked_for_by_its_number_or_kind() {
        assert_eq!(Asked::parse("delete"), Ok(Asked::Kind(FindingKind::Delete)));
        assert_eq!(Asked::parse("12"), Ok(Asked::Number(12)));
        for odd in ["0", "-1", "deletes", ""] {
            assert!(Asked::parse(odd).expect_err(odd).contains("one of read, write, delete"), "{odd}");
        }
        assert!(Asked::Number(1).listed(&[]).expect_err("nothing").contains("no findings"));
    }
}
