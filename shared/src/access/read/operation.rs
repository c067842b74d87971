//! Classifies requests by the field `operation`.
//!
//! Operations have the form `REST.<verb>.<resource>`, `WEBSITE.<verb>.<resource>`, `BATCH.DELETE.OBJECT` for each
//! object of a multi-object request, `SOAP.<action>`, or `S3.<action>.<resource>` for what S3 does on its own
//! ([lifecycle](https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-and-other-bucket-config.html)). AWS
//! publishes no list and adds to it, so unknown operations are classified by their verb.

/// Class of a request: what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Objects, versions or uploads were listed.
    List,
    /// An object or its metadata was read.
    Read,
    /// The configuration of the bucket or of an object was read.
    Inspect,
    /// An object was written.
    Write,
    /// Objects, versions or the bucket were deleted.
    Delete,
    /// The configuration of the bucket or of an object was changed: policy, ACL, lifecycle, logging and the like.
    Change,
    /// S3 carried out a lifecycle rule.
    Lifecycle,
    /// The operation is not known.
    Unknown,
}

impl Class {
    /// All classes, in the order of their discriminants.
    pub const ALL: [Self; 8] = [
        Self::List,
        Self::Read,
        Self::Inspect,
        Self::Write,
        Self::Delete,
        Self::Change,
        Self::Lifecycle,
        Self::Unknown,
    ];

    /// Returns the name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Inspect => "inspect",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Change => "change",
            Self::Lifecycle => "lifecycle",
            Self::Unknown => "unknown",
        }
    }

    /// Classifies an operation.
    #[must_use]
    pub fn of(operation: &[u8]) -> Self {
        let mut parts = operation.splitn(3, |byte| *byte == b'.');
        let (kind, verb, resource) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
        match (kind.unwrap_or_default(), verb.unwrap_or_default()) {
            (b"REST" | b"WEBSITE" | b"BATCH", verb) => rest(verb, resource),
            (b"S3", verb) => by_itself(verb, resource),
            (b"SOAP", action) => soap(action),
            _ => Self::Unknown,
        }
    }
}

fn rest(verb: &[u8], resource: &[u8]) -> Class {
    match (verb, resource) {
        (b"GET", b"BUCKET" | b"BUCKETVERSIONS" | b"UPLOADS" | b"UPLOAD" | b"SERVICE") => Class::List,
        (verb, resource) if inspects(verb, resource) => Class::Inspect,
        (b"GET" | b"HEAD" | b"SELECT", _) | (b"POST", b"RESTORE" | b"SELECT") => Class::Read,
        // The source of a copy is logged on a line of its own.
        (b"COPY", resource) if resource.ends_with(b"_GET") => Class::Read,
        // An upload that is aborted never became an object.
        (b"COPY", _)
        | (b"PUT", b"OBJECT" | b"PART")
        | (b"POST", b"OBJECT" | b"UPLOAD" | b"UPLOADS")
        | (b"DELETE", b"UPLOAD") => Class::Write,
        (b"DELETE", resource) if is_set_up(resource) => Class::Change,
        (b"DELETE", _) | (b"POST", b"MULTI_OBJECT_DELETE") => Class::Delete,
        (b"PUT" | b"POST" | b"PATCH", _) => Class::Change,
        _ => Class::Unknown,
    }
}

fn inspects(verb: &[u8], resource: &[u8]) -> bool {
    match verb {
        b"GET" => is_set_up(resource),
        b"HEAD" => resource == b"BUCKET" || is_set_up(resource),
        verb => verb == b"OPTIONS",
    }
}

/// Returns whether a resource is part of the configuration of a bucket or an object, not an object's content.
fn is_set_up(resource: &[u8]) -> bool {
    matches!(
        resource,
        b"ABAC"
            | b"ACCELERATE"
            | b"ACL"
            | b"ANALYTICS"
            | b"BUCKETPOLICY"
            | b"CORS"
            | b"ENCRYPTION"
            | b"INTELLIGENT_TIERING"
            | b"INVENTORY"
            | b"LEGAL_HOLD"
            | b"LIFECYCLE"
            | b"LOCATION"
            | b"LOGGING_STATUS"
            | b"METADATA_CONFIGURATION"
            | b"METADATA_TABLE"
            | b"METRICS"
            | b"NOTIFICATION"
            | b"OBJECT_LOCK_CONFIGURATION"
            | b"OBJECT_LOCK_LEGALHOLD"
            | b"OBJECT_LOCK_RETENTION"
            | b"OBJECT_TAGGING"
            | b"OWNERSHIP_CONTROLS"
            | b"POLICY_STATUS"
            | b"PUBLIC_ACCESS_BLOCK"
            | b"REPLICATION"
            | b"REQUEST_PAYMENT"
            | b"RETENTION"
            | b"TAGGING"
            | b"VERSIONING"
            | b"WEBSITE"
    )
}

fn by_itself(action: &[u8], resource: &[u8]) -> Class {
    match (action, resource) {
        (b"EXPIRE", b"OBJECT") | (b"CREATE", b"DELETEMARKER") | (b"DELETE", b"UPLOAD") => Class::Lifecycle,
        (action, b"OBJECT") if action.starts_with(b"TRANSITION") => Class::Lifecycle,
        (b"DELETE", _) => Class::Delete,
        // S3 Batch Operations reads an object to compute its checksum.
        (b"COMPUTE", _) => Class::Read,
        _ => Class::Unknown,
    }
}

