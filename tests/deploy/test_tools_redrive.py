"""`make redrive` sends dead letters back: each event to its function, nothing else to anyone, and nothing is lost."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from envelope import create_server
from given import policy, trust
from local_aws.processes import ACCOUNT, REGION, Faults, Ministack, Moto
from operated import Resources, deploy, environment, tool

from tools import redrive

CODE = """
import json, os
def handler(event, context):
    if os.environ["BROKEN"]:
        raise RuntimeError("the API is down")
    with open(os.environ["SEEN"], "a") as seen:
        seen.write(json.dumps(event) + "\\n")
"""
TRUST = json.loads(trust("lambda.amazonaws.com"))
SEND = json.loads(policy(Action="sqs:SendMessage", Resource="*"))
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:trailkeeper-trail"
EVENT = create_server("s-0123456789abcdef0")


def function(name: str, seen: Path, broken: str = "") -> Resources:
    """A function that writes down its events, or fails; what fails goes to the dead letters."""
    variables = {"BROKEN": broken, "SEEN": str(seen)}
    return {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": TRUST,
                "Policies": [{"PolicyName": "failures", "PolicyDocument": SEND}],
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": name,
                "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": CODE},
                "Environment": {"Variables": variables},
            },
        },
        "Failures": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 0,
                "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}},
            },
        },
    }


def record(arn: str = f"{FUNCTION}:$LATEST", **changes: Any) -> str:
    """A failed invocation as Lambda tells a destination of it."""
    whole = {
        "version": "1.0",
        "timestamp": "2026-03-02T12:00:00.568Z",
        "requestContext": {
            "requestId": "e4b46cbf-b738-4df8-8880-a18cdf61200e",
            "functionArn": arn,
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": EVENT,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "Failed", "errorMessage": "DescribeServer: InternalServiceError"},
    }
    return json.dumps(whole | changes)


class Letters:
    """The queue of dead letters of the stack."""

    def __init__(self, server: Ministack | Moto | Faults) -> None:
        self._sqs = server.client("sqs")
        outputs = server.client("cloudformation").describe_stacks(StackName="trailkeeper")["Stacks"][0]["Outputs"]
        self._url = next(it["OutputValue"] for it in outputs if it["OutputKey"] == "DeadLetters")

    def put(self, body: str, **attributes: str) -> None:
        given = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        self._sqs.send_message(QueueUrl=self._url, MessageBody=body, MessageAttributes=given)

    def count(self) -> int:
        """How many can be received now."""
        asked = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(asked["Attributes"]["ApproximateNumberOfMessages"])

    def wait(self, count: int) -> None:
        until = time.monotonic() + 20
        while self.count() != count:
            assert time.monotonic() < until, f"{self.count()} letters"
            time.sleep(0.05)


def seen_in(file: Path, count: int) -> list[Any]:
    """What the function wrote down, once there is so much of it."""
    until = time.monotonic() + 20
    while len(lines := file.read_text().splitlines() if file.exists() else []) < count:
        assert time.monotonic() < until, lines
        time.sleep(0.05)
    return [json.loads(line) for line in lines]


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    """The file that the function writes its events to."""
    return tmp_path / "seen"


def test_what_failed_is_listed_and_then_given_to_the_function_whole(ministack: Ministack, seen: Path) -> None:
    cloudformation = ministack.client("cloudformation")
    deploy(cloudformation, function("trailkeeper-trail", seen, broken="yes"))
    letters = Letters(ministack)
    ministack.client("lambda").invoke(
        FunctionName="trailkeeper-trail", InvocationType="Event", Payload=json.dumps(EVENT)
    )
    letters.wait(1)

    listed = tool(ministack, "redrive", "--dry-run")
    assert listed.returncode == 0
    assert "0 sent back, 1 left, 0 refused" in listed.stdout
    assert "trailkeeper-trail: CreateServer (123456789012, us-east-1): the API is down" in listed.stdout
    assert letters.count() == 1
    assert not seen.exists()

    still_broken = tool(ministack, "redrive")
    assert "1 sent back, 0 left, 0 refused" in still_broken.stdout
    letters.wait(1)

    deploy(cloudformation, function("trailkeeper-trail", seen))
    assert "1 sent back, 0 left, 0 refused" in tool(ministack, "redrive").stdout
    assert seen_in(seen, 1) == [EVENT]
    assert letters.count() == 0
    assert "0 sent back, 0 left, 0 refused" in tool(ministack, "redrive").stdout


def test_only_functions_of_the_stack_are_ever_invoked(ministack: Ministack, seen: Path) -> None:
    cloudformation = ministack.client("cloudformation")
    deploy(cloudformation, function("trailkeeper-trail", seen))
    deploy(cloudformation, function("payroll", seen), name="payroll")
    letters = Letters(ministack)
    foreign = [
        FUNCTION.replace("trailkeeper-trail", "payroll"),
        FUNCTION.replace(ACCOUNT, "999999999999"),
        FUNCTION.replace(REGION, "eu-west-1"),
        "trailkeeper-trail",
    ]
    for arn in foreign:
        letters.put(record(arn))

    ran = tool(ministack, "redrive")

    assert ran.returncode == 0
    assert ran.stdout.count("is not a function of this stack") == len(foreign)
    assert letters.count() == len(foreign)
    letters.put(record())
    tool(ministack, "redrive")
    assert len(seen_in(seen, 1)) == 1


UNDELIVERED = {"RULE_ARN": "arn:aws:events:r:1:rule/forward", "ERROR_MESSAGE": "Not authorized", "ERROR_CODE": "NO"}
UNSCHEDULED = {"SCHEDULE_ARN": "arn:aws:scheduler:r:1:schedule/default/trail", "ERROR_CODE": "AccessDenied"}
SHAPES: list[tuple[str, dict[str, str], str, str]] = [
    ("no JSON\tat all", {}, "no JSON at all", "not JSON"),
    ("[1]", {}, "an unknown sender", "not the record of a failed invocation"),
    ('"text"', {}, "an unknown sender", "not the record of a failed invocation"),
    (record(requestPayload=None), {}, "trailkeeper-trail: no event: DescribeServer", "it has no event"),
    (record(requestPayload="text"), {}, "trailkeeper-trail: no event: DescribeServer", "it has no event"),
    (record(requestContext=None), {}, "", "not the record of a failed invocation"),
    (record(requestContext={"functionArn": 7}), {}, "", "not the record of a failed invocation"),
    (json.dumps(EVENT), UNDELIVERED, "rule/forward: CreateServer (123456789012, us-east-1): Not", "not the record"),
    ('{"detail-type": "Scheduled Event"}', UNSCHEDULED, "trail: Scheduled Event (?, ?): AccessDenied", "the record"),
]


@pytest.mark.parametrize(("body", "attributes", "about", "why"), SHAPES)
def test_what_is_no_failed_invocation_is_recognized(
    body: str, attributes: dict[str, str], about: str, why: str
) -> None:
    message = {"Body": body, "MessageAttributes": {name: {"StringValue": it} for name, it in attributes.items()}}
    letter = redrive.read(message, {FUNCTION}, {})
    assert about in letter.about
    assert why in letter.why_left
    assert letter.function is None


def test_an_event_that_became_too_old_says_so_and_no_text_can_command_the_terminal() -> None:
    context = {"functionArn": FUNCTION, "condition": "EventAgeExceeded"}
    old = redrive.read({"Body": record(requestContext=context, responsePayload=None)}, {FUNCTION}, {})
    assert (old.function, old.event) == (FUNCTION, EVENT)
    assert old.about.endswith(": EventAgeExceeded")
    loud = redrive.read({"Body": record(responsePayload={"errorMessage": "\x1b[2J\n" + "x" * 999})}, {FUNCTION}, {})
    assert loud.about.isprintable()
    assert len(loud.about) == 300


def test_what_is_no_failed_invocation_is_shown_and_left(ministack: Ministack, seen: Path) -> None:
    deploy(ministack.client("cloudformation"), function("trailkeeper-trail", seen))
    letters = Letters(ministack)
    for body, attributes, _, _ in SHAPES:
        letters.put(body, **attributes)

    ran = tool(ministack, "redrive")

    assert "rule/forward: CreateServer (123456789012, us-east-1): Not authorized" in ran.stdout
    assert f"0 sent back, {len(SHAPES)} left, 0 refused" in ran.stdout
    assert ran.returncode == 0
    assert letters.count() == len(SHAPES)


def test_what_lambda_refuses_stays_and_the_others_are_tried_all_the_same(faults: Faults, seen: Path) -> None:
    deploy(faults.client("cloudformation"), function("trailkeeper-trail", seen))
    faults.rule("lambda", "Invoke", error="AccessDeniedException", status=403, message="no rights")
    letters = Letters(faults)
    letters.put(record())
    letters.put(record())

    ran = tool(faults, "redrive")

    assert ran.stdout.count("no rights") == 2
    assert "0 sent back, 0 left, 2 refused" in ran.stdout
    assert ran.returncode == 1
    assert letters.count() == 2


QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:trailkeeper-TrailQueue-x"
BATCHES = f"{FUNCTION}-batch"


@pytest.mark.parametrize(
    ("source", "body", "function"),
    [
        (QUEUE, json.dumps(EVENT), BATCHES),
        (f"{QUEUE}y", json.dumps(EVENT), None),
        ("", json.dumps(EVENT), None),
        (QUEUE, json.dumps({"no": "event"}), None),
        (QUEUE, record(), FUNCTION),
    ],
)
def test_an_event_of_a_batch_goes_back_to_who_takes_that_queues_batches(source: str, body: str, function: str | None) -> None:
    """SQS says where it has moved a message from; the event is sent by itself."""
    letter = redrive.read({"Body": body, "Attributes": {"DeadLetterQueueSourceArn": source}}, {FUNCTION}, {QUEUE: BATCHES})
    assert letter.function == function
    assert function is None or letter.event == EVENT


def test_an_event_is_with_lambda_when_it_says_accepted_and_not_before() -> None:
    letter = redrive.read({"Body": record()}, {FUNCTION}, {})
    invoked: list[dict[str, Any]] = []

    def answering(status: int) -> Any:
        return SimpleNamespace(invoke=lambda **given: invoked.append(given) or {"StatusCode": status})

    assert redrive.accepted(answering(202), letter)
    assert not redrive.accepted(answering(200), letter)
    assert {it["InvocationType"] for it in invoked} == {"Event"}
    assert {it["FunctionName"] for it in invoked} == {FUNCTION}
    assert [json.loads(it["Payload"]) for it in invoked] == [EVENT, EVENT]


def test_a_crash_before_the_letter_is_deleted_sends_it_once_more(
    ministack: Ministack, seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(ministack.client("cloudformation"), function("trailkeeper-trail", seen))
    letters = Letters(ministack)
    letters.put(record())
    for name, value in environment(ministack).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["redrive"])

    class Crash(BaseException):
        """As if the program were killed."""

    def crash(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as crashing, pytest.raises(Crash):
        crashing.setattr(redrive, "HIDDEN_SECONDS", 1)
        crashing.setattr(redrive.Queue, "delete", crash)
        redrive.main()
    letters.wait(1)

    assert redrive.main() == 0
    assert seen_in(seen, 2) == [EVENT, EVENT]
    assert letters.count() == 0


def test_what_arrives_while_it_runs_waits_for_another_run(
    ministack: Ministack, seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(ministack.client("cloudformation"), function("trailkeeper-trail", seen))
    letters = Letters(ministack)
    letters.put(record())
    for name, value in environment(ministack).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["redrive"])

    def fails_at_once(*_: object) -> bool:
        """As a function does whose invocation is not even tried again."""
        time.sleep(0.05)
        letters.put(record())
        return True

    monkeypatch.setattr(redrive, "accepted", fails_at_once)

    assert redrive.main() == 0
    assert letters.count() == 1


def test_a_stack_that_is_not_there_is_told_in_a_line(moto: Moto) -> None:
    ran = tool(moto, "redrive", "--stack", "other")
    assert ran.returncode == 1
    assert "other" in ran.stderr
