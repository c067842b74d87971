"""A region with AWS Config on, off, absent or half there: what is said, and what is made."""

from __future__ import annotations

import pytest
from conftest import StartFunction
from given import role, trust
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import steps
from recorders import (
    ALL_TYPES,
    BUCKET,
    CHANNEL,
    EVERYTHING,
    LOGS,
    ONE_TYPE,
    OTHER,
    READS,
    RECORDER,
    SERVICE,
    START,
    WEST,
    Found,
    assert_made,
    buckets,
    changing,
    channel,
    channels,
    check,
    delivery_bucket,
    is_recording,
    linked_role,
    on,
    our_bucket,
    recorder,
    recorders,
    start,
    stop,
    told_status,
    without_channel,
)

# As it must be.


def test_a_region_that_records_is_left_alone(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    on(moto)
    assert check(function, faults)["status"] == "compliant"
    assert changing(faults) == []
    read = [call.operation for call in faults.calls() if call.service != "sts"]
    assert sorted(read) == sorted([*READS, "HeadBucket"]), "and costs no more than that"


@pytest.mark.parametrize("status", ["PENDING", "Pending", "SUCCESS", "Success", "NotApplicable"])
def test_a_status_that_is_no_failure_complies(
    function: StartFunction, moto: Moto, faults: Faults, status: str
) -> None:
    on(moto)
    told_status(moto, status)
    assert check(function, faults)["status"] == "compliant"


def test_a_customers_own_way_complies(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """Another name, a role of its own, daily, IAM's types in another region than ours."""
    arn = role(moto, "recording", trust(SERVICE))
    mode = {"recordingFrequency": "DAILY"}
    group = ALL_TYPES | {"includeGlobalResourceTypes": True}
    on(moto, WEST, name="mine", roleARN=arn, recordingMode=mode, recordingGroup=group)
    assert check(function, faults, region=WEST)["status"] == "compliant"


def test_leaving_out_what_is_global_complies_away_from_home(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    group = {
        "exclusionByResourceTypes": {"resourceTypes": ["AWS::IAM::Role", "AWS::IAM::User"]},
        "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
    }
    on(moto, WEST, recordingGroup=group)
    assert check(function, faults, region=WEST)["status"] == "compliant"
    on(moto, REGION, recordingGroup=group)
    assert check(function, faults)["status"] == "advised"


def test_a_channel_into_another_account_complies_where_the_setting_names_it(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    delivery_bucket(moto, "archive", owner=OTHER)
    recorder(moto)
    channel(moto, s3BucketName="archive")
    start(moto)
    assert check(function, faults, TRAILKEEPER_RECORD_DESTINATIONS="archive")["status"] == "compliant"
    asked = check(function, faults)
    assert asked["status"] == "advised" and "TRAILKEEPER_RECORD_DESTINATIONS" in asked["advice"]
    assert changing(faults) == []


def test_a_channel_that_was_turned_to_another_account_comes_back_and_takes_no_region_along(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    assert check(function, faults, region=WEST)["status"] == "fixed"
    delivery_bucket(moto, "archive", owner=OTHER)
    moto.client("config", WEST).put_delivery_channel(
        DeliveryChannel={"name": "default", "s3BucketName": "archive"}
    )
    assert check(function, faults)["status"] == "fixed"
    assert channels(moto)[0]["s3BucketName"] == our_bucket()
    turned = check(function, faults, region=WEST)
    assert turned["status"] == "fixed" and "another account" in turned["because"]
    assert channels(moto, WEST)[0]["s3BucketName"] == our_bucket(WEST)


# One thing missing.


def test_a_stopped_recorder_is_started_and_never_rewritten(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = role(moto, "recording", trust(SERVICE))
    on(moto, name="mine", roleARN=arn, recordingMode={"recordingFrequency": "DAILY"})
    stop(moto, name="mine")
    before = recorders(moto)
    found = check(function, faults)
    assert (found["status"], steps(found)) == ("fixed", [(START, "applied")])
    assert "recorder mine is stopped" in found["because"]
    assert (
        f"aws configservice stop-configuration-recorder --region {REGION} --configuration-recorder-name mine"
        in found["steps"][0]["undo"]
    )
    assert changing(faults) == [START]
    assert recorders(moto) == before and is_recording(moto, name="mine")


def test_a_region_with_nothing_gets_everything(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    found = check(function, faults)
    assert found["status"] == "fixed", found
    assert changing(faults) == EVERYTHING
    assert_made(moto)
    assert check(function, faults)["status"] == "compliant"
    assert changing(faults) == []


def test_iams_types_are_recorded_at_home_alone(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    assert check(function, faults, region=WEST, TRAILKEEPER_REGIONS=WEST)["status"] == "fixed"
    assert_made(moto, WEST, home=REGION)
    assert check(function, faults, AWS_REGION=WEST, TRAILKEEPER_REGIONS=REGION)["status"] == "fixed"
    assert_made(moto, REGION, home=WEST)


def test_a_region_that_cannot_record_iam_does_not_try(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    late = "eu-south-2"
    moto.regions([late])
    assert check(function, faults, region=late, AWS_REGION=late)["status"] == "fixed"
    assert recorders(moto, late)[0]["recordingGroup"]["includeGlobalResourceTypes"] is False


def test_a_role_that_is_there_is_used(function: StartFunction, moto: Moto, faults: Faults) -> None:
    linked_role(moto)
    assert check(function, faults)["status"] == "fixed"
    assert changing(faults) == EVERYTHING[1:]
    assert_made(moto)


def test_a_deleted_recorder_comes_back_and_keeps_the_channel(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    on(moto)
    before = channels(moto)
    moto.client("config").delete_configuration_recorder(ConfigurationRecorderName="default")
    found = check(function, faults)
    assert (found["status"], changing(faults)) == ("fixed", [RECORDER, START])
    assert channels(moto) == before and is_recording(moto) and buckets(moto) == []


def test_a_deleted_channel_gets_a_bucket_of_ours_where_there_is_no_other(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    on(moto)
    without_channel(moto)
    found = check(function, faults)
    assert (found["status"], changing(faults)) == ("fixed", [*BUCKET, CHANNEL, START])
    assert_made(moto, home="none")


def test_a_recorder_of_a_service_does_not_count_and_is_not_touched(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    moto.client("config").put_service_linked_configuration_recorder(
        ServicePrincipal="securityhub.amazonaws.com"
    )
    (theirs,) = recorders(moto)
    found = check(function, faults)
    assert found["status"] == "fixed" and "no configuration recorder" in found["because"]
    assert theirs in recorders(moto) and is_recording(moto)
    assert check(function, faults)["status"] == "compliant"


# What is never ours to change.


@pytest.mark.parametrize(
    "left",
    [
        ONE_TYPE,
        {
            "exclusionByResourceTypes": {"resourceTypes": ["AWS::EC2::Volume"]},
            "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
        },
    ],
)
def test_what_someone_narrowed_is_told_and_not_widened(
    function: StartFunction, moto: Moto, faults: Faults, left: Found
) -> None:
    on(moto, recordingGroup=left)
    before = recorders(moto)
    found = check(function, faults)
    assert (found["status"], changing(faults)) == ("advised", [])
    assert (
        "does not widen what someone narrowed" in found["advice"]
        and "AWS::EC2::V" in found["because"]
    )
    assert recorders(moto) == before


def test_a_narrowed_recorder_is_started_and_gets_its_channel(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    on(moto, recordingGroup=ONE_TYPE)
    without_channel(moto)
    before = recorders(moto)
    found = check(function, faults)
    assert (found["status"], changing(faults)) == ("advised", [*BUCKET, CHANNEL, START])
    assert {status for _, status in steps(found)} == {"applied"} and "narrowed" in found["advice"]
    assert recorders(moto) == before and is_recording(moto)
    assert check(function, faults)["status"] == "advised" and changing(faults) == []


@pytest.mark.parametrize("word", ["FAILURE", "Failure"])
def test_a_recorder_that_fails_is_told(
    function: StartFunction, moto: Moto, faults: Faults, word: str
) -> None:
    on(moto)
    told_status(moto, word, "AccessDenied", "it may not deliver")
    found = check(function, faults)
    assert (found["status"], changing(faults)) == ("advised", [])
    assert "AccessDenied: it may not deliver" in found["because"]
    assert (
        "AWSServiceRoleForConfig" in found["advice"]
        and LOGS in found["advice"]
        and "log-bucket-delivery" in found["advice"]
    )


def test_a_role_that_is_gone_is_told_and_not_replaced(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    arn = role(moto, "recording", trust(SERVICE))
    on(moto, roleARN=arn)
    moto.client("iam").delete_role(RoleName="recording")
    found = check(function, faults)
    assert (found["status"], changing(faults)) == ("advised", [])
    assert "role/recording" in found["advice"] and recorders(moto)[0]["roleARN"] == arn


def test_what_can_be_mended_is_mended_though_the_status_lags(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """AWS tells of a failure until something is delivered again: nothing else is claimed."""
    assert check(function, faults)["status"] == "fixed"
    moto.client("s3").delete_bucket_policy(Bucket=our_bucket())
    told_status(moto, "FAILURE", "AccessDenied", "Access Denied")
    found = check(function, faults)
    assert (found["status"], steps(found)) == ("advised", [("s3:PutBucketPolicy", "applied")])
    told_status(moto, "SUCCESS")
    assert check(function, faults)["status"] == "compliant"
