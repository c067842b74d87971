"""Lambda takes batches only where it may, and a queue takes events only from whom its policy lets in."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from given import policy, refusal, trust
from local_aws.processes import ACCOUNT, REGION, Ministack

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:batches"
RIGHTS = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]


def function(server: Ministack, rights: list[str]) -> str:
    """A function whose role has these rights on the queue."""
    iam = server.client("iam")
    role = iam.create_role(RoleName="batches", AssumeRolePolicyDocument=trust("lambda.amazonaws.com"))["Role"]["Arn"]
    iam.put_role_policy(RoleName="batches", PolicyName="queue", PolicyDocument=policy(Action=rights, Resource=QUEUE))
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): pass")
    made = server.client("lambda").create_function(
        FunctionName="batches", Runtime="python3.12", Handler="index.handler", Role=role, Timeout=30, Code={"ZipFile": code.getvalue()}
    )
    return str(made["FunctionArn"])


@pytest.mark.parametrize(
    ("rights", "hidden", "mapping", "why"),
    [
        (RIGHTS, 30, {}, ""),
        (RIGHTS[1:], 30, {}, "does not have permissions to call ReceiveMessage on SQS"),
        (RIGHTS, 29, {}, "29 seconds is less than Function timeout: 30 seconds"),
        (RIGHTS, 30, {"MaximumBatchingWindowInSeconds": 0}, "batch window"),
    ],
)
def test_a_mapping_needs_rights_and_a_queue_that_hides_long_enough(
    ministack: Ministack, rights: list[str], hidden: int, mapping: dict[str, Any], why: str
) -> None:
    ministack.client("sqs").create_queue(QueueName="batches", Attributes={"VisibilityTimeout": str(hidden)})
    given = {"FunctionName": function(ministack, rights), "EventSourceArn": QUEUE, "BatchSize": 100}
    given |= {"MaximumBatchingWindowInSeconds": 2} | mapping
    create = ministack.client("lambda").create_event_source_mapping
    if not why:
        assert create(**given)["EventSourceArn"] == QUEUE
        return
    _, code, message = refusal(create, **given)
    assert code == "InvalidParameterValueException" and why in message


def test_a_queue_takes_events_from_the_rules_that_its_policy_names(ministack: Ministack) -> None:
    events, sqs = ministack.client("events"), ministack.client("sqs")
    url = sqs.create_queue(QueueName="batches")["QueueUrl"]
    rule = events.put_rule(Name="changes", EventPattern=json.dumps({"source": ["my.app"]}))["RuleArn"]
    events.put_targets(Rule="changes", Targets=[{"Id": "queue", "Arn": QUEUE}])

    def received() -> int:
        events.put_events(Entries=[{"Source": "my.app", "DetailType": "x", "Detail": "{}"}])
        return len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []))

    assert received() == 0, "without a policy it lets nobody in"
    for source, count in ((f"{rule}x", 0), (rule, 1)):
        lets = {
            "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": QUEUE,
            "Condition": {"ArnEquals": {"aws:SourceArn": source}},
        }
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(**lets)})
        assert received() == count
