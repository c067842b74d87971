//! Exemption rules of `TRAILKEEPER_EXEMPT`.

use crate::documents::policy::matches;
use crate::model::{Arn, Region, Subject};
use crate::settings::{SettingsError, table};
use chrono::NaiveDate;
use std::collections::BTreeMap;

/// Word that stands for every control.
pub const ALL: &str = "all";

/// Exemption rule of `TRAILKEEPER_EXEMPT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExemptionRule {
    /// Rule as it was written.
    pub(crate) text: String,
    pub(crate) control: String,
    account: Option<String>,
    region: Option<String>,
    name: Option<String>,
    pub(crate) until: Option<NaiveDate>,
}

impl ExemptionRule {
    /// Name of the variable.
    pub const SETTING: &'static str = table::EXEMPT.name;

    /// Parses the rules of the variable, also those of controls that this version does not have.
    ///
    /// # Errors
    /// Returns an error that names the invalid part.
    pub fn setting(value: Option<String>) -> Result<Vec<Self>, SettingsError> {
        let Some(value) = value else { return Ok(Vec::new()) };
        let rules = value.split(';').map(str::trim).filter(|rule| !rule.is_empty());
        let rules: Result<Vec<Self>, String> = rules.map(Self::parse).collect();
        let problem = match rules {
            Ok(rules) if rules.is_empty() => "contains no rule; leave it unset to exempt nothing".to_owned(),
            Ok(rules) => return Ok(rules),
            Err(problem) => problem,
        };
        Err(SettingsError { name: Self::SETTING, problem, value })
    }

    fn parse(text: &str) -> Result<Self, String> {
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
        if !control.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return Err(format!("`{control}` is not the id of a control"));
        }
        let account = fields.remove("account");
        if let Some(it) = account.as_ref().filter(|it| !may_be(it, |c| c.is_ascii_digit(), |it| it.len() == 12)) {
            return Err(format!("`{it}` is neither an account id nor a pattern for one"));
        }
        let region = fields.remove("region");
        let of_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if let Some(it) = region.as_ref().filter(|it| !may_be(it, of_region, |it| Region::parse(it).is_some())) {
            return Err(format!("`{it}` is neither a region name nor a pattern for one"));
        }
        let name = fields.remove("name");
        let until = fields.remove("until").map(|it| date(&it).ok_or_else(|| undated(&it))).transpose()?;
        if let Some(key) = fields.keys().next() {
            return Err(format!("`{key}` is not one of control, account, region, name, until"));
        }
        if account.is_none() && region.is_none() && name.is_none() {
            return Err(format!(
                "`{text}` names no account, region or name; to turn a control off everywhere, use TRAILKEEPER_CONTROLS"
            ));
        }
        Ok(Self { text: text.to_owned(), control, account, region, name, until })
    }

    /// Returns whether the rule exempts a whole account, with every control and resource.
    #[must_use]
    pub fn leaves_out(&self, account: &str, today: NaiveDate) -> bool {
        let Self { text: _, control, account: pattern, region, name, until } = self;
        let whole = control == ALL && region.is_none() && name.is_none() && until.is_none_or(|until| today <= until);
        whole && pattern.as_ref().is_some_and(|pattern| matches(pattern, account))
    }

    /// Returns whether the rule matches this resource: every field that the rule has must match.
    pub(crate) fn is_about(&self, subject: &Subject) -> bool {
        let fits = |pattern: &Option<String>, texts: &[&str]| {
            pattern.as_ref().is_none_or(|pattern| texts.iter().any(|text| matches(pattern, text)))
        };
        // An id may be a complete ARN: records of calls identify keys and trails by ARN, lists do not.
        let name = Arn::parse(&subject.arn).map_or("", |arn| arn.name());
        fits(&self.account, &[&subject.place.account])
            && fits(&self.region, &[subject.place.region.as_str()])
            && fits(&self.name, &[name, &subject.id, &subject.arn])
    }
}

/// Returns whether a text is a pattern of legal characters or, without `*` and `?`, a complete valid value.
fn may_be(pattern: &str, legal: impl Fn(char) -> bool, whole: impl Fn(&str) -> bool) -> bool {
    let is_wild = |c: char| c == '*' || c == '?';
    whole(pattern) || pattern.contains(is_wild) && pattern.chars().all(|c| is_wild(c) || legal(c))
}

/// Parses a date in the only accepted form: `2026-01-31`.
pub(crate) fn date(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|date: &NaiveDate| date.to_string() == text)
}

pub(crate) fn undated(text: &str) -> String {
    format!("`{text}` is not a date of the form YYYY-MM-DD")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::key::Key;
    use crate::family::Family as _;
    use crate::testing::laws::subject;

    fn rules(value: &str) -> Result<Vec<ExemptionRule>, SettingsError> {
        ExemptionRule::setting(Some(value.to_owned()))
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

    /// Checks that a rule matches a key by ARN (as in records) and by id (as in lists) alike.
    #[test]
    fn a_name_is_found_in_an_arn() {
        let place = subject::<Key>().place;
        let ids = ["1234-abcd", "arn:aws:kms:eu-west-1:111122223333:key/1234-abcd"];
        let rules = rules("control=all name=1234-*").expect("a rule");
        for subject in ids.map(|id| Key::subject(place.clone(), id)) {
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
        assert_eq!(ExemptionRule::setting(None), Ok(vec![]));
    }
}
