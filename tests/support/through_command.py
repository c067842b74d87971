"""What a function finds, said a second time by the command `trailkeeper check`: it must be the same.

With TRAILKEEPER_THROUGH_COMMAND set, each invocation in dry-run mode is followed by the command, and each in enforce mode comes
after it, over the same account and with the same settings. The command makes no call that writes. In dry-run mode, and where
nothing was tried, all results are compared, else those that were fixed; whatever the function finds, the command must find, too. A test in which there
was nothing to compare is skipped at its end; what cannot be compared for another reason is marked `function_alone`.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from local_aws.faults import Faults
from local_aws.processes import Moto
from local_aws.server import Server, request
from runtime_api import Answer, Function

SWITCH = "TRAILKEEPER_THROUGH_COMMAND"
ALONE = "function_alone"
"""Marks the tests, with the reason, of what the command cannot say beside the function."""
FAMILIES = {"bucket", "key", "monitoring", "recorder", "trail", "transfer", "vpc"}
SAME = ("status", "severity", "because", "advice")
READS = ("Describe", "Get", "Head", "List", "AssumeRole")
NOTHING_ON = b"no control is left to be checked"
WRONG = ("severity", "because")
NOT_OURS = "not-applicable"
SETTLED = ("advised", "compliant", "exempt", "unknown", NOT_OURS)
TRIED = ("applied", "failed")
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

    def __init__(self, function: Function, family: str, program: Path, server: str | Server, *, fixes: bool) -> None:
        self._function = function
        self._family = family
        self._program = program
        self._server = server
        self._fixes = fixes
        self.compared = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)

    def invoke(self, event: Any, *given: Any, **named: Any) -> Answer:
        """The answer of the function; the command says the same, before the function where that fixes what it finds."""
        said = self._said() if self._fixes else None
        answer = self._function.invoke(event, *given, **named)
        if answer.ok and "results" in answer.body and answer.body.get("ignored") is None and not answer.body.get("handed_on"):
            is_sweep = isinstance(event, dict) and event.get("detail-type") == "Scheduled Event"
            self._compare(answer.body["results"], self._said() if said is None else said, is_sweep)
        return answer

    def _said(self) -> dict[Key, dict[str, Any]]:
        """What the command finds, without a single write."""
        server = self._server
        if self._fixes and isinstance(server, Faults):
            if server.has_rules():
                pytest.skip("what is refused on purpose may be refused once")
            server = server.upstream
        env = {name: value for name, value in self._function._environment().items() if "LAMBDA" not in name}
        env |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent", "AWS_SDK_UA_APP_ID": "beside"}
        if isinstance(server, Server):
            env["AWS_ENDPOINT_URL"] = server.endpoint
        with server.unrecorded() if isinstance(server, Faults) else nullcontext():
            done = check(self._program, env, "--family", self._family)
        if NOTHING_ON in done.stderr:
            return {}
        assert done.stdout, done.stderr.decode()
        if isinstance(server, Moto):
            made = request("GET", f"{server.endpoint}/_local/beside")["calls"]
            assert not [call for call in made if not call[1].startswith(READS)], made
        return by_key(json.loads(done.stdout)["findings"])

    def _compare(self, results: list[dict[str, Any]], found: dict[Key, dict[str, Any]], is_sweep: bool) -> None:
        wanted = {key: it for key, it in by_key(results).items() if it["status"] != "changed" and not is_off(it)}
        # Only an event leads to what is gone, or was never ours.
        must = {key for key, it in wanted.items() if is_sweep or it["status"] != NOT_OURS}
        missing = {key: wanted[key]["because"] for key in must - found.keys()}
        assert not missing, missing
        made = [calls(it) for it in wanted.values()]
        is_left = not any(step["status"] in TRIED for it in results for step in it["steps"])
        for key in wanted.keys() & found.keys():
            if not self._fixes or is_left and wanted[key]["status"] in SETTLED:
                assert told(found[key]) == told(wanted[key]), key
            elif wanted[key]["status"] == "fixed":
                assert [found[key][it] for it in WRONG] == [wanted[key][it] for it in WRONG], key
                # What was made for one resource is used for the next, and not made again.
                elsewhere = [it for others in made if others != calls(wanted[key]) for it in others]
                own = [it for it in calls(found[key]) if it in calls(wanted[key]) or it not in elsewhere]
                assert own == calls(wanted[key]), key
            else:
                # The function says it of what its calls have left behind, the command of what was there before.
                continue
            self.compared += 1


def calls(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    """Which calls put right what is wrong: what a finding and the result of its fix must say alike."""
    return [{name: step[name] for name in ("action", "summary", "before")} for step in outcome["steps"]]


def twice(
    function: Function, family: str, mode: str, env: dict[str, str], program: Path, server: str | Server
) -> Twice:
    """The function, compared with the command. Skips the test if they cannot say the same."""
    fixes = mode == "enforce" or "enforce" in env.get("TRAILKEEPER_CONTROLS", "")
    if family not in FAMILIES:
        pytest.skip("the command has no such family")
    if "TRAILKEEPER_ORGANIZATION" in env or "TRAILKEEPER_BUS" in env:
        pytest.skip("the command enters other accounts by itself, and delegates nothing")
    if fixes and not isinstance(server, Moto | Faults):
        pytest.skip("only moto keeps the command's calls apart")
    return Twice(function, family, program, server, fixes=fixes)
