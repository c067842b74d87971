"""The local AWS Config asks for what AWS asks for, in its order, and tells how recording fares."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from given import client_of, key_with, policy, refusal, role, trust
from local_aws.processes import ACCOUNT, REGION, Moto
from local_aws.server import request

WEST = "eu-west-1"
OTHER = "210987654321"
SERVICE = "config.amazonaws.com"
BUCKET = "config-logs"
LINKED = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{SERVICE}/AWSServiceRoleForConfig"
SECURITY_HUB = "AWSConfigurationRecorderForSecurityHubCSPM"
INSUFFICIENT = "InsufficientDeliveryPolicyException"
CHANNEL = {"name": "default", "s3BucketName": BUCKET}
EVERYTHING = {"allSupported": True, "includeGlobalResourceTypes": False}


def linked_role(moto: Moto) -> str:
    iam = moto.client("iam")
    return str(iam.create_service_linked_role(AWSServiceName=SERVICE)["Role"]["Arn"])


def put(moto: Moto, region: str = REGION, tags: Any = (), **given: Any) -> None:
    """A recorder, with the service-linked role unless another one is given."""
    recorder = {"name": "default", "roleARN": LINKED} | given
    config = moto.client("config", region)
    config.put_configuration_recorder(ConfigurationRecorder=recorder, Tags=list(tags))


def bucket_policy(name: str = BUCKET, prefix: str = "", account: str = ACCOUNT) -> dict[str, Any]:
    """The bucket policy of AWS Config's Developer Guide."""
    arn, source = f"arn:aws:s3:::{name}", {"AWS:SourceAccount": account}
    folder = "/".join(filter(None, (arn, prefix, "AWSLogs", account, "Config/*")))
    full = {"s3:x-amz-acl": "bucket-owner-full-control"}
    common = {"Effect": "Allow", "Principal": {"Service": SERVICE}}
    found = [
        {"Action": "s3:GetBucketAcl", "Resource": arn, "Condition": {"StringEquals": source}},
        {"Action": "s3:ListBucket", "Resource": arn, "Condition": {"StringEquals": source}},
        {
            "Action": "s3:PutObject",
            "Resource": folder,
            "Condition": {"StringEquals": source | full},
        },
    ]
    return {"Version": "2012-10-17", "Statement": [common | one for one in found]}


def put_policy(s3: Any, document: dict[str, Any], name: str = BUCKET) -> None:
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(document))


def bucket(moto: Moto, document: dict[str, Any] | None = None, region: str = REGION) -> Any:
    """A bucket into which AWS Config may deliver, and a client for it."""
    s3 = moto.client("s3", region)
    placed = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=BUCKET, **({} if region == REGION else placed))
    put_policy(s3, document or bucket_policy())
    return s3


def recording(moto: Moto) -> Any:
    """A started recorder, and the client of its bucket."""
    linked_role(moto)
    put(moto)
    s3, config = bucket(moto), moto.client("config")
    config.put_delivery_channel(DeliveryChannel=CHANNEL)
    config.start_configuration_recorder(ConfigurationRecorderName="default")
    return s3


def recorder(moto: Moto, region: str = REGION) -> dict[str, Any]:
    (found,) = moto.client("config", region).describe_configuration_recorders()[
        "ConfigurationRecorders"
    ]
    return dict(found)


def status(moto: Moto) -> dict[str, Any]:
    (found,) = moto.client("config").describe_configuration_recorder_status()[
        "ConfigurationRecordersStatus"
    ]
    return dict(found)


def channels(moto: Moto) -> list[dict[str, Any]]:
    return list(moto.client("config").describe_delivery_channels()["DeliveryChannels"])


def order(moto: Moto, **given: Any) -> None:
    request("POST", f"{moto.endpoint}/_local/config/status", {"region": REGION} | given)


def test_one_thing_comes_before_the_next(moto: Moto) -> None:
    config, named = moto.client("config"), {"ConfigurationRecorderName": "default"}
    linked_role(moto)
    bucket(moto)
    found = refusal(config.put_delivery_channel, DeliveryChannel=CHANNEL)
    assert found[:2] == (400, "NoAvailableConfigurationRecorderException")
    for call in (config.start_configuration_recorder, config.stop_configuration_recorder):
        assert refusal(call, **named)[:2] == (400, "NoSuchConfigurationRecorderException")
    put(moto)
    assert (
        refusal(config.start_configuration_recorder, **named)[1]
        == "NoAvailableDeliveryChannelException"
    )
    config.put_delivery_channel(DeliveryChannel=CHANNEL)
    config.start_configuration_recorder(**named)
    delete = config.delete_delivery_channel
    assert (
        refusal(delete, DeliveryChannelName="default")[1]
        == "LastDeliveryChannelDeleteFailedException"
    )
    config.stop_configuration_recorder(**named)
    delete(DeliveryChannelName="default")
    assert channels(moto) == [] and status(moto)["recording"] is False


