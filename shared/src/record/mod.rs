//! The audit record: which trails keep it, and what keeps them from it. One judge for everybody who asks. Pure.
//!
//! A trail records the account if it takes the events, is logging, delivers without errors, and delivers where the
//! account wants it.

mod check;
mod facts;

pub use check::RecordCheck;
pub use facts::{DeliveryErrors, Facts, TrailBucket, TrailFiles};
