//! `cloudtrail-delivery-notification`: someone is told of each delivered log file.

use crate::documents::policy::{Decision, Request, decide, with_statements};
use crate::families::trail::judged::{Judged, of_trail, update, violation};
use crate::families::trail::notice_step::NoticeStep;
use crate::families::trail::notices::{Notices, Queue};
use crate::families::trail::view::View;
use crate::families::trail::{Change, Step, Trail, notices};
use crate::family::Control;
use crate::managed::topic;
use crate::managed::topic::Topic;
use crate::managed::topic::step::TopicStep;
use crate::model::{About, Blocked, Place, Remedy, Seen, Severity, Subject, Unread, Verdict};
use crate::settings::Settings;
use serde_json::Value;

pub(in crate::families::trail) const CONTROL: Control<Trail> = Control {
    about: About {
        id: "cloudtrail-delivery-notification",
        title: "A topic is told of each log file that a trail delivers",
        why: "A SIEM that is told of each file reads it at once, without listing the bucket over and over; and a topic \
              that falls silent is the first sign of a delivery that has stopped.",
        compliant: "The trail names an SNS topic that exists, whose policy lets cloudtrail.amazonaws.com publish for \
                    this trail, and whose key, if it is encrypted, lets CloudTrail use it. Our own topic feeds our queue \
                    as well.",
        fix: "Topic and SQS queue `trailkeeper-cloudtrail-delivery` in the trail's home region, both encrypted with the \
              key behind `alias/trailkeeper-notifications`, whose policy lets CloudTrail and SNS use it; the queue is \
              subscribed to the topic, then UpdateTrail names the topic. What is missing of ours is put back. A \
              customer's topic is never edited: what it lacks is reported.",
        risk: "SNS, SQS and KMS charge for each notice, and a queue that nobody reads keeps four days of them. Whoever \
               reads the queue needs kms:Decrypt on its key.",
        guard: "Off until someone switches it on. A customer's topic is never edited, and ours is never \
                encrypted with a key that CloudTrail may not use.",
        severity: Severity::Low,
        opt_in: true,
        references: &["AWS CloudTrail user guide, SNS notifications: \
             https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-sns-notifications-for-cloudtrail.html"],
    },
    judge,
};

fn judge(view: &View, subject: &Subject, settings: &Settings) -> Verdict<Step> {
    of_trail(view, subject, settings, &CONTROL.about, |judged| one(judged, view, subject))
}

