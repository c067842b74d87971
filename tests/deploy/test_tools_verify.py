"""`make verify` tells whether a stack is alive, and its probe proves that a call becomes a report."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from deployed import FAMILIES, FUNCTIONS, Home
from envelope import api_call, schedule
from local_aws.processes import REGION, Ministack
from operated import tool
from template import parsed

from tools import alive
from tools.probe import Probe

ELSEWHERE = "eu-west-1"
WHERE = ["--regions", f"{REGION},{ELSEWHERE}"]
SWEEPING = [*FAMILIES, "guard", "digest"]


@pytest.fixture(scope="module")
def home(ministack_server: Ministack) -> Home:
    """A stack whose functions have swept, with the rules in another region, too."""
    ministack_server.reset()
    made = Home(ministack_server, ReportEmail="soc@example.com")
    assert tool(ministack_server, "regions", "--regions", ELSEWHERE).returncode == 0
    for family in SWEEPING:
        swept(made, family, 3)
    return made


def swept(home: Home, family: str, hours: float) -> None:
    """Has a function have swept so long ago."""
    at = datetime.now(UTC) - timedelta(hours=hours)
    counted = {"MetricName": "Sweeps", "Dimensions": [{"Name": "Family", "Value": family}], "Value": 1, "Timestamp": at}
    home.client("cloudwatch").put_metric_data(Namespace="Trailkeeper", MetricData=[counted])


def wrong(home: Home, *more: str) -> list[str]:
    """The lines about what is not well."""
    ran = tool(home.server, "verify", *WHERE, *more)
    found = [line.removeprefix("  !!  ") for line in ran.stdout.splitlines() if line.startswith("  !!")]
    assert ran.returncode == (1 if found else 0), ran.stderr
    assert ran.stdout.splitlines()[-1] == ("Not all is well: see the lines with !!" if found else "Alive")
    return found


def test_what_is_well_is_said_to_be(home: Home) -> None:
    said = tool(home.server, "verify", *WHERE).stdout
    assert wrong(home) == [], said
    for family in FUNCTIONS:
        assert f"ok  {family}" in said
    rules = sum(it["Type"] == "AWS::Events::Rule" for it in parsed("regions.yaml")["Resources"].values())
    for expected in ("Mode dry-run", "0 dead letters", "9 schedules, rate(1 day)", f"2 of 2 regions forward events, by {rules} rules"):
        assert expected in said


def test_a_sweep_is_counted_by_the_line_that_ends_it(home: Home) -> None:
    """In the log, as the template's metric filter looks for it."""
    home.invoke("vpc", schedule("aws.scheduler"))
    (line,) = home.told("vpc", message="Scheduled Event handled")[:1]
    assert line["family"] == "vpc"
    patterns = {it["Properties"]["FilterPattern"] for it in parsed("template.yaml")["Resources"].values() if "Filter" in it["Type"]}
    assert patterns == {'{ $.message = "Scheduled Event handled" }', '{ $.message = "an event is a dead letter" }'}


def test_who_hears_a_topic_of_another_account_is_to_be_seen_there() -> None:
    topic = "arn:aws:sns:us-east-1:444455556666:reports"
    home = SimpleNamespace(output=lambda _: topic, account="111122223333")
    for line in alive.Looks(home).hearers():  # type: ignore[arg-type]
        assert line.well and "account 444455556666's" in line.about


@pytest.mark.parametrize(("hours", "well"), [(1, True), (3, False)])
def test_a_new_stack_may_not_have_swept_yet(monkeypatch: pytest.MonkeyPatch, hours: int, well: bool) -> None:
    made = datetime.now(UTC) - timedelta(hours=hours)
    home = SimpleNamespace(stack={"CreationTime": made}, parameter=lambda _: "", parts=lambda _: {"V": "t-vpc"}, name="t")
    monkeypatch.setattr(alive.Looks, "_last", lambda *_: {})
    lines = list(alive.Looks(home).functions())  # type: ignore[arg-type]
    assert [it.well for it in lines if it.about.startswith("vpc")] == [well]
    assert any("the stack is new" in it.about for it in lines) == well


