//! Tests of what depends on the bucket's place among the log buckets: the last record, and targets that nobody named.

use crate::families::bucket::view::{BucketConfig, Logging, Ownership, View};
use crate::families::bucket::{Bucket, DeniedCall, LoggingSource, TrailDelivery, Uses};
use crate::family::Family;
use crate::managed::bucket::Blocks;
use crate::managed::bucket::name::managed_target;
use crate::model::{Remedy, Seen, Step as _, Verdict};
use crate::settings::access::AccessSettings;
use crate::settings::{Mode, Settings};
use crate::testing::laws::{settings, subject};
use serde_json::json;

fn arn(name: &str) -> String {
    format!("arn:aws:cloudtrail:us-east-1:111122223333:trail/{name}")
}

fn trail() -> TrailDelivery {
    TrailDelivery { arn: arn("main"), prefix: None, organization: false }
}

fn logging(target: &str) -> Logging {
    Logging { target: target.to_owned(), prefix: "source/".to_owned(), partitioned: None, grants: false }
}

fn verdict(control: &str, view: &View, settings: &Settings) -> Verdict<<Bucket as Family>::Step> {
    let control = Bucket::CONTROLS.iter().find(|it| it.about.id == control).expect("a control");
    (control.judge)(view, &subject::<Bucket>(), settings)
}

#[test]
fn the_last_record_of_the_account_is_exempt_from_nothing_that_ends_it() {
    let vital = |control: &str, uses: Uses| {
        let view = View { uses, buckets: [].into() };
        Bucket::vital(control, &view, &subject::<Bucket>(), &settings()).is_some()
    };
    let last = || Uses { trails: vec![trail()], ..Uses::default() };
    assert!(vital("log-bucket-delivery", last()) && vital("log-bucket-readers", last()));
    assert!(vital("log-bucket-public-access", last()));
    assert!(!vital("log-bucket-mfa-delete", last()) && !vital("log-bucket-https-only", last()));
    assert!(!vital("log-bucket-delivery", Uses { recorded_elsewhere: vec![arn("other")], ..last() }));
    assert!(!vital("log-bucket-delivery", Uses::default()), "no trail delivers to it");
    let denied = DeniedCall { action: "cloudtrail:GetTrailStatus", region: subject::<Bucket>().place.region };
    let why = Uses { unread_elsewhere: vec![denied], ..last() }.last_record().expect("the last, as far as is known");
    assert!(why.ends_with("since cloudtrail:GetTrailStatus was denied in eu-west-1"), "{why}");
}

/// Whoever may configure one log bucket chooses where its access logs go, and must not close that bucket by it.
#[test]
fn a_target_that_nobody_named_gets_the_grant_and_nothing_else() {
    let subject = subject::<Bucket>();
    let everybody =
        json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"});
    let config = BucketConfig {
        policy: Seen::Present(json!({ "Statement": [everybody] })),
        blocks: Seen::Present(Blocks::NONE),
        encryption: Seen::Absent,
        keys: Seen::Present([(String::new(), vec!["AWSLogs/111122223333/CloudTrail/x".to_owned()])].into()),
        ..BucketConfig::new(subject.place.region.clone())
    };
    let sources = vec![LoggingSource { bucket: "source".to_owned(), logging: logging(&subject.id) }];
    let view = |uses: Uses| View {
        uses,
        buckets: [(subject.id.clone(), Ownership::ThisAccount(Box::new(config.clone())))].into(),
    };
    let chosen = || Uses { sources: sources.clone(), ..Uses::default() };
    let closing = ["log-bucket-public-access", "log-bucket-https-only", "log-bucket-encryption"];
    for control in closing {
        let told = verdict(control, &view(chosen()), &settings());
        let Verdict::Violation { remedy: Remedy::Advise(advice), .. } = told else { panic!("{control}: {told:?}") };
        assert!(advice.starts_with("Log access to source into a bucket of its own"), "{advice}");
    }
    let granted = verdict("log-bucket-delivery", &view(chosen()), &settings());
    let Verdict::Violation { remedy: Remedy::Fix(steps), .. } = granted else { panic!("{granted:?}") };
    let [step] = steps.as_slice() else { panic!("{steps:?}") };
    assert!(step.after().to_string().contains("logging.s3.amazonaws.com"), "{}", step.after());
    for fits in [Uses { named: true, ..chosen() }, Uses { trails: vec![trail()], ..chosen() }] {
        for control in closing {
            let fixed = verdict(control, &view(fits.clone()), &settings());
            assert!(matches!(fixed, Verdict::Violation { remedy: Remedy::Fix(_), .. }), "{control}: {fixed:?}");
        }
    }
}

