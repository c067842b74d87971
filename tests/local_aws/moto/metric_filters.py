"""CloudWatch Logs: metric filters, and which of them are refused.

Sources: CloudWatch Logs API reference, PutMetricFilter, MetricTransformation,
DescribeMetricFilters, DeleteMetricFilter, TestMetricFilter; User Guide, "CloudWatch Logs
quotas" and "Log classes" (metric filters are for the Standard class alone), "Publishing
dimensions with metrics" (not with a default value). That a group of another class is
InvalidOperationException is an assumption.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from moto.core.utils import unix_time_millis, utcnow
from moto.logs.exceptions import (
    InvalidParameterException,
    LimitExceededException,
    LogsClientError,
    ResourceNotFoundException,
)
from moto.logs.models import LogGroup, LogsBackend
from moto.logs.responses import LogsResponse

from local_aws.moto.filter_pattern import InvalidPattern, Pattern, parse
from local_aws.moto.state import controls

Given = dict[str, Any]
Operation = Callable[[LogsResponse], str]

QUOTA = 100
PAGE = 50
NAME = re.compile(r"[^:*]{1,512}")
METRIC = re.compile(r"[^:*$]{1,255}")
VALUE = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|\$[.\[]?.+")
SELECTOR = re.compile(r"\$.+")
MOST_DIMENSIONS = 3
MOST_MESSAGES = 50


def put_metric_filter(self: LogsResponse) -> str:
    """PutMetricFilter: an upsert by the name of the filter, of all that is given."""
    given, filters = json.loads(self.body), self.logs_backend.filters.metric_filters
    _check_sizes(given)
    group = _group(self.logs_backend, given["logGroupName"])
    if getattr(group, "log_group_class", "STANDARD") != "STANDARD":
        why = "The log group is not of the Standard log class."
        raise LogsClientError("InvalidOperationException", why)
    parsed(given["filterPattern"])
    _check_transformation(given["metricTransformations"][0])
    of_group = [one for one in filters if one["logGroupName"] == group.name]
    same = [one for one in of_group if one["filterName"] == given["filterName"]]
    if not same and len(of_group) >= QUOTA:
        raise LimitExceededException
    made = same[0]["creationTime"] if same else int(unix_time_millis(utcnow()))
    filters[:] = [one for one in filters if one not in same] + [given | {"creationTime": made}]
    return ""


def describe_metric_filters(self: LogsResponse) -> str:
    """DescribeMetricFilters: by name, 1 to 50 a page; of a group or of a metric, not of both.

    The prefix counts "only if you also include the logGroupName", and of the name and the
    namespace of a metric each needs the other.
    """
    given = json.loads(self.body or "{}")
    size, group = given.get("limit", PAGE), given.get("logGroupName")
    prefix = given.get("filterNamePrefix", "") if group else ""
    metric = (given.get("metricName"), given.get("metricNamespace"))
    _need(isinstance(size, int) and 1 <= size <= PAGE, "limit", size)
    _need(not prefix or bool(NAME.fullmatch(prefix)), "filterNamePrefix", prefix)
    _need((metric[0] is None) == (metric[1] is None), "metricName", metric)
    _need(not group or metric[0] is None, "logGroupName", group)
    if group:
        _group(self.logs_backend, group)
    found = [
        one
        for one in self.logs_backend.filters.metric_filters
        if group in (None, one["logGroupName"])
        and one["filterName"].startswith(prefix)
        and metric in ((None, None), _metric_of(one))
    ]
    found.sort(key=lambda one: (one["filterName"], one["logGroupName"]))
    token = given.get("nextToken", "after 0")
    _need(bool(re.fullmatch(r"after \d+", token)), "nextToken", token)
    start = int(token.removeprefix("after "))
    more = {"nextToken": f"after {start + size}"} if start + size < len(found) else {}
    return json.dumps({"metricFilters": found[start : start + size]} | more)


def delete_metric_filter(self: LogsResponse) -> str:
    """DeleteMetricFilter: of one that is there."""
    given, filters = json.loads(self.body), self.logs_backend.filters.metric_filters
    group = _group(self.logs_backend, given["logGroupName"])
    kept = [
        one
        for one in filters
        if (one["logGroupName"], one["filterName"]) != (group.name, given["filterName"])
    ]
    if len(kept) == len(filters):
        raise ResourceNotFoundException("The specified metric filter does not exist.")
    filters[:] = kept
    return ""


def test_metric_filter(self: LogsResponse) -> str:
    """TestMetricFilter: the events that match, counted from 1, with the fields that it names."""
    given = json.loads(self.body)
    text, messages = given["filterPattern"], given["logEventMessages"]
    _need(len(text) <= 1024, "filterPattern", text)
    _need(1 <= len(messages) <= MOST_MESSAGES and all(messages), "logEventMessages", messages)
    pattern = parsed(text)
    found = [
        {"eventNumber": number, "eventMessage": message, "extractedValues": extracted}
        for number, message in enumerate(messages, 1)
        if (extracted := pattern.extracted(message)) is not None
    ]
    return json.dumps({"matches": found})


def _limited(call: Operation) -> Operation:
    def limited(self: LogsResponse) -> str:
        """Quotas: 5 such calls a second, account and region; only when it was ordered."""
        place = f"{call.__name__} {self.current_account} {self.region}"
        if controls.is_throttled("logs", place):
            raise LogsClientError("ThrottlingException", "Rate exceeded")
        return call(self)

    return limited


def parsed(text: str) -> Pattern:
    """The pattern; refused as the service does where it is none."""
    try:
        return parse(text)
    except InvalidPattern as wrong:
        raise InvalidParameterException(f"Invalid metric filter pattern: {wrong}") from wrong


def _need(sound: bool, parameter: str, value: object) -> None:
    if not sound:
        raise InvalidParameterException(
            constraint="Member must be valid", parameter=parameter, value=value
        )


def _group(backend: LogsBackend, name: str) -> LogGroup:
    group = backend.groups.get(name)
    if group is None:
        raise ResourceNotFoundException
    return group


def _metric_of(one: Given) -> tuple[str, str]:
    metric = one["metricTransformations"][0]
    return metric["metricName"], metric["metricNamespace"]


def _check_sizes(given: Given) -> None:
    name, pattern = given.get("filterName", ""), given.get("filterPattern")
    _need(bool(NAME.fullmatch(name)), "filterName", name)
    _need(isinstance(pattern, str) and len(pattern) <= 1024, "filterPattern", pattern)
    transformations = given.get("metricTransformations", [])
    _need(len(transformations) == 1, "metricTransformations", transformations)


def _check_transformation(metric: Given) -> None:
    for member in ("metricName", "metricNamespace"):
        _need(bool(METRIC.fullmatch(metric.get(member, ""))), member, metric.get(member))
    value, dimensions = metric.get("metricValue", ""), metric.get("dimensions", {})
    _need(len(value) <= 100 and bool(VALUE.fullmatch(value)), "metricValue", value)
    _need(metric.get("unit", "None") in UNITS, "unit", metric.get("unit"))
    _need(len(dimensions) <= MOST_DIMENSIONS, "dimensions", dimensions)
    _need(all(map(SELECTOR.fullmatch, dimensions.values())), "dimensions", dimensions)
    if dimensions and "defaultValue" in metric:
        raise InvalidParameterException(
            "Invalid metric transformation: dimensions and default value are mutually exclusive."
        )


def _units() -> frozenset[str]:
    powers = ("", "kilo", "mega", "giga", "tera")
    sizes = [f"{power}{what}".capitalize() for power in powers for what in ("bytes", "bits")]
    plain = ("Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "None", "Count/Second")
    return frozenset((*plain, *sizes, *(f"{size}/Second" for size in sizes)))


UNITS = _units()


def patch() -> None:
    """Puts the above into moto's service."""
    LogsResponse.put_metric_filter = _limited(put_metric_filter)
    LogsResponse.describe_metric_filters = _limited(describe_metric_filters)
    LogsResponse.delete_metric_filter = _limited(delete_metric_filter)
    LogsResponse.test_metric_filter = test_metric_filter
