//! Exceptions for controls that this version does not have: they stop nothing, and people are told of them.

use crate::event::Identity;
use crate::family::Family;
use crate::model::Severity;
use crate::report::{ControlResult, Status};
use crate::settings::Settings;

/// Returns a result for each id among the exceptions by control that is of no control, from the one family that tells
/// of settings. If the control has another name by now, it may be doing what it was not meant to do.
pub(super) fn unknown_controls<F: Family>(us: &Identity, settings: &Settings) -> Vec<ControlResult> {
    if !F::TELLS_SETTINGS {
        return Vec::new();
    }
    let (home, stack) = (&settings.home, settings.stack_name().unwrap_or("*"));
    let result = |id: &String| ControlResult {
        control: id.clone(),
        resource: format!("arn:{}:cloudformation:{home}:{}:stack/{stack}/*", us.partition, us.account).into(),
        region: home.to_string(),
        status: Status::Advised,
        severity: Severity::High,
        because: format!("TRAILKEEPER_CONTROLS names `{id}`, and this version has no such control: it has no effect")
            .into(),
        advice: Some(
            "Look up what the control is called now, name that in the parameter Controls, and take this one out.".into(),
        ),
        steps: Vec::new(),
        exempted: false,
        quiet: false,
        retry: false,
    };
    settings.unknown_controls.iter().map(result).collect()
}
