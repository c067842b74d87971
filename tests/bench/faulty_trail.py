"""One trail with faults: as Cloud Custodian can mend them, and with all that a trail can have."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.measure import environment, expect
from given import trail
from local_aws.processes import REGION, Moto
from runtime_api import Answer
from trails import (
    CONTROLS, EVENTS, KMS, LOGGING, LOGS, MULTI, VALIDATION, WITHOUT_LOGS, assert_kept, home, is_logging, now,
)

# CloudTrail takes one UpdateTrail and one StartLogging a second, and the function keeps to that.
APART_SECONDS = 1.15
BLIND = [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}]


@dataclass(frozen=True)
class Scenario:
    """A trail that is broken, and what is to become of it."""

    name: str
    make: Callable[[Moto], str]
    """Makes the account with the broken trail; returns its ARN, which is always the same."""
    again: Callable[[Moto], object]
    """Breaks the repaired trail in the same way."""
    prove: Callable[[Moto, str], None]
    """Fails unless the trail is as it must be, whatever the function said."""
    wanted: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)

    def environment(self, endpoint: str) -> dict[str, str]:
        """What the function is told."""
        return environment(endpoint, **self.settings)

    def break_anew(self, moto: Moto) -> None:
        """Breaks the trail, and waits until CloudTrail takes the next calls."""
        self.again(moto)
        time.sleep(APART_SECONDS)

    def proven(self, moto: Moto, arn: str, answer: Answer) -> None:
        """Fails unless the function said what it must, and it is true."""
        expect(self.wanted, answer)
        self.prove(moto, arn)


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
    "three faults",
    plain_trail,
    three_again,
    prove_three,
    dict.fromkeys((MULTI, LOGGING, VALIDATION), "fixed"),
    {"TRAILKEEPER_CONTROLS": ",".join(f"{control}=off" for control in (EVENTS, KMS, LOGS))},
)
ALL = Scenario(
    "all faults",
    blind_trail,
    blind_trail,
    assert_kept,
    dict.fromkeys(CONTROLS, "fixed"),
    {"TRAILKEEPER_TOPIC_ARN": f"arn:aws:sns:{REGION}:123456789012:trailkeeper-reports"},
)
