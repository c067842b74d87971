//! Process of a Lambda function: settings, clients and logs once, then one event after another.

pub(crate) mod accounts;
mod batch;
#[cfg(feature = "digest")]
mod digest;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod publish;
#[cfg(feature = "ledger")]
mod run;
pub(crate) mod runtime;

#[cfg(feature = "digest")]
pub use digest::run_digest;
#[cfg(feature = "ledger")]
pub use run::run;
