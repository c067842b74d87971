//! Failures of a single AWS call, classified by how to handle them.
//!
//! This module knows AWS's error codes and no SDK: the adapters convert SDK errors into a [`CallError`].

/// Failure of one AWS call.
///
/// `Display` is self-contained: `iam:GetRole was denied (AccessDenied: not authorized to perform ...)`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{action} {kind} ({code}: {message})")]
pub struct CallError {
    /// IAM action of the call, such as `iam:GetRole`.
    pub action: &'static str,
    /// Class of the failure, which decides how to handle it.
    pub kind: ErrorKind,
    /// Error code of AWS, or `Timeout`, `NoConnection`, `UnreadableAnswer` if AWS sent none.
    pub code: String,
    /// Error message of AWS, for people.
    pub message: String,
}

impl CallError {
    /// Message for everything that the function had no time left for.
    pub const OUT_OF_TIME: &'static str = "the function ran out of time";

    /// Returns whether the same call may succeed later, so that the invocation should be retried.
    #[must_use]
    pub fn retryable(&self) -> bool {
        self.kind == ErrorKind::Transient
    }

    /// Returns whether a service control policy of the organization denied the call, which no role of the account can
    /// change ([IAM user guide, access denied error messages]).
    ///
    /// [IAM user guide, access denied error messages]: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    #[must_use]
    pub fn by_organization(&self) -> bool {
        self.kind == ErrorKind::Denied && self.message.contains("service control policy")
    }

    /// Returns whether the state has changed since the call was planned: somebody else created or removed something.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self.kind, ErrorKind::Exists | ErrorKind::Gone)
    }
}

/// Classes of failures that are handled differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// IAM, an SCP or a resource policy denied the call. Final; on a read it means "unknown", never "absent".
    Denied,
    /// AWS throttled the call, was overloaded, timed out, or is busy with another change: retry.
    Transient,
    /// The resource does not exist (any more).
    Gone,
    /// The resource to create exists already: somebody else was faster. Read again before continuing.
    Exists,
    /// AWS rejected the call as invalid, malformed or over a limit. Final.
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

/// Returns the IAM actions that a text says were denied, as [`CallError`] and what could not be read say it.
pub fn denied_actions(text: &str) -> impl Iterator<Item = &str> {
    let action = move |(at, _)| text.get(..at).and_then(|before| before.rsplit(' ').next()).unwrap_or_default();
    text.match_indices(" was denied").map(action).filter(|action| action.contains(':'))
}

impl ErrorKind {
    /// Classifies an error response by its error code, or by its HTTP status if the code is unknown.
    ///
    /// Codes are those of the services' API references ("Common Errors" and each operation's list); several services
    /// spell the same condition differently.
    #[must_use]
    pub fn of(code: Option<&str>, status: Option<u16>) -> Self {
        // SQS uses the names of its older protocol for some codes.
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
            // S3 also answers 403 for archived objects.
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
            | "ReplicationConfigurationNotFoundError"
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
    fn only_a_denial_by_a_service_control_policy_is_the_organizations() {
        let error = |kind, why: &str| CallError {
            action: "kms:ListKeys",
            kind,
            code: "AccessDeniedException".to_owned(),
            message: format!("User: a is not authorized to perform: kms:ListKeys {why}"),
        };
        for why in ["with an explicit deny in a service control policy", "because no service control policy allows it"]
        {
            assert!(error(ErrorKind::Denied, why).by_organization(), "{why}");
            assert!(!error(ErrorKind::Rejected, why).by_organization(), "{why}");
        }
        assert!(!error(ErrorKind::Denied, "because no identity-based policy allows it").by_organization());
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
