//! Finds out who touched the log files: reads, judges and summarizes S3 server access logs. Pure.
//!
//! [`Lines`](read::stream::Lines) splits the chunks of a log file into lines. [`Line`](read::line::Line) is one
//! request, [`Requester`](read::who::Requester) says who made it and [`Class`](read::operation::Class) what it did.
//! [`Judge`](judge::Judge) decides what is unusual, and [`Digest`](digest::Digest) summarizes it in constant memory.
//! [`Reading`] ties them together: bytes go in, an [`AccessReport`] comes out, and [`text`](mod@report::text) turns it
//! into a mail.
//!
//! Anything that a caller chose (keys, URIs, user agents) leaves through [`foreign`](read::foreign) only.

pub mod digest;
#[cfg(feature = "access")]
mod function;
pub mod judge;
mod listing;
pub mod notice;
pub mod read;
mod reading;
pub mod report;
mod tests;

pub use crate::documents::principals::Principals;
pub use crate::settings::access::AccessSettings;
pub use crate::settings::watching::Watching;
#[cfg(feature = "access")]
pub use function::{Files, Opened, run};
pub use listing::{Listed, ListedRequest, Listing, OneFinding};
pub use notice::{Announced, File, Put};
pub use reading::Reading;
pub use report::AccessReport;
pub use report::answer::AccessAnswer;
