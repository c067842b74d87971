//! Last link of the chain: somebody who is subscribed to the topic, and receives what it is told. Pure.

use super::listener::{Silence, hears, is_readable};
use super::managed;
use super::step::Step;
use super::topic_check::{TopicCheck, TopicChecker};
use super::view::Want;
use crate::managed::topic::step::TopicStep;
use crate::managed::topic::{Subscription, SubscriptionState, Topic};
use crate::model::{Arn, Blocked, Seen};
use crate::settings::alarms::Address;

/// Maximum number of subscribers that a finding describes.
const DESCRIBED: usize = 3;

/// Subscriptions of a topic, by what is known of them.
struct Heard {
    /// Whether one is known to receive what the topic is told.
    by_somebody: bool,
    /// Why confirmed ones receive nothing, each with what to do.
    deaf: Vec<(String, String)>,
    /// What is missing to determine whether one receives anything.
    unclear: Option<String>,
}

impl TopicChecker<'_> {
    /// Checks that the topic notifies the address of the setting, or anybody if there is none. A `stranger` is a topic
    /// that is not ours, for the given reason.
    pub(super) fn is_notified(
        &self,
        topic: &str,
        seen: &Seen<Vec<Subscription>>,
        stranger: Option<String>,
        topic_check: &mut TopicCheck,
    ) -> Result<(), Want> {
        let all = match seen.known() {
            Ok(all) => all.map_or(&[][..], Vec::as_slice),
            Err(unread) => {
                topic_check.unclear(unread.of(format_args!("topic {topic}")));
                return Ok(());
            }
        };
        let sought = self.settings.alarm_address.as_ref();
        let named: Vec<&Subscription> =
            all.iter().filter(|it| sought.is_none_or(|address| address.is(&it.protocol, &it.endpoint))).collect();
        let heard = self.heard(topic, &named)?;
        match (heard, sought) {
            (Heard { by_somebody: true, .. }, _) => {}
            (Heard { unclear: Some(needs), .. }, _) => topic_check.unclear(needs),
            (Heard { deaf, .. }, _) if !deaf.is_empty() => is_unheard(topic, &deaf, topic_check),
            (Heard { .. }, Some(address)) => is_to_be_told(topic, all, &named, address, stranger, topic_check),
            (Heard { .. }, None) => nobody_is_told(topic, all, topic_check),
        }
        Ok(())
    }

    /// Examines confirmed subscriptions until one is known to receive what the topic is told.
    fn heard(&self, topic: &str, named: &[&Subscription]) -> Result<Heard, Want> {
        let mut heard = Heard { by_somebody: false, deaf: Vec::new(), unclear: None };
        for subscription in named.iter().filter(|it| it.state == SubscriptionState::Confirmed) {
            match self.hears(topic, subscription)? {
                Ok(()) => return Ok(Heard { by_somebody: true, ..heard }),
                Err(Silence::Deaf(because, advice)) => heard.deaf.push((because, advice)),
                Err(Silence::Unclear(needs)) => heard.unclear = heard.unclear.or(Some(needs)),
            }
        }
        Ok(heard)
    }

    fn hears(&self, topic: &str, subscription: &Subscription) -> Result<Result<(), Silence>, Want> {
        let Subscription { arn, endpoint, .. } = subscription;
        if !is_readable(self.place, topic, endpoint) {
            return Ok(Ok(()));
        }
        let want = || Want::Listener { topic: topic.to_owned(), arn: arn.clone(), endpoint: endpoint.clone() };
        let listener = self.view.listeners.get(arn).ok_or_else(want)?;
        Ok(hears(self.place, topic, subscription, listener))
    }

    /// Returns the subscribers of a topic of ours that belong to accounts which no setting names. Only queues and
    /// functions say whose they are.
    pub(super) fn outsiders(&self, topic: &Topic) -> Vec<String> {
        if !managed::is_topic(self.place, &topic.arn) {
            return Vec::new();
        }
        let foreign = |endpoint: &str| {
            Arn::parse(endpoint).is_some_and(|arn| {
                !self.settings.record_destinations.account(self.place, arn.account).is_wanted()
                    && self.settings.alarm_address.as_ref().is_none_or(|address| address.endpoint != endpoint)
            })
        };
        let all = topic.subscriptions.present().into_iter().flatten();
        let told = all.filter(|it| it.state == SubscriptionState::Confirmed && foreign(&it.endpoint));
        told.map(|it| it.endpoint.clone()).collect()
    }
}

