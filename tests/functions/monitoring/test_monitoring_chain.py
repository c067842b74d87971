"""The first link, the trail: where it is broken nothing is made, but its control is named."""

from __future__ import annotations

from typing import Any

import pytest
from alarms import GROUP, QUEUE, Monitoring
from chains import (
    ADDRESS, CONTROL, ENABLE, OURS, PATTERN, THEIRS, WHOLE_CHAIN, actions, but_key, check,
    delete_alarms, fed, filter_key, left, made, mended, new_alarm, new_topic, theirs,
)
from conftest import StartFunction
from envelope import api_call
from given import trail_arn
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import results
from trails import WEST, WITHOUT_LOGS, basic, kept_trail, organization_trail, single_trail

TRAIL = trail_arn(GROUP)


def none(_: Moto) -> None:
    """There is no trail."""


def stopped(moto: Moto) -> None:
    fed(moto)
    moto.client("cloudtrail").stop_logging(Name=GROUP)


def selecting(**selector: Any) -> Any:
    def given(moto: Moto) -> None:
        fed(moto)
        moto.client("cloudtrail").put_event_selectors(
            TrailName=GROUP, EventSelectors=[basic(**selector)]
        )

    return given


def without_group(moto: Moto) -> None:
    fed(moto)
    moto.client("logs").delete_log_group(logGroupName=GROUP)


def infrequent(moto: Moto) -> None:
    without_group(moto)
    moto.client("logs").create_log_group(logGroupName=GROUP, logGroupClass="INFREQUENT_ACCESS")


