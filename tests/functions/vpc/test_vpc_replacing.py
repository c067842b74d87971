"""Flow logs that do not deliver: ours are mended or replaced, other people's are not touched."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import StartFunction
from envelope import role_call
from given import policy, trust
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import result, steps
from trail_groups import drop_role
from trails import GROUP_CALLS, OTHER, OURS, ROLE_CALLS, changing, group_call, retentions
from vpcs import (
    ALL_CALLS, CREATE, DELETE, OUR_GROUP, OUR_POLICY, OUR_ROLE, assert_flows_with_ours, check,
    create_vpc, delivery, failing_ours, flow_log, flow_logs, log_bucket, order, vpc, writer,
)

FAILED = ("FAILED", "Access error")
MENDS = {
    "policy-gone": ["iam:PutRolePolicy"],
    "policy-cut": ["iam:PutRolePolicy"],
    "trust-cut": ["iam:UpdateAssumeRolePolicy"],
    "role-gone": ROLE_CALLS,
}


def says(moto: Moto, flow: str, status: str, message: str = "") -> str:
    """Has AWS say this of a flow log's delivery."""
    order(moto, "flow-log-status", flow_log=flow, status=status, message=message)
    return flow


def ours_elsewhere(moto: Moto, one: str, to: str) -> str:
    """A flow log of ours, of other settings than those of today; it fails."""
    given: dict[str, Any] = {"role_arn": writer(moto), "group": "old"}
    if to == "bucket":
        given = {"LogDestinationType": "s3", "LogDestination": log_bucket(moto, delivery())}
    return says(moto, flow_log(moto, one, tags=OURS, **given), *FAILED)


def harmed(moto: Moto, harm: str) -> None:
    """What somebody does to our role."""
    iam, cut = moto.client("iam"), policy(Action="logs:PutLogEvents", Resource="*")
    match harm:
        case "policy-gone":
            iam.delete_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY)
        case "policy-cut":
            iam.put_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY, PolicyDocument=cut)
        case "trust-cut":
            untrusting = trust("ec2.amazonaws.com")
            iam.update_assume_role_policy(RoleName=OUR_ROLE, PolicyDocument=untrusting)
        case _:
            drop_role(moto, OUR_ROLE)


@pytest.mark.parametrize("to", ["group", "bucket"])
def test_one_with_our_tag_that_lies_elsewhere_is_not_deleted(
    function: StartFunction, moto: Moto, faults: Faults, to: str
) -> None:
    """Anybody can set a tag: it makes nobody's flow log ours."""
    one = vpc(moto)
    old = ours_elsewhere(moto, one, to)
    outcome = check(function, faults, one)
    assert outcome["status"] == "fixed"
    assert outcome["because"] == f"flow log {old} fails to deliver (Access error)"
    assert changing(faults) == ALL_CALLS
    assert old in flow_logs(moto, one) and len(flow_logs(moto, one)) == 2


@pytest.mark.parametrize("by_destination", [False, True])
def test_with_the_same_destination_the_old_one_goes_first(
    function: StartFunction, moto: Moto, faults: Faults, by_destination: bool
) -> None:
    order(moto, "flow-log-exists", by_destination=by_destination)
    one, old = failing_ours(function, moto)
    planned = check(function, faults, one, mode="dry-run")
    assert changing(faults) == [] and flow_logs(moto, one).keys() == {old}
    outcome = check(function, faults, one)
    assert outcome["status"] == "fixed" and changing(faults) == [DELETE, CREATE]
    for plan, done in zip(planned["steps"], outcome["steps"], strict=True):
        # Which flow log is made is known once it is.
        later = {"status": None} | ({"undo": None} if plan["action"] == "ec2:CreateFlowLogs" else {})
        assert plan | later == done | later
    assert assert_flows_with_ours(moto, one, in_place_of=old) != old


