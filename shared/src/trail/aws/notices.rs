//! Topics and queues: reading what tells of deliveries, and making ours.

use super::Trails;
use crate::aws::call;
use crate::error::CallError;
use crate::model::Seen;
use crate::place::{Arn, Place, Region};
use crate::policy::parsed;
use crate::role::OUR_TAG;
use crate::trail::NoticeStep;
use crate::trail::notices::{self, Notices, OUR_NOTICES_KEY, OUR_TOPIC, Queue, Topic};
use aws_sdk_sns::types::Tag;
use aws_sdk_sqs::types::QueueAttributeName;
use futures_util::future::try_join3;
use serde_json::Value;

impl Trails {
    /// The trail's topic; where it has none or one that is gone, ours with all that belongs to it.
    pub(super) async fn notices(&self, place: &Place, topic: Option<&str>, trail: &str) -> Result<Notices, CallError> {
        let ours = notices::topic_arn(place);
        if let Some(arn) = topic.filter(|arn| *arn != ours) {
            let topic = self.topic(place, arn, trail).await?;
            if topic != Seen::Absent {
                return Ok(Notices { topic, queue: None, key: None });
            }
        }
        let (mut topic, queue, key) = Box::pin(try_join3(
            self.topic(place, &ours, trail),
            self.queue(place),
            self.keys.ours(&place.region, OUR_NOTICES_KEY),
        ))
        .await?;
        if let Seen::Present(topic) = &mut topic {
            topic.feeds_queue = Some(self.feeds(place, &ours).await?);
        }
        Ok(Notices { topic, queue: Some(queue), key: Some(key) })
    }

    async fn topic(&self, place: &Place, arn: &str, trail: &str) -> Result<Seen<Topic>, CallError> {
        let region = Arn::parse(arn).and_then(|arn| Region::parse(arn.region)).unwrap_or_else(|| place.region.clone());
        let sent = self.topics.of(&region).get_topic_attributes().topic_arn(arn).send();
        let answer = Box::pin(call("sns:GetTopicAttributes", sent)).await;
        let attributes = match Seen::from_call(answer.map(|it| it.attributes.unwrap_or_default()))? {
            Seen::Present(attributes) => attributes,
            Seen::Absent => return Ok(Seen::Absent),
            Seen::Unreadable(action) => return Ok(Seen::Unreadable(action)),
        };
        let key_id = attributes.get("KmsMasterKeyId").filter(|id| !id.is_empty()).cloned();
        let need = notices::trail_needs(place, trail);
        let serves = |policy: &Value| notices::our_key(place).missing(policy, &need) == Some(vec![]);
        let key = match &key_id {
            Some(id) => self.keys.used(&region, id, serves).await?,
            None => Seen::Absent,
        };
        let policy = attributes.get("Policy").map(|text| parsed(text)).unwrap_or_default();
        Ok(Seen::Present(Topic { arn: arn.to_owned(), policy, key_id, key, feeds_queue: None }))
    }

    async fn queue(&self, place: &Place) -> Result<Seen<Queue>, CallError> {
        let client = self.queues.of(&place.region);
        let url = call("sqs:GetQueueUrl", client.get_queue_url().queue_name(OUR_TOPIC).send()).await;
        let url = match Seen::from_call(url.map(|it| it.queue_url.unwrap_or_default()))? {
            Seen::Present(url) => url,
            Seen::Absent => return Ok(Seen::Absent),
            Seen::Unreadable(action) => return Ok(Seen::Unreadable(action)),
        };
        let get = client.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
        let answer = Box::pin(call("sqs:GetQueueAttributes", get.send())).await;
        let attributes = answer.map(|it| it.attributes.unwrap_or_default());
        Ok(Seen::from_call(attributes)?.map(|attributes| {
            let of = |name: &QueueAttributeName| attributes.get(name).filter(|value| !value.is_empty());
            let sse = of(&QueueAttributeName::SqsManagedSseEnabled).is_some_and(|value| value == "true");
            Queue {
                policy: of(&QueueAttributeName::Policy).map(|text| parsed(text)),
                encrypted: sse || of(&QueueAttributeName::KmsMasterKeyId).is_some(),
            }
        }))
    }

    async fn feeds(&self, place: &Place, topic: &str) -> Result<Seen<bool>, CallError> {
        let queue = notices::queue_arn(place);
        let list = self.topics.of(&place.region).list_subscriptions_by_topic().topic_arn(topic);
        let mut pages = list.into_paginator().items().send();
        loop {
            let next = call("sns:ListSubscriptionsByTopic", async { pages.next().await.transpose() }).await;
            match Seen::from_call(next)? {
                Seen::Present(Some(it)) if it.endpoint() == Some(&queue) => return Ok(Seen::Present(true)),
                Seen::Present(Some(_)) => {}
                Seen::Present(None) | Seen::Absent => return Ok(Seen::Present(false)),
                Seen::Unreadable(action) => return Ok(Seen::Unreadable(action)),
            }
        }
    }

    pub(super) async fn notify(&self, place: &Place, step: &NoticeStep) -> Result<(), CallError> {
        let (topics, queues) = (self.topics.of(&place.region), self.queues.of(&place.region));
        match step {
            NoticeStep::CreateTopic { arn: _, policy, key } => {
                let key = self.keys.resolve(key).await?;
                let tag = Tag::builder().key(OUR_TAG.0).value(OUR_TAG.1).build().ok();
                let create = topics.create_topic().name(OUR_TOPIC).attributes("Policy", policy.to_string());
                let create = create.attributes("KmsMasterKeyId", key).set_tags(tag.map(|tag| vec![tag]));
                call("sns:CreateTopic", create.send()).await.map(|_| ())
            }
            NoticeStep::PutTopicPolicy { arn, document, replaces: _ } => {
                let set = topics.set_topic_attributes().topic_arn(arn).attribute_name("Policy");
                call("sns:SetTopicAttributes", set.attribute_value(document.to_string()).send()).await.map(|_| ())
            }
            NoticeStep::CreateQueue { policy, key } => {
                let key = self.keys.resolve(key).await?;
                let create = queues.create_queue().queue_name(OUR_TOPIC).tags(OUR_TAG.0, OUR_TAG.1);
                let create = create.attributes(QueueAttributeName::Policy, policy.to_string());
                call("sqs:CreateQueue", create.attributes(QueueAttributeName::KmsMasterKeyId, key).send())
                    .await
                    .map(|_| ())
            }
            NoticeStep::PutQueuePolicy { document, replaces: _ } => {
                let url = call("sqs:GetQueueUrl", queues.get_queue_url().queue_name(OUR_TOPIC).send()).await?;
                let set = queues.set_queue_attributes().set_queue_url(url.queue_url);
                let set = set.attributes(QueueAttributeName::Policy, document.to_string());
                call("sqs:SetQueueAttributes", set.send()).await.map(|_| ())
            }
            NoticeStep::Subscribe { topic, queue } => {
                let sent = topics.subscribe().topic_arn(topic).protocol("sqs").endpoint(queue).send();
                call("sns:Subscribe", sent).await.map(|_| ())
            }
        }
    }
}
