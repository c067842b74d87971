"""docs/costs.md shows what tools/costs.py reckons, with the numbers that the template and the functions have."""

from __future__ import annotations

import json

from conftest import StartFunction
from envelope import create_server
from observed import lines
from repository import ROOT
from template import Template

from tools import costs



def test_the_page_shows_what_is_reckoned() -> None:
    page = (ROOT / "docs" / "costs.md").read_text()
    assert costs.table(10, 1000, 100_000) in page
    assert f"| {costs.ALARMS} × $0.10" in page
    assert f"| {costs.KEYS} × $1.00" in page
    assert f"| {costs.METRICS_OF_A_FAMILY} metrics of {costs.FUNCTIONS} functions × $0.30" in page


def test_what_is_reckoned_is_what_is_deployed(function: StartFunction) -> None:
    families = json.loads((ROOT / "tests" / "golden" / "registry.json").read_text())
    assert len(families) == costs.FAMILIES
    assert len(Template().resources("AWS::CloudWatch::Alarm")) == costs.ALARMS
    assert len(Template().resources("AWS::KMS::Key")) == costs.KEYS
    assert len(Template().resources("AWS::CloudWatch::Dashboard")) == 1
    assert {it["MemorySize"] for it in Template().resources("AWS::Serverless::Function").values()} == {
        costs.GB_OF_MEMORY * 1024
    }
    transfer = function()
    transfer.invoke(create_server("s-1"))
    (counted,) = [it["_aws"] for it in lines(transfer, Family="transfer")]
    (metrics,) = [it["Metrics"] for it in counted["CloudWatchMetrics"]]
    assert len(metrics) == costs.METRICS_OF_A_FAMILY