fn soap(action: &[u8]) -> Class {
    let begins = |with: &[&[u8]]| with.iter().any(|word| action.starts_with(word));
    let is_object = action.windows(6).any(|word| word == b"Object");
    if begins(&[b"List"]) {
        Class::List
    } else if begins(&[b"Get"]) {
        if is_object { Class::Read } else { Class::Inspect }
    } else if begins(&[b"Delete"]) {
        Class::Delete
    } else if begins(&[b"Put", b"Copy"]) && is_object {
        Class::Write
    } else if begins(&[b"Put", b"Set", b"Create"]) {
        Class::Change
    } else {
        Class::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_operations_are_sorted_by_what_they_do() {
        for (class, operations) in [
            (Class::List, "REST.GET.BUCKET REST.GET.BUCKETVERSIONS REST.GET.UPLOADS REST.GET.UPLOAD SOAP.ListBucket"),
            (
                Class::Read,
                "REST.GET.OBJECT REST.HEAD.OBJECT WEBSITE.GET.OBJECT WEBSITE.HEAD.OBJECT REST.COPY.OBJECT_GET \
                 REST.COPY.PART_GET REST.POST.RESTORE REST.GET.OBJECT_ATTRIBUTES REST.GET.TORRENT REST.POST.SELECT \
                 REST.SELECT.OBJECT SOAP.GetObject S3.COMPUTE.OBJECT.CHECKSUM",
            ),
            (
                Class::Inspect,
                "REST.GET.ACL REST.GET.BUCKETPOLICY REST.HEAD.BUCKET REST.GET.LOCATION REST.GET.LOGGING_STATUS \
                 REST.GET.VERSIONING REST.GET.POLICY_STATUS REST.OPTIONS.PREFLIGHT REST.GET.OBJECT_TAGGING \
                 SOAP.GetBucketAccessControlPolicy",
            ),
            (
                Class::Write,
                "REST.PUT.OBJECT REST.POST.OBJECT REST.PUT.PART REST.POST.UPLOADS REST.POST.UPLOAD REST.COPY.OBJECT \
                 REST.COPY.PART REST.DELETE.UPLOAD SOAP.PutObject SOAP.CopyObject",
            ),
            (
                Class::Delete,
                "REST.DELETE.OBJECT BATCH.DELETE.OBJECT REST.POST.MULTI_OBJECT_DELETE REST.DELETE.BUCKET \
                 SOAP.DeleteObject SOAP.DeleteBucket S3.DELETE.OBJECT",
            ),
            (
                Class::Change,
                "REST.PUT.ACL REST.PUT.BUCKETPOLICY REST.DELETE.BUCKETPOLICY REST.PUT.LIFECYCLE REST.DELETE.LIFECYCLE \
                 REST.PUT.LOGGING_STATUS REST.PUT.VERSIONING REST.PUT.PUBLIC_ACCESS_BLOCK REST.DELETE.REPLICATION \
                 REST.PUT.OBJECT_TAGGING REST.DELETE.OBJECT_TAGGING REST.PUT.OBJECT_LOCK_RETENTION REST.PUT.BUCKET \
                 SOAP.SetBucketAccessControlPolicy SOAP.CreateBucket",
            ),
            (
                Class::Lifecycle,
                "S3.EXPIRE.OBJECT S3.CREATE.DELETEMARKER S3.TRANSITION.OBJECT S3.TRANSITION_SIA.OBJECT \
                 S3.TRANSITION_ZIA.OBJECT S3.TRANSITION_INT.OBJECT S3.TRANSITION_GIR.OBJECT S3.TRANSITION_GDA.OBJECT \
                 S3.DELETE.UPLOAD",
            ),
        ] {
            for operation in operations.split_whitespace() {
                assert_eq!(Class::of(operation.as_bytes()), class, "{operation}");
            }
        }
    }

    #[test]
    fn what_is_not_known_is_judged_by_its_verb() {
        for (operation, class) in [
            ("REST.GET.SOMETHING_NEW", Class::Read),
            ("REST.HEAD.SOMETHING_NEW", Class::Read),
            ("REST.PUT.SOMETHING_NEW", Class::Change),
            ("REST.POST.SOMETHING_NEW", Class::Change),
            ("REST.PATCH.OBJECT", Class::Change),
            ("REST.DELETE.SOMETHING_NEW", Class::Delete),
            ("REST.COPY.SOMETHING_GET", Class::Read),
            ("REST.BREW.COFFEE", Class::Unknown),
            ("S3.MELT.OBJECT", Class::Unknown),
            ("S3.TRANSITION.BUCKET", Class::Unknown),
            ("SOAP.Ponder", Class::Unknown),
            ("NEW.GET.OBJECT", Class::Unknown),
            ("REST.GET", Class::Read),
            ("REST", Class::Unknown),
            ("rest.get.object", Class::Unknown),
            ("", Class::Unknown),
        ] {
            assert_eq!(Class::of(operation.as_bytes()), class, "{operation}");
        }
    }

    #[test]
    fn the_words_of_json_and_of_code_are_the_same() {
        for class in Class::ALL {
            assert_eq!(serde_json::to_value(class).expect("a word"), class.as_str());
        }
    }
}
