//! Process of a Lambda function: settings, clients and logs once, then one event after another.

pub(crate) mod accounts;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod publish;
mod run;
pub(crate) mod runtime;

pub use run::run;
