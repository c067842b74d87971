"""Metric filters, alarms and topics for ministack: what a call is decided on, in any protocol.

Sources: Service Authorization Reference, Amazon CloudWatch, CloudWatch Logs and SNS; CloudWatch
API reference, PutMetricAlarm ("Tags": needs cloudwatch:TagResource too), DescribeAlarmsForMetric.
Refusals that people got from AWS name `...:alarm:*` for DescribeAlarms
(aws-samples/amazon-cloudwatch-auto-alarms, issue 1) and `...:log-group:NAME:log-stream:` for
PutMetricFilter and DescribeMetricFilters (ministryofjustice/modernisation-platform, pull request
12163; prowler-cloud/prowler, pull request 37): a policy must have `log-group:NAME:*`, and
`log-group:NAME` is not enough.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import cbor2
from ministack.core import iam_actions
from ministack.services import cloudwatch

from local_aws.ministack_checks import Call, Needed, Response, also, arn, with_tags

Given = dict[str, Any]

ON_ALARMS = ("EnableAlarmActions", "DisableAlarmActions", "DeleteAlarms")
ON_ALARM = ("PutMetricAlarm", "SetAlarmState")
ON_ALL = ("DescribeAlarms", "DescribeAlarmHistory")
ON_FILTERS = ("PutMetricFilter", "DescribeMetricFilters", "DeleteMetricFilter")
ON_TAGS = ("TagResource", "UntagResource", "ListTagsForResource")
ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")
DROPPED = ("Metrics", "ThresholdMetricId", "EvaluateLowSampleCountPercentile")
"""What ministack does not keep of an alarm."""


def operation(call: Call) -> str:
    """The name of a call; rpc-v2-cbor has it in the path."""
    return call.path.rpartition("/operation/")[2] if "/operation/" in call.path else call.operation


def given(body: bytes) -> Given:
    """What a call in rpc-v2-cbor or JSON gives; nothing of another."""
    try:
        found = json.loads(body) if body[:1] == b"{" else cbor2.loads(body)
    except (ValueError, cbor2.CBORDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def on_alarm(name: str) -> str:
    """The ARN of an alarm."""
    return arn("cloudwatch", f"alarm:{name}")


def resource(service: str, call: Call) -> str | None:
    """What a call is decided on; none where ministack knows it."""
    if service == "monitoring":
        return _of_alarms(call)
    if service == "logs" and call.operation in ON_FILTERS:
        return arn("logs", f"log-group:{call.json.get('logGroupName', '')}:log-stream:")
    if service == "sns" and call.operation in ON_TAGS:
        return call.one("ResourceArn")
    return None


def _of_alarms(call: Call) -> str | None:
    name, told = operation(call), given(call.body)
    if not told and name in (*ON_ALARM, *ON_ALARMS):
        told = {"AlarmName": call.one("AlarmName"), "AlarmNames": _members(call)}
    if name in ON_TAGS:
        return str(told.get("ResourceARN") or call.one("ResourceARN"))
    if name in ON_ALARM:
        return on_alarm(str(told.get("AlarmName")))
    if name in ON_ALARMS:
        return on_alarm(next(iter(told.get("AlarmNames", [])), ""))
    return on_alarm("*") if name in ON_ALL else "*"


def _members(call: Call) -> list[str]:
    keys = (key for key in call.form if key.startswith("AlarmNames.member."))
    return [call.one(key) for key in sorted(keys)]


def needs(call: Call) -> Iterator[Needed]:
    """The other alarms of a call on several, and the tags of a new one."""
    name, told = operation(call), given(call.body)
    if name in ON_ALARMS:
        for other in (told.get("AlarmNames") or _members(call))[1:]:
            yield f"cloudwatch:{name}", on_alarm(other), {}
    if name == "PutMetricAlarm" and (tags := _tags(told)):
        yield "cloudwatch:TagResource", on_alarm(str(told.get("AlarmName"))), with_tags(tags)


def _tags(told: Given) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in told.get("Tags") or []}


def patch_actions() -> None:
    """The action of a call in rpc-v2-cbor, of which ministack only checks the signature."""
    elsewhere = iam_actions.extract_iam_action

    def extract_iam_action(
        service: str, method: str, path: str, headers: dict[str, str], body: bytes,
        parameters: dict[str, Any],
    ) -> str | None:
        """The action that a call needs."""
        if service == "monitoring" and "/operation/" in path:
            return f"cloudwatch:{path.rpartition('/operation/')[2]}"
        found: str | None = elsewhere(service, method, path, headers, body, parameters)
        return found

    iam_actions.extract_iam_action = extract_iam_action


def patch_context() -> None:
    """The condition keys of an alarm's actions and tags, and of a subscription."""
    elsewhere = iam_actions.request_tag_context

    def request_tag_context(
        service: str, iam_action: str, body: bytes, params: dict[str, Any]
    ) -> dict[str, Any]:
        """The condition keys of a request."""
        found: dict[str, Any] = elsewhere(service, iam_action, body, params)
        if iam_action == "cloudwatch:PutMetricAlarm":
            told = given(body)
            found["cloudwatch:AlarmActions"] = [a for kind in ACTIONS for a in told.get(kind) or []]
            found |= with_tags(tags) if (tags := _tags(told)) else {}
        if iam_action == "sns:Subscribe":
            call = Call("POST", "/", {}, body, params)
            found |= {"sns:Protocol": call.one("Protocol"), "sns:Endpoint": call.one("Endpoint")}
        return found

    iam_actions.request_tag_context = request_tag_context


