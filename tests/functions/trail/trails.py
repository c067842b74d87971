"""Trails, for the tests of the trail function: what wakes it, what it says, and what it leaves behind."""

from __future__ import annotations

import json
from typing import Any

from envelope import Event, api_call
from given import (
    Emulator,
    client_of,
    described_trail,
    trail,
    trail_arn,
    trail_bucket_policy,
    trail_key,
    trail_logs,
)
from local_aws.faults import Call, Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import results, writes
from runtime_api import Answer

MULTI, LOGGING, EVENTS = "cloudtrail-multi-region", "cloudtrail-logging", "cloudtrail-management-events"
VALIDATION, KMS, LOGS = "cloudtrail-log-validation", "cloudtrail-kms", "cloudtrail-cloudwatch-logs"
# Where the files go has tests of its own: nothing else makes a trail of these tests deliver elsewhere.
DELIVERY = "cloudtrail-delivery"
CONTROLS = (MULTI, LOGGING, EVENTS, VALIDATION, KMS, LOGS)

OUR_TRAIL = "trailkeeper-trail"
OUR_TRAIL_ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{OUR_TRAIL}"
OUR_BUCKET = f"trailkeeper-cloudtrail-{ACCOUNT}-{REGION}"
OUR_KEY = "alias/trailkeeper-cloudtrail"
OUR_GROUP = "/trailkeeper/cloudtrail"
OUR_ROLE = "trailkeeper-cloudtrail-logs"
OUR_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{OUR_ROLE}"
OUR_POLICY = "write-trail-logs"
OURS = {"managed-by": "trailkeeper"}
OUR_PURPOSE = "Encrypts the log files of CloudTrail trails. Made by Trailkeeper."
WEST = "eu-west-1"
OTHER = "210987654321"

KEY_CALLS = ["kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation"]
GROUP_CALLS = ["logs:CreateLogGroup", "logs:PutRetentionPolicy"]
ROLE_CALLS = ["iam:CreateRole", "iam:PutRolePolicy"]
UPDATE, START = "cloudtrail:UpdateTrail", "cloudtrail:StartLogging"


# What wakes the function.


def trail_call(name: str, arn: str, **record: Any) -> Event:
    """A call of CloudTrail on a trail, which it names by its ARN, from its home region."""
    member = "trailName" if name == "PutEventSelectors" else "name"
    given = {"requestParameters": {member: arn}}
    return api_call("cloudtrail", name, region=region_of(arn), **(given | record))


def create_trail(arn: str, **record: Any) -> Event:
    """CreateTrail, which names the trail by name, and by ARN in its answer."""
    asked = {"name": name_of(arn), "s3BucketName": "any", "isMultiRegionTrail": False}
    given = {"requestParameters": asked, "responseElements": asked | {"trailARN": arn}}
    return trail_call("CreateTrail", arn, **(given | record))


