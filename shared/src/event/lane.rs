//! Lanes: whether an event wakes its function at once or waits a moment for others like it. Pure.

use super::Watch;

/// Way by which an event reaches the functions that watch its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lane {
    /// One event, one asynchronous invocation, at once.
    #[default]
    Urgent,
    /// A queue that is emptied in batches, after [`Lane::WINDOW_SECONDS`] at the latest.
    Many,
}

/// Calls of a service that are seldom about anything of ours.
enum SomeCalls {
    /// Each call that is watched.
    Each,
    /// Each but these.
    AllBut(&'static [&'static str]),
    /// These.
    These(&'static [&'static str]),
}

/// Calls that come by the thousand and hardly ever concern what Trailkeeper keeps; all others are urgent.
///
/// What makes a call urgent is that it ends, stops or takes away what is kept, and that nobody makes it often. What makes it
/// one of the many is that it is made of any role, bucket, policy, tag or log group of the account, by every deployment, and
/// says nothing of whether it is one of ours: whoever makes a thousand of them must not delay what is urgent by a second.
const MANY: &[(&str, SomeCalls)] = &[
    ("config.amazonaws.com", SomeCalls::These(&["TagResource"])),
    ("iam.amazonaws.com", SomeCalls::Each),
    (
        "kms.amazonaws.com",
        SomeCalls::These(&[
            "CancelKeyDeletion",
            "CreateKey",
            "EnableKey",
            "PutKeyPolicy",
            "ReplicateKey",
            "UpdateAlias",
        ]),
    ),
    (
        "logs.amazonaws.com",
        SomeCalls::These(&["DeleteLogGroup", "DeleteRetentionPolicy", "PutMetricFilter", "PutRetentionPolicy"]),
    ),
    ("monitoring.amazonaws.com", SomeCalls::These(&["PutMetricAlarm"])),
    // What takes the record's way in from a bucket, or ends its copies elsewhere, is rare.
    ("s3.amazonaws.com", SomeCalls::AllBut(&["DeleteBucketPolicy", "DeleteBucketReplication"])),
    (
        "sns.amazonaws.com",
        SomeCalls::These(&["RemovePermission", "SetSubscriptionAttributes", "SetTopicAttributes", "Subscribe"]),
    ),
    ("sqs.amazonaws.com", SomeCalls::Each),
    ("transfer.amazonaws.com", SomeCalls::These(&["TagResource"])),
];

/// Calls of S3 that end or shut a log bucket, and that pipelines make of other buckets all day: the name decides.
const BY_NAME: (&str, &[&str]) = ("s3.amazonaws.com", &["DeleteBucket", "PutBucketPolicy"]);

impl Lane {
    /// How the names of log buckets begin, as AWS and Trailkeeper name them. A name decides about the lane and nothing else.
    ///
    /// - CloudTrail's console: [creating a trail](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-create-a-trail-using-the-console-first-time.html).
    /// - Control Tower: [the log archive account](https://docs.aws.amazon.com/controltower/latest/userguide/shared-account-resources.html).
    /// - AWS Config's console: [setting up](https://docs.aws.amazon.com/config/latest/developerguide/manual-setup.title.html).
    pub const LOG_BUCKETS: [&str; 6] = [
        "aws-cloudtrail-logs-",
        "aws-controltower-logs-",
        "config-bucket-",
        "trailkeeper-access-logs-",
        "trailkeeper-cloudtrail-",
        "trailkeeper-config-",
    ];
    /// Number of log buckets that an operator may name, each by its name or by how it begins.
    pub const OWN_LOG_BUCKETS: usize = 8;
    /// Longest time in seconds that an event of the many waits for others.
    pub const WINDOW_SECONDS: u32 = 2;
    /// Largest number of events in one batch.
    pub const BATCH: u32 = 50;
    /// Number of batches of one family that are handled at the same time: as many as keep a storm in one of a thousand accounts
    /// from delaying the others.
    pub const AT_ONCE: u32 = 10;
    /// Number of attempts at an event of the many before it is a dead letter.
    pub const ATTEMPTS: u32 = 4;
    /// Time in seconds after which an event that failed is tried again: more than a function's timeout, since Lambda takes
    /// no queue that shows a message again while it may still be worked on ([visibility timeout]).
    ///
    /// [visibility timeout]: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    pub const AGAIN_SECONDS: u32 = 330;

