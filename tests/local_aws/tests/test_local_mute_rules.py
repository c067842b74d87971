"""Alarm mute rules of the local AWS: what they take, when they are active, and what an alarm does then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alarms import Monitoring
from envelope import api_call
from given import refusal
from local_aws.processes import Moto

NAME, PATTERN = "trail-changes", "{$.eventName=DeleteTrail}"
RECORD = api_call("cloudtrail", "DeleteTrail")
ALWAYS = {"Expression": "cron(* * * * *)", "Duration": "PT1H"}


@pytest.fixture
def here(moto: Moto) -> Monitoring:
    """A region with one alarm that rings."""
    made = Monitoring(moto)
    made.chain(NAME, PATTERN)
    return made


def rule(schedule: dict[str, str], **given: Any) -> dict[str, Any]:
    return {"Name": "quiet", "Rule": {"Schedule": schedule}, "MuteTargets": {"AlarmNames": [NAME]}} | given


def listed(here: Monitoring, **given: Any) -> list[tuple[str, str, str]]:
    found = here.cloudwatch.list_alarm_mute_rules(**given)["AlarmMuteRuleSummaries"]
    return [(it["AlarmMuteRuleArn"].rpartition(":")[2], it["Status"], it["MuteType"]) for it in found]


def at(minutes: int) -> str:
    return f"at({datetime.now(UTC) + timedelta(minutes=minutes):%Y-%m-%dT%H:%M})"


def test_a_muted_alarm_moves_and_tells_nobody_until_the_rule_is_gone(here: Monitoring) -> None:
    here.cloudwatch.put_alarm_mute_rule(**rule(ALWAYS))
    assert here.ring(RECORD) == [] and here.state(NAME) == "ALARM"
    here.quiet()
    here.cloudwatch.delete_alarm_mute_rule(AlarmMuteRuleName="quiet")
    assert len(here.ring(RECORD)) == 1


@pytest.mark.parametrize(
    ("schedule", "given", "expected"),
    [
        (ALWAYS, {}, ("quiet", "ACTIVE", "RECURRING")),
        (ALWAYS, {"ExpireDate": datetime(2020, 1, 1, tzinfo=UTC)}, ("quiet", "EXPIRED", "RECURRING")),
        (ALWAYS, {"StartDate": datetime(2999, 1, 1, tzinfo=UTC)}, ("quiet", "SCHEDULED", "RECURRING")),
        ({"Expression": at(-5), "Duration": "PT1H"}, {}, ("quiet", "ACTIVE", "ONE_TIME")),
        ({"Expression": at(60), "Duration": "P1D"}, {}, ("quiet", "SCHEDULED", "ONE_TIME")),
        ({"Expression": at(-60), "Duration": "PT5M"}, {}, ("quiet", "EXPIRED", "ONE_TIME")),
        ({"Expression": "cron(0 2 30 FEB *)", "Duration": "PT5M"}, {}, ("quiet", "SCHEDULED", "RECURRING")),
    ],
)
def test_a_rule_is_active_in_its_windows(
    here: Monitoring, schedule: dict[str, str], given: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    here.cloudwatch.put_alarm_mute_rule(**rule(schedule, **given))
    assert listed(here) == [expected] and listed(here, Statuses=[expected[1]]) == [expected]
    told = here.cloudwatch.get_alarm_mute_rule(AlarmMuteRuleName="quiet")
    assert (told["Status"], told["MuteTargets"]) == (expected[1], {"AlarmNames": [NAME]})


def test_rules_are_listed_by_alarm_and_page_by_page(here: Monitoring) -> None:
    here.alarm("another")
    for name, target in (("a", NAME), ("b", "another"), ("c", NAME)):
        here.cloudwatch.put_alarm_mute_rule(**rule(ALWAYS, Name=name, MuteTargets={"AlarmNames": [target]}))
    assert [name for name, _, _ in listed(here, AlarmName=NAME)] == ["a", "c"]
    first = here.cloudwatch.list_alarm_mute_rules(MaxRecords=2)
    assert [name for name, _, _ in listed(here, MaxRecords=2, NextToken=first["NextToken"])] == ["c"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"Rule": {"Schedule": {"Expression": "cron(0 2 * *)", "Duration": "PT1H"}}},
        {"Rule": {"Schedule": {"Expression": "cron(0 24 * * *)", "Duration": "PT1H"}}},
        {"Rule": {"Schedule": {"Expression": "rate(1 hour)", "Duration": "PT1H"}}},
        {"Rule": {"Schedule": {"Expression": "cron(0 2 * * *)", "Duration": "P16D"}}},
        {"Rule": {"Schedule": {"Expression": "cron(0 2 * * *)", "Duration": "1h"}}},
        {"Rule": {"Schedule": ALWAYS | {"Timezone": "Nowhere/Land"}}},
        {"MuteTargets": {"AlarmNames": ["no-such-alarm"]}},
    ],
)
def test_what_is_no_rule_is_refused(here: Monitoring, wrong: dict[str, Any]) -> None:
    _, code, _ = refusal(here.cloudwatch.put_alarm_mute_rule, **(rule(ALWAYS) | wrong))
    assert code == "ValidationError" and listed(here) == []
