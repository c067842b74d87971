"""A log bucket that is deleted: who did it is told at once, and what to do, as long as something still delivers to it."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from envelope import ALICE, schedule
from given import policy, role, trail, trail_bucket_policy, trail_arn, trust
from local_aws.faults import Faults
from local_aws.processes import Moto
from log_buckets import (
    DELIVERY, LOGGING, LOGS, TARGET, bucket_call, by_control, check, customers_target, log_into, logging_of, only,
    our_target, policy_of, put_policy, trail_policy, whole_bucket,
)
from observed import results, writes
from subscriber import Letter, Subscribers


def deleted(
    function: StartFunction, moto: Moto, faults: Faults, bucket: str = LOGS
) -> tuple[dict[str, Any], list[Letter]]:
    """Deletes a bucket; what the function says of its delivery, and the letters."""
    moto.client("s3").delete_bucket(Bucket=bucket)
    people = Subscribers(moto)
    started = function("bucket", endpoint=faults, mode="enforce", TRAILKEEPER_TOPIC_ARN=people.topic, **only(DELIVERY))
    found = by_control(started.invoke(bucket_call(bucket, "DeleteBucket")), bucket)
    return found[DELIVERY], people.letters()


def channel(moto: Moto, bucket: str) -> None:
    """A delivery channel into a new bucket."""
    moto.client("s3").create_bucket(Bucket=bucket)
    config = moto.client("config")
    recorder = {"name": "default", "roleARN": role(moto, "config", trust("config.amazonaws.com"))}
    deliver = policy(Action="s3:*", Resource="*")
    moto.client("iam").put_role_policy(RoleName="config", PolicyName="deliver", PolicyDocument=deliver)
    config.put_configuration_recorder(ConfigurationRecorder=recorder)
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": bucket})


def test_a_deleted_log_bucket_is_told_with_who_and_what_to_do(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    found, letters = deleted(function, moto, faults)
    assert (found["status"], found["severity"], found["steps"]) == ("advised", "critical", [])
    assert f"{trail_arn()} deliver to a bucket that does not exist" in found["because"]
    assert "anyone can take the name" in found["advice"]
    (letter,) = letters
    assert ALICE["arn"] in letter.text and "DeleteBucket" in letter.text
    assert writes(faults) == []
    answer = function("bucket", endpoint=faults, mode="enforce", **only(DELIVERY)).invoke(schedule())
    assert by_control(answer)[DELIVERY]["status"] == "advised", "the sweep finds it, too"


def test_so_is_that_of_a_channel(function: StartFunction, moto: Moto, faults: Faults) -> None:
    channel(moto, "config-logs")
    found, letters = deleted(function, moto, faults, "config-logs")
    assert found["status"] == "advised" and "the Config channel of us-east-1" in found["because"]
    assert len(letters) == 1


@pytest.mark.parametrize("ours", [False, True])
def test_so_is_a_target_of_access_logs(function: StartFunction, moto: Moto, faults: Faults, ours: bool) -> None:
    trail(moto)
    target = our_target(moto) if ours else customers_target(moto)
    log_into(moto, target)
    found, letters = deleted(function, moto, faults, target)
    assert found["status"] == "advised" and f"the access logs of {LOGS} go to" in found["because"]
    assert len(letters) == 1


def test_the_log_bucket_of_a_deleted_target_gets_another_one(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    log_into(moto, customers_target(moto))
    moto.client("s3").delete_bucket(Bucket="customers-target")
    started = function("bucket", endpoint=faults, mode="enforce", **only(LOGGING))
    found = {it["resource"]: it["status"] for it in results(started.invoke(bucket_call("customers-target", "DeleteBucket")))
             if it["control"] == LOGGING}
    assert found == {"arn:aws:s3:::customers-target": "not-applicable", f"arn:aws:s3:::{LOGS}": "fixed"}
    assert logging_of(moto)["TargetBucket"] == TARGET


@pytest.mark.parametrize("bucket", ["photos", TARGET])
def test_a_bucket_that_nobody_names_is_no_news(
    function: StartFunction, moto: Moto, faults: Faults, bucket: str
) -> None:
    trail(moto)
    moto.client("s3").create_bucket(Bucket=bucket)
    found, letters = deleted(function, moto, faults, bucket)
    assert (found["status"], letters) == ("not-applicable", [])


def test_a_bucket_that_is_there_again_is_told_of_all_the_same(function: StartFunction, moto: Moto, faults: Faults) -> None:
    whole_bucket(moto)
    s3, people = moto.client("s3"), Subscribers(moto)
    s3.delete_bucket(Bucket=LOGS)
    s3.create_bucket(Bucket=LOGS)
    s3.put_bucket_policy(Bucket=LOGS, Policy=trail_bucket_policy(LOGS, trail_arn()))
    started = function("bucket", endpoint=faults, mode="enforce", TRAILKEEPER_TOPIC_ARN=people.topic, **only(DELIVERY))
    found = by_control(started.invoke(bucket_call(name="DeleteBucket")))[DELIVERY]
    assert found["status"] == "changed" and found["because"].startswith("DeleteBucket deletes a log bucket")
    assert len(people.letters()) == 1


@pytest.mark.parametrize("name", ["PutBucketReplication", "DeleteBucketReplication"])
def test_where_the_files_are_copied_to_is_told(function: StartFunction, moto: Moto, faults: Faults, name: str) -> None:
    whole_bucket(moto)
    answer = function("bucket", endpoint=faults, mode="enforce", **only(DELIVERY)).invoke(bucket_call(name=name))
    found = by_control(answer)[DELIVERY]
    assert found["status"] == "changed" and "replicat" in found["because"]


def test_no_statement_is_written_that_lets_no_access_logs_in(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    locked = customers_target(moto, granted=False, ObjectLockEnabledForBucket=True)
    log_into(moto, locked)
    found = check(function, faults, DELIVERY, bucket=locked)[DELIVERY]
    assert (found["status"], found["steps"]) == ("advised", []) and "has Object Lock" in found["because"], found
    assert "Log access to another bucket" in found["advice"] and writes(faults) == []
    # A trail that delivers there too is let in all the same.
    moto.client("cloudtrail").update_trail(Name="main", S3BucketName=put_policy_for_trail(moto, locked))
    moto.client("s3").delete_bucket_policy(Bucket=locked)
    found = check(function, faults, DELIVERY, bucket=locked)[DELIVERY]
    added = {it["Principal"]["Service"] for it in policy_of(moto, locked)["Statement"]}
    assert found["steps"] and added == {"cloudtrail.amazonaws.com"}, found


def put_policy_for_trail(moto: Moto, bucket: str) -> str:
    """Lets the trail "main" deliver to a bucket, without which AWS takes it for no target."""
    put_policy(moto, trail_policy(bucket=bucket), bucket)
    return bucket


def test_a_target_that_access_logs_cannot_reach_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    log_into(moto, customers_target(moto, ObjectLockEnabledForBucket=True))
    found = check(function, faults, DELIVERY, bucket="customers-target")[DELIVERY]
    assert found["status"] == "advised" and "has Object Lock" in found["because"]
    assert found["steps"] == [] and writes(faults) == []
    moto.client("s3").put_bucket_request_payment(
        Bucket=LOGS, RequestPaymentConfiguration={"Payer": "Requester"})
    found = check(function, faults, DELIVERY)[DELIVERY]
    assert found["status"] == "advised" and "Requester Pays" in found["because"]
