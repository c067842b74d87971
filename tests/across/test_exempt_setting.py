"""TRAILKEEPER_EXEMPT: rules by control, account, region and name; a bad one stops the function at its start."""

from __future__ import annotations

import pytest
from conftest import StartFunction
from envelope import api_call
from exempt import KINDS, PLACE, Kind, day, hidden
from inbox import Inbox, valid
from kms_keys import key, key_call
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import result, results, writes
from recorders import config_call
from runtime_api import Function
from trails import kept_trail

SETTING = "TRAILKEEPER_EXEMPT"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.function)
def test_a_rule_exempts_what_all_its_fields_fit(
    function: StartFunction, moto: Moto, faults: Faults, kind: Kind
) -> None:
    arn = kind.make(moto)
    told = kind.told(arn)
    name = told.rpartition(":")[2].rpartition("/")[2]
    for rule in [
        f"control={kind.control} {PLACE} name={name[:3]}* until={day(1)}",
        f"control=all region={REGION[:3]}*",
        f"control={kind.control} account={ACCOUNT[:4]}????????",
        f"control={kind.control} name={told}",
    ]:
        outcome = kind.check(function, faults, arn, **{SETTING: f"control=kms-key-rotation name=none; {rule};"})
        assert (outcome["status"], outcome["steps"]) == (hidden(outcome), []), outcome
        assert outcome["because"].endswith(f"; exempt by rule `{rule}` of {SETTING}")
    assert not [call for call in writes(faults) if call.operation != "HeadBucket"]
    other = "kms-key-rotation" if kind.function == "vpc" else "vpc-flow-logs"
    wrong = [
        f"control={other} {PLACE}",
        f"control=all {PLACE} name={name}?",
        "control=all region=eu-west-1",
        f"control=all account=999999999999 name={name}",
    ]
    ended = f"control=all {PLACE} until={day(-1)}"
    outcome = kind.check(function, faults, arn, **{SETTING: ";".join([*wrong, ended])})
    assert outcome["status"] == "fixed"
    assert outcome["because"].endswith(f"; rule `{ended}` of {SETTING} ended on {day(-1)}")


def test_an_account_and_a_region_without_a_recorder_carry_no_tags_and_are_exempt_by_a_rule(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    kept_trail(moto)
    put = api_call("s3", "PutBucketPolicy", requestParameters={"bucketName": "logs"})
    put_recorder = config_call()
    for name, control, event in [
        ("monitoring", "monitor-s3-policy-changes", put), ("recorder", "config-recorder", put_recorder),
    ]:
        for settings, status in [({}, "planned"), ({SETTING: f"control={control} {PLACE}"}, "")]:
            found = results(function(name, endpoint=faults, **settings).invoke(event))
            (outcome,) = (it for it in found if it["control"] == control)
            assert outcome["status"] == (status or hidden(outcome))
    assert not [call for call in faults.calls() if "Tag" in call.operation]


def test_what_is_exempt_is_told_to_nobody(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    arn = key(moto)
    started = function("key", mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic, **{SETTING: f"control=all {PLACE}"})
    assert result(valid(started.invoke(key_call("CreateKey", arn))))["status"] == "exempt"
    assert inbox.messages() == []


@pytest.mark.parametrize(
    "value",
    [
        ";",
        "all",
        "control=all",
        f"control=all {PLACE} owner=me",
        f"control=all {PLACE} region=eu-west-1",
        f"control=all {PLACE} until=2026-02-30",
        f"control=all {PLACE} until=31.12.2026",
        f"control=all {PLACE}; region=eu-west-1",
        "control=all account=production",
        "control=all region=Ireland",
        "control=all name=",
    ],
)
def test_a_bad_rule_stops_the_function(function: StartFunction, value: str) -> None:
    started: Function = function(**{SETTING: value})
    assert started.wait_exit() == 1
    (line,) = [line for line in started.log_json if line["level"] == "ERROR"]
    assert line["message"].startswith(f"{SETTING}: ") and f"(value: `{value}`)" in line["message"]
