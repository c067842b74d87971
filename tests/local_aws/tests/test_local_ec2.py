"""The local EC2 creates a flow log where AWS does, and once."""

from __future__ import annotations

import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from given import client_of, policy, refusal, role, trust
from local_aws.processes import ACCOUNT, REGION, Moto
from local_aws.server import request

SERVICE = "vpc-flow-logs.amazonaws.com"
SOURCE = {
    "StringEquals": {"aws:SourceAccount": ACCOUNT},
    "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log/*"},
}
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:flows"
WRITE = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
TAGS = [{"Key": "by", "Value": "trailkeeper"}]
TAGGED = {"TagSpecifications": [{"ResourceType": "vpc-flow-log", "Tags": TAGS}]}
INVALID = "InvalidParameter"
DIFFERENT = ({"TrafficType": "ALL"}, {"LogGroupName": "other"}, {"MaxAggregationInterval": 60})

Found = dict[str, Any]


def order(moto: Moto, what: str, **told: Any) -> None:
    """An order to the local EC2."""
    request("POST", f"{moto.endpoint}/_local/ec2/{what}", told)


def vpc(moto: Moto, region: str = REGION) -> str:
    made = moto.client("ec2", region).create_vpc(CidrBlock="10.0.0.0/16")
    return str(made["Vpc"]["VpcId"])


def writer(moto: Moto, name: str = "flows", *, actions: Any = WRITE, **condition: Any) -> str:
    """A role of the VPC guide, which may write to the group "flows"."""
    arn = role(moto, name, trust(SERVICE, **(condition or SOURCE)))
    document = policy(Action=actions, Resource=[GROUP, f"{GROUP}:*"])
    moto.client("iam").put_role_policy(RoleName=name, PolicyName="write", PolicyDocument=document)
    return arn


def asking(moto: Moto, *vpcs: str, **given: Any) -> Found:
    """A sound request; `given` changes it, and None takes a member out."""
    sound = {
        "ResourceIds": list(vpcs) or [vpc(moto)],
        "ResourceType": "VPC",
        "TrafficType": "REJECT",
        "LogGroupName": "flows",
    }
    if "DeliverLogsPermissionArn" not in given:
        sound["DeliverLogsPermissionArn"] = f"arn:aws:iam::{ACCOUNT}:role/flows"
    return {member: value for member, value in (sound | given).items() if value is not None}


def create(moto: Moto, *vpcs: str, **given: Any) -> Found:
    return dict(moto.client("ec2").create_flow_logs(**asking(moto, *vpcs, **given)))


def failed(answer: Found) -> tuple[str, str]:
    """The only resource with which the call had no success, and the code."""
    assert answer["FlowLogIds"] == []
    (item,) = answer["Unsuccessful"]
    return item["ResourceId"], item["Error"]["Code"]


def described(moto: Moto, **given: Any) -> list[Found]:
    return list(moto.client("ec2").describe_flow_logs(**given)["FlowLogs"])


def test_all_that_a_flow_log_was_made_with_comes_back(moto: Moto) -> None:
    arn, one = writer(moto), vpc(moto)
    given = {"LogGroupName": None, "LogDestination": GROUP, **TAGGED}
    made = create(moto, one, ClientToken="t", MaxAggregationInterval=60, **given)
    assert made["Unsuccessful"] == [] and made["ClientToken"] == "t"
    (found,) = described(moto)
    assert found.pop("CreationTime") and found.pop("LogFormat").startswith("${version} ")
    assert found == {
        "FlowLogId": made["FlowLogIds"][0],
        "FlowLogStatus": "ACTIVE",
        "ResourceId": one,
        "TrafficType": "REJECT",
        "LogDestinationType": "cloud-watch-logs",
        "LogDestination": GROUP,
        "LogGroupName": "flows",
        "DeliverLogsPermissionArn": arn,
        "MaxAggregationInterval": 60,
        "Tags": TAGS,
    }


