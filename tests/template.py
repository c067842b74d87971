"""template.yaml as tests read it: its functions (`!Ref`, `!Sub`, ...) resolved for given parameters."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent.parent / "template.yaml"
PSEUDO = {"AWS::Partition": "aws", "AWS::AccountId": "123456789012", "AWS::StackName": "trailkeeper", "AWS::NoValue": None}


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


class Template:
    """The template with these parameters, the rest by default."""

    def __init__(self, **parameters: str) -> None:
        self.whole: dict[str, Any] = yaml.load(FILE.read_text(), Loader)  # noqa: S506 - a safe loader
        defaults = {name: it["Default"] for name, it in self.whole["Parameters"].items()}
        assert parameters.keys() <= defaults.keys()
        self.values: dict[str, Any] = {**defaults, **PSEUDO, **parameters}

    def holds(self, condition: str) -> bool:
        """Whether a condition holds."""
        return self._test(self.whole["Conditions"][condition])

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of all resources of a type that the stack has."""
        shared = self.whole["Globals"]["Function"] if kind == "AWS::Serverless::Function" else {}
        return {
            name: self.resolve(shared | it["Properties"])
            for name, it in self.whole["Resources"].items()
            if it["Type"] == kind and ("Condition" not in it or self.holds(it["Condition"]))
        }

    def resolve(self, value: Any) -> Any:
        """A value with its functions resolved."""
        match value:
            case {"Ref": name}:
                return self.values.get(name, name)
            case {"Fn::GetAtt": name}:
                return name
            case {"Fn::Sub": text}:
                return re.sub(r"\$\{([^}]+)}", lambda m: str(self.values.get(m[1], m[1])), text)
            case {"Fn::If": [condition, yes, no]}:
                return self.resolve(yes if self.holds(condition) else no)
            case dict():
                return {key: self.resolve(it) for key, it in value.items()}
            case list():
                return [self.resolve(it) for it in value]
            case _:
                return value

    def _test(self, test: Any) -> bool:
        match test:
            case {"Condition": name}:
                return self.holds(name)
            case {"Fn::Not": [inner]}:
                return not self._test(inner)
            case {"Fn::And": inner}:
                return all(self._test(it) for it in inner)
            case {"Fn::Equals": [left, right]}:
                return str(self.resolve(left)) == str(self.resolve(right))
        raise AssertionError(f"no condition: {test}")
