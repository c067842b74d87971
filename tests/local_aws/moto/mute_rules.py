"""CloudWatch alarm mute rules: while one is active, the alarms it names move and do nothing.

Sources: CloudWatch API reference, PutAlarmMuteRule ("targeted alarms continue to evaluate metrics
and transition between states, but their configured actions ... are muted", "If you specify a rule
name that already exists, this operation updates the existing rule"), GetAlarmMuteRule,
ListAlarmMuteRules, DeleteAlarmMuteRule, Schedule (cron with five fields, in which `*`, `-` and `,`
are supported; at; a duration of one minute to 15 days), MuteTargets (up to 100 names, which "must
match existing alarms"). That an unknown alarm is a ValidationError, that to delete what is not
there is taken in silence, and that the first minute of a window is the scheduled one are
assumptions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from moto.cloudwatch.exceptions import ResourceNotFoundException
from moto.cloudwatch.exceptions import ValidationError as Invalid
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from local_aws.moto.cloudwatch_checks import Given, InvalidNextToken, check_members

AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d)\)")
CRON = re.compile(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+)\)")
DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
DAYS = "SUN MON TUE WED THU FRI SAT".split()
LIMITS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]
"""The least and greatest value of each field of cron."""
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=15)
MOST_TARGETS, PAGE = 100, 50
MINUTE = timedelta(minutes=1)


@dataclass
class MuteRule:
    """A rule as it was put."""

    given: Given
    arn: str
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def schedule(self) -> Given:
        """When it mutes."""
        found: Given = self.given["Rule"]["Schedule"]
        return found

    @property
    def targets(self) -> list[str]:
        """The names of the alarms that it mutes."""
        return list(self.given.get("MuteTargets", {}).get("AlarmNames", []))

    def status(self, now: datetime) -> str:
        """SCHEDULED, ACTIVE or EXPIRED."""
        start, end = self.given.get("StartDate"), self.given.get("ExpireDate")
        if end and _time(end) <= now:
            return "EXPIRED"
        begins = [] if start and now < _time(start) else _begins(self.schedule, now)
        if begins:
            return "ACTIVE"
        once = AT.fullmatch(self.schedule["Expression"])
        return "EXPIRED" if once and _zoned(once[1], self.schedule) < now else "SCHEDULED"

    def told(self, now: datetime) -> Given:
        """What GetAlarmMuteRule and, in part, ListAlarmMuteRules tell."""
        once = AT.fullmatch(self.schedule["Expression"])
        kept = {key: value for key, value in self.given.items() if key != "Tags"}
        return kept | {
            "AlarmMuteRuleArn": self.arn, "Status": self.status(now), "LastUpdatedTimestamp": self.updated,
            "MuteType": "ONE_TIME" if once else "RECURRING",
        }


def rules(backend: CloudWatchBackend) -> dict[str, MuteRule]:
    """The rules of a region by name; a reset of moto empties them."""
    found: dict[str, MuteRule] = backend.__dict__.setdefault("alarm_mute_rules", {})
    return found


def is_muted(backend: CloudWatchBackend, alarm: str) -> bool:
    """Whether a rule mutes the alarm now."""
    now = datetime.now(UTC)
    return any(alarm in rule.targets and rule.status(now) == "ACTIVE" for rule in rules(backend).values())


def _time(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.fromtimestamp(float(value), UTC)


def _zone(schedule: Given) -> ZoneInfo:
    try:
        return ZoneInfo(schedule.get("Timezone", "UTC"))
    except (ZoneInfoNotFoundError, ValueError) as wrong:
        raise Invalid(f"Timezone {schedule['Timezone']} is not valid.") from wrong


def _zoned(text: str, schedule: Given) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=_zone(schedule))


def _duration(schedule: Given) -> timedelta:
    found = DURATION.fullmatch(schedule.get("Duration", ""))
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    length = timedelta(days=days, hours=hours, minutes=minutes)
    if not SHORTEST <= length <= LONGEST:
        raise Invalid("Duration must be an ISO 8601 duration from PT1M to P15D.")
    return length


def _begins(schedule: Given, now: datetime) -> list[datetime]:
    """The beginnings of the windows that hold this moment."""
    length = _duration(schedule)
    if once := AT.fullmatch(schedule["Expression"]):
        begin = _zoned(once[1], schedule)
        return [begin] if begin <= now < begin + length else []
    fields, local = _fields(schedule["Expression"]), now.astimezone(_zone(schedule)).replace(second=0, microsecond=0)
    minutes = (local - MINUTE * back for back in range(int(length / MINUTE)))
    return [minute for minute in minutes if _matches(fields, minute)][:1]


def _fields(expression: str) -> list[set[int]]:
    found = CRON.fullmatch(expression)
    if not found:
        raise Invalid(f"Expression {expression} is neither cron with five fields nor at.")
    names: list[list[str]] = [[], [], [], ["", *MONTHS], DAYS]
    each = zip(found.groups(), LIMITS, names, strict=True)
    return [_field(text, limits, known) for text, limits, known in each]


def _field(text: str, limits: tuple[int, int], names: list[str]) -> set[int]:
    if text == "*":
        return set(range(limits[0], limits[1] + 1))
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        low, high = _number(first, names), _number(last or first, names)
        if not limits[0] <= low <= high <= limits[1]:
            raise Invalid(f"{part} is not within {limits[0]} to {limits[1]}.")
        found |= set(range(low, high + 1))
    return found


def _number(text: str, names: list[str]) -> int:
    if text.upper() in names:
        return names.index(text.upper())
    if not text.isdecimal():
        raise Invalid(f"{text} is no number of a schedule.")
    return int(text)


def _matches(fields: list[set[int]], minute: datetime) -> bool:
    found = (minute.minute, minute.hour, minute.day, minute.month, minute.isoweekday() % 7)
    return all(value in allowed for value, allowed in zip(found, fields, strict=True))


def _given(self: CloudWatchResponse) -> Given:
    return {key: value for key, value in self._get_params().items() if value is not None}


def put_alarm_mute_rule(self: CloudWatchResponse) -> ActionResult:
    """PutAlarmMuteRule: an upsert by name."""
    given, backend = _given(self), self.cloudwatch_backend
    check_members("PutAlarmMuteRule", given)
    arn = f"arn:aws:cloudwatch:{self.region}:{self.current_account}:alarm-mute-rule:{given['Name']}"
    rule = MuteRule(given, arn)
    expression = rule.schedule.get("Expression", "")
    if not AT.fullmatch(expression):
        _fields(expression)
    _begins(rule.schedule, datetime.now(UTC))
    unknown = [name for name in rule.targets if name not in backend.alarms]
    if unknown or len(rule.targets) > MOST_TARGETS:
        raise Invalid(f"MuteTargets must be up to {MOST_TARGETS} existing alarms: {unknown}")
    rules(backend)[given["Name"]] = rule
    return EmptyResult()


def _found(self: CloudWatchResponse, name: str) -> MuteRule:
    rule = rules(self.cloudwatch_backend).get(name)
    if rule is None:
        raise ResourceNotFoundException
    return rule


def get_alarm_mute_rule(self: CloudWatchResponse) -> ActionResult:
    """GetAlarmMuteRule."""
    given = _given(self)
    check_members("GetAlarmMuteRule", given)
    return ActionResult(_found(self, given["AlarmMuteRuleName"]).told(datetime.now(UTC)))


def delete_alarm_mute_rule(self: CloudWatchResponse) -> ActionResult:
    """DeleteAlarmMuteRule."""
    given = _given(self)
    check_members("DeleteAlarmMuteRule", given)
    rules(self.cloudwatch_backend).pop(given["AlarmMuteRuleName"], None)
    return EmptyResult()


def list_alarm_mute_rules(self: CloudWatchResponse) -> ActionResult:
    """ListAlarmMuteRules: by alarm and status, without schedules and targets."""
    given, now = _given(self), datetime.now(UTC)
    check_members("ListAlarmMuteRules", given)
    alarm, statuses = given.get("AlarmName"), given.get("Statuses") or []
    if not set(statuses) <= {"SCHEDULED", "ACTIVE", "EXPIRED"}:
        raise Invalid("Statuses must be SCHEDULED, ACTIVE or EXPIRED.")
    each = [rule for _, rule in sorted(rules(self.cloudwatch_backend).items())]
    told = [rule.told(now) for rule in each if alarm is None or alarm in rule.targets]
    found = [one for one in told if not statuses or one["Status"] in statuses]
    members = ("AlarmMuteRuleArn", "ExpireDate", "Status", "MuteType", "LastUpdatedTimestamp")
    token = given.get("NextToken", "after 0")
    if not token.removeprefix("after ").isdecimal():
        raise InvalidNextToken(f"{token} is not a valid token")
    start, size = int(token.removeprefix("after ")), given.get("MaxRecords", PAGE)
    page = [{key: one[key] for key in members if key in one} for one in found[start : start + size]]
    more = {"NextToken": f"after {start + size}"} if start + size < len(found) else {}
    return ActionResult({"AlarmMuteRuleSummaries": page} | more)


def patch() -> None:
    """Adds the operations, which moto does not have."""
    CloudWatchResponse.put_alarm_mute_rule = put_alarm_mute_rule
    CloudWatchResponse.get_alarm_mute_rule = get_alarm_mute_rule
    CloudWatchResponse.delete_alarm_mute_rule = delete_alarm_mute_rule
    CloudWatchResponse.list_alarm_mute_rules = list_alarm_mute_rules