def key_call(name: str, arn: str, **record: Any) -> Event:
    """A call of KMS, which names the key by its id, and in `resources` by its ARN."""
    named = [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": arn}]
    given = {"requestParameters": {"keyId": name_of(arn)}, "resources": named}
    return api_call("kms", name, region=region_of(arn), **(given | record))


def group_call(name: str, region: str = REGION) -> Event:
    """DeleteLogGroup."""
    return api_call("logs", "DeleteLogGroup", region=region, requestParameters={"logGroupName": name})


def region_of(arn: str) -> str:
    """The region that an ARN names."""
    return arn.split(":")[3]


def name_of(arn: str) -> str:
    """What an ARN ends with: the name of a trail, the id of a key."""
    return arn.rpartition("/")[2]


# What it says.


def outcomes(answer: Answer, arn: str | None = None) -> dict[str, dict[str, Any]]:
    """The result of each of these controls, for one trail: the only one unless it is named."""
    found = [it for it in results(answer) if arn in (None, it["resource"]) and it["control"] in CONTROLS]
    by_control = {it["control"]: it for it in found}
    assert len(found) == len(by_control) == len(CONTROLS), found
    return by_control


def statuses(answer: Answer, arn: str | None = None) -> dict[str, str]:
    """The status of each control, likewise."""
    return {control: it["status"] for control, it in outcomes(answer, arn).items()}


def every(status: str, but: dict[str, str] | None = None) -> dict[str, str]:
    """One status for all controls but these."""
    return dict.fromkeys(CONTROLS, status) | (but or {})


def resources(answer: Answer) -> list[str]:
    """The trails that were looked at, each as often as it was."""
    found = [it["resource"] for it in results(answer) if it["control"] == LOGGING]
    assert sorted(found) == sorted(it["resource"] for it in results(answer) if it["control"] == MULTI)
    return found


def changes(faults: Faults) -> list[Call]:
    """The calls in the record that change something."""
    return [call for call in writes(faults) if call.operation != "HeadBucket"]


def changing(faults: Faults) -> list[str]:
    """The same as IAM names them."""
    return [f"{call.service}:{call.operation}" for call in changes(faults)]


# What is there.


def kept_trail(moto: Moto, name: str = "main", region: str = REGION, **given: Any) -> str:
    """A trail with nothing wrong, on a key, group and role of the customer's; None leaves one out."""
    arn, key = trail_arn(name, region), {}
    if "KmsKeyId" not in given:
        key = {"KmsKeyId": trail_key(moto, region, arn)}
    logs = {} if "CloudWatchLogsLogGroupArn" in given else trail_logs(moto, name, region)
    whole = {"IsMultiRegionTrail": True, "EnableLogFileValidation": True, **key, **logs} | given
    made = trail(moto, name, region, **{k: v for k, v in whole.items() if v is not None})
    moto.client("cloudtrail", region).start_logging(Name=made)
    return made


WITHOUT_LOGS: dict[str, Any] = {"CloudWatchLogsLogGroupArn": None, "CloudWatchLogsRoleArn": None}


def single_trail(moto: Moto, name: str = "main", region: str = REGION, **given: Any) -> str:
    """The same for one region only."""
    return kept_trail(moto, name, region, **({"IsMultiRegionTrail": False} | given))


def organization_trail(moto: Moto) -> str:
    """A logging multi-region trail of the organization, whose account is another."""
    arn, bucket = trail_arn("org", account_id=OTHER), foreign_bucket(moto, trail_arn("org", account_id=OTHER))
    cloudtrail = client_of(moto, OTHER, "cloudtrail")
    cloudtrail.create_trail(Name="org", S3BucketName=bucket, IsMultiRegionTrail=True, IsOrganizationTrail=True)
    cloudtrail.start_logging(Name="org")
    return arn


def foreign_bucket(moto: Moto, *arns: str) -> str:
    """A bucket of another account, into which these trails may write."""
    s3, name = client_of(moto, OTHER, "s3"), "foreign-logs"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_policy(Bucket=name, Policy=trail_bucket_policy(name, *arns))
    return name


def basic(kind: str = "All", management: bool = True, data: Any = (), excluded: tuple[str, ...] = ()) -> dict[str, Any]:
    """A basic event selector; by default the one that takes all management events."""
    return {
        "ReadWriteType": kind, "IncludeManagementEvents": management, "DataResources": list(data),
        "ExcludeManagementEventSources": list(excluded),
    }


def home(moto: Emulator, arn: str) -> Any:
    """A client of CloudTrail in the trail's home region."""
    return moto.client("cloudtrail", region_of(arn))


def now(moto: Emulator, arn: str) -> dict[str, Any]:
    """The trail as it is."""
    return described_trail(moto, arn, region_of(arn))


def is_logging(moto: Emulator, arn: str) -> bool:
    """Whether it is logging."""
    return bool(home(moto, arn).get_trail_status(Name=arn)["IsLogging"])


def selectors(moto: Emulator, arn: str) -> dict[str, Any]:
    """What it records, of whichever kind."""
    found = home(moto, arn).get_event_selectors(TrailName=arn)
    return {k: v for k, v in found.items() if k in ("EventSelectors", "AdvancedEventSelectors")}


def key_policy(moto: Emulator, arn: str) -> dict[str, Any]:
    """The policy of a key."""
    found = moto.client("kms", region_of(arn)).get_key_policy(KeyId=arn, PolicyName="default")
    document: dict[str, Any] = json.loads(found["Policy"])
    return document


def our_keys(moto: Emulator, region: str = REGION) -> list[str]:
    """The ARNs of the keys that Trailkeeper made."""
    kms = moto.client("kms", region)
    keys = [key["KeyArn"] for page in kms.get_paginator("list_keys").paginate() for key in page["Keys"]]
    described = {key: kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] for key in keys}
    return [key for key, words in described.items() if words.endswith("Made by Trailkeeper.")]


def tags_of(moto: Emulator, key: str) -> dict[str, str]:
    """The tags of a key."""
    found = moto.client("kms", region_of(key)).list_resource_tags(KeyId=key)["Tags"]
    return {tag["TagKey"]: tag["TagValue"] for tag in found}


def aliased(moto: Emulator, region: str = REGION) -> list[str]:
    """The ids of the keys that our alias names: one, or none."""
    listed = moto.client("kms", region).list_aliases()["Aliases"]
    return [alias["TargetKeyId"] for alias in listed if alias["AliasName"] == OUR_KEY]


