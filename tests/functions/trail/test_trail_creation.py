"""An account without any trail gets one, once, however often and wherever the attempt is cut short."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import StartFunction
from dying import dies
from envelope import ALICE, schedule
from given import client_of, trail_bucket_policy
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from trails import (
    LOGGING,
    EVENTS, GROUP_CALLS, KEY_CALLS, KMS, LOGS, MULTI, OTHER, OUR_BUCKET, OUR_TRAIL, OUR_TRAIL_ARN, ROLE_CALLS, START,
    UPDATE, VALIDATION, WEST, assert_kept, changes, changing, every, home, is_logging, kept_trail, now, organization_trail,
    outcomes, resources, statuses, trail_call,
)

CREATE = "cloudtrail:CreateTrail"
CALLS = ["s3:CreateBucket", "s3:PutBucketPolicy", *KEY_CALLS, *GROUP_CALLS, *ROLE_CALLS, CREATE, START]
FIXED = every("fixed", {EVENTS: "not-applicable"})
"""What is said of the trail that was made: a new one takes all management events."""


def deleted(moto: Moto, region: str = REGION) -> dict[str, Any]:
    """The event of the deletion of the only trail."""
    arn = kept_trail(moto, "only", region)
    home(moto, arn).delete_trail(Name=arn)
    return trail_call("DeleteTrail", arn)


def trails(moto: Moto) -> list[str]:
    """The ARNs of all trails of the account, each once."""
    found = [moto.client("cloudtrail", region).describe_trails()["trailList"] for region in (REGION, WEST)]
    return sorted({trail["TrailARN"] for listed in found for trail in listed})


def assert_made(moto: Moto) -> None:
    """There is one trail, and it, its bucket and all else are as we make them."""
    assert trails(moto) == [OUR_TRAIL_ARN]
    assert_kept(moto, OUR_TRAIL_ARN)
    assert now(moto, OUR_TRAIL_ARN)["S3BucketName"] == OUR_BUCKET
    tags = moto.client("cloudtrail").list_tags(ResourceIdList=[OUR_TRAIL_ARN])["ResourceTagList"][0]["TagsList"]
    assert {"Key": "managed-by", "Value": "trailkeeper"} in tags
    s3 = moto.client("s3")
    assert [bucket["Name"] for bucket in s3.list_buckets(Prefix="trailkeeper")["Buckets"]] == [OUR_BUCKET]
    statements = json.loads(s3.get_bucket_policy(Bucket=OUR_BUCKET)["Policy"])["Statement"]
    allowed = [it for it in statements if it["Effect"] == "Allow"]
    assert [it["Action"] for it in allowed] == ["s3:GetBucketAcl", "s3:PutObject"]
    assert all(it["Condition"]["StringEquals"]["aws:SourceArn"] == OUR_TRAIL_ARN for it in allowed)
    (denied,) = [it for it in statements if it["Effect"] == "Deny"]
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def assert_made_by(calls: list[str]) -> None:
    """Each call once; what the trail leans on comes before it."""
    assert sorted(calls) == sorted(CALLS)
    assert calls[:2] == CALLS[:2] and calls[-2:] == CALLS[-2:]


@pytest.mark.parametrize("region", [REGION, WEST])
def test_the_last_trail_gone_another_is_made(function: StartFunction, moto: Moto, faults: Faults, region: str) -> None:
    event = deleted(moto, region)
    started = function("trail", endpoint=faults, mode="enforce")
    answer = started.invoke(event)
    assert resources(answer)[-1] == OUR_TRAIL_ARN
    found = statuses(answer, OUR_TRAIL_ARN)
    assert found | {EVENTS: ""} == FIXED | {EVENTS: ""} and found[EVENTS] in {"not-applicable", "compliant"}
    assert answer.body["event"]["actor"] == ALICE["arn"]
    assert_made_by(changing(faults))
    assert_made(moto)
    faults.forget()
    again = started.invoke(event)
    assert "failed" not in {it["status"] for it in again.body["results"]}
    assert changes(faults) == []


def test_a_schedule_finds_an_account_without_trails(function: StartFunction, moto: Moto, faults: Faults) -> None:
    started = function("trail", endpoint=faults, mode="enforce")
    assert resources(started.invoke(schedule())) == [OUR_TRAIL_ARN]
    assert_made_by(changing(faults))
    assert_made(moto)
    assert statuses(started.invoke(schedule())) == every("compliant")


def test_a_dry_run_plans_the_same_and_makes_nothing(function: StartFunction, moto: Moto, faults: Faults) -> None:
    planned = outcomes(function("trail", endpoint=faults).invoke(schedule()))
    assert changes(faults) == [] and trails(moto) == []
    applied = outcomes(function("trail", mode="enforce").invoke(schedule()))
    for control in (MULTI, VALIDATION, KMS, LOGS):
        assert (planned[control]["status"], applied[control]["status"]) == ("planned", "fixed")
        for would, did in zip(planned[control]["steps"], applied[control]["steps"], strict=True):
            assert would | {"status": ""} == did | {"status": ""}


@pytest.mark.parametrize("off", [MULTI, f"{KMS} {LOGS}"])
def test_only_what_is_switched_on_is_made(function: StartFunction, moto: Moto, faults: Faults, off: str) -> None:
    settings = ",".join(f"{control}=off" for control in off.split())
    started = function("trail", endpoint=faults, mode="enforce", TRAILKEEPER_CONTROLS=settings)
    answer = started.invoke(schedule())
    assert answer.ok, answer.error_message
    if off == MULTI:
        assert changes(faults) == [] and trails(moto) == []
        return
    assert changing(faults) == ["s3:CreateBucket", "s3:PutBucketPolicy", CREATE, START]
    assert now(moto, OUR_TRAIL_ARN)["LogFileValidationEnabled"] and is_logging(moto, OUR_TRAIL_ARN)


def test_no_trail_is_made_while_another_covers_the_account(function: StartFunction, moto: Moto, faults: Faults) -> None:
    kept_trail(moto, region=WEST)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(deleted(moto))
    assert statuses(answer) == every("not-applicable", {LOGGING: "changed"}), "who deleted it is told all the same"
    assert changes(faults) == [] and len(trails(moto)) == 1


def test_no_trail_is_made_while_one_is_left_to_be_widened(function: StartFunction, moto: Moto, faults: Faults) -> None:
    left = kept_trail(moto, region=WEST, IsMultiRegionTrail=False)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(deleted(moto))
    assert statuses(answer, left)[MULTI] == "fixed"
    assert changing(faults) == [UPDATE] and trails(moto) == [left]


def test_no_trail_is_made_where_the_organizations_covers_the_account(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    organization_trail(moto)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(deleted(moto))
    assert answer.ok and changes(faults) == []


def statements(s3: Any) -> list[dict[str, Any]]:
    """The statements of the policy of our bucket."""
    found: list[dict[str, Any]] = json.loads(s3.get_bucket_policy(Bucket=OUR_BUCKET)["Policy"])["Statement"]
    return found


@pytest.mark.parametrize("there", ["bucket", "policy", "customers-policy"])
def test_a_bucket_that_is_there_is_used_and_its_policy_kept(function: StartFunction, moto: Moto, there: str) -> None:
    s3 = moto.client("s3")
    s3.create_bucket(Bucket=OUR_BUCKET)
    theirs = {
        "Sid": "AWSCloudTrailWrite20150319", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket",
        "Resource": f"arn:aws:s3:::{OUR_BUCKET}",
    }
    if there == "policy":
        s3.put_bucket_policy(Bucket=OUR_BUCKET, Policy=trail_bucket_policy(OUR_BUCKET, OUR_TRAIL_ARN))
    if there == "customers-policy":
        s3.put_bucket_policy(Bucket=OUR_BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [theirs]}))
    before = statements(s3) if there != "bucket" else []
    answer = function("trail", mode="enforce").invoke(schedule())
    assert statuses(answer)[MULTI] == "fixed"
    assert_kept(moto, OUR_TRAIL_ARN)
    now = statements(s3)
    assert now[: len(before)] == before
    if there == "policy":
        assert [it["Sid"] for it in now[len(before):]] == ["TrailkeeperHttpsOnly"], "the rest was there"


def strangers(bucket: str, action: Any = "s3:GetObject") -> str:
    """The policy of a bucket that lets another account in."""
    arn = f"arn:aws:s3:::{bucket}"
    allowed = {
        "Sid": "Backup", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": action,
        "Resource": [arn, f"{arn}/*"],
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


def taken(moto: Moto, how: str, bucket: str) -> None:
    """Our name is taken, or our bucket is there and is not as we make it."""
    s3 = client_of(moto, OTHER, "s3") if how == "another account" else moto.client("s3")
    own = {"BucketNamespace": "account-regional"} if bucket.endswith("-an") else {}
    s3.create_bucket(Bucket=bucket, **own)
    if how == "another account":
        s3.put_bucket_policy(Bucket=bucket, Policy=trail_bucket_policy(bucket, OUR_TRAIL_ARN))
    if how == "a reader":
        s3.put_bucket_policy(Bucket=bucket, Policy=strangers(bucket))
    if how == "a deleter":
        s3.put_bucket_policy(Bucket=bucket, Policy=strangers(bucket, ["s3:DeleteObject", "s3:PutLifecycleConfiguration"]))
    if how == "expiry":
        rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})


HOW = {
    "another account": "belongs to another account", "a reader": f"{OTHER}:root may s3:GetObject",
    "a deleter": "s3:DeleteObject", "expiry": "deletes its files",
}


@pytest.mark.parametrize("how", HOW)
def test_a_bucket_of_our_name_that_is_not_ours_is_not_used(function: StartFunction, moto: Moto, how: str) -> None:
    """The name can be told in advance, so somebody may have been quicker."""
    taken(moto, how, OUR_BUCKET)
    started = function("trail", mode="enforce")
    outcome = outcomes(started.invoke(schedule()))[MULTI]
    assert outcome["status"] == "fixed" and OUR_BUCKET in outcome["because"] and HOW[how] in outcome["because"]
    second = f"{OUR_BUCKET}-an"
    assert now(moto, OUR_TRAIL_ARN)["S3BucketName"] == second
    assert_kept(moto, OUR_TRAIL_ARN)
    assert {it["Principal"]["Service"] for it in json.loads(
        moto.client("s3").get_bucket_policy(Bucket=second)["Policy"])["Statement"] if it["Effect"] == "Allow"
    } == {"cloudtrail.amazonaws.com"}
    assert outcomes(started.invoke(schedule()))[MULTI]["status"] == "compliant"


def test_where_all_names_are_taken_nothing_is_made(function: StartFunction, moto: Moto, faults: Faults) -> None:
    taken(moto, "another account", OUR_BUCKET)
    for name in (f"{OUR_BUCKET}-an", f"{OUR_BUCKET}-2"):
        taken(moto, "a reader", name)
    outcome = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(schedule()))[MULTI]
    assert outcome["status"] == "advised" and f"{OUR_BUCKET}-2" in outcome["because"]
    assert trails(moto) == []
    assert changing(faults) == [], "nothing is made for a trail that cannot be"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", [call.split(":")[1] for call in CALLS])
def test_a_creation_that_dies_in_the_middle_is_completed(
    function: StartFunction, moto: Moto, operation: str, when: str
) -> None:
    event = deleted(moto)
    dies(function("trail", mode="enforce"), moto, event, operation, when)
    retried = function("trail", mode="enforce").invoke(event)
    assert "failed" not in {it["status"] for it in retried.body["results"]}
    if (operation, when) != ("StartLogging", "after"):
        assert OUR_TRAIL_ARN in resources(retried)
    # A trail that is there already is looked at whole when it is next named: here by its own CreateTrail.
    function("trail", mode="enforce").invoke(trail_call("CreateTrail", OUR_TRAIL_ARN))
    assert_made(moto)


@pytest.mark.function_alone("five write at once")
def test_five_events_at_once_make_one_trail(function: StartFunction, moto: Moto) -> None:
    event = deleted(moto)
    copies = [function("trail", mode="enforce", timeout=60) for _ in range(5)]
    with ThreadPoolExecutor(len(copies)) as pool:
        answers = list(pool.map(lambda copy: copy.invoke(event), copies))
    assert all(answer.ok for answer in answers)
    assert "failed" not in {it["status"] for answer in answers for it in answer.body["results"]}
    assert trails(moto) == [OUR_TRAIL_ARN] and is_logging(moto, OUR_TRAIL_ARN)
    assert now(moto, OUR_TRAIL_ARN)["KmsKeyId"] and now(moto, OUR_TRAIL_ARN)["Name"] == OUR_TRAIL


PARTS = [*KEY_CALLS, *GROUP_CALLS, *ROLE_CALLS]


@pytest.mark.function_alone("what is refused to a new trail is left to a second call")
@pytest.mark.parametrize("call", PARTS)
def test_without_a_key_or_a_log_group_there_is_a_trail_all_the_same(
    function: StartFunction, moto: Moto, faults: Faults, call: str
) -> None:
    faults.deny(*call.split(":"))
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(schedule()))
    failed = {control for control, it in found.items() if it["status"] == "failed"}
    assert failed == {KMS if call in KEY_CALLS else LOGS}
    assert all(f"{call} was denied" in found[control]["because"] for control in failed)
    assert trails(moto) == [OUR_TRAIL_ARN] and is_logging(moto, OUR_TRAIL_ARN)
    assert now(moto, OUR_TRAIL_ARN)["LogFileValidationEnabled"]


@pytest.mark.parametrize("call", ["s3:CreateBucket", "s3:PutBucketPolicy", CREATE])
def test_where_the_trail_cannot_be_made_nothing_is_made_for_it_or_asked_of_it(
    function: StartFunction, moto: Moto, faults: Faults, call: str
) -> None:
    faults.deny(*call.split(":"))
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(schedule()))
    assert found[MULTI]["status"] == "failed" and f"{call} was denied" in found[MULTI]["because"]
    assert (call, "failed") in [(step["action"], step["status"]) for step in found[MULTI]["steps"]]
    assert "fixed" not in {it["status"] for it in found.values()} and trails(moto) == []
    assert set(changing(faults)) <= set(CALLS[: CALLS.index(call) + 1])
