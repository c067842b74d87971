"""The trail of an organization, in the account that owns it: its members' events reach the log group, too."""

from __future__ import annotations

import json

import pytest
from conftest import StartFunction
from given import policy, trail
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from trail_groups import GROUP, WRITER, check_logs
from trails import (
    LOGS, OUR_GROUP, OUR_POLICY, OUR_ROLE, ROLE_CALLS, UPDATE, GROUP_CALLS, WITHOUT_LOGS, changes, changing, every,
    home, kept_trail, outcomes, statuses, trail_call,
)

WRITE = ["logs:CreateLogStream", "logs:PutLogEvents"]


@pytest.fixture
def organization(moto: Moto) -> str:
    """The id of an organization that the account manages."""
    made = moto.client("organizations").create_organization(FeatureSet="ALL")
    return str(made["Organization"]["Id"])


def streams(moto: Moto) -> list[str]:
    """The streams that our role may write."""
    found = moto.client("iam").get_role_policy(RoleName=OUR_ROLE, PolicyName=OUR_POLICY)["PolicyDocument"]
    return [it["Resource"].partition(":log-stream:")[2] for it in found["Statement"]]


def own_streams_alone(moto: Moto, role: str, name: str, group: str) -> None:
    """Takes the members' streams from a role."""
    own = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:{ACCOUNT}_CloudTrail_{REGION}*"
    rights = policy(Action=WRITE, Resource=own)
    moto.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=rights)


def test_our_role_may_write_the_members_streams(
    function: StartFunction, moto: Moto, faults: Faults, organization: str
) -> None:
    arn = kept_trail(moto, IsOrganizationTrail=True, **WITHOUT_LOGS)
    outcome = check_logs(function, faults, trail_call("UpdateTrail", arn))
    assert outcome["status"] == "fixed" and changing(faults) == [*GROUP_CALLS, *ROLE_CALLS, UPDATE]
    assert sorted(streams(moto)) == sorted([f"{ACCOUNT}_CloudTrail_*", f"{organization}_*"])
    told = home(moto, arn).get_trail_status(Name=arn)
    assert not {name for name in told if name.endswith("Error")}, "everything is delivered"


def test_the_members_streams_are_added_where_they_are_missing(
    function: StartFunction, moto: Moto, faults: Faults, organization: str
) -> None:
    arn = kept_trail(moto, IsOrganizationTrail=True, **WITHOUT_LOGS)
    started = function("trail", mode="enforce")
    assert statuses(started.invoke(trail_call("UpdateTrail", arn)))[LOGS] == "fixed"
    own_streams_alone(moto, OUR_ROLE, OUR_POLICY, OUR_GROUP)
    outcome = check_logs(function, faults, trail_call("UpdateTrail", arn))
    assert outcome["status"] == "fixed" and changing(faults) == ["iam:PutRolePolicy"]
    assert f"{organization}_*" in streams(moto)


def test_they_stay_where_another_trail_needs_none(
    function: StartFunction, moto: Moto, faults: Faults, organization: str
) -> None:
    org = kept_trail(moto, "org", IsOrganizationTrail=True, **WITHOUT_LOGS)
    plain = kept_trail(moto, "plain", **WITHOUT_LOGS)
    started = function("trail", endpoint=faults, mode="enforce")
    for arn in (org, plain):
        assert statuses(started.invoke(trail_call("UpdateTrail", arn)), arn)[LOGS] == "fixed"
    faults.forget()
    for arn in (org, plain):
        assert statuses(started.invoke(trail_call("UpdateTrail", arn)), arn)[LOGS] == "compliant"
    assert changes(faults) == [] and f"{organization}_*" in streams(moto)


def test_a_customers_role_without_them_is_advised(
    function: StartFunction, moto: Moto, faults: Faults, organization: str
) -> None:
    arn = kept_trail(moto)
    wide = policy(Action=WRITE, Resource=f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{GROUP}:*")
    moto.client("iam").put_role_policy(RoleName=WRITER, PolicyName="write", PolicyDocument=wide)
    home(moto, arn).update_trail(Name=arn, IsOrganizationTrail=True)
    started = function("trail", endpoint=faults, mode="enforce")
    assert statuses(started.invoke(trail_call("UpdateTrail", arn)))[LOGS] == "compliant"
    own_streams_alone(moto, WRITER, "write", GROUP)
    found = outcomes(started.invoke(trail_call("UpdateTrail", arn)))
    assert {it: found[it]["status"] for it in found} == every("compliant", {LOGS: "advised"})
    assert WRITER in found[LOGS]["because"] and changes(faults) == []


def test_which_organization_it_is_may_be_unknown(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = trail(moto, IsOrganizationTrail=True)
    faults.deny("organizations", "DescribeOrganization")
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn)))[LOGS]
    assert found["status"] == "unknown" and "organizations:DescribeOrganization" in found["because"]
    assert not {"iam:CreateRole", "logs:CreateLogGroup"} & set(changing(faults))


def test_the_setting_names_it(function: StartFunction, moto: Moto, faults: Faults, organization: str) -> None:
    arn = kept_trail(moto, IsOrganizationTrail=True, **WITHOUT_LOGS)
    bus = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/keeper"
    settings = {"TRAILKEEPER_ORGANIZATION": organization, "TRAILKEEPER_BUS": bus}
    started = function("trail", endpoint=faults, mode="enforce", **settings)
    assert statuses(started.invoke(trail_call("UpdateTrail", arn)))[LOGS] == "fixed"
    assert faults.calls("organizations", "DescribeOrganization") == []
    assert json.dumps(streams(moto)).count(organization) == 1
