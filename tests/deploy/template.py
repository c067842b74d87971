"""The templates as tests read them: their functions (`!Ref`, `!Sub`, ...) resolved for given parameters."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import yaml
from repository import ROOT

FAMILIES: list[dict[str, Any]] = json.loads((ROOT / "tests" / "golden" / "registry.json").read_text())
SETTINGS: list[dict[str, Any]] = json.loads((ROOT / "tests" / "golden" / "settings.json").read_text())
NAMES: list[str] = [family["family"] for family in FAMILIES]
ENTERING = [*NAMES, "access"]
"""The functions that act in other accounts: one for each family, and the one that reads access logs."""
FUNCTIONS = [*ENTERING, "guard", "digest"]
"""All functions."""
GUARD: dict[str, list[dict[str, Any]]] = json.loads((ROOT / "tests" / "golden" / "guard.json").read_text())
"""What the guard watches: on the default bus of its region, and by way of the bus."""
BESIDE = ["Batch", "Sweep"]
"""The functions that a family has besides that of its urgent events."""
ACCOUNT = "123456789012"
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": "us-east-1",
    "AWS::StackName": "trailkeeper",
    "AWS::NoValue": None,
}
BUS = "arn:aws:events:us-east-1:123456789012:event-bus/trailkeeper"
NOTES = "arn:aws:s3:::notes"
LEDGER = "arn:aws:dynamodb:us-east-1:123456789012:table/ledger"
UNSENT = "arn:aws:sqs:us-east-1:123456789012:unsent"
ATTRIBUTES = {"Bus.Arn": BUS, "Ledger.Arn": LEDGER, "Notes.Arn": NOTES, "UnsentReports.Arn": UNSENT}
TOPIC = "arn:aws:sns:us-east-1:123456789012:reports"
ALARMS = "arn:aws:sns:us-east-1:123456789012:alarms"
ORGANIZATION = "o-a1b2c3d4e5"
PLACEHOLDERS = {
    **{f"${{{it['name']}}}": it["default"] for setting in SETTINGS if (it := setting["parameter"])},
    "${AWS::Partition}": "aws",
    "${AWS::AccountId}": ACCOUNT,
    "${AWS::Region}": "us-east-1",
    "${AWS::StackName}": "trailkeeper",
    "${ReportTopicArn}": TOPIC,
    "${GuardTopicArn}": ALARMS,
    "${TopicArn}": TOPIC,
    "${NotesArn}": NOTES,
    "${BusArn}": BUS,
    "${LedgerArn}": LEDGER,
    "${UnsentReportsArn}": UNSENT,
    "${Organization}": ORGANIZATION,
    "${PrincipalArn}": "arn:aws:iam::123456789012:role/key",
    "${ReportTopicKeyArn}": "arn:aws:kms:us-east-1:123456789012:key/reports",
    "${LoggingBoundary}": "LoggingBoundary",
    "${Stack}": "trailkeeper",
    "${AuditedBuckets}": "audit-logs",
    "${AuditNetworks}": "203.0.113.0/24",
    "${CollectedBuckets}": "audit-logs",
    "${QueueArn}": "arn:aws:sqs:us-east-1:123456789012:queue",
}


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def short_form(loader: Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    match node:
        case yaml.ScalarNode():
            return {name: loader.construct_scalar(node)}
        case yaml.SequenceNode():
            return {name: loader.construct_sequence(node, deep=True)}
        case _:
            return {name: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", short_form)


@cache
def parsed(file: str) -> dict[str, Any]:
    """A template of the repository, as it is written."""
    whole: dict[str, Any] = yaml.load((ROOT / file).read_text(), Loader)  # noqa: S506 - a safe loader
    return whole


class Template:
    """A template with these parameters, the rest by default."""

    def __init__(self, file: str = "template.yaml", **parameters: str) -> None:
        self.whole = parsed(file)
        known = self.whole["Parameters"]
        defaults = {name: it["Default"] for name, it in known.items() if "Default" in it}
        assert parameters.keys() <= known.keys() <= defaults.keys() | parameters.keys()
        self.values: dict[str, Any] = {**defaults, **PSEUDO, **ATTRIBUTES, **parameters}

    def holds(self, condition: str) -> bool:
        """Whether a condition holds."""
        return self.is_true(self.whole["Conditions"][condition])

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type that the stack has."""
        shared = self.whole["Globals"]["Function"] if kind == "AWS::Serverless::Function" else {}
        return {
            name: self.resolve(merged(shared, it["Properties"]))
            for name, it in self.whole["Resources"].items()
            if it["Type"] == kind and ("Condition" not in it or self.holds(it["Condition"]))
        }

    def function(self, name: str) -> dict[str, Any]:
        """A family's function, or that of access logs."""
        return self.resources("AWS::Serverless::Function")[f"{name.capitalize()}Function"]

    def environment(self, name: str) -> dict[str, str]:
        """The variables of a function."""
        found: dict[str, str] = self.function(name)["Environment"]["Variables"]
        return found

    def events(self, family: str, kind: str) -> dict[str, dict[str, Any]]:
        """What wakes a family's functions, of a kind, by name."""
        return {name: it for lane in lanes(family) for name, it in self.lane_events(family, lane, kind).items()}

    def lane_events(self, family: str, lane: str, kind: str) -> dict[str, dict[str, Any]]:
        """What wakes one of a family's functions, of a kind, by name."""
        events = self.lane(family, lane)["Events"].items()
        return {name: it["Properties"] for name, it in events if it["Type"] == kind}

    def lane(self, family: str, lane: str) -> dict[str, Any]:
        """The function of a lane: the urgent one has none."""
        return self.resources("AWS::Serverless::Function")[f"{family.capitalize()}{lane}Function"]

    def queued(self, family: str) -> dict[str, dict[str, Any]]:
        """The rules that send to a family's queue, by name."""
        target = [{"Id": "queue", "Arn": f"{family.capitalize()}Queue.Arn"}]
        return {name: it for name, it in self.resources("AWS::Events::Rule").items() if it["Targets"] == target}

    def inline(self, role: str) -> dict[str, Any]:
        """The policies in a role, wherever the template puts them there, by name."""
        found = list(self.resources("AWS::IAM::Role")[role].get("Policies", []))
        found += [it for it in self.resources("AWS::IAM::RolePolicy").values() if it["RoleName"] == role]
        found += [it for it in self.resources("AWS::IAM::Policy").values() if role in it["Roles"]]
        return {it["PolicyName"]: it["PolicyDocument"] for it in found}

    def resolve(self, value: Any) -> Any:
        """A value with its functions resolved."""
        match value:
            case {"Ref": name} | {"Fn::GetAtt": name}:
                return self.values.get(name, name)
            case {"Fn::Sub": [text, names]}:
                return self._filled(text, self.values | self.resolve(names))
            case {"Fn::Sub": text}:
                return self._filled(text, self.values)
            case {"Fn::Split": [separator, text]}:
                return self.resolve(text).split(separator)
            case {"Fn::Select": [number, parts]}:
                return self.resolve(parts)[number]
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self.resolve(parts))
            case {"Fn::If": [condition, yes, no]}:
                return self.resolve(yes if self.holds(condition) else no)
            case dict():
                resolved = {key: self.resolve(it) for key, it in value.items()}
                return {key: it for key, it in resolved.items() if it is not None}
            case list():
                return [it for it in map(self.resolve, value) if it is not None]
            case _:
                return value

    @staticmethod
    def _filled(text: str, names: dict[str, Any]) -> str:
        filled = re.sub(r"\$\{([^!}][^}]*)}", lambda m: str(names.get(m[1], m[1])), text)
        # What is left to IAM is written with an exclamation mark.
        return filled.replace("${!", "${")

    def is_true(self, test: Any) -> bool:
        """Whether a test of a condition or a rule comes out true."""
        match test:
            case {"Condition": name}:
                return self.holds(name)
            case {"Fn::Not": [inner]}:
                return not self.is_true(inner)
            case {"Fn::And": inner}:
                return all(self.is_true(it) for it in inner)
            case {"Fn::Equals": [left, right]}:
                return str(self.resolve(left)) == str(self.resolve(right))
        raise AssertionError(f"no condition: {test}")


