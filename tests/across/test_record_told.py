"""Who ends, narrows, moves or hides the record is told, be it by our own role, or after an exemption; our own fixes are not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from envelope import Event, schedule
from given import client_of, policy, role, server, trail_arn, trail_bucket, trail_key, trail_logs, trust
from inbox import Inbox
from intruder_calls import MALLORY, called
from local_aws.processes import ACCOUNT, REGION, Moto
from our_role import as_our_role, by, request_ids
from recorders import ALL_TYPES, ONE_TYPE, on
from runtime_api import Function
from trails import EVENTS, OTHER, kept_trail, selectors
from vpcs import delete_flow_logs, vpc_arn

EXEMPT = [{"Key": "trailkeeper:exempt", "Value": "all"}]
QUIET = {"TRAILKEEPER_CONTROLS": "log-bucket-mfa-delete=off", "TRAILKEEPER_REGIONS": REGION}
READ_ONLY = [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]
ONE_DAY = {"Rules": [{"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}

Found = dict[str, Any]


def told(started: Function, inbox: Inbox, event: Event | None) -> list[tuple[str, str]]:
    """Invokes a function; the results of its letters that are not repairs, each with who did it."""
    assert event, "the call was refused"
    answer = started.invoke(event)
    assert answer.ok, answer.error_message
    found = []
    for it in inbox.messages():
        report = json.loads(it["Message"])
        for result in report["results"]:
            if result["status"] == "changed":
                assert result["severity"] in ("high", "critical"), result
            found.append((result["control"], result["status"]))
        assert report["event"]["actor"] == event["detail"]["userIdentity"]["arn"]
    return sorted(found)


def by_our_role(
    function: StartFunction, moto: Moto, inbox: Inbox, family: str
) -> tuple[Function, Found]:
    """A function that runs as its role, and that role as a record shows it."""
    environment, ours = as_our_role(moto, f"{family}-function")
    started = function(family, mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic, **QUIET, **environment)
    return started, ours


def settled(started: Function, inbox: Inbox) -> None:
    """All in order, and people know of the rest."""
    started.invoke(schedule())
    inbox.messages()


@pytest.mark.parametrize("harm", ["bucket", "key", "group"])
def test_a_stolen_role_of_the_trail_function_is_told(function: StartFunction, moto: Moto, inbox: Inbox, harm: str) -> None:
    arn = kept_trail(moto)
    started, ours = by_our_role(function, moto, inbox, "trail")
    settled(started, inbox)
    match harm:
        case "bucket":
            scratch = trail_bucket(moto, "scratch", REGION, arn)
            event = called(moto, "cloudtrail", "UpdateTrail", Name=arn, S3BucketName=scratch)
        case "key":
            event = called(moto, "cloudtrail", "UpdateTrail", Name=arn, KmsKeyId=trail_key(moto, REGION, arn))
        case _:
            event = called(moto, "cloudtrail", "UpdateTrail", Name=arn, **trail_logs(moto, "other"))
    assert event
    found = told(started, inbox, by(event, ours))
    assert found == [("cloudtrail-logging", "changed")]


def test_what_a_step_of_ours_called_is_no_news(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    """The process knows its call by the request id; the same call with another id is somebody else's."""
    arn = kept_trail(moto)
    started, ours = by_our_role(function, moto, inbox, "trail")
    settled(started, inbox)
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=READ_ONLY)
    event = called(moto, "cloudtrail", "PutEventSelectors", TrailName=arn, EventSelectors=READ_ONLY)
    assert (EVENTS, "fixed") in told(started, inbox, event)
    request_id = request_ids(moto, "PutEventSelectors")[-1]
    assert event and selectors(moto, arn)["EventSelectors"][0]["ReadWriteType"] == "All"
    assert told(started, inbox, by(event, ours, requestID=request_id)) == []
    assert told(started, inbox, by(event, ours, requestID=request_id[::-1])) == [(EVENTS, "changed")]


