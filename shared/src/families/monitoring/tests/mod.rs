//! Tests of the family.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod chains;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod listeners;
#[cfg(test)]
mod looser;
#[cfg(test)]
mod played;
#[cfg(test)]
mod read;
#[cfg(test)]
mod shared_metric;
#[cfg(test)]
mod silent;
#[cfg(test)]
#[cfg(feature = "monitoring")]
mod wire;
