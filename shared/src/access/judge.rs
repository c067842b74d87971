//! What is not normal about a request, by the settings. Pure.
//!
//! That the services which deliver logs write and look is normal, and so is reading by the readers that are set. All
//! else that touches a log bucket is told. Readers are exempt from nothing but that: a reader's credentials that are
//! used from elsewhere, over plain HTTP, or for something else, are told.

use super::kind::{Kind, Kinds};
use super::line::Line;
use super::operation::Class;
use super::watching::Watching;
use super::who::{Principals, Who};
use ipnet::IpNet;
use std::collections::HashMap;
use std::net::IpAddr;

/// What the judge says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// What it did.
    pub class: Class,
    /// What is not normal about it. Of a refused request, [`Kind::DeniedBurst`] says that it may be one of a burst.
    pub kinds: Kinds,
    /// Whether S3 refused it, or failed.
    pub refused: bool,
}

/// What a requester may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Anonymous,
    Deliverer,
    Own,
    Somebody { reads: bool, keeps: bool, writes: bool, is_foreign: bool },
}

/// How many requesters are remembered. Sessions come and go; when there are more, all are looked at anew.
const REMEMBERED: usize = 4096;

/// Judges requests, one by one.
#[derive(Debug)]
pub struct Judge<'w> {
    watching: &'w Watching,
    standings: HashMap<Box<[u8]>, Standing>,
}

impl<'w> Judge<'w> {
    /// A judge by these settings.
    #[must_use]
    pub fn new(watching: &'w Watching) -> Self {
        Self { watching, standings: HashMap::new() }
    }

    /// Says what is not normal about a request; `None` where its bucket is not watched.
    #[must_use]
    pub fn judge(&mut self, line: &Line<'_>) -> Option<Verdict> {
        let Watching { buckets, networks, .. } = self.watching;
        let is_watched = |bucket| std::str::from_utf8(bucket).is_ok_and(|bucket| buckets.contains(bucket));
        if !buckets.is_empty() && !line.bucket.is_some_and(is_watched) {
            return None;
        }
        let class = Class::of(line.operation.unwrap_or_default());
        let standing = self.standing(line.requester);
        let (reads, keeps, writes) = match standing {
            Standing::Somebody { reads, keeps, writes, .. } => (reads, keeps, writes),
            Standing::Own => (false, true, false),
            Standing::Anonymous | Standing::Deliverer => (false, false, false),
        };
        let refused = line.reply.status.is_some_and(|status| status >= 400) || is_sent_elsewhere(line);
        let denied = line.reply.status == Some(403) || line.reply.error == Some(b"AccessDenied");
        let mut kinds = Kinds::default();
        kinds.add(Kind::DeniedBurst, denied);
        kinds.add(Kind::Delete, class == Class::Delete);
        kinds.add(Kind::Change, class == Class::Change && !keeps);
        kinds.add(Kind::Unknown, class == Class::Unknown);
        // Whoever delivers logs has no need to read them: a role that is named like a service's would.
        kinds.add(Kind::Read, class == Class::Read && !reads);
        if standing != Standing::Deliverer && class != Class::Lifecycle {
            kinds.add(Kind::Read, class == Class::List && !reads);
            kinds.add(Kind::Write, class == Class::Write && !writes);
            // Where a signature did not hold, S3 knows nobody either.
            let is_signed = refused && line.tail.authentication.is_some();
            kinds.add(Kind::Anonymous, standing == Standing::Anonymous && !is_signed);
            kinds.add(Kind::PlainHttp, is_plain(line));
            kinds.add(Kind::OldTls, line.tail.tls.is_some_and(is_old));
            let may_be_anywhere = match standing {
                Standing::Own => true,
                // Services look how buckets are set up all day, from AWS's addresses. CloudTrail records that, too.
                Standing::Somebody { is_foreign, .. } => class == Class::Inspect && !is_foreign,
                Standing::Anonymous | Standing::Deliverer => false,
            };
            let is_elsewhere = line.remote_ip.is_some_and(|ip| is_outside(networks, ip));
            kinds.add(Kind::OutsideNetworks, !may_be_anywhere && is_elsewhere);
        }
        Some(Verdict { class, kinds, refused })
    }

    fn standing(&mut self, requester: Option<&[u8]>) -> Standing {
        let bytes = requester.unwrap_or_default();
        if let Some(standing) = self.standings.get(bytes) {
            return *standing;
        }
        let standing = self.look_up(requester);
        if self.standings.len() >= REMEMBERED {
            self.standings.clear();
        }
        self.standings.insert(bytes.into(), standing);
        standing
    }

