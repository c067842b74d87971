"""Twice, several at once, and a crash between any two calls: it ends right, with nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import StartFunction
from dying import dies
from envelope import schedule
from given import trail
from local_aws.faults import Faults
from local_aws.processes import Moto
from log_buckets import (
    ENCRYPTION, LIFECYCLE, LOGS, TARGET, bare_bucket, bucket_call, by_control, check, flags, logging_of, policy_of,
)
from log_delivery import access_logs_arrive
from observed import results, writes

pytestmark = pytest.mark.function_alone("others write meanwhile, or it is cut short: what the command sees is not what it acts on")

READS = ["DescribeTrails", "HeadBucket", "GetBucketPolicy", "GetBucketLogging"]
WRITES = [
    "CreateBucket", "PutBucketPolicy", "PutPublicAccessBlock", "PutBucketLifecycleConfiguration", "PutBucketLogging",
]
RIGHT = {"fixed", "compliant"}


def outcomes(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The statuses of what can be put right."""
    yield from (it["status"] for control, it in found.items() if control not in {LIFECYCLE, "log-bucket-mfa-delete"})


def assert_right(moto: Moto, *buckets: str) -> None:
    """All is nothing is wrong, and nothing is there twice."""
    for bucket in buckets or (LOGS,):
        sids = [it.get("Sid") for it in policy_of(moto, bucket)["Statement"]]
        assert "TrailkeeperHttpsOnly" in sids and len(sids) == 3, sids
        assert all(flags(moto, bucket).values())
        assert logging_of(moto, bucket)["TargetBucket"] == TARGET
        assert access_logs_arrive(moto, bucket) is None
    ours = policy_of(moto, TARGET)["Statement"]
    assert sorted(it["Sid"] for it in ours) == ["S3ServerAccessLogsPolicy", "TrailkeeperHttpsOnly"]
    s3 = moto.client("s3")
    assert len(s3.get_bucket_lifecycle_configuration(Bucket=TARGET)["Rules"]) == 1
    assert [it["Name"] for it in s3.list_buckets()["Buckets"] if it["Name"].startswith("trailkeeper")] == [TARGET]


@pytest.mark.parametrize("buckets", [1, 3])
def test_several_at_once(function: StartFunction, moto: Moto, buckets: int) -> None:
    names = [LOGS, "second-trail-logs", "third-trail-logs"][:buckets]
    bare_bucket(moto)
    for name in names[1:]:
        trail(moto, name.removesuffix("-trail-logs"))
    copies = [(function("bucket", mode="enforce"), names[n % buckets]) for n in range(6)]
    with ThreadPoolExecutor(len(copies)) as pool:
        answers = list(pool.map(lambda copy: copy[0].invoke(bucket_call(copy[1])), copies))
    found = [by_control(answer) for answer in answers]
    assert all(status in RIGHT for it in found for status in outcomes(it)), found
    assert_right(moto, *names)


def test_several_buckets_of_one_sweep_share_a_target(function: StartFunction, moto: Moto, faults: Faults) -> None:
    names = [LOGS, "second-trail-logs", "third-trail-logs"]
    for name in names:
        trail(moto, name.removesuffix("-trail-logs"))
    started = function("bucket", endpoint=faults, mode="enforce")
    first = results(started.invoke(schedule()))
    assert {it["resource"].split(":")[-1] for it in first} == set(names)
    assert all(it["status"] != "failed" for it in first), first
    assert_right(moto, *names)
    faults.forget()
    second = results(started.invoke(schedule()))
    assert {it["resource"].split(":")[-1] for it in second} == {*names, TARGET}
    assert writes(faults) == [] and all(it["status"] not in {"fixed", "planned", "failed"} for it in second)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", READS + WRITES)
def test_a_process_that_dies_in_the_middle(function: StartFunction, moto: Moto, operation: str, when: str) -> None:
    bare_bucket(moto)
    dies(function("bucket", mode="enforce"), moto, bucket_call(), operation, when)
    retried = by_control(function("bucket", mode="enforce").invoke(bucket_call()))
    assert all(status in RIGHT for status in outcomes(retried)), retried
    assert_right(moto)


@pytest.mark.parametrize("operation", WRITES)
@pytest.mark.parametrize("fault", ["unavailable", "drop_before", "drop_after"])
def test_a_passing_fault_is_sat_out(
    function: StartFunction, moto: Moto, faults: Faults, operation: str, fault: str
) -> None:
    bare_bucket(moto)
    getattr(faults, fault)("s3", operation, times=1)
    found = check(function, faults)
    assert all(status in RIGHT for status in outcomes(found)), found
    assert_right(moto)


@pytest.mark.parametrize("code", ["OperationAborted", "NoSuchBucket"])
def test_what_follows_on_a_new_bucket_is_tried_again(
    function: StartFunction, moto: Moto, faults: Faults, code: str
) -> None:
    bare_bucket(moto)
    status = 404 if code == "NoSuchBucket" else 409
    faults.rule("s3", "PutBucketLogging", times=2, error=code, status=status)
    assert all(status in RIGHT for status in outcomes(check(function, faults)))
    assert len(faults.calls("s3", "PutBucketLogging")) == 3
    assert_right(moto)


def test_a_bucket_deleted_meanwhile_is_no_failure(function: StartFunction, moto: Moto) -> None:
    bare_bucket(moto)
    started = function("bucket", mode="enforce", TRAILKEEPER_CONTROLS="log-bucket-access-logging=off")
    moto.hold("PutBucketPolicy", "before")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, bucket_call())
        moto.wait_until_held()
        moto.client("s3").delete_bucket(Bucket=LOGS)
        moto.release()
        found = by_control(running.result())
    assert found["log-bucket-delivery"]["status"] == "advised" and found[ENCRYPTION]["status"] == "not-applicable"
