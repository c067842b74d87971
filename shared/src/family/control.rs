//! Controls: what must be true of every resource of a family.

use super::Family;
use crate::model::{About, Subject, Verdict};
use crate::settings::Settings;

/// One thing that must be true of every resource of a family.
#[derive(Debug)]
pub struct Control<F: Family> {
    /// Description of the control for people.
    pub about: About,
    /// Judges one resource. Pure: the same view always gets the same verdict.
    pub judge: fn(&F::View, &Subject, &Settings) -> Verdict<F::Step>,
}

impl<F: Family> Copy for Control<F> {}

impl<F: Family> Clone for Control<F> {
    fn clone(&self) -> Self {
        *self
    }
}
