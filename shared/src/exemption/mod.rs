//! Decides which controls a resource is exempt from, by its tags and by the setting. Pure: the date is a parameter.
//!
//! An invalid exemption never exempts: its problem is reported along with those of the resource.

use crate::model::{Subject, sanitized};
use crate::settings::Settings;
use crate::settings::exempt::{ALL, ExemptionRule, date, undated};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// Collects tags from pairs of keys and values.
#[must_use]
pub fn tags<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Tags {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Key of the tag that exempts a resource from the controls that it names, or from [`ALL`].
pub const TAG: &str = "trailkeeper:exempt";
/// Key of the tag that limits the exemption: its last day, UTC.
pub const UNTIL: &str = "trailkeeper:exempt-until";
/// Everything that may exempt one resource, as of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemptions {
    claims: Vec<Claim>,
    /// Value of the tag, whatever it says.
    tag: Option<String>,
}

/// Effect of one rule, or of one word of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Claim {
    /// Control that the claim is about; `None` for all controls.
    control: Option<String>,
    /// Source of the exemption, or the reason that it does not count.
    by: Result<String, String>,
}

impl Claim {
    fn is_about(&self, control: &str) -> bool {
        self.control.as_deref().is_none_or(|it| it == control)
    }
}

/// Effect of a resource's exemptions on one control that it violates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// The resource is exempt, for this reason.
    Exempt(String),
    /// The resource is not exempt, for these reasons that an intended exemption does not count.
    Due(Vec<String>),
}

impl Exemptions {
    /// Evaluates a resource's tags, or the reason that they could not be read, and the rules of the setting.
    #[must_use]
    pub fn of(subject: &Subject, settings: &Settings, tags: &Result<Tags, String>, today: NaiveDate) -> Self {
        let rules = settings.exempt.iter().filter(|rule| rule.is_about(subject)).map(|rule| {
            let by = format!("rule `{}` of {}", rule.text, ExemptionRule::SETTING);
            let ended = rule.until.filter(|until| today > *until);
            let by = ended.map_or_else(|| Ok(by.clone()), |until| Err(format!("{by} ended on {until}")));
            Claim { control: Some(rule.control.clone()).filter(|it| it != ALL), by }
        });
        let claims = rules.chain(tagged(tags, &settings.controls, today)).collect();
        Self { claims, tag: tags.as_ref().ok().and_then(|tags| tags.get(TAG).cloned()) }
    }

    /// Returns the value of the tag that exempts the resource, whatever it says; `None` without such a tag.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Decides on one control. `vital` returns why the account cannot do without the control on this resource, if so;
    /// it is called only if the resource is exempt otherwise.
    #[must_use]
    pub fn ruling(&self, control: &str, vital: impl FnOnce() -> Option<String>) -> Ruling {
        let about = || self.claims.iter().filter(|claim| claim.is_about(control)).map(|claim| &claim.by);
        let Some(by) = about().find_map(|by| by.as_ref().ok()) else {
            return Ruling::Due(about().filter_map(|by| by.as_ref().err().cloned()).collect());
        };
        match vital() {
            None => Ruling::Exempt(by.clone()),
            Some(why) => Ruling::Due(vec![format!("{by} does not exempt it: {why}")]),
        }
    }
}

