"""What the bucket function adds to policies: judged by meaning, nothing lost, and the cases where it must not."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import StartFunction
from given import client_of, policy, role, trail, trail_arn, trail_bucket_policy, trust
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from log_buckets import (
    DELIVERY, HTTPS, LOGS, WEBSITE, bucket_call, by_control, check, policy_of, put_policy, statement_of, trail_policy,
)
from observed import writes

OTHER = "999999999999"
PUBLIC = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{LOGS}/*"}


def https(function: StartFunction, faults: Faults) -> dict[str, Any]:
    return check(function, faults, HTTPS)[HTTPS]


def delivery(function: StartFunction, faults: Faults, bucket: str = LOGS) -> dict[str, Any]:
    return check(function, faults, DELIVERY, bucket=bucket)[DELIVERY]


@pytest.mark.parametrize(
    "changes",
    [
        {"Sid": "RestrictToTLSRequestsOnly"},
        {"Principal": {"AWS": "*"}, "Action": "*"},
        {"Principal": {"AWS": ["*"]}, "Resource": f"arn:aws:s3:::{LOGS}*"},
        {"condition": {"BoolIfExists": {"AWS:SecureTransport": [False]}}},
        {"condition": {"NumericLessThanIfExists": {"s3:TlsVersion": "1.2"}}},
    ],
)
def test_an_equal_statement_is_enough(
    function: StartFunction, moto: Moto, faults: Faults, changes: dict[str, Any]
) -> None:
    trail(moto)
    put_policy(moto, trail_policy(statement_of(LOGS, **changes)))
    assert https(function, faults)["status"] == "compliant"
    assert writes(faults) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{LOGS}/*"},
        {"Resource": f"arn:aws:s3:::{LOGS}/*"},
        {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}},
        {"condition": {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:SourceVpc": "vpc-1"}}},
        # Plain HTTP has no version of TLS, so this does not hold for it.
        {"condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
    ],
)
def test_a_lesser_statement_stays_and_ours_is_added(
    function: StartFunction, moto: Moto, faults: Faults, changes: dict[str, Any]
) -> None:
    trail(moto)
    theirs = trail_policy(statement_of(LOGS, Sid="TrailkeeperHttpsOnly", **changes)) | {"Id": "theirs", "Version": "2008-10-17"}
    put_policy(moto, theirs)
    found = https(function, faults)
    assert found["status"] == "fixed" and found["steps"][0]["before"] == theirs
    now = policy_of(moto)
    assert now["Statement"].pop()["Sid"] == "TrailkeeperHttpsOnly2"
    assert now == theirs


def test_a_single_statement_becomes_the_first_of_a_list(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    single = trail_policy() | {"Statement": trail_policy()["Statement"][1]}
    put_policy(moto, single)
    assert https(function, faults)["status"] == "fixed"
    assert policy_of(moto)["Statement"][0] == single["Statement"]


def test_a_website_is_not_taken_down(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    moto.client("s3").put_bucket_website(Bucket=LOGS, WebsiteConfiguration=WEBSITE)
    found = https(function, faults)
    assert found["status"] == "advised" and "website" in found["advice"]
    assert writes(faults) == []


def test_a_policy_that_s3_refuses_stays_as_it_is(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """It names a role that was deleted since."""
    trail(moto)
    theirs = trail_policy(statement_of(LOGS, condition={"Null": {"aws:userid": "true"}}, Principal={"AWS": role(moto, "reader")}))
    put_policy(moto, theirs)
    moto.client("iam").delete_role(RoleName="reader")
    found = https(function, faults)
    assert found["status"] == "failed" and "MalformedPolicy" in found["because"]
    assert policy_of(moto) == theirs and len(writes(faults)) == 1


def test_a_policy_that_would_be_too_large_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    room = 20_480 - len(json.dumps(trail_policy(), separators=(",", ":")))
    put_policy(moto, trail_policy() | {"Id": "x" * (room - 100)})
    found = https(function, faults)
    assert found["status"] == "advised" and "20 KB" in found["advice"]
    assert writes(faults) == []


def test_a_public_policy_under_the_block_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """Put before the block was switched on; now S3 refuses every change."""
    trail(moto)
    s3 = moto.client("s3")
    s3.delete_public_access_block(Bucket=LOGS)
    put_policy(moto, trail_policy(PUBLIC))
    on = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
    s3.put_public_access_block(Bucket=LOGS, PublicAccessBlockConfiguration=on)
    found = https(function, faults)
    assert found["status"] == "advised" and "Open" in found["advice"]
    assert writes(faults) == []


@pytest.mark.parametrize("name", ["DeleteBucketPolicy", "PutBucketPolicy"])
def test_a_trail_that_lost_its_policy_delivers_again(
    function: StartFunction, moto: Moto, faults: Faults, name: str
) -> None:
    trail(moto, S3KeyPrefix="a/b", S3BucketName=prefixed_bucket(moto))
    if name == "DeleteBucketPolicy":
        moto.client("s3").delete_bucket_policy(Bucket="prefixed")
    else:
        put_policy(moto, {"Version": "2012-10-17", "Statement": [statement_of("prefixed")]}, "prefixed")
    found = check(function, faults, DELIVERY, bucket="prefixed")[DELIVERY]
    assert found["status"] == "fixed" and trail_arn() in found["because"]
    put = policy_of(moto, "prefixed")["Statement"][-1]
    assert put["Resource"] == f"arn:aws:s3:::prefixed/a/b/AWSLogs/{ACCOUNT}/*"
    assert put["Condition"]["StringEquals"]["aws:SourceArn"] == trail_arn()
    moto.client("cloudtrail").update_trail(Name="main", IncludeGlobalServiceEvents=True)


def prefixed_bucket(moto: Moto) -> str:
    moto.client("s3").create_bucket(Bucket="prefixed")
    allowed = trail_policy(bucket="prefixed")
    allowed["Statement"][1]["Resource"] = "arn:aws:s3:::prefixed/*"
    put_policy(moto, allowed, "prefixed")
    return "prefixed"


def test_every_trail_of_every_region_gets_its_statements_and_no_other_is_touched(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    trail(moto)
    west = trail_arn("west", "eu-west-1")
    put_policy(moto, json.loads(json.dumps(trail_policy()).replace(f'["{trail_arn()}"]', json.dumps([trail_arn(), west]))))
    moto.client("cloudtrail", "eu-west-1").create_trail(Name="west", S3BucketName=LOGS)
    put_policy(moto, trail_policy())
    found = delivery(function, faults)
    assert found["status"] == "fixed" and west in found["because"] and trail_arn() not in found["because"]
    added = policy_of(moto)["Statement"][2:]
    assert [it["Condition"]["StringEquals"]["aws:SourceArn"] for it in added] == [west, west]


def test_config_gets_its_three_statements(function: StartFunction, moto: Moto, faults: Faults) -> None:
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="config-logs")
    channel(moto, "config-logs", s3KeyPrefix="c")
    found = check(function, faults, DELIVERY, bucket="config-logs")[DELIVERY]
    assert found["status"] == "fixed"
    statements = policy_of(moto, "config-logs")["Statement"]
    actions = {it["Action"]: it["Resource"] for it in statements}
    assert actions == {
        "s3:GetBucketAcl": "arn:aws:s3:::config-logs",
        "s3:ListBucket": "arn:aws:s3:::config-logs",
        "s3:PutObject": f"arn:aws:s3:::config-logs/c/AWSLogs/{ACCOUNT}/Config/*",
    }
    assert {it["Principal"]["Service"] for it in statements} == {"config.amazonaws.com"}


def channel(moto: Moto, bucket: str, **given: Any) -> None:
    config = moto.client("config")
    recorder = {"name": "default", "roleARN": role(moto, "config", trust("config.amazonaws.com"))}
    deliver = policy(Action="s3:*", Resource="*")
    moto.client("iam").put_role_policy(RoleName="config", PolicyName="deliver", PolicyDocument=deliver)
    config.put_configuration_recorder(ConfigurationRecorder=recorder)
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": bucket} | given)


def test_a_deny_that_stops_the_trail_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{LOGS}/*"}
    put_policy(moto, trail_policy(deny))
    found = delivery(function, faults)
    assert found["status"] == "advised" and "denies s3:PutObject" in found["because"]
    assert writes(faults) == []


@pytest.mark.parametrize(
    "denied",
    [
        {"Resource": f"arn:aws:s3:::{LOGS}/*.json.gz"},
        {"Resource": f"arn:aws:s3:::{LOGS}/AWSLogs/*/CloudTrail/eu-west-1/*"},
        {"Resource": f"arn:aws:s3:::{LOGS}/*/CloudTrail-Digest/*"},
        {"NotResource": f"arn:aws:s3:::{LOGS}/AWSLogs/*/CloudTrail/us-east-1/*"},
        {"Resource": f"arn:aws:s3:::{LOGS}/AWSLogs/${{aws:SourceAccount}}/*"},
        {"Resource": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}},
        {"Resource": "*", "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Writer"}}},
    ],
)
def test_a_deny_of_a_part_of_the_files_is_told(
    function: StartFunction, moto: Moto, faults: Faults, denied: dict[str, Any]
) -> None:
    trail(moto)
    put_policy(moto, trail_policy({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", **denied}))
    found = delivery(function, faults)
    assert found["status"] == "advised" and "denies s3:PutObject" in found["because"]
    assert writes(faults) == []


@pytest.mark.parametrize(
    "denied",
    [
        {"Resource": f"arn:aws:s3:::{LOGS}/AWSLogs/*/elasticloadbalancing/*"},
        {"Resource": f"arn:aws:s3:::{LOGS}/*.csv"},
        {"NotResource": f"arn:aws:s3:::{LOGS}/AWSLogs/*"},
        {"Resource": "*", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
        {"Resource": "*", "Condition": {"ArnNotLike": {"aws:SourceArn": f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"}}},
    ],
)
def test_a_deny_of_other_files_is_none_of_the_trails(
    function: StartFunction, moto: Moto, faults: Faults, denied: dict[str, Any]
) -> None:
    trail(moto)
    put_policy(moto, trail_policy({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", **denied}))
    assert delivery(function, faults)["status"] == "compliant"
    assert writes(faults) == []


def test_a_grant_of_one_region_is_completed(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    narrow = trail_policy()
    narrow["Statement"][1]["Resource"] = f"arn:aws:s3:::{LOGS}/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/*"
    put_policy(moto, narrow)
    assert delivery(function, faults)["status"] == "fixed"
    assert policy_of(moto)["Statement"][:2] == narrow["Statement"]
    assert policy_of(moto)["Statement"][-1]["Resource"] == f"arn:aws:s3:::{LOGS}/AWSLogs/{ACCOUNT}/*"


@pytest.mark.parametrize(
    ("asked", "status"), [("o-a1b2c3d4e5", "compliant"), ("o-0000000000", "fixed"), (["o-x", "o-a1b2c3d4e5"], "compliant")]
)
def test_a_grant_to_the_organizations_trails_is_judged(
    function: StartFunction, moto: Moto, faults: Faults, asked: str, status: str
) -> None:
    trail(moto)
    granted = trail_policy()
    for statement in granted["Statement"][:2]:
        statement["Condition"] = {"StringEquals": {**statement.get("Condition", {}).get("StringEquals", {}), "aws:SourceOrgID": asked}}
    put_policy(moto, granted)
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/keeper"
    found = check(function, faults, DELIVERY, TRAILKEEPER_ORGANIZATION="o-a1b2c3d4e5", TRAILKEEPER_BUS=bus)[DELIVERY]
    assert found["status"] == status, found


def test_a_grant_beside_a_deny_that_cannot_be_judged_is_not_added(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """It might not help, so the policy stays as it is."""
    trail(moto)
    where = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": where}
    put_policy(moto, {"Version": "2012-10-17", "Statement": [deny]})
    assert delivery(function, faults)["status"] == "unknown"
    assert writes(faults) == []


def test_a_condition_that_cannot_be_judged_is_unknown(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    where = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{LOGS}/*", "Condition": where}
    put_policy(moto, trail_policy(deny))
    assert delivery(function, faults)["status"] == "unknown"
    assert writes(faults) == []


def test_requester_pays_keeps_the_trail_out(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    moto.client("s3").put_bucket_request_payment(Bucket=LOGS, RequestPaymentConfiguration={"Payer": "Requester"})
    found = delivery(function, faults)
    assert found["status"] == "advised" and "Requester Pays" in found["because"]
    assert writes(faults) == []


def test_a_bucket_that_is_gone_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = trail(moto)
    moto.client("s3").delete_bucket(Bucket=LOGS)
    found = check(function, faults)
    assert found[DELIVERY]["status"] == "advised" and arn in found[DELIVERY]["because"]
    assert found[HTTPS]["status"] == "not-applicable"
    assert writes(faults) == []


def test_a_bucket_of_another_account_is_told_and_never_written(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """Somebody else has taken the name of the bucket that was deleted."""
    trail(moto)
    moto.client("cloudtrail").start_logging(Name="main")
    moto.client("s3").delete_bucket(Bucket=LOGS)
    client_of(moto, OTHER, "s3").create_bucket(Bucket=LOGS)
    found = check(function, faults)
    in_force = {it["status"] for control, it in found.items() if control != "log-bucket-lifecycle"}
    assert in_force == {"advised", "not-applicable"} and "another account" in found[DELIVERY]["because"]
    assert f"{trail_arn()}: AccessDenied" in found[DELIVERY]["because"]
    assert writes(faults) == []


def central_bucket(moto: Moto, arn: str) -> Any:
    """A bucket of the log archive, which lets this account's trail in."""
    theirs = client_of(moto, OTHER, "s3")
    theirs.create_bucket(Bucket="central-logs")
    theirs.put_bucket_policy(Bucket="central-logs", Policy=trail_bucket_policy("central-logs", arn))
    return theirs


