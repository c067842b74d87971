"""AWS Config in a region, for the tests of the recorder function: what wakes it, what it leaves."""

from __future__ import annotations

import json
from typing import Any

from conftest import StartFunction
from envelope import Event, api_call
from given import Emulator, client_of
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from local_aws.server import request
from observed import result, writes

CONTROL = "config-recorder"
SERVICE = "config.amazonaws.com"
LINKED = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{SERVICE}/AWSServiceRoleForConfig"
LOGS = "config-logs"
"""The bucket of a customer's channel."""
WEST, NORTH, OTHER = "eu-west-1", "eu-north-1", "210987654321"
ROLE, RECORDER, CHANNEL, START = (
    "iam:CreateServiceLinkedRole",
    "config:PutConfigurationRecorder",
    "config:PutDeliveryChannel",
    "config:StartConfigurationRecorder",
)
BUCKET = [
    "s3:CreateBucket",
    "s3:PutBucketEncryption",
    "s3:PutBucketPolicy",
    "s3:PutPublicAccessBlock",
]
"""The calls that make a bucket of ours."""
EVERYTHING = [ROLE, *BUCKET, RECORDER, CHANNEL, START]
"""The calls that switch a region on which has nothing."""
READS = [
    "DescribeConfigurationRecorders",
    "DescribeConfigurationRecorderStatus",
    "DescribeDeliveryChannels",
]
ALL_TYPES = {"allSupported": True, "includeGlobalResourceTypes": False}
ONE_TYPE = {"allSupported": False, "resourceTypes": ["AWS::EC2::VPC"]}

Found = dict[str, Any]


# What wakes the function.


def config_call(
    name: str = "PutConfigurationRecorder", region: str = REGION, **record: Any
) -> Event:
    """A call of AWS Config as CloudTrail reports it."""
    named = {"requestParameters": {"configurationRecorderName": "default"}}
    return api_call("config", name, region=region, **(named | record))


def subject(region: str = REGION) -> str:
    """The ARN under which a region is reported."""
    return f"arn:aws:config:{region}:{ACCOUNT}:configuration-recorder/default"


def check(
    function: StartFunction, faults: Faults, mode: str = "enforce", region: str = REGION, **env: str
) -> Found:
    """What is said of a region; the record then holds the calls of that alone."""
    faults.forget()
    started = function("recorder", endpoint=faults, mode=mode, **env)
    found = result(started.invoke(config_call(region=region)))
    assert (found["control"], found["resource"], found["region"]) == (
        CONTROL,
        subject(region),
        region,
    )
    return found


# What there is.


def our_bucket(region: str = REGION) -> str:
    return f"trailkeeper-config-{ACCOUNT}-{region}"


def bucket_policy(bucket: str = LOGS, prefix: str = "", account: str = ACCOUNT) -> Found:
    """The bucket policy of AWS Config's Developer Guide, for one account."""
    arn, source = f"arn:aws:s3:::{bucket}", {"aws:SourceAccount": account}
    folder = "/".join(filter(None, (arn, prefix, "AWSLogs", account, "Config/*")))
    full = source | {"s3:x-amz-acl": "bucket-owner-full-control"}
    asked = [
        ("s3:GetBucketAcl", arn, source),
        ("s3:ListBucket", arn, source),
        ("s3:PutObject", folder, full),
    ]
    common = {"Effect": "Allow", "Principal": {"Service": SERVICE}}
    found = [
        common | {"Action": action, "Resource": resource, "Condition": {"StringEquals": condition}}
        for action, resource, condition in asked
    ]
    return {"Version": "2012-10-17", "Statement": found}


def delivery_bucket(
    account: Emulator,
    name: str = LOGS,
    region: str = REGION,
    document: Found | None = None,
    owner: str = ACCOUNT,
) -> str:
    """A bucket into which AWS Config of our account may deliver, unless another policy is given."""
    s3 = (
        account.client("s3", region)
        if owner == ACCOUNT
        else client_of(account, owner, "s3", region)
    )
    placed = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **({} if region == "us-east-1" else placed))
    text = json.dumps(bucket_policy(name) if document is None else document)
    if document != {}:
        s3.put_bucket_policy(Bucket=name, Policy=text)
    return name


def linked_role(account: Emulator) -> str:
    """The service-linked role, made unless it is there."""
    iam = account.client("iam")
    names = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    if "AWSServiceRoleForConfig" not in names:
        iam.create_service_linked_role(AWSServiceName=SERVICE)
    return LINKED


def recorder(account: Emulator, region: str = REGION, **given: Any) -> None:
    """A recorder, stopped: "default", unless it is given otherwise."""
    linked_role(account)
    whole = {"name": "default", "roleARN": LINKED, "recordingGroup": ALL_TYPES} | given
    account.client("config", region).put_configuration_recorder(ConfigurationRecorder=whole)


