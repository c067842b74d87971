"""The local CloudWatch keeps and refuses what AWS does, in JSON and in rpc-v2-cbor."""

from __future__ import annotations

import datetime
import http.client
from typing import Any

import cbor2
import pytest
from given import SECOND, refusal, signed_at
from local_aws.processes import ACCOUNT, Faults, Moto

TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:security"
ALARMS = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm"
INVALID, BOTH = "ValidationError", "InvalidParameterCombination"
PREFIX = "/service/GraniteServiceVersion20100801/operation/"
SIGNED = "AWS4-HMAC-SHA256 Credential=testing/20260302/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0"

LEAST: dict[str, Any] = {
    "AlarmName": "root-use",
    "Namespace": "CISBenchmark",
    "MetricName": "RootUse",
    "Statistic": "Sum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
}
MOST: dict[str, Any] = LEAST | {
    "AlarmDescription": "somebody is root",
    "ActionsEnabled": False,
    "OKActions": [f"{TOPIC}-ok"],
    "AlarmActions": [TOPIC],
    "InsufficientDataActions": [f"{TOPIC}-none"],
    "Dimensions": [{"Name": "Trail", "Value": "main"}],
    "Unit": "Count",
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 2,
    "TreatMissingData": "notBreaching",
}
PERCENTILE = {k: v for k, v in LEAST.items() if k != "Statistic"} | {
    "ExtendedStatistic": "p99.9", "EvaluateLowSampleCountPercentile": "ignore",
}
STAT = {"Metric": {"Namespace": "n", "MetricName": "m", "Dimensions": [{"Name": "a", "Value": "b"}]},
        "Period": 60, "Stat": "Sum"}
MATH: dict[str, Any] = {
    "AlarmName": "math",
    "EvaluationPeriods": 2,
    "ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold",
    "ThresholdMetricId": "band",
    "Metrics": [
        {"Id": "m1", "MetricStat": STAT, "ReturnData": True},
        {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "Label": "as usual", "ReturnData": True},
    ],
}


def alarm(moto: Moto, **given: Any) -> None:
    moto.client("cloudwatch").put_metric_alarm(**(LEAST | given))


def described(moto: Moto, name: str = "root-use") -> dict[str, Any]:
    (found,) = moto.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(found)


def names(moto: Moto, **asked: Any) -> list[str]:
    found = moto.client("cloudwatch").describe_alarms(**asked)["MetricAlarms"]
    return [it["AlarmName"] for it in found]


def of_metric(moto: Moto, **asked: Any) -> list[str]:
    metric = {"Namespace": "CISBenchmark", "MetricName": "RootUse"} | asked
    found = moto.client("cloudwatch").describe_alarms_for_metric(**metric)["MetricAlarms"]
    return [it["AlarmName"] for it in found]


def cbor(moto: Moto | Faults, operation: str, **given: Any) -> tuple[int, dict[str, str], bytes]:
    """The answer to a call as the SDK for Rust makes it."""
    connection = http.client.HTTPConnection("127.0.0.1", moto.port)
    headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor", "Authorization": SIGNED, "X-Amz-Date": SECOND}
    connection.request("POST", PREFIX + operation, cbor2.dumps(given), headers)
    answer = connection.getresponse()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()


@pytest.mark.parametrize("given", [LEAST, MOST, PERCENTILE, MATH], ids=["least", "most", "percentile", "math"])
def test_an_alarm_keeps_all_that_it_is_given(moto: Moto, given: dict[str, Any]) -> None:
    moto.client("cloudwatch").put_metric_alarm(**given)
    found = described(moto, given["AlarmName"])
    assert found.items() >= given.items()
    assert found["AlarmArn"] == f"{ALARMS}:{given['AlarmName']}"
    assert (found["StateValue"], found["ActionsEnabled"]) == ("INSUFFICIENT_DATA", given.get("ActionsEnabled", True))


