"""What may not be read is never taken for absent; what may not be written fails and says so."""

from __future__ import annotations

import pytest
from conftest import StartFunction
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import steps
from recorders import (
    CONTROL,
    EVERYTHING,
    LOGS,
    READS,
    ROLE,
    WEST,
    assert_made,
    buckets,
    changing,
    check,
    on,
    our_bucket,
    recorder,
    recorders,
)


@pytest.mark.parametrize("operation", READS)
def test_what_may_not_be_read_is_unknown(
    function: StartFunction, moto: Moto, faults: Faults, operation: str
) -> None:
    recorder(moto)
    faults.deny("config", operation)
    found = check(function, faults)
    assert found["status"] == "unknown" and f"config:{operation} was denied" in found["because"]
    assert changing(faults) == []


def test_a_role_that_may_not_be_read_is_not_taken_for_absent(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    faults.deny("iam", "GetRole")
    found = check(function, faults)
    assert found["status"] == "unknown" and "iam:GetRole was denied" in found["because"]
    assert changing(faults) == []


@pytest.mark.parametrize(
    "operation", ["GetBucketPolicy", "GetBucketEncryption", "GetPublicAccessBlock"]
)
def test_a_bucket_of_ours_that_may_not_be_read_is_not_taken_for_whole(
    function: StartFunction, moto: Moto, faults: Faults, operation: str
) -> None:
    assert check(function, faults)["status"] == "fixed"
    faults.deny("s3", operation)
    found = check(function, faults)
    assert found["status"] == "unknown" and f"denied for bucket {our_bucket()}" in found["because"]
    assert changing(faults) == []


def test_a_bucket_that_may_not_be_looked_at_counts_as_there_but_is_not_chosen(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    on(moto, WEST)
    faults.deny("s3", "HeadBucket")
    faults.deny("s3", "ListBuckets")
    assert check(function, faults, region=WEST)["status"] == "compliant"
    found = check(function, faults)
    assert (
        found["status"] == "unknown"
        and f"s3:ListBucket was denied for bucket {LOGS}" in found["because"]
    )
    assert changing(faults) == []


def test_a_region_that_may_not_be_asked_offers_no_bucket(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """As where an organization forbids whole regions: the others are looked after all the same."""
    moto.regions([REGION, WEST])
    on(moto, WEST)
    faults.rule("config", region=WEST, error="AccessDeniedException", status=400)
    assert check(function, faults)["status"] == "fixed"
    assert_made(moto)
    assert check(function, faults, region=WEST)["status"] == "unknown"


@pytest.mark.parametrize("call", EVERYTHING)
def test_what_is_denied_fails_and_says_so(
    function: StartFunction, moto: Moto, faults: Faults, call: str
) -> None:
    service, operation = call.split(":")
    faults.deny(service, operation)
    found = check(function, faults)
    assert found["status"] == "failed" and "was denied" in found["because"], found
    told = [status for _, status in steps(found)]
    assert told.count("failed") == 1 and told.index("failed") == EVERYTHING.index(call)
    assert set(told[told.index("failed") + 1 :]) <= {"skipped"}
    assert changing(faults) == EVERYTHING[: EVERYTHING.index(call) + 1], (
        "what is denied is not asked again"
    )
    faults.clear()
    assert check(function, faults)["status"] == "fixed"
    assert_made(moto)


def test_a_dry_run_plans_exactly_what_is_made(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    planned = check(function, faults, "dry-run")
    assert (planned["status"], changing(faults), recorders(moto), buckets(moto)) == (
        "planned",
        [],
        [],
        [],
    )
    applied = check(function, faults)
    assert applied["status"] == "fixed" and len(planned["steps"]) == len(EVERYTHING)
    for would, did in zip(planned["steps"], applied["steps"], strict=True):
        assert would | {"status": ""} == did | {"status": ""}


def test_a_control_that_is_off_reads_nothing(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    assert check(function, faults, TRAILKEEPER_CONTROLS=f"{CONTROL}=off")["status"] == "exempt"
    assert faults.calls("config") == [] and ROLE not in changing(faults)
