"""From a log event to an alarm: the metrics that metric filters publish, and who looks at them.

Sources: CloudWatch Logs User Guide, "Creating metrics from log events using filters" and
"Configuring metric values for a metric filter"; CloudWatch User Guide, "Using Amazon CloudWatch
alarms". AWS evaluates an alarm once a period or a minute; here it happens as soon as a value
comes, for alarms that one datapoint is enough for. Not looked at: percentiles, metric math,
missing data, and a return to OK.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend, MetricDatumBase, cloudwatch_backends
from moto.logs.models import LogGroup, logs_backends

from local_aws.moto import alarms, transformers
from local_aws.moto.alarms import Kept
from local_aws.moto.filter_pattern import Json, parse, values

Metric = tuple[str, str, tuple[tuple[str, str], ...]]
"""Namespace, name and dimensions."""

COMPARE: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
STATISTIC: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Average": lambda found: sum(found) / len(found),
    "Minimum": min,
    "Maximum": max,
    "SampleCount": len,
}


def publish(group: LogGroup, events: list[dict[str, Any]]) -> None:
    """What the metric filters of the group make of events that have come in."""
    filters = logs_backends[group.account_id][group.region].filters
    backend = cloudwatch_backends[group.account_id][group.region]
    touched: dict[Metric, datetime] = {}
    for one in filters.get_matching_filters(log_group_name=group.name):
        for event in _seen_by(one, group, events):
            metric = _published(backend, one, event)
            if metric:
                time = _time(event)
                touched[metric] = max(touched.get(metric, time), time)
    for metric, time in touched.items():
        _evaluate(backend, metric, time)


def _seen_by(one: dict[str, Any], group: LogGroup, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events as a filter sees them: transformed, if it wants that and the group transforms."""
    config = transformers.config_of(logs_backends[group.account_id][group.region], group.name)
    if not one.get("applyOnTransformedLogs") or config is None:
        return events
    return [event | {"message": transformers.transformed(config, event["message"])} for event in events]


def _time(event: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(event["timestamp"] / 1000, UTC).replace(tzinfo=None)


def _published(
    backend: CloudWatchBackend, one: dict[str, Any], event: dict[str, Any]
) -> Metric | None:
    """The metric that got a value: by a match, or without one the default if there is any."""
    pattern, told = parse(one["filterPattern"]), one["metricTransformations"][0]
    extracted = pattern.extracted(event["message"])
    if extracted is not None:
        value = _number(told["metricValue"], pattern, event["message"], extracted)
    else:
        value = told.get("defaultValue")
    if value is None:
        return None
    fields = told.get("dimensions", {})
    named = {name: _field(at, pattern, event["message"], extracted) for name, at in fields.items()}
    if None in named.values():
        return None
    dimensions = [{"Name": name, "Value": str(at)} for name, at in named.items()]
    datum = {"MetricName": told["metricName"], "Value": value, "Dimensions": dimensions}
    datum |= {"Timestamp": _time(event), "Unit": told.get("unit", "None")}
    backend.put_metric_data(told["metricNamespace"], [datum])
    return told["metricNamespace"], told["metricName"], _key(dimensions)


def _key(dimensions: list[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((one["Name"], one["Value"]) for one in dimensions))


def _field(at: str, pattern: Any, message: str, extracted: dict[str, str] | None) -> Any:
    if isinstance(pattern, Json):
        found = list(values(pattern.event(message), at))
        return found[0] if found and not isinstance(found[0], dict | list) else None
    return (extracted or {}).get(at)


def _number(
    text: str, pattern: Any, message: str, extracted: dict[str, str] | None
) -> float | None:
    value = _field(text, pattern, message, extracted) if text.startswith("$") else text
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _evaluate(backend: CloudWatchBackend, metric: Metric, time: datetime) -> None:
    for alarm in list(backend.alarms.values()):
        if not isinstance(alarm, Kept) or not _looks_at(alarm, metric):
            continue
        given = alarm.given
        found = _values(backend, metric, time - timedelta(seconds=given["Period"]), given)
        if not found:
            continue
        value = STATISTIC[given["Statistic"]](found)
        if COMPARE[given["ComparisonOperator"]](value, given["Threshold"]):
            why = f"Threshold Crossed: 1 datapoint [{value} ({time:%d/%m/%y %H:%M:%S})] was beyond "
            alarms.move(backend, alarm, "ALARM", f"{why}the threshold ({given['Threshold']}).")


def _looks_at(alarm: Kept, metric: Metric) -> bool:
    """Whether one datapoint of the metric is enough for it."""
    given = alarm.given
    if "Statistic" not in given or given["ComparisonOperator"] not in COMPARE:
        return False
    own = (given["Namespace"], given["MetricName"], _key(given.get("Dimensions", [])))
    return own == metric and given.get("DatapointsToAlarm", given["EvaluationPeriods"]) == 1


def _values(
    backend: CloudWatchBackend, metric: Metric, since: datetime, given: dict[str, Any]
) -> list[float]:
    """The values since then, in the unit that the alarm names if it does."""

    def fits(datum: MetricDatumBase) -> bool:
        key = tuple(sorted((str(it.name), str(it.value)) for it in datum.dimensions))
        unit = given.get("Unit", datum.unit or "None")
        return (datum.namespace, datum.name, key) == metric and unit == (datum.unit or "None")

    found = [datum for datum in backend.metric_data if fits(datum) and datum.timestamp > since]
    return [datum.value for datum in found if hasattr(datum, "value")]


def patch() -> None:
    """Publishes what the events that moto takes amount to."""
    put = LogGroup.put_log_events

    def put_log_events(
        self: LogGroup, log_stream_name: str, log_events: list[dict[str, Any]]
    ) -> str:
        """PutLogEvents, into a stream that exists, without the events that are too old or new."""
        token = put(self, log_stream_name, log_events)
        publish(self, log_events)
        return token

    LogGroup.put_log_events = put_log_events
