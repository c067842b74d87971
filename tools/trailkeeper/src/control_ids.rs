//! Ids of controls as arguments: shells complete them, and what is none is told in words of ours.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};
use std::ffi::OsStr;
use trailkeeper::families::{control_ids, families};

/// Takes any text, and offers the ids of the controls.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ControlIds;

/// Takes any text, and offers the names of the families.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FamilyNames;

impl TypedValueParser for ControlIds {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(control_ids().into_iter().map(PossibleValue::new)))
    }
}

impl TypedValueParser for FamilyNames {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(families().into_iter().map(|it| PossibleValue::new(it.name))))
    }
}