def test_an_alarm_is_replaced_whole_but_for_its_state_and_tags(moto: Moto) -> None:
    cloudwatch = moto.client("cloudwatch")
    alarm(moto, **MOST, Tags=[{"Key": "by", "Value": "us"}])
    cloudwatch.set_alarm_state(AlarmName="root-use", StateValue="ALARM", StateReason="test")
    alarm(moto, Tags=[{"Key": "by", "Value": "them"}])
    found = described(moto)
    assert found["StateValue"] == "ALARM" and found["ActionsEnabled"] is True
    assert [found[it] for it in ("OKActions", "AlarmActions", "InsufficientDataActions", "Dimensions")] == [[]] * 4
    assert not {"AlarmDescription", "Unit", "DatapointsToAlarm", "TreatMissingData"} & set(found)
    tags = cloudwatch.list_tags_for_resource(ResourceARN=f"{ALARMS}:root-use")["Tags"]
    assert tags == [{"Key": "by", "Value": "us"}]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "period": ({"Period": 45}, INVALID),
    "no period": ({"Period": None}, INVALID),
    "evaluation left out": ({"EvaluationPeriods": None}, INVALID),
    "too long": ({"EvaluationPeriods": 289}, INVALID),
    "datapoints": ({"DatapointsToAlarm": 2}, INVALID),
    "two statistics": ({"ExtendedStatistic": "p90"}, BOTH),
    "no statistic": ({"Statistic": None}, BOTH),
    "statistic": ({"Statistic": "Median"}, INVALID),
    "extended": ({"Statistic": None, "ExtendedStatistic": "q90"}, INVALID),
    "no metric": ({"MetricName": None}, INVALID),
    "no namespace": ({"Namespace": None}, INVALID),
    "namespace": ({"Namespace": ":a"}, INVALID),
    "metric and math": ({"Metrics": MATH["Metrics"]}, BOTH),
    "missing data": ({"TreatMissingData": "fine"}, INVALID),
    "percentile": ({"EvaluateLowSampleCountPercentile": "fine"}, INVALID),
    "operator": ({"ComparisonOperator": "Equal"}, INVALID),
    "no operator": ({"ComparisonOperator": None}, INVALID),
    "band": ({"ComparisonOperator": "GreaterThanUpperThreshold"}, INVALID),
    "no threshold": ({"Threshold": None}, INVALID),
    "six actions": ({"AlarmActions": [f"{TOPIC}{n}" for n in range(6)]}, INVALID),
    "no ARN": ({"OKActions": ["security"]}, INVALID),
    "other region": ({"AlarmActions": [TOPIC.replace("us-east-1", "eu-west-1")]}, INVALID),
    "description": ({"AlarmDescription": "x" * 1025}, INVALID),
    "name": ({"AlarmName": "x" * 256}, INVALID),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_an_alarm_of_nonsense_is_refused(moto: Moto, wrong: str) -> None:
    change, code = REFUSED[wrong]
    given = {k: v for k, v in (LEAST | change).items() if v is not None}
    assert refusal(moto.client("cloudwatch").put_metric_alarm, **given)[:2] == (400, code)
    assert names(moto) == []


@pytest.mark.parametrize("wrong", [
    {"Metrics": []}, {"ThresholdMetricId": "other"}, {"Metrics": MATH["Metrics"][:1]}, {"Period": 60},
    {"Metrics": [*MATH["Metrics"], MATH["Metrics"][0] | {"Id": "m2"}]},
    {"Metrics": [*MATH["Metrics"], {"Id": "m2", "ReturnData": False}]},
])
def test_an_alarm_of_wrong_metrics_is_refused(moto: Moto, wrong: dict[str, Any]) -> None:
    assert refusal(moto.client("cloudwatch").put_metric_alarm, **(MATH | wrong))[1] in (INVALID, BOTH)


def test_alarms_are_found_by_name_prefix_state_and_action(moto: Moto) -> None:
    for name in ("b-2", "a", "b-1"):
        alarm(moto, AlarmName=name, AlarmActions=[TOPIC] if name == "a" else [])
    moto.client("cloudwatch").set_alarm_state(AlarmName="b-2", StateValue="OK", StateReason="test")
    assert names(moto) == ["a", "b-1", "b-2"]
    assert names(moto, AlarmNames=["b-1", "none", "a"]) == ["a", "b-1"]
    assert names(moto, AlarmNamePrefix="b-") == ["b-1", "b-2"]
    assert names(moto, StateValue="OK") == ["b-2"]
    assert names(moto, ActionPrefix="arn:aws:sns") == ["a"]
    assert names(moto, AlarmTypes=["CompositeAlarm"]) == []
    call = moto.client("cloudwatch").describe_alarms
    assert refusal(call, AlarmNames=["a"], AlarmNamePrefix="a")[:2] == (400, BOTH)
    assert refusal(call, MaxRecords=101)[:2] == (400, INVALID)


