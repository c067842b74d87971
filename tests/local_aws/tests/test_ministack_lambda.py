"""Ministack, patched, lets Lambda do no more with a function's role than the role may."""

from __future__ import annotations

import json
from typing import Any

import pytest
from deployed import Account, package
from given import policy, role, trust
from local_aws.processes import ACCOUNT, REGION, Ministack

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:lost"
LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]
GROUP = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/functions/fails"


@pytest.fixture
def here(ministack: Ministack) -> Account:
    account = Account(ministack)
    account.client("sqs").create_queue(QueueName="lost")
    account.client("logs").create_log_group(logGroupName="/functions/fails")
    return account


def failing(account: Account, *statements: dict[str, Any]) -> None:
    """Invokes a function that ends at its start, whose role may do what the statements say."""
    arn = role(account, "runs", trust("lambda.amazonaws.com"))
    for number, statement in enumerate(statements):
        name = {"RoleName": "runs", "PolicyName": f"p{number}"}
        account.client("iam").put_role_policy(**name, PolicyDocument=policy(**statement))
    functions = account.client("lambda")
    functions.create_function(
        FunctionName="fails", Runtime="provided.al2023", Handler="bootstrap", Role=arn,
        Code={"ZipFile": package("transfer")}, Environment={"Variables": {"TRAILKEEPER_MODE": "nonsense"}},
        LoggingConfig={"LogGroup": "/functions/fails"},
    )
    functions.put_function_event_invoke_config(
        FunctionName="fails", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": QUEUE}},
    )
    functions.invoke(FunctionName="fails", InvocationType="Event", Payload=json.dumps({"one": 1}))


def lost(account: Account) -> int:
    """How many records the queue got within two seconds."""
    queue = f"{account.endpoint}/{ACCOUNT}/lost"
    found = account.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=2).get("Messages", [])
    return len(found)


def lines(account: Account) -> int:
    """How many lines the log group has."""
    return len(account.client("logs").filter_log_events(logGroupName="/functions/fails")["events"])


@pytest.mark.parametrize(("statement", "kept"), [
    ({"Action": "sqs:SendMessage", "Resource": QUEUE}, 1),
    ({"Action": "sqs:SendMessage", "Resource": f"{QUEUE}2"}, 0),
    ({"Action": "sqs:ReceiveMessage", "Resource": QUEUE}, 0),
])
def test_the_record_of_a_failure_is_sent_by_the_role(here: Account, statement: dict[str, Any], kept: int) -> None:
    failing(here, statement)
    assert lost(here) == kept
    assert lines(here) == 0


@pytest.mark.parametrize(("resource", "written"), [(f"{GROUP}:*", True), (f"{GROUP}2:*", False)])
def test_the_lines_of_a_function_are_written_by_the_role(here: Account, resource: str, written: bool) -> None:
    failing(here, {"Action": LOGS, "Resource": resource}, {"Action": "sqs:SendMessage", "Resource": QUEUE})
    assert lost(here) == 1
    assert (lines(here) > 0) == written
