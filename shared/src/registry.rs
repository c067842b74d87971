//! All that Trailkeeper watches, without a word of AWS's SDKs: for settings, docs, the template and their tests.

use crate::model::{About, Family, Watch};
use crate::transfer::Transfer;

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

/// Every family, in the order of the documentation.
#[must_use]
pub fn families() -> Vec<FamilyInfo> {
    vec![info::<Transfer>()]
}

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
