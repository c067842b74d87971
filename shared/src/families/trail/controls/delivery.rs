//! `cloudtrail-delivery`: a trail's log files arrive where the account wants them.

use super::multi_region::bucket_ready;
use crate::families::trail::closed::rightful;
use crate::families::trail::judged::{Judged, of_trail, update, violation};
use crate::families::trail::managed::managed_bucket;
use crate::families::trail::view::View;
use crate::families::trail::{Change, Step, Trail};
use crate::family::Control;
use crate::model::{About, Arn, Remedy, Severity, Subject, Verdict, permanent};
use crate::record::TrailBucket;
use crate::settings::Settings;
use crate::settings::destinations::{Destination, RecordDestinations};
use crate::settings::flow_logs::BucketName;

pub(in crate::families::trail) const CONTROL: Control<Trail> = Control {
    about: About {
        id: "cloudtrail-delivery",
        wrong: "not delivering its logs",
        title: "Log files of every trail arrive where the account wants them",
        why: "One UpdateTrail takes the record away: the trail still logs, into a bucket of somebody else. And a trail \
              whose bucket or key no longer lets CloudTrail in still says that it is logging, while nothing arrives.",
        compliant: "The trail delivers to a bucket of the account, of its organization trail, or that \
                    `TRAILKEEPER_RECORD_DESTINATIONS` names, with a prefix that it names, if any; and GetTrailStatus \
                    reports no error of delivery.",
        fix: "UpdateTrail with the bucket that is known to be right: the same bucket under the prefix that the setting \
              names, the only bucket that the setting names, and for `trailkeeper-trail` its own bucket. Where none is \
              known, and for errors of delivery, it is advised. Without the setting, a bucket of another account is \
              asked about: until it is named, no other trail is made beside such a trail, and none may be exempt because \
              of it.",
        risk: "A trail that was moved on purpose is moved back: name its new bucket first.",
        guard: "Nothing but bucket and prefix is changed, and never to a bucket that is neither the account's own nor \
                named. CloudTrail refuses a bucket that does not let it in, and then the trail stays as it is.",
        permanent: permanent!("trail", "cloudtrail-delivery"),
        severity: Severity::Critical,
        opt_in: false,
        references: &[
            "AWS CloudTrail API, GetTrailStatus: \
             https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html",
            "AWS CloudTrail API, UpdateTrail: \
             https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html",
        ],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    of_trail(view, subject, settings, &CONTROL.about, |judged| one(judged, view, subject))
}

/// Judges one trail.
fn one(judged: &Judged<'_>, view: &View, subject: &Subject) -> Verdict<Step> {
    let (facts, check) = (&judged.trail.facts, &judged.check);
    let (bucket, account) = (&facts.files.bucket, Arn::parse(&facts.arn).map_or("", |arn| arn.account));
    if account != subject.place.account {
        let because = format!("it is an organization trail of account {account}, which decides where it delivers");
        return Verdict::NotApplicable { because };
    }
    if facts.bucket == TrailBucket::Gone {
        let advice = "Create the bucket again, or have the trail deliver to another one. Trailkeeper does not: by now \
                      anyone could own a bucket with that name.";
        return advise(format!("its bucket {bucket} does not exist"), advice);
    }
    match check.bucket(facts) {
        Destination::Own | Destination::Named | Destination::Organization => arriving(judged, bucket),
        Destination::Unknown if check.is_set() && facts.bucket == TrailBucket::OtherAccount => {
            Verdict::Unknown { needs: format!("which account owns bucket {bucket}: {} can name it", setting()) }
        }
        Destination::Unknown => Verdict::Unknown {
            needs: format!("whether the account owns bucket {bucket}: s3:ListAllMyBuckets was denied"),
        },
        Destination::Elsewhere => elsewhere(judged, view, subject),
    }
}

/// Judges a trail whose bucket is wanted: whether the files arrive.
fn arriving(judged: &Judged<'_>, bucket: &str) -> Verdict<Step> {
    let facts = &judged.trail.facts;
    match (facts.delivery_error(), facts.logging.known()) {
        (Some(error), _) => advise(
            format!(
                "CloudTrail cannot deliver its {} to bucket {bucket}: {error}",
                if facts.log_file_error().is_some() { "log files" } else { "digest files" }
            ),
            "Let CloudTrail write to the bucket and use the key again: see what log-bucket-delivery and cloudtrail-kms \
             say of them. Until the next delivery, CloudTrail repeats its last error.",
        ),
        (None, Err(unread)) => Verdict::Unknown { needs: unread.to_string() },
        (None, Ok(_)) => Verdict::Compliant,
    }
}

/// Judges a trail that delivers where the record is not known to be wanted.
fn elsewhere(judged: &Judged<'_>, view: &View, subject: &Subject) -> Verdict<Step> {
    let (trail, check) = (judged.trail, &judged.check);
    let files = &trail.facts.files;
    let whose = match &trail.facts.bucket {
        TrailBucket::ThisAccount(_) => "",
        _ => " of another account",
    };
    let place = BucketName { name: files.bucket.clone(), prefix: files.prefix.clone() };
    let because = format!("it delivers to {place}{whose}, which {} does not name", setting());
    let Some(to) = rightful(check, &trail.facts) else {
        let advice = if check.is_set() {
            format!(
                "Find out who moved it, and have it deliver to a bucket that {} names. Trailkeeper does not know where \
                 it delivered before.",
                setting()
            )
        } else {
            format!(
                "If the bucket is wanted, name it in {}. If not, somebody takes the record away: have the trail deliver \
                 to a bucket of this account. Until it is named, no other trail is made beside this one, and none may be \
                 exempt because of it.",
                setting()
            )
        };
        return advise(because, &advice);
    };
    let (to, ready) = if to.name == managed_bucket(&subject.place) {
        (BucketName { name: view.managed_bucket(&subject.place), ..to }, bucket_ready(view, subject))
    } else {
        (to, Ok(vec![]))
    };
    match ready {
        Ok(steps) => {
            let put_back = update(trail, Change { bucket: Some(to), ..Change::default() });
            violation(judged, subject, because, steps.into_iter().chain([put_back]).collect())
        }
        Err(blocked) => blocked.verdict(because),
    }
}

fn setting() -> &'static str {
    RecordDestinations::SETTING
}

fn advise(because: String, advice: &str) -> Verdict<Step> {
    Verdict::Violation { because, remedy: Remedy::Advise(advice.to_owned()) }
}
