"""Which events lead to which buckets: names, regions, what is left out, what is no news."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from envelope import Event, api_call, schedule
from given import policy, role, trail, trust
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from log_buckets import (
    CONTROLS, LOGS, OPTIONAL, TARGET, bucket_call, check, customers_target, log_into, whole_bucket,
)
from observed import results, writes
from repository import EVENTS

WEST = "eu-west-1"
OMITTED = {"omitted": True, "originalSize": 204_800, "reason": "requestParameters too large"}
WAKES = [
    "DeleteBucketEncryption", "DeleteBucketLifecycle", "DeleteBucketPolicy", "DeleteBucketPublicAccessBlock",
    "DeleteBucketReplication", "PutBucketAcl", "PutBucketEncryption", "PutBucketLifecycle", "PutBucketLogging",
    "PutBucketNotification", "PutBucketObjectLockConfiguration", "PutBucketOwnershipControls", "PutBucketPolicy",
    "PutBucketPublicAccessBlock", "PutBucketReplication", "PutBucketRequestPayment", "PutBucketVersioning",
    "PutObjectLockConfiguration",
]


def seen(function: StartFunction, faults: Faults, event: Event, **settings: str) -> dict[str, str]:
    """The buckets that were looked at, and where."""
    found = results(function("bucket", endpoint=faults, **settings).invoke(event))
    assert writes(faults) == []
    return {it["resource"].removeprefix("arn:aws:s3:::"): it["region"] for it in found}


@pytest.mark.parametrize("name", WAKES)
def test_every_call_on_a_bucket_leads_to_it(function: StartFunction, moto: Moto, faults: Faults, name: str) -> None:
    trail(moto)
    assert seen(function, faults, bucket_call(name=name)) == {LOGS: "us-east-1"}


@pytest.mark.parametrize("elements", [None, OMITTED])
def test_a_name_left_out_leads_to_every_bucket_of_the_region(
    function: StartFunction, moto: Moto, faults: Faults, elements: Any
) -> None:
    trail(moto)
    trail(moto, "west", WEST)
    event = api_call("s3", "PutBucketPolicy", region=WEST, requestParameters=elements)
    # Whom the policy lets in, the record does not say, which is told.
    assert seen(function, faults, event) == {"west-trail-logs": WEST, "*": WEST}


def test_a_sweep_looks_at_all_log_buckets_and_their_targets_once(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    whole_bucket(moto)
    moto.client("cloudtrail").update_trail(Name="main", IsMultiRegionTrail=True)
    trail(moto, "west", WEST)
    channel(moto, LOGS)
    moto.client("s3").create_bucket(Bucket="photos")
    found = results(function("bucket", endpoint=faults).invoke(schedule()))
    assert {it["resource"].split(":")[-1]: it["region"] for it in found} == {
        LOGS: "us-east-1", "customers-target": "us-east-1", "west-trail-logs": WEST,
    }
    assert len(found) == 3 * (len(CONTROLS) + len(OPTIONAL))
    regions = len(faults.calls("cloudtrail", "DescribeTrails"))
    assert len(faults.calls("config", "DescribeDeliveryChannels")) == regions == 2, "each region is asked once"


def channel(moto: Moto, bucket: str) -> Event:
    """A delivery channel, and its event."""
    config = moto.client("config")
    recorder = {"name": "default", "roleARN": role(moto, "config", trust("config.amazonaws.com"))}
    deliver = policy(Action="s3:*", Resource="*")
    moto.client("iam").put_role_policy(RoleName="config", PolicyName="deliver", PolicyDocument=deliver)
    config.put_configuration_recorder(ConfigurationRecorder=recorder)
    given = {"name": "default", "s3BucketName": bucket}
    config.put_delivery_channel(DeliveryChannel=given)
    return api_call("config", "PutDeliveryChannel", requestParameters={"deliveryChannel": given})


def test_a_channel_names_its_bucket_wherever_it_is(function: StartFunction, moto: Moto, faults: Faults) -> None:
    place = {"CreateBucketConfiguration": {"LocationConstraint": WEST}}
    moto.client("s3", WEST).create_bucket(Bucket="config-logs", **place)
    assert seen(function, faults, channel(moto, "config-logs")) == {"config-logs": WEST}


def test_configured_regions_bound_the_question_who_delivers(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    assert seen(function, faults, bucket_call(), TRAILKEEPER_REGIONS="us-east-1") == {LOGS: "us-east-1"}
    assert len(faults.calls("cloudtrail")) == len(faults.calls("config")) == 1
    assert faults.calls("account") == []


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (api_call("cloudtrail", "UpdateTrail", requestParameters={"name": "main"}, responseElements={"name": "main"}), "not changed"),
        (api_call("s3", "PutBucketPolicy", requestParameters={"bucketName": "../../x"}), "not name a valid bucket"),
        (api_call("s3", "PutBucketPolicy", requestParameters={"bucketName": "x" * 64}), "not name a valid bucket"),
        (api_call("s3", "PutBucketPolicy", requestParameters={"bucketName": {"a": 1}}), "names no bucket"),
        (api_call("s3", "PutObject", requestParameters={"bucketName": LOGS}), "not a call"),
        (api_call("iam", "DeleteRole", requestParameters={"roleName": "r"}), "does not watch"),
        (api_call("config", "PutDeliveryChannel", requestParameters={"deliveryChannel": {"s3BucketName": "A_B"}}), "not name a valid"),
    ],
)
def test_what_leads_nowhere_is_told_and_costs_nothing(
    function: StartFunction, moto: Moto, faults: Faults, event: Event, why: str
) -> None:
    answer = function("bucket", endpoint=faults, mode="enforce").invoke(event)
    assert answer.ok and why in answer.body["ignored"]
    assert {call.service for call in faults.calls()} <= {"sts"}


def test_a_log_bucket_that_is_also_a_target_is_not_asked_to_log(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    trail(moto, "second")
    log_into(moto, "second-trail-logs")
    found = check(function, faults, "log-bucket-access-logging", bucket="second-trail-logs")
    assert found["log-bucket-access-logging"]["status"] == "not-applicable"
    assert moto.client("s3").get_bucket_logging(Bucket="second-trail-logs").get("LoggingEnabled") is None


def test_a_target_of_no_log_bucket_is_none_of_ours(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    moto.client("s3").create_bucket(Bucket="photos")
    log_into(moto, customers_target(moto), "photos")
    found = check(function, faults, bucket="customers-target")
    assert {it["status"] for it in found.values()} == {"not-applicable", "exempt"}
    assert TARGET not in json.dumps(found)


def test_a_target_that_the_settings_name_is_a_log_bucket(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    moto.client("s3").create_bucket(Bucket="photos")
    log_into(moto, customers_target(moto), "photos")
    s3 = moto.client("s3", WEST)
    s3.create_bucket(Bucket="west-target", CreateBucketConfiguration={"LocationConstraint": WEST})
    named = {"TRAILKEEPER_ACCESS_TARGETS": "customers-target,west-target,nobodys-target"}
    assert seen(function, faults, bucket_call("customers-target"), **named) == {"customers-target": "us-east-1"}
    assert seen(function, faults, bucket_call("photos"), **named) == {"photos": "us-east-1"}
    assert seen(function, faults, schedule(), **named) == {
        LOGS: "us-east-1", "customers-target": "us-east-1", "west-target": WEST,
    }


def test_the_event_to_try_by_hand_is_looked_into(function: StartFunction, moto: Moto) -> None:
    answer = function("bucket").invoke((EVENTS / "s3.put-bucket-policy.json").read_text())
    assert answer.ok and answer.body["ignored"] is None, answer.body
    assert ACCOUNT in (EVENTS / "s3.put-bucket-policy.json").read_text()