def merged(shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The properties of a function, with those that all share beneath, as SAM lays them together."""
    both = {key: merged(shared[key], own[key]) for key in shared.keys() & own.keys() if isinstance(own[key], dict)}
    return shared | own | both


def document(name: str, family: str = "") -> Any:
    """A policy of the repository, filled in."""
    text = (ROOT / "policies" / f"{name}.json").read_text()
    queue = f"{family.capitalize()}Queue.Arn"
    for placeholder, value in {**PLACEHOLDERS, "${Family}": family, "${FamilyQueueArn}": queue}.items():
        text = text.replace(placeholder, value)
    return json.loads(text)


def lanes(function: str) -> list[str]:
    """What the names of a function's lanes have behind its own."""
    return ["", *BESIDE] if function in NAMES else [""]


def listed(value: str | list[str]) -> list[str]:
    """One or several, as several."""
    return [value] if isinstance(value, str) else value


def matches(pattern: Any, event: Any) -> bool:
    """EventBridge's matching, as far as the patterns here use it."""
    if isinstance(pattern, dict):
        here = event if isinstance(event, dict) else {}
        return all(
            any(matches(one, event) for one in it) if key == "$or" else matches(it, here.get(key))
            for key, it in pattern.items()
        )
    return any(matches_value(it, event) for it in pattern)


def matches_value(wanted: Any, value: Any) -> bool:
    """Whether a value of an event is one that a pattern asks for."""
    match wanted:
        case {"exists": False}:
            return value is None
        case {"prefix": prefix}:
            return isinstance(value, str) and value.startswith(prefix)
        case {"anything-but": {"prefix": list(prefixes)}}:
            # A field that is not there is like nothing (Amazon EventBridge User Guide, "Comparison operators").
            return value is not None and not (isinstance(value, str) and value.startswith(tuple(prefixes)))
        case _:
            return bool(value == wanted)
