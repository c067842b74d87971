//! What can go wrong with one AWS call, sorted by what to do about it.
//!
//! This module knows AWS's error codes and no SDK: the adapters turn what an SDK raised into a [`CallError`].

/// One AWS call that failed.
///
/// `Display` reads alone: `iam:GetRole was denied (AccessDenied: not authorized to perform ...)`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action} {kind} ({code}: {message})")]
pub struct CallError {
    /// The IAM action of the call, such as `iam:GetRole`.
    pub action: &'static str,
    /// What to do about it.
    pub kind: ErrorKind,
    /// AWS's error code, or `Timeout`, `NoConnection`, `UnreadableAnswer` where AWS did not answer with one.
    pub code: String,
    /// AWS's message, for people.
    pub message: String,
}

impl CallError {
    /// What is said of everything that the function's time did not suffice for.
    pub const OUT_OF_TIME: &'static str = "the function ran out of time";

    /// Whether the same call may succeed later, so that the invocation should be retried.
    #[must_use]
    pub fn retryable(&self) -> bool {
        self.kind == ErrorKind::Transient
    }

    /// Whether what the call was made for is no longer as it was: somebody else made or removed something.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self.kind, ErrorKind::Exists | ErrorKind::Gone)
    }
}

/// The classes of failure that are handled differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// IAM, an SCP or a resource policy says no. Final; on a read it means "unknown", never "absent".
    Denied,
    /// Throttled, overloaded, timed out, or busy with another change: try again.
    Transient,
    /// The resource does not exist (any more).
    Gone,
    /// What we wanted to create exists already: somebody was quicker. Look again before going on.
    Exists,
    /// AWS understood and refused: invalid, malformed, over a limit. Final.
    Rejected,
}

impl std::fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Denied => "was denied",
            Self::Transient => "failed temporarily",
            Self::Gone => "found no such resource",
            Self::Exists => "found that it already exists",
            Self::Rejected => "was rejected",
        })
    }
}

impl ErrorKind {
    /// Sorts an answer by its error code, or by its HTTP status where the code is not known.
    ///
    /// Codes are those of the services' API references ("Common Errors" and each operation's list); several services
    /// spell the same condition differently.
    #[must_use]
    pub fn of(code: Option<&str>, status: Option<u16>) -> Self {
        // SQS says some codes in the words of its older protocol.
        let code = code.unwrap_or_default();
        match code.strip_prefix("AWS.SimpleQueueService.").unwrap_or(code) {
            "AccessDenied"
            | "AccessDeniedException"
            | "AuthorizationError"
            | "AuthorizationErrorException"
            | "NotAuthorized"
            | "UnauthorizedOperation"
            | "AuthFailure" => Self::Denied,
            "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestLimitExceeded"
            | "RequestThrottled"
            | "RequestThrottledException"
            | "SlowDown"
            | "TooManyRequestsException"
            | "ConcurrentModification"
            | "ConcurrentModificationException"
            | "ConflictException"
            | "OperationAborted"
            | "OperationAbortedException"
            | "InternalError"
            | "InternalFailure"
            | "InternalServiceError"
            | "InternalErrorException"
            | "ServiceFailure"
            | "KMSInternalException"
            | "DependencyTimeoutException"
            | "ServiceUnavailable"
            | "Unavailable"
            | "ServiceUnavailableException"
            | "RequestTimeout"
            | "RequestTimeoutException"
            | "RequestExpired"
            | "ExpiredToken"
            | "ExpiredTokenException" => Self::Transient,
            // Of what is archived S3 answers 403, too.
            "InvalidObjectState" => Self::Rejected,
            "NoSuchEntity"
            | "NoSuchEntityException"
            | "NotFound"
            | "NotFoundException"
            | "ResourceNotFoundException"
            | "TrailNotFoundException"
            | "QueueDoesNotExist"
            | "NonExistentQueue"
            | "InvalidVpcID.NotFound"
            | "InvalidVpcId.NotFound"
            | "InvalidFlowLogId.NotFound"
            | "NoAvailableConfigurationRecorderException"
            | "NoAvailableDeliveryChannelException"
            | "NoSuchConfigurationRecorderException"
            | "NoSuchDeliveryChannelException"
            | "NoSuchBucketException"
            | "NoSuchBucket"
            | "NoSuchBucketPolicy"
            | "NoSuchKey"
            | "NoSuchLifecycleConfiguration"
            | "NoSuchPublicAccessBlockConfiguration"
            | "NoSuchTagSet"
            | "NoSuchVersion"
            | "NoSuchWebsiteConfiguration"
            | "ObjectLockConfigurationNotFoundError"
            | "OwnershipControlsNotFoundError"
            | "ServerSideEncryptionConfigurationNotFoundError" => Self::Gone,
            "AlreadyExistsException"
            | "BucketAlreadyOwnedByYou"
            | "EntityAlreadyExists"
            | "EntityAlreadyExistsException"
            | "FlowLogAlreadyExists"
            | "MaxNumberOfConfigurationRecordersExceededException"
            | "MaxNumberOfDeliveryChannelsExceededException"
            | "ResourceAlreadyExistsException"
            | "TrailAlreadyExistsException" => Self::Exists,
            _ => match status {
                Some(429 | 500..) => Self::Transient,
                Some(401 | 403) => Self::Denied,
                _ => Self::Rejected,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_decides_before_the_status() {
        assert_eq!(ErrorKind::of(Some("NoSuchEntity"), Some(404)), ErrorKind::Gone);
        assert_eq!(ErrorKind::of(Some("ThrottlingException"), Some(400)), ErrorKind::Transient);
        assert_eq!(ErrorKind::of(Some("AccessDenied"), Some(403)), ErrorKind::Denied);
        assert_eq!(ErrorKind::of(Some("EntityAlreadyExists"), Some(409)), ErrorKind::Exists);
        assert_eq!(ErrorKind::of(Some("AWS.SimpleQueueService.NonExistentQueue"), Some(400)), ErrorKind::Gone);
        assert_eq!(ErrorKind::of(Some("AWS.SimpleQueueService.AccessDenied"), Some(400)), ErrorKind::Denied);
    }

    #[test]
    fn an_unknown_code_is_sorted_by_status_and_otherwise_final() {
        assert_eq!(ErrorKind::of(Some("Brandnew"), Some(503)), ErrorKind::Transient);
        assert_eq!(ErrorKind::of(None, Some(429)), ErrorKind::Transient);
        assert_eq!(ErrorKind::of(Some("Brandnew"), Some(403)), ErrorKind::Denied);
        assert_eq!(ErrorKind::of(Some("InvalidRequestException"), Some(400)), ErrorKind::Rejected);
        assert_eq!(ErrorKind::of(Some("InvalidObjectState"), Some(403)), ErrorKind::Rejected);
        assert_eq!(ErrorKind::of(None, None), ErrorKind::Rejected);
    }
}
