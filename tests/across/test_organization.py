"""Other accounts of the organization: entered by their own role, put right there, told at home."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import StartFunction
from envelope import create_server, schedule
from given import described, policy, server
from installed import TOPIC, Installed
from local_aws.clients import ACCOUNT, REGION
from local_aws.processes import Ministack
from members import BUS, MEMBER, ORGANIZATION, ROLE, SETTINGS, STRANGER, Member, enters, of_account, sweep
from runtime_api import Answer

OUR_ROLE = "trailkeeper-transfer-logging"


@pytest.fixture
def keeper(ministack: Ministack, function: StartFunction) -> Installed:
    """The transfer function at home, which may enter other accounts."""
    installed = Installed(ministack, function, "transfer", **SETTINGS)
    enters(installed, "transfer")
    ministack.client("events").create_event_bus(Name="keeper")
    return installed


def outcome(answer: Answer) -> dict[str, Any]:
    """The one result of an answer."""
    assert answer.ok, answer.error_message
    (only,) = answer.body["results"]
    found: dict[str, Any] = only
    return found


def heard(ministack: Ministack) -> str:
    """A queue in which arrives what is published at home from now on."""
    sqs, sns = ministack.client("sqs"), ministack.client("sns")
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:heard"
    lets_in = policy(Principal={"Service": "sns.amazonaws.com"}, Action="sqs:SendMessage", Resource=arn)
    url = sqs.create_queue(QueueName="heard", Attributes={"Policy": lets_in})["QueueUrl"]
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
    return str(url)


def test_a_server_of_another_account_is_put_right_there_and_told_at_home(ministack: Ministack, keeper: Installed) -> None:
    member, queue = Member(ministack, "transfer"), heard(ministack)
    server_id = server(member)
    answer = keeper.invoke(of_account(create_server(server_id), MEMBER))
    found = outcome(answer)
    assert (found["status"], answer.body["account"]) == ("fixed", MEMBER)
    assert found["resource"] == f"arn:aws:transfer:{REGION}:{MEMBER}:server/{server_id}"
    assert described(member, server_id)["LoggingRole"] == f"arn:aws:iam::{MEMBER}:role/{OUR_ROLE}"
    assert [it["RoleName"] for it in ministack.client("iam").list_roles()["Roles"] if it["RoleName"] == OUR_ROLE] == []
    (message,) = ministack.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    letter = json.loads(message["Body"])
    assert letter["MessageAttributes"]["account"]["Value"] == MEMBER
    assert letter["Subject"].endswith(f"({MEMBER} {REGION})")
    assert outcome(keeper.invoke(of_account(create_server(server_id), MEMBER)))["status"] == "compliant"


def test_the_home_account_is_looked_after_as_ever(ministack: Ministack, keeper: Installed) -> None:
    server_id = server(ministack)
    answer = keeper.invoke(create_server(server_id))
    assert (outcome(answer)["status"], answer.body["account"]) == ("fixed", ACCOUNT)


def test_a_dry_run_writes_nothing_there(ministack: Ministack, keeper: Installed) -> None:
    member = Member(ministack, "transfer")
    server_id = server(member)
    assert outcome(keeper.invoke(of_account(create_server(server_id), MEMBER), mode="dry-run"))["status"] == "planned"
    assert not described(member, server_id).get("LoggingRole")


def test_our_own_calls_are_looked_into_there(ministack: Ministack, keeper: Installed) -> None:
    member = Member(ministack, "transfer")

    def called(role: str, unique_id: str) -> Answer:
        issuer = {"type": "Role", "principalId": unique_id, "arn": f"arn:aws:iam::{MEMBER}:role/{role}"}
        identity = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}}
        event = create_server("s-01234567890abcdef", eventName="UpdateServer", userIdentity=identity,
                              requestParameters={"serverId": "s-01234567890abcdef"})
        return keeper.invoke(of_account(event, MEMBER))

    assert called(ROLE, "AROAOTHER").body["ignored"] is None
    assert called("Renamed", member.unique_id).body["ignored"] is None


@pytest.mark.parametrize("external_id", [None, "another"])
def test_an_account_that_lets_us_not_in_is_told_and_not_tried_again(
    ministack: Ministack, keeper: Installed, external_id: str | None
) -> None:
    if external_id:
        Member(ministack, "transfer", external_id=external_id)
    for event in (of_account(create_server("s-01234567890abcdef"), MEMBER), sweep("transfer", MEMBER)):
        answer = keeper.invoke(event)
        found = outcome(answer)
        assert (found["status"], answer.body["account"]) == ("unknown", MEMBER)
        assert "sts:AssumeRole was denied" in found["because"]
        assert found["resource"] == f"arn:aws:transfer:{REGION}:{MEMBER}:server/*"


def test_the_session_of_one_family_can_do_nothing_for_another(ministack: Ministack, function: StartFunction) -> None:
    """The key function's session meets a role whose rights are bound to the transfer family."""
    keys = Installed(ministack, function, "key", **SETTINGS)
    enters(keys, "key")
    member = Member(ministack, "transfer")
    member.client("iam").put_role_policy(RoleName=ROLE, PolicyName="observe", PolicyDocument=json.dumps({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["kms:*", "account:*"], "Resource": "*",
                       "Condition": {"StringEquals": {"aws:PrincipalTag/trailkeeper-family": "transfer"}}}],
    }))
    found = outcome(keys.invoke(sweep("key", MEMBER, region=REGION)))
    assert found["status"] == "unknown" and "kms:ListKeys was denied" in found["because"]
    # Nor may the function take another family's name.
    enters(keys, "transfer")
    refused = outcome(keys.invoke(sweep("key", MEMBER, region=REGION)))
    assert "sts:AssumeRole was denied" in refused["because"]


