//! Controls of the family: one file each.

pub(super) mod rotation;
