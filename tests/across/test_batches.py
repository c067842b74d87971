"""A batch is one look at each resource; only what failed is tried again, and nothing in it harms anything else."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Callable

import pytest
from alarms import Monitoring
from batches import again, anew, batch
from conftest import StartFunction
from envelope import Event, api_call, role_call, schedule
from given import trail
from inbox import Inbox
from ledger import create, entries
from local_aws.processes import ACCOUNT, Faults, Moto
from log_buckets import HTTPS, LOGS, bare_bucket, bucket_call, policy_of
from observed import lines
from recorded_calls import Sent, recorded, repeated
from trails import kept_trail
from vpcs import flow_log, vpc, writer

OTHER = "second-trail-logs"
DEAD = "an event is a dead letter"


def by(name: str, event: Event, time_of: str = "2026-03-02T11:20:48Z") -> Event:
    """The event as that of another caller."""
    arn = f"arn:aws:iam::{event['account']}:user/{name}"
    who = {"type": "IAMUser", "principalId": "AIDA" + name.upper(), "arn": arn, "accountId": event["account"], "userName": name}
    return anew(event | {"detail": event["detail"] | {"userIdentity": who, "eventTime": time_of}})


def https(moto: Moto, *buckets: str) -> list[bool]:
    """Whether each bucket refuses plain HTTP."""
    return [any(it.get("Sid") == "TrailkeeperHttpsOnly" for it in policy_of(moto, name)["Statement"]) for name in buckets]


def unlocked(moto: Moto, *buckets: str) -> None:
    """Takes away what refuses plain HTTP."""
    for name in buckets:
        left = policy_of(moto, name)
        left["Statement"] = [it for it in left["Statement"] if it.get("Sid") != "TrailkeeperHttpsOnly"]
        moto.client("s3").put_bucket_policy(Bucket=name, Policy=json.dumps(left))


def test_each_resource_is_looked_at_once_for_all_its_events(function: StartFunction, moto: Moto, faults: Faults) -> None:
    bare_bucket(moto)
    keeper = function("bucket", endpoint=faults, mode="enforce")
    assert again(keeper.invoke(batch(*(anew(bucket_call()) for _ in range(20))))) == []
    assert https(moto, LOGS) == [True]
    assert len(faults.calls("s3", "PutBucketPolicy")) <= 2, "its own policy, and that of the target"
    assert len(lines(keeper, message="PutBucketPolicy handled")) == 20, "each is found in the log"
    faults.forget()
    keeper.invoke(batch(anew(bucket_call())))
    alone = len(faults.calls())
    faults.forget()
    assert again(keeper.invoke(batch(*(anew(bucket_call()) for _ in range(50))))) == []
    assert len(faults.calls()) == alone


def retention(group: str) -> Event:
    """A call that sets how long a log group is kept."""
    return api_call("logs", "PutRetentionPolicy", requestParameters={"logGroupName": group, "retentionInDays": 400})


def stopped_trail(moto: Moto) -> tuple[str, list[Event]]:
    """A trail that does not log and lacks events; and calls by several people, of several kinds, that lead to it."""
    arn = kept_trail(moto)
    moto.client("cloudtrail").stop_logging(Name=arn)
    moto.client("cloudtrail").put_event_selectors(TrailName=arn, EventSelectors=[
        {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True, "DataResources": []},
    ])
    calls = [role_call("PutRolePolicy", "main-writer"), role_call("DeleteRolePolicy", "main-writer"), retention("main")]
    return arn, [by(name, call) for call in calls for name in ("alice", "bob")]


def half_kept_vpc(moto: Moto) -> tuple[str, list[Event]]:
    """A VPC whose flow logs keep a part of the traffic; and calls on the role and the group of each."""
    one = vpc(moto)
    sent = []
    for name in ("first", "second"):
        flow_log(moto, one, writer(moto, name), group=name, TrafficType="ACCEPT")
        sent += [by("alice", role_call("PutRolePolicy", name)), by("bob", retention(name))]
    return f"vpc/{one}", sent


@pytest.mark.parametrize(("family", "broken"), [("trail", stopped_trail), ("vpc", half_kept_vpc)])
def test_what_several_targets_lead_to_is_one_change_and_one_message(
    function: StartFunction, moto: Moto, family: str, broken: Callable[[Moto], tuple[str, list[Event]]]
) -> None:
    """And nothing is asked twice, whether it is mended or only looked at."""
    name, sent = broken(moto)
    table, inbox = create(moto), Inbox(moto)
    nowhere = [role_call("PutRolePolicy", "nobodys"), retention("nobodys")]
    settings = {"TRAILKEEPER_LEDGER": table, "TRAILKEEPER_TOPIC_ARN": inbox.topic}

    def run(mode: str) -> list[Sent]:
        with recorded(moto) as calls:
            keeper = function(family, endpoint=calls.endpoint, mode=mode, timeout=120, **settings)
            assert again(keeper.invoke(batch(*map(anew, (*sent, *nowhere, *sent))), timeout=120)) == []
            asked = calls.asked
        assert [f"{it.operation} {it.arguments[:200]}" for it in repeated(asked)] == []
        (told,) = [json.loads(it["Message"]) for it in inbox.messages()]
        about = [(it["control"], it["resource"]) for it in told["results"]]
        assert len(set(about)) == len(about) and all(it.endswith(name) for _, it in about)
        callers = {(it["name"], it["actor"].rsplit("/")[-1]) for it in (told["event"], *told["beside"])}
        assert callers == {(it["detail"]["eventName"], it["detail"]["userIdentity"]["userName"]) for it in sent}
        return asked

    assert all(it.reads for it in run("dry-run"))
    mended = Counter(it.operation for it in run("enforce") if not it.reads)
    (change,) = entries(moto, table)
    assert change["resource"].endswith(name) and change["outcome"] == "fixed"
    wanted = {"trail": ("StartLogging", "PutEventSelectors"), "vpc": ("CreateFlowLogs",)}[family]
    assert [mended[call] for call in wanted] == [1] * len(wanted), mended


def test_whoever_led_to_what_failed_is_tried_again(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """The trail for all that led to it, and no call that led elsewhere."""
    arn, sent = stopped_trail(moto)
    other = kept_trail(moto, "second")
    moto.client("cloudtrail").stop_logging(Name=other)
    keeper = function("trail", endpoint=faults, mode="enforce", timeout=120)
    faults.rule("cloudtrail", "StartLogging", error="ThrottlingException", status=400, resource="main")
    elsewhere = [role_call("PutRolePolicy", "second-writer"), retention("second")]
    assert again(keeper.invoke(batch(elsewhere[0], *sent, elsewhere[1]), timeout=120)) == [f"m{at + 1}" for at in range(len(sent))]
    status = moto.client("cloudtrail").get_trail_status
    assert [status(Name=it)["IsLogging"] for it in (arn, other)] == [False, True]
    faults.clear()
    assert again(keeper.invoke(batch(*sent), timeout=120)) == []
    assert status(Name=arn)["IsLogging"]


def test_a_poisoned_record_harms_no_other(function: StartFunction, moto: Moto, faults: Faults) -> None:
    bare_bucket(moto)
    keeper = function("bucket", endpoint=faults, mode="enforce")
    poison = ["{", "[]", "null", json.dumps({"detail-type": "AWS API Call via CloudTrail", "detail": {}}), "\x00" * 9]
    events = [*poison[:3], bucket_call(), *poison[3:], bucket_call("no-log-bucket"), bucket_call("Not A Bucket")]
    assert again(keeper.invoke(batch(*events))) == ["m0", "m1", "m2", "m4", "m5"]
    assert https(moto, LOGS) == [True]


def test_only_what_failed_is_tried_again(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """And it rings when SQS gives it up: not before."""
    trail(moto)
    trail(moto, "second")
    keeper = function("bucket", endpoint=faults, mode="enforce")
    sent = [bucket_call(OTHER), bucket_call(), bucket_call(OTHER)]
    faults.rule("s3", "GetBucketPolicy", error="SlowDown", status=503, resource=OTHER)
    assert again(keeper.invoke(batch(*map(anew, sent)))) == ["m0", "m2"]
    assert https(moto, LOGS, OTHER) == [True, False]
    assert not lines(keeper, message=DEAD)
    assert again(keeper.invoke(batch(*map(anew, sent), received=4))) == ["m0", "m2"]
    assert [it["message_id"] for it in lines(keeper, message=DEAD)] == ["m0", "m2"]
    faults.clear()
    assert again(keeper.invoke(batch(sent[0], sent[2]))) == []
    assert https(moto, OTHER) == [True]


@pytest.mark.parametrize("seed", range(4))
def test_order_and_duplicates_do_not_matter(function: StartFunction, moto: Moto, seed: int) -> None:
    trail(moto)
    trail(moto, "second")
    events = [anew(bucket_call(name)) for name in (LOGS, OTHER, "no-log-bucket") for _ in range(3)]
    events += [role_call("DeleteRole", "theirs"), *events[:4]]
    random.Random(seed).shuffle(events)
    keeper = function("bucket", mode="enforce")
    for _ in range(2):
        assert again(keeper.invoke(batch(*events))) == []
        assert https(moto, LOGS, OTHER) == [True, True]
        ours = [json.dumps(it, sort_keys=True) for it in policy_of(moto, LOGS)["Statement"]]
        assert len(set(ours)) == len(ours)


def test_nobody_hides_among_the_callers_of_a_batch(function: StartFunction, moto: Moto) -> None:
    """The latest is told as the one after whom it was wrong, and all others beside it, each caller and call once."""
    bare_bucket(moto)
    inbox = Inbox(moto)
    keeper = function("bucket", mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic)
    mallory = by("mallory", bucket_call(), "2026-03-02T11:20:49Z")
    crowd = [by("terraform", bucket_call(), "2026-03-02T11:20:50Z") for _ in range(30)]
    assert again(keeper.invoke(batch(*crowd[:15], mallory, *crowd[15:]))) == []
    (told,) = [json.loads(it["Message"]) for it in inbox.messages()]
    assert told["event"]["actor"].endswith("user/terraform")
    assert [(it["name"], it["actor"].rsplit("/")[-1]) for it in told["beside"]] == [("PutBucketPolicy", "mallory")]
    assert any(it["control"] == HTTPS and it["status"] == "fixed" for it in told["results"])


def test_what_ends_a_record_is_told_whoever_called_later(function: StartFunction, moto: Moto) -> None:
    trail(moto)
    inbox = Inbox(moto)
    keeper = function("bucket", mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic)
    assert again(keeper.invoke(batch(bucket_call()))) == []
    inbox.messages()
    ended = by("mallory", bucket_call(name="DeleteBucketReplication"))
    later = by("terraform", bucket_call(name="PutBucketTagging"), "2026-03-02T11:21:48Z")
    assert again(keeper.invoke(batch(later, ended, later))) == []
    (told,) = [json.loads(it["Message"]) for it in inbox.messages()]
    assert told["event"]["actor"].endswith("user/mallory") and told["event"]["name"] == "DeleteBucketReplication"
    assert any("DeleteBucketReplication ends the replication" in it["because"] for it in told["results"])


def test_a_storm_of_bucket_policies_is_one_look_at_the_alarms(function: StartFunction, moto: Moto, faults: Faults) -> None:
    kept_trail(moto)
    here = Monitoring(moto, group="main")
    here.queue()
    keeper = function("monitoring", endpoint=faults, mode="enforce", timeout=60)
    assert again(keeper.invoke(batch(anew(bucket_call())))) == []
    faults.forget()
    began = time.monotonic()
    storm = [anew(bucket_call(f"bucket-{number}")) for number in range(100)]
    assert again(keeper.invoke(batch(*storm), timeout=60)) == []
    assert len(faults.calls("cloudtrail", "DescribeTrails")) == 1, time.monotonic() - began


def test_events_of_an_account_that_cannot_be_entered_are_told_once(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """And nothing of the rest of the batch is held back by it."""
    bare_bucket(moto)
    inbox = Inbox(moto)
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/trailkeeper"
    settings = {"TRAILKEEPER_ORGANIZATION": "o-a1b2c3d4e5", "TRAILKEEPER_BUS": bus}
    keeper = function("bucket", endpoint=faults, mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic, **settings)
    faults.deny("sts", "AssumeRole")
    theirs = [anew(bucket_call()) | {"account": "999988887777"} for _ in range(5)]
    assert again(keeper.invoke(batch(*theirs[:3], bucket_call(), *theirs[3:]))) == []
    told = [json.loads(it["Message"]) for it in inbox.messages()]
    assert sorted(it["account"] for it in told) == [ACCOUNT, "999988887777"]
    assert len(faults.calls("sts", "AssumeRole")) == 1 and https(moto, LOGS) == [True]


def test_nobody_hides_where_the_account_cannot_be_entered(function: StartFunction, moto: Moto, faults: Faults) -> None:
    inbox = Inbox(moto)
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/trailkeeper"
    settings = {"TRAILKEEPER_ORGANIZATION": "o-a1b2c3d4e5", "TRAILKEEPER_BUS": bus, "TRAILKEEPER_TOPIC_ARN": inbox.topic}
    keeper = function("bucket", endpoint=faults, mode="enforce", **settings)
    faults.deny("sts", "AssumeRole")
    theirs = {"account": "999988887777"}
    tagged = by("terraform", bucket_call(name="PutBucketTagging") | theirs)
    ended = by("mallory", bucket_call(name="DeleteBucketReplication") | theirs)
    assert again(keeper.invoke(batch(tagged, ended))) == []
    (told,) = [json.loads(it["Message"]) for it in inbox.messages()]
    assert {it["actor"].rsplit("/")[-1] for it in (told["event"], *told["beside"])} == {"terraform", "mallory"}
    assert lines(keeper, message="DeleteBucketReplication handled") and lines(keeper, message="PutBucketTagging handled")


def test_a_queue_takes_calls_and_nothing_else(function: StartFunction, moto: Moto, faults: Faults) -> None:
    """A sweep that lies there was put there by nobody of ours."""
    bare_bucket(moto)
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/trailkeeper"
    settings = {"TRAILKEEPER_ORGANIZATION": "o-a1b2c3d4e5", "TRAILKEEPER_BUS": bus}
    keeper = function("bucket", endpoint=faults, mode="enforce", **settings)
    sweep = schedule() | {
        "detail-type": "Trailkeeper Sweep", "source": "trailkeeper", "detail": {"family": "bucket", "account": "999988887777"},
    }
    assert again(keeper.invoke(batch(sweep, schedule()))) == []
    assert {it.operation for it in faults.calls()} <= {"GetCallerIdentity"}


def test_an_invocation_for_a_single_event_is_as_ever(function: StartFunction, moto: Moto) -> None:
    arn = trail(moto)
    moto.client("cloudtrail").stop_logging(Name=arn)
    answer = function("trail", mode="enforce").invoke(api_call("cloudtrail", "StopLogging", requestParameters={"name": arn}))
    assert any(it["status"] == "fixed" for it in answer.body["results"])
