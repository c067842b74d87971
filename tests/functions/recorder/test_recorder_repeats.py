"""The same event again, ten at once, a crash between any two calls, a fault in any: all is well."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import StartFunction
from dying import dies
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import result, steps
from recorders import (
    BUCKET,
    CHANNEL,
    EVERYTHING,
    LOGS,
    READS,
    RECORDER,
    ROLE,
    START,
    WEST,
    assert_made,
    bucket_policy,
    buckets,
    changing,
    channel,
    channels,
    config_call,
    delivery_bucket,
    is_recording,
    linked_role,
    on,
    our_bucket,
    policy_of,
    recorder,
    recorders,
    start,
    without_channel,
)

pytestmark = pytest.mark.function_alone("others write meanwhile, or it is cut short: what the command sees is not what it acts on")

OPERATIONS = [*READS, "GetRole", "HeadBucket", *(call.split(":")[1] for call in EVERYTHING)]


def test_the_second_time_nothing_is_written(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    started = function("recorder", endpoint=faults, mode="enforce")
    assert result(started.invoke(config_call()))["status"] == "fixed"
    faults.forget()
    assert result(started.invoke(config_call()))["status"] == "compliant"
    assert changing(faults) == []
    assert_made(moto)


@pytest.mark.parametrize("copies", [2, 10])
def test_many_at_once_make_one_of_each(function: StartFunction, moto: Moto, copies: int) -> None:
    started = [function("recorder", mode="enforce", timeout=60) for _ in range(copies)]
    with ThreadPoolExecutor(copies) as pool:
        answers = list(pool.map(lambda one: one.invoke(config_call()), started))
    found = [result(answer) for answer in answers]
    assert {it["status"] for it in found} <= {"fixed", "compliant"}, found
    assert any(it["status"] == "fixed" for it in found)
    assert buckets(moto) == [our_bucket()]
    assert_made(moto)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_process_that_dies_in_the_middle(
    function: StartFunction, moto: Moto, operation: str, when: str
) -> None:
    dies(function("recorder", mode="enforce"), moto, config_call(), operation, when)
    retried = result(function("recorder", mode="enforce").invoke(config_call()))
    assert retried["status"] in {"fixed", "compliant"}
    assert_made(moto)


@pytest.mark.parametrize("operation", [call.split(":")[1] for call in BUCKET])
def test_a_process_that_dies_while_the_bucket_comes_back(
    function: StartFunction, moto: Moto, operation: str
) -> None:
    """The channel is there all the while: only the bucket itself tells that it is not done."""
    assert result(function("recorder", mode="enforce").invoke(config_call()))["status"] == "fixed"
    moto.client("s3").delete_bucket(Bucket=our_bucket())
    dies(function("recorder", mode="enforce"), moto, config_call(), operation, "after")
    retried = result(function("recorder", mode="enforce").invoke(config_call()))
    assert retried["status"] in {"fixed", "compliant"}
    assert_made(moto)


@pytest.mark.parametrize("fault", ["throttle", "unavailable", "drop_before", "drop_after"])
@pytest.mark.parametrize("call", EVERYTHING)
def test_a_passing_fault_is_sat_out_within_the_invocation(
    function: StartFunction, moto: Moto, faults: Faults, call: str, fault: str
) -> None:
    getattr(faults, fault)(*call.split(":"), times=1)
    found = result(function("recorder", endpoint=faults, mode="enforce").invoke(config_call()))
    assert found["status"] == "fixed", found
    assert_made(moto)


@pytest.mark.parametrize("call", ["config:DescribeDeliveryChannels", RECORDER, START])
def test_a_lasting_fault_is_given_back_to_lambda_and_the_retry_ends_right(
    function: StartFunction, moto: Moto, faults: Faults, call: str
) -> None:
    started = function("recorder", endpoint=faults, mode="enforce", timeout=90)
    faults.throttle(*call.split(":"))
    answer = started.invoke(config_call())
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    assert call in (answer.error_message or "")
    assert len(faults.calls(*call.split(":"))) == 6, "the SDK tries six times"
    faults.clear()
    assert result(started.invoke(config_call()))["status"] == "fixed"
    assert_made(moto)


def test_time_running_out_is_an_error_and_the_retry_ends_right(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    started = function("recorder", endpoint=faults, mode="enforce", timeout=6)
    faults.stall("config", "PutDeliveryChannel", ms=20_000)
    answer = started.invoke(config_call())
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    faults.clear()
    assert result(started.invoke(config_call()))["status"] == "fixed"
    assert_made(moto)


def test_a_role_that_has_not_spread_yet_is_waited_for(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    moto.role_propagation(2)
    found = result(function("recorder", endpoint=faults, mode="enforce").invoke(config_call()))
    assert found["status"] == "fixed", found
    assert changing(faults).count(RECORDER) == 3 and changing(faults).count(ROLE) == 1
    assert_made(moto)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (CHANNEL, "InsufficientDeliveryPolicyException"),
        (CHANNEL, "NoSuchBucketException"),
        (CHANNEL, "NoAvailableConfigurationRecorderException"),
        (START, "NoAvailableDeliveryChannelException"),
        ("s3:PutBucketPolicy", "NoSuchBucket"),
        ("s3:PutBucketEncryption", "OperationAborted"),
    ],
)
def test_what_was_just_made_is_waited_for(
    function: StartFunction, moto: Moto, faults: Faults, call: str, code: str
) -> None:
    faults.rule(*call.split(":"), times=2, error=code, status=400, message="not yet")
    found = result(function("recorder", endpoint=faults, mode="enforce").invoke(config_call()))
    assert found["status"] == "fixed", found
    assert changing(faults).count(call) == 3
    assert_made(moto)


def test_a_role_that_is_made_meanwhile_is_used(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    started = function("recorder", endpoint=faults, mode="enforce")
    moto.hold("CreateServiceLinkedRole", "before")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, config_call())
        moto.wait_until_held()
        linked_role(moto)
        moto.release()
        found = result(running.result())
    assert found["status"] == "fixed", found
    assert (ROLE, "applied") not in steps(found) and changing(faults).count(ROLE) == 1
    assert_made(moto)


def test_a_recorder_that_is_made_while_it_is_read_is_read_again(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """Its status comes too early, the recorder itself just in time."""
    linked_role(moto)
    delivery_bucket(moto)
    started = function("recorder", endpoint=faults, mode="enforce")
    moto.hold("DescribeConfigurationRecorders", "before")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, config_call())
        moto.wait_until_held()
        time.sleep(0.5)
        on(moto)
        moto.release()
        found = result(running.result())
    assert (found["status"], changing(faults)) == ("compliant", []), found


def test_what_one_event_has_taught_is_forgotten_with_the_next(
    function: StartFunction, moto: Moto
) -> None:
    started = function("recorder", mode="enforce", TRAILKEEPER_REGIONS=f"{REGION},{WEST}")
    assert result(started.invoke(config_call()))["status"] == "fixed"
    event = without_channel(moto)
    on(moto, WEST)
    assert result(started.invoke(event))["status"] == "fixed"
    assert channels(moto)[0]["s3BucketName"] == LOGS


def test_somebody_elses_channel_meanwhile_is_left_as_it_is(
    function: StartFunction, moto: Moto
) -> None:
    on(moto)
    event = without_channel(moto)
    theirs = {"name": "theirs", "s3BucketName": LOGS}
    started = function("recorder", mode="enforce")
    moto.hold("PutDeliveryChannel", "before")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, event)
        moto.wait_until_held()
        channel(moto, **theirs)
        moto.release()
        found = result(running.result())
    assert found["status"] == "fixed", found
    assert channels(moto) == [theirs] and is_recording(moto)


def test_a_second_recorder_is_not_forced_beside_somebody_elses(
    function: StartFunction, moto: Moto
) -> None:
    linked_role(moto)
    delivery_bucket(moto)
    started = function("recorder", mode="enforce")
    moto.hold("PutBucketPolicy", "before")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, config_call())
        moto.wait_until_held()
        recorder(moto, name="theirs")
        channel(moto)
        start(moto, name="theirs")
        moto.release()
        found = result(running.result())
    assert found["status"] in {"fixed", "compliant"}, found
    assert [it["name"] for it in recorders(moto)] == ["theirs"] and is_recording(
        moto, name="theirs"
    )


def test_a_bucket_deleted_meanwhile_makes_for_another(function: StartFunction, moto: Moto) -> None:
    on(moto, WEST)
    started = function("recorder", mode="enforce")
    moto.hold("PutConfigurationRecorder", "after")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, config_call())
        moto.wait_until_held()
        moto.client("s3", WEST).delete_bucket(Bucket=LOGS)
        moto.release()
        found = result(running.result())
    assert found["status"] == "fixed", found
    assert_made(moto)


def test_a_policy_changed_meanwhile_is_kept(function: StartFunction, moto: Moto) -> None:
    """It is read once more right before it is written."""
    on(moto, WEST)
    s3 = moto.client("s3", WEST)
    s3.delete_bucket_policy(Bucket=LOGS)
    started = function("recorder", mode="enforce")
    moto.hold("GetBucketPolicy", "before", nth=2)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(started.invoke, config_call())
        moto.wait_until_held()
        theirs = bucket_policy()["Statement"][0] | {"Sid": "Theirs"}
        document = {"Version": "2012-10-17", "Id": "theirs", "Statement": [theirs]}
        s3.put_bucket_policy(Bucket=LOGS, Policy=json.dumps(document))
        moto.release()
        found = result(running.result())
    assert found["status"] == "fixed", found
    after = policy_of(moto, LOGS, WEST)
    assert after["Id"] == "theirs" and after["Statement"][0] == theirs
    assert len(after["Statement"]) == 3, "what it lacked, and no more"
    assert channels(moto)[0]["s3BucketName"] == LOGS and is_recording(moto)
