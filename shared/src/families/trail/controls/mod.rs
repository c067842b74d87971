//! Controls of the family: one file each.

pub(super) mod cloudwatch_logs;
pub(super) mod delivery;
pub(super) mod kms;
pub(super) mod logging;
pub(super) mod management_events;
pub(super) mod multi_region;
pub(super) mod notification;
pub(super) mod validation;
