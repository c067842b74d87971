//! Selection: which controls and findings are asked for.

use crate::finding::{Finding, Standing};
use trailkeeper::families::families;
use trailkeeper::frameworks::Framework;
use trailkeeper::model::Severity;
use trailkeeper::settings::{Mode, Settings};

/// Control by which an account without a trail gets one.
const MAKES_A_TRAIL: &str = "cloudtrail-multi-region";

/// What is asked for. What is empty asks for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Ids of controls.
    pub controls: Vec<String>,
    /// Names of families.
    pub families: Vec<String>,
    /// Framework that has to ask for a control.
    pub framework: Option<Framework>,
    /// Lowest severity of findings.
    pub min_severity: Option<Severity>,
}

impl Selection {
    /// Returns the first word that names nothing, with what it might have meant.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let families = families();
        let ids: Vec<&str> = families.iter().flat_map(|it| &it.controls).map(|it| it.id).collect();
        if self.controls.iter().any(String::is_empty) {
            return Some("--control: an id is empty".to_owned());
        }
        if let Some(control) = self.controls.iter().find(|it| !ids.contains(&it.as_str())) {
            let near: Vec<&str> = ids.iter().filter(|id| id.contains(control.as_str())).copied().collect();
            let near = if near.is_empty() {
                "see docs/controls.md".to_owned()
            } else {
                format!("did you mean {}", near.join(", "))
            };
            return Some(format!("--control: there is no control {control}; {near}"));
        }
        let family = self.families.iter().find(|it| !families.iter().any(|family| family.name == it.as_str()))?;
        let names: Vec<&str> = families.iter().map(|it| it.name).collect();
        Some(format!("--family: there is no family {family}; there are {}", names.join(", ")))
    }

    /// Switches the controls of the settings: what is not asked for is off, and what is asked for by name is on.
    /// Returns the ids of those that are on.
    pub fn switch(&self, settings: &mut Settings) -> Vec<&'static str> {
        let mut on = Vec::new();
        let makes_a_trail = families().into_iter().flat_map(|it| it.controls).find(|it| it.id == MAKES_A_TRAIL);
        let is_off_by_hand = makes_a_trail.is_none_or(|about| settings.modes.of(about) == Mode::Off);
        for family in families() {
            for about in family.controls {
                let named = self.controls.iter().any(|it| it == about.id);
                let of_family = self.families.iter().any(|it| it == family.name);
                let anything = self.controls.is_empty() && self.families.is_empty();
                let asked = self.framework.is_none_or(|framework| !framework.asks(about.id).is_empty());
                // Whoever asks for a framework wants all that it asks for, also what is off at first.
                let is_off_by_hand = settings.modes.overrides.get(about.id) == Some(&Mode::Off);
                let by_framework = self.framework.is_some() && !is_off_by_hand;
                let mode = if !(asked && (anything || named || of_family)) {
                    Mode::Off
                } else if named || by_framework || settings.modes.of(about) != Mode::Off {
                    on.push(about.id);
                    Mode::DryRun
                } else {
                    Mode::Off
                };
                settings.modes.overrides.insert(about.id.to_owned(), mode);
            }
        }
        // A trail that the account lacks is judged by the others only where the control that makes it is on.
        // Its own findings are left out by the caller, unless it is asked for.
        if !is_off_by_hand && on.iter().any(|id| id.starts_with("cloudtrail-")) {
            settings.modes.overrides.insert(MAKES_A_TRAIL.to_owned(), Mode::DryRun);
        }
        settings.modes.default = Mode::DryRun;
        on
    }

    /// Returns whether a finding is asked for. What could not be told has to be of that severity as well.
    #[must_use]
    pub fn takes(&self, finding: &Finding) -> bool {
        let counts = matches!(finding.standing, Standing::Wrong | Standing::Unknown);
        !counts || self.min_severity.is_none_or(|least| finding.severity >= least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::sample;
    use trailkeeper::settings::Modes;

    fn on(selection: &Selection) -> Vec<&'static str> {
        selection.switch(&mut Settings::of(Modes::all(Mode::Enforce)))
    }

    #[test]
    fn only_what_is_asked_for_is_on_and_nothing_ever_writes() {
        let all = on(&Selection::default());
        assert!(
            all.contains(&"cloudtrail-logging") && !all.contains(&"log-bucket-lifecycle"),
            "off at first stays off"
        );
        let named = Selection { controls: vec!["log-bucket-lifecycle".to_owned()], ..Selection::default() };
        assert_eq!(on(&named), ["log-bucket-lifecycle"]);
        let key = Selection { families: vec!["key".to_owned()], ..Selection::default() };
        assert_eq!(on(&key), ["kms-key-rotation"]);
        let cis = on(&Selection { framework: Framework::parse("cis-5.0"), ..Selection::default() });
        assert!(cis.contains(&"vpc-flow-logs") && !cis.contains(&"cloudtrail-delivery"), "{cis:?}");
        assert!(cis.contains(&"monitor-root-usage"), "off at first, and asked for: {cis:?}");
        let mut settings = Settings::of(Modes::all(Mode::Enforce));
        named.switch(&mut settings);
        assert!(settings.modes.overrides.values().all(|mode| *mode != Mode::Enforce));
    }

    #[test]
    fn what_names_nothing_is_said() {
        let problem = |controls: &[&str], families: &[&str]| {
            let own = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
            Selection { controls: own(controls), families: own(families), ..Selection::default() }.problem()
        };
        assert_eq!(problem(&["vpc-flow-logs"], &["key"]), None);
        assert_eq!(
            problem(&["flow-logs"], &[]).as_deref(),
            Some("--control: there is no control flow-logs; did you mean vpc-flow-logs")
        );
        assert!(problem(&[], &["keys"]).is_some_and(|it| it.contains("monitoring")));
    }

    #[test]
    fn lesser_findings_are_left_out_and_what_is_right_is_not() {
        let high = Selection { min_severity: Some(Severity::High), ..Selection::default() };
        let report = sample();
        let taken: Vec<&str> = report.findings.iter().filter(|it| high.takes(it)).map(|it| it.control).collect();
        assert!(taken.contains(&"cloudtrail-logging") && taken.contains(&"cloudtrail-log-validation"));
        assert!(!taken.contains(&"log-bucket-mfa-delete"));
    }
}
