//! What only tests have.

#[cfg(test)]
mod laws;
#[cfg(test)]
#[cfg(feature = "vpc")]
mod wire;
