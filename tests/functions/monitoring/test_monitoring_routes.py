"""Which events lead to a look, which do not, and what a storm of them does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chains import ADDRESS, CONTROL, OURS, S3_CALLS, Found, check, delete_alarms, fed, made, of
from conftest import StartFunction
from envelope import Event, api_call, changed, role_session, schedule
from given import client_of, role, trust
from local_aws.clients import Credentials
from local_aws.faults import Faults
from local_aws.processes import ACCOUNT, REGION, Moto
from observed import results
from repository import EVENTS
from runtime_api import Answer, Function
from trails import WEST

FOREIGN = "999999999999"
HOSTILE = "1234'; DROP TABLE x; -- <script>\u202e\u0000\n../../etc"
WATCHED = [
    *(("s3", name) for name in S3_CALLS),
    ("cloudtrail", "CreateTrail"), ("cloudtrail", "UpdateTrail"), ("logs", "DeleteLogGroup"),
    ("cloudtrail", "DeleteTrail"), ("cloudtrail", "PutEventSelectors"),
    ("cloudtrail", "StopLogging"), ("sns", "SetSubscriptionAttributes"), ("sns", "Subscribe"),
    ("kms", "DeleteImportedKeyMaterial"), ("kms", "DisableKey"),
    ("kms", "DisconnectCustomKeyStore"), ("kms", "PutKeyPolicy"), ("kms", "ScheduleKeyDeletion"),
    ("kms", "UpdateAlias"),
    ("logs", "DeleteMetricFilter"), ("logs", "PutMetricFilter"), ("monitoring", "DeleteAlarms"),
    ("monitoring", "DisableAlarmActions"), ("monitoring", "PutMetricAlarm"),
    ("sns", "DeleteTopic"), ("sns", "SetTopicAttributes"), ("sns", "Unsubscribe"),
    ("sns", "RemovePermission"), ("monitoring", "PutAlarmMuteRule"), ("monitoring", "DeleteAlarmMuteRule"),
    ("logs", "PutTransformer"), ("logs", "PutAccountPolicy"),
    ("sqs", "DeleteQueue"), ("sqs", "RemovePermission"), ("sqs", "SetQueueAttributes"),
]
PUT_POLICY = api_call("s3", "PutBucketPolicy", requestParameters={"bucketName": "a"})
ACCOUNT_ARN = f"arn:aws:iam::{ACCOUNT}:root"


def ignored(answer: Answer) -> str:
    """Why an event was ignored."""
    assert answer.ok and answer.body["results"] == [], (answer.error_message, answer.body)
    return str(answer.body["ignored"] or "")


@pytest.mark.parametrize("region", [REGION, WEST])
@pytest.mark.parametrize(("service", "name"), WATCHED)
def test_every_watched_call_leads_to_a_look_whatever_it_names(
    function: StartFunction, moto: Moto, faults: Faults, service: str, name: str, region: str
) -> None:
    fed(moto)
    event = api_call(service, name, region=region)
    outcome = check(function, faults, event, mode="dry-run", **ADDRESS)
    assert (outcome["status"], outcome["resource"]) == ("planned", ACCOUNT_ARN)
    assert outcome["region"] == REGION, "where the log group is"


@pytest.mark.parametrize("regions", ["", REGION, f"{WEST},{REGION}"])
def test_a_schedule_leads_to_one_look_however_many_regions_there_are(
    function: StartFunction, moto: Moto, faults: Faults, regions: str
) -> None:
    fed(moto)
    outcome = check(function, faults, schedule(), TRAILKEEPER_REGIONS=regions, **ADDRESS)
    assert (outcome["status"], outcome["region"]) == ("fixed", REGION)
    assert made(faults).count("logs:PutMetricFilter") == 1


@pytest.mark.function_alone("the sweep of other regions leaves it out, the event does not")
def test_a_sweep_of_other_regions_leaves_the_log_group_to_whoever_looks_after_it(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """An event from there is looked into all the same."""
    fed(moto)
    outcome = check(function, faults, schedule(), TRAILKEEPER_REGIONS=WEST, **ADDRESS)
    assert (outcome["status"], outcome["region"]) == ("not-applicable", WEST)
    assert f"in {REGION}" in outcome["because"]
    event = api_call("monitoring", "DeleteAlarms", region=WEST)
    outcome = check(function, faults, event, TRAILKEEPER_REGIONS=WEST, **ADDRESS)
    assert (outcome["status"], outcome["region"]) == ("fixed", REGION)


def test_the_event_of_the_documentation_leads_to_a_look(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    fed(moto)
    event = json.loads((EVENTS / "monitoring.delete-alarms.json").read_text())
    assert check(function, faults, event, **ADDRESS)["status"] == "fixed"


def test_what_is_deleted_comes_back(function: StartFunction, moto: Moto, faults: Faults) -> None:
    here, started = fed(moto), function("monitoring", endpoint=faults, mode="enforce", **ADDRESS)
    assert of(started.invoke(delete_alarms()))["status"] == "fixed"
    before = here.everything()
    here.cloudwatch.delete_alarms(AlarmNames=[OURS])
    assert of(started.invoke(delete_alarms()))["status"] == "fixed"
    here.logs.delete_metric_filter(logGroupName="trail", filterName=OURS)
    event = api_call("logs", "DeleteMetricFilter", requestParameters={"filterName": OURS})
    assert of(started.invoke(event))["status"] == "fixed"
    here.cloudwatch.disable_alarm_actions(AlarmNames=[OURS])
    assert of(started.invoke(api_call("monitoring", "DisableAlarmActions")))["status"] == "fixed"
    assert here.everything() == before


def test_our_own_calls_are_looked_into_and_end_there(function: StartFunction, moto: Moto, faults: Faults) -> None:
    fed(moto)
    ours = role(moto, "keeper", trust("lambda.amazonaws.com"))
    given = moto.client("sts").assume_role(RoleArn=ours, RoleSessionName="monitoring")
    keys = given["Credentials"]
    signed = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    settings = ADDRESS | {
        "AWS_ACCESS_KEY_ID": signed.access_key, "AWS_SECRET_ACCESS_KEY": signed.secret_key,
        "AWS_SESSION_TOKEN": signed.token or "",
    }
    who = moto.client("iam").get_role(RoleName="keeper")["Role"]["RoleId"]
    session = role_session("keeper", who)
    started = function("monitoring", endpoint=faults, mode="enforce", **settings)
    for service, name in [
        ("monitoring", "PutMetricAlarm"), ("logs", "PutMetricFilter"), ("sns", "SetTopicAttributes")
    ]:
        answer = started.invoke(api_call(service, name, userIdentity=session))
        assert results(answer), "looked into like anybody's"
    first = made(faults)
    assert first, "what was wrong is put right"
    started.invoke(api_call("sns", "SetTopicAttributes", userIdentity=session))
    assert made(faults) == first, "the event of our last call changes nothing"
    for service, name in [("monitoring", "DeleteAlarms"), ("sns", "Unsubscribe")]:
        answer = started.invoke(api_call(service, name, userIdentity=session))
        assert results(answer), "not a call of ours, whoever made it"


# Bad input.

NO_EVENT: dict[str, Any] = {
    "not JSON": b"{not json",
    "a list": [],
    "an empty object": {},
    "a detail that is null": changed(PUT_POLICY, "detail", None),
    "no event name": api_call("s3", "PutBucketPolicy", eventName=None),
    "no event source": api_call("s3", "PutBucketPolicy", eventSource=""),
}

IGNORED: dict[str, tuple[Event, str]] = {
    "another account": (changed(PUT_POLICY, "account", FOREIGN), "not from this one"),
    "a record for another account": (
        api_call("s3", "PutBucketPolicy", recipientAccountId=FOREIGN), f"account {FOREIGN}",
    ),
    "a schedule of another account": (changed(schedule(), "account", FOREIGN), "not from this one"),
    "a failed call": (delete_alarms(errorCode="AccessDenied"), "AccessDenied"),
    "a read": (delete_alarms(readOnly=True), "read-only"),
    "a call that AWS made": (delete_alarms(eventType="AwsServiceEvent"), "AwsServiceEvent"),
    "another service": (api_call("ec2", "DeleteAlarms"), "ec2.amazonaws.com"),
    "the other name of CloudWatch": (api_call("cloudwatch", "DeleteAlarms"), "cloudwatch.amazon"),
    "another call of S3": (api_call("s3", "PutBucketTagging"), "PutBucketTagging"),
    "another call of CloudTrail": (api_call("cloudtrail", "AddTags"), "AddTags"),
    "another call of SNS": (api_call("sns", "Publish"), "Publish"),
    "another call of CloudWatch": (api_call("monitoring", "PutMetricData"), "PutMetricData"),
    "another call of Logs": (api_call("logs", "CreateLogGroup"), "CreateLogGroup"),
    "another partition": (delete_alarms(awsRegion="cn-north-1"), "partition"),
    "a hostile name": (api_call("s3", HOSTILE), "not a call"),
    "an endless name": (api_call("s3", "a" * 100_000), "not a call"),
}

CHECKED: dict[str, Event] = {
    "no parameters": delete_alarms(requestParameters=None),
    "parameters that are a list": delete_alarms(requestParameters=[1, None]),
    "parameters left out": delete_alarms(requestParameters={"omitted": True}),
    "hostile strings": delete_alarms(
        requestParameters={
            "alarmNames": [HOSTILE]
        }, userAgent=HOSTILE * 100, sourceIPAddress=HOSTILE
    ),
    "another's ARN": delete_alarms(requestParameters={"topicArn": f"arn:aws:sns:x:{FOREIGN}:t"}),
    "300 KB of something else": delete_alarms(additionalEventData={"blob": "x" * 300_000}),
    "no valid region": delete_alarms(awsRegion=None),
    "a region that is a path": delete_alarms(awsRegion="../us-east-1"),
}


@pytest.fixture
def enforcing(function: StartFunction, moto: Moto, faults: Faults) -> Function:
    """A function that could mend the chain, which lacks all but the trail."""
    fed(moto)
    faults.forget()
    return function("monitoring", endpoint=faults, mode="enforce", **ADDRESS)


def legible(text: str) -> bool:
    return len(text) <= 600 and all(c.isprintable() for c in text)


@pytest.mark.parametrize("payload", NO_EVENT.values(), ids=NO_EVENT)
def test_what_is_no_event_is_an_error(enforcing: Function, faults: Faults, payload: Any) -> None:
    answer = enforcing.invoke(payload)
    assert (answer.ok, answer.error_type) == (False, "Trailkeeper.BadEvent")
    assert answer.error_message and legible(answer.error_message)
    assert made(faults) == []


def test_what_is_none_of_ours_is_ignored_and_says_why(enforcing: Function, faults: Faults) -> None:
    for what, (event, why) in IGNORED.items():
        because = ignored(enforcing.invoke(event))
        assert why in because and legible(because), (what, because)
    assert {it.operation for it in faults.calls()} <= {"GetCallerIdentity"}


@pytest.mark.parametrize("event", CHECKED.values(), ids=CHECKED)
def test_what_is_odd_but_ours_is_looked_into(enforcing: Function, event: Event) -> None:
    assert of(enforcing.invoke(event))["status"] == "fixed"


def test_another_accounts_trail_is_not_read(
    function: StartFunction, moto: Moto, faults: Faults
) -> None:
    """Only where there is none of the account's own."""
    client_of(moto, FOREIGN, "logs").create_log_group(logGroupName="trail")
    fed(moto)
    outcome: Found = check(function, faults, **ADDRESS)
    assert (outcome["control"], outcome["status"]) == (CONTROL, "fixed")
    assert client_of(moto, FOREIGN, "logs").describe_metric_filters()["metricFilters"] == []
