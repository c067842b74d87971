"""The chain from a trail to somebody who is told, for the tests of the monitoring function."""

from __future__ import annotations

from typing import Any

from account_snapshot import difference, snapshot
from alarms import GROUP, QUEUE, Monitoring, publishing, topic_arn
from conftest import StartFunction
from envelope import Event, api_call
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import READS, results, steps
from trails import kept_trail

CONTROL = "monitor-s3-policy-changes"
OURS = f"trailkeeper-{CONTROL}"
"""What our filter, metric, alarm and topic are called."""
S3_CALLS = (
    "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication "
    "DeleteBucketPolicy DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication"
).split()
THEIRS, THEIR_TOPIC = "bucket-policies", topic_arn("security")
"""The customer's filter, metric and alarm; and topic."""
ADDRESS = {"TRAILKEEPER_ALARM_ADDRESS": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"}
OUR_KEY = "alias/trailkeeper-alarms"

NEW_KEY = ["kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation"]
CREATE_TOPIC, SUBSCRIBE = "sns:CreateTopic", "sns:Subscribe"
SET_TOPIC, PUT_FILTER = "sns:SetTopicAttributes", "logs:PutMetricFilter"
PUT_ALARM, ENABLE = "cloudwatch:PutMetricAlarm", "cloudwatch:EnableAlarmActions"
NEW_TOPIC = [*NEW_KEY, CREATE_TOPIC, SUBSCRIBE]
WHOLE_CHAIN = [*NEW_TOPIC, PUT_FILTER, PUT_ALARM]

Found = dict[str, Any]


def any_of(names: list[str], joint: str = "||", source: str | None = None) -> str:
    """A pattern of these event names, as CIS writes it."""
    named = f" {joint} ".join(f"($.eventName = {name})" for name in names)
    return f"{{ ($.eventSource = {source}) && ({named}) }}" if source else f"{{ {named} }}"


PATTERN = any_of(S3_CALLS, source="s3.amazonaws.com").replace(" = ", "=").replace(
    "{ ", "{"
).replace(" }", "}")
"""What Security Hub checks, letter by letter."""


# What there is.


def fed(moto: Moto, region: str = REGION, **given: Any) -> Monitoring:
    """A trail in order that feeds the log group; and a queue."""
    kept_trail(moto, GROUP, region, **given)
    here = Monitoring(moto, region)
    here.queue()
    return here


def theirs(moto: Moto, pattern: str = PATTERN, **alarm: Any) -> Monitoring:
    """The whole chain as a customer makes it, under names of their own."""
    here = fed(moto)
    topic = here.topic("security", publishing(THEIR_TOPIC))
    here.filter_(THEIRS, pattern)
    here.alarm(THEIRS, topic, **alarm)
    here.subscribe_queue(topic)
    return here


# What wakes the function, and what it says.


def delete_alarms(**record: Any) -> Event:
    """A call that leads to a look however often."""
    return api_call(
        "monitoring", "DeleteAlarms", **({"requestParameters": {"alarmNames": ["any"]}} | record)
    )


def of(answer: Any, control: str = CONTROL) -> Found:
    """What the report says of one control; every other is off, unless it was switched on."""
    (found,) = [it for it in results(answer) if it["control"] == control]
    return found


def check(
    function: StartFunction, faults: Faults, event: Event | None = None, **settings: Any
) -> Found:
    """What is said of the control of bucket policies, in enforce mode by default."""
    faults.forget()
    started = function("monitoring", endpoint=faults, **({"mode": "enforce"} | settings))
    return of(started.invoke(event or delete_alarms()))


def made(faults: Faults) -> list[str]:
    """The calls in the record that change something, as IAM names them."""
    calls = [
        it
        for it in faults.calls() if not it.operation.startswith(READS) and it.operation != "Publish"
    ]
    return [f"{it.service}:{it.operation}" for it in calls]


def actions(outcome: Found) -> list[str]:
    return [action for action, _ in steps(outcome)]


Changes = dict[str, tuple[Any, Any]]


def mended(
    function: StartFunction, moto: Moto, faults: Faults, because: str, expected: list[
        str
    ], **settings: Any
) -> Changes:
    """What a dry run, enforce and enforce again do: what was there before and is there after.

    The dry run plans exactly what is done then, `expected`, and the last time nothing is. The
    finding has `because` in it.
    """
    before = snapshot(moto, [REGION])
    planned = check(function, faults, mode="dry-run", **settings)
    assert (planned["status"], made(faults)) == ("planned", []), planned
    assert snapshot(moto, [REGION]) == before
    applied = check(function, faults, **settings)
    assert applied["status"] == "fixed", applied
    assert because in applied["because"] and applied["because"] == planned["because"]
    assert steps(applied) == [(action, "applied") for action in expected]
    assert [it | {"status": "applied"} for it in planned["steps"]] == applied["steps"]
    assert made(faults) == expected
    after = snapshot(moto, [REGION])
    again = check(function, faults, **settings)
    assert (again["status"], again["steps"], made(faults)) == ("compliant", [], []), again
    assert snapshot(moto, [REGION]) == after
    return difference(before, after)


def left(
    function: StartFunction, moto: Moto, faults: Faults, status: str, because: str = "",
    **settings: Any
) -> Found:
    """What is said where nothing may be changed, and nothing is."""
    before = snapshot(moto, [REGION])
    outcome = check(function, faults, **settings)
    assert (outcome["status"], outcome["steps"], made(faults)) == (status, [], []), outcome
    assert because in outcome["because"]
    assert snapshot(moto, [REGION]) == before
    return outcome


def new_topic(name: str = OURS) -> set[str]:
    """What of a difference is a new topic of ours, its key aside."""
    return {f"sns {topic_arn(name)} {what}" for what in ("attributes", "subscriptions", "tags")}


def new_alarm(name: str = OURS) -> set[str]:
    return {f"cloudwatch {REGION} {name}", f"cloudwatch {REGION} {name} tags"}


def filter_key(name: str = OURS, group: str = GROUP) -> str:
    return f"logs {REGION} {group} filter {name}"


def but_key(changes: Changes) -> set[str]:
    """The keys of a difference but those of our KMS key, one, named and rotating.

    A log group changes in how many filters it has alone.
    """
    kms = {key for key in changes if key.startswith("kms ")}
    if kms:
        (alias,) = [key for key in kms if key.endswith(OUR_KEY)]
        name = f"kms {REGION} {changes[alias][1]}"
        assert kms == {
            alias, *(f"{name} {what}" for what in ("metadata", "policy", "rotation", "tags"))
        }
        assert changes[f"{name} rotation"][1]["KeyRotationEnabled"] and changes[f"{name} tags"][1] == []
    group = f"logs {REGION} {GROUP}"
    if group in changes:
        before, after = changes[group]
        assert after == before | {"metricFilterCount": before["metricFilterCount"] + 1}
    return changes.keys() - kms - {group}
