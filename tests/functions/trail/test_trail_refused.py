"""Deliveries that AWS refuses: told by every control that leans on them, whatever else is in order."""

from __future__ import annotations

import pytest
from conftest import StartFunction
from envelope import schedule
from given import trail_arn, trail_topic
from local_aws.faults import Faults
from local_aws.processes import Moto
from observed import results
from trails import (
    DELIVERY, EVENTS, KMS, LOGGING, LOGS, MULTI, VALIDATION, changes, every, foreign_bucket, kept_trail, now,
    organization_trail, outcomes, resources, single_trail, statuses, trail_call,
)

NOTICES = "cloudtrail-delivery-notification"


@pytest.mark.parametrize("whose", ["own", "foreign"])
def test_a_trail_that_delivers_nothing_neither_logs_nor_covers_the_account(
    function: StartFunction, moto: Moto, faults: Faults, whose: str
) -> None:
    given = {} if whose == "own" else {"S3BucketName": foreign_bucket(moto, trail_arn())}
    arn = kept_trail(moto, **given)
    moto.delivery_error(arn, "AccessDenied")
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn))
    found = outcomes(answer, arn)
    assert found[LOGGING]["status"] == "advised" and "AccessDenied" in found[LOGGING]["because"]
    assert found[MULTI]["status"] != "compliant"
    assert not [call for call in changes(faults) if call.resource and "main" in call.resource]


def test_digest_files_that_alone_are_refused_are_told_by_validation(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = kept_trail(moto)
    moto.refuse_delivery(arn, "DigestDelivery", "AccessDenied")
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn))
    found = outcomes(answer)
    assert found[VALIDATION]["status"] == "advised" and "digest" in found[VALIDATION]["because"]
    assert found[LOGGING]["status"] == found[MULTI]["status"] == "compliant", "log files arrive"
    assert changes(faults) == []


def test_beside_a_trail_whose_digest_files_alone_are_refused_no_other_is_made(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = kept_trail(moto, S3BucketName=foreign_bucket(moto, trail_arn()))
    moto.refuse_delivery(arn, "DigestDelivery", "AccessDenied")
    answer = function("trail", endpoint=faults, mode="enforce").invoke(schedule())
    assert resources(answer) == [arn] and changes(faults) == []


def test_events_that_do_not_reach_the_log_group_are_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto)
    moto.refuse_delivery(arn, "CloudWatchLogsDelivery", "AccessDenied")
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn)))
    assert {control: it["status"] for control, it in found.items()} == every("compliant", {LOGS: "advised"})
    assert "AccessDenied" in found[LOGS]["because"] and changes(faults) == []


def test_a_notification_that_was_refused_is_told(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto, SnsTopicName=trail_topic(moto))
    started = function("trail", endpoint=faults, mode="enforce", TRAILKEEPER_CONTROLS=f"{NOTICES}=enforce")
    for error, status in (("", "compliant"), ("AuthorizationError", "advised")):
        moto.refuse_delivery(arn, "Notification", error)
        answer = started.invoke(trail_call("UpdateTrail", arn))
        (found,) = [it for it in results(answer) if it["control"] == NOTICES]
        assert found["status"] == status and error in found["because"]
    assert changes(faults) == []


def test_what_a_member_is_not_told_of_its_organizations_trail_is_unknown(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    org, own = organization_trail(moto), single_trail(moto, "own")
    moto.untold(org)
    started = function("trail", endpoint=faults, mode="enforce")
    found = outcomes(started.invoke(schedule()), org)
    assert (found[LOGGING]["status"], found[MULTI]["status"], found[EVENTS]["status"]) == ("unknown", "unknown", "compliant")
    assert "210987654321" in found[LOGGING]["because"]
    beside = statuses(started.invoke(trail_call("UpdateTrail", own)), own)
    assert beside == every("compliant", {MULTI: "unknown"})
    assert changes(faults) == [] and now(moto, own)["IsMultiRegionTrail"] is False


def test_no_trail_is_made_beside_one_of_which_nothing_is_told(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    org = organization_trail(moto)
    moto.untold(org)
    answer = function("trail", endpoint=faults, mode="enforce").invoke(schedule())
    assert set(resources(answer)) <= {org} and changes(faults) == []


def test_an_organizations_trail_that_fails_by_its_own_word_covers_nobody(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    org, own = organization_trail(moto), single_trail(moto, "own")
    moto.delivery_error(org, "AccessDenied")
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", own))
    assert statuses(answer, own)[MULTI] == "fixed" and now(moto, own)["IsMultiRegionTrail"] is True


def test_the_control_of_deliveries_tells_the_same(function: StartFunction, moto: Moto, faults: Faults) -> None:
    arn = kept_trail(moto)
    moto.delivery_error(arn, "AccessDenied")
    answer = function("trail", endpoint=faults, mode="enforce").invoke(trail_call("UpdateTrail", arn))
    (told,) = [it for it in results(answer) if it["control"] == DELIVERY]
    assert told["status"] == "advised" and outcomes(answer)[KMS]["status"] == "compliant"
