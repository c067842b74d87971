//! Reads log files one after another, from bytes to a report: parses, judges and summarizes them.

use super::digest::Digest;
use super::digest::timeline::Timeline;
use super::judge::Judge;
use super::read::foreign::shown;
use super::read::stream::{LineRead, Lines, Malformed};
use super::report::{AccessReport, FaultReport};
use crate::settings::watching::Watching;

/// Maximum number of unreadable lines that are reported individually.
const FAULTS: usize = 10;

/// Reads log files and collects the findings.
#[derive(Debug)]
pub struct Reading<'w> {
    lines: Lines,
    sums: Sums<'w>,
}

#[derive(Debug)]
struct Sums<'w> {
    judge: Judge<'w>,
    digest: Digest<'w>,
    file: String,
    faults: Vec<FaultReport>,
    lines: u64,
    blank: u64,
    malformed: u64,
    elsewhere: u64,
    foreign: u64,
}

impl<'w> Reading<'w> {
    /// Creates a reader that has read nothing yet.
    #[must_use]
    pub fn new(watching: &'w Watching) -> Self {
        let (judge, digest) = (Judge::new(watching), Digest::new(watching));
        let (file, faults) = (String::new(), Vec::new());
        let sums = Sums { judge, digest, file, faults, lines: 0, blank: 0, malformed: 0, elsewhere: 0, foreign: 0 };
        Self { lines: Lines::default(), sums }
    }

    /// Begins a file. An unfinished line of the previous file counts as its last line.
    pub fn file(&mut self, name: &str) {
        self.end();
        self.sums.file = shown(name.as_bytes());
    }

    /// Reads a chunk of the file.
    pub fn feed(&mut self, chunk: &[u8]) {
        let Self { lines, sums } = self;
        lines.feed(chunk, |read| sums.add(read));
    }

    /// Ends the file and returns the report so far.
    pub fn report(&mut self) -> AccessReport {
        self.end();
        let Sums { digest, faults, lines, blank, malformed, elsewhere, foreign, .. } = &self.sums;
        let (lines, blank, malformed, elsewhere, foreign) = (*lines, *blank, *malformed, *elsewhere, *foreign);
        let (faults, buckets) = (faults.clone(), digest.reported());
        AccessReport { lines, blank, malformed, elsewhere, foreign, faults, buckets, ..AccessReport::default() }
    }

    /// Returns the timeline of the requests read so far.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        self.sums.digest.timeline()
    }

    fn end(&mut self) {
        let Self { lines, sums } = self;
        lines.finish(|read| sums.add(read));
    }
}

