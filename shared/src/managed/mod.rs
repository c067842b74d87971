//! Resources that Trailkeeper creates and maintains: roles, keys, topics, log groups, buckets. As read, as wanted, and
//! the calls in between.

pub mod bucket;
pub mod key;
pub mod log_group;
pub mod role;
pub mod tag;
pub mod topic;
