"""What a function finds, said a second time by the command `trailkeeper check`: it must be the same.

With TRAILKEEPER_THROUGH_COMMAND set, each invocation in dry-run mode is followed by the command, and each in enforce mode comes
after it, over the same account and with the same settings. The command makes no call that writes, comes by a way of its own, and
is refused what the function is refused. In dry-run mode, and where nothing was changed, all results are compared, else those
of what was or is wrong; whatever the function finds, the command must find, too. A test in which there was nothing to compare
is skipped at its end; what cannot be compared for another reason is marked `function_alone`.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from local_aws.faults import Faults
from local_aws.processes import Moto
from local_aws.server import Server, request
from recorded_calls import recorded
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
ALIKE = "; the same is true of "
DENIED = " was denied"
CHANGES = re.compile(" to | with |, ")
"""What stands between a call and its changes, and between these."""
SETTLED = ("advised", "compliant", "exempt", "unknown", NOT_OURS)
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

    def __init__(
        self, function: Function, family: str, program: Path, server: str | Server, *, fixes: bool, beside: Faults | None = None
    ) -> None:
        self._function = function
        self._family = family
        self._program = program
        self._server = server
        self._fixes = fixes
        self._beside = beside
        self.compared = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)

    def invoke(self, event: Any, *given: Any, **named: Any) -> Answer:
        """The answer of the function; the command says the same, before the function where that fixes what it finds."""
        said = self._said() if self._fixes else None
        answer = self._function.invoke(event, *given, **named)
        if not answer.ok:
            if isinstance(said, str):
                self._compare_ends(said, answer.error_message or "")
        elif answer.body["ignored"] is None and not answer.body.get("handed_on"):
            is_sweep = isinstance(event, dict) and event.get("detail-type") == "Scheduled Event"
            said = self._said() if said is None else said
            if isinstance(said, str):
                self._compare_ends(said, *(it["because"].partition(ALIKE)[0] for it in answer.body["results"] if not is_off(it)))
            else:
                self._compare(answer.body["results"], said, is_sweep)
        return answer

    def _said(self) -> dict[Key, dict[str, Any]] | str:
        """What the command finds, without a single write; or why it ends without a word of what is there."""
        env = {name: value for name, value in self._function._environment().items() if "LAMBDA" not in name}
        env |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent", "AWS_SDK_UA_APP_ID": "beside"}
        with self._way() as (endpoint, made):
            done = check(self._program, env | {"AWS_ENDPOINT_URL": endpoint}, "--family", self._family)
            writes = [operation for operation in made() if not operation.startswith(READS)]
        assert not writes, writes
        if NOTHING_ON in done.stderr:
            return {}
        return by_key(json.loads(done.stdout)["findings"]) if done.stdout else done.stderr.decode()

    @contextmanager
    def _way(self) -> Iterator[tuple[str, Callable[[], list[str]]]]:
        """Where the command calls, and how to ask for the names of the calls that it made there; no record of a test has them."""
        server = self._server
        if isinstance(server, Moto):
            yield server.endpoint, lambda: kept_apart(server)
        elif isinstance(server, Faults) and not self._fixes:
            with server.unrecorded():
                before = len(server.calls())
                yield server.endpoint, lambda: [call.operation for call in server.calls()[before:]]
        elif isinstance(server, Faults):
            assert self._beside and self._beside.upstream is server.upstream
            if server.refuses_for_a_while(READS):
                pytest.skip("what may be read only later is refused to one of both")
            self._beside.refuse_like(server)
            self._beside.forget()
            yield self._beside.endpoint, lambda: [call.operation for call in self._beside.calls()]
        elif isinstance(server, Server):
            with recorded(server) as record:
                yield record.endpoint, lambda: [call.operation for call in record.all]
        else:
            yield server, lambda: []

    def _compare_ends(self, said: str, *whys: str) -> None:
        """The command ends for the reason that the function gives for whatever it does not know."""
        assert whys and all(why and why in said for why in whys), "\n".join((said, *whys))
        self.compared += 1

    def _compare(self, results: list[dict[str, Any]], found: dict[Key, dict[str, Any]], is_sweep: bool) -> None:
        wanted = {key: it for key, it in by_key(results).items() if it["status"] != "changed" and not is_off(it)}
        # Only an event leads to what is gone, or was never ours.
        must = {key for key, it in wanted.items() if is_sweep or it["status"] != NOT_OURS}
        unlisted = {key for key in must - found.keys() if is_said_of_the_region(found, wanted[key])}
        self.compared += len(unlisted)
        missing = {key: wanted[key]["because"] for key in must - found.keys() - unlisted}
        assert not missing, missing
        is_left = not any(changed(it) for it in results)
        for key in wanted.keys() & found.keys():
            said, outcome = found[key], wanted[key]
            is_unread = outcome["status"] == "unknown" or outcome["status"] == "failed" and not outcome["steps"]
            is_settled = outcome["status"] in SETTLED
            if not self._fixes or is_unread and not changed(outcome) or is_settled and is_left:
                assert told(said) == told(outcome), differing(said, outcome)
            elif not is_settled and (is_left or outcome["status"] in ("fixed", "failed")):
                compare_wrong(said, outcome)
                compare_calls(said, outcome, list(wanted.values()))
            elif changed(outcome):
                compare_calls(said, outcome, list(wanted.values()))
            else:
                # The function says it of what its calls for others have left behind, the command of what was there before.
                continue
            self.compared += 1


def is_said_of_the_region(found: dict[Key, dict[str, Any]], outcome: dict[str, Any]) -> bool:
    """Whether the command may not list what is in a region, where an event leads to a resource that may not be read for the same reason."""
    whole = [it for it in found.values() if it["resource"].endswith("*")]
    same = [it for it in whole if all(it[name] == outcome[name] for name in ("control", "region", "status", "severity"))]
    why = outcome["because"].partition(DENIED)
    return outcome["status"] == "unknown" and any(it["because"].partition(DENIED)[:2] == why[:2] and why[1] for it in same)


def changed(outcome: dict[str, Any]) -> bool:
    """Whether a call for it was accepted."""
    return any(step["status"] == "applied" for step in outcome["steps"])


def compare_wrong(said: dict[str, Any], outcome: dict[str, Any]) -> None:
    """The same is wrong; what kept the function from putting it right may follow."""
    assert said["severity"] == outcome["severity"], differing(said, outcome)
    is_kept = outcome["status"] != "fixed" and outcome["because"].startswith(f"{said['because']}; ")
    assert said["because"] == outcome["because"] or is_kept, differing(said, outcome)


def compare_calls(said: dict[str, Any], outcome: dict[str, Any], results: list[dict[str, Any]]) -> None:
    """The same calls put it right, whether the function made them, was kept from it, or could not see how to go on."""
    wanted = calls(outcome)
    if is_undone(outcome):
        wanted.pop()
    # What was made for one resource is used for the next, and not made again.
    elsewhere = [it for others in results if calls(others) != calls(outcome) for it in calls(others)]
    own = [it for it in calls(said) if it in wanted or it not in elsewhere]
    if outcome["status"] == "unknown":
        own = own[: len(wanted)]
    is_refused = any(step["status"] == "failed" for it in results for step in it["steps"])
    same = (mine == its or is_refused and is_share(its, mine) for mine, its in zip(own, wanted, strict=False))
    assert len(own) == len(wanted) and all(same), differing(said, outcome)


def is_share(call: dict[str, Any], whole: dict[str, Any]) -> bool:
    """Whether a call makes some of the changes of another: what is refused, or lacks what was refused, is left out of a call that others share."""
    before, of_whole = call["before"] or {}, whole["before"] or {}
    is_known = isinstance(before, dict) and all(name in of_whole and of_whole[name] == it for name, it in before.items())
    parts, of_parts = (CHANGES.split(it["summary"]) for it in (call, whole))
    return call["action"] == whole["action"] and is_known and parts[0] == of_parts[0] and set(parts) < set(of_parts) and len(parts) > 1


def is_undone(outcome: dict[str, Any]) -> bool:
    """Whether the last call of a fix is the one that undoes it, since it did harm."""
    return outcome["status"] == "failed" and any(it in outcome["because"] for it in ("; the fix was undone: ", "; the fix did harm ("))


def differing(said: dict[str, Any], outcome: dict[str, Any]) -> str:
    """What the command and the function say, each as one line."""
    return "\n".join(json.dumps(told(it)) for it in (said, outcome))


def kept_apart(moto: Moto) -> list[str]:
    """The names of the calls that the command made since the last time."""
    return [operation for _, operation in request("GET", f"{moto.endpoint}/_local/beside")["calls"]]


def calls(outcome: dict[str, Any]) -> list[dict[str, Any]]:
    """Which calls put right what is wrong: what a finding and the result of its fix must say alike."""
    return [{name: step[name] for name in ("action", "summary", "before")} for step in outcome["steps"]]


def twice(
    function: Function, family: str, mode: str, env: dict[str, str], program: Path, server: str | Server, beside: Faults | None
) -> Twice:
    """The function, compared with the command. Skips the test if they cannot say the same."""
    fixes = mode == "enforce" or "enforce" in env.get("TRAILKEEPER_CONTROLS", "")
    if family not in FAMILIES:
        pytest.skip("the command has no such family")
    if "TRAILKEEPER_ORGANIZATION" in env or "TRAILKEEPER_BUS" in env:
        pytest.skip("the command enters other accounts by itself, and delegates nothing")
    return Twice(function, family, program, server, fixes=fixes, beside=beside)