impl Sums<'_> {
    fn add(&mut self, read: &LineRead<'_>) {
        self.lines += 1;
        match read {
            LineRead::Blank => self.blank += 1,
            LineRead::Malformed(fault) => self.fault(fault),
            LineRead::Line(line) if self.judge.is_foreign(line) => self.foreign += 1,
            LineRead::Line(line) => match self.judge.judge(line) {
                Some(verdict) => self.digest.add(line, verdict),
                None => self.elsewhere += 1,
            },
        }
    }

    fn fault(&mut self, fault: &Malformed) {
        self.malformed += 1;
        if self.faults.len() < FAULTS {
            let Malformed { line, offset, field, problem } = *fault;
            let problem = format!("{field} {problem}");
            self.faults.push(FaultReport { file: self.file.clone(), line, offset, problem });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::kind::FindingKind;
    use super::super::report::text::{subject, text};
    use super::super::tests::cases::{ADMIN, Case, OWNER, READER};
    use super::*;
    use crate::documents::principals::Principals;

    fn watching() -> Watching {
        Watching {
            account: "111122223333".into(),
            readers: vec![Principals("arn:aws:iam::111122223333:role/SiemReader".into())],
            networks: vec!["192.0.2.0/24".parse().expect("a network")],
            ..Watching::default()
        }
    }

    fn read(watching: &Watching, cases: &[Case]) -> AccessReport {
        let mut reading = Reading::new(watching);
        reading.file("access/2026-03-02-11-30-00-A1B2");
        for case in cases {
            reading.feed(case.line().as_bytes());
            reading.feed(b"\n");
        }
        reading.report()
    }

    fn at(second: usize, case: Case) -> Case {
        Case { time: format!("02/Mar/2026:11:{:02}:{:02} +0000", second / 60, second % 60), ..case }
    }

    /// Returns a day in the life of a log bucket: normal requests, and one of everything that is not.
    fn day() -> Vec<Case> {
        let session = "arn:aws:sts::999999999999:assumed-role/Intruder/i-0ab";
        let key = |number: usize| format!("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/02/{number}.json.gz");
        let mut cases = vec![Case::default(), Case::by("svc:cloudtrail.amazonaws.com", "REST.PUT.OBJECT")];
        for number in 0..40 {
            let case = Case { key: key(number), ip: "203.0.113.9".into(), ..Case::by(ADMIN, "REST.GET.OBJECT") };
            let headers = "\"-\" \"aws-cli/2.15.0 \"quoted\"\"".to_owned();
            let uri = format!("\"GET /{}?X-Amz-Credential=AKIAX&X-Amz-Signature=beef HTTP/1.1\"", key(number));
            cases.push(at(number * 10, Case { uri, headers, ..case }));
        }
        for number in 0..12 {
            cases.push(at(number, Case { key: key(number), ..Case::by(session, "REST.GET.OBJECT") }.refused()));
        }
        let uri = |method: &str| format!("\"{method} HTTP/1.1\"");
        cases.extend([
            Case { uri: uri("DELETE /a?versionId=v7"), version: "v7".into(), ..Case::by(ADMIN, "REST.DELETE.OBJECT") },
            Case { uri: uri("PUT /?policy"), key: "-".into(), ..Case::by(OWNER, "REST.PUT.BUCKETPOLICY") },
            Case { uri: uri("GET /?list-type=2"), key: "-".into(), ..Case::by("-", "REST.GET.BUCKET") },
            Case { cipher: "-".into(), tls: "-".into(), ..Case::default() },
            Case { tls: "TLSv1.1".into(), ..Case::default() },
            Case::by("arn:aws:iam::111122223333:user/carol", "REST.PUT.OBJECT"),
            Case::by(READER, "REST.BREW.COFFEE"),
            Case { bucket: "config-logs".into(), ..Case::by(ADMIN, "REST.DELETE.LIFECYCLE") }.refused(),
        ]);
        cases
    }

    /// Compares the mail and the report of that day with the files. Proofread the files when they change.
    #[test]
    fn the_mail_and_the_report_are_the_ones_that_were_proofread() {
        let watching = watching();
        let mut reading = Reading::new(&watching);
        reading.file("access/2026-03-02-11-30-00-A1B2");
        let lines: Vec<String> = day().iter().map(Case::line).collect();
        reading.feed(lines.join("\n").as_bytes());
        reading.file("access/2026-03-02-11-31-00-C3D4");
        reading.feed(b"this is no line of S3's\n\n");
        let report = reading.report();
        let json = serde_json::to_string_pretty(&report).expect("JSON") + "\n";
        crate::testing::golden::check("tests/golden/access.json", &json);
        let mail = format!("Subject: {}\n\n{}", subject(&report), text(&report));
        crate::testing::golden::check("tests/golden/access.txt", &mail);
    }

    /// Compares the published schema, which other programs rely on, with the types. `UPDATE=1` writes it.
    #[test]
    fn the_published_schema_is_the_one_of_the_types() {
        let schema =
            serde_json::to_string_pretty(&schemars::schema_for!(crate::access::AccessAnswer)).expect("a schema") + "\n";
        crate::testing::golden::check("docs/access.schema.json", &schema);
    }

    #[test]
    fn the_order_of_lines_changes_no_count() {
        let (watching, mut cases) = (watching(), day());
        let forth = read(&watching, &cases);
        cases.reverse();
        let back = read(&watching, &cases);
        let counts = |report: &AccessReport| {
            let findings = report.findings().map(|(bucket, finding)| {
                (bucket.bucket.clone(), finding.kind, finding.who.requester.clone(), finding.operations, finding.times)
            });
            findings.collect::<Vec<_>>()
        };
        assert_eq!(counts(&forth), counts(&back));
        assert_eq!(forth.buckets.iter().map(|bucket| bucket.flagged).sum::<u64>(), 60);
    }

    #[test]
    fn what_is_normal_is_not_told() {
        let report = read(&watching(), &[Case::default(), Case::by("AmazonS3", "S3.EXPIRE.OBJECT")]);
        assert_eq!((report.lines, report.worth_reporting(), report.severity()), (2, false, None));
        // A few refused requests are not a burst.
        let few: Vec<Case> = (0..9).map(|second| at(second, Case::default().refused())).collect();
        assert!(!read(&watching(), &few).worth_reporting());
        let enough: Vec<Case> = (0..10).map(|second| at(second, Case::default().refused())).collect();
        let report = read(&watching(), &enough);
        let found: Vec<_> = report.findings().map(|(_, it)| (it.kind, it.times.count, it.times.refused)).collect();
        assert_eq!(found, [(FindingKind::DeniedBurst, 10, 10)]);
    }

    #[test]
    fn requests_to_buckets_of_other_accounts_are_counted_and_nothing_of_them_is_told() {
        let deletes = Case::by(ADMIN, "REST.DELETE.OBJECT");
        let of = |owner: Option<&str>, buckets: &[&str]| {
            let buckets = buckets.iter().map(|it| (*it).to_owned()).collect();
            let watching = Watching { owner: owner.map(str::to_owned), buckets, ..watching() };
            read(&watching, &[deletes.clone(), Case::default()])
        };
        let report = of(Some(&"9".repeat(64)), &[]);
        assert_eq!((report.foreign, report.findings().count(), report.buckets.len()), (2, 0, 0));
        assert!(report.is_foreign_only() && report.worth_reporting());
        assert_eq!(subject(&report), "Trailkeeper: an access log is about buckets of other accounts only");
        let told = text(&report);
        assert!(told.contains("2 requests to buckets of other accounts are counted and not told"), "{told}");
        // An owner that is ours, unknown, or a bucket that the settings name: told as always.
        for (owner, buckets) in [(Some(OWNER), &[][..]), (None, &[]), (Some("9"), &["trail-logs"])] {
            let report = of(owner, buckets);
            assert_eq!((report.foreign, report.findings().count()), (0, 1), "{owner:?} {buckets:?}");
        }
    }

    #[test]
    fn a_report_can_be_made_shorter_and_loses_no_count() {
        let whole = read(&watching(), &day());
        let sums = |report: &AccessReport| {
            let mut sums = std::collections::BTreeMap::<_, (u64, u64, u64)>::new();
            for bucket in &report.buckets {
                let found = bucket.findings.iter().map(|it| (it.kind, it.operations, &it.times));
                for (kind, operations, times) in
                    found.chain(bucket.rest.iter().map(|it| (it.kind, it.operations, &it.times)))
                {
                    let sum = sums.entry((bucket.bucket.clone(), kind, operations)).or_default();
                    *sum = (sum.0 + times.count, sum.1 + times.refused, sum.2 + times.bytes);
                }
            }
            sums
        };
        let all = whole.findings().count();
        for findings in 0..=all + 1 {
            let short = whole.clone().with_at_most(findings);
            assert_eq!((short.findings().count(), sums(&short)), (findings.min(all), sums(&whole)));
            let worst = |report: &AccessReport| {
                let mut severities: Vec<_> = report.findings().map(|(_, it)| it.severity).collect();
                severities.sort_unstable_by(|a, b| b.cmp(a));
                severities.truncate(findings);
                severities
            };
            assert_eq!(worst(&short), worst(&whole));
        }
        assert_eq!(whole.clone().with_at_most(all), whole);
    }

    #[test]
    fn the_timeline_has_every_request_by_the_worst_of_it() {
        let watching = watching();
        let mut reading = Reading::new(&watching);
        let lines: Vec<String> = day().iter().map(Case::line).collect();
        reading.feed((lines.join("\n") + "\nodd\n").as_bytes());
        let flagged: u64 = reading.report().buckets.iter().map(|bucket| bucket.flagged).sum();
        let tallies: Vec<_> = reading.timeline().spans().map(|(_, tally)| tally).collect();
        let found = |which: usize| tallies.iter().map(|tally| tally.found[which]).sum::<u64>();
        assert_eq!(tallies.iter().map(|tally| tally.requests).sum::<u64>(), lines.len() as u64);
        assert_eq!((0..4).map(found).sum::<u64>(), flagged);
        // The refused change, two outdated protocols and three of the twelve refusals: with those it is a burst.
        assert_eq!([found(1), found(3)], [6, 3]);
    }

    #[test]
    fn an_example_is_a_request_that_s3_did_not_refuse_if_there_is_one() {
        let id = |id: &str| Case { id: id.into(), ..Case::by(ADMIN, "REST.GET.OBJECT") };
        let report = read(&watching(), &[id("R1").refused(), id("R2"), id("R3")]);
        let (_, finding) = report.findings().next().expect("a finding");
        assert_eq!(finding.example.as_ref().map(|it| it.request_id.as_str()), Some("R2"));
    }
}
