"""The local EC2 tells VPCs and flow logs by the page, and what becomes of the records."""

from __future__ import annotations

from typing import Any

import pytest
from account_snapshot import difference, snapshot
from given import policy, refusal, role, trust
from local_aws.processes import ACCOUNT, REGION, Moto
from local_aws.server import ServerError
from test_local_ec2 import (
    GROUP, SERVICE, TAGGED, TAGS, create, described, failed, order, vpc, writer,
)



def named(name: str, *values: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": list(values)}]


def group(moto: Moto) -> None:
    moto.client("logs").create_log_group(logGroupName="flows")


def delivery(moto: Moto) -> tuple[str | None, str | None]:
    """What the only flow log says of its delivery."""
    (found,) = described(moto)
    assert found["FlowLogStatus"] == "ACTIVE"
    return found.get("DeliverLogsStatus"), found.get("DeliverLogsErrorMessage")


FAILED = ("FAILED", "Access error")


def test_a_fresh_flow_log_says_nothing_of_its_delivery(moto: Moto) -> None:
    writer(moto)
    create(moto)
    assert delivery(moto) == (None, None)
    assert moto.client("logs").describe_log_groups()["logGroups"] == []
    order(moto, "traffic")
    assert delivery(moto) == ("SUCCESS", None)
    assert described(moto, Filter=named("deliver-log-status", "FAILED")) == []
    assert len(described(moto, Filter=named("deliver-log-status", "SUCCESS"))) == 1
    (made,) = moto.client("logs").describe_log_groups()["logGroups"]
    assert made["logGroupName"] == "flows" and "retentionInDays" not in made


CUTS: dict[str, Any] = {
    "role": lambda iam: (
        iam.delete_role_policy(RoleName="flows", PolicyName="write"),
        iam.delete_role(RoleName="flows"),
    ),
    "trust": lambda iam: iam.update_assume_role_policy(
        RoleName="flows", PolicyDocument=trust("ec2.amazonaws.com")
    ),
    "permissions": lambda iam: iam.put_role_policy(
        RoleName="flows",
        PolicyName="write",
        PolicyDocument=policy(Action="logs:PutLogEvents", Resource="*"),
    ),
    "boundary": lambda iam: iam.put_role_permissions_boundary(
        RoleName="flows", PermissionsBoundary="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    ),
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_flow_log_fails_once_its_role_is_cut(moto: Moto, cut: str) -> None:
    writer(moto)
    group(moto)
    create(moto)
    CUTS[cut](moto.client("iam"))
    assert delivery(moto) == FAILED
    assert len(described(moto, Filter=named("deliver-log-status", "FAILED"))) == 1


def test_a_group_that_is_gone_is_made_anew_if_the_role_may(moto: Moto) -> None:
    writer(moto)
    group(moto)
    create(moto)
    moto.client("logs").delete_log_group(logGroupName="flows")
    assert delivery(moto) == (None, None)
    narrow = policy(Action=["logs:CreateLogStream", "logs:PutLogEvents"], Resource=f"{GROUP}:*")
    moto.client("iam").put_role_policy(RoleName="flows", PolicyName="write", PolicyDocument=narrow)
    assert delivery(moto) == FAILED
    group(moto)
    assert delivery(moto) == (None, None)


def test_a_flow_log_that_never_worked_fails_with_the_first_traffic(moto: Moto) -> None:
    role(moto, "flows", trust(SERVICE))
    create(moto)
    assert delivery(moto) == (None, None)
    order(moto, "traffic", flows=True)
    assert delivery(moto) == FAILED
    assert moto.client("logs").describe_log_groups()["logGroups"] == []
    order(moto, "traffic", flows=False)
    assert delivery(moto) == (None, None)


def test_a_trust_for_other_flow_logs_is_none_for_this(moto: Moto) -> None:
    writer(moto)
    (one,) = create(moto)["FlowLogIds"]
    iam, place = moto.client("iam"), f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-flow-log"
    for source, found in ((f"{place}/{one}", (None, None)), (f"{place}/{one}0", FAILED)):
        document = trust(SERVICE, ArnEquals={"aws:SourceArn": source})
        iam.update_assume_role_policy(RoleName="flows", PolicyDocument=document)
        assert delivery(moto) == found


def test_a_delivery_is_as_ordered(moto: Moto) -> None:
    writer(moto)
    (one,) = create(moto)["FlowLogIds"]
    order(moto, "flow-log-status", flow_log=one, status="FAILED", message="Rate limited")
    assert delivery(moto) == ("FAILED", "Rate limited")
    order(moto, "flow-log-status", flow_log=one, status="SUCCESS")
    assert delivery(moto) == ("SUCCESS", None)
    order(moto, "flow-log-status", flow_log=one, status="")
    assert delivery(moto) == (None, None)
    with pytest.raises(ServerError, match="no such flow log"):
        order(moto, "flow-log-status", flow_log=one + "0", status="FAILED")


def test_flow_logs_are_found_by_what_they_are(moto: Moto) -> None:
    writer(moto)
    one, other = vpc(moto), vpc(moto)
    (first,) = create(moto, one, **TAGGED)["FlowLogIds"]
    create(moto, other, TrafficType="ALL", LogGroupName="elsewhere")
    for name, value in {
        "resource-id": one, "flow-log-id": first, "traffic-type": "REJECT",
        "log-group-name": "flows", "tag-key": "by", "tag:by": "trail*",
    }.items():
        assert [it["FlowLogId"] for it in described(moto, Filter=named(name, value))] == [first]
    assert len(described(moto, Filter=named("resource-id", one, other))) == 2
    assert len(described(moto, Filter=named("log-destination-type", "cloud-watch-logs"))) == 2
    both = named("resource-id", one) + named("traffic-type", "ALL")
    assert described(moto, Filter=both) == []
    for name in ("log-destination-type", "deliver-log-status", "tag:other"):
        assert described(moto, Filter=named(name, "s3")) == []
    call = moto.client("ec2").describe_flow_logs
    assert refusal(call, Filter=named("colour", "red"))[1] == "InvalidParameterValue"


def test_flow_logs_come_by_the_page(moto: Moto) -> None:
    writer(moto)
    vpcs, ec2 = [vpc(moto) for _ in range(12)], moto.client("ec2")
    create(moto, *vpcs)
    page = ec2.describe_flow_logs(MaxResults=5)
    assert len(page["FlowLogs"]) == 5
    everything = list(ec2.get_paginator("describe_flow_logs").paginate(MaxResults=5))
    assert [len(it["FlowLogs"]) for it in everything] == [5, 5, 2]
    assert {log["ResourceId"] for it in everything for log in it["FlowLogs"]} == set(vpcs)
    for size in (4, 1001):
        assert refusal(ec2.describe_flow_logs, MaxResults=size)[1] == "InvalidParameterValue"
    assert refusal(ec2.describe_flow_logs, NextToken="x")[1] == "InvalidNextToken"
    order(moto, "page-size", size=3)
    for given in ({}, {"MaxResults": 1000}):
        assert len(described(moto, **given)) == 3
    order(moto, "page-size", size=0)
    assert len(described(moto)) == 12


def test_a_page_may_be_empty_though_others_follow(moto: Moto) -> None:
    writer(moto)
    one = sorted(vpc(moto) for _ in range(4))[-1]
    order(moto, "page-size", size=1, sparse=True)
    ec2 = moto.client("ec2")
    pages = list(ec2.get_paginator("describe_vpcs").paginate(Filters=named("vpc-id", one)))
    assert len(pages) > 2 and any(page["Vpcs"] == [] for page in pages)
    assert [it["VpcId"] for page in pages for it in page["Vpcs"]] == [one]


def test_vpcs_come_by_the_page_or_by_their_ids(moto: Moto) -> None:
    ec2 = moto.client("ec2")
    vpcs = {vpc(moto) for _ in range(11)} | {it["VpcId"] for it in ec2.describe_vpcs()["Vpcs"]}
    pages = list(ec2.get_paginator("describe_vpcs").paginate(MaxResults=5))
    assert [len(page["Vpcs"]) for page in pages] == [5, 5, 2]
    assert {it["VpcId"] for page in pages for it in page["Vpcs"]} == vpcs
    some = sorted(vpcs)[:7]
    assert refusal(ec2.describe_vpcs, VpcIds=some, MaxResults=5)[1] == "InvalidParameterCombination"
    assert refusal(ec2.describe_vpcs, MaxResults=1001)[1] == "InvalidParameterValue"
    unknown = "vpc-0123456789abcdef0"
    assert refusal(ec2.describe_vpcs, VpcIds=[unknown])[:2] == (400, "InvalidVpcID.NotFound")
    order(moto, "page-size", size=2)
    assert len(ec2.describe_vpcs()["Vpcs"]) == 2
    assert len(ec2.describe_vpcs(VpcIds=some)["Vpcs"]) == 7


def test_vpcs_are_found_by_what_they_are(moto: Moto) -> None:
    one, ec2 = vpc(moto), moto.client("ec2")
    order(moto, "vpc-owner", vpc=one, owner="210987654321")

    def found(name: str, value: str) -> set[str]:
        return {it["VpcId"] for it in ec2.describe_vpcs(Filters=named(name, value))["Vpcs"]}

    (default,) = found("is-default", "true")
    for name, value in (("is-default", "false"), ("owner-id", "210987654321"), ("vpc-id", one)):
        assert found(name, value) == {one}
    assert found("owner-id", ACCOUNT) == {default}
    ec2.create_tags(Resources=[one], Tags=TAGS)
    assert found("tag:by", "trailkeeper") == found("tag-key", "by") == {one}


def test_a_new_vpc_is_not_seen_by_so_many_calls(moto: Moto) -> None:
    writer(moto)
    one, ec2 = vpc(moto), moto.client("ec2")
    order(moto, "vpc-unseen", vpc=one, calls=3, region=REGION)
    assert refusal(ec2.describe_vpcs, VpcIds=[one])[1] == "InvalidVpcID.NotFound"
    assert ec2.describe_vpcs(Filters=named("vpc-id", one))["Vpcs"] == []
    assert failed(create(moto, one)) == (one, "InvalidVpcID.NotFound")
    assert len(ec2.describe_vpcs(VpcIds=[one])["Vpcs"]) == 1
    assert create(moto, one)["Unsuccessful"] == []
    with pytest.raises(ServerError, match="no such VPC"):
        order(moto, "vpc-unseen", vpc=one, calls=3, region="eu-west-1")


def test_a_reset_takes_every_order_back(moto: Moto) -> None:
    order(moto, "page-size", size=1)
    order(moto, "traffic")
    moto.reset()
    writer(moto)
    create(moto, vpc(moto), vpc(moto))
    assert [it.get("DeliverLogsStatus") for it in described(moto)] == [None, None]


def test_a_snapshot_of_the_account_has_them(moto: Moto) -> None:
    writer(moto)
    one, regions = vpc(moto), (REGION, "eu-west-1")
    before = snapshot(moto, regions)
    assert f"ec2 {REGION} {one}" in before
    (flow_log,) = create(moto, one)["FlowLogIds"]
    after = snapshot(moto, regions)
    assert set(difference(before, after)) == {f"ec2 {REGION} {flow_log}"}
    order(moto, "flow-log-status", flow_log=flow_log, status="FAILED")
    assert difference(after, snapshot(moto, regions)) == {}
    moto.client("ec2").create_tags(Resources=[one], Tags=TAGS)
    assert set(difference(after, snapshot(moto, regions))) == {f"ec2 {REGION} {one}"}


def test_five_hundred_flow_logs_come_in_one_answer(moto: Moto) -> None:
    writer(moto)
    ec2 = moto.client("ec2")
    vpcs = [vpc(moto) for _ in range(250)]
    for traffic in ("ALL", "REJECT"):
        made = create(moto, *vpcs, TrafficType=traffic, **TAGGED)
        assert len(made["FlowLogIds"]) == 250
    order(moto, "traffic")
    assert len(ec2.describe_flow_logs(MaxResults=1000)["FlowLogs"]) == 500
    assert len(ec2.describe_vpcs(MaxResults=1000)["Vpcs"]) == 251
    for one in vpcs[:30]:
        assert len(described(moto, Filter=named("resource-id", one))) == 2
