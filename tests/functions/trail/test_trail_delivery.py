"""Where the log files go: put back where the right bucket is known, else told; and a foreign key is never passed over."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from envelope import schedule
from given import client_of, trail_arn, trail_bucket_policy, trail_key_policy
from inbox import Inbox
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import results
from runtime_api import Answer
from trails import (
    DELIVERY, KMS, LOGGING, MULTI, OTHER, OUR_BUCKET, OUR_TRAIL, OUR_TRAIL_ARN, START, UPDATE, changes, changing,
    foreign_bucket, home, is_logging, kept_trail, now, organization_trail, our_keys, outcomes, trail_call,
)

OWN = "main-trail-logs"


def delivery(answer: Answer, arn: str) -> dict[str, Any]:
    """What is said of where the trail delivers."""
    assert answer.ok, answer.error_message
    (found,) = [it for it in results(answer) if (it["control"], it["resource"]) == (DELIVERY, arn)]
    return found


def moved(moto: Moto, arn: str = trail_arn(), **given: Any) -> str:
    """A trail, kept unless it exists, that somebody has had deliver into a bucket of another account."""
    bucket = foreign_bucket(moto, arn)
    if arn == trail_arn():
        kept_trail(moto)
    home(moto, arn).update_trail(Name=arn, S3BucketName=bucket, **given)
    return arn


def test_what_a_trail_delivers_to_another_account_is_asked_about(
    function: StartFunction, moto: Moto, faults: Faults, inbox: Inbox
) -> None:
    arn = moved(moto)
    started = function("trail", endpoint=faults, mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic)
    for event in (trail_call("UpdateTrail", arn), schedule()):
        found = delivery(started.invoke(event), arn)
        assert (found["status"], found["severity"]) == ("advised", "critical")
        assert "foreign-logs of another account" in found["because"]
        assert "TRAILKEEPER_RECORD_DESTINATIONS" in found["advice"]
        (letter,) = inbox.messages()
        assert "foreign-logs" in letter["Message"]
    assert changes(faults) == []


def test_a_bucket_that_is_named_is_right(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = moved(moto)
    for named in ("foreign-logs", "arn:aws:s3:::foreign-logs", "x-y-z,foreign-logs/"):
        started = function("trail", endpoint=faults, mode="enforce", TRAILKEEPER_RECORD_DESTINATIONS=named)
        assert delivery(started.invoke(schedule()), arn)["status"] == "compliant"
    assert changes(faults) == []


def test_the_bucket_of_the_organizations_trail_is_right(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto)
    organization_trail(moto)
    policy = trail_bucket_policy("foreign-logs", arn)
    client_of(moto, OTHER, "s3").put_bucket_policy(Bucket="foreign-logs", Policy=policy)
    moto.client("cloudtrail").update_trail(Name=arn, S3BucketName="foreign-logs")
    answer = function("trail", endpoint=faults, mode="enforce").invoke(schedule())
    assert delivery(answer, arn)["status"] == "compliant"
    assert changes(faults) == []


def test_a_trail_is_put_back_to_the_only_bucket_that_is_named(
    function: StartFunction, moto: Moto, faults: Faults, inbox: Inbox
) -> None:
    arn = moved(moto)
    settings = {"TRAILKEEPER_RECORD_DESTINATIONS": OWN, "TRAILKEEPER_TOPIC_ARN": inbox.topic}
    planned = delivery(function("trail", mode="dry-run", **settings).invoke(trail_call("UpdateTrail", arn)), arn)
    assert planned["status"] == "planned" and now(moto, arn)["S3BucketName"] == "foreign-logs"
    inbox.messages()
    started = function("trail", endpoint=faults, mode="enforce", **settings)
    found = delivery(started.invoke(trail_call("UpdateTrail", arn)), arn)
    assert found["status"] == "fixed"
    (step,) = found["steps"]
    assert step["before"]["S3BucketName"] == "foreign-logs" and step["after"]["S3BucketName"] == OWN
    assert changing(faults) == [UPDATE] and now(moto, arn)["S3BucketName"] == OWN
    (letter,) = inbox.messages()
    assert "foreign-logs" in letter["Message"]
    assert delivery(started.invoke(schedule()), arn)["status"] == "compliant" and changing(faults) == [UPDATE]


def test_a_prefix_that_was_moved_is_put_back(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto)
    settings = {"TRAILKEEPER_RECORD_DESTINATIONS": f"{OWN}/siem,another-bucket"}
    policy = moto.client("s3").get_bucket_policy(Bucket=OWN)["Policy"]
    widened = policy.replace(f"{OWN}/AWSLogs", f"{OWN}/*AWSLogs")
    moto.client("s3").put_bucket_policy(Bucket=OWN, Policy=widened)
    moto.client("cloudtrail").update_trail(Name=arn, S3KeyPrefix="elsewhere")
    started = function("trail", endpoint=faults, mode="enforce", **settings)
    assert delivery(started.invoke(trail_call("UpdateTrail", arn)), arn)["status"] == "fixed"
    assert (now(moto, arn)["S3BucketName"], now(moto, arn)["S3KeyPrefix"]) == (OWN, "siem")


def test_our_own_trail_gets_its_bucket_back_without_any_setting(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    started = function("trail", endpoint=faults, mode="enforce")
    assert started.invoke(schedule()).ok and is_logging(moto, OUR_TRAIL_ARN)
    moved(moto, OUR_TRAIL_ARN)
    faults.forget()
    assert delivery(started.invoke(trail_call("UpdateTrail", OUR_TRAIL_ARN)), OUR_TRAIL_ARN)["status"] == "fixed"
    assert changing(faults) == [UPDATE] and now(moto, OUR_TRAIL_ARN)["S3BucketName"] == OUR_BUCKET
    s3 = moto.client("s3")
    moved_again = dict(S3BucketName="foreign-logs")
    moto.client("cloudtrail").update_trail(Name=OUR_TRAIL, **moved_again)
    s3.delete_bucket_policy(Bucket=OUR_BUCKET)
    assert delivery(started.invoke(schedule()), OUR_TRAIL_ARN)["status"] == "fixed"
    assert now(moto, OUR_TRAIL_ARN)["S3BucketName"] == OUR_BUCKET and s3.get_bucket_policy(Bucket=OUR_BUCKET)


def test_our_own_trail_gets_its_second_bucket_back(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """A stranger has the usual name, so ours has another."""
    client_of(moto, OTHER, "s3").create_bucket(Bucket=OUR_BUCKET)
    started = function("trail", endpoint=faults, mode="enforce")
    assert started.invoke(schedule()).ok and now(moto, OUR_TRAIL_ARN)["S3BucketName"] == f"{OUR_BUCKET}-an"
    moved(moto, OUR_TRAIL_ARN)
    faults.forget()
    assert delivery(started.invoke(trail_call("UpdateTrail", OUR_TRAIL_ARN)), OUR_TRAIL_ARN)["status"] == "fixed"
    assert changing(faults) == [UPDATE] and now(moto, OUR_TRAIL_ARN)["S3BucketName"] == f"{OUR_BUCKET}-an"


def test_where_nobody_knows_the_right_bucket_it_is_told_and_ours_is_made(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = moved(moto)
    named = {"TRAILKEEPER_RECORD_DESTINATIONS": "one-bucket,another-bucket"}
    answer = function("trail", endpoint=faults, mode="enforce", **named).invoke(trail_call("UpdateTrail", arn))
    found = delivery(answer, arn)
    assert found["status"] == "advised" and "who moved it" in found["advice"]
    assert outcomes(answer, OUR_TRAIL_ARN)[MULTI]["status"] == "fixed" and is_logging(moto, OUR_TRAIL_ARN)
    assert now(moto, arn)["S3BucketName"] == "foreign-logs"


def test_a_trail_into_a_named_bucket_is_looked_after_like_any_other(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = moved(moto, IsMultiRegionTrail=False)
    moto.client("cloudtrail").stop_logging(Name=arn)
    named = {"TRAILKEEPER_RECORD_DESTINATIONS": "foreign-logs"}
    answer = function("trail", endpoint=faults, mode="enforce", **named).invoke(trail_call("StopLogging", arn))
    found = outcomes(answer)
    assert {it: found[it]["status"] for it in (MULTI, LOGGING)} == {MULTI: "fixed", LOGGING: "fixed"}
    assert sorted(changing(faults)) == [START, UPDATE] and now(moto, arn)["S3BucketName"] == "foreign-logs"


@pytest.mark.function_alone("only the event leads to the name of the trail that is made")
def test_a_deleted_trail_is_made_up_for_though_another_delivers_elsewhere(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = kept_trail(moto)
    decoy = kept_trail(moto, "decoy", S3BucketName=foreign_bucket(moto, trail_arn("decoy")))
    moto.client("cloudtrail").delete_trail(Name=arn)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("DeleteTrail", arn))
    made = outcomes(answer, OUR_TRAIL_ARN)[MULTI]
    assert made["status"] == "fixed" and decoy in made["because"]
    assert is_logging(moto, OUR_TRAIL_ARN)


def test_an_error_of_delivery_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto)
    moto.client("s3").delete_bucket_policy(Bucket=OWN)
    found = delivery(function("trail", endpoint=faults, mode="enforce").invoke(schedule()), arn)
    assert (found["status"], found["severity"]) == ("advised", "critical") and "AccessDenied" in found["because"]
    assert changes(faults) == []


def foreign_key(moto: Moto, arn: str) -> str:
    """A key of another account that CloudTrail may use, set on the trail."""
    kms = client_of(moto, OTHER, "kms")
    policy = json.dumps(trail_key_policy(arn, account_id=OTHER)).replace(f":{OTHER}:trail", ":*:trail")
    key = str(kms.create_key(Policy=policy)["KeyMetadata"]["Arn"])
    home(moto, arn).update_trail(Name=arn, KmsKeyId=key)
    return key


@pytest.mark.parametrize("named", ["", "key", "account", "others"])
def test_a_key_of_another_account_is_asked_about_named_or_replaced(
    function: StartFunction, moto: Moto, faults: Faults, named: str
) -> None:
    arn = kept_trail(moto)
    key = foreign_key(moto, arn)
    value = {"": "", "key": key, "account": OTHER, "others": "another-bucket"}[named]
    started = function("trail", endpoint=faults, mode="enforce", TRAILKEEPER_RECORD_DESTINATIONS=value)
    found = outcomes(started.invoke(trail_call("UpdateTrail", arn)))[KMS]
    assert found["severity"] == "high"
    if named == "others":
        assert found["status"] == "fixed" and now(moto, arn)["KmsKeyId"] == our_keys(moto)[0]
        return
    assert found["status"] == ("unknown" if named else "advised")
    assert ("ransom" in (found.get("advice") or "")) == (not named) and now(moto, arn)["KmsKeyId"] == key
