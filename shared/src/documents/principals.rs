//! Principals, as the settings name them.

/// Some requesters, by a pattern with `*` and `?`: a role's ARN stands for all its sessions, a service principal for the
/// service, and else the pattern is compared with what S3 writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principals(pub String);
