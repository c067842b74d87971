"""What wakes the functions: calls by way of the bus, sweeps handed on, and schedules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from envelope import Event, api_call, create_server, role_call
from template import ACCOUNT, ALARMS, BUS, ENTERING, FAMILIES, GUARD, NAMES, ORGANIZATION, ROOT, TOPIC, Template, document, matches

from tools.values import rules, unfit

LOG_BUCKETS = [
    "aws-cloudtrail-logs-", "aws-controltower-logs-", "config-bucket-", "trailkeeper-access-logs-", "trailkeeper-cloudtrail-",
    "trailkeeper-config-", "aws-accelerator-central-logs-",
]
"""How AWS and Trailkeeper name log buckets; the last is what `LogBuckets` says if nobody does."""
NO_BUCKETS = [f"/{number}" for number in range(1, 8)]
"""How no bucket's name begins: what stands where `LogBuckets` names fewer than it may."""
NAMED = {
    "urgent": [{"prefix": it} for it in (*LOG_BUCKETS, *NO_BUCKETS)],
    "many": [{"anything-but": {"prefix": LOG_BUCKETS}}, {"exists": False}],
}
"""The buckets of which a call comes by each lane, where their names decide."""


(BUS_NAME,) = Template().resources("AWS::Events::EventBus")


def patterns(family: str) -> list[dict[str, Any]]:
    """The patterns of a family's rules on calls."""
    return urgent(family) + many(family)


def urgent(family: str, **values: str) -> list[dict[str, Any]]:
    """The patterns of the rules on calls that wake a family's function at once."""
    return [it["Pattern"] for it in Template(**values).lane_events(family, "", "EventBridgeRule").values()]


def many(family: str, **values: str) -> list[dict[str, Any]]:
    """The patterns of the rules on calls that go to a family's queue."""
    return [it["EventPattern"] for it in Template(**values).queued(family).values()]


def forwarded() -> list[dict[str, Any]]:
    """The patterns of the rules that send calls to the bus."""
    every = [it["EventPattern"] for it in Template("regions.yaml", Bus=BUS).resources("AWS::Events::Rule").values()]
    return [it for it in every if it["detail-type"] == ["AWS API Call via CloudTrail"]]


@pytest.mark.parametrize("lane", ["urgent", "many"])
@pytest.mark.parametrize("family", FAMILIES, ids=NAMES)
def test_the_rules_match_what_the_code_watches(family: dict[str, Any], lane: str) -> None:
    rules = [
        {
            "service": pattern["detail"]["eventSource"],
            "source": pattern["source"],
            "calls": sorted(pattern["detail"]["eventName"]),
            "buckets": pattern["detail"].get("requestParameters", {}).get("bucketName"),
        }
        for pattern in (urgent if lane == "urgent" else many)(family["family"])
    ]
    watches = [
        {"service": [watch["service"]], "source": [watch["source"]], "calls": sorted(watch[calls]), "buckets": buckets}
        for watch in family["watches"] for calls, buckets in ((lane, None), ("by_name", NAMED[lane])) if watch[calls]
    ]
    assert sorted(rules, key=str) == sorted(watches, key=str)


@pytest.mark.parametrize("family", FAMILIES, ids=NAMES)
def test_each_watched_call_comes_by_exactly_one_lane(family: dict[str, Any]) -> None:
    """Of each family that watches it: by one rule of one lane, whatever else the record says and whether it names a bucket."""
    at_once, in_batches = urgent(family["family"]), many(family["family"])
    named: list[tuple[Any, bool]] = [({"bucketName": f"{it}1"}, True) for it in LOG_BUCKETS]
    named += [({"bucketName": it}, False) for it in ("some-bucket", "my-aws-cloudtrail-logs-1", "aws-cloudtrail-logs", "")]
    named += [(it, False) for it in ({"Host": "s3.amazonaws.com"}, {}, None, {"omitted": True, "originalSize": 204_800})]
    for watch in family["watches"]:
        for name in watch["calls"]:
            for given, of_logs in named:
                event = api_call(watch["service"].split(".")[0], name, requestParameters=given)
                by = [sum(matches(it, event) for it in patterns) for patterns in (at_once, in_batches)]
                is_urgent = name in watch["urgent"] or (name in watch["by_name"] and of_logs)
                assert by == ([1, 0] if is_urgent else [0, 1]), (watch["service"], name, given)


EIGHT = [f"{letter}-{'long.' * 12}x" for letter in "abcdefgh"]
"""As many names as `LogBuckets` takes, each as long as a bucket's may be."""