/// Returns the claims of the tags.
fn tagged(tags: &Result<Tags, String>, known: &[String], today: NaiveDate) -> Vec<Claim> {
    let flaw = |why: String| Claim { control: None, by: Err(why) };
    let tags = match tags {
        Ok(tags) => tags,
        Err(why) => return vec![flaw(format!("its tags could not be read, so they do not exempt it: {why}"))],
    };
    let Some(value) = tags.get(TAG) else { return Vec::new() };
    let by = match tags.get(UNTIL) {
        None => Ok(format!("tag {TAG}")),
        Some(text) => match date(text) {
            None => Err(format!("tag {UNTIL}: {}", undated(&sanitized(text)))),
            Some(until) if today > until => Err(format!("tag {UNTIL} ended on {until}")),
            Some(until) => Ok(format!("tag {TAG} until {until}")),
        },
    };
    let words = value.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let claims: Vec<Claim> = words
        .map(|word| match word {
            ALL => Claim { control: None, by: by.clone() },
            _ if known.iter().any(|it| it == word) => Claim { control: Some(word.to_owned()), by: by.clone() },
            _ => flaw(format!("tag {TAG} names `{}`, which is not a control", sanitized(word))),
        })
        .collect();
    if claims.is_empty() { vec![flaw(format!("tag {TAG} names no control"))] } else { claims }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::control_ids;
    use crate::families::vpc::Vpc;
    use crate::settings::{Mode, Modes};
    use crate::testing::laws::subject;

    const CONTROL: &str = "vpc-flow-logs";

    fn rules(value: &str) -> Vec<ExemptionRule> {
        ExemptionRule::setting(Some(value.to_owned())).expect(value)
    }

    fn with(exempt: Vec<ExemptionRule>) -> Settings {
        let controls = control_ids().into_iter().map(str::to_owned).collect();
        Settings { exempt, controls, ..Settings::of(Modes::all(Mode::DryRun)) }
    }

    /// Returns the ruling on a VPC on 31 January 2026: `exempt by ...`, or the reasons against it.
    fn on(rules: Vec<ExemptionRule>, tags: &Result<Tags, String>, control: &str) -> String {
        let today = NaiveDate::from_ymd_opt(2026, 1, 31).expect("a day");
        match Exemptions::of(&subject::<Vpc>(), &with(rules), tags, today).ruling(control, || None) {
            Ruling::Exempt(by) => format!("exempt by {by}"),
            Ruling::Due(notes) => notes.join("; "),
        }
    }

    fn ruled(rule: &str) -> String {
        on(rules(rule), &Ok(Tags::new()), CONTROL)
    }

    fn tagged_so(tags: &[(&str, &str)], control: &str) -> String {
        on(Vec::new(), &Ok(super::tags(tags.iter().copied())), control)
    }

    #[test]
    fn a_tag_names_controls_or_all() {
        for value in [CONTROL, "all", "kms-key-rotation vpc-flow-logs", "kms-key-rotation,vpc-flow-logs", " all ,"] {
            assert_eq!(tagged_so(&[(TAG, value)], CONTROL), "exempt by tag trailkeeper:exempt", "{value}");
        }
        assert_eq!(tagged_so(&[(TAG, "kms-key-rotation")], CONTROL), "");
        assert_eq!(tagged_so(&[("Trailkeeper:Exempt", "all"), ("Name", CONTROL)], CONTROL), "");
        assert_eq!(tagged_so(&[(UNTIL, "2026-12-31")], CONTROL), "");
        assert_eq!(tagged_so(&[], CONTROL), "");
    }

    #[test]
    fn what_names_no_control_exempts_from_none_and_is_told() {
        for value in ["vpc-flow-log", "ALL", "*", "true"] {
            let note = format!("tag trailkeeper:exempt names `{value}`, which is not a control");
            assert_eq!(tagged_so(&[(TAG, value)], CONTROL), note);
            let beside = format!("{value} kms-key-rotation");
            assert_eq!(tagged_so(&[(TAG, &beside)], CONTROL), note);
            assert!(tagged_so(&[(TAG, &beside)], "kms-key-rotation").starts_with("exempt by"));
        }
        assert_eq!(tagged_so(&[(TAG, " , ")], CONTROL), "tag trailkeeper:exempt names no control");
    }

    #[test]
    fn the_last_day_counts_and_the_next_does_not() {
        let until = |date: &str| tagged_so(&[(TAG, CONTROL), (UNTIL, date)], CONTROL);
        assert_eq!(until("2026-01-31"), "exempt by tag trailkeeper:exempt until 2026-01-31");
        assert_eq!(until("2026-01-30"), "tag trailkeeper:exempt-until ended on 2026-01-30");
        for date in ["2026-02-30", "2026-2-3", "31.12.2026", "2026-12-31T00:00:00Z", "", "never", " 2026-12-31"] {
            assert!(until(date).contains("is not a date of the form YYYY-MM-DD"), "{date}: {}", until(date));
        }
        // What has ended is reported for the controls that it was about.
        assert_eq!(tagged_so(&[(TAG, "kms-key-rotation"), (UNTIL, "2026-01-30")], CONTROL), "");
    }

    #[test]
    fn a_tag_that_could_not_be_read_exempts_nothing() {
        let denied = Err("x:ListTags was denied".to_owned());
        let told = "its tags could not be read, so they do not exempt it: x:ListTags was denied";
        assert_eq!(on(Vec::new(), &denied, CONTROL), told);
        let rule = rules("control=all region=eu-west-1");
        assert!(on(rule, &denied, CONTROL).starts_with("exempt by rule"));
    }

    #[test]
    fn a_rule_is_about_what_all_its_fields_fit() {
        for rule in [
            "control=all region=eu-west-1",
            "control=vpc-flow-logs account=111122223333 name=vpc-0123* until=2026-01-31",
            "  control=all\taccount=1111*;control=kms-key-rotation region=us-*",
            "control=all name=vpc-0123456789abcdef?",
            "control=all name=arn:aws:ec2:eu-west-1:111122223333:vpc/*",
            "control=all region=eu-*",
        ] {
            let first = rule.split(';').next().unwrap_or_default().trim();
            assert_eq!(ruled(rule), format!("exempt by rule `{first}` of TRAILKEEPER_EXEMPT"));
        }
        for rule in [
            "control=all region=eu-west-2",
            "control=kms-key-rotation region=eu-west-1",
            "control=all account=111122223333 name=vpc-9*",
            "control=all account=999999999999 name=vpc-0123*",
            "control=all name=VPC-*",
            "control=all name=vpc",
        ] {
            assert_eq!(ruled(rule), "", "{rule}");
        }
        let ended = "control=all region=eu-west-1 until=2026-01-30";
        assert_eq!(ruled(ended), format!("rule `{ended}` of TRAILKEEPER_EXEMPT ended on 2026-01-30"));
        assert!(
            ruled(&format!("{ended};control=all region=eu-*")).starts_with("exempt by rule `control=all region=eu-*`")
        );
    }

    #[test]
    fn what_the_account_cannot_do_without_is_never_exempt() {
        let today = NaiveDate::from_ymd_opt(2026, 1, 31).expect("a day");
        let exemptions =
            Exemptions::of(&subject::<Vpc>(), &with(rules("control=all region=eu-west-1")), &Ok(Tags::new()), today);
        let told = "rule `control=all region=eu-west-1` of TRAILKEEPER_EXEMPT does not exempt it: it is the last";
        assert_eq!(exemptions.ruling(CONTROL, || Some("it is the last".into())), Ruling::Due(vec![told.to_owned()]));
    }
}
