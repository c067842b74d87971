//! Mute rules of alarms. Most regions have none, which one call tells for all of their alarms.

use super::Alarms;
use crate::aws::call;
use crate::families::monitoring::MuteRule;
use crate::model::{CallError, ErrorKind, Region, Seen};
use aws_sdk_cloudwatch::types::{AlarmMuteRuleStatus, AlarmMuteRuleSummary};
use aws_smithy_types::date_time::Format;
use std::rc::Rc;
use tokio::sync::OnceCell;

/// Seconds after which the end of a rule that mutes again and again is so far that it has none.
const YEAR: i64 = 366 * 24 * 60 * 60;

/// Error codes of an operation that a region or partition does not have.
const UNKNOWN: [&str; 2] = ["UnknownOperationException", "InvalidAction"];

/// First mute rules of a region, read once.
pub(super) type Muting = OnceCell<Seen<Vec<MuteRule>>>;

impl Alarms {
    /// Reads the rules that mute an alarm now or later.
    pub(super) async fn mute_rules(&self, region: &Region, alarm: &str) -> Result<Seen<Vec<MuteRule>>, CallError> {
        let cell = Rc::clone(self.muting.borrow_mut().entry(region.clone()).or_default());
        let any = cell.get_or_try_init(|| Box::pin(self.listed(region, None))).await?;
        match any {
            Seen::Present(rules) if !rules.is_empty() => Box::pin(self.listed(region, Some(alarm))).await,
            seen => Ok(seen.clone()),
        }
    }

    /// Lists the rules of one alarm, or without one the first of any.
    async fn listed(&self, region: &Region, alarm: Option<&str>) -> Result<Seen<Vec<MuteRule>>, CallError> {
        let (mut all, mut next) = (Vec::new(), None);
        loop {
            let ask = self.cloudwatch.of(region).list_alarm_mute_rules().set_alarm_name(alarm.map(str::to_owned));
            let ask = ask.statuses(AlarmMuteRuleStatus::Active).statuses(AlarmMuteRuleStatus::Scheduled);
            let answer = Box::pin(call("cloudwatch:ListAlarmMuteRules", ask.set_next_token(next).send())).await;
            let page = match answer {
                Err(error) if error.kind == ErrorKind::Rejected && UNKNOWN.contains(&error.code.as_str()) => {
                    return Ok(Seen::Present(all));
                }
                answer => match Seen::from_call(answer)?.into_present() {
                    Ok(page) => page,
                    Err(none) => return Ok(none),
                },
            };
            all.extend(page.alarm_mute_rule_summaries().iter().map(seen));
            next = page.next_token.filter(|_| alarm.is_some() || all.is_empty());
            if next.is_none() {
                return Ok(Seen::Present(all));
            }
        }
    }
}

fn seen(it: &AlarmMuteRuleSummary) -> MuteRule {
    let arn = it.alarm_mute_rule_arn().unwrap_or_default();
    let until = it.expire_date();
    let since = it.last_updated_timestamp().map_or(0, aws_smithy_types::DateTime::secs);
    let lasts = until.is_none_or(|until| until.secs().saturating_sub(since) > YEAR);
    MuteRule {
        name: arn.rsplit(':').next().unwrap_or_default().to_owned(),
        active: it.status() == Some(&AlarmMuteRuleStatus::Active),
        endless: lasts && it.mute_type() == Some("RECURRING"),
        until: until.and_then(|until| until.fmt(Format::DateTime).ok()),
    }
}
