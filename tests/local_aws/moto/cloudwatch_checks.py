"""CloudWatch: which alarms are refused.

Sources: CloudWatch API reference, PutMetricAlarm, MetricDataQuery; CloudWatch User Guide,
"CloudWatch quotas" and "Alarm actions". Which of ValidationError, InvalidParameterValue and
InvalidParameterCombination a wrong value has, and the words, are an assumption.
"""

from __future__ import annotations

import json
import re
from typing import Any

from moto.cloudwatch.exceptions import CloudWatchException
from moto.cloudwatch.exceptions import InvalidParameterCombination as Combination
from moto.cloudwatch.exceptions import ValidationError as Invalid

from local_aws.moto.cbor import operation

Given = dict[str, Any]

OPERATORS = frozenset(
    "GreaterThanOrEqualToThreshold GreaterThanThreshold LessThanThreshold "
    "LessThanOrEqualToThreshold".split()
)
BANDS = frozenset(
    "LessThanLowerOrGreaterThanUpperThreshold LessThanLowerThreshold "
    "GreaterThanUpperThreshold".split()
)
MISSING = ("breaching", "notBreaching", "ignore", "missing")
EXTENDED = re.compile(r"(p|tm|tc|ts|wm)\d{1,2}(\.\d{1,10})?|p100|IQM|(PR|TM|TC|TS|WM)\([^)]+\)")
OF_METRIC = "MetricName Namespace Dimensions Period Unit Statistic ExtendedStatistic".split()
ACTIONS = {
    "OKActions": "OK",
    "AlarmActions": "ALARM",
    "InsufficientDataActions": "INSUFFICIENT_DATA",
}
"""The member that holds what is done in a state."""
ARN = re.compile(r"arn:aws[\w-]*:(?P<service>[\w-]+):(?P<region>[\w-]*):(?P<rest>[^:]*:.+)")
DAY, WEEK = 86_400, 604_800
HOUR = 3_600


class InvalidNextToken(CloudWatchException):
    """A token that no page ended with."""

    code = "InvalidNextToken"


class Throttling(CloudWatchException):
    """Too many calls."""

    code = "Throttling"


class InvalidFormat(CloudWatchException):
    """What should be JSON and is not."""

    code = "InvalidFormat"


def check_alarm(given: Given, region: str) -> None:
    """Refuses what PutMetricAlarm refuses."""
    check_members("PutMetricAlarm", given)
    for name in ("EvaluationPeriods", "ComparisonOperator"):
        _need(name in given, f"The parameter {name} is required.")
    _check_periods(given)
    if "Metrics" in given:
        _check_metrics(given)
    else:
        _check_metric(given)
    _check_threshold(given)
    missing = given.get("TreatMissingData", MISSING[0])
    _need(missing in MISSING, f"Option {missing} is not supported for TreatMissingData.")
    low = given.get("EvaluateLowSampleCountPercentile", "evaluate")
    _need(low in ("evaluate", "ignore"), f"Option {low} is not supported.")
    for member in ACTIONS:
        for arn in given.get(member, []):
            _check_action(arn, region)


def check_members(name: str, given: Given) -> None:
    """Refuses a member that its shape does not allow: too long, too many, too few, unknown."""
    whole = operation(name).input_shape
    for member, shape in whole.members.items():
        if member not in given:
            _need(member not in whole.required_members, f"The parameter {member} is required.")
            continue
        value, limits = given[member], shape.metadata
        size = value if shape.type_name == "integer" else None
        size = len(value) if shape.type_name in ("string", "list") else size
        wrong = f"Value '{value}' at '{member}' failed to satisfy constraint"
        if size is not None:
            _need(limits.get("min", size) <= size <= limits.get("max", size), wrong)
        _need(value in limits.get("enum", [value]), wrong)
        if "pattern" in limits:
            _need(bool(re.fullmatch(limits["pattern"], value)), wrong)


def check_json(text: str | None) -> None:
    """Refuses a StateReasonData that is no JSON."""
    try:
        json.loads(text or "{}")
    except ValueError as wrong:
        raise InvalidFormat("TemplateBody for StateReasonData is not valid JSON") from wrong


def _need(sound: bool, otherwise: str) -> None:
    if not sound:
        raise Invalid(otherwise)


def _check_periods(given: Given) -> None:
    """DatapointsToAlarm "M out of N"; at most a day, or a week from periods of an hour on."""
    count, period = given["EvaluationPeriods"], given.get("Period", 60)
    most = given.get("DatapointsToAlarm", count)
    _need(most <= count, "DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
    _need(_is_period(period), "Period must be 10, 20, 30 or a multiple of 60.")
    limit = WEEK if period >= HOUR else DAY
    _need(count * period <= limit, f"Metrics cannot be checked across more than {limit} seconds.")


def _is_period(period: int) -> bool:
    return period in (10, 20, 30) or period % 60 == 0


def _check_metric(given: Given) -> None:
    for name in ("MetricName", "Namespace", "Period"):
        _need(name in given, f"The parameter {name} is required.")
    kinds = [name for name in ("Statistic", "ExtendedStatistic") if name in given]
    if len(kinds) != 1:
        raise Combination("Exactly one of Statistic and ExtendedStatistic must be specified.")
    extended = given.get("ExtendedStatistic", "p99")
    _need(bool(EXTENDED.fullmatch(extended)), f"The value {extended} is not supported.")
    names = [one["Name"] for one in given.get("Dimensions", [])]
    _need(len(set(names)) == len(names), "A dimension is named twice.")
    _need("ThresholdMetricId" not in given, "ThresholdMetricId needs Metrics.")


def _check_metrics(given: Given) -> None:
    """ "Exactly one of the metrics ... ReturnData"; none of the members of a single metric."""
    if any(name in given for name in OF_METRIC):
        raise Combination("Metrics cannot be specified with MetricName, Period and the like.")
    found = given["Metrics"]
    _need(0 < len(found) <= 20, "Metrics must have 1 to 20 members.")
    ids = [one.get("Id", "") for one in found]
    _need(all(re.fullmatch(r"[a-z]\w*", one) for one in ids), "An Id is not valid.")
    _need(len(set(ids)) == len(ids), "An Id is there twice.")
    for one in found:
        _need(("Expression" in one) != ("MetricStat" in one), "Either Expression or MetricStat.")
    band = given.get("ThresholdMetricId")
    _need(band is None or band in ids, "ThresholdMetricId names none of the Metrics.")
    returned = [one for one in found if one.get("ReturnData", True) and one["Id"] != band]
    _need(len(returned) == 1, "Exactly one element of the metrics list should return data.")


def _check_threshold(given: Given) -> None:
    band = "ThresholdMetricId" in given
    known = BANDS if band else OPERATORS
    _need(given["ComparisonOperator"] in known, "The ComparisonOperator does not fit.")
    _need(("Threshold" in given) != band, "Either Threshold or ThresholdMetricId is required.")


def _check_action(arn: str, region: str) -> None:
    found = ARN.fullmatch(arn)
    if found is None:
        raise Invalid(f"Invalid arn syntax: {arn}")
    there = found["region"]
    _need(there == region, f"Invalid region {there} specified. Only {region} is supported.")
