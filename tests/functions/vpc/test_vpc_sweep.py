"""Schedules: every VPC of every region is looked at, and one that fails stops no other."""

from __future__ import annotations

import pytest
from conftest import StartFunction
from envelope import schedule
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import results
from trails import OTHER, WEST, changing
from vpcs import (
    CREATE, Found, assert_flows_with_ours, delete_flow_logs, flow_log, flow_logs, order,
    vpc, vpc_arn, vpcs_in, writer,
)

NORTH = "eu-north-1"
ALL = (REGION, WEST, NORTH)


def swept(
    function: StartFunction, faults: Faults, *, timeout: float = 60, **settings: str
) -> dict[str, Found]:
    """The result of each VPC after a sweep that may write; none is told twice."""
    faults.forget()
    started = function("vpc", endpoint=faults, mode="enforce", timeout=timeout, **settings)
    found = results(started.invoke(schedule()))
    by_arn = {it["resource"]: it for it in found}
    assert len(by_arn) == len(found)
    return by_arn


def all_vpcs(moto: Moto, *regions: str) -> dict[str, str]:
    """The ids of the VPCs of these regions, by their ARNs."""
    return {vpc_arn(one, region): one for region in regions for one in vpcs_in(moto, region)}


@pytest.mark.parametrize("size", [0, 5])
@pytest.mark.parametrize("sparse", [False, True])
def test_every_vpc_of_three_regions_is_fixed_and_the_second_sweep_writes_nothing(
    function: StartFunction, moto: Moto, faults: Faults, size: int, sparse: bool
) -> None:
    """By pages of five there are three pages of VPCs in one of the regions."""
    moto.regions(list(ALL))
    for region in ALL:
        for _ in range(10 if region == REGION else 3):
            vpc(moto, region)
    order(moto, "page-size", size=size, sparse=sparse)
    first = swept(function, faults)
    order(moto, "page-size", size=0)
    expected = all_vpcs(moto, *ALL)
    assert {arn: it["status"] for arn, it in first.items()} == dict.fromkeys(expected, "fixed")
    for arn, one in expected.items():
        assert_flows_with_ours(moto, one, region=arn.split(":")[3])
    assert changing(faults).count(CREATE) == len(expected)
    order(moto, "page-size", size=size, sparse=sparse)
    second = swept(function, faults)
    assert {arn: it["status"] for arn, it in second.items()} == dict.fromkeys(expected, "compliant")
    assert changing(faults) == []
    pages = [call.region for call in faults.calls("ec2", "DescribeVpcs")]
    assert [pages.count(region) for region in ALL] == ([3, 1, 1] if size else [1, 1, 1])


@pytest.mark.parametrize("sparse", [False, True])
def test_a_flow_log_on_a_later_page_is_not_overlooked(
    function: StartFunction, moto: Moto, faults: Faults, sparse: bool
) -> None:
    """Of the three that each VPC has one delivers; a page holds five of them, or none at all."""
    arn, vpcs = writer(moto), [vpc(moto) for _ in range(5)]
    for one in vpcs_in(moto):
        for group in ("a", "b"):
            flow_log(moto, one, arn, group=group, TrafficType="ACCEPT")
        flow_log(moto, one, arn)
    subnets = moto.client("ec2").describe_subnets()["Subnets"]
    for subnet in subnets:
        flow_log(moto, subnet["SubnetId"], arn, ResourceType="Subnet")
    order(moto, "page-size", size=5, sparse=sparse)
    found = swept(function, faults, TRAILKEEPER_REGIONS=REGION)
    assert {arn: it["status"] for arn, it in found.items()} == dict.fromkeys(found, "compliant")
    assert found.keys() > {vpc_arn(one) for one in vpcs}
    assert len(faults.calls("ec2", "DescribeFlowLogs")) >= 4


