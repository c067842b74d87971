//! Tests of the access log reader as a whole.

#[cfg(test)]
mod bad_lines;
#[cfg(test)]
pub(super) mod cases;
#[cfg(test)]
mod good_lines;
#[cfg(test)]
mod judged;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod many_requesters;
