//! Repair of the announcements of delivered log files: our key, topic and queue in working order. Pure.

use super::step::NoticeStep;
use super::{
    MANAGED_TOPIC, Notices, Queue, managed_key, queue_arn, queue_policy, topic_arn, topic_needs, topic_policy,
    trail_needs,
};
use crate::documents::policy::{Decision, Request, decide, with_statements};
use crate::families::trail::Step;
use crate::managed::topic;
use crate::managed::topic::step::TopicStep;
use crate::managed::topic::{Topic, excess};
use crate::model::{Blocked, Place, Seen, Subject};
use crate::settings::Settings;
use serde_json::Value;

/// Returns the calls that make our key, topic and queue serve the trail, possibly none.
///
/// # Errors
/// Returns an error if there are no such calls.
pub(in crate::families::trail) fn ready(
    notices: &Notices,
    subject: &Subject,
    settings: &Settings,
) -> Result<Vec<Step>, Blocked> {
    let place = &subject.place;
    let arn = topic_arn(place);
    let needs = [trail_needs(place, &subject.arn), topic_needs(place, &arn)];
    let key = managed_key(place).kept_by(settings.stack_name()).ready(place, &place.region, &notices.key, &needs)?;
    let topic = topic_steps(&notices.topic, subject, &key.id)?;
    let queue = queue_steps(&notices.queue, place, &key.id)?;
    let calls = topic.into_iter().map(NoticeStep::Topic).chain(queue).chain(subscription(notices, place)?);
    Ok(key.steps.into_iter().map(Step::NoticesKey).chain(calls.map(Step::Notice)).collect())
}

/// Returns the call that subscribes our queue to our topic, if it is not subscribed.
fn subscription(notices: &Notices, place: &Place) -> Result<Option<NoticeStep>, Blocked> {
    let (topic, endpoint) = (topic_arn(place), queue_arn(place));
    let seen = notices.topic.present().map(|seen| seen.subscriptions.known_of(format_args!("topic {topic}")));
    let fed = seen.transpose()?.flatten().is_some_and(|all| all.iter().any(|it| it.endpoint == endpoint));
    Ok((!fed).then_some(NoticeStep::Topic(TopicStep::Subscribe { topic, protocol: "sqs", endpoint })))
}

fn topic_steps(topic: &Seen<Topic>, subject: &Subject, key: &str) -> Result<Vec<TopicStep>, Blocked> {
    let place = &subject.place;
    let (arn, policy) = (topic_arn(place), topic_policy(place));
    let Seen::Present(topic) = topic else {
        return Ok(vec![TopicStep::Create { arn, policy, key: key.to_owned() }]);
    };
    if topic.key_id.is_none() {
        let advice = format!(
            "Encrypt topic {arn} with key {key}: Trailkeeper's topic is encrypted. Either someone undid that, or this one \
             was there before Trailkeeper; find out who made it, and who is subscribed."
        );
        return Err(Blocked::Advise(advice));
    }
    let excess = excess(&topic.policy, &policy, &place.account);
    let cut = excess.cut(&topic.policy);
    let allowed = publishes(&cut, topic, subject) == Decision::Allowed;
    if allowed && excess.harmful.is_empty() {
        return Ok(vec![]);
    }
    let added = if allowed { vec![] } else { vec![statement(&policy)] };
    let document = with_statements(Some(&cut), &added);
    would_do(publishes(&document, topic, subject), &format!("topic {arn}"), "CloudTrail")?;
    Ok(vec![TopicStep::PutPolicy { arn, service: "CloudTrail", document, replaces: topic.policy.clone() }])
}

fn queue_steps(queue: &Seen<Queue>, place: &Place, key: &str) -> Result<Vec<NoticeStep>, Blocked> {
    let policy = queue_policy(place);
    let Some(queue) = queue.known_of("the queue")? else {
        return Ok(vec![NoticeStep::CreateQueue { policy, key: key.to_owned() }]);
    };
    let (topic, arn) = (topic_arn(place), queue_arn(place));
    let fills = |document: &Value| {
        let known = [("aws:SourceArn", topic.as_str()), ("aws:SecureTransport", "true")];
        let service = Some("sns.amazonaws.com");
        decide(
            [document],
            Request { service, action: "sqs:SendMessage", resources: &[arn.as_str().into()], known: &known },
        )
    };
    let excess = queue.policy.as_ref().map(|its| excess(its, &policy, &place.account)).unwrap_or_default();
    let cut = queue.policy.as_ref().map(|its| excess.cut(its));
    let allowed = cut.as_ref().is_some_and(|its| fills(its) == Decision::Allowed);
    if allowed && excess.harmful.is_empty() {
        return Ok(vec![]);
    }
    let added = if allowed { vec![] } else { vec![statement(&policy)] };
    let document = with_statements(cut.as_ref(), &added);
    would_do(fills(&document), &format!("queue {arn}"), "SNS")?;
    Ok(vec![NoticeStep::PutQueuePolicy { document, replaces: queue.policy.clone() }])
}

/// Checks the decision of a document that is to be written.
///
/// # Errors
/// Returns an error if it would not let the service in all the same.
fn would_do(decision: Decision, its: &str, service: &str) -> Result<(), Blocked> {
    match decision {
        Decision::Allowed => Ok(()),
        Decision::Unclear => {
            Err(Blocked::Unknown(format!("the policy of {its} has conditions that only a real request can resolve")))
        }
        Decision::Denied | Decision::NotAllowed => {
            Err(Blocked::Advise(format!("A statement in the policy of {its} denies {service}. Remove it.")))
        }
    }
}

/// Returns what our topic and queue allow beyond our documents: the rest of a sentence. What does more than read is taken
/// out by [`ready`].
pub(in crate::families::trail) fn widened(notices: &Notices, place: &Place) -> Option<String> {
    let topic = notices.topic.present().map(|it| excess(&it.policy, &topic_policy(place), &place.account));
    let queue = notices.queue.present().and_then(|it| it.policy.as_ref());
    let queue = queue.map(|it| excess(it, &queue_policy(place), &place.account));
    let told = [("topic", topic), ("queue", queue)].into_iter().filter_map(|(what, excess)| {
        let excess = excess.filter(|it| !it.is_empty())?;
        Some(format!("by the policy of {what} {MANAGED_TOPIC}, {excess}"))
    });
    let all: Vec<String> = told.collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Returns the statement of one of our documents that grants access to the service: the last.
pub(in crate::families::trail) fn statement(document: &Value) -> Value {
    let all = document.get("Statement").and_then(Value::as_array);
    all.and_then(|all| all.last()).cloned().unwrap_or_default()
}

/// Returns whether a policy lets CloudTrail publish to a topic for this trail.
pub(in crate::families::trail) fn publishes(policy: &Value, topic: &Topic, subject: &Subject) -> Decision {
    let known = [
        ("aws:SourceArn", subject.arn.as_str()),
        ("aws:SourceAccount", subject.place.account.as_str()),
        ("aws:SecureTransport", "true"),
    ];
    topic::publishes(policy, &topic.arn, "cloudtrail.amazonaws.com", &known)
}
