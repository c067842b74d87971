//! Calls of the steps, each at its service's rate.

use super::{Alarms, alarm, filter};
use crate::aws::write_call;
use crate::families::monitoring::step::AlarmStep;
use crate::families::monitoring::{Alarm, Filter, Monitoring, Step};
use crate::model::{CallError, ErrorKind, Region, Subject};
use crate::reconcile::ports::Write;

impl Write<Monitoring> for Alarms {
    async fn apply(&self, _: &Subject, step: &Step) -> Result<(), CallError> {
        match step {
            Step::Key(step) => self.keys.apply(step).await,
            Step::Topic(step) => self.topics.apply(step, &self.keys).await,
            Step::Alarm(AlarmStep::PutFilter { region, group, filter, replaces: _ }) => {
                self.put_filter(region, group, filter).await
            }
            Step::Alarm(AlarmStep::PutAlarm { region, alarm, replaces }) => {
                self.put_alarm(region, alarm, replaces.is_some()).await
            }
            Step::Alarm(AlarmStep::Enable { region, alarm }) => {
                self.alarm_pace.turn(region, "EnableAlarmActions").await;
                let enable = self.cloudwatch.of(region).enable_alarm_actions().alarm_names(alarm);
                write_call("cloudwatch:EnableAlarmActions", enable.send()).await.map(|_| ())
            }
        }
    }
}

impl Alarms {
    async fn put_filter(&self, region: &Region, group: &str, filter: &Filter) -> Result<(), CallError> {
        let action = "logs:PutMetricFilter";
        let put = filter::put(&self.logs.of(region), group, filter).ok_or_else(|| unsent(action, &filter.name))?;
        self.filter_pace.turn(region, "PutMetricFilter").await;
        write_call("logs:PutMetricFilter", Box::pin(put.send())).await.map(|_| ())
    }

    async fn put_alarm(&self, region: &Region, alarm: &Alarm, replaces: bool) -> Result<(), CallError> {
        let as_read = self.as_read.borrow().get(&(region.clone(), alarm.name.clone())).cloned();
        if replaces && as_read.is_none() {
            return Err(unsent("cloudwatch:PutMetricAlarm", &alarm.name));
        }
        self.alarm_pace.turn(region, "PutMetricAlarm").await;
        let put = alarm::put(&self.cloudwatch.of(region), alarm, as_read.as_ref().filter(|_| replaces));
        write_call("cloudwatch:PutMetricAlarm", Box::pin(put.send())).await.map(|_| ())
    }
}

fn unsent(action: &'static str, name: &str) -> CallError {
    let message = format!("{name} was not read completely");
    CallError { action, kind: ErrorKind::Rejected, code: "NotSent".to_owned(), message }
}
