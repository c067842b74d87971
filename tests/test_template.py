"""template.yaml holds what the code needs: the rules, the rights and the settings, no more and no less."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from envelope import Event, api_call, create_server, role_call
from template import Template

ROOT = Path(__file__).parent.parent
FAMILIES: list[dict[str, Any]] = json.loads((ROOT / "tests" / "golden" / "registry.json").read_text())
NAMES = [family["family"] for family in FAMILIES]
TOPIC = "arn:aws:sns:us-east-1:123456789012:reports"
PLACEHOLDERS = {
    "${AWS::Partition}": "aws",
    "${AWS::AccountId}": "123456789012",
    "${AWS::Region}": "us-east-1",
    "${ReportTopicArn}": TOPIC,
    "${TopicArn}": TOPIC,
    "${FlowLogBucket}": "none",
    "${AlarmAddress}": "",
    "${PrincipalArn}": "arn:aws:iam::123456789012:role/key",
    "${QueueArn}": "arn:aws:sqs:us-east-1:123456789012:queue",
}


def patterns(family: str) -> list[dict[str, Any]]:
    """The patterns of a family's rules."""
    function = Template().resources("AWS::Serverless::Function")[f"{family.capitalize()}Function"]
    events = function["Events"].values()
    return [it["Properties"]["Pattern"] for it in events if it["Type"] == "EventBridgeRule"]


def matches(pattern: Any, event: Any) -> bool:
    """EventBridge's matching, as far as the patterns here use it."""
    if isinstance(pattern, dict):
        return all(matches(it, event.get(key) if isinstance(event, dict) else None) for key, it in pattern.items())
    return any(event is None if it == {"exists": False} else event == it for it in pattern)


def document(name: str) -> Any:
    """A policy of the repository, filled in."""
    text = (ROOT / "policies" / f"{name}.json").read_text()
    for placeholder, value in PLACEHOLDERS.items():
        text = text.replace(placeholder, value)
    return json.loads(text)


@pytest.mark.parametrize("family", FAMILIES, ids=NAMES)
def test_the_rules_match_what_the_code_watches(family: dict[str, Any]) -> None:
    rules = [
        {
            "service": pattern["detail"]["eventSource"],
            "source": pattern["source"],
            "calls": sorted(pattern["detail"]["eventName"]),
        }
        for pattern in patterns(family["family"])
    ]
    watches = [
        {"service": [watch["service"]], "source": [watch["source"]], "calls": sorted(watch["calls"])}
        for watch in family["watches"]
    ]
    assert sorted(rules, key=str) == sorted(watches, key=str)


@pytest.mark.parametrize(
    ("event", "matched"),
    [
        (create_server("s-1"), True),
        (role_call("DeleteRole", "r"), True),
        (json.loads((ROOT / "tests" / "events" / "transfer.update-server.json").read_text()), True),
        (create_server("s-1", errorCode="AccessDenied"), False),
        (create_server("s-1", eventType="AwsServiceEvent"), False),
        (create_server("s-1") | {"source": "my.app"}, False),
        (create_server("s-1") | {"detail-type": "Something"}, False),
        (api_call("transfer", "DeleteServer"), False),
        (api_call("iam", "CreateServer"), False),
    ],
)
def test_a_rule_lets_in_successful_calls_alone(event: Event, matched: bool) -> None:
    assert any(matches(pattern, event) for pattern in patterns("transfer")) == matched


@pytest.mark.parametrize("family", NAMES)
def test_a_schedule_looks_at_everything(family: str) -> None:
    function = Template().resources("AWS::Serverless::Function")[f"{family.capitalize()}Function"]
    schedules = [it["Properties"]["Schedule"] for it in function["Events"].values() if it["Type"] == "Schedule"]
    assert schedules == ["rate(1 day)"]


