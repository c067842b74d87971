//! `cloudtrail-multi-region`: the account's audit trail covers every region.

use crate::families::bucket::grants;
use crate::families::trail::coverage::{Coverage, coverage};
use crate::families::trail::judged::{Judged, is_to_be_made, other, refused, start, untold, update, violation};
use crate::families::trail::managed::MANAGED_TRAIL;
use crate::families::trail::step::TrailStep;
use crate::families::trail::view::View;
use crate::families::trail::{Change, Step, Trail};
use crate::family::Control;
use crate::managed::bucket::step::{Act, BucketStep};
use crate::model::{About, Blocked, Remedy, Seen, Severity, Subject, Unread, Verdict, permanent};
use crate::record::RecordCheck;
use crate::settings::Settings;
use serde_json::Value;

pub(in crate::families::trail) const CONTROL: Control<Trail> = Control {
    about: About {
        id: "cloudtrail-multi-region",
        wrong: "not covering every region",
        title: "The account has a multi-region trail that logs",
        why: "Activity in a region without a trail leaves no record and triggers no remediation: EventBridge receives \
              a region's calls only while some trail logs them. A deleted or stopped trail is the first thing an \
              intruder wants.",
        compliant: "One trail of the account, or an organization trail that covers it, is multi-region, is logging, \
                    delivers without errors and records all management events. Where CloudTrail does not say whether \
                    an organization trail delivers, it is unknown. The account as a whole is judged: other trails need not be \
                    multi-region, since every additional copy of management events costs money.",
        fix: "The trail that comes closest is made multi-region with UpdateTrail and started with StartLogging; trails \
              that are already multi-region or record all management events come first. A trail is created only if the \
              account has none at all, or none that records anything and may be changed: `trailkeeper-trail` in the \
              function's region, with log file validation, \
              delivering to its own bucket `trailkeeper-cloudtrail-<account>-<region>`, whose policy lets CloudTrail \
              deliver and denies plain HTTP. If that name is taken, or the bucket lets others in or loses its files, \
              the bucket is another one, in the account's own namespace.",
        risk: "If other trails of the account also log management events, their copies are billed. AWS rejects the \
               change if a region already has five trails, since the multi-region trail appears there as another one. \
               A trail that was deleted on purpose comes back under Trailkeeper's name; switch the control to dry-run \
               before you delete it.",
        guard: "Never creates a second multi-region trail next to one that covers the account, never changes a trail \
                whose bucket is in another account, unless `TRAILKEEPER_RECORD_DESTINATIONS` names it, or an \
                organization trail of another account, and creates none next to trails that may not be changed but \
                record something. A trail whose bucket or key belongs to another account and is not named covers \
                nothing.",
        permanent: permanent!("trail", "cloudtrail-multi-region"),
        severity: Severity::High,
        opt_in: false,
        references: &["AWS CloudTrail user guide, multi-Region trails: \
             https://docs.aws.amazon.com/awscloudtrail/latest/userguide/receive-cloudtrail-log-files-from-multiple-regions.html"],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    match coverage(view, subject, settings) {
        Coverage::Covers(facts) if view.trail.exists || facts.arn == subject.arn => Verdict::Compliant,
        Coverage::Untold(facts) => untold(facts),
        Coverage::Covers(facts) => {
            Verdict::NotApplicable { because: format!("there is no such trail; {} covers the account", facts.arn) }
        }
        Coverage::Unknown(needs) => Verdict::Unknown { needs },
        Coverage::Stuck(why) => Verdict::Violation {
            because: "no trail of the account is multi-region and logs all management events".to_owned(),
            remedy: Remedy::Advise(format!(
                "Have one of the trails changed where it belongs. Trailkeeper does not add a trail, whose copy of \
                 management events would cost money, next to one that it may not change ({why})."
            )),
        },
        Coverage::Nearest(facts) if facts.arn == subject.arn => nearest(view, subject, settings),
        Coverage::Nearest(facts) => other(facts, settings, "no trail of the account covers every region"),
        Coverage::Nobody(why) if is_to_be_made(view, subject, settings) => made(view, subject, why.as_deref()),
        Coverage::Nobody(why) => Verdict::Elsewhere {
            region: settings.home.clone(),
            id: MANAGED_TRAIL.to_owned(),
            because: match why {
                None => "the account has no trail; one must be created".to_owned(),
                Some(why) => {
                    format!("no trail records the account, and none can be mended ({why}); one must be created")
                }
            },
        },
    }
}

/// Judges the trail that needs the fewest changes to cover the account.
fn nearest(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    let trail = &view.trail;
    let check = RecordCheck::of(&subject.place, settings, &view.organization);
    let judged = Judged { trail, making: vec![], check };
    let because = |lacks: &str| format!("no trail covers every region; this one comes closest and {lacks}");
    let update = || vec![update(trail, Change { multi_region: Some(true), ..Change::default() })];
    match (trail.facts.multi_region, trail.facts.logging == Seen::Present(true)) {
        (true, false) => start(&judged, subject, because("is not logging")),
        (false, true) => violation(&judged, subject, because("covers only one region"), update()),
        (false, false) => {
            let start = Step::Trail(TrailStep::StartLogging { trail: subject.arn.clone(), new: false });
            let steps = update().into_iter().chain([start]).collect();
            violation(&judged, subject, because("covers only one region and is not logging"), steps)
        }
        (true, true) => match trail.facts.log_file_error() {
            Some(error) => refused(because(&format!("its log files do not arrive: {error}"))),
            // It lacks only management events or a destination that is wanted, which have controls of their own.
            None => Verdict::Compliant,
        },
    }
}

/// Action without which nobody knows whose a bucket is.
const LISTING: &str = "s3:ListBucket";

/// Creates the account's first trail, starting with its bucket.
fn made(view: &View, subject: &Subject, why: Option<&str>) -> Verdict<Step> {
    let because = match why {
        None => "the account has no trail: nothing that happens in it is recorded".to_owned(),
        Some(why) => format!("no trail records what happens in the account, and none can be mended ({why})"),
    };
    let because = std::iter::once(&because).chain(&view.managed.passed).cloned().collect::<Vec<_>>().join("; ");
    let steps = match bucket_ready(view, subject) {
        Ok(steps) => steps,
        Err(blocked) => return blocked.verdict(because),
    };
    let bucket = view.managed_bucket(&subject.place);
    let change = Change { multi_region: Some(true), validation: Some(true), ..Change::default() };
    let create = Step::Trail(TrailStep::Create { trail: subject.arn.clone(), bucket, change });
    let start = Step::Trail(TrailStep::StartLogging { trail: subject.arn.clone(), new: true });
    Verdict::Violation { because, remedy: Remedy::Fix(steps.into_iter().chain([create, start]).collect()) }
}

/// Returns the calls after which the bucket of our trail exists and lets CloudTrail deliver.
pub(super) fn bucket_ready(view: &View, subject: &Subject) -> Result<Vec<Step>, Blocked> {
    let (place, bucket) = (&subject.place, view.managed_bucket(&subject.place));
    let on_it = |act| Step::Bucket(BucketStep::new(&bucket, &place.region, act));
    let completed = |policy: Option<&Value>| {
        let mut lacking = grants::for_trail(place, &bucket, &subject.arn, policy);
        lacking.extend(grants::for_https(place, &bucket, policy));
        (!lacking.is_empty()).then(|| on_it(Act::put_policy(policy.cloned(), lacking)))
    };
    let its = format!("bucket {bucket}");
    match view.managed.bucket.known() {
        Ok(None) => Ok(std::iter::once(on_it(Act::Create)).chain(completed(None)).collect()),
        Ok(Some(policy)) => Ok(completed(policy.known_of(its)?).into_iter().collect()),
        Err(Unread::Denied(LISTING)) => Err(Blocked::Advise(format!(
            "A bucket {bucket} exists that belongs to another account or that Trailkeeper is not allowed to read. Create \
             a trail with another bucket."
        ))),
        Err(unread) => Err(Blocked::Unknown(unread.of(its))),
    }
}