def test_alarms_are_listed_by_the_page(moto: Moto) -> None:
    for number in range(52):
        alarm(moto, AlarmName=f"a{number}")
    cloudwatch = moto.client("cloudwatch")
    listing = cloudwatch.get_paginator("describe_alarms").paginate
    assert [len(page["MetricAlarms"]) for page in listing()] == [50, 2]
    small = listing(AlarmNamePrefix="a1", PaginationConfig={"PageSize": 4})
    assert [len(page["MetricAlarms"]) for page in small] == [4, 4, 3]
    assert refusal(cloudwatch.describe_alarms, NextToken="nonsense")[:2] == (400, "InvalidNextToken")


def test_alarms_of_a_metric_have_its_very_dimensions(moto: Moto) -> None:
    one, two = {"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}
    alarm(moto, AlarmName="plain")
    alarm(moto, AlarmName="one", Dimensions=[one])
    alarm(moto, AlarmName="two", Dimensions=[one, two])
    alarm(moto, AlarmName="other", MetricName="Other")
    alarm(moto, AlarmName="elsewhere", Namespace="Other")
    moto.client("cloudwatch").put_metric_alarm(**MATH)
    assert of_metric(moto) == ["plain"]
    assert of_metric(moto, Dimensions=[one]) == ["one"]
    assert of_metric(moto, Dimensions=[two, one]) == ["two"]
    assert of_metric(moto, Dimensions=[two]) == []
    assert of_metric(moto, Statistic="Average") == [] and of_metric(moto, Period=300) == ["plain"]
    assert of_metric(moto, Namespace="n", MetricName="m", Dimensions=[{"Name": "a", "Value": "b"}]) == []


def test_actions_are_switched_and_nothing_else(moto: Moto) -> None:
    cloudwatch = moto.client("cloudwatch")
    alarm(moto, **MOST)
    before = described(moto)
    cloudwatch.enable_alarm_actions(AlarmNames=["none", "root-use"])
    after = described(moto)
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {"ActionsEnabled", "AlarmConfigurationUpdatedTimestamp"} and after["ActionsEnabled"]
    cloudwatch.disable_alarm_actions(AlarmNames=["root-use"])
    assert described(moto)["ActionsEnabled"] is False
    assert refusal(cloudwatch.enable_alarm_actions, AlarmNames=[f"a{n}" for n in range(101)])[1] == INVALID


def test_only_alarms_that_are_there_are_deleted_tagged_and_set(moto: Moto) -> None:
    cloudwatch, gone = moto.client("cloudwatch"), (404, "ResourceNotFound")
    alarm(moto, Tags=[{"Key": "a", "Value": "b"}])
    assert refusal(cloudwatch.delete_alarms, AlarmNames=["root-use", "none"])[:2] == gone
    assert names(moto) == ["root-use"]
    assert refusal(cloudwatch.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="")[:2] == gone
    assert refusal(cloudwatch.set_alarm_state, AlarmName="root-use", StateValue="FINE", StateReason="")[1] == INVALID
    wrong = {"AlarmName": "root-use", "StateValue": "OK", "StateReason": "", "StateReasonData": "{"}
    assert refusal(cloudwatch.set_alarm_state, **wrong)[1] == "InvalidFormat"
    arn = f"{ALARMS}:root-use"
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "c", "Value": "d"}])
    assert len(cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]) == 2
    cloudwatch.delete_alarms(AlarmNames=["root-use"])
    assert names(moto) == []
    found = refusal(cloudwatch.list_tags_for_resource, ResourceARN=arn)
    assert found[:2] == (404, "ResourceNotFoundException")
    alarm(moto)
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []


def test_what_happened_to_an_alarm_is_told(moto: Moto) -> None:
    cloudwatch = moto.client("cloudwatch")
    alarm(moto)
    cloudwatch.set_alarm_state(AlarmName="root-use", StateValue="OK", StateReason="test")
    alarm(moto, AlarmName="other")
    cloudwatch.delete_alarms(AlarmNames=["root-use"])
    found = cloudwatch.describe_alarm_history(AlarmName="root-use")["AlarmHistoryItems"]
    assert [it["HistorySummary"] for it in found] == [
        'Alarm "root-use" deleted', "Alarm updated from INSUFFICIENT_DATA to OK", 'Alarm "root-use" created',
    ]
    only = cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    assert [it["AlarmName"] for it in only] == ["root-use"]


def test_alarms_are_those_of_their_region(moto: Moto) -> None:
    alarm(moto)
    assert moto.client("cloudwatch", "eu-west-1").describe_alarms()["MetricAlarms"] == []


