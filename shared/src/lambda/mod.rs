//! The process: settings, clients and logs once, then one event after another under Lambda's runtime.

pub(crate) mod accounts;
mod log;
mod metrics;
pub(crate) mod publish;
mod run;
pub(crate) mod runtime;

pub use run::run;