def test_what_only_fills_a_trail_is_no_news_to_any_process(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    arn = kept_trail(moto)
    started, ours = by_our_role(function, moto, inbox, "trail")
    settled(started, inbox)
    event = called(moto, "cloudtrail", "UpdateTrail", Name=arn, EnableLogFileValidation=True, IsMultiRegionTrail=True)
    assert event and told(started, inbox, by(event, ours)) == []


def test_a_stolen_role_of_the_bucket_function_is_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    kept_trail(moto)
    bucket = moto.client("cloudtrail").describe_trails()["trailList"][0]["S3BucketName"]
    started, ours = by_our_role(function, moto, inbox, "bucket")
    settled(started, inbox)
    event = called(moto, "s3", "PutBucketLifecycleConfiguration", Bucket=bucket, LifecycleConfiguration=ONE_DAY)
    found = told(started, inbox, by(event, ours))
    assert event and set(found) == {("log-bucket-delivery", "changed"), ("log-bucket-retention", "advised")}


def test_a_stolen_role_of_the_recorder_function_is_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    started, ours = by_our_role(function, moto, inbox, "recorder")
    settled(started, inbox)
    config = moto.client("config")
    (channel,) = config.describe_delivery_channels()["DeliveryChannels"]
    again = called(moto, "config", "PutDeliveryChannel", DeliveryChannel=channel)
    assert again and told(started, inbox, by(again, ours)) == [], "our bucket"
    moto.client("s3").create_bucket(Bucket="scratch")
    document = moto.client("s3").get_bucket_policy(Bucket=channel["s3BucketName"])["Policy"]
    moto.client("s3").put_bucket_policy(Bucket="scratch", Policy=document.replace(channel["s3BucketName"], "scratch"))
    event = called(moto, "config", "PutDeliveryChannel", DeliveryChannel=channel | {"s3BucketName": "scratch"})
    assert event and told(started, inbox, by(event, ours)) == [("config-recorder", "changed")]


def test_a_stolen_role_of_the_vpc_function_is_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    vpc = moto.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    started, ours = by_our_role(function, moto, inbox, "vpc")
    settled(started, inbox)
    moto.client("ec2").create_tags(Resources=[vpc], Tags=EXEMPT)
    assert told(started, inbox, by(_unlogged(moto, vpc), ours)) == [("vpc-flow-logs", "changed")]


def _unlogged(moto: Moto, *vpcs: str) -> Event:
    """DeleteFlowLogs of all flow logs of these VPCs."""
    found = moto.client("ec2").describe_flow_logs()["FlowLogs"]
    ids = [it["FlowLogId"] for it in found if it["ResourceId"] in vpcs]
    event = called(moto, "ec2", "DeleteFlowLogs", FlowLogIds=ids)
    assert event
    return event


def test_of_two_vpcs_that_lose_their_flow_logs_each_is_told(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    ec2 = moto.client("ec2")
    vpcs = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (8, 9)]
    started = function("vpc", mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic, **QUIET)
    settled(started, inbox)
    ec2.create_tags(Resources=[vpcs[1]], Tags=EXEMPT)
    started.invoke(_unlogged(moto, *vpcs))
    (letter,) = inbox.messages()
    report = json.loads(letter["Message"])
    assert report["event"]["actor"] == MALLORY["arn"]
    found = {it["resource"]: (it["status"], it["severity"]) for it in report["results"]}
    assert found == {vpc_arn(vpcs[0]): ("fixed", "medium"), vpc_arn(vpcs[1]): ("changed", "high")}
    assert set(json.loads(letter["MessageAttributes"]["severity"]["Value"])) == {"medium", "high"}
    started.invoke(by(delete_flow_logs(), MALLORY))
    (again,) = inbox.messages()
    assert [it["resource"] for it in json.loads(again["Message"])["results"]] == [vpc_arn("*")], "the other is known"


# An exemption first, then what it hides, by a call that is not about the record.


@pytest.mark.parametrize("harm", ["key", "alias", "store"])
def test_a_trail_that_is_exempt_first(function: StartFunction, moto: Moto, inbox: Inbox, harm: str) -> None:
    arn = kept_trail(moto)
    kept_trail(moto, "second", S3BucketName=trail_bucket(moto, "scratch", REGION, trail_arn("second")))
    started = function("trail", mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic, **QUIET)
    settled(started, inbox)
    event = called(moto, "cloudtrail", "AddTags", ResourceId=arn, TagsList=EXEMPT)
    assert told(started, inbox, event) == [], "nothing is hidden yet"
    key = moto.client("cloudtrail").describe_trails(trailNameList=["main"])["trailList"][0]["KmsKeyId"]
    closed = policy(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="kms:*", Resource="*")
    event = called(moto, "kms", "PutKeyPolicy", KeyId=key, PolicyName="default", Policy=closed)
    assert event
    match harm:
        case "alias":
            given: Found = {"requestParameters": {"aliasName": "alias/trailkeeper-cloudtrail"}, "eventName": "UpdateAlias"}
            event["detail"] |= given
        case "store":
            event["detail"] |= {"requestParameters": {"customKeyStoreId": "cks-1"}, "eventName": "DisconnectCustomKeyStore"}
    found = told(started, inbox, event)
    assert ("cloudtrail-kms", "changed") in found and {status for _, status in found} == {"changed"}
    assert told(started, inbox, event) == [], "once"


def test_a_server_that_is_exempt_first(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    arn = role(moto, "sftp-logs", trust())
    write = policy(
        Action=["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:CreateLogGroup", "logs:PutLogEvents"], Resource="*"
    )
    moto.client("iam").put_role_policy(RoleName="sftp-logs", PolicyName="write", PolicyDocument=write)
    server_id = server(moto, LoggingRole=arn)
    started = function(mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic, **QUIET)
    tagged = f"arn:aws:transfer:{REGION}:{ACCOUNT}:server/{server_id}"
    assert told(started, inbox, called(moto, "transfer", "TagResource", Arn=tagged, Tags=EXEMPT)) == []
    event = called(moto, "iam", "DeleteRolePolicy", RoleName="sftp-logs", PolicyName="write")
    assert told(started, inbox, event) == [("transfer-server-logging", "changed")]
    assert told(started, inbox, event) == [], "once"


@pytest.mark.parametrize("first", ["tag", "harm"])
def test_a_recorder_that_is_exempt(function: StartFunction, moto: Moto, inbox: Inbox, first: str) -> None:
    on(moto, recordingGroup=ALL_TYPES)
    started = function("recorder", mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic, **QUIET)
    settled(started, inbox)
    (it,) = moto.client("config").describe_configuration_recorders()["ConfigurationRecorders"]
    narrow = {"name": it["name"], "roleARN": it["roleARN"], "recordingGroup": ONE_TYPE}
    if first == "harm":
        moto.client("config").put_configuration_recorder(ConfigurationRecorder=narrow)
    tag = called(moto, "config", "TagResource", ResourceArn=it["arn"], Tags=EXEMPT)
    tagging = told(started, inbox, tag)
    assert tagging == ([] if first == "tag" else [("config-recorder", "changed")])
    event = called(moto, "config", "PutConfigurationRecorder", ConfigurationRecorder=narrow)
    assert told(started, inbox, event) == ([("config-recorder", "changed")] if first == "tag" else [])


def test_a_bucket_that_is_exempt_first(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    kept_trail(moto)
    kept_trail(moto, "second", S3BucketName=trail_bucket(moto, "scratch", REGION, trail_arn("second")))
    started = function("bucket", mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic, **QUIET)
    settled(started, inbox)
    tag = called(moto, "s3", "PutBucketTagging", Bucket="scratch", Tagging={"TagSet": EXEMPT})
    assert told(started, inbox, tag) == []
    key = client_of(moto, OTHER, "kms").create_key()["KeyMetadata"]["Arn"]
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    event = called(
        moto, "s3", "PutBucketEncryption", Bucket="scratch", ServerSideEncryptionConfiguration={"Rules": [rule]}
    )
    assert told(started, inbox, event) == [("log-bucket-readers", "changed")]
    assert told(started, inbox, event) == [], "once"
