//! Topics and queues that announce deliveries: reading them, and creating ours.

use super::Trails;
use crate::aws::{call, write_call};
use crate::families::trail::notices::{MANAGED_TOPIC, Notices, Queue};
use crate::families::trail::{NoticeStep, notices};
use crate::managed::tag::MANAGED_TAG;
use crate::managed::topic::Topic;
use crate::model::{CallError, Place, Property, Seen};
use aws_sdk_sqs::types::QueueAttributeName;
use futures_util::future::try_join3;

impl Trails {
    /// Reads the trail's topic; if there is none or it is gone, ours with everything that belongs to it.
    pub(super) async fn notices(&self, place: &Place, topic: Option<&str>, trail: &str) -> Result<Notices, CallError> {
        let (managed, wanted) = (notices::topic_arn(place), notices::managed_key(place));
        if let Some(arn) = topic.filter(|arn| *arn != managed) {
            let topic = self.topic(place, arn, trail).await?;
            if topic != Seen::Absent {
                return Ok(Notices { topic, queue: Seen::NotAsked, key: Seen::NotAsked });
            }
        }
        let (mut topic, queue, key) = Box::pin(try_join3(
            self.topic(place, &managed, trail),
            self.queue(place),
            self.keys.managed(&place.region, &wanted),
        ))
        .await?;
        if let Seen::Present(topic) = &mut topic {
            let queue = notices::queue_arn(place);
            topic.subscriptions = self.topics.subscriptions(&managed, |it| it.endpoint == queue).await?;
        }
        Ok(Notices { topic, queue, key })
    }

    async fn topic(&self, place: &Place, arn: &str, trail: &str) -> Result<Seen<Topic>, CallError> {
        let need = notices::trail_needs(place, trail);
        self.topics.read(arn, &self.keys, &notices::managed_key(place), &need).await
    }

    async fn queue(&self, place: &Place) -> Result<Seen<Queue>, CallError> {
        let client = self.queues.of(&place.region);
        let url = call("sqs:GetQueueUrl", client.get_queue_url().queue_name(MANAGED_TOPIC).send()).await;
        let url = match Seen::from_call(url.map(|it| it.queue_url.unwrap_or_default()))?.into_present() {
            Ok(url) => url,
            Err(none) => return Ok(none),
        };
        let property =
            Property::QueuePolicy { url: Property::queue_url(place, MANAGED_TOPIC), region: place.region.clone() };
        let get = client.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
        let answer = Box::pin(call("sqs:GetQueueAttributes", get.send())).await;
        let attributes = answer.map(|it| it.attributes.unwrap_or_default());
        Ok(Seen::from_call(attributes)?.map(|attributes| {
            let of = |name: &QueueAttributeName| attributes.get(name).filter(|value| !value.is_empty());
            let sse = of(&QueueAttributeName::SqsManagedSseEnabled).is_some_and(|value| value == "true");
            Queue {
                policy: of(&QueueAttributeName::Policy).map(|text| self.texts.parsed(property.clone(), text)),
                encrypted: sse || of(&QueueAttributeName::KmsMasterKeyId).is_some(),
            }
        }))
    }

    pub(super) async fn notify(&self, place: &Place, step: &NoticeStep) -> Result<(), CallError> {
        let queues = self.queues.of(&place.region);
        match step {
            NoticeStep::Topic(step) => self.topics.apply(step, &self.keys).await,
            NoticeStep::CreateQueue { policy, key } => {
                let key = self.keys.resolve(key).await?;
                let create = queues.create_queue().queue_name(MANAGED_TOPIC).tags(MANAGED_TAG.0, MANAGED_TAG.1);
                let create = create.attributes(QueueAttributeName::Policy, policy.to_string());
                write_call("sqs:CreateQueue", create.attributes(QueueAttributeName::KmsMasterKeyId, key).send())
                    .await
                    .map(|_| ())
            }
            NoticeStep::PutQueuePolicy { document, replaces: _ } => {
                let url = call("sqs:GetQueueUrl", queues.get_queue_url().queue_name(MANAGED_TOPIC).send()).await?;
                let set = queues.set_queue_attributes().set_queue_url(url.queue_url);
                let set = set.attributes(QueueAttributeName::Policy, document.to_string());
                write_call("sqs:SetQueueAttributes", set.send()).await.map(|_| ())
            }
        }
    }
}
