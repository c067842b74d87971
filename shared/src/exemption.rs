//! Exemptions: which controls are to let one resource be, by its tags and by the setting. Pure: today comes in.
//!
//! What is wrong with an exemption never exempts: it is told beside what is wrong with the resource.

use crate::event::legible;
use crate::model::Subject;
use crate::place::{Arn, Region};
use crate::policy::matches;
use crate::registry::control_ids;
use crate::settings::SettingsError;
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// The tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// Tags out of pairs of keys and values.
#[must_use]
pub fn tags<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Tags {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The tag that exempts a resource: from the controls that it names, or from [`ALL`].
pub const TAG: &str = "trailkeeper:exempt";
/// The tag that ends it: its last day, UTC.
pub const UNTIL: &str = "trailkeeper:exempt-until";
/// Every control.
pub const ALL: &str = "all";

/// A rule of `TRAILKEEPER_EXEMPT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The rule as it was written.
    text: String,
    control: String,
    account: Option<String>,
    region: Option<String>,
    name: Option<String>,
    until: Option<NaiveDate>,
}

impl Rule {
    /// The variable.
    pub const SETTING: &'static str = "TRAILKEEPER_EXEMPT";

    /// Reads the rules out of the variable.
    ///
    /// # Errors
    /// Names what cannot be used.
    pub fn setting(value: Option<String>, controls: &[&str]) -> Result<Vec<Self>, SettingsError> {
        let Some(value) = value else { return Ok(Vec::new()) };
        let rules = value.split(';').map(str::trim).filter(|rule| !rule.is_empty());
        let rules: Result<Vec<Self>, String> = rules.map(|rule| Self::parse(rule, controls)).collect();
        let problem = match rules {
            Ok(rules) if rules.is_empty() => "names no rule; leave it out to exempt nothing".to_owned(),
            Ok(rules) => return Ok(rules),
            Err(problem) => problem,
        };
        Err(SettingsError { name: Self::SETTING, problem, value })
    }

    fn parse(text: &str, controls: &[&str]) -> Result<Self, String> {
        let mut fields = BTreeMap::new();
        for field in text.split_whitespace() {
            let (key, value) = field
                .split_once('=')
                .filter(|(_, value)| !value.is_empty())
                .ok_or_else(|| format!("`{field}` is not of the form key=value"))?;
            if fields.insert(key, value.to_owned()).is_some() {
                return Err(format!("`{key}` is set twice in `{text}`"));
            }
        }
        let control = fields.remove("control").ok_or_else(|| format!("`{text}` names no control"))?;
        if control != ALL && !controls.contains(&control.as_str()) {
            return Err(format!("there is no control `{control}`; there are: {ALL}, {}", controls.join(", ")));
        }
        let account = fields.remove("account");
        if let Some(it) = account.as_ref().filter(|it| !may_be(it, |c| c.is_ascii_digit(), |it| it.len() == 12)) {
            return Err(format!("`{it}` is neither the id of an account nor a pattern of one"));
        }
        let region = fields.remove("region");
        let of_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if let Some(it) = region.as_ref().filter(|it| !may_be(it, of_region, |it| Region::parse(it).is_some())) {
            return Err(format!("`{it}` is neither the name of a region nor a pattern of one"));
        }
        let name = fields.remove("name");
        let until = fields.remove("until").map(|it| date(&it).ok_or_else(|| undated(&it))).transpose()?;
        if let Some(key) = fields.keys().next() {
            return Err(format!("`{key}` is none of control, account, region, name, until"));
        }
        if account.is_none() && region.is_none() && name.is_none() {
            return Err(format!(
                "`{text}` names neither account nor region nor name; to switch a control off \
                                everywhere there is TRAILKEEPER_CONTROLS"
            ));
        }
        Ok(Self { text: text.to_owned(), control, account, region, name, until })
    }

    /// Whether the rule leaves a whole account out, every control and resource of it.
    #[must_use]
    pub fn leaves_out(&self, account: &str, today: NaiveDate) -> bool {
        let Self { text: _, control, account: pattern, region, name, until } = self;
        let whole = control == ALL && region.is_none() && name.is_none() && until.is_none_or(|until| today <= until);
        whole && pattern.as_ref().is_some_and(|pattern| matches(pattern, account))
    }

    /// Whether the rule is about this resource: each field that it has fits.
    fn is_about(&self, subject: &Subject) -> bool {
        let fits = |pattern: &Option<String>, texts: &[&str]| {
            pattern.as_ref().is_none_or(|pattern| texts.iter().any(|text| matches(pattern, text)))
        };
        // An id may be a whole ARN: the record of a call names a key or a trail so, and the list of them does not.
        let name = Arn::parse(&subject.arn).map_or("", |arn| arn.name());
        fits(&self.account, &[&subject.place.account])
            && fits(&self.region, &[subject.place.region.as_str()])
            && fits(&self.name, &[name, &subject.id, &subject.arn])
    }
}

