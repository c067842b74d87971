"""What somebody in the account does to log files without stopping them: told, and nothing is broken by the way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from envelope import api_call, schedule
from given import client_of, policy, role, trail, trail_arn, trail_bucket_policy, trust
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from log_buckets import (
    DELIVERY, ENCRYPTION, HTTPS, KMS, LOGGING, LOGS, OUTSIDERS, PUBLIC, bucket_call, by_control, check,
    customers_target, flags, log_into, only, our_target, policy_of, put_policy, statement_of, trail_policy, whole_bucket,
)
from observed import results, writes
from subscriber import Subscribers
from trails import OTHER

FILES = [f"arn:aws:s3:::{LOGS}", f"arn:aws:s3:::{LOGS}/*"]
READER = {
    "Sid": "Reader", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": "s3:GetObject",
    "Resource": FILES,
}
MALLORY = f"arn:aws:iam::{ACCOUNT}:user/mallory"


def deny(action: str, **condition: Any) -> dict[str, Any]:
    return {
        "Sid": "Mine", "Effect": "Deny", "Principal": "*", "Action": action, "Resource": FILES, "Condition": condition,
    }


@pytest.mark.parametrize("value", ["true", "false"])
def test_a_fence_that_never_applies_hides_no_reader(
    function: StartFunction, moto: Moto, faults: Faults, value: str
) -> None:
    trail(moto)
    fence = deny("s3:*", StringNotEquals={"aws:PrincipalAccount": ACCOUNT}, Bool={"aws:PrincipalIsAWSService": value})
    put_policy(moto, trail_policy(READER, fence))
    found = check(function, faults, OUTSIDERS)[OUTSIDERS]
    assert found["status"] == ("advised" if value == "true" else "compliant")
    assert value == "false" or f"lets account {OTHER}" in found["because"]


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:ListBucket", "s3:*"])
def test_whoever_keeps_the_account_out_is_told(
    function: StartFunction, moto: Moto, faults: Faults, action: str
) -> None:
    trail(moto)
    spared = deny(action, ArnNotEquals={"aws:PrincipalArn": MALLORY}, Bool={"aws:PrincipalIsAWSService": "false"})
    put_policy(moto, trail_policy(spared))
    people = Subscribers(moto)
    settings = only(OUTSIDERS) | {"TRAILKEEPER_TOPIC_ARN": people.topic}
    answer = function("bucket", endpoint=faults, mode="enforce", **settings).invoke(bucket_call())
    found = by_control(answer)[OUTSIDERS]
    assert (found["status"], found["severity"]) == ("advised", "high")
    assert f"statement Mine shuts out everybody but {MALLORY}" in found["because"]
    (letter,) = people.letters()
    assert MALLORY in letter.text
    named = check(function, faults, OUTSIDERS, TRAILKEEPER_LOG_BUCKET_READERS=MALLORY)
    assert named[OUTSIDERS]["status"] == "compliant"


@pytest.mark.parametrize(
    ("condition", "network", "named"),
    [
        ({"NotIpAddress": {"aws:SourceIp": "198.51.100.7/32"}}, "198.51.100.7/32", "198.51.100.0/24"),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-0bad0bad"}}, "vpce-0bad0bad", "vpce-0bad0bad"),
    ],
    ids=["address", "endpoint"],
)
def test_whoever_lets_only_one_network_in_is_told(
    function: StartFunction, moto: Moto, faults: Faults, condition: dict[str, Any], network: str, named: str
) -> None:
    trail(moto)
    services = {"Bool": {"aws:PrincipalIsAWSService": "false"}}
    put_policy(moto, trail_policy(deny("s3:GetObject*", **condition, **services)))
    found = check(function, faults, OUTSIDERS)[OUTSIDERS]
    assert found["status"] == "advised" and writes(faults) == []
    words = f"statement Mine shuts out everybody but those who call from {network}, who alone may read log files"
    assert words in found["because"]
    assert check(function, faults, OUTSIDERS, TRAILKEEPER_LOG_BUCKET_READERS=named)[OUTSIDERS]["status"] == "compliant"


@pytest.mark.parametrize(
    ("statement", "who", "name"),
    [
        (
            {"Principal": "*", "Condition": {"StringEquals": {"s3:DataAccessPointAccount": ACCOUNT}}},
            "lets anyone (if stringequals s3:dataaccesspointaccount", ACCOUNT,
        ),
        (
            {
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceArn": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1"}},
            },
            "lets service cloudfront.amazonaws.com", f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1",
        ),
    ],
    ids=["access points", "distribution"],
)
def test_what_hands_files_on_is_named_by_the_settings(
    function: StartFunction, moto: Moto, faults: Faults, statement: dict[str, Any], who: str, name: str
) -> None:
    trail(moto)
    put_policy(moto, trail_policy(READER | statement))
    found = check(function, faults, OUTSIDERS)[OUTSIDERS]
    assert found["status"] == "advised" and who in found["because"]
    assert check(function, faults, OUTSIDERS, TRAILKEEPER_LOG_BUCKET_READERS=name)[OUTSIDERS]["status"] == "compliant"


@pytest.mark.parametrize("owner", [OTHER, ACCOUNT])
def test_replicas_in_another_account_are_told(
    function: StartFunction, moto: Moto, faults: Faults, owner: str
) -> None:
    trail(moto)
    s3, theirs = moto.client("s3"), client_of(moto, owner, "s3")
    theirs.create_bucket(Bucket="copies")
    for client, name in ((s3, LOGS), (theirs, "copies")):
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "ID": "all", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"}, "Destination": {"Bucket": "arn:aws:s3:::copies"},
    }
    copier = role(moto, "copier", trust("s3.amazonaws.com"))
    s3.put_bucket_replication(Bucket=LOGS, ReplicationConfiguration={"Role": copier, "Rules": [rule]})
    settings = only(OUTSIDERS)
    started = function("bucket", endpoint=faults, mode="enforce", **settings)
    found = by_control(started.invoke(bucket_call(name="PutBucketReplication")))[OUTSIDERS]
    if owner == ACCOUNT:
        assert found["status"] == "compliant"
        return
    assert found["status"] == "advised" and "replicated to bucket copies of another account" in found["because"]
    named = check(function, faults, OUTSIDERS, TRAILKEEPER_RECORD_DESTINATIONS="copies")
    assert named[OUTSIDERS]["status"] == "compliant"
    faults.deny("s3", "GetBucketReplication")
    assert check(function, faults, OUTSIDERS)[OUTSIDERS]["status"] == "unknown"


VISITORS = {"Sid": "Visitors", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}


def shop(moto: Moto, *statements: dict[str, Any]) -> str:
    """A public bucket of the customer's that serves something else than logs."""
    s3, name = moto.client("s3"), "shop"
    s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=name)
    visitors = VISITORS | {"Resource": f"arn:aws:s3:::{name}/*"}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [visitors, *statements]}))
    return name