def test_there_is_one_recorder_and_one_channel_in_a_region(moto: Moto) -> None:
    linked_role(moto)
    bucket(moto)
    put(moto, name="first")
    assert refusal(lambda: put(moto))[:2] == (
        400,
        "MaxNumberOfConfigurationRecordersExceededException",
    )
    call = moto.client("config").put_delivery_channel
    call(DeliveryChannel=CHANNEL | {"name": "first"})
    assert refusal(call, DeliveryChannel=CHANNEL)[:2] == (
        400,
        "MaxNumberOfDeliveryChannelsExceededException",
    )
    assert recorder(moto)["name"] == channels(moto)[0]["name"] == "first"


def test_names_are_default_or_sound(moto: Moto) -> None:
    linked_role(moto)
    bucket(moto)
    assert refusal(lambda: put(moto, name="n" * 257))[1] == "ValidationException"
    found = refusal(lambda: put(moto, name="AWSConfigurationRecorderForMe"))
    assert found[1] == "InvalidConfigurationRecorderNameException"
    config = moto.client("config")
    config.put_configuration_recorder(ConfigurationRecorder={"roleARN": LINKED})
    config.put_delivery_channel(DeliveryChannel={"s3BucketName": BUCKET})
    assert recorder(moto)["name"] == channels(moto)[0]["name"] == "default"
    call = config.put_delivery_channel
    assert refusal(call, DeliveryChannel=CHANNEL | {"name": "n" * 257})[1] == "ValidationException"


def test_the_role_must_exist_and_trust_config(moto: Moto) -> None:
    config = moto.client("config")
    source = {"aws:SourceAccount": OTHER}
    wrong = [
        LINKED,
        "",
        f"arn:aws:iam::{ACCOUNT}:role/none",
        role(moto, "untrusting"),
        role(moto, "for-others", trust(SERVICE, StringEquals=source)),
    ]
    for arn in wrong:
        assert refusal(lambda arn=arn: put(moto, roleARN=arn))[:2] == (
            400,
            "InvalidRoleException",
        ), arn
    call = config.put_configuration_recorder
    assert refusal(call, ConfigurationRecorder={"name": "default"})[1] == "InvalidRoleException"
    assert config.describe_configuration_recorders()["ConfigurationRecorders"] == []
    right = role(moto, "right", trust(SERVICE, StringEquals={"AWS:SourceAccount": ACCOUNT}))
    for arn in (right, linked_role(moto)):
        put(moto, roleARN=arn)
        assert recorder(moto)["roleARN"] == arn


def test_a_new_role_may_come_too_early(moto: Moto) -> None:
    moto.role_propagation(2)
    linked_role(moto)
    assert [refusal(lambda: put(moto))[1] for _ in range(2)] == ["InvalidRoleException"] * 2
    put(moto)


def test_a_recorder_is_overwritten_whole(moto: Moto) -> None:
    linked_role(moto)
    daily = {
        "recordingFrequency": "DAILY",
        "recordingModeOverrides": [
            {
                "description": "d",
                "resourceTypes": ["AWS::EC2::VPC"],
                "recordingFrequency": "CONTINUOUS",
            }
        ],
    }
    without = {
        "exclusionByResourceTypes": {"resourceTypes": ["AWS::EC2::Volume"]},
        "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
    }
    put(moto, recordingGroup=without, recordingMode=daily)
    found = recorder(moto)
    assert found["arn"].startswith(
        f"arn:aws:config:{REGION}:{ACCOUNT}:configuration-recorder/default/"
    )
    assert found["recordingScope"] == "PAID" and "status" not in found
    assert found["recordingMode"] == daily and found["recordingGroup"].items() >= without.items()
    put(moto, recordingGroup=EVERYTHING | {"includeGlobalResourceTypes": True})
    after = recorder(moto)
    assert after["recordingMode"] == {
        "recordingFrequency": "CONTINUOUS",
        "recordingModeOverrides": [],
    }
    assert after["recordingGroup"]["includeGlobalResourceTypes"] is True
    assert after["recordingGroup"]["recordingStrategy"] == {
        "useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"
    }
    assert after["arn"] == found["arn"]
    put(moto)
    assert recorder(moto)["recordingGroup"]["includeGlobalResourceTypes"] is False


