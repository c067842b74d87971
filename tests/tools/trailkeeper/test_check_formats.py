"""The files that `trailkeeper check` writes, read by what others read them with: schemas and parsers of each format."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import xmlschema
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

GOLDEN = Path(__file__).parents[3] / "tools" / "check" / "tests" / "golden"
SCHEMAS = Path(__file__).parent / "schemas"
SAMPLES = ["sample", "hostile"]


def findings(sample: str) -> list[dict[str, Any]]:
    """What was found, as Trailkeeper's own JSON has it."""
    found: list[dict[str, Any]] = json.loads((GOLDEN / f"{sample}.json").read_text())["findings"]
    return found


def notes(sample: str) -> list[str]:
    """What was not looked at."""
    left: list[str] = json.loads((GOLDEN / f"{sample}.json").read_text())["notes"]
    return left


def problems(schema: Any, value: Any) -> list[str]:
    """Where a value is not what a schema asks for."""
    return [f"{it.json_path}: {it.message[:200]}" for it in Draft202012Validator(schema).iter_errors(value)]


@pytest.fixture(scope="module")
def ocsf() -> Any:
    """The schema of a compliance finding."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.3.0"))
    return schema.get_class_schema(class_name="compliance_finding", profiles=["cloud", "datetime"])


@pytest.mark.parametrize("sample", SAMPLES)
def test_ocsf_is_of_its_schema(ocsf: Any, sample: str) -> None:
    written = json.loads((GOLDEN / f"{sample}.ocsf").read_text())
    found = [it["id"] for it in findings(sample)]
    assert [it["finding_info"]["uid"] for it in written][:len(found)] == found
    unseen = written[len(found):]
    assert [it["compliance"]["control"] for it in unseen] == ["not-looked-at"] * len(notes(sample))
    assert len({it["finding_info"]["uid"] for it in unseen}) == len(unseen)
    for it in written:
        assert problems(ocsf, it) == []


def test_the_schema_of_ocsf_finds_faults(ocsf: Any) -> None:
    (first, *_) = json.loads((GOLDEN / "sample.ocsf").read_text())
    for broken in (first | {"severity_id": "high"}, first | {"compliance": {}}, first | {"unknown": 1}):
        assert problems(ocsf, broken)


@pytest.mark.parametrize("sample", SAMPLES)
def test_asff_keeps_its_limits(sample: str) -> None:
    schema = json.loads((SCHEMAS / "asff.json").read_text())
    Draft202012Validator.check_schema(schema)
    written = json.loads((GOLDEN / f"{sample}.asff").read_text())
    found = [it["id"] for it in findings(sample)]
    assert [it["Id"] for it in written][:len(found)] == found
    assert [it["GeneratorId"] for it in written[len(found):]] == ["not-looked-at"] * len(notes(sample))
    for start in range(0, len(written), 100):
        assert problems(schema, written[start:start + 100]) == []
    assert problems(schema, [written[0] | {"Title": "x" * 257}])


@pytest.mark.parametrize("sample", SAMPLES)
def test_junit_is_of_its_schema(sample: str) -> None:
    schema = xmlschema.XMLSchema(str(SCHEMAS / "junit.xsd"))
    file = str(GOLDEN / f"{sample}.junit")
    assert [str(it.reason) for it in schema.iter_errors(file)] == []
    found = findings(sample)
    suites = xmlschema.XMLResource(file).root.findall("testsuite")
    assert len(suites) and sum(int(it.get("tests")) for it in suites) == len(found) + len(notes(sample))
    cases = [case.get("name").split()[-1] for it in suites for case in it.findall("testcase")]
    unseen = [str(number) for number, _ in enumerate(notes(sample), 1)]
    assert sorted(cases) == sorted([*(it["id"] for it in found), *unseen])
    for suite in suites:
        for outcome, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert len(suite.findall(f"testcase/{outcome}")) == int(suite.get(count)), outcome


@pytest.mark.parametrize("sample", SAMPLES)
def test_csv_is_read_back(sample: str) -> None:
    with (GOLDEN / f"{sample}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    found = findings(sample)
    assert [row["id"] for row in rows] == [it["id"] for it in found] + [""] * len(notes(sample))
    assert {row["standing"] for row in rows[len(found):]} <= {"unknown"}
    for row, it in zip(rows, found, strict=False):
        # What a spreadsheet would take for a formula has an apostrophe before it.
        assert row["resource"].removeprefix("'") == it["resource"] and row["control"] == it["control"]
        assert all(None not in (key, value) and not value.startswith(("=", "+", "-", "@")) for key, value in row.items())


@pytest.mark.parametrize("sample", SAMPLES)
def test_markdown_is_read_back(sample: str) -> None:
    text = (GOLDEN / f"{sample}.md").read_text()
    reader = MarkdownIt("gfm-like", {"linkify": False}).enable("table")
    told = [token for block in reader.parse(text) for token in [block, *(block.children or [])]]
    kinds = {token.type for token in told}
    assert not kinds & {"html_inline", "html_block", "link_open", "image", "fence", "code_block", "hr"}, kinds
    said = {token.content for token in told if token.type == "code_inline"}
    wrong = [it for it in findings(sample) if it["standing"] in ("wrong", "unknown")]
    for it in wrong:
        assert it["resource"].strip() in {name.strip() for name in said}, it["resource"]
    lines = [token.content for token in told if token.type == "inline"]
    assert [line.removeprefix("Id ") for line in lines if line.startswith("Id f-")] == [it["id"] for it in wrong]
    assert sum(token.type == "tr_open" for token in told) > 1
