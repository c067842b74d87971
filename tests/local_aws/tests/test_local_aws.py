"""The patched moto refuses and answers as AWS does."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest
from given import described, policy, refusal, role, server, trail, trust
from local_aws.processes import ACCOUNT, Moto

UNKNOWN = "s-00000000000000000"
MANAGED = "arn:aws:iam::aws:policy/service-role/AWSTransferLoggingAccess"


def test_update_server_changes_only_what_it_is_given(moto: Moto) -> None:
    workflow = {"WorkflowId": "w-" + "1" * 17, "ExecutionRole": f"arn:aws:iam::{ACCOUNT}:role/run"}
    tags = [{"Key": "team", "Value": "files"}]
    server_id = server(moto, WorkflowDetails={"OnUpload": [workflow]}, Tags=tags)
    before = described(moto, server_id)
    arn = role(moto)
    moto.client("transfer").update_server(ServerId=server_id, LoggingRole=arn)
    assert described(moto, server_id) == before | {"LoggingRole": arn}
    assert before["WorkflowDetails"] == {"OnUpload": [workflow]}
    assert (before["EndpointType"], before["State"], before["Tags"]) == ("PUBLIC", "ONLINE", tags)


def test_update_server_clears_what_is_empty(moto: Moto) -> None:
    moto.client("logs").create_log_group(logGroupName="files")
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:files:*"
    server_id, arn, transfer = server(moto), role(moto), moto.client("transfer")
    transfer.update_server(
        ServerId=server_id, LoggingRole=arn, StructuredLogDestinations=[group]
    )
    transfer.update_server(ServerId=server_id, LoggingRole="")
    assert described(moto, server_id)["StructuredLogDestinations"] == [group]
    assert "LoggingRole" not in described(moto, server_id)
    transfer.update_server(ServerId=server_id, StructuredLogDestinations=[])
    assert "StructuredLogDestinations" not in described(moto, server_id)


def test_a_log_group_must_exist(moto: Moto) -> None:
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:none:*"
    found = refusal(
        moto.client("transfer").update_server,
        ServerId=server(moto), StructuredLogDestinations=[group],
    )
    assert found[:2] == (400, "InvalidRequestException")


@pytest.mark.parametrize("operation", ["describe_server", "update_server", "start_server", "stop_server"])
def test_an_unknown_server_is_not_found(moto: Moto, operation: str) -> None:
    found = refusal(getattr(moto.client("transfer"), operation), ServerId=UNKNOWN)
    assert found[:2] == (400, "ResourceNotFoundException")
    other = moto.client("transfer", "eu-west-1")
    assert refusal(getattr(other, operation), ServerId=server(moto))[1] == found[1]


@pytest.mark.parametrize(
    "document",
    [
        trust("ec2.amazonaws.com"),
        trust(StringEquals={"aws:SourceAccount": "999999999999"}),
        trust(ArnLike={"aws:SourceArn": f"arn:aws:transfer:eu-west-1:{ACCOUNT}:server/*"}),
        policy(Principal={"Service": "transfer.amazonaws.com"}, Action="sts:TagSession"),
        policy(Principal={"AWS": "*"}, Action="sts:AssumeRole"),
        trust().replace("Allow", "Deny"),
    ],
)
def test_a_role_that_transfer_may_not_assume_is_refused(moto: Moto, document: str) -> None:
    server_id, arn = server(moto), role(moto, document=document)
    call = moto.client("transfer").update_server
    found = refusal(call, ServerId=server_id, LoggingRole=arn)
    assert found == (400, "InvalidRequestException", f"Unable to assume role {arn}")
    assert "LoggingRole" not in described(moto, server_id)


def test_a_role_bound_to_the_account_and_its_servers_is_taken(moto: Moto) -> None:
    servers = [f"arn:aws:transfer:*:{ACCOUNT}:server/*", f"arn:aws:transfer:*:{ACCOUNT}:workflow/*"]
    document = trust(
        StringEquals={"aws:SourceAccount": ACCOUNT}, ArnLike={"aws:SourceArn": servers}
    )
    server_id, arn = server(moto), role(moto, document=document)
    moto.client("transfer").update_server(ServerId=server_id, LoggingRole=arn)
    assert described(moto, server_id)["LoggingRole"] == arn


def test_a_role_that_does_not_exist_is_refused(moto: Moto) -> None:
    call = moto.client("transfer").update_server
    arn = f"arn:aws:iam::{ACCOUNT}:role/none"
    assert refusal(call, ServerId=server(moto), LoggingRole=arn)[1] == "InvalidRequestException"
    malformed = "x" * 30
    assert refusal(call, ServerId=server(moto), LoggingRole=malformed)[1] == "ValidationException"


def test_a_pending_endpoint_and_a_new_role_come_right_after_a_while(moto: Moto) -> None:
    moto.role_propagation(1)
    server_id, arn, call = server(moto), role(moto), moto.client("transfer").update_server
    moto.endpoint_pending(server_id, 2)
    given = {"ServerId": server_id, "LoggingRole": arn}
    pending = (400, "ConflictException", "VPC Endpoint state is not yet available")
    assert [refusal(call, **given) for _ in range(2)] == [pending] * 2
    assert refusal(call, **given)[1] == "InvalidRequestException"
    assert call(**given)["ServerId"] == server_id


def test_servers_are_listed_by_the_page_with_their_logging_role(moto: Moto) -> None:
    ids = {server(moto) for _ in range(5)}
    logged, arn, transfer = ids.copy().pop(), role(moto), moto.client("transfer")
    transfer.update_server(ServerId=logged, LoggingRole=arn)
    pages = list(transfer.get_paginator("list_servers").paginate(PaginationConfig={"PageSize": 2}))
    listed = [found for page in pages for found in page["Servers"]]
    assert [len(page["Servers"]) for page in pages] == [2, 2, 1]
    assert {found["ServerId"] for found in listed} == ids
    assert [found["ServerId"] for found in listed if "LoggingRole" in found] == [logged]
    assert refusal(transfer.list_servers, NextToken="?")[1] == "InvalidNextTokenException"


def test_a_server_is_stopped_started_and_has_tags(moto: Moto) -> None:
    tags = [{"Key": "a", "Value": "b"}]
    server_id, transfer = server(moto, Tags=tags), moto.client("transfer")
    transfer.stop_server(ServerId=server_id)
    assert described(moto, server_id)["State"] == "OFFLINE"
    transfer.start_server(ServerId=server_id)
    assert described(moto, server_id)["State"] == "ONLINE"
    arn = described(moto, server_id)["Arn"]
    assert transfer.list_tags_for_resource(Arn=arn)["Tags"] == tags
    transfer.tag_resource(Arn=arn, Tags=[{"Key": "a", "Value": "c"}, {"Key": "d", "Value": "e"}])
    transfer.untag_resource(Arn=arn, TagKeys=["d", "f"])
    assert described(moto, server_id)["Tags"] == [{"Key": "a", "Value": "c"}]


def test_the_enabled_regions_are_those_which_were_set(moto: Moto) -> None:
    account = moto.client("account")
    enabled = {"RegionOptStatusContains": ["ENABLED", "ENABLED_BY_DEFAULT"]}

    def names(**given: Any) -> list[str]:
        return [region["RegionName"] for region in account.list_regions(**enabled, **given)["Regions"]]

    assert names() == ["eu-west-1", "us-east-1"]
    moto.regions(["us-east-1", "af-south-1", "eu-west-2"])
    assert names() == ["af-south-1", "eu-west-2", "us-east-1"]
    first = account.list_regions(**enabled, MaxResults=2)
    assert names(MaxResults=2, NextToken=first["NextToken"]) == ["us-east-1"]
    assert names(MaxResults=3) == names()
    statuses = {r["RegionName"]: r["RegionOptStatus"] for r in account.list_regions()["Regions"]}
    assert (statuses["af-south-1"], statuses["ap-east-1"]) == ("ENABLED", "DISABLED")
    assert refusal(account.list_regions, MaxResults=51)[:2] == (400, "ValidationException")


def test_what_it_cannot_do_is_refused_and_not_retried(moto: Moto) -> None:
    calls = [
        (moto.client("account").get_contact_information, {}),
        (moto.client("transfer").list_security_policies, {}),
        (moto.client("iam").get_service_last_accessed_details, {"JobId": "x" * 36}),
    ]
    for call, given in calls:
        assert refusal(call, **given)[:2] == (501, "NotImplemented")


def test_a_reset_forgets_the_account_and_the_orders(moto: Moto) -> None:
    server_id = server(moto)
    moto.endpoint_pending(server_id, 100)
    moto.regions(["eu-west-2"])
    moto.hold("DescribeServer")
    moto.trails(6)
    moto.reset()
    assert moto.client("transfer").list_servers()["Servers"] == []
    assert len(moto.client("account").list_regions(RegionOptStatusContains=["ENABLED_BY_DEFAULT"])["Regions"]) == 2
    assert refusal(moto.client("transfer").describe_server, ServerId=server_id)[0] == 400
    for number in range(5):
        trail(moto, f"trail-{number}")
    sixth = refusal(moto.client("cloudtrail").create_trail, Name="sixth", S3BucketName="any")
    assert sixth[1] == "MaximumNumberOfTrailsExceededException"


def raw_iam(moto: Moto, action: str) -> str:
    """The answer to an IAM call as it is sent."""
    scope = "testing/20260101/us-east-1/iam/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    body = f"Version=2010-05-08&Action={action}".encode()
    with urllib.request.urlopen(urllib.request.Request(moto.endpoint, body, headers)) as answer:
        return str(answer.read().decode())


def test_policies_are_sent_url_encoded(moto: Moto) -> None:
    role(moto)
    inline = policy(Action="logs:PutLogEvents", Resource="*")
    moto.client("iam").put_role_policy(RoleName="logging", PolicyName="p", PolicyDocument=inline)
    for action in (
        "GetRole&RoleName=logging",
        "GetRolePolicy&RoleName=logging&PolicyName=p",
        f"GetPolicyVersion&VersionId=v1&PolicyArn={MANAGED}",
    ):
        sent = raw_iam(moto, action)
        assert "%7B%22" in sent and '{"' not in sent
    version = moto.client("iam").get_policy_version(PolicyArn=MANAGED, VersionId="v1")
    assert version["PolicyVersion"]["Document"]["Statement"][0]["Resource"] == "*"
