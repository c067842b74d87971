//! Event bus over which sweeps are delegated.

use super::error::SettingsError;
use super::table;
use crate::model::{Arn, Region};

/// Event bus over which sweeps are delegated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bus {
    /// ARN of the bus.
    pub arn: String,
    /// Region of the bus.
    pub region: Region,
}

impl Bus {
    /// Returns the name of the stack, which its bus has, too.
    #[must_use]
    pub fn stack(&self) -> &str {
        Arn::parse(&self.arn).map_or("", |arn| arn.name())
    }

    /// Name of the variable.
    pub const SETTING: &'static str = table::BUS.name;

    /// Parses the setting.
    ///
    /// # Errors
    /// Returns an error if the value is not the ARN of an event bus.
    pub fn setting(value: Option<String>) -> Result<Option<Self>, SettingsError> {
        let Some(value) = value else { return Ok(None) };
        let is_bus = |arn: &Arn<'_>| arn.service == "events" && arn.resource.starts_with("event-bus/");
        match (Arn::parse(&value).filter(is_bus), Region::of_arn(&value)) {
            (Some(_), Some(region)) => Ok(Some(Self { arn: value, region })),
            _ => Err(SettingsError {
                name: Self::SETTING,
                problem: "must be the ARN of an EventBridge event bus".into(),
                value,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bus_is_an_arn() {
        let arn = "arn:aws:events:eu-west-1:111122223333:event-bus/trailkeeper";
        let bus = Bus::setting(Some(arn.to_owned())).expect("a bus").expect("set");
        assert_eq!((bus.arn.as_str(), bus.region.as_str(), bus.stack()), (arn, "eu-west-1", "trailkeeper"));
        for bad in ["trailkeeper", "arn:aws:events:eu-west-1:1:rule/x", "arn:aws:events::1:event-bus/x"] {
            assert!(Bus::setting(Some(bad.to_owned())).is_err(), "{bad}");
        }
    }
}
