//! Parts of a bucket's configuration to read: only those that an active control needs.

#[cfg(any(test, feature = "bucket"))]
use super::{controls, uses::Uses};
#[cfg(any(test, feature = "bucket"))]
use crate::settings::{Mode, Settings};
#[cfg(any(test, feature = "bucket"))]
use std::collections::BTreeSet;

/// Part of a bucket's configuration, read by one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Policy,
    Blocks,
    Website,
    Grants,
    Ownership,
    RequestPayment,
    Encryption,
    DefaultKey,
    Logging,
    Rules,
    Versioning,
    Notifications,
    Replication,
    Keys,
    ObjectLock,
}

#[cfg(feature = "bucket")]
impl Part {
    /// Returns whether only what to do about a violation depends on this part, so that it is read after the others.
    pub(super) fn is_late(self) -> bool {
        matches!(self, Self::Website | Self::Keys)
    }
}

/// Returns the parts of a log bucket to read: those that the active controls need, without duplicates.
#[cfg(any(test, feature = "bucket"))]
pub(super) fn of_log_bucket(settings: &Settings, uses: &Uses, name: &str) -> Vec<Part> {
    let on = controls::ALL.iter().filter(|(control, _)| settings.modes.of(&control.about) != Mode::Off);
    let parts: BTreeSet<Part> = on.flat_map(|(_, reads)| reads(uses, name, settings)).collect();
    parts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::super::TrailDelivery;
    use super::super::controls::{
        access_logging, delivery, encryption, https_only, lifecycle, mfa_delete, public_access, readers, retention,
    };
    use super::*;
    use crate::settings::Modes;

    #[test]
    fn what_is_off_is_not_read() {
        let trail = TrailDelivery { arn: "x".to_owned(), prefix: None, organization: false };
        let uses = Uses { trails: vec![trail], ..Uses::default() };
        let only = |id: &str| {
            let controls = [&public_access::CONTROL, &https_only::CONTROL, &delivery::CONTROL, &encryption::CONTROL];
            let rest = [&access_logging::CONTROL, &lifecycle::CONTROL, &mfa_delete::CONTROL, &readers::CONTROL];
            let off = controls
                .into_iter()
                .chain(rest)
                .chain([&retention::CONTROL])
                .map(|it| it.about.id)
                .filter(|other| *other != id);
            let overrides = off.map(|id| (id.to_owned(), Mode::Off)).chain([(id.to_owned(), Mode::DryRun)]).collect();
            of_log_bucket(&Settings::of(Modes { default: Mode::DryRun, overrides }), &uses, "logs")
        };
        assert_eq!(only("log-bucket-encryption"), [Part::Encryption]);
        assert_eq!(only("log-bucket-access-logging"), [Part::Logging]);
        assert_eq!(only("log-bucket-lifecycle"), [Part::Rules, Part::Versioning]);
        assert_eq!(only("log-bucket-retention"), [Part::Rules, Part::Versioning]);
        assert_eq!(only("log-bucket-delivery"), [Part::Policy, Part::Blocks, Part::RequestPayment]);
        let named = Uses { named: true, ..Uses::default() };
        let of = |uses: &Uses, id: &str| {
            let overrides = [(id.to_owned(), Mode::DryRun)].into();
            of_log_bucket(&Settings::of(Modes { default: Mode::Off, overrides }), uses, "logs")
        };
        assert_eq!(of(&named, "access-log-events"), [Part::Notifications]);
        assert_eq!(of(&named, "access-log-lifecycle"), [Part::Rules, Part::Versioning, Part::Keys]);
        assert_eq!(of(&named, "access-log-readers"), [], "no readers are set");
        assert_eq!(of(&uses, "access-log-events"), [], "it is no target");
        let usual = of_log_bucket(&Settings::of(Modes::all(Mode::DryRun)), &uses, "logs");
        assert!(usual.len() == 12, "{usual:?}");
    }
}
