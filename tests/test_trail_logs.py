"""The way from a trail to CloudWatch Logs: log group and role, of ours or the customer's, each gone or cut back."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import StartFunction
from envelope import role_call
from given import CLOUDTRAIL, policy, role, trail, trust
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import results, steps
from trails import (
    GROUP_CALLS, LOGS, OUR_GROUP, OUR_POLICY, OUR_ROLE, OUR_ROLE_ARN, ROLE_CALLS, UPDATE, VALIDATION, WEST, WITHOUT_LOGS,
    assert_role_in_order, changes, changing, every, group_call, kept_trail, now, outcomes, retentions, statuses,
    trail_call,
)

GROUP, WRITER = "main", "main-writer"
"""What kept_trail gives a trail to write to and with."""


def group_arn(name: str, region: str = REGION) -> str:
    return f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{name}:*"


def check(function: StartFunction, faults: Faults, event: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """What enforce says of the log group; of the other controls there is nothing to say."""
    found = outcomes(function("trail", endpoint=faults, mode="enforce", **settings).invoke(event))
    assert {control: it["status"] for control, it in found.items()} == every("compliant", {LOGS: found[LOGS]["status"]})
    return found[LOGS]


def on_ours(function: StartFunction, moto: Moto, region: str = REGION) -> str:
    """A trail that feeds our group with our role."""
    arn = kept_trail(moto, region=region, **WITHOUT_LOGS)
    assert statuses(function("trail", mode="enforce").invoke(trail_call("UpdateTrail", arn)))[LOGS] == "fixed"
    assert_ours(moto, arn, region)
    return arn


def assert_ours(moto: Moto, arn: str, region: str = REGION) -> None:
    found = now(moto, arn)
    assert found["CloudWatchLogsLogGroupArn"] == group_arn(OUR_GROUP, region)
    assert found["CloudWatchLogsRoleArn"] == OUR_ROLE_ARN
    assert retentions(moto, region)[OUR_GROUP] == 365
    assert_role_in_order(moto, OUR_GROUP)
    assert_fed(moto, arn)


def assert_fed(moto: Moto, arn: str) -> None:
    """CloudTrail would deliver there."""
    told = moto.client("cloudtrail").get_trail_status(Name=arn)
    assert "LatestCloudWatchLogsDeliveryError" not in told


def drop_role(moto: Moto, name: str) -> None:
    """Deletes a role with its inline policies."""
    iam = moto.client("iam")
    for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=inline)
    iam.delete_role(RoleName=name)


@pytest.mark.parametrize("region", [REGION, WEST])
def test_our_group_comes_back_with_its_retention(
    function: StartFunction, moto: Moto, faults: Faults, region: str
) -> None:
    arn = on_ours(function, moto, region)
    moto.client("logs", region).delete_log_group(logGroupName=OUR_GROUP)
    outcome = check(function, faults, group_call(OUR_GROUP, region))
    assert outcome["status"] == "fixed" and OUR_GROUP in outcome["because"]
    assert changing(faults) == GROUP_CALLS, "the trail still names it"
    assert_ours(moto, arn, region)


def test_a_group_that_no_trail_feeds_leads_nowhere(function: StartFunction, moto: Moto, faults: Faults) -> None:
    kept_trail(moto, EnableLogFileValidation=False)
    started = function("trail", endpoint=faults, mode="enforce")
    assert results(started.invoke(group_call("/aws/lambda/theirs"))) == []
    assert results(started.invoke(group_call(GROUP, WEST))) == [], "of the same name in another region"
    assert changes(faults) == []


def test_a_customers_group_that_is_gone_is_replaced_by_ours(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """Its role has no rights on our group, so ours takes its place too."""
    arn = kept_trail(moto)
    moto.client("logs").delete_log_group(logGroupName=GROUP)
    outcome = check(function, faults, group_call(GROUP))
    assert outcome["status"] == "fixed" and GROUP in outcome["because"]
    assert changing(faults) == [*GROUP_CALLS, *ROLE_CALLS, UPDATE]
    assert outcome["steps"][-1]["after"] == {
        "CloudWatchLogsLogGroupArn": group_arn(OUR_GROUP), "CloudWatchLogsRoleArn": OUR_ROLE_ARN,
    }
    assert outcome["steps"][-1]["before"]["CloudWatchLogsLogGroupArn"] == group_arn(GROUP)
    assert_ours(moto, arn)
    assert moto.client("iam").get_role(RoleName=WRITER)["Role"]["RoleName"] == WRITER


def test_no_role_of_the_customers_is_handed_to_another_group(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """Though it could write there: to pass on any role that there is would be too much of a right."""
    arn = kept_trail(moto)
    rights = policy(Action=["logs:CreateLogStream", "logs:PutLogEvents"], Resource="*")
    moto.client("iam").put_role_policy(RoleName=WRITER, PolicyName="write", PolicyDocument=rights)
    moto.client("logs").delete_log_group(logGroupName=GROUP)
    assert check(function, faults, group_call(GROUP))["status"] == "fixed"
    assert changing(faults) == [*GROUP_CALLS, *ROLE_CALLS, UPDATE]
    assert_ours(moto, arn)


def test_a_customers_group_is_kept_when_only_its_role_is_gone(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = kept_trail(moto)
    drop_role(moto, WRITER)
    before = retentions(moto)
    outcome = check(function, faults, role_call("DeleteRole", WRITER))
    assert outcome["status"] == "fixed" and WRITER in outcome["because"]
    assert changing(faults) == [*ROLE_CALLS, UPDATE]
    found = now(moto, arn)
    assert (found["CloudWatchLogsLogGroupArn"], found["CloudWatchLogsRoleArn"]) == (group_arn(GROUP), OUR_ROLE_ARN)
    assert_role_in_order(moto, GROUP)
    assert retentions(moto) == before, "how long a customer's group keeps its events is the customer's"
    assert_fed(moto, arn)


def test_our_role_serves_two_customers_groups_and_ours(function: StartFunction, moto: Moto, faults: Faults) -> None:
    on_ours(function, moto)
    for name, region in [("second", REGION), ("third", WEST)]:
        arn = kept_trail(moto, name, region, IsMultiRegionTrail=False)
        drop_role(moto, f"{name}-writer")
        answer = function("trail", mode="enforce").invoke(trail_call("UpdateTrail", arn))
        assert statuses(answer)[LOGS] == "fixed"
    assert_role_in_order(moto, OUR_GROUP, "second", "third")
    answer = function("trail", endpoint=faults, mode="enforce").invoke(role_call("PutRolePolicy", OUR_ROLE))
    assert {it["status"] for it in results(answer) if it["control"] == LOGS} == {"compliant"}
    assert len(results(answer)) == 3 * len(results(answer)) // 3 and changes(faults) == []


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
    outcome = check(function, faults, role_call(call, WRITER))
    assert outcome["status"] == "advised" and WRITER in outcome["advice"] and WRITER in outcome["because"]
    assert changes(faults) == [] and now(moto, arn) == had


@pytest.mark.parametrize(("call", "document"), CUTS.values(), ids=CUTS)
def test_our_role_is_repaired_and_the_trail_is_left_alone(
    function: StartFunction, moto: Moto, faults: Faults, call: str, document: str
) -> None:
    arn = on_ours(function, moto)
    cut(moto, OUR_ROLE, OUR_POLICY, call, document)
    outcome = check(function, faults, role_call(call, OUR_ROLE))
    assert outcome["status"] == "fixed"
    expected = "iam:UpdateAssumeRolePolicy" if call == "UpdateAssumeRolePolicy" else "iam:PutRolePolicy"
    assert changing(faults) == [expected]
    (step,) = outcome["steps"]
    assert bool(step["before"]) is (call != "DeleteRolePolicy")
    assert_ours(moto, arn)


def test_our_role_comes_back_when_it_is_gone(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = on_ours(function, moto)
    drop_role(moto, OUR_ROLE)
    outcome = check(function, faults, role_call("DeleteRole", OUR_ROLE))
    assert outcome["status"] == "fixed" and changing(faults) == ROLE_CALLS
    assert_ours(moto, arn)


def test_somebody_elses_role_of_our_name_is_advised(function: StartFunction, moto: Moto, faults: Faults) -> None:
    role(moto, OUR_ROLE, trust(CLOUDTRAIL))
    arn = kept_trail(moto, EnableLogFileValidation=False, **WITHOUT_LOGS)
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn)))
    assert found[LOGS]["status"] == "advised" and "tag" in found[LOGS]["advice"]
    assert found[VALIDATION]["status"] == "fixed"
    assert changing(faults) == [UPDATE] and "CloudWatchLogsRoleArn" not in now(moto, arn)
    assert moto.client("iam").list_role_policies(RoleName=OUR_ROLE)["PolicyNames"] == []


def test_our_group_gets_its_retention_back(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = on_ours(function, moto)
    logs = moto.client("logs")
    logs.delete_retention_policy(logGroupName=OUR_GROUP)
    assert check(function, faults, trail_call("UpdateTrail", arn))["status"] == "fixed"
    assert changing(faults) == ["logs:PutRetentionPolicy"]
    logs.put_retention_policy(logGroupName=OUR_GROUP, retentionInDays=731)
    faults.forget()
    assert check(function, faults, trail_call("UpdateTrail", arn))["status"] == "compliant"
    assert changes(faults) == [] and retentions(moto)[OUR_GROUP] == 731, "another one is left alone"


@pytest.mark.parametrize("longer", ["/trailkeeper/cloudtrail-old", "/trailkeeper/cloudtrail2"])
def test_a_group_with_a_longer_name_is_not_ours(
    function: StartFunction, moto: Moto, faults: Faults, longer: str
) -> None:
    moto.client("logs").create_log_group(logGroupName=longer)
    arn = kept_trail(moto, **WITHOUT_LOGS)
    assert check(function, faults, trail_call("UpdateTrail", arn))["status"] == "fixed"
    assert retentions(moto)[longer] is None
    assert_ours(moto, arn)


def test_a_role_that_has_not_spread_yet_is_waited_for(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto, **WITHOUT_LOGS)
    moto.role_propagation(2)
    outcome = check(function, faults, trail_call("UpdateTrail", arn))
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


UNREADABLE = [("logs", "DescribeLogGroups"), ("iam", "GetRole")]


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(("service", "operation"), UNREADABLE)
def test_what_cannot_be_read_is_unknown_and_the_rest_is_fixed(
    function: StartFunction, moto: Moto, faults: Faults, service: str, operation: str, there: bool
) -> None:
    arn = kept_trail(moto, EnableLogFileValidation=False, **({} if there else WITHOUT_LOGS))
    faults.deny(service, operation)
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn)))
    assert {control: it["status"] for control, it in found.items()} == every("compliant", {LOGS: "unknown", VALIDATION: "fixed"})
    assert f"{service}:{operation}" in found[LOGS]["because"]
    assert changing(faults) == [UPDATE] and OUR_GROUP not in retentions(moto)


def test_trails_of_two_regions_share_the_role_and_have_a_group_each(function: StartFunction, moto: Moto) -> None:
    arns = {region: trail(moto, region, region) for region in (REGION, WEST)}
    for arn in arns.values():
        assert statuses(function("trail", mode="enforce").invoke(trail_call("UpdateTrail", arn)), arn)[LOGS] == "fixed"
    for region, arn in arns.items():
        assert_ours(moto, arn, region)
