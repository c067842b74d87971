"""AWS changes the policy of a bucket as it makes a flow log: what is lost is put back and told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from conftest import StartFunction
from envelope import schedule
from local_aws.faults import Faults
from local_aws.processes import Moto
from log_buckets import policy_of, put_policy
from observed import result, results, steps
from trails import changing
from vpcs import (
    BUCKET, CREATE, INTO_BUCKET, PUT, READERS, SIDS, Found, assert_flows_into_bucket, check,
    create_vpc, delivery, log_bucket, vpc, vpcs_in,
)


def sids(moto: Moto) -> list[str]:
    return [it["Sid"] for it in policy_of(moto, BUCKET)["Statement"]]


def while_made(
    function: StartFunction, moto: Moto, faults: Faults, one: str, meanwhile: Callable[[], object]
) -> Found:
    """The outcome where this happens to the bucket while AWS makes the flow log."""
    started = function("vpc", endpoint=faults, mode="enforce", **INTO_BUCKET)
    moto.hold("CreateFlowLogs", "after")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, create_vpc(one))
        moto.wait_until_held()
        meanwhile()
        moto.release()
        return result(running.result())


def test_statements_that_aws_drops_are_put_back_and_told(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """ "This policy overwrites any existing policy attached to the bucket" (VPC user guide)."""
    one = vpc(moto)
    log_bucket(moto, READERS)
    alone = {"Version": "2012-10-17", "Statement": [delivery() | {"Sid": "AWSLogDelivery"}]}
    outcome = while_made(function, moto, faults, one, lambda: put_policy(moto, alone, BUCKET))
    assert outcome["status"] == "failed"
    assert "were lost when the flow log was created" in outcome["because"]
    assert steps(outcome) == [(PUT, "applied"), (CREATE, "applied"), (PUT, "applied")]
    assert policy_of(moto, BUCKET)["Statement"] == [*alone["Statement"], READERS]
    assert_flows_into_bucket(moto, one)
    assert check(function, moto, one, **INTO_BUCKET)["status"] == "compliant"


def test_statements_that_cannot_be_put_back_are_told(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one = vpc(moto)
    log_bucket(moto, READERS)

    def meanwhile() -> None:
        moto.client("s3").delete_bucket_policy(Bucket=BUCKET)
        faults.deny("s3", "PutBucketPolicy")

    outcome = while_made(function, moto, faults, one, meanwhile)
    assert outcome["status"] == "failed" and "could not be undone" in outcome["because"]
    assert steps(outcome)[-1] == (PUT, "failed")


def test_statements_that_aws_adds_do_no_harm(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one = vpc(moto)
    log_bucket(moto, READERS)
    more = delivery() | {"Sid": "AWSLogDelivery"}

    def meanwhile() -> None:
        found = policy_of(moto, BUCKET)
        put_policy(moto, found | {"Statement": [*found["Statement"], more]}, BUCKET)

    assert while_made(function, moto, faults, one, meanwhile)["status"] == "fixed"
    assert sids(moto) == ["Readers", *SIDS, "AWSLogDelivery"]


def test_several_vpcs_of_one_sweep_share_the_bucket(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    log_bucket(moto, READERS)
    for _ in range(5):
        vpc(moto)
    started = function("vpc", endpoint=faults, mode="enforce", timeout=60, **INTO_BUCKET)
    found = results(started.invoke(schedule()))
    assert {it["status"] for it in found} == {"fixed"} and len(found) == 7
    assert changing(faults).count(PUT) == 1 and sids(moto) == ["Readers", *SIDS]
    for one in vpcs_in(moto):
        assert_flows_into_bucket(moto, one)
