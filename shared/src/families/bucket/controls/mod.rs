//! The controls of the family: a file each.

pub(super) mod access_events;
pub(super) mod access_lifecycle;
pub(super) mod access_logging;
pub(super) mod access_readers;
pub(super) mod delivery;
pub(super) mod encryption;
pub(super) mod https_only;
pub(super) mod lifecycle;
pub(super) mod mfa_delete;
pub(super) mod public_access;
