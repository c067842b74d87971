//! Who touched the logs: S3 server access logs, read, judged and summed up. Pure.
//!
//! [`Lines`](stream::Lines) cuts chunks of a log file into lines, [`Line`](line::Line) is one of them,
//! [`Who`](who::Who) its requester, [`Class`](operation::Class) what it did; [`Judge`](judge::Judge) says what is not
//! normal, and [`Digest`](digest::Digest) keeps what people want to know of it, in constant memory. [`Reading`] ties
//! them together: bytes go in, an [`AccessReport`] comes out, and [`text`](mod@text) makes a mail of it.
//!
//! Of what a caller chose (keys, URIs, user agents), nothing leaves but through [`foreign`].

pub mod answer;
#[cfg(feature = "access")]
mod aws;
pub mod digest;
pub mod foreign;
#[cfg(feature = "access")]
mod function;
pub mod judge;
pub mod kind;
pub mod line;
#[cfg(any(test, feature = "access"))]
mod messages;
pub mod notice;
pub mod operation;
pub mod setting;
pub mod stream;
pub mod text;
pub mod time;
pub mod timeline;
pub mod told;
pub mod top;
pub mod watching;
pub mod who;

mod burst;
mod fields;
mod group;
mod reading;
mod shorter;
mod tail;

pub use answer::AccessAnswer;
#[cfg(feature = "access")]
pub use aws::{Files, Opened};
#[cfg(feature = "access")]
pub use function::run;
pub use notice::File;
pub use reading::Reading;
pub use setting::Setting;
pub use told::AccessReport;
pub use watching::Watching;
pub use who::Principals;

#[cfg(test)]
mod bad_lines;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod crowds;
#[cfg(test)]
mod good_lines;
#[cfg(test)]
mod judged;
#[cfg(test)]
mod laws;