    fn look_up(&self, requester: Option<&[u8]>) -> Standing {
        let text = requester.map(String::from_utf8_lossy);
        let who = Who::of(text.as_deref());
        let text = text.as_deref().unwrap_or_default();
        let one_of = |list: &[Principals]| list.iter().any(|principals| principals.include(&who, text));
        let Watching { account, readers, keepers, writers, deliverers, own, .. } = self.watching;
        match who {
            Who::Anonymous => Standing::Anonymous,
            _ if one_of(deliverers) => Standing::Deliverer,
            _ if one_of(own) => Standing::Own,
            _ => Standing::Somebody {
                reads: one_of(readers),
                keeps: one_of(keepers),
                writes: one_of(writers),
                is_foreign: who.account().is_some_and(|theirs| theirs != account),
            },
        }
    }
}

/// S3 answers whoever asks at the wrong endpoint where the right one is, and does nothing else.
fn is_sent_elsewhere(line: &Line<'_>) -> bool {
    matches!(line.reply.status, Some(301 | 307)) && line.reply.error.is_some()
}

/// A request of HTTP's without a cipher. Old lines do not tell the cipher; what S3 and other services do inside of AWS
/// has no address or no request.
fn is_plain(line: &Line<'_>) -> bool {
    let tells_cipher = line.tail.known >= 4;
    let is_request = line.uri.is_some() && line.remote_ip.is_some();
    tells_cipher && is_request && line.tail.cipher.is_none() && line.tail.tls.is_none()
}

fn is_old(tls: &[u8]) -> bool {
    let old: [&[u8]; 3] = [b"TLSv1", b"TLSv1.0", b"TLSv1.1"];
    old.iter().any(|version| version.eq_ignore_ascii_case(tls)) || tls.to_ascii_uppercase().starts_with(b"SSL")
}

