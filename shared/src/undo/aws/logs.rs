//! Log groups and metric filters.

use super::{Properties, parse, part, unclear};
use crate::aws::{call, write_call};
use crate::families::monitoring::aws::filter;
use crate::families::monitoring::{Filter, Metric, Transformation};
use crate::model::{CallError, Property, Region, Seen};
use aws_sdk_cloudwatchlogs::types::LogGroup;
use serde_json::{Value, json};

impl Properties {
    async fn group(&self, region: &Region, name: &str) -> Result<Seen<LogGroup>, CallError> {
        // An exact match is listed before groups that merely begin with the name.
        let sent = self.logs.of(region).describe_log_groups().log_group_name_prefix(name).limit(1).send();
        let answer = Seen::from_call(call("logs:DescribeLogGroups", Box::pin(sent)).await)?;
        Ok(answer.and_then(|it| it.log_groups?.into_iter().find(|it| it.log_group_name() == Some(name))))
    }

    pub(super) async fn read_group(
        &self,
        region: &Region,
        name: &str,
        property: &Property,
    ) -> Result<Seen<Value>, CallError> {
        Ok(part(self.group(region, name).await?, |group| match property {
            Property::LogGroupRetention { .. } => {
                group.retention_in_days().map_or(Value::Null, |days| json!({ "retentionInDays": days }))
            }
            _ => json!({ "logGroupName": name }),
        }))
    }

    /// Returns whether a log group holds logs, or has streams that something writes to.
    pub(super) async fn group_is_full(&self, region: &Region, name: &str) -> Result<bool, CallError> {
        let Seen::Present(group) = self.group(region, name).await? else { return Ok(false) };
        let sent = self.logs.of(region).describe_log_streams().log_group_name(name).limit(1).send();
        let streams = call("logs:DescribeLogStreams", Box::pin(sent)).await?;
        Ok(group.stored_bytes().unwrap_or_default() > 0 || !streams.log_streams().is_empty())
    }

    pub(super) async fn delete_group(&self, region: &Region, name: &str) -> Result<(), CallError> {
        let sent = self.logs.of(region).delete_log_group().log_group_name(name).send();
        write_call("logs:DeleteLogGroup", sent).await.map(|_| ())
    }

    pub(super) async fn set_retention(
        &self,
        region: &Region,
        name: &str,
        value: Option<&Value>,
    ) -> Result<(), CallError> {
        let client = self.logs.of(region);
        if let Some(value) = value {
            let days = parse::number(value, "retentionInDays").ok_or_else(|| unclear("logs:PutRetentionPolicy"))?;
            let put = client.put_retention_policy().log_group_name(name).retention_in_days(days);
            write_call("logs:PutRetentionPolicy", put.send()).await.map(|_| ())
        } else {
            let sent = client.delete_retention_policy().log_group_name(name).send();
            write_call("logs:DeleteRetentionPolicy", sent).await.map(|_| ())
        }
    }

    pub(super) async fn read_filter(&self, region: &Region, group: &str, name: &str) -> Result<Seen<Value>, CallError> {
        let describe = self.logs.of(region).describe_metric_filters().log_group_name(group).filter_name_prefix(name);
        let mut pages = describe.into_paginator().items().send();
        loop {
            let next = call("logs:DescribeMetricFilters", async { pages.next().await.transpose() }).await;
            match Seen::from_call(next)?.into_present() {
                Ok(Some(found)) if found.filter_name() == Some(name) => {
                    return Ok(filter::seen(found).map_or(Seen::Absent, |it| Seen::Present(it.members())));
                }
                Ok(Some(_)) => {}
                Ok(None) => return Ok(Seen::Absent),
                Err(none) => return Ok(none),
            }
        }
    }

    pub(super) async fn set_filter(
        &self,
        region: &Region,
        group: &str,
        name: &str,
        value: Option<&Value>,
    ) -> Result<(), CallError> {
        let client = self.logs.of(region);
        if let Some(value) = value {
            let old = filter_of(value).and_then(|old| filter::put(&client, group, &old));
            let put = old.ok_or_else(|| unclear("logs:PutMetricFilter"))?;
            write_call("logs:PutMetricFilter", put.send()).await.map(|_| ())
        } else {
            let sent = client.delete_metric_filter().log_group_name(group).filter_name(name).send();
            write_call("logs:DeleteMetricFilter", sent).await.map(|_| ())
        }
    }
}

/// Returns the filter with these members of the request.
fn filter_of(value: &Value) -> Option<Filter> {
    let transformation = parse::items(value, "metricTransformations").next()?;
    let dimensions = transformation.get("dimensions").and_then(Value::as_object).into_iter().flatten();
    let (namespace, name) =
        (parse::text(transformation, "metricNamespace")?, parse::text(transformation, "metricName")?);
    Some(Filter {
        name: parse::text(value, "filterName")?,
        pattern: parse::any_text(value, "filterPattern").unwrap_or_default().into(),
        transformation: Transformation {
            metric: Metric { namespace, name },
            value: parse::any_text(transformation, "metricValue")?,
            default: transformation.get("defaultValue").and_then(Value::as_f64),
            dimensions: dimensions.filter_map(|(key, it)| Some((key.clone(), it.as_str()?.to_owned()))).collect(),
            unit: parse::text(transformation, "unit"),
        },
        transformed: parse::flag(value, "applyOnTransformedLogs").unwrap_or_default(),
        criteria: parse::text(value, "fieldSelectionCriteria"),
        system_dimensions: parse::texts(value, "emitSystemFieldDimensions"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_trip_of_a_filter_loses_nothing() {
        let all = json!({"filterName": "f", "filterPattern": "", "applyOnTransformedLogs": true,
            "fieldSelectionCriteria": "@aws.region = \"us-east-1\"", "emitSystemFieldDimensions": ["@aws.account"],
            "metricTransformations": [{"metricNamespace": "n", "metricName": "m", "metricValue": "$.size",
                "defaultValue": 0.5, "dimensions": {"a": "$.a"}, "unit": "Bytes"}]});
        assert_eq!(filter_of(&all).expect("a filter").members(), all);
    }
}
