//! Principals as the settings name them.

/// Pattern for requesters, with `*` and `?`: the ARN of a role matches all its sessions, and a service principal
/// matches the service. Any other pattern is compared with the requester as S3 writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principals(pub String);
