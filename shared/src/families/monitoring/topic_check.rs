//! Links of the chain between an alarm and its subscribers: a topic that CloudWatch may publish to. Pure.

use super::managed;
use super::rules::AlarmRule;
use super::step::Step;
use super::view::{View, Want};
use crate::documents::policy::{Decision, Excess, beyond, completed, same, statements};
use crate::documents::principals::account_of;
use crate::managed::key::wanted::ReadyKey;
use crate::managed::topic::step::TopicStep;
use crate::managed::topic::{Topic, excess, publishes};
use crate::model::{Arn, Blocked, Place, Region, Seen, Unread};
use crate::settings::Settings;
use serde_json::{Value, json};

/// Result of checking the path from an alarm to a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TopicCheck {
    /// First broken link; `None` if there is none.
    pub(super) because: Option<String>,
    /// Whether the topic does not exist, or cannot be made.
    pub(super) gone: bool,
    /// Number of intact links, to choose the best topic.
    pub(super) holds: u8,
    /// Calls that repair what can be repaired.
    pub(super) steps: Vec<Step>,
    /// Problems that remain after these calls.
    pub(super) rest: Option<Blocked>,
    /// Whether the topic is not ours, and nobody has subscribed the address of the setting to it.
    pub(super) unaddressed: bool,
    /// Subscribers of our topic in accounts that no setting names. They are told and break nothing.
    pub(super) outsiders: Vec<String>,
    /// Who may do more with the topic or its key than listen, by statements and grants that are not ours. They are told
    /// and break nothing.
    pub(super) handlers: Vec<String>,
    /// What is missing to determine who may do so.
    pub(super) unread: Option<String>,
    /// Topics that have our names and are not ours, so that another name is used.
    pub(super) passed: Vec<String>,
}

/// Number of links before the subscriber: the topic, its policy and its key.
pub(super) const LINKS: u8 = 3;

/// Maximum size of a topic's policy in KB ([SNS quotas]).
///
/// [SNS quotas]: https://docs.aws.amazon.com/general/latest/gr/sns.html
const LARGEST: usize = 30;

impl TopicCheck {
    pub(super) fn broken(&mut self, because: String, rest: Option<Blocked>) {
        self.because.get_or_insert(because);
        self.rest = self.rest.take().or(rest);
    }

    fn blocked(&mut self, because: String, blocked: Blocked) {
        match blocked {
            Blocked::Unknown(needs) => self.unclear(needs),
            Blocked::Advise(_) => self.broken(because, Some(blocked)),
        }
    }

    pub(super) fn mended(&mut self, because: String, steps: impl IntoIterator<Item = Step>) {
        self.because.get_or_insert(because);
        self.steps.extend(steps);
    }

    pub(super) fn unclear(&mut self, needs: String) {
        self.because.get_or_insert_with(|| needs.clone());
        self.rest = self.rest.take().or(Some(Blocked::Unknown(needs)));
    }

    /// Returns how close the topic comes to notifying somebody.
    pub(super) fn score(&self) -> (bool, bool, u8) {
        (!self.gone, self.because.is_none(), self.holds)
    }

    fn link(&mut self) {
        if self.because.is_none() {
            self.holds += 1;
        }
    }
}

/// Inputs for checking one alarm's topics.
pub(super) struct TopicChecker<'a> {
    pub(super) view: &'a View,
    pub(super) settings: &'a Settings,
    /// Location of the alarm.
    pub(super) place: &'a Place,
    /// ARN of the alarm.
    pub(super) alarm: &'a str,
}

