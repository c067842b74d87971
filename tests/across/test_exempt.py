"""What a tag of the resource exempts is left alone; what exempts it no more, or never did, is put right and told."""

from __future__ import annotations

import pytest
from account_snapshot import difference, snapshot
from conftest import StartFunction
from envelope import schedule
from exempt import BY_TAG, KINDS, hidden, READ, TAG, UNTIL, Kind, day
from installed import Installed, visible
from local_aws.faults import Faults
from local_aws.processes import REGION, Ministack, Moto
from observed import results, writes
from trails import LOGGING, VALIDATION, create_trail, outcomes
from vpcs import check, vpc, vpc_arn

by_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.function)
by_read = pytest.mark.parametrize("kind", READ, ids=lambda kind: kind.function)


def reads(faults: Faults, kind: Kind) -> int:
    """How often the tags were read."""
    service, _, operation = kind.read.partition(":")
    return len(faults.calls(service, operation))


@by_kind
def test_what_a_tag_exempts_is_told_with_what_is_wrong_and_left_as_it_is(
    function: StartFunction, moto: Moto, faults: Faults, kind: Kind
) -> None:
    arn = kind.make(moto)
    kind.tag(moto, arn, {"team": "audit", TAG: kind.control})
    before = snapshot(moto, [REGION])
    told = []
    for mode in ("dry-run", "enforce"):
        faults.forget()
        outcome = kind.check(function, faults, arn, mode)
        assert (outcome["status"], outcome["steps"], outcome["advice"]) == (hidden(outcome), [], None)
        assert outcome["because"].endswith(BY_TAG) and outcome["because"] != BY_TAG
        told.append(outcome["because"])
        assert not [call for call in writes(faults) if call.operation != "HeadBucket"]
        assert not kind.read or reads(faults, kind) == 1
    assert told[0] == told[1] and difference(before, snapshot(moto, [REGION])) == {}


@by_kind
@pytest.mark.parametrize("value", ["all", "kms-key-rotation vpc-flow-logs {}", "config-recorder,{},"])
def test_a_tag_names_all_or_several_controls(
    function: StartFunction, moto: Moto, faults: Faults, kind: Kind, value: str
) -> None:
    arn = kind.make(moto)
    kind.tag(moto, arn, {TAG: value.format(kind.control), UNTIL: day(1)})
    outcome = kind.check(function, faults, arn)
    assert (outcome["status"], outcome["steps"]) == (hidden(outcome), [])
    assert outcome["because"].endswith(f"{BY_TAG} until {day(1)}")


@by_kind
@pytest.mark.parametrize(
    ("tags", "note"),
    [
        ({TAG: "{}", UNTIL: day(-1)}, f"tag {UNTIL} ended on {day(-1)}"),
        ({TAG: "all", UNTIL: "2026-02-30"}, f"tag {UNTIL}: `2026-02-30` is not a date of the form YYYY-MM-DD"),
        ({TAG: "{}", UNTIL: "next week"}, f"tag {UNTIL}: `next week` is not a date of the form YYYY-MM-DD"),
        ({TAG: "{}s"}, "tag trailkeeper:exempt names `{}s`, which is not a control"),
        ({TAG: "ALL"}, "tag trailkeeper:exempt names `ALL`, which is not a control"),
        ({TAG: " "}, "tag trailkeeper:exempt names no control"),
    ],
)
def test_what_does_not_exempt_it_is_told_with_the_fix(
    function: StartFunction, moto: Moto, faults: Faults, kind: Kind, tags: dict[str, str], note: str
) -> None:
    arn = kind.make(moto)
    kind.tag(moto, arn, {key: value.format(kind.control) for key, value in tags.items()})
    planned = kind.check(function, faults, arn, "dry-run")
    fixed = kind.check(function, faults, arn)
    assert (planned["status"], fixed["status"]) == ("planned", "fixed")
    assert planned["because"] == fixed["because"] and fixed["because"].endswith(f"; {note.format(kind.control)}")
    assert kind.check(function, faults, arn)["status"] == "compliant"