/// Judges one trail.
fn one(judged: &Judged<'_>, view: &View, subject: &Subject) -> Verdict<Step> {
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
        (Some(arn), Some(topic)) if *arn == topic.arn && *arn != managed => return theirs(topic, subject),
        (Some(arn), _) if *arn != managed => format!("its topic {arn} does not exist"),
        (Some(_), _) => "what tells of its log files does not work".to_owned(),
        (None, _) => "nobody is told of its log files".to_owned(),
    };
    match ready(judged, notices, subject) {
        Ok(steps) if steps.is_empty() => Verdict::Compliant,
        Ok(steps) => violation(judged, subject, because, steps),
        Err(blocked) => blocked.verdict(because),
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
                needs: format!("the policy of topic {} has conditions that only a real request can settle", topic.arn),
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

/// Returns the calls after which the trail tells our topic, and key, topic and queue are in working order.
///
/// # Errors
/// Why there are no such calls.
fn ready(judged: &Judged<'_>, notices: &Notices, subject: &Subject) -> Result<Vec<Step>, Blocked> {
    let place = &subject.place;
    let arn = notices::topic_arn(place);
    let needs = [notices::trail_needs(place, &subject.arn), notices::topic_needs(place, &arn)];
    let (keys, key) = notices::managed_key(place).ready(place, &place.region, &notices.key, &needs)?;
    let topic = topic_steps(&notices.topic, subject, &key)?;
    let queue = queue_steps(&notices.queue, place, &key)?;
    let calls = topic.into_iter().map(NoticeStep::Topic).chain(queue).chain(subscription(notices, place)?);
    let mut steps: Vec<Step> = keys.into_iter().map(Step::NoticesKey).chain(calls.map(Step::Notice)).collect();
    if judged.trail.topic.as_ref() != Some(&arn) {
        steps.push(update(judged.trail, Change { topic: Some(arn), ..Change::default() }));
    }
    Ok(steps)
}

/// Returns the call that has our topic fill our queue, where it does not.
fn subscription(notices: &Notices, place: &Place) -> Result<Option<NoticeStep>, Blocked> {
    let (topic, endpoint) = (notices::topic_arn(place), notices::queue_arn(place));
    let seen = notices.topic.present().map(|seen| seen.subscriptions.known_of(format_args!("topic {topic}")));
    let fed = seen.transpose()?.flatten().is_some_and(|all| all.iter().any(|it| it.endpoint == endpoint));
    Ok((!fed).then_some(NoticeStep::Topic(TopicStep::Subscribe { topic, protocol: "sqs", endpoint })))
}

fn topic_steps(topic: &Seen<Topic>, subject: &Subject, key: &str) -> Result<Vec<TopicStep>, Blocked> {
    let place = &subject.place;
    let (arn, policy) = (notices::topic_arn(place), notices::topic_policy(place));
    let Seen::Present(topic) = topic else {
        return Ok(vec![TopicStep::Create { arn, policy, key: key.to_owned() }]);
    };
    if topic.key_id.is_none() {
        let advice =
            format!("Encrypt topic {arn} with key {key}; Trailkeeper made it encrypted, and someone undid that.");
        return Err(Blocked::Advise(advice));
    }
    if publishes(&topic.policy, topic, subject) == Decision::Allowed {
        return Ok(vec![]);
    }
    let document = with_statements(Some(&topic.policy), &[statement(&policy)]);
    if publishes(&document, topic, subject) != Decision::Allowed {
        let advice = format!("A statement in the policy of topic {arn} denies CloudTrail. Take it out.");
        return Err(Blocked::Advise(advice));
    }
    Ok(vec![TopicStep::PutPolicy { arn, service: "CloudTrail", document, replaces: topic.policy.clone() }])
}

fn queue_steps(queue: &Seen<Queue>, place: &Place, key: &str) -> Result<Vec<NoticeStep>, Blocked> {
    let policy = notices::queue_policy(place);
    let Some(queue) = queue.known_of("the queue")? else {
        return Ok(vec![NoticeStep::CreateQueue { policy, key: key.to_owned() }]);
    };
    let (topic, arn) = (notices::topic_arn(place), [notices::queue_arn(place)]);
    let fills = |document: &Value| {
        let known = [("aws:SourceArn", topic.as_str()), ("aws:SecureTransport", "true")];
        let service = Some("sns.amazonaws.com");
        decide([document], Request { service, action: "sqs:SendMessage", resources: &arn, known: &known })
    };
    if queue.policy.as_ref().is_some_and(|policy| fills(policy) == Decision::Allowed) {
        return Ok(vec![]);
    }
    let document = with_statements(queue.policy.as_ref(), &[statement(&policy)]);
    if fills(&document) != Decision::Allowed {
        let advice = format!("A statement in the policy of queue {} denies SNS. Take it out.", arn.concat());
        return Err(Blocked::Advise(advice));
    }
    Ok(vec![NoticeStep::PutQueuePolicy { document, replaces: queue.policy.clone() }])
}

/// The statement of a document of ours that lets the service in: the last.
fn statement(document: &Value) -> Value {
    let all = document.get("Statement").and_then(Value::as_array);
    all.and_then(|all| all.last()).cloned().unwrap_or_default()
}

fn publishes(policy: &Value, topic: &Topic, subject: &Subject) -> Decision {
    let known = [
        ("aws:SourceArn", subject.arn.as_str()),
        ("aws:SourceAccount", subject.place.account.as_str()),
        ("aws:SecureTransport", "true"),
    ];
    topic::publishes(policy, &topic.arn, "cloudtrail.amazonaws.com", &known)
}