@pytest.mark.parametrize("own", [EIGHT[:1], EIGHT[:3], EIGHT], ids=len)
@pytest.mark.parametrize("family", ["bucket", "monitoring"])
def test_a_call_on_a_log_bucket_that_the_operator_names_comes_at_once(family: str, own: list[str]) -> None:
    """And one on any other bucket in a batch: by exactly one lane, as many as are named."""
    values = {"LogBuckets": ",".join(own)}
    assert unfit(values["LogBuckets"], rules()["LogBuckets"]) is None
    by_name = [it for patterns in (urgent(family, **values), many(family, **values)) for it in patterns if "requestParameters" in it["detail"]]
    assert len(by_name) == 2
    # EventBridge's limit (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html).
    assert all(len(json.dumps(it)) <= 2048 for it in by_name)
    named: list[tuple[Any, list[bool]]] = [({"bucketName": it}, [True, False]) for it in (*own, f"{own[0]}-2", f"{LOG_BUCKETS[0]}1")]
    named += [({"bucketName": it}, [False, True]) for it in (f"x{own[0]}", own[0][:-1], LOG_BUCKETS[-1] + "1", "-1", "Old_Name", "x" * 255, "")]
    named += [(it, [False, True]) for it in ({}, None)]
    for given, lanes in named:
        event = api_call("s3", "PutBucketPolicy", requestParameters=given)
        assert [matches(it, event) for it in by_name] == lanes, given


@pytest.mark.parametrize("value", ["", ",", "a,b", "ok-one,", "-ok", "Upper", "under_score", "a b c", ",".join([*EIGHT, "ninth"]), "x" * 64])
def test_what_names_no_bucket_is_refused(value: str) -> None:
    """Above all nothing at all: each name begins like that, and no call would go to a queue."""
    assert unfit(value, rules()["LogBuckets"])


def test_a_new_name_is_taken_by_the_urgent_lane_before_the_queue_leaves_it_out() -> None:
    """By both for a moment, rather than by none."""
    resources = Template().whole["Resources"]
    assert {name: it["DependsOn"] for name, it in resources.items() if it["Type"] == "AWS::Events::Rule" and "DependsOn" in it} == {
        "BucketQueueBucketCallsByName": "BucketFunctionBucketCallsByName",
        "MonitoringQueueS3CallsByName": "MonitoringFunctionS3CallsByName",
    }


def test_what_takes_the_way_in_from_a_bucket_is_urgent() -> None:
    (bucket,) = (it for it in FAMILIES if it["family"] == "bucket")
    (calls,) = (it for it in bucket["watches"] if it["service"] == "s3.amazonaws.com")
    assert calls["urgent"] == ["DeleteBucketPolicy", "DeleteBucketReplication"]
    assert calls["by_name"] == ["DeleteBucket", "PutBucketPolicy"]


def test_every_queue_is_filled_from_the_bus_alone() -> None:
    template = Template()
    rules = template.resources("AWS::Events::Rule")
    assert {it["EventBusName"] for it in rules.values()} == {BUS_NAME}
    assert sum(len(template.queued(name)) for name in NAMES) == len(rules)


def test_each_region_forwards_what_the_code_watches_and_no_other_call() -> None:
    watched: dict[tuple[str, str], set[str]] = {}
    for watch in [*(watch for family in FAMILIES for watch in family["watches"]), *GUARD["bus"]]:
        watched.setdefault((watch["source"], watch["service"]), set()).update(watch["calls"])
    rules = {
        (source, service): set(pattern["detail"]["eventName"])
        for pattern in forwarded()
        for source in pattern["source"]
        for service in pattern["detail"]["eventSource"]
    }
    assert rules == watched
    assert len(forwarded()) == len(watched)


def test_a_call_is_forwarded_on_the_terms_on_which_it_wakes() -> None:
    """But for the calls, and for names that decide about the lane, each rule of a region says what the rules on the bus say of the
    same service."""

    def terms(pattern: dict[str, Any]) -> str:
        detail = {key: it for key, it in pattern["detail"].items() if key != "requestParameters"}
        return json.dumps({**pattern, "detail": detail | {"eventName": []}}, sort_keys=True)

    assert {terms(it) for it in forwarded()} == {
        terms(it) for name in NAMES for it in patterns(name)
    } | {terms(it["Pattern"]) for it in guarding().values() if "EventBusName" in it}