@by_kind
@pytest.mark.parametrize("tags", [{}, {UNTIL: "2999-12-31"}, {TAG: "monitor-root-usage"}, {"Trailkeeper:Exempt": "all"}])
def test_a_tag_about_something_else_changes_nothing(
    function: StartFunction, moto: Moto, faults: Faults, kind: Kind, tags: dict[str, str]
) -> None:
    arn = kind.make(moto)
    if tags:
        kind.tag(moto, arn, tags)
    outcome = kind.check(function, faults, arn)
    assert outcome["status"] == "fixed" and "trailkeeper:" not in outcome["because"]


@by_read
def test_tags_are_read_only_where_something_is_wrong_and_once(
    function: StartFunction, moto: Moto, faults: Faults, kind: Kind
) -> None:
    arn = kind.make(moto)
    # Nobody but root can switch MFA delete on: it is always wrong.
    settings = {"TRAILKEEPER_CONTROLS": "log-bucket-mfa-delete=off"}
    assert kind.check(function, faults, arn, **settings)["status"] == "fixed"
    assert reads(faults, kind) == 1
    faults.forget()
    assert kind.check(function, faults, arn, **settings)["status"] == "compliant"
    assert reads(faults, kind) == 0


@by_read
def test_while_its_tags_cannot_be_read_nothing_is_written(
    function: StartFunction, moto: Moto, faults: Faults, kind: Kind
) -> None:
    arn = kind.make(moto)
    kind.tag(moto, arn, {TAG: kind.control, UNTIL: day(-1)})
    started = function(kind.function, endpoint=faults, mode="enforce", timeout=90)
    service, _, operation = kind.read.partition(":")
    faults.throttle(service, operation)
    answer = started.invoke(kind.event(arn))
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.TryAgain")
    assert kind.read in (answer.error_message or "")
    assert not [call for call in writes(faults) if call.operation != "HeadBucket"]
    faults.clear()
    found = {it["control"]: it["status"] for it in results(started.invoke(kind.event(arn)))}
    assert found[kind.control] == "fixed"


@by_read
def test_tags_that_may_not_be_read_exempt_nothing(ministack: Ministack, function: StartFunction, kind: Kind) -> None:
    installed = Installed(ministack, function, kind.function)
    arn = kind.make(ministack)
    kind.tag(ministack, arn, {TAG: "all"})
    assert kind.control not in visible(installed.invoke(kind.event(arn)))
    installed.take_action(kind.read)
    found = results(installed.invoke(kind.event(arn)))
    (outcome,) = [it for it in found if it["control"] == kind.control]
    assert outcome["status"] == "fixed", outcome
    note = f"; its tags could not be read, so they do not exempt it: {kind.read} was denied"
    assert outcome["because"].endswith(note)


def test_a_tag_exempts_from_what_it_names_and_from_nothing_else(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    kind = next(it for it in KINDS if it.function == "trail")
    arn = kind.make(moto)
    moto.client("cloudtrail").stop_logging(Name=arn)
    kind.tag(moto, arn, {TAG: VALIDATION})
    found = outcomes(function("trail", endpoint=faults, mode="enforce").invoke(create_trail(arn)))
    assert (found[VALIDATION]["status"], found[LOGGING]["status"]) == ("exempt", "fixed")
    assert reads(faults, kind) == 1


def test_a_sweep_needs_no_call_more_to_see_the_tags_of_vpcs(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    def swept() -> tuple[dict[str, str], int]:
        faults.forget()
        started = function("vpc", endpoint=faults, TRAILKEEPER_REGIONS=REGION)
        found = {it["resource"]: it["status"] for it in results(started.invoke(schedule()))}
        return found, len(faults.calls("ec2"))

    tagged, other = vpc(moto), vpc(moto)
    before, calls = swept()
    assert before[vpc_arn(tagged)] == "planned"
    moto.client("ec2").create_tags(Resources=[tagged], Tags=[{"Key": TAG, "Value": "all"}])
    assert swept() == (before | {vpc_arn(tagged): "exempt"}, calls)
    assert before[vpc_arn(other)] == "planned"
    assert check(function, faults, tagged)["status"] == "exempt"
