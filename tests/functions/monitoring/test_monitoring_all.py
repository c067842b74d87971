"""All fifteen alarms: from a trail alone to fifteen chains that ring, at the pace of AWS."""

from __future__ import annotations

import json

from account_snapshot import difference, snapshot
from alarms import GROUP, QUEUE, Monitoring, publishing, topic_arn
from chains import ADDRESS, THEIR_TOPIC, Found, actions, delete_alarms, fed, made
from cis_alarms import RULES
from conftest import StartFunction
from envelope import Event, api_call, schedule
from local_aws.faults import Faults
from local_aws.processes import REGION, Moto
from observed import results, steps
from trails import our_keys

CONTROLS = [f"monitor-{rule}" for rule in RULES]
ALL = {"TRAILKEEPER_CONTROLS": ",".join(f"{control}=enforce" for control in CONTROLS)}
PLANNED = {"TRAILKEEPER_CONTROLS": ",".join(f"{control}=dry-run" for control in CONTROLS)}


def our_name(rule: str) -> str:
    return f"trailkeeper-monitor-{rule}"


def run(
    function: StartFunction, faults: Faults, event: Event | None = None, **settings: str
) -> dict[str, Found]:
    """What is said of each control."""
    faults.forget()
    given = {"mode": "enforce"} | ADDRESS | ALL | settings
    started = function(
        "monitoring", endpoint=faults, timeout=120, **given
    )  # type: ignore[arg-type]
    found = results(started.invoke(event or schedule()))
    assert sorted(it["control"] for it in found) == sorted(CONTROLS)
    return {it["control"]: it for it in found}


def all_made(function: StartFunction, moto: Moto, faults: Faults) -> Monitoring:
    here = fed(moto)
    found = run(function, faults)
    assert {it["status"] for it in found.values()} == {"fixed"}, found
    return here


