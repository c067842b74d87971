"""What tests put into a local account, and how they read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

import pytest
from botocore.exceptions import ClientError


class Account(Protocol):
    """A local server which has boto3 clients: moto, ministack, or the proxy before moto."""

    def client(self, service: str) -> Any: ...


def policy(**statement: Any) -> str:
    """A policy document of one Allow statement."""
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | statement]}
    )


def trust(service: str = "transfer.amazonaws.com", **condition: Any) -> str:
    """A trust policy for a service."""
    rest = {"Condition": condition} if condition else {}
    return policy(Principal={"Service": service}, Action="sts:AssumeRole", **rest)


def refusal(call: Callable[..., Any], /, **given: Any) -> tuple[int, str, str]:
    """The status, code and message with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**given)
    answer = caught.value.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return status, answer["Error"]["Code"], answer["Error"].get("Message", "")


def role(account: Account, name: str = "logging", document: str | None = None) -> str:
    """A role that Transfer Family may assume."""
    created = account.client("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=document or trust()
    )
    return str(created["Role"]["Arn"])


def server(account: Account, **given: Any) -> str:
    """A Transfer server."""
    return str(account.client("transfer").create_server(**given)["ServerId"])


def described(account: Account, server_id: str) -> dict[str, Any]:
    """The server as it is now."""
    found: dict[str, Any] = account.client("transfer").describe_server(ServerId=server_id)["Server"]
    return found
