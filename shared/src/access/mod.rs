//! Who touched the logs: S3 server access logs, read, judged and summed up. Pure.
//!
//! [`Lines`](read::stream::Lines) cuts chunks of a log file into lines, [`Line`](read::line::Line) is one of them,
//! [`Requester`](read::who::Requester) its requester, [`Class`](read::operation::Class) what it did; [`Judge`](judge::Judge) says what is not
//! normal, and [`Digest`](digest::Digest) keeps what people want to know of it, in constant memory. [`Reading`] ties
//! them together: bytes go in, an [`AccessReport`] comes out, and [`text`](mod@text) makes a mail of it.
//!
//! Of what a caller chose (keys, URIs, user agents), nothing leaves but through [`foreign`].

pub mod digest;
#[cfg(feature = "access")]
mod function;
pub mod judge;
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
pub use notice::File;
pub use reading::Reading;
pub use report::AccessReport;
pub use report::answer::AccessAnswer;