BROKEN: dict[str, tuple[Any, str, str]] = {
    "no trail": (none, "no multi-region trail of this account", "cloudtrail-multi-region"),
    "covers only one region": (
        lambda moto: single_trail(moto, GROUP), "no multi-region trail", "cloudtrail-multi-region"
    ),
    "stopped": (stopped, f"{TRAIL} is not logging", "cloudtrail-logging"),
    "no management events": (
        selecting(management=False, data=[{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]),
        f"{TRAIL} does not record all management events", "cloudtrail-management-events",
    ),
    "writes only": (
        selecting(kind="WriteOnly"),
        "does not record all management events",
        "cloudtrail-management-events",
    ),
    "no group": (
        lambda moto: kept_trail(
            moto, GROUP, **WITHOUT_LOGS
        ), f"{TRAIL} feeds no log group", "cloudtrail-cloudwatch-logs",
    ),
    "group gone": (
        without_group,
        f"{TRAIL} feeds a log group that does not exist",
        "cloudtrail-cloudwatch-logs",
    ),
    "class": (infrequent, "feeds a log group of class INFREQUENT_ACCESS", "of class STANDARD"),
}


@pytest.mark.parametrize("mode", ["dry-run", "enforce"])
@pytest.mark.parametrize(("given", "because", "advice"), BROKEN.values(), ids=BROKEN)
def test_a_trail_that_feeds_nothing_is_left_to_its_own_control(
    function: StartFunction, moto: Moto, faults: Faults, given: Any, because: str, advice: str,
    mode: str
) -> None:
    given(moto)
    outcome = left(function, moto, faults, "advised", because, mode=mode, **ADDRESS)
    assert advice in outcome["advice"]
    assert (outcome["control"], outcome["resource"]) == (CONTROL, f"arn:aws:iam::{ACCOUNT}:root")


REFUSED = f"{TRAIL} cannot deliver its events to its log group: AccessDenied"


def test_a_whole_chain_over_a_log_group_that_refuses_the_events_is_advised(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    theirs(moto)
    assert check(function, faults, **ADDRESS)["status"] == "compliant"
    moto.refuse_delivery(TRAIL, "CloudWatchLogsDelivery", "AccessDenied")
    outcome = left(function, moto, faults, "advised", REFUSED, **ADDRESS)
    assert "cloudtrail-cloudwatch-logs" in outcome["advice"]


def test_what_else_the_chain_lacks_is_fixed_meanwhile(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    fed(moto)
    moto.refuse_delivery(TRAIL, "CloudWatchLogsDelivery", "AccessDenied")
    outcome = check(function, faults, **ADDRESS)
    assert outcome["status"] == "advised" and actions(outcome) == WHOLE_CHAIN
    assert made(faults) == WHOLE_CHAIN


def test_a_log_group_that_events_reach_goes_before_one_that_refuses_them(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    theirs(moto)
    kept_trail(moto, "second")
    moto.refuse_delivery(TRAIL, "CloudWatchLogsDelivery", "AccessDenied")
    outcome = check(function, faults, mode="dry-run", **ADDRESS)
    assert outcome["status"] == "planned" and "log group second" in outcome["because"]


def test_the_alarm_follows_once_the_trail_is_mended(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    stopped(moto)
    assert check(function, faults, **ADDRESS)["status"] == "advised"
    moto.client("cloudtrail").start_logging(Name=GROUP)
    event = api_call("cloudtrail", "UpdateTrail", requestParameters={"name": GROUP})
    assert check(function, faults, event, **ADDRESS)["status"] == "fixed"


def test_the_whole_chain_is_made_and_nothing_else(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = fed(moto)
    changes = mended(
        function, moto, faults, f"log group {GROUP} has no metric filter", WHOLE_CHAIN, **ADDRESS
    )
    assert but_key(changes) == {filter_key()} | new_alarm() | new_topic()
    (told,) = here.ring(api_call("s3", "PutBucketPolicy"), api_call("s3", "GetBucketPolicy"))
    assert told["AlarmName"] == OURS and here.failures(OURS) == []


def test_what_is_made_is_as_cis_has_it(function: StartFunction, moto: Moto, faults: Faults) -> None:
    here = fed(moto)
    assert check(function, faults, **ADDRESS)["status"] == "fixed"
    (made_filter,) = here.logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    assert made_filter["filterPattern"] == PATTERN
    assert made_filter["metricTransformations"] == [
        {"metricName": OURS, "metricNamespace": "CISBenchmark", "metricValue": "1"}
    ]
    (alarm,) = here.cloudwatch.describe_alarms()["MetricAlarms"]
    assert (
        alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]
    ) == ("Sum", 300, 1, 1.0)
    assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == (
        "GreaterThanOrEqualToThreshold", "notBreaching"
    )
    assert alarm["ActionsEnabled"] is True and "Unit" not in alarm and alarm["Dimensions"] == []
    tags = here.cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "managed-by", "Value": "trailkeeper"}]


def test_a_customers_own_chain_is_compliant(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    theirs(moto)
    left(function, moto, faults, "compliant", **ADDRESS)


def test_what_is_off_is_not_looked_at(function: StartFunction, moto: Moto, faults: Faults) -> None:
    fed(moto)
    outcome = left(
        function, moto, faults, "exempt", TRAILKEEPER_CONTROLS=f"{CONTROL}=off", **ADDRESS
    )
    assert "TRAILKEEPER_CONTROLS" in outcome["because"]
    assert {it.operation for it in faults.calls()} <= {"GetCallerIdentity", "DescribeTrails"}


def test_only_this_control_is_on_by_itself(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    fed(moto)
    answer = function("monitoring", endpoint=faults, mode="enforce", **ADDRESS).invoke(
        delete_alarms()
    )
    statuses = {it["control"]: it["status"] for it in results(answer)}
    assert statuses.pop(CONTROL) == "fixed"
    assert len(statuses) == 14 and set(statuses.values()) == {"exempt"}


# Several trails, several regions, several accounts.


def test_the_second_trail_may_have_the_chain(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    kept_trail(moto, "alone")
    theirs(moto)
    left(function, moto, faults, "compliant", **ADDRESS)


def test_the_second_trail_may_be_the_one_that_works(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    kept_trail(moto, "alone")
    moto.client("cloudtrail").stop_logging(Name="alone")
    fed(moto)
    assert check(function, faults, **ADDRESS)["status"] == "fixed"
    assert {f"filter {GROUP} {OURS}"} == {
        it for it in Monitoring(moto).everything() if it.startswith("filter ")
    }


def test_all_happens_where_the_log_group_is(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    there, here = fed(moto, WEST), Monitoring(moto)
    queue = {"TRAILKEEPER_ALARM_ADDRESS": f"arn:aws:sqs:{WEST}:{ACCOUNT}:{QUEUE}"}
    outcome = check(function, faults, **queue)
    assert (outcome["status"], outcome["region"], actions(outcome)) == ("fixed", WEST, WHOLE_CHAIN)
    asked = {(it.service, it.region) for it in faults.calls() if it.service != "cloudtrail"}
    assert asked - {("sts", REGION)} == {(it, WEST) for it in ("cloudwatch", "kms", "logs", "sns", "sqs")}
    assert here.everything() == {} and len(there.everything()) == 5
    (told,) = there.ring(api_call("s3", "PutBucketAcl", region=WEST))
    assert (told["AlarmName"], told["Region"]) == (OURS, "EU (Ireland)")
    outcome = check(function, faults, **queue)
    assert (outcome["status"], outcome["region"], made(faults)) == ("compliant", WEST, [])


def test_a_chain_in_another_region_than_the_nearest_trail_is_mended_there(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    fed(moto)
    kept_trail(moto, "west", WEST)
    there = Monitoring(moto, WEST, "west")
    there.chain(THEIRS, PATTERN)
    left(function, moto, faults, "compliant")
    there.cloudwatch.disable_alarm_actions(AlarmNames=[THEIRS])
    outcome = check(function, faults)
    assert (outcome["status"], actions(outcome)) == ("fixed", [ENABLE])
    assert {it.region for it in faults.calls("cloudwatch")} == {WEST}
    assert Monitoring(moto).everything() == {}
    (told,) = there.ring(api_call("s3", "PutBucketAcl"))
    assert told["AlarmName"] == THEIRS


def test_the_trail_of_the_organization_is_another_accounts_matter(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = organization_trail(moto)
    left(function, moto, faults, "not-applicable", arn, **ADDRESS)


def test_a_trail_of_ones_own_counts_though_the_organization_has_one(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    organization_trail(moto)
    fed(moto)
    outcome = check(function, faults, **ADDRESS)
    assert (outcome["status"], actions(outcome)) == ("fixed", WHOLE_CHAIN)
    assert THEIRS not in str(Monitoring(moto).everything())
