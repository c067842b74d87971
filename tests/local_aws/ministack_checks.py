"""The actions that IAM decides on along with a call, which ministack does not know of.

`also` adds them to a service: the call is refused, in the service's own words, where one
of them is. Sources: Service Authorization Reference, column "Dependent actions", and the
API pages of the calls.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from ministack.app import _enforce_data_plane
from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch_logs, iam, sns, sqs, sts

Response = tuple[int, dict[str, str], bytes]
Needed = tuple[str, str, dict[str, Any]]
"""An action, the resource that it is on, and the condition keys of the request."""


@dataclass(frozen=True)
class Call:
    """One request to a service."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, Any]

    @property
    def operation(self) -> str:
        """Its name, where the protocol tells it."""
        return self.headers.get("x-amz-target", "").rpartition(".")[2] or self.one("Action")

    @property
    def form(self) -> dict[str, Any]:
        """What the query protocol gives."""
        return {**self.query, **parse_qs(self.body.decode(errors="replace"))}

    @property
    def json(self) -> dict[str, Any]:
        """What the JSON protocol gives."""
        given: dict[str, Any] = json.loads(self.body) if self.body[:1] == b"{" else {}
        return given

    def one(self, name: str) -> str:
        """A single parameter of the query protocol."""
        value = self.form.get(name, "")
        return str(value[0] if isinstance(value, list) else value)


def arn(service: str, resource: str) -> str:
    """An ARN of the region and account that the request is for."""
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


def with_tags(tags: Mapping[str, str]) -> dict[str, Any]:
    """The condition keys of a request that sets these tags."""
    return {f"aws:RequestTag/{key}": value for key, value in tags.items()} | {"aws:TagKeys": list(tags)}


def also(module: Any, service: str, needs: Callable[[Call], Iterator[Needed]]) -> None:
    """Decides about these actions too before the service answers."""
    elsewhere = module.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        """One request, whose own action is decided already."""
        for action, resource, context in needs(Call(method, path, headers, body, query)):
            denied: Response | None = _enforce_data_plane(
                service, action, headers, query, "also", resource, service_context=context
            )
            if denied:
                return denied
        answer: Response = await elsewhere(method, path, headers, body, query)
        return answer

    module.handle_request = handle_request


def of_tags(call: Call) -> dict[str, str]:
    """The tags of a request in the query protocol: Tags.member.1.Key and so on."""
    keys = [name for name in call.form if name.startswith("Tags.") and name.endswith(".Key")]
    return {call.one(name): call.one(name.removesuffix("Key") + "Value") for name in keys}


def of_iam(call: Call) -> Iterator[Needed]:
    """IAM User Guide, "Tag IAM roles": to create a role with tags needs both actions."""
    if call.operation == "CreateRole" and (tags := of_tags(call)):
        path = call.one("Path") or "/"
        role = f"arn:aws:iam::{get_account_id()}:role{path}{call.one('RoleName')}"
        yield "iam:TagRole", role, with_tags(tags)


def of_sns(call: Call) -> Iterator[Needed]:
    """SNS API reference, CreateTopic, "Tags": needs sns:CreateTopic and sns:TagResource."""
    if call.operation == "CreateTopic" and (tags := of_tags(call)):
        yield "sns:TagResource", arn("sns", call.one("Name")), with_tags(tags)


def of_sqs(call: Call) -> Iterator[Needed]:
    """SQS API reference, CreateQueue, "tags": needs sqs:CreateQueue and sqs:TagQueue."""
    if call.operation == "CreateQueue" and (tags := call.json.get("tags")):
        yield "sqs:TagQueue", arn("sqs", call.json["QueueName"]), with_tags(tags)


def of_logs(call: Call) -> Iterator[Needed]:
    """CloudWatch Logs API reference, CreateLogGroup, "tags": needs logs:TagResource too."""
    if call.operation == "CreateLogGroup" and (tags := call.json.get("tags")):
        yield "logs:TagResource", arn("logs", f"log-group:{call.json['logGroupName']}"), with_tags(tags)


def of_sts(call: Call) -> Iterator[Needed]:
    """IAM User Guide, "Pass session tags in AWS STS": the caller needs sts:TagSession on the role, too."""
    if call.operation == "AssumeRole" and (tags := of_tags(call)):
        yield "sts:TagSession", call.one("RoleArn"), with_tags(tags)


def patch() -> None:
    """Adds what is checked along with a role's session, and with the creation of a role, topic, queue and log group."""
    also(sts, "sts", of_sts)
    also(iam, "iam", of_iam)
    also(sns, "sns", of_sns)
    also(sqs, "sqs", of_sqs)
    also(cloudwatch_logs, "logs", of_logs)
