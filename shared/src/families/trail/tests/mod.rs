//! Tests of the family.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod played;
#[cfg(test)]
mod read;
#[cfg(test)]
#[cfg(feature = "trail")]
mod wire;
