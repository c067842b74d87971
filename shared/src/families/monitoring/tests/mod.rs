//! Tests of the family.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod listeners;
#[cfg(test)]
mod played;
#[cfg(test)]
mod shared_metric;
#[cfg(test)]
#[cfg(feature = "monitoring")]
mod wire;
