//! The mark of what Trailkeeper made.

/// The tag that marks what Trailkeeper made. Nothing without it is ever edited as ours.
pub const MANAGED_TAG: (&str, &str) = ("managed-by", "trailkeeper");
