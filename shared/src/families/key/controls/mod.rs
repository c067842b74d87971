//! The controls of the family: a file each.

pub(super) mod rotation;