def test_one_event_makes_fifteen_chains_at_the_pace_of_aws(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    fed(moto)
    before = snapshot(moto, [REGION])
    moto.throttle("logs", 5)
    moto.throttle("cloudwatch", 3)
    found = run(function, faults)
    assert {it["status"] for it in found.values()} == {"fixed"}, found
    calls = made(faults)
    assert {call: calls.count(call) for call in calls} == {
        **dict.fromkeys(["kms:CreateKey", "kms:CreateAlias", "kms:EnableKeyRotation"], 1),
        **dict.fromkeys(["sns:CreateTopic", "sns:Subscribe"], 15),
        **dict.fromkeys(["logs:PutMetricFilter", "cloudwatch:PutMetricAlarm"], 15),
    }, "none was one too many"
    for control, it in found.items():
        assert len(steps(it)) == 7 and f"trailkeeper-{control}" in str(it["steps"])
    after = snapshot(moto, [REGION])
    assert len(difference(before, after)) == 5 + 1 + 15 * 6, "key, group, and the chains"
    again = run(function, faults)
    assert {it["status"] for it in again.values()} == {"compliant"} and made(faults) == []
    assert snapshot(moto, [REGION]) == after


def test_each_is_written_as_security_hub_and_cis_have_it(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = all_made(function, moto, faults)
    filters = here.logs.describe_metric_filters(logGroupName=GROUP)["metricFilters"]
    assert {it["filterName"]: it["filterPattern"] for it in filters} == {
        our_name(rule): it.pattern for rule, it in RULES.items()
    }
    alarms = here.cloudwatch.describe_alarms()["MetricAlarms"]
    assert [it["AlarmName"] for it in alarms] == sorted(map(our_name, RULES))
    for it in alarms:
        wanted = {
            "Namespace": "CISBenchmark", "MetricName": it["AlarmName"], "Statistic": "Sum",
            "Period": 300, "EvaluationPeriods": 1, "Threshold": 1.0, "ActionsEnabled": True,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching", "AlarmActions": [topic_arn(it["AlarmName"])],
            "OKActions": [], "InsufficientDataActions": [], "Dimensions": [],
        }
        assert {key: it[key] for key in wanted} == wanted
        assert not {"Unit", "DatapointsToAlarm"} & it.keys()


def test_each_topic_has_its_policy_our_one_key_and_the_address(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = all_made(function, moto, faults)
    keys = set()
    for name in map(our_name, RULES):
        arn = topic_arn(name)
        attributes = here.sns.get_topic_attributes(TopicArn=arn)["Attributes"]
        keys.add(attributes["KmsMasterKeyId"])
        lets = json.loads(attributes["Policy"])["Statement"]
        assert any("cloudwatch.amazonaws.com" in str(it["Principal"]) for it in lets)
        assert not any(it["Principal"] in ("*", {"AWS": "*"}) for it in lets)
        told = here.sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        assert [it["Endpoint"] for it in told] == [ADDRESS["TRAILKEEPER_ALARM_ADDRESS"]]
    (key,) = keys
    assert key in our_keys(moto)


def test_each_rings_at_every_call_that_it_is_about_and_at_no_other(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = all_made(function, moto, faults)
    for rule, it in RULES.items():
        silent = {one["AlarmName"] for one in here.ring(*it.silent)}
        assert our_name(rule) not in silent, rule
        here.quiet()
        for record in it.rings:
            name = record["detail"]["eventName"]
            rung = {one["AlarmName"] for one in here.ring(record)}
            assert our_name(rule) in rung, (rule, name)
            shared = {"organizations-changes": {our_name("iam-policy-changes")}}
            assert rung - {our_name(rule)} <= shared.get(rule, set()), (rule, name)
            here.quiet(*rung)
    assert {it for name in RULES for it in here.failures(our_name(name))} == set()


def test_nothing_rings_at_the_days_work(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = all_made(function, moto, faults)
    assert here.ring(delete_alarms(), {}, {"eventName": None}, api_call("s3", "PutObject")) == []


def test_a_customers_fifteen_are_compliant_under_any_name_and_in_any_spacing(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = fed(moto)
    topic = here.topic("security", publishing(THEIR_TOPIC))
    here.subscribe_queue(topic)
    for number, rule in enumerate(RULES.values(), 1):
        here.filter_(f"CIS-4.{number}", rule.spaced, metric=f"count of {number}")
        here.alarm(f"CIS 4.{number}", topic, metric=f"count of {number}")
    before = snapshot(moto, [REGION])
    found = run(function, faults)
    assert [it for it in found.values() if it["status"] != "compliant"] == []
    assert made(faults) == [] and snapshot(moto, [REGION]) == before


def test_a_dry_run_of_all_plans_what_enforce_does(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    fed(moto)
    before = snapshot(moto, [REGION])
    planned = run(function, faults, mode="dry-run", **PLANNED)
    assert {it["status"] for it in planned.values()} == {"planned"} and made(faults) == []
    assert snapshot(moto, [REGION]) == before
    applied = run(function, faults)
    for control, it in applied.items():
        assert [one | {"status": "planned"} for one in it["steps"]] == planned[control]["steps"]


def test_one_of_the_fifteen_that_breaks_is_mended_and_the_others_are_left(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    here = all_made(function, moto, faults)
    here.cloudwatch.delete_alarms(AlarmNames=[our_name("vpc-changes")])
    here.logs.delete_metric_filter(logGroupName=GROUP, filterName=our_name("root-usage"))
    here.cloudwatch.disable_alarm_actions(AlarmNames=[our_name("kms-key-deletion")])
    here.sns.delete_topic(TopicArn=topic_arn(our_name("config-changes")))
    found = run(function, faults, delete_alarms())
    fixed = {it["control"]: actions(it) for it in found.values() if it["status"] == "fixed"}
    assert fixed == {
        "monitor-vpc-changes": ["cloudwatch:PutMetricAlarm"],
        "monitor-root-usage": ["logs:PutMetricFilter"],
        "monitor-kms-key-deletion": ["cloudwatch:EnableAlarmActions"],
        "monitor-config-changes": ["sns:CreateTopic", "sns:Subscribe"],
    }
    assert len(made(faults)) == 5
    assert len(here.ring(RULES["config-changes"].rings[0], queue=QUEUE)) == 1
