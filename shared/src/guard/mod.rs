//! Guard: tells every change of Trailkeeper's own parts, whoever made it.
//!
//! It is no family: it repairs nothing, no tag and no setting exempts from it, and it enters no other account. A call is
//! told from the event alone ([`parts`](watch::parts) says what it names, [`Ours`] whether that is Trailkeeper's); the
//! schedule looks at the rules that wake the functions ([`RuleState`](rules::RuleState)). Pure but for the function.

#[cfg(feature = "guard")]
mod function;
#[cfg(any(test, feature = "guard"))]
mod letter;
mod ours;
pub mod quiet;
pub mod rules;
mod tests;
pub mod watch;

#[cfg(feature = "guard")]
pub use function::run;
#[cfg(test)]
pub(crate) use letter::IF_UNKNOWN;
pub use ours::{Ours, OwnPart};
pub use watch::Calls;