def test_the_protocol_of_the_sdk_for_rust_is_spoken(moto: Moto) -> None:
    status, headers, body = cbor(moto, "PutMetricAlarm", **MOST)
    assert (status, headers["smithy-protocol"], body) == (200, "rpc-v2-cbor", b"")
    assert described(moto).items() >= MOST.items()
    status, headers, body = cbor(moto, "DescribeAlarms", AlarmNames=["root-use"])
    assert (status, headers["content-type"]) == (200, "application/cbor")
    (found,) = cbor2.loads(body)["MetricAlarms"]
    assert found.items() >= MOST.items()
    alarm(moto, Threshold=2)
    (found,) = cbor2.loads(cbor(moto, "DescribeAlarms")[2])["MetricAlarms"]
    assert isinstance(found["Threshold"], float) and isinstance(found["Period"], int)
    assert isinstance(found["StateUpdatedTimestamp"], datetime.datetime)
    assert b"\x75StateUpdatedTimestamp\xc1" in body  # tag 1
    assert cbor(moto, "EnableAlarmActions", AlarmNames=["root-use"])[0] == 200
    assert described(moto)["ActionsEnabled"]


def test_errors_in_that_protocol_have_their_code(moto: Moto) -> None:
    for operation, given, wanted, code in (
        ("DeleteAlarms", {"AlarmNames": ["none"]}, 404, "ResourceNotFound"),
        ("PutMetricAlarm", LEAST | {"Period": 45}, 400, INVALID),
        ("PutMetricAlarm", LEAST | {"EvaluationPeriods": 0}, 400, INVALID),
        ("PutCompositeAlarm", {"AlarmName": "a", "AlarmRule": "TRUE"}, 501, "NotImplemented"),
    ):
        status, headers, body = cbor(moto, operation, **given)
        told = cbor2.loads(body)
        assert (status, headers["smithy-protocol"]) == (wanted, "rpc-v2-cbor")
        query = headers.get("x-amzn-query-error", f"{told['__type']};Sender")
        assert query == f"{code};Sender" and told["message"]


def test_calls_are_throttled_when_ordered(moto: Moto) -> None:
    moto.throttle("cloudwatch", 1)
    with signed_at(SECOND, moto.client("cloudwatch")):
        alarm(moto)
        assert refusal(moto.client("cloudwatch").put_metric_alarm, **LEAST)[:2] == (400, "Throttling")
    assert cbor(moto, "PutMetricAlarm", **LEAST)[1]["x-amzn-query-error"] == "Throttling;Sender"
    assert names(moto) == ["root-use"]


def test_faults_have_the_codes_of_the_service_in_both_protocols(moto: Moto, faults: Faults) -> None:
    def codes(operation: str) -> list[tuple[int, str]]:
        call = faults.client("cloudwatch").describe_alarms
        status, headers, body = cbor(faults, operation)
        told = headers.get("x-amzn-query-error", cbor2.loads(body)["__type"])
        return [refusal(call)[:2], (status, told.partition(";")[0])]

    faults.deny("cloudwatch", "DescribeAlarms")
    assert codes("DescribeAlarms") == [(403, "AccessDenied")] * 2
    faults.clear()
    faults.throttle("cloudwatch", "DescribeAlarms")
    assert codes("DescribeAlarms") == [(400, "Throttling")] * 2
    assert [call.operation for call in faults.calls("cloudwatch")] == ["DescribeAlarms"] * 4


def test_a_call_can_be_held_back_in_that_protocol(moto: Moto) -> None:
    moto.drop_answers("PutMetricAlarm")
    with pytest.raises(http.client.HTTPException):
        cbor(moto, "PutMetricAlarm", **LEAST)
    assert names(moto) == ["root-use"]


def test_values_of_a_metric_are_kept(moto: Moto) -> None:
    now = datetime.datetime.now(datetime.UTC)
    datum = {"MetricName": "RootUse", "Value": 2.0, "Timestamp": now}
    assert cbor(moto, "PutMetricData", Namespace="CISBenchmark", MetricData=[datum])[0] == 200
    (listed,) = moto.client("cloudwatch").list_metrics(Namespace="CISBenchmark")["Metrics"]
    assert listed["MetricName"] == "RootUse"
    hour = datetime.timedelta(hours=1)
    asked = {"Namespace": "CISBenchmark", "MetricName": "RootUse", "Statistics": ["Sum"], "Period": 60}
    _, _, body = cbor(moto, "GetMetricStatistics", **asked, StartTime=now - hour, EndTime=now + hour)
    (point,) = cbor2.loads(body)["Datapoints"]
    assert point["Sum"] == 2.0
