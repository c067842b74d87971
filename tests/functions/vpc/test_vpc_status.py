"""Each status that the vpc function reports, and what the account holds afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import StartFunction
from given import client_of, policy, role, trust
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import result, steps, writes
from trail_groups import drop_role
from trails import OTHER, changing, our_roles, retentions
from vpcs import (
    ALL_CALLS, CREATE, GONE, OUR_GROUP, OUR_POLICY, OUR_ROLE, SERVICE, WRITE,
    assert_flows_with_ours, check, create_vpc, delivery, flow_log, flow_logs, log_bucket, order,
    vpc, writer,
)

Make = Callable[[Moto, str], object]


def test_fixed(function: StartFunction, moto: Moto, faults: Faults) -> None:
    one = vpc(moto)
    outcome = check(function, faults, one)
    assert (outcome["status"], outcome["because"]) == ("fixed", "it has no flow log")
    assert steps(outcome) == [(call, "applied") for call in ALL_CALLS]
    assert changing(faults) == ALL_CALLS
    assert_flows_with_ours(moto, one)


def test_the_second_vpc_gets_the_same_group_and_role(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    check(function, faults, vpc(moto))
    second = vpc(moto)
    assert steps(check(function, faults, second)) == [(CREATE, "applied")]
    assert_flows_with_ours(moto, second)


def test_a_flow_log_that_says_too_little_covers_nothing(function: StartFunction, moto: Moto, faults: Faults) -> None:
    one = vpc(moto)
    blind = flow_log(moto, one, writer(moto), LogFormat="${version}")
    outcome = check(function, faults, one)
    assert outcome["status"] == "fixed" and f"{blind} records no srcaddr" in outcome["because"]
    assert blind in flow_logs(moto, one), "it is the customer's"
    assert len(flow_logs(moto, one)) == 2
    assert check(function, faults, one)["status"] == "compliant"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"TRAILKEEPER_FLOW_LOG_TRAFFIC": "REJECT"}, {"traffic": "REJECT"}),
        ({"TRAILKEEPER_FLOW_LOG_INTERVAL": "60"}, {"interval": 60}),
        ({"TRAILKEEPER_LOG_RETENTION_DAYS": "30"}, {"retention": 30}),
    ],
)
def test_settings_say_what_is_made(
    function: StartFunction, moto: Moto, settings: dict[str, str], expected: dict[str, int | str]
) -> None:
    one = vpc(moto)
    assert check(function, moto, one, **settings)["status"] == "fixed"
    assert_flows_with_ours(moto, one, **expected)  # type: ignore[arg-type]


def test_a_dry_run_plans_exactly_what_enforce_then_applies(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one = vpc(moto)
    planned = check(function, faults, one, mode="dry-run")
    assert planned["status"] == "planned" and changing(faults) == []
    assert flow_logs(moto, one) == {} and our_roles(moto) == [] and retentions(moto) == {}
    applied = check(function, faults, one)
    assert steps(planned) == [(call, "planned") for call in ALL_CALLS]
    assert steps(applied) == [(call, "applied") for call in ALL_CALLS]
    for plan, done in zip(planned["steps"], applied["steps"], strict=True):
        # Which flow log is made is known once it is.
        later = {"status": None} | ({"undo": None} if plan["action"] == "ec2:CreateFlowLogs" else {})
        assert plan | later == done | later


def on_bucket(moto: Moto, one: str) -> None:
    flow_log(moto, one, LogDestinationType="s3", LogDestination=log_bucket(moto, delivery()))


def groupless(moto: Moto, one: str, *more: str) -> None:
    """The group is gone, and whether the role may make it is the question."""
    made = flow_log(moto, one, writer(moto, actions=[*WRITE, *more]))
    order(moto, "flow-log-status", flow_log=made, status="SUCCESS")
    moto.client("logs").delete_log_group(logGroupName="flows")


def told(moto: Moto, one: str) -> None:
    made = flow_log(moto, one, writer(moto))
    order(moto, "flow-log-status", flow_log=made, status="SUCCESS")


COMPLIANT: dict[str, Make] = {
    "all traffic": lambda moto, one: flow_log(moto, one, writer(moto)),
    "rejected traffic": lambda moto, one: flow_log(moto, one, writer(moto), TrafficType="REJECT"),
    "into a bucket": on_bucket,
    "that AWS says delivers": told,
    "that makes its group anew": lambda moto, one: groupless(moto, one, "logs:CreateLogGroup"),
}


@pytest.mark.parametrize("make", COMPLIANT.values(), ids=COMPLIANT)
def test_compliant(function: StartFunction, moto: Moto, faults: Faults, make: Make) -> None:
    one = vpc(moto)
    make(moto, one)
    before = flow_logs(moto, one)
    outcome = check(function, faults, one)
    assert (outcome["status"], outcome["steps"]) == ("compliant", [])
    assert changing(faults) == [] and flow_logs(moto, one) == before


def test_a_strangers_bucket_is_asked_about_or_gets_ours_beside_it(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, s3 = vpc(moto), client_of(moto, OTHER, "s3")
    s3.create_bucket(Bucket="strangers")
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}
    resources = ["arn:aws:s3:::strangers", "arn:aws:s3:::strangers/*"]
    policy = {"Version": "2012-10-17", "Statement": [everybody | {"Resource": resources}]}
    s3.delete_public_access_block(Bucket="strangers")
    s3.put_bucket_policy(Bucket="strangers", Policy=json.dumps(policy))
    flow_log(
        moto, one, TrafficType="REJECT", LogDestinationType="s3",
        LogDestination="arn:aws:s3:::strangers",
    )
    asked = check(function, faults, one)
    assert (asked["status"], changing(faults)) == ("advised", [])
    assert "bucket strangers of another account" in asked["because"]
    named = check(function, faults, one, TRAILKEEPER_RECORD_DESTINATIONS="strangers")
    assert named["status"] == "compliant"
    elsewhere = check(function, faults, one, TRAILKEEPER_RECORD_DESTINATIONS="central")
    assert "bucket strangers of another account" in elsewhere["because"]
    assert [it["action"] for it in elsewhere["steps"]] == ALL_CALLS
    assert len(flow_logs(moto, one)) == 2


def accepted(moto: Moto, one: str) -> None:
    flow_log(moto, one, writer(moto), TrafficType="ACCEPT")


def on_subnet(moto: Moto, one: str) -> str:
    made = moto.client("ec2").create_subnet(VpcId=one, CidrBlock="10.0.1.0/24")["Subnet"]
    flow_log(moto, made["SubnetId"], writer(moto), ResourceType="Subnet")
    return str(made["SubnetId"])


def on_interface(moto: Moto, one: str) -> None:
    subnet = on_subnet(moto, one)
    made = moto.client("ec2").create_network_interface(SubnetId=subnet)["NetworkInterface"]
    role_arn = writer(moto, "other")
    flow_log(moto, made["NetworkInterfaceId"], role_arn, ResourceType="NetworkInterface")


def failing(moto: Moto, one: str) -> None:
    made = flow_log(moto, one, writer(moto))
    order(moto, "flow-log-status", flow_log=made, status="FAILED", message="Access error")


def roleless(moto: Moto, one: str) -> None:
    """AWS's word is minutes old: it still says that all is well."""
    told(moto, one)
    drop_role(moto, "flows")