@contextmanager
def delivered(home: Home) -> Iterator[None]:
    """Has CloudTrail tell of a log group that was deleted, again and again."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(1):
            home.deliver(api_call("logs", "DeleteLogGroup", requestParameters={"logGroupName": "/trailkeeper/probe"}))

    teller = threading.Thread(target=work)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def test_the_probe_goes_all_the_way_and_leaves_nothing(home: Home) -> None:
    with delivered(home):
        ran = tool(home.server, "verify", *WHERE, "--probe")
    assert "ok  event to report: the topic trailkeeper-ReportTopic" in ran.stdout, ran.stdout + ran.stderr
    assert "ok  call to function: transfer was told within" in ran.stdout
    groups = home.client("logs").describe_log_groups(logGroupNamePrefix="/trailkeeper/probe")["logGroups"]
    assert groups == [] and home.client("cloudtrail").describe_trails()["trailList"] == []


@pytest.mark.parametrize(("waiting", "well"), [((0, 0), True), ((2, 3), False)])
def test_a_report_that_the_topic_does_not_take_is_no_proof(waiting: tuple[int, int], well: bool) -> None:
    counts = iter(waiting)
    queue = SimpleNamespace(get_queue_attributes=lambda **_: {"Attributes": {"ApproximateNumberOfMessages": str(next(counts))}})
    clients = {"lambda": Answering(), "sqs": queue}
    home = SimpleNamespace(
        client=clients.get, parts=lambda _: {"UnsentReports": "queue"}, output=lambda _: "a:topic", name="trailkeeper", account="1",
        region=REGION, partition="aws",
    )
    said = Probe(home)._reported()  # type: ignore[arg-type] # noqa: SLF001 - its own
    assert said.well == well and ("did not take the report" in said.about) != well


class Answering:
    """A function that says that it has told people."""

    def invoke(self, Payload: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - as AWS has it
        arn = json.loads(Payload)["detail"]["requestParameters"]["name"]
        told = {"results": [{"status": "changed", "resource": arn}]}
        return {"Payload": io.BytesIO(json.dumps(told).encode())}


def test_what_is_not_well_is_told_with_its_cure(home: Home) -> None:
    scheduler, events, sqs, sns = (home.client(it) for it in ("scheduler", "events", "sqs", "sns"))
    (first, *_) = scheduler.list_schedules()["Schedules"]
    whole = scheduler.get_schedule(Name=first["Name"])
    kept = {it: whole[it] for it in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    scheduler.update_schedule(**kept, State="DISABLED")
    elsewhere = home.client("events", ELSEWHERE)
    rule = elsewhere.list_rule_names_by_target(TargetArn=home.outputs["Bus"])["RuleNames"][0]
    elsewhere.disable_rule(Name=rule)
    sqs.send_message(QueueUrl=home.outputs["DeadLetters"], MessageBody=json.dumps({}))
    for it in sns.list_subscriptions_by_topic(TopicArn=home.outputs["ReportTopic"])["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=it["SubscriptionArn"])

    found = wrong(home)

    assert any(it.startswith("1 dead letters: `make redrive DRY=1`") for it in found), found
    assert "ReportTopic: 0 subscribed" in found
    assert any("schedules" in it and f"disabled: ['{first['Name']}']" in it for it in found)
    assert any(it.startswith(f"{ELSEWHERE}: ") and "1 disabled" in it and "`make regions`" in it for it in found)
    assert len(found) == 4


def test_a_function_that_has_not_swept_for_days_is_told(ministack: Ministack) -> None:
    home = Home(ministack, ReportEmail="soc@example.com", Stopped="true")
    for family in SWEEPING:
        swept(home, family, 50 if family == "trail" else 40)
    found = wrong(home)
    assert [it for it in found if "last sweep" in it] == ["trail       last sweep 2 days ago, last event none in 14 days"]
    assert "Stopped: nothing is fixed until `make start`" in found
    assert any(it.startswith(f"{ELSEWHERE}: 0 on; ") for it in found)