def channel(account: Emulator, region: str = REGION, **given: Any) -> None:
    """A channel, to LOGS unless it is given otherwise; a recorder must be there."""
    whole = {"name": "default", "s3BucketName": LOGS} | given
    account.client("config", region).put_delivery_channel(DeliveryChannel=whole)


def start(account: Emulator, region: str = REGION, name: str = "default") -> None:
    account.client("config", region).start_configuration_recorder(ConfigurationRecorderName=name)


def stop(account: Emulator, region: str = REGION, name: str = "default") -> None:
    account.client("config", region).stop_configuration_recorder(ConfigurationRecorderName=name)


def on(account: Emulator, region: str = REGION, **given: Any) -> None:
    """A region nothing is wrong; its bucket is made there unless there is one of that name."""
    names = [bucket["Name"] for bucket in account.client("s3", region).list_buckets()["Buckets"]]
    if LOGS not in names:
        delivery_bucket(account, LOGS, region)
    recorder(account, region, **given)
    channel(account, region)
    start(account, region, given.get("name", "default"))


def without_channel(account: Emulator, region: str = REGION) -> Event:
    """The event of the channel's deletion, before which AWS asks for the recorder to be stopped."""
    stop(account, region)
    account.client("config", region).delete_delivery_channel(DeliveryChannelName="default")
    return config_call("DeleteDeliveryChannel", region)


def delete_bucket(account: Emulator, name: str = LOGS, region: str = REGION) -> None:
    account.client("s3", region).delete_bucket(Bucket=name)


def told_status(
    moto: Moto, status: str, code: str = "", message: str = "", region: str = REGION
) -> None:
    """Has the recorder of a region tell this status."""
    told = {"region": region, "status": status, "code": code, "message": message}
    request("POST", f"{moto.endpoint}/_local/config/status", told)


# What there is afterwards.


def recorders(account: Emulator, region: str = REGION) -> list[Found]:
    return list(
        account.client("config", region).describe_configuration_recorders()[
            "ConfigurationRecorders"
        ]
    )


def channels(account: Emulator, region: str = REGION) -> list[Found]:
    return list(account.client("config", region).describe_delivery_channels()["DeliveryChannels"])


def is_recording(account: Emulator, region: str = REGION, name: str = "default") -> bool:
    """Whether the recorder of that name is switched on and does not fail."""
    told = account.client("config", region).describe_configuration_recorder_status()[
        "ConfigurationRecordersStatus"
    ]
    (status,) = [it for it in told if it["name"] == name]
    return bool(status["recording"]) and status.get("lastStatus", "").upper() != "FAILURE"


def policy_of(account: Emulator, bucket: str = LOGS, region: str = REGION) -> Found:
    document: Found = json.loads(
        account.client("s3", region).get_bucket_policy(Bucket=bucket)["Policy"]
    )
    return document


def buckets(account: Emulator) -> list[str]:
    """The names of all buckets of ours."""
    return [it["Name"] for it in account.client("s3").list_buckets(Prefix="trailkeeper")["Buckets"]]


def assert_our_bucket(account: Emulator, region: str = REGION, prefix: str = "") -> None:
    """Our bucket is private, encrypted, for HTTPS alone, and lets in AWS Config, nobody else."""
    s3, name = account.client("s3", region), our_bucket(region)
    blocks = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert set(blocks.values()) == {True} and len(blocks) == 4
    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (owner,) = s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"]
    assert owner == {"ObjectOwnership": "BucketOwnerEnforced"}
    statements = policy_of(account, name, region)["Statement"]
    allowed = [
        {key: it[key] for key in it if key != "Sid"} for it in statements if it["Effect"] == "Allow"
    ]
    expected = bucket_policy(name, prefix)["Statement"]
    assert sorted(allowed, key=lambda it: str(it["Action"])) == sorted(
        expected, key=lambda it: str(it["Action"])
    )
    (denied,) = [it for it in statements if it["Effect"] == "Deny"]
    assert denied["Principal"] == "*" and denied["Condition"] == {
        "Bool": {"aws:SecureTransport": "false"}
    }


def assert_made(account: Emulator, region: str = REGION, home: str = REGION) -> None:
    """The region has what we make where there is nothing, and nothing twice."""
    (made,) = recorders(account, region)
    assert (made["name"], made["roleARN"]) == ("default", LINKED)
    group = made["recordingGroup"]
    assert group["allSupported"] is True and group["includeGlobalResourceTypes"] is (region == home)
    assert channels(account, region) == [{"name": "default", "s3BucketName": our_bucket(region)}]
    assert is_recording(account, region)
    assert_our_bucket(account, region)
    roles = [role["Arn"] for role in account.client("iam").list_roles()["Roles"]]
    assert roles.count(LINKED) == 1


def changing(faults: Faults) -> list[str]:
    """The calls in the record that change something, as SERVICE:OPERATION."""
    return [f"{call.service}:{call.operation}" for call in writes(faults)]
