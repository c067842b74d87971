//! `cloudtrail-delivery-notification`: each delivered log file is announced.

use crate::documents::policy::Decision;
use crate::families::trail::judged::{Judged, of_trail, untold, update, violation};
use crate::families::trail::notices::wanted::{publishes, ready, statement, widened};
use crate::families::trail::view::{TrailState, View};
use crate::families::trail::{Change, Step, Trail, notices};
use crate::family::Control;
use crate::managed::topic::Topic;
use crate::model::{About, Blocked, Remedy, Severity, Subject, Unread, Verdict, permanent};
use crate::settings::Settings;

pub(in crate::families::trail) const CONTROL: Control<Trail> = Control {
    about: About {
        id: "cloudtrail-delivery-notification",
        wrong: "without delivery notifications",
        title: "A topic is notified of each log file that a trail delivers",
        why: "A SIEM that is notified of each file reads it at once, without repeatedly listing the bucket; and a \
              topic that falls silent is the first sign that delivery has stopped.",
        compliant: "The trail has an SNS topic that exists, whose policy lets cloudtrail.amazonaws.com publish for \
                    this trail, and whose key, if it is encrypted, can be used by CloudTrail. Trailkeeper's own topic \
                    also feeds its queue. GetTrailStatus reports no error of the last notification.",
        fix: "Topic and SQS queue `trailkeeper-cloudtrail-delivery` in the trail's home region, both encrypted with \
              the key behind `alias/trailkeeper-notifications`, whose policy lets CloudTrail and SNS use it; the queue \
              is subscribed to the topic, then UpdateTrail sets the topic. Whatever is missing from Trailkeeper's own \
              resources is restored. A customer's topic is never edited: what it lacks is reported.",
        risk: "SNS, SQS and KMS charge for each notification, and a queue that nobody reads keeps four days of them. \
               Readers of the queue need kms:Decrypt on its key.",
        guard: "Off until you turn it on. A customer's topic is never edited, and Trailkeeper's topic is never \
                encrypted with a key that CloudTrail may not use.",
        permanent: permanent!("trail", "cloudtrail-delivery-notification"),
        severity: Severity::Low,
        opt_in: true,
        references: &["AWS CloudTrail user guide, SNS notifications: \
             https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html"],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    of_trail(view, subject, settings, &CONTROL.about, |judged| one(judged, view, subject, settings))
}

/// Judges one trail.
fn one(judged: &Judged<'_>, view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    let trail = judged.trail;
    let Some(notices) = &view.managed.notices else {
        return Verdict::Unknown { needs: Unread::NotAsked.of("the topic") };
    };
    let managed = notices::topic_arn(&subject.place);
    let topic = match notices.topic.known_of("the topic") {
        Ok(topic) => topic,
        Err(blocked) => return blocked.verdict(String::new()),
    };
    let because = match (&trail.topic, topic) {
        (Some(arn), Some(topic)) if *arn == topic.arn && *arn != managed => return told(theirs(topic, subject), trail),
        (Some(arn), _) if *arn != managed => format!("its topic {arn} does not exist"),
        (Some(_), _) => {
            widened(notices, &subject.place).unwrap_or_else(|| "notification of its log files does not work".to_owned())
        }
        (None, _) => {
            let there = widened(notices, &subject.place).map(|it| format!("; {it}, and was there already"));
            format!("nobody is notified of its log files{}", there.unwrap_or_default())
        }
    };
    let mut steps = match ready(notices, subject, settings) {
        Ok(steps) => steps,
        Err(blocked) => return blocked.verdict(because),
    };
    if trail.topic.as_ref() != Some(&managed) {
        steps.push(update(trail, Change { topic: Some(managed), ..Change::default() }));
    }
    if !steps.is_empty() {
        return violation(judged, subject, because, steps);
    }
    match widened(notices, &subject.place) {
        None => told(Verdict::Compliant, trail),
        Some(_) => Verdict::Violation {
            because,
            remedy: Remedy::Advise(
                "Remove from that policy what Trailkeeper did not put there, unless someone needs it. Trailkeeper \
                 leaves it, since somebody may listen."
                    .to_owned(),
            ),
        },
    }
}

/// Adds to the verdict on a topic that works what CloudTrail says of its last notification.
fn told(verdict: Verdict<Step>, trail: &TrailState) -> Verdict<Step> {
    if verdict != Verdict::Compliant {
        return verdict;
    }
    let Some(errors) = &trail.facts.errors else { return untold(&trail.facts) };
    let Some(error) = &errors.notices else { return Verdict::Compliant };
    Verdict::Violation {
        because: format!("CloudTrail could not notify its topic: {error}"),
        remedy: Remedy::Advise(
            "Nothing is wrong with topic and key as far as Trailkeeper can see: look for a service control policy. Until \
             the next log file, CloudTrail repeats its last error."
                .to_owned(),
        ),
    }
}

/// Judges a customer's topic.
fn theirs(topic: &Topic, subject: &Subject) -> Verdict<Step> {
    let report = |because: &str, advice: String| Verdict::Violation {
        because: format!("CloudTrail may not publish to topic {}: {because}", topic.arn),
        remedy: Remedy::Advise(advice),
    };
    match publishes(&topic.policy, topic, subject) {
        Decision::Allowed => {}
        Decision::Unclear => {
            return Verdict::Unknown {
                needs: format!("the policy of topic {} has conditions that only a real request can resolve", topic.arn),
            };
        }
        Decision::Denied | Decision::NotAllowed => {
            let lacking = notices::topic_policy(&subject.place);
            let statement = statement(&lacking).to_string().replace(&notices::topic_arn(&subject.place), &topic.arn);
            return report("its policy does not allow it", format!("Add this to the topic's policy: {statement}"));
        }
    }
    let Some(id) = &topic.key_id else { return Verdict::Compliant };
    let key = match topic.key.known_of(format_args!("key {id}")) {
        Ok(Some(key)) => key,
        Ok(None) => return report("its key does not exist", format!("Encrypt it with a key that exists, not {id}.")),
        Err(blocked) => return blocked.verdict(String::new()),
    };
    match notices::managed_key(&subject.place).repair(key, &[notices::trail_needs(&subject.place, &subject.arn)]) {
        Ok(steps) if steps.is_empty() => Verdict::Compliant,
        Ok(_) => report("its key does not allow it", format!("Let CloudTrail use key {id}.")),
        Err(Blocked::Advise(advice)) => report("its key does not allow it", advice),
        Err(Blocked::Unknown(needs)) => Verdict::Unknown { needs },
    }
}
