"""VPCs and flow logs, for the tests of the vpc function: events, and what is there."""

from __future__ import annotations

import itertools
import json
from typing import Any

from conftest import StartFunction
from envelope import Event, api_call
from given import Emulator, policy, role, trust
from local_aws.processes import ACCOUNT, REGION, Moto
from local_aws.server import Server, request
from observed import result
from trails import GROUP_CALLS, OURS, ROLE_CALLS, our_roles, retentions

CONTROL = "vpc-flow-logs"
SERVICE, BUCKET_SERVICE = "vpc-flow-logs.amazonaws.com", "delivery.logs.amazonaws.com"
OUR_GROUP = "/trailkeeper/vpc-flow-logs"
OUR_ROLE = "trailkeeper-vpc-flow-logs"
OUR_ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{OUR_ROLE}"
OUR_POLICY = "write-vpc-flow-logs"
IN_PLACE = "trailkeeper-in-place-of"
GONE = "vpc-0123456789abcdef0"
WRITE = ["logs:CreateLogStream", "logs:PutLogEvents"]
SOURCE = {
    "StringEquals": {"aws:SourceAccount": ACCOUNT},
    "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:*:{ACCOUNT}:vpc-flow-log/*"},
}

CREATE, DELETE, PUT = "ec2:CreateFlowLogs", "ec2:DeleteFlowLogs", "s3:PutBucketPolicy"
BUCKET, TO = "flows", "arn:aws:s3:::flows/vpc"
INTO_BUCKET = {"TRAILKEEPER_FLOW_LOG_BUCKET": "flows/vpc"}
SIDS = ["AWSLogDeliveryAclCheck", "AWSLogDeliveryWrite"]
READERS = {
    "Sid": "Readers", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*",
}
ALL_CALLS = [*GROUP_CALLS, *ROLE_CALLS, CREATE]
NUMBERS = itertools.count()

Found = dict[str, Any]


# What wakes the function.


def ec2_call(name: str, **record: Any) -> Event:
    """A call of EC2; each is an event of its own unless `eventID` says otherwise."""
    event_id = f"c4a1d1d2-9d55-4a3c-a1b7-{next(NUMBERS):012x}"
    return api_call("ec2", name, **({"eventID": event_id} | record))


def create_vpc(vpc_id: str, **record: Any) -> Event:
    """CreateVpc, which names the VPC in its answer only."""
    made = {"vpcId": vpc_id, "state": "pending", "ownerId": ACCOUNT, "isDefault": False}
    given = {"requestParameters": {"cidrBlock": "10.0.0.0/16"}, "responseElements": {"vpc": made}}
    return ec2_call("CreateVpc", **(given | record))


def create_default_vpc(vpc_id: str, *, wrapped: bool = False, **record: Any) -> Event:
    """CreateDefaultVpc; no record of it is published, so both shapes that EC2's answers have."""
    plain = {"vpc": {"vpcId": vpc_id, "isDefault": True}}
    answer = {"CreateDefaultVpcResponse": plain} if wrapped else plain
    return ec2_call("CreateDefaultVpc", **({"responseElements": answer} | record))


def listed(*ids: str) -> Any:
    """A list as it is recorded of EC2: one item stands by itself."""
    items = [{"tag": number, "content": it} for number, it in enumerate(ids, 1)]
    return items[0] if len(items) == 1 else items


def create_flow_logs(*ids: str, **record: Any) -> Event:
    """CreateFlowLogs of these resources."""
    asked = {"ResourceId": listed(*ids), "TrafficType": "REJECT", "LogGroupName": "flows"}
    answer = {"unsuccessful": "", "flowLogIdSet": {"item": "fl-0123456789abcdef0"}}
    given = {
        "requestParameters": {"CreateFlowLogsRequest": asked},
        "responseElements": {"CreateFlowLogsResponse": answer},
    }
    return ec2_call("CreateFlowLogs", **(given | record))


