//! Alarms.

use super::{Properties, parse, unclear};
use crate::aws::{call, write_call};
use crate::families::monitoring::aws::alarm;
use crate::families::monitoring::{Alarm, Metric};
use crate::model::{CallError, Property, Region, Seen};
use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm};
use serde_json::{Value, json};

impl Properties {
    async fn alarm(&self, region: &Region, name: &str) -> Result<Seen<MetricAlarm>, CallError> {
        let sent = self.alarms.of(region).describe_alarms().alarm_names(name).send();
        let answer = Seen::from_call(call("cloudwatch:DescribeAlarms", Box::pin(sent)).await)?;
        Ok(answer.and_then(|it| it.metric_alarms?.into_iter().find(|it| it.alarm_name() == Some(name))))
    }

    /// Returns the names of the alarms of a region that tell a topic.
    pub(super) async fn alarms_telling(&self, region: &Region, topic: &str) -> Result<Vec<String>, CallError> {
        let both = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm];
        let asked = self.alarms.of(region).describe_alarms().action_prefix(topic).set_alarm_types(Some(both.into()));
        let mut pages = asked.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) =
            Box::pin(call("cloudwatch:DescribeAlarms", async { pages.next().await.transpose() })).await?
        {
            // Another topic may begin with the same name.
            let tells = |actions: [&[String]; 3]| actions.concat().iter().any(|it| it == topic);
            let metric = page
                .metric_alarms()
                .iter()
                .map(|it| (it.alarm_name(), [it.alarm_actions(), it.ok_actions(), it.insufficient_data_actions()]));
            let composite = page
                .composite_alarms()
                .iter()
                .map(|it| (it.alarm_name(), [it.alarm_actions(), it.ok_actions(), it.insufficient_data_actions()]));
            let telling = metric.chain(composite).filter(|(_, actions)| tells(*actions));
            names.extend(telling.filter_map(|(name, _)| name.map(str::to_owned)));
        }
        Ok(names)
    }

    pub(super) async fn read_alarm(&self, property: &Property) -> Result<Seen<Value>, CallError> {
        Ok(match property {
            Property::AlarmActions { region, name } => self
                .alarm(region, name)
                .await?
                .map(|it| json!({ "ActionsEnabled": it.actions_enabled().unwrap_or(true) })),
            Property::Alarm { region, name } => {
                // An alarm of another kind under this name is none that Trailkeeper wrote.
                let members = |it: &MetricAlarm| {
                    alarm::seen(it).map_or_else(|| json!({ "AlarmName": it.alarm_name() }), |it| it.members())
                };
                self.alarm(region, name).await?.map(|it| members(&it))
            }
            _ => Seen::NotAsked,
        })
    }

    pub(super) async fn set_alarm(&self, property: &Property, value: Option<&Value>) -> Result<(), CallError> {
        match (property, value) {
            (Property::Alarm { region, name }, None) => {
                let sent = self.alarms.of(region).delete_alarms().alarm_names(name).send();
                write_call("cloudwatch:DeleteAlarms", sent).await.map(|_| ())
            }
            (Property::Alarm { region, name }, Some(value)) => {
                let old = alarm_of(value).ok_or_else(|| unclear("cloudwatch:PutMetricAlarm"))?;
                // What the ledger does not keep of it, Trailkeeper has not changed.
                let as_read = self.alarm(region, name).await?;
                let put = alarm::put(&self.alarms.of(region), &old, as_read.present());
                write_call("cloudwatch:PutMetricAlarm", put.send()).await.map(|_| ())
            }
            (Property::AlarmActions { region, name }, value) => {
                let client = self.alarms.of(region);
                if value.and_then(|it| parse::flag(it, "ActionsEnabled")) == Some(true) {
                    let sent = client.enable_alarm_actions().alarm_names(name).send();
                    write_call("cloudwatch:EnableAlarmActions", sent).await.map(|_| ())
                } else {
                    let sent = client.disable_alarm_actions().alarm_names(name).send();
                    write_call("cloudwatch:DisableAlarmActions", sent).await.map(|_| ())
                }
            }
            _ => Err(unclear("cloudwatch:PutMetricAlarm")),
        }
    }
}

/// Returns the alarm with these members of the request.
fn alarm_of(value: &Value) -> Option<Alarm> {
    let dimension = |it: &Value| Some((parse::any_text(it, "Name")?, parse::any_text(it, "Value")?));
    Some(Alarm {
        name: parse::text(value, "AlarmName")?,
        description: parse::text(value, "AlarmDescription"),
        metric: Metric { namespace: parse::text(value, "Namespace")?, name: parse::text(value, "MetricName")? },
        dimensions: parse::items(value, "Dimensions").filter_map(dimension).collect(),
        statistic: parse::text(value, "Statistic"),
        extended_statistic: parse::text(value, "ExtendedStatistic"),
        period: parse::number(value, "Period")?,
        unit: parse::text(value, "Unit"),
        evaluation_periods: parse::number(value, "EvaluationPeriods")?,
        datapoints_to_alarm: parse::number(value, "DatapointsToAlarm"),
        threshold: value.get("Threshold")?.as_f64()?,
        comparison: parse::text(value, "ComparisonOperator")?,
        treat_missing_data: parse::text(value, "TreatMissingData"),
        low_samples: parse::text(value, "EvaluateLowSampleCountPercentile"),
        actions_enabled: parse::flag(value, "ActionsEnabled").unwrap_or(true),
        alarm_actions: parse::texts(value, "AlarmActions"),
        ok_actions: parse::texts(value, "OKActions"),
        insufficient_data_actions: parse::texts(value, "InsufficientDataActions"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_of_an_alarm_loses_nothing() {
        let all = json!({"AlarmName": "a", "AlarmDescription": "d", "Namespace": "n", "MetricName": "m",
            "Dimensions": [{"Name": "x", "Value": "y"}], "Statistic": null, "ExtendedStatistic": "p99.5", "Period": 300,
            "Unit": "Count", "EvaluationPeriods": 3, "DatapointsToAlarm": 2, "Threshold": 1.5,
            "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "ignore",
            "EvaluateLowSampleCountPercentile": "evaluate", "ActionsEnabled": false, "AlarmActions": ["b", "a"],
            "OKActions": ["c"], "InsufficientDataActions": ["d"]});
        assert_eq!(alarm_of(&all).expect("an alarm").members(), all);
    }
}