def channel_into(moto: Moto, bucket: str) -> None:
    config = moto.client("config")
    recorder = {"name": "default", "roleARN": role(moto, "config", trust("config.amazonaws.com"))}
    deliver = policy(Action="s3:*", Resource="*")
    moto.client("iam").put_role_policy(RoleName="config", PolicyName="deliver", PolicyDocument=deliver)
    config.put_configuration_recorder(ConfigurationRecorder=recorder)
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": bucket})


def channel_call(bucket: str) -> Any:
    asked = {"deliveryChannel": {"name": "default", "s3BucketName": bucket}}
    return api_call("config", "PutDeliveryChannel", requestParameters=asked)


def test_a_channel_closes_no_bucket_that_serves_something_else(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    name = shop(moto)
    channel_into(moto, name)
    found = by_control(function("bucket", endpoint=faults, mode="enforce").invoke(channel_call(name)), name)
    assert [found[it]["status"] for it in (PUBLIC, HTTPS, LOGGING)] == ["advised"] * 3
    assert "TRAILKEEPER_RECORD_DESTINATIONS" in found[PUBLIC]["advice"]
    assert found[DELIVERY]["status"] == "fixed", "delivery alone is let in"
    sids = [it.get("Sid") for it in policy_of(moto, name)["Statement"]]
    assert "Visitors" in sids and not any("Https" in str(sid) for sid in sids)
    assert not any("PutPublicAccessBlock" in str(call) for call in writes(faults))
    named = {"TRAILKEEPER_RECORD_DESTINATIONS": name}
    closed = function("bucket", endpoint=faults, mode="enforce", **named).invoke(channel_call(name))
    assert by_control(closed, name)[PUBLIC]["status"] in {"fixed", "advised"}
    assert moto.client("s3").get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]["BlockPublicPolicy"]


