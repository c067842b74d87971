"""The local CloudWatch Logs keeps metric filters, refuses nonsense, and matches events as AWS does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from given import SECOND, refusal, signed_at
from local_aws.processes import Moto

INVALID, GONE = "InvalidParameterException", "ResourceNotFoundException"
METRIC = {"metricName": "RootUse", "metricNamespace": "CISBenchmark", "metricValue": "1"}
TRAIL = '{($.eventName=CreateTrail) || ($.eventName = "DeleteTrail")}'


def group(moto: Moto, name: str = "trail", **given: Any) -> str:
    moto.client("logs").create_log_group(logGroupName=name, **given)
    return name


def put(moto: Moto, name: str = "root", pattern: str = TRAIL, **given: Any) -> None:
    moto.client("logs").put_metric_filter(**asked(name, pattern, **given))


def asked(name: str = "root", pattern: str = TRAIL, **given: Any) -> dict[str, Any]:
    least = {"logGroupName": "trail", "filterName": name, "filterPattern": pattern}
    return least | {"metricTransformations": [METRIC]} | given


def found(moto: Moto, **given: Any) -> list[dict[str, Any]]:
    whole = {"logGroupName": "trail"} | given
    return list(moto.client("logs").describe_metric_filters(**whole)["metricFilters"])


def matches(moto: Moto, pattern: str, *events: Any) -> list[int]:
    """Which of the events match, counted from 1."""
    messages = [it if isinstance(it, str) else json.dumps(it) for it in events]
    answer = moto.client("logs").test_metric_filter(filterPattern=pattern, logEventMessages=messages)
    return [it["eventNumber"] for it in answer["matches"]]


@pytest.mark.parametrize("more", [
    {"defaultValue": 0.0, "unit": "Count"},
    {"dimensions": {"Event": "$.eventName", "Region": "$.awsRegion"}, "metricValue": "$.size"},
])
def test_a_filter_keeps_all_that_it_is_given(moto: Moto, more: dict[str, Any]) -> None:
    group(moto)
    given = asked(metricTransformations=[METRIC | more], applyOnTransformedLogs=True)
    moto.client("logs").put_metric_filter(**given)
    (only,) = found(moto)
    assert only.pop("creationTime") > 0
    assert only == given


def test_a_filter_is_replaced_by_its_name(moto: Moto) -> None:
    group(moto)
    group(moto, "other")
    put(moto, metricTransformations=[METRIC | {"defaultValue": 0.0}])
    put(moto, logGroupName="other")
    put(moto, pattern="{$.a = 1}")
    (only,) = found(moto)
    assert (only["filterPattern"], only["metricTransformations"]) == ("{$.a = 1}", [METRIC])
    assert len(found(moto, logGroupName="other")) == 1


REFUSED: dict[str, dict[str, Any]] = {
    "pattern too long": {"filterPattern": "x" * 1025},
    "name": {"filterName": "a:b"},
    "star": {"filterName": "a*"},
    "namespace": {"metricTransformations": [METRIC | {"metricNamespace": "a$b"}]},
    "metric": {"metricTransformations": [METRIC | {"metricName": "a:b"}]},
    "value": {"metricTransformations": [METRIC | {"metricValue": "one"}]},
    "unit": {"metricTransformations": [METRIC | {"unit": "Apples"}]},
    "two metrics": {"metricTransformations": [METRIC, METRIC | {"metricName": "Other"}]},
    "both": {"metricTransformations": [METRIC | {"dimensions": {"a": "$.b"}, "defaultValue": 0.0}]},
    "dimension": {"metricTransformations": [METRIC | {"dimensions": {"a": "b"}}]},
    "dimensions": {"metricTransformations": [METRIC | {"dimensions": {f"a{n}": "$.b" for n in range(4)}}]},
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_a_filter_of_nonsense_is_refused(moto: Moto, wrong: str) -> None:
    group(moto)
    given = asked() | REFUSED[wrong]
    assert refusal(moto.client("logs").put_metric_filter, **given)[:2] == (400, INVALID)
    assert found(moto) == []


@pytest.mark.parametrize("pattern", [
    "{", "{}", "{$.a}", "{$.a = }", "{$.a == 1}", "{a = 1}", "{$.a = 1", "{($.a = 1}", "{$.a = 1)}",
    "{$.a = 1 & $.b = 1}", "{$.a = b c}", "{$.a = a@b}", '{$.a = "b}', "{$.a < b}", "{$.a IS 1}",
    "{$.a EXISTS}", "{$.a IS NOT NULL}", "{$.*.* = 1}", "{$.a = %(b)%}", "$.a = 1", "a:b", "[a, b",
    "[a, b ~ 1]", '{"a": 1}',
])
def test_what_is_no_pattern_is_refused(moto: Moto, pattern: str) -> None:
    logs = moto.client("logs")
    group(moto)
    assert refusal(logs.put_metric_filter, **asked(pattern=pattern))[:2] == (400, INVALID)
    test = {"filterPattern": pattern, "logEventMessages": ["{}"]}
    assert refusal(logs.test_metric_filter, **test)[:2] == (400, INVALID)


def test_a_filter_is_of_a_group_of_the_standard_class(moto: Moto) -> None:
    logs = moto.client("logs")
    assert refusal(logs.put_metric_filter, **asked())[:2] == (400, GONE)
    group(moto, logGroupClass="INFREQUENT_ACCESS")
    assert refusal(logs.put_metric_filter, **asked())[:2] == (400, "InvalidOperationException")


def test_a_group_has_at_most_a_hundred_filters(moto: Moto) -> None:
    group(moto)
    group(moto, "other")
    for number in range(100):
        put(moto, f"f{number:03}")
    assert refusal(moto.client("logs").put_metric_filter, **asked())[:2] == (400, "LimitExceededException")
    put(moto, "f007", "{$.a = 1}")
    put(moto, logGroupName="other")
    pages = moto.client("logs").get_paginator("describe_metric_filters").paginate(logGroupName="trail")
    assert [len(page["metricFilters"]) for page in pages] == [50, 50]
    assert [it["filterName"] for it in found(moto, limit=2)] == ["f000", "f001"]


def test_filters_are_found_by_prefix_and_by_metric(moto: Moto) -> None:
    group(moto)
    group(moto, "other")
    put(moto, "b-2")
    put(moto, "b-1", metricTransformations=[METRIC | {"metricName": "Other"}])
    put(moto, "a", logGroupName="other")
    assert [it["filterName"] for it in found(moto, filterNamePrefix="b-")] == ["b-1", "b-2"]
    logs = moto.client("logs")
    metric = {"metricName": "RootUse", "metricNamespace": "CISBenchmark"}
    everywhere = logs.describe_metric_filters(**metric)["metricFilters"]
    assert [it["filterName"] for it in everywhere] == ["a", "b-2"]
    for wrong in ({"metricName": "RootUse"}, metric | {"logGroupName": "trail"}, {"limit": 51}, {"nextToken": "nonsense"}):
        assert refusal(logs.describe_metric_filters, **wrong)[:2] == (400, INVALID)
    assert refusal(logs.describe_metric_filters, logGroupName="none")[:2] == (400, GONE)


def test_only_a_filter_that_is_there_is_deleted(moto: Moto) -> None:
    group(moto)
    put(moto)
    call = moto.client("logs").delete_metric_filter
    assert refusal(call, logGroupName="trail", filterName="roo")[:2] == (400, GONE)
    assert refusal(call, logGroupName="none", filterName="root")[:2] == (400, GONE)
    call(logGroupName="trail", filterName="root")
    assert found(moto) == []


def test_calls_are_throttled_when_ordered(moto: Moto) -> None:
    group(moto)
    moto.throttle("logs", 2)
    with signed_at(SECOND, moto.client("logs")):
        put(moto)
        put(moto)
        assert refusal(moto.client("logs").put_metric_filter, **asked())[:2] == (400, "ThrottlingException")
        assert len(found(moto)) == 1
        moto.throttle("logs", 0)
        put(moto)


EVENT = {
    "eventType": "UpdateTrail", "sourceIPAddress": "111.111.111.111", "none": None, "yes": True, "no": False,
    "user": {"id": 1, "email": "John.Stiles@example.com", "size": 1.5e3},
    "users": [{"email": "John.Doe@example.com"}], "actions": ["GET", "PUT"], "cluster.name": "c",
    "quoted": 'say "yes"', "errorCode": "Client.UnauthorizedOperation", "text": "401",
}
TRUE = [
    '{ $.eventType = "UpdateTrail" }', "{$.eventType=UpdateTrail}", "{ $.sourceIPAddress != 123.123.* }",
    '{ $.eventType = "*Trail" }', "{ $.errorCode = *UnauthorizedOperation }", "{ $.eventType = * }",
    "{ $.user.id = 1 }", "{ $.user.id = 1e0 }", "{ $.user.size >= 1500 }", "{ $.user.size < 1.6e+3 }",
    "{ $.user.id > 0.5 }", "{ $.user.id <= 1 }", "{ $.user.id != 2 }", '{ $.text = "401" }', "{ $.text = 401 }",
    '{ $.users[0].email = "John.Doe@example.com" }', "{ $.actions[1] = PUT }", "{ $.actions[*] = P* }",
    "{ $.['cluster.name'] = c }", "{ $.none IS NULL }", "{ $.yes IS TRUE }", "{ $.no IS FALSE }",
    "{ $.other NOT EXISTS }", "{ $.user.other not exists }", '{ $.quoted = "say \\"yes\\"" }', "{ $.eventType = %Trail$% }",
    "{ $.user.id = 1 || $.user.id = 2 && $.user.id = 3 }", "{ ($.user.id = 1) && (($.text = a) || ($.text = 4*)) }", "",
]
FALSE = [
    "{ $.eventType = updatetrail }", "{ $.eventType = Update }", "{ $.eventType != UpdateTrail }", "{ $.user.id > 1 }",
    '{ $.user.id = "1" }', "{ $.yes IS FALSE }", "{ $.eventType IS NULL }", "{ $.none NOT EXISTS }",
    "{ $.eventType > 1 }", "{ $.user = * }", "{ $.user != 1 }", "{ $.users = 1 }",
    "{ ($.user.id = 1 || $.user.id = 2) && $.user.id = 3 }", "{ $.none != 1 }", "nowhere", "UpdateTrail -John",
]


@pytest.mark.parametrize("pattern", TRUE)
def test_a_pattern_matches(moto: Moto, pattern: str) -> None:
    assert matches(moto, pattern, EVENT, "no JSON") == ([1] if pattern else [1, 2])


@pytest.mark.parametrize("pattern", FALSE)
def test_a_pattern_does_not_match(moto: Moto, pattern: str) -> None:
    assert matches(moto, pattern, EVENT, "no JSON") == []


def test_a_field_that_is_missing_is_not_unequal(moto: Moto) -> None:
    unlike = '{$.userIdentity.invokedBy != "config.amazonaws.com"}'
    events = [{"userIdentity": {}}, {}, {"userIdentity": {"invokedBy": "other"}}]
    assert matches(moto, unlike, *events) == [3]
    either = f"{{($.userIdentity.invokedBy NOT EXISTS) || ({unlike[1:-1]})}}"
    assert matches(moto, either, *events) == [1, 2, 3]


def test_the_patterns_of_security_hub_match_their_events(moto: Moto) -> None:
    root = '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}'
    person = {"userIdentity": {"type": "Root"}, "eventType": "AwsApiCall"}
    service = {"userIdentity": {"type": "Root", "invokedBy": "s3.amazonaws.com"}, "eventType": "AwsApiCall"}
    assert matches(moto, root, person, service, person | {"eventType": "AwsServiceEvent"}) == [1]
    keys = "{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}"
    disable = {"eventSource": "kms.amazonaws.com", "eventName": "DisableKey"}
    assert matches(moto, keys, disable, disable | {"eventName": "EnableKey"}, disable | {"eventSource": "x"}) == [1]
    denied = '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}'
    codes = ("AccessDenied", "AccessDeniedException", "Client.UnauthorizedOperation", "NoSuchBucket")
    assert matches(moto, denied, *({"errorCode": code} for code in codes)) == [1, 2, 3]


def test_plain_text_is_matched_by_terms_and_fields(moto: Moto) -> None:
    lines = ["ERROR: no disk", "WARN disk is full", "ERROR exit", "10.0.0.1 alice 404", "10.0.0.1 bob 200"]
    assert matches(moto, "ERROR", *lines) == [1, 3]
    assert matches(moto, "ERROR -exit", *lines) == [1]
    assert matches(moto, "?WARN ?exit", *lines) == [2, 3]
    assert matches(moto, '"disk is"', *lines) == [2]
    assert matches(moto, "[ip, user, status = 4*]", *lines) == [4]
    assert matches(moto, "[ip = 10.*, ..., status >= 200 && status < 300]", *lines) == [5]


def test_what_a_pattern_names_is_extracted(moto: Moto) -> None:
    call = moto.client("logs").test_metric_filter
    (only,) = call(filterPattern="{$.user.id = 1}", logEventMessages=[json.dumps(EVENT)])["matches"]
    assert only["extractedValues"] == {"$.user.id": "1"} and json.loads(only["eventMessage"]) == EVENT
    assert refusal(call, filterPattern="", logEventMessages=["a"] * 51)[:2] == (400, INVALID)
