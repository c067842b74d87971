//! Confirmed subscriptions, and whether what CloudWatch publishes reaches whoever is behind one. Pure.

use super::topic_check::opened;
use crate::documents::policy::{Decision, Request, decide};
use crate::managed::topic::Subscription;
use crate::model::{Arn, Place, Seen, sanitized};
use serde_json::Value;

/// Confirmed subscription, as far as it decides whether its endpoint receives an alarm.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct Listener {
    /// Filter policy, absent if there is none; read only for topics of this account, since SNS tells it to no other.
    pub filter: Seen<FilterPolicy>,
    /// What is behind the subscription; absent if the queue, function or stream does not exist, or nobody may invoke the
    /// function.
    pub endpoint: Seen<Behind>,
}

/// Queue, function or Firehose stream of this account behind a subscription.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behind {
    /// Policy of a queue or function, `null` if it has none, which lets nothing in ([SNS developer guide, sending to a
    /// queue]).
    ///
    /// [SNS developer guide, sending to a queue]: https://docs.aws.amazon.com/sns/latest/dg/subscribe-sqs-queue-to-sns-topic.html
    Policy(Value),
    /// `DeliveryStreamStatus` of a stream, which has no policy: the subscription's role puts the records. Only an `ACTIVE`
    /// one takes any ([Firehose API reference, DeliveryStreamDescription]).
    ///
    /// [Firehose API reference, DeliveryStreamDescription]: https://docs.aws.amazon.com/firehose/latest/APIReference/API_DeliveryStreamDescription.html
    Stream(String),
}

/// Filter policy of a subscription ([SNS developer guide, message filtering]).
///
/// [SNS developer guide, message filtering]: https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering.html
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct FilterPolicy {
    /// Whether the policy applies to the message's body rather than to its attributes, from `FilterPolicyScope`.
    pub of_body: bool,
    /// Filter policy document.
    pub document: Value,
}

/// Reason why a confirmed subscription is not known to receive an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Silence {
    /// It receives none: what is wrong, and what to do.
    Deaf(String, String),
    /// Cannot be determined, with what is missing.
    Unclear(String),
}

/// Service that holds an endpoint of this account, as far as it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    Queue,
    Function,
    Stream,
}

impl Endpoint {
    /// Returns what an endpoint of this account is; `None` for addresses, other services and other accounts.
    pub(super) fn of(endpoint: &str, account: &str) -> Option<Self> {
        let arn = Arn::parse(endpoint).filter(|arn| arn.account == account)?;
        match arn.service {
            "sqs" => Some(Self::Queue),
            "lambda" => Some(Self::Function),
            "firehose" => Some(Self::Stream),
            _ => None,
        }
    }

    fn action(self) -> &'static str {
        match self {
            Self::Queue => "sqs:SendMessage",
            Self::Function => "lambda:InvokeFunction",
            Self::Stream => "firehose:PutRecord",
        }
    }
}

/// Returns whether there is anything to read about a subscription of a topic.
pub(super) fn is_readable(place: &Place, topic: &str, endpoint: &str) -> bool {
    is_own(place, topic) || Endpoint::of(endpoint, &place.account).is_some()
}

/// Returns whether the topic belongs to this account: SNS tells the attributes of its subscriptions to no other.
pub(super) fn is_own(place: &Place, topic: &str) -> bool {
    Arn::parse(topic).is_some_and(|arn| arn.account == place.account)
}

/// Checks that what CloudWatch publishes to the topic reaches the endpoint of a confirmed subscription.
pub(super) fn hears(
    place: &Place,
    topic: &str,
    subscription: &Subscription,
    listener: &Listener,
) -> Result<(), Silence> {
    let endpoint = subscription.endpoint.as_str();
    if is_own(place, topic) {
        lets_through(place, endpoint, &listener.filter)?;
    }
    Endpoint::of(endpoint, &place.account).map_or(Ok(()), |kind| is_there(place, topic, endpoint, kind, listener))
}

fn lets_through(place: &Place, endpoint: &str, filter: &Seen<FilterPolicy>) -> Result<(), Silence> {
    let filter = match filter.known() {
        Ok(filter) => filter,
        // A subscription that another account made is that account's.
        Err(_) if Arn::parse(endpoint).is_some_and(|arn| arn.account != place.account) => return Ok(()),
        Err(unread) => return Err(Silence::Unclear(unread.of(format_args!("the subscription of {endpoint}")))),
    };
    match filter {
        None => Ok(()),
        Some(FilterPolicy { of_body: true, .. }) => Err(Silence::Unclear(format!(
            "the filter policy of the subscription of {endpoint} applies to the body of messages, which decides for \
             each alarm whether it gets through"
        ))),
        Some(FilterPolicy { of_body: false, document }) if takes_unattributed(document) => Ok(()),
        Some(_) => Err(Silence::Deaf(
            format!(
                "the filter policy of the subscription of {endpoint} wants attributes, which CloudWatch's messages do \
                 not have"
            ),
            format!("Remove the filter policy of the subscription of {endpoint}, or subscribe someone without one."),
        )),
    }
}

