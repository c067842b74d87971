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
mod reads;
#[cfg(test)]
mod targets;
#[cfg(test)]
#[cfg(feature = "bucket")]
mod wire;
