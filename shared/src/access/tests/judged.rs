//! Requests, and how they are judged.

use super::cases::{ADMIN, Case, OWNER, READER};
use crate::access::judge::Judge;
use crate::access::judge::kind::FindingKind;
use crate::access::read::line::Line;
use crate::documents::principals::Principals;
use crate::settings::watching::Watching;

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

fn kinds(watching: &Watching, case: &Case) -> Vec<FindingKind> {
    let text = case.line();
    let line = Line::parse(text.as_bytes()).expect("a line");
    let verdict = Judge::new(watching).judge(&line).expect("a watched bucket");
    verdict.kinds.each().collect()
}

#[track_caller]
fn is(case: &Case, expected: &[FindingKind]) {
    assert_eq!(kinds(&watching(), case), expected, "{}", case.line());
}

#[test]
fn what_is_normal_is_silent() {
    for operation in ["REST.GET.OBJECT", "REST.HEAD.OBJECT", "REST.GET.BUCKET", "REST.GET.LOCATION"] {
        is(&Case::by(READER, operation), &[]);
    }
    for who in [CLOUDTRAIL, "svc:delivery.logs.amazonaws.com", "svc:logging.s3.amazonaws.com"] {
        for operation in ["REST.PUT.OBJECT", "REST.PUT.PART", "REST.POST.UPLOAD", "REST.GET.ACL", "REST.HEAD.BUCKET"] {
            // Services call from within AWS, where S3 logs neither address nor cipher.
            let case = Case { ip: "-".into(), cipher: "-".into(), tls: "-".into(), ..Case::by(who, operation) };
            is(&case, &[]);
        }
    }
    let rule = Case { ip: "-".into(), uri: "\"-\"".into(), status: "-".into(), cipher: "-".into(), ..Case::default() };
    for operation in ["S3.EXPIRE.OBJECT", "S3.CREATE.DELETEMARKER", "S3.TRANSITION_GDA.OBJECT", "S3.DELETE.UPLOAD"] {
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
            is(&Case::by(who, operation), &[FindingKind::Read]);
        }
    }
    is(&Case::by(ADMIN, "REST.COPY.OBJECT_GET"), &[FindingKind::Read]);
    is(&Case::by(CLOUDTRAIL, "REST.GET.OBJECT"), &[FindingKind::Read]);
    is(&Case::by(CLOUDTRAIL, "REST.GET.BUCKET"), &[]);
    is(&Case::by(ADMIN, "REST.GET.SOMETHING_NEW"), &[FindingKind::Read]);
}

#[test]
fn what_changes_a_log_bucket_is_told_of_whoever_does_it() {
    for who in [READER, ADMIN, "arn:aws:sts::111122223333:assumed-role/Keeper/x", CLOUDTRAIL] {
        is(&Case::by(who, "REST.DELETE.OBJECT"), &[FindingKind::Delete]);
        is(&Case::by(who, "BATCH.DELETE.OBJECT"), &[FindingKind::Delete]);
    }
    for who in [READER, ADMIN, CLOUDTRAIL] {
        is(&Case::by(who, "REST.PUT.LIFECYCLE"), &[FindingKind::Change]);
        is(&Case::by(who, "REST.DELETE.BUCKETPOLICY"), &[FindingKind::Change]);
        is(&Case::by(who, "REST.BREW.COFFEE"), &[FindingKind::Unknown]);
    }
    is(&Case::by(CONFIG, "REST.PUT.OBJECT"), &[]);
    is(&Case::by(CONFIG, "REST.GET.BUCKET"), &[FindingKind::Read]);
    is(&Case::by(CONFIG, "REST.PUT.ACL"), &[FindingKind::Change]);
    for who in [READER, ADMIN, "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForConfig/x"] {
        is(&Case::by(who, "REST.PUT.OBJECT"), &[FindingKind::Write]);
        is(&Case::by(who, "REST.COPY.PART"), &[FindingKind::Write]);
    }
}