@pytest.mark.parametrize(
    ("event", "matched"),
    [
        (create_server("s-1"), True),
        (role_call("DeleteRole", "r"), True),
        (json.loads((ROOT / "tests" / "events" / "transfer.update-server.json").read_text()), True),
        (create_server("s-1", errorCode="AccessDenied"), False),
        (create_server("s-1", eventType="AwsServiceEvent"), False),
        (create_server("s-1") | {"source": "my.app"}, False),
        (create_server("s-1") | {"detail-type": "Something"}, False),
        (api_call("transfer", "DeleteServer"), False),
        (api_call("iam", "CreateServer"), False),
    ],
)
def test_successful_calls_alone_are_forwarded_and_wake(event: Event, matched: bool) -> None:
    assert any(matches(pattern, event) for pattern in patterns("transfer")) == matched
    assert any(matches(pattern, event) for pattern in forwarded()) == matched


def test_a_region_sends_to_the_bus_alone_through_the_role() -> None:
    """Which the home stack makes, and lets put events there alone; only EventBridge of the account may take it."""
    role = "arn:aws:iam::123456789012:role/TrailkeeperForwarder"
    for rule in Template("regions.yaml", Bus=BUS).resources("AWS::Events::Rule").values():
        assert rule["Targets"] == [{"Id": "bus", "Arn": BUS, "RoleArn": role}]
        assert "EventBusName" not in rule, "CloudTrail's events come to the default bus alone"
    home = Template()
    forwarder = home.resources("AWS::IAM::Role")["Forwarder"]
    assert forwarder["RoleName"] == "TrailkeeperForwarder"
    (trust,) = forwarder["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "events.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    ((forward,),) = (it["Statement"] for it in home.inline("Forwarder").values())
    assert forward == {"Effect": "Allow", "Action": "events:PutEvents", "Resource": BUS}


def test_the_home_stack_brings_the_rules_of_its_own_region() -> None:
    (nested,) = Template().resources("AWS::CloudFormation::Stack").values()
    assert nested == {"TemplateURL": "regions.yaml", "Parameters": {"Bus": BUS, "AccessTargets": "none"}}
    assert Template().whole["Resources"]["ThisRegion"]["DependsOn"] == "Forwarder"


def guarding() -> dict[str, dict[str, Any]]:
    """The rules that wake the guard, by name."""
    return Template().events("guard", "EventBridgeRule")


def test_the_guard_is_woken_by_what_it_watches() -> None:
    """On the default bus of the stack's region, and by way of the bus; Lambda's calls in whichever version."""
    told = {it["rule"]: (name, it) for name, calls in GUARD.items() for it in calls}
    assert guarding().keys() == told.keys()
    for rule, found in guarding().items():
        name, watched = told[rule]
        assert found.get("EventBusName") == (BUS_NAME if name == "bus" else None)
        detail, source = found["Pattern"]["detail"], found["Pattern"]["source"]
        assert (detail["eventSource"], source) == ([watched["service"]], [watched["source"]])
        assert [it["prefix"] if isinstance(it, dict) else it for it in detail["eventName"]] == watched["calls"]
        assert detail["errorCode"] == [{"exists": False}]


@pytest.mark.parametrize(("service", "call"), [
    ("lambda", "UpdateFunctionCode20150331v2"), ("lambda", "PutFunctionConcurrency20171031"), ("events", "DisableRule"),
    ("cloudformation", "DeleteStack"), ("sqs", "PurgeQueue"),
])
def test_a_change_of_a_part_wakes_the_guard_by_no_other_rule(service: str, call: str) -> None:
    """Directly, whatever became of the bus and of what forwards to it; what is about rules comes by the bus as well."""
    woken = {name for name, it in guarding().items() if matches(it["Pattern"], api_call(service, call))}
    direct = {name for name in woken if "EventBusName" not in guarding()[name]}
    assert len(direct) == 1 and (woken - direct == {"RulesEverywhere"}) == (service == "events")


def test_the_guard_runs_once_at_a_time_and_enters_no_other_account() -> None:
    """So what comes by two ways is told once."""
    assert Template(Concurrency="2").function("guard")["ReservedConcurrentExecutions"] == 1
    template = Template(Organization=ORGANIZATION, Mode="enforce", ReportTopicArn=TOPIC)
    template.values["GuardTopic"] = ALARMS
    policies = template.inline("GuardRole")
    assert policies.keys() == {"log", "observe"} and policies["observe"] == document("guard.observe")


def test_the_guard_tells_where_its_alarms_ring() -> None:
    """At a topic of its own, and at that of the reports as well if nobody is subscribed to it."""
    for address, topics in {"": "GuardTopic,ReportTopic", "team@example.com": "GuardTopic"}.items():
        variables = Template(ReportEmail=address).environment("guard")
        assert variables["TRAILKEEPER_GUARD_TOPICS"] == topics
        assert variables["TRAILKEEPER_KEYS"] == "GuardKey.Arn,ReportKey.Arn"
    theirs = Template(ReportTopicArn=TOPIC).environment("guard")
    assert (theirs["TRAILKEEPER_GUARD_TOPICS"], theirs["TRAILKEEPER_KEYS"]) == (f"GuardTopic,{TOPIC}", "GuardKey.Arn")


@pytest.mark.parametrize("family", ENTERING)
def test_every_rule_listens_to_the_bus(family: str) -> None:
    """So no function wakes for what other accounts send to this account's default bus, and nobody else for theirs."""
    template = Template()
    (bus,) = template.resources("AWS::Events::EventBus")
    assert {it["EventBusName"] for it in template.events(family, "EventBridgeRule").values()} == {bus}
    assert template.function(family)["Environment"]["Variables"]["TRAILKEEPER_BUS"] == BUS


def test_other_accounts_reach_the_bus_only_where_they_are_of_the_organization() -> None:
    """And through the forwarder alone."""
    assert "BusPolicy" not in Template().resources("AWS::Events::EventBusPolicy")
    policy = Template(Organization=ORGANIZATION).resources("AWS::Events::EventBusPolicy")["BusPolicy"]
    assert policy["EventBusName"] == "Bus"
    assert policy["Statement"] == {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "events:PutEvents",
        "Resource": BUS,
        "Condition": {
            "StringEquals": {"aws:PrincipalOrgID": ORGANIZATION},
            "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/TrailkeeperForwarder"},
        },
    }