@pytest.mark.parametrize(
    "group",
    [
        {},
        {"allSupported": False},
        {"includeGlobalResourceTypes": True},
        {"resourceTypes": ["AWS::IAM::Role"], "includeGlobalResourceTypes": True},
        EVERYTHING | {"resourceTypes": ["AWS::EC2::VPC"]},
        EVERYTHING | {"recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"}},
    ],
)
def test_a_group_must_make_sense(moto: Moto, group: dict[str, Any]) -> None:
    linked_role(moto)
    put(moto)
    before = recorder(moto)
    assert refusal(lambda: put(moto, recordingGroup=group))[:2] == (
        400,
        "InvalidRecordingGroupException",
    )
    assert recorder(moto) == before


def test_a_mode_must_be_known(moto: Moto) -> None:
    linked_role(moto)
    found = refusal(lambda: put(moto, recordingMode={"recordingFrequency": "HOURLY"}))
    assert found[1] == "ValidationException"


def test_tags_are_those_of_the_creation(moto: Moto) -> None:
    linked_role(moto)
    config, ours = moto.client("config"), [{"Key": "by", "Value": "us"}]
    put(moto, tags=ours)
    put(moto, tags=[{"Key": "by", "Value": "them"}])
    arn = recorder(moto)["arn"]
    assert config.list_tags_for_resource(ResourceArn=arn)["Tags"] == ours
    config.tag_resource(ResourceArn=arn, Tags=[{"Key": "by", "Value": "them"}])
    assert config.list_tags_for_resource(ResourceArn=arn)["Tags"] == [
        {"Key": "by", "Value": "them"}
    ]


def test_of_several_recorders_at_once_one_is_made(moto: Moto) -> None:
    linked_role(moto)

    def create(number: int) -> bool:
        try:
            put(moto, name=f"r{number}")
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(create, range(6))) == 1
    assert recorder(moto)["name"]


def test_regions_are_apart(moto: Moto) -> None:
    linked_role(moto)
    put(moto)
    far = moto.client("config", WEST)
    assert far.describe_configuration_recorders()["ConfigurationRecorders"] == []
    put(moto, WEST, name="west")
    bucket(moto)
    far.put_delivery_channel(DeliveryChannel=CHANNEL)
    assert channels(moto) == [] and recorder(moto)["name"] == "default"
    assert recorder(moto, WEST)["arn"].split(":")[3] == WEST


