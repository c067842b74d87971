//! Everything that Trailkeeper watches, independent of AWS's SDKs: for settings, docs, the template and their tests.

pub mod bucket;
pub mod key;
pub mod monitoring;
pub mod recorder;
pub mod trail;
pub mod transfer;
pub mod vpc;

use crate::event::Watch;
use crate::family::{Family, Tell};
use crate::model::About;
use crate::report::mail::KnownControl;

/// Description of a family, known without reading anything.
#[derive(Debug, Clone)]
pub struct FamilyInfo {
    /// Name of the family.
    pub name: &'static str,
    /// Controls of the family.
    pub controls: Vec<&'static About>,
    /// API calls that trigger the family's function.
    pub watches: &'static [Watch],
    /// Calls that people are told of whatever the check finds.
    pub tells: &'static [Tell],
}

/// Registers the families, and in tests checks that each follows the laws.
macro_rules! register {
    ($($module:ident::$family:ident),+ $(,)?) => {
        /// Returns all families, in the order of the documentation.
        #[must_use]
        pub fn families() -> Vec<FamilyInfo> {
            vec![$(info::<$module::$family>()),+]
        }

        #[cfg(test)]
        mod obeys_the_law {
            $(mod $module {
                use crate::families::$module::$family;
                crate::testing::laws::hold!($family);
            })+
        }
    };
}

register![
    transfer::Transfer,
    trail::Trail,
    bucket::Bucket,
    vpc::Vpc,
    key::Key,
    recorder::Recorder,
    monitoring::Monitoring
];

/// Returns the ids of all controls of all families.
#[must_use]
pub fn control_ids() -> Vec<&'static str> {
    families().iter().flat_map(|family| family.controls.iter().map(|about| about.id)).collect()
}

/// Returns the control with this id, as mails need it.
#[must_use]
pub fn known(id: &str) -> Option<KnownControl> {
    let of = |family: FamilyInfo| {
        let about = family.controls.iter().find(|about| about.id == id).copied()?;
        Some(KnownControl { family: family.name, about })
    };
    families().into_iter().find_map(of)
}

fn info<F: Family>() -> FamilyInfo {
    FamilyInfo {
        name: F::NAME,
        controls: F::CONTROLS.iter().map(|control| &control.about).collect(),
        watches: F::WATCHES,
        tells: F::TELLS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::When;

    #[test]
    fn what_is_told_whatever_is_found_is_watched_and_about_a_control() {
        for family in families() {
            for tell in family.tells {
                let watched = |call: &str| {
                    let mut of_service = family.watches.iter().filter(|watch| watch.service == tell.service);
                    of_service.any(|watch| watch.calls.contains(&call))
                };
                assert!(tell.calls.iter().all(|call| watched(call)), "{tell:?}");
                if let When::Always(control) | When::Applicable(control) = tell.when {
                    assert!(family.controls.iter().any(|about| about.id == control), "{control}");
                }
            }
        }
    }
}