def test_the_bus_denies_all_but_forwarders_and_the_functions_that_sweep() -> None:
    for organization in ("", ORGANIZATION):
        policy = Template(Organization=organization).resources("AWS::Events::EventBusPolicy")["BusForOurRolesAlone"]
        assert policy["EventBusName"] == "Bus"
        ours = ["arn:aws:iam::*:role/TrailkeeperForwarder", *(f"{family.capitalize()}Role.Arn" for family in NAMES)]
        assert policy["Statement"] == {
            "Effect": "Deny", "Principal": "*", "Action": "events:PutEvents", "Resource": BUS,
            "Condition": {"ArnNotLike": {"aws:PrincipalArn": ours}},
        }


SWEEP = {
    "source": "trailkeeper",
    "detail-type": "Trailkeeper Sweep",
    "account": ACCOUNT,
    "detail": {"family": "transfer", "account": "999988887777", "after": "token", "part": 3},
}


@pytest.mark.parametrize(
    ("event", "woken"),
    [
        (SWEEP, ["transfer"]),
        *((SWEEP | {"detail": {"family": name}}, [name]) for name in NAMES),
        (SWEEP | {"detail": {}}, []),
        (SWEEP | {"account": "999988887777"}, []),
        (SWEEP | {"source": "my.app"}, []),
        (SWEEP | {"detail-type": "Scheduled Event"}, []),
    ],
)
def test_a_sweep_handed_on_wakes_its_family_and_none_from_another_account(event: Event, woken: list[str]) -> None:
    template = Template()
    rules = {name: template.lane_events(name, "Sweep", "EventBridgeRule").values() for name in NAMES}
    others = [it for name in NAMES for lane in ("", "Batch") for it in template.lane_events(name, lane, "EventBridgeRule").values()]
    assert not any(matches(it["Pattern"], event) for it in others)
    assert [name for name, found in rules.items() for it in found if matches(it["Pattern"], event)] == woken


@pytest.mark.parametrize("family", [*NAMES, "guard"])
def test_a_schedule_looks_at_everything(family: str) -> None:
    """Once a day, not all at the same moment; what cannot be delivered is kept with what failed."""
    template = Template()
    (schedule,) = template.events(family, "ScheduleV2").values()
    assert schedule["ScheduleExpression"] == "rate(1 day)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60}
    assert schedule["DeadLetterConfig"] == {"Arn": "DeadLetters.Arn"}
    assert schedule["RetryPolicy"] == {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 21600}
    # A rate runs first when its schedule is made only where no start is set, and a name of its own would collide.
    assert "StartDate" not in schedule and schedule["OmitName"]
    assert schedule["RoleArn"] == "Scheduler.Arn"
    ((invoke, keep),) = (it["Statement"] for it in template.inline("Scheduler").values())
    assert invoke["Action"] == "lambda:InvokeFunction"
    sweeping = [*(f"{name}Sweep" for name in NAMES), "guard", "digest"]
    assert set(invoke["Resource"]) == {f"{name[0].upper()}{name[1:]}Function.Arn" for name in sweeping}
    if family in NAMES:
        assert template.lane_events(family, "Sweep", "ScheduleV2"), "a sweep takes nothing of what is urgent"
    assert keep == {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "DeadLetters.Arn"}