def test_the_answer_has_the_names_of_the_api(moto: Moto) -> None:
    writer(moto)
    create(moto, **TAGGED)
    query = urllib.parse.urlencode({"Action": "DescribeFlowLogs", "Version": "2016-11-15"})
    scope = f"testing/20260101/{REGION}/ec2/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=x, Signature=0"}
    asked = urllib.request.Request(moto.endpoint, query.encode(), signed)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        text = answer.read().decode()
    for name in ("flowLogSet", "flowLogId", "resourceId", "trafficType", "logGroupName", "tagSet",
                 "deliverLogsPermissionArn", "logDestinationType", "maxAggregationInterval"):
        assert f"<{name}>" in text
    assert "deliverLogsStatus" not in text and "<logDestination>" not in text


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"LogDestination": GROUP}, INVALID),
        ({"LogGroupName": None}, INVALID),
        ({"LogGroupName": None, "LogDestination": f"{GROUP}:*"}, INVALID),
        ({"LogGroupName": None, "LogDestination": GROUP.replace(REGION, "eu-west-1")}, INVALID),
        ({"LogGroupName": "a b"}, INVALID),
        ({"DeliverLogsPermissionArn": None}, INVALID),
        ({"MaxAggregationInterval": 61}, INVALID),
        ({"TrafficType": "DENY"}, "InvalidParameterValue"),
        ({"TrafficType": None}, "MissingParameter"),
        ({"LogDestinationType": "tape"}, "InvalidParameterValue"),
        ({"ResourceType": "Vpc"}, "InvalidParameterValue"),
        ({"ClientToken": "t" * 65}, "InvalidParameterValue"),
        ({"TagSpecifications": [{"ResourceType": "vpc", "Tags": TAGS}]}, INVALID),
        ({"ResourceIds": [f"vpc-{number:08x}" for number in range(301)]}, INVALID),
    ],
)
def test_nonsense_is_refused(moto: Moto, wrong: Found, code: str) -> None:
    writer(moto)
    given = asking(moto, **wrong)
    assert refusal(moto.client("ec2").create_flow_logs, **given)[:2] == (400, code)
    assert described(moto) == []


@pytest.mark.parametrize(
    ("kind", "resource", "code"),
    [
        ("VPC", "vpc-0123456789abcdef0", "InvalidVpcID.NotFound"),
        ("Subnet", "subnet-0123456789abcdef0", "InvalidSubnetID.NotFound"),
        ("NetworkInterface", "eni-0123456789abcdef0", "InvalidNetworkInterfaceID.NotFound"),
    ],
)
def test_an_unknown_resource_fails_alone(moto: Moto, kind: str, resource: str, code: str) -> None:
    writer(moto)
    assert failed(create(moto, resource, ResourceType=kind)) == (resource, code)
    if kind == "VPC":
        one = vpc(moto)
        both = create(moto, resource, one)
        assert [item["ResourceId"] for item in both["Unsuccessful"]] == [resource]
        assert [it["ResourceId"] for it in described(moto)] == [one]


def test_subnets_and_interfaces_have_flow_logs_too(moto: Moto) -> None:
    writer(moto)
    ec2 = moto.client("ec2")
    subnet = ec2.create_subnet(VpcId=vpc(moto), CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    made = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    interface = made["NetworkInterfaceId"]
    for kind, resource in (("Subnet", subnet), ("NetworkInterface", interface)):
        assert create(moto, resource, ResourceType=kind)["Unsuccessful"] == []
    assert {it["ResourceId"] for it in described(moto)} == {subnet, interface}


@pytest.mark.parametrize(
    ("service", "condition"),
    [
        ("ec2.amazonaws.com", SOURCE),
        (SERVICE, {"StringEquals": {"aws:SourceAccount": "210987654321"}}),
        (SERVICE, {"ArnLike": {"aws:SourceArn": f"arn:aws:ec2:eu-west-1:{ACCOUNT}:*"}}),
        (SERVICE, {"ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/*"}}),
    ],
)
def test_the_role_must_let_the_service_in(moto: Moto, service: str, condition: Found) -> None:
    arn = role(moto, "flows", trust(service, **condition))
    for given in (arn, arn + "0"):
        asked = asking(moto, DeliverLogsPermissionArn=given)
        _, code, message = refusal(moto.client("ec2").create_flow_logs, **asked)
        assert code == INVALID and "Unable to assume given IAM role" in message
    assert described(moto) == []


def test_a_new_role_is_not_visible_at_once(moto: Moto) -> None:
    moto.role_propagation(2)
    writer(moto)
    one = vpc(moto)
    for _ in range(2):
        found = refusal(moto.client("ec2").create_flow_logs, **asking(moto, one))
        assert found[1:] == (INVALID, "Unable to assume given IAM role")
    assert create(moto, one)["Unsuccessful"] == []


def test_a_second_one_of_the_same_is_not_made(moto: Moto) -> None:
    writer(moto)
    one, other = vpc(moto), vpc(moto)
    create(moto, one)
    assert failed(create(moto, one)) == (one, "FlowLogAlreadyExists")
    by_arn = {"LogGroupName": None, "LogDestination": GROUP}
    assert failed(create(moto, one, **by_arn)) == (one, "FlowLogAlreadyExists")
    for different in DIFFERENT:
        assert create(moto, one, **different)["Unsuccessful"] == []
    assert create(moto, one, other)["FlowLogIds"]
    assert len(described(moto)) == 5


