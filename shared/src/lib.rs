//! The core of Trailkeeper.
//!
//! An event names a resource; everything else is read from AWS. One walk serves events, sweeps and dry runs:
//! [`route`](fn@family::route) → [observe](reconcile::ports::Read) → [judge](family::Control) →
//! [`plan`](fn@reconcile::plan::plan) → [apply](reconcile::ports::Write) → observe again → [report].
//!
//! The rooms stand below in their order: none imports a later one, which `tests/architecture.rs` holds. All but
//! [`reconcile`], [`handle`] and what lies behind the cargo features is pure: no SDK, no clock, no environment. A
//! family is a room of [`families`]; its cargo feature adds the part of it that talks to AWS.

pub mod model;

pub mod frameworks;

pub mod documents;
pub mod managed;
pub mod settings;

pub mod record;

pub mod exemption;

pub mod event;
pub mod family;
pub mod ledger;
pub mod report;

pub mod handle;
pub mod reconcile;

#[cfg(feature = "aws")]
pub mod aws;

pub mod families;

#[cfg(feature = "undo")]
pub mod undo;

#[cfg(feature = "aws")]
pub mod lambda;
#[cfg(feature = "ledger")]
pub use lambda::run;
#[cfg(feature = "digest")]
pub use lambda::run_digest;

pub mod access;
pub mod guard;

mod testing;