impl TopicChecker<'_> {
    /// Checks a topic that the alarm notifies.
    pub(super) fn by(&self, arn: &str) -> Result<TopicCheck, Want> {
        let mut topic_check = TopicCheck::default();
        let seen = self.view.topics.get(arn).ok_or_else(|| Want::Topic(arn.to_owned()))?;
        match seen.known() {
            Err(unread) => topic_check.unclear(unread.of(format_args!("topic {arn}"))),
            Ok(None) => {
                topic_check.gone = true;
                topic_check.broken(format!("topic {arn} does not exist"), None);
            }
            Ok(Some(topic)) => {
                topic_check.link();
                self.lets_publish(topic, &mut topic_check);
                topic_check.link();
                self.key_serves(topic, &mut topic_check)?;
                topic_check.link();
                let stranger = self.stranger(topic, &topic_check);
                self.is_notified(&topic.arn, &topic.subscriptions, stranger, &mut topic_check)?;
                topic_check.outsiders = self.outsiders(topic);
                self.handlers(topic, &mut topic_check);
            }
        }
        let account = Arn::parse(arn).map_or("", |arn| arn.account);
        if account != self.place.account && !topic_check.steps.is_empty() {
            topic_check.steps.clear();
            topic_check.rest =
                Some(Blocked::Advise(format!("Have topic {arn} fixed in account {account}, which owns it.")));
        }
        Ok(topic_check)
    }

    /// Checks our topic of a rule, existing or not, with the calls that complete it and give it a subscriber; returns its
    /// ARN, too. A topic of our name that is not our document was there before us, unless it is notified and has our key:
    /// the next name is tried.
    pub(super) fn managed(&self, rule: &AlarmRule, notified: &[String]) -> Result<(String, TopicCheck), Want> {
        let (mut passed, mut arns) = (Vec::new(), managed::topic_arns(self.place, rule));
        let first = arns.first().cloned().unwrap_or_default();
        for arn in arns.drain(..) {
            let seen = self.view.topics.get(&arn).ok_or_else(|| Want::Topic(arn.clone()))?;
            let is_kept = |topic: &&Topic| notified.contains(&arn) && self.has_our_key(topic);
            let why = seen.present().filter(|it| !is_kept(it)).and_then(|topic| self.is_foreign(topic));
            if let Some(why) = why {
                passed.push(format!("topic {arn} {why}, so it is not used"));
                continue;
            }
            let topic_check = if *seen == Seen::Absent { self.created(&arn)? } else { self.by(&arn)? };
            return Ok((arn, TopicCheck { passed, ..topic_check }));
        }
        let mut topic_check = TopicCheck { gone: true, ..TopicCheck::default() };
        let advice = "Find out who made these topics, and delete them. Then Trailkeeper makes its own.".to_owned();
        topic_check.broken(passed.join("; "), Some(Blocked::Advise(advice)));
        Ok((first, topic_check))
    }

    /// Returns the check of a topic that is to be made.
    fn created(&self, arn: &str) -> Result<TopicCheck, Want> {
        let mut topic_check = TopicCheck::default();
        let policy = managed::topic_policy(self.place, arn);
        if let Some((keys, key)) = self.managed_key(&mut topic_check)? {
            let create = TopicStep::Create { arn: arn.to_owned(), policy, key };
            topic_check.mended(String::new(), keys.into_iter().chain([Step::Topic(create)]));
            self.is_notified(arn, &Seen::Absent, None, &mut topic_check)?;
        }
        Ok(topic_check)
    }

    /// Returns how a topic of our name differs from what we make, if it does: the rest of a sentence about it.
    fn is_foreign(&self, topic: &Topic) -> Option<String> {
        if !same(&topic.policy, &managed::topic_policy(self.place, &topic.arn)) {
            return Some("has Trailkeeper's name but not its policy".to_owned());
        }
        let key = topic.key.present()?;
        let stranger = managed::managed_key(self.place).kept_by(self.settings.stack_name()).stranger(key)?;
        Some(format!("has Trailkeeper's name but not its key: key {} {stranger}", key.arn))
    }

    fn known(&self) -> Vec<(&str, &str)> {
        let account = self.place.account.as_str();
        let organization = self.settings.organization.iter().map(|it| ("aws:SourceOrgID", it.id.as_str()));
        [("aws:SourceArn", self.alarm), ("aws:SourceAccount", account), ("aws:SourceOwner", account)]
            .into_iter()
            .chain(organization)
            .collect()
    }

    fn decides(&self, policy: &Value, topic: &str) -> Decision {
        publishes(policy, topic, "cloudwatch.amazonaws.com", &self.known())
    }

    fn lets_publish(&self, topic: &Topic, topic_check: &mut TopicCheck) {
        let arn = &topic.arn;
        let because = format!("CloudWatch may not publish to topic {arn}: its policy does not allow it");
        let unclear = || format!("the policy of topic {arn} has conditions that only a real request can resolve");
        match self.decides(&topic.policy, arn) {
            Decision::Allowed => return self.is_widened(topic, topic_check),
            Decision::Unclear => return topic_check.unclear(unclear()),
            Decision::Denied | Decision::NotAllowed => {}
        }
        let document = managed::topic_policy(self.place, arn);
        let lets: Vec<Value> = statements(&document).last().map(|it| vec![it.to_value()]).unwrap_or_default();
        let advice = match completed(Some(&topic.policy), &lets, LARGEST) {
            Ok(document) => match self.decides(&document, arn) {
                Decision::Allowed => {
                    let replaces = topic.policy.clone();
                    let put = TopicStep::PutPolicy { arn: arn.clone(), service: "CloudWatch", document, replaces };
                    return topic_check.mended(because, [Step::Topic(put)]);
                }
                // Another statement may deny it, and then the grant would not help.
                Decision::Unclear => return topic_check.unclear(unclear()),
                Decision::Denied | Decision::NotAllowed => {
                    format!("A statement in the policy of topic {arn} denies CloudWatch. Remove it.")
                }
            },
            Err(refusal) => format!("The policy of topic {arn} {refusal}. Then CloudWatch will be allowed."),
        };
        topic_check.broken(because, Some(Blocked::Advise(advice)));
    }

    /// Checks that nobody was let into our topic who may do more than listen. Any other topic is a customer's. The document
    /// is put back only where the topic is surely ours: it is encrypted with our key, as only we make it.
    fn is_widened(&self, topic: &Topic, topic_check: &mut TopicCheck) {
        let arn = &topic.arn;
        let ours = managed::topic_policy(self.place, arn);
        let excess = excess(&topic.policy, &ours, &self.place.account);
        let document = excess.cut(&topic.policy);
        let holds = beyond(&ours, &topic.policy).is_empty();
        let is_ours = managed::is_topic(self.place, arn) && self.has_our_key(topic);
        if is_ours && holds && !excess.harmful.is_empty() && self.decides(&document, arn) == Decision::Allowed {
            let because = format!("by the policy of topic {arn}, {excess}");
            let (arn, replaces) = (arn.clone(), topic.policy.clone());
            let put = TopicStep::PutPolicy { arn, service: "CloudWatch", document, replaces };
            topic_check.mended(because, [Step::Topic(put)]);
        }
    }

    fn has_our_key(&self, topic: &Topic) -> bool {
        let wanted = managed::managed_key(self.place).kept_by(self.settings.stack_name());
        topic.key.present().is_some_and(|key| wanted.stranger(key).is_none())
    }

    /// Finds who may do more with a topic of our name than listen, after these calls, and who may use its key by a grant of
    /// somebody else's.
    fn handlers(&self, topic: &Topic, topic_check: &mut TopicCheck) {
        let arn = &topic.arn;
        if managed::is_topic(self.place, arn) {
            let excess = self.left(topic, topic_check);
            topic_check
                .handlers
                .extend((!excess.is_empty()).then(|| format!("by the policy of topic {arn}, {excess}")));
        }
        let Some(key) = topic.key.present() else { return };
        let trusted = |name: &str| {
            account_of(name).is_some_and(|it| self.settings.record_destinations.account(self.place, it).is_wanted())
        };
        match key.grants.known() {
            Ok(grants) => {
                let mut strange =
                    grants.into_iter().flatten().filter(|it| it.is_strange(&self.place.account, &trusted));
                let (first, more) = (strange.next(), strange.count());
                let more = if more == 0 { String::new() } else { format!(", and {more} more") };
                let told = first.map(|grant| format!("by the grants of key {}, {grant}{more}", key.arn));
                topic_check.handlers.extend(told);
            }
            Err(unread @ Unread::Denied(_)) => {
                topic_check.unread = Some(unread.of(format_args!("the grants of key {}", key.arn)));
            }
            Err(Unread::NotAsked) => {}
        }
    }

    /// Returns what the policy of a topic of our name allows beyond our document after these calls.
    fn left(&self, topic: &Topic, topic_check: &TopicCheck) -> Excess {
        let arn = &topic.arn;
        let put = topic_check.steps.iter().find_map(|step| match step {
            Step::Topic(TopicStep::PutPolicy { arn: of, document, .. }) if of == arn => Some(document),
            _ => None,
        });
        let ours = managed::topic_policy(self.place, arn);
        excess(put.unwrap_or(&topic.policy), &ours, &self.place.account)
    }

    /// Returns why a topic is not ours, if so: it has another name, or its policy is not our document, even after these
    /// calls. Whoever made it may read what it is told and end it, so nobody is subscribed to it.
    fn stranger(&self, topic: &Topic, topic_check: &TopicCheck) -> Option<String> {
        let arn = &topic.arn;
        if !managed::is_topic(self.place, arn) {
            return Some("Trailkeeper did not make it".to_owned());
        }
        let excess = self.left(topic, topic_check);
        (!excess.is_empty()).then(|| format!("it has Trailkeeper's name but not its policy: {excess}"))
    }

    fn key_serves(&self, topic: &Topic, topic_check: &mut TopicCheck) -> Result<(), Want> {
        let Some(id) = &topic.key_id else { return Ok(()) };
        let because = format!("CloudWatch may not publish to topic {}: it may not use its key {id}", topic.arn);
        let key = match topic.key.known() {
            Ok(Some(key)) if key.customers => key,
            Err(unread) => {
                topic_check.unclear(unread.of(format_args!("key {id}")));
                return Ok(());
            }
            // Nobody can change the policy of an AWS managed key, and nobody can use a key that is gone.
            Ok(_) => {
                if let Some((keys, key)) = self.managed_key(topic_check)? {
                    let set = TopicStep::SetKey { arn: topic.arn.clone(), key, replaces: id.clone() };
                    topic_check.mended(because, keys.into_iter().chain([Step::Topic(set)]));
                }
                return Ok(());
            }
        };
        let managed = managed::managed_key(self.place).kept_by(self.settings.stack_name());
        let because = managed.widened(key).unwrap_or(because);
        match managed.repair(key, &[managed::alarm_needs(self.place, self.alarm)]) {
            Ok(steps) if steps.is_empty() => {}
            Ok(steps) => topic_check.mended(because, steps.into_iter().map(Step::Key)),
            Err(blocked) => topic_check.blocked(because, blocked),
        }
        Ok(())
    }

    /// Returns the calls that prepare our key, and its ARN; `None` if it cannot be used.
    fn managed_key(&self, topic_check: &mut TopicCheck) -> Result<Option<(Vec<Step>, String)>, Want> {
        let region: &Region = &self.place.region;
        let seen = self.view.keys.get(region).ok_or_else(|| Want::Key(region.clone()))?;
        let needs = [managed::alarm_needs(self.place, self.alarm)];
        let wanted = managed::managed_key(self.place).kept_by(self.settings.stack_name());
        Ok(match wanted.ready(self.place, region, seen, &needs) {
            Ok(ReadyKey { steps, id, alias: _ }) => Some((steps.into_iter().map(Step::Key).collect(), id)),
            Err(blocked) => {
                topic_check.blocked("the key of the alarm topics does not work".to_owned(), blocked);
                None
            }
        })
    }
}

/// Returns the policy with every AWS principal widened to everybody: a service may do what `{"AWS": "*"}` allows, such as
/// an alarm of the topic's own account under SNS's default topic policy, with the account as `AWS:SourceOwner`.
pub(super) fn opened(policy: &Value) -> Value {
    let mut whole = policy.clone();
    let all = match whole.get_mut("Statement") {
        Some(Value::Array(all)) => all.as_mut_slice(),
        Some(single) => std::slice::from_mut(single),
        None => &mut [],
    };
    for statement in all {
        let principal = statement.get("Principal").and_then(|it| it.get("AWS"));
        if principal.is_some_and(|it| *it == json!("*") || *it == json!(["*"])) {
            statement["Principal"] = json!("*");
        }
    }
    whole
}

/// Returns the topics among an alarm's actions that are in its region; CloudWatch notifies no others.
pub(super) fn topics<'a>(actions: &'a [String], region: &Region) -> impl Iterator<Item = &'a str> {
    let is_topic = |arn: &Arn<'_>| arn.service == "sns" && arn.region == region.as_str() && !arn.resource.contains(':');
    actions.iter().map(String::as_str).filter(move |arn| Arn::parse(arn).as_ref().is_some_and(is_topic))
}
