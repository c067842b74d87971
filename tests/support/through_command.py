"""What a function finds, said a second time by the command `trailkeeper check`: it must be the same.

With TRAILKEEPER_THROUGH_COMMAND set, each invocation in dry-run mode is followed by the command, and each in enforce mode comes
after it, over the same account and with the same settings. The command makes no call that writes.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from local_aws.server import request
from runtime_api import Answer, Function

SWITCH = "TRAILKEEPER_THROUGH_COMMAND"
FAMILIES = {"bucket", "key", "monitoring", "recorder", "trail", "transfer", "vpc"}
SAME = ("status", "severity", "because", "advice")
READS = ("Describe", "Get", "Head", "List", "AssumeRole")
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
    """A function whose findings are compared with the command's."""

    def __init__(self, function: Function, family: str, program: Path, *, fixes: bool, apart: bool) -> None:
        self._function = function
        self._family = family
        self._program = program
        self._fixes = fixes
        self._apart = apart

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)

    def invoke(self, event: Any, *given: Any, **named: Any) -> Answer:
        """The answer of the function; the command says the same, before the function where that fixes what it finds."""
        said = self._said() if self._fixes else None
        answer = self._function.invoke(event, *given, **named)
        if answer.ok and answer.body.get("ignored") is None and not answer.body.get("handed_on"):
            is_sweep = isinstance(event, dict) and event.get("detail-type") == "Scheduled Event"
            self._compare(answer.body["results"], self._said() if said is None else said, is_sweep)
        return answer

    def _said(self) -> dict[Key, dict[str, Any]]:
        """What the command finds, without a single write."""
        env = {name: value for name, value in self._function._environment().items() if "LAMBDA" not in name}
        env |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent", "AWS_SDK_UA_APP_ID": "beside"}
        done = check(self._program, env, "--family", self._family)
        assert done.stdout, done.stderr.decode()
        if self._apart:
            made = request("GET", f"{env['AWS_ENDPOINT_URL']}/_local/beside")["calls"]
            assert not [call for call in made if not call[1].startswith(READS)], made
        return by_key(json.loads(done.stdout)["findings"])

    def _compare(self, results: list[dict[str, Any]], found: dict[Key, dict[str, Any]], is_sweep: bool) -> None:
        wanted = {key: it for key, it in by_key(results).items() if it["status"] != "changed" and not is_off(it)}
        if is_sweep:
            # An event of one resource is about what it names, a sweep about everything.
            assert found.keys() >= wanted.keys(), wanted.keys() - found.keys()
        for key in wanted.keys() & found.keys():
            if not self._fixes:
                assert told(found[key]) == told(wanted[key]), key
            elif wanted[key]["status"] == "fixed":
                assert due(found[key]) == due(wanted[key]), key


def due(outcome: dict[str, Any]) -> dict[str, Any]:
    """What a finding and the result of its fix must say alike: what is wrong, and which calls put it right."""
    steps = [{name: step[name] for name in ("action", "summary", "before")} for step in outcome["steps"]]
    return {name: outcome[name] for name in ("severity", "because")} | {"steps": steps}


def twice(
    function: Function, family: str, mode: str, env: dict[str, str], program: Path, *, apart: bool
) -> Function | Twice:
    """The function, compared with the command if that is switched on and they can say the same.

    `apart` says that the local AWS keeps the command's calls apart from those that the test counts.
    """
    fixes = mode == "enforce" or "enforce" in env.get("TRAILKEEPER_CONTROLS", "")
    # What is refused on purpose may be refused once.
    is_same = family in FAMILIES and (apart or not fixes)
    alone = "TRAILKEEPER_ORGANIZATION" not in env and "TRAILKEEPER_BUS" not in env
    if not (os.environ.get(SWITCH) and is_same and alone):
        return function
    return Twice(function, family, program, fixes=fixes, apart=apart)
