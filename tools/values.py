"""Values of the template's parameters: read from what was said, and held to the template's own rules."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from home import ROOT
from refusal import Refused

REGISTRY = ROOT / "tests" / "golden" / "registry.json"
MODES = ("off", "dry-run", "enforce")
NAME = re.compile(r"([A-Za-z][A-Za-z0-9]*)=")
# A value ends where the next name begins. Names are capitalised; no word within a value is, before an equals sign.
NEXT = re.compile(r"\s+(?=[A-Z][A-Za-z0-9]*=)")

Values = dict[str, str]
SHOWN = 120
# What makes a list shorter that is too long for Lambda's 4 KB of environment.
SHORTER = {
    "Controls": ": set Mode to what most controls are to do, and name the others alone",
    "Exempt": ": use patterns, as in name=test-*, or the tag trailkeeper:exempt on the resources themselves",
}


def spoken(text: str) -> Values:
    """`Name=value Other=value` as one line: a value may have blanks, semicolons and quotes, be quoted, or be empty."""
    found: Values = {}
    rest = text.strip()
    while rest:
        name = NAME.match(rest)
        if not name:
            raise Refused(f"`{rest.split()[0]}` is not of the form Name=value")
        rest = rest[name.end() :]
        if rest[:1] in {"'", '"'}:
            value, rest = quoted(name[1], rest)
        else:
            value, *after = NEXT.split(rest, maxsplit=1)
            value, rest = value.strip(), (after or [""])[0]
        if found.setdefault(name[1], value) != value:
            raise Refused(f"{name[1]} is given twice")
        rest = rest.strip()
    return found


def quoted(name: str, text: str) -> tuple[str, str]:
    """A value in quotes, and what comes after it."""
    quote = text[0]
    end = re.compile(rf"{quote}(?=\s|$)").search(text, 1)
    if not end:
        raise Refused(f"{name}: the quote {quote} is not closed")
    return text[1 : end.start()], text[end.end() :]


def filed(file: str) -> Values:
    """A file of values: JSON, as an object or as the AWS CLI has it, or a line `Name=value` for each."""
    try:
        text = Path(file).read_text()
    except OSError as error:
        raise Refused(f"PARAMETERS_FILE: {error}") from error
    if text.lstrip()[:1] in {"{", "["}:
        try:
            return of_json(json.loads(text))
        except ValueError as error:
            raise Refused(f"PARAMETERS_FILE: {file} is not JSON: {error}") from error
    found: Values = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            name, equals, value = line.strip().partition("=")
            if not equals:
                raise Refused(f"PARAMETERS_FILE: `{line.strip()}` is not of the form Name=value")
            found[name.strip()] = value.strip()
    return found


def of_json(whole: Any) -> Values:
    """The values of a JSON file."""
    match whole:
        case dict():
            return {str(name): str(value) for name, value in whole.items()}
        case list() if all(isinstance(it, dict) and it.keys() >= {"ParameterKey", "ParameterValue"} for it in whole):
            return {str(it["ParameterKey"]): str(it["ParameterValue"]) for it in whole}
    raise Refused("PARAMETERS_FILE: must be an object of names and values")


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # the faster one, where it is there
    """YAML with CloudFormation's short forms."""


def short_form(loader: Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """`!Ref X` as `{"Ref": "X"}`."""
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", short_form)


@cache
def template() -> dict[str, Any]:
    """template.yaml, as it is written."""
    whole: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), Loader)  # noqa: S506 - a safe loader
    return whole


def rules() -> dict[str, dict[str, Any]]:
    """What the template says of each parameter."""
    found: dict[str, dict[str, Any]] = template()["Parameters"]
    return found


def controls() -> list[str]:
    """The ids of all controls."""
    return [control for family in json.loads(REGISTRY.read_text()) for control in family["controls"]]


def meant(word: str, known: Iterable[str]) -> str:
    """What was probably meant."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def problems(said: Values, region: str, whole: Values | None = None) -> Iterator[str]:
    """What is wrong with values, each and together with the others that hold."""
    known = rules()
    for name, value in said.items():
        if name not in known:
            yield f"{name} is no parameter of template.yaml{meant(name, known)}"
            continue
        wrong = unfit(value, known[name])
        if wrong:
            # Of a long list it is enough to see how it begins.
            shown = value if len(value) <= SHOWN else f"{value[:SHOWN]}..."
            cure = SHORTER.get(name, "") if len(value) > int(known[name].get("MaxLength", len(value))) else ""
            yield f"{name}: {wrong}{cure} (it is `{shown}`)"
        elif name == "Controls":
            yield from (f"Controls: {it}" for it in of_controls(value))
        elif name == "Exempt":
            ids = re.findall(r"(?:^|[;\s])control=(\S+)", value.replace(";", " ; "))
            yield from (
                f"Exempt: there is no control {it}{meant(it, controls())}" for it in ids if it not in {*controls(), "all"}
            )
    yield from together({name: str(it.get("Default", "")) for name, it in known.items()} | (whole or {}) | said, region)


def unfit(value: str, rule: dict[str, Any]) -> str | None:
    """Why CloudFormation would refuse a value; None where it would not."""
    if rule["Type"] == "Number":
        if not re.fullmatch(r"-?[0-9]+", value):
            return "must be a number"
        least, most = int(rule.get("MinValue", value)), int(rule.get("MaxValue", value))
        if not least <= int(value) <= most:
            return f"must be from {least} to {most}"
    allowed = [str(it) for it in rule.get("AllowedValues", [value])]
    if value not in allowed:
        return f"must be one of {', '.join(allowed)}"
    longest = int(rule.get("MaxLength", len(value)))
    if len(value) > longest:
        return f"has {len(value)} characters, {longest} at most"
    pattern = rule.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        return str(rule.get("ConstraintDescription", f"must match {pattern}"))
    return None


def modes(value: str) -> dict[str, str]:
    """The value of `Controls` by control."""
    return dict(it.split("=", 1) for it in value.split(",") if it)


def of_controls(value: str) -> Iterator[str]:
    """What the functions would say of a list of controls."""
    known, ids = controls(), [it.split("=")[0] for it in value.split(",") if it]
    yield from (f"there is no control {it}{meant(it, known)}" for it in dict.fromkeys(ids) if it not in known)
    yield from (f"{it} is set twice" for it in dict.fromkeys(ids) if ids.count(it) > 1)


def together(values: Values, region: str) -> Iterator[str]:
    """What is wrong with values that are fine each by itself."""
    if values["ExternalId"] and not values["Organization"]:
        yield "ExternalId works only with Organization"
    topic, heard = values["ReportTopicArn"].split(":"), values["ReportEmail"] or values["GuardEmail"]
    if len(topic) > 3 and topic[3] != region and not heard:
        yield (
            f"ReportTopicArn is in {topic[3]}, and alarms ring in {region} alone: give an address for them, "
            "as in GuardEmail=soc@example.com"
        )
