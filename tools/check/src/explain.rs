//! Explanation of a control, and of what it says of one resource.

use crate::facts::facts;
use crate::finding::{Finding, Standing};
use crate::terminal::{Look, calls};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::{Result, Write as _};
use trailkeeper::families::{FamilyInfo, families};
use trailkeeper::frameworks::requirements;
use trailkeeper::model::{About, OneLine, Permanent};
use trailkeeper::settings::{Mode, Settings};

/// Returns a control with its family.
#[must_use]
pub fn control(id: &str) -> Option<(FamilyInfo, &'static About)> {
    families().into_iter().find_map(|family| {
        let about = family.controls.iter().find(|about| about.id == id).copied()?;
        Some((family, about))
    })
}

/// What was read of one resource, and what follows from it.
#[derive(Debug, Clone)]
pub struct Judged<'a> {
    /// ARN of the resource.
    pub arn: &'a str,
    /// What the control says.
    pub finding: Option<&'a Finding>,
    /// Mode in force, and the setting that says so, as [`mode`] tells it.
    pub mode: String,
    /// What was read, as data; `None` if it could not be.
    pub view: Option<Value>,
}

/// Explains a control: what it wants and why, its mode, what wakes it, what its fix writes and may break, and the code that
/// keeps it right.
#[must_use]
pub fn of_control(family: &FamilyInfo, about: &About, settings: &Settings) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_control(&mut text, family, about, settings);
    text
}

fn write_control(text: &mut String, family: &FamilyInfo, about: &About, settings: &Settings) -> Result {
    let About { id, wrong: _, title, why, compliant, fix, risk, guard, permanent, severity, opt_in: _, references } =
        about;
    writeln!(text, "{id} ({}, family {})\n{title}.", severity.as_str(), family.name)?;
    for (head, words) in [
        ("Why", *why),
        ("What counts as right", compliant),
        ("What the fix writes", fix),
        ("What it may break or cost", risk),
        ("What guards against that", guard),
    ] {
        paragraph(text, head, words)?;
    }
    paragraph(text, "Mode", &mode(about, settings))?;
    writeln!(text, "\nWhat wakes it")?;
    writeln!(text, "  a schedule, which checks every resource in every region, and")?;
    for watch in family.watches {
        writeln!(text, "  {}: {}", watch.service, watch.calls.join(", "))?;
    }
    writeln!(text, "\nRights")?;
    writeln!(text, "  policies/{0}.observe.json to check, policies/{0}.remediate.json to fix", family.name)?;
    writeln!(text, "\nFrameworks")?;
    let asked = requirements(id);
    asked.iter().try_for_each(|it| writeln!(text, "  {}: {}", it.framework.name(), it.ids.join(", ")))?;
    if asked.is_empty() {
        writeln!(text, "  none that Trailkeeper knows asks for it")?;
    }
    writeln!(text, "\nPages")?;
    references.iter().try_for_each(|it| writeln!(text, "  {}", OneLine::from(*it)))?;
    let Some(Permanent { terraform, cloudformation }) = permanent else { return Ok(()) };
    for (name, code) in [("Terraform", terraform), ("CloudFormation", cloudformation)] {
        writeln!(text, "\nIn your own code, with {name} (capitals stand for what is yours)")?;
        code.lines().try_for_each(|line| writeln!(text, "  {line}"))?;
    }
    Ok(())
}

fn paragraph(text: &mut String, head: &str, words: &str) -> Result {
    writeln!(text, "\n{head}\n  {}", OneLine::from(words))
}

/// Returns the mode of a control, and the setting that says so.
#[must_use]
pub fn mode(about: &About, settings: &Settings) -> String {
    let word = |mode: Mode| match mode {
        Mode::Off => "off",
        Mode::DryRun => "dry-run",
        Mode::Enforce => "enforce",
    };
    let mode = settings.modes.of(about);
    let by = if settings.modes.overrides.contains_key(about.id) {
        format!("by {}, which says {}={}", "TRAILKEEPER_CONTROLS", about.id, word(mode))
    } else if mode == Mode::Off {
        format!("off at first: {} turns it on", "TRAILKEEPER_CONTROLS")
    } else {
        format!("by {}, which is {} unless it is set", "TRAILKEEPER_MODE", word(Mode::DryRun))
    };
    format!("{} ({by}). A check never writes, whatever the mode", word(mode))
}

/// Explains what a control says of one resource: first the answer, why, and what would be done, then which facts were read.
#[must_use]
pub fn of_resource(id: &str, judged: &Judged<'_>, look: Look) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_resource(&mut text, id, judged, look);
    text
}

