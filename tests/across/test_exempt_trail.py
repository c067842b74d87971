"""Nothing exempts the account's last trail: what counts is another one that is known to record all writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import StartFunction
from envelope import schedule
from exempt import BY_TAG, PLACE, TAG, pairs
from given import trail_arn
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import results
from runtime_api import Answer
from trails import (
    DELIVERY, EVENTS, KMS, LOGGING, MULTI, OUR_TRAIL_ARN, VALIDATION, WEST, basic, create_trail, foreign_bucket, home,
    is_logging, kept_trail, key_call, now, organization_trail, outcomes, selectors, single_trail, trail_call,
)

VOID = "does not exempt it: no other trail is known to record the account's write events where they are wanted"
ALONE = {"TRAILKEEPER_CONTROLS": f"{MULTI}=off,{EVENTS}=off"}
"""Without the controls that look at all trails in any case."""
S3_ONLY = [{"Field": "eventCategory", "Equals": ["Data"]}, {"Field": "resources.type", "Equals": ["AWS::S3::Object"]}]


def stopped(moto: Moto, **tags: str) -> str:
    """A trail that somebody has tagged and stopped."""
    arn = kept_trail(moto)
    tag(moto, arn, tags.get("value", "all"))
    moto.client("cloudtrail").stop_logging(Name=arn)
    return arn


def tag(moto: Moto, arn: str, value: str = "all") -> None:
    home(moto, arn).add_tags(ResourceId=arn, TagsList=pairs({TAG: value}))


def stop(function: StartFunction, faults: Faults, arn: str, **settings: Any) -> Answer:
    """The answer to StopLogging of the trail."""
    given = {"mode": "enforce"} | settings
    return function("trail", endpoint=faults, **given).invoke(trail_call("StopLogging", arn))


@pytest.mark.parametrize("settings", [{}, ALONE], ids=["all", "alone"])
@pytest.mark.parametrize("rule", [{}, {"TRAILKEEPER_EXEMPT": f"control=all {PLACE}"}], ids=["tag", "rule"])
def test_the_only_trail_is_started_whatever_exempts_it(
    function: StartFunction, moto: Moto, faults: Faults, settings: dict[str, str], rule: dict[str, str]
) -> None:
    arn = stopped(moto)
    planned = outcomes(stop(function, faults, arn, mode="dry-run", **settings, **rule))[LOGGING]
    assert planned["status"] == "planned" and planned["because"].endswith(VOID)
    assert not is_logging(moto, arn)
    fixed = outcomes(stop(function, faults, arn, **settings, **rule))[LOGGING]
    assert fixed["status"] == "fixed" and fixed["because"] == planned["because"]
    assert is_logging(moto, arn)


def test_the_others_are_not_looked_for_where_nothing_hangs_on_them(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = single_trail(moto, EnableLogFileValidation=False)
    tag(moto, arn, VALIDATION)
    found = outcomes(stop(function, faults, arn, **ALONE))
    assert (found[VALIDATION]["status"], found[LOGGING]["status"]) == ("exempt", "changed")
    assert found[LOGGING]["because"].endswith("Now it is compliant: nothing is wrong")
    assert faults.calls("account") == []


def second(moto: Moto) -> None:
    kept_trail(moto, "second")


def of_writes(moto: Moto) -> None:
    moto.client("cloudtrail").put_event_selectors(
        TrailName=kept_trail(moto, "second"), EventSelectors=[basic("WriteOnly")]
    )


@pytest.mark.parametrize("settings", [{}, ALONE], ids=["all", "alone"])
@pytest.mark.parametrize("other", [second, of_writes, organization_trail])
def test_another_trail_that_logs_makes_it_exempt(
    function: StartFunction, moto: Moto, faults: Faults, settings: dict[str, str], other: Callable[[Moto], object]
) -> None:
    other(moto)
    arn = stopped(moto)
    told = []
    for mode in ("dry-run", "enforce"):
        outcome = outcomes(stop(function, faults, arn, mode=mode, **settings), arn)[LOGGING]
        assert outcome["status"] == "changed" and outcome["because"].endswith(BY_TAG), outcome
        told.append(outcome)
    assert told[0] == told[1] and not is_logging(moto, arn)


def stopped_too(moto: Moto) -> None:
    moto.client("cloudtrail").stop_logging(Name=kept_trail(moto, "second"))


def of_data_alone(moto: Moto) -> None:
    moto.client("cloudtrail").put_event_selectors(
        TrailName=kept_trail(moto, "second"), AdvancedEventSelectors=[{"Name": "data", "FieldSelectors": S3_ONLY}]
    )


def of_one_region(moto: Moto) -> None:
    single_trail(moto, "second", WEST)


def of_reads(moto: Moto) -> None:
    arn = kept_trail(moto, "second")
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=[basic("ReadOnly")])


def without_kms(moto: Moto) -> None:
    arn = kept_trail(moto, "second")
    moto.client("cloudtrail").put_event_selectors(
        TrailName=arn, EventSelectors=[basic("WriteOnly", excluded=("kms.amazonaws.com",))]
    )


def into_another_account(moto: Moto) -> None:
    kept_trail(moto, "second", S3BucketName=foreign_bucket(moto, trail_arn("second")))


def refused(moto: Moto) -> None:
    kept_trail(moto, "second")
    moto.client("s3").delete_bucket_policy(Bucket="second-trail-logs")


def with_a_key_switched_off(moto: Moto) -> None:
    arn = kept_trail(moto, "second")
    moto.client("kms").disable_key(KeyId=now(moto, arn)["KmsKeyId"])


@pytest.mark.parametrize(
    "other",
    [
        stopped_too, of_data_alone, of_one_region, of_reads, without_kms, into_another_account, refused,
        with_a_key_switched_off,
    ],
)
def test_another_trail_that_does_not_record_the_account_does_not(
    function: StartFunction, moto: Moto, faults: Faults, other: Callable[[Moto], object]
) -> None:
    other(moto)
    arn = stopped(moto)
    outcome = outcomes(stop(function, faults, arn, **ALONE), arn)[LOGGING]
    assert outcome["status"] == "fixed" and outcome["because"].endswith(VOID)


@pytest.mark.parametrize("denied", ["GetTrailStatus", "GetEventSelectors", "ListRegions"])
def test_a_trail_that_may_not_be_looked_at_is_not_known_to_log(
    function: StartFunction, moto: Moto, faults: Faults, denied: str
) -> None:
    # Trails of one region are seen in that region alone.
    (single_trail if denied == "ListRegions" else kept_trail)(moto, "second", WEST)
    arn = stopped(moto)
    if denied == "ListRegions":
        faults.deny("account", denied)
    else:
        message = f"User is not authorized to perform: cloudtrail:{denied}"
        faults.rule("cloudtrail", denied, error="AccessDeniedException", status=400, message=message, region=WEST)
    outcome = outcomes(stop(function, faults, arn, **ALONE), arn)[LOGGING]
    assert outcome["status"] == "fixed" and outcome["because"].endswith(VOID)
    assert is_logging(moto, arn)


def test_a_trail_of_one_region_may_stay_so_beside_one_that_records(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = single_trail(moto)
    tag(moto, arn, MULTI)
    of_writes(moto)
    enforcing = function("trail", endpoint=faults, mode="enforce")
    assert "fixed" not in outcomes(enforcing.invoke(create_trail(arn)), arn)[MULTI]["status"]
    assert now(moto, arn)["IsMultiRegionTrail"] is False
    moto.client("cloudtrail").delete_trail(Name="second")
    found = outcomes(enforcing.invoke(create_trail(arn)))[MULTI]
    assert found["status"] == "fixed" and found["because"].endswith(VOID)
    assert now(moto, arn)["IsMultiRegionTrail"] is True


def test_an_account_without_a_trail_gets_one_in_spite_of_a_rule(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    rule = {"TRAILKEEPER_EXEMPT": f"control={MULTI} {PLACE};control={LOGGING} {PLACE}"}
    event = trail_call("DeleteTrail", OUR_TRAIL_ARN)
    found = {it["control"]: it for it in results(function("trail", endpoint=faults, mode="enforce", **rule).invoke(event))}
    assert found[MULTI]["status"] == "fixed" and found[MULTI]["because"].endswith(VOID)
    assert is_logging(moto, OUR_TRAIL_ARN)


def test_the_last_trail_may_take_writes_alone_but_not_nothing(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = kept_trail(moto)
    tag(moto, arn, EVENTS)
    enforcing = function("trail", endpoint=faults, mode="enforce")
    event = trail_call("PutEventSelectors", arn)
    cloudtrail = moto.client("cloudtrail")
    cloudtrail.put_event_selectors(TrailName=arn, EventSelectors=[basic("WriteOnly")])
    assert outcomes(enforcing.invoke(event))[EVENTS]["status"] in ("exempt", "changed")
    assert selectors(moto, arn)["EventSelectors"][0]["ReadWriteType"] == "WriteOnly"
    cloudtrail.put_event_selectors(TrailName=arn, EventSelectors=[basic("WriteOnly", False)])
    outcome = outcomes(enforcing.invoke(event))[EVENTS]
    assert outcome["status"] == "fixed" and outcome["because"].endswith(VOID)
    (now_set,) = selectors(moto, arn)["EventSelectors"]
    assert (now_set["ReadWriteType"], now_set["IncludeManagementEvents"]) == ("All", True)


def test_the_key_of_the_last_trail_is_not_exempt(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto)
    key = now(moto, arn)["KmsKeyId"]
    tag(moto, arn)
    moto.client("kms").disable_key(KeyId=key)
    enforcing = function("trail", endpoint=faults, mode="enforce")
    found = outcomes(enforcing.invoke(key_call("DisableKey", key)))[KMS]
    assert (found["status"], found["severity"]) == ("advised", "high") and found["because"].endswith(VOID)
    second(moto)
    found = outcomes(enforcing.invoke(trail_call("UpdateTrail", arn)), arn)[KMS]
    assert found["status"] == "changed" and found["because"].endswith(BY_TAG)


def test_where_the_last_trail_delivers_is_not_exempt(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto)
    tag(moto, arn)
    moto.client("s3").delete_bucket_policy(Bucket="main-trail-logs")
    enforcing = function("trail", endpoint=faults, mode="enforce")
    found = delivery(enforcing.invoke(schedule()), arn)
    assert (found["status"], found["severity"]) == ("advised", "critical") and found["because"].endswith(VOID)
    second(moto)
    found = delivery(enforcing.invoke(schedule()), arn)
    assert found["status"] == "exempt" and found["because"].endswith(BY_TAG)


def delivery(answer: Answer, arn: str) -> dict[str, Any]:
    """What is said of where the trail delivers."""
    (found,) = [it for it in results(answer) if (it["control"], it["resource"]) == (DELIVERY, arn)]
    return found
