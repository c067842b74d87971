"""The dashboard is one that CloudWatch takes, and asks for what the functions write."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from template import FUNCTIONS, NAMES, ROOT, Template

# Dashboard Body Structure and Syntax (CloudWatch API reference): what a widget of a kind must and may have.
KINDS: dict[str, tuple[set[str], set[str]]] = {
    "log": ({"region", "query"}, {"accountId", "title", "view", "stacked", "queryLanguage"}),
    "metric": ({"region", "metrics"}, {"annotations", "legend", "period", "stat", "stacked", "title", "view", "yAxis"}),
}
BOTH = {"bar", "pie", "table", "timeSeries"}
VIEWS = {"log": BOTH, "metric": BOTH | {"gauge", "singleValue"}}
TOUCHED = "Access logs with findings"
# Words of Logs Insights, and the one field of its own that is asked for.
LANGUAGE = set("filter in fields strcontains as stats count sum by sort desc limit @timestamp".split())


def body() -> dict[str, Any]:
    """What the dashboard shows."""
    (dashboard,) = Template().resources("AWS::CloudWatch::Dashboard").values()
    found: dict[str, Any] = json.loads(dashboard["DashboardBody"])
    return found


def widgets(kind: str) -> list[dict[str, Any]]:
    """The properties of all widgets of a kind."""
    return [it["properties"] for it in body()["widgets"] if it["type"] == kind]


def metrics() -> list[list[str]]:
    """All metrics, with what `...` repeats of the one before."""
    found: list[list[str]] = []
    for widget in widgets("metric"):
        whole: list[str] = []
        for row in widget["metrics"]:
            whole = [*whole[: len(whole) - len(row) + 1], *row[1:]] if row[0] == "..." else row
            found.append(whole)
    return found


def code(name: str) -> str:
    return (ROOT / "shared" / "src" / name).read_text()


def test_cloudwatch_takes_it() -> None:
    assert body().keys() <= {"start", "end", "periodOverride", "variables", "widgets"}
    assert re.fullmatch(r"-P(T\d+[HM]|\d+[DWM])", body()["start"])
    for widget in body()["widgets"]:
        assert widget.keys() == {"type", "x", "y", "width", "height", "properties"}
        assert 0 <= widget["x"] and widget["x"] + widget["width"] <= 24 and widget["y"] >= 0 and widget["height"] >= 1
        must, may = KINDS[widget["type"]]
        properties = widget["properties"]
        assert must <= properties.keys() <= must | may
        assert properties["view"] in VIEWS[widget["type"]] and properties["region"] == "us-east-1"
        assert properties.get("period", 60) % 60 == 0


def test_no_widget_hides_another() -> None:
    fields = [
        (x, y)
        for it in body()["widgets"]
        for x in range(it["x"], it["x"] + it["width"])
        for y in range(it["y"], it["y"] + it["height"])
    ]
    assert len(fields) == len(set(fields))


@pytest.mark.parametrize("family", NAMES)
def test_it_reads_every_function_s_log(family: str) -> None:
    assert widgets("log")
    for widget in widgets("log"):
        group = Template().function("access" if widget["title"] == TOUCHED else family)["LoggingConfig"]["LogGroup"]
        assert f"SOURCE '{group}'" in widget["query"]


def test_it_asks_for_what_the_function_of_access_logs_tells() -> None:
    (query,) = [it["query"] for it in widgets("log") if it["title"] == TOUCHED]
    told = set(re.findall(r"^ {12}(\w+)(?: =.*)?,$", code("access/function/mod.rs"), re.MULTILINE))
    words = set(re.findall(r"@?[a-z_]+", re.sub(r"SOURCE '[^']+'", "", query)))
    assert {"findings", "malformed", "key"} <= words - LANGUAGE - {"or"} <= told


def test_it_asks_for_what_the_log_tells() -> None:
    results = code("lambda/log.rs").split("fn results")[1].split("fn ending")[0]
    told = set(re.findall(r"^ {12}(\w+)(?: =.*)?,$", results, re.MULTILINE))
    statuses = set(re.findall(r'Self::\w+ => "([a-z-]+)"', code("report/mod.rs").split("impl StepStatus")[0]))
    for widget in (it for it in widgets("log") if it["title"] != TOUCHED):
        query = re.sub(r"SOURCE '[^']+'", "", widget["query"])
        assert set(re.findall(r"'([^']+)'", query)) <= statuses
        words = set(re.findall(r"@?[a-z_]+", re.sub(r"'[^']+'", "", query)))
        made = set(re.findall(r" as (\w+)", query))
        assert {"control", "status"} <= words - made - LANGUAGE <= told


def test_it_shows_what_the_functions_count() -> None:
    counted = set(re.findall(r'\("([A-Z]\w+)", "', code("lambda/metrics.rs"))) | {"Duration"}
    assert f'describe_histogram!("Duration"' in code("lambda/metrics.rs")
    (namespace,) = re.findall(r'cloudwatch_namespace\("(\w+)"\)', code("lambda/metrics.rs"))
    (dimension,) = re.findall(r'with_dimension\("(\w+)"', code("lambda/metrics.rs"))
    shown = {tuple(it) for it in metrics() if not it[0].startswith("AWS/")}
    assert shown == {(namespace, name, dimension, family) for name in counted for family in NAMES}


def test_it_shows_what_failed() -> None:
    shown = {tuple(it) for it in metrics() if it[0].startswith("AWS/")}
    failing = {
        ("AWS/Lambda", metric, "FunctionName", f"{family.capitalize()}Function")
        for metric in ("Errors", "Throttles")
        for family in NAMES
    }
    assert shown == {*failing, ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "DeadLetters.QueueName")}


def test_the_line_of_the_timeout_is_where_the_functions_end() -> None:
    (line,) = [line for it in widgets("metric") for line in it.get("annotations", {}).get("horizontal", [])]
    assert {Template().function(family)["Timeout"] * 1000 for family in FUNCTIONS} == {line["value"]}