def test_the_old_one_stays_when_it_cannot_be_deleted(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, old = failing_ours(function, moto)
    faults.deny("ec2", "DeleteFlowLogs")
    outcome = check(function, faults, one)
    assert outcome["status"] == "failed" and f"{DELETE} was denied" in outcome["because"]
    assert steps(outcome) == [(DELETE, "failed"), (CREATE, "skipped")]
    assert flow_logs(moto, one).keys() == {old}


@pytest.mark.function_alone("somebody is quicker than the function")
def test_an_old_one_that_somebody_deletes_meanwhile_is_no_failure(
    function: StartFunction, moto: Moto
) -> None:
    one, old = failing_ours(function, moto)
    started = function("vpc", mode="enforce")
    moto.hold("DeleteFlowLogs")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, create_vpc(one))
        moto.wait_until_held()
        moto.client("ec2").delete_flow_logs(FlowLogIds=[old])
        moto.release()
        assert result(running.result())["status"] == "fixed"
    assert_flows_with_ours(moto, one)


def test_one_that_was_made_in_place_of_another_and_fails_too_is_not_replaced(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, old = failing_ours(function, moto)
    assert check(function, moto, one)["status"] == "fixed"
    second = says(moto, assert_flows_with_ours(moto, one, in_place_of=old), *FAILED)
    outcome = check(function, faults, one)
    assert outcome["status"] == "advised" and changing(faults) == []
    assert second in outcome["advice"] and flow_logs(moto, one).keys() == {second}
    moto.client("ec2").delete_flow_logs(FlowLogIds=[second])
    assert check(function, faults, one)["status"] == "fixed", "as the advice says"
    assert_flows_with_ours(moto, one)


def test_what_it_leans_on_is_mended_even_if_it_is_not_replaced_again(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, old = failing_ours(function, moto)
    check(function, moto, one)
    second = says(moto, assert_flows_with_ours(moto, one, in_place_of=old), *FAILED)
    harmed(moto, "policy-cut")
    outcome = check(function, faults, one)
    assert outcome["status"] == "advised" and changing(faults) == ["iam:PutRolePolicy"]
    says(moto, second, "")
    assert check(function, moto, one)["status"] == "compliant"
    assert assert_flows_with_ours(moto, one, in_place_of=old) == second


def test_one_that_cloudwatch_throttles_is_not_replaced(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, old = failing_ours(function, moto, "FAILED", "Rate limited")
    outcome = check(function, faults, one)
    assert outcome["status"] == "advised" and "Rate limited" in outcome["because"]
    assert "TRAILKEEPER_FLOW_LOG_BUCKET" in outcome["advice"]
    assert changing(faults) == [] and flow_logs(moto, one).keys() == {old}


def test_somebody_elses_in_our_place_is_reported_and_not_touched(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """Nothing can be made beside it: AWS takes no second one of the same destination."""
    order(moto, "flow-log-exists", by_destination=True)
    one = vpc(moto)
    theirs = flow_log(moto, one, writer(moto), group=OUR_GROUP, TrafficType="ACCEPT")
    moto.client("logs").put_retention_policy(logGroupName=OUR_GROUP, retentionInDays=1)
    before = flow_logs(moto, one)
    outcome = check(function, faults, one)
    assert outcome["status"] == "advised" and theirs in outcome["advice"]
    assert changing(faults) == [] and flow_logs(moto, one) == before


def test_a_leftover_of_ours_beside_one_that_delivers_is_deleted(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, old = failing_ours(function, moto)
    good = flow_log(moto, one, writer(moto, "customers"))
    outcome = check(function, faults, one)
    assert outcome["status"] == "fixed" and steps(outcome) == [(DELETE, "applied")]
    assert old in outcome["because"] and changing(faults) == [DELETE]
    assert flow_logs(moto, one).keys() == {good}


@pytest.mark.parametrize("beside", ["theirs", "ours"])
def test_a_tag_alone_deletes_nothing(
    function: StartFunction, moto: Moto, faults: Faults, beside: str
) -> None:
    one = vpc(moto)
    if beside == "theirs":
        flow_log(moto, one, writer(moto, "customers"))
    else:
        assert check(function, moto, one)["status"] == "fixed"
    tagged = [ours_elsewhere(moto, one, "group")]
    role_arn = moto.client("iam").get_role(RoleName="flows")["Role"]["Arn"]
    tagged.append(flow_log(moto, one, role_arn, group="accepted", tags=OURS, TrafficType="ACCEPT"))
    outcome = check(function, faults, one)
    assert outcome["status"] == "compliant" and changing(faults) == []
    assert set(tagged) <= flow_logs(moto, one).keys()


def test_one_of_ours_of_whose_delivery_aws_says_nothing_stays(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, old = failing_ours(function, moto, "SUCCESS")
    flow_log(moto, one, writer(moto, "customers"))
    harmed(moto, "policy-gone")
    assert check(function, faults, one)["status"] == "compliant"
    assert changing(faults) == [] and old in flow_logs(moto, one)


def test_the_retention_of_our_group_and_the_trust_of_our_role_are_put_back(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, old = failing_ours(function, moto, "SUCCESS")
    moto.client("logs").put_retention_policy(logGroupName=OUR_GROUP, retentionInDays=1)
    iam = moto.client("iam")
    whole = iam.get_role(RoleName=OUR_ROLE)["Role"]["AssumeRolePolicyDocument"]
    stranger = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": "sts:AssumeRole"}
    wider = whole | {"Statement": [*whole["Statement"], stranger]}
    iam.update_assume_role_policy(RoleName=OUR_ROLE, PolicyDocument=json.dumps(wider))
    outcome = check(function, faults, one, event=role_call("UpdateAssumeRolePolicy", OUR_ROLE))
    assert outcome["status"] == "fixed" and f"{OTHER}:root" in outcome["because"]
    assert "after 1 days" in outcome["because"] and retentions(moto)[OUR_GROUP] == 365
    assert iam.get_role(RoleName=OUR_ROLE)["Role"]["AssumeRolePolicyDocument"] == whole
    assert assert_flows_with_ours(moto, one) == old


def test_a_leftover_of_somebody_else_stays(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, arn = vpc(moto), writer(moto)
    flow_log(moto, one, arn)
    says(moto, flow_log(moto, one, arn, group="old"), *FAILED)
    assert check(function, faults, one)["status"] == "compliant"
    assert changing(faults) == [] and len(flow_logs(moto, one)) == 2


@pytest.mark.parametrize("harm", MENDS)
def test_a_broken_role_is_repaired_and_its_flow_log_not_touched(
    function: StartFunction, moto: Moto, faults: Faults, harm: str
) -> None:
    """AWS's word is minutes old: it does not say yet that the flow log fails."""
    one, old = failing_ours(function, moto, "SUCCESS")
    harmed(moto, harm)
    outcome = check(function, faults, one, event=role_call("DeleteRolePolicy", OUR_ROLE))
    assert outcome["status"] == "fixed" and changing(faults) == MENDS[harm]
    assert assert_flows_with_ours(moto, one) == old


@pytest.mark.parametrize("harm", MENDS)
def test_a_flow_log_that_fails_by_its_role_is_replaced_once_the_role_is_repaired(
    function: StartFunction, moto: Moto, faults: Faults, harm: str
) -> None:
    one, old = failing_ours(function, moto, "")
    harmed(moto, harm)
    assert flow_logs(moto, one)[old]["DeliverLogsStatus"] == "FAILED"
    outcome = check(function, faults, one, event=role_call("DeleteRole", OUR_ROLE))
    assert outcome["status"] == "fixed" and changing(faults) == [*MENDS[harm], DELETE, CREATE]
    assert_flows_with_ours(moto, one, in_place_of=old)


def test_a_deleted_group_is_made_again_with_an_end_to_what_it_keeps(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, old = failing_ours(function, moto, "")
    moto.client("logs").delete_log_group(logGroupName=OUR_GROUP)
    outcome = check(function, faults, one, event=group_call(OUR_GROUP))
    assert outcome["status"] == "fixed" and "log group that does not exist" in outcome["because"]
    assert changing(faults) == GROUP_CALLS and assert_flows_with_ours(moto, one) == old


def test_a_group_that_the_flow_log_made_anew_gets_an_end_to_what_it_keeps(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    one, old = failing_ours(function, moto, "")
    logs = moto.client("logs")
    logs.delete_log_group(logGroupName=OUR_GROUP)
    order(moto, "traffic")
    assert retentions(moto) == {OUR_GROUP: None}
    outcome = check(function, faults, one)
    assert outcome["status"] == "fixed" and "forever" in outcome["because"]
    assert changing(faults) == [GROUP_CALLS[1]] and retentions(moto) == {OUR_GROUP: 365}
    assert assert_flows_with_ours(moto, one) == old