def test_that_it_exists_may_refuse_the_call_or_go_by_the_destination(moto: Moto) -> None:
    writer(moto)
    one = vpc(moto)
    create(moto, one)
    order(moto, "flow-log-exists", thrown=True)
    found = refusal(moto.client("ec2").create_flow_logs, **asking(moto, one, vpc(moto)))
    assert found[:2] == (400, "FlowLogAlreadyExists") and len(described(moto)) == 1
    order(moto, "flow-log-exists", by_destination=True)
    assert failed(create(moto, one, TrafficType="ALL")) == (one, "FlowLogAlreadyExists")


def test_a_token_stands_for_one_request(moto: Moto) -> None:
    writer(moto)
    one, ec2 = vpc(moto), moto.client("ec2")
    ids = create(moto, one, ClientToken="t")["FlowLogIds"]
    again = create(moto, one, ClientToken="t")
    assert again["FlowLogIds"] == ids and again["Unsuccessful"] == []
    for different in DIFFERENT:
        found = refusal(ec2.create_flow_logs, **asking(moto, one, ClientToken="t", **different))
        assert found[:2] == (400, "IdempotentParameterMismatch")
    ec2.delete_flow_logs(FlowLogIds=ids)
    assert create(moto, one, ClientToken="t")["FlowLogIds"] == ids
    assert described(moto) == []
    assert len(create(moto, one, ClientToken="u")["FlowLogIds"]) == 1


def test_a_token_whose_call_made_nothing_is_free(moto: Moto) -> None:
    writer(moto)
    one = vpc(moto)
    order(moto, "vpc-unseen", vpc=one, calls=1)
    assert failed(create(moto, one, ClientToken="t"))[1] == "InvalidVpcID.NotFound"
    assert len(create(moto, one, ClientToken="t")["FlowLogIds"]) == 1


@pytest.mark.parametrize("token", ["", "t"])
def test_of_several_calls_at_once_one_makes_it(moto: Moto, token: str) -> None:
    writer(moto)
    vpcs, ec2 = [vpc(moto) for _ in range(40)], moto.client("ec2")
    asked = asking(moto, *vpcs, ClientToken=token)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ec2.create_flow_logs(**asked), range(8)))
    found = described(moto)
    assert sorted(it["ResourceId"] for it in found) == sorted(vpcs)
    made = sorted(it["FlowLogId"] for it in found) * (8 if token else 1)
    assert sorted(it for answer in answers for it in answer["FlowLogIds"]) == sorted(made)


def test_a_resource_has_so_many_flow_logs_at_most(moto: Moto) -> None:
    writer(moto)
    one = vpc(moto)
    for number in range(250):
        assert create(moto, one, LogGroupName=f"flows{number}")["FlowLogIds"]
    assert failed(create(moto, one, LogGroupName="more")) == (one, "FlowLogsLimitExceeded")
    assert create(moto)["FlowLogIds"]


def test_a_dry_run_makes_nothing(moto: Moto) -> None:
    writer(moto)
    call = moto.client("ec2").create_flow_logs
    assert refusal(call, DryRun=True, **asking(moto))[1] == "DryRunOperation"
    assert described(moto) == []


def test_deleting_tells_which_were_not_there(moto: Moto) -> None:
    writer(moto)
    (one,) = create(moto, **TAGGED)["FlowLogIds"]
    unknown, ec2 = "fl-0123456789abcdef0", moto.client("ec2")
    (item,) = ec2.delete_flow_logs(FlowLogIds=[one, unknown])["Unsuccessful"]
    assert (item["ResourceId"], item["Error"]["Code"]) == (unknown, "InvalidFlowLogId.NotFound")
    assert described(moto) == []
    assert refusal(ec2.describe_flow_logs, FlowLogIds=[one])[1] == "InvalidFlowLogId.NotFound"
    assert ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [one]}])["Tags"] == []


def test_a_shared_vpc_is_anothers(moto: Moto) -> None:
    writer(moto)
    one, ec2 = vpc(moto), moto.client("ec2")
    subnet = ec2.create_subnet(VpcId=one, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    order(moto, "vpc-owner", vpc=one, owner="210987654321", region=REGION)
    (found,) = ec2.describe_vpcs(VpcIds=[one])["Vpcs"]
    assert found["OwnerId"] == "210987654321"
    for kind, resource in (("VPC", one), ("Subnet", subnet)):
        asked = asking(moto, resource, ResourceType=kind)
        assert refusal(ec2.create_flow_logs, **asked)[1] == "UnauthorizedOperation"
    order(moto, "vpc-owner", vpc=one, owner="")
    assert create(moto, one)["FlowLogIds"]


def test_another_account_has_flow_logs_of_its_own(moto: Moto) -> None:
    writer(moto)
    create(moto)
    assert client_of(moto, "210987654321", "ec2").describe_flow_logs()["FlowLogs"] == []
