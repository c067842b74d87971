"""AWS Config for ministack: the recorder that a call is on, iam:PassRole, the service-linked role.

Sources: Service Authorization Reference, AWS Config and AWS IAM (iam:AWSServiceName); AWS
Config API reference, PutConfigurationRecorder, TagResource, ListTagsForResource; IAM API
reference, CreateServiceLinkedRole.
What AWS Config itself asks of a role, a recorder and a bucket is not looked at here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import error_response_json, get_account_id, json_response
from ministack.services import config, iam

from local_aws.ministack_checks import Call, Needed, Response, also, arn, with_tags

SERVICE = "config.amazonaws.com"
LINKED_PATH = "/aws-service-role/"
ON_RECORDER = (
    "PutConfigurationRecorder",
    "StartConfigurationRecorder",
    "StopConfigurationRecorder",
    "DeleteConfigurationRecorder",
)


def recorder_arn(name: str) -> str:
    """The ARN of a recorder, whose id is of 16 characters, and the same each time."""
    number = hashlib.sha256(arn("config", name).encode()).hexdigest()[:16]
    return arn("config", f"configuration-recorder/{name}/{number}")


def resource(call: Call) -> str | None:
    """What a call is decided on: a recorder, or "*"; none where ministack knows it.

    Those that describe or list, and those on delivery channels, are on nothing in particular.
    """
    given = call.json
    if call.operation in ON_RECORDER:
        name = given.get("ConfigurationRecorderName") or (
            given.get("ConfigurationRecorder") or {}
        ).get("name")
        return recorder_arn(str(name or "default"))
    if call.operation in ("TagResource", "UntagResource", "ListTagsForResource"):
        return str(given.get("ResourceArn"))
    return None if "ConfigRuleName" in given else "*"


def linked_role(call: Call) -> str:
    """The role that CreateServiceLinkedRole is on: "role/aws-service-role/SERVICE/NAME"."""
    service = call.one("AWSServiceName")
    name = f"AWSServiceRoleFor{service.partition('.')[0].capitalize()}"
    return f"arn:aws:iam::{get_account_id()}:role{LINKED_PATH}{service}/{name}"


def needs(call: Call) -> Iterator[Needed]:
    """The role, of whatever kind, that PutConfigurationRecorder hands over, and the tags.

    IAM User Guide, "Grant a user permissions to pass a role to an AWS service". That tags need
    config:TagResource too, as those of a rule do, is an assumption.
    """
    if call.operation != "PutConfigurationRecorder":
        return
    given = call.json
    if role := (given.get("ConfigurationRecorder") or {}).get("roleARN"):
        yield "iam:PassRole", role, {"iam:PassedToService": SERVICE}
    if tags := {tag["Key"]: tag.get("Value", "") for tag in given.get("Tags") or []}:
        yield "config:TagResource", str(resource(call)), with_tags(tags)


def patch_context() -> None:
    """iam:AWSServiceName, which ministack does not give to a condition."""
    elsewhere = iam_actions.request_tag_context

    def request_tag_context(
        service: str, iam_action: str, body: bytes, params: dict[str, Any]
    ) -> dict[str, Any]:
        """The condition keys of a request."""
        found: dict[str, Any] = elsewhere(service, iam_action, body, params)
        if iam_action == "iam:CreateServiceLinkedRole":
            found["iam:AWSServiceName"] = Call("POST", "/", {}, body, params).one("AWSServiceName")
        return found

    iam_actions.request_tag_context = request_tag_context


def patch_linked_role() -> None:
    """CreateServiceLinkedRole: a name that is taken is InvalidInput."""
    elsewhere = iam._create_service_linked_role
    operations = next(
        v for v in vars(iam).values() if isinstance(v, dict) and "CreateServiceLinkedRole" in v
    )

    def create(given: dict[str, Any]) -> Response:
        answer: Response = elsewhere(given)
        if answer[0] != 409:
            return answer
        name = linked_role(Call("POST", "/", {}, b"", given)).rpartition("/")[2]
        why = f"Service role name {name} has been taken in this account"
        why += ", please try a different suffix."
        refused: Response = iam._error(400, "InvalidInput", why, ns="iam")
        return refused

    operations["CreateServiceLinkedRole"] = create


def patch_recorders() -> None:
    """A recorder is described with its ARN."""
    elsewhere = config._describe_configuration_recorders

    def describe(given: dict[str, Any]) -> Response:
        for name, kept in config._recorders.items():
            kept["recorder"]["arn"] = recorder_arn(name)
        answer: Response = elsewhere(given)
        return answer

    config._describe_configuration_recorders = describe


def patch_tags() -> None:
    """TagResource and ListTagsForResource of a recorder, by its ARN."""
    elsewhere = config.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        """One request to AWS Config; whether it may be made is decided already."""
        call = Call(method, path, headers, body, query)
        if call.operation not in ("TagResource", "ListTagsForResource"):
            answer: Response = await elsewhere(method, path, headers, body, query)
            return answer
        named = str(call.json.get("ResourceArn"))
        recorder = next((it for name, it in config._recorders.items() if recorder_arn(name) == named), None)
        if recorder is None:
            why = f"ResourceArn '{named}' does not exist"
            refused: Response = error_response_json("ResourceNotFoundException", why, 400)
            return refused
        tags = recorder.setdefault("tags", {})
        tags.update({tag["Key"]: tag.get("Value", "") for tag in call.json.get("Tags") or []})
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        told: Response = json_response({"Tags": listed} if call.operation == "ListTagsForResource" else {})
        return told

    config.handle_request = handle_request


def patch() -> None:
    """All of it."""
    patch_tags()
    also(config, "config", needs)
    patch_context()
    patch_linked_role()
    patch_recorders()
