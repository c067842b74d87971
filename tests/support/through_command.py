"""What a function says in a dry run, said a second time by the command `trailkeeper check`: it must be the same.

With TRAILKEEPER_THROUGH_COMMAND set, each invocation in dry-run mode is followed by the command, over the same account and
with the same settings.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from runtime_api import Answer, Function

SWITCH = "TRAILKEEPER_THROUGH_COMMAND"
FAMILIES = {"bucket", "key", "monitoring", "recorder", "trail", "transfer", "vpc"}
SAME = ("status", "severity", "because", "advice")
STEP = ("action", "summary", "before", "after", "undo")

Key = tuple[str, str, str]


def check(program: Path, env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Runs the command as a person does, with the settings of a function."""
    command = [str(program), "check", "--no-history", "--json", *arguments]
    return subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False)


def by_key(found: list[dict[str, Any]]) -> dict[Key, dict[str, Any]]:
    """Results or findings, by control, resource and region."""
    return {(it["control"], it["resource"], it["region"]): it for it in found}


def told(outcome: dict[str, Any]) -> dict[str, Any]:
    """What a result and a finding must say alike."""
    steps = [{name: step[name] for name in STEP} for step in outcome["steps"]]
    return {name: outcome[name] for name in SAME} | {"steps": steps}


def is_off(result: dict[str, Any]) -> bool:
    """Whether a result only says that its control is switched off."""
    return result["status"] == "exempt" and "TRAILKEEPER_CONTROLS" in result["because"]


class Twice:
    """A function whose dry runs are compared with the command."""

    def __init__(self, function: Function, family: str, program: Path) -> None:
        self._function = function
        self._family = family
        self._program = program

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)

    def invoke(self, event: Any, *given: Any, **named: Any) -> Answer:
        """The answer of the function, once the command has said the same."""
        answer = self._function.invoke(event, *given, **named)
        if answer.ok and answer.body.get("ignored") is None and not answer.body.get("handed_on"):
            self._compare(answer.body["results"], isinstance(event, dict) and "detail-type" in event
                          and event["detail-type"] == "Scheduled Event")
        return answer

    def _compare(self, results: list[dict[str, Any]], is_sweep: bool) -> None:
        wanted = {key: it for key, it in by_key(results).items() if it["status"] != "changed" and not is_off(it)}
        env = {name: value for name, value in self._function._environment().items() if "LAMBDA" not in name}
        env |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}
        done = check(self._program, env, "--family", self._family)
        assert done.stdout, done.stderr.decode()
        found = by_key(json.loads(done.stdout)["findings"])
        if is_sweep:
            # An event of one resource is about what it names, a sweep about everything.
            assert found.keys() >= wanted.keys(), wanted.keys() - found.keys()
        for key in wanted.keys() & found.keys():
            assert told(found[key]) == told(wanted[key]), key


def twice(function: Function, family: str, mode: str, env: dict[str, str], program: Path) -> Function | Twice:
    """The function, compared with the command if that is switched on and they can say the same."""
    is_same = family in FAMILIES and mode == "dry-run" and "enforce" not in env.get("TRAILKEEPER_CONTROLS", "")
    alone = "TRAILKEEPER_ORGANIZATION" not in env and "TRAILKEEPER_BUS" not in env
    return Twice(function, family, program) if os.environ.get(SWITCH) and is_same and alone else function
