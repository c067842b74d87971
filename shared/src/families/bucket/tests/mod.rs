//! What only tests have.

#[cfg(test)]
mod laws;
#[cfg(test)]
mod reads;
#[cfg(test)]
#[cfg(feature = "bucket")]
mod wire;
