//! Publishes messages to people.

use super::runtime::Failure;
use crate::aws::Aws;
use crate::model::CallError;
use crate::report::message::Message;
use tokio::time::{Instant, timeout_at};
use tracing::info;

/// Publishes these messages. If there is no topic, or it cannot be reached, the complete report is logged instead.
pub(crate) async fn publish(
    family: &'static str,
    aws: &Aws,
    topic: Option<&str>,
    messages: Vec<Message>,
    by: Instant,
) -> Result<(), Failure> {
    let mut outcome = Ok(());
    for message in messages {
        let (subject, whole) = (message.subject.clone(), message.report.clone());
        if let Some(topic) = topic {
            let problem = match timeout_at(by, aws.publish(topic, message)).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => CallError::OUT_OF_TIME.to_owned(),
            };
            outcome = Err(Failure::again(format!("the report could not be published: {problem}")));
        }
        info!(family, report = whole, "{subject}");
    }
    outcome
}
