//! Conversion of metric filters between the SDK's types and ours.

use crate::families::monitoring::{Filter, Metric, Transformation};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::put_metric_filter::builders::PutMetricFilterFluentBuilder;
use aws_sdk_cloudwatchlogs::types::{MetricFilter, MetricTransformation, StandardUnit};
use std::collections::BTreeMap;

/// Returns a filter; `None` for one without a transformation, which AWS does not return.
pub(crate) fn seen(it: MetricFilter) -> Option<Filter> {
    let transformation = it.metric_transformations?.into_iter().next()?;
    let dimensions: BTreeMap<String, String> = transformation.dimensions.unwrap_or_default().into_iter().collect();
    Some(Filter {
        name: it.filter_name?,
        pattern: it.filter_pattern.unwrap_or_default().into(),
        transformation: Transformation {
            metric: Metric { namespace: transformation.metric_namespace, name: transformation.metric_name },
            value: transformation.metric_value,
            default: transformation.default_value,
            dimensions: dimensions.into_iter().collect(),
            // `None` is also the name of a unit: the one of a metric without a unit.
            unit: transformation.unit.map(|unit| unit.as_str().to_owned()),
        },
        transformed: it.apply_on_transformed_logs,
        criteria: it.field_selection_criteria.filter(|text| !text.is_empty()),
        system_dimensions: it.emit_system_field_dimensions.unwrap_or_default(),
    })
}

/// Builds the call that puts a filter; `None` if the filter lacks something required.
pub(crate) fn put(client: &Client, group: &str, filter: &Filter) -> Option<PutMetricFilterFluentBuilder> {
    let Filter { name, pattern, transformation, transformed, criteria, system_dimensions } = filter;
    let Transformation { metric, value, default, dimensions, unit } = transformation;
    let transformation = MetricTransformation::builder()
        .metric_namespace(&metric.namespace)
        .metric_name(&metric.name)
        .metric_value(value)
        .set_default_value(*default)
        .set_dimensions((!dimensions.is_empty()).then(|| dimensions.iter().cloned().collect()))
        .set_unit(unit.as_deref().map(StandardUnit::from))
        .build()
        .ok()?;
    let put = client
        .put_metric_filter()
        .log_group_name(group)
        .filter_name(name)
        .filter_pattern(&pattern.text)
        .metric_transformations(transformation)
        .set_apply_on_transformed_logs(transformed.then_some(true))
        .set_field_selection_criteria(criteria.clone())
        .set_emit_system_field_dimensions((!system_dimensions.is_empty()).then(|| system_dimensions.clone()));
    Some(put)
}