fn write_resource(text: &mut String, id: &str, judged: &Judged<'_>, look: Look) -> Result {
    let Judged { arn, finding, mode, view } = judged;
    let word = match finding.map(|it| it.standing) {
        Some(Standing::Wrong) => "WRONG",
        Some(Standing::Unknown) => "COULD NOT BE TOLD",
        Some(Standing::Exempt) => "EXEMPT",
        Some(Standing::Right) => "RIGHT",
        Some(Standing::NotApplicable) => "DOES NOT APPLY",
        None => "SWITCHED OFF",
    };
    writeln!(text, "{word}  {id}  {}", OneLine::from(*arn))?;
    if let Some(finding) = finding {
        let Finding { because, advice, steps, id, account, region, about, .. } = finding;
        writeln!(text, "  {account}, {region}, {id}")?;
        let because = if because.is_empty() { OneLine::from(about.compliant) } else { because.clone() };
        writeln!(text, "  Because: {because}")?;
        advice.iter().try_for_each(|advice| writeln!(text, "  What to do: {advice}"))?;
        finding.cure().map(OneLine::from).iter().try_for_each(|cure| writeln!(text, "  What to do: {cure}"))?;
        writeln!(text, "  Mode: {mode}")?;
        if !steps.is_empty() {
            writeln!(text, "  Would put it right:")?;
        }
        let mut told = BTreeSet::new();
        (1..).zip(steps).try_for_each(|(number, step)| calls(text, number, step, look, &mut told))?;
    } else {
        writeln!(text, "  Mode: {mode}")?;
    }
    writeln!(text, "\nWhat was read")?;
    match view {
        Some(view) => facts(view).iter().try_for_each(|fact| writeln!(text, "  {fact}")),
        None => writeln!(text, "  nothing: it could not be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{HOSTILE, sample};
    use trailkeeper::families::control_ids;
    use trailkeeper::settings::Modes;

    #[test]
    fn every_control_is_explained_in_full() {
        let settings = Settings::of(Modes::all(Mode::DryRun));
        for id in control_ids() {
            let (family, about) = control(id).expect("a control");
            let told = of_control(&family, about, &settings);
            for part in [about.title, family.name, "What wakes it", "Frameworks", "Mode"] {
                assert!(told.contains(part), "{id}: {part}");
            }
            assert_eq!(
                told.contains("With Terraform") || told.contains("with Terraform"),
                about.permanent.is_some(),
                "{id}"
            );
        }
        assert!(control("no-such").is_none());
    }

    #[test]
    fn the_mode_names_the_line_that_sets_it() {
        let vars = [("TRAILKEEPER_CONTROLS".to_owned(), "vpc-flow-logs=enforce".to_owned())];
        let settings = Settings::parse(vars, &control_ids()).expect("settings");
        let said = |id: &str| mode(control(id).expect("a control").1, &settings);
        assert!(
            said("vpc-flow-logs").starts_with("enforce (by TRAILKEEPER_CONTROLS, which says vpc-flow-logs=enforce)")
        );
        assert!(said("cloudtrail-logging").starts_with("dry-run (by TRAILKEEPER_MODE"));
        assert!(said("log-bucket-lifecycle").starts_with("off (off at first"));
    }

    #[test]
    fn the_answer_comes_first_then_why_and_what_was_read() {
        let report = sample();
        let name = HOSTILE.concat();
        let view = Some(serde_json::json!({ "logging": { "present": false }, "name": name, "key": "not-asked" }));
        let (arn, mode) = ("arn:aws:s3:::x\ny", "dry-run (by nothing)".to_owned());
        let judged = Judged { arn, finding: report.findings.first(), mode, view };
        let told = of_resource("cloudtrail-logging", &judged, Look { colour: false, width: None });
        let parts = [
            "WRONG  cloudtrail-logging  arn:aws:s3:::x y\n",
            "Because: the trail is not logging",
            "Mode: dry-run",
            "Would put it right:",
            "What was read\n  logging: no\n  name: ",
        ];
        let places: Vec<Option<usize>> = parts.iter().map(|it| told.find(it)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{told}");
        assert_eq!(places[0], Some(0));
        let right = report.standing(Standing::Right).next();
        let judged = Judged { finding: right, view: None, ..judged };
        let told = of_resource("cloudtrail-log-validation", &judged, Look { colour: false, width: None });
        assert!(told.starts_with("RIGHT  ") && told.contains("could not be read"), "{told}");
    }
}
