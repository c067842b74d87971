//! Keeps messages that could not be published in a queue, and takes them out again.

use super::{Aws, call};
use crate::model::{CallError, Region};

/// Message taken out of the queue, which stays there until it is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Text that was kept.
    pub(crate) text: String,
    /// What deletes the message.
    pub(crate) receipt: String,
}

/// Queue of the stack for messages that could not be published.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnsentQueue<'a> {
    /// Account of the function.
    pub(crate) aws: &'a Aws,
    /// Region of the queue.
    pub(crate) region: &'a Region,
    /// URL of the queue.
    pub(crate) url: &'a str,
}

impl UnsentQueue<'_> {
    /// Keeps a text.
    pub(crate) async fn keep(&self, text: String) -> Result<(), CallError> {
        let send = self.client().send_message().queue_url(self.url).message_body(text);
        call("sqs:SendMessage", Box::pin(send.send())).await.map(|_| ())
    }

    /// Takes up to ten texts. Other invocations do not see them for as long as the queue's visibility timeout.
    ///
    /// With a wait, all of SQS's servers are asked, which takes that long if there is nothing; without one a sample of
    /// them, which may miss what there is ([ReceiveMessage]).
    ///
    /// [ReceiveMessage]: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
    pub(crate) async fn take(&self, wait_seconds: i32) -> Result<Vec<Taken>, CallError> {
        let receive = self.client().receive_message().queue_url(self.url);
        let receive = receive.max_number_of_messages(10).wait_time_seconds(wait_seconds);
        let answer = call("sqs:ReceiveMessage", Box::pin(receive.send())).await?;
        let taken = answer.messages.unwrap_or_default().into_iter();
        Ok(taken.filter_map(|it| Some(Taken { text: it.body?, receipt: it.receipt_handle? })).collect())
    }

    /// Deletes what was taken.
    pub(crate) async fn delete(&self, receipt: String) -> Result<(), CallError> {
        let delete = self.client().delete_message().queue_url(self.url).receipt_handle(receipt);
        call("sqs:DeleteMessage", Box::pin(delete.send())).await.map(|_| ())
    }

    fn client(&self) -> aws_sdk_sqs::Client {
        self.aws.queues.of(self.region)
    }
}
