//! Controls of the family: one file each, with the parts of a bucket that the control reads.

pub(super) mod access_events;
pub(super) mod access_lifecycle;
pub(super) mod access_logging;
pub(super) mod access_readers;
pub(super) mod delete_mfa;
pub(super) mod delivery;
pub(super) mod encryption;
pub(super) mod https_only;
pub(super) mod lifecycle;
pub(super) mod mfa_delete;
pub(super) mod public_access;
pub(super) mod readers;
pub(super) mod retention;

use super::Bucket;
use super::parts::Part;
use super::uses::Uses;
use crate::family::Control;
use crate::settings::Settings;

/// Function that returns the parts of a log bucket to read, by the bucket's uses, its name and the settings.
pub(super) type Reads = fn(&Uses, &str, &Settings) -> Vec<Part>;

/// All controls, each with the parts of a log bucket that it reads.
pub(super) const ALL: [(Control<Bucket>, Reads); 13] = [
    (delivery::CONTROL, delivery::reads),
    (public_access::CONTROL, public_access::reads),
    (readers::CONTROL, readers::reads),
    (https_only::CONTROL, https_only::reads),
    (encryption::CONTROL, encryption::reads),
    (access_logging::CONTROL, access_logging::reads),
    (retention::CONTROL, retention::reads),
    (lifecycle::CONTROL, lifecycle::reads),
    (mfa_delete::CONTROL, mfa_delete::reads),
    (delete_mfa::CONTROL, delete_mfa::reads),
    (access_readers::CONTROL, access_readers::reads),
    (access_lifecycle::CONTROL, access_lifecycle::reads),
    (access_events::CONTROL, access_events::reads),
];

/// All controls, without what they read.
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
