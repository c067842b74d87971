//! `access-log-events`: new access log files are announced over EventBridge.

use crate::families::bucket::Bucket;
use crate::families::bucket::parts::Part;
use crate::families::bucket::step::ConfigStep;
use crate::families::bucket::step::Step;
use crate::families::bucket::uses::Uses;
use crate::families::bucket::view::{Ownership, View};
use crate::family::Control;
use crate::model::{About, Remedy, Severity, Subject, Verdict, permanent};
use crate::settings::Settings;

pub(in crate::families::bucket) const CONTROL: Control<Bucket> = Control {
    about: About {
        id: "access-log-events",
        wrong: "not announcing access logs",
        title: "A bucket for access logs notifies EventBridge of each new file",
        why: "Nobody reads access logs by hand. The `access` function reads them as they arrive, if S3 announces them.",
        compliant: "The bucket's notification configuration has EventBridge turned on. This covers Trailkeeper's own \
                    bucket for access logs and each bucket in TRAILKEEPER_ACCESS_TARGETS.",
        fix: "PutBucketNotificationConfiguration with EventBridge added. The topics, queues and functions that the \
              bucket already notifies are kept as they were read.",
        risk: "EventBridge then receives an event for each object change in the bucket; forwarded events are billed as \
               custom events. A bucket in another account must be set up there.",
        guard: "Off until you turn it on. The call replaces the whole configuration, so all of it is read right \
                before, written back exactly as S3 returned it, and kept in the report. S3 is told not to validate the \
                destinations, so a broken one does not block the call and none receives a test message.",
        permanent: permanent!("bucket", "access-log-events"),
        severity: Severity::Medium,
        opt_in: true,
        references: &["Amazon S3 user guide, EventBridge: \
             https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html"],
    },
    judge,
};

/// Returns the parts of a log bucket that this control reads.
pub(super) fn reads(uses: &Uses, name: &str, _: &Settings) -> Vec<Part> {
    if uses.is_kept(name) { vec![Part::Notifications] } else { vec![] }
}

fn judge(view: &View, subject: &Subject, _: &Settings) -> Verdict<Step> {
    if view.uses.named && view.buckets.get(&subject.id) == Some(&Ownership::OtherAccount) {
        return Verdict::Violation {
            because: "the bucket belongs to another account, so it cannot be read whether it notifies \
                      EventBridge"
                .to_owned(),
            remedy: Remedy::Advise(
                "Have the account that owns the bucket turn on EventBridge and forward its events to this account's \
                 bus. Trailkeeper never writes to that bucket from here."
                    .to_owned(),
            ),
        };
    }
    view.as_kept_target(subject, |bucket| {
        Ok(match bucket.notifications.known()? {
            Some(told) if !told.event_bridge => Verdict::Violation {
                because: "it does not notify EventBridge of new files".to_owned(),
                remedy: Remedy::Fix(vec![Step::Config(ConfigStep::Announce {
                    bucket: subject.id.clone(),
                    read: told.clone(),
                })]),
            },
            Some(_) => Verdict::Compliant,
            None => Verdict::NotApplicable { because: "there is no such bucket".to_owned() },
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::bucket::{BucketConfig, Notifications, Uses};
    use crate::model::{Seen, Step as _};
    use crate::testing::laws::{settings, subject};
    use serde_json::json;

    fn judged(named: bool, ownership: Ownership) -> Verdict<Step> {
        let subject = subject::<Bucket>();
        let uses = Uses { named, ..Uses::default() };
        judge(&View { uses, buckets: [(subject.id.clone(), ownership)].into() }, &subject, &settings())
    }

    fn managed(notifications: Seen<Notifications>) -> Ownership {
        let region = subject::<Bucket>().place.region;
        Ownership::ThisAccount(Box::new(BucketConfig { notifications, ..BucketConfig::new(region) }))
    }

    #[test]
    fn eventbridge_is_added_to_whoever_is_told_already() {
        let topic =
            json!({"TopicConfigurations": [{"TopicArn": "arn:aws:sns:eu-west-1:111122223333:t", "Events": []}]});
        let told = |event_bridge| Seen::Present(Notifications { others: topic.clone(), event_bridge });
        let verdict = judged(true, managed(told(false)));
        let Verdict::Violation { remedy: Remedy::Fix(steps), .. } = verdict else { panic!("{verdict:?}") };
        let [step] = steps.as_slice() else { panic!("{steps:?}") };
        assert_eq!(step.before(), Some(topic.clone()));
        assert_eq!(step.after()["TopicConfigurations"], topic["TopicConfigurations"]);
        assert_eq!(step.after()["EventBridgeConfiguration"], json!({}));
        let undo = step.undo(&crate::testing::hostile::home()).to_string();
        assert!(undo.contains("\"TopicArn\""), "{undo}");
        assert_eq!(judged(true, managed(told(true))), Verdict::Compliant);
        assert!(matches!(judged(false, managed(told(false))), Verdict::NotApplicable { .. }));
    }

    #[test]
    fn a_bucket_of_another_account_is_advised() {
        let verdict = judged(true, Ownership::OtherAccount);
        assert!(matches!(verdict, Verdict::Violation { remedy: Remedy::Advise(_), .. }), "{verdict:?}");
        assert!(matches!(judged(false, Ownership::OtherAccount), Verdict::NotApplicable { .. }));
        let unread = judged(true, managed(Seen::Unreadable("s3:GetBucketNotification")));
        assert!(matches!(unread, Verdict::Unknown { .. }), "{unread:?}");
    }
}