    /// Returns the lane of a call of a service, such as `s3.amazonaws.com`; `None` if the name of the bucket decides: it is
    /// urgent if the name begins as one of [`Lane::LOG_BUCKETS`] or as the operator says, and else one of the many.
    #[must_use]
    pub fn of(service: &str, call: &str) -> Option<Self> {
        if service == BY_NAME.0 && BY_NAME.1.contains(&call) {
            return None;
        }
        let is = |(of, calls): &(&str, SomeCalls)| {
            *of == service
                && match calls {
                    SomeCalls::Each => true,
                    SomeCalls::AllBut(calls) => !calls.contains(&call),
                    SomeCalls::These(calls) => calls.contains(&call),
                }
        };
        Some(if MANY.iter().any(is) { Self::Many } else { Self::Urgent })
    }
}

impl Watch {
    /// Returns the calls of the watch that come by this lane, whatever they are about.
    #[must_use]
    pub fn calls_by(&self, lane: Lane) -> Vec<&'static str> {
        self.calls.iter().copied().filter(|call| Lane::of(self.service, call) == Some(lane)).collect()
    }

    /// Returns the calls of the watch whose lane the name of the bucket decides.
    #[must_use]
    pub fn calls_by_name(&self) -> Vec<&'static str> {
        self.calls.iter().copied().filter(|call| Lane::of(self.service, call).is_none()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::families;

    /// Calls that end a record, with their services.
    const URGENT: &[(&str, &[&str])] = &[
        ("cloudtrail", &["StopLogging", "DeleteTrail", "UpdateTrail", "PutEventSelectors"]),
        ("ec2", &["DeleteFlowLogs"]),
        ("config", &["StopConfigurationRecorder", "DeleteConfigurationRecorder", "DeleteDeliveryChannel"]),
        ("monitoring", &["DeleteAlarms", "DisableAlarmActions", "PutAlarmMuteRule"]),
        ("logs", &["DeleteMetricFilter"]),
        ("transfer", &["UpdateServer"]),
        ("kms", &["DisableKey", "ScheduleKeyDeletion", "DeleteImportedKeyMaterial"]),
        ("s3", &["DeleteBucketPolicy", "DeleteBucketReplication"]),
        ("sns", &["Unsubscribe", "DeleteTopic"]),
    ];

    fn watched() -> Vec<(&'static str, &'static str)> {
        let watches = families().into_iter().flat_map(|family| family.watches);
        watches.flat_map(|watch| watch.calls.iter().map(|call| (watch.service, *call))).collect()
    }

    #[test]
    fn what_ends_a_record_never_waits() {
        for (service, calls) in URGENT {
            let service = format!("{service}.amazonaws.com");
            for call in *calls {
                assert_eq!(Lane::of(&service, call), Some(Lane::Urgent), "{call}");
                assert!(watched().iter().any(|it| *it == (&*service, *call)), "{call} is watched");
            }
        }
        assert_eq!(Lane::of("anything.amazonaws.com", "New"), Some(Lane::default()));
    }

    #[test]
    fn the_many_are_watched() {
        for (service, calls) in MANY {
            let each: &[&str] = match calls {
                SomeCalls::These(calls) | SomeCalls::AllBut(calls) => calls,
                SomeCalls::Each => &[],
            };
            assert!(watched().iter().any(|(of, _)| of == service), "{service}");
            assert!(each.iter().all(|call| watched().contains(&(service, call))), "{service}");
        }
    }

    #[test]
    fn each_call_of_a_watch_has_one_lane_or_that_of_its_bucket() {
        for watch in families().into_iter().flat_map(|family| family.watches) {
            let (urgent, many) = (watch.calls_by(Lane::Urgent), watch.calls_by(Lane::Many));
            let by_name = watch.calls_by_name();
            assert_eq!(urgent.len() + many.len() + by_name.len(), watch.calls.len());
            assert!(urgent.iter().all(|call| !many.contains(call)));
            assert!(by_name.iter().all(|call| watch.service == "s3.amazonaws.com" && watch.calls.contains(call)));
        }
    }

    #[test]
    fn our_own_log_buckets_are_named_as_log_buckets_are() {
        use crate::managed::bucket::name::{MANAGED_RECORDS, MANAGED_TARGET};
        let ours = MANAGED_RECORDS.iter().chain([&MANAGED_TARGET]);
        assert!(ours.into_iter().all(|name| Lane::LOG_BUCKETS.contains(name)));
        assert!(BY_NAME.1.iter().all(|call| watched().contains(&(BY_NAME.0, call))));
    }
}
