"""The lanes of the family at the same time: together they keep CloudTrail's quotas, which count for the whole account."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from batches import again, anew, batch
from conftest import StartFunction
from envelope import Event, schedule
from given import trail
from local_aws.processes import REGION, Moto
from observed import lines, results
from runtime_api import Function
from template import Template
from trails import LOGGING, is_logging, now, trail_call

pytestmark = pytest.mark.function_alone("what the command reads would count as well")

TRAILS = 12
A_SECOND = 10
"""DescribeTrails, GetTrailStatus, GetEventSelectors and ListTags: https://docs.aws.amazon.com/general/latest/gr/ct.html"""
SLOWER = "AWS refuses calls, as there are too many"
RIGHT = {"fixed", "compliant", "not-applicable", "changed"}


def share(lane: str) -> str:
    """The share of each quota that the deployed function of a lane has."""
    found: str = Template().lane("trail", lane)["Environment"]["Variables"]["TRAILKEEPER_SHARE"]
    return found


@pytest.fixture
def arns(moto: Moto) -> Iterator[list[str]]:
    """More trails in one region than a second's calls can look at, of which one does not log."""
    moto.regions([REGION])
    moto.trails(TRAILS)
    found = [trail(moto, f"trail-{number}", IsMultiRegionTrail=number == 0, EnableLogFileValidation=True) for number in range(TRAILS)]
    for arn in found[1:]:
        moto.client("cloudtrail").start_logging(Name=arn)
    moto.throttle("cloudtrail-reads", A_SECOND)
    yield found


def stopped(arn: str) -> Event:
    """A call that wakes the function at once."""
    return anew(trail_call("StopLogging", arn))


def tagged(arns: list[str]) -> Event:
    """Events that lead to each trail, as a batch has them."""
    return batch(*(anew(trail_call("UpdateTrail", arn)) for arn in arns))


def refused(moto: Moto) -> int:
    """How many reads were refused; none is from now on."""
    found = moto.throttled()
    moto.throttle("cloudtrail-reads", 0)
    return found


def slowed(function: Function) -> int:
    """How often the function says that it slows down."""
    return sum(SLOWER in it.get("message", "") for it in lines(function))


def test_three_lanes_at_once_are_never_refused(function: StartFunction, moto: Moto, arns: list[str]) -> None:
    started = {
        lane: function("trail", mode="enforce", timeout=90, TRAILKEEPER_CONTROLS="cloudtrail-kms=off,cloudtrail-cloudwatch-logs=off",
                       TRAILKEEPER_SHARE=share(lane))
        for lane in ("", "Batch", "Sweep")
    }
    with ThreadPoolExecutor(3) as pool:
        swept = pool.submit(started["Sweep"].invoke, schedule())
        batched = pool.submit(started["Batch"].invoke, tagged(arns))
        urgent = pool.submit(started[""].invoke, stopped(arns[0]))
        answers = [urgent.result(), swept.result()]
        assert again(batched.result()) == []
    for answer in answers:
        assert answer.ok, answer.error_message
        assert {it["status"] for it in results(answer) if it["control"] == LOGGING} <= RIGHT
    assert len([it for it in results(answers[1]) if it["control"] == LOGGING]) == TRAILS
    assert refused(moto) == 0 and not any(map(slowed, started.values()))
    assert all(is_logging(moto, arn) for arn in arns)


def test_many_processes_of_a_lane_slow_down_and_end_right(function: StartFunction, moto: Moto, arns: list[str]) -> None:
    """Each says so once for a slow-down, however many calls are refused."""
    off = "cloudtrail-kms=off,cloudtrail-cloudwatch-logs=off"
    lanes = ["Batch"] * 5 + ["Sweep"]
    started = [
        function("trail", mode="enforce", timeout=120, TRAILKEEPER_CONTROLS=off, TRAILKEEPER_SHARE=share(lane)) for lane in lanes
    ]
    with ThreadPoolExecutor(len(started)) as pool:
        events = [schedule() if lane == "Sweep" else tagged(arns) for lane in lanes]
        *batched, swept = pool.map(lambda one, event: one.invoke(event), started, events)
    assert [again(answer) for answer in batched] == [[]] * 5
    assert swept.ok, swept.error_message
    assert 0 < sum(map(slowed, started)) <= refused(moto), "the quota was exceeded, and each process says so once"
    assert all(is_logging(moto, arn) and now(moto, arn)["LogFileValidationEnabled"] for arn in arns)


def test_lanes_that_write_at_once_wait_for_their_turn_and_end_right(function: StartFunction, moto: Moto) -> None:
    """Writes have no share: each process keeps to one a second, and what is refused waits and fails nothing."""
    moto.regions([REGION])
    broken = [trail(moto, f"trail-{number}", IsMultiRegionTrail=number == 0) for number in range(5)]
    moto.throttle("cloudtrail", 1)
    off = "cloudtrail-kms=off,cloudtrail-cloudwatch-logs=off"
    lanes = {
        lane: function("trail", mode="enforce", timeout=120, TRAILKEEPER_CONTROLS=off, TRAILKEEPER_SHARE=share(lane))
        for lane in ("", "Batch", "Sweep")
    }
    with ThreadPoolExecutor(3) as pool:
        batched = pool.submit(lanes["Batch"].invoke, tagged(broken))
        swept = pool.submit(lanes["Sweep"].invoke, schedule())
        urgent = [lanes[""].invoke(stopped(arn)) for arn in broken[:2]]
        assert again(batched.result()) == []
    for answer in [*urgent, swept.result()]:
        assert answer.ok, answer.error_message
        assert {it["status"] for it in results(answer) if it["control"] == LOGGING} <= RIGHT
    assert all(is_logging(moto, arn) and now(moto, arn)["LogFileValidationEnabled"] for arn in broken)
