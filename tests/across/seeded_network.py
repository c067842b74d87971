"""Three regions as one finds them: VPCs with every kind of flow log, keys of every kind, and Config on, stopped, absent."""

from __future__ import annotations

import json
from typing import Any

from given import role, trust
from local_aws.processes import ACCOUNT, Moto
from local_aws.server import request
from seeded import EAST, REGIONS, SOUTH, STRANGER, WEST

LOGS = "arn:aws:s3:::flow-records"
SAYS = "FlowLogs"
CONFIG = "AWSConfig"


def seed(moto: Moto) -> dict[str, str]:
    """Fills an empty account; the ids of what is in it by what is told of it."""
    moto.regions(REGIONS)
    return _vpcs(moto) | _keys(moto) | _config(moto)


def _vpcs(moto: Moto) -> dict[str, str]:
    """Twelve VPCs, beside the default one of each region."""
    writer = flow_log_role(moto, "flow-logs")
    dropped = flow_log_role(moto, "dropped")
    moto.client("s3").create_bucket(Bucket="flow-records")
    moto.client("s3").put_bucket_policy(Bucket="flow-records", Policy=json.dumps(_delivery()))
    made: dict[str, str] = {}

    def vpc(name: str, region: str) -> str:
        made[name] = str(moto.client("ec2", region).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
        return made[name]

    def flows(vpc_id: str, region: str, traffic: str, group: str, **given: Any) -> str:
        arn = given.pop("role", writer)
        answer = moto.client("ec2", region).create_flow_logs(
            ResourceIds=[vpc_id], ResourceType="VPC", TrafficType=traffic, LogGroupName=group,
            DeliverLogsPermissionArn=arn, **given,
        )
        return str(answer["FlowLogIds"][0])

    for region in REGIONS:
        moto.client("logs", region).create_log_group(logGroupName="flows")
    vpc("silent in the east", EAST)
    vpc("silent in the west", WEST)
    flows(vpc("all", EAST), EAST, "ALL", "flows")
    flows(vpc("rejected only", EAST), EAST, "REJECT", "flows")
    flows(vpc("accepted only", EAST), EAST, "ACCEPT", "flows")
    moto.client("ec2", WEST).create_flow_logs(
        ResourceIds=[vpc("into a bucket", WEST)], ResourceType="VPC", TrafficType="ALL",
        LogDestinationType="s3", LogDestination=LOGS,
    )
    subnet = moto.client("ec2", WEST).create_subnet(VpcId=vpc("subnet only", WEST), CidrBlock="10.0.1.0/24")
    moto.client("ec2", WEST).create_flow_logs(
        ResourceIds=[subnet["Subnet"]["SubnetId"]], ResourceType="Subnet", TrafficType="ALL",
        LogGroupName="flows", DeliverLogsPermissionArn=writer,
    )
    failing = flows(vpc("failing", WEST), WEST, "ALL", "flows")
    _order(moto, "flow-log-status", region=WEST, flow_log=failing, status="FAILED", message="Access error")
    ours = flows(
        vpc("ours, failing", SOUTH), SOUTH, "ALL", "flows",
        TagSpecifications=[{
            "ResourceType": "vpc-flow-log", "Tags": [{"Key": "managed-by", "Value": "trailkeeper"}],
        }],
    )
    _order(moto, "flow-log-status", region=SOUTH, flow_log=ours, status="FAILED", message="Access error")
    flows(vpc("role gone", SOUTH), SOUTH, "ALL", "flows", role=dropped)
    moto.client("iam").delete_role_policy(RoleName="dropped", PolicyName="write")
    moto.client("iam").delete_role(RoleName="dropped")
    _order(moto, "vpc-owner", region=SOUTH, vpc=vpc("another owner's", SOUTH), owner=STRANGER)
    flows(vpc("accepted and rejected", SOUTH), SOUTH, "ACCEPT", "flows")
    flows(made["accepted and rejected"], SOUTH, "REJECT", "others")
    return made


def flow_log_role(moto: Moto, name: str) -> str:
    """A role of the customer's that flow logs may write with."""
    arn = role(moto, name, trust("vpc-flow-logs.amazonaws.com"))
    may = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    moto.client("iam").put_role_policy(RoleName=name, PolicyName="write", PolicyDocument=document)
    return arn


def _delivery() -> dict[str, Any]:
    service = {"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}}
    return {"Version": "2012-10-17", "Statement": [
        service | {"Sid": SAYS, "Action": "s3:PutObject", "Resource": f"{LOGS}/*"},
        service | {"Action": "s3:GetBucketAcl", "Resource": LOGS},
    ]}


def _order(moto: Moto, what: str, **body: Any) -> None:
    request("POST", f"{moto.endpoint}/_local/ec2/{what}", body)


def _keys(moto: Moto) -> dict[str, str]:
    """Ten keys, beside those that AWS manages."""
    made: dict[str, str] = {}

    def key(name: str, region: str, **given: Any) -> str:
        made[name] = str(moto.client("kms", region).create_key(**given)["KeyMetadata"]["KeyId"])
        return made[name]

    kms = moto.client("kms")
    key("rotating never", EAST)
    kms.enable_key_rotation(KeyId=key("rotating", EAST), RotationPeriodInDays=180)
    key("asymmetric", EAST, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    key("HMAC", EAST, KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")
    key("imported", WEST, Origin="EXTERNAL")
    moto.client("kms", WEST).disable_key(KeyId=key("disabled", WEST))
    moto.client("kms", WEST).schedule_key_deletion(KeyId=key("going", WEST))
    key("primary", SOUTH, MultiRegion=True)
    moto.client("kms", SOUTH).replicate_key(KeyId=made["primary"], ReplicaRegion=WEST)
    key("rotating never in the south", SOUTH)
    key("rotating never in the west", WEST)
    return made


def _config(moto: Moto) -> dict[str, str]:
    """On in the east, stopped in the west, absent in the south."""
    moto.client("iam").create_service_linked_role(AWSServiceName="config.amazonaws.com")
    linked = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
    moto.client("s3").create_bucket(Bucket="config-history")
    moto.client("s3").put_bucket_policy(Bucket="config-history", Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Sid": CONFIG, "Effect": "Allow", "Principal": {"Service": "config.amazonaws.com"}, "Action": "s3:*",
            "Resource": ["arn:aws:s3:::config-history", "arn:aws:s3:::config-history/*"],
        }],
    }))
    for region in (EAST, WEST):
        config = moto.client("config", region)
        config.put_configuration_recorder(ConfigurationRecorder={
            "name": "recorder", "roleARN": linked,
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": region == EAST},
        })
        config.put_delivery_channel(DeliveryChannel={"name": "channel", "s3BucketName": "config-history"})
    moto.client("config", EAST).start_configuration_recorder(ConfigurationRecorderName="recorder")
    return {}
