//! Settings for controls that this version does not have: they stop nothing, and people are told of them.

use crate::event::Identity;
use crate::family::Family;
use crate::model::Severity;
use crate::report::{ControlResult, Status};
use crate::settings::exempt::ExemptionRule;
use crate::settings::{Settings, UnknownControl};

/// Returns a result for each id among the settings that is of no control, from the one family that tells of settings. If the control has another name by now, it may be doing what it was not meant to do.
pub(super) fn unknown_controls<F: Family>(us: &Identity, settings: &Settings) -> Vec<ControlResult> {
    if !F::TELLS_SETTINGS {
        return Vec::new();
    }
    let (home, stack) = (&settings.home, settings.stack_name().unwrap_or("*"));
    let resource = format!("arn:{}:cloudformation:{home}:{}:stack/{stack}/*", us.partition, us.account);
    let result = |UnknownControl { setting, id }: &UnknownControl| {
        let parameter = if *setting == ExemptionRule::SETTING { "Exempt" } else { "Controls" };
        let advice = format!(
            "Look up what the control is called now, name that in the parameter {parameter}, and take this one out."
        );
        let because = format!("{setting} names `{id}`, and this version has no such control: it has no effect");
        let result = ControlResult::new((id, Severity::High), &resource, home.as_str(), Status::Advised, &because);
        ControlResult { advice: Some(advice.into()), ..result }
    };
    settings.unknown_controls.iter().map(result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::trail::Trail;
    use crate::families::transfer::Transfer;
    use crate::settings::{Mode, Modes};

    #[test]
    fn one_family_tells_of_each_and_loudly() {
        let us = Identity::of("arn:aws:sts::111122223333:assumed-role/Keeper/x", "AROA:x").expect("an identity");
        let settings = Settings {
            unknown_controls: [("TRAILKEEPER_CONTROLS", "an-old-one"), ("TRAILKEEPER_EXEMPT", "another")]
                .map(|(setting, id)| UnknownControl { setting, id: id.into() })
                .into(),
            ..Settings::of(Modes::all(Mode::DryRun))
        };
        assert_eq!(unknown_controls::<Transfer>(&us, &settings), []);
        let told = unknown_controls::<Trail>(&us, &settings);
        assert_eq!(told.iter().map(|it| &*it.control).collect::<Vec<_>>(), ["an-old-one", "another"]);
        let advised: Vec<&str> = told.iter().filter_map(|it| it.advice.as_deref()).collect();
        assert!(advised[0].contains("parameter Controls") && advised[1].contains("parameter Exempt"), "{advised:?}");
        assert!(told.iter().all(|it| it.worth_telling() && it.severity == Severity::High && it.advice.is_some()));
        assert_eq!(unknown_controls::<Trail>(&us, &Settings::of(Modes::all(Mode::DryRun))), []);
    }
}