#[test]
fn a_reader_from_elsewhere_or_without_tls_is_told_of() {
    let default = Case::default;
    for ip in ["192.0.3.1", "2001:db9::1", "10.0.0.1", "somewhere"] {
        is(&Case { ip: ip.into(), ..default() }, &[FindingKind::OutsideNetworks]);
    }
    for ip in ["192.0.2.255", "2001:db8:1::1", "::ffff:192.0.2.9", "-"] {
        is(&Case { ip: ip.into(), ..default() }, &[]);
    }
    for tls in ["TLSv1", "TLSv1.1", "TLSV1.1", "SSLv3"] {
        is(&Case { tls: tls.into(), ..default() }, &[FindingKind::OldTls]);
    }
    for tls in ["TLSv1.2", "TLSV1.2", "TLSv1.3", "TLSv1.4"] {
        is(&Case { tls: tls.into(), ..default() }, &[]);
    }
    let plain = Case { cipher: "-".into(), tls: "-".into(), ..default() };
    is(&plain, &[FindingKind::PlainHttp]);
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
    is(&elsewhere(Case::by(own, "REST.GET.OBJECT")), &[FindingKind::Read]);
    is(&elsewhere(Case::by(own, "REST.PUT.OBJECT")), &[FindingKind::Write]);
    is(&elsewhere(Case::by(own, "REST.DELETE.OBJECT")), &[FindingKind::Delete]);
    let theirs = own.replace("111122223333", "999999999999");
    let theirs = elsewhere(Case::by(&theirs, "REST.PUT.BUCKETPOLICY"));
    is(&theirs, &[FindingKind::Change, FindingKind::OutsideNetworks]);
}

#[test]
fn services_look_at_buckets_from_wherever_they_run() {
    let elsewhere = |who: &str, operation: &str| Case { ip: "198.51.100.7".into(), ..Case::by(who, operation) };
    let service = "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAccessAnalyzer/access-analyzer";
    is(&elsewhere(service, "REST.GET.PUBLIC_ACCESS_BLOCK"), &[]);
    is(&elsewhere(service, "REST.GET.OBJECT"), &[FindingKind::Read, FindingKind::OutsideNetworks]);
    let theirs = service.replace("111122223333", "999999999999");
    is(&elsewhere(&theirs, "REST.GET.PUBLIC_ACCESS_BLOCK"), &[FindingKind::OutsideNetworks]);
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
    assert_eq!(line.trailing_fields.known, 2);
    let verdict = Judge::new(&watching()).judge(&line).expect("watched");
    assert!(verdict.kinds.is_empty());
}

#[test]
fn the_anonymous_are_told_of_whatever_they_do() {
    is(&Case::by("-", "REST.GET.OBJECT"), &[FindingKind::Read, FindingKind::Anonymous]);
    is(&Case::by("-", "REST.GET.LOCATION"), &[FindingKind::Anonymous]);
    is(&Case::by("-", "REST.OPTIONS.PREFLIGHT"), &[FindingKind::Anonymous]);
    // S3 also names no requester for an invalid signature; an unsigned request is reported only if it was granted.
    is(&Case::by("-", "REST.GET.LOCATION").refused(), &[FindingKind::DeniedBurst]);
    let everybody = Watching { readers: vec![Principals("*".into())], ..watching() };
    assert_eq!(kinds(&everybody, &Case::by("-", "REST.GET.OBJECT")), [FindingKind::Read, FindingKind::Anonymous]);
    assert_eq!(kinds(&everybody, &Case::by(ADMIN, "REST.GET.OBJECT")), []);
}

#[test]
fn a_refused_request_may_be_one_of_a_burst() {
    is(&Case::by(READER, "REST.GET.OBJECT").refused(), &[FindingKind::DeniedBurst]);
    is(&Case::by(CLOUDTRAIL, "REST.PUT.OBJECT").refused(), &[FindingKind::DeniedBurst]);
    is(&Case { error: "AccessDenied".into(), status: "-".into(), ..Case::default() }, &[FindingKind::DeniedBurst]);
    is(&Case { error: "NoSuchKey".into(), status: "404".into(), ..Case::default() }, &[]);
}

#[test]
fn what_is_not_set_is_not_asked_for_and_what_is_not_watched_is_not_judged() {
    let case = Case { ip: "203.0.113.9".into(), ..Case::by(ADMIN, "REST.GET.OBJECT") };
    assert_eq!(kinds(&Watching::default(), &case), [FindingKind::Read]);
    let text = Case { bucket: "elsewhere".into(), ..Case::default() }.line();
    let line = Line::parse(text.as_bytes()).expect("a line");
    assert_eq!(Judge::new(&watching()).judge(&line), None);
    assert!(Judge::new(&Watching::default()).judge(&line).is_some());
}
