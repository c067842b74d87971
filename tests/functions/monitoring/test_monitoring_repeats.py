"""The same event again, ten at once, a crash between any two calls: one chain, and one mail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alarms import PERSON, Monitoring, topic_arn
from chains import ADDRESS, CONTROL, OURS, OUR_KEY, WHOLE_CHAIN, delete_alarms, fed, made, of
from conftest import StartFunction
from dying import dies
from envelope import api_call
from local_aws.faults import Faults
from local_aws.processes import Moto
from runtime_api import Function
from trails import our_keys

pytestmark = pytest.mark.function_alone("others write meanwhile, or it is cut short: what the command sees is not what it acts on")

READS = [
    "DescribeTrails", "GetTrailStatus", "GetEventSelectors", "DescribeLogGroups",
    "DescribeMetricFilters", "DescribeAlarmsForMetric", "DescribeAlarms", "GetTopicAttributes",
    "ListSubscriptionsByTopic", "DescribeKey",
]
WRITES = [call.split(":")[1] for call in WHOLE_CHAIN]
MAIL = {"TRAILKEEPER_ALARM_ADDRESS": PERSON}
RIGHT = {"fixed", "compliant"}
TOPIC = topic_arn(OURS)


def assert_one_chain(here: Monitoring, moto: Moto, keys: int = 1) -> None:
    """Ours is there, whole and once, with so many keys of which one is named."""
    found = here.everything()
    assert found.keys() == {
        f"filter trail {OURS}", f"alarm {OURS}",
        *(f"topic {TOPIC} {what}" for what in ("attributes", "subscriptions", "tags")),
    }
    assert len(found[f"topic {TOPIC} subscriptions"]) == 1
    aliases = moto.client("kms").list_aliases()["Aliases"]
    (key,) = [it["TargetKeyId"] for it in aliases if it["AliasName"] == OUR_KEY]
    assert found[f"topic {TOPIC} attributes"]["KmsMasterKeyId"].endswith(key)
    assert moto.client("kms").get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]
    assert len(our_keys(moto)) == keys
    here.quiet()
    here.heard()
    here.ring(api_call("s3", "PutBucketPolicy"))
    assert here.failures(OURS) == [] and here.state(OURS) == "ALARM"


def starting(function: StartFunction, **given: object) -> Function:
    return function("monitoring", **({"mode": "enforce", "timeout": 60} | ADDRESS | given))


def test_the_second_time_nothing_is_written(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here, started = fed(moto), starting(function, endpoint=faults)
    assert of(started.invoke(delete_alarms()))["status"] == "fixed"
    for _ in range(2):
        faults.forget()
        assert of(started.invoke(delete_alarms()))["status"] == "compliant"
        assert made(faults) == []
    assert_one_chain(here, moto)


@pytest.mark.parametrize("address", [ADDRESS, MAIL], ids=["queue", "mail"])
def test_ten_at_once(function: StartFunction, moto: Moto, address: dict[str, str]) -> None:
    """KMS has nothing by which one of several would be kept from making a key: one is used."""
    here = fed(moto)
    copies = [starting(function, timeout=120, **address) for _ in range(10)]
    with ThreadPoolExecutor(len(copies)) as pool:
        answers = list(pool.map(lambda copy: copy.invoke(delete_alarms()), copies))
    outcomes = [of(answer) for answer in answers]
    wanted = RIGHT if address == ADDRESS else {"advised"}
    assert {it["status"] for it in outcomes} <= wanted, outcomes
    if address == MAIL:
        asked = {(it["topic"], it["endpoint"]) for it in moto.confirmations()}
        assert asked == {(TOPIC, PERSON)}
        moto.confirm(TOPIC)
    assert of(copies[0].invoke(delete_alarms()))["status"] == "compliant"
    assert_one_chain(here, moto, keys=len(our_keys(moto)))


def test_who_is_asked_by_another_meanwhile_is_not_asked_again(
    function: StartFunction, moto: Moto
) -> None:
    here = fed(moto)
    moto.hold("CreateTopic")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(starting(function, **MAIL).invoke, delete_alarms())
        moto.wait_until_held()
        other = starting(function, **MAIL)
        assert of(other.invoke(delete_alarms()))["status"] == "advised"
        moto.release()
        assert of(running.result())["status"] == "advised"
    assert [it["topic"] for it in moto.confirmations()] == [TOPIC]
    moto.confirm(TOPIC)
    assert_one_chain(here, moto)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", READS + WRITES)
def test_a_process_that_dies_in_the_middle(
    function: StartFunction, moto: Moto, operation: str, when: str
) -> None:
    here, event = fed(moto), delete_alarms()
    dies(starting(function), moto, event, operation, when)
    assert of(starting(function).invoke(event))["status"] in RIGHT
    assert_one_chain(here, moto)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", ["Subscribe", "PutMetricFilter", "PutMetricAlarm"])
def test_a_process_that_dies_sends_no_second_mail(
    function: StartFunction, moto: Moto, operation: str, when: str
) -> None:
    here = fed(moto)
    dies(starting(function, **MAIL), moto, delete_alarms(), operation, when)
    again = starting(function, **MAIL)
    for _ in range(2):
        assert of(again.invoke(delete_alarms()))["status"] == "advised"
    assert [it["topic"] for it in moto.confirmations()] == [TOPIC]
    moto.confirm(TOPIC)
    assert of(again.invoke(delete_alarms()))["status"] == "compliant"
    assert_one_chain(here, moto)


def test_a_group_that_is_deleted_meanwhile_is_no_failure_of_ours(
    function: StartFunction, moto: Moto
) -> None:
    here = fed(moto)
    moto.hold("PutMetricFilter")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(starting(function).invoke, delete_alarms())
        moto.wait_until_held()
        here.logs.delete_log_group(logGroupName="trail")
        moto.release()
        outcome = of(running.result())
    assert outcome["control"] == CONTROL and outcome["status"] == "advised", outcome
    assert "log group that does not exist" in outcome["because"]
