//! SQS queues.

use super::{Properties, part};
use crate::aws::{call, write_call};
use crate::documents::policy::text_of;
use crate::model::{CallError, Property, Region, Seen};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Attributes that count the messages of a queue.
const MESSAGES: [QueueAttributeName; 3] = [
    QueueAttributeName::ApproximateNumberOfMessages,
    QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
];

impl Properties {
    async fn queue(&self, region: &Region, url: &str) -> Result<Seen<HashMap<QueueAttributeName, String>>, CallError> {
        let ask = self.queues.of(region).get_queue_attributes().queue_url(url);
        let sent = ask.attribute_names(QueueAttributeName::All).send();
        let answer = Seen::from_call(call("sqs:GetQueueAttributes", Box::pin(sent)).await)?;
        Ok(answer.map(|it| it.attributes.unwrap_or_default()))
    }

    pub(super) async fn read_queue(
        &self,
        region: &Region,
        url: &str,
        property: &Property,
    ) -> Result<Seen<Value>, CallError> {
        Ok(part(self.queue(region, url).await?, |all| {
            let policy = all.get(&QueueAttributeName::Policy).filter(|text| !text.is_empty());
            let policy = policy.map(|text| self.texts.parsed(property.clone(), text)).unwrap_or_default();
            if let Property::QueuePolicy { .. } = property {
                return policy;
            }
            let name = url.rsplit('/').next();
            json!({ "QueueName": name, "Policy": policy, "KmsMasterKeyId": all.get(&QueueAttributeName::KmsMasterKeyId) })
        }))
    }

    /// Returns whether a queue holds messages.
    pub(super) async fn queue_is_full(&self, region: &Region, url: &str) -> Result<bool, CallError> {
        let Seen::Present(all) = self.queue(region, url).await? else { return Ok(false) };
        Ok(MESSAGES.iter().any(|count| all.get(count).is_some_and(|count| count != "0")))
    }

    pub(super) async fn set_queue_policy(
        &self,
        region: &Region,
        url: &str,
        value: Option<&Value>,
    ) -> Result<(), CallError> {
        // An empty policy is none.
        let policy = value.map(text_of).unwrap_or_default();
        let set = self.queues.of(region).set_queue_attributes().queue_url(url);
        let set = set.attributes(QueueAttributeName::Policy, policy);
        write_call("sqs:SetQueueAttributes", set.send()).await.map(|_| ())
    }

    pub(super) async fn delete_queue(&self, region: &Region, url: &str) -> Result<(), CallError> {
        write_call("sqs:DeleteQueue", self.queues.of(region).delete_queue().queue_url(url).send()).await.map(|_| ())
    }
}