def delete_flow_logs(*ids: str, **record: Any) -> Event:
    """DeleteFlowLogs, which names flow logs and no VPC."""
    asked = {"FlowLogId": listed(*(ids or ("fl-0123456789abcdef0",)))}
    given = {
        "requestParameters": {"DeleteFlowLogsRequest": asked},
        "responseElements": {"DeleteFlowLogsResponse": {"unsuccessful": ""}},
    }
    return ec2_call("DeleteFlowLogs", **(given | record))


# What it says.


def vpc_arn(vpc_id: str, region: str = REGION) -> str:
    """The ARN of a VPC."""
    return f"arn:aws:ec2:{region}:{ACCOUNT}:vpc/{vpc_id}"


def check(function: StartFunction, endpoint: Server, vpc_id: str, **settings: Any) -> Found:
    """What enforce says of a VPC that was just made, or after another event."""
    event = settings.pop("event", None) or create_vpc(vpc_id)
    started = function("vpc", endpoint=endpoint, mode=settings.pop("mode", "enforce"), **settings)
    outcome = result(started.invoke(event))
    assert (outcome["control"], outcome["resource"]) == (CONTROL, vpc_arn(vpc_id))
    assert outcome["region"] == REGION
    return outcome


# What there is.


def order(moto: Moto, what: str, **told: Any) -> None:
    """An order to the local EC2; ec2_verbs.py says what each means."""
    request("POST", f"{moto.endpoint}/_local/ec2/{what}", told)


def vpc(account: Emulator, region: str = REGION) -> str:
    """A VPC without a flow log; every region has a default one besides."""
    return str(account.client("ec2", region).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def vpcs_in(account: Emulator, region: str = REGION) -> set[str]:
    """All VPCs of a region."""
    return {str(it["VpcId"]) for it in account.client("ec2", region).describe_vpcs()["Vpcs"]}


def writer(account: Emulator, name: str = "flows", actions: Any = WRITE) -> str:
    """A role of the customer's, with which flow logs may write to every log group there is."""
    arn = role(account, name, trust(SERVICE, **SOURCE))
    rights = policy(Action=actions, Resource="*")
    account.client("iam").put_role_policy(RoleName=name, PolicyName="write", PolicyDocument=rights)
    return arn


def flow_log(
    account: Emulator, resource: str, role_arn: str | None = None, *, group: str = "flows",
    tags: dict[str, str] | None = None, region: str = REGION, **given: Any,
) -> str:
    """A flow log, with a role to a group, which is made if need be; without one to `given`."""
    asked = {"ResourceIds": [resource], "ResourceType": "VPC", "TrafficType": "ALL"} | given
    if role_arn:
        asked |= {"LogGroupName": group, "DeliverLogsPermissionArn": role_arn}
        if group not in retentions(account, region):
            account.client("logs", region).create_log_group(logGroupName=group)
    if tags:
        named = [{"Key": key, "Value": value} for key, value in tags.items()]
        asked["TagSpecifications"] = [{"ResourceType": "vpc-flow-log", "Tags": named}]
    answer = account.client("ec2", region).create_flow_logs(**asked)
    assert answer["Unsuccessful"] == [], answer
    return str(answer["FlowLogIds"][0])


def failing_ours(
    function: StartFunction, moto: Moto, status: str = "FAILED", message: str = "Access error"
) -> tuple[str, str]:
    """A VPC with a flow log of ours, of whose delivery AWS says this; both ids."""
    one = vpc(moto)
    assert check(function, moto, one)["status"] == "fixed"
    ours = assert_flows_with_ours(moto, one)
    order(moto, "flow-log-status", flow_log=ours, status=status, message=message)
    return one, ours


def log_bucket(
    account: Emulator, *statements: Found, name: str = "flows", region: str = REGION
) -> str:
    """A bucket with these statements as its policy; its ARN."""
    s3 = account.client("s3", region)
    placed = {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=name, **({} if region == REGION else placed))
    if statements:
        document = {"Version": "2012-10-17", "Statement": list(statements)}
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(document))
    return f"arn:aws:s3:::{name}"