def our_roles(moto: Emulator) -> list[str]:
    """The roles whose names begin as ours do."""
    found = moto.client("iam").list_roles()["Roles"]
    return [role["RoleName"] for role in found if role["RoleName"].startswith("trailkeeper-") and "FunctionRole" not in role["RoleName"]]


def retentions(moto: Emulator, region: str = REGION) -> dict[str, int | None]:
    """The log groups of a region, and for how many days each keeps its events."""
    found = moto.client("logs", region).describe_log_groups()["logGroups"]
    return {group["logGroupName"]: group.get("retentionInDays") for group in found}


# In order.


def is_kept(statements: list[dict[str, Any]], family: str) -> bool:
    """Whether a key's own policy lets the function keep the key, at home and as a member, and nobody else."""
    (kept,) = [it for it in statements if it.get("Sid") == "TrailkeeperKeepsThisKey"]
    roles = [f"trailkeeper-FunctionRole-{family}", "TrailkeeperRole"]
    return bool(
        kept["Condition"]["ArnEquals"] == {"aws:PrincipalArn": [f"arn:aws:iam::{ACCOUNT}:role/{it}" for it in roles]}
        and kept["Condition"]["StringEqualsIfExists"] == {"aws:PrincipalTag/trailkeeper-family": family}
        and kept["Action"] == ["kms:CreateAlias", "kms:EnableKeyRotation", "kms:PutKeyPolicy"]
    )


def assert_key_in_order(moto: Emulator, region: str = REGION) -> str:
    """There is one key of ours, named, rotating, for the trails of this account alone; its ARN."""
    (key,) = our_keys(moto, region)
    assert aliased(moto, region) == [name_of(key)]
    assert moto.client("kms", region).get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    statements = key_policy(moto, key)["Statement"]
    root = {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    assert any(it["Principal"] == root and it["Action"] == "kms:*" and "Condition" not in it for it in statements)
    trails = f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"
    assert is_kept(statements, "trail") and tags_of(moto, key) == {}
    ours = [it for it in statements if it["Principal"] == {"Service": "cloudtrail.amazonaws.com"}]
    assert {it["Action"] for it in ours} >= {"kms:GenerateDataKey*", "kms:DescribeKey"}
    for it in ours:
        assert it["Condition"]["ArnLike"]["aws:SourceArn"] == trails
        if it["Action"] == "kms:GenerateDataKey*":
            assert it["Condition"]["StringLike"] == {"kms:EncryptionContext:aws:cloudtrail:arn": trails}
    return key


def assert_role_in_order(moto: Emulator, *groups: str) -> None:
    """There is one role of ours, by which CloudTrail writes to the trails' streams in these groups alone."""
    iam = moto.client("iam")
    assert our_roles(moto) == [OUR_ROLE]
    role = iam.get_role(RoleName=OUR_ROLE)["Role"]
    assert {tag["Key"]: tag["Value"] for tag in role["Tags"]} == OURS
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": "cloudtrail.amazonaws.com"}
    assert "Condition" not in trusted, "CloudTrail supports none there"
    assert iam.list_attached_role_policies(RoleName=OUR_ROLE)["AttachedPolicies"] == []
    written = []
    for name in iam.list_role_policies(RoleName=OUR_ROLE)["PolicyNames"]:
        (statement,) = iam.get_role_policy(RoleName=OUR_ROLE, PolicyName=name)["PolicyDocument"]["Statement"]
        assert sorted(statement["Action"]) == ["logs:CreateLogStream", "logs:PutLogEvents"]
        group, stream = statement["Resource"].split(":log-group:")[1].split(":log-stream:")
        assert stream.startswith(f"{ACCOUNT}_CloudTrail_")
        written.append(group)
    assert sorted(written) == sorted(groups)


def assert_kept(moto: Emulator, arn: str, *, multi: bool = True, retention: int = 365) -> None:
    """The trail has nothing wrong, with our key, group and role, and none of them is there twice."""
    found, region = now(moto, arn), region_of(arn)
    assert is_logging(moto, arn)
    assert found["IsMultiRegionTrail"] is multi
    assert found["LogFileValidationEnabled"] is True
    assert found["KmsKeyId"] == assert_key_in_order(moto, region)
    group = f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{OUR_GROUP}:*"
    assert (found["CloudWatchLogsLogGroupArn"], found["CloudWatchLogsRoleArn"]) == (group, OUR_ROLE_ARN)
    assert retentions(moto, region)[OUR_GROUP] == retention
    assert_role_in_order(moto, OUR_GROUP)
    told = home(moto, arn).get_trail_status(Name=arn)
    assert not {name for name in told if name.endswith("Error")}, "everything is delivered"
