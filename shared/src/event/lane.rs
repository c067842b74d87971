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
    ("s3.amazonaws.com", SomeCalls::Each),
    (
        "sns.amazonaws.com",
        SomeCalls::These(&["RemovePermission", "SetSubscriptionAttributes", "SetTopicAttributes", "Subscribe"]),
    ),
    ("sqs.amazonaws.com", SomeCalls::Each),
    ("transfer.amazonaws.com", SomeCalls::These(&["TagResource"])),
];

impl Lane {
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

    /// Returns the lane of a call of a service, such as `s3.amazonaws.com`.
    #[must_use]
    pub fn of(service: &str, call: &str) -> Self {
        let is = |(of, calls): &(&str, SomeCalls)| {
            *of == service
                && match calls {
                    SomeCalls::Each => true,
                    SomeCalls::These(calls) => calls.contains(&call),
                }
        };
        if MANY.iter().any(is) { Self::Many } else { Self::Urgent }
    }
}

impl Watch {
    /// Returns the calls of the watch that come by this lane.
    #[must_use]
    pub fn calls_by(&self, lane: Lane) -> Vec<&'static str> {
        self.calls.iter().copied().filter(|call| Lane::of(self.service, call) == lane).collect()
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
                assert_eq!(Lane::of(&service, call), Lane::Urgent, "{call}");
                assert!(watched().iter().any(|it| *it == (&*service, *call)), "{call} is watched");
            }
        }
        assert_eq!(Lane::of("anything.amazonaws.com", "New"), Lane::default());
    }

    #[test]
    fn the_many_are_watched() {
        for (service, calls) in MANY {
            let each: &[&str] = if let SomeCalls::These(calls) = calls { calls } else { &[] };
            assert!(watched().iter().any(|(of, _)| of == service), "{service}");
            assert!(each.iter().all(|call| watched().contains(&(service, call))), "{service}");
        }
    }

    #[test]
    fn each_call_of_a_watch_has_one_lane() {
        for watch in families().into_iter().flat_map(|family| family.watches) {
            let (urgent, many) = (watch.calls_by(Lane::Urgent), watch.calls_by(Lane::Many));
            assert_eq!(urgent.len() + many.len(), watch.calls.len());
            assert!(urgent.iter().all(|call| !many.contains(call)));
        }
    }
}
