//! SNS topics and their subscriptions.

use super::{Properties, parse, part, region_of, unclear};
use crate::aws::{call, write_call};
use crate::documents::policy::text_of;
use crate::managed::topic::SubscriptionState;
use crate::model::{CallError, Property, Seen};
use serde_json::{Value, json};

impl Properties {
    pub(super) async fn read_topic(&self, arn: &str, property: &Property) -> Result<Seen<Value>, CallError> {
        let sent = self.topics.of(&region_of(arn)?).get_topic_attributes().topic_arn(arn).send();
        let answer = Seen::from_call(call("sns:GetTopicAttributes", Box::pin(sent)).await)?;
        Ok(part(answer.map(|it| it.attributes.unwrap_or_default()), |all| {
            let policy = all.get("Policy").map(|text| self.texts.parsed(property.clone(), text)).unwrap_or_default();
            let key = all.get("KmsMasterKeyId");
            match property {
                Property::TopicPolicy { .. } => policy,
                Property::TopicKey { .. } => json!({ "KmsMasterKeyId": key }),
                _ => json!({ "TopicArn": arn, "Policy": policy, "KmsMasterKeyId": key }),
            }
        }))
    }

    pub(super) async fn set_topic(
        &self,
        arn: &str,
        property: &Property,
        value: Option<&Value>,
    ) -> Result<(), CallError> {
        let client = self.topics.of(&region_of(arn)?);
        let set = client.set_topic_attributes().topic_arn(arn);
        let set = match property {
            Property::TopicPolicy { .. } => {
                let value = value.ok_or_else(|| unclear("sns:SetTopicAttributes"))?;
                set.attribute_name("Policy").attribute_value(text_of(value))
            }
            Property::TopicKey { .. } => {
                let key = value.and_then(|it| parse::any_text(it, "KmsMasterKeyId")).unwrap_or_default();
                set.attribute_name("KmsMasterKeyId").attribute_value(key)
            }
            _ => {
                return write_call("sns:DeleteTopic", client.delete_topic().topic_arn(arn).send()).await.map(|_| ());
            }
        };
        write_call("sns:SetTopicAttributes", set.send()).await.map(|_| ())
    }

    /// Returns the subscriptions of a topic: ARN, protocol and endpoint of each.
    pub(super) async fn subscriptions(&self, topic: &str) -> Result<Seen<Vec<[String; 3]>>, CallError> {
        let list = self.topics.of(&region_of(topic)?).list_subscriptions_by_topic().topic_arn(topic);
        let mut pages = list.into_paginator().items().send();
        let mut all = Vec::new();
        loop {
            let next = call("sns:ListSubscriptionsByTopic", async { pages.next().await.transpose() }).await;
            match Seen::from_call(next)?.into_present() {
                Ok(Some(it))
                    if it.subscription_arn().map(SubscriptionState::of) == Some(SubscriptionState::Deleted) => {}
                Ok(Some(it)) => {
                    all.push([it.subscription_arn, it.protocol, it.endpoint].map(Option::unwrap_or_default));
                }
                Ok(None) => return Ok(Seen::Present(all)),
                Err(none) => return Ok(none),
            }
        }
    }

    pub(super) async fn read_subscription(
        &self,
        topic: &str,
        protocol: &str,
        endpoint: &str,
    ) -> Result<Seen<Value>, CallError> {
        let all = self.subscriptions(topic).await?;
        Ok(all.and_then(|all| all.into_iter().find(|[_, by, to]| by == protocol && to == endpoint)).map(|[arn, ..]| {
            let mut found = json!({ "TopicArn": topic, "Protocol": protocol, "Endpoint": endpoint });
            if let (SubscriptionState::Confirmed, Some(map)) = (SubscriptionState::of(&arn), found.as_object_mut()) {
                map.insert("SubscriptionArn".to_owned(), Value::String(arn));
            }
            found
        }))
    }

    pub(super) async fn unsubscribe(&self, topic: &str, arn: Option<&str>) -> Result<(), CallError> {
        let arn = arn.ok_or_else(|| unclear("sns:Unsubscribe"))?;
        let sent = self.topics.of(&region_of(topic)?).unsubscribe().subscription_arn(arn).send();
        write_call("sns:Unsubscribe", sent).await.map(|_| ())
    }
}
