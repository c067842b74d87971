"""The role with which a trail writes to its log group: ours is repaired, the customer's is told of."""

from __future__ import annotations

import json

import pytest
from conftest import StartFunction
from envelope import role_call
from given import CLOUDTRAIL, policy, trust
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from observed import steps
from trail_groups import WRITER, assert_ours, check_logs, drop_role, on_ours
from trails import (
    UPDATE, VALIDATION, changes, changing, kept_trail, now, outcomes, statuses, trail_call, GROUP_CALLS, LOGS,
    OTHER, OUR_POLICY, OUR_ROLE, ROLE_CALLS, WITHOUT_LOGS,
)

CUTS: dict[str, tuple[str, str]] = {
    "policy gone": ("DeleteRolePolicy", ""),
    "policy cut": ("PutRolePolicy", policy(Action="logs:PutLogEvents", Resource="*")),
    "another group's": (
        "PutRolePolicy", policy(Action="logs:*", Resource=f"arn:aws:logs:*:{ACCOUNT}:log-group:other:*"),
    ),
    "trust cut": ("UpdateAssumeRolePolicy", trust("ec2.amazonaws.com")),
    "trust of another trail": (
        "UpdateAssumeRolePolicy", trust(CLOUDTRAIL, StringEquals={"aws:SourceArn": "arn:aws:cloudtrail:x"}),
    ),
}


def cut(moto: Moto, name: str, inline: str, call: str, document: str) -> None:
    iam = moto.client("iam")
    match call:
        case "DeleteRolePolicy":
            iam.delete_role_policy(RoleName=name, PolicyName=inline)
        case "PutRolePolicy":
            iam.put_role_policy(RoleName=name, PolicyName=inline, PolicyDocument=document)
        case _:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)


@pytest.mark.parametrize(("call", "document"), CUTS.values(), ids=CUTS)
def test_a_customers_role_that_was_cut_is_advised(
    function: StartFunction, moto: Moto, faults: Faults, call: str, document: str
) -> None:
    arn = kept_trail(moto)
    had = now(moto, arn)
    cut(moto, WRITER, "write", call, document)
    outcome = check_logs(function, faults, role_call(call, WRITER))
    assert outcome["status"] == "advised" and WRITER in outcome["advice"] and WRITER in outcome["because"]
    assert changes(faults) == [] and now(moto, arn) == had


@pytest.mark.parametrize(("call", "document"), CUTS.values(), ids=CUTS)
def test_our_role_is_repaired_and_the_trail_is_left_alone(
    function: StartFunction, moto: Moto, faults: Faults, call: str, document: str
) -> None:
    arn = on_ours(function, moto)
    cut(moto, OUR_ROLE, OUR_POLICY, call, document)
    outcome = check_logs(function, faults, role_call(call, OUR_ROLE))
    assert outcome["status"] == "fixed"
    expected = "iam:UpdateAssumeRolePolicy" if call == "UpdateAssumeRolePolicy" else "iam:PutRolePolicy"
    assert changing(faults) == [expected]
    (step,) = outcome["steps"]
    assert bool(step["before"]) is (call != "DeleteRolePolicy")
    assert_ours(moto, arn)


def test_our_role_comes_back_when_it_is_gone(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = on_ours(function, moto)
    drop_role(moto, OUR_ROLE)
    outcome = check_logs(function, faults, role_call("DeleteRole", OUR_ROLE))
    assert outcome["status"] == "fixed" and changing(faults) == ROLE_CALLS
    assert_ours(moto, arn)


STRANGERS = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": "sts:AssumeRole"}


def planted(moto: Moto, how: str, name: str = OUR_ROLE) -> None:
    """A role of somebody else's with a name of ours."""
    iam, own = moto.client("iam"), {"RoleName": name, "AssumeRolePolicyDocument": trust(CLOUDTRAIL)}
    match how:
        case "without our tag":
            iam.create_role(**own)
        case "under another path":
            iam.create_role(**own, Path="/aside/", Tags=[{"Key": "managed-by", "Value": "trailkeeper"}])
        case _:
            both = json.loads(trust(CLOUDTRAIL))
            both["Statement"] = [*both["Statement"], STRANGERS]
            tags = [{"Key": "managed-by", "Value": "trailkeeper"}]
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(both), Tags=tags)


PLANTED = ["without our tag", "under another path", "with our tag and a stranger"]
SECOND = f"{OUR_ROLE}-2"


@pytest.mark.parametrize("how", PLANTED)
def test_where_somebody_elses_role_has_our_name_ours_has_another(
    function: StartFunction, moto: Moto, faults: Faults, how: str
) -> None:
    planted(moto, how)
    before = moto.client("iam").get_role(RoleName=OUR_ROLE)["Role"]
    arn = kept_trail(moto, **WITHOUT_LOGS)
    found = check_logs(function, faults, trail_call("UpdateTrail", arn))
    assert found["status"] == "fixed"
    said = f"create role {SECOND}, since role {OUR_ROLE} is there and not Trailkeeper's"
    assert said in [it["summary"] for it in found["steps"]]
    assert now(moto, arn)["CloudWatchLogsRoleArn"].endswith(f":role/{SECOND}")
    assert check_logs(function, faults, trail_call("UpdateTrail", arn))["status"] == "compliant"
    assert moto.client("iam").get_role(RoleName=OUR_ROLE)["Role"] == before
    assert moto.client("iam").list_role_policies(RoleName=OUR_ROLE)["PolicyNames"] == []


