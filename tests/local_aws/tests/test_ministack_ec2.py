"""Ministack, patched, decides about the calls on flow logs as IAM does, and keeps them whole."""

from __future__ import annotations

from typing import Any

import pytest
from given import refusal, role, trust
from installed import caller
from local_aws.processes import ACCOUNT, REGION, Ministack

SERVICE = "vpc-flow-logs.amazonaws.com"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
FLOW_LOGS = f"{EC2}:vpc-flow-log/*"
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:flows"
TAGS = [{"Key": "by", "Value": "trailkeeper"}]
TAGGED = {"TagSpecifications": [{"ResourceType": "vpc-flow-log", "Tags": TAGS}]}
OURS = {"Condition": {"StringEquals": {"aws:RequestTag/by": "trailkeeper"}}}
DENIED = "UnauthorizedOperation"

Statement = dict[str, Any]


def vpc(ministack: Ministack) -> str:
    return str(ministack.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def writer(ministack: Ministack) -> str:
    source = {"aws:SourceArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log/*"}
    return role(ministack, "flows", trust(SERVICE, ArnLike=source))


def passing(arn: str, service: str = SERVICE) -> Statement:
    condition = {"StringEquals": {"iam:PassedToService": service}}
    return {"Action": "iam:PassRole", "Resource": arn, "Condition": condition}


def asking(arn: str, *vpcs: str, **given: Any) -> dict[str, Any]:
    sound = {"ResourceType": "VPC", "TrafficType": "REJECT", "LogDestination": GROUP}
    return sound | {"ResourceIds": list(vpcs), "DeliverLogsPermissionArn": arn} | given


def creating(*resources: str) -> Statement:
    return {"Action": "ec2:CreateFlowLogs", "Resource": list(resources)}


def test_a_flow_log_is_made_on_the_vpc_and_as_a_flow_log(ministack: Ministack) -> None:
    arn, one, other = writer(ministack), vpc(ministack), vpc(ministack)

    def made(*statements: Statement) -> Any:
        ec2 = ministack.client_as(caller(ministack, passing(arn), *statements), "ec2")
        return ec2.create_flow_logs(**asking(arn, one, other))

    of = [f"{EC2}:vpc/{it}" for it in (one, other)]
    short = [of, [*of, f"{EC2}:vpc/*"], [FLOW_LOGS], [of[0], FLOW_LOGS], [of[1], FLOW_LOGS]]
    for resources in short:
        assert refusal(lambda: made(creating(*resources)))[1] == DENIED  # noqa: B023
    assert len(made(creating(*of, FLOW_LOGS))["FlowLogIds"]) == 2


def test_its_role_must_be_one_that_the_caller_may_pass(ministack: Ministack) -> None:
    arn, one = writer(ministack), vpc(ministack)
    create = creating(f"{EC2}:vpc/*", FLOW_LOGS)
    for wrong in ([], [passing(arn, "ec2.amazonaws.com")], [passing(arn + "0")]):
        ec2 = ministack.client_as(caller(ministack, create, *wrong), "ec2")
        _, code, message = refusal(ec2.create_flow_logs, **asking(arn, one))
        assert code == DENIED and "iam:PassRole" in message
    ec2 = ministack.client_as(caller(ministack, create, passing(arn)), "ec2")
    assert ec2.create_flow_logs(**asking(arn, one))["Unsuccessful"] == []


@pytest.mark.parametrize(
    "condition",
    [{"ec2:CreateAction": "CreateFlowLogs"}, {"aws:RequestTag/by": "trailkeeper"}],
    ids=["action", "tag"],
)
def test_its_tags_need_that_action_too(ministack: Ministack, condition: dict[str, str]) -> None:
    arn, one = writer(ministack), vpc(ministack)
    create = creating(f"{EC2}:vpc/*", FLOW_LOGS)
    tag = {"Action": "ec2:CreateTags", "Resource": FLOW_LOGS}
    right = tag | {"Condition": {"StringEquals": condition}}
    other = tag | {"Condition": {"StringEquals": dict.fromkeys(condition, "other")}}
    for wrong in ([], [other], [tag | {"Resource": f"{EC2}:vpc/*"}]):
        ec2 = ministack.client_as(caller(ministack, create, passing(arn), *wrong), "ec2")
        _, code, message = refusal(ec2.create_flow_logs, **asking(arn, one, **TAGGED))
        assert code == DENIED and "ec2:CreateTags" in message
    ec2 = ministack.client_as(caller(ministack, create, passing(arn), right), "ec2")
    assert ec2.create_flow_logs(**asking(arn, one, **TAGGED))["Unsuccessful"] == []


def test_the_tags_asked_for_are_known_of_the_flow_log_not_of_the_vpc(ministack: Ministack) -> None:
    arn, one = writer(ministack), vpc(ministack)
    rest = [passing(arn), {"Action": "ec2:CreateTags", "Resource": FLOW_LOGS}]
    on_vpc, on_flow_log = creating(f"{EC2}:vpc/*"), creating(FLOW_LOGS)
    for wrong in ([on_vpc | OURS, on_flow_log], [on_vpc | OURS, on_flow_log | OURS]):
        ec2 = ministack.client_as(caller(ministack, *rest, *wrong), "ec2")
        assert refusal(ec2.create_flow_logs, **asking(arn, one, **TAGGED))[1] == DENIED
    ec2 = ministack.client_as(caller(ministack, *rest, on_vpc, on_flow_log | OURS), "ec2")
    assert refusal(ec2.create_flow_logs, **asking(arn, one))[1] == DENIED
    assert ec2.create_flow_logs(**asking(arn, one, **TAGGED))["Unsuccessful"] == []


def test_flow_logs_are_deleted_by_their_tags(ministack: Ministack) -> None:
    arn, root = writer(ministack), ministack.client("ec2")
    (ours,) = root.create_flow_logs(**asking(arn, vpc(ministack), **TAGGED))["FlowLogIds"]
    (theirs,) = root.create_flow_logs(**asking(arn, vpc(ministack)))["FlowLogIds"]
    condition = {"StringEquals": {"aws:ResourceTag/by": "trailkeeper"}}
    delete = {"Action": "ec2:DeleteFlowLogs", "Resource": FLOW_LOGS, "Condition": condition}
    ec2 = ministack.client_as(caller(ministack, delete), "ec2")
    for wrong in ([theirs], [ours, theirs], [theirs, ours]):
        assert refusal(ec2.delete_flow_logs, FlowLogIds=wrong)[1] == DENIED
    assert len(root.describe_flow_logs()["FlowLogs"]) == 2
    assert ec2.delete_flow_logs(FlowLogIds=[ours])["Unsuccessful"] == []
    (item,) = root.delete_flow_logs(FlowLogIds=[ours])["Unsuccessful"]
    assert (item["ResourceId"], item["Error"]["Code"]) == (ours, "InvalidFlowLogId.NotFound")


@pytest.mark.parametrize("action", ["ec2:DescribeFlowLogs", "ec2:DescribeVpcs"])
def test_listing_is_on_no_resource(ministack: Ministack, action: str) -> None:
    def listed(resource: str) -> Any:
        arn = caller(ministack, {"Action": action, "Resource": resource})
        ec2 = ministack.client_as(arn, "ec2")
        return ec2.describe_flow_logs() if "Flow" in action else ec2.describe_vpcs()

    assert listed("*")
    assert refusal(lambda: listed(f"{EC2}:*"))[1] == DENIED


def test_a_flow_log_keeps_what_it_is_made_with(ministack: Ministack) -> None:
    arn, one, ec2 = writer(ministack), vpc(ministack), ministack.client("ec2")
    given = asking(arn, one, MaxAggregationInterval=60, LogFormat="${vpc-id} <&>", **TAGGED)
    (made,) = ec2.create_flow_logs(**given)["FlowLogIds"]
    (found,) = ec2.describe_flow_logs()["FlowLogs"]
    assert found.pop("CreationTime")
    assert found == {
        "FlowLogId": made,
        "ResourceId": one,
        "FlowLogStatus": "ACTIVE",
        "TrafficType": "REJECT",
        "LogDestinationType": "cloud-watch-logs",
        "LogDestination": GROUP,
        "LogGroupName": "flows",
        "DeliverLogsPermissionArn": arn,
        "MaxAggregationInterval": 60,
        "LogFormat": "${vpc-id} <&>",
        "Tags": TAGS,
    }
    sought = {"resource-id": one, "traffic-type": "REJECT", "tag:by": "trailkeeper"}
    for name, value in sought.items():
        for wanted, count in ((value, 1), (value + "0", 0)):
            filters = [{"Name": name, "Values": [wanted]}]
            assert len(ec2.describe_flow_logs(Filter=filters)["FlowLogs"]) == count


def test_a_flow_log_is_made_once_for_a_vpc_that_is_there_with_a_role_that_trusts(
    ministack: Ministack,
) -> None:
    arn, one, ec2 = writer(ministack), vpc(ministack), ministack.client("ec2")
    ec2.create_flow_logs(**asking(arn, one))
    for resource, code in ((one, "FlowLogAlreadyExists"), ("vpc-0123", "InvalidVpcID.NotFound")):
        answer = ec2.create_flow_logs(**asking(arn, resource))
        assert answer["FlowLogIds"] == []
        assert answer["Unsuccessful"][0]["Error"]["Code"] == code
    iam = ministack.client("iam")
    iam.update_assume_role_policy(RoleName="flows", PolicyDocument=trust("ec2.amazonaws.com"))
    found = refusal(ec2.create_flow_logs, **asking(arn, vpc(ministack)))
    assert found == (400, "InvalidParameter", "Unable to assume given IAM role")
