//! Tests of the guard.

#[cfg(test)]
mod named;
#[cfg(test)]
mod played;
