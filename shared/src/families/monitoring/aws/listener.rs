//! Who is behind a confirmed subscription: its filter policy, and the queue, function or stream that it leads to.

use super::Alarms;
use crate::aws::call;
use crate::documents::policy::parsed;
use crate::families::monitoring::listener::{Endpoint, is_own};
use crate::families::monitoring::{Behind, FilterPolicy, Listener};
use crate::model::{Arn, CallError, Place, Region, Seen};
use aws_sdk_sqs::types::QueueAttributeName;
use futures_util::future::try_join;
use serde_json::Value;

impl Alarms {
    /// Reads what decides whether a subscription receives an alarm.
    pub(super) async fn listener(
        &self,
        place: &Place,
        topic: &str,
        arn: &str,
        endpoint: &str,
    ) -> Result<Listener, CallError> {
        let filter =
            async { if is_own(place, topic) { self.filter_policy(topic, arn).await } else { Ok(Seen::NotAsked) } };
        let behind = async {
            match Endpoint::of(endpoint, &place.account) {
                Some(Endpoint::Queue) => Ok(self.queue_policy(endpoint).await?.map(Behind::Policy)),
                Some(Endpoint::Function) => Ok(self.function_policy(endpoint).await?.map(Behind::Policy)),
                Some(Endpoint::Stream) => Ok(self.stream_status(endpoint).await?.map(Behind::Stream)),
                None => Ok(Seen::NotAsked),
            }
        };
        let (filter, endpoint) = Box::pin(try_join(filter, behind)).await?;
        Ok(Listener { filter, endpoint })
    }

    /// Reads the filter policy of a subscription. One that has ended in the meantime is not known to let anything through.
    async fn filter_policy(&self, topic: &str, arn: &str) -> Result<Seen<FilterPolicy>, CallError> {
        let sent = self.sns.of(&region(topic)).get_subscription_attributes().subscription_arn(arn).send();
        let answer = Box::pin(call("sns:GetSubscriptionAttributes", sent)).await;
        let attributes = match Seen::from_call(answer.map(|it| it.attributes.unwrap_or_default()))? {
            Seen::Absent => return Ok(Seen::NotAsked),
            seen => seen,
        };
        Ok(attributes.and_then(|attributes| {
            let document = attributes.get("FilterPolicy").map(|text| parsed(text))?;
            let of_body = attributes.get("FilterPolicyScope").is_some_and(|scope| scope == "MessageBody");
            // An empty policy filters nothing.
            let empty = document.is_null() || document.as_object().is_some_and(serde_json::Map::is_empty);
            (!empty).then_some(FilterPolicy { of_body, document })
        }))
    }

    /// Reads the policy of a queue of this account.
    async fn queue_policy(&self, arn: &str) -> Result<Seen<Value>, CallError> {
        let name = Arn::parse(arn).map_or("", |arn| arn.resource);
        let client = self.sqs.of(&region(arn));
        let url = Box::pin(call("sqs:GetQueueUrl", client.get_queue_url().queue_name(name).send())).await;
        let url = match Seen::from_call(url.map(|it| it.queue_url.unwrap_or_default()))?.into_present() {
            Ok(url) => url,
            Err(none) => return Ok(none),
        };
        let get = client.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::Policy);
        let answer = Box::pin(call("sqs:GetQueueAttributes", get.send())).await;
        let attributes = Seen::from_call(answer.map(|it| it.attributes.unwrap_or_default()))?;
        let policy = QueueAttributeName::Policy;
        Ok(attributes.map(|all| all.get(&policy).map(|text| parsed(text)).unwrap_or_default()))
    }

    /// Reads the policy of a function of this account. Lambda's answer is the same for a function without a policy, which
    /// no service may invoke, and for one that does not exist.
    async fn function_policy(&self, arn: &str) -> Result<Seen<Value>, CallError> {
        let sent = self.lambda.of(&region(arn)).get_policy().function_name(arn).send();
        let answer = Box::pin(call("lambda:GetPolicy", sent)).await;
        Ok(Seen::from_call(answer)?.and_then(|it| it.policy.as_deref().map(parsed)))
    }

    /// Reads whether a Firehose stream of this account takes records.
    async fn stream_status(&self, arn: &str) -> Result<Seen<String>, CallError> {
        let name = Arn::parse(arn).map_or("", |arn| arn.name());
        let sent = self.firehose.of(&region(arn)).describe_delivery_stream().delivery_stream_name(name).limit(1).send();
        let answer = Box::pin(call("firehose:DescribeDeliveryStream", sent)).await;
        let described = Seen::from_call(answer.map(|it| it.delivery_stream_description))?;
        Ok(described.and_then(|it| it.map(|it| it.delivery_stream_status.as_str().to_owned())))
    }
}

fn region(arn: &str) -> Region {
    Region::of_arn(arn).unwrap_or_else(Region::first)
}
