//! Lossless conversion of alarms between the SDK's types and ours.

use crate::families::monitoring::{Alarm, Metric};
use crate::managed::tag::MANAGED_TAG;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, MetricAlarm, StandardUnit, Statistic, Tag};

/// Returns an alarm on one metric; `None` for metric math, queries and anomaly detection, which we never touch.
pub(crate) fn seen(it: &MetricAlarm) -> Option<Alarm> {
    let text = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
    if !it.metrics().is_empty() || it.threshold_metric_id().is_some() {
        return None;
    }
    let dimension = |it: &Dimension| Some((it.name()?.to_owned(), it.value()?.to_owned()));
    Some(Alarm {
        name: it.alarm_name()?.to_owned(),
        description: text(it.alarm_description()),
        metric: Metric { namespace: it.namespace()?.to_owned(), name: it.metric_name()?.to_owned() },
        dimensions: it.dimensions().iter().filter_map(dimension).collect(),
        statistic: text(it.statistic().map(Statistic::as_str)),
        extended_statistic: text(it.extended_statistic()),
        period: number(it.period()).unwrap_or_default(),
        unit: text(it.unit().map(StandardUnit::as_str)),
        evaluation_periods: number(it.evaluation_periods()).unwrap_or_default(),
        datapoints_to_alarm: number(it.datapoints_to_alarm()),
        threshold: it.threshold()?,
        comparison: it.comparison_operator()?.as_str().to_owned(),
        treat_missing_data: text(it.treat_missing_data()),
        low_samples: text(it.evaluate_low_sample_count_percentile()),
        actions_enabled: it.actions_enabled().unwrap_or(true),
        alarm_actions: it.alarm_actions().to_vec(),
        ok_actions: it.ok_actions().to_vec(),
        insufficient_data_actions: it.insufficient_data_actions().to_vec(),
    })
}

/// Builds the call that puts an alarm; `as_read` is the alarm that it replaces, whose other settings it keeps.
pub(crate) fn put(client: &Client, alarm: &Alarm, as_read: Option<&MetricAlarm>) -> PutMetricAlarmFluentBuilder {
    let Alarm {
        name,
        description,
        metric,
        dimensions,
        statistic,
        extended_statistic,
        period,
        unit,
        evaluation_periods,
        datapoints_to_alarm,
        threshold,
        comparison,
        treat_missing_data,
        low_samples,
        actions_enabled,
        alarm_actions,
        ok_actions,
        insufficient_data_actions,
    } = alarm;
    let dimension = |(name, value): &(String, String)| Dimension::builder().name(name).value(value).build();
    let some = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    // AWS accepts tags only for a new alarm.
    let tag = Tag::builder().key(MANAGED_TAG.0).value(MANAGED_TAG.1).build();
    let tags = as_read.is_none().then(|| vec![tag]);
    client
        .put_metric_alarm()
        .alarm_name(name)
        .set_alarm_description(description.clone())
        .namespace(&metric.namespace)
        .metric_name(&metric.name)
        .set_dimensions(Some(dimensions.iter().map(dimension).collect()).filter(|all: &Vec<_>| !all.is_empty()))
        .set_statistic(statistic.as_deref().map(Statistic::from))
        .set_extended_statistic(extended_statistic.clone())
        .period(period.cast_signed())
        .set_unit(unit.as_deref().map(StandardUnit::from))
        .evaluation_periods(evaluation_periods.cast_signed())
        .set_datapoints_to_alarm(datapoints_to_alarm.map(u32::cast_signed))
        .threshold(*threshold)
        .comparison_operator(ComparisonOperator::from(comparison.as_str()))
        .set_treat_missing_data(treat_missing_data.clone())
        .set_evaluate_low_sample_count_percentile(low_samples.clone())
        .actions_enabled(*actions_enabled)
        .set_alarm_actions(some(alarm_actions))
        .set_ok_actions(some(ok_actions))
        .set_insufficient_data_actions(some(insufficient_data_actions))
        .set_evaluation_window(as_read.and_then(|it| it.evaluation_window().cloned()))
        .set_warm_up_configuration(as_read.and_then(|it| it.warm_up_configuration().cloned()))
        .set_evaluation_criteria(as_read.and_then(|it| it.evaluation_criteria().cloned()))
        .set_evaluation_interval(as_read.and_then(MetricAlarm::evaluation_interval))
        .set_action_configuration(as_read.and_then(|it| it.action_configuration().cloned()))
        .set_tags(tags)
}
