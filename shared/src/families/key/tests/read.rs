//! Properties as they read in a view, for the laws.

use crate::families::key::view::View;
use crate::model::Property;
use crate::testing::read::Shown;
use serde_json::json;

pub(super) fn read(view: &View, property: &Property) -> Shown {
    let rotates = view.rotates.filter(|_| matches!(property, Property::KeyRotation { .. }))?;
    Some(Some(json!({ "KeyRotationEnabled": rotates, "RotationPeriodInDays": rotates.then_some(365) })))
}
