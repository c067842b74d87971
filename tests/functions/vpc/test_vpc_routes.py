"""Which events lead to which VPCs, in which region, and which are no news."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from envelope import Event, role_call
from given import trust
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import results
from repository import EVENTS
from trails import WEST, changing, group_call
from vpcs import (
    GONE, OUR_GROUP, OUR_ROLE, SERVICE, assert_flows_with_ours, check, create_default_vpc,
    create_flow_logs, create_vpc, delete_flow_logs, flow_log, listed, vpc, vpc_arn, vpcs_in, writer,
)

OMITTED = {"omitted": True, "originalSize": 204_800, "reason": "responseElements too large"}
UNSUCCESSFUL = {"CreateFlowLogsResponse": {"unsuccessful": {"item": listed(GONE)}}}
ROLE_CHANGES = [
    "AttachRolePolicy", "DeleteRole", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePolicy",
    "UpdateAssumeRolePolicy",
]


def seen(function: StartFunction, faults: Faults, event: Event, **settings: str) -> set[str]:
    """The ARNs of the VPCs that were looked at, in a dry run."""
    faults.forget()
    found = results(function("vpc", endpoint=faults, **settings).invoke(event))
    assert changing(faults) == []
    assert len({it["resource"] for it in found}) == len(found), "each once"
    return {it["resource"] for it in found}


def every_vpc(moto: Moto, *regions: str) -> set[str]:
    return {vpc_arn(one, region) for region in regions for one in vpcs_in(moto, region)}


@pytest.mark.parametrize(
    "event",
    [
        create_vpc,
        create_default_vpc,
        lambda one, **record: create_default_vpc(one, wrapped=True, **record),
        create_flow_logs,
        lambda one, **record: create_flow_logs(one, one.replace("vpc-", "subnet-"), **record),
    ],
    ids=["CreateVpc", "CreateDefaultVpc", "wrapped", "CreateFlowLogs", "with a subnet"],
)
@pytest.mark.parametrize("region", [REGION, WEST])
def test_a_call_that_names_a_vpc_leads_to_it_in_its_region(
    function: StartFunction, moto: Moto, faults: Faults, event: Any, region: str
) -> None:
    one = vpc(moto, region)
    assert seen(function, faults, event(one, awsRegion=region)) == {vpc_arn(one, region)}
    assert {call.region for call in faults.calls("ec2")} == {region}


def test_a_vpc_is_fixed_in_the_region_of_the_call(function: StartFunction, moto: Moto) -> None:
    one = vpc(moto, WEST)
    (outcome,) = results(function("vpc", mode="enforce").invoke(create_vpc(one, awsRegion=WEST)))
    assert (outcome["status"], outcome["region"]) == ("fixed", WEST)
    assert_flows_with_ours(moto, one, region=WEST)


@pytest.mark.parametrize(
    "event",
    [
        lambda one, two: create_flow_logs(one, two, awsRegion=WEST),
        lambda *_: delete_flow_logs(awsRegion=WEST),
        lambda *_: delete_flow_logs("fl-1", "fl-2", awsRegion=WEST),
        lambda *_: delete_flow_logs(awsRegion=WEST, requestParameters=None),
        lambda one, _: create_vpc(one, awsRegion=WEST, responseElements=OMITTED),
        lambda one, _: create_vpc(one, awsRegion=WEST, responseElements=None),
        lambda one, _: create_flow_logs(one, awsRegion=WEST, requestParameters=OMITTED),
    ],
    ids=["several", "deleted", "several deleted", "unnamed", "left out", "no answer", "unasked"],
)
def test_where_the_record_does_not_say_which_all_of_that_region_are_looked_at(
    function: StartFunction, moto: Moto, faults: Faults, event: Any
) -> None:
    one, two = vpc(moto, WEST), vpc(moto, WEST)
    vpc(moto)
    assert seen(function, faults, event(one, two)) == every_vpc(moto, WEST)


def test_the_vpc_whose_flow_log_was_deleted_gets_another(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, other = vpc(moto), vpc(moto)
    started = function("vpc", endpoint=faults, mode="enforce")
    for it in vpcs_in(moto):
        results(started.invoke(create_vpc(it)))
    old = assert_flows_with_ours(moto, one)
    moto.client("ec2").delete_flow_logs(FlowLogIds=[old])
    found = results(started.invoke(delete_flow_logs(old)))
    statuses = {it["resource"]: it["status"] for it in found}
    assert statuses.pop(vpc_arn(one)) == "fixed" and set(statuses.values()) == {"compliant"}
    assert assert_flows_with_ours(moto, one) != old
    assert_flows_with_ours(moto, other)


def leaning(moto: Moto) -> set[str]:
    """The VPCs with a flow log on the customer's role and group, one a region; others besides."""
    arn, other = writer(moto), writer(moto, "other")
    using = [(vpc(moto, region), region) for region in (REGION, WEST)]
    for one, region in using:
        flow_log(moto, one, arn, region=region)
    flow_log(moto, vpc(moto), other, group="else")
    vpc(moto)
    subnets = moto.client("ec2").describe_subnets()["Subnets"]
    flow_log(moto, subnets[0]["SubnetId"], arn, ResourceType="Subnet")
    return {vpc_arn(one, region) for one, region in using}


