"""The local CloudWatch Logs refuses and keeps what AWS does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from given import refusal
from local_aws.processes import ACCOUNT, Moto

INVALID = "InvalidParameterException"


def group(moto: Moto, name: str = "app", **given: Any) -> str:
    moto.client("logs").create_log_group(logGroupName=name, **given)
    return name


def described(moto: Moto, name: str = "app") -> dict[str, Any]:
    (found,) = moto.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return dict(found)


def test_a_log_group_is_described(moto: Moto) -> None:
    group(moto)
    arn = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:app"
    found = described(moto)
    assert found.pop("creationTime") > 0
    assert found == {
        "logGroupName": "app",
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "logGroupClass": "STANDARD",
        "metricFilterCount": 0,
        "storedBytes": 0,
    }


def test_a_log_group_keeps_its_class(moto: Moto) -> None:
    group(moto, logGroupClass="INFREQUENT_ACCESS")
    assert described(moto)["logGroupClass"] == "INFREQUENT_ACCESS"
    call = moto.client("logs").create_log_group
    assert refusal(call, logGroupName="x", logGroupClass="COLD")[1] == INVALID


@pytest.mark.parametrize("name", ["a b", "a:b", "a*", "x" * 513, "aws/lambda"])
def test_a_log_group_has_a_sound_name(moto: Moto, name: str) -> None:
    call = moto.client("logs").create_log_group
    assert refusal(call, logGroupName=name)[:2] == (400, INVALID)


def test_a_second_log_group_of_the_name_is_refused(moto: Moto) -> None:
    call = moto.client("logs").create_log_group
    found = refusal(call, logGroupName=group(moto))
    assert found[:2] == (400, "ResourceAlreadyExistsException")


def test_of_several_log_groups_at_once_one_is_made(moto: Moto) -> None:
    logs = moto.client("logs")

    def create(_: int) -> bool:
        try:
            logs.create_log_group(logGroupName="app")
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(create, range(8))) == 1


@pytest.mark.parametrize("days", [1, 365, 3653])
def test_a_retention_is_kept_and_taken_away(moto: Moto, days: int) -> None:
    name, logs = group(moto), moto.client("logs")
    assert "retentionInDays" not in described(moto)
    logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    assert described(moto)["retentionInDays"] == days
    logs.delete_retention_policy(logGroupName=name)
    assert "retentionInDays" not in described(moto)


@pytest.mark.parametrize("days", [0, 2, 364, 3654])
def test_only_some_retentions_are_possible(moto: Moto, days: int) -> None:
    name, call = group(moto), moto.client("logs").put_retention_policy
    assert refusal(call, logGroupName=name, retentionInDays=days)[:2] == (400, INVALID)
    assert "retentionInDays" not in described(moto)


def test_a_retention_is_of_a_log_group(moto: Moto) -> None:
    call = moto.client("logs").put_retention_policy
    found = refusal(call, logGroupName="none", retentionInDays=7)
    assert found[:2] == (400, "ResourceNotFoundException")


def test_log_groups_are_listed_by_the_page(moto: Moto) -> None:
    logs, names = moto.client("logs"), [f"app/{number:02}" for number in range(55)]
    for name in (*names, "other"):
        logs.create_log_group(logGroupName=name)
    pages = list(logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="app/"))
    assert [len(page["logGroups"]) for page in pages] == [50, 5]
    assert [one["logGroupName"] for page in pages for one in page["logGroups"]] == names
    assert len(logs.describe_log_groups(limit=3)["logGroups"]) == 3
    assert len(logs.describe_log_groups(logGroupNamePrefix="none")["logGroups"]) == 0
    for given in ({"limit": 51}, {"logGroupNamePrefix": "a b"}):
        assert refusal(logs.describe_log_groups, **given)[:2] == (400, INVALID)


def test_metric_filters_are_counted_and_go_with_their_group(moto: Moto) -> None:
    name, logs = group(moto), moto.client("logs")
    metric = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    logs.put_metric_filter(
        logGroupName=name, filterName="f", filterPattern="", metricTransformations=[metric]
    )
    assert described(moto)["metricFilterCount"] == 1
    logs.delete_log_group(logGroupName=name)
    group(moto)
    assert described(moto)["metricFilterCount"] == 0
    assert logs.describe_metric_filters(logGroupName=name)["metricFilters"] == []