@pytest.mark.parametrize("how", PLANTED)
def test_a_role_that_takes_the_place_of_ours_is_left_for_another(
    function: StartFunction, moto: Moto, faults: Faults, how: str
) -> None:
    arn = on_ours(function, moto)
    drop_role(moto, OUR_ROLE)
    planted(moto, how)
    found = check_logs(function, faults, trail_call("UpdateTrail", arn))
    assert found["status"] == "fixed", found
    assert changing(faults) == [*ROLE_CALLS, UPDATE]
    assert now(moto, arn)["CloudWatchLogsRoleArn"].endswith(f":role/{SECOND}")
    cut(moto, SECOND, OUR_POLICY, "DeleteRolePolicy", "")
    assert check_logs(function, faults, role_call("DeleteRolePolicy", SECOND))["status"] == "fixed", "it is ours as the first was"


@pytest.mark.parametrize("how", PLANTED)
def test_where_all_our_names_are_taken_that_is_advised(function: StartFunction, moto: Moto, faults: Faults, how: str) -> None:
    planted(moto, how)
    planted(moto, how, SECOND)
    arn = kept_trail(moto, EnableLogFileValidation=False, **WITHOUT_LOGS)
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn)))
    assert found[LOGS]["status"] == "advised" and "neither edits nor uses it" in found[LOGS]["advice"]
    assert found[VALIDATION]["status"] == "fixed"
    assert changing(faults) == [UPDATE] and "CloudWatchLogsRoleArn" not in now(moto, arn)


def test_whoever_was_let_into_our_role_is_put_out(function: StartFunction, moto: Moto, faults: Faults) -> None:
    on_ours(function, moto)
    iam = moto.client("iam")
    whole = iam.get_role(RoleName=OUR_ROLE)["Role"]["AssumeRolePolicyDocument"]
    wider = whole | {"Statement": [*whole["Statement"], STRANGERS]}
    iam.update_assume_role_policy(RoleName=OUR_ROLE, PolicyDocument=json.dumps(wider))
    outcome = check_logs(function, faults, role_call("UpdateAssumeRolePolicy", OUR_ROLE))
    assert outcome["status"] == "fixed" and f"{OTHER}:root" in outcome["because"]
    assert changing(faults) == ["iam:UpdateAssumeRolePolicy"]
    assert iam.get_role(RoleName=OUR_ROLE)["Role"]["AssumeRolePolicyDocument"] == whole


def test_the_conditions_of_an_older_trust_policy_of_ours_are_taken_out(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = on_ours(function, moto)
    trails = f"arn:aws:cloudtrail:*:{ACCOUNT}:trail/*"
    older = trust(CLOUDTRAIL, StringEquals={"aws:SourceAccount": ACCOUNT}, ArnLike={"aws:SourceArn": trails})
    moto.client("iam").update_assume_role_policy(RoleName=OUR_ROLE, PolicyDocument=older)
    outcome = check_logs(function, faults, trail_call("UpdateTrail", arn))
    assert outcome["status"] == "fixed" and changing(faults) == ["iam:UpdateAssumeRolePolicy"]
    assert_ours(moto, arn)


def test_a_policy_beside_ours_is_told_and_left(function: StartFunction, moto: Moto, faults: Faults) -> None:
    on_ours(function, moto)
    iam = moto.client("iam")
    iam.put_role_policy(RoleName=OUR_ROLE, PolicyName="more", PolicyDocument=policy(Action="*", Resource="*"))
    outcome = check_logs(function, faults, role_call("PutRolePolicy", OUR_ROLE))
    assert outcome["status"] == "advised" and "inline policy more" in outcome["advice"]
    assert changes(faults) == [] and "more" in iam.list_role_policies(RoleName=OUR_ROLE)["PolicyNames"]


def test_a_role_that_has_not_spread_yet_is_waited_for(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto, **WITHOUT_LOGS)
    moto.role_propagation(2)
    outcome = check_logs(function, faults, trail_call("UpdateTrail", arn))
    assert outcome["status"] == "fixed"
    assert changing(faults) == [*GROUP_CALLS, *ROLE_CALLS, UPDATE, UPDATE, UPDATE]
    assert [action for action, _ in steps(outcome)].count(UPDATE) == 1
    assert_ours(moto, arn)


def test_a_role_that_spreads_too_slowly_is_left_to_the_retry(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto, **WITHOUT_LOGS)
    moto.role_propagation(6)
    started = function("trail", endpoint=faults, mode="enforce", timeout=9)
    answer = started.invoke(trail_call("UpdateTrail", arn))
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    assert 1 < len(faults.calls("cloudtrail", "UpdateTrail")) < 6, "with longer and longer waits"
    assert "CloudWatchLogsRoleArn" not in now(moto, arn)
    faults.forget()
    assert statuses(started.invoke(trail_call("UpdateTrail", arn)))[LOGS] == "fixed"
    assert set(changing(faults)) == {UPDATE}, "the role was made before"
    assert_ours(moto, arn)