@pytest.mark.parametrize("name", ROLE_CHANGES)
def test_a_changed_role_leads_to_the_vpcs_whose_flow_logs_use_it(
    function: StartFunction, moto: Moto, faults: Faults, name: str
) -> None:
    using = leaning(moto)
    assert seen(function, faults, role_call(name, "flows")) == using
    assert seen(function, faults, role_call(name, "FLOWS")) == using, "in any case of letters"


def test_a_deleted_group_leads_to_the_vpcs_whose_flow_logs_use_it_in_that_region(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    using = leaning(moto)
    here = seen(function, faults, group_call("flows"))
    there = seen(function, faults, group_call("flows", WEST))
    assert here | there == using


@pytest.mark.parametrize(
    "event",
    [
        role_call("DeleteRole", "nobodys"),
        role_call("DeleteRole", OUR_ROLE),
        group_call("nobodys"),
        group_call(OUR_GROUP),
        group_call("flows/2"),
    ],
)
def test_what_no_flow_log_uses_leads_nowhere(
    function: StartFunction, moto: Moto, faults: Faults, event: Event
) -> None:
    leaning(moto)
    assert seen(function, faults, event) == set()


def test_a_role_without_a_name_leads_to_every_vpc(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    vpc(moto)
    event = role_call("PutRolePolicy", "x", requestParameters=None)
    assert seen(function, faults, event) == every_vpc(moto, REGION, WEST)


def test_a_role_that_is_deleted_leads_to_a_fix_of_those_that_used_it(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, iam = vpc(moto), moto.client("iam")
    flow_log(moto, one, writer(moto))
    iam.delete_role_policy(RoleName="flows", PolicyName="write")
    outcome = check(function, faults, one, event=role_call("DeleteRolePolicy", "flows"))
    assert outcome["status"] == "fixed"
    assert_flows_with_ours(moto, one)
    iam.update_assume_role_policy(RoleName="flows", PolicyDocument=trust(SERVICE))
    faults.forget()
    again = check(function, faults, one, event=role_call("UpdateAssumeRolePolicy", "flows"))
    assert again["status"] == "compliant" and changing(faults) == []


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (create_flow_logs("subnet-0123456789abcdef0"), "of a subnet or an interface"),
        (create_flow_logs("eni-0123456789abcdef0", "subnet-01234567"), "of a subnet or an"),
        (create_vpc(GONE, errorCode="Client.VpcLimitExceeded"), "call failed"),
        (create_flow_logs(GONE, errorCode="Client.FlowLogAlreadyExists"), "call failed"),
        (create_flow_logs(GONE, responseElements=UNSUCCESSFUL), "call failed"),
        (delete_flow_logs(errorCode="Client.UnauthorizedOperation"), "call failed"),
    ],
)
def test_what_changed_nothing_leads_nowhere_and_costs_nothing(
    function: StartFunction, moto: Moto, faults: Faults, event: Event, why: str
) -> None:
    answer = function("vpc", endpoint=faults, mode="enforce").invoke(event)
    assert answer.ok and why in answer.body["ignored"] and answer.body["results"] == []
    assert {call.service for call in faults.calls()} <= {"sts"}


def test_a_deletion_that_succeeded_in_part_hides_nothing(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """Whoever adds an id that there is not, to a call that deletes one that there is, is looked after all the same."""
    one, ids = vpc(moto), ("fl-0aaaaaaaaaaaaaaaa", "fl-0bbbbbbbbbbbbbbbb")
    missing = {"error": {"code": "InvalidFlowLogId.NotFound"}, "resourceId": ids[1]}
    partly = {"DeleteFlowLogsResponse": {"unsuccessful": {"item": missing}}}
    assert vpc_arn(one) in seen(function, faults, delete_flow_logs(*ids, responseElements=partly))


@pytest.mark.parametrize("name", ["ec2.create-vpc", "iam.delete-role-policy", "scheduled"])
def test_the_events_to_try_by_hand_are_looked_into(
    function: StartFunction, moto: Moto, name: str
) -> None:
    text = (EVENTS / f"{name}.json").read_text()
    answer = function("vpc").invoke(text)
    assert answer.ok and answer.body["ignored"] is None, answer.body
    assert ACCOUNT in text