/// S3 lets the target of access logs log its own access. It is endless only where the logs come back.
#[test]
fn a_target_that_logs_into_a_third_bucket_is_told_and_one_that_logs_into_itself_is_replaced() {
    let subject = subject::<Bucket>();
    let place = &subject.place;
    let granted = json!({"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::target/*"});
    let judged = |onward: &str, policy: Option<&serde_json::Value>| {
        let new = || BucketConfig::new(place.region.clone());
        let log_bucket = BucketConfig { logging: Seen::Present(logging("target")), ..new() };
        let policy = policy.map_or(Seen::Absent, |statement| Seen::Present(json!({ "Statement": statement })));
        let target = BucketConfig { logging: Seen::Present(logging(onward)), policy, ..new() };
        let of = |config| Ownership::ThisAccount(Box::new(config));
        let buckets = [(subject.id.clone(), of(log_bucket)), ("target".to_owned(), of(target))];
        let buckets = buckets.into_iter().chain([(managed_target(place), Ownership::Gone)]).collect();
        let view = View { uses: Uses { trails: vec![trail()], ..Uses::default() }, buckets };
        let mut set = settings();
        set.modes.overrides.insert("access-log-events".to_owned(), Mode::Off);
        verdict("log-bucket-access-logging", &view, &set)
    };
    let told = judged("third", Some(&granted));
    let Verdict::Violation { because, remedy: Remedy::Advise(_) } = told else { panic!("{told:?}") };
    assert!(because.contains("logs access into third"), "{because}");
    let Verdict::Violation { remedy: Remedy::Fix(steps), .. } = judged("third", None) else { panic!("granted") };
    assert!(steps.iter().all(|step| step.bucket() == "target"), "{steps:?}");
    for back in ["target", subject.id.as_str()] {
        let replaced = judged(back, Some(&granted));
        let Verdict::Violation { because, remedy: Remedy::Fix(_) } = replaced else { panic!("{replaced:?}") };
        assert!(because.contains("into itself or back"), "{because}");
    }
}

#[test]
fn where_access_logs_are_read_they_go_where_they_are_read() {
    let subject = subject::<Bucket>();
    let place = &subject.place;
    let granted = json!({"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::elsewhere/*"});
    let config = |changes: BucketConfig| Ownership::ThisAccount(Box::new(changes));
    let new = || BucketConfig::new(place.region.clone());
    let log_bucket = config(BucketConfig { logging: Seen::Present(logging("elsewhere")), ..new() });
    let elsewhere = config(BucketConfig { policy: Seen::Present(json!({ "Statement": granted })), ..new() });
    let buckets = [
        (subject.id.clone(), log_bucket),
        ("elsewhere".to_owned(), elsewhere),
        (managed_target(place), Ownership::Gone),
    ];
    let view = View { uses: Uses { trails: vec![trail()], ..Uses::default() }, buckets: buckets.into() };
    let judged = |reads: Mode, targets: &str| {
        let named =
            |name: &str| (name == "TRAILKEEPER_ACCESS_TARGETS" && !targets.is_empty()).then(|| targets.to_owned());
        let mut set = Settings { access: AccessSettings::parse(named).expect("settings"), ..settings() };
        set.modes.overrides.insert("access-log-events".to_owned(), reads);
        verdict("log-bucket-access-logging", &view, &set)
    };
    assert_eq!(judged(Mode::Off, ""), Verdict::Compliant);
    assert_eq!(judged(Mode::Enforce, "elsewhere"), Verdict::Compliant);
    let Verdict::Violation { because, remedy: Remedy::Fix(steps) } = judged(Mode::Enforce, "") else { panic!("fixed") };
    assert!(because.contains("none of the buckets whose access logs are read"), "{because}");
    let last = steps.last().expect("a step").after();
    assert_eq!(last["LoggingEnabled"]["TargetBucket"], managed_target(place));
    for reads in [Mode::Off, Mode::Enforce] {
        let told = judged(reads, "named-target");
        assert!(matches!(told, Verdict::Violation { remedy: Remedy::Advise(_), .. }), "{told:?}");
    }
}
