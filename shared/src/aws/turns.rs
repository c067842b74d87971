//! Turns of calls: together for everything that runs in a process at once, within its lane's share of what a service allows.

use super::answer::Answer;
use super::rate::Rate;
use super::request::SignedCall;
use crate::settings::QuotaShare;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::{Instant, sleep_until};
use tracing::info;

/// Reads that a service allows in a second, per account and region.
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

/// Turns of each call in each region.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    share: QuotaShare,
    queues: Arc<Mutex<HashMap<Which, Arc<TurnQueue>>>>,
}

/// Service, region and operation.
type Which = (String, String, String);

/// Callers that wait for one call, in order of arrival.
#[derive(Debug)]
struct TurnQueue {
    /// Whose turn it is holds this.
    front: tokio::sync::Mutex<()>,
    rate: Mutex<Rate>,
}

impl Turns {
    /// Creates turns within this share of each quota.
    pub(super) fn within(share: QuotaShare) -> Self {
        Self { share, queues: Arc::default() }
    }

    /// Waits until this call may be made. Returns when it leaves.
    pub(super) async fn wait(&self, call: &SignedCall) -> Instant {
        let queue = self.queue(call);
        let _front = queue.front.lock().await;
        loop {
            let (now, due) = {
                let mut rate = queue.rate();
                let now = Instant::now();
                let due = rate.due(now);
                if due <= now {
                    rate.leaves(now);
                }
                (now, due)
            };
            // A timer takes a millisecond even if it is due.
            if due <= now {
                return now;
            }
            sleep_until(due).await;
        }
    }

    /// Slows such calls down if AWS has refused this one, which left at that time, because there were too many, here or
    /// elsewhere.
    pub(super) fn refused(&self, call: &SignedCall, left: Instant, answer: &Answer) {
        if !answer.says_too_many() {
            return;
        }
        if let Some(calls) = self.queue(call).rate().refused(left, Instant::now()) {
            let SignedCall { service, region, operation, .. } = call;
            info!(
                service,
                operation,
                region,
                calls,
                "AWS refuses calls, as there are too many: the next ones wait for their turn, {calls} a second at first, and \
                 one more after each second without a refusal"
            );
        }
    }

    fn queue(&self, call: &SignedCall) -> Arc<TurnQueue> {
        let which = (call.service.clone(), call.region.clone(), call.operation.clone());
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.entry(which).or_insert_with(|| {
            let quota = QUOTAS.iter().find(|(service, name, _)| *service == call.service && *name == call.operation);
            let rate = Rate::of(quota.map(|(_, _, quota)| self.share.of(*quota)));
            Arc::new(TurnQueue { front: tokio::sync::Mutex::default(), rate: Mutex::new(rate) })
        });
        Arc::clone(queue)
    }
}

impl TurnQueue {
    fn rate(&self) -> MutexGuard<'_, Rate> {
        self.rate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    fn call(service: &str, region: &str, operation: &str) -> SignedCall {
        SignedCall::signed(service, region, operation)
    }

    fn throttled() -> Answer {
        Answer::text(400, r#"{"__type":"ThrottlingException"}"#)
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_calls_leave_in_a_second_than_the_service_counts() {
        let (turns, start) = (Turns::within(QuotaShare::WHOLE), Instant::now());
        let status = call("cloudtrail", "us-east-1", "GetTrailStatus");
        let leave = async |_: usize| (turns.wait(&status).await - start).as_millis();
        let left = join_all((0..25).map(leave)).await;
        assert_eq!((left[9], left[10], left[19], left[20], left[24]), (0, 1_050, 1_050, 2_100, 2_100));
        for other in [call("cloudtrail", "eu-west-1", "GetTrailStatus"), call("s3", "us-east-1", "GET")] {
            let before = start.elapsed();
            turns.wait(&other).await;
            assert_eq!(start.elapsed(), before, "{other:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_lanes_of_a_family_together_keep_the_quota() {
        let start = Instant::now();
        let status = call("cloudtrail", "us-east-1", "GetTrailStatus");
        let leave = async |turns: &Turns| (turns.wait(&status).await - start).as_millis();
        let lanes = [QuotaShare::URGENT, QuotaShare::BATCH, QuotaShare::SWEEP].map(Turns::within);
        let left = join_all(lanes.iter().flat_map(|turns| (0..40).map(|_| leave(turns)))).await;
        for from in left.clone() {
            let within = left.iter().filter(|it| (from..from + 1_000).contains(*it)).count();
            assert!(within <= 10, "{within} calls in the second from {from} ms");
        }
        let last = [&left[..40], &left[40..80], &left[80..]].map(|it| it.last().copied());
        assert_eq!(last, [Some(7 * 1_050), Some(13 * 1_050), Some(19 * 1_050)]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_elsewhere_waits_too() {
        let (turns, start) = (Turns::within(QuotaShare::WHOLE), Instant::now());
        let channels = call("config", "us-east-1", "DescribeDeliveryChannels");
        let left = turns.wait(&channels).await;
        turns.refused(&channels, left, &Answer::text(400, r#"{"__type":"ValidationException"}"#));
        turns.wait(&channels).await;
        assert_eq!(start.elapsed().as_millis(), 0);
        turns.refused(&channels, left, &throttled());
        turns.wait(&channels).await;
        assert_eq!(start.elapsed().as_millis(), 1_050);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_already_waits_longer_after_a_refusal() {
        let (turns, start) = (Turns::within(QuotaShare::SWEEP), Instant::now());
        let tags = call("cloudtrail", "us-east-1", "ListTags");
        let left = turns.wait(&tags).await;
        turns.wait(&tags).await;
        let refused = async {
            sleep_until(start + std::time::Duration::from_millis(500)).await;
            turns.refused(&tags, left, &throttled());
        };
        let leave = async |_: usize| (turns.wait(&tags).await - start).as_millis();
        let (left, ()) = tokio::join!(join_all((0..4).map(leave)), refused);
        assert_eq!(left, [1_550, 2_600, 2_600, 3_650], "one, then two a second again");
    }
}
