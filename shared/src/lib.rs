//! The core of Trailkeeper.
//!
//! An event names a resource; everything else is read from AWS. One walk serves events, sweeps and dry runs:
//! [`route`](mod@route) → [observe](engine::Read) → [judge](model::Control) → [`plan`](mod@plan) →
//! [apply](engine::Write) → observe again → [report].
//!
//! All but [`engine`], [`handle`] and what lies behind the cargo features is pure: no SDK, no clock, no environment.
//! A family is one module; its cargo feature adds the one file that talks to AWS.

pub mod access;
pub mod actor;
pub mod bucket_step;
pub mod dependency;
pub mod engine;
pub mod error;
pub mod event;
pub mod exemption;
pub mod filter_pattern;
pub mod handle;
mod history;
pub mod key_step;
pub mod ledger;
pub mod log_group;
pub mod message;
pub mod mode;
pub mod model;
pub mod organization;
pub mod our_key;
pub mod our_role;
pub mod place;
pub mod plan;
pub mod policy;
pub mod record;
pub mod registry;
pub mod report;
pub mod role;
pub mod route;
pub mod settings;
pub mod sweep;
pub mod text;
pub mod topic;
pub mod topic_step;
mod walk;

pub mod bucket;
pub mod key;
pub mod monitoring;
pub mod recorder;
pub mod trail;
pub mod transfer;
pub mod vpc;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "aws")]
mod desk;
#[cfg(feature = "aws")]
mod log;
#[cfg(feature = "aws")]
mod metrics;
#[cfg(feature = "aws")]
mod publish;
#[cfg(feature = "aws")]
pub mod run;
#[cfg(feature = "aws")]
mod runtime;
#[cfg(feature = "aws")]
pub use run::run;

#[cfg(test)]
mod docs;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod seen_roles;
