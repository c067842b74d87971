//! Call that enables the rotation of a key.

use super::view::View;
use crate::model::{self, Call, Place, Property};
use serde_json::{Value, json};
use std::fmt;

/// Call with all its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `kms:EnableKeyRotation`. For a key that already rotates it would change the period. No failure of it is retried: a
    /// key that is not ready yet leads to a new plan instead.
    EnableRotation {
        /// ARN of the key: the call does not accept an alias.
        key: String,
        /// Rotation period in days, from `RotationPeriodInDays`.
        days: u32,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::EnableRotation { key, days } = self;
        write!(f, "turn on rotation of key {key} every {days} days")
    }
}

impl Call for Step {
    fn actions(&self) -> &'static [&'static str] {
        match self {
            Self::EnableRotation { .. } => &["kms:EnableKeyRotation"],
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::EnableRotation { .. } => 0,
        }
    }

    fn before(&self) -> Option<Value> {
        let Self::EnableRotation { key: _, days: _ } = self;
        Some(json!({ "KeyRotationEnabled": false }))
    }

    fn after(&self) -> Value {
        let Self::EnableRotation { key: _, days } = self;
        json!({ "KeyRotationEnabled": true, "RotationPeriodInDays": days })
    }

    fn property(&self, place: &Place) -> Property {
        let Self::EnableRotation { key, days: _ } = self;
        Property::KeyRotation { region: place.region.clone(), key: key.clone() }
    }
}

impl model::Step for Step {
    type View = View;

    fn call(&self) -> &dyn Call {
        self
    }

    fn effect(&self, view: &mut View) {
        let Self::EnableRotation { key: _, days: _ } = self;
        view.rotates = Some(true);
    }
}
