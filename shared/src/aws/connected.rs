//! Families connected to their SDKs.

use super::Aws;
use crate::family::Family;
use crate::reconcile::ports::{Read, Write};
use crate::settings::Settings;

/// Family that is connected to its SDKs.
pub trait Connected: Family {
    /// Reader and writer of the family's resources.
    type Io: Read<Self> + Write<Self>;
    /// Creates the reader and writer from the account's configuration.
    fn connect(aws: &Aws, settings: &Settings) -> Self::Io;
}
