//! Words for API calls: what a call did to the resource that it names. A hint for people, and no more.

/// Returns what a call did to the resource that it names, of this service, to follow `was`. `None` for a call that is
/// about something else.
pub(super) fn verb(service: &str, call: &str) -> Option<&'static str> {
    Some(match (service, call) {
        ("cloudtrail", "StopLogging") | ("config", "StopConfigurationRecorder") => "stopped",
        ("cloudtrail", "StartLogging") | ("transfer", "StartServer") => "started",
        ("cloudtrail", "CreateTrail")
        | ("ec2", "CreateVpc" | "CreateDefaultVpc")
        | ("kms", "CreateKey")
        | ("transfer", "CreateServer") => "created",
        ("cloudtrail", "DeleteTrail") | ("s3", "DeleteBucket") | ("config", "DeleteConfigurationRecorder") => "deleted",
        ("cloudtrail", "UpdateTrail")
        | ("transfer", "UpdateServer")
        | ("config", "PutConfigurationRecorder" | "DisassociateResourceTypes") => "changed",
        ("cloudtrail", "AddTags") | ("transfer" | "config", "TagResource") | ("s3", "PutBucketTagging") => "tagged",
        ("cloudtrail", "PutEventSelectors") => "given other event selectors",
        ("config", "PutDeliveryChannel") => "given another delivery channel",
        ("config", "DeleteDeliveryChannel") => "stripped of its delivery channel",
        ("kms", "CancelKeyDeletion") => "kept from deletion",
        ("kms", "DisableKeyRotation") => "stripped of its rotation",
        ("kms", "EnableKey") => "enabled",
        ("kms", "ReplicateKey") => "replicated",
        ("s3", "DeleteBucketEncryption") => "stripped of its default encryption",
        ("s3", "DeleteBucketLifecycle") => "stripped of its lifecycle rules",
        ("s3", "DeleteBucketPolicy") => "stripped of its policy",
        ("s3", "DeleteBucketPublicAccessBlock") => "stripped of its public access block",
        ("s3", "DeleteBucketReplication") => "stripped of its replication",
        ("s3", "PutBucketAcl") => "given another ACL",
        ("s3", "PutBucketEncryption") => "given another default encryption",
        ("s3", "PutBucketLifecycle") => "given other lifecycle rules",
        ("s3", "PutBucketLogging") => "given other access logging",
        ("s3", "PutBucketNotification") => "given other notifications",
        ("s3", "PutBucketObjectLockConfiguration" | "PutObjectLockConfiguration") => "given another object lock",
        ("s3", "PutBucketOwnershipControls") => "given another ownership",
        ("s3", "PutBucketPolicy") => "given another policy",
        ("s3", "PutBucketPublicAccessBlock") => "given another public access block",
        ("s3", "PutBucketReplication") => "given another replication",
        ("s3", "PutBucketRequestPayment") => "given another payer",
        ("s3", "PutBucketVersioning") => "given another versioning",
        _ => return None,
    })
}

/// Returns what a resource is once the effect of a call is undone.
pub(super) fn undone(call: &str) -> &'static str {
    match call {
        "StopLogging" | "StopConfigurationRecorder" => "running again",
        _ => "put right",
    }
}

/// Returns whether a call ends or takes away what the controls of its resource ask for.
pub(super) fn ends(call: &str) -> bool {
    ["Delete", "Disable", "Disassociate", "Stop"].iter().any(|it| call.starts_with(it))
}

/// Returns whether a call takes something away or changes it, as an intruder might.
pub(super) fn harms(call: &str) -> bool {
    ["Delete", "Disable", "Disassociate", "Put", "Schedule", "Stop", "Update"].iter().any(|it| call.starts_with(it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::families;

    /// Calls of a family's own service that are about something beside the resource.
    const BESIDE: &[&str] = &["CreateFlowLogs", "DeleteFlowLogs"];

    #[test]
    fn every_watched_call_on_a_resource_itself_has_its_word() {
        for (family, service) in [
            ("transfer", "transfer"),
            ("trail", "cloudtrail"),
            ("bucket", "s3"),
            ("vpc", "ec2"),
            ("key", "kms"),
            ("recorder", "config"),
        ] {
            let family = families().into_iter().find(|it| it.name == family).expect(family);
            let source = format!("{service}.amazonaws.com");
            let calls = family.watches.iter().filter(|watch| watch.service == source).flat_map(|watch| watch.calls);
            for call in calls.filter(|call| !BESIDE.contains(call)) {
                assert!(verb(service, call).is_some(), "{service}:{call}");
            }
        }
        assert_eq!(verb("ec2", "DeleteFlowLogs"), None);
        assert_eq!(verb("cloudtrail", "DeleteBucketPolicy"), None);
    }
}