def test_reading_is_shared_by_the_vpcs_of_a_sweep(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = writer(moto)
    for one in [*(vpc(moto) for _ in range(20)), *vpcs_in(moto)]:
        if not flow_logs(moto, one):
            flow_log(moto, one, arn)
    found = swept(function, faults, TRAILKEEPER_REGIONS=REGION)
    assert len(found) == 21 and {it["status"] for it in found.values()} == {"compliant"}
    assert len(faults.calls("ec2")) == 2, "one page of VPCs, and one of their flow logs"
    assert len(faults.calls("iam", "GetRole")) <= 4, "as many as are looked at at once"


def test_configured_regions_bound_a_sweep(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    moto.regions(list(ALL))
    found = swept(function, faults, TRAILKEEPER_REGIONS=f"{WEST},{NORTH}")
    assert found.keys() == all_vpcs(moto, WEST, NORTH).keys()
    assert faults.calls("account") == []


@pytest.mark.parametrize("operation", ["DescribeVpcs", "DescribeFlowLogs"])
def test_a_region_that_cannot_be_listed_is_a_result_of_its_own(
    function: StartFunction, moto: Moto, faults: Faults, operation: str
) -> None:
    faults.rule("ec2", operation, region=WEST, error="UnauthorizedOperation", status=403)
    found = swept(function, faults)
    whole = found.pop(vpc_arn("*", WEST))
    assert whole["status"] == "unknown" and f"ec2:{operation} was denied" in whole["because"]
    expected = all_vpcs(moto, REGION)
    assert {arn: it["status"] for arn, it in found.items()} == dict.fromkeys(expected, "fixed")


def test_a_region_that_is_throttled_stops_no_other_and_the_sweep_is_tried_again(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    faults.rule("ec2", "DescribeVpcs", region=WEST, error="RequestLimitExceeded", status=503)
    started = function("vpc", endpoint=faults, mode="enforce", timeout=90)
    answer = started.invoke(schedule())
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    for one in vpcs_in(moto):
        assert_flows_with_ours(moto, one)
    faults.clear()
    found = results(started.invoke(schedule()))
    assert {it["region"]: it["status"] for it in found} == {REGION: "compliant", WEST: "fixed"}


def test_one_bad_vpc_stops_no_other(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """One has all the flow logs that it may have, one is another account's."""
    full, shared, arn = vpc(moto), vpc(moto), writer(moto)
    for number in range(250):
        flow_log(moto, full, arn, group=f"flows{number}", TrafficType="ACCEPT")
    order(moto, "vpc-owner", vpc=shared, owner=OTHER)
    others = [vpc(moto) for _ in range(4)]
    found = swept(function, faults, TRAILKEEPER_REGIONS=REGION)
    assert found.keys() == all_vpcs(moto, REGION).keys()
    assert found.pop(vpc_arn(full))["status"] == "failed"
    assert found.pop(vpc_arn(shared))["status"] == "not-applicable"
    assert {it["status"] for it in found.values()} == {"fixed"}
    for one in others:
        assert_flows_with_ours(moto, one)


def test_what_a_sweep_could_not_write_the_next_one_does(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one = vpc(moto)
    faults.deny("ec2", "CreateFlowLogs", times=1)
    first = swept(function, faults, TRAILKEEPER_REGIONS=REGION)
    assert sorted(it["status"] for it in first.values()) == ["failed", "fixed"]
    second = swept(function, faults, TRAILKEEPER_REGIONS=REGION)
    assert sorted(it["status"] for it in second.values()) == ["compliant", "fixed"]
    assert_flows_with_ours(moto, one)


def test_a_group_of_each_region_and_one_role(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    swept(function, faults)
    groups = [call.region for call in faults.calls("logs", "CreateLogGroup")]
    assert sorted(groups) == sorted([REGION, WEST])
    for region in (REGION, WEST):
        (one,) = vpcs_in(moto, region)
        assert_flows_with_ours(moto, one, region=region)


def test_a_dry_run_of_a_sweep_writes_nothing(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    started = function("vpc", endpoint=faults)
    for event in (schedule(), schedule("aws.scheduler"), delete_flow_logs()):
        found = results(started.invoke(event))
        assert {it["status"] for it in found} == {"planned"}
    assert changing(faults) == []


def test_the_regions_that_cannot_be_told_are_an_error(
    function: StartFunction, faults: Faults
) -> None:
    faults.deny("account", "ListRegions")
    answer = function("vpc", endpoint=faults).invoke(schedule())
    assert not answer.ok and "account:ListRegions" in (answer.error_message or "")
