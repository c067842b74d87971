//! A family with its SDKs.

use super::Aws;
use crate::family::Family;
use crate::reconcile::ports::{Read, Write};
use crate::settings::Settings;

/// A family that has its SDKs on board.
pub trait Connected: Family {
    /// What reads and writes its resources.
    type Io: Read<Self> + Write<Self>;
    /// Makes that out of the account's configuration.
    fn connect(aws: &Aws, settings: &Settings) -> Self::Io;
}