def test_a_bucket_of_another_account_is_right_while_deliveries_succeed(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    theirs = central_bucket(moto, trail_arn())
    trail(moto, S3BucketName="central-logs")
    found = delivery(function, faults, "central-logs")
    assert found["status"] == "unknown" and "it is not logging" in found["because"]
    moto.client("cloudtrail").start_logging(Name="main")
    assert delivery(function, faults, "central-logs")["status"] == "compliant"
    theirs.delete_bucket_policy(Bucket="central-logs")
    found = delivery(function, faults, "central-logs")
    assert found["status"] == "advised" and "AccessDenied" in found["because"]
    theirs.put_bucket_policy(Bucket="central-logs", Policy=trail_bucket_policy("central-logs", trail_arn()))
    assert delivery(function, faults, "central-logs")["status"] == "compliant", "the error is overtaken"
    faults.deny("cloudtrail", "GetTrailStatus")
    found = delivery(function, faults, "central-logs")
    assert found["status"] == "unknown" and "cloudtrail:GetTrailStatus was denied" in found["because"]
    assert writes(faults) == []


def test_so_it_is_for_a_channel(function: StartFunction, moto: Moto, faults: Faults) -> None:
    theirs = client_of(moto, OTHER, "s3")
    theirs.create_bucket(Bucket="central-logs")
    theirs.put_bucket_policy(Bucket="central-logs", Policy=policy(
        Principal={"AWS": ACCOUNT}, Action="s3:*", Resource=["arn:aws:s3:::central-logs", "arn:aws:s3:::central-logs/*"]))
    channel(moto, "central-logs")
    found = delivery(function, faults, "central-logs")
    assert found["status"] == "unknown" and "delivered nothing yet" in found["because"]
    moto.client("config").start_configuration_recorder(ConfigurationRecorderName="default")
    assert delivery(function, faults, "central-logs")["status"] == "compliant"
    theirs.delete_bucket_policy(Bucket="central-logs")
    found = delivery(function, faults, "central-logs")
    assert found["status"] == "advised" and "the Config channel of us-east-1" in found["because"]
    faults.deny("config", "DescribeDeliveryChannelStatus")
    found = delivery(function, faults, "central-logs")
    assert found["status"] == "unknown" and "config:DescribeDeliveryChannelStatus was denied" in found["because"]


@pytest.mark.function_alone("somebody is quicker than the function")
def test_somebody_elses_change_between_plan_and_write_is_kept(function: StartFunction, moto: Moto, faults: Faults) -> None:
    trail(moto)
    started = function("bucket", mode="enforce", TRAILKEEPER_CONTROLS="log-bucket-access-logging=off")
    moto.hold("GetBucketPolicy", "before", nth=2)
    reader = {"Sid": "Reader", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{LOGS}/*"}
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, bucket_call())
        moto.wait_until_held()
        put_policy(moto, trail_policy(reader))
        moto.release()
        found = by_control(running.result())
    assert found[HTTPS]["status"] == "fixed"
    sids = [it.get("Sid") for it in policy_of(moto)["Statement"]]
    assert sids == [None, None, "Reader", "TrailkeeperHttpsOnly"]
