"""CloudWatch alarms: how they are put, read, switched on and off, and deleted.

Source: CloudWatch API reference, PutMetricAlarm ("the operation completely overwrites the
previous configuration of the alarm", "its state is left unchanged", "Tags ... to existing
alarms are ignored"), DescribeAlarms, DescribeAlarmsForMetric, DeleteAlarms, EnableAlarmActions,
DisableAlarmActions, SetAlarmState, DescribeAlarmHistory. That an unknown name among those of
EnableAlarmActions is taken in silence is an assumption. There
are no composite alarms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination as Combination
from moto.cloudwatch.exceptions import ResourceNotFound, ResourceNotFoundException
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.cloudwatch.utils import make_arn_for_alarm
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from local_aws.moto import alarms
from local_aws.moto.alarms import Kept
from local_aws.moto.cloudwatch_checks import (
    Given,
    InvalidNextToken,
    Throttling,
    check_alarm,
    check_json,
    check_members,
)
from local_aws.moto.state import controls

Operation = Callable[[CloudWatchResponse], ActionResult]

PAGE = 50
"""The records of a page if no number is asked for; an assumption, at most 100 there are."""


def put_metric_alarm(self: CloudWatchResponse) -> ActionResult:
    """PutMetricAlarm: an upsert of the whole, which leaves state and tags of what was there."""
    backend = self.cloudwatch_backend
    given = {key: value for key, value in _given(self).items() if value != []}
    check_alarm(given, self.region)
    name, tags = given["AlarmName"], given.pop("Tags", [])
    kept = {"ActionsEnabled": True} | given
    arn = make_arn_for_alarm(self.region, self.current_account, name)
    before = backend.alarms.get(name)
    if isinstance(before, Kept):
        before.given, before.put = kept, utcnow()
        alarms.record(backend, name, "ConfigurationUpdate", f'Alarm "{name}" updated', kept)
        return EmptyResult()
    backend.alarms[name] = Kept(kept, arn)  # type: ignore[assignment]
    alarms.record(backend, name, "ConfigurationUpdate", f'Alarm "{name}" created', kept)
    if tags:
        backend.tagger.tag_resource(arn, tags)
    return EmptyResult()


def describe_alarms(self: CloudWatchResponse) -> ActionResult:
    """DescribeAlarms: by name, prefix, state or action; metric alarms unless AlarmTypes says."""
    given = _given(self)
    check_members("DescribeAlarms", given)
    if "AlarmNames" in given and "AlarmNamePrefix" in given:
        raise Combination("AlarmNames and AlarmNamePrefix cannot be specified together")
    if "ChildrenOfAlarmName" in given or "ParentsOfAlarmName" in given:
        raise NotImplementedError("DescribeAlarms by the children or parents of an alarm")
    named = given.get("AlarmNames") or None
    found = [
        alarm
        for alarm in _metric_alarms(self.cloudwatch_backend)
        if (named is None or alarm.name in named)
        and alarm.name.startswith(given.get("AlarmNamePrefix", ""))
        and given.get("StateValue", alarm.state) == alarm.state
        and _acts_on(alarm, given.get("ActionPrefix", ""))
    ]
    types = given.get("AlarmTypes") or ["MetricAlarm"]
    listed = [alarm.described() for alarm in found] if "MetricAlarm" in types else []
    rest = {"CompositeAlarms": []} if "CompositeAlarm" in types else {}
    return _page("MetricAlarms", listed, given, rest)


def describe_alarms_for_metric(self: CloudWatchResponse) -> ActionResult:
    """DescribeAlarmsForMetric: "only standard alarms that are based on the specified metric"."""
    given = _given(self)
    check_members("DescribeAlarmsForMetric", given)
    asked = given | {"Dimensions": _dimensions(given)}  # math has no MetricName
    found = [
        alarm.described()
        for alarm in _metric_alarms(self.cloudwatch_backend)
        if all(
            (alarm.given | {"Dimensions": _dimensions(alarm.given)}).get(member) == value
            for member, value in asked.items()
        )
    ]
    return ActionResult({"MetricAlarms": found})


def delete_alarms(self: CloudWatchResponse) -> ActionResult:
    """DeleteAlarms: "If you specify an incorrect alarm name ... no alarms are deleted"."""
    given, backend = _given(self), self.cloudwatch_backend
    check_members("DeleteAlarms", given)
    unknown = [name for name in given["AlarmNames"] if name not in backend.alarms]
    if unknown:
        raise ResourceNotFound(f"Alarms {unknown} do not exist")
    for name in dict.fromkeys(given["AlarmNames"]):
        gone = backend.alarms.pop(name)
        backend.tagger.delete_all_tags_for_resource(gone.alarm_arn)
        alarms.record(backend, name, "ConfigurationUpdate", f'Alarm "{name}" deleted', {})
    return EmptyResult()


def _switch(on: bool) -> Operation:
    def switch(self: CloudWatchResponse) -> ActionResult:
        """EnableAlarmActions and DisableAlarmActions."""
        given, backend = _given(self), self.cloudwatch_backend
        check_members("EnableAlarmActions", given)
        for alarm in _metric_alarms(backend):
            if alarm.name in given["AlarmNames"] and alarm.does_something != on:
                alarm.given["ActionsEnabled"], alarm.put = on, utcnow()
                summary = f'Alarm "{alarm.name}" updated'
                alarms.record(backend, alarm.name, "ConfigurationUpdate", summary, alarm.given)
        return EmptyResult()

    return switch


def set_alarm_state(self: CloudWatchResponse) -> ActionResult:
    """SetAlarmState: "temporarily sets the state", and what the alarm does then is done."""
    given, backend = _given(self), self.cloudwatch_backend
    check_members("SetAlarmState", given)
    check_json(given.get("StateReasonData"))
    alarm = backend.alarms.get(given["AlarmName"])
    if not isinstance(alarm, Kept):
        raise ResourceNotFound(f"Alarm {given['AlarmName']} does not exist")
    data = given.get("StateReasonData")
    alarms.move(backend, alarm, given["StateValue"], given["StateReason"], data)
    return EmptyResult()


def describe_alarm_history(self: CloudWatchResponse) -> ActionResult:
    """DescribeAlarmHistory: newest first, also of alarms that are gone."""
    given, found = _given(self), alarms.history(self.cloudwatch_backend)
    check_members("DescribeAlarmHistory", given)
    chosen = [
        item
        for item in (found if given.get("ScanBy") == "TimestampAscending" else reversed(found))
        if given.get("AlarmName", item["AlarmName"]) == item["AlarmName"]
        and given.get("HistoryItemType", item["HistoryItemType"]) == item["HistoryItemType"]
        and _between(item["Timestamp"], given.get("StartDate"), given.get("EndDate"))
    ]
    return _page("AlarmHistoryItems", chosen, given, {})


def _limited(call: Operation, name: str) -> Operation:
    def limited(self: CloudWatchResponse) -> ActionResult:
        """Quotas: 3 such calls a second, account and region; only when it was ordered."""
        if controls.is_throttled("cloudwatch", f"{name} {self.current_account} {self.region}"):
            raise Throttling("Rate exceeded")
        return call(self)

    return limited


def _given(self: CloudWatchResponse) -> Given:
    return {key: value for key, value in self._get_params().items() if value is not None}


def _metric_alarms(backend: CloudWatchBackend) -> list[Kept]:
    found: Iterable[Any] = list(backend.alarms.values())
    return sorted((a for a in found if isinstance(a, Kept)), key=lambda alarm: alarm.name)


def _dimensions(given: Given) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in given.get("Dimensions") or []}


def _acts_on(alarm: Kept, prefix: str) -> bool:
    return not prefix or any(arn.startswith(prefix) for arn in alarm.given.get("AlarmActions", []))


def _between(time: datetime, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or start <= time) and (end is None or time <= end)


def _page(member: str, found: list[Any], given: Given, rest: dict[str, Any]) -> ActionResult:
    token = given.get("NextToken", "after 0")
    if not token.removeprefix("after ").isdecimal():
        raise InvalidNextToken(f"{token} is not a valid token")
    start, size = int(token.removeprefix("after ")), given.get("MaxRecords", PAGE)
    more = {"NextToken": f"after {start + size}"} if start + size < len(found) else {}
    return ActionResult({member: found[start : start + size]} | rest | more)


def patch() -> None:
    """Puts the above into moto's service; tags are of alarms that exist."""
    CloudWatchResponse.describe_alarms = describe_alarms
    CloudWatchResponse.describe_alarms_for_metric = describe_alarms_for_metric
    CloudWatchResponse.describe_alarm_history = describe_alarm_history
    CloudWatchResponse.set_alarm_state = set_alarm_state
    changes = {
        "put_metric_alarm": put_metric_alarm,
        "delete_alarms": delete_alarms,
        "enable_alarm_actions": _switch(on=True),
        "disable_alarm_actions": _switch(on=False),
    }
    for name, change in changes.items():
        setattr(CloudWatchResponse, name, _limited(change, name))
    for name in ("tag_resource", "untag_resource", "list_tags_for_resource"):
        setattr(CloudWatchResponse, name, _of_something(getattr(CloudWatchResponse, name)))


def _of_something(call: Operation) -> Operation:
    def checked(self: CloudWatchResponse) -> ActionResult:
        """A call about tags: of an alarm that is there."""
        arn, there = self._get_param("ResourceARN"), self.cloudwatch_backend.alarms.values()
        if ":alarm:" in arn and arn not in {alarm.alarm_arn for alarm in there}:
            raise ResourceNotFoundException
        return call(self)

    return checked
