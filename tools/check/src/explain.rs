//! Explanation of a control, and of what it says of one resource.

use crate::finding::Finding;
use crate::terminal::{Look, calls};
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
    /// What the control says.
    pub finding: Option<&'a Finding>,
    /// What was read, as the view describes itself over several lines; `None` if it is gone.
    pub view: Option<String>,
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
fn mode(about: &About, settings: &Settings) -> String {
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

/// Explains what a control says of one resource, and which facts were read.
#[must_use]
pub fn of_resource(arn: &str, judged: &Judged<'_>, look: Look) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_resource(&mut text, arn, judged, look);
    text
}

fn write_resource(text: &mut String, arn: &str, judged: &Judged<'_>, look: Look) -> Result {
    writeln!(text, "\n{}", OneLine::from(arn))?;
    match judged.finding {
        Some(finding) => {
            let Finding { standing, because, advice, steps, id, account, region, .. } = finding;
            writeln!(text, "  {} ({account}, {region}, {id})\n  Because: {because}", standing.as_str())?;
            advice.iter().try_for_each(|advice| writeln!(text, "  What to do: {advice}"))?;
            finding.cure().map(OneLine::from).iter().try_for_each(|cure| writeln!(text, "  What to do: {cure}"))?;
            if !steps.is_empty() {
                writeln!(text, "  Would put it right:")?;
            }
            (1..).zip(steps).try_for_each(|(number, step)| calls(text, number, step, look))?;
        }
        None => writeln!(text, "  The control says nothing of it: it is switched off")?,
    }
    writeln!(text, "\nWhat was read")?;
    match &judged.view {
        Some(view) => facts(view).iter().try_for_each(|fact| writeln!(text, "  {fact}")),
        None => writeln!(text, "  it could not be read, or it is not there"),
    }
}

/// Returns what a view says of itself as facts: a line each, without the punctuation of code.
fn facts(view: &str) -> Vec<String> {
    let fact = |line: &str| {
        let inner = line.trim_start();
        let indent = line.len() - inner.len();
        let words = inner.trim_end_matches(',').trim_end_matches(['{', '[', '(', ' ']);
        let is_mark = words.chars().all(|c| "{}[]()".contains(c)) || words == "Some";
        (!is_mark).then(|| format!("{}{}", " ".repeat(indent / 2), OneLine::from(words)))
    };
    view.lines().filter_map(fact).collect()
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
    fn facts_are_lines_of_their_own_and_no_name_makes_one() {
        #[derive(Debug)]
        #[allow(dead_code, reason = "it is shown")]
        struct View {
            name: String,
            seen: Option<Vec<u8>>,
        }
        let view = format!("{:#?}", View { name: HOSTILE.concat(), seen: Some(vec![1]) });
        let found = facts(&view);
        assert_eq!(found.len(), 4, "{found:?}");
        assert_eq!((found[0].as_str(), found[3].trim()), ("View", "1"));
        let report = sample();
        let judged = Judged { finding: report.findings.first(), view: Some(view) };
        let told = of_resource("arn:aws:s3:::x\ny", &judged, Look { colour: false, width: None });
        assert!(told.contains("Because: the trail is not logging") && told.contains("arn:aws:s3:::x y"), "{told}");
    }
}
