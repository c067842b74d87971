//! Publishes reports to their SNS topic.

use super::{Aws, call};
use crate::model::{CallError, Region};
use crate::report::message::Message;
use aws_sdk_sns::types::MessageAttributeValue;
use std::collections::BTreeSet;

impl Aws {
    /// Publishes one message.
    ///
    /// # Errors
    /// Returns an error if the call fails. The report must not be lost then: the caller keeps it.
    pub async fn publish(&self, topic: &str, message: Message) -> Result<(), CallError> {
        // A topic is accessed in its own region, wherever the function runs. The setting was validated to name one.
        let client = match Region::of_arn(topic) {
            Some(region) => self.topics.of(&region),
            None => aws_sdk_sns::Client::new(self.config()),
        };
        let mut publish =
            client.publish().topic_arn(topic).subject(message.subject).message(message.body).message_structure("json");
        for (name, values) in message.attributes {
            if let Some(value) = attribute(&values) {
                publish = publish.message_attributes(name, value);
            }
        }
        call("sns:Publish", Box::pin(publish.send())).await.map(|_| ())
    }
}

/// Returns a message attribute: a string for one value; for several an array, of which a filter policy needs to match
/// one.
fn attribute(values: &BTreeSet<String>) -> Option<MessageAttributeValue> {
    let (kind, value) = match values.len() {
        0 => return None,
        1 => ("String", values.first()?.clone()),
        _ => ("String.Array", serde_json::json!(values).to_string()),
    };
    MessageAttributeValue::builder().data_type(kind).string_value(value).build().ok()
}
