//! Turns of calls that only read, where a service counts them: together for everything that runs in a function at once.

use super::answer::Answer;
use super::request::SignedCall;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tracing::info;

/// Calls that a service allows in a second, per account and region.
///
/// - [CloudTrail endpoints and quotas](https://docs.aws.amazon.com/general/latest/gr/ct.html): not adjustable.
/// - [CloudWatch Logs quotas](https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html).
/// - [CloudWatch quotas](https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html).
/// - [KMS request quotas](https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html).
/// - IAM names no number; this is far below what it refuses.
const QUOTAS: [(&str, &str, usize); 19] = [
    ("cloudtrail", "DescribeTrails", 10),
    ("cloudtrail", "GetTrailStatus", 10),
    ("cloudtrail", "GetEventSelectors", 10),
    ("cloudtrail", "ListTags", 10),
    ("logs", "DescribeMetricFilters", 5),
    ("logs", "DescribeLogGroups", 10),
    ("monitoring", "DescribeAlarms", 9),
    ("kms", "ListGrants", 100),
    ("kms", "ListKeys", 500),
    ("kms", "GetKeyPolicy", 1_000),
    ("kms", "GetKeyRotationStatus", 1_000),
    ("kms", "DescribeKey", 2_000),
    ("kms", "ListResourceTags", 2_000),
    ("iam", "GetRole", 20),
    ("iam", "ListRolePolicies", 20),
    ("iam", "ListAttachedRolePolicies", 20),
    ("iam", "GetRolePolicy", 20),
    ("iam", "GetPolicy", 20),
    ("iam", "GetPolicyVersion", 20),
];

/// Period in which a service counts, and a little more, since calls do not arrive as evenly as they leave.
const SECOND: Duration = Duration::from_millis(1_050);

/// Turns of each call in each region.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<Which, Arc<TurnQueue>>>>);

/// Service, region and operation.
type Which = (String, String, String);

/// Callers that wait for one call, in order of arrival.
#[derive(Debug, Default)]
struct TurnQueue {
    /// Whose turn it is holds this, with the times at which the latest calls left.
    left: tokio::sync::Mutex<VecDeque<Instant>>,
    /// Time before which none may leave, since AWS has refused one.
    held: Mutex<Option<Instant>>,
}

impl Turns {
    /// Waits until this call may be made.
    pub(super) async fn wait(&self, call: &SignedCall) {
        let quota = QUOTAS.iter().find(|(service, name, _)| *service == call.service && *name == call.operation);
        let which = (call.service.clone(), call.region.clone(), call.operation.clone());
        let queue = {
            let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match quota {
                Some(_) => Arc::clone(queues.entry(which).or_default()),
                None => match queues.get(&which) {
                    Some(queue) => Arc::clone(queue),
                    None => return,
                },
            }
        };
        let mut left = queue.left.lock().await;
        let limit = quota.map_or(usize::MAX, |(_, _, limit)| *limit);
        let counted = left.len().checked_sub(limit).and_then(|at| left.get(at)).map(|first| *first + SECOND);
        let held = *queue.held.lock().unwrap_or_else(PoisonError::into_inner);
        // A timer takes a millisecond even if it is due.
        if let Some(due) = counted.max(held).filter(|due| *due > Instant::now()) {
            sleep_until(due).await;
        }
        if quota.is_some() {
            left.push_back(Instant::now());
            let beyond = left.len().saturating_sub(limit);
            left.drain(..beyond);
        }
    }

    /// Has the next such call wait if AWS has refused this one because there were too many, here or elsewhere.
    pub(super) fn refused(&self, call: &SignedCall, answer: &Answer) {
        if !answer.says_too_many() {
            return;
        }
        let SignedCall { service, region, operation, .. } = call;
        info!(service, operation, region, "AWS refuses more calls for now: the next ones wait for their turn");
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.entry((service.clone(), region.clone(), operation.clone())).or_default();
        *queue.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + SECOND);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    fn call(service: &str, region: &str, operation: &str) -> SignedCall {
        SignedCall::signed(service, region, operation)
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_calls_leave_in_a_second_than_the_service_counts() {
        let (turns, start) = (Turns::default(), Instant::now());
        let status = call("cloudtrail", "us-east-1", "GetTrailStatus");
        let leave = async |_: usize| {
            turns.wait(&status).await;
            start.elapsed().as_millis()
        };
        let left = join_all((0..25).map(leave)).await;
        assert_eq!((left[9], left[10], left[19], left[20], left[24]), (0, 1_050, 1_050, 2_100, 2_100));
        for other in [call("cloudtrail", "eu-west-1", "GetTrailStatus"), call("s3", "us-east-1", "GET")] {
            let before = start.elapsed();
            turns.wait(&other).await;
            assert_eq!(start.elapsed(), before, "{other:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_elsewhere_waits_too() {
        let (turns, start) = (Turns::default(), Instant::now());
        let channels = call("config", "us-east-1", "DescribeDeliveryChannels");
        turns.wait(&channels).await;
        turns.refused(&channels, &Answer::text(400, r#"{"__type":"ValidationException"}"#));
        turns.wait(&channels).await;
        assert_eq!(start.elapsed().as_millis(), 0);
        turns.refused(&channels, &Answer::text(400, r#"{"__type":"ThrottlingException"}"#));
        turns.wait(&channels).await;
        assert_eq!(start.elapsed().as_millis(), 1_050);
    }
}