def estranged(moto: Moto, one: str) -> None:
    told(moto, one)
    elsewhere = trust(SERVICE, StringEquals={"aws:SourceAccount": OTHER})
    moto.client("iam").update_assume_role_policy(RoleName="flows", PolicyDocument=elsewhere)


def powerless(moto: Moto, one: str) -> None:
    told(moto, one)
    less = {"PolicyName": "write", "PolicyDocument": policy(Action=WRITE[0], Resource="*")}
    moto.client("iam").put_role_policy(RoleName="flows", **less)


VIOLATIONS: dict[str, tuple[Make, str]] = {
    "accepted traffic alone": (accepted, "records only accepted traffic"),
    "of a subnet": (on_subnet, "it has no flow log"),
    "of an interface": (on_interface, "it has no flow log"),
    "a delivery that fails": (failing, "fails to deliver (Access error)"),
    "a role that is gone": (roleless, "has a role that does not exist"),
    "a role that does not let it in": (estranged, f"does not let {SERVICE} assume it"),
    "a role that may not write": (powerless, "do not allow logs:PutLogEvents"),
    "a group that is gone": (groupless, "do not allow logs:CreateLogGroup"),
}


@pytest.mark.parametrize(("make", "why"), VIOLATIONS.values(), ids=VIOLATIONS)
def test_what_does_not_count_is_left_alone_and_ours_is_made_beside_it(
    function: StartFunction, moto: Moto, faults: Faults, make: Make, why: str
) -> None:
    one = vpc(moto)
    make(moto, one)
    theirs = flow_logs(moto, one)
    outcome = check(function, faults, one)
    assert outcome["status"] == "fixed" and why in outcome["because"]
    assert all(it in outcome["because"] for it in theirs)
    assert changing(faults) == ALL_CALLS
    ours = assert_flows_with_ours(moto, one)
    assert {k: v for k, v in flow_logs(moto, one).items() if k != ours} == theirs


