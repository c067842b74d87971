"""One trail with faults: as Cloud Custodian can mend them, and with all that a trail can have."""

from __future__ import annotations

from bench.scenario import Scenario
from given import trail
from local_aws.processes import REGION, Moto
from trails import (
    CONTROLS, EVENTS, KMS, LOGGING, LOGS, MULTI, VALIDATION, assert_kept, create_trail, is_logging, now,
)

# CloudTrail takes one UpdateTrail and one StartLogging a second, and the function keeps to that.
APART_SECONDS = 1.15
BLIND = [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]


def plain_trail(moto: Moto) -> str:
    """A trail as CreateTrail makes it: of one region, without digests, key and log group, and not started."""
    moto.reset()
    return trail(moto)


def three_again(moto: Moto) -> None:
    """Stops it, and takes back what UpdateTrail has set."""
    cloudtrail = moto.client("cloudtrail")
    cloudtrail.stop_logging(Name="main")
    cloudtrail.update_trail(Name="main", IsMultiRegionTrail=False, EnableLogFileValidation=False)


def prove_three(moto: Moto, arn: str) -> None:
    """It is logging, multi-region and validated; nothing else was set."""
    found = now(moto, arn)
    assert is_logging(moto, arn) and found["IsMultiRegionTrail"] and found["LogFileValidationEnabled"], found
    assert not {"KmsKeyId", "CloudWatchLogsLogGroupArn"} & found.keys(), found


def blind_trail(moto: Moto) -> str:
    """The same, which records only what reads; and a topic for the report."""
    arn = plain_trail(moto)
    # After a reset moto makes IAM's 1,600 managed policies anew at the first call.
    moto.client("iam").list_roles()
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=BLIND)
    moto.client("sns").create_topic(Name="trailkeeper-reports")
    return arn


THREE = Scenario(
    name="three faults",
    make=plain_trail,
    again=three_again,
    event=create_trail,
    prove=prove_three,
    wanted=dict.fromkeys((MULTI, LOGGING, VALIDATION), "fixed"),
    settings={"TRAILKEEPER_CONTROLS": ",".join(f"{control}=off" for control in (EVENTS, KMS, LOGS))},
    apart=APART_SECONDS,
)
ALL = Scenario(
    name="all faults",
    make=blind_trail,
    again=blind_trail,
    event=create_trail,
    prove=assert_kept,
    wanted=dict.fromkeys(CONTROLS, "fixed"),
    settings={"TRAILKEEPER_TOPIC_ARN": f"arn:aws:sns:{REGION}:123456789012:trailkeeper-reports"},
    apart=APART_SECONDS,
)
