//! Everything that Trailkeeper watches, independent of AWS's SDKs: for settings, docs, the template and their tests.

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

/// Description of a family, known without reading anything.
#[derive(Debug, Clone)]
pub struct FamilyInfo {
    /// Name of the family.
    pub name: &'static str,
    /// Controls of the family.
    pub controls: Vec<&'static About>,
    /// API calls that trigger the family's function.
    pub watches: &'static [Watch],
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

fn info<F: Family>() -> FamilyInfo {
    FamilyInfo {
        name: F::NAME,
        controls: F::CONTROLS.iter().map(|control| &control.about).collect(),
        watches: F::WATCHES,
    }
}
