"""Buckets that are none of ours cost few calls, and nothing hides among them; buckets that are listed and gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from conftest import StartFunction
from envelope import Event, schedule
from given import trail
from local_aws.faults import Faults
from local_aws.processes import Moto
from log_buckets import DELIVERY, LOGGING, LOGS, PUBLIC, TARGET, bucket_call, by_control, customers_target, log_into, whole_bucket
from observed import results

EARLIER, NOW = timedelta(minutes=5), timedelta(0)
FLOOD = 20


def called(bucket: str, ago: timedelta = EARLIER) -> Event:
    """PutBucketPolicy, so long ago."""
    event = bucket_call(bucket)
    event["detail"]["eventTime"] = f"{datetime.now(UTC) - ago:%Y-%m-%dT%H:%M:%SZ}"
    return event


def shop(moto: Moto, name: str) -> str:
    """A public bucket of somebody's."""
    s3 = moto.client("s3")
    s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=name)
    return name


def test_a_flood_of_strangers_makes_few_calls(function: StartFunction, moto: Moto, faults: Faults) -> None:
    whole_bucket(moto)
    started = function("bucket", endpoint=faults)
    names = [shop(moto, f"shop-{number}") for number in range(FLOOD)]
    assert {it["status"] for it in results(started.invoke(called(names[0])))} <= {"not-applicable", "exempt"}
    faults.forget()
    for name in names:
        assert {it["status"] for it in results(started.invoke(called(name)))} <= {"not-applicable", "exempt"}
    assert {it.operation for it in faults.calls()} == {"GetBucketLogging"}
    # That of the log bucket, and none for each region.
    assert len(faults.calls()) == FLOOD


@pytest.mark.parametrize("ago", [NOW, timedelta(seconds=4)])
def test_what_was_read_before_a_call_says_nothing_of_it(
    function: StartFunction, moto: Moto, faults: Faults, ago: timedelta
) -> None:
    """A bucket becomes a log bucket and is opened, within the minute."""
    trail(moto)
    started = function("bucket", endpoint=faults)
    started.invoke(called(shop(moto, "shop")))
    trail(moto, "second")
    moto.client("s3").delete_public_access_block(Bucket="second-trail-logs")
    found = by_control(started.invoke(called("second-trail-logs", ago)))
    assert found[PUBLIC]["status"] == "planned"


def test_what_a_log_bucket_logs_into_is_read_each_time(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    started = function("bucket", endpoint=faults)
    started.invoke(called(shop(moto, "shop")))
    log_into(moto, customers_target(moto))
    found = results(started.invoke(called("customers-target")))
    assert "not-applicable" not in {it["status"] for it in found if it["control"] == DELIVERY}


@pytest.mark.function_alone("only an event leads to a bucket that nothing known delivers to")
@pytest.mark.parametrize("operation", ["DescribeTrails", "DescribeDeliveryChannels"])
def test_what_could_be_read_in_part_answers_for_nothing(
    function: StartFunction, moto: Moto, faults: Faults, operation: str
) -> None:
    trail(moto)
    service = "cloudtrail" if operation == "DescribeTrails" else "config"
    faults.rule(service, operation, region="eu-west-1", error="AccessDeniedException", status=400)
    started = function("bucket", endpoint=faults)
    for name in ("shop", "other-shop"):
        found = by_control(started.invoke(called(shop(moto, name))))
        assert found[DELIVERY]["status"] == "unknown" and "eu-west-1" in found[DELIVERY]["because"]


def test_a_log_bucket_that_is_gone_and_still_listed_is_gone(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    moto.client("s3").delete_bucket(Bucket=LOGS)
    moto.still_lists(**{LOGS: "us-east-1"})
    found = by_control(function("bucket", endpoint=faults, mode="enforce").invoke(schedule()), LOGS)
    assert found[DELIVERY]["status"] == "advised" and "does not exist" in found[DELIVERY]["because"]
    assert found[LOGGING]["status"] == "not-applicable", found[LOGGING]


def test_our_target_that_is_gone_and_still_listed_is_created(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    moto.still_lists(**{TARGET: "us-east-1"})
    found = by_control(function("bucket", endpoint=faults, mode="enforce").invoke(schedule()), LOGS)
    assert found[LOGGING]["status"] == "fixed"
    assert TARGET in {it["Name"] for it in moto.client("s3").list_buckets()["Buckets"]}