@pytest.mark.parametrize("family", NAMES)
@pytest.mark.parametrize(
    ("parameters", "may_fix"),
    [
        ({}, False),
        ({"Mode": "enforce"}, True),
        ({"Controls": "transfer-server-logging=enforce"}, True),
        ({"Mode": "enforce", "Controls": "transfer-server-logging=off"}, True),
    ],
)
def test_the_policies_are_those_of_the_repository(family: str, parameters: dict[str, str], may_fix: bool) -> None:
    template = Template(ReportTopicArn=TOPIC, **parameters)
    inline = template.resources("AWS::IAM::Role")[f"{family.capitalize()}Role"]["Policies"]
    by_name = {it["PolicyName"]: it["PolicyDocument"] for it in inline}
    assert by_name["observe"] == document(f"{family}.observe")
    assert by_name.keys() == {"log", "observe"}
    remediate = template.resources("AWS::IAM::RolePolicy")
    expected = {f"{family.capitalize()}Remediate": document(f"{family}.remediate")} if may_fix else {}
    assert {name: it["PolicyDocument"] for name, it in remediate.items() if name.startswith(family.capitalize())} == expected


@pytest.mark.parametrize("family", NAMES)
def test_no_function_may_end_a_record(family: str) -> None:
    """What an explicit Deny forbids no other policy grants, were it changed by mistake."""
    (never,) = Template().resources("AWS::IAM::ManagedPolicy").values()
    assert never["PolicyDocument"] == document("never")
    role = Template().resources("AWS::IAM::Role")[f"{family.capitalize()}Role"]
    assert role["ManagedPolicyArns"] == ["Never"] and role["PermissionsBoundary"] is None
    denied = {action for it in document("never")["Statement"] if "Condition" not in it for action in it["Action"]}
    both = [document(f"{family}.{kind}")["Statement"] for kind in ("observe", "remediate")]
    allowed = {action for statements in both for it in statements for action in listed(it["Action"])}
    assert not denied & allowed


def listed(action: str | list[str]) -> list[str]:
    return [action] if isinstance(action, str) else action


@pytest.mark.parametrize("family", NAMES)
def test_a_boundary_of_yours_bounds_every_role(family: str) -> None:
    boundary = "arn:aws:iam::123456789012:policy/boundary"
    role = Template(PermissionsBoundary=boundary).resources("AWS::IAM::Role")[f"{family.capitalize()}Role"]
    assert role["PermissionsBoundary"] == boundary


@pytest.mark.parametrize("family", NAMES)
def test_what_fails_for_good_is_kept_and_rings(family: str) -> None:
    """Tried again twice, then put into an encrypted queue that the role may send to; errors and throttles ring, too."""
    template = Template()
    function = template.resources("AWS::Serverless::Function")[f"{family.capitalize()}Function"]
    failing = function["EventInvokeConfig"]
    assert failing["MaximumRetryAttempts"] == 2 and failing["MaximumEventAgeInSeconds"] == 21600
    assert failing["DestinationConfig"] == {"OnFailure": {"Type": "SQS", "Destination": "DeadLetters.Arn"}}
    (queue,) = template.resources("AWS::SQS::Queue").values()
    assert queue == {"SqsManagedSseEnabled": True, "MessageRetentionPeriod": 1209600}
    (log, _observe) = template.resources("AWS::IAM::Role")[f"{family.capitalize()}Role"]["Policies"]
    sends = [it for it in log["PolicyDocument"]["Statement"] if it["Action"] == "sqs:SendMessage"]
    assert [it["Resource"] for it in sends] == ["DeadLetters.Arn"]
    alarms = template.resources("AWS::CloudWatch::Alarm")
    for metric in ("Errors", "Throttles"):
        alarm = alarms[f"{family.capitalize()}{metric}"]
        assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": f"{family.capitalize()}Function"}]
        assert alarm["MetricName"] == metric
    assert alarms["DeadLettersAlarm"]["Dimensions"] == [{"Name": "QueueName", "Value": "DeadLetters.QueueName"}]


def test_alarms_of_our_own_reach_the_topic_of_the_reports() -> None:
    """CloudWatch may publish there, and may use the topic's key."""
    template = Template()
    topic = template.resources("AWS::SNS::Topic")["ReportTopic"]
    assert topic["KmsMasterKeyId"] == "ReportKey"
    alarms = template.resources("AWS::CloudWatch::Alarm").values()
    assert len(alarms) == 1 + 2 * len(NAMES)
    assert all(it["AlarmActions"] == ["ReportTopic"] and it["TreatMissingData"] == "notBreaching" for it in alarms)
    (policy,) = template.resources("AWS::SNS::TopicPolicy").values()
    (key,) = template.resources("AWS::KMS::Key").values()
    for statements, actions in (
        (policy["PolicyDocument"]["Statement"], ["sns:Publish"]),
        (key["KeyPolicy"]["Statement"], ["kms:Decrypt", "kms:GenerateDataKey*"]),
    ):
        cloudwatch = [it for it in statements if it["Principal"] == {"Service": "cloudwatch.amazonaws.com"}]
        assert [listed(it["Action"]) for it in cloudwatch] == [actions]
    theirs = Template(ReportTopicArn=TOPIC)
    assert theirs.resources("AWS::KMS::Key") == {} == theirs.resources("AWS::SNS::TopicPolicy")