def test_a_second_trail_closes_no_bucket_that_serves_something_else(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    whole_bucket(moto)
    moto.client("cloudtrail").update_trail(Name=trail_arn(), IsMultiRegionTrail=True)
    moto.client("cloudtrail").start_logging(Name=trail_arn())
    name = shop(moto)
    delivery = json.loads(trail_bucket_policy(name, trail_arn("evil")))["Statement"]
    document = policy_of(moto, name)
    put_policy(moto, document | {"Statement": [*document["Statement"], *delivery]}, name)
    moto.client("cloudtrail").create_trail(Name="evil", S3BucketName=name)
    found = check(function, faults, PUBLIC, HTTPS, bucket=name)
    assert [found[it]["status"] for it in (PUBLIC, HTTPS)] == ["advised"] * 2 and writes(faults) == []
    moto.client("s3").put_object(Bucket=name, Key=f"AWSLogs/{ACCOUNT}/CloudTrail/x", Body=b"x")
    check(function, faults, PUBLIC, bucket=name)
    assert all(flags(moto, name).values()), "it holds logs alone"


def led_to_the_shop(moto: Moto) -> str:
    """The only trail, moved to the customer's public bucket, which lets it in. The name of the bucket."""
    trail(moto)
    name = shop(moto)
    delivery = json.loads(trail_bucket_policy(name, trail_arn()))["Statement"]
    document = policy_of(moto, name)
    put_policy(moto, document | {"Statement": [*document["Statement"], *delivery]}, name)
    moto.client("cloudtrail").update_trail(Name=trail_arn(), S3BucketName=name)
    return name


def test_the_only_trail_closes_no_public_bucket_that_it_is_led_to(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    name, folder = led_to_the_shop(moto), f"AWSLogs/{ACCOUNT}/CloudTrail/"
    s3, moved = moto.client("s3"), {"name": trail_arn(), "s3BucketName": "shop"}
    event = api_call("cloudtrail", "UpdateTrail", requestParameters=moved, responseElements=moved)
    started = function("bucket", endpoint=faults, mode="enforce", **only(PUBLIC, HTTPS))
    for key in (None, folder):
        if key:
            s3.put_object(Bucket=name, Key=key)
        found = by_control(started.invoke(event), name)
        assert [found[it]["status"] for it in (PUBLIC, HTTPS)] == ["advised"] * 2 and writes(faults) == []
        assert "holds no logs and is open to the public" in found[PUBLIC]["advice"]
    named = check(function, faults, PUBLIC, bucket=name, mode="dry-run", TRAILKEEPER_RECORD_DESTINATIONS=name)
    assert named[PUBLIC]["status"] == "planned", "the settings say that it is for logs"
    s3.put_object(Bucket=name, Key=f"{folder}x", Body=b"x")
    check(function, faults, PUBLIC, bucket=name)
    assert all(flags(moto, name).values()), "it holds logs alone"


def test_what_a_bucket_serves_is_seen_behind_many_logs(function: StartFunction, moto: Moto, faults: Faults) -> None:
    name, s3 = led_to_the_shop(moto), moto.client("s3")
    for number in range(1_001):
        s3.put_object(Bucket=name, Key=f"AWSLogs/{ACCOUNT}/CloudTrail/{number}")
    assert check(function, faults, PUBLIC, bucket=name, mode="dry-run")[PUBLIC]["status"] == "planned"
    s3.put_object(Bucket=name, Key="index.html", Body=b"welcome")
    found = check(function, faults, PUBLIC, bucket=name)[PUBLIC]
    assert found["status"] == "advised" and "holds index.html" in found["advice"] and writes(faults) == []


def test_the_bucket_of_flow_logs_is_a_log_bucket(function: StartFunction, moto: Moto, faults: Faults) -> None:
    moto.client("s3").create_bucket(Bucket="flows")
    settings = {"TRAILKEEPER_FLOW_LOG_BUCKET": "flows/vpc", "TRAILKEEPER_REGIONS": REGION}
    swept = function("bucket", endpoint=faults, mode="enforce", **settings).invoke(schedule())
    found = by_control(swept, "flows")
    assert found[DELIVERY]["status"] == "fixed" and "VPC flow logs" in found[DELIVERY]["because"]
    people = Subscribers(moto)
    settings |= {"TRAILKEEPER_TOPIC_ARN": people.topic}
    document = policy_of(moto, "flows")
    reader = READER | {"Resource": "arn:aws:s3:::flows/*"}
    put_policy(moto, document | {"Statement": [*document["Statement"], reader]}, "flows")
    assert check(function, faults, OUTSIDERS, bucket="flows", **settings)[OUTSIDERS]["status"] == "advised"
    moto.client("s3").delete_bucket_policy(Bucket="flows")
    started = function("bucket", endpoint=faults, mode="enforce", **settings)
    started.invoke(bucket_call("flows", "DeleteBucketPolicy"))
    assert any("DeleteBucketPolicy" in letter.text for letter in people.letters())
    without = function("bucket", endpoint=faults, TRAILKEEPER_REGIONS=REGION).invoke(bucket_call("flows"))
    assert by_control(without, "flows")[DELIVERY]["status"] == "not-applicable"


def test_access_logs_that_are_led_aside_are_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    whole_bucket(moto)
    log_into(moto, customers_target(moto, "dustbin"))
    people = Subscribers(moto)
    status = {"LoggingEnabled": {"TargetBucket": "dustbin", "TargetPrefix": "logs/"}}
    asked = {"bucketName": LOGS, "BucketLoggingStatus": status}
    event = api_call("s3", "PutBucketLogging", requestParameters=asked)
    settings = only(LOGGING) | {"TRAILKEEPER_TOPIC_ARN": people.topic}
    (found,) = [
        it for it in results(function("bucket", endpoint=faults, mode="enforce", **settings).invoke(event))
        if it["control"] == LOGGING
    ]
    assert found["status"] == "changed" and "sets where access to a log bucket is logged" in found["because"]
    assert len(people.letters()) == 1


@pytest.mark.function_alone("nobody logs into that bucket: only an event leads to it")
def test_a_key_on_a_target_of_access_logs_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    target = our_target(moto)
    moto.client("s3").put_bucket_encryption(Bucket=target, ServerSideEncryptionConfiguration=KMS)
    found = check(function, faults, ENCRYPTION, bucket=target)[ENCRYPTION]
    assert found["status"] == "advised" and "delivers no access logs" in found["because"]