/// Returns whether a filter policy lets a message without attributes through: each of its keys may be missing.
fn takes_unattributed(policy: &Value) -> bool {
    let Value::Object(keys) = policy else { return false };
    let all = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    keys.iter().all(|(key, value)| match key.as_str() {
        "$or" => all(value).iter().any(takes_unattributed),
        _ => all(value).iter().any(|it| it.get("exists") == Some(&Value::Bool(false))),
    })
}

fn is_there(place: &Place, topic: &str, endpoint: &str, kind: Endpoint, listener: &Listener) -> Result<(), Silence> {
    let policy = match listener.endpoint.known() {
        Err(unread) => return Err(Silence::Unclear(unread.of(endpoint))),
        Ok(Some(Behind::Policy(policy))) => policy,
        Ok(Some(Behind::Stream(status))) => return takes_records(endpoint, status),
        Ok(None) => {
            let because = match kind {
                Endpoint::Queue => format!("queue {endpoint} is subscribed and does not exist"),
                Endpoint::Function => {
                    format!("function {endpoint} is subscribed and does not exist, or nobody may invoke it")
                }
                Endpoint::Stream => format!("Firehose stream {endpoint} is subscribed and does not exist"),
            };
            return Err(Silence::Deaf(because, format!("Make {endpoint} anew, or subscribe someone else.")));
        }
    };
    // A queue without a policy takes messages from its own account alone, and SNS sends as a service.
    let known = [
        ("aws:SourceArn", topic),
        ("aws:SourceAccount", place.account.as_str()),
        ("aws:SourceOwner", place.account.as_str()),
    ];
    let (resources, service) = ([endpoint.into()], Some("sns.amazonaws.com"));
    let request = Request { service, action: kind.action(), resources: &resources, known: &known };
    match decide([&opened(policy)], request) {
        Decision::Allowed => Ok(()),
        Decision::Unclear => Err(Silence::Unclear(format!(
            "the policy of {endpoint} has conditions that only a real request can resolve"
        ))),
        Decision::Denied | Decision::NotAllowed => Err(Silence::Deaf(
            format!("the policy of {endpoint}, which is subscribed, does not let the topic in"),
            format!("Let sns.amazonaws.com in for topic {topic} by the policy of {endpoint}."),
        )),
    }
}

