//! `config-recorder`: resource configurations and their history are recorded in every region.

use crate::families::recorder::Recorder;
use crate::families::recorder::complaints::complaints;
use crate::families::recorder::delivery::delivery;
use crate::families::recorder::managed::{LINKED_ROLE, RECORDER, records_iam};
use crate::families::recorder::step::RecorderStep;
use crate::families::recorder::step::Step;
use crate::families::recorder::view::{Channel, RecorderView, View};
use crate::family::Control;
use crate::model::{About, Blocked, Remedy, Severity, Subject, Verdict, permanent};
use crate::settings::Settings;

pub(in crate::families::recorder) const CONTROL: Control<Recorder> = Control {
    about: About {
        id: "config-recorder",
        wrong: "not recording",
        title: "AWS Config records the configuration of resources in every region",
        why: "CloudTrail shows who called what; AWS Config shows what the account looked like before and after, and is \
              what rules, Security Hub and investigators rely on. It is off in every region until someone turns it on, \
              and one call stops it.",
        compliant: "The region has a customer managed configuration recorder that is recording, whose last status is \
                    not Failure and whose scope nobody has narrowed, and a delivery channel whose bucket exists. If \
                    Trailkeeper created that bucket, it is still closed to the public, encrypted, HTTPS only, and \
                    allows AWS Config to deliver. A bucket of another account counts only if \
                    TRAILKEEPER_RECORD_DESTINATIONS names it. Recorders that other services manage for themselves do not count. \
                    Whether IAM is recorded, how often, and with which role is not judged.",
        fix: "Fixes only what is missing. A stopped recorder is started and never rewritten. A missing one is created \
              as `default`, with the service-linked role AWSServiceRoleForConfig (created if absent), for all resource \
              types, those of IAM only in the function's own region. A missing channel delivers to the bucket of \
              another covered region's channel, with its prefix and key, once the bucket's policy has the statements \
              that AWS Config needs, unless that bucket belongs to another account and nothing names it; otherwise to `trailkeeper-config-<account>-<region>`, which is created closed to \
              the public, encrypted and HTTPS only. A channel whose bucket is gone gets its bucket back if it was \
              Trailkeeper's, otherwise another one; nothing else about it changes. A channel that someone turned to a \
              bucket of another account is put back, without the key that came with it, to \
              Trailkeeper's bucket in that region if there is one, or, where TRAILKEEPER_RECORD_DESTINATIONS is set and \
              no other region delivers there, to the destination of the other regions. Any other is reported.",
        risk: "AWS Config charges for each configuration item, and the first recording in a region covers everything \
               that exists. If you do not want that, turn the control off or set the recorder to daily recording, \
               which complies. A recorder or channel that was deleted on purpose comes back.",
        guard: "PutConfigurationRecorder is only sent if there is no recorder, since it replaces an existing one \
                entirely. A narrowed scope is reported, not widened; a role is never changed. A bucket with \
                Trailkeeper's name in another account is never used, statements are only added to bucket policies, and \
                the replaced channel is in the report.",
        permanent: permanent!("recorder", "config-recorder"),
        severity: Severity::High,
        opt_in: false,
        references: &[
            "AWS Config developer guide, configuration recorder: \
             https://docs.aws.amazon.com/config/latest/developerguide/stop-start-recorder.html",
            "AWS Config developer guide, bucket permissions: \
             https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html",
        ],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    match (view.recorder.known(), view.channel.known()) {
        (Ok(recorder), Ok(channel)) => judge_both(view, subject, settings, recorder, channel),
        (Err(unread), _) | (_, Err(unread)) => Verdict::Unknown { needs: unread.to_string() },
    }
}

fn judge_both(
    view: &View,
    subject: &Subject,
    settings: &Settings,
    recorder: Option<&RecorderView>,
    channel: Option<&Channel>,
) -> Verdict<Step> {
    let place = &subject.place;
    let recording = match recorder {
        None => made(view, subject, settings),
        Some(recorder) if recorder.status.recording => Ok(vec![]),
        Some(RecorderView { name, .. }) => {
            Ok(vec![Step::Recorder(RecorderStep::Start { region: place.region.clone(), name: name.clone() })])
        }
    };
    let delivery = delivery(view, place, &settings.record_destinations, channel);
    let at_home = place.region == settings.home;
    let complaints = recorder.map(|recorder| complaints(recorder, channel, at_home)).unwrap_or_default();
    let told = complaints.iter().map(|complaint| complaint.wrong.clone());
    let wrong: Vec<String> = lack(recorder).into_iter().chain(delivery.wrong).chain(told).collect();
    let because = wrong.join("; ");
    // A recorder without a channel cannot be started, and a channel is rejected without a recorder.
    let steps = match (recording, delivery.fix) {
        (Err(blocked), _) => return blocked.verdict(because),
        (Ok(_), Err(blocked)) if channel.is_none() => return blocked.verdict(because),
        (Ok(recording), Err(blocked)) if recording.is_empty() => return blocked.verdict(because),
        (Ok(recording), Err(_)) => recording,
        (Ok(recording), Ok(delivery)) => delivery.into_iter().chain(recording).collect(),
    };
    if !steps.is_empty() {
        return Verdict::Violation { because, remedy: Remedy::Fix(steps) };
    }
    if complaints.is_empty() {
        return Verdict::Compliant;
    }
    let advice: Vec<String> = complaints.into_iter().map(|complaint| complaint.advice).collect();
    Verdict::Violation { because, remedy: Remedy::Advise(advice.join(" ")) }
}

/// Returns the calls that create a recorder.
fn made(view: &View, subject: &Subject, settings: &Settings) -> Result<Vec<Step>, Blocked> {
    let place = &subject.place;
    let role = place.role_arn(LINKED_ROLE);
    let linked = view.role.known_of(format_args!("role {role}"))?;
    let mut steps = if linked.is_some() { vec![] } else { vec![Step::Recorder(RecorderStep::CreateLinkedRole)] };
    let (region, name) = (place.region.clone(), RECORDER.to_owned());
    let iam = records_iam(&region, &settings.home);
    steps.push(Step::Recorder(RecorderStep::PutRecorder { region: region.clone(), name: name.clone(), role, iam }));
    steps.push(Step::Recorder(RecorderStep::Start { region, name }));
    Ok(steps)
}

/// Returns why the region is not being recorded, if so.
fn lack(recorder: Option<&RecorderView>) -> Option<String> {
    match recorder {
        None => Some("the region has no configuration recorder".to_owned()),
        Some(recorder) if recorder.status.recording => None,
        Some(recorder) => Some(format!("recorder {} is stopped", recorder.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::recorder::{BucketAccess, OwnBucket, RecorderStatus, Scope};
    use crate::model::Seen;
    use crate::model::Step as _;
    use crate::settings::{Mode, Modes};
    use crate::testing::laws::subject;

    fn healthy() -> View {
        let place = subject::<Recorder>().place;
        let (name, role) = ("mine".to_owned(), place.role_arn("custom"));
        let status = RecorderStatus { recording: true, failure: None };
        let bucket = "logs".to_owned();
        let channel = Channel { name: "c".into(), bucket, prefix: None, key: None, topic: None, frequency: None };
        View {
            recorder: Seen::Present(RecorderView { name, arn: None, role, scope: Scope::All, status }),
            channel: Seen::Present(channel),
            role: Seen::NotAsked,
            elsewhere: None,
            buckets: [("logs".to_owned(), BucketAccess::ThisAccount(OwnBucket::new(place.region)))].into(),
        }
    }

    fn with(change: impl FnOnce(&mut RecorderView)) -> View {
        let mut view = healthy();
        if let Seen::Present(recorder) = &mut view.recorder {
            change(recorder);
        }
        view
    }

    /// Returns the verdict in one word, or the calls.
    fn verdict(view: &View) -> String {
        match judge(view, &subject::<Recorder>(), &Settings::of(Modes::all(Mode::Enforce))) {
            Verdict::Compliant => "compliant".to_owned(),
            Verdict::Unknown { needs } => needs,
            Verdict::Violation { remedy: Remedy::Advise(advice), .. } => advice,
            Verdict::Violation { remedy: Remedy::Fix(steps), .. } => {
                let calls = steps.iter().filter_map(|it| it.actions().first()?.split(':').next_back());
                calls.collect::<Vec<_>>().join(" ")
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn only_the_missing_part_is_made() {
        let none = View { elsewhere: Some(vec![]), role: Seen::Absent, ..healthy() };
        assert_eq!(verdict(&healthy()), "compliant");
        assert_eq!(verdict(&with(|it| it.status.recording = false)), "StartConfigurationRecorder");
        let recorder = View { recorder: Seen::Absent, ..none.clone() };
        let make = "CreateServiceLinkedRole PutConfigurationRecorder StartConfigurationRecorder";
        assert_eq!(verdict(&recorder), make);
        let linked = View { role: Seen::Present(()), ..recorder };
        assert_eq!(verdict(&linked), "PutConfigurationRecorder StartConfigurationRecorder");
        let managed = crate::families::recorder::managed::managed_bucket(&subject::<Recorder>().place);
        let channel = View { channel: Seen::Absent, buckets: [(managed, BucketAccess::Gone)].into(), ..none };
        let bucket = "CreateBucket PutEncryptionConfiguration PutBucketPolicy PutBucketPublicAccessBlock";
        assert_eq!(verdict(&channel), format!("{bucket} PutDeliveryChannel"));
    }

    #[test]
    fn what_someone_narrowed_or_what_fails_is_told_once_the_rest_is_done() {
        let narrowed = |it: &mut RecorderView| it.scope = Scope::Only(vec!["AWS::EC2::VPC".to_owned()]);
        assert!(verdict(&with(narrowed)).contains("does not widen what someone narrowed"));
        let stopped = with(|it| {
            narrowed(it);
            it.status = RecorderStatus { recording: false, failure: Some("E".to_owned()) };
        });
        assert_eq!(verdict(&stopped), "StartConfigurationRecorder");
        let failing = verdict(&with(|it| it.status.failure = Some("NoSuchBucket".to_owned())));
        assert!(failing.contains("role/custom") && failing.contains("policy of bucket logs"), "{failing}");
    }

    #[test]
    fn what_may_not_be_read_is_unknown() {
        let recorder = Seen::Unreadable("config:DescribeConfigurationRecorders");
        assert!(verdict(&View { recorder, ..healthy() }).contains("config:DescribeConfigurationRecorders was denied"));
        let channel = Seen::Unreadable("config:DescribeDeliveryChannels");
        let blind = View { channel, ..with(|it| it.status.recording = false) };
        assert!(verdict(&blind).contains("config:DescribeDeliveryChannels was denied"));
        let role = Seen::Unreadable("iam:GetRole");
        let nothing = View { recorder: Seen::Absent, role, ..healthy() };
        assert!(verdict(&nothing).contains("iam:GetRole was denied"));
    }

    /// Checks that a bucket that may not be read is not reported as a problem, and that one of another account is asked
    /// about, or replaced by the bucket that Trailkeeper made for the region.
    #[test]
    fn a_bucket_of_another_account_is_asked_about_or_left_for_ours() {
        let ours = crate::families::recorder::managed::managed_bucket(&subject::<Recorder>().place);
        let of = |access, own: BucketAccess| {
            verdict(&View { buckets: [("logs".to_owned(), access), (ours.clone(), own)].into(), ..healthy() })
        };
        assert_eq!(of(BucketAccess::Closed, BucketAccess::Gone), "compliant");
        assert_ne!(of(BucketAccess::Gone, BucketAccess::Gone), "compliant");
        let asked = of(BucketAccess::OtherAccount, BucketAccess::Gone);
        assert!(asked.contains("name it in TRAILKEEPER_RECORD_DESTINATIONS"), "{asked}");
        let made = BucketAccess::ThisAccount(OwnBucket::new(subject::<Recorder>().place.region));
        assert_eq!(of(BucketAccess::OtherAccount, made), "PutBucketPolicy PutDeliveryChannel");
    }
}
