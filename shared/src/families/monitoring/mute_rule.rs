//! Alarm mute rules: while one is active, an alarm goes off and does nothing. Pure.

/// Alarm mute rule ([ListAlarmMuteRules]).
///
/// [ListAlarmMuteRules]: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListAlarmMuteRules.html
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MuteRule {
    /// Name of the rule.
    pub name: String,
    /// Whether the rule mutes now, from its status; otherwise it is scheduled.
    pub active: bool,
    /// Whether the rule mutes again and again, without an end or for more than a year.
    pub endless: bool,
    /// Date on which the rule ends, if it ends.
    pub until: Option<String>,
}

impl MuteRule {
    /// Returns whether the rule keeps an alarm from telling anybody: now, or again and again. One that is scheduled for a
    /// time is somebody's planned work.
    #[must_use]
    pub fn silences(&self) -> bool {
        self.active || self.endless
    }
}

/// Returns the description of what mutes an alarm, and what to do; `None` if nothing does.
pub(super) fn muted(alarm: &str, rules: &[MuteRule]) -> Option<(String, String)> {
    let silencing = || rules.iter().filter(|rule| rule.silences());
    let described: Vec<String> = silencing().map(MuteRule::described).collect();
    let names: Vec<&str> = silencing().map(|rule| rule.name.as_str()).collect();
    (!described.is_empty()).then(|| {
        let because = format!("the actions of alarm {alarm} are muted by {}", described.join(" and by "));
        let advice = format!(
            "Unless this is planned work, delete alarm mute rule {}, or leave alarm {alarm} out of it.",
            names.join(" and ")
        );
        (because, advice)
    })
}

impl MuteRule {
    fn described(&self) -> String {
        let Self { name, active, endless, until } = self;
        let now = if *active { ", which is active" } else { ", which is scheduled" };
        let end = match until {
            Some(until) => format!(" until {until}"),
            None if *endless => " again and again without end".to_owned(),
            None => String::new(),
        };
        format!("alarm mute rule {name}{now}{end}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, active: bool, endless: bool, until: Option<&str>) -> MuteRule {
        MuteRule { name: name.to_owned(), active, endless, until: until.map(str::to_owned) }
    }

    #[test]
    fn what_is_active_or_without_end_is_told_and_planned_work_is_not() {
        assert_eq!(muted("bell", &[]), None);
        assert_eq!(muted("bell", &[rule("planned", false, false, Some("2026-12-24"))]), None);
        let rules = [
            rule("work", true, false, Some("2026-12-24")),
            rule("planned", false, false, None),
            rule("nights", false, true, None),
        ];
        let (because, advice) = muted("bell", &rules).expect("muted");
        assert_eq!(
            because,
            "the actions of alarm bell are muted by alarm mute rule work, which is active until 2026-12-24 and by alarm \
             mute rule nights, which is scheduled again and again without end"
        );
        assert!(advice.contains("delete alarm mute rule work and nights"), "{advice}");
    }
}