def test_not_applicable_when_another_account_shares_it(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one = vpc(moto)
    order(moto, "vpc-owner", vpc=one, owner=OTHER)
    outcome = check(function, faults, one)
    assert outcome["status"] == "not-applicable" and OTHER in outcome["because"]
    assert changing(faults) == [] and faults.calls("iam") == []


def test_not_applicable_when_it_is_gone(function: StartFunction, faults: Faults) -> None:
    assert check(function, faults, GONE)["status"] == "not-applicable"
    assert changing(faults) == [] and len(faults.calls("ec2", "DescribeVpcs")) == 4


def test_a_new_vpc_that_ec2_does_not_know_yet_is_looked_for_again(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one = vpc(moto)
    order(moto, "vpc-unseen", vpc=one, calls=2)
    assert check(function, faults, one)["status"] == "fixed"
    assert len(faults.calls("ec2", "DescribeVpcs")) == 3, "two in vain, and no VPC changes hands"
    assert_flows_with_ours(moto, one)


def test_a_new_vpc_that_one_call_knows_and_the_next_does_not(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, started = vpc(moto), function("vpc", endpoint=faults, mode="enforce")
    moto.hold("CreateFlowLogs")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, create_vpc(one))
        moto.wait_until_held()
        order(moto, "vpc-unseen", vpc=one, calls=1)
        moto.release()
        assert result(running.result())["status"] == "fixed"
    assert changing(faults) == [*ALL_CALLS, CREATE]
    assert_flows_with_ours(moto, one)


def test_where_a_role_of_our_name_is_not_ours_another_is_made(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    theirs = role(moto, OUR_ROLE, trust(SERVICE))
    one = vpc(moto)
    assert check(function, faults, one)["status"] == "fixed" and changing(faults) == ALL_CALLS
    (made,) = moto.client("ec2").describe_flow_logs()["FlowLogs"]
    assert made["DeliverLogsPermissionArn"] == f"{theirs}-2"
    assert check(function, faults, one)["status"] == "compliant"
    moto.client("iam").delete_role_policy(RoleName=f"{OUR_ROLE}-2", PolicyName=OUR_POLICY)
    assert check(function, faults, one)["status"] == "fixed", "it is ours as the first was"


def test_advised_when_roles_of_both_our_names_are_not_ours(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    for name in (OUR_ROLE, f"{OUR_ROLE}-2"):
        role(moto, name, trust(SERVICE))
    outcome = check(function, faults, vpc(moto))
    assert outcome["status"] == "advised" and "without Trailkeeper's tag" in outcome["advice"]
    assert changing(faults) == [] and OUR_GROUP not in retentions(moto)


@pytest.mark.parametrize("harm", ["policy-gone", "policy-cut", "trust-cut"])
def test_our_role_is_repaired_for_the_next_vpc(
    function: StartFunction, moto: Moto, faults: Faults, harm: str
) -> None:
    check(function, moto, vpc(moto))
    iam, cut = moto.client("iam"), policy(Action=WRITE[0], Resource="*")
    untrusting = trust("ec2.amazonaws.com")
    match harm:
        case "policy-gone":
            iam.delete_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY)
        case "policy-cut":
            iam.put_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY, PolicyDocument=cut)
        case _:
            iam.update_assume_role_policy(RoleName=OUR_ROLE, PolicyDocument=untrusting)
    second = vpc(moto)
    outcome = check(function, faults, second)
    mend = "iam:UpdateAssumeRolePolicy" if harm == "trust-cut" else "iam:PutRolePolicy"
    assert steps(outcome) == [(mend, "applied"), (CREATE, "applied")]
    assert (outcome["steps"][0]["before"] is None) == (harm == "policy-gone")
    assert_flows_with_ours(moto, second)


def test_whoever_hears_our_log_group_is_told_and_one_that_was_planted_is_not_used(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, logs = vpc(moto), moto.client("logs")
    client_of(moto, OTHER, "logs").create_log_group(logGroupName="ears")
    ears = f"arn:aws:logs:{REGION}:{OTHER}:destination:ears"
    filtered = {"logGroupName": OUR_GROUP, "filterName": "mine", "filterPattern": "", "destinationArn": ears}
    logs.create_log_group(logGroupName=OUR_GROUP)
    logs.put_subscription_filter(**filtered)
    found = check(function, faults, one)
    assert found["status"] == "advised" and "no flow log is created there" in found["advice"]
    assert ears in found["advice"] and writes(faults) == []
    logs.delete_subscription_filter(logGroupName=OUR_GROUP, filterName="mine")
    assert check(function, faults, one)["status"] == "fixed"
    logs.put_subscription_filter(**filtered)
    found = check(function, faults, one)
    assert found["status"] == "advised" and f"hands its events to {ears}" in found["because"]
    assert check(function, faults, one, TRAILKEEPER_RECORD_DESTINATIONS=OTHER)["status"] == "compliant"
