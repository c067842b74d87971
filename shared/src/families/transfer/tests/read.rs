//! Properties as they read in a view, for the laws.

use crate::families::transfer::view::View;
use crate::model::Property;
use crate::testing::read::{self, Shown};
use serde_json::json;

pub(super) fn read(view: &View, property: &Property) -> Shown {
    match property {
        Property::ServerLoggingRole { .. } => Some(Some(json!({ "LoggingRole": view.logging_role }))),
        _ => read::role(&view.managed_role, property),
    }
}
