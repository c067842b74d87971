"""Transformers of the local AWS: what metric filters see of a log group that has one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from alarms import GROUP, NAMESPACE, Monitoring
from envelope import api_call
from given import refusal
from local_aws.processes import Moto

NAME, PATTERN = "trail-changes", "{$.eventName=DeleteTrail}"
RECORD = api_call("cloudtrail", "DeleteTrail")
OCSF: list[dict[str, Any]] = [{"parseToOCSF": {"eventSource": "CloudTrail", "ocsfVersion": "V1.1"}}]


@pytest.fixture
def here(moto: Moto) -> Monitoring:
    made = Monitoring(moto)
    made.chain(NAME, PATTERN)
    return made


def apply_on_transformed(here: Monitoring, pattern: str = PATTERN) -> None:
    metric = {"metricName": NAME, "metricNamespace": NAMESPACE, "metricValue": "1"}
    here.logs.put_metric_filter(
        logGroupName=GROUP, filterName=NAME, filterPattern=pattern, metricTransformations=[metric],
        applyOnTransformedLogs=True,
    )


def test_without_a_transformer_the_filter_sees_events_as_they_are(here: Monitoring) -> None:
    apply_on_transformed(here)
    assert here.logs.get_transformer(logGroupIdentifier=GROUP).get("transformerConfig") is None
    assert len(here.ring(RECORD)) == 1


def test_a_transformer_gives_members_other_names_for_the_filters_that_ask(here: Monitoring) -> None:
    here.logs.put_transformer(logGroupIdentifier=GROUP, transformerConfig=OCSF)
    assert len(here.ring(RECORD)) == 1, "the filter does not ask"
    here.quiet()
    apply_on_transformed(here)
    assert here.ring(RECORD) == []
    apply_on_transformed(here, "{$.api.operation=DeleteTrail}")
    assert len(here.ring(RECORD)) == 1
    here.logs.delete_transformer(logGroupIdentifier=GROUP)
    here.quiet()
    assert here.ring(RECORD) == []


@pytest.mark.parametrize(("criteria", "rings"), [(None, 0), (f'LogGroupNamePrefix IN ["{GROUP}"]', 0), ('LogGroupNamePrefix IN ["x"]', 1)])
def test_a_transformer_of_the_account_is_for_the_groups_that_it_selects(
    here: Monitoring, criteria: str | None, rings: int
) -> None:
    given = {"selectionCriteria": criteria} if criteria else {}
    here.logs.put_account_policy(
        policyName="all", policyType="TRANSFORMER_POLICY", policyDocument=json.dumps(OCSF), **given
    )
    listed = here.logs.describe_account_policies(policyType="TRANSFORMER_POLICY")["accountPolicies"]
    assert [it["policyName"] for it in listed] == ["all"]
    apply_on_transformed(here)
    assert len(here.ring(RECORD)) == rings


def test_what_begins_with_no_parser_is_refused(here: Monitoring) -> None:
    rename = [{"renameKeys": {"entries": [{"key": "a", "renameTo": "b"}]}}]
    _, code, _ = refusal(here.logs.put_transformer, logGroupIdentifier=GROUP, transformerConfig=rename)
    assert code == "InvalidParameterException"
    _, code, _ = refusal(here.logs.get_transformer, logGroupIdentifier="no-such-group")
    assert code == "ResourceNotFoundException"