def test_a_channel_keeps_what_it_is_given(moto: Moto) -> None:
    linked_role(moto)
    put(moto)
    bucket(moto, bucket_policy(prefix="audit"))
    allow = {"Effect": "Allow", "Principal": {"Service": SERVICE}, "Resource": "*"}
    own = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"}
    use = allow | {"Action": ["kms:GenerateDataKey", "kms:Decrypt"]}
    full = CHANNEL | {
        "s3KeyPrefix": "audit",
        "s3KmsKeyArn": key_with(moto, {"Version": "2012-10-17", "Statement": [own, use]}),
        "snsTopicARN": f"arn:aws:sns:{REGION}:{ACCOUNT}:told",
        "configSnapshotDeliveryProperties": {"deliveryFrequency": "Six_Hours"},
    }
    call = moto.client("config").put_delivery_channel
    call(DeliveryChannel=full)
    assert channels(moto) == [full]
    closed = key_with(moto, {"Version": "2012-10-17", "Statement": [own]})
    assert refusal(call, DeliveryChannel=full | {"s3KmsKeyArn": closed})[1] == INSUFFICIENT
    for arn in (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/none", "key"):
        assert (
            refusal(call, DeliveryChannel=full | {"s3KmsKeyArn": arn})[1]
            == "InvalidS3KmsKeyArnException"
        )
    assert (
        refusal(call, DeliveryChannel=full | {"snsTopicARN": "told"})[1]
        == "InvalidSNSTopicARNException"
    )
    assert channels(moto) == [full]
    call(DeliveryChannel={"name": "default", "s3KeyPrefix": "audit"})
    kept = {key: full[key] for key in ("name", "s3BucketName", "s3KeyPrefix", "snsTopicARN")}
    assert channels(moto) == [kept], "the bucket and the topic stay, the rest does not"


def without(number: int) -> dict[str, Any]:
    document = bucket_policy()
    del document["Statement"][number]
    return document


def narrowed(**condition: Any) -> dict[str, Any]:
    document = bucket_policy()
    for statement in document["Statement"]:
        statement["Condition"] |= condition
    return document


def denying(**statement: Any) -> dict[str, Any]:
    document = bucket_policy()
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject"}
    document["Statement"].append(deny | {"Resource": f"arn:aws:s3:::{BUCKET}/*"} | statement)
    return document


@pytest.mark.parametrize(
    ("document", "sound"),
    [
        (bucket_policy(), True),
        (denying(Condition={"Bool": {"aws:SecureTransport": "false"}}), True),
        (narrowed(ArnLike={"aws:SourceArn": f"arn:aws:config:*:{ACCOUNT}:*"}), True),
        (narrowed(ArnLike={"aws:SourceArn": f"arn:aws:config:{WEST}:{ACCOUNT}:*"}), False),
        (narrowed(StringEquals={"aws:PrincipalOrgID": "o-example"}), False),
        (without(0), False),
        (without(1), False),
        (without(2), False),
        (bucket_policy(prefix="audit"), False),
        (bucket_policy(account=OTHER), False),
        (denying(), False),
    ],
)
def test_the_bucket_policy_decides(moto: Moto, document: dict[str, Any], sound: bool) -> None:
    linked_role(moto)
    put(moto)
    bucket(moto, document)
    call = moto.client("config").put_delivery_channel
    if sound:
        call(DeliveryChannel=CHANNEL)
        assert channels(moto) == [CHANNEL]
        return
    assert refusal(call, DeliveryChannel=CHANNEL) == (
        400,
        INSUFFICIENT,
        f"Insufficient delivery policy to s3 bucket: {BUCKET}, unable to write to bucket, "
        "provided s3 key prefix is 'null', provided kms key is 'null'.",
    )
    assert channels(moto) == []


def test_the_bucket_must_be_somewhere(moto: Moto) -> None:
    linked_role(moto)
    put(moto)
    call = moto.client("config").put_delivery_channel
    assert refusal(call, DeliveryChannel=CHANNEL)[:2] == (400, "NoSuchBucketException")
    assert refusal(call, DeliveryChannel={"name": "default"})[1] == "NoSuchBucketException"
    bucket(moto, region=WEST)
    call(DeliveryChannel=CHANNEL)
    theirs = client_of(moto, OTHER, "s3")
    theirs.create_bucket(Bucket="theirs")
    put_policy(theirs, bucket_policy("theirs"), "theirs")
    call(DeliveryChannel=CHANNEL | {"s3BucketName": "theirs"})
    assert channels(moto)[0]["s3BucketName"] == "theirs"


def test_another_role_may_deliver_by_its_own_policies(moto: Moto) -> None:
    iam, s3, config = moto.client("iam"), moto.client("s3"), moto.client("config")
    s3.create_bucket(Bucket=BUCKET)
    put(moto, roleARN=role(moto, "recorder", trust(SERVICE)))
    assert refusal(config.put_delivery_channel, DeliveryChannel=CHANNEL)[1] == INSUFFICIENT
    arn = f"arn:aws:s3:::{BUCKET}"
    look = policy(Action=["s3:GetBucketAcl", "s3:ListBucket"], Resource=arn)
    full = {"StringLike": {"s3:x-amz-acl": "bucket-owner-full-control"}}
    write = policy(Action="s3:PutObject", Resource=f"{arn}/AWSLogs/{ACCOUNT}/*", Condition=full)
    for name, document in (("look", look), ("write", write)):
        iam.put_role_policy(RoleName="recorder", PolicyName=name, PolicyDocument=document)
    config.put_delivery_channel(DeliveryChannel=CHANNEL)
    put_policy(s3, {"Version": "2012-10-17", "Statement": denying()["Statement"][3:]})
    assert refusal(config.put_delivery_channel, DeliveryChannel=CHANNEL)[1] == INSUFFICIENT


def test_a_recorder_that_never_started_has_no_status(moto: Moto) -> None:
    linked_role(moto)
    put(moto)
    assert status(moto) == {"arn": recorder(moto)["arn"], "name": "default", "recording": False}


def test_recording_is_pending_until_it_is_told_otherwise(moto: Moto) -> None:
    recording(moto)
    assert (status(moto)["recording"], status(moto)["lastStatus"]) == (True, "PENDING")
    order(moto, status="SUCCESS")
    assert status(moto)["lastStatus"] == "SUCCESS" and status(moto)["lastStatusChangeTime"]
    order(moto, status="Failure", code="AccessDenied", message="no")
    found = status(moto)
    assert (found["lastStatus"], found["lastErrorCode"], found["lastErrorMessage"]) == (
        "Failure",
        "AccessDenied",
        "no",
    )
    moto.client("config").stop_configuration_recorder(ConfigurationRecorderName="default")
    found = status(moto)
    assert (found["recording"], found["lastStatus"]) == (False, "Failure") and found["lastStopTime"]
    order(moto, status="")
    moto.client("config").start_configuration_recorder(ConfigurationRecorderName="default")
    assert status(moto)["lastStatus"] == "PENDING" and "lastErrorCode" not in status(moto)


def test_a_delivery_that_no_longer_works_is_told(moto: Moto) -> None:
    s3, config = recording(moto), moto.client("config")
    order(moto, status="SUCCESS")

    def delivered() -> dict[str, Any]:
        (found,) = config.describe_delivery_channel_status()["DeliveryChannelsStatus"]
        return dict(found["configHistoryDeliveryInfo"])

    assert delivered() == {"lastStatus": "SUCCESS"}
    put_policy(s3, without(2))
    assert (status(moto)["lastStatus"], status(moto)["lastErrorCode"]) == (
        "FAILURE",
        "AccessDenied",
    )
    put_policy(s3, bucket_policy())
    assert status(moto)["lastStatus"] == "SUCCESS" and "lastErrorCode" not in status(moto)
    s3.delete_bucket(Bucket=BUCKET)
    assert (status(moto)["lastStatus"], status(moto)["lastErrorCode"]) == (
        "FAILURE",
        "NoSuchBucket",
    )
    assert delivered()["lastErrorCode"] == "NoSuchBucket"
    assert "does not exist" in status(moto)["lastErrorMessage"]


def test_a_recorder_whose_role_is_gone_fails(moto: Moto) -> None:
    recording(moto)
    order(moto, status="SUCCESS")
    moto.client("iam").delete_service_linked_role(RoleName="AWSServiceRoleForConfig")
    assert (status(moto)["recording"], status(moto)["lastStatus"]) == (True, "FAILURE")


def test_a_service_linked_recorder_is_beside_the_customers_and_its_own(moto: Moto) -> None:
    config = moto.client("config")
    made = config.put_service_linked_configuration_recorder(
        ServicePrincipal="securityhub.amazonaws.com"
    )
    assert made["Name"] == SECURITY_HUB
    assert moto.client("iam").get_role(RoleName="AWSServiceRoleForConfig")["Role"]["Arn"] == LINKED
    found = recorder(moto)
    assert (found["servicePrincipal"], found["recordingScope"]) == (
        "securityhub.amazonaws.com",
        "INTERNAL",
    )
    assert (found["arn"], status(moto)["recording"]) == (made["Arn"], True)
    assert refusal(config.put_delivery_channel, DeliveryChannel=CHANNEL)[1] == (
        "NoAvailableConfigurationRecorderException"
    )
    for operation in ("start", "stop", "delete"):
        call = getattr(config, f"{operation}_configuration_recorder")
        refused = refusal(call, ConfigurationRecorderName=SECURITY_HUB)
        assert refused[:2] == (400, "UnmodifiableEntityException")
    assert refusal(lambda: put(moto, name=SECURITY_HUB))[1] == "UnmodifiableEntityException"
    put(moto)
    listed = config.describe_configuration_recorders()["ConfigurationRecorders"]
    assert [one["name"] for one in listed] == ["default", SECURITY_HUB]
    again = refusal(
        config.put_service_linked_configuration_recorder,
        ServicePrincipal="securityhub.amazonaws.com",
    )
    assert again[1] == "ConflictException"
    config.delete_service_linked_configuration_recorder(
        ServicePrincipal="securityhub.amazonaws.com"
    )
    assert recorder(moto)["name"] == "default"


def test_one_recorder_is_asked_for_by_name_arn_or_service(moto: Moto) -> None:
    config, hub = moto.client("config"), "securityhub.amazonaws.com"
    config.put_service_linked_configuration_recorder(ServicePrincipal=hub)
    put(moto)
    call, arn = config.describe_configuration_recorders, ""
    for given, name in (
        ({"ConfigurationRecorderNames": ["default"]}, "default"),
        ({"ConfigurationRecorderNames": [SECURITY_HUB]}, SECURITY_HUB),
        ({"ServicePrincipal": hub}, SECURITY_HUB),
    ):
        (found,) = call(**given)["ConfigurationRecorders"]
        assert found["name"] == name
        arn = found["arn"]
        (told,) = config.describe_configuration_recorder_status(Arn=arn)[
            "ConfigurationRecordersStatus"
        ]
        assert told["name"] == name
    assert (
        refusal(call, ConfigurationRecorderNames=["none"])[1]
        == "NoSuchConfigurationRecorderException"
    )
    both = refusal(call, ConfigurationRecorderNames=["default"], Arn=arn)
    assert both[1] == "ValidationException"