def delivery(name: str = "flows") -> Found:
    """A statement of the customer's own that lets flow logs into a bucket."""
    return {
        "Sid": "Customers", "Effect": "Allow", "Principal": {"Service": BUCKET_SERVICE},
        "Action": ["s3:GetBucketAcl", "s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
    }


# What there is afterwards.


def flow_logs(account: Emulator, vpc_id: str, region: str = REGION) -> dict[str, Found]:
    """The flow logs of a VPC."""
    wanted = [{"Name": "resource-id", "Values": [vpc_id]}]
    found = account.client("ec2", region).describe_flow_logs(Filter=wanted)["FlowLogs"]
    return {str(it["FlowLogId"]): it for it in found}


def tags_of(flow: Found) -> dict[str, str]:
    """The tags of a flow log."""
    return {tag["Key"]: tag["Value"] for tag in flow.get("Tags", [])}


def assert_flows_into_bucket(account: Emulator, vpc_id: str) -> str:
    """The VPC has one flow log, ours, into the bucket, and needs nothing else of ours; its id."""
    (only,) = flow_logs(account, vpc_id).values()
    assert (only["LogDestinationType"], only["LogDestination"]) == ("s3", TO)
    assert (only["FlowLogStatus"], only["TrafficType"]) == ("ACTIVE", "ALL")
    assert tags_of(only).items() >= OURS.items() and only.get("DeliverLogsStatus") != "FAILED"
    assert "DeliverLogsPermissionArn" not in only
    assert our_roles(account) == [] and OUR_GROUP not in retentions(account)
    return str(only["FlowLogId"])


def assert_role_in_order(account: Emulator) -> None:
    """There is one role of ours, by which flow logs of this account write to our groups alone."""
    iam = account.client("iam")
    assert our_roles(account) == [OUR_ROLE]
    found = iam.get_role(RoleName=OUR_ROLE)["Role"]
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == OURS
    (trusted,) = found["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"] == {"Service": SERVICE} and trusted["Condition"] == SOURCE
    assert iam.list_role_policies(RoleName=OUR_ROLE)["PolicyNames"] == [OUR_POLICY]
    held = iam.get_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY)["PolicyDocument"]
    group = f"arn:aws:logs:*:{ACCOUNT}:log-group:"
    write, find = held["Statement"]
    assert write["Resource"] == [f"{group}{OUR_GROUP}", f"{group}{OUR_GROUP}:*"]
    assert set(write["Action"]) == {*WRITE, "logs:CreateLogGroup", "logs:DescribeLogStreams"}
    assert (find["Action"], find["Resource"]) == ("logs:DescribeLogGroups", "*")


def assert_flows_with_ours(
    account: Emulator, vpc_id: str, *, region: str = REGION, traffic: str = "ALL",
    interval: int = 600, retention: int = 365, in_place_of: str | None = None,
) -> str:
    """The VPC has one flow log of ours, on our group and role, all in order; its id."""
    found = flow_logs(account, vpc_id, region).values()
    (only,) = [it for it in found if tags_of(it).items() >= OURS.items()]
    assert tags_of(only) == OURS | ({IN_PLACE: in_place_of} if in_place_of else {})
    assert (only["FlowLogStatus"], only["TrafficType"]) == ("ACTIVE", traffic)
    assert int(only["MaxAggregationInterval"]) == interval
    assert (only["LogGroupName"], only["DeliverLogsPermissionArn"]) == (OUR_GROUP, OUR_ROLE_ARN)
    assert only.get("DeliverLogsStatus") != "FAILED"
    assert retentions(account, region)[OUR_GROUP] == retention
    arn = f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{OUR_GROUP}"
    assert account.client("logs", region).list_tags_for_resource(resourceArn=arn)["tags"] == OURS
    assert_role_in_order(account)
    return str(only["FlowLogId"])
