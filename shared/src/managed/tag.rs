//! Tag of the resources that Trailkeeper created.

/// Tag of the resources that Trailkeeper created. A resource without it is never edited as ours.
pub const MANAGED_TAG: (&str, &str) = ("managed-by", "trailkeeper");