def patch_alarms() -> None:
    """An alarm is kept whole, is of a metric with its very dimensions, and must be there to go."""
    put, delete = cloudwatch._put_metric_alarm, cloudwatch._delete_alarms

    def put_metric_alarm(
        params: Any, told: Given, is_cbor: bool, is_json: bool = False
    ) -> Response:
        answer: Response = put(params, told, is_cbor, is_json)
        if answer[0] == 200 and (is_cbor or is_json):
            kept = cloudwatch._alarms[told["AlarmName"]]
            kept |= {member: told[member] for member in DROPPED if member in told}
            for member in ("AlarmDescription", "TreatMissingData"):
                if member not in told:
                    kept.pop(member, None)
            if "ExtendedStatistic" in told:
                kept.pop("Statistic", None)
            cloudwatch._alarms[told["AlarmName"]] = kept
        return answer

    def describe_alarms_for_metric(
        params: Any, told: Given, is_cbor: bool, is_json: bool = False
    ) -> Response:
        found = [alarm for alarm in cloudwatch._alarms.values() if _is_on(alarm, told)]
        if is_cbor:
            alarms = [cloudwatch._cbor_alarm(alarm) for alarm in found]
            answer: Response = cloudwatch._cbor_ok({"MetricAlarms": alarms})
        else:
            answer = cloudwatch._json_ok({"MetricAlarms": found})
        return answer

    def delete_alarms(params: Any, told: Given, is_cbor: bool, is_json: bool = False) -> Response:
        there = {*cloudwatch._alarms, *cloudwatch._composite_alarms}
        unknown = [name for name in told.get("AlarmNames", []) if name not in there]
        protocol = {"use_json": is_json, "use_cbor": is_cbor}
        if unknown:
            why = f"Alarms {unknown} do not exist"
            refused: Response = cloudwatch._error("ResourceNotFound", why, 404, **protocol)
            return refused
        answer: Response = delete(params, told, is_cbor, is_json)
        return answer

    cloudwatch._put_metric_alarm = put_metric_alarm
    cloudwatch._delete_alarms = delete_alarms
    cloudwatch._describe_alarms_for_metric = describe_alarms_for_metric


def _is_on(alarm: Given, told: Given) -> bool:
    same = all(alarm.get(it) == told.get(it) for it in ("Namespace", "MetricName"))
    return same and "Metrics" not in alarm and _dimensions(alarm) == _dimensions(told)


def _dimensions(found: Given) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in found.get("Dimensions") or []}


def patch() -> None:
    """All of it."""
    also(cloudwatch, "monitoring", needs)
    patch_actions()
    patch_context()
    patch_alarms()