/// What is no address is nowhere, and so outside.
fn is_outside(networks: &[IpNet], ip: &[u8]) -> bool {
    let address = std::str::from_utf8(ip).ok().and_then(|text| text.parse::<IpAddr>().ok());
    let inside = |address: IpAddr| networks.iter().any(|network| network.contains(&address.to_canonical()));
    !networks.is_empty() && !address.is_some_and(inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::cases::{ADMIN, Case, OWNER, READER};

    const CLOUDTRAIL: &str = "svc:cloudtrail.amazonaws.com";
    const CONFIG: &str = "arn:aws:sts::111122223333:assumed-role/Config/AWSConfig-Delivery";

    fn watching() -> Watching {
        let principals = |arn: &str| vec![Principals(arn.to_owned())];
        Watching {
            account: "111122223333".into(),
            buckets: ["trail-logs".to_owned()].into(),
            readers: principals("arn:aws:iam::111122223333:role/SiemReader"),
            keepers: principals("arn:aws:iam::111122223333:role/Keeper"),
            writers: principals("arn:aws:iam::111122223333:role/Config"),
            own: principals("arn:aws:iam::111122223333:role/trailkeeper-BucketRole-1A2B"),
            networks: ["192.0.2.0/24", "2001:db8::/32"].map(|net| net.parse().expect("a network")).into(),
            ..Watching::default()
        }
    }

    fn kinds(watching: &Watching, case: &Case) -> Vec<Kind> {
        let text = case.line();
        let line = Line::parse(text.as_bytes()).expect("a line");
        let verdict = Judge::new(watching).judge(&line).expect("a watched bucket");
        verdict.kinds.each().collect()
    }

    #[track_caller]
    fn is(case: &Case, expected: &[Kind]) {
        assert_eq!(kinds(&watching(), case), expected, "{}", case.line());
    }

    #[test]
    fn what_is_normal_is_silent() {
        for operation in ["REST.GET.OBJECT", "REST.HEAD.OBJECT", "REST.GET.BUCKET", "REST.GET.LOCATION"] {
            is(&Case::by(READER, operation), &[]);
        }
        for who in [CLOUDTRAIL, "svc:delivery.logs.amazonaws.com", "svc:logging.s3.amazonaws.com"] {
            for operation in
                ["REST.PUT.OBJECT", "REST.PUT.PART", "REST.POST.UPLOAD", "REST.GET.ACL", "REST.HEAD.BUCKET"]
            {
                // Services come from inside of AWS, where S3 tells neither address nor cipher.
                let case = Case { ip: "-".into(), cipher: "-".into(), tls: "-".into(), ..Case::by(who, operation) };
                is(&case, &[]);
            }
        }
        let rule =
            Case { ip: "-".into(), uri: "\"-\"".into(), status: "-".into(), cipher: "-".into(), ..Case::default() };
        for operation in ["S3.EXPIRE.OBJECT", "S3.CREATE.DELETEMARKER", "S3.TRANSITION_GDA.OBJECT", "S3.DELETE.UPLOAD"]
        {
            for requester in ["AmazonS3", "-"] {
                let (operation, requester) = (operation.to_owned(), requester.to_owned());
                is(&Case { operation, requester, tls: "-".into(), ..rule.clone() }, &[]);
            }
        }
        is(&Case::by("arn:aws:sts::111122223333:assumed-role/Keeper/trailkeeper", "REST.PUT.BUCKETPOLICY"), &[]);
        is(&Case::by(ADMIN, "REST.GET.BUCKETPOLICY"), &[]);
    }

    #[test]
    fn who_is_no_reader_is_told_of() {
        for who in [
            ADMIN,
            "arn:aws:iam::111122223333:root",
            "arn:aws:iam::999999999999:user/SiemReader",
            "arn:aws:sts::999999999999:assumed-role/SiemReader/collector-3",
            "svc:cloudfront.amazonaws.com",
            OWNER,
        ] {
            for operation in ["REST.GET.OBJECT", "REST.HEAD.OBJECT", "REST.GET.BUCKETVERSIONS", "WEBSITE.GET.OBJECT"] {
                is(&Case::by(who, operation), &[Kind::Read]);
            }
        }
        is(&Case::by(ADMIN, "REST.COPY.OBJECT_GET"), &[Kind::Read]);
        is(&Case::by(CLOUDTRAIL, "REST.GET.OBJECT"), &[Kind::Read]);
        is(&Case::by(CLOUDTRAIL, "REST.GET.BUCKET"), &[]);
        is(&Case::by(ADMIN, "REST.GET.SOMETHING_NEW"), &[Kind::Read]);
    }

    #[test]
    fn what_changes_a_log_bucket_is_told_of_whoever_does_it() {
        for who in [READER, ADMIN, "arn:aws:sts::111122223333:assumed-role/Keeper/x", CLOUDTRAIL] {
            is(&Case::by(who, "REST.DELETE.OBJECT"), &[Kind::Delete]);
            is(&Case::by(who, "BATCH.DELETE.OBJECT"), &[Kind::Delete]);
        }
        for who in [READER, ADMIN, CLOUDTRAIL] {
            is(&Case::by(who, "REST.PUT.LIFECYCLE"), &[Kind::Change]);
            is(&Case::by(who, "REST.DELETE.BUCKETPOLICY"), &[Kind::Change]);
            is(&Case::by(who, "REST.BREW.COFFEE"), &[Kind::Unknown]);
        }
        is(&Case::by(CONFIG, "REST.PUT.OBJECT"), &[]);
        is(&Case::by(CONFIG, "REST.GET.BUCKET"), &[Kind::Read]);
        is(&Case::by(CONFIG, "REST.PUT.ACL"), &[Kind::Change]);
        for who in [READER, ADMIN, "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForConfig/x"] {
            is(&Case::by(who, "REST.PUT.OBJECT"), &[Kind::Write]);
            is(&Case::by(who, "REST.COPY.PART"), &[Kind::Write]);
        }
    }

    #[test]
    fn a_reader_from_elsewhere_or_without_tls_is_told_of() {
        let default = Case::default;
        for ip in ["192.0.3.1", "2001:db9::1", "10.0.0.1", "somewhere"] {
            is(&Case { ip: ip.into(), ..default() }, &[Kind::OutsideNetworks]);
        }
        for ip in ["192.0.2.255", "2001:db8:1::1", "::ffff:192.0.2.9", "-"] {
            is(&Case { ip: ip.into(), ..default() }, &[]);
        }
        for tls in ["TLSv1", "TLSv1.1", "TLSV1.1", "SSLv3"] {
            is(&Case { tls: tls.into(), ..default() }, &[Kind::OldTls]);
        }
        for tls in ["TLSv1.2", "TLSV1.2", "TLSv1.3", "TLSv1.4"] {
            is(&Case { tls: tls.into(), ..default() }, &[]);
        }
        let plain = Case { cipher: "-".into(), tls: "-".into(), ..default() };
        is(&plain, &[Kind::PlainHttp]);
        is(&Case { uri: "-".into(), ..plain.clone() }, &[]);
        is(&Case { ip: "-".into(), ..plain }, &[]);
    }

    #[test]
    fn our_own_functions_look_and_repair_from_wherever_they_run() {
        let own = "arn:aws:sts::111122223333:assumed-role/trailkeeper-BucketRole-1A2B/trailkeeper-bucket";
        let elsewhere = |case: Case| Case { ip: "198.51.100.7".into(), ..case };
        for operation in ["REST.GET.BUCKETPOLICY", "REST.PUT.BUCKETPOLICY", "REST.HEAD.BUCKET"] {
            is(&elsewhere(Case::by(own, operation)), &[]);
        }
        is(&elsewhere(Case::by(own, "REST.GET.OBJECT")), &[Kind::Read]);
        is(&elsewhere(Case::by(own, "REST.PUT.OBJECT")), &[Kind::Write]);
        is(&elsewhere(Case::by(own, "REST.DELETE.OBJECT")), &[Kind::Delete]);
        let theirs = own.replace("111122223333", "999999999999");
        let theirs = elsewhere(Case::by(&theirs, "REST.PUT.BUCKETPOLICY"));
        is(&theirs, &[Kind::Change, Kind::OutsideNetworks]);
    }

    #[test]
    fn services_look_at_buckets_from_wherever_they_run() {
        let elsewhere = |who: &str, operation: &str| Case { ip: "198.51.100.7".into(), ..Case::by(who, operation) };
        let service = "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAccessAnalyzer/access-analyzer";
        is(&elsewhere(service, "REST.GET.PUBLIC_ACCESS_BLOCK"), &[]);
        is(&elsewhere(service, "REST.GET.OBJECT"), &[Kind::Read, Kind::OutsideNetworks]);
        let theirs = service.replace("111122223333", "999999999999");
        is(&elsewhere(&theirs, "REST.GET.PUBLIC_ACCESS_BLOCK"), &[Kind::OutsideNetworks]);
    }

    #[test]
    fn a_request_that_s3_sends_elsewhere_got_nothing() {
        let sent = |status: &str, error: &str| {
            let case = Case { status: status.into(), error: error.into(), ..Case::by(ADMIN, "REST.GET.OBJECT") };
            let text = case.line();
            let line = Line::parse(text.as_bytes()).expect("a line");
            Judge::new(&watching()).judge(&line).expect("watched").refused
        };
        assert!(sent("301", "PermanentRedirect") && sent("307", "TemporaryRedirect"));
        assert!(!sent("200", "-") && !sent("301", "-") && !sent("304", "NotModified"));
    }

    #[test]
    fn an_old_line_does_not_tell_of_plain_http() {
        let whole = Case { cipher: "-".into(), tls: "-".into(), ..Case::default() }.line();
        let end = whole.find("SigV4").expect("the version of the signature");
        let line = Line::parse(whole[..end].trim_end().as_bytes()).expect("a line");
        assert_eq!(line.tail.known, 2);
        let verdict = Judge::new(&watching()).judge(&line).expect("watched");
        assert!(verdict.kinds.is_empty());
    }

    #[test]
    fn the_anonymous_are_told_of_whatever_they_do() {
        is(&Case::by("-", "REST.GET.OBJECT"), &[Kind::Read, Kind::Anonymous]);
        is(&Case::by("-", "REST.GET.LOCATION"), &[Kind::Anonymous]);
        is(&Case::by("-", "REST.OPTIONS.PREFLIGHT"), &[Kind::Anonymous]);
        // S3 knows nobody where a signature does not hold; that it was none is told of what was granted.
        is(&Case::by("-", "REST.GET.LOCATION").refused(), &[Kind::DeniedBurst]);
        let everybody = Watching { readers: vec![Principals("*".into())], ..watching() };
        assert_eq!(kinds(&everybody, &Case::by("-", "REST.GET.OBJECT")), [Kind::Read, Kind::Anonymous]);
        assert_eq!(kinds(&everybody, &Case::by(ADMIN, "REST.GET.OBJECT")), []);
    }

    #[test]
    fn a_refused_request_may_be_one_of_a_burst() {
        is(&Case::by(READER, "REST.GET.OBJECT").refused(), &[Kind::DeniedBurst]);
        is(&Case::by(CLOUDTRAIL, "REST.PUT.OBJECT").refused(), &[Kind::DeniedBurst]);
        is(&Case { error: "AccessDenied".into(), status: "-".into(), ..Case::default() }, &[Kind::DeniedBurst]);
        is(&Case { error: "NoSuchKey".into(), status: "404".into(), ..Case::default() }, &[]);
    }

    #[test]
    fn what_is_not_set_is_not_asked_for_and_what_is_not_watched_is_not_judged() {
        let case = Case { ip: "203.0.113.9".into(), ..Case::by(ADMIN, "REST.GET.OBJECT") };
        assert_eq!(kinds(&Watching::default(), &case), [Kind::Read]);
        let text = Case { bucket: "elsewhere".into(), ..Case::default() }.line();
        let line = Line::parse(text.as_bytes()).expect("a line");
        assert_eq!(Judge::new(&watching()).judge(&line), None);
        assert!(Judge::new(&Watching::default()).judge(&line).is_some());
    }

    #[test]
    fn many_requesters_are_judged_alike_in_constant_memory() {
        let watching = watching();
        let mut judge = Judge::new(&watching);
        for number in 0..REMEMBERED + 10 {
            let text = Case::by(&format!("{READER}{number}"), "REST.GET.OBJECT").line();
            let line = Line::parse(text.as_bytes()).expect("a line");
            assert!(judge.judge(&line).is_some_and(|verdict| verdict.kinds.is_empty()));
        }
        assert!(judge.standings.len() <= REMEMBERED);
    }
}