/// Whether this is a pattern of such characters, or without `*` and `?` the whole of it.
fn may_be(pattern: &str, legal: impl Fn(char) -> bool, whole: impl Fn(&str) -> bool) -> bool {
    let is_wild = |c: char| c == '*' || c == '?';
    whole(pattern) || pattern.contains(is_wild) && pattern.chars().all(|c| is_wild(c) || legal(c))
}

/// A date as it must be written: `2026-01-31` and in no other way.
fn date(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|date: &NaiveDate| date.to_string() == text)
}

fn undated(text: &str) -> String {
    format!("`{text}` is no date of the form YYYY-MM-DD")
}

/// All that speaks for exempting one resource, as of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemptions(Vec<Claim>);

/// What one rule, or one word of a tag, says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Claim {
    /// The control that it is about; none where it is about all.
    control: Option<String>,
    /// Who says so; or why that does not count.
    by: Result<String, String>,
}

impl Claim {
    fn is_about(&self, control: &str) -> bool {
        self.control.as_deref().is_none_or(|it| it == control)
    }
}

/// What the exemptions of a resource mean for one control that finds something wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It is left as it is: who says so.
    Exempt(String),
    /// It is dealt with: why what was meant to exempt it does not.
    Due(Vec<String>),
}

impl Exemptions {
    /// Weighs a resource's tags, or why they could not be read, and the rules of the setting.
    #[must_use]
    pub fn of(subject: &Subject, rules: &[Rule], tags: &Result<Tags, String>, today: NaiveDate) -> Self {
        let rules = rules.iter().filter(|rule| rule.is_about(subject)).map(|rule| {
            let by = format!("rule `{}` of {}", rule.text, Rule::SETTING);
            let ended = rule.until.filter(|until| today > *until);
            let by = ended.map_or_else(|| Ok(by.clone()), |until| Err(format!("{by} ended on {until}")));
            Claim { control: Some(rule.control.clone()).filter(|it| it != ALL), by }
        });
        Self(rules.chain(tagged(tags, today)).collect())
    }

    /// Decides on one control. `vital` says why the account cannot do without it here, if so; it is asked only of what
    /// is exempt otherwise.
    #[must_use]
    pub fn ruling(&self, control: &str, vital: impl FnOnce() -> Option<String>) -> Ruling {
        let about = || self.0.iter().filter(|claim| claim.is_about(control)).map(|claim| &claim.by);
        let Some(by) = about().find_map(|by| by.as_ref().ok()) else {
            return Ruling::Due(about().filter_map(|by| by.as_ref().err().cloned()).collect());
        };
        match vital() {
            None => Ruling::Exempt(by.clone()),
            Some(why) => Ruling::Due(vec![format!("{by} does not exempt it: {why}")]),
        }
    }
}

