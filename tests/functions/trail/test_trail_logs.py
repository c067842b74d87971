"""A trail's log group, of ours or the customer's, gone or cut back; and which role goes with it."""

from __future__ import annotations

import pytest
from conftest import StartFunction
from envelope import role_call
from given import policy, trail
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import results
from trail_groups import GROUP, WRITER, assert_fed, assert_ours, check_logs, drop_role, group_arn, on_ours
from trails import (
    UPDATE, VALIDATION, WEST, changes, changing, every, kept_trail, now, outcomes, statuses, trail_call, GROUP_CALLS,
    LOGS, OUR_GROUP, OUR_ROLE, OUR_ROLE_ARN, ROLE_CALLS, WITHOUT_LOGS, assert_role_in_order, group_call, retentions,
)


@pytest.mark.parametrize("region", [REGION, WEST])
def test_our_group_comes_back_with_its_retention(
    function: StartFunction, moto: Moto, faults: Faults, region: str
) -> None:
    arn = on_ours(function, moto, region)
    moto.client("logs", region).delete_log_group(logGroupName=OUR_GROUP)
    outcome = check_logs(function, faults, group_call(OUR_GROUP, region))
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
    outcome = check_logs(function, faults, group_call(GROUP))
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
    assert check_logs(function, faults, group_call(GROUP))["status"] == "fixed"
    assert changing(faults) == [*GROUP_CALLS, *ROLE_CALLS, UPDATE]
    assert_ours(moto, arn)


def test_a_customers_group_is_kept_when_only_its_role_is_gone(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = kept_trail(moto)
    drop_role(moto, WRITER)
    before = retentions(moto)
    outcome = check_logs(function, faults, role_call("DeleteRole", WRITER))
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
    assert [it["status"] for it in results(answer) if it["control"] == LOGS] == ["compliant"] * 3
    assert changes(faults) == []


def test_our_group_gets_its_retention_back(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = on_ours(function, moto)
    logs = moto.client("logs")
    logs.delete_retention_policy(logGroupName=OUR_GROUP)
    assert check_logs(function, faults, trail_call("UpdateTrail", arn))["status"] == "fixed"
    assert changing(faults) == ["logs:PutRetentionPolicy"]
    logs.put_retention_policy(logGroupName=OUR_GROUP, retentionInDays=731)
    faults.forget()
    assert check_logs(function, faults, trail_call("UpdateTrail", arn))["status"] == "compliant"
    assert changes(faults) == [] and retentions(moto)[OUR_GROUP] == 731, "another one is left alone"


def test_a_retention_of_a_day_is_put_back(function: StartFunction, moto: Moto, faults: Faults) -> None:
    on_ours(function, moto)
    moto.client("logs").put_retention_policy(logGroupName=OUR_GROUP, retentionInDays=1)
    call = group_call(OUR_GROUP)
    call["detail"] |= {"eventName": "PutRetentionPolicy", "requestParameters": {"logGroupName": OUR_GROUP, "retentionInDays": 1}}
    outcome = check_logs(function, faults, call)
    assert outcome["status"] == "fixed" and "after 1 days instead of 365" in outcome["because"]
    assert changing(faults) == ["logs:PutRetentionPolicy"] and retentions(moto)[OUR_GROUP] == 365
    assert outcome["steps"][0]["before"] == {"retentionInDays": 1}


@pytest.mark.parametrize("longer", ["/trailkeeper/cloudtrail-old", "/trailkeeper/cloudtrail2"])
def test_a_group_with_a_longer_name_is_not_ours(
    function: StartFunction, moto: Moto, faults: Faults, longer: str
) -> None:
    moto.client("logs").create_log_group(logGroupName=longer)
    arn = kept_trail(moto, **WITHOUT_LOGS)
    assert check_logs(function, faults, trail_call("UpdateTrail", arn))["status"] == "fixed"
    assert retentions(moto)[longer] is None
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