/// Reports that those who are subscribed receive nothing. Whoever set a filter or deleted a queue had a reason, or is to
/// be found: nothing of that is undone.
fn is_unheard(topic: &str, deaf: &[(String, String)], topic_check: &mut TopicCheck) {
    let shown = deaf.iter().take(DESCRIBED);
    let because: Vec<&str> = shown.clone().map(|(because, _)| because.as_str()).collect();
    let advice: Vec<&str> = shown.map(|(_, advice)| advice.as_str()).collect();
    let more = match deaf.len().saturating_sub(DESCRIBED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let because = format!("topic {topic} reaches nobody it should: {}{more}", because.join("; "));
    topic_check.broken(because, Some(Blocked::Advise(advice.join(" "))));
}

/// Checks that the address of the setting is subscribed, none of whose subscriptions is confirmed. Other subscribers do
/// not stand in for it: whoever may subscribe could put himself in its place. To a topic that is not ours it is never
/// subscribed: whoever made the topic could have people confirm it, and then tell them anything or nothing.
fn is_to_be_told(
    topic: &str,
    all: &[Subscription],
    named: &[&Subscription],
    address: &Address,
    stranger: Option<String>,
    topic_check: &mut TopicCheck,
) {
    let endpoint = &address.endpoint;
    let others = all.iter().filter(|it| it.state == SubscriptionState::Confirmed).count();
    let whom = if others == 0 { "nobody".to_owned() } else { format!("only others ({others})") };
    if named.iter().all(|it| it.state != SubscriptionState::Pending) {
        let because = if others == 0 {
            format!("nobody is subscribed to topic {topic}")
        } else {
            format!("topic {topic} notifies {whom}: {endpoint} of {} is not subscribed", Address::SETTING)
        };
        if let Some(why) = stranger {
            let advice = format!(
                "Subscribe {endpoint} to topic {topic} yourself if you know whose it is. Trailkeeper subscribes nobody to \
                 it, since {why}."
            );
            topic_check.unaddressed = true;
            return topic_check.broken(because, Some(Blocked::Advise(advice)));
        }
        let (topic, protocol, endpoint) = (topic.to_owned(), address.protocol, endpoint.clone());
        return topic_check.mended(because, [Step::Topic(TopicStep::Subscribe { topic, protocol, endpoint })]);
    }
    let because = format!("topic {topic} notifies {whom}: the subscription of {endpoint} is not confirmed");
    let is_named = |it: &Subscription| address.is(&it.protocol, &it.endpoint);
    let strangers = if all.iter().any(|it| it.state == SubscriptionState::Pending && !is_named(it)) {
        " Subscriptions of other addresses await confirmation, too: confirm none that you do not know."
    } else {
        ""
    };
    topic_check.broken(because, Some(Blocked::Advise(format!("{}{strangers}", confirm(&format!(" of {endpoint}"))))));
}

/// Reports that nobody is notified, where no setting names an address.
fn nobody_is_told(topic: &str, all: &[Subscription], topic_check: &mut TopicCheck) {
    let pending = all.iter().filter(|it| it.state == SubscriptionState::Pending);
    let named: Vec<&str> = pending.map(|it| it.endpoint.as_str()).collect();
    if named.is_empty() {
        let advice = format!("Subscribe someone to topic {topic}, or set {}.", Address::SETTING);
        return topic_check.broken(format!("nobody is subscribed to topic {topic}"), Some(Blocked::Advise(advice)));
    }
    let because = format!("topic {topic} notifies nobody: the subscription of {} is not confirmed", named.join(", "));
    let advice = format!("{} Confirm only an address that you know.", confirm(""));
    topic_check.broken(because, Some(Blocked::Advise(advice)));
}

fn confirm(of: &str) -> String {
    format!(
        "Confirm the subscription{of} with the link in the message that SNS sent. The message is not sent again \
         automatically; after three days SNS drops the subscription."
    )
}
