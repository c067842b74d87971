"""Whoever configures a log bucket chooses where its access logs go, and must not turn Trailkeeper on that bucket by it."""

from __future__ import annotations

from conftest import StartFunction
from envelope import schedule
from given import trail
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from log_buckets import (
    DELIVERY, ENCRYPTION, EVENTS, HTTPS, LOGGING, LOGS, PUBLIC, TARGET, bucket_call, by_control, check, customers_target,
    flags, log_into, logging_of, policy_of, put_policy, statement_of,
)
from observed import results, steps, writes
from subscriber import Subscribers

DOWNLOADS = "acme-downloads"


def downloads(moto: Moto) -> str:
    """A bucket that anyone may read, over HTTP, too."""
    s3 = moto.client("s3")
    s3.create_bucket(Bucket=DOWNLOADS)
    off = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], False)
    s3.put_public_access_block(Bucket=DOWNLOADS, PublicAccessBlockConfiguration=off)
    public = statement_of(DOWNLOADS, {}, Sid="PublicRead", Effect="Allow", Action="s3:GetObject")
    del public["Condition"]
    put_policy(moto, {"Version": "2012-10-17", "Statement": [public]}, DOWNLOADS)
    return DOWNLOADS


def test_a_bucket_that_somebody_chose_stays_open(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    log_into(moto, downloads(moto))
    people = Subscribers(moto)
    started = function("bucket", endpoint=faults, mode="enforce", TRAILKEEPER_TOPIC_ARN=people.topic)
    for _ in range(2):
        found = {it["control"]: it for it in results(started.invoke(schedule())) if it["resource"].endswith(DOWNLOADS)}
        for control in (PUBLIC, HTTPS):
            assert found[control]["status"] == "advised" and found[control]["steps"] == []
            assert f"Log access to {LOGS} into a bucket of its own" in found[control]["advice"]
    assert found[DELIVERY]["status"] == found[ENCRYPTION]["status"] == "compliant"
    assert not any(flags(moto, DOWNLOADS).values())
    assert [it["Sid"] for it in policy_of(moto, DOWNLOADS)["Statement"]] == ["PublicRead", "S3ServerAccessLogsPolicy"]
    letters = people.letters()
    assert any(PUBLIC in letter.text and DOWNLOADS in letter.text for letter in letters), letters


def test_a_named_bucket_is_closed(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """Whoever names it in the settings wants it to be a bucket for logs."""
    trail(moto)
    log_into(moto, downloads(moto))
    check(function, faults, PUBLIC, HTTPS, bucket=DOWNLOADS, TRAILKEEPER_ACCESS_TARGETS=DOWNLOADS)
    assert all(flags(moto, DOWNLOADS).values())


def test_access_logs_that_are_read_go_back_where_they_are_read(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    trail(moto)
    log_into(moto, customers_target(moto))
    assert check(function, faults, LOGGING)[LOGGING]["status"] == "compliant", "nobody reads access logs"
    people, reading = Subscribers(moto), {"TRAILKEEPER_CONTROLS": f"{EVENTS}=enforce"}
    started = function("bucket", endpoint=faults, mode="enforce", TRAILKEEPER_TOPIC_ARN=people.topic, **reading)
    found = by_control(started.invoke(bucket_call(name="PutBucketLogging")), LOGS)[LOGGING]
    assert found["status"] == "fixed" and "none of the buckets whose access logs are read" in found["because"]
    assert steps(found)[-1] == ("s3:PutBucketLogging", "applied")
    assert logging_of(moto) == {"TargetBucket": TARGET, "TargetPrefix": f"{LOGS}/"}
    (letter,) = people.letters()
    assert LOGGING in letter.text and "customers-target" in letter.text


def test_among_named_targets_a_person_chooses(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    log_into(moto, customers_target(moto))
    named = customers_target(moto, "named-target")
    found = check(function, faults, LOGGING, TRAILKEEPER_ACCESS_TARGETS=named)[LOGGING]
    assert found["status"] == "advised" and "TRAILKEEPER_ACCESS_TARGETS" in found["advice"]
    assert writes(faults) == [] and logging_of(moto, region=REGION)["TargetBucket"] == "customers-target"
