//! The controls of the family: a file each, with what is read of a bucket for it.

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

use super::Bucket;
use super::parts::Part;
use super::uses::Uses;
use crate::family::Control;
use crate::settings::Settings;

/// What a control has read of a log bucket, by what that is used for, by its name and by the settings.
pub(super) type Reads = fn(&Uses, &str, &Settings) -> Vec<Part>;

/// Every control, with what is read of a log bucket for it.
pub(super) const ALL: [(Control<Bucket>, Reads); 10] = [
    (delivery::CONTROL, delivery::reads),
    (public_access::CONTROL, public_access::reads),
    (https_only::CONTROL, https_only::reads),
    (encryption::CONTROL, encryption::reads),
    (access_logging::CONTROL, access_logging::reads),
    (lifecycle::CONTROL, lifecycle::reads),
    (mfa_delete::CONTROL, mfa_delete::reads),
    (access_readers::CONTROL, access_readers::reads),
    (access_lifecycle::CONTROL, access_lifecycle::reads),
    (access_events::CONTROL, access_events::reads),
];

/// The controls alone.
#[allow(clippy::indexing_slicing, reason = "the compiler evaluates it, and would say so")]
pub(super) const CONTROLS: [Control<Bucket>; ALL.len()] = {
    let mut all = [ALL[0].0; ALL.len()];
    let mut at = 1;
    while at < ALL.len() {
        all[at] = ALL[at].0;
        at += 1;
    }
    all
};
