//! All that Trailkeeper watches, without a word of AWS's SDKs: for settings, docs, the template and their tests.

pub mod bucket;
pub mod key;
pub mod monitoring;
pub mod recorder;
pub mod trail;
pub mod transfer;
pub mod vpc;

use crate::event::Watch;
use crate::family::Family;
use crate::model::About;

/// What there is to know of a family without reading anything.
#[derive(Debug, Clone)]
pub struct FamilyInfo {
    /// Its name.
    pub name: &'static str,
    /// Its controls.
    pub controls: Vec<&'static About>,
    /// The calls that wake it.
    pub watches: &'static [Watch],
}

/// Registers the families, and in tests holds each to the laws.
macro_rules! register {
    ($($module:ident::$family:ident),+ $(,)?) => {
        /// Every family, in the order of the documentation.
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

/// The ids of all controls of all families.
#[must_use]
pub fn control_ids() -> Vec<&'static str> {
    families().iter().flat_map(|family| family.controls.iter().map(|about| about.id)).collect()
}

fn info<F: Family>() -> FamilyInfo {
    FamilyInfo {
        name: F::NAME,
        controls: F::CONTROLS.iter().map(|control| &control.about).collect(),
        watches: F::WATCHES,
    }
}
