"""Schedules, roles that change, and records without ids: which servers are looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import StartFunction
from envelope import api_call, create_server, role_call, schedule
from given import role, server
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, Moto
from observed import OUR_ROLE_ARN, results
from repository import EVENTS

WEST = "eu-west-1"
GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/transfer/json:*"


def server_in(moto: Moto, region: str, **given: object) -> str:
    return str(moto.client("transfer", region).create_server(**given)["ServerId"])


def role_in(moto: Moto, region: str, server_id: str) -> str | None:
    return moto.client("transfer", region).describe_server(ServerId=server_id)["Server"].get("LoggingRole")


@pytest.mark.parametrize("source", ["aws.events", "aws.scheduler"])
def test_a_schedule_looks_at_every_server_of_every_enabled_region(function: StartFunction, moto: Moto, source: str) -> None:
    ids = {server_in(moto, region) for region in ["us-east-1", "us-east-1", WEST]}
    found = results(function(mode="enforce").invoke(schedule(source)))
    assert {outcome["resource"].split("/")[-1] for outcome in found} == ids
    assert [outcome["status"] for outcome in found] == ["fixed"] * 3
    assert {outcome["region"] for outcome in found} == {"us-east-1", WEST}


def test_configured_regions_bound_a_sweep(function: StartFunction, moto: Moto, faults: Faults) -> None:
    server_in(moto, "us-east-1")
    west = server_in(moto, WEST)
    started = function(endpoint=faults, mode="enforce", TRAILKEEPER_REGIONS=WEST)
    (outcome,) = results(started.invoke(schedule()))
    assert outcome["resource"].endswith(west)
    assert faults.calls("account") == []


def test_all_pages_are_read(function: StartFunction, moto: Moto, faults: Faults) -> None:
    moto.client("logs").create_log_group(logGroupName="/transfer/json")
    ids = {server(moto, StructuredLogDestinations=[GROUP]) for _ in range(1_001)}
    started = function(endpoint=faults, timeout=120, TRAILKEEPER_REGIONS="us-east-1")
    found = results(started.invoke(schedule()))
    assert {outcome["resource"].split("/")[-1] for outcome in found} == ids
    assert len(faults.calls("transfer", "ListServers")) > 1


def test_one_bad_region_stops_no_other(function: StartFunction, moto: Moto, faults: Faults) -> None:
    east = server_in(moto, "us-east-1")
    server_in(moto, WEST)
    faults.rule("transfer", "ListServers", region=WEST, error="AccessDeniedException", status=400)
    found = results(function(endpoint=faults, mode="enforce").invoke(schedule()))
    by_region = {outcome["region"]: outcome for outcome in found}
    assert by_region[WEST]["status"] == "unknown"
    assert by_region[WEST]["resource"] == f"arn:aws:transfer:{WEST}:{ACCOUNT}:server/*"
    assert by_region["us-east-1"]["status"] == "fixed"
    assert role_in(moto, "us-east-1", east) == OUR_ROLE_ARN


def test_one_bad_server_stops_no_other_and_the_invocation_is_tried_again(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    ids = [server(moto) for _ in range(3)]
    faults.unavailable("transfer", "UpdateServer", times=6)
    answer = function(endpoint=faults, mode="enforce", timeout=90, TRAILKEEPER_REGIONS="us-east-1").invoke(schedule())
    set_roles = [role_in(moto, "us-east-1", server_id) for server_id in ids]
    assert set_roles.count(OUR_ROLE_ARN) >= 1
    assert answer.ok == (set_roles.count(OUR_ROLE_ARN) == 3)


def test_the_regions_that_cannot_be_told_are_an_error(function: StartFunction, faults: Faults) -> None:
    faults.deny("account", "ListRegions")
    answer = function(endpoint=faults).invoke(schedule())
    assert not answer.ok and "account:ListRegions" in (answer.error_message or "")


@pytest.mark.parametrize(
    "name",
    ["DeleteRole", "DeleteRolePolicy", "PutRolePolicy", "DetachRolePolicy", "AttachRolePolicy", "UpdateAssumeRolePolicy"],
)
def test_a_changed_role_leads_to_the_servers_that_log_with_it_in_every_region(
    function: StartFunction, moto: Moto, name: str
) -> None:
    logger, other = role(moto, "logger"), role(moto, "other")
    using = {server_in(moto, region, LoggingRole=logger) for region in ["us-east-1", WEST]}
    server_in(moto, "us-east-1", LoggingRole=other)
    server_in(moto, "us-east-1")
    found = results(function().invoke(role_call(name, "logger")))
    assert {outcome["resource"].split("/")[-1] for outcome in found} == using


def test_a_role_that_no_server_uses_leads_nowhere(function: StartFunction, moto: Moto) -> None:
    server(moto)
    assert results(function(mode="enforce").invoke(role_call("DeleteRole", "someone-elses"))) == []


@pytest.mark.parametrize("omitted", [None, {"omitted": True, "originalSize": 204_800, "reason": "responseElements too large"}])
def test_ids_left_out_for_size_lead_to_every_server_of_that_region(
    function: StartFunction, moto: Moto, omitted: object
) -> None:
    here = {server_in(moto, WEST), server_in(moto, WEST)}
    server_in(moto, "us-east-1")
    event = create_server("s-0", awsRegion=WEST, requestParameters=omitted, responseElements=omitted)
    found = results(function().invoke(event))
    assert {outcome["resource"].split("/")[-1] for outcome in found} == here


def test_a_role_name_left_out_for_size_leads_to_every_server(function: StartFunction, moto: Moto) -> None:
    ids = {server_in(moto, region) for region in ["us-east-1", WEST]}
    found = results(function().invoke(role_call("PutRolePolicy", "x", requestParameters=None)))
    assert {outcome["resource"].split("/")[-1] for outcome in found} == ids


@pytest.mark.parametrize("name", ["UpdateServer", "StartServer"])
def test_calls_that_name_the_server_in_the_request(function: StartFunction, moto: Moto, name: str) -> None:
    server_id = server(moto)
    event = api_call("transfer", name, requestParameters={"serverId": server_id})
    (outcome,) = results(function().invoke(event))
    assert outcome["resource"].endswith(server_id)


def test_the_region_of_the_call_counts_not_the_functions_own(function: StartFunction, moto: Moto) -> None:
    server_id = server_in(moto, WEST)
    (outcome,) = results(function(mode="enforce").invoke(create_server(server_id, awsRegion=WEST)))
    assert (outcome["status"], outcome["region"]) == ("fixed", WEST)
    assert role_in(moto, WEST, server_id) == OUR_ROLE_ARN


@pytest.mark.parametrize("file", [*EVENTS.glob("transfer.*"), *EVENTS.glob("iam.*"), EVENTS / "scheduled.json"], ids=lambda file: file.stem)
def test_the_events_to_try_by_hand_are_looked_into(function: StartFunction, moto: Moto, file: Path) -> None:
    answer = function().invoke(file.read_text())
    assert answer.ok and answer.body["ignored"] is None, answer.body