def test_without_a_topic_of_yours_the_stack_makes_one() -> None:
    assert Template(ReportTopicArn=TOPIC).resources("AWS::SNS::Topic") == {}
    template = Template(ReportEmail="team@example.com")
    assert list(template.resources("AWS::SNS::Topic")) == ["ReportTopic"]
    assert list(template.resources("AWS::SNS::Subscription")) == ["ReportSubscription"]
    for function in template.resources("AWS::Serverless::Function").values():
        assert function["Environment"]["Variables"]["TRAILKEEPER_TOPIC_ARN"] == "ReportTopic"


def test_the_environment_has_every_setting_and_no_other() -> None:
    sources = [ROOT / "shared" / "src" / name for name in ("settings.rs", "vpc/wanted.rs", "monitoring/address.rs")]
    code = "".join(source.read_text().split("#[cfg(test)]")[0] for source in sources)
    settings = set(re.findall(r'"(TRAILKEEPER_[A-Z_]*[A-Z])"', code))
    for function in Template().resources("AWS::Serverless::Function").values():
        assert set(function["Environment"]["Variables"]) == settings


@pytest.mark.parametrize("family", NAMES)
def test_a_function_has_its_package_and_ends_in_time(family: str) -> None:
    function = Template().resources("AWS::Serverless::Function")[f"{family.capitalize()}Function"]
    assert (ROOT / function["CodeUri"] / "Cargo.toml").is_file()
    assert function["Handler"] == "bootstrap" and function["Runtime"] == "provided.al2023"
    assert 60 < function["Timeout"] <= 900


def lint(policy: Any, folder: Path) -> subprocess.CompletedProcess[str]:
    """cfn-lint of a policy in a template without a transform: with one, it looks into no policy."""
    of_role = {"AssumeRolePolicyDocument": TRUST, "Policies": [{"PolicyName": "p", "PolicyDocument": policy}]}
    holder = {"Type": "AWS::IAM::Role", "Properties": of_role}
    match policy["Statement"][0]:
        case {"Principal": _, "Resource": _}:
            kind, properties = HOLDERS[service(policy)]
            holder = {"Type": kind, "Properties": {key: it or policy for key, it in properties.items()}}
        case {"Principal": _}:
            holder["Properties"] = {"AssumeRolePolicyDocument": policy}
    file = folder / "template.json"
    file.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Holder": holder}}))
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", "us-east-1", "--", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


# What holds a policy of a resource, by the service of its actions: `None` stands for the policy.
HOLDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "s3": ("AWS::S3::BucketPolicy", {"Bucket": "logs", "PolicyDocument": None}),
    "kms": ("AWS::KMS::Key", {"KeyPolicy": None}),
    "sns": ("AWS::SNS::TopicPolicy", {"Topics": ["topic"], "PolicyDocument": None}),
    "sqs": ("AWS::SQS::QueuePolicy", {"Queues": ["queue"], "PolicyDocument": None}),
}


def service(policy: Any) -> str:
    """The service that the actions of a policy's first statement belong to."""
    action = policy["Statement"][0]["Action"]
    return str(action if isinstance(action, str) else action[0]).split(":")[0]


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.mark.parametrize("name", sorted(file.stem for file in (ROOT / "policies").glob("*.json")))
def test_every_policy_is_one_that_iam_knows(name: str, tmp_path: Path) -> None:
    linted = lint(document(name), tmp_path)
    assert linted.returncode == 0, linted.stdout


def test_a_misspelt_action_would_be_found(tmp_path: Path) -> None:
    text = json.dumps(document("transfer.observe")).replace("transfer:DescribeServer", "transfer:DescribeServr")
    assert "describeservr" in lint(json.loads(text), tmp_path).stdout.lower()
