"""What people and programs are told: responses, messages, log lines and metrics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import StartFunction
from envelope import create_server, role_call, schedule
from given import role, server
from inbox import Inbox, valid
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from observed import OUR_ROLE, lines, result, results, steps, writes

GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/transfer/json:*"


def test_a_fix_is_told_to_people_and_to_programs(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    server_id = server(moto)
    answer = valid(function(mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic).invoke(create_server(server_id)))
    (message,) = inbox.messages()
    assert message["Subject"] == f"FIXED high: Transfer server {server_id} created by alice, put right ({ACCOUNT} us-east-1)"
    assert json.loads(message["Message"]) == answer.body
    attributes = {name: it["Value"] for name, it in message["MessageAttributes"].items()}
    assert attributes == {
        "control": "transfer-server-logging", "status": "fixed", "severity": "high", "account": ACCOUNT, "region": "us-east-1",
    }
    (letter,) = moto.mail()
    for told in [
        "FIXED", server_id, "no logging role", "iam:CreateRole", "user/alice", "CreateServer", "203.0.113.25",
        f"aws transfer update-server --region us-east-1 --server-id {server_id} --logging-role ''",
        "make controls OFF=transfer-server-logging", "right again at", "aws transfer tag-resource --region us-east-1 --arn",
    ]:
        assert told in letter["text"], told


@pytest.mark.function_alone("only an event leads to a server that is not there, and may not be read")
def test_every_kind_of_report_fits_the_schema(function: StartFunction, moto: Moto, faults: Faults) -> None:
    server(moto, LoggingRole=role(moto))
    server(moto)
    seen = set()
    for mode in ["dry-run", "enforce"]:
        answer = valid(function(endpoint=faults, mode=mode, TRAILKEEPER_REGIONS="us-east-1").invoke(schedule()))
        seen |= {outcome["status"] for outcome in results(answer)}
    assert seen == {"advised", "planned", "fixed"}
    valid(function().invoke(create_server("s-1", readOnly=True)))
    faults.deny("transfer")
    valid(function(endpoint=faults).invoke(create_server("s-1")))


def test_nothing_is_sent_when_all_is_well(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    moto.client("logs").create_log_group(logGroupName="/transfer/json")
    server(moto, StructuredLogDestinations=[GROUP])
    results(function(TRAILKEEPER_TOPIC_ARN=inbox.topic, TRAILKEEPER_REGIONS="us-east-1").invoke(schedule()))
    assert inbox.messages() == []


def test_a_dry_run_plans_exactly_what_enforce_then_applies(
    function: StartFunction, moto: Moto, faults: Faults, inbox: Inbox
) -> None:
    server_id = server(moto)
    planned = result(function(endpoint=faults, TRAILKEEPER_TOPIC_ARN=inbox.topic).invoke(create_server(server_id)))
    assert writes(faults) == []
    applied = result(function(mode="enforce").invoke(create_server(server_id)))
    assert [status for _, status in steps(planned)] == ["planned"] * 3
    assert [status for _, status in steps(applied)] == ["applied"] * 3
    for plan, done in zip(planned["steps"], applied["steps"], strict=True):
        assert plan | {"status": None} == done | {"status": None}
    assert [message["MessageAttributes"]["status"]["Value"] for message in inbox.messages()] == ["planned"]


def test_the_writes_in_the_record_are_the_steps_of_the_report(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    outcome = result(function(endpoint=faults, mode="enforce").invoke(create_server(server(moto))))
    assert [f"{call.service}:{call.operation}" for call in writes(faults)] == [step["action"] for step in outcome["steps"]]


def test_a_report_that_cannot_be_sent_is_not_lost(function: StartFunction, moto: Moto, faults: Faults, inbox: Inbox) -> None:
    faults.deny("sns", "Publish")
    started = function(endpoint=faults, mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic)
    answer = started.invoke(create_server(server(moto)))
    assert not answer.ok and "sns:Publish" in (answer.error_message or "")
    (line,) = [line for line in lines(started, level="INFO") if "report" in line]
    assert json.loads(line["report"])["results"][0]["status"] == "fixed"


def test_without_a_topic_the_report_is_logged(function: StartFunction, moto: Moto) -> None:
    started = function(mode="enforce")
    answer = started.invoke(create_server(server(moto)))
    lines(started, message="CreateServer handled")
    (line,) = [line for line in lines(started, level="INFO") if "report" in line]
    assert json.loads(line["report"]) == answer.body


def test_the_log_has_the_fields_of_the_report_and_no_policies(function: StartFunction, moto: Moto, inbox: Inbox) -> None:
    started = function(mode="enforce", TRAILKEEPER_TOPIC_ARN=inbox.topic)
    outcome = result(started.invoke(create_server(server(moto))))
    (line,) = lines(started, status="fixed")
    for field in ["control", "resource", "region", "severity", "because"]:
        assert line[field] == outcome[field]
    assert line["actor"] == f"arn:aws:iam::{ACCOUNT}:user/alice"
    assert line["steps"] == "iam:CreateRole applied; iam:PutRolePolicy applied; transfer:UpdateServer applied"
    assert "sts:AssumeRole" not in "".join(started.log)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("dry-run", {"Found": 1, "Fixed": 0, "Planned": 1, "Failed": 0}),
        ("enforce", {"Found": 1, "Fixed": 1, "Planned": 0, "Failed": 0}),
    ],
)
def test_one_line_of_metrics_an_invocation(
    function: StartFunction, moto: Moto, mode: str, expected: dict[str, int]
) -> None:
    started = function(mode=mode)
    event = create_server(server(moto))
    started.invoke(event)
    assert_metrics(lines(started, Family="transfer"), expected)
    if mode == "enforce":
        since = len(started.log_json)
        started.invoke(event)
        nothing = dict.fromkeys(expected, 0)
        assert_metrics(lines(started, since, Family="transfer"), nothing)


def assert_metrics(found: list[dict[str, Any]], expected: dict[str, int]) -> None:
    (line,) = found
    assert {name: line.get(name) for name in expected} == expected
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Trailkeeper"
    assert directive["Dimensions"] == [["Family"]]
    assert {metric["Name"] for metric in directive["Metrics"]} == {*expected, "Duration"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRAILKEEPER_MODE", "Enforce"),
        ("TRAILKEEPER_CONTROLS", "transfer-server-logging=on"),
        ("TRAILKEEPER_TOPIC_ARN", "reports"),
        ("TRAILKEEPER_REGIONS", "us-east-1;eu-west-1"),
    ],
)
def test_a_bad_setting_stops_the_function_and_is_named(function: StartFunction, name: str, value: str) -> None:
    started = function(endpoint="http://127.0.0.1:9", **{name: value})
    assert started.wait_exit(10) != 0
    assert name in lines(started, level="ERROR")[0]["message"]


def test_a_misspelt_setting_is_warned_of(function: StartFunction, moto: Moto) -> None:
    started = function(TRAILKEEPER_MODUS="enforce")
    assert result(started.invoke(create_server(server(moto))))["status"] == "planned"
    assert "TRAILKEEPER_MODUS" in lines(started, level="WARN")[0]["message"]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("TRAILKEEPER_CONTROLS", "an-old-one=enforce,transfer-server-logging=dry-run"),
        ("TRAILKEEPER_EXEMPT", "control=an-old-one name=*"),
    ],
)
def test_a_control_that_is_not_there_any_more_stops_nothing_and_is_warned_of(
    function: StartFunction, moto: Moto, setting: str, value: str
) -> None:
    started = function(**{setting: value})
    assert result(started.invoke(create_server(server(moto))))["status"] == "planned"
    assert f"{setting}: there is no control `an-old-one`" in lines(started, level="WARN")[0]["message"]


def test_the_role_that_changed_is_no_news_when_nothing_logs_with_it(function: StartFunction, inbox: Inbox) -> None:
    function(TRAILKEEPER_TOPIC_ARN=inbox.topic).invoke(role_call("DeleteRole", OUR_ROLE))
    assert inbox.messages() == []
