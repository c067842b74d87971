//! SNS topics: reading them with their subscriptions, and the calls that create or complete them.

use super::texts::Texts;
use super::{Aws, Keys, PerRegion, call, write_call};
use crate::managed::key::KeyNeed;
use crate::managed::key::wanted::ManagedKey;
use crate::managed::tag::MANAGED_TAG;
use crate::managed::topic::step::TopicStep;
use crate::managed::topic::{Subscription, SubscriptionState, Topic};
use crate::model::{Arn, CallError, ErrorKind, Property, Region, Seen};
use aws_sdk_sns::Client;
use aws_sdk_sns::types::Tag;
use serde_json::Value;

/// Topics of the account.
#[derive(Debug)]
pub struct Topics {
    clients: PerRegion<Client>,
    texts: Texts,
}

impl Topics {
    /// Creates access to the topics of the account.
    #[must_use]
    pub fn new(aws: &Aws) -> Self {
        Self { clients: PerRegion::new(aws.config(), Client::new), texts: aws.texts.clone() }
    }

    fn of(&self, arn: &str) -> Client {
        self.clients.of(&Region::of_arn(arn).unwrap_or_else(Region::first))
    }

    /// Reads a topic with its key, but without its subscriptions.
    ///
    /// # Errors
    /// Returns an error if the call fails for any reason other than "denied" or "gone".
    pub async fn read(
        &self,
        arn: &str,
        keys: &Keys,
        wanted: &ManagedKey,
        need: &KeyNeed<'_>,
    ) -> Result<Seen<Topic>, CallError> {
        let sent = self.of(arn).get_topic_attributes().topic_arn(arn).send();
        let answer = Box::pin(call("sns:GetTopicAttributes", sent)).await;
        let attributes = match Seen::from_call(answer.map(|it| it.attributes.unwrap_or_default()))?.into_present() {
            Ok(attributes) => attributes,
            Err(none) => return Ok(none),
        };
        let key_id = attributes.get("KmsMasterKeyId").filter(|id| !id.is_empty()).cloned();
        let region = Region::of_arn(arn).unwrap_or_else(Region::first);
        let key = match &key_id {
            Some(id) => Box::pin(keys.used(&region, id, wanted, need)).await?,
            None => Seen::Absent,
        };
        let policy = attributes.get("Policy").map(|text| self.parsed(arn, text)).unwrap_or_default();
        Ok(Seen::Present(Topic { arn: arn.to_owned(), policy, key_id, key, subscriptions: Seen::NotAsked }))
    }

    fn parsed(&self, arn: &str, policy: &str) -> Value {
        self.texts.parsed(Property::TopicPolicy { arn: arn.to_owned() }, policy)
    }

    /// Reads the subscriptions, page by page until a certain one is found.
    ///
    /// # Errors
    /// Returns an error if the call fails for any reason other than "denied" or "gone".
    pub async fn subscriptions(
        &self,
        arn: &str,
        sought: impl Fn(&Subscription) -> bool,
    ) -> Result<Seen<Vec<Subscription>>, CallError> {
        let mut pages = self.of(arn).list_subscriptions_by_topic().topic_arn(arn).into_paginator().send();
        let mut all = Vec::new();
        loop {
            let next = Box::pin(call("sns:ListSubscriptionsByTopic", async { pages.next().await.transpose() })).await;
            let page = match Seen::from_call(next)?.into_present() {
                Ok(Some(page)) => page.subscriptions.unwrap_or_default(),
                Ok(None) => return Ok(Seen::Present(all)),
                Err(none) => return Ok(none),
            };
            all.extend(page.into_iter().map(|it| Subscription {
                arn: it.subscription_arn().unwrap_or_default().to_owned(),
                state: SubscriptionState::of(it.subscription_arn().unwrap_or_default()),
                protocol: it.protocol.unwrap_or_default(),
                endpoint: it.endpoint.unwrap_or_default(),
            }));
            if all.iter().any(&sought) {
                return Ok(Seen::Present(all));
            }
        }
    }

    /// Makes one call.
    ///
    /// # Errors
    /// Returns an error if the call fails.
    pub async fn apply(&self, step: &TopicStep, keys: &Keys) -> Result<(), CallError> {
        let client = self.of(step.topic());
        match step {
            TopicStep::Create { arn, policy, key } => {
                let key = keys.resolve(key).await?;
                let tag = Tag::builder().key(MANAGED_TAG.0).value(MANAGED_TAG.1).build().ok();
                let name = Arn::parse(arn).map_or(arn.as_str(), |arn| arn.resource);
                let create = client.create_topic().name(name).attributes("Policy", policy.to_string());
                let create = create.attributes("KmsMasterKeyId", key).set_tags(tag.map(|tag| vec![tag]));
                write_call("sns:CreateTopic", create.send()).await.map(|_| ())
            }
            TopicStep::PutPolicy { arn, document, service: _, replaces: _ } => {
                let set = client.set_topic_attributes().topic_arn(arn).attribute_name("Policy");
                write_call("sns:SetTopicAttributes", set.attribute_value(document.to_string()).send()).await.map(|_| ())
            }
            TopicStep::SetKey { arn, key, replaces: _ } => {
                let key = keys.resolve(key).await?;
                let set = client.set_topic_attributes().topic_arn(arn).attribute_name("KmsMasterKeyId");
                write_call("sns:SetTopicAttributes", set.attribute_value(key).send()).await.map(|_| ())
            }
            TopicStep::Subscribe { topic, protocol, endpoint } => {
                // Each call makes SNS ask the person once more, and another run may have done so in the meantime.
                let is_it = |it: &Subscription| it.endpoint == *endpoint && it.state != SubscriptionState::Deleted;
                let asks = *protocol != "sqs";
                if asks
                    && Box::pin(self.subscriptions(topic, is_it))
                        .await?
                        .present()
                        .is_some_and(|all| all.iter().any(is_it))
                {
                    return Err(subscribed(topic, endpoint));
                }
                let sent = client.subscribe().topic_arn(topic).protocol(*protocol).endpoint(endpoint).send();
                write_call("sns:Subscribe", sent).await.map(|_| ())
            }
        }
    }
}

fn subscribed(topic: &str, endpoint: &str) -> CallError {
    let message = format!("someone else subscribed {endpoint} to topic {topic} in the meantime");
    CallError { action: "sns:Subscribe", kind: ErrorKind::Exists, code: "AlreadySubscribed".to_owned(), message }
}
