//! Shared code and data for tests.

#[cfg(test)]
mod docs;
#[cfg(test)]
pub(crate) mod game;
#[cfg(test)]
pub(crate) mod golden;
#[cfg(test)]
pub(crate) mod hostile;
#[cfg(test)]
pub(crate) mod laws;
#[cfg(test)]
pub(crate) mod ledger;
#[cfg(test)]
pub(crate) mod read;
#[cfg(test)]
mod readme;
#[cfg(test)]
pub(crate) mod roles;
#[cfg(test)]
pub(crate) mod routed;
#[cfg(test)]
mod settings;
#[cfg(test)]
pub(crate) mod shell;
#[cfg(test)]
mod templates;
