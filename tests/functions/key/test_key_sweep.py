"""Schedules and records without ids: which keys are looked at; none stands in another's way."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import StartFunction
from envelope import schedule
from given import role
from kms_keys import TRIGGERS, WEST, calls, id_of, invoke, key, key_call, many, only, rotation
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import results, writes
from repository import EVENTS

OMITTED = {"omitted": True, "originalSize": 204_800, "reason": "responseElements too large"}


@pytest.mark.parametrize("source", ["aws.events", "aws.scheduler"])
def test_a_schedule_looks_at_every_key_of_every_enabled_region(
    function: StartFunction, moto: Moto, source: str
) -> None:
    arns = [key(moto), key(moto), key(moto, WEST)]
    signing = key(moto, WEST, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    aws = moto.client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["Arn"]
    found = {
        it["resource"]: it["status"]
        for it in results(function("key", mode="enforce").invoke(schedule(source)))
    }
    assert found == dict.fromkeys(arns, "fixed") | {
        signing: "not-applicable",
        aws: "not-applicable",
    }
    assert [rotation(moto, arn) for arn in arns] == [365] * 3


def test_configured_regions_bound_a_sweep(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    east, west = key(moto), key(moto, WEST)
    (outcome,) = results(invoke(function, faults, schedule(), TRAILKEEPER_REGIONS=WEST))
    assert outcome["resource"] == west and faults.calls("account") == []
    assert (rotation(moto, east), rotation(moto, west)) == (None, 365)


def test_a_dry_run_writes_nothing(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arns = [key(moto), key(moto, WEST)]
    found = results(invoke(function, faults, schedule(), mode="dry-run"))
    assert [it["status"] for it in found] == ["planned"] * 2
    assert writes(faults) == [] and [rotation(moto, arn) for arn in arns] == [None] * 2


def test_all_pages_are_read(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """A page of ListKeys has a thousand keys at most."""
    east, west = many(moto, REGION, 1_005, rotating=True), many(moto, WEST, 3)
    started = function("key", mode="dry-run", timeout=120, TRAILKEEPER_REGIONS=f"{REGION},{WEST}")
    found = {id_of(it["resource"]): it["status"] for it in results(started.invoke(schedule()))}
    assert found == dict.fromkeys(east, "compliant") | dict.fromkeys(west, "planned")


def test_each_key_is_read_twice_at_most(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    many(moto, REGION, 40, rotating=True)
    for _ in range(5):
        key(moto, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    assert len(results(invoke(function, faults, schedule(), TRAILKEEPER_REGIONS=REGION))) == 45
    made = calls(faults)
    assert {it: made.count(it) for it in set(made)} == {
        "ListKeys": 1,
        "DescribeKey": 45,
        "GetKeyRotationStatus": 40,
    }


def test_one_key_that_fails_stops_no_other(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    closed, half, *rest = [key(moto) for _ in range(12)]
    owner = {"Principal": {"AWS": role(moto, "owner")}, "Action": "kms:*"}
    only(moto, closed, owner)
    only(
        moto,
        half,
        {
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": ["kms:Describe*", "kms:Get*"],
        },
    )
    found = results(invoke(function, faults, schedule(), TRAILKEEPER_REGIONS=REGION))
    by_key = {it["resource"]: it for it in found}
    for arn, action in [(closed, "kms:DescribeKey"), (half, "kms:EnableKeyRotation")]:
        assert by_key[arn]["status"] == "failed"
        assert f"{action} was rejected" in by_key[arn]["because"]
        assert "add this statement to the key's policy" in by_key[arn]["because"]
    assert {by_key[arn]["status"] for arn in rest} == {"fixed"}
    assert [rotation(moto, arn) for arn in rest] == [365] * 10


def test_a_key_that_does_not_answer_stops_no_other_and_the_invocation_is_tried_again(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    bad, rest = key(moto, WEST), [key(moto) for _ in range(12)]
    faults.rule(
        "kms",
        "DescribeKey",
        region=WEST,
        error="KMSInternalException",
        status=500,
        message="try later",
    )
    settings = {"timeout": 90, "TRAILKEEPER_REGIONS": f"{WEST},{REGION}"}
    answer = invoke(function, faults, schedule(), **settings)
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    assert bad in (answer.error_message or "")
    assert [rotation(moto, arn) for arn in rest] == [365] * 12
    faults.clear()
    found = {
        it["resource"]: it["status"]
        for it in results(invoke(function, faults, schedule(), **settings))
    }
    assert found == dict.fromkeys(rest, "compliant") | {bad: "fixed"}


def test_one_bad_region_stops_no_other(function: StartFunction, moto: Moto, faults: Faults) -> None:
    east = key(moto)
    key(moto, WEST)
    faults.rule("kms", "ListKeys", region=WEST, error="AccessDeniedException", status=400)
    by_region = {it["region"]: it for it in results(invoke(function, faults, schedule()))}
    assert by_region[WEST]["status"] == "unknown" and "kms:ListKeys" in by_region[WEST]["because"]
    assert by_region[WEST]["resource"] == f"arn:aws:kms:{WEST}:{ACCOUNT}:key/*"
    assert by_region[REGION]["status"] == "fixed" and rotation(moto, east) == 365


def test_the_regions_that_cannot_be_told_are_an_error(
    function: StartFunction, faults: Faults
) -> None:
    faults.deny("account", "ListRegions")
    answer = invoke(function, faults, schedule())
    assert not answer.ok and "account:ListRegions" in (answer.error_message or "")


@pytest.mark.parametrize("omitted", [None, OMITTED], ids=["null", "too large"])
@pytest.mark.parametrize("name", TRIGGERS)
def test_ids_left_out_for_size_lead_to_every_key_of_that_region(
    function: StartFunction, moto: Moto, name: str, omitted: object
) -> None:
    here = {key(moto, WEST), key(moto, WEST)}
    east = key(moto)
    event = key_call(
        name,
        east,
        awsRegion=WEST,
        requestParameters=omitted,
        responseElements=omitted,
        resources=[],
    )
    assert {it["resource"] for it in results(function("key").invoke(event))} == here


@pytest.mark.parametrize("name", TRIGGERS)
def test_the_region_of_the_key_counts_not_the_functions_own(
    function: StartFunction, moto: Moto, name: str
) -> None:
    arn = key(moto, WEST)
    (outcome,) = results(function("key", mode="enforce").invoke(key_call(name, arn)))
    assert (outcome["resource"], outcome["status"]) == (arn, "fixed")
    assert rotation(moto, arn) == 365


@pytest.mark.parametrize("given", ["id", "arn"])
def test_a_key_is_found_by_what_the_caller_wrote(
    function: StartFunction, moto: Moto, given: str
) -> None:
    """Where the record has nothing better: older ones have no `resources`."""
    arn = key(moto)
    written = {"keyId": id_of(arn) if given == "id" else arn}
    event = key_call(
        "EnableKey", arn, requestParameters=written, responseElements=None, resources=None
    )
    (outcome,) = results(function("key").invoke(event))
    assert (outcome["resource"], outcome["status"]) == (arn, "planned")


@pytest.mark.parametrize(
    "file", [*EVENTS.glob("kms.*"), EVENTS / "scheduled.json"], ids=lambda file: file.stem
)
def test_the_events_to_try_by_hand_are_looked_into(
    function: StartFunction, moto: Moto, file: Path
) -> None:
    answer = function("key").invoke(file.read_text())
    assert answer.ok and answer.body["ignored"] is None, answer.body
