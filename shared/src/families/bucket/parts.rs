//! Which parts of a bucket's configuration have to be read: only what some control in force asks for.

use super::Bucket;
use super::controls::{
    access_events, access_lifecycle, access_logging, access_readers, delivery, encryption, https_only, lifecycle,
    mfa_delete, public_access,
};
use super::uses::Uses;
use crate::family::Control;
use crate::managed::bucket::name::is_managed_target;
use crate::settings::{Mode, Settings};

/// What one read call tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Policy,
    Grants,
    Ownership,
    Blocks,
    Website,
    Encryption,
    Logging,
    Rules,
    Versioning,
    ObjectLock,
    RequestPayment,
    Notifications,
}

/// What can keep access logs out of a target.
pub(super) const TARGET: &[Part] = &[
    Part::Policy,
    Part::Grants,
    Part::Ownership,
    Part::Blocks,
    Part::Encryption,
    Part::Logging,
    Part::ObjectLock,
    Part::RequestPayment,
];

/// The same of a target of ours, and what we put there. It has no ACLs that could matter.
pub(super) const MANAGED_TARGET: &[Part] =
    &[Part::Policy, Part::Blocks, Part::Encryption, Part::Logging, Part::Rules, Part::ObjectLock, Part::RequestPayment];

/// The parts of a log bucket that are read.
pub(super) fn of_log_bucket(settings: &Settings, uses: &Uses, name: &str) -> Vec<Part> {
    let on = |control: &Control<Bucket>| settings.modes.of(&control.about) != Mode::Off;
    let trail = uses.receives_trail();
    let target = uses.receives_access_logs(name);
    let (public, https, delivers) = (on(&public_access::CONTROL), on(&https_only::CONTROL), on(&delivery::CONTROL));
    // Only a customer's target may let the log writer in by its ACL.
    let by_acl = delivers && target && !is_managed_target(name);
    let kept = |control| uses.is_kept(name) && on(control);
    let readers = kept(&access_readers::CONTROL) && !settings.access.readers().is_empty();
    let lifecycle = (trail && on(&lifecycle::CONTROL)) || kept(&access_lifecycle::CONTROL);
    let all = [
        (Part::Policy, public || https || delivers || readers),
        (Part::Blocks, public || https || delivers || readers),
        (Part::Website, public || https),
        (Part::Grants, public || by_acl),
        (Part::Ownership, by_acl),
        (Part::RequestPayment, delivers && !uses.trails.is_empty()),
        (Part::Encryption, on(&encryption::CONTROL)),
        (Part::Logging, !target && on(&access_logging::CONTROL)),
        (Part::Rules, lifecycle),
        (Part::Versioning, lifecycle || (trail && on(&mfa_delete::CONTROL))),
        (Part::Notifications, kept(&access_events::CONTROL)),
    ];
    all.into_iter().filter(|(_, wanted)| *wanted).map(|(part, _)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::super::TrailDelivery;
    use super::*;
    use crate::settings::Modes;

    #[test]
    fn what_is_off_is_not_read() {
        let trail = TrailDelivery { arn: "x".to_owned(), prefix: None, organization: false };
        let uses = Uses { trails: vec![trail], ..Uses::default() };
        let only = |id: &str| {
            let controls = [&public_access::CONTROL, &https_only::CONTROL, &delivery::CONTROL, &encryption::CONTROL];
            let rest = [&access_logging::CONTROL, &lifecycle::CONTROL, &mfa_delete::CONTROL];
            let off = controls.into_iter().chain(rest).map(|it| it.about.id).filter(|other| *other != id);
            let overrides = off.map(|id| (id.to_owned(), Mode::Off)).chain([(id.to_owned(), Mode::DryRun)]).collect();
            of_log_bucket(&Settings::of(Modes { default: Mode::DryRun, overrides }), &uses, "logs")
        };
        assert_eq!(only("log-bucket-encryption"), [Part::Encryption]);
        assert_eq!(only("log-bucket-access-logging"), [Part::Logging]);
        assert_eq!(only("log-bucket-lifecycle"), [Part::Rules, Part::Versioning]);
        assert_eq!(only("log-bucket-delivery"), [Part::Policy, Part::Blocks, Part::RequestPayment]);
        let named = Uses { named: true, ..Uses::default() };
        let of = |uses: &Uses, id: &str| {
            let overrides = [(id.to_owned(), Mode::DryRun)].into();
            of_log_bucket(&Settings::of(Modes { default: Mode::Off, overrides }), uses, "logs")
        };
        assert_eq!(of(&named, "access-log-events"), [Part::Notifications]);
        assert_eq!(of(&named, "access-log-lifecycle"), [Part::Rules, Part::Versioning]);
        assert_eq!(of(&named, "access-log-readers"), [], "no readers are set");
        assert_eq!(of(&uses, "access-log-events"), [], "it is no target");
        let usual = of_log_bucket(&Settings::of(Modes::all(Mode::DryRun)), &uses, "logs");
        assert!(!usual.contains(&Part::Rules) && usual.len() == 8, "{usual:?}");
    }
}