fn takes_records(endpoint: &str, status: &str) -> Result<(), Silence> {
    match status {
        "ACTIVE" => Ok(()),
        "CREATING" => Err(Silence::Unclear(format!("Firehose stream {endpoint} is still being created"))),
        status => Err(Silence::Deaf(
            format!(
                "Firehose stream {endpoint} is subscribed and takes no records: its status is {}",
                sanitized(status)
            ),
            format!("Make {endpoint} anew, or subscribe someone else."),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::monitoring::Monitoring;
    use crate::managed::topic::SubscriptionState;
    use crate::testing::laws::subject;
    use serde_json::json;

    const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:security";
    const FOREIGN: &str = "arn:aws:sns:eu-west-1:999999999999:security";
    const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:oncall";
    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:111122223333:function:page";
    const STREAM: &str = "arn:aws:firehose:eu-west-1:111122223333:deliverystream/siem";
    const THEIRS: &str = "arn:aws:sqs:eu-west-1:999999999999:oncall";

    fn outcome(topic: &str, endpoint: &str, filter: Seen<FilterPolicy>, policy: Seen<Value>) -> Result<(), Silence> {
        let policy = policy.map(Behind::Policy);
        let subscription = Subscription {
            arn: format!("{topic}:1"),
            protocol: String::new(),
            endpoint: endpoint.to_owned(),
            state: SubscriptionState::Confirmed,
        };
        hears(&subject::<Monitoring>().place, topic, &subscription, &Listener { filter, endpoint: policy })
    }

    fn filtered(of_body: bool, document: Value) -> Seen<FilterPolicy> {
        Seen::Present(FilterPolicy { of_body, document })
    }

    fn is_deaf(outcome: &Result<(), Silence>) -> bool {
        matches!(outcome, Err(Silence::Deaf(..)))
    }

    fn is_unclear(outcome: &Result<(), Silence>) -> bool {
        matches!(outcome, Err(Silence::Unclear(_)))
    }

    #[test]
    fn a_filter_on_attributes_lets_nothing_through_unless_they_may_be_missing() {
        let by_mail = |filter| outcome(TOPIC, "soc@example.com", filter, Seen::NotAsked);
        for wants in [
            json!({"severity": ["critical"]}),
            json!({"severity": [{"anything-but": "low"}]}),
            json!({"severity": [{"exists": true}], "b": [{"exists": false}]}),
            json!({"$or": [{"a": ["x"]}, {"b": ["y"]}]}),
        ] {
            assert!(is_deaf(&by_mail(filtered(false, wants.clone()))), "{wants}");
        }
        for lets in [
            json!({"severity": ["critical", {"exists": false}]}),
            json!({"$or": [{"a": ["x"]}, {"b": [{"exists": false}]}]}),
        ] {
            assert_eq!(by_mail(filtered(false, lets)), Ok(()));
        }
        assert_eq!(by_mail(Seen::Absent), Ok(()));
    }

    #[test]
    fn a_filter_on_the_body_or_one_that_may_not_be_read_tells_nothing() {
        assert!(is_unclear(&outcome(TOPIC, QUEUE, filtered(true, json!({"a": ["b"]})), Seen::Present(json!(null)))));
        for unread in [Seen::Unreadable("sns:GetSubscriptionAttributes"), Seen::NotAsked] {
            assert!(is_unclear(&outcome(TOPIC, "soc@example.com", unread.clone(), Seen::NotAsked)), "{unread:?}");
            assert_eq!(outcome(TOPIC, THEIRS, unread.clone(), Seen::NotAsked), Ok(()), "another account's");
            assert_eq!(outcome(FOREIGN, "soc@example.com", unread, Seen::NotAsked), Ok(()), "another account's topic");
        }
    }

    #[test]
    fn a_queue_or_function_that_is_gone_hears_nothing_and_one_that_may_not_be_read_is_unknown() {
        for (endpoint, topic) in
            [(QUEUE, TOPIC), (FUNCTION, TOPIC), (QUEUE, FOREIGN), (STREAM, TOPIC), (STREAM, FOREIGN)]
        {
            assert!(is_deaf(&outcome(topic, endpoint, Seen::Absent, Seen::Absent)), "{endpoint}");
            for unread in [Seen::Unreadable("sqs:GetQueueUrl"), Seen::NotAsked] {
                assert!(is_unclear(&outcome(topic, endpoint, Seen::Absent, unread)), "{endpoint}");
            }
            let open = json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}});
            assert_eq!(outcome(topic, endpoint, Seen::Absent, Seen::Present(open)), Ok(()));
        }
        assert_eq!(outcome(TOPIC, THEIRS, Seen::Absent, Seen::NotAsked), Ok(()), "not ours to judge");
    }

    #[test]
    fn a_stream_takes_records_while_it_is_active() {
        let of = |status: &str| {
            let behind = Listener { filter: Seen::Absent, endpoint: Seen::Present(Behind::Stream(status.to_owned())) };
            is_there(&subject::<Monitoring>().place, TOPIC, STREAM, Endpoint::Stream, &behind)
        };
        assert_eq!(of("ACTIVE"), Ok(()));
        assert!(is_unclear(&of("CREATING")));
        for status in ["CREATING_FAILED", "DELETING", "DELETING_FAILED", "SUSPENDED", "", "new\nword"] {
            let told = of(status);
            let Err(Silence::Deaf(because, _)) = told else { panic!("{status}: {told:?}") };
            assert!(because.contains(STREAM) && !because.contains('\n'), "{because}");
        }
    }

    #[test]
    fn a_queue_without_a_policy_takes_nothing_from_a_topic() {
        for (queue, topic) in [(QUEUE, TOPIC), (QUEUE, FOREIGN)] {
            for none in [json!(null), json!(""), json!({"Statement": []})] {
                let told = outcome(topic, queue, Seen::Absent, Seen::Present(none.clone()));
                let Err(Silence::Deaf(because, advice)) = told else { panic!("{none}: {told:?}") };
                assert!(because.contains(queue) && because.contains("does not let the topic in"), "{because}");
                assert!(advice.contains(topic), "{advice}");
            }
        }
    }

    #[test]
    fn the_endpoints_own_policy_lets_the_topic_in() {
        let policy = |principal: Value, action: &str, source: &str| {
            json!({"Statement": [{"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*",
                "Condition": {"ArnLike": {"aws:SourceArn": source}}}]})
        };
        let sns = json!({"Service": "sns.amazonaws.com"});
        let queue = |policy: Value| outcome(TOPIC, QUEUE, Seen::Absent, Seen::Present(policy));
        assert_eq!(queue(policy(sns.clone(), "sqs:SendMessage", TOPIC)), Ok(()));
        assert_eq!(queue(policy(json!({"AWS": "*"}), "SQS:SendMessage", "arn:aws:sns:*:111122223333:*")), Ok(()));
        assert!(is_deaf(&queue(policy(sns.clone(), "sqs:SendMessage", FOREIGN))));
        assert!(is_deaf(&queue(policy(sns.clone(), "sqs:ReceiveMessage", TOPIC))));
        let function = |policy: Value| outcome(TOPIC, FUNCTION, Seen::Absent, Seen::Present(policy));
        assert_eq!(function(policy(sns.clone(), "lambda:InvokeFunction", TOPIC)), Ok(()));
        assert!(is_deaf(&function(policy(sns, "lambda:InvokeFunction", FOREIGN))));
    }
}