def test_events_of_others_lead_nowhere(ministack: Ministack, keeper: Installed) -> None:
    Member(ministack, "transfer")
    forged = sweep("transfer", MEMBER, sender=STRANGER)
    for event, why in (
        (forged, "not from this one"),
        (sweep("key", ACCOUNT), "a sweep of the key family"),
        (of_account(schedule("aws.scheduler"), "1234"), "not from this one"),
    ):
        assert why in keeper.invoke(event).body["ignored"]
    of_member = {"family": "transfer", "account": MEMBER}
    for detail in ({}, {"family": "transfer", "account": "x"}, "{}", of_member | {"region": "us-east-1.evil.example"},
                   of_member | {"part": 4_294_967_295}):
        answer = keeper.invoke(sweep("transfer", MEMBER) | {"detail": detail})
        assert answer.ok and "a malformed sweep" in answer.body["ignored"], "no failure, so no dead letter"


def test_without_an_organization_only_the_own_account_is_entered(ministack: Ministack, keeper: Installed) -> None:
    Member(ministack, "transfer")
    answer = keeper.invoke(of_account(create_server("s-1"), MEMBER), TRAILKEEPER_ORGANIZATION="")
    assert answer.body["ignored"] == f"an event from account {MEMBER}, not from this one"


def test_a_schedule_reaches_every_account_in_use(ministack: Ministack, keeper: Installed) -> None:
    """One event for each account; for each of these, one for each region; and each of those is a sweep."""
    organizations = ministack.client("organizations")
    organizations.close_account(AccountId=joined(organizations, "closed"))
    member = Member(ministack, "transfer", joined(organizations, "member"))
    shut = joined(organizations, "shut")
    events = caught(ministack)
    server_id = server(member)
    assert keeper.invoke(schedule("aws.scheduler")).body["handed_on"] == 3
    accounts = events()
    assert {it["detail"]["account"] for it in accounts} == {ACCOUNT, member.account, shut}
    assert {it["account"] for it in accounts} == {ACCOUNT}, "the bus says who sent it"
    results = []
    for event in accounts:
        answer = keeper.invoke(event)
        results += answer.body["results"]
        for region in events():
            results += keeper.invoke(region).body["results"]
    assert {(it["resource"].split(":")[4], it["status"]) for it in results} == {(shut, "unknown"), (member.account, "fixed")}
    assert described(member, server_id)["LoggingRole"]


def joined(organizations: Any, name: str) -> str:
    """The id of a new account of the organization."""
    made = organizations.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]
    return str(made["AccountId"])


def caught(ministack: Ministack) -> Any:
    """Gives what the bus has delivered since the last time."""
    sqs, events = ministack.client("sqs"), ministack.client("events")
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:sweeps"
    lets_in = policy(Principal={"Service": "events.amazonaws.com"}, Action="sqs:SendMessage", Resource=arn)
    url = sqs.create_queue(QueueName="sweeps", Attributes={"Policy": lets_in})["QueueUrl"]
    pattern = {"source": ["trailkeeper"], "detail-type": ["Trailkeeper Sweep"]}
    events.put_rule(Name="sweeps", EventBusName="keeper", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="sweeps", EventBusName="keeper", Targets=[{"Id": "queue", "Arn": arn}])

    def received() -> list[dict[str, Any]]:
        got: list[dict[str, Any]] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                got.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return got

    return received


def test_the_settings_go_together(function: StartFunction) -> None:
    for settings in (
        {"TRAILKEEPER_ORGANIZATION": ORGANIZATION},
        {"TRAILKEEPER_ORGANIZATION": "organization", "TRAILKEEPER_BUS": BUS},
        {"TRAILKEEPER_EXTERNAL_ID": "keeper"},
        {"TRAILKEEPER_BUS": "keeper"},
    ):
        started = function(**settings)
        assert started.wait_exit() == 1
        assert any(name in line for line in started.log for name in settings)
