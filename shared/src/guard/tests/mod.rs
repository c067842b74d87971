//! Tests of the guard.

#[cfg(test)]
mod named;