/// What the tags say.
fn tagged(tags: &Result<Tags, String>, today: NaiveDate) -> Vec<Claim> {
    let flaw = |why: String| Claim { control: None, by: Err(why) };
    let tags = match tags {
        Ok(tags) => tags,
        Err(why) => return vec![flaw(format!("its tags could not be read, so that none exempts it: {why}"))],
    };
    let Some(value) = tags.get(TAG) else { return Vec::new() };
    let by = match tags.get(UNTIL) {
        None => Ok(format!("tag {TAG}")),
        Some(text) => match date(text) {
            None => Err(format!("tag {UNTIL}: {}", undated(&legible(text)))),
            Some(until) if today > until => Err(format!("tag {UNTIL} ended on {until}")),
            Some(until) => Ok(format!("tag {TAG} until {until}")),
        },
    };
    let known = control_ids();
    let words = value.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    let claims: Vec<Claim> = words
        .map(|word| match word {
            ALL => Claim { control: None, by: by.clone() },
            _ if known.contains(&word) => Claim { control: Some(word.to_owned()), by: by.clone() },
            _ => flaw(format!("tag {TAG} names `{}`, and there is no such control", legible(word))),
        })
        .collect();
    if claims.is_empty() { vec![flaw(format!("tag {TAG} names no control"))] } else { claims }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;
    use crate::laws::subject;
    use crate::vpc::Vpc;

    const CONTROL: &str = "vpc-flow-logs";

    fn rules(value: &str) -> Result<Vec<Rule>, SettingsError> {
        Rule::setting(Some(value.to_owned()), &control_ids())
    }

    /// What is decided on a VPC on 31 January 2026: `exempt by ...`, or what does not exempt it.
    fn on(rules: &[Rule], tags: &Result<Tags, String>, control: &str) -> String {
        let today = NaiveDate::from_ymd_opt(2026, 1, 31).expect("a day");
        match Exemptions::of(&subject::<Vpc>(), rules, tags, today).ruling(control, || None) {
            Ruling::Exempt(by) => format!("exempt by {by}"),
            Ruling::Due(notes) => notes.join("; "),
        }
    }

    fn ruled(rule: &str) -> String {
        on(&rules(rule).expect(rule), &Ok(Tags::new()), CONTROL)
    }

    fn tagged_so(tags: &[(&str, &str)], control: &str) -> String {
        on(&[], &Ok(super::tags(tags.iter().copied())), control)
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
            let note = format!("tag trailkeeper:exempt names `{value}`, and there is no such control");
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
            assert!(until(date).contains("is no date of the form YYYY-MM-DD"), "{date}: {}", until(date));
        }
        // What has ended is told of the controls that it was about.
        assert_eq!(tagged_so(&[(TAG, "kms-key-rotation"), (UNTIL, "2026-01-30")], CONTROL), "");
    }

    #[test]
    fn a_tag_that_could_not_be_read_exempts_nothing() {
        let denied = Err("x:ListTags was denied".to_owned());
        let told = "its tags could not be read, so that none exempts it: x:ListTags was denied";
        assert_eq!(on(&[], &denied, CONTROL), told);
        let rule = rules("control=all region=eu-west-1").expect("a rule");
        assert!(on(&rule, &denied, CONTROL).starts_with("exempt by rule"));
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
    fn a_rule_may_leave_a_whole_account_out() {
        let today = NaiveDate::from_ymd_opt(2026, 1, 31).expect("a day");
        for (rule, whole) in [
            ("control=all account=1111*", true),
            ("control=all account=111122223333 until=2026-01-31", true),
            ("control=all account=111122223333 until=2026-01-30", false),
            ("control=all account=999999999999", false),
            ("control=vpc-flow-logs account=111122223333", false),
            ("control=all account=111122223333 region=eu-*", false),
            ("control=all account=111122223333 name=*", false),
            ("control=all region=eu-west-1", false),
        ] {
            assert_eq!(rules(rule).expect(rule)[0].leaves_out("111122223333", today), whole, "{rule}");
        }
    }

    /// A record names a key by its ARN, a list by its id: a rule means the same for both.
    #[test]
    fn a_name_is_found_in_an_arn() {
        let place = subject::<Key>().place;
        let ids = ["1234-abcd", "arn:aws:kms:eu-west-1:111122223333:key/1234-abcd"];
        let rules = rules("control=all name=1234-*").expect("a rule");
        for subject in ids.map(|id| Subject::of::<Key>(place.clone(), id)) {
            assert!(rules[0].is_about(&subject), "{subject:?}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for value in [
            ";",
            "all",
            "control=all",
            "region=eu-west-1",
            "control= region=eu-west-1",
            "control=vpc-flow-log region=eu-west-1",
            "control=ALL region=eu-west-1",
            "control=all region=eu-west-1 region=eu-west-2",
            "control=all region=EU-WEST-1",
            "control=all region=ireland",
            "control=all account=production",
            "control=all account=11112222333",
            "control=all name=",
            "control=all vpc=vpc-1",
            "control=all, region=eu-west-1",
            "control=all region=eu-west-1 until=2026-02-30",
            "control=all region=eu-west-1 until=tomorrow",
            "control=all region=eu-west-1;control=all",
            "control=all region=eu-west-1, control=all region=eu-west-2",
        ] {
            let error = rules(value).expect_err(value).to_string();
            assert!(error.starts_with("TRAILKEEPER_EXEMPT: ") && error.contains(value), "{error}");
        }
        assert_eq!(Rule::setting(None, &[]), Ok(vec![]));
    }

    #[test]
    fn what_the_account_cannot_do_without_is_never_exempt() {
        let rules = rules("control=all region=eu-west-1").expect("a rule");
        let today = NaiveDate::from_ymd_opt(2026, 1, 31).expect("a day");
        let exemptions = Exemptions::of(&subject::<Vpc>(), &rules, &Ok(Tags::new()), today);
        let told = "rule `control=all region=eu-west-1` of TRAILKEEPER_EXEMPT does not exempt it: it is the last";
        assert_eq!(exemptions.ruling(CONTROL, || Some("it is the last".into())), Ruling::Due(vec![told.to_owned()]));
    }
}
